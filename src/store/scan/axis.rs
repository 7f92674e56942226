//! One axis of a question over the segments: its values and each row's code among them.

use std::sync::Arc;

use rusqlite::Connection;

use crate::domain::Axis;
use crate::domain::CallTrait;
use crate::domain::Class;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::rollup::RollupQuery;
use crate::store::StoreError;
use crate::store::batch::TOOLS;
use crate::store::batch::key_column;
use crate::store::dictionary;
use crate::store::interner::Interner;
use crate::store::packed::Packed;
use crate::store::segment::LocalValues;
use crate::store::segment::TextColumn;
use crate::store::segment::class_column;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::segments::Segment;

/// One axis of the question, with what has been learnt of its values.
pub(super) struct AxisState {
    pub(super) kind: AxisKind,
    /// How many codes there are, if that is known before the scan.
    pub(super) known: Option<usize>,
}

pub(super) enum AxisKind {
    /// Ids of the dictionary; code = id + 1. The names are those of the ids.
    Ids { column: String, names: Vec<Arc<str>> },
    /// Texts interned as they come; `names` resolves ids of segments written before the kind was inlined.
    Texts { column: String, names: Vec<Arc<str>>, values: Interner },
    /// Buckets of time by their edges; code = bucket + 1.
    Time { edges: Vec<i64>, labels: Vec<Arc<str>> },
    /// One code a call.
    Call { next: u32 },
    /// Prompts by size; code = band + 1.
    Sizes { edges: Arc<[u64]>, labels: Vec<Arc<str>> },
    /// Whether a flag is set; code 1 if it is.
    Flag { flag: Flags, labels: Vec<Arc<str>> },
    /// No row has a value.
    Nothing,
}

impl AxisState {
    pub(super) fn open(
        conn: &Connection,
        axis: &Axis,
        query: &RollupQuery,
        span: (i64, i64),
        segments: &[Segment],
    ) -> Result<AxisState, StoreError> {
        let column = match axis {
            Axis::Dim(dim) => dim.name().to_string(),
            Axis::Key(key) => key_column(key),
            Axis::Trait(CallTrait::Tools) => TOOLS.to_string(),
            Axis::Trait(CallTrait::PromptSize(edges)) => {
                let labels: Vec<Arc<str>> = edges.iter().map(|edge| edge.to_string().into()).collect();
                let known = Some(labels.len() + 1);
                return Ok(AxisState { kind: AxisKind::Sizes { edges: Arc::clone(edges), labels }, known });
            }
            Axis::Trait(CallTrait::Flag(flag)) => {
                return Ok(AxisState {
                    kind: AxisKind::Flag { flag: *flag, labels: vec!["1".into()] },
                    known: Some(2),
                });
            }
            Axis::Call => return Ok(AxisState { kind: AxisKind::Call { next: 0 }, known: None }),
            Axis::Time(grain) => {
                let (mut edges, mut labels) = (Vec::new(), Vec::new());
                let mut at = Timestamp(span.0);
                while at.0 <= span.1 {
                    let (start, end) = grain.bucket(at, query.zone);
                    edges.push(start.0);
                    labels.push(grain.label(start, query.zone).into());
                    at = end;
                }
                let known = Some(labels.len() + 1);
                return Ok(AxisState { kind: AxisKind::Time { edges, labels }, known });
            }
        };
        if segments.iter().all(|segment| segment.column(&column).is_none()) {
            return Ok(AxisState { kind: AxisKind::Nothing, known: Some(1) });
        }
        let names = dictionary::names(conn, &column)?;
        let inlined =
            names.is_empty() || conn.prepare_cached("SELECT 1 FROM inlined WHERE kind = ?1")?.exists([&column])?;
        Ok(if inlined {
            AxisState { kind: AxisKind::Texts { column, names, values: Interner::default() }, known: None }
        } else {
            let known = Some(names.len() + 1);
            AxisState { kind: AxisKind::Ids { column, names }, known }
        })
    }

    /// Returns the value of a code.
    pub(super) fn value(&self, code: u32) -> Option<&str> {
        let place = code.checked_sub(1)?;
        match &self.kind {
            AxisKind::Ids { names, .. } => names.get(place as usize).map(AsRef::as_ref),
            AxisKind::Texts { values, .. } => Some(values.get(place)),
            AxisKind::Time { labels, .. } | AxisKind::Sizes { labels, .. } | AxisKind::Flag { labels, .. } => {
                labels.get(place as usize).map(AsRef::as_ref)
            }
            AxisKind::Call { .. } | AxisKind::Nothing => None,
        }
    }

    /// Returns the texts of all values, in the order of their codes.
    pub(super) fn into_values(self) -> Vec<Arc<str>> {
        match self.kind {
            AxisKind::Ids { names, .. } => names,
            AxisKind::Texts { values, .. } => values.iter().map(Arc::from).collect(),
            AxisKind::Time { labels, .. } | AxisKind::Sizes { labels, .. } | AxisKind::Flag { labels, .. } => labels,
            AxisKind::Call { .. } | AxisKind::Nothing => Vec::new(),
        }
    }

