//! The second pass over the calls: what each series that is worth it costs in each bucket, and what its calls usually
//! cost.
//!
//! Calls of a run are not independent: what a statistic needs is sums over runs of squares. `sum over a run's calls of
//! (call x run)` is such a square, so each call carries its run along, and a bucket has its part of the square.

use hashbrown::HashMap;

use crate::analyze::spikes::Axes;
use crate::analyze::spikes::gather::Gathered;
use crate::analyze::spikes::gather::Run;
use crate::analyze::spikes::grid::Grid;
use crate::analyze::spikes::rates::Rate;
use crate::analyze::spikes::usd;
use crate::domain::rollup::Rows;

const NONE: u32 = u32::MAX;

/// One bucket of a series.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Picodollars. An hour of one series that costs more than 9.2 million dollars counts as that.
    pub(super) cost: i64,
    pub(super) calls: u32,
    /// Sum of squares of its runs, in dollars squared.
    pub(super) squares: f64,
    /// What its calls would cost at the usual rates of their work, in dollars.
    pub(super) volume: f64,
    /// Sum of squares of its runs at those rates.
    pub(super) volume_squares: f64,
    /// Its runs, each shared out over its calls.
    pub(super) runs: f64,
}

/// What the calls of a bucket usually cost, by some way of telling.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usual {
    /// Dollars.
    pub(super) amount: f64,
    /// Sum over runs of (usual amount squared).
    pub(super) squares: f64,
    /// Sum over runs of 2 x (amount x usual amount).
    pub(super) cross: f64,
    /// What the variance of the amount goes with: for a size the usual amount squared, for what happens to a call or
    /// not its chance times the square of what is at stake.
    pub(super) chance: f64,
}

impl Usual {
    /// Returns what one call adds.
    fn of(call: f64, run: f64, usual: f64, run_usual: f64) -> Usual {
        let squares = usual * run_usual;
        Usual { amount: usual, squares, chance: squares, cross: call * run_usual + usual * run }
    }

    fn add(&mut self, other: &Usual) {
        self.amount += other.amount;
        self.squares += other.squares;
        self.cross += other.cross;
        self.chance += other.chance;
    }
}

/// One bucket of a series, as what its calls cost each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnitCell {
    pub(super) cost: i64,
    pub(super) squares: f64,
    pub(super) by_call: Usual,
    pub(super) by_token: Usual,
    /// Picodollars of failed calls.
    pub(super) failed: i64,
    pub(super) failed_squares: f64,
    pub(super) by_failure: Usual,
}

/// Places of the values of an axis among the series.
#[derive(Default)]
struct Places {
    axis: usize,
    /// By code the place, or [`NONE`].
    of: Vec<u32>,
}

impl Places {
    fn get(&self, code: u32) -> Option<usize> {
        self.of.get(code as usize).copied().filter(|place| *place != NONE).map(|place| place as usize)
    }
}

/// The buckets of all series.
pub(super) struct Cells {
    /// Axis and code of each series of costs; the first has none and is the total.
    pub(super) series: Vec<Option<(usize, u32)>>,
    /// Axis and code of each series of units.
    pub(super) units: Vec<(usize, u32)>,
    places: Vec<Places>,
    unit_places: Vec<Places>,
    /// How many calls were added.
    calls: usize,
    /// Bucket by bucket, a cell a series: calls come in order of time more often than not.
    cells: Vec<Cell>,
    unit_cells: Vec<UnitCell>,
    /// Calls of the runs that are looked at: instant and picodollars.
    pub(super) of_runs: HashMap<u32, Vec<(i64, i64)>>,
}

impl Cells {
    /// Makes room for series of costs, of units, and for the calls of some runs.
    pub(super) fn new(grid: &Grid, series: &[(usize, Vec<u32>)], units: &[(usize, Vec<u32>)], runs: &[u32]) -> Cells {
        let mut all = vec![None];
        let places = series.iter().map(|(axis, codes)| {
            let first = all.len();
            all.extend(codes.iter().map(|code| Some((*axis, *code))));
            placed(*axis, codes, first)
        });
        let places = places.collect();
        let mut own = Vec::new();
        let unit_places = units.iter().map(|(axis, codes)| {
            let first = own.len();
            own.extend(codes.iter().map(|code| (*axis, *code)));
            placed(*axis, codes, first)
        });
        let unit_places = unit_places.collect();
        Cells {
            places,
            unit_places,
            calls: 0,
            cells: vec![Cell::default(); grid.len() * all.len()],
            unit_cells: vec![UnitCell::default(); grid.len() * own.len()],
            series: all,
            units: own,
            of_runs: runs.iter().map(|run| (*run, Vec::new())).collect(),
        }
    }

