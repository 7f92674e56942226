//! Rules that a table should keep beyond being well-formed: what a slip of the pen breaks first.
//!
//! `check` refuses what cannot be used; an audit finds what can be used and is probably wrong. A row that rightly
//! breaks a rule says why in `exempt`; a row that differs from what was released says why in `fix`.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;
use crate::domain::tokens::Class;

use crate::price::error::Place;
use crate::price::mode::Mode;
use crate::price::rows::{Model, Price, Seller, decimal};
use crate::price::table::Table;

/// Every row that a release of the built-in table had: a key and a digest a line.
pub const FROZEN: &str = include_str!("../../pricing/FROZEN.txt");

/// How many days ahead the holidays of a window must be known.
const HOLIDAYS_AHEAD: u64 = 45;

/// Shares of the input price that Anthropic charges for a cache read, as (share, of).
const CLAUDE_READS: [(i64, i64); 3] = [(1, 10), (1, 20), (1, 40)];

/// A place where a table breaks a rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// The row's key, or what else breaks it.
    pub row: String,
    /// Where it is written.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
}

impl Finding {
    fn at(rule: &'static str, model: &Model, row: &Price, message: String) -> Finding {
        Finding { rule, row: full_key(model, row), place: Some(row.place.clone()), message }
    }
}

/// Returns the key of a row in its table: `anthropic/claude-sonnet-4-6/standard@2026-03-13`.
pub fn full_key(model: &Model, row: &Price) -> String {
    format!("{}/{}/{}", model.seller, model.id, row.key())
}

impl Table {
    /// Audits the table as of a moment; with `evidence`, every row must say where it comes from.
    pub fn audit(&self, now: Timestamp, evidence: bool) -> Vec<Finding> {
        let mut found = Vec::new();
        for model in &self.models {
            for row in &model.prices {
                found.extend(stated(model, row).filter(|_| evidence));
                found.extend(claude(model, row));
            }
            modes(model, &mut found);
            sizes(model, &mut found);
        }
        self.sellers.iter().for_each(|seller| holidays(seller, now, &mut found));
        found
    }

    /// Returns a line for every row: what a release freezes.
    pub fn frozen_lines(&self) -> BTreeSet<String> {
        let rows = self.models.iter().flat_map(|model| model.prices.iter().map(move |row| (model, row)));
        rows.map(|(model, row)| format!("{} {}", full_key(model, row), digest(row))).collect()
    }

    /// Compares the table with the rows that were released.
    pub fn audit_frozen(&self, frozen: &str) -> Vec<Finding> {
        let mut rows: BTreeMap<String, Vec<&Price>> = BTreeMap::new();
        for (model, row) in self.models.iter().flat_map(|model| model.prices.iter().map(move |row| (model, row))) {
            rows.entry(full_key(model, row)).or_default().push(row);
        }
        let mut found = Vec::new();
        for line in frozen.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, released) = line.rsplit_once(' ').unwrap_or((line, ""));
            let finding =
                |place, message: &str| Finding { rule: "frozen", row: key.into(), place, message: message.into() };
            match rows.get(key) {
                None => found.push(finding(None, "a released row is gone; rows are withdrawn, never removed")),
                Some(own) if own.iter().any(|row| digest(row) == released || row.fix.is_some()) => {}
                Some(own) => {
                    let message = "a released row was edited; append a row, or say why with fix = \"...\"";
                    found.push(finding(Some(own[0].place.clone()), message));
                }
            }
        }
        found
    }
}

