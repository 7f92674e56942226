//! LiteLLM's price map: dollars for a single token, as floats; a key a class, suffixed by mode and size of the prompt.
//!
//! Its traps: no dates; a class that a mode or a size does not list is not inherited here, though LiteLLM itself
//! falls back on the plain price; xAI's size is in (`>=`), everybody else's is not; for DeepSeek the plain price is
//! that of the peak; `provider_specific_entry` holds the factor of a fast mode.

use std::collections::{BTreeMap, HashMap};

use crate::domain::money::div_half_even;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::mode::Mode;
use crate::price::sources::json::Node;
use crate::price::sources::litellm_keys::{self, Kind};
use crate::price::sources::{DAYS, Entry, Hours, ListKind, PriceList, Quote, Rates, bands, past, short_write};

/// Reads the map.
pub(super) fn read(root: &Node<'_>) -> PriceList {
    let mut list = PriceList { kind: ListKind::LiteLlm, entries: Vec::new(), calendars: Vec::new() };
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    // The sample explains the format and is no model.
    for (name, node) in root.pairs().iter().filter(|(name, _)| name != "sample_spec") {
        let mut read = entry(name, node);
        match known.get(&(read.provider.clone(), read.id.clone())) {
            // The same model under a second name, with and without the provider.
            Some(at) if list.entries[*at].quotes == read.quotes && list.entries[*at].fees == read.fees => {
                let first = &mut list.entries[*at];
                first.names.extend(read.names.into_iter().filter(|name| name != &read.id));
                read.unread.into_iter().for_each(|what| first.unread(what));
            }
            Some(_) => {
                read.unread(format!("`{}` has another price under its other name", read.id));
                read.id.clone_from(name);
                read.names = vec![name.clone()];
                list.entries.push(read);
            }
            None => {
                known.insert((read.provider.clone(), read.id.clone()), list.entries.len());
                list.entries.push(read);
            }
        }
    }
    list
}

fn entry(name: &str, node: &Node<'_>) -> Entry {
    let provider = node.word("litellm_provider").unwrap_or_default().to_string();
    // `vertex_ai/claude-opus-5` stands under `vertex_ai-anthropic_models`.
    let bare = name.split_once('/').filter(|(first, _)| !first.is_empty() && provider.starts_with(first));
    let id = bare.map_or(name, |(_, bare)| bare).to_string();
    let mut names = vec![id.clone()];
    names.extend(bare.map(|_| name.to_string()));
    let mut entry = Entry { provider, id, names, kind: node.word("mode").map(str::to_string), ..Entry::default() };
    let mut found: BTreeMap<(Mode, u64), Rates> = BTreeMap::new();
    let mut by_other_units = false;
    for (key, value) in node.pairs().iter().filter(|(key, _)| litellm_keys::is_money(key)) {
        match litellm_keys::parse(key) {
            Some(parsed) => by_token(&mut entry, &mut found, key, parsed, value),
            None => by_other_units |= other(&mut entry, key, value),
        }
    }
    reasoning(&mut entry, node, &found);
    if by_other_units {
        // Beside a price by the picture or the second, a zero by the token says nothing.
        found.values_mut().flatten().filter(|rate| **rate == Some(0)).for_each(|rate| *rate = None);
    }
    tiers(&mut entry, node, &mut found);
    quotes(&mut entry, &found);
    fast(&mut entry, node);
    off_peak(&mut entry, node);
    entry
}

/// Takes a price by the token.
fn by_token(
    entry: &mut Entry,
    found: &mut BTreeMap<(Mode, u64), Rates>,
    key: &str,
    parsed: litellm_keys::Key,
    value: &Node<'_>,
) {
    let rate = match value.scaled(18) {
        Ok(rate) => rate,
        Err(_) if matches!(value, Node::Null) => return,
        Err(why) => return entry.unread(format!("{key}: {why}")),
    };
    let class = match parsed.class {
        Kind::Class(class) => class,
        Kind::ShortWrite => short_write(&entry.provider, &entry.id),
        Kind::CacheHit => Class::CacheRead,
        Kind::Reasoning => return,
    };
    let is_write = matches!(parsed.class, Kind::ShortWrite) || class == Class::CacheWrite1h;
    if is_write && rate == 0 {
        return entry.unread(format!("{key} is 0: writes cost nothing of their own"));
    }
    let start = parsed.above.map_or(0, |above| past(above, &entry.provider, &entry.id));
    let slot = &mut found.entry((parsed.mode, start)).or_insert([None; CLASSES])[class as usize];
    match *slot {
        Some(other) if other != rate => entry.unread(format!("{key} is {}, another key says otherwise", value.told())),
        _ => *slot = Some(rate),
    }
}

