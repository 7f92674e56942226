//! Calls that two sources have probably both logged, under ids that do not say so.
//!
//! Same model, same counts going in and coming out, started within two seconds of each other or at work at the same
//! time, in different sources. They are listed and told; only the user can say that one of the two is too much.

use std::collections::BTreeMap;
use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::params;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::dictionary;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::merge;
use crate::store::rows::RowReader;
use crate::store::rows::StoredCall;
use crate::store::scan::OpenSegment;
use crate::store::segment::LocalValues;
use crate::store::segment::class_column;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::segments::Segment;

/// How far apart two stamps of one call may be, in nanoseconds.
const APART: u64 = 2_000_000_000;
/// Calls that were at work at the same time did not start further apart than this.
const LONGEST: i64 = 600_000_000_000;

/// Calls of one source that another source has probably logged too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbablePairs {
    /// The source of the records that are in doubt.
    pub source: String,
    /// The source of the records that are counted in any case.
    pub other: String,
    /// How many calls are in doubt.
    pub calls: u64,
    /// What they cost.
    pub cost: Usd,
    /// Whether they are left out of all totals.
    pub excluded: bool,
}

impl Store {
    /// Returns the calls that are probably logged twice, by the two sources.
    pub fn probable_pairs(&self) -> Result<Vec<ProbablePairs>, StoreError> {
        let mut pairs: BTreeMap<(bool, String, String), (u64, i128)> = BTreeMap::new();
        for (table, excluded) in [("priced_calls", false), ("held_calls", true)] {
            let sql = format!(
                "SELECT i.source, j.source, c.cost FROM probable p JOIN {table} c ON c.id = p.call
                 JOIN imports i ON i.id = c.import
                 JOIN (SELECT id, import FROM calls UNION ALL SELECT id, import FROM held_calls) t ON t.id = p.twin
                 JOIN imports j ON j.id = t.import
                 WHERE ?1 = EXISTS (SELECT 1 FROM holds h WHERE h.call = p.call AND h.reason = ?2)"
            );
            let mut statement = self.conn.prepare(&sql)?;
            let mut rows = statement.query(params![excluded, Hold::Chosen as u8])?;
            while let Some(row) = rows.next()? {
                let sums = pairs.entry((excluded, row.get(0)?, row.get(1)?)).or_default();
                *sums = (sums.0 + 1, sums.1 + i128::from(row.get::<_, Option<i64>>(2)?.unwrap_or(0)));
            }
        }
        let pair = |((excluded, source, other), (calls, cost))| ProbablePairs {
            source,
            other,
            calls,
            cost: Usd::from_pico(cost),
            excluded,
        };
        Ok(pairs.into_iter().map(pair).collect())
    }

    /// Returns how many counted calls of a window are in doubt, and their cost.
    pub fn probable(&self, window: Window) -> Result<(u64, Usd), StoreError> {
        let since = window.since.map_or(i64::MIN, |since| since.0);
        let until = window.until.map_or(i64::MAX, |until| until.0);
        let mut statement = self.conn.prepare_cached(
            "SELECT c.cost FROM probable p JOIN priced_calls c ON c.id = p.call WHERE c.ts >= ?1 AND c.ts < ?2",
        )?;
        let mut rows = statement.query([since, until])?;
        let (mut calls, mut cost) = (0, 0i128);
        while let Some(row) = rows.next()? {
            calls += 1;
            cost += i128::from(row.get::<_, Option<i64>>(0)?.unwrap_or(0));
        }
        Ok((calls, Usd::from_pico(cost)))
    }

