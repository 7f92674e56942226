//! What the store can tell about itself: its imports, its span, its keys, single calls; and imports undone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::batch::TOOLS;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::invoices;
use crate::store::merge;
use crate::store::outcomes;
use crate::store::packed::Packed;
use crate::store::probable;
use crate::store::rows::RowReader;
use crate::store::segment::TextColumn;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::spans;
use crate::store::spans::Resolved;

/// One import, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRecord {
    /// Its number.
    pub id: i64,
    /// The path as the user gave it.
    pub path: String,
    /// `usage`, `invoice` or `outcomes`.
    pub kind: String,
    /// The format's name.
    pub input_format: String,
    /// The value of the `source` dimension.
    pub source: String,
    /// When it was imported, RFC 3339.
    pub imported_at: String,
    /// Records of the file.
    pub records: u64,
    /// Calls that were new; rows, of a bill; outcomes.
    pub new: u64,
    /// Calls that were stored before.
    pub duplicate: u64,
    /// Records that are no calls, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Records that could not be used.
    pub rejected: u64,
    /// New calls with the id of a stored call and other content.
    pub conflicts: u64,
    /// Records of calls that another record tells too, among the duplicates.
    pub merged: u64,
}

/// Calls that are stored and not counted, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldCalls {
    /// Why.
    pub reason: Hold,
    /// How many.
    pub calls: u64,
    /// What they would add to the total.
    pub cost: Usd,
}

/// What undoing an import took out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The import.
    pub import: ImportRecord,
    /// Calls removed.
    pub calls: u64,
    /// Their cost.
    pub cost: Usd,
    /// Calls of other imports that are billed again, since what summed them is gone.
    pub released: u64,
    /// Lines removed, of a bill.
    pub lines: u64,
    /// Outcomes removed.
    pub outcomes: u64,
}

/// How many calls have a value for a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The dimension's or key's name.
    pub name: String,
    /// Calls with a value.
    pub tagged: u64,
}

/// The store at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// All calls.
    pub calls: u64,
    /// The earliest call.
    pub first: Option<Timestamp>,
    /// The latest call.
    pub last: Option<Timestamp>,
    /// Calls by flag.
    pub flags: Vec<(&'static str, u64)>,
    /// Calls that a log priced, and the sum of what it said.
    pub logged_cost: (u64, Usd),
    /// Tagged calls by dimension, standard dimensions first.
    pub coverage: Vec<Coverage>,
}

impl Store {
    /// Returns the imports, oldest first.
    pub fn imports(&self) -> Result<Vec<ImportRecord>, StoreError> {
        self.import_records("ORDER BY id", [])
    }

    fn import_records(&self, rest: &str, params: impl rusqlite::Params) -> Result<Vec<ImportRecord>, StoreError> {
        let sql = format!(
            "SELECT id, path, kind, input_format, source, imported_at, records, new, duplicate, skipped, rejected, conflicts, merged
             FROM imports {rest}"
        );
        let mut statement = self.conn.prepare(&sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            let count = |at: usize| row.get::<_, i64>(at).map(|n| n as u64);
            Ok(ImportRecord {
                id: row.get(0)?,
                path: row.get(1)?,
                kind: row.get(2)?,
                input_format: row.get(3)?,
                source: row.get(4)?,
                imported_at: row.get(5)?,
                records: count(6)?,
                new: count(7)?,
                duplicate: count(8)?,
                skipped: serde_json::from_str(&row.get::<_, String>(9)?).unwrap_or_default(),
                rejected: count(10)?,
                conflicts: count(11)?,
                merged: count(12)?,
            })
        };
        Ok(statement.query_map(params, read)?.collect::<Result<_, _>>()?)
    }

