//! Which lines of several bills count, where the bills overlap.
//!
//! Two exports of one account overlap in days, and rows that look alike are two charges, so rows cannot be matched. The
//! newer document has the last word on whole slices: all lines of a payer that start on one UTC day. Cost and usage
//! files stand side by side, so lines with an amount and lines without are slices of their own. So do an export that was
//! grouped and one of whole days alone: the days hold what a cap on groups leaves out of the other, and neither can
//! speak for the other's rows. Nothing of this is stored: without the newer document the older one counts again.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

use crate::domain::invoice::Charge;
use crate::domain::invoice::Line;
use crate::domain::invoice::Lines;
use crate::domain::invoice::TextId;
use crate::domain::time::NANOS;
use crate::domain::time::Timestamp;

/// Nanoseconds in a UTC day.
const DAY: i64 = 86_400 * NANOS;

/// Who is charged by whom, and in which kind of rows.
type Payer = (TextId, TextId, Rows);

/// What kind of rows a slice is of; kinds stand side by side.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Rows {
    /// What was used, without money.
    Usage,
    /// Amounts of models and classes.
    Grouped,
    /// Amounts of an export that was not grouped: calls, of whatever model.
    Whole,
}

/// What counts of several documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Superseded {
    /// For each line, whether it counts.
    pub keep: Vec<bool>,
    /// What no longer counts, by the document it is in and the one that took its place first.
    pub replaced: Vec<Replaced>,
    /// Amounts of grouped lines that count, on days of which an export without groups counts too: a sum over all lines
    /// that count holds these days twice.
    pub told_twice: BTreeMap<String, i128>,
}

/// Lines of a document that a newer one took the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// The older document's place among [`Lines::documents`].
    pub document: u32,
    /// The place of the next newer document that speaks for the same slices.
    pub by: u32,
    /// Lines that no longer count.
    pub lines: u64,
    /// Their amounts by currency, in 1e-12 of it; memo lines left out.
    pub amounts: BTreeMap<String, i128>,
    /// What the newer document has in the same slices.
    pub instead: BTreeMap<String, i128>,
}

/// A document's word on a slice.
#[derive(Clone, Copy)]
struct Claim {
    document: u32,
    /// Whether it has a line there; otherwise it covers the day and says by silence that there was no charge.
    has_lines: bool,
}

/// Decides which lines count.
pub fn current(lines: &Lines) -> Superseded {
    if lines.documents.len() < 2 {
        return Superseded { keep: vec![true; lines.rows.len()], ..Superseded::default() };
    }
    let (slices, claims) = claims(lines);
    let mut found = Superseded { keep: Vec::with_capacity(lines.rows.len()), ..Superseded::default() };
    let mut places: HashMap<(u32, u32), usize> = HashMap::new();
    for (line, slice) in lines.rows.iter().zip(&slices) {
        let claims = &claims[*slice as usize];
        let own = claims.partition_point(|claim| claim.document < line.document);
        found.keep.push(own + 1 == claims.len());
        if let Some(next) = claims.get(own + 1) {
            let entry = entry(&mut found.replaced, &mut places, line.document, next.document);
            entry.lines += 1;
            add(&mut entry.amounts, lines, line);
        }
        // A silent document before this one had nothing to be replaced.
        if let Some(before) = own.checked_sub(1).map(|at| claims[at]).filter(|claim| claim.has_lines) {
            let entry = entry(&mut found.replaced, &mut places, before.document, line.document);
            add(&mut entry.instead, lines, line);
        }
    }
    found.told_twice = told_twice(lines, &found.keep);
    found.replaced.sort_unstable_by_key(|replaced| (replaced.document, replaced.by));
    found
}

fn told_twice(lines: &Lines, keep: &[bool]) -> BTreeMap<String, i128> {
    let whole = ungrouped(lines);
    let kept = || lines.rows.iter().zip(keep).filter(|(_, keep)| **keep).map(|(line, _)| (line, payer(line, &whole)));
    let day = |line: &Line| line.start.0.div_euclid(DAY);
    let of_whole = kept().filter(|(_, payer)| payer.2 == Rows::Whole);
    let days: HashSet<_> = of_whole.map(|(line, payer)| (payer.0, payer.1, day(line))).collect();
    let mut sums = BTreeMap::new();
    for (line, payer) in kept().filter(|(_, payer)| payer.2 == Rows::Grouped) {
        if days.contains(&(payer.0, payer.1, day(line))) {
            add(&mut sums, lines, line);
        }
    }
    sums
}

