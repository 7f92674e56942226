//! Questions over the packed columns: sums by group, without touching a row.
//!
//! Segments outside the window are never opened, and of the others only the columns asked for. Axes whose
//! number of values is known (ids of the dictionary, buckets of time) make one dense index; the rest are
//! interned as they come.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use crate::domain::Axis;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::filter::Condition;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::rollup::UnitCosts;
use crate::store::Store;
use crate::store::StoreError;
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

/// Up to so many groups are held in one dense table; beyond, groups are found by hash.
const DENSE_GROUPS: usize = 1 << 21;

impl Rollups for Store {
    type Error = StoreError;

    fn rollup(&self, query: &RollupQuery) -> Result<Rollup, StoreError> {
        Ok(Scan::run(&self.conn, query, &query.by)?.into_rollup())
    }

    fn unit_costs(&self, query: &RollupQuery, unit: &Axis) -> Result<Vec<UnitCosts>, StoreError> {
        let mut axes = query.by.clone();
        axes.push(unit.clone());
        let scan = Scan::run(&self.conn, query, &axes)?;
        let mut groups: HashMap<Vec<u32>, Vec<Usd>> = HashMap::new();
        for group in scan.occupied() {
            let mut codes = scan.codes(group);
            let unit = codes.pop().unwrap_or(0);
            let costs = groups.entry(codes).or_default();
            // A unit of which no call has a price costs an unknown amount, not nothing.
            let unpriced: u64 =
                Unpriced::ALL.iter().filter_map(|reason| scan.sums.unpriced.get(&(group as u32, reason.code()))).sum();
            if unit != 0 && unpriced < scan.sums.counters[group * scan.sums.stride] {
                costs.push(Usd::from_pico(scan.sums.cost[group]));
            }
        }
        Ok(groups
            .into_iter()
            .map(|(codes, costs)| {
                let key = codes.iter().zip(&scan.axes).map(|(code, axis)| axis.value(*code).map(Arc::from)).collect();
                UnitCosts { key, costs }
            })
            .collect())
    }
}

/// One axis of the question, with what has been learnt of its values.
struct AxisState {
    kind: AxisKind,
    /// How many codes there are, if that is known before the scan.
    known: Option<usize>,
}

enum AxisKind {
    /// Ids of the dictionary; code = id + 1. The names are those of the ids.
    Ids { column: String, names: Vec<Arc<str>> },
    /// Texts interned as they come; `names` resolves ids of segments written before the kind was inlined.
    Texts { column: String, names: Vec<Arc<str>>, values: Interner },
    /// Buckets of time by their edges; code = bucket + 1.
    Time { edges: Vec<i64>, labels: Vec<Arc<str>> },
    /// One code a call.
    Call { next: u32 },
}

