//! The id of a table: its version and a digest of everything that can change a price.
//!
//! Comments, blanks, the order of rows and their evidence (basis, read, src) are not part of it: correcting a
//! source does not make yesterday's figures another table's.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;

use crate::price::build::Parsed;
use crate::price::deal::{Override, Terms};
use crate::price::rows::{Model, Price, Seller};

/// Returns the id of list prices: `VERSION+` and the first twelve hexadecimal digits of the digest.
pub(super) fn id(version: &str, list: &Parsed) -> String {
    format!("{version}+{}", hex(list, 6))
}

/// Returns the part of an id that stands for a file of overrides: `+ov.` and six hexadecimal digits.
pub(super) fn part(overrides: &Parsed) -> String {
    format!("+ov.{}", hex(overrides, 3))
}

fn hex(parsed: &Parsed, bytes: usize) -> String {
    let sellers = parsed.sellers.iter().flat_map(seller_lines);
    let models = parsed.models.iter().flat_map(model_lines);
    let mut lines: Vec<String> = sellers.chain(models).chain(parsed.overrides.iter().map(override_line)).collect();
    lines.sort_unstable();
    let mut sha = Sha256::new();
    for line in &lines {
        sha.update(line.as_bytes());
        sha.update(b"\n");
    }
    let mut hex = String::new();
    for byte in &sha.finalize()[..bytes] {
        write!(hex, "{byte:02x}").expect("a String takes any text");
    }
    hex
}

fn override_line(deal: &Override) -> String {
    let terms = match &deal.terms {
        Terms::Discount { paid, .. } => format!("{paid:?}"),
        Terms::Rates(rates) => format!("{rates:?}"),
    };
    let (models, modes) = (deal.models.as_ref().map(|ids| sorted(ids)), &deal.modes);
    let (from, to, applies) = (time(deal.from), time(deal.to), (deal.tokens, deal.tools));
    format!("override {:?} {models:?} {modes:?} {from} {to} {terms} {applies:?}", deal.seller)
}

fn seller_lines(seller: &Seller) -> Vec<String> {
    let mut lines = vec![format!("seller {:?} {} {:?}", seller.id, seller.first_party, sorted(&seller.provider_names))];
    for (tier, mode) in &seller.mode_names {
        lines.push(format!("tier {:?} {tier:?} {mode}", seller.id));
    }
    for region in &seller.regions {
        let (from, released) = (time(region.from), time(region.models_released_from));
        let (regions, fraction) = (sorted(&region.regions), region.fraction);
        let mut line = format!("region {:?} {regions:?} {fraction:?} {from} {released}", seller.id);
        line.push_str(if region.is_exclusion { " not" } else { "" });
        append(&mut line, "models", region.models.as_ref().map(|ids| sorted(ids)));
        lines.push(line);
    }
    for tool in &seller.tools {
        let models = tool.models.as_ref().map(|ids| sorted(ids));
        let (per, from, fee) = (tool.per, time(tool.from), tool.pico);
        lines.push(format!("tool {:?} {:?} {fee} {per:?} {from} {models:?}", seller.id, tool.id));
    }
    for alias in &seller.aliases {
        let moves: Vec<_> = alias.moves.iter().map(|step| (time(Some(step.from)), &step.model)).collect();
        lines.push(format!("alias {:?} {:?} {moves:?}", seller.id, sorted(&alias.names)));
    }
    for hours in &seller.hours {
        lines.push(format!(
            "window {:?} {:?} {:?} {:?} {:?}",
            seller.id, hours.id, hours.spans, hours.days, hours.except
        ));
    }
    for days in &seller.holidays {
        lines.push(format!("holidays {:?} {:?} {} {:?}", seller.id, days.id, days.covers_through, days.dates));
    }
    lines
}

fn model_lines(model: &Model) -> Vec<String> {
    let names = [sorted(&model.names), sorted(&model.dated), sorted(&model.strip)];
    let mut lines = vec![format!("model {:?} {:?} {names:?} {}", model.seller, model.id, time(model.released))];
    lines.extend(model.prices.iter().map(|row| price_line(model, row)));
    lines
}

fn price_line(model: &Model, row: &Price) -> String {
    let times = [time(row.from), time(row.known), time(row.withdrawn)];
    let band = (row.prompt_min, row.prompt_max);
    let rates: Vec<_> = row.rates().map(|(class, rate)| (class.name(), rate)).collect();
    let fallback: Vec<_> = row.fallbacks().map(|(class, other)| (class.name(), other.name())).collect();
    let (seller, id, mode, launch) = (&model.seller, &model.id, row.mode, row.since_launch);
    let mut line = format!("price {seller:?} {id:?} {mode} {launch} {times:?} {band:?} {rates:?} {fallback:?}");
    append(&mut line, "window", row.window.as_ref());
    line
}

/// Appends what only some lines have, so that the others, and the ids made of them, stay as they were.
fn append(line: &mut String, name: &str, value: Option<impl std::fmt::Debug>) {
    if let Some(value) = value {
        write!(line, " {name} {value:?}").expect("a String takes any text");
    }
}

fn time(ts: Option<Timestamp>) -> String {
    ts.map(|ts| ts.to_string()).unwrap_or_default()
}

fn sorted(words: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    words
}