    /// Leaves the calls in doubt out of all totals, or takes them in again; returns how many changed.
    pub fn exclude_probable(&mut self, exclude: bool) -> Result<u64, StoreError> {
        self.dictionary.clear();
        let tx = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let calls: Vec<i64> = {
            let mut statement = tx.prepare("SELECT call FROM probable ORDER BY call")?;
            statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        let mut changed = Vec::new();
        for call in calls {
            let moved = match exclude {
                true => holds::hold(&tx, call, Hold::Chosen, None)?,
                false => holds::release(&tx, call, Hold::Chosen)?,
            };
            if moved {
                changed.push(call);
            }
        }
        if exclude {
            merge::keep_findable(&tx, &changed)?;
        }
        segments::remake_holding(&tx, &mut self.dictionary, &changed)?;
        if !exclude {
            segments::take_in(&tx, &mut self.dictionary, &changed)?;
        }
        tx.commit()?;
        Ok(changed.len() as u64)
    }
}

/// Returns the calls that are in doubt because of another alone.
pub(crate) fn without(conn: &Connection, twin: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT call FROM probable WHERE twin = ?1")?;
    let calls = statement.query_map([twin], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(calls)
}

/// A call by what another source would tell the same.
struct Seen {
    call: i64,
    ts: i64,
    source: u64,
    /// Whether it has found its twin.
    paired: bool,
}

/// Looks for calls of other sources that are probably those from `first` on, and lists the pairs.
pub(crate) fn find(conn: &Connection, first: i64) -> Result<(), StoreError> {
    let sources: i64 = conn.query_row("SELECT count(DISTINCT source) FROM imports", [], |row| row.get(0))?;
    if sources < 2 {
        return Ok(());
    }
    let segments = segments::all(conn)?;
    let mut fresh: HashMap<u64, Vec<Seen>> = HashMap::new();
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for segment in segments.iter().filter(|segment| segment.last_call >= first) {
        each(conn, segment, |likeness, seen| {
            if seen.call >= first {
                (low, high) = (low.min(seen.ts), high.max(seen.ts));
                fresh.entry(likeness).or_default().push(seen);
            }
        })?;
    }
    let near = |segment: &&Segment| {
        segment.ts_max >= low.saturating_sub(LONGEST) && segment.ts_min <= high.saturating_add(LONGEST)
    };
    let mut pairs = Vec::new();
    for segment in segments.iter().filter(near) {
        each(conn, segment, |likeness, old| {
            let Some(alike) = fresh.get_mut(&likeness) else { return };
            let candidates = alike.iter_mut().filter(|new| {
                !new.paired
                    && new.source != old.source
                    && old.call < new.call
                    && new.ts.abs_diff(old.ts) <= LONGEST as u64
            });
            if let Some(new) = candidates.min_by_key(|new| (new.ts.abs_diff(old.ts), new.call)) {
                new.paired = true;
                pairs.push((old.call, new.call));
            }
        })?;
    }
    confirm(conn, &pairs)
}

/// Looks at the rows of pairs, and lists those that are probably one call.
fn confirm(conn: &Connection, pairs: &[(i64, i64)]) -> Result<(), StoreError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let reader = RowReader::open(conn)?;
    let mut insert = conn.prepare_cached("INSERT OR IGNORE INTO probable (call, twin) VALUES (?1, ?2)")?;
    for (old, new) in pairs {
        let (Some(a), Some(b)) = (reader.find(conn, *old)?, reader.find(conn, *new)?) else { continue };
        if at_one_time(&a, &b) && !merge::differ_by_id(&a, &b) {
            let (lesser, other) = if merge::is_better(&a, &b) { (&b, &a) } else { (&a, &b) };
            insert.execute(params![lesser.id, other.id])?;
        }
    }
    Ok(())
}

fn at_one_time(a: &StoredCall, b: &StoredCall) -> bool {
    let Timestamp(first) = a.call.ts;
    let Timestamp(second) = b.call.ts;
    let end = |stored: &StoredCall| {
        let nanos = stored.call.latency_ms.unwrap_or(0).saturating_mul(1_000_000);
        stored.call.ts.0.saturating_add_unsigned(nanos)
    };
    first.abs_diff(second) <= APART || (first <= end(b) && second <= end(a))
}

/// Hands on every call of a segment that has a model and counts, with the hash of what makes it alike to others.
fn each(conn: &Connection, segment: &Segment, mut on: impl FnMut(u64, Seen)) -> Result<(), StoreError> {
    let open = OpenSegment { conn, segment };
    let rows = segment.calls as usize;
    let (mut prompts, mut outputs) = (vec![0i64; rows], vec![0i64; rows]);
    for class in Class::ALL {
        if let Some(counts) = open.numbers(&class_column(class))? {
            let is_output = matches!(class, Class::Output | Class::AudioOut | Class::ImageOut);
            let sums = if is_output { &mut outputs } else { &mut prompts };
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    let models = hashes(&open, Dim::Model, |model| xxh3_64(merge::normal_model(model).as_bytes()))?;
    let sources = hashes(&open, Dim::Source, |source| xxh3_64(source.as_bytes()))?;
    let times = open.numbers(name::TS)?.unwrap_or_else(|| vec![0; rows]);
    let ids = segments::call_ids(conn, segment.id)?;
    for row in 0..rows {
        if models[row] == 0 || prompts[row] + outputs[row] == 0 {
            continue;
        }
        let mut key = [0u8; 24];
        key[..8].copy_from_slice(&models[row].to_le_bytes());
        key[8..16].copy_from_slice(&prompts[row].to_le_bytes());
        key[16..].copy_from_slice(&outputs[row].to_le_bytes());
        on(xxh3_64(&key), Seen { call: ids.get(row), ts: times[row], source: sources[row], paired: false });
    }
    Ok(())
}

/// Returns the hash of a dimension's value a row, zero for none.
fn hashes(open: &OpenSegment<'_>, dim: Dim, hash: impl Fn(&str) -> u64) -> Result<Vec<u64>, StoreError> {
    let Some(bytes) = open.bytes(dim.name())? else { return Ok(vec![0; open.segment.calls as usize]) };
    let column = open.text(&bytes)?;
    let values: Vec<u64> = match column.values {
        LocalValues::Texts(texts) => texts.iter().map(|text| hash(text)).collect(),
        LocalValues::Ids(ids) => {
            let names = dictionary::names(open.conn, dim.name())?;
            let of = |id: &i64| usize::try_from(*id).ok().and_then(|id| names.get(id)).map(|name| hash(name));
            ids.to_vec().iter().map(|id| of(id).ok_or_else(|| open.damaged())).collect::<Result<_, _>>()?
        }
    };
    let value = |code: &i64| (*code as usize).checked_sub(1).and_then(|at| values.get(at)).copied().unwrap_or(0);
    Ok(column.codes.to_vec().iter().map(value).collect())
}
