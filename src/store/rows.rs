//! Rows of `calls`: batches into rows, rows back into calls. The one place that knows the columns' order.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::Statement;
use rusqlite::types::Null;
use rusqlite::types::ValueRef;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::store::StoreError;
use crate::store::batch::Batch;
use crate::store::batch::COLUMN_CLASSES;
use crate::store::batch::COLUMN_DIMS;
use crate::store::batch::IdentityRule;
use crate::store::batch::RowPrice;
use crate::store::batch::SPAN_IDENTITY;
use crate::store::dictionary;
use crate::store::dictionary::Ids;
use crate::store::interner::Texts;

/// Where one column of the insert takes its value from.
enum Cell<'b> {
    Import,
    Line,
    Ts,
    Fingerprint,
    Text(&'b Texts),
    Dim(Dim, Option<Rc<[u32]>>),
    Class(Class),
    Reasoning,
    /// Picodollars, or NULL where the call is unpriced.
    Cost,
    Discount,
    Latency,
    LoggedCost,
    Flags,
    Unpriced,
}

/// Returns the columns that some row of the batch has a value for; the others stay NULL without being named.
fn cells<'b>(names: &Ids, batch: &'b Batch) -> Vec<(&'static str, Cell<'b>)> {
    let mut cells = vec![
        ("import", Cell::Import),
        ("line", Cell::Line),
        ("ts", Cell::Ts),
        ("fingerprint", Cell::Fingerprint),
        ("cost", Cell::Cost),
    ];
    for (name, texts) in
        [("request_id", &batch.request_id), ("more", &batch.more), ("span", &batch.span), ("parent", &batch.parent)]
    {
        if !texts.is_empty() {
            cells.push((name, Cell::Text(texts)));
        }
    }
    for dim in COLUMN_DIMS {
        let column = &batch.dims[dim as usize];
        if !column.codes.is_empty() {
            cells.push((dim.name(), Cell::Dim(dim, names.of(dim.name()))));
        }
    }
    cells.extend(COLUMN_CLASSES.map(|class| (class.name(), Cell::Class(class))));
    for (name, zero, cell) in [
        ("reasoning", batch.reasoning.is_zero(), Cell::Reasoning),
        ("discount", batch.discount.is_zero(), Cell::Discount),
        ("latency_ms", batch.latency.is_zero(), Cell::Latency),
        ("logged_cost", batch.logged_cost.is_zero(), Cell::LoggedCost),
        ("flags", batch.flags.is_zero(), Cell::Flags),
        ("unpriced", batch.unpriced.is_zero(), Cell::Unpriced),
    ] {
        if !zero {
            cells.push((name, cell));
        }
    }
    cells
}

