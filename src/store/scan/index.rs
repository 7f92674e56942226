//! How a row finds its group, by its code along each axis.

use hashbrown::HashMap;

use crate::store::scan::axis::Codes;
use crate::store::scan::sums::Chosen;

/// How a row's codes become its group.
pub(super) enum Index {
    /// One dense table: a stride and a number of codes an axis.
    Dense(Vec<(usize, usize)>),
    /// Groups numbered as they come, step by step.
    Hashed(Vec<Step>),
}

/// Axes that are looked up together.
#[derive(Default)]
pub(super) struct Step {
    /// Places of the axes, with the stride and the number of codes of each.
    axes: Vec<(usize, u32, u32)>,
    /// (Group so far, code) to group, and back.
    found: HashMap<(u32, u32), u32>,
    pairs: Vec<(u32, u32)>,
}

impl Index {
    /// Makes a table over axes that all know their number of codes.
    pub(super) fn dense(known: impl Iterator<Item = usize>) -> Index {
        let strides = known.scan(1, |stride, count| {
            let own = *stride;
            *stride *= count;
            Some((own, count))
        });
        Index::Dense(strides.collect())
    }

    /// Makes an index that learns its groups. A look-up costs more than all else that a row does, so as many axes share
    /// one as a number holds; an axis that does not know how many codes it has needs one alone.
    pub(super) fn hashed(known: impl Iterator<Item = Option<usize>>) -> Index {
        let (mut steps, mut shared, mut product): (Vec<Step>, Step, u32) = (Vec::new(), Step::default(), 1);
        for (place, known) in known.enumerate() {
            let Some(count) = known.and_then(|count| u32::try_from(count.max(1)).ok()) else {
                steps.push(Step { axes: vec![(place, 1, u32::MAX)], ..Step::default() });
                continue;
            };
            let next = product.checked_mul(count).unwrap_or_else(|| {
                steps.push(std::mem::take(&mut shared));
                product = 1;
                count
            });
            shared.axes.push((place, product, count));
            product = next;
        }
        steps.push(shared);
        Index::Hashed(steps)
    }

    /// Returns how many groups there are so far, where they are learnt.
    pub(super) fn learnt(&self) -> Option<usize> {
        match self {
            Index::Dense(_) => None,
            Index::Hashed(steps) => steps.last().map(|step| step.pairs.len()),
        }
    }

    /// Returns the group of each row.
    pub(super) fn groups(&mut self, codes: &[Codes], rows: usize, chosen: &Chosen) -> Vec<u32> {
        let mut groups = vec![0u32; rows];
        match self {
            Index::Dense(strides) => {
                for (codes, (stride, _)) in codes.iter().zip(strides) {
                    codes.add_to(&mut groups, *stride as u32);
                }
            }
            Index::Hashed(steps) => steps.iter_mut().for_each(|step| step.enter(codes, &mut groups, chosen)),
        }
        groups
    }

    /// Writes down a group's code along each axis.
    pub(super) fn codes(&self, group: usize, codes: &mut [u32]) {
        match self {
            Index::Dense(strides) => {
                for (code, (stride, count)) in codes.iter_mut().zip(strides) {
                    *code = (group / stride % count) as u32;
                }
            }
            Index::Hashed(steps) => {
                let mut group = group;
                for step in steps.iter().rev() {
                    let (before, code) = step.pairs[group];
                    step.axes.iter().for_each(|(place, stride, count)| codes[*place] = code / stride % count);
                    group = before as usize;
                }
            }
        }
    }
}

impl Step {
    fn enter(&mut self, codes: &[Codes], groups: &mut [u32], chosen: &Chosen) {
        let mut own = vec![0u32; groups.len()];
        self.axes.iter().for_each(|(place, stride, _)| codes[*place].add_to(&mut own, *stride));
        let mut last: Option<((u32, u32), u32)> = None;
        let rows = groups.iter_mut().zip(own).enumerate().filter(|(row, _)| chosen.has(*row));
        for (_, (group, code)) in rows {
            let pair = (*group, code);
            // Calls of one kind often follow one another.
            if let Some((_, known)) = last.filter(|(before, _)| *before == pair) {
                *group = known;
                continue;
            }
            let next = self.pairs.len() as u32;
            let entered = *self.found.entry(pair).or_insert(next);
            if entered == next {
                self.pairs.push(pair);
            }
            last = Some((pair, entered));
            *group = entered;
        }
    }
}