impl AxisState {
    fn open(conn: &Connection, axis: &Axis, query: &RollupQuery, span: (i64, i64)) -> Result<AxisState, StoreError> {
        let column = match axis {
            Axis::Dim(dim) => dim.name().to_string(),
            Axis::Key(key) => key_column(key),
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
    fn value(&self, code: u32) -> Option<&str> {
        let place = code.checked_sub(1)?;
        match &self.kind {
            AxisKind::Ids { names, .. } => names.get(place as usize).map(AsRef::as_ref),
            AxisKind::Texts { values, .. } => Some(values.get(place)),
            AxisKind::Time { labels, .. } => labels.get(place as usize).map(AsRef::as_ref),
            AxisKind::Call { .. } => None,
        }
    }

    /// Returns the texts of all values, in the order of their codes.
    fn into_values(self) -> Vec<Arc<str>> {
        match self.kind {
            AxisKind::Ids { names, .. } => names,
            AxisKind::Texts { values, .. } => values.iter().map(Arc::from).collect(),
            AxisKind::Time { labels, .. } => labels,
            AxisKind::Call { .. } => Vec::new(),
        }
    }

    /// Returns the codes of a segment's rows, or one code for all of them.
    fn codes(&mut self, open: &mut OpenSegment<'_>) -> Result<Codes, StoreError> {
        let rows = open.segment.calls as usize;
        match &mut self.kind {
            AxisKind::Call { next } => {
                let first = *next + 1;
                *next += rows as u32;
                Ok(Codes::Each((first..first + rows as u32).collect()))
            }
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
enum Codes {
    All(u32),
    Each(Vec<u32>),
}

fn mapped(codes: Packed<'_>, map: &[u32]) -> Codes {
    if codes.len() > 0 && codes.is_all(codes.get(0)) {
        return Codes::All(map.get(codes.get(0) as usize).copied().unwrap_or(0));
    }
    let mut out = Vec::with_capacity(codes.len());
    codes.each(|_, code| out.push(map.get(code as usize).copied().unwrap_or(0)));
    Codes::Each(out)
}

/// A segment with its columns at hand.
struct OpenSegment<'c> {
    conn: &'c Connection,
    segment: &'c Segment,
}

impl OpenSegment<'_> {
    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.segment.column(column) {
            None => Ok(None),
            Some(at) => segments::column(self.conn, self.segment.id, at).map(Some),
        }
    }

    fn text<'b>(&self, bytes: &'b [u8]) -> Result<TextColumn<'b>, StoreError> {
        let column = TextColumn::open(bytes).ok_or_else(|| self.damaged())?;
        if column.codes.len() == self.segment.calls as usize { Ok(column) } else { Err(self.damaged()) }
    }

    /// Returns the numbers of a column; `None` where all are zero.
    fn numbers(&self, column: &str) -> Result<Option<Vec<i64>>, StoreError> {
        let Some(bytes) = self.bytes(column)? else { return Ok(None) };
        let (packed, _) = Packed::open(&bytes).ok_or_else(|| self.damaged())?;
        if packed.len() != self.segment.calls as usize {
            return Err(self.damaged());
        }
        Ok((!packed.is_all(0)).then(|| packed.to_vec()))
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged(format!("segment {} (run `attr store rebuild`)", self.segment.id))
    }
}

/// Sums by group: counters side by side, so that a row touches one place, and money apart.
struct Sums {
    /// Per group: calls, errors, reasoning, then the classes that occur.
    counters: Vec<u64>,
    stride: usize,
    classes: Vec<Class>,
    cost: Vec<i128>,
    unpriced: HashMap<(u32, u8), u64>,
}

impl Sums {
    fn grow(&mut self, groups: usize) {
        if self.cost.len() < groups {
            self.cost.resize(groups, 0);
            self.counters.resize(groups * self.stride, 0);
        }
    }
}

const FIXED_COUNTERS: usize = 3;

struct Scan {
    axes: Vec<AxisState>,
    sums: Sums,
    index: Index,
}

/// How a row's codes become its group.
enum Index {
    /// Strides of a dense table.
    Dense(Vec<usize>),
    /// Groups numbered as they come: code by code, (group so far, code) to group; then each group's codes.
    Hashed { steps: Vec<HashMap<(u32, u32), u32>>, codes: Vec<Vec<u32>> },
}

impl Scan {
    fn run(conn: &Connection, query: &RollupQuery, by: &[Axis]) -> Result<Scan, StoreError> {
        let window = query.window;
        let segments: Vec<Segment> = segments::all(conn)?
            .into_iter()
            .filter(|segment| {
                window.since.is_none_or(|since| segment.ts_max >= since.0)
                    && window.until.is_none_or(|until| segment.ts_min < until.0)
            })
            .collect();
        let first = segments.iter().map(|segment| segment.ts_min).min().unwrap_or(0);
        let last = segments.iter().map(|segment| segment.ts_max).max().unwrap_or(-1);
        let span = (
            window.since.map_or(first, |since| since.0.max(first)),
            window.until.map_or(last, |until| (until.0 - 1).min(last)),
        );
        let open = |axis: &Axis| AxisState::open(conn, axis, query, span);
        let axes: Vec<AxisState> = by.iter().map(open).collect::<Result<_, _>>()?;
        let filters: Vec<(Condition, AxisState)> =
            query.filter.0.iter().map(|c| Ok((c.clone(), open(&c.axis)?))).collect::<Result<_, StoreError>>()?;
        let mut scan = Scan::empty(axes, &segments);
        let mut filters = filters;
        for segment in &segments {
            scan.add(OpenSegment { conn, segment }, query, &mut filters)?;
        }
        Ok(scan)
    }

