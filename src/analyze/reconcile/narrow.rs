//! Logs that name no key or workspace, where the bill has several: often they are the logs of one of them.
//!
//! A value is believed if its lines alone tie with the calls nearly everywhere, where all lines together do not. The lines
//! of the others are then not logged. Nothing is left out that does not prove itself so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::scope::ProviderScope;
use crate::analyze::reconcile::scope::in_usd;
use crate::analyze::reconcile::sides::Book;
use crate::domain::Usd;
use crate::domain::invoice::Line;
use crate::domain::invoice::TextId;

/// More values than this are not tried one by one.
const MOST: usize = 64;

/// A dimension of a line and of a call.
type Dimension = (&'static str, fn(&Line) -> TextId, fn(&CallGroup) -> bool);

const DIMENSIONS: [Dimension; 2] = [
    ("api_key", |line| line.api_key, |group| group.api_key.is_empty()),
    ("workspace", |line| line.workspace, |group| group.workspace.is_empty()),
];

/// Sets aside the lines of keys and workspaces that the logs are not about.
pub(super) fn narrow(
    question: &Question<'_>,
    provider: &mut ProviderScope,
    groups: &[CallGroup],
    rates: &RateBook<'_>,
    ledger: &mut Ledger,
) {
    let own: Vec<CallGroup> = groups.iter().filter(|group| group.provider == provider.name).cloned().collect();
    if own.is_empty() {
        return;
    }
    for (name, of, is_untold) in DIMENSIONS {
        let values: BTreeSet<TextId> = provider.usage.iter().map(|at| of(&question.lines.rows[*at as usize])).collect();
        if !own.iter().all(is_untold) || values.len() < 2 || values.len() > MOST || values.contains(&TextId(0)) {
            continue;
        }
        let of_value = |value: TextId| -> ProviderScope {
            let mut part = provider.clone();
            part.usage.retain(|at| of(&question.lines.rows[*at as usize]) == value);
            part
        };
        let open = |scope: &ProviderScope| {
            let book = Book::new(question, scope, &mut own.clone(), rates, &mut Ledger::default());
            let billed: Vec<bool> = book
                .bundles
                .iter()
                .flat_map(|bundle| &bundle.cells)
                .filter(|cell| cell.amount != 0)
                .map(|cell| cell.ties())
                .collect();
            let logged = book.bundles.iter().filter(|bundle| bundle.is_logged() && !bundle.billed).count();
            (billed.iter().filter(|ties| !**ties).count() + logged, billed.len())
        };
        let (all, _) = open(provider);
        if all == 0 {
            return;
        }
        let best = values.iter().map(|value| (open(&of_value(*value)), *value)).min();
        // Three cells in four tie, of three at least, and more than without.
        let Some(((left, _), value)) = best.filter(|((left, cells), _)| *cells >= 3 && left * 4 <= *cells) else {
            continue;
        };
        if left >= all {
            continue;
        }
        set_aside(question, provider, (name, of, value), ledger);
    }
}

fn set_aside(
    question: &Question<'_>,
    provider: &mut ProviderScope,
    (name, of, kept): (&'static str, fn(&Line) -> TextId, TextId),
    ledger: &mut Ledger,
) {
    let text = |id: TextId| question.lines.text(id).map(ToString::to_string).unwrap_or_default();
    let mut sums: BTreeMap<TextId, (i128, u64)> = BTreeMap::new();
    let (usage, aside): (Vec<u32>, Vec<u32>) =
        provider.usage.iter().partition(|at| of(&question.lines.rows[**at as usize]) == kept);
    for at in &aside {
        let line = &question.lines.rows[*at as usize];
        if let Some(pico) = line.amount.filter(|_| !line.memo) {
            let sum = sums.entry(of(line)).or_default();
            sum.0 += in_usd(question, line, pico);
            sum.1 += 1;
        }
    }
    for (value, (pico, lines)) in sums {
        ledger.note(Explained {
            cause: Cause::UnloggedKey,
            amount: Usd::from_pico(pico),
            confidence: Confidence::Fits,
            cells: lines,
            scope: vec![("provider", provider.name.to_string()), (name, text(value))],
            evidence: format!(
                "no call names its {name}; the lines of `{}` alone tie with the logs, those of `{}` are not logged",
                text(kept),
                text(value)
            ),
            also: Vec::new(),
        });
    }
    provider.usage = usage;
    provider.unlogged.extend(aside);
}
