//! The sums of a question by group.

use hashbrown::HashMap;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Usd;
use crate::domain::rollup::Logged;
use crate::domain::rollup::LoggedSums;
use crate::domain::rollup::PriceMoves;
use crate::store::StoreError;
use crate::store::batch::columns::Ints;
use crate::store::dictionary;
use crate::store::is_failure;
use crate::store::scan::axis::OpenSegment;
use crate::store::scan::priceable::Repricing;
use crate::store::scan::priceable::priceable;
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
    /// List price less cost; empty while no call has one.
    pub(super) discount: Vec<i128>,
    /// What logs say; empty unless asked for.
    pub(super) logged: Vec<LoggedSums>,
    pub(super) unpriced: HashMap<(u32, u8), u64>,
    pub(super) moves: PriceMoves,
}

impl Sums {
    pub(super) fn grow(&mut self, groups: usize) {
        if self.cost.len() < groups {
            self.cost.resize(groups, 0);
            self.counters.resize(groups * self.stride, 0);
        }
    }
}

/// The prices of a segment's rows: columns that are empty where every row is zero.
pub(super) struct Costs {
    cost: Vec<i64>,
    discount: Vec<i64>,
    unpriced: Vec<i64>,
    /// The stored costs and reasons, where these are others.
    before: Option<Box<Costs>>,
}

impl Costs {
    /// Reads the stored prices.
    pub(super) fn stored(open: &OpenSegment<'_>) -> Result<Costs, StoreError> {
        let numbers = |name| Ok::<_, StoreError>(open.numbers(name)?.unwrap_or_default());
        Ok(Costs {
            cost: numbers(name::COST)?,
            discount: numbers(name::DISCOUNT)?,
            unpriced: numbers(name::UNPRICED)?,
            before: None,
        })
    }

    /// Computes others.
    pub(super) fn anew(open: &OpenSegment<'_>, repricing: &mut dyn Repricing) -> Result<Costs, StoreError> {
        let mut batch = priceable(open)?;
        repricing.price(&mut batch);
        let column = |ints: &Ints| match ints.is_zero() {
            true => Vec::new(),
            false => (0..batch.len()).map(|row| ints.get(row) as i64).collect(),
        };
        Ok(Costs {
            cost: column(&batch.cost),
            discount: column(&batch.discount),
            unpriced: column(&batch.unpriced),
            before: Some(Box::new(Costs::stored(open)?)),
        })
    }

    /// Returns the cost of every row; empty where all are zero.
    pub(super) fn into_cost(self) -> Vec<i64> {
        self.cost
    }

    /// Returns the cost of a row, `None` where it is unpriced.
    fn of(&self, row: usize) -> Option<i64> {
        let of = |column: &[i64]| column.get(row).copied().unwrap_or(0);
        (of(&self.unpriced) == 0).then(|| of(&self.cost))
    }
}

pub(super) const FIXED_COUNTERS: usize = 3;

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

impl Sums {
    pub(super) fn add(
        &mut self,
        open: &OpenSegment<'_>,
        groups: &[u32],
        chosen: &Chosen,
        costs: &Costs,
        logged: Logged,
    ) -> Result<(), StoreError> {
        let Costs { cost, discount, unpriced, before } = costs;
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
        if !discount.is_empty() {
            self.discount.resize(self.cost.len(), 0);
            let rows = groups.iter().zip(discount).enumerate().filter(|(row, _)| chosen.has(*row));
            rows.for_each(|(_, (group, discount))| self.discount[*group as usize] += i128::from(*discount));
        }
        if let Some(before) = before {
            self.moves.add((0..groups.len()).filter(|row| chosen.has(*row)).map(|row| (before.of(row), costs.of(row))));
        }
        if logged != Logged::Ignored {
            self.add_logged(open, groups, chosen, costs, logged)?;
        }
        Ok(())
    }

    fn add_logged(
        &mut self,
        open: &OpenSegment<'_>,
        groups: &[u32],
        chosen: &Chosen,
        costs: &Costs,
        logged: Logged,
    ) -> Result<(), StoreError> {
        self.logged.resize(self.cost.len(), LoggedSums::default());
        let Some(stated) = open.numbers(name::LOGGED_COST)? else { return Ok(()) };
        let flags = open.numbers(name::FLAGS)?.unwrap_or_default();
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| chosen.has(*row) && stated[*row] > 0) {
            let sums = &mut self.logged[*group as usize];
            // Zero stands for a log without a cost, hence the one more.
            let usd = Usd::from_pico(i128::from(stated[row] - 1));
            let is_charge = flags.get(row).is_some_and(|set| Flags(*set as u32).has(Flags::COST_CHARGED));
            sums.calls += 1;
            sums.charged_calls += u64::from(is_charge);
            sums.cost += usd;
            let reason = costs.unpriced.get(row).copied().unwrap_or(0);
            if reason == 0 {
                sums.compared += usd;
                sums.computed += Usd::from_pico(i128::from(costs.cost.get(row).copied().unwrap_or(0)));
            } else if logged == Logged::ForUnpriced && (usd > Usd::ZERO || is_charge) {
                // Gateways log nothing for a model that they do not know: that is no price.
                sums.taken_calls += 1;
                sums.taken += usd;
                self.cost[*group as usize] += usd.pico();
                if let Some(count) = self.unpriced.get_mut(&(*group, reason as u8)) {
                    *count -= 1;
                }
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
