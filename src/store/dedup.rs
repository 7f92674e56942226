//! Which calls of a batch the store has already: sorted hashes streamed past the stored runs, hits confirmed.
//!
//! A hash only points at a candidate; the stored row decides. An id that names one call wherever it appears makes
//! two records *twins*: the same record again is a duplicate, another record of the call is kept and the two are
//! settled in `merge`. Under any other id a record is a duplicate when a stored call has its id, source and content,
//! and a conflict (both are kept) when the content differs. A record without an id is told by its content, and the
//! n-th equal record of a file is a duplicate only if the store had n of them before the file.

use std::collections::BTreeSet;
use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Tokens;
use crate::domain::Usd;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::batch::SPAN_IDENTITY;
use crate::store::batch::identity;
use crate::store::holds;
use crate::store::merge;
use crate::store::segment::Identities;
use crate::store::segments;
use crate::store::spans::Known;

/// Hashes kept in memory between batches; beyond this, runs are read from the store each time.
const CACHED_HASHES: usize = 6_000_000;

/// What a row is to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not seen before.
    New,
    /// Stored already.
    Duplicate,
    /// A stored call has the same id and other content.
    Conflict,
}

/// A record of the batch and another of the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Twin {
    /// The row of the batch.
    pub(crate) row: u32,
    /// The other record.
    pub(crate) other: Other,
}

/// A record that a row of the batch is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    /// An earlier row of the batch.
    Row(u32),
    /// A stored call.
    Call(i64),
}

/// What a batch is to the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// A verdict a row.
    pub(crate) verdicts: Vec<Verdict>,
    /// Rows that are of the same call as another record.
    pub(crate) twins: Vec<Twin>,
}

/// A stored run of hashes and the calls they stand for.
struct Run {
    segment: i64,
    hashes: Option<Vec<u64>>,
}

/// What one import knows of stored identities.
#[derive(Default)]
pub(crate) struct Dedup {
    runs: Vec<Run>,
    /// The identities of calls that are held back, which no segment has.
    held: Vec<(u64, i64)>,
    cached: usize,
    /// Records without an id that were duplicates so far in a file, by file and identity: the next equal one is
    /// compared with what the store had before the file.
    consumed: HashMap<(i64, u64), u32>,
    sources: HashMap<i64, String>,
}

impl Dedup {
    /// Learns which segments are stored.
    pub(crate) fn open(conn: &Connection) -> Result<Dedup, StoreError> {
        let mut segments = conn.prepare("SELECT id FROM segments ORDER BY id")?;
        let runs = segments
            .query_map([], |row| row.get(0))?
            .map(|segment| segment.map(|segment| Run { segment, hashes: None }))
            .collect::<Result<_, _>>()?;
        Ok(Dedup { runs, held: holds::ids(conn)?, ..Dedup::default() })
    }

    /// Adds the segment just written.
    pub(crate) fn add_segment(&mut self, segment: i64) {
        self.runs.push(Run { segment, hashes: None });
    }

