//! The id of a table: its version and a digest of everything that can change a price.
//!
//! Comments, blanks, the order of rows and their evidence (basis, read, src) are not part of it: correcting a
//! source does not make yesterday's figures another table's.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::domain::time::Timestamp;

use crate::price::rows::{Model, Price, Seller};

/// Returns `VERSION+` and the first twelve hexadecimal digits of the digest.
pub(super) fn id(version: &str, sellers: &[Seller], models: &[Model]) -> String {
    let mut lines: Vec<String> =
        sellers.iter().flat_map(seller_lines).chain(models.iter().flat_map(model_lines)).collect();
    lines.sort_unstable();
    let mut sha = Sha256::new();
    for line in &lines {
        sha.update(line.as_bytes());
        sha.update(b"\n");
    }
    let mut id = format!("{version}+");
    for byte in &sha.finalize()[..6] {
        write!(id, "{byte:02x}").expect("a String takes any text");
    }
    id
}

fn seller_lines(seller: &Seller) -> Vec<String> {
    let mut lines = vec![format!("seller {:?} {} {:?}", seller.id, seller.first_party, sorted(&seller.provider_names))];
    for (tier, mode) in &seller.mode_names {
        lines.push(format!("tier {:?} {tier:?} {mode}", seller.id));
    }
    for region in &seller.regions {
        let (from, released) = (time(region.from), time(region.models_released_from));
        let regions = sorted(&region.regions);
        lines.push(format!("region {:?} {regions:?} {:?} {from} {released}", seller.id, region.fraction));
    }
    for tool in &seller.tools {
        let models = tool.models.as_ref().map(|ids| sorted(ids));
        let (per, from, fee) = (tool.per, time(tool.from), tool.pico_per_1000);
        lines.push(format!("tool {:?} {:?} {fee} {per:?} {from} {models:?}", seller.id, tool.id));
    }
    for alias in &seller.aliases {
        let moves: Vec<_> = alias.moves.iter().map(|step| (time(Some(step.from)), &step.model)).collect();
        lines.push(format!("alias {:?} {:?} {moves:?}", seller.id, sorted(&alias.names)));
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
    format!("price {seller:?} {id:?} {mode} {launch} {times:?} {band:?} {rates:?} {fallback:?}")
}

fn time(ts: Option<Timestamp>) -> String {
    ts.map(|ts| ts.to_string()).unwrap_or_default()
}

fn sorted(words: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    words
}
