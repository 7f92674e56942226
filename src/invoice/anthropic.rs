//! What Anthropic's five files share: their words for token classes, context windows, places and models, and the pages
//! that its APIs answer with.

use std::borrow::Cow;

use crate::domain::Charge;
use crate::domain::Class;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::invoice::LineSink;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// Who charges.
pub const PROVIDER: Cow<'static, str> = Cow::Borrowed("anthropic");
/// How many buckets and results detection looks at: a month of empty days may precede the first charge.
const LOOKED_AT: usize = 200;

/// Returns what a row charges for, and the tool if it is one.
///
/// A row that names no token type is all classes of its calls in one amount.
pub fn charge(cost_type: Option<&str>, token_type: Option<&str>) -> (Charge, Option<&'static str>) {
    for word in [cost_type, token_type].into_iter().flatten() {
        match word.to_ascii_lowercase().replace([' ', '-'], "_").as_str() {
            "web_search" | "web_search_requests" => return (Charge::Tool, Some("web_search")),
            "code_execution" => return (Charge::Tool, Some("code_execution")),
            _ => {}
        }
    }
    match (cost_type, token_type) {
        (None | Some("token" | "tokens"), None) => (Charge::Call, None),
        (None | Some("token" | "tokens"), Some(name)) => (class(name).map_or(Charge::Other, Charge::Tokens), None),
        (Some(_), _) => (Charge::Other, None),
    }
}

/// Returns the class of a token type, by the Console's words and by the APIs'. They are disjoint in the files already.
fn class(token_type: &str) -> Option<Class> {
    Some(match token_type {
        "input_no_cache" | "uncached_input_tokens" => Class::Input,
        "input_cache_read" | "cache_read_input_tokens" => Class::CacheRead,
        "input_cache_write_5m" | "cache_creation.ephemeral_5m_input_tokens" => Class::CacheWrite5m,
        "input_cache_write_1h" | "cache_creation.ephemeral_1h_input_tokens" => Class::CacheWrite1h,
        "output" | "output_tokens" => Class::Output,
        _ => return None,
    })
}

/// Tells whether a context window is that of long prompts; `None` for words that are not known.
pub fn long_context(text: &str) -> Option<bool> {
    let text = text.replace(' ', "").to_ascii_lowercase();
    match text.as_str() {
        // The last is the first in UTF-8 that a spreadsheet took for Windows-1252.
        "≤200k" | "<=200k" | "0-200k" | "â‰¤200k" => Some(false),
        ">200k" | "200k-1m" => Some(true),
        _ => None,
    }
}

/// Returns where inference ran; models that know no place say `not_available`.
pub fn region<'t>(record: Node<'t>) -> Option<Cow<'t, str>> {
    value::text(record, "inference_geo").filter(|geo| geo != "not_available")
}

/// Returns the service mode of a row: fast is a speed in these files, the others are tiers. That a row is not fast does
/// not tell whether it was a batch.
pub fn tier<'t>(record: Node<'t>, tier_key: &str) -> Option<Cow<'t, str>> {
    let tier = value::text(record, tier_key);
    let fast = value::text(record, "speed").is_some_and(|speed| speed == "fast");
    match tier {
        None => fast.then_some(Cow::Borrowed("fast")),
        Some(tier) if tier == "standard" && fast => Some(Cow::Borrowed("fast")),
        tier => tier,
    }
}

/// Returns the id of a model that the Console prints by its display name; anything else stays as it is.
///
/// The names are built as the ids are: `Claude Opus 4.8` is `claude-opus-4-8`. Generation 3 has the number first in its
/// ids (`claude-3-5-haiku`), the generations before it keep the point (`claude-2.1`, `claude-instant-1.2`).
pub fn model_id(name: Cow<'_, str>) -> Cow<'_, str> {
    match id_of(&name) {
        Some(id) => Cow::Owned(id),
        None => name,
    }
}

fn id_of(name: &str) -> Option<String> {
    let words: Vec<&str> = name.strip_prefix("Claude ")?.split(' ').collect();
    let is_version =
        |word: &str| word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let is_family = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphabetic());
    let (family, version) = match words[..] {
        [version] if is_version(version) => (None, version),
        [family, "Preview"] if is_family(family) => {
            return Some(format!("claude-{}-preview", family.to_ascii_lowercase()));
        }
        [family, version] | [version, family] if is_family(family) && is_version(version) => (Some(family), version),
        _ => return None,
    };
    let family = family.map(str::to_ascii_lowercase);
    let dashed = version.replace('.', "-");
    match (version.split('.').next()?.parse::<u32>().ok()?, family) {
        (0..=2, None) => Some(format!("claude-{version}")),
        (0..=2, Some(family)) => Some(format!("claude-{family}-{version}")),
        (3, Some(family)) => Some(format!("claude-{dashed}-{family}")),
        (4.., Some(family)) => Some(format!("claude-{family}-{dashed}")),
        (3.., None) => None,
    }
}

