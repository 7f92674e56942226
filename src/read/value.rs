//! Numbers and words as logs write them. Nothing here guesses: what is not clearly a value is an error text.

use std::borrow::Cow;

use crate::domain::Usd;
use crate::domain::money::parse_scaled;
use crate::domain::tokens::MAX_TOKENS;
use crate::read::json::Kind;
use crate::read::json::Node;

/// Reads a count of tokens: an integer, `12.0`, a numeric text, also with thousands separators.
pub fn count(name: &str, node: Node<'_>) -> Result<u64, String> {
    let raw = match node.kind() {
        Kind::Number | Kind::Plain => node.raw(),
        _ => return Err(format!("`{name}` is not a count")),
    };
    if !raw.is_empty() && raw.len() <= 10 && raw.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(raw.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0')));
    }
    let text = tidy_number(raw);
    let (value, exact) = parse_scaled(&text, 0).map_err(|_| format!("`{name}` is not a count: {}", excerpt(raw)))?;
    if value < 0 {
        Err(format!("`{name}` is negative: {}", excerpt(raw)))
    } else if !exact {
        Err(format!("`{name}` is not a whole number: {}", excerpt(raw)))
    } else {
        match u64::try_from(value) {
            Ok(value) if value <= MAX_TOKENS => Ok(value),
            _ => Err(format!("`{name}` is absurdly large: {}", excerpt(raw))),
        }
    }
}

