//! One call, several records: which of them is counted, and what it takes over from the others.
//!
//! Records are of one call when they share an id that names one call wherever it appears. The counts are taken from
//! the record nearest to the provider that is sound, the dimensions from all of them, the one nearest to the
//! application first. The order of imports does not matter, but for records that are alike in all of this.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::params;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Origin;
use crate::domain::Unpriced;
use crate::store::StoreError;
use crate::store::batch;
use crate::store::batch::Batch;
use crate::store::batch::IdentityRule;
use crate::store::dedup;
use crate::store::dictionary::Dictionary;
use crate::store::dimension;
use crate::store::holds;
use crate::store::holds::Hold;
use crate::store::rows::RowReader;
use crate::store::rows::StoredCall;
use crate::store::spans::Resolved;

/// The records of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// All of them, in the order they were stored.
    pub(crate) records: Vec<i64>,
    /// The one that is counted.
    pub(crate) kept: i64,
}

/// Dimensions that prices depend on, or that say how the record came in: never taken over.
const OWN: [Dim; 6] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region, Dim::Status, Dim::Source];

/// Columns of numbers that are taken over where the counted record lacks them.
const NUMBERS: [&str; 2] = ["latency_ms", "logged_cost"];

/// Settles which record counts, for every call that one of the pairs is of.
pub(crate) fn settle(
    conn: &Connection,
    dictionary: &mut Dictionary,
    pairs: &[(i64, i64)],
    resolved: &mut Resolved,
) -> Result<Vec<Group>, StoreError> {
    let mut groups = Vec::new();
    if pairs.is_empty() {
        return Ok(groups);
    }
    let reader = RowReader::open(conn)?;
    for records in gather(conn, pairs)? {
        let mut calls = Vec::new();
        for id in &records {
            resolved.changed.extend(give_back(conn, dictionary, *id)?);
            calls.extend(reader.find(conn, *id)?);
        }
        let (mut free, mut bound) = (Vec::new(), Vec::new());
        for call in &calls {
            match holds::is_held_but_for(conn, call.id, Hold::Same)? {
                true => bound.push(call),
                false => free.push(call),
            }
        }
        // What sums others does so in every record of its span.
        free.retain(|call| !bound.iter().any(|other| are_of_one_span(call, other)));
        // A record that sums others cannot stand for the call while another can.
        let candidates = if free.is_empty() { bound } else { free };
        let best = candidates.into_iter().max_by(|a, b| worth(a).cmp(&worth(b)));
        let Some(kept) = best.map(|call| call.id) else { continue };
        for call in &calls {
            if call.id == kept {
                if holds::release(conn, kept, Hold::Same)? {
                    resolved.released.push(kept);
                }
            } else {
                if holds::hold(conn, call.id, Hold::Same, Some(kept))? {
                    resolved.held.push(call.id);
                }
                holds::keep_ids(conn, call.id, identities(call).into_iter())?;
            }
        }
        if take_over(conn, dictionary, &calls, kept)? {
            resolved.changed.push(kept);
        }
        groups.push(Group { records, kept });
    }
    Ok(groups)
}

/// Takes groups apart: what their records took over goes back, and none is held on account of another.
pub(crate) fn dissolve(
    conn: &Connection,
    dictionary: &mut Dictionary,
    groups: &[Vec<i64>],
    resolved: &mut Resolved,
) -> Result<(), StoreError> {
    for id in groups.iter().flatten() {
        resolved.changed.extend(give_back(conn, dictionary, *id)?);
        if holds::release(conn, *id, Hold::Same)? {
            resolved.released.push(*id);
        }
    }
    Ok(())
}

/// Takes back what the counted records in the traces that are about to be followed took over: they are to inherit as
/// though they stood alone. Returns the pairs to settle afterwards.
pub(crate) fn prepare_traces(
    conn: &Connection,
    dictionary: &mut Dictionary,
    resolved: &mut Resolved,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let pairs = in_touched_traces(conn)?;
    for (_, kept) in &pairs {
        resolved.changed.extend(give_back(conn, dictionary, *kept)?);
    }
    Ok(pairs)
}

