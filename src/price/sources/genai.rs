//! The data of genai-prices: dollars for a million tokens, as texts or floats, by provider.
//!
//! Its traps: a tier starts past its number, for the whole request; `prices` may be a list whose members start on a
//! date or hold in some hours of the day, never both, the last that fits winning; variants of batch, flex and the
//! like lie over the plain price, class by class, and most of their dates are the day on which a page was read.

use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::mode::Mode;
use crate::price::rows::Basis;
use crate::price::sources::json::Node;
use crate::price::sources::{Entry, Hours, ListKind, PriceList, Quote, Rates, bands, short_write};

/// Reads the list of providers.
pub(super) fn read(providers: &Node<'_>) -> PriceList {
    let mut list = PriceList { kind: ListKind::GenaiPrices, entries: Vec::new(), calendars: Vec::new() };
    for provider in providers.items() {
        let name = provider.word("id").unwrap_or_default();
        let models = provider.get("models").map(Node::items).unwrap_or_default();
        list.entries.extend(models.iter().map(|model| entry(name, model)));
    }
    list
}

fn entry(provider: &str, node: &Node<'_>) -> Entry {
    let id = node.word("id").unwrap_or_default().to_string();
    let mut entry = Entry { provider: provider.to_string(), names: vec![id.clone()], id, ..Entry::default() };
    if let Some(clause) = node.get("match") {
        names(&mut entry, clause);
    }
    let Some(prices) = node.get("prices") else {
        entry.unread("no prices");
        return entry;
    };
    let plain = dated(&mut entry, prices);
    for (when, set) in &plain {
        push(&mut entry, Mode::Standard, when, set);
    }
    // Some stand newest first: in order of their dates the later wins, as it does among the plain prices.
    let mut overlays: Vec<&Node<'_>> = node.get("price_variants").map(Node::items).unwrap_or_default().iter().collect();
    overlays
        .sort_by_key(|overlay| overlay.get("constraint").and_then(|when| when.word("start_date")).map(str::to_string));
    overlays.into_iter().for_each(|overlay| variants(&mut entry, &plain, overlay));
    entry
}

/// Understands how names are matched: whole names and days behind a name; anything looser is noted.
fn names(entry: &mut Entry, clause: &Node<'_>) {
    for (key, value) in clause.pairs() {
        match (key.as_str(), value.text()) {
            ("or", None) => value.items().iter().for_each(|inner| names(entry, inner)),
            ("equals", Some(name)) if entry.names.iter().any(|known| known == name) => {}
            ("equals", Some(name)) => entry.names.push(name.to_string()),
            ("regex", Some(regex)) => match dated_name(regex) {
                Some(pattern) => entry.dated.push(pattern),
                None => entry.matches.push(format!("regex {regex}")),
            },
            _ => entry.matches.push(format!("{key} {}", value.told())),
        }
    }
}

/// Reads `^claude-opus-5-5-\d{8}$` as a name with a day behind it.
fn dated_name(regex: &str) -> Option<String> {
    let whole = regex.strip_prefix('^')?.strip_suffix('$')?;
    let (stem, slot) = match whole.strip_suffix(r"\d{8}") {
        Some(stem) => (stem, "{yyyymmdd}"),
        None => (whole.strip_suffix(r"\d{4}-\d{2}-\d{2}")?, "{yyyy-mm-dd}"),
    };
    let plain = stem.replace(r"\.", ".");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    (plain.chars().all(is_plain) && !stem.replace(r"\.", "").contains('.')).then(|| plain + slot)
}

/// When a set of prices holds.
#[derive(Clone, Debug, Default)]
struct When {
    from: Option<Timestamp>,
    window: Option<Hours>,
}

/// Prices by key: a rate for all sizes, or by the first size it holds for.
type Set<'t> = Vec<(String, Node<'t>)>;

/// Reads the plain prices: one set, or several that say when.
fn dated<'t>(entry: &mut Entry, prices: &Node<'t>) -> Vec<(When, Set<'t>)> {
    if !prices.pairs().is_empty() {
        return vec![(When::default(), prices.pairs().to_vec())];
    }
    let mut found = Vec::new();
    for item in prices.items() {
        if let Some(when) = when(entry, item) {
            found.push((when, item.get("prices").map(Node::pairs).unwrap_or_default().to_vec()));
        }
    }
    found
}

fn when(entry: &mut Entry, item: &Node<'_>) -> Option<When> {
    let Some(constraint) = item.get("constraint") else { return Some(When::default()) };
    let clock = |key| Some(constraint.word(key)?.get(..5)?.to_string());
    // A clock of another zone than UTC would have to be moved, its days too.
    let is_utc = |key| constraint.word(key).is_some_and(|text| text.ends_with('Z') || text.ends_with("+00:00"));
    if let Some(date) = constraint.word("start_date")
        && let Ok(parsed) = Timestamp::parse(date)
        && constraint.pairs().len() == 1
    {
        return Some(When { from: Some(parsed.ts), window: None });
    }
    if let (Some(start), Some(end)) = (clock("start_time"), clock("end_time"))
        && is_utc("start_time")
        && is_utc("end_time")
        && constraint.pairs().len() == 2
    {
        let window = Hours { utc: vec![format!("{start}-{end}")], ..Hours::default() };
        return Some(When { from: None, window: Some(window) });
    }
    entry.unread(format!("prices under {}", constraint.told()));
    None
}