fn entry<'r>(
    replaced: &'r mut Vec<Replaced>,
    places: &mut HashMap<(u32, u32), usize>,
    document: u32,
    by: u32,
) -> &'r mut Replaced {
    let place = *places.entry((document, by)).or_insert_with(|| {
        replaced.push(Replaced { document, by, ..Replaced::default() });
        replaced.len() - 1
    });
    &mut replaced[place]
}

/// Adds what a line charges to sums by currency, as a control total does.
fn add(sums: &mut BTreeMap<String, i128>, lines: &Lines, line: &Line) {
    let Some(amount) = line.amount.filter(|_| !line.memo) else { return };
    let currency = lines.text(line.currency).map_or("", |text| &**text);
    match sums.get_mut(currency) {
        Some(sum) => *sum += amount,
        None => drop(sums.insert(currency.to_string(), amount)),
    }
}

/// Returns the slice of each line by number, and who speaks for each slice, oldest first.
fn claims(lines: &Lines) -> (Vec<u32>, Vec<Vec<Claim>>) {
    let mut numbers: HashMap<(Payer, i64), u32> = HashMap::new();
    let mut claims: Vec<Vec<Claim>> = Vec::new();
    let mut slices = Vec::with_capacity(lines.rows.len());
    let mut last = None;
    let whole = ungrouped(lines);
    for line in &lines.rows {
        let key = (payer(line, &whole), line.start.0.div_euclid(DAY));
        let slice = match last {
            // Files go by days: most lines are in the slice of the line before.
            Some((known, slice)) if known == key => slice,
            _ => *numbers.entry(key).or_insert_with(|| {
                claims.push(Vec::new());
                (claims.len() - 1) as u32
            }),
        };
        last = Some((key, slice));
        slices.push(slice);
        let of_slice = &mut claims[slice as usize];
        if of_slice.last().is_none_or(|claim| claim.document != line.document) {
            of_slice.push(Claim { document: line.document, has_lines: true });
        }
    }
    let covering = covering(lines, &whole);
    for ((payer, day), slice) in &numbers {
        let of_slice = &mut claims[*slice as usize];
        for document in covering.get(payer).into_iter().flatten() {
            if of_slice.iter().all(|claim| claim.document != *document) && covers(lines, *document, *day) {
                of_slice.push(Claim { document: *document, has_lines: false });
            }
        }
        of_slice.sort_unstable_by_key(|claim| claim.document);
        of_slice.dedup_by_key(|claim| claim.document);
    }
    (slices, claims)
}

fn payer(line: &Line, whole: &[bool]) -> Payer {
    let rows = match line.amount {
        None => Rows::Usage,
        Some(_) if whole.get(line.document as usize).is_some_and(|whole| *whole) => Rows::Whole,
        Some(_) => Rows::Grouped,
    };
    (line.provider, line.account, rows)
}

/// Tells of each document whether it was not grouped: each amount is of whole calls and no model is named.
fn ungrouped(lines: &Lines) -> Vec<bool> {
    let mut whole = vec![true; lines.documents.len()];
    let is_grouped = |line: &&Line| line.amount.is_some() && (line.charge != Charge::Call || line.model != TextId(0));
    for line in lines.rows.iter().filter(is_grouped) {
        if let Some(whole) = whole.get_mut(line.document as usize) {
            *whole = false;
        }
    }
    whole
}

/// Returns the documents that declare a span, by the payers they have lines of.
fn covering(lines: &Lines, whole: &[bool]) -> HashMap<Payer, Vec<u32>> {
    let declares: Vec<bool> = lines
        .documents
        .iter()
        .map(|document| document.statement.covers.since.is_some() || document.statement.covers.until.is_some())
        .collect();
    let own = lines.rows.iter().filter(|line| declares.get(line.document as usize).is_some_and(|declares| *declares));
    let pairs: HashSet<(Payer, u32)> = own.map(|line| (payer(line, whole), line.document)).collect();
    let mut covering: HashMap<Payer, Vec<u32>> = HashMap::new();
    for (payer, document) in pairs {
        covering.entry(payer).or_default().push(document);
    }
    covering
}

/// Tells whether a document's declared span holds a whole day.
fn covers(lines: &Lines, document: u32, day: i64) -> bool {
    let window = lines.documents[document as usize].statement.covers;
    window.since.is_none_or(|since| since <= Timestamp(day * DAY))
        && window.until.is_none_or(|until| until >= Timestamp((day + 1) * DAY))
}