/// Notes a price that is not by the token; tells whether it is what the model itself is sold by.
fn other(entry: &mut Entry, key: &str, value: &Node<'_>) -> bool {
    let search = if entry.provider == "gemini" || entry.provider.starts_with("vertex_ai") {
        "google_search"
    } else {
        "web_search"
    };
    match key {
        "search_context_cost_per_query" => match value.pairs() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other.scaled(15) == first.scaled(15)) => {
                entry.fee(search, key, first, false);
            }
            _ => entry.unread(format!("{key}: {}", value.told())),
        },
        "google_maps_grounding_cost_per_query" => entry.fee("google_maps", key, value, false),
        "file_search_cost_per_1k_calls" => entry.fee("file_search", key, value, true),
        // Read by `tiers`, `fast`, `off_peak` and `reasoning`.
        "off_peak_pricing" => {}
        "tiered_pricing" => {}
        "provider_specific_entry" => {}
        _ if key.starts_with("regional_") => entry.unread(format!("{key}: {} times the price there", value.told())),
        _ if value.scaled(12) == Ok(0) => {}
        _ => {
            entry.unread(format!("{key}: {}", value.told()));
            return key.starts_with("input_cost_per_")
                || key.starts_with("output_cost_per_")
                || key.contains("_per_page");
        }
    }
    false
}

/// Reasoning counts as output, so its own price matters only where it is another.
fn reasoning(entry: &mut Entry, node: &Node<'_>, found: &BTreeMap<(Mode, u64), Rates>) {
    let Some(own) = node.get("output_cost_per_reasoning_token") else { return };
    let output = found.get(&(Mode::Standard, 0)).and_then(|rates| rates[Class::Output as usize]);
    if own.scaled(18).ok() != output {
        entry.unread(format!("output_cost_per_reasoning_token: {}, not the price of output", own.told()));
    }
}

/// Bands as a list of ranges, as Alibaba's models have them: each range starts past its first number.
fn tiers(entry: &mut Entry, node: &Node<'_>, found: &mut BTreeMap<(Mode, u64), Rates>) {
    for tier in node.get("tiered_pricing").map(Node::items).unwrap_or_default() {
        let Some(low) = tier.get("range").and_then(|range| range.items().first()).and_then(Node::count) else {
            entry.unread(format!("tiered_pricing: {}", tier.told()));
            continue;
        };
        let start = if low == 0 { 0 } else { low + 1 };
        for (key, value) in tier.pairs().iter().filter(|(key, _)| key != "range") {
            match litellm_keys::parse(key) {
                Some(parsed) if parsed.class == Kind::Reasoning => {
                    if value.scaled(18).ok() != tier.get("output_cost_per_token").and_then(|node| node.scaled(18).ok())
                    {
                        entry.unread(format!("tiered_pricing: {key} {}, not the price of output", value.told()));
                    }
                }
                Some(parsed) if parsed.above.is_none() => {
                    // Exactly the bound that the range has: `by_token` would add one past a whole thousand.
                    let mut own = BTreeMap::new();
                    by_token(entry, &mut own, key, parsed, value);
                    let into = found.entry((parsed.mode, start)).or_insert([None; CLASSES]);
                    own.values().for_each(|rates| overlay(into, rates));
                }
                _ => entry.unread(format!("tiered_pricing: {key} {}", value.told())),
            }
        }
    }
}

fn overlay(into: &mut Rates, over: &Rates) {
    into.iter_mut().zip(over).filter(|(_, rate)| rate.is_some()).for_each(|(slot, rate)| *slot = *rate);
}