/// Lays a variant over the plain prices of every date from its own on.
fn variants(entry: &mut Entry, plain: &[(When, Set<'_>)], variant: &Node<'_>) {
    let condition = variant.get("when").map(Node::told).unwrap_or_default();
    let served = match condition.as_str() {
        "processing batch" => Some(Mode::Batch),
        "service_tier flex" => Some(Mode::Flex),
        "service_tier priority" => Some(Mode::Priority),
        "service_tier fast" | "speed fast" => Some(Mode::Fast),
        // The plain price by its own name.
        "service_tier default" if variant.get("prices").is_none_or(|set| set.pairs().is_empty()) => return,
        _ => None,
    };
    let (Some(mode), Some(own)) = (served, variant.get("prices")) else {
        return entry.unread(format!("prices when {condition}"));
    };
    let Some(when) = when(entry, variant) else { return };
    // Of several variants of one mode the last that has started wins.
    entry.quotes.retain(|quote| quote.mode != mode || quote.from < when.from);
    for (base, set) in plain.iter().filter(|(base, _)| base.window.is_none()) {
        // The last plain price before the variant starts is the one it starts on.
        let from = base.from.max(when.from);
        let replaced =
            plain.iter().any(|(other, _)| other.window.is_none() && other.from > base.from && other.from <= from);
        if replaced {
            continue;
        }
        let mut laid = set.clone();
        for (key, value) in own.pairs() {
            laid.retain(|(known, _)| known != key);
            laid.push((key.clone(), value.clone()));
        }
        push(entry, mode, &When { from, window: when.window.clone() }, &laid);
    }
    if plain.iter().any(|(base, _)| base.window.is_some()) {
        entry.unread(format!("prices when {condition} in the hours of a window"));
    }
}

/// Adds the quotes of a set, a band each.
fn push(entry: &mut Entry, mode: Mode, when: &When, set: &Set<'_>) {
    let mut found: Vec<(Class, u64, i64)> = Vec::new();
    for (key, value) in set {
        let Some(class) = class(entry, key) else {
            other(entry, key, value);
            continue;
        };
        let tiers = value.get("tiers").map(Node::items).unwrap_or_default();
        let steps =
            tiers.iter().map(|tier| (tier.get("start").and_then(Node::count).map(|size| size + 1), tier.get("price")));
        let base = (Some(0), Some(value.get("base").unwrap_or(value)));
        for (start, price) in std::iter::once(base).chain(steps) {
            match (start, price.map(|price| price.scaled(12))) {
                (Some(start), Some(Ok(rate))) => found.push((class, start, rate)),
                _ => entry.unread(format!("{key}: {}", value.told())),
            }
        }
    }
    for (prompt_min, prompt_max) in bands(found.iter().map(|(_, start, _)| *start)) {
        let mut rates: Rates = [None; CLASSES];
        // In order of their starts, so that the last that fits stays.
        found.sort_by_key(|(_, start, _)| *start);
        for (class, _, rate) in found.iter().filter(|(_, start, _)| *start <= prompt_min) {
            rates[*class as usize] = Some(*rate);
        }
        if rates.iter().any(Option::is_some) {
            let (from, window) = (when.from, when.window.clone());
            let basis = from.map(|_| Basis::Library);
            entry.quotes.push(Quote { from, window, basis, prompt_min, prompt_max, rates, ..Quote::new(mode) });
        }
    }
}

fn class(entry: &Entry, key: &str) -> Option<Class> {
    Some(match key {
        "input_mtok" => Class::Input,
        "output_mtok" => Class::Output,
        "cache_read_mtok" => Class::CacheRead,
        "cache_write_mtok" => short_write(&entry.provider, &entry.id),
        "cache_write_1h_mtok" => Class::CacheWrite1h,
        "input_audio_mtok" => Class::AudioIn,
        "output_audio_mtok" => Class::AudioOut,
        "cache_audio_read_mtok" => Class::AudioCacheRead,
        "input_image_mtok" => Class::ImageIn,
        "output_image_mtok" => Class::ImageOut,
        "cache_image_read_mtok" => Class::ImageCacheRead,
        "input_video_mtok" => Class::VideoIn,
        _ => return None,
    })
}

fn other(entry: &mut Entry, key: &str, value: &Node<'_>) {
    let search = if entry.provider == "google" { "google_search" } else { "web_search" };
    match key {
        "web_searches_kcount" => entry.fee(search, key, value, true),
        "storage_searches_kcount" => entry.fee("file_search", key, value, true),
        _ => entry.unread(format!("{key}: {}", value.told())),
    }
}

#[cfg(test)]
mod tests {
    use super::dated_name;

    #[test]
    fn only_a_whole_name_with_a_day_is_a_dated_name() {
        assert_eq!(dated_name(r"^grok-4\.3-\d{8}$").as_deref(), Some("grok-4.3-{yyyymmdd}"));
        assert_eq!(dated_name(r"^gpt-5-\d{4}-\d{2}-\d{2}$").as_deref(), Some("gpt-5-{yyyy-mm-dd}"));
        for looser in [r"^grok-4.3-\d{8}$", r"grok-\d{8}$", r"^(a|b)-\d{8}$", "^gpt-5$"] {
            assert_eq!(dated_name(looser), None, "{looser}");
        }
    }
}