    /// Adds calls, in the order in which they were gathered.
    pub(super) fn add(&mut self, grid: &Grid, axes: &Axes, gathered: &Gathered, rates: &Rates, rows: &Rows<'_>) {
        let mut hint = 0;
        for row in 0..rows.at.len() {
            let Some(bucket) = grid.bucket(rows.at[row], &mut hint) else { continue };
            let code = rows.codes[axes.run][row];
            let single = Run::single(rows.cost[row], rows.tokens[row], rows.failed[row]);
            let run = if code == 0 { single } else { gathered.runs[code as usize] };
            let day = grid.day_of[bucket];
            let place = self.calls;
            self.calls += 1;
            let work = gathered.work.of_call(place).map_or_else(Rate::default, |kind| rates.work[kind][day]);
            let base = bucket * self.series.len();
            let places = self.places.iter().filter_map(|places| places.get(rows.codes[places.axis][row]));
            let own = Cell::of(&single, &run, work);
            for place in std::iter::once(0).chain(places) {
                self.cells[base + place].add(&own);
            }
            if let Some(calls) = self.of_runs.get_mut(&code) {
                calls.push((rows.at[row], single.cost));
            }
            if self.units.is_empty() {
                continue;
            }
            let base = bucket * self.units.len();
            let own = UnitCell::of(&single, &run, work);
            for places in &self.unit_places {
                let Some(series) = places.get(rows.codes[places.axis][row]) else { continue };
                let cell = &mut self.unit_cells[base + series];
                let of_model = if places.axis == axes.model { gathered.models.of_call(place) } else { None };
                match of_model.zip(rates.models.as_ref()) {
                    Some((kind, models)) => cell.add(&UnitCell::of(&single, &run, models[kind][day])),
                    None => cell.add(&own),
                }
            }
        }
    }

    /// Returns the buckets of a series of costs.
    pub(super) fn of(&self, place: usize) -> Vec<Cell> {
        self.cells.iter().skip(place).step_by(self.series.len()).copied().collect()
    }

    /// Returns the buckets of a series of units.
    pub(super) fn of_unit(&self, place: usize) -> Vec<UnitCell> {
        self.unit_cells.iter().skip(place).step_by(self.units.len()).copied().collect()
    }
}

/// The rates by kind and day.
pub(super) struct Rates {
    pub(super) work: Vec<Vec<Rate>>,
    /// Of models by themselves: a release that moves work to another model makes none dearer.
    pub(super) models: Option<Vec<Vec<Rate>>>,
}

impl Cell {
    /// Returns what one call adds.
    fn of(call: &Run, run: &Run, rate: Rate) -> Cell {
        let calls = f64::from(run.calls);
        Cell {
            cost: call.cost,
            calls: 1,
            squares: usd(call.cost) * usd(run.cost),
            volume: rate.call,
            volume_squares: rate.call * rate.call * calls,
            runs: 1.0 / calls.max(1.0),
        }
    }

    fn add(&mut self, other: &Cell) {
        self.cost = self.cost.saturating_add(other.cost);
        self.calls += other.calls;
        self.squares += other.squares;
        self.volume += other.volume;
        self.volume_squares += other.volume_squares;
        self.runs += other.runs;
    }
}

impl UnitCell {
    /// Returns what one call adds.
    fn of(call: &Run, run: &Run, rate: Rate) -> UnitCell {
        let (cost, of_run) = (usd(call.cost), usd(run.cost));
        let (failed, run_failed) = (usd(call.failed), usd(run.failed));
        let by_failure = Usual::of(failed, run_failed, rate.failed * cost, rate.failed * of_run);
        UnitCell {
            cost: call.cost,
            squares: cost * of_run,
            by_call: Usual::of(cost, of_run, rate.call, rate.call * f64::from(run.calls)),
            by_token: Usual::of(cost, of_run, rate.token * call.tokens as f64, rate.token * run.tokens as f64),
            failed: call.failed,
            failed_squares: failed * run_failed,
            by_failure: Usual { chance: rate.failed * cost * cost, ..by_failure },
        }
    }

    fn add(&mut self, other: &UnitCell) {
        self.cost = self.cost.saturating_add(other.cost);
        self.squares += other.squares;
        self.by_call.add(&other.by_call);
        self.by_token.add(&other.by_token);
        self.failed = self.failed.saturating_add(other.failed);
        self.failed_squares += other.failed_squares;
        self.by_failure.add(&other.by_failure);
    }
}

fn placed(axis: usize, codes: &[u32], first: usize) -> Places {
    let mut of = vec![NONE; codes.iter().max().map_or(0, |code| *code as usize + 1)];
    codes.iter().enumerate().for_each(|(at, code)| of[*code as usize] = (first + at) as u32);
    Places { axis, of }
}
