//! The first pass over the calls: what each value costs in all, what runs and kinds of work cost a day.
//!
//! Only sums of whole numbers, so that the order of the calls does not matter.

use hashbrown::HashMap;

use crate::analyze::spikes::Axes;
use crate::analyze::spikes::grid::Grid;
use crate::domain::rollup::Rows;

/// More kinds of work, or models, than this are not kinds: a dimension has a value a call, and no usual cost.
const MOST_KINDS: usize = 4_096;

/// So many kinds are remembered beside the table of all.
const RECENT: usize = 8_192;

/// What the first pass learns.
pub(super) struct Gathered {
    /// Calls of each bucket.
    pub(super) calls: Vec<u64>,
    /// Cost of each day in picodollars.
    pub(super) days: Vec<i128>,
    /// Cost by axis and code, in picodollars.
    pub(super) spent: Vec<Vec<i128>>,
    /// By code of the run.
    pub(super) runs: Vec<Run>,
    /// Days of each kind of work.
    pub(super) work: Kinds,
    /// Days of each kind of work by each model.
    pub(super) models: Kinds,
}

/// A unit of agent work; a call without one is a run of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Cost in picodollars.
    pub(super) cost: i64,
    pub(super) calls: u32,
    pub(super) tokens: u64,
    /// Cost of the failed calls in picodollars.
    pub(super) failed: i64,
    /// Its first instant.
    pub(super) first: i64,
    /// Cost and feature of the call there, the dearest if there are several.
    pub(super) lead: (i64, u32),
    /// Its last instant.
    pub(super) last: i64,
}

impl Run {
    const NONE: Run = Run { cost: 0, calls: 0, tokens: 0, failed: 0, first: i64::MAX, lead: (0, 0), last: i64::MIN };

    /// A call that is a run of its own.
    pub(super) fn single(cost: i64, tokens: u64, failed: bool) -> Run {
        Run { cost, calls: 1, tokens, failed: if failed { cost } else { 0 }, ..Run::NONE }
    }
}

/// Sums of one kind of calls on one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Day {
    pub(super) cost: i64,
    pub(super) calls: u32,
    pub(super) tokens: u64,
    pub(super) failed: i64,
}

/// Days of kinds of calls, which are told apart by the codes of some axes.
#[derive(Default)]
pub(super) struct Kinds {
    ids: HashMap<[u32; 4], u32>,
    /// Kinds met of late, by a sum of their codes: most calls are of one of them.
    recent: Vec<([u32; 4], u32)>,
    /// Sums by kind and day; empty where there are too many kinds.
    pub(super) days: Vec<Vec<Day>>,
    /// The kind of each call of the grid, as they came; empty where there are too many.
    of_calls: Vec<u16>,
    is_over: bool,
}

impl Kinds {
    /// Returns the number of a kind.
    fn id(&mut self, codes: [u32; 4]) -> usize {
        let mixed = codes.iter().fold(0u32, |sum, code| sum.wrapping_mul(31).wrapping_add(*code));
        let place = mixed as usize % RECENT;
        if let Some((_, id)) = self.recent.get(place).filter(|(known, _)| *known == codes) {
            return *id as usize;
        }
        let next = self.ids.len() as u32;
        let id = *self.ids.entry(codes).or_insert(next);
        // No call has these codes: axes have fewer values than that.
        self.recent.resize(RECENT, ([u32::MAX; 4], 0));
        self.recent[place] = (codes, id);
        id as usize
    }

    fn add(&mut self, codes: [u32; 4], day: usize, days: usize, call: &Run) {
        if self.is_over {
            return;
        }
        let id = self.id(codes);
        if id >= self.days.len() {
            if id >= MOST_KINDS {
                *self = Kinds { is_over: true, ..Kinds::default() };
                return;
            }
            self.days.resize_with(id + 1, || vec![Day::default(); days]);
        }
        // Below the bound on kinds.
        self.of_calls.push(id as u16);
        let sums = &mut self.days[id][day];
        sums.cost = sums.cost.saturating_add(call.cost);
        sums.calls += 1;
        sums.tokens += call.tokens;
        sums.failed = sums.failed.saturating_add(call.failed);
    }

    /// Returns the kind of a call by its place among those of the grid.
    pub(super) fn of_call(&self, place: usize) -> Option<usize> {
        self.of_calls.get(place).map(|id| usize::from(*id))
    }

    /// Tells whether there are too many.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Gathered {
    pub(super) fn new(grid: &Grid, axes: &Axes) -> Gathered {
        Gathered {
            calls: vec![0; grid.len()],
            days: vec![0; grid.days.len()],
            spent: vec![Vec::new(); axes.all.len()],
            runs: Vec::new(),
            work: Kinds::default(),
            models: Kinds::default(),
        }
    }

    /// Adds calls; those outside the grid do not count.
    pub(super) fn add(&mut self, grid: &Grid, axes: &Axes, rows: &Rows<'_>) {
        let mut hint = 0;
        for row in 0..rows.at.len() {
            let Some(bucket) = grid.bucket(rows.at[row], &mut hint) else { continue };
            let (cost, day) = (rows.cost[row], grid.day_of[bucket]);
            self.calls[bucket] += 1;
            self.days[day] += i128::from(cost);
            for axis in &axes.series {
                let code = rows.codes[*axis][row] as usize;
                let spent = &mut self.spent[*axis];
                if code >= spent.len() {
                    spent.resize(code + 1, 0);
                }
                spent[code] += i128::from(cost);
            }
            let call = Run::single(cost, rows.tokens[row], rows.failed[row]);
            self.work.add(axes.work(rows, row), day, grid.days.len(), &call);
            self.models.add(axes.work_of_model(rows, row), day, grid.days.len(), &call);
            self.add_run(rows.codes[axes.run][row] as usize, rows.codes[axes.feature][row], rows.at[row], &call);
        }
    }

    fn add_run(&mut self, code: usize, feature: u32, at: i64, call: &Run) {
        if code >= self.runs.len() {
            self.runs.resize(code + 1, Run::NONE);
        }
        if code == 0 {
            return;
        }
        let run = &mut self.runs[code];
        run.cost = run.cost.saturating_add(call.cost);
        run.calls += 1;
        run.tokens += call.tokens;
        run.failed = run.failed.saturating_add(call.failed);
        if at < run.first || (at == run.first && call.cost > run.lead.0) {
            (run.first, run.lead) = (at, (call.cost, feature));
        }
        run.last = run.last.max(at);
    }
}