    fn empty(axes: Vec<AxisState>, segments: &[Segment]) -> Scan {
        let occurs = |class: &Class| segments.iter().any(|segment| segment.column(&class_column(*class)).is_some());
        let classes: Vec<Class> = Class::ALL.into_iter().filter(occurs).collect();
        let stride = FIXED_COUNTERS + classes.len();
        let dense = axes.iter().try_fold(1usize, |product, axis| product.checked_mul(axis.known?));
        let index = match dense.filter(|groups| *groups <= DENSE_GROUPS) {
            Some(_) => {
                let strides = axes.iter().scan(1, |stride, axis| {
                    let own = *stride;
                    *stride *= axis.known.unwrap_or(1);
                    Some(own)
                });
                Index::Dense(strides.collect())
            }
            None => Index::Hashed { steps: axes.iter().map(|_| HashMap::new()).collect(), codes: Vec::new() },
        };
        let mut sums = Sums { counters: Vec::new(), stride, classes, cost: Vec::new(), unpriced: HashMap::new() };
        if let Index::Dense(_) = index {
            sums.grow(dense.unwrap_or(1));
        }
        Scan { axes, sums, index }
    }

    fn add(
        &mut self,
        mut open: OpenSegment<'_>,
        query: &RollupQuery,
        filters: &mut [(Condition, AxisState)],
    ) -> Result<(), StoreError> {
        let Some(chosen) = chosen_rows(&mut open, query, filters)? else { return Ok(()) };
        let mut codes = Vec::with_capacity(self.axes.len());
        for axis in &mut self.axes {
            codes.push(axis.codes(&mut open)?);
        }
        let groups = self.index.groups(&codes, open.segment.calls as usize, &chosen);
        if let Index::Hashed { codes, .. } = &self.index {
            self.sums.grow(codes.len().max(1));
        }
        self.sums.add(&open, &groups, &chosen)
    }

    /// Returns the groups with a call.
    fn occupied(&self) -> impl Iterator<Item = usize> {
        (0..self.sums.cost.len()).filter(|group| self.sums.counters[group * self.sums.stride] > 0)
    }

    /// Returns a group's code along each axis.
    fn codes(&self, group: usize) -> Vec<u32> {
        match &self.index {
            Index::Hashed { codes, .. } => codes[group].clone(),
            Index::Dense(strides) => {
                let code = |(stride, axis): (&usize, &AxisState)| (group / stride % axis.known.unwrap_or(1)) as u32;
                strides.iter().zip(&self.axes).map(code).collect()
            }
        }
    }

