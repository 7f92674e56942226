//! A snapshot of model-prices: dollars for a million tokens, as floats, on a timeline of every model and mode.
//!
//! Its traps: a start of `null` means "since first known"; many steps change the source and not the price; the long
//! cache write is a factor on the input; a tier starts past its number, at xAI on it; hours of the day stand apart
//! from the models, as schedules with a factor; `recorded` is what a feed said before it was corrected.

use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::mode::Mode;
use crate::price::rows::Basis;
use crate::price::sources::json::Node;
use crate::price::sources::litellm::multiplied;
use crate::price::sources::{
    Calendar, Entry, Hours, ListKind, PriceList, Quote, Rates, bands, long_write, past, short_write,
};

/// Reads the snapshot.
pub(super) fn read(root: &Node<'_>, prices: &Node<'_>) -> PriceList {
    let mut list = PriceList { kind: ListKind::ModelPrices, entries: Vec::new(), calendars: Vec::new() };
    for (provider, models) in prices.pairs() {
        list.entries.extend(models.pairs().iter().map(|(id, modes)| entry(provider, id, modes)));
    }
    let schedules = root.get("schedules");
    let part = |key| schedules.and_then(|schedules| schedules.get(key));
    for schedule in part("schedule").map(Node::items).unwrap_or_default() {
        apply(&mut list.entries, schedule);
    }
    for (id, calendar) in part("holidays").map(Node::pairs).unwrap_or_default() {
        let dates = calendar.get("dates").map(Node::words).unwrap_or_default();
        list.calendars.push(Calendar {
            id: id.clone(),
            covers_through: calendar.word("covers_through").unwrap_or_default().to_string(),
            dates: dates.into_iter().map(str::to_string).collect(),
        });
    }
    for (name, model) in
        root.get("aliases").and_then(|aliases| aliases.get("models")).map(Node::pairs).unwrap_or_default()
    {
        let target = model.text().and_then(|model| model.split_once('/'));
        let meant = list.entries.iter_mut().find(|entry| Some((entry.provider.as_str(), entry.id.as_str())) == target);
        if let Some(entry) = meant {
            entry.names.push(name.clone());
        }
    }
    list
}

fn entry(provider: &str, id: &str, modes: &Node<'_>) -> Entry {
    let mut entry =
        Entry { provider: provider.to_string(), id: id.to_string(), names: vec![id.to_string()], ..Entry::default() };
    for (word, steps) in modes.pairs() {
        match Mode::parse(word) {
            Some(mode) => timeline(&mut entry, mode, steps.items()),
            None => entry.unread(format!("prices in mode {word}")),
        }
    }
    entry
}