/// Inserts the chosen rows of a batch under the given numbers.
pub(crate) fn insert(
    conn: &Connection,
    names: &Ids,
    batch: &Batch,
    rows: &[u32],
    ids: &[i64],
) -> Result<(), StoreError> {
    let cells = cells(names, batch);
    let names: Vec<&str> = cells.iter().map(|(name, _)| *name).collect();
    let places = vec!["?"; cells.len() + 1].join(",");
    let sql = format!("INSERT INTO calls (id,{}) VALUES ({places})", names.join(","));
    let mut statement = conn.prepare_cached(&sql)?;
    // A binding outlives its row: a NULL or a repeated number is not bound again.
    let mut bound: Vec<Option<i64>> = vec![None; cells.len()];
    for (row, id) in rows.iter().zip(ids) {
        statement.raw_bind_parameter(1, *id)?;
        for (at, (_, cell)) in cells.iter().enumerate() {
            bind(&mut statement, at + 2, cell, batch, *row as usize, &mut bound[at])?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

fn bind(
    statement: &mut Statement<'_>,
    place: usize,
    cell: &Cell<'_>,
    batch: &Batch,
    row: usize,
    bound: &mut Option<i64>,
) -> Result<(), StoreError> {
    let number = match cell {
        Cell::Import => Some(batch.file(row)),
        Cell::Line => Some(batch.line[row] as i64),
        Cell::Ts => Some(batch.ts[row]),
        Cell::Fingerprint => Some(batch.fingerprint[row] as i64),
        Cell::Class(class) => Some(batch.tokens[*class as usize].get(row) as i64),
        Cell::Reasoning => Some(batch.reasoning.get(row) as i64),
        Cell::Cost => (batch.unpriced.get(row) == 0).then(|| batch.cost.get(row) as i64),
        Cell::Discount => Some(batch.discount.get(row) as i64).filter(|discount| *discount != 0),
        Cell::Latency => batch.latency.get(row).checked_sub(1).map(|ms| ms as i64),
        Cell::LoggedCost => batch.logged_cost.get(row).checked_sub(1).map(|pico| pico as i64),
        Cell::Flags => Some(batch.flags.get(row) as i64),
        Cell::Unpriced => Some(batch.unpriced.get(row) as i64).filter(|code| *code > 0),
        Cell::Text(texts) => {
            *bound = None;
            match texts.get(row) {
                Some(text) => statement.raw_bind_parameter(place, text)?,
                None => statement.raw_bind_parameter(place, Null)?,
            }
            return Ok(());
        }
        Cell::Dim(dim, ids) => {
            let column = &batch.dims[*dim as usize];
            let code = column.code(row);
            match (ids, column.text(code)) {
                (_, None) => None,
                (Some(ids), Some(_)) => Some(i64::from(ids[code as usize - 1])),
                (None, Some(text)) => {
                    *bound = None;
                    return Ok(statement.raw_bind_parameter(place, text)?);
                }
            }
        }
    };
    match number {
        Some(number) if *bound == Some(number) => {}
        Some(number) => {
            *bound = Some(number);
            statement.raw_bind_parameter(place, number)?;
        }
        None => {
            *bound = None;
            statement.raw_bind_parameter(place, Null)?;
        }
    }
    Ok(())
}

/// A stored call with what only the store knows of it.
pub(crate) struct StoredCall {
    pub(crate) id: i64,
    pub(crate) import: i64,
    pub(crate) fingerprint: u64,
    pub(crate) by_span: bool,
    /// `None` where the call is unpriced; then [`Call::unpriced`] tells why.
    pub(crate) cost: Option<Usd>,
    /// List price less cost, in picodollars.
    discount: i64,
    pub(crate) call: Call<'static>,
}

impl StoredCall {
    /// Returns its price, as a batch takes it.
    pub(crate) fn price(&self) -> Result<RowPrice, Unpriced> {
        let fallback = self.call.flags.has(Flags::FALLBACK_PRICE);
        let cost = self.cost.and_then(Usd::call_pico).ok_or(self.call.unpriced.unwrap_or(Unpriced::UnknownModel))?;
        Ok(RowPrice { cost, list: cost.saturating_add(self.discount), fallback })
    }
}

/// Reads calls back; keeps the names of the dictionary it has needed.
pub(crate) struct RowReader {
    names: Vec<Vec<Arc<str>>>,
    sources: std::collections::HashMap<i64, String>,
    columns: String,
}

impl RowReader {
    /// Learns the names of the dictionary.
    pub(crate) fn open(conn: &Connection) -> Result<RowReader, StoreError> {
        let names = COLUMN_DIMS.iter().map(|dim| dictionary::names(conn, dim.name())).collect::<Result<_, _>>()?;
        let mut imports = conn.prepare("SELECT id, source FROM imports")?;
        let sources = imports.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let dims = COLUMN_DIMS.map(Dim::name).join(",");
        let classes = COLUMN_CLASSES.map(Class::name).join(",");
        let columns = format!(
            "id, import, line, ts, fingerprint, request_id, span, parent, reasoning, cost, latency_ms, logged_cost, \
             flags, unpriced, more, discount, {dims}, {classes}"
        );
        Ok(RowReader { names, sources, columns })
    }

    /// Returns the statement that reads rows in the order [`RowReader::call`] expects.
    pub(crate) fn select(&self, rest: &str) -> String {
        self.select_from("priced_calls", rest)
    }

    /// Reads one call, counted or held.
    pub(crate) fn find(&self, conn: &Connection, id: i64) -> Result<Option<StoredCall>, StoreError> {
        for table in ["priced_calls", "held_calls"] {
            let mut statement = conn.prepare_cached(&self.select_from(table, "WHERE id = ?1"))?;
            let mut rows = statement.query([id])?;
            if let Some(row) = rows.next()? {
                return self.call(row).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns such a statement over another table of the same columns.
    pub(crate) fn select_from(&self, table: &str, rest: &str) -> String {
        format!("SELECT {} FROM {table} {rest}", self.columns)
    }

    /// Reads the call of a row.
    pub(crate) fn call(&self, row: &Row<'_>) -> Result<StoredCall, StoreError> {
        let flags = row.get::<_, Option<u32>>(12)?.unwrap_or(0);
        let text = |at: usize| -> Result<Option<Cow<'static, str>>, StoreError> {
            Ok(row.get::<_, Option<String>>(at)?.map(Cow::Owned))
        };
        let import = row.get(1)?;
        let mut call = Call {
            line: row.get::<_, i64>(2)? as u64,
            ts: Timestamp(row.get(3)?),
            request_id: text(5)?,
            span: text(6)?,
            parent: text(7)?,
            reasoning: row.get::<_, Option<i64>>(8)?.unwrap_or(0) as u64,
            latency_ms: row.get::<_, Option<i64>>(10)?.map(|ms| ms as u64),
            logged_cost: row.get::<_, Option<i64>>(11)?.map(|pico| Usd::from_pico(i128::from(pico))),
            flags: Flags(flags & !SPAN_IDENTITY),
            unpriced: row.get::<_, Option<u8>>(13)?.and_then(Unpriced::from_code),
            ..Call::default()
        };
        if let Some(more) = row.get::<_, Option<String>>(14)? {
            read_more(&more, &mut call)?;
        }
        for (at, dim) in COLUMN_DIMS.into_iter().enumerate() {
            match row.get_ref(16 + at)? {
                ValueRef::Integer(id) => {
                    let name = usize::try_from(id).ok().and_then(|id| self.names[at].get(id));
                    let name = name.ok_or_else(|| StoreError::Damaged(format!("{} {id}", dim.name())))?;
                    call.set(dim, name.to_string());
                }
                ValueRef::Text(text) => call.set(dim, String::from_utf8_lossy(text).into_owned()),
                _ => {}
            }
        }
        for (at, class) in COLUMN_CLASSES.into_iter().enumerate() {
            call.tokens.set(class, row.get::<_, Option<i64>>(16 + COLUMN_DIMS.len() + at)?.unwrap_or(0) as u64);
        }
        if let Some(source) = self.sources.get(&import) {
            call.set(Dim::Source, source.clone());
        }
        Ok(StoredCall {
            id: row.get(0)?,
            import,
            fingerprint: row.get::<_, i64>(4)? as u64,
            by_span: flags & SPAN_IDENTITY != 0,
            cost: row.get::<_, Option<i64>>(9)?.map(|pico| Usd::from_pico(i128::from(pico))),
            discount: row.get::<_, Option<i64>>(15)?.unwrap_or(0),
            call,
        })
    }
}

/// Reads the JSON column back; its writer is `batch`.
fn read_more(more: &str, call: &mut Call<'static>) -> Result<(), StoreError> {
    let value: serde_json::Value =
        serde_json::from_str(more).map_err(|error| StoreError::Damaged(format!("the JSON of a call: {error}")))?;
    let part = |name: &str| value.get(name).and_then(|part| part.as_object()).into_iter().flatten();
    for (key, text) in part("meta") {
        call.set_extra(key.clone(), text.as_str().unwrap_or_default().to_string());
    }
    for (name, text) in part("dims") {
        if let Some(dim) = Dim::parse(name) {
            call.set(dim, text.as_str().unwrap_or_default().to_string());
        }
    }
    for (name, count) in part("tokens") {
        if let Some(class) = Class::parse(name) {
            call.tokens.set(class, count.as_u64().unwrap_or(0));
        }
    }
    for (tool, uses) in part("tools") {
        call.tools.push((tool.clone().into(), uses.as_u64().unwrap_or(0)));
    }
    call.ttft_ms = value.get("ttft_ms").and_then(serde_json::Value::as_u64);
    Ok(())
}

/// Reads the rows of a span of calls as a batch, at most `most`, with their numbers.
pub(crate) fn read_batch(
    conn: &Connection,
    first: i64,
    last: i64,
    most: usize,
) -> Result<(Batch, Vec<i64>), StoreError> {
    let reader = RowReader::open(conn)?;
    let limit = i64::try_from(most).unwrap_or(-1);
    let sql = reader.select("WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3");
    let mut statement = conn.prepare_cached(&sql)?;
    batch_of(&reader, statement.query([first, last, limit])?)
}

/// Reads the counted ones of some calls as a batch, with their numbers; the calls are sorted.
pub(crate) fn read_calls(conn: &Connection, calls: &[i64]) -> Result<(Batch, Vec<i64>), StoreError> {
    let reader = RowReader::open(conn)?;
    let mut statement = conn.prepare_cached(&reader.select("WHERE id = ?1"))?;
    let (mut batch, mut ids) = (Batch::default(), Vec::new());
    for call in calls {
        let mut rows = statement.query([call])?;
        if let Some(row) = rows.next()? {
            add_row(&reader.call(row)?, &mut batch, &mut ids);
        }
    }
    Ok((batch, ids))
}

/// Reads the calls that are held back as a batch, with their numbers.
pub(crate) fn read_held(conn: &Connection) -> Result<(Batch, Vec<i64>), StoreError> {
    let reader = RowReader::open(conn)?;
    let mut statement = conn.prepare_cached(&reader.select_from("held_calls", "ORDER BY id"))?;
    batch_of(&reader, statement.query([])?)
}

fn batch_of(reader: &RowReader, mut rows: rusqlite::Rows<'_>) -> Result<(Batch, Vec<i64>), StoreError> {
    let (mut batch, mut ids) = (Batch::default(), Vec::new());
    while let Some(row) = rows.next()? {
        add_row(&reader.call(row)?, &mut batch, &mut ids);
    }
    Ok((batch, ids))
}

/// Adds a call that was read back to a batch.
pub(crate) fn add_row(stored: &StoredCall, batch: &mut Batch, ids: &mut Vec<i64>) {
    let rule = if stored.by_span { IdentityRule::Span } else { IdentityRule::Id };
    batch.push(&stored.call, stored.fingerprint, rule);
    batch.set_price(batch.len() - 1, stored.price());
    ids.push(stored.id);
}