/// Reads an optional count: absent, `null` and an empty text are no count.
pub fn optional_count(name: &str, node: Option<Node<'_>>) -> Result<Option<u64>, String> {
    match node {
        Some(node) if !(node.is_null() || node.kind() == Kind::Plain && node.raw().trim().is_empty()) => {
            count(name, node).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads an amount of money that is `10^-scale` dollars a unit: scale 0 for dollars, 2 for cents.
pub fn money(name: &str, node: Node<'_>, scale: i32) -> Result<Usd, String> {
    let raw = match node.kind() {
        Kind::Number | Kind::Plain => node.raw(),
        _ => return Err(format!("`{name}` is not an amount of money")),
    };
    let text = plain_amount(raw).map_err(|reason| format!("`{name}` is {reason}"))?;
    match parse_scaled(&text, 12 - scale) {
        Ok((pico, _)) if pico < 0 => Err(format!("`{name}` is negative: {}", excerpt(raw))),
        Ok((pico, _)) if i64::try_from(pico).is_ok() => Ok(Usd::from_pico(pico)),
        Ok(_) => Err(format!("`{name}` is absurdly large: {}", excerpt(raw))),
        Err(_) => Err(format!("`{name}` is not an amount of money: {}", excerpt(raw))),
    }
}

/// Writes an amount of money plainly, without blanks and separators of thousands and with a point for a decimal comma.
///
/// # Errors
/// That a comma may be either.
pub fn plain_amount(raw: &str) -> Result<Cow<'_, str>, String> {
    let bare = raw.trim().trim_start_matches('\'');
    // One comma and no point may be either: `1,234` is refused, `0,0012` and `1,234.50` are clear.
    let one_comma = bare.matches(',').count() == 1 && !bare.contains('.');
    let mut text = if one_comma { Cow::Borrowed(bare) } else { tidy_number(raw) };
    if let Some((whole, decimals)) = text.split_once(',') {
        let clear = whole.trim_start_matches(['$', '-']) == "0";
        if decimals.contains(',') || (decimals.len() == 3 && !clear) {
            return Err(format!("ambiguous, thousands or decimals: {}", excerpt(raw)));
        }
        text = Cow::Owned(format!("{whole}.{decimals}"));
    }
    Ok(text)
}

/// Reads a duration and returns milliseconds; `scale` is how many milliseconds a unit has. Not money: a float will do.
pub fn millis(node: Node<'_>, scale: f64) -> Option<u64> {
    if node.kind() == Kind::Number
        && scale == 1.0
        && node.raw().len() < 12
        && let Ok(whole) = node.raw().parse()
    {
        return Some(whole);
    }
    let value = tidy_number(node.scalar()?.as_ref()).parse::<f64>().ok()?;
    (value.is_finite() && value >= 0.0 && value * scale < 1e12).then(|| (value * scale).round() as u64)
}

/// Removes what spreadsheets add: blanks, a leading apostrophe, thousands separators.
fn tidy_number(raw: &str) -> Cow<'_, str> {
    let text = raw.trim().trim_start_matches('\'');
    let grouped = text.contains(',') && {
        let mut groups = text.split('.').next().unwrap_or(text).split(',');
        let first = groups.next().unwrap_or("").trim_start_matches(['-', '+', '$']);
        let mut rest = groups.peekable();
        (1..=3).contains(&first.len())
            && first.bytes().all(|b| b.is_ascii_digit())
            && rest.peek().is_some()
            && rest.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
            && (text.contains('.') || text.matches(',').count() > 1 || !text.starts_with(['0', '$']))
    };
    if grouped { Cow::Owned(text.replace(',', "")) } else { Cow::Borrowed(text) }
}

/// Returns the start of a logged text, safe to show.
pub fn excerpt(text: &str) -> String {
    let clean: String = text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() > 40 { format!("`{clean}…`") } else { format!("`{clean}`") }
}

/// Tells whether an answer's id can name one call wherever it appears: a provider's, or one too long to be made up
/// twice.
pub fn is_unique_id(id: &str) -> bool {
    is_response_id(id) || id.len() >= 16 && id.bytes().any(|b| b.is_ascii_digit())
}

/// Tells whether a text is an answer's id as providers and routers write them: `msg_…`, `chatcmpl-…`.
pub fn is_response_id(id: &str) -> bool {
    after_kind(id).is_some_and(|rest| !rest.is_empty()) && !is_counted_id(id)
}

/// Tells whether an id is a number that a local server counted to, and will count to again: `chatcmpl-213`.
pub fn is_counted_id(id: &str) -> bool {
    after_kind(id).is_some_and(|rest| rest.len() <= 6 && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns what follows the kind that an answer's id begins with.
fn after_kind(id: &str) -> Option<&str> {
    const KINDS: [&str; 7] = ["msg_", "chatcmpl-", "resp_", "gen-", "gen_", "cmpl-", "embd-"];
    KINDS.iter().find_map(|kind| id.strip_prefix(kind))
}

/// Folds a service mode to the words of the price table; `None` for an empty text.
pub fn tier(text: &str) -> Option<Cow<'_, str>> {
    Some(match text {
        "" => return None,
        "auto" | "default" | "standard" | "on_demand" | "on-demand" | "ON_DEMAND" => "standard".into(),
        _ if text.bytes().any(|b| b.is_ascii_uppercase()) => text.to_ascii_lowercase().into(),
        _ => text.into(),
    })
}

/// Tells whether a word names a service mode: a key `tier` or `mode` of somebody's own may hold a plan or a colour.
pub fn is_tier(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "auto",
        "default",
        "standard",
        "on_demand",
        "on-demand",
        "batch",
        "flex",
        "priority",
        "fast",
        "ultrafast",
        "scale",
        "provisioned",
        "reserved",
        "standard_only",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Tells whether a text can be a provider's name, and not the system prompt under a key `system`.
pub fn is_name(text: &str) -> bool {
    text.len() <= 40 && !text.contains(char::is_whitespace)
}

/// Tells whether a text is a number or a truth value: no prompt.
pub fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "True" | "False")
}

/// Folds the many ways to say how a call ended; other words stay as they are.
pub fn status(text: &str) -> Cow<'_, str> {
    match text {
        "ok" | "error" | "timeout" | "cancelled" => return text.into(),
        _ => {}
    }
    match text.to_ascii_lowercase().as_str() {
        "ok" | "success" | "succeeded" | "successful" | "true" | "completed" | "complete" | "status_code_ok" | "1" => {
            "ok".into()
        }
        "error" | "fail" | "failed" | "failure" | "false" | "status_code_error" | "exception" | "0" => "error".into(),
        "canceled" | "cancelled" | "aborted" => "cancelled".into(),
        word => match word.parse::<u16>() {
            Ok(100..400) => "ok".into(),
            Ok(408 | 504) => "timeout".into(),
            Ok(499) => "cancelled".into(),
            Ok(400..600) => "error".into(),
            _ => word.to_string().into(),
        },
    }
}