    /// Returns the codes of a segment's rows, or one code for all of them.
    pub(super) fn codes(&mut self, open: &mut OpenSegment<'_>) -> Result<Codes, StoreError> {
        let rows = open.segment.calls as usize;
        match &mut self.kind {
            AxisKind::Nothing => Ok(Codes::All(0)),
            AxisKind::Flag { flag, .. } => {
                let flags = open.numbers(name::FLAGS)?.unwrap_or_else(|| vec![0; rows]);
                Ok(Codes::Each(flags.iter().map(|bits| u32::from(Flags(*bits as u32).has(*flag))).collect()))
            }
            AxisKind::Sizes { edges, .. } => {
                let mut sizes = vec![0u64; rows];
                for class in Class::ALL.into_iter().filter(|class| class.is_prompt()) {
                    if let Some(counts) = open.numbers(&class_column(class))? {
                        sizes.iter_mut().zip(counts).for_each(|(size, count)| *size += count as u64);
                    }
                }
                let band = |size: &u64| edges.partition_point(|edge| edge <= size) as u32;
                Ok(Codes::Each(sizes.iter().map(band).collect()))
            }
            AxisKind::Call { next } => {
                let first = *next + 1;
                *next += rows as u32;
                Ok(Codes::Each((first..first + rows as u32).collect()))
            }
            // A window without an instant.
            AxisKind::Time { edges, .. } if edges.is_empty() => Ok(Codes::All(0)),
            AxisKind::Time { edges, .. } => {
                let times = open.numbers(name::TS)?.unwrap_or_default();
                let mut bucket = 0;
                let inside =
                    |bucket: usize, ts: i64| edges[bucket] <= ts && edges.get(bucket + 1).is_none_or(|end| ts < *end);
                let codes = times.iter().map(|ts| {
                    if !inside(bucket, *ts) {
                        bucket = edges.partition_point(|edge| edge <= ts).saturating_sub(1);
                    }
                    bucket as u32 + 1
                });
                Ok(Codes::Each(codes.collect()))
            }
            AxisKind::Ids { column, .. } => {
                let Some(bytes) = open.bytes(column)? else { return Ok(Codes::All(0)) };
                let local = open.text(&bytes)?;
                let LocalValues::Ids(ids) = local.values else { return Err(open.damaged()) };
                let map: Vec<u32> = std::iter::once(0).chain(ids.to_vec().iter().map(|id| *id as u32 + 1)).collect();
                Ok(mapped(local.codes, &map))
            }
            AxisKind::Texts { column, names, values } => {
                let Some(bytes) = open.bytes(column)? else { return Ok(Codes::All(0)) };
                let local = open.text(&bytes)?;
                let mut map = vec![0];
                match local.values {
                    LocalValues::Texts(texts) => map.extend(texts.iter().map(|text| values.intern(text) + 1)),
                    LocalValues::Ids(ids) => {
                        for id in ids.to_vec() {
                            let name = names.get(id as usize).ok_or_else(|| open.damaged())?;
                            map.push(values.intern(name) + 1);
                        }
                    }
                }
                Ok(mapped(local.codes, &map))
            }
        }
    }
}

/// Codes of a segment's rows.
pub(super) enum Codes {
    All(u32),
    Each(Vec<u32>),
}

impl Codes {
    /// Adds the codes of rows, so many times, to numbers of theirs.
    pub(super) fn add_to(&self, numbers: &mut [u32], times: u32) {
        match self {
            Codes::All(code) => numbers.iter_mut().for_each(|number| *number += code * times),
            Codes::Each(codes) => numbers.iter_mut().zip(codes).for_each(|(number, code)| *number += code * times),
        }
    }
}

pub(super) fn mapped(codes: Packed<'_>, map: &[u32]) -> Codes {
    if codes.len() > 0 && codes.is_all(codes.get(0)) {
        return Codes::All(map.get(codes.get(0) as usize).copied().unwrap_or(0));
    }
    let mut out = Vec::with_capacity(codes.len());
    codes.each(|_, code| out.push(map.get(code as usize).copied().unwrap_or(0)));
    Codes::Each(out)
}

/// A segment with its columns at hand.
pub(crate) struct OpenSegment<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) segment: &'c Segment,
}

impl OpenSegment<'_> {
    pub(crate) fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.segment.column(column) {
            None => Ok(None),
            Some(at) => segments::column(self.conn, self.segment.id, at).map(Some),
        }
    }

    pub(crate) fn text<'b>(&self, bytes: &'b [u8]) -> Result<TextColumn<'b>, StoreError> {
        let column = TextColumn::open(bytes).ok_or_else(|| self.damaged())?;
        if column.codes.len() == self.segment.calls as usize { Ok(column) } else { Err(self.damaged()) }
    }

    /// Returns the numbers of a column; `None` where all are zero.
    pub(crate) fn numbers(&self, column: &str) -> Result<Option<Vec<i64>>, StoreError> {
        let Some(bytes) = self.bytes(column)? else { return Ok(None) };
        let (packed, _) = Packed::open(&bytes).ok_or_else(|| self.damaged())?;
        if packed.len() != self.segment.calls as usize {
            return Err(self.damaged());
        }
        Ok((!packed.is_all(0)).then(|| packed.to_vec()))
    }

    pub(crate) fn damaged(&self) -> StoreError {
        StoreError::Damaged(format!("segment {} (run `attr store rebuild`)", self.segment.id))
    }
}
