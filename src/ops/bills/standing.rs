//! Which lines of the stored bills count: the newer one where two overlap, and no day twice.

use std::collections::BTreeMap;

use crate::domain::Timestamp;
use crate::domain::invoice::current;
use crate::domain::time::NANOS;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredInvoice;

/// Lines of a stored bill that a newer one took the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// The import of the older bill.
    pub id: i64,
    /// Its path.
    pub path: String,
    /// The import of the newer one.
    pub by: i64,
    /// Lines that no longer count.
    pub lines: u64,
    /// Their amounts by currency, in 1e-12 of it.
    pub amounts: BTreeMap<String, i128>,
    /// What the newer bill has in their place.
    pub instead: BTreeMap<String, i128>,
}

/// The stored bills, and what counts of them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Every bill, oldest first.
    pub invoices: Vec<StoredInvoice>,
    /// What no longer counts.
    pub outdated: Vec<Outdated>,
    /// What exports by model and class say of days of which an export without groups has the whole.
    pub told_twice: BTreeMap<String, i128>,
}

impl Standing {
    /// Returns what counts, by currency.
    pub fn totals(&self) -> BTreeMap<String, i128> {
        let mut totals: BTreeMap<String, i128> = BTreeMap::new();
        let all = self.invoices.iter().flat_map(|invoice| &invoice.totals);
        all.for_each(|(currency, pico)| *totals.entry(currency.clone()).or_default() += pico);
        let gone = self.outdated.iter().flat_map(|outdated| &outdated.amounts).chain(&self.told_twice);
        gone.for_each(|(currency, pico)| *totals.entry(currency.clone()).or_default() -= pico);
        totals
    }

    /// Returns how many lines of a bill no longer count.
    pub fn outdated_lines(&self, id: i64) -> u64 {
        self.outdated.iter().filter(|outdated| outdated.id == id).map(|outdated| outdated.lines).sum()
    }
}

/// Tells what counts of all stored bills.
pub fn standing(store: &Store) -> Result<Standing, StoreError> {
    let invoices = store.invoices()?;
    let meets_another =
        |at: &usize| (0..invoices.len()).any(|other| other != *at && meet(&invoices[other], &invoices[*at]));
    let crowded: Vec<i64> =
        (0..invoices.len()).filter(meets_another).filter_map(|at| invoices[at].document.import).collect();
    let (outdated, told_twice) = outdated(store, &crowded)?;
    Ok(Standing { invoices, outdated, told_twice })
}

/// Tells which lines of other bills one took the place of.
pub fn superseded_by(store: &Store, id: i64) -> Result<Vec<Outdated>, StoreError> {
    let invoices = store.invoices()?;
    let Some(new) = invoices.iter().find(|invoice| invoice.document.import == Some(id)) else { return Ok(Vec::new()) };
    // What came between an older bill and this one lies in the same days, so it is among them.
    let near: Vec<i64> =
        invoices.iter().filter(|other| meet(other, new)).filter_map(|other| other.document.import).collect();
    let (mut outdated, _) = outdated(store, &near)?;
    outdated.retain(|outdated| outdated.by == id);
    Ok(outdated)
}

/// What no longer counts of some bills, and what they tell twice.
type Judged = (Vec<Outdated>, BTreeMap<String, i128>);

fn outdated(store: &Store, imports: &[i64]) -> Result<Judged, StoreError> {
    if imports.len() < 2 {
        return Ok(Judged::default());
    }
    let lines = store.invoice_lines(imports)?;
    let import = |place: u32| lines.documents.get(place as usize).and_then(|document| document.import).unwrap_or(0);
    let found = current::current(&lines);
    let replaced = found.replaced.into_iter().map(|replaced| Outdated {
        id: import(replaced.document),
        path: lines.documents.get(replaced.document as usize).map(|it| it.path.clone()).unwrap_or_default(),
        by: import(replaced.by),
        lines: replaced.lines,
        amounts: replaced.amounts,
        instead: replaced.instead,
    });
    Ok((replaced.collect(), found.told_twice))
}

/// Tells whether two bills speak for a common day.
fn meet(a: &StoredInvoice, b: &StoredInvoice) -> bool {
    matches!((days(a), days(b)), (Some(a), Some(b)) if a.0 <= b.1 && b.0 <= a.1)
}

/// Returns the first and the last UTC day that a bill may speak for.
fn days(invoice: &StoredInvoice) -> Option<(i64, i64)> {
    let (first, last) = invoice.span?;
    let covers = invoice.document.statement.covers;
    let declared = covers.since.is_some() || covers.until.is_some();
    let (since, until) = match declared {
        true => (
            covers.since.unwrap_or(Timestamp(i64::MIN)).min(first),
            covers.until.unwrap_or(Timestamp(i64::MAX)).max(last),
        ),
        false => (first, last),
    };
    let day = |ts: Timestamp| ts.0.div_euclid(86_400 * NANOS);
    Some((day(since), day(until)))
}
