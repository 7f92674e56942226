//! Which calls of a batch the store has already: sorted hashes streamed past the stored runs, hits confirmed.
//!
//! A hash only points at a candidate; the stored row decides. A record with an id is a duplicate when a stored
//! call has its id, source and content, and a conflict (both are kept) when the content differs. A record
//! without an id is told by its content, and the n-th equal record of a file is a duplicate only if the store
//! had n of them before the file.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::OptionalExtension;

use crate::domain::Dim;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::batch::SPAN_IDENTITY;
use crate::store::segment::Identities;
use crate::store::segments;

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

/// A stored run of hashes and the calls they stand for.
struct Run {
    segment: i64,
    hashes: Option<Vec<u64>>,
}

/// What one import knows of stored identities.
#[derive(Default)]
pub(crate) struct Dedup {
    runs: Vec<Run>,
    cached: usize,
    /// Records without an id that were duplicates so far in this file, by identity: the next equal one is
    /// compared with what the store had before the file.
    consumed: HashMap<u64, u32>,
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
        Ok(Dedup { runs, ..Dedup::default() })
    }

    /// Adds the segment just written.
    pub(crate) fn add_segment(&mut self, segment: i64) {
        self.runs.push(Run { segment, hashes: None });
    }

    /// Judges every row of a batch. `import` is the import under way.
    pub(crate) fn judge(&mut self, conn: &Connection, batch: &Batch, import: i64) -> Result<Vec<Verdict>, StoreError> {
        let mut order: Vec<(u64, u32)> = (0..batch.len())
            .filter(|row| batch.flags.get(*row) & u64::from(SPAN_IDENTITY) == 0)
            .map(|row| (batch.identity[row], row as u32))
            .collect();
        order.sort_unstable();
        let hits = self.hits(conn, &order)?;
        let mut verdicts = vec![Verdict::New; batch.len()];
        let mut at = 0;
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let from = at + hits[at..].partition_point(|(hash, _)| *hash < group[0].0);
            let to = from + hits[from..].partition_point(|(hash, _)| *hash == group[0].0);
            at = to;
            if group.len() > 1 || to > from {
                let stored = &hits[from..to];
                self.judge_group(conn, batch, import, group, stored, &mut verdicts)?;
            }
        }
        Ok(verdicts)
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
        hits.sort_unstable();
        Ok(hits)
    }

    fn judge_group(
        &mut self,
        conn: &Connection,
        batch: &Batch,
        import: i64,
        group: &[(u64, u32)],
        stored: &[(u64, i64)],
        verdicts: &mut [Verdict],
    ) -> Result<(), StoreError> {
        let mut known = Vec::with_capacity(stored.len());
        for (_, call) in stored {
            known.extend(self.stored_call(conn, *call)?);
        }
        let mut accepted: Vec<usize> = Vec::new();
        for (hash, row) in group {
            let row = *row as usize;
            let verdict = match batch.request_id.get(row) {
                Some(id) => {
                    let source = batch.dim(row, Dim::Source);
                    let same_id =
                        |call: &&Stored| call.request_id.as_deref() == Some(id) && call.source.as_deref() == source;
                    let earlier = accepted.iter().filter(|other| {
                        batch.request_id.get(**other) == Some(id) && batch.dim(**other, Dim::Source) == source
                    });
                    let mut prints = known
                        .iter()
                        .filter(same_id)
                        .map(|call| call.fingerprint)
                        .chain(earlier.map(|other| batch.fingerprint[*other]))
                        .peekable();
                    match prints.peek().copied() {
                        None => Verdict::New,
                        Some(_) if prints.any(|print| print == batch.fingerprint[row]) => Verdict::Duplicate,
                        Some(_) => Verdict::Conflict,
                    }
                }
                None => {
                    let same = known.iter().filter(|call| {
                        call.request_id.is_none()
                            && call.fingerprint == batch.fingerprint[row]
                            && call.ts == batch.ts[row]
                    });
                    let before = same.filter(|call| call.import != import).count() as u32;
                    let consumed = self.consumed.entry(*hash).or_default();
                    if *consumed < before {
                        *consumed += 1;
                        Verdict::Duplicate
                    } else {
                        if *consumed == 0 {
                            self.consumed.remove(hash);
                        }
                        Verdict::New
                    }
                }
            };
            if verdict != Verdict::Duplicate {
                accepted.push(row);
            }
            verdicts[row] = verdict;
        }
        Ok(())
    }

    fn stored_call(&mut self, conn: &Connection, call: i64) -> Result<Option<Stored>, StoreError> {
        let mut statement =
            conn.prepare_cached("SELECT request_id, fingerprint, ts, import FROM calls WHERE id = ?1")?;
        let found = statement
            .query_row([call], |row| {
                Ok(Stored {
                    request_id: row.get(0)?,
                    fingerprint: row.get::<_, i64>(1)? as u64,
                    ts: row.get(2)?,
                    import: row.get(3)?,
                    source: None,
                })
            })
            .optional()?;
        let Some(mut found) = found else { return Ok(None) };
        found.source = Some(match self.sources.get(&found.import) {
            Some(source) => source.clone(),
            None => {
                let source: String =
                    conn.query_row("SELECT source FROM imports WHERE id = ?1", [found.import], |row| row.get(0))?;
                self.sources.insert(found.import, source.clone());
                source
            }
        });
        Ok(Some(found))
    }
}

/// What a stored row says of its identity.
struct Stored {
    request_id: Option<String>,
    fingerprint: u64,
    ts: i64,
    import: i64,
    source: Option<String>,
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
