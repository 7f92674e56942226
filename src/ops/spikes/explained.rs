//! Why a jump came about: the question that its command asks, answered beside it.

use crate::analyze::spikes::Spike;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::ops::book::Book;
use crate::ops::spikes;
use crate::ops::spikes::SpikesPlan;
use crate::ops::spikes::table;
use crate::ops::why;
use crate::ops::why::WhyError;
use crate::ops::why::WhyPlan;
use crate::report::Block;
use crate::report::Report;

/// Asks why a jump came about: its span against what came before, over all calls of the question.
pub(super) fn why(book: &Book, plan: &SpikesPlan, spike: &Spike, first: Option<Timestamp>) -> Result<Report, WhyError> {
    let window = Window { since: Some(spike.start), until: Some(spike.end) };
    let question = WhyPlan {
        window,
        versus: spikes::versus(spike, first),
        by: Vec::new(),
        filter: plan.filter.clone(),
        min_share: None,
        now: plan.now,
        zone: plan.zone,
        drawn: false,
    };
    why::run(book, &question)
}

/// Lays the answer out below the jumps.
pub(super) fn blocks(spike: &Spike, reason: Report) -> impl Iterator<Item = Block> {
    let heading = Block::Heading(format!("why {}?", table::series(&spike.key)));
    let rest = reason.blocks.into_iter().skip_while(|block| matches!(block, Block::Heading(_)));
    std::iter::once(heading).chain(rest)
}
