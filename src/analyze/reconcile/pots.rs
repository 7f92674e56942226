//! What a bill asks, cell by cell, with what the calls of each owner cost there: what a chargeback splits.
//!
//! The cells are those of the reconciliation before it looks for causes: a bill is split as it was written.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::chargeback::Kind;
use crate::analyze::chargeback::Owner;
use crate::analyze::chargeback::Pot;
use crate::analyze::reconcile::Ask;
use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Prices;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ReconcileError;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::scope;
use crate::analyze::reconcile::scope::ProviderScope;
use crate::analyze::reconcile::scope::in_usd;
use crate::analyze::reconcile::sides::Book;
use crate::domain::Charge;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::invoice::Line;
use crate::domain::rollup::Measures;
use crate::domain::window::Grain;

/// What a provider asks for a month of use, or of anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The provider, by the price table's id where it knows it.
    pub provider: Arc<str>,
    /// What for.
    pub kind: Kind,
    /// The month, by the bill's own days.
    pub month: (Timestamp, Timestamp),
    /// From when to when its money is for.
    pub span: (Timestamp, Timestamp),
}

/// A file of a bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines that count.
    pub lines: u64,
    /// Lines that a newer export replaces.
    pub superseded: u64,
    /// What the lines that count sum to.
    pub control_total: Usd,
}

/// Money that no logged call has a part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unowned {
    /// What it is for.
    pub kind: Kind,
    /// The provider.
    pub provider: Arc<str>,
    /// The model and class of a cell, or the bill's own words.
    pub what: String,
    /// How much.
    pub amount: Usd,
    /// Cells, or lines where no cell can be.
    pub cells: u64,
}

/// A bill's money, ready to be split.
#[derive(Clone, Debug)]
pub struct Pots {
    /// The owners of calls in the compared spans, in order, with what their calls cost there.
    pub owners: Vec<(Owner, Usd)>,
    /// Providers, kinds and months.
    pub places: Vec<Place>,
    /// The money.
    pub pots: Vec<Pot>,
    /// What of it has no owner: the most money first.
    pub unowned: Vec<Unowned>,
    /// Each document's lines.
    pub documents: Vec<Taken>,
    /// From when to when the bills charge.
    pub window: Window,
    /// The zone whose days the first provider's bill counts.
    pub zone: Zone,
    /// The calls of the compared spans.
    pub calls: Measures,
    /// Lines left out because of the window.
    pub outside_lines: u64,
    /// What calls cost on days that the bills do not speak for.
    pub outside_days: Usd,
    /// Dimensions that bill and logs both name, in other words.
    pub unmatched: Vec<String>,
}

/// Puts a bill's money into pots.
///
/// # Errors
/// [`ReconcileError`] where there is no money, logs and bill share no day, or the calls cannot be had.
pub fn pots<C: Calls>(
    question: &Question<'_>,
    calls: &C,
    prices: &dyn Prices,
) -> Result<Pots, ReconcileError<C::Error>> {
    let rates = RateBook::new(prices);
    let scoped = scope::scoped(question, prices)?;
    let mut maker = Maker::default();
    for provider in scoped.providers() {
        let ask = Ask { window: provider.window, zone: provider.zone, grain: Grain::Day, sources: false };
        let mut groups = match provider.periods.0.is_empty() {
            // Tax and the like alone: no day of it can hold calls.
            true => Vec::new(),
            false => calls.groups(ask).map_err(ReconcileError::Calls)?,
        };
        let book = Book::new(question, provider, &mut groups, &rates, &mut Ledger::default());
        maker.take(question, provider, (book, groups), &rates);
    }
    let lines = || scoped.providers().iter().flat_map(|provider| lines_of(question, provider));
    let window = Window { since: lines().map(|line| line.start).min(), until: lines().map(|line| line.end).max() };
    if maker.calls.calls == 0 {
        scope::shares_a_day(question, window, calls.span().map_err(ReconcileError::Calls)?)?;
    }
    let zone = scoped.providers().first().map_or(Zone::UTC, |provider| provider.zone);
    let mut pots = maker.done(window, zone);
    (pots.documents, pots.outside_lines) = (documents(question), scoped.outside);
    Ok(pots)
}

/// Returns all lines of a provider.
fn lines_of<'q>(question: &'q Question<'_>, scope: &'q ProviderScope) -> impl Iterator<Item = &'q Line> {
    let places = scope.usage.iter().chain(&scope.control).chain(&scope.apart);
    places.map(|at| &question.lines.rows[*at as usize])
}

/// Pots in the making.
#[derive(Default)]
struct Maker {
    owners: BTreeMap<Owner, i128>,
    places: Vec<Place>,
    /// Pots with the owners themselves: their places are known once all are.
    pots: Vec<(Pot, Vec<(Owner, i128)>)>,
    unowned: BTreeMap<(Kind, Arc<str>, String), (i128, u64)>,
    calls: Measures,
    outside: i128,
    unmatched: BTreeSet<String>,
}

