//! The sums of a question by group, and how a row finds its group.

use std::collections::HashMap;

use crate::domain::Class;
use crate::domain::Dim;
use crate::store::StoreError;
use crate::store::dictionary;
use crate::store::is_failure;
use crate::store::scan::axis::Codes;
use crate::store::scan::axis::OpenSegment;
use crate::store::segment::LocalValues;
use crate::store::segment::class_column;
use crate::store::segment::name;

/// Sums by group: counters side by side, so that a row touches one place, and money apart.
pub(super) struct Sums {
    /// Per group: calls, errors, reasoning, then the classes that occur.
    pub(super) counters: Vec<u64>,
    pub(super) stride: usize,
    pub(super) classes: Vec<Class>,
    pub(super) cost: Vec<i128>,
    pub(super) unpriced: HashMap<(u32, u8), u64>,
}

impl Sums {
    pub(super) fn grow(&mut self, groups: usize) {
        if self.cost.len() < groups {
            self.cost.resize(groups, 0);
            self.counters.resize(groups * self.stride, 0);
        }
    }
}

pub(super) const FIXED_COUNTERS: usize = 3;

/// How a row's codes become its group.
pub(super) enum Index {
    /// Strides of a dense table.
    Dense(Vec<usize>),
    /// Groups numbered as they come: code by code, (group so far, code) to group; then each group's codes.
    Hashed { steps: Vec<HashMap<(u32, u32), u32>>, codes: Vec<Vec<u32>> },
}

/// Which rows of a segment count.
pub(super) enum Chosen {
    All,
    Some(Vec<bool>),
}

impl Chosen {
    pub(super) fn keep(&mut self, rows: usize, keep: impl Fn(usize) -> bool) {
        match self {
            Chosen::All => *self = Chosen::Some((0..rows).map(keep).collect()),
            Chosen::Some(mask) => mask.iter_mut().enumerate().for_each(|(row, kept)| *kept = *kept && keep(row)),
        }
    }

    #[inline]
    pub(super) fn has(&self, row: usize) -> bool {
        match self {
            Chosen::All => true,
            Chosen::Some(mask) => mask[row],
        }
    }
}

impl Index {
    /// Returns the group of each row.
    pub(super) fn groups(&mut self, codes: &[Codes], rows: usize, chosen: &Chosen) -> Vec<u32> {
        let mut groups = vec![0u32; rows];
        match self {
            Index::Dense(strides) => {
                for (codes, stride) in codes.iter().zip(strides) {
                    let stride = *stride as u32;
                    match codes {
                        Codes::All(code) => groups.iter_mut().for_each(|group| *group += code * stride),
                        Codes::Each(codes) => {
                            groups.iter_mut().zip(codes).for_each(|(group, code)| *group += code * stride);
                        }
                    }
                }
            }
            Index::Hashed { steps, codes: known } => {
                let last = steps.len().saturating_sub(1);
                for (at, (step, codes)) in steps.iter_mut().zip(codes).enumerate() {
                    for (row, group) in groups.iter_mut().enumerate().filter(|(row, _)| chosen.has(*row)) {
                        let code = match codes {
                            Codes::All(code) => *code,
                            Codes::Each(codes) => codes[row],
                        };
                        let next = step.len() as u32;
                        let entered = *step.entry((*group, code)).or_insert(next);
                        if at == last && entered == next && entered as usize == known.len() {
                            known.push(Vec::new());
                        }
                        *group = entered;
                    }
                }
                name_groups(steps, known);
            }
        }
        groups
    }
}

/// Writes down the codes of groups that were numbered since the last time.
pub(super) fn name_groups(steps: &[HashMap<(u32, u32), u32>], known: &mut [Vec<u32>]) {
    if known.iter().all(|codes| !codes.is_empty()) {
        return;
    }
    let mut names: Vec<Vec<u32>> = vec![Vec::new()];
    for step in steps {
        let mut next = vec![Vec::new(); step.len()];
        for ((group, code), entered) in step {
            let mut codes = names[*group as usize].clone();
            codes.push(*code);
            next[*entered as usize] = codes;
        }
        names = next;
    }
    known.iter_mut().zip(names).filter(|(codes, _)| codes.is_empty()).for_each(|(codes, named)| *codes = named);
}

impl Sums {
    pub(super) fn add(&mut self, open: &OpenSegment<'_>, groups: &[u32], chosen: &Chosen) -> Result<(), StoreError> {
        let zeros = Vec::new();
        let cost = open.numbers(name::COST)?.unwrap_or_default();
        let reasoning = open.numbers(name::REASONING)?.unwrap_or_default();
        let errors = failures(open)?;
        let mut columns: Vec<(usize, Vec<i64>)> = Vec::new();
        for (place, class) in self.classes.iter().enumerate() {
            if let Some(counts) = open.numbers(&class_column(*class))? {
                columns.push((FIXED_COUNTERS + place, counts));
            }
        }
        if !reasoning.is_empty() {
            columns.push((2, reasoning));
        }
        let unpriced = open.numbers(name::UNPRICED)?.unwrap_or(zeros);
        for (row, group) in groups.iter().enumerate() {
            if !chosen.has(row) {
                continue;
            }
            let counters = &mut self.counters[*group as usize * self.stride..][..self.stride];
            counters[0] += 1;
            for (place, counts) in &columns {
                counters[*place] += counts[row] as u64;
            }
            if !errors.is_empty() {
                counters[1] += u64::from(errors[row]);
            }
            if !cost.is_empty() {
                self.cost[*group as usize] += i128::from(cost[row]);
            }
            if !unpriced.is_empty() && unpriced[row] != 0 {
                *self.unpriced.entry((*group, unpriced[row] as u8)).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// Returns which rows failed, or nothing where none did.
pub(super) fn failures(open: &OpenSegment<'_>) -> Result<Vec<bool>, StoreError> {
    let Some(bytes) = open.bytes(Dim::Status.name())? else { return Ok(Vec::new()) };
    let column = open.text(&bytes)?;
    let failed: Vec<bool> = match column.values {
        LocalValues::Texts(texts) => texts.iter().map(|status| is_failure(status)).collect(),
        LocalValues::Ids(ids) => {
            let names = dictionary::names(open.conn, Dim::Status.name())?;
            let failed = |id: &i64| names.get(*id as usize).is_some_and(|status| is_failure(status));
            ids.to_vec().iter().map(failed).collect()
        }
    };
    if !failed.contains(&true) {
        return Ok(Vec::new());
    }
    let mut out = Vec::with_capacity(column.codes.len());
    column.codes.each(|_, code| out.push(code > 0 && failed.get(code as usize - 1).copied().unwrap_or(false)));
    Ok(out)
}