fn timeline(entry: &mut Entry, mode: Mode, steps: &[Node<'_>]) {
    let mut told: Vec<Vec<Quote>> = Vec::new();
    for step in steps {
        let mut quotes = quotes(entry, mode, step);
        let Some(from) = quotes.first().map(|quote| quote.from) else { continue };
        // A feed may see a model later than the date of a price that was corrected since.
        if let Some(before) = told.last_mut().filter(|before| from.is_some() && before[0].from >= from) {
            if before[0].since_launch && before[0].from > from {
                before.iter_mut().for_each(|quote| quote.from = None);
            } else {
                let since_launch = before[0].since_launch;
                quotes.iter_mut().for_each(|quote| quote.since_launch |= since_launch);
                told.pop();
            }
        }
        let price =
            |quotes: &[Quote]| -> Vec<_> { quotes.iter().map(|q| (q.prompt_min, q.prompt_max, q.rates)).collect() };
        let nothing_before = told.is_empty() && quotes[0].is_empty();
        if !nothing_before && told.last().is_none_or(|before| price(before) != price(&quotes)) {
            told.push(quotes);
        }
    }
    entry.quotes.extend(told.into_iter().flatten());
}

/// Reads a step, a quote a band; a step without rates says that nothing is sold from there on.
fn quotes(entry: &mut Entry, mode: Mode, step: &Node<'_>) -> Vec<Quote> {
    let start = moment(step, "start");
    let Some(rates) = step.get("rates") else {
        return start.iter().map(|from| Quote { from: Some(*from), ..Quote::new(mode) }).collect();
    };
    let basis = match rates.word("valid_from_basis") {
        Some("documented") => Some(Basis::Page),
        _ => Some(Basis::FirstSeen),
    };
    if let Some(meant) = rates.word("model").filter(|meant| *meant != entry.id) {
        entry.unread(format!("the name stood for {meant}"));
    }
    let from = start.or_else(|| moment(rates, "valid_from"));
    let (src, since_launch) = (rates.word("source").map(str::to_string), step.get("start").is_none());
    let quote = |(prompt_min, prompt_max, rates)| {
        let src = src.clone();
        Quote { from, since_launch, basis, prompt_min, prompt_max, rates, src, ..Quote::new(mode) }
    };
    sizes(entry, rates).into_iter().map(quote).collect()
}

fn moment(node: &Node<'_>, key: &str) -> Option<Timestamp> {
    Timestamp::parse(node.word(key)?).ok().map(|parsed| parsed.ts)
}

/// Reads the rates of a step, a band each; a tier that does not name a class has no price of it.
fn sizes(entry: &mut Entry, rates: &Node<'_>) -> Vec<(u64, Option<u64>, Rates)> {
    let multiple = rates.get("cache_write_1h_multiple").and_then(|node| node.scaled(6).ok());
    let mut found = vec![(0, one_size(entry, rates, multiple))];
    for tier in rates.get("tiers").map(Node::items).unwrap_or_default() {
        match tier.get("above").and_then(Node::count) {
            Some(above) => found.push((past(above, &entry.provider, &entry.id), one_size(entry, tier, multiple))),
            None => entry.unread(format!("tier {}", tier.told())),
        }
    }
    let bands = bands(found.iter().map(|(start, _)| *start));
    let at = |start| found.iter().find(|(known, _)| *known == start).map_or([None; CLASSES], |(_, rates)| *rates);
    bands.into_iter().map(|(min, max)| (min, max, at(min))).collect()
}

/// Keys that say something else than a price.
const ABOUT: [&str; 7] =
    ["source", "valid_from", "valid_from_basis", "tiers", "model", "above", "cache_write_1h_multiple"];

fn one_size(entry: &mut Entry, node: &Node<'_>, multiple: Option<i64>) -> Rates {
    let mut rates = [None; CLASSES];
    for (key, value) in node.pairs().iter().filter(|(key, _)| !ABOUT.contains(&key.as_str())) {
        let class = match key.as_str() {
            "input" => Class::Input,
            "output" => Class::Output,
            "cache_read" => Class::CacheRead,
            "cache_write" => short_write(&entry.provider, &entry.id),
            _ => {
                entry.unread(format!("{key}: {}", value.told()));
                continue;
            }
        };
        match value.scaled(12) {
            Ok(0) if key == "cache_write" => entry.unread("cache_write is 0: writes cost nothing of their own"),
            Ok(rate) => rates[class as usize] = Some(rate),
            Err(why) => entry.unread(format!("{key}: {why}")),
        }
    }
    // The factor stands at models that sell no writes, too.
    let writes = rates[short_write(&entry.provider, &entry.id) as usize].is_some();
    if let Some(multiple) = multiple.filter(|_| writes) {
        let input = multiplied(&rates, multiple)[Class::Input as usize];
        rates[long_write(&entry.provider, &entry.id) as usize] = input;
    }
    rates
}

/// Adds the prices inside the hours of a schedule to the models it is for.
fn apply(entries: &mut [Entry], schedule: &Node<'_>) {
    let provider = schedule.word("provider").unwrap_or_default();
    let (hours, factor) = match (schedule.get("peak_hours_utc"), schedule.get("off_peak_hours_utc")) {
        (Some(hours), _) => (hours, schedule.get("peak_multiplier")),
        (None, Some(hours)) => (hours, schedule.get("off_peak_multiplier")),
        (None, None) => return,
    };
    let utc = hours.items().iter().map(|pair| pair.words().join("-")).collect();
    let weekdays = matches!(schedule.get("weekdays_only"), Some(Node::Bool(true)));
    let days = if weekdays { super::DAYS[..5].to_vec() } else { Vec::new() };
    let window = Hours { utc, days, except: schedule.word("holidays").map(str::to_string) };
    let span = (moment(schedule, "valid_from"), moment(schedule, "valid_until"));
    for entry in entries.iter_mut().filter(|entry| entry.provider == provider) {
        let own = match factor {
            Some(factor @ Node::Object(_)) => factor.get(&entry.id),
            plain => plain,
        };
        if let Some(factor) = own.and_then(|factor| factor.scaled(6).ok()) {
            windowed(entry, &window, factor, span);
        }
    }
}

fn windowed(entry: &mut Entry, window: &Hours, factor: i64, (since, until): (Option<Timestamp>, Option<Timestamp>)) {
    let plain: Vec<Quote> =
        entry.quotes.iter().filter(|quote| quote.mode == Mode::Standard && quote.window.is_none()).cloned().collect();
    let mut dates: Vec<Option<Timestamp>> = plain.iter().map(|quote| quote.from).collect();
    dates.dedup();
    let mut inside = Vec::new();
    for (at, date) in dates.iter().enumerate() {
        let end = dates.get(at + 1).copied().flatten();
        let ended = end.is_some() && since.is_some() && end <= since;
        if ended || (until.is_some() && *date >= until) {
            continue;
        }
        for quote in plain.iter().filter(|quote| quote.from == *date) {
            let rates = multiplied(&quote.rates, factor);
            let (from, window) = (quote.from.max(since), Some(window.clone()));
            inside.push(Quote { from, since_launch: false, window, rates, ..quote.clone() });
        }
    }
    if let (false, Some(_)) = (inside.is_empty(), until) {
        inside.push(Quote { from: until, window: Some(window.clone()), ..Quote::new(Mode::Standard) });
    }
    entry.quotes.extend(inside);
}