/// Reads a count that cannot be negative. Absent, null and empty are none.
///
/// # Errors
/// What is wrong with the text.
pub fn count(record: Node<'_>, key: &str) -> Result<Option<Quantity>, String> {
    match value::quantity(record, key, 1)? {
        Some(Quantity(micro)) if micro < 0 => Err(format!("`{key}` is negative")),
        count => Ok(count),
    }
}

/// Hands on what a row of usage counted, a line a charge; a row of zeros is a line a zero. Searches only if there were
/// any: every row has their column.
pub fn counted(sink: &mut dyn LineSink, row: &InvoiceLine<'_>, counts: &[(Charge, Option<Quantity>)]) {
    for (charge, quantity) in counts {
        let is_tool = *charge == Charge::Tool;
        if quantity.is_some_and(|quantity| !is_tool || quantity.0 > 0) {
            let tool = is_tool.then_some(Cow::Borrowed("web_search"));
            sink.line(&InvoiceLine { charge: *charge, tool, quantity: *quantity, ..row.clone() });
        }
    }
}

/// Notes that Priority Tier is counted here and charged nowhere, once.
pub fn note_priority(notes: &mut Vec<String>, tier: Option<&str>) {
    const NOTE: &str =
        "Priority Tier tokens are counted here, and no cost report has them: they are paid by commitment";
    if tier.is_some_and(|tier| tier.starts_with("priority")) && !notes.iter().any(|note| note == NOTE) {
        notes.push(NOTE.to_string());
    }
}

/// Returns the items of a page, or the record itself where people saved the items alone.
pub fn items(record: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let data = record.get("data");
    let itself = data.is_none().then_some(record);
    itself.into_iter().chain(data.into_iter().flat_map(Node::items))
}

/// Returns the first result of a page of time buckets.
pub fn first_result(record: Node<'_>) -> Option<Node<'_>> {
    items(record)
        .take(LOOKED_AT)
        .filter(|item| item.has_all(&["starting_at", "ending_at"]))
        .find_map(|bucket| bucket.get("results").and_then(|results| results.items().next()))
}

/// Reads the span of a bucket or row.
///
/// # Errors
/// That one of its ends is missing or no time.
pub fn span(item: Node<'_>) -> Result<(Timestamp, Timestamp), String> {
    let end = |key: &str| value::required(item, key).and_then(|text| value::instant(key, &text));
    let (start, end) = (end("starting_at")?, end("ending_at")?);
    if start < end { Ok((start, end)) } else { Err("`ending_at` is not after `starting_at`".into()) }
}

/// The pages of a file: what they cover together, and whether the last has been saved.
#[derive(Default)]
pub struct Pages {
    more: bool,
    spans: Vec<(Timestamp, Timestamp)>,
}

impl Pages {
    /// Notes a page.
    pub fn page(&mut self, record: Record<'_>) {
        self.more = record.node.get("has_more").and_then(Node::bool) == Some(true);
    }

    /// Hands each result of a page of time buckets to `take`, with the span of its bucket.
    ///
    /// # Errors
    /// That the page has no buckets, or what `take` says.
    pub fn results<'t>(
        &mut self,
        record: Record<'t>,
        sink: &mut dyn LineSink,
        take: &mut dyn FnMut(&mut dyn LineSink, Node<'t>, (Timestamp, Timestamp)) -> Result<(), String>,
    ) -> Result<(), String> {
        self.page(record);
        for bucket in items(record.node) {
            value::require(bucket, &["starting_at", "ending_at", "results"])?;
            let span = span(bucket)?;
            self.spans.push(span);
            let mut empty = true;
            for result in bucket.get("results").into_iter().flat_map(Node::items) {
                empty = false;
                take(sink, result, span)?;
            }
            if empty {
                sink.skip(record.line, "empty_bucket");
            }
        }
        Ok(())
    }

    /// Says what the pages say of themselves. Buckets without a charge are printed too, so that buckets without a gap
    /// are a window.
    pub fn statement(&mut self, mut notes: Vec<String>) -> Statement {
        self.spans.sort_unstable();
        let mut reach: Option<Timestamp> = None;
        let (mut gap, mut overlap) = (false, None);
        for (start, end) in &self.spans {
            if let Some(reach) = reach {
                gap |= *start > reach;
                overlap = overlap.or((*start < reach).then_some(*start));
            }
            reach = reach.max(Some(*end));
        }
        if let Some(start) = overlap {
            notes.push(format!("the bucket of {start} is in the file more than once, and counted each time"));
        }
        if self.more {
            notes.push("the last page says has_more: pages behind it are missing".to_string());
        }
        let since = self.spans.first().map(|(start, _)| *start);
        let covers = if gap { Window::default() } else { Window { since, until: reach } };
        Statement { covers, zone: "UTC".to_string(), stated_total: None, notes }
    }
}
