//! Calls that two sources have probably both logged, under ids that do not say so.
//!
//! Same model, same counts going in and coming out, started within two seconds of each other or at work at the same
//! time, in different sources. They are listed and told; only the user can say that one of the two is too much.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

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
            "SELECT c.cost FROM probable p CROSS JOIN priced_calls c ON c.id = p.call WHERE c.ts >= ?1 AND c.ts < ?2",
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
#[derive(Clone, Copy)]
struct Seen {
    call: i64,
    ts: i64,
    source: u64,
}

/// Calls that are alike.
#[derive(Default)]
struct Alike {
    /// Those that are looked at now.
    fresh: Vec<Seen>,
    /// Those of other sources that may be one of them.
    others: Vec<Seen>,
}

/// Looks for calls of other sources that are probably those from `first` on which are `fresh`, and lists the pairs.
pub(crate) fn find(conn: &Connection, first: i64, is_fresh: impl Fn(i64) -> bool) -> Result<(), StoreError> {
    let sources: i64 = conn.query_row("SELECT count(DISTINCT source) FROM imports", [], |row| row.get(0))?;
    if sources < 2 {
        return Ok(());
    }
    let segments = segments::all(conn)?;
    let mut groups: HashMap<u64, Alike> = HashMap::new();
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for segment in segments.iter().filter(|segment| segment.last_call >= first) {
        each(conn, segment, |likeness, seen| {
            if seen.call >= first && is_fresh(seen.call) {
                (low, high) = (low.min(seen.ts), high.max(seen.ts));
                groups.entry(likeness).or_default().fresh.push(seen);
            }
        })?;
    }
    let near = |segment: &&Segment| {
        segment.ts_max >= low.saturating_sub(LONGEST) && segment.ts_min <= high.saturating_add(LONGEST)
    };
    let mut any = false;
    for segment in segments.iter().filter(near) {
        each(conn, segment, |likeness, seen| {
            let Some(alike) = groups.get_mut(&likeness) else { return };
            let waits = seen.call < first || !is_fresh(seen.call);
            let may_be = |new: &Seen| {
                new.source != seen.source
                    && (waits || seen.call < new.call)
                    && new.ts.abs_diff(seen.ts) <= LONGEST as u64
            };
            if alike.fresh.iter().any(may_be) {
                alike.others.push(seen);
                any = true;
            }
        })?;
    }
    if !any {
        return Ok(());
    }
    let mut pairs = Pairs::open(conn)?;
    let mut groups: Vec<Alike> = groups.into_values().filter(|alike| !alike.others.is_empty()).collect();
    groups.iter_mut().for_each(|alike| alike.fresh.sort_unstable_by_key(|seen| (seen.ts, seen.call)));
    // In order of time, whatever order a map has: the same imports must give the same pairs.
    groups.sort_unstable_by_key(|alike| alike.fresh.first().map(|seen| (seen.ts, seen.call)));
    for Alike { fresh, mut others } in groups {
        others.sort_unstable_by_key(|seen| (seen.ts, seen.call));
        for new in fresh {
            pairs.pair(&new, &others)?;
        }
    }
    Ok(())
}

/// The pairs so far. A call has at most one twin in each other source, and what is in doubt is nobody's twin.
struct Pairs<'c> {
    conn: &'c Connection,
    rows: RowReader,
    /// Calls and the sources they have found a twin in.
    taken: HashSet<(i64, u64)>,
    in_doubt: HashSet<i64>,
}

/// How many neighbours in time are looked at for a call: all in one moment, or so many rows.
const NEIGHBOURS: usize = 4096;
const ROWS: usize = 32;

impl<'c> Pairs<'c> {
    fn open(conn: &'c Connection) -> Result<Pairs<'c>, StoreError> {
        let mut pairs = Pairs { conn, rows: RowReader::open(conn)?, taken: HashSet::new(), in_doubt: HashSet::new() };
        let mut statement = conn.prepare(
            "WITH every AS (SELECT id, import FROM calls UNION ALL SELECT id, import FROM held_calls)
             SELECT p.call, i.source, p.twin, j.source FROM probable p
             JOIN every c ON c.id = p.call JOIN imports i ON i.id = c.import
             JOIN every t ON t.id = p.twin JOIN imports j ON j.id = t.import",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let source = |at: usize| row.get::<_, String>(at).map(|source| xxh3_64(source.as_bytes()));
            pairs.note((row.get(0)?, source(1)?), (row.get(2)?, source(3)?));
        }
        Ok(pairs)
    }

    fn note(&mut self, lesser: (i64, u64), other: (i64, u64)) {
        self.in_doubt.insert(lesser.0);
        self.taken.insert((lesser.0, other.1));
        self.taken.insert((other.0, lesser.1));
    }

    /// Finds a call's twin, the nearest in time that can be it, and lists the pair.
    fn pair(&mut self, new: &Seen, others: &[Seen]) -> Result<(), StoreError> {
        if self.in_doubt.contains(&new.call) {
            return Ok(());
        }
        let Some(own) = self.rows.find(self.conn, new.call)? else { return Ok(()) };
        let at = others.partition_point(|other| other.ts < new.ts);
        let (mut before, mut after) = (others[..at].iter().rev().peekable(), others[at..].iter().peekable());
        let mut read = 0;
        for _ in 0..NEIGHBOURS {
            let distance = |seen: Option<&&Seen>| seen.map_or(u64::MAX, |seen| seen.ts.abs_diff(new.ts));
            let next = if distance(before.peek()) < distance(after.peek()) { before.next() } else { after.next() };
            let Some(other) = next.filter(|other| other.ts.abs_diff(new.ts) <= LONGEST as u64 && read < ROWS) else {
                break;
            };
            if other.source == new.source
                || other.call == new.call
                || self.in_doubt.contains(&other.call)
                || self.taken.contains(&(other.call, new.source))
                || self.taken.contains(&(new.call, other.source))
            {
                continue;
            }
            read += 1;
            let Some(row) = self.rows.find(self.conn, other.call)? else { continue };
            if !at_one_time(&own, &row) || merge::differ_by_id(&own, &row) {
                continue;
            }
            let (lesser, kept) = if merge::is_better(&own, &row) { (other, new) } else { (new, other) };
            self.conn
                .prepare_cached("INSERT OR IGNORE INTO probable (call, twin) VALUES (?1, ?2)")?
                .execute(params![lesser.call, kept.call])?;
            self.note((lesser.call, lesser.source), (kept.call, kept.source));
            break;
        }
        Ok(())
    }
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
        on(xxh3_64(&key), Seen { call: ids.get(row), ts: times[row], source: sources[row] });
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
