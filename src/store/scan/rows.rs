//! The calls of a question one by one, a segment at a time, as columns of codes and numbers.

use rusqlite::Connection;

use crate::domain::Class;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rows;
use crate::domain::rollup::Values;
use crate::store::StoreError;
use crate::store::scan::Instead;
use crate::store::scan::axis::AxisState;
use crate::store::scan::axis::Codes;
use crate::store::scan::axis::OpenSegment;
use crate::store::scan::chosen_rows;
use crate::store::scan::opened;
use crate::store::scan::sums::Chosen;
use crate::store::scan::sums::Costs;
use crate::store::scan::sums::failures;
use crate::store::segment::class_column;
use crate::store::segment::name;

/// Hands on the calls of a query, by the stored prices or by others.
pub(in crate::store) fn rows_of(
    conn: &Connection,
    query: &RollupQuery,
    on: &mut dyn FnMut(&Rows<'_>),
    mut instead: Instead<'_>,
) -> Result<(), StoreError> {
    let (segments, mut axes, mut filters) = opened(conn, query, &query.by)?;
    for segment in &segments {
        let mut open = OpenSegment { conn, segment };
        let Some(chosen) = chosen_rows(&mut open, query, &mut filters)? else { continue };
        let rows = segment.calls as usize;
        let mut codes = Vec::with_capacity(axes.len());
        for axis in &mut axes {
            codes.push(match axis.codes(&mut open)? {
                Codes::All(code) => chosen.filtered(vec![code; rows]),
                Codes::Each(codes) => chosen.filtered(codes),
            });
        }
        let cost = match &mut instead {
            None => open.numbers(name::COST)?.unwrap_or_default(),
            Some(repricing) => Costs::anew(&open, &mut **repricing)?.into_cost(),
        };
        let at = chosen.filtered(open.numbers(name::TS)?.unwrap_or_else(|| vec![0; rows]));
        let cost = chosen.filtered(filled(cost, rows));
        let tokens = chosen.filtered(tokens(&open, rows)?);
        let failed = chosen.filtered(filled(failures(&open)?, rows));
        let values: Vec<&dyn Values> = axes.iter().map(|axis| axis as &dyn Values).collect();
        on(&Rows { at: &at, codes: &codes, values: &values, cost: &cost, tokens: &tokens, failed: &failed });
    }
    Ok(())
}

fn tokens(open: &OpenSegment<'_>, rows: usize) -> Result<Vec<u64>, StoreError> {
    let mut sums = vec![0u64; rows];
    for class in Class::ALL {
        if let Some(counts) = open.numbers(&class_column(class))? {
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count as u64);
        }
    }
    Ok(sums)
}

/// A column that is empty where every row is zero, with its zeros.
fn filled<T: Clone + Default>(column: Vec<T>, rows: usize) -> Vec<T> {
    if column.is_empty() { vec![T::default(); rows] } else { column }
}

impl Chosen {
    /// Returns the values of the chosen rows.
    fn filtered<T: Copy>(&self, column: Vec<T>) -> Vec<T> {
        match self {
            Chosen::All => column,
            Chosen::Some(mask) => {
                column.into_iter().zip(mask).filter_map(|(value, has)| has.then_some(value)).collect()
            }
        }
    }
}

impl Values for AxisState {
    fn value(&self, code: u32) -> Option<&str> {
        AxisState::value(self, code)
    }
}
