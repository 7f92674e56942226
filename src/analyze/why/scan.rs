//! What grew more than everything else: every slice of one or two conditions, in dollars above the common growth.

use hashbrown::HashMap;
use hashbrown::HashSet;

use crate::analyze::why::cube::Block;
use crate::analyze::why::cube::Condition;
use crate::analyze::why::cube::Cube;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lens {
    /// More or fewer calls.
    Volume,
    /// Dearer or cheaper calls.
    Rate,
    /// Calls that failed.
    Failures,
    /// Other prices.
    Price,
    /// One run.
    Run,
}

/// The lenses that a search looks through.
pub(super) const LENSES: [Lens; 3] = [Lens::Volume, Lens::Rate, Lens::Failures];

/// At most so many slices of one condition are looked into.
const EXTENDED: usize = 80;

/// A slice that may be a cause.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its conditions, by axis.
    pub(super) slice: Vec<Condition>,
    /// The lens.
    pub(super) lens: Lens,
    /// Which way it goes.
    pub(super) direction: Direction,
    /// Dollars beyond the common growth.
    pub(super) excess: f64,
    /// Dollars beyond the growth of everything else: a large slice is most of the common growth itself.
    pub(super) beyond: f64,
    /// Dollars that the excess is part of.
    pub(super) all: f64,
    /// The excess, less a little for each condition.
    pub(super) score: f64,
    /// What conditions cost a score.
    pub(super) penalty: f64,
}

/// The dollars of each block beyond the common growth, through one lens; positive is what is looked for.
pub(super) struct Weights {
    /// Beyond the common growth.
    pub(super) excess: Vec<f64>,
    /// What the excess is part of.
    pub(super) all: Vec<f64>,
    /// What was to be expected by the common growth.
    pub(super) expected: Vec<f64>,
}

/// Which way the change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// What grew.
    Up,
    /// What shrank.
    Down,
}

/// Weighs the blocks that are left.
pub(super) fn weights(blocks: &[Block], left: &[bool], lens: Lens, direction: Direction) -> Weights {
    let sum = |of: fn(&Block) -> f64| blocks.iter().zip(left).filter(|(_, left)| **left).map(|(b, _)| of(b)).sum();
    let (actual, old, before): (f64, f64, f64) = (sum(|b| b.actual), sum(|b| b.at_old_rates), sum(|b| b.before));
    let ratio = |now: f64, then: f64| if then > 0.0 { now / then } else { 0.0 };
    let sides = |block: &Block| match lens {
        Lens::Volume => (block.at_old_rates, ratio(old, before) * block.before),
        Lens::Rate => (block.actual, ratio(actual, old) * block.at_old_rates),
        _ if !block.failed => (0.0, 0.0),
        _ => {
            let growth = ratio(actual, before);
            let growth = if direction == Direction::Up { growth.max(1.0) } else { growth.min(1.0) };
            (block.actual, growth * block.before)
        }
    };
    let none = || vec![0.0; blocks.len()];
    let mut weights = Weights { excess: none(), all: none(), expected: none() };
    for (place, block) in blocks.iter().enumerate().filter(|(place, _)| left[*place]) {
        let (now, then) = sides(block);
        // What failed is a part of all that was done there: the slice where most failed is the one to name.
        let all = if lens == Lens::Failures { (block.actual, block.before) } else { (now, then) };
        (weights.excess[place], weights.all[place]) = match direction {
            Direction::Up => (now - then, all.0),
            Direction::Down => (then - now, all.1),
        };
        weights.expected[place] = then;
    }
    weights
}

/// What the dimensions of a cube are to a search.
pub(super) struct Ranks {
    /// Per axis, whether it tells how work is done: a little less likely to be where something happened.
    pub(super) is_how: Vec<bool>,
    /// Per axis, which of [`Block::same`] must hold for it to name a slice.
    pub(super) must_be_same: Vec<Option<usize>>,
}

/// Sums of a slice under way.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    excess: f64,
    above: f64,
    all: f64,
    expected: f64,
}

impl Sums {
    fn add(&mut self, weights: &Weights, place: usize) {
        self.excess += weights.excess[place];
        self.above += weights.excess[place].max(0.0);
        self.all += weights.all[place];
        self.expected += weights.expected[place];
    }

    /// Returns the dollars beyond the growth of everything else, of which `expected` was to be expected.
    fn beyond(&self, lens: Lens, expected: f64) -> f64 {
        let rest = expected - self.expected;
        let is_measured = lens == Lens::Rate && rest > 0.0;
        if is_measured { self.excess * expected / rest } else { self.excess }
    }
}

