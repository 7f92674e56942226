//! What a slice that stands out is called: the conditions that say it best, and as wide as what did the same.

use std::ops::RangeInclusive;

use crate::analyze::why::cube::Block;
use crate::analyze::why::cube::Cube;
use crate::analyze::why::scan::Candidate;
use crate::analyze::why::scan::Direction;
use crate::analyze::why::scan::Lens;
use crate::analyze::why::scan::Weights;

/// Two slices may be names for one thing if their excess has this ratio, and this part of it is the same.
const ALIKE: RangeInclusive<f64> = 0.85..=1.2;
const SHARED: f64 = 0.75;
/// A slice lies in another if no more than this part of it lies outside.
const OUTSIDE: f64 = 0.05;
/// What lies beside a slice did the same if it moved by this part as far, on a scale of ratios …
const AS_MUCH: f64 = 0.5;
/// … and has this part of its excess.
const LEAST_BESIDE: f64 = 0.2;
/// A corner with this part of the excess has all of it.
const CORNER: f64 = 0.6;

/// Returns the candidate that says best what the chosen one found: among those with nearly its excess, mostly in the same
/// blocks, the most concentrated by Kulldorff's scan statistic.
pub(super) fn named<'c>(
    cube: &Cube,
    left: &[bool],
    weights: &Weights,
    chosen: &'c Candidate,
    candidates: &'c [Candidate],
    total: f64,
) -> &'c Candidate {
    let of_chosen: Vec<usize> = (0..cube.blocks.len())
        .filter(|place| left[*place] && weights.excess[*place] > 0.0 && cube.blocks[*place].is_in(&chosen.slice))
        .collect();
    let concentration = |candidate: &Candidate| {
        let all = candidate.all + 0.002 * total;
        let excess = candidate.excess.min(all * (1.0 - 1e-9));
        let rank: usize = candidate.slice.iter().map(|(axis, _)| *axis).sum();
        (all * (all / (all - excess)).ln() - excess) * candidate.penalty * (1.0 - 0.002 * rank as f64)
    };
    let alike = candidates.iter().filter(|candidate| {
        let shared: f64 = of_chosen
            .iter()
            .filter(|place| cube.blocks[**place].is_in(&candidate.slice))
            .map(|place| weights.excess[*place])
            .sum();
        ALIKE.contains(&(candidate.excess / chosen.excess)) && shared >= SHARED * chosen.excess
    });
    alike
        .max_by(|a, b| concentration(a).total_cmp(&concentration(b)).then_with(|| b.slice.cmp(&a.slice)))
        .unwrap_or(chosen)
}

/// Returns the slices of one condition that hold a slice and, beside it, calls that did the same: the cause is as wide as
/// they are. The widest comes first.
pub(super) fn wider<'c>(
    cube: &Cube,
    left: &[bool],
    weights: &Weights,
    named: &Candidate,
    candidates: &'c [Candidate],
) -> Vec<&'c Candidate> {
    let sign = if named.direction == Direction::Up { 1.0 } else { -1.0 };
    // Dollars now and expected of some blocks.
    let sums = |is_in: &dyn Fn(&Block) -> bool| {
        let inside = (0..cube.blocks.len()).filter(|place| left[*place] && is_in(&cube.blocks[*place]));
        inside.fold([0.0, 0.0], |[now, expected], place| {
            let own = weights.expected[place];
            [now + own + sign * weights.excess[place], expected + own]
        })
    };
    let excess_beside = |wide: &Candidate| {
        let is_in = |block: &Block| [block.is_in(&named.slice), block.is_in(&wide.slice)];
        let [inside, outside, beside, rest] = [[true, true], [true, false], [false, true], [false, false]]
            .map(|part| sums(&|block| is_in(block) == part));
        let common = rest[0] / rest[1];
        let growth = |[now, expected]: [f64; 2]| sign * (now / expected / common).ln();
        let excess = |[now, expected]: [f64; 2]| sign * (now - expected * common);
        let holds = outside[0].max(outside[1]) <= OUTSIDE * inside[0].max(inside[1]);
        let did_the_same =
            growth(beside) >= AS_MUCH * growth(inside) && excess(beside) >= LEAST_BESIDE * excess(inside);
        // What is beside it may be a thing of its own in one corner.
        let is_corner = |other: &Candidate| {
            let corner = sums(&|block| is_in(block) == [false, true] && block.is_in(&other.slice));
            corner[1] < beside[1] / 2.0 && excess(corner) >= CORNER * excess(beside)
        };
        (holds && did_the_same && !candidates.iter().any(is_corner)).then(|| excess(beside))
    };
    // Calls become dearer by what is done with them: two kinds of work that did are two things.
    let is_one = |wide: &&Candidate| named.lens == Lens::Volume || named.slice.contains(&wide.slice[0]);
    let single = candidates.iter().filter(|wide| wide.slice.len() == 1 && wide.slice != named.slice).filter(is_one);
    let mut found: Vec<(f64, &Candidate)> = single.filter_map(|wide| Some((excess_beside(wide)?, wide))).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.slice.cmp(&b.1.slice)));
    found.into_iter().map(|(_, wide)| wide).collect()
}
