//! What tokens cost, by arithmetic of its own: the rows of the price table, chosen and multiplied here and not by the
//! pricer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;

use attr::domain::Class;
use attr::domain::Tokens;
use attr::domain::Usd;
use attr::domain::tokens::CLASSES;
use attr::price::Mode;
use attr::price::Table;

/// Picodollars for a million tokens by class: attodollars (1e-18) for one.
pub(super) type Rates = [Option<i128>; CLASSES];

#[derive(Clone)]
struct Row {
    mode: Mode,
    from: i64,
    least: u64,
    most: u64,
    rates: Rates,
}

pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::builtin().unwrap())
}

type Known = HashMap<(&'static str, String), Option<Arc<Vec<Row>>>>;

fn rows(provider: &'static str, model: &str) -> Option<Arc<Vec<Row>>> {
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap();
    known.entry((provider, model.to_string())).or_insert_with(|| read(provider, model)).clone()
}

fn read(provider: &str, model: &str) -> Option<Arc<Vec<Row>>> {
    let model = table().find_model(Some(provider), model).ok()?;
    let listed = model.prices.iter().filter(|price| price.withdrawn.is_none() && price.window.is_none());
    let row = |price: &attr::price::Price| {
        let mut rates: Rates = [None; CLASSES];
        for (class, usd) in price.rates() {
            rates[class as usize] = Some(Usd::parse(&usd).unwrap().pico());
        }
        for (class, other) in price.fallbacks() {
            rates[class as usize] = rates[class as usize].or(rates[other as usize]);
        }
        Row {
            mode: price.mode,
            from: price.from.filter(|_| !price.since_launch).map_or(i64::MIN, |from| from.0 / 1_000_000),
            least: price.prompt_min,
            most: price.prompt_max.unwrap_or(u64::MAX),
            rates,
        }
    };
    Some(Arc::new(listed.map(row).collect()))
}

/// The mode that a tier on a log or a bill means.
pub(super) fn mode(tier: Option<&str>) -> Option<Mode> {
    match tier {
        None | Some("standard") => Some(Mode::Standard),
        Some("batch") => Some(Mode::Batch),
        Some("fast" | "priority") => Some(Mode::Fast),
        Some(_) => None,
    }
}

/// The rates that hold for a prompt of that size at a time (in milliseconds); `None` where nothing is sold.
pub(super) fn at(provider: &'static str, model: &str, mode: Mode, ts: i64, prompt: u64) -> Option<Rates> {
    let rows = rows(provider, model)?;
    let started = rows.iter().filter(|row| row.mode == mode && row.from <= ts);
    let latest = started.clone().map(|row| row.from).max()?;
    let row = started.clone().find(|row| row.from == latest && row.least <= prompt && prompt <= row.most)?;
    row.rates.iter().any(Option::is_some).then_some(row.rates)
}

/// The largest prompt of the short price, for a model that has a long one then.
pub(super) fn cliff(provider: &'static str, model: &str, ts: i64) -> Option<u64> {
    let rows = rows(provider, model)?;
    let started = rows.iter().filter(|row| row.mode == Mode::Standard && row.from <= ts);
    let latest = started.clone().map(|row| row.from).max()?;
    started.clone().filter(|row| row.from == latest).map(|row| row.most).find(|most| *most < u64::MAX)
}

/// When the rates of the standard mode changed for prompts of usual size, in milliseconds.
pub(super) fn changes(provider: &'static str, model: &str) -> Vec<i64> {
    let rows = rows(provider, model).unwrap_or_default();
    let mut from: Vec<i64> = rows.iter().filter(|row| row.mode == Mode::Standard).map(|row| row.from).collect();
    from.sort_unstable();
    from.dedup();
    let rates = |ts: i64| at(provider, model, Mode::Standard, ts, 1_000);
    from.windows(2).filter(|pair| rates(pair[0]) != rates(pair[1])).map(|pair| pair[1]).collect()
}

/// When a model came out, in milliseconds.
pub(super) fn released(provider: &str, model: &str) -> i64 {
    let model = table().find_model(Some(provider), model).unwrap();
    model.released.map_or(i64::MIN, |ts| ts.0 / 1_000_000)
}

/// Calls of a tool, each in attodollars.
pub(super) const SEARCH: i128 = 10_000_000_000_000_000;

/// The prompt's part of the tokens.
pub(super) fn prompt(tokens: &Tokens) -> u64 {
    tokens.iter().filter(|(class, _)| !matches!(class, Class::Output | Class::AudioOut)).map(|(_, count)| count).sum()
}