impl Maker {
    fn take(
        &mut self,
        question: &Question<'_>,
        scope: &ProviderScope,
        (mut book, mut groups): (Book, Vec<CallGroup>),
        rates: &RateBook<'_>,
    ) {
        for group in groups.iter().filter(|group| book.periods.holding(group.start).is_some()) {
            self.calls.add(&group.measures);
        }
        self.outside += book.outside;
        self.unmatched.extend(book.unmatched.iter().map(|words| format!("{} {words}", book.provider)));
        let mut weights: HashMap<(usize, usize), Vec<(Owner, i128)>> = HashMap::new();
        book.weigh_owners(&mut groups, rates, |owner, bundle, cell, cost| {
            *self.owners.entry(Arc::clone(owner)).or_default() += cost;
            weights.entry((bundle, cell)).or_default().push((Arc::clone(owner), cost));
        });
        let mut billed = 0;
        for (at, bundle) in book.bundles.iter().enumerate() {
            for (place, cell) in bundle.cells.iter().enumerate().filter(|(_, cell)| cell.amount != 0) {
                billed += cell.amount;
                let span = book.periods.0[bundle.period as usize];
                let place_of = self.place(scope, Kind::Usage, span);
                let own = weights.remove(&(at, place)).unwrap_or_default();
                if own.iter().all(|(_, cost)| *cost <= 0) {
                    let what = [bundle.model.as_ref(), &cell.item.name()].join(" ");
                    self.unowned(scope, Kind::Unattributed, what.trim_start(), cell.amount);
                }
                self.pots.push((pot(place_of, Kind::Usage, cell.amount), own));
            }
        }
        let row = |at: &u32| &question.lines.rows[*at as usize];
        // What a sum over everything holds beyond its parts is on the bill, and no cell's.
        if let Some(first) = scope.control.first() {
            let total: i128 =
                scope.control.iter().map(|at| in_usd(question, row(at), row(at).amount.unwrap_or(0))).sum();
            let place = self.place(scope, Kind::Usage, (row(first).start, row(first).end));
            self.pots.push((pot(place, Kind::Unattributed, total - billed), Vec::new()));
            self.unowned(scope, Kind::Unattributed, "in the sum over everything and in no part of it", total - billed);
        }
        for line in scope.apart.iter().map(row).filter(|line| !line.memo) {
            let Some(pico) = line.amount else { continue };
            let (kind, pico) = (kind_of(line.charge), in_usd(question, line, pico));
            let place = self.place(scope, kind, (line.start, line.end));
            self.pots.push((pot(place, kind, pico), Vec::new()));
            let words = question.lines.text(line.description).map_or(line.charge.name(), AsRef::as_ref);
            self.unowned(scope, kind, words, pico);
        }
    }

    fn unowned(&mut self, scope: &ProviderScope, kind: Kind, what: &str, pico: i128) {
        let sum = self.unowned.entry((kind, Arc::clone(&scope.name), what.to_string())).or_default();
        (sum.0, sum.1) = (sum.0 + pico, sum.1 + 1);
    }

    fn place(&mut self, scope: &ProviderScope, kind: Kind, span: (Timestamp, Timestamp)) -> u32 {
        let month = Grain::Month.bucket(span.0, scope.zone);
        let same = |place: &Place| place.provider == scope.name && place.kind == kind && place.month == month;
        let known = self.places.iter().position(same);
        let at = known.unwrap_or_else(|| {
            self.places.push(Place { provider: Arc::clone(&scope.name), kind, month, span });
            self.places.len() - 1
        });
        let own = &mut self.places[at].span;
        *own = (own.0.min(span.0), own.1.max(span.1));
        at as u32
    }

    fn done(self, window: Window, zone: Zone) -> Pots {
        let owners: Vec<(Owner, Usd)> =
            self.owners.into_iter().map(|(owner, cost)| (owner, Usd::from_pico(cost))).collect();
        let place = |owner: &Owner| owners.binary_search_by(|(known, _)| known.cmp(owner)).ok();
        let weighed = |(pot, own): (Pot, Vec<(Owner, i128)>)| Pot {
            weights: own.iter().filter_map(|(owner, cost)| Some((place(owner)? as u32, *cost))).collect(),
            ..pot
        };
        let unowned = |((kind, provider, what), (pico, cells))| Unowned {
            kind,
            provider,
            what,
            amount: Usd::from_pico(pico),
            cells,
        };
        let mut unowned: Vec<Unowned> = self.unowned.into_iter().map(unowned).collect();
        unowned.retain(|unowned| unowned.amount != Usd::ZERO);
        unowned.sort_by_key(|unowned| std::cmp::Reverse(unowned.amount.pico().abs()));
        Pots {
            unowned,
            pots: self.pots.into_iter().map(weighed).filter(|pot| pot.pico != 0).collect(),
            owners,
            places: self.places,
            calls: self.calls,
            outside_days: Usd::from_pico(self.outside),
            unmatched: self.unmatched.into_iter().collect(),
            documents: Vec::new(),
            window,
            zone,
            outside_lines: 0,
        }
    }
}

fn pot(place: u32, kind: Kind, pico: i128) -> Pot {
    Pot { place, kind, pico, weights: Vec::new() }
}

/// Tells what a line is that no log can hold.
fn kind_of(charge: Charge) -> Kind {
    match charge {
        Charge::Tax => Kind::Tax,
        Charge::Credit => Kind::Credits,
        Charge::Commitment | Charge::Seat => Kind::Commitment,
        // Use of nobody knows what.
        charge if charge.is_usage() => Kind::Unattributed,
        _ => Kind::Other,
    }
}

fn documents(question: &Question<'_>) -> Vec<Taken> {
    let mut all = vec![Taken::default(); question.lines.documents.len()];
    for (at, line) in question.lines.rows.iter().enumerate() {
        let Some(taken) = all.get_mut(line.document as usize) else { continue };
        if !question.keep[at] {
            taken.superseded += 1;
            continue;
        }
        taken.lines += 1;
        let pico = line.amount.filter(|_| !line.memo).unwrap_or(0);
        taken.control_total += Usd::from_pico(in_usd(question, line, pico));
    }
    all
}