    /// Gathers the occupied groups as columns.
    fn into_rollup(self) -> Rollup {
        let groups: Vec<usize> = self.occupied().collect();
        let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(groups.len()); self.axes.len()];
        for group in &groups {
            match &self.index {
                Index::Hashed { codes: known, .. } => {
                    codes.iter_mut().zip(&known[*group]).for_each(|(column, code)| column.push(*code));
                }
                Index::Dense(strides) => {
                    for ((column, stride), axis) in codes.iter_mut().zip(strides).zip(&self.axes) {
                        column.push((group / stride % axis.known.unwrap_or(1)) as u32);
                    }
                }
            }
        }
        let sums = &self.sums;
        let counter =
            |place: usize| groups.iter().map(|group| sums.counters[group * sums.stride + place]).collect::<Vec<u64>>();
        let mut unpriced = HashMap::new();
        if !sums.unpriced.is_empty() {
            for (at, group) in groups.iter().enumerate() {
                for (place, reason) in Unpriced::ALL.iter().enumerate() {
                    if let Some(count) = sums.unpriced.get(&(*group as u32, reason.code())) {
                        unpriced.insert((at as u32, place as u8), *count);
                    }
                }
            }
        }
        Rollup {
            codes,
            calls: counter(0),
            errors: counter(1),
            reasoning: counter(2),
            cost: groups.iter().map(|group| Usd::from_pico(sums.cost[*group])).collect(),
            tokens: sums.classes.iter().enumerate().map(|(at, class)| (*class, counter(FIXED_COUNTERS + at))).collect(),
            unpriced,
            values: self.axes.into_iter().map(AxisState::into_values).collect(),
        }
    }
}

/// Which rows of a segment count.
enum Chosen {
    All,
    Some(Vec<bool>),
}

impl Chosen {
    fn keep(&mut self, rows: usize, keep: impl Fn(usize) -> bool) {
        match self {
            Chosen::All => *self = Chosen::Some((0..rows).map(keep).collect()),
            Chosen::Some(mask) => mask.iter_mut().enumerate().for_each(|(row, kept)| *kept = *kept && keep(row)),
        }
    }

    #[inline]
    fn has(&self, row: usize) -> bool {
        match self {
            Chosen::All => true,
            Chosen::Some(mask) => mask[row],
        }
    }
}

/// Returns the rows in the window that pass every condition; `None` where there is none at all.
fn chosen_rows(
    open: &mut OpenSegment<'_>,
    query: &RollupQuery,
    filters: &mut [(Condition, AxisState)],
) -> Result<Option<Chosen>, StoreError> {
    let (segment, window) = (open.segment, query.window);
    let rows = segment.calls as usize;
    let mut chosen = Chosen::All;
    let inside = |ts: i64| window.contains(Timestamp(ts));
    if !(inside(segment.ts_min) && inside(segment.ts_max)) {
        let times = open.numbers(name::TS)?.unwrap_or_else(|| vec![0; rows]);
        chosen.keep(rows, |row| inside(times[row]));
    }
    for (condition, axis) in filters {
        let codes = axis.codes(open)?;
        let mut verdicts: HashMap<u32, bool> = HashMap::new();
        let mut passes = |code: u32| *verdicts.entry(code).or_insert_with(|| condition.accepts(axis.value(code)));
        match codes {
            Codes::All(code) if passes(code) => {}
            Codes::All(_) => return Ok(None),
            Codes::Each(codes) => {
                let highest = codes.iter().copied().max().unwrap_or(0) as usize;
                let mut table = vec![None; highest + 1];
                let mask: Vec<bool> =
                    codes.iter().map(|code| *table[*code as usize].get_or_insert_with(|| passes(*code))).collect();
                if !mask.contains(&true) {
                    return Ok(None);
                }
                chosen.keep(rows, |row| mask[row]);
            }
        }
    }
    Ok(Some(chosen))
}