/// Makes the quotes, a band each; a mode without prices for the large sizes of the plain mode has none there.
fn quotes(entry: &mut Entry, found: &BTreeMap<(Mode, u64), Rates>) {
    let starts = |mode| found.keys().filter(move |(of, _)| *of == mode).map(|(_, start)| *start);
    let mut modes: Vec<Mode> = found.keys().map(|(mode, _)| *mode).collect();
    modes.dedup();
    for mode in modes {
        let cuts = starts(Mode::Standard).chain(starts(mode));
        for (prompt_min, prompt_max) in bands(cuts) {
            let rates = found.get(&(mode, prompt_min)).copied().unwrap_or([None; CLASSES]);
            let small = found.get(&(mode, 0)).copied().unwrap_or([None; CLASSES]);
            let missing = Class::ALL
                .into_iter()
                .filter(|class| small[*class as usize].is_some() && rates[*class as usize].is_none());
            let missing: Vec<&str> = missing.map(Class::name).collect();
            if !missing.is_empty() {
                entry.unread(format!("{mode}: no price from {prompt_min} tokens on for {}", missing.join(", ")));
            }
            entry.quotes.push(Quote { prompt_min, prompt_max, rates, ..Quote::new(mode) });
        }
    }
    if entry.quotes.iter().all(Quote::is_empty) {
        entry.quotes.clear();
    }
}

/// The factor of a fast mode holds for every class; that of a region is a rule of the seller.
fn fast(entry: &mut Entry, node: &Node<'_>) {
    let own = node.get("provider_specific_entry").map(Node::pairs).unwrap_or_default();
    for (key, value) in own {
        let Some(mult) = Some(key).filter(|key| *key == "fast").and_then(|_| value.scaled(6).ok()) else {
            entry.unread(format!("provider_specific_entry: {key} {}", value.told()));
            continue;
        };
        let plain: Vec<Quote> = entry.quotes.iter().filter(|quote| quote.mode == Mode::Standard).cloned().collect();
        for mut quote in plain {
            quote.mode = Mode::Fast;
            quote.rates = multiplied(&quote.rates, mult);
            entry.quotes.push(quote);
        }
    }
}

/// Multiplies by millionths.
pub(super) fn multiplied(rates: &Rates, millionths: i64) -> Rates {
    rates.map(|rate| {
        let product = i128::from(rate?) * i128::from(millionths);
        i64::try_from(div_half_even(product, 1_000_000)).ok()
    })
}

/// Cheaper hours: each window has hours and days of the week, Monday being 1.
fn off_peak(entry: &mut Entry, node: &Node<'_>) {
    let Some(own) = node.get("off_peak_pricing") else { return };
    let mut rates = [None; CLASSES];
    for (key, value) in own.pairs().iter().filter(|(key, _)| litellm_keys::is_money(key)) {
        match (litellm_keys::parse(key), value.scaled(18)) {
            (Some(litellm_keys::Key { class: Kind::Class(class), mode: Mode::Standard, above: None }), Ok(rate)) => {
                rates[class as usize] = Some(rate);
            }
            _ => entry.unread(format!("off_peak_pricing: {key} {}", value.told())),
        }
    }
    for window in own.get("windows").map(Node::items).unwrap_or_default() {
        let utc: Vec<String> =
            window.get("hours_utc").map(Node::words).unwrap_or_default().into_iter().flat_map(span).collect();
        let days = window.get("weekdays").map(Node::items).unwrap_or_default();
        let days: Option<Vec<&'static str>> =
            days.iter().map(|day| DAYS.get(day.count()?.checked_sub(1)? as usize).copied()).collect();
        match days {
            Some(days) if !utc.is_empty() && rates.iter().any(Option::is_some) => {
                let window = Some(Hours { utc, days, except: None });
                entry.quotes.push(Quote { window, rates, ..Quote::new(Mode::Standard) });
            }
            _ => entry.unread(format!("off_peak_pricing: window {}", window.told())),
        }
    }
}

/// Writes a span as our files do: a whole day is two halves.
fn span(text: &str) -> Vec<String> {
    match text.split_once('-') {
        Some((start, end)) if start == end && start == "00:00" => vec!["00:00-12:00".into(), "12:00-00:00".into()],
        _ => vec![text.to_string()],
    }
}
