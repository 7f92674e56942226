//! What the calls of each owner cost in each cell.

use crate::analyze::chargeback::Owner;
use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::build::Places;

impl Book {
    /// Puts one owner's calls after the other's into the cells and tells what they cost there: (owner, bundle, cell,
    /// picodollars), owners in order. The cells' own side of the logs is empty afterwards.
    pub(in crate::analyze::reconcile) fn weigh_owners(
        &mut self,
        groups: &mut [CallGroup],
        rates: &RateBook<'_>,
        mut on: impl FnMut(&Owner, usize, usize, i128),
    ) {
        groups.sort_by(|a, b| a.owner.cmp(&b.owner));
        let mut places = Places::of(&self.bundles);
        self.bundles.iter_mut().flat_map(|bundle| &mut bundle.cells).for_each(|cell| cell.log.clear());
        for own in groups.chunk_by(|a, b| a.owner == b.owner) {
            self.take_calls(own, rates, &mut places);
            for (at, bundle) in self.bundles.iter_mut().enumerate() {
                for (place, cell) in bundle.cells.iter_mut().enumerate().filter(|(_, cell)| !cell.log.is_empty()) {
                    let cost = cell.log.drain(..).map(|strand| strand.amount).sum();
                    on(&own[0].owner, at, place, cost);
                }
            }
        }
    }
}
