//! Which outcome a group of calls belongs to, and what its keys are once the outcome has had its say.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::outcomes::Asked;
use crate::domain::Dim;
use crate::domain::filter::Condition;
use crate::domain::outcome::Outcomes;
use crate::domain::rollup::Rollup;

/// Groups of calls beside outcomes.
pub(super) struct Join<'q> {
    rollup: &'q Rollup,
    /// Per unit its axis, and the outcome of each value of it.
    units: Vec<(usize, Vec<Option<u32>>)>,
    told: Vec<Told>,
    conditions: Vec<Checked>,
}

/// What outcomes say along an axis.
struct Told {
    axis: usize,
    /// Whether an outcome's value stands in place of the calls' own, or only where they have none.
    comes_first: bool,
    /// Each outcome's code along the axis; 0 where it says nothing.
    codes: Vec<u32>,
    /// Values that no call has, behind those of the rollup.
    more: Vec<Arc<str>>,
}

/// A condition with its verdicts by code.
struct Checked {
    axis: usize,
    condition: Condition,
    verdicts: HashMap<u32, bool>,
}

impl<'q> Join<'q> {
    pub(super) fn new(asked: &Asked<'q>, outcomes: &Outcomes) -> Join<'q> {
        let rollup = asked.rollup;
        let units = asked.units.iter().map(|(unit, axis)| {
            let of_unit = (0..outcomes.len()).filter(|at| outcomes.unit[*at] == *unit);
            let ids: HashMap<&str, u32> = of_unit.map(|at| (&*outcomes.id[at], at as u32)).collect();
            (*axis, rollup.values[*axis].iter().map(|value| ids.get(&**value).copied()).collect())
        });
        let told = asked
            .told
            .iter()
            .filter_map(|(dim, axis)| Some(Told::new(rollup, *axis, *dim == Dim::Task, outcomes.told(*dim)?)));
        let conditions = asked.conditions.iter().map(|(axis, condition)| Checked {
            axis: *axis,
            condition: condition.clone(),
            verdicts: HashMap::new(),
        });
        Join { rollup, units: units.collect(), told: told.collect(), conditions: conditions.collect() }
    }

    /// Returns every outcome that a group's calls belong to, the one that has them first.
    pub(super) fn all(&self, group: usize) -> impl Iterator<Item = u32> + '_ {
        self.units.iter().filter_map(move |(axis, of_value)| {
            let value = (self.rollup.codes[*axis][group] as usize).checked_sub(1)?;
            of_value.get(value).copied().flatten()
        })
    }

    /// Returns the outcome that has a group's calls, and whether another could.
    pub(super) fn outcome(&self, group: usize) -> (Option<u32>, bool) {
        let mut all = self.all(group);
        (all.next(), all.next().is_some())
    }

    /// Returns a group's code along an axis.
    pub(super) fn code(&self, group: usize, axis: usize, outcome: Option<u32>) -> u32 {
        let own = self.rollup.codes[axis][group];
        let told = self.told.iter().find(|told| told.axis == axis).zip(outcome);
        match told.map(|(told, outcome)| (told.comes_first, told.codes[outcome as usize])) {
            Some((comes_first, code)) if code != 0 && (comes_first || own == 0) => code,
            _ => own,
        }
    }

    /// Returns the value of a code along an axis; none for untagged.
    pub(super) fn value(&self, axis: usize, code: u32) -> Option<Arc<str>> {
        let place = (code as usize).checked_sub(1)?;
        let values = &self.rollup.values[axis];
        let more = || self.told.iter().find(|told| told.axis == axis)?.more.get(place - values.len());
        values.get(place).or_else(more).cloned()
    }

    /// Tells whether a group passes the conditions.
    pub(super) fn passes(&mut self, group: usize, outcome: Option<u32>) -> bool {
        let codes: Vec<u32> = self.conditions.iter().map(|it| self.code(group, it.axis, outcome)).collect();
        let mut passes = true;
        for (at, code) in codes.into_iter().enumerate() {
            let verdict = self.conditions[at].verdicts.get(&code).copied().unwrap_or_else(|| {
                let value = self.value(self.conditions[at].axis, code);
                self.conditions[at].condition.accepts(value.as_deref())
            });
            self.conditions[at].verdicts.insert(code, verdict);
            passes &= verdict;
        }
        passes
    }
}

impl Told {
    fn new(rollup: &Rollup, axis: usize, comes_first: bool, says: &[Option<Arc<str>>]) -> Told {
        let values = &rollup.values[axis];
        let mut known: HashMap<Arc<str>, u32> = HashMap::new();
        for (at, value) in values.iter().enumerate() {
            known.entry(Arc::clone(value)).or_insert(at as u32 + 1);
        }
        let mut more = Vec::new();
        let mut code = |value: &Arc<str>| {
            *known.entry(Arc::clone(value)).or_insert_with(|| {
                more.push(Arc::clone(value));
                (values.len() + more.len()) as u32
            })
        };
        let codes = says.iter().map(|says| says.as_ref().map_or(0, &mut code)).collect();
        Told { axis, comes_first, codes, more }
    }
}