fn in_touched_traces(conn: &Connection) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH own AS (SELECT s.call AS id FROM temp.touched t JOIN spans s ON s.trace = t.trace WHERE s.call IS NOT NULL)
         SELECT call, kept FROM holds WHERE reason = ?1 AND (call IN own OR kept IN own)",
    )?;
    let pairs = statement.query_map([Hold::Same as u8], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pairs.collect::<Result<_, _>>()?)
}

/// Returns what would be left of the groups that an import has a part in without it.
pub(crate) fn groups_without(conn: &Connection, import: i64) -> Result<Vec<Vec<i64>>, StoreError> {
    let mut touched = conn.prepare_cached(
        "WITH own AS (SELECT id FROM calls WHERE import = ?1 UNION ALL SELECT id FROM held_calls WHERE import = ?1)
         SELECT kept FROM holds WHERE reason = ?2 AND (call IN own OR kept IN own)",
    )?;
    let leaders = touched.query_map(params![import, Hold::Same as u8], |row| row.get(0))?;
    let leaders: BTreeSet<i64> = leaders.collect::<Result<_, _>>()?;
    let mut left = Vec::new();
    let mut stays = conn.prepare_cached(
        "SELECT 1 FROM (SELECT id, import FROM calls UNION ALL SELECT id, import FROM held_calls)
         WHERE id = ?1 AND import <> ?2",
    )?;
    for leader in leaders {
        let mut records = Vec::new();
        for record in members(conn, leader)? {
            if stays.exists([record, import])? {
                records.push(record);
            }
        }
        left.push(records);
    }
    Ok(left)
}

/// Returns the call that stands for a record.
fn leader(conn: &Connection, call: i64) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT kept FROM holds WHERE call = ?1 AND reason = ?2")?;
    let mut rows = statement.query(params![call, Hold::Same as u8])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(call))
}

/// Returns the records that a call stands for, itself included.
fn members(conn: &Connection, leader: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT call FROM holds WHERE kept = ?1 AND reason = ?2")?;
    let held = statement.query_map(params![leader, Hold::Same as u8], |row| row.get(0))?;
    let mut members = held.collect::<Result<Vec<i64>, _>>()?;
    members.push(leader);
    members.sort_unstable();
    Ok(members)
}

