//! Some calls one by one, read from the columns: a few groups out of many, chosen by what sums have told before.

use std::collections::HashSet;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::domain::Class;
use crate::domain::Condition;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::rollup::Key;
use crate::domain::rollup::RollupQuery;
use crate::domain::step::Step;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::scan::AxisState;
use crate::store::scan::Codes;
use crate::store::scan::OpenSegment;
use crate::store::scan::Repricing;
use crate::store::scan::chosen_rows;
use crate::store::scan::opened;
use crate::store::scan::priceable;
use crate::store::scan::sums::failures;
use crate::store::segment::class_column;
use crate::store::segment::name;

impl Store {
    /// Returns the calls of a query, in no particular order, whose values along its first axes are one of the keys.
    /// Segments without such a call are not unpacked further than those axes.
    pub fn steps(
        &self,
        query: &RollupQuery,
        keys: &HashSet<Key>,
        mut repricing: Option<&mut dyn Repricing>,
    ) -> Result<Vec<Step>, StoreError> {
        let leading = keys.iter().map(Vec::len).min().unwrap_or(0).min(query.by.len());
        if leading == 0 {
            return Ok(Vec::new());
        }
        let (segments, axes, mut filters) = opened(&self.conn, query, &query.by)?;
        let axes = axes.into_iter().map(Named::new).collect();
        let mut read = Read { query, keys, leading, axes, steps: Vec::new() };
        for segment in &segments {
            let open = OpenSegment { conn: &self.conn, segment };
            read.segment(open, &mut filters, &mut repricing)?;
        }
        Ok(read.steps)
    }
}

/// An axis with the texts of the codes it has met.
struct Named {
    state: AxisState,
    texts: HashMap<u32, Option<Arc<str>>>,
}

impl Named {
    fn new(state: AxisState) -> Named {
        Named { state, texts: HashMap::new() }
    }

    fn text(&mut self, code: u32) -> Option<Arc<str>> {
        self.texts.entry(code).or_insert_with(|| self.state.value(code).map(Arc::from)).clone()
    }
}

/// A reading under way.
struct Read<'q> {
    query: &'q RollupQuery,
    keys: &'q HashSet<Key>,
    leading: usize,
    axes: Vec<Named>,
    steps: Vec<Step>,
}

impl Read<'_> {
    fn segment(
        &mut self,
        mut open: OpenSegment<'_>,
        filters: &mut [(Condition, AxisState)],
        repricing: &mut Option<&mut dyn Repricing>,
    ) -> Result<(), StoreError> {
        let Some(chosen) = chosen_rows(&mut open, self.query, filters)? else { return Ok(()) };
        let mut codes = Vec::with_capacity(self.axes.len());
        for axis in &mut self.axes[..self.leading] {
            codes.push(axis.state.codes(&mut open)?);
        }
        let rows: Vec<usize> = (0..open.segment.calls as usize).filter(|row| chosen.has(*row)).collect();
        let rows = self.wanted(rows, &codes);
        if rows.is_empty() {
            return Ok(());
        }
        for axis in &mut self.axes[self.leading..] {
            codes.push(axis.state.codes(&mut open)?);
        }
        let numbers = |column: &str| Ok::<_, StoreError>(open.numbers(column)?.unwrap_or_default());
        let at = |column: &[i64], row: usize| column.get(row).copied().unwrap_or(0);
        let (times, failed) = (numbers(name::TS)?, failures(&open)?);
        let cost = match repricing {
            None => numbers(name::COST)?,
            Some(repricing) => {
                let mut batch = priceable(&open)?;
                repricing.price(&mut batch);
                (0..batch.len()).map(|row| batch.cost.get(row) as i64).collect()
            }
        };
        let mut sizes = vec![(0u64, 0u64); rows.len()];
        for class in Class::ALL {
            let counts = numbers(&class_column(class))?;
            for (size, row) in sizes.iter_mut().zip(&rows) {
                let side = if class.is_prompt() { &mut size.0 } else { &mut size.1 };
                *side += at(&counts, *row) as u64;
            }
        }
        for (row, (prompt, output)) in rows.into_iter().zip(sizes) {
            let key = self.axes.iter_mut().zip(&codes).map(|(axis, codes)| axis.text(code(codes, row))).collect();
            self.steps.push(Step {
                ts: Timestamp(at(&times, row)),
                prompt,
                output,
                failed: failed.get(row).copied().unwrap_or(false),
                cost: Usd::from_pico(i128::from(at(&cost, row))),
                key,
            });
        }
        Ok(())
    }

    /// Keeps the rows with a wanted key: first by one axis after the other, which most rows do not pass.
    fn wanted(&mut self, mut rows: Vec<usize>, codes: &[Codes]) -> Vec<usize> {
        for (place, codes) in codes.iter().enumerate() {
            let values: HashSet<Option<&str>> = self.keys.iter().map(|key| key[place].as_deref()).collect();
            let axis = &self.axes[place];
            let mut verdicts: HashMap<u32, bool> = HashMap::new();
            rows.retain(|row| {
                let code = code(codes, *row);
                *verdicts.entry(code).or_insert_with(|| values.contains(&axis.state.value(code)))
            });
        }
        let axes = &mut self.axes;
        rows.retain(|row| {
            let key: Key = axes.iter_mut().zip(codes).map(|(axis, codes)| axis.text(code(codes, *row))).collect();
            self.keys.contains(&key)
        });
        rows
    }
}

fn code(codes: &Codes, row: usize) -> u32 {
    match codes {
        Codes::All(code) => *code,
        Codes::Each(codes) => codes[row],
    }
}