    /// Takes an import's calls out again; `None` if there is no such import.
    pub fn undo_import(&mut self, id: i64) -> Result<Option<Undone>, StoreError> {
        let Some(import) = self.import_records("WHERE id = ?1", [id])?.pop() else { return Ok(None) };
        if import.kind != "usage" {
            return self.undo_beside(import).map(Some);
        }
        self.dictionary.clear();
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut removed: Vec<i64> = Vec::new();
        let mut cost = 0i128;
        {
            let mut calls = tx.prepare("SELECT id, cost FROM priced_calls WHERE import = ?1")?;
            let mut rows = calls.query([id])?;
            while let Some(row) = rows.next()? {
                removed.push(row.get(0)?);
                cost += i128::from(row.get::<_, Option<i64>>(1)?.unwrap_or(0));
            }
        }
        let left = merge::groups_without(&tx, id)?;
        let mut gone = removed.clone();
        {
            let mut held = tx.prepare("SELECT id FROM held_calls WHERE import = ?1")?;
            gone.extend(held.query_map([id], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?);
        }
        for table in ["calls", "held_calls"] {
            let sql = format!("DELETE FROM repriced WHERE id IN (SELECT id FROM {table} WHERE import = ?1)");
            tx.execute(&sql, [id])?;
        }
        tx.execute("DELETE FROM calls WHERE import = ?1", [id])?;
        tx.execute("DELETE FROM held_calls WHERE import = ?1", [id])?;
        let mut alone = Vec::new();
        for call in &gone {
            alone.extend(probable::without(&tx, *call)?);
            holds::forget(&tx, *call)?;
        }
        spans::begin(&tx)?;
        let reader = RowReader::open(&tx)?;
        for record in left.iter().flatten() {
            if let Some(stored) = reader.find(&tx, *record)?.filter(|stored| stored.by_span) {
                spans::hand_over(&tx, &stored, id)?;
            }
        }
        spans::undo(&tx, id)?;
        let mut resolved = Resolved::default();
        merge::dissolve(&tx, &mut self.dictionary, &left, &mut resolved)?;
        let mut pairs = merge::prepare_traces(&tx, &mut self.dictionary, &mut resolved)?;
        pairs.extend(left.iter().flat_map(|records| records.windows(2).map(|two| (two[0], two[1]))));
        resolved.add(spans::resolve(&tx, &mut self.dictionary)?);
        for call in &alone {
            if holds::release(&tx, *call, Hold::Chosen)? {
                resolved.released.push(*call);
            }
        }
        merge::settle(&tx, &mut self.dictionary, &pairs, &mut resolved)?;
        tx.execute("DELETE FROM imports WHERE id = ?1", [id])?;
        let touched = [&removed[..], &resolved.all()].concat();
        segments::remake_holding(&tx, &mut self.dictionary, &touched)?;
        segments::take_in(&tx, &mut self.dictionary, &resolved.released)?;
        // A record that was let go and is represented by another again has not come back.
        let held: BTreeSet<i64> = resolved.held.iter().copied().collect();
        let released: BTreeSet<i64> = resolved.released.iter().copied().collect();
        let came_back = released.difference(&held).count();
        // What is alone now, or counts again, may have a twin in yet another source.
        let again: BTreeSet<i64> = alone.iter().chain(&resolved.released).copied().collect();
        if let Some(first) = again.first() {
            probable::find(&tx, *first, |call| again.contains(&call))?;
        }
        tx.commit()?;
        let (calls, released) = (removed.len() as u64, came_back as u64);
        Ok(Some(Undone { import, calls, cost: Usd::from_pico(cost), released, lines: 0, outcomes: 0 }))
    }

    /// Takes out what lies beside the calls: a bill, or outcomes.
    fn undo_beside(&mut self, import: ImportRecord) -> Result<Undone, StoreError> {
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let lines = invoices::undo(&tx, import.id)?;
        let outcomes = outcomes::undo(&tx, import.id)?;
        tx.execute("DELETE FROM imports WHERE id = ?1", [import.id])?;
        tx.commit()?;
        Ok(Undone { import, calls: 0, cost: Usd::ZERO, released: 0, lines, outcomes })
    }

    /// Returns the calls that are stored and not counted, by reason.
    pub fn held_calls(&self) -> Result<Vec<HeldCalls>, StoreError> {
        let mut sums: BTreeMap<u8, (u64, i128)> = BTreeMap::new();
        let mut statement = self.conn.prepare(
            "SELECT min(h.reason), CASE WHEN r.id IS NULL THEN c.cost ELSE r.cost END
             FROM held_calls c JOIN holds h ON h.call = c.id LEFT JOIN repriced r ON r.id = c.id GROUP BY c.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let sum = sums.entry(row.get(0)?).or_default();
            *sum = (sum.0 + 1, sum.1 + i128::from(row.get::<_, Option<i64>>(1)?.unwrap_or(0)));
        }
        let held = |reason: Hold| {
            let (calls, cost) = *sums.get(&(reason as u8))?;
            Some(HeldCalls { reason, calls, cost: Usd::from_pico(cost) })
        };
        Ok(Hold::ALL.into_iter().filter_map(held).collect())
    }

    /// Returns the instants of the first and the last call, without opening a segment.
    pub fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let segments = segments::all(&self.conn)?;
        let first = segments.iter().map(|segment| Timestamp(segment.ts_min)).min();
        Ok(first.zip(segments.iter().map(|segment| Timestamp(segment.ts_max)).max()))
    }