/// Tells whether one of a span's stored records says what a row of a batch does; `call` is one of them.
pub(crate) fn span_says(conn: &Connection, call: i64, batch: &Batch, row: usize) -> Result<bool, StoreError> {
    let mut print = conn.prepare_cached(
        "SELECT 1 FROM (SELECT id, fingerprint FROM calls UNION ALL SELECT id, fingerprint FROM held_calls)
         WHERE id = ?1 AND fingerprint = ?2",
    )?;
    if print.exists(params![call, batch.fingerprint[row] as i64])? {
        return Ok(true);
    }
    let reader = RowReader::open(conn)?;
    let told = dedup::told_by_row(batch, row);
    for record in members(conn, leader(conn, call)?)? {
        if let Some(stored) = reader.find(conn, record)?
            && stored.by_span
            && stored.call.span.as_deref() == batch.span.get(row)
            && (stored.fingerprint == batch.fingerprint[row] || told_by(&stored) == told)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn told_by(stored: &StoredCall) -> dedup::Told {
    let call = &stored.call;
    let status = call.dim(Dim::Status).map(str::to_string);
    (call.tokens, call.reasoning, call.logged_cost, call.flags.0 & dedup::TELLING, status)
}

/// Puts pairs together with the groups they touch.
fn gather(conn: &Connection, pairs: &[(i64, i64)]) -> Result<Vec<Vec<i64>>, StoreError> {
    let mut above: BTreeMap<i64, i64> = BTreeMap::new();
    for (a, b) in pairs {
        let (a, b) = (root(&mut above, leader(conn, *a)?), root(&mut above, leader(conn, *b)?));
        above.insert(a.max(b), a.min(b));
    }
    let leaders: Vec<i64> = above.keys().chain(above.values()).copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut groups: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for leader in leaders {
        groups.entry(root(&mut above, leader)).or_default().extend(members(conn, leader)?);
    }
    Ok(groups.into_values().filter(|group| group.len() > 1).map(|group| group.into_iter().collect()).collect())
}

/// Returns what a call has been put together with, shortening the way there.
fn root(above: &mut BTreeMap<i64, i64>, call: i64) -> i64 {
    let (mut top, mut way) = (call, Vec::new());
    while let Some(next) = above.get(&top).filter(|next| **next != top) {
        way.push(top);
        top = *next;
    }
    above.extend(way.into_iter().map(|passed| (passed, top)));
    top
}

fn are_of_one_span(a: &StoredCall, b: &StoredCall) -> bool {
    a.by_span && b.by_span && a.call.span == b.call.span && a.call.dim(Dim::Trace) == b.call.dim(Dim::Trace)
}

/// What a record is worth as the one to count: compared part by part, the first that differs decides.
fn worth(stored: &StoredCall) -> impl Ord + use<> {
    let call = &stored.call;
    let total: u64 = Class::ALL.iter().map(|class| call.tokens.get(*class)).sum();
    let cached: u64 =
        Class::ALL.iter().filter(|class| class.name().starts_with("cache")).map(|c| call.tokens.get(*c)).sum();
    let origin = call.flags.origin();
    // A gateway that does not tell cached tokens apart knows less than a span that does.
    let nearness =
        if cached + call.reasoning > 0 || origin == Origin::Provider { 4 + origin as u8 } else { origin as u8 };
    let updated = call.extra.iter().find(|(key, _)| key == "updated_at").map(|(_, at)| at.to_string());
    let charged = call.flags.has(Flags::COST_CHARGED);
    // Of two that know the same counts, the one that saw the failure saw more of the call.
    let failed = call.dim(Dim::Status).is_some_and(super::is_failure);
    // What is alike in all this is decided by itself, so that the order of imports does not matter.
    let itself = std::cmp::Reverse((call.ts, stored.fingerprint, stored.id));
    (!call.flags.has(Flags::SECONDARY), soundness(stored), nearness, updated, total, failed, charged, itself)
}

/// How far the counts of a record can be believed.
fn soundness(stored: &StoredCall) -> u8 {
    let flags = stored.call.flags;
    let doubtful = [Flags::USAGE_ESTIMATED, Flags::ROLLUP, Flags::PLACEHOLDER_OUTPUT];
    match stored.call.unpriced {
        Some(Unpriced::UsageMissing) => 0,
        Some(Unpriced::UsageInconsistent) => 1,
        _ if doubtful.into_iter().any(|flag| flags.has(flag)) => 2,
        _ => 3,
    }
}

/// Gives the counted record what the others say and it does not; where several do, the nearest to the application.
fn take_over(
    conn: &Connection,
    dictionary: &mut Dictionary,
    calls: &[StoredCall],
    kept: i64,
) -> Result<bool, StoreError> {
    let mut nearest: Vec<&StoredCall> = calls.iter().collect();
    nearest.sort_by_key(|stored| (stored.call.flags.origin(), stored.call.ts, stored.fingerprint, stored.id));
    let mut united: BTreeMap<String, &str> = BTreeMap::new();
    for stored in &nearest {
        let own = |dim: &Dim| !OWN.contains(dim);
        for dim in Dim::all().filter(own) {
            if let Some(value) = stored.call.dim(dim) {
                united.entry(dim.name().to_string()).or_insert(value);
            }
        }
        for (key, value) in &stored.call.extra {
            united.entry(batch::key_column(key)).or_insert(value);
        }
    }
    let mut gained: BTreeMap<String, Option<String>> = BTreeMap::new();
    let Some(counted) = calls.iter().find(|stored| stored.id == kept) else { return Ok(false) };
    for (name, value) in united {
        let before = value_of(counted, &name);
        if before != Some(value) {
            dimension::set(conn, dictionary, kept, &name, Some(value))?;
            gained.insert(name, before.map(str::to_string));
        }
    }
    for column in NUMBERS {
        let number = |stored: &&StoredCall| match column {
            "latency_ms" => stored.call.latency_ms.map(|ms| ms as i64),
            _ => stored.call.logged_cost.and_then(|cost| i64::try_from(cost.pico()).ok()),
        };
        if number(&counted).is_none()
            && let Some(value) = nearest.iter().rev().find_map(number)
        {
            let sql = format!("UPDATE calls SET {column} = ?2 WHERE id = ?1");
            conn.prepare_cached(&sql)?.execute(params![kept, value])?;
            gained.insert(column.to_string(), None);
        }
    }
    if gained.is_empty() {
        return Ok(false);
    }
    let text = serde_json::to_string(&gained).unwrap_or_default();
    conn.prepare_cached("INSERT OR REPLACE INTO unions (call, gained) VALUES (?1, ?2)")?
        .execute(params![kept, text])?;
    Ok(true)
}

fn value_of<'c>(stored: &'c StoredCall, name: &str) -> Option<&'c str> {
    match Dim::parse(name).filter(|dim| dim.name() == name) {
        Some(dim) => stored.call.dim(dim),
        None => {
            let known = |key: &str| batch::key_column(key) == name;
            stored.call.extra.iter().find(|(key, _)| known(key)).map(|(_, value)| value.as_ref())
        }
    }
}