    /// Judges every row of a batch; its files have the numbers of their imports.
    pub(crate) fn judge(&mut self, conn: &Connection, batch: &Batch) -> Result<Judged, StoreError> {
        let mut order: Vec<(u64, u32)> = (0..batch.len())
            .filter(|row| !by_span(batch, *row))
            .map(|row| (batch.identity[row], row as u32))
            .chain(batch.aliases.iter().copied())
            .collect();
        order.sort_unstable();
        let hits = self.hits(conn, &order)?;
        let mut judged = Judged { verdicts: vec![Verdict::New; batch.len()], twins: Vec::new() };
        let mut at = 0;
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let from = at + hits[at..].partition_point(|(hash, _)| *hash < group[0].0);
            let to = from + hits[from..].partition_point(|(hash, _)| *hash == group[0].0);
            at = to;
            if group.len() > 1 || to > from {
                let mut known = Vec::with_capacity(to - from);
                for (_, call) in &hits[from..to] {
                    known.extend(self.stored_call(conn, *call)?);
                }
                self.judge_group(batch, group, &known, &mut judged);
            }
        }
        Ok(judged)
    }

    /// Finds the stored calls with a hash of the batch: (hash, call), sorted.
    fn hits(&mut self, conn: &Connection, order: &[(u64, u32)]) -> Result<Vec<(u64, i64)>, StoreError> {
        // One bit for each twentieth-bit prefix: most stored hashes are passed over by one look.
        let mut prefixes = vec![0u64; 1 << 14];
        for (hash, _) in order {
            prefixes[(hash >> 50) as usize] |= 1 << ((hash >> 44) & 63);
        }
        let mut hits = Vec::new();
        for run in &mut self.runs {
            let found = match &run.hashes {
                Some(hashes) => matches(order, &prefixes, hashes.iter().copied()),
                None => {
                    let bytes = segments::column(conn, run.segment, 0)?;
                    let stored =
                        Identities::open(&bytes).ok_or(StoreError::Damaged(format!("segment {}", run.segment)))?;
                    if self.cached < CACHED_HASHES {
                        let hashes: Vec<u64> = stored.hashes().collect();
                        self.cached += hashes.len();
                        let found = matches(order, &prefixes, hashes.iter().copied());
                        run.hashes = Some(hashes);
                        found
                    } else {
                        matches(order, &prefixes, stored.hashes())
                    }
                }
            };
            if !found.is_empty() {
                let bytes = segments::column(conn, run.segment, 0)?;
                let stored = Identities::open(&bytes).ok_or(StoreError::Damaged(format!("segment {}", run.segment)))?;
                let ids = segments::call_ids(conn, run.segment)?;
                hits.extend(found.into_iter().map(|(hash, n)| (hash, ids.get(stored.row(n) as usize))));
            }
        }
        let held = matches(order, &prefixes, self.held.iter().map(|(hash, _)| *hash));
        hits.extend(held.into_iter().map(|(_, n)| self.held[n]));
        hits.sort_unstable();
        hits.dedup();
        Ok(hits)
    }

    /// Judges the rows that share a hash, in their order.
    fn judge_group(&mut self, batch: &Batch, group: &[(u64, u32)], known: &[Stored], judged: &mut Judged) {
        let mut earlier: Vec<usize> = Vec::new();
        for (hash, row) in group {
            let row = *row as usize;
            if batch.identity[row] != *hash || by_span(batch, row) || is_unique(batch, row) {
                judge_unique(batch, *hash, row, (known, &earlier), judged);
            } else {
                judged.verdicts[row] = match batch.request_id.get(row) {
                    Some(id) => judge_id(batch, row, id, known, &earlier),
                    None => self.judge_content(batch, *hash, row, known, &earlier),
                };
            }
            if judged.verdicts[row] != Verdict::Duplicate {
                earlier.push(row);
            }
        }
    }

    fn judge_content(&mut self, batch: &Batch, hash: u64, row: usize, known: &[Stored], earlier: &[usize]) -> Verdict {
        let file = batch.file(row);
        let print = (batch.fingerprint[row], batch.ts[row]);
        let stored = known
            .iter()
            .filter(|call| call.request_id.is_none() && (call.fingerprint, call.ts) == print && call.import != file);
        let in_batch = earlier
            .iter()
            .filter(|other| (batch.fingerprint[**other], batch.ts[**other]) == print && batch.file(**other) != file);
        let before = (stored.count() + in_batch.count()) as u32;
        let consumed = self.consumed.entry((file, hash)).or_default();
        if *consumed < before {
            *consumed += 1;
            return Verdict::Duplicate;
        }
        if *consumed == 0 {
            self.consumed.remove(&(file, hash));
        }
        Verdict::New
    }

    /// Judges rows whose span is known: the same record again is a duplicate, one that counts otherwise (the span was
    /// exported before it was complete) is another record of the call. Returns the rows of the second kind.
    pub(crate) fn judge_spans(
        &mut self,
        conn: &Connection,
        batch: &Batch,
        known: &[Known],
        judged: &mut Judged,
    ) -> Result<BTreeSet<u32>, StoreError> {
        let mut again = BTreeSet::new();
        for Known { row, call, rows } in known {
            let at = *row as usize;
            let rows: Vec<u32> =
                rows.iter().copied().filter(|row| judged.verdicts[*row as usize] != Verdict::Duplicate).collect();
            let other = call.map(Other::Call).or(rows.first().map(|row| Other::Row(*row)));
            let is_known = rows.iter().any(|other| told_by_row(batch, *other as usize) == told_by_row(batch, at))
                || call.map(|call| merge::span_says(conn, call, batch, at)).transpose()?.unwrap_or(false);
            match other.filter(|_| !is_known) {
                Some(other) => {
                    judged.twins.push(Twin { row: *row, other });
                    again.insert(*row);
                }
                None => judged.verdicts[at] = Verdict::Duplicate,
            }
        }
        Ok(again)
    }

    fn stored_call(&mut self, conn: &Connection, call: i64) -> Result<Option<Stored>, StoreError> {
        let mut found = None;
        for table in ["calls", "held_calls"] {
            let sql = format!(
                "SELECT id, request_id, fingerprint, ts, import, flags, json_extract(more, '$.meta.{}') FROM {table} WHERE id = ?1",
                identity::OTHER_ID
            );
            let mut statement = conn.prepare_cached(&sql)?;
            found = statement.query_row([call], Stored::read).optional()?;
            if found.is_some() {
                break;
            }
        }
        let Some(mut found) = found else { return Ok(None) };
        found.source = match self.sources.get(&found.import) {
            Some(source) => source.clone(),
            None => {
                let source: String =
                    conn.query_row("SELECT source FROM imports WHERE id = ?1", [found.import], |row| row.get(0))?;
                self.sources.insert(found.import, source.clone());
                source
            }
        };
        Ok(Some(found))
    }
}

