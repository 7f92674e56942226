//! `attr store check` and `attr store rebuild`: are the segments what the rows say?

use crate::domain::Usd;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::dictionary;
use crate::store::dictionary::Ids;
use crate::store::invoices;
use crate::store::outcomes;
use crate::store::packed::Packed;
use crate::store::rows;
use crate::store::segment;
use crate::store::segment::Identities;
use crate::store::segment::LocalValues;
use crate::store::segment::TextColumn;
use crate::store::segments;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows of `calls`.
    pub calls: u64,
    /// Segments.
    pub segments: u64,
    /// Sum of the rows' costs.
    pub cost: Usd,
    /// Everything that does not agree, in words; empty for a sound store.
    pub problems: Vec<String>,
}

impl Store {
    /// Compares the file with itself and every segment with its rows: count, times and sums of all columns; bills
    /// with their control totals; outcomes with what their imports say.
    pub fn check(&self) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        let verdict: String = self.conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            checked.problems.push(format!("SQLite: {verdict}"));
        }
        let (calls, cost) = self.row_sums(i64::MIN, i64::MAX)?;
        (checked.calls, checked.cost) = (calls, Usd::from_pico(cost));
        let mut in_segments = 0;
        for segment in segments::all(&self.conn)? {
            checked.segments += 1;
            in_segments += segment.calls as u64;
            let (calls, cost) = self.row_sums(segment.first_call, segment.last_call)?;
            if calls != segment.calls as u64 || cost != segment.cost {
                checked.problems.push(format!(
                    "segment {}: {} calls and {} USD, its rows {calls} and {}",
                    segment.id,
                    segment.calls,
                    Usd::from_pico(segment.cost),
                    Usd::from_pico(cost)
                ));
            } else if !self.segment_matches(&segment)? {
                checked.problems.push(format!("segment {}: a column differs from its rows", segment.id));
            }
        }
        if in_segments != calls {
            checked.problems.push(format!("the segments hold {in_segments} calls, the rows are {calls}"));
        }
        checked.problems.extend(invoices::problems(&self.conn)?);
        checked.problems.extend(outcomes::problems(&self.conn)?);
        Ok(checked)
    }

    /// Makes every segment anew from the rows, in one transaction; returns how many there are.
    pub fn rebuild(&mut self) -> Result<u64, StoreError> {
        self.dictionary.clear();
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let made = segments::rebuild(&tx, &mut self.dictionary)?;
        tx.commit()?;
        Ok(made)
    }

    /// Returns the count and the summed picodollars of a span of rows; summed here, since SQL's sum is 64 bits.
    fn row_sums(&self, first: i64, last: i64) -> Result<(u64, i128), StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT cost FROM priced_calls WHERE id BETWEEN ?1 AND ?2")?;
        let mut rows = statement.query([first, last])?;
        let (mut calls, mut cost) = (0, 0i128);
        while let Some(row) = rows.next()? {
            calls += 1;
            cost += i128::from(row.get::<_, Option<i64>>(0)?.unwrap_or(0));
        }
        Ok((calls, cost))
    }

    /// Packs a segment's rows again and compares the values of every column.
    fn segment_matches(&self, segment: &segments::Segment) -> Result<bool, StoreError> {
        let (batch, ids) = rows::read_batch(&self.conn, segment.first_call, segment.last_call, usize::MAX)?;
        let all: Vec<u32> = (0..ids.len() as u32).collect();
        let mut fresh = segment::encode(&batch, &all, &ids, &Ids::default());
        for (at, name) in segment.columns.iter().enumerate() {
            let stored = segments::column(&self.conn, segment.id, at)?;
            let made = fresh.iter().position(|(known, _)| known == name).map(|place| fresh.swap_remove(place).1);
            if self.values(name, &stored)? != made.map_or(Ok(None), |made| self.values(name, &made))? {
                return Ok(false);
            }
        }
        for (name, made) in fresh {
            if self.values(&name, &made)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns a column's values in words; `None` where it says no more than its absence would.
    fn values(&self, name: &str, bytes: &[u8]) -> Result<Option<Vec<String>>, StoreError> {
        let damaged = || StoreError::Damaged(format!("column {name} of a segment"));
        let values: Vec<String> = if name == segment::name::IDENTITY {
            Identities::open(bytes).ok_or_else(damaged)?.hashes().map(|hash| hash.to_string()).collect()
        } else if segment::is_number(name) {
            let (packed, _) = Packed::open(bytes).ok_or_else(damaged)?;
            packed.to_vec().iter().map(|n| if *n == 0 { String::new() } else { n.to_string() }).collect()
        } else {
            let column = TextColumn::open(bytes).ok_or_else(damaged)?;
            let names: Vec<String> = match column.values {
                LocalValues::Texts(texts) => texts.iter().map(|text| text.to_string()).collect(),
                LocalValues::Ids(ids) => {
                    let known = dictionary::names(&self.conn, name)?;
                    let name = |id: &i64| known.get(*id as usize).map(ToString::to_string);
                    ids.to_vec().iter().map(|id| name(id).ok_or_else(damaged)).collect::<Result<_, _>>()?
                }
            };
            let value = |code: &i64| names.get((*code as usize).wrapping_sub(1)).cloned().unwrap_or_default();
            column.codes.to_vec().iter().map(value).collect()
        };
        Ok(values.iter().any(|value| !value.is_empty()).then_some(values))
    }
}