/// Takes back from a call what it took over; returns the call if that changed it.
fn give_back(conn: &Connection, dictionary: &mut Dictionary, call: i64) -> Result<Option<i64>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT gained FROM unions WHERE call = ?1")?;
    let mut rows = statement.query([call])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let text: String = row.get(0)?;
    let gained: BTreeMap<String, Option<String>> = serde_json::from_str(&text).unwrap_or_default();
    for (name, before) in &gained {
        if NUMBERS.contains(&name.as_str()) {
            conn.prepare_cached(&format!("UPDATE calls SET {name} = NULL WHERE id = ?1"))?.execute([call])?;
        } else {
            dimension::set(conn, dictionary, call, name, before.as_deref())?;
        }
    }
    conn.prepare_cached("DELETE FROM unions WHERE call = ?1")?.execute([call])?;
    Ok(Some(call))
}

/// Makes calls that are held findable by their identities.
pub(crate) fn keep_findable(conn: &Connection, calls: &[i64]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let reader = RowReader::open(conn)?;
    for call in calls {
        if let Some(stored) = reader.find(conn, *call)? {
            holds::keep_ids(conn, *call, identities(&stored).into_iter())?;
        }
    }
    Ok(())
}

/// Returns the hashes that find a call, as a batch computes them.
fn identities(stored: &StoredCall) -> Vec<u64> {
    let mut one = Batch::default();
    let rule = if stored.by_span { IdentityRule::Span } else { IdentityRule::Id };
    one.push(&stored.call, stored.fingerprint, rule);
    one.identity.iter().copied().chain(one.aliases.iter().map(|(hash, _)| *hash)).collect()
}

/// Tells whether a record is to be counted rather than another of the same call.
pub(crate) fn is_better(a: &StoredCall, b: &StoredCall) -> bool {
    worth(a) > worth(b)
}

/// Tells whether two records have ids of one kind, of the provider's, that differ: then they are two calls.
pub(crate) fn differ_by_id(a: &StoredCall, b: &StoredCall) -> bool {
    fn kind(id: &str) -> &str {
        id.split_once(['_', '-']).map_or("", |(kind, _)| kind)
    }
    fn unique(stored: &StoredCall) -> Option<&str> {
        stored.call.request_id.as_deref().filter(|_| stored.call.flags.has(Flags::UNIQUE_ID))
    }
    match (unique(a), unique(b)) {
        (Some(a), Some(b)) => kind(a) == kind(b) && !kind(a).is_empty() && a != b,
        _ => false,
    }
}

/// Folds what two logs may call one model: case, a seller's prefix, a date at the end.
pub(crate) fn normal_model(model: &str) -> String {
    let lower = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
    let is_date =
        |text: &str| text.chars().filter(char::is_ascii_digit).count() == 8 && !text.contains(char::is_alphabetic);
    let cut = [11, 9].into_iter().find_map(|length| {
        let at = lower.len().checked_sub(length)?;
        (lower.is_char_boundary(at) && lower[at..].starts_with('-') && is_date(&lower[at..])).then_some(at)
    });
    lower[..cut.unwrap_or(lower.len())].to_string()
}