/// Digests what a row charges. When it was withdrawn is no part of it: a row may be withdrawn after a release.
fn digest(row: &Price) -> String {
    let rates: Vec<_> = row.rates().map(|(class, rate)| (class.name(), rate)).collect();
    let fallback: Vec<_> = row.fallbacks().map(|(class, other)| (class.name(), other.name())).collect();
    let sum = Sha256::digest(format!("{rates:?} {fallback:?} {}", row.since_launch));
    sum[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn stated(model: &Model, row: &Price) -> impl Iterator<Item = Finding> {
    let keys = [("src", row.src.is_some()), ("basis", row.basis.is_some()), ("read", row.read.is_some())];
    let missing = keys.into_iter().filter(|(_, stated)| !stated);
    missing.map(move |(key, _)| Finding::at("evidence", model, row, format!("no `{key}`")))
}

/// Anthropic's prices for caching are factors of the input price, whoever sells the model.
fn claude(model: &Model, row: &Price) -> Vec<Finding> {
    let rate = |class: Class| row.rates[class as usize];
    let Some(input) = rate(Class::Input).filter(|_| model.id.contains("claude") && row.exempt.is_none()) else {
        return Vec::new();
    };
    let is = |class, times: i64, of: i64| {
        rate(class).is_none_or(|rate| i128::from(rate) * i128::from(of) == i128::from(input) * i128::from(times))
    };
    let told = |class: Class, rule: &'static str, words: &str| {
        let rate = rate(class).map(decimal).unwrap_or_default();
        let message = format!("{} {rate} is not {words} input {}", class.name(), decimal(input));
        Finding::at(rule, model, row, message)
    };
    let mut found = Vec::new();
    if !is(Class::CacheWrite1h, 2, 1) {
        found.push(told(Class::CacheWrite1h, "claude_write_1h", "2 x"));
    }
    if !is(Class::CacheWrite5m, 5, 4) {
        found.push(told(Class::CacheWrite5m, "claude_write_5m", "1.25 x"));
    }
    if !CLAUDE_READS.iter().any(|(share, of)| is(Class::CacheRead, *share, *of)) {
        found.push(told(Class::CacheRead, "claude_cache_read", "0.1, 0.05 or 0.025 x"));
    }
    found
}

/// Modes in order of price: each of the first is at most the plain price, each of the others at least.
const CHEAPER: [Mode; 2] = [Mode::Batch, Mode::Flex];
const DEARER: [Mode; 3] = [Mode::Priority, Mode::Fast, Mode::Ultrafast];

fn modes(model: &Model, found: &mut Vec<Finding>) {
    for mode in CHEAPER.into_iter().chain(DEARER) {
        let mut seen = BTreeSet::new();
        let starts: BTreeSet<_> = [mode, Mode::Standard]
            .into_iter()
            .flat_map(|mode| model.rows(mode))
            .map(|row| (row.starts(), row.prompt_min))
            .collect();
        for (at, size) in starts {
            let both = in_force(model, mode, at, size).zip(in_force(model, Mode::Standard, at, size));
            let Some((row, plain)) = both.filter(|(a, b)| a.exempt.is_none() && b.exempt.is_none()) else { continue };
            for class in Class::ALL {
                let (Some(own), Some(usual)) = (row.rates[class as usize], plain.rates[class as usize]) else {
                    continue;
                };
                let wrong = if CHEAPER.contains(&mode) { own > usual } else { own < usual };
                if wrong && seen.insert((row.key(), class)) {
                    let words = if own > usual { "more" } else { "less" };
                    let (name, own, usual) = (class.name(), decimal(own), decimal(usual));
                    let message = format!("{name} {own} is {words} than the standard {usual} of `{}`", plain.key());
                    found.push(Finding::at("mode_order", model, row, message));
                }
            }
        }
    }
}

/// Returns the row of a mode that holds at an instant for a size, outside of windows.
fn in_force(model: &Model, mode: Mode, at: Timestamp, size: u64) -> Option<&Price> {
    let rows = model.rows(mode).iter().filter(|row| row.window.is_none() && row.starts() <= at);
    let latest = rows.clone().map(Price::starts).max()?;
    rows.filter(|row| row.starts() == latest).find(|row| row.holds(size))
}

/// A larger prompt costs more in every class, or it would not be a band of its own.
fn sizes(model: &Model, found: &mut Vec<Finding>) {
    let live: Vec<&Price> = model.prices.iter().filter(|row| row.withdrawn.is_none()).collect();
    for pair in live.windows(2) {
        let (small, large) = (pair[0], pair[1]);
        let one = (small.mode, small.starts(), &small.window) == (large.mode, large.starts(), &large.window);
        if !one || small.exempt.is_some() || large.exempt.is_some() {
            continue;
        }
        for class in Class::ALL {
            if let (Some(low), Some(high)) = (small.rates[class as usize], large.rates[class as usize])
                && high <= low
                && high > 0
            {
                let message = format!(
                    "{} {} is no more than the {} of smaller prompts",
                    class.name(),
                    decimal(high),
                    decimal(low)
                );
                found.push(Finding::at("long_context", model, large, message));
            }
        }
    }
}

/// The days off that a window excepts must be known for some time ahead.
fn holidays(seller: &Seller, now: Timestamp, found: &mut Vec<Finding>) {
    let needed = now.utc().date_naive() + chrono::Days::new(HOLIDAYS_AHEAD);
    for hours in &seller.hours {
        let own = seller.holidays.iter().find(|days| Some(&days.id) == hours.except.as_ref());
        if let Some(days) = own.filter(|days| days.covers_through < needed) {
            let message = format!(
                "the holidays `{}` are known through {}, and needed through {needed}",
                days.id, days.covers_through
            );
            let row = format!("{}/{}", seller.id, hours.id);
            found.push(Finding { rule: "holidays", row, place: Some(days.place.clone()), message });
        }
    }
}