/// Returns the slices of one and two conditions through a lens, the best first; `least` dollars are worth a look.
pub(super) fn candidates(
    cube: &Cube,
    left: &[bool],
    (lens, direction): (Lens, Direction),
    weights: &Weights,
    ranks: &Ranks,
    least: f64,
) -> Vec<Candidate> {
    let mut singles: Vec<(Condition, Sums)> = Vec::new();
    let everything: Vec<usize> = (0..cube.blocks.len()).filter(|place| left[*place]).collect();
    for axis in 0..cube.axes.len() {
        let by_code = sums_by_code(cube, &everything, weights, axis);
        singles.extend(by_code.into_iter().map(|(code, sums)| ((axis, code), sums)));
    }
    let best = singles.iter().map(|(_, sums)| sums.excess).fold(0.0, f64::max);
    let threshold = (best / 2.0).max(least);
    let expected: f64 = everything.iter().map(|place| weights.expected[*place]).sum();
    let is_large = |sums: &Sums| sums.beyond(lens, expected) >= least;
    let mut found: Vec<(Vec<Condition>, Sums)> =
        singles.iter().filter(|(_, sums)| is_large(sums)).map(|(one, sums)| (vec![*one], *sums)).collect();
    let mut extended: Vec<&(Condition, Sums)> = singles.iter().filter(|(_, sums)| sums.above >= threshold).collect();
    extended.sort_by(|a, b| b.1.above.total_cmp(&a.1.above).then(a.0.cmp(&b.0)));
    extended.truncate(EXTENDED);
    let mut seen: HashSet<[Condition; 2]> = HashSet::new();
    for (one, _) in extended {
        let inside: Vec<usize> =
            everything.iter().copied().filter(|place| cube.blocks[*place].codes[one.0] == one.1).collect();
        for axis in (0..cube.axes.len()).filter(|axis| *axis != one.0) {
            for (code, sums) in sums_by_code(cube, &inside, weights, axis) {
                let other = (axis, code);
                let pair = if *one < other { [*one, other] } else { [other, *one] };
                if is_large(&sums) && seen.insert(pair) {
                    found.push((pair.to_vec(), sums));
                }
            }
        }
    }
    let mut candidates: Vec<Candidate> = found
        .into_iter()
        .filter(|(slice, _)| may_name(cube, left, ranks, slice) && part_of(cube, left, slice) <= EVERYTHING)
        .filter(|(slice, _)| lens != Lens::Volume || !slice.iter().any(|(axis, _)| ranks.is_how[*axis]))
        .map(|(slice, sums)| {
            let how = slice.iter().filter(|(axis, _)| ranks.is_how[*axis]).count();
            let common = slice.iter().filter(|one| part_of(cube, left, &[**one]) > COMMON).count();
            let needless = if adds_little(cube, left, &slice) { 0.2 } else { 0.0 };
            let penalty = 1.0 - 0.06 * (slice.len() - 1) as f64 - 0.04 * how as f64 - 0.1 * common as f64 - needless;
            Candidate {
                lens,
                direction,
                excess: sums.excess,
                beyond: sums.beyond(lens, expected),
                all: sums.all,
                score: sums.excess * penalty,
                penalty,
                slice,
            }
        })
        .collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.slice.cmp(&b.slice)));
    candidates
}

/// A condition that holds for more of the baseline than this says little.
const COMMON: f64 = 0.8;
/// A slice that holds more of the baseline than this is everything, and no place.
const EVERYTHING: f64 = 0.9;

/// Tells whether one of two conditions holds for nearly all that the other holds for.
fn adds_little(cube: &Cube, left: &[bool], slice: &[Condition]) -> bool {
    let own = part_of(cube, left, slice);
    slice.len() > 1 && slice.iter().any(|one| own > COMMON * part_of(cube, left, &[*one]) && own > 0.0)
}

/// Returns what part of the baseline lies in a slice.
fn part_of(cube: &Cube, left: &[bool], slice: &[Condition]) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for (block, _) in cube.blocks.iter().zip(left).filter(|(_, left)| **left) {
        all += block.before;
        own += if block.is_in(slice) { block.before } else { 0.0 };
    }
    if all > 0.0 { own / all } else { 0.0 }
}

/// Sums blocks by the values of an axis, in order of their codes.
fn sums_by_code(cube: &Cube, places: &[usize], weights: &Weights, axis: usize) -> Vec<(u32, Sums)> {
    let mut sums: HashMap<u32, Sums> = HashMap::new();
    for place in places {
        let code = cube.blocks[*place].codes[axis];
        if code != 0 {
            sums.entry(code).or_default().add(weights, *place);
        }
    }
    let mut sums: Vec<(u32, Sums)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(code, _)| *code);
    sums
}

/// Tells whether a slice's conditions say where something happened: a model that work has just moved to says how.
fn may_name(cube: &Cube, left: &[bool], ranks: &Ranks, slice: &[Condition]) -> bool {
    slice.iter().filter_map(|(axis, _)| ranks.must_be_same[*axis]).all(|which| {
        let inside = cube.blocks.iter().zip(left).filter(|(block, left)| **left && block.is_in(slice));
        let (same, before) =
            inside.fold((0.0, 0.0), |(same, before), (block, _)| (same + block.same[which], before + block.before));
        before > 0.0 && same >= before / 2.0
    })
}
