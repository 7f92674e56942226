//! The counts of OpenAI's usage, which its export and its interface name alike, taken apart into kinds.
//!
//! `input_tokens` holds all of the input: uncached, cached and written to a cache, of text, audio and image.
//! `input_uncached_tokens` is what is neither cached nor written, and `input_text_tokens`, `input_audio_tokens` and
//! `input_image_tokens` are its modalities; `input_cached_…_tokens` are those of the cached input. Text is taken as what
//! the others leave of the whole, so that the kinds sum to it also where a file has no columns of text. Reasoning is
//! inside the output. Nothing here has an amount.

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::tokens::Class;
use crate::invoice::LineSink;
use crate::invoice::value;
use crate::read::json::Node;

/// What is counted in neither tokens nor uses, with its unit.
const UNITS: [(&str, Charge, &str); 5] = [
    ("images", Charge::Other, "images"),
    ("num_images", Charge::Other, "images"),
    ("characters", Charge::Other, "characters"),
    ("seconds", Charge::Other, "seconds"),
    ("usage_bytes", Charge::Storage, "bytes"),
];

/// Tells whether a row counts something else than tokens.
pub(super) fn is_sister(row: Node<'_>) -> bool {
    UNITS.iter().map(|(key, _, _)| *key).chain(["num_sessions", "num_requests"]).any(|key| row.has(key))
}

/// Hands on the lines of a row; one that counts nothing is skipped.
pub(super) fn emit<'t>(row: Node<'t>, mut line: InvoiceLine<'t>, sink: &mut dyn LineSink) -> Result<(), String> {
    line.provider = "openai".into();
    line.account = value::text(row, "organization_id");
    line.workspace = value::text(row, "project_id").or_else(|| value::text(row, "project_name"));
    line.api_key = value::text(row, "api_key_id");
    line.model = value::text(row, "model");
    line.tier = match value::text(row, "service_tier") {
        _ if is_batch(row)? => Some("batch".into()),
        Some(tier) if tier == "default" => Some("standard".into()),
        tier => tier,
    };
    let mut any = false;
    for (charge, count) in tokens(row)? {
        (line.charge, line.quantity) = (charge, Some(Quantity(count)));
        any = true;
        sink.line(&line);
    }
    for (key, charge, unit) in UNITS {
        let Some(count) = count(row, key)? else { continue };
        let words: Vec<_> = ["size", "source"].iter().filter_map(|key| value::text(row, key)).collect();
        let description = (!words.is_empty()).then(|| words.join(" ").into());
        any = true;
        let unit = Some(unit.into());
        sink.line(&InvoiceLine { charge, unit, description, quantity: Some(Quantity(count)), ..line.clone() });
    }
    let tool = tool(row);
    if let Some((tool, key)) = tool
        && let Some(count) = count(row, key)?
    {
        any = true;
        let (charge, tool) = (Charge::Tool, tool.map(Into::into));
        sink.line(&InvoiceLine { charge, tool, quantity: Some(Quantity(count)), ..line.clone() });
    }
    // The requests that searched are among those of the model: its own rows count them.
    if tool.is_none_or(|(tool, _)| tool != Some("web_search"))
        && let Some(count) = count(row, "num_model_requests")?
    {
        any = true;
        sink.line(&InvoiceLine { charge: Charge::Requests, quantity: Some(Quantity(count)), ..line.clone() });
    }
    if !any {
        sink.skip(line.row, "no_usage");
    }
    Ok(())
}

fn is_batch(row: Node<'_>) -> Result<bool, String> {
    match value::text(row, "batch") {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text) => Err(format!("`batch` is neither true nor false: {}", crate::read::value::excerpt(&text))),
    }
}

/// Returns the tool whose uses a row counts, if it tells, and the key that does.
fn tool(row: Node<'_>) -> Option<(Option<&'static str>, &'static str)> {
    let object = row.get("object").map(Node::raw).unwrap_or_default();
    if row.has("num_sessions") {
        Some((Some("code_interpreter"), "num_sessions"))
    } else if !row.has("num_requests") {
        None
    } else if object.contains("file_searches") || row.has("vector_store_id") {
        Some((Some("file_search"), "num_requests"))
    } else if object.contains("web_searches") || row.has("context_level") {
        Some((Some("web_search"), "num_requests"))
    } else {
        Some((None, "num_requests"))
    }
}

/// Reads a count that is not zero, in millionths.
fn count(row: Node<'_>, key: &str) -> Result<Option<i128>, String> {
    match value::quantity(row, key, 1)? {
        Some(Quantity(count)) if count < 0 => Err(format!("`{key}` is negative")),
        count => Ok(count.map(|Quantity(count)| count).filter(|count| *count != 0)),
    }
}

/// Returns the kinds of tokens that occur, disjoint, with their counts in millionths.
fn tokens(row: Node<'_>) -> Result<Vec<(Charge, i128)>, String> {
    let count = |key: &str| count(row, key).map(Option::unwrap_or_default);
    let (input, cached) = (count("input_tokens")?, count("input_cached_tokens")?);
    let mut written = count("input_cache_write_tokens")?;
    let mut uncached = input - cached - written;
    if row.get("input_uncached_tokens").is_some_and(|node| node.text().is_some()) {
        let told = count("input_uncached_tokens")?;
        if !row.has("input_cache_write_tokens") {
            // The older header has no column for them; what is neither cached nor uncached was written.
            written = uncached - told;
        } else if told != uncached {
            return Err("`input_tokens` is not the sum of the uncached, cached and written ones in it".into());
        }
        uncached = told;
    }
    let (audio, image) = (count("input_audio_tokens")?, count("input_image_tokens")?);
    let (cached_audio, cached_image) = (count("input_cached_audio_tokens")?, count("input_cached_image_tokens")?);
    let (output, audio_out, image_out) =
        (count("output_tokens")?, count("output_audio_tokens")?, count("output_image_tokens")?);
    let kinds = [
        (Charge::Tokens(Class::Input), uncached - audio - image),
        (Charge::Tokens(Class::CacheRead), cached - cached_audio - cached_image),
        (Charge::CacheWrite, written),
        (Charge::Tokens(Class::Output), output - audio_out - image_out),
        (Charge::Tokens(Class::AudioIn), audio),
        (Charge::Tokens(Class::AudioCacheRead), cached_audio),
        (Charge::Tokens(Class::AudioOut), audio_out),
        (Charge::Tokens(Class::ImageIn), image),
        (Charge::Tokens(Class::ImageCacheRead), cached_image),
        (Charge::Tokens(Class::ImageOut), image_out),
    ];
    match kinds.iter().find(|(_, count)| *count < 0) {
        Some((Charge::Tokens(Class::Output), _)) => Err("`output_tokens` is less than its parts".into()),
        Some((kind, _)) => Err(format!("`input_tokens` is less than its parts: {} would be negative", kind.name())),
        None => Ok(kinds.into_iter().filter(|(_, count)| *count != 0).collect()),
    }
}
