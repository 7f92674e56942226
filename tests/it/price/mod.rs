//! The price room. Worked examples computed by hand, laws over whole tables, and files that must be refused.
//!
//! `examples` are the twenty of the rules, then come the parts of a file one by one, `by_hand` is a second reading of
//! a table that `laws` compares with the room, `files` and `blocks` say what is refused and where.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use attr::domain::call::Unpriced;
use attr::domain::money::{Usd, parse_scaled};
use attr::domain::time::{NANOS, Timestamp};
use attr::domain::tokens::{Class, MAX_TOKENS, Tokens};
use attr::price::{Bill, Mode, Model, Price, PriceError, Request, Table};
use proptest::prelude::*;

use Class::{AudioIn, CacheRead, CacheWrite1h, CacheWrite5m, CacheWrite12h, CacheWrite30m, Input, Output};

mod blocks;
mod by_hand;
mod deals;
mod examples;
mod fees;
mod files;
mod hours;
mod laws;
mod mutations;
mod names;
mod reasons;
mod rows;
mod sellers;
mod tables;

fn builtin() -> &'static Table {
    static TABLE: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| Table::builtin().unwrap())
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap().ts
}

fn tokens(counts: &[(Class, u64)]) -> Tokens {
    let mut tokens = Tokens::default();
    counts.iter().for_each(|(class, count)| tokens.set(*class, *count));
    tokens
}

/// A call to be priced, said shortly.
struct Ask<'a> {
    table: &'a Table,
    request: Request<'a>,
    ts: Timestamp,
    tools: Vec<(&'a str, u64)>,
}

impl<'a> Ask<'a> {
    fn tier(mut self, tier: &'a str) -> Self {
        self.request.tier = Some(tier);
        self
    }
    fn region(mut self, region: &'a str) -> Self {
        self.request.region = Some(region);
        self
    }
    fn on(mut self, time: &str) -> Self {
        self.ts = at(time);
        self
    }
    fn tool(mut self, id: &'a str, uses: u64) -> Self {
        self.tools.push((id, uses));
        self
    }
    fn of(mut self, table: &'a Table) -> Self {
        self.table = table;
        self
    }
    fn bill(&self, counts: &[(Class, u64)]) -> Result<Bill, Unpriced> {
        let plan = self.table.resolve(&self.request)?;
        let tools = || self.tools.iter().copied();
        let bill = plan.itemise(self.ts, &tokens(counts), tools());
        let priced = plan.price(self.ts, &tokens(counts), tools());
        // Law: both ways of adding up agree, whatever the call.
        let figures = bill.as_ref().map(|bill| (bill.cost, bill.list.unwrap_or(bill.cost), bill.fallback));
        assert_eq!(priced.map(|priced| (priced.cost, priced.list, priced.fallback)), figures.map_err(|reason| *reason));
        if let Ok(bill) = &bill {
            let sums = by_hand::sums(bill);
            assert_eq!(
                (Usd::from_atto(sums.net), Usd::from_atto(sums.list)),
                (bill.cost, bill.list.unwrap_or(bill.cost))
            );
        }
        bill
    }
    fn usd(&self, counts: &[(Class, u64)]) -> String {
        self.bill(counts).unwrap().cost.to_string()
    }
    fn why(&self, counts: &[(Class, u64)]) -> Unpriced {
        self.bill(counts).unwrap_err()
    }
}

/// Asks the built-in table about a model of a seller, at a moment when every current row holds.
fn ask<'a>(provider: &'a str, model: &'a str) -> Ask<'a> {
    let request = Request { provider: Some(provider), model: Some(model), tier: None, region: None };
    Ask { table: builtin(), request, ts: at("2026-11-20T12:00:00Z"), tools: Vec::new() }
}

/// One token: enough to ask for a reason.
const ONE: &[(Class, u64)] = &[(Input, 1)];

/// A decimal as whole units of 1e-12, by moving the point in the text.
fn pico(decimal: &str) -> i128 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{fraction:0<12}").parse().unwrap()
}

/// Rounds a fraction half to even.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (down, left) = (numerator / denominator, numerator % denominator);
    let up = 2 * left > denominator || (2 * left == denominator && down % 2 == 1);
    down + i128::from(up)
}

/// An invented seller that uses everything a file can say, and what somebody agreed with it.
const WORKSHOP: &str = include_str!("workshop.toml");
const WORKSHOP_DEALS: &str = include_str!("workshop-deals.toml");

/// Loads one file's text.
fn table(text: &str) -> Table {
    load(text).unwrap_or_else(|error| panic!("{error} ({:?})\n{text}", error.hint()))
}

fn load(text: &str) -> Result<Table, PriceError> {
    Table::from_text(&format!("#@ file mine.toml\n{text}"))
}

/// Loads one file's text and a file of overrides on top of it.
fn with(list: &str, overrides: &str) -> Result<Table, PriceError> {
    Table::from_text(&format!("#@ file mine.toml\n{list}\n#@ overrides deals.toml\n{overrides}"))
}

/// Puts overrides on top of the built-in table.
fn agreed(overrides: &str) -> Table {
    agreed_or_not(overrides).unwrap_or_else(|error| panic!("{error} ({:?})\n{overrides}", error.hint()))
}

fn agreed_or_not(overrides: &str) -> Result<Table, PriceError> {
    Table::from_text(&format!("{}#@ overrides deals.toml\n{overrides}", builtin().text()))
}

/// A file with one model `m` of seller `s` and one row.
fn one_model(row: &str) -> String {
    format!("seller = \"s\"\n\n[[model]]\nid = \"m\"\n\n[[model.price]]\n{row}\n")
}

/// A row from 2026 on; in `one_model` it stands in lines 7 to 9.
const ROW: &str = "mode = \"standard\"\nfrom = 2026-01-01\nusd_per_mtok = { input = \"1\", output = \"2\" }\n";

/// Loads a wrong file and checks the place and words of the message.
fn refused(text: &str, line: usize, words: &str, hint: &str) {
    blames(load(text), &format!("mine.toml:{line}: "), words, hint);
}

/// Checks where an error points, what it says and what it advises.
fn blames(found: Result<Table, PriceError>, place: &str, words: &str, hint: &str) {
    let Err(error) = found else { panic!("`{words}` was expected, and the table is fine") };
    let message = error.to_string();
    assert!(message.starts_with(place), "`{place}` was expected: {message}");
    assert!(message.contains(words), "`{words}` was expected: {message}");
    assert!(error.hint().is_some_and(|said| said.contains(hint)), "`{hint}` was expected: {:?}", error.hint());
}