fn by_span(batch: &Batch, row: usize) -> bool {
    batch.flags.get(row) & u64::from(SPAN_IDENTITY) != 0
}

/// What two records of one span must both say to be the same record.
pub(crate) type Told = (Tokens, u64, Option<Usd>, u32, Option<String>);

/// Doubts of a reader that tell one record of a span from another.
pub(crate) const TELLING: u32 = Flags::USAGE_MISSING.0 | Flags::USAGE_INCONSISTENT.0 | Flags::USAGE_ESTIMATED.0;

pub(crate) fn told_by_row(batch: &Batch, row: usize) -> Told {
    let status = batch.dim(row, Dim::Status).map(str::to_string);
    (batch.tokens(row), batch.reasoning.get(row), batch.logged_cost(row), batch.flags(row).0 & TELLING, status)
}

fn is_unique(batch: &Batch, row: usize) -> bool {
    batch.flags(row).has(Flags::UNIQUE_ID)
}

/// Judges a record by an id that only its own log gives a meaning.
fn judge_id(batch: &Batch, row: usize, id: &str, known: &[Stored], earlier: &[usize]) -> Verdict {
    let source = batch.dim(row, Dim::Source).unwrap_or_default();
    let stored = known.iter().filter(|call| call.request_id.as_deref() == Some(id) && call.source == source);
    let in_batch = earlier.iter().filter(|other| {
        batch.request_id.get(**other) == Some(id) && batch.dim(**other, Dim::Source).unwrap_or_default() == source
    });
    let mut prints =
        stored.map(|call| call.fingerprint).chain(in_batch.map(|other| batch.fingerprint[*other])).peekable();
    match prints.peek().copied() {
        None => Verdict::New,
        Some(_) if prints.any(|print| print == batch.fingerprint[row]) => Verdict::Duplicate,
        Some(_) => Verdict::Conflict,
    }
}