impl Index {
    /// Returns the group of each row.
    fn groups(&mut self, codes: &[Codes], rows: usize, chosen: &Chosen) -> Vec<u32> {
        let mut groups = vec![0u32; rows];
        match self {
            Index::Dense(strides) => {
                for (codes, stride) in codes.iter().zip(strides) {
                    let stride = *stride as u32;
                    match codes {
                        Codes::All(code) => groups.iter_mut().for_each(|group| *group += code * stride),
                        Codes::Each(codes) => {
                            groups.iter_mut().zip(codes).for_each(|(group, code)| *group += code * stride);
                        }
                    }
                }
            }
            Index::Hashed { steps, codes: known } => {
                let last = steps.len().saturating_sub(1);
                for (at, (step, codes)) in steps.iter_mut().zip(codes).enumerate() {
                    for (row, group) in groups.iter_mut().enumerate().filter(|(row, _)| chosen.has(*row)) {
                        let code = match codes {
                            Codes::All(code) => *code,
                            Codes::Each(codes) => codes[row],
                        };
                        let next = step.len() as u32;
                        let entered = *step.entry((*group, code)).or_insert(next);
                        if at == last && entered == next && entered as usize == known.len() {
                            known.push(Vec::new());
                        }
                        *group = entered;
                    }
                }
                name_groups(steps, known);
            }
        }
        groups
    }
}

/// Writes down the codes of groups that were numbered since the last time.
fn name_groups(steps: &[HashMap<(u32, u32), u32>], known: &mut [Vec<u32>]) {
    if known.iter().all(|codes| !codes.is_empty()) {
        return;
    }
    let mut names: Vec<Vec<u32>> = vec![Vec::new()];
    for step in steps {
        let mut next = vec![Vec::new(); step.len()];
        for ((group, code), entered) in step {
            let mut codes = names[*group as usize].clone();
            codes.push(*code);
            next[*entered as usize] = codes;
        }
        names = next;
    }
    known.iter_mut().zip(names).filter(|(codes, _)| codes.is_empty()).for_each(|(codes, named)| *codes = named);
}

impl Sums {
    fn add(&mut self, open: &OpenSegment<'_>, groups: &[u32], chosen: &Chosen) -> Result<(), StoreError> {
        let zeros = Vec::new();
        let cost = open.numbers(name::COST)?.unwrap_or_default();
        let reasoning = open.numbers(name::REASONING)?.unwrap_or_default();
        let errors = failures(open)?;
        let mut columns: Vec<(usize, Vec<i64>)> = Vec::new();
        for (place, class) in self.classes.iter().enumerate() {
            if let Some(counts) = open.numbers(&class_column(*class))? {
                columns.push((FIXED_COUNTERS + place, counts));
            }
        }
        if !reasoning.is_empty() {
            columns.push((2, reasoning));
        }
        let unpriced = open.numbers(name::UNPRICED)?.unwrap_or(zeros);
        for (row, group) in groups.iter().enumerate() {
            if !chosen.has(row) {
                continue;
            }
            let counters = &mut self.counters[*group as usize * self.stride..][..self.stride];
            counters[0] += 1;
            for (place, counts) in &columns {
                counters[*place] += counts[row] as u64;
            }
            if !errors.is_empty() {
                counters[1] += u64::from(errors[row]);
            }
            if !cost.is_empty() {
                self.cost[*group as usize] += i128::from(cost[row]);
            }
            if !unpriced.is_empty() && unpriced[row] != 0 {
                *self.unpriced.entry((*group, unpriced[row] as u8)).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// Returns which rows failed, or nothing where none did.
fn failures(open: &OpenSegment<'_>) -> Result<Vec<bool>, StoreError> {
    let Some(bytes) = open.bytes(Dim::Status.name())? else { return Ok(Vec::new()) };
    let column = open.text(&bytes)?;
    let failed: Vec<bool> = match column.values {
        LocalValues::Texts(texts) => texts.iter().map(|status| super::is_failure(status)).collect(),
        LocalValues::Ids(ids) => {
            let names = dictionary::names(open.conn, Dim::Status.name())?;
            let failed = |id: &i64| names.get(*id as usize).is_some_and(|status| super::is_failure(status));
            ids.to_vec().iter().map(failed).collect()
        }
    };
    if !failed.contains(&true) {
        return Ok(Vec::new());
    }
    let mut out = Vec::with_capacity(column.codes.len());
    column.codes.each(|_, code| out.push(code > 0 && failed.get(code as usize - 1).copied().unwrap_or(false)));
    Ok(out)
}