    /// Returns the keys beyond the standard dimensions that some call has.
    pub fn keys(&self) -> Result<Vec<String>, StoreError> {
        let mut keys: Vec<String> = segments::all(&self.conn)?
            .iter()
            .flat_map(|segment| segment.columns.iter())
            .filter_map(|column| column.strip_prefix("meta.").map(str::to_string))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// Returns the store at a glance, from the columns alone.
    pub fn overview(&self) -> Result<Overview, StoreError> {
        let mut overview = Overview::default();
        let mut flags = [0u64; 32];
        let mut tagged: BTreeMap<String, u64> = BTreeMap::new();
        let mut logged = (0u64, 0i128);
        for segment in segments::all(&self.conn)? {
            overview.calls += segment.calls as u64;
            let (first, last) = (Timestamp(segment.ts_min), Timestamp(segment.ts_max));
            overview.first = Some(overview.first.map_or(first, |known| known.min(first)));
            overview.last = Some(overview.last.map_or(last, |known| known.max(last)));
            for (at, column) in segment.columns.iter().enumerate() {
                let bytes = || segments::column(&self.conn, segment.id, at);
                let damaged = || StoreError::Damaged(format!("segment {}", segment.id));
                if column == name::FLAGS {
                    let bytes = bytes()?;
                    let each = |_, set: i64| (0..32).for_each(|bit| flags[bit] += (set as u64 >> bit) & 1);
                    Packed::open(&bytes).ok_or_else(damaged)?.0.each(each);
                } else if column == name::LOGGED_COST {
                    let bytes = bytes()?;
                    Packed::open(&bytes).ok_or_else(damaged)?.0.each(|_, pico| {
                        if pico > 0 {
                            logged = (logged.0 + 1, logged.1 + i128::from(pico) - 1);
                        }
                    });
                } else if !super::segment::is_number(column) && ![name::IDENTITY, TOOLS].contains(&column.as_str()) {
                    let bytes = bytes()?;
                    let text = TextColumn::open(&bytes).ok_or_else(damaged)?;
                    let count = tagged.entry(column.clone()).or_default();
                    text.codes.each(|_, code| *count += u64::from(code > 0));
                }
            }
        }
        overview.flags = Flags::ALL
            .iter()
            .map(|(flag, name)| (*name, flags[flag.0.trailing_zeros() as usize]))
            .filter(|(_, count)| *count > 0)
            .collect();
        overview.logged_cost = (logged.0, Usd::from_pico(logged.1));
        for dim in Dim::all() {
            if let Some(count) = tagged.remove(dim.name()).filter(|count| *count > 0) {
                overview.coverage.push(Coverage { name: dim.name().into(), tagged: count });
            }
        }
        let keys = tagged.into_iter().filter(|(_, count)| *count > 0);
        overview.coverage.extend(keys.map(|(column, tagged)| Coverage {
            name: Axis::Key(column.strip_prefix("meta.").unwrap_or(&column).to_string()).to_string(),
            tagged,
        }));
        Ok(overview)
    }

    /// Returns how many calls have a flag, from the packed flags alone.
    pub fn flagged(&self, flag: Flags) -> Result<u64, StoreError> {
        let mut count = 0;
        for segment in segments::all(&self.conn)? {
            if let Some(at) = segment.column(name::FLAGS) {
                let bytes = segments::column(&self.conn, segment.id, at)?;
                let (packed, _) = Packed::open(&bytes).ok_or(StoreError::Damaged(format!("segment {}", segment.id)))?;
                packed.each(|_, set| count += u64::from(set as u64 & u64::from(flag.0) != 0));
            }
        }
        Ok(count)
    }

    /// Keeps the text of a price table that the store's costs were computed with.
    pub fn keep_price_table(&self, id: &str, text: &str) -> Result<(), StoreError> {
        keep_price_table(&self.conn, id, text)
    }

    /// Returns the id of the price table that the stored costs were computed with last.
    pub fn price_table(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM state WHERE key = 'price_table'";
        Ok(self.conn.query_row(sql, [], |row| row.get(0)).optional()?)
    }

    /// Returns the text of a price table that the store keeps.
    pub fn price_table_text(&self, id: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM price_tables WHERE id = ?1";
        Ok(self.conn.query_row(sql, [id], |row| row.get(0)).optional()?)
    }

    /// Returns the ids of the price tables that the store keeps.
    pub fn price_table_ids(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.conn.prepare("SELECT id FROM price_tables ORDER BY id")?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Tells whether the store holds no call.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM calls)", [], |row| row.get(0))?)
    }
}

/// Keeps the text of a price table and names it as the one behind the stored costs.
pub(crate) fn keep_price_table(conn: &Connection, id: &str, text: &str) -> Result<(), StoreError> {
    conn.execute("INSERT OR IGNORE INTO price_tables (id, text) VALUES (?1, ?2)", [id, text])?;
    conn.execute("INSERT OR REPLACE INTO state (key, value) VALUES ('price_table', ?1)", [id])?;
    Ok(())
}