/// Judges a record by an id that names one call wherever it appears: the response's, or the request's beside it.
fn judge_unique(batch: &Batch, hash: u64, row: usize, others: (&[Stored], &[usize]), judged: &mut Judged) {
    let (known, earlier) = others;
    let own = Ids::of_row(batch, row);
    let source = batch.dim(row, Dim::Source).unwrap_or_default();
    // A span is told by its place in the trace: the same one again has been found by that.
    let by_content = batch.identity[row] == hash && !by_span(batch, row);
    let is_again = |print: u64, from: &str| by_content && print == batch.fingerprint[row] && from == source;
    let stored = || known.iter().filter(|call| own.are_of_one_call(&call.ids()));
    let in_batch = || earlier.iter().copied().filter(|other| own.are_of_one_call(&Ids::of_row(batch, *other)));
    let source_of = |other: usize| batch.dim(other, Dim::Source).unwrap_or_default();
    let prints_again = earlier.iter().filter(|other| is_again(batch.fingerprint[**other], source_of(**other)));
    if stored().any(|call| is_again(call.fingerprint, &call.source))
        || prints_again.copied().any(|other| own.are_of_one_call(&Ids::of_row(batch, other)))
    {
        judged.verdicts[row] = Verdict::Duplicate;
        return;
    }
    // One other record of each kind ties this one to the rest.
    let others = [stored().next().map(|call| Other::Call(call.id)), in_batch().next().map(|at| Other::Row(at as u32))];
    judged.twins.extend(others.into_iter().flatten().map(|other| Twin { row: row as u32, other }));
}

/// The ids by which a record may be known elsewhere.
struct Ids<'b> {
    response: Option<&'b str>,
    request: Option<&'b str>,
    secondary: bool,
}

impl<'b> Ids<'b> {
    fn of_row(batch: &'b Batch, row: usize) -> Ids<'b> {
        let flags = batch.flags(row);
        Ids {
            response: batch.request_id.get(row).filter(|_| flags.has(Flags::UNIQUE_ID)),
            request: batch.extra(row, identity::OTHER_ID).filter(|id| identity::is_request_id(id)),
            secondary: flags.has(Flags::SECONDARY),
        }
    }

    /// Tells whether two records that share an id are of one call.
    fn are_of_one_call(&self, other: &Ids<'_>) -> bool {
        let both = |a: Option<&str>, b: Option<&str>| a.zip(b).map(|(a, b)| a == b);
        let provider = |id: &&str| id.starts_with("req_");
        let requests = both(self.request.filter(provider), other.request.filter(provider));
        match both(self.response, other.response) {
            // One answer asked for twice is two calls, unless one of the two is a replay of the other.
            Some(true) => requests != Some(false) || self.secondary != other.secondary,
            // Two answers, or one record known by the other's id of the request.
            Some(false) => {
                both(self.response, other.request) == Some(true) || both(self.request, other.response) == Some(true)
            }
            None => {
                requests == Some(true)
                    || both(self.request, other.request) == Some(true)
                    || both(self.response, other.request) == Some(true)
                    || both(self.request, other.response) == Some(true)
            }
        }
    }
}

/// What a stored row says of its identity.
struct Stored {
    id: i64,
    request_id: Option<String>,
    other_id: Option<String>,
    fingerprint: u64,
    ts: i64,
    import: i64,
    flags: Flags,
    source: String,
}

impl Stored {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
        Ok(Stored {
            id: row.get(0)?,
            request_id: row.get(1)?,
            fingerprint: row.get::<_, i64>(2)? as u64,
            ts: row.get(3)?,
            import: row.get(4)?,
            flags: Flags(row.get::<_, Option<i64>>(5)?.unwrap_or(0) as u32),
            other_id: row.get(6)?,
            source: String::new(),
        })
    }

    fn ids(&self) -> Ids<'_> {
        Ids {
            response: self.request_id.as_deref().filter(|_| self.flags.has(Flags::UNIQUE_ID)),
            request: self.other_id.as_deref().filter(|id| identity::is_request_id(id)),
            secondary: self.flags.has(Flags::SECONDARY),
        }
    }
}

/// Returns the hashes of a sorted run that the sorted batch has too, with their places in the run.
fn matches(order: &[(u64, u32)], prefixes: &[u64], run: impl Iterator<Item = u64>) -> Vec<(u64, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    for (n, hash) in run.enumerate() {
        if prefixes[(hash >> 50) as usize] >> ((hash >> 44) & 63) & 1 == 0 {
            continue;
        }
        while at < order.len() && order[at].0 < hash {
            at += 1;
        }
        if order.get(at).is_some_and(|(known, _)| *known == hash) {
            found.push((hash, n));
        }
    }
    found
}
