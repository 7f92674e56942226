//! The tables, and how an older store becomes a current one. Migrations are appended, never edited.

use rusqlite::Connection;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Unpriced;
use crate::store::StoreError;
use crate::store::batch::COLUMN_CLASSES;
use crate::store::batch::COLUMN_DIMS;
use crate::store::batch::JSON_DIMS;

/// Marks a SQLite file as a store of ours ("attr" in ASCII).
pub(crate) const APPLICATION_ID: i32 = 0x6174_7472;

/// One step each, from version n to n+1.
const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5];

const VERSION_1: &str = "
CREATE TABLE imports (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, kind TEXT NOT NULL, input_format TEXT NOT NULL, source TEXT NOT NULL,
    imported_at TEXT NOT NULL, bytes INTEGER NOT NULL,
    records INTEGER NOT NULL, new INTEGER NOT NULL, duplicate INTEGER NOT NULL, skipped TEXT NOT NULL,
    rejected INTEGER NOT NULL, conflicts INTEGER NOT NULL, rejects TEXT NOT NULL
);
-- Append-only. A dimension is an id of `dim`, or the text itself where values are too many; times are nanoseconds
-- since 1970, money is picodollars. `more` is JSON: meta, dims, tokens and tools without a column, ttft_ms.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, import INTEGER NOT NULL, line INTEGER NOT NULL, ts INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL, request_id TEXT,
    provider, model, tier, region, status, feature, tenant, environment, team, user, session, prompt, prompt_version,
    route, agent, run, trace,
    input INTEGER, cache_read INTEGER, cache_write_5m INTEGER, cache_write_1h INTEGER, output INTEGER,
    reasoning INTEGER, cost INTEGER, latency_ms INTEGER, logged_cost INTEGER, flags INTEGER, unpriced INTEGER,
    more TEXT, span TEXT, parent TEXT
);
-- Calls that turned out to sum other calls; they return if those go.
CREATE TABLE held_calls AS SELECT * FROM calls WHERE 0;
CREATE UNIQUE INDEX held_calls_id ON held_calls (id);
CREATE TABLE dim (kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE inlined (kind TEXT PRIMARY KEY) WITHOUT ROWID;
-- Derived from `calls`; `attr store rebuild` makes them anew.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY, first_call INTEGER NOT NULL, last_call INTEGER NOT NULL, calls INTEGER NOT NULL,
    ts_min INTEGER NOT NULL, ts_max INTEGER NOT NULL, cost TEXT NOT NULL, columns TEXT NOT NULL, format INTEGER NOT NULL
);
CREATE TABLE segment_columns (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE spans (
    trace TEXT NOT NULL, span TEXT NOT NULL, parent TEXT, name TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, role INTEGER NOT NULL, import INTEGER NOT NULL, dims TEXT NOT NULL, call INTEGER, model TEXT, response_id TEXT,
    -- what the call inherited, by dimension, with the value it had before
    gained TEXT,
    PRIMARY KEY (trace, span)
) WITHOUT ROWID;
CREATE TABLE price_tables (id TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
";

/// Prices beside the calls: `calls` keeps what an import computed, `repriced` what another price table says since.
const VERSION_2: &str = "
ALTER TABLE calls ADD COLUMN discount INTEGER;
ALTER TABLE held_calls ADD COLUMN discount INTEGER;
CREATE TABLE repriced (id INTEGER PRIMARY KEY, cost INTEGER, discount INTEGER, flags INTEGER, unpriced INTEGER);
";

/// Records of one call: all are kept, one is counted. `holds` says why a call stands in `held_calls`, and by which call
/// it is represented; `held_ids` finds it again; `unions` is what the counted one took over from the others;
/// `probable` lists calls that another source may have logged too.
const VERSION_3: &str = "
CREATE TABLE holds (call INTEGER NOT NULL, reason INTEGER NOT NULL, kept INTEGER, PRIMARY KEY (call, reason)) WITHOUT ROWID;
CREATE INDEX holds_kept ON holds (kept) WHERE kept IS NOT NULL;
INSERT INTO holds SELECT id, 1, NULL FROM held_calls;
CREATE TABLE held_ids (hash INTEGER NOT NULL, call INTEGER NOT NULL, PRIMARY KEY (hash, call)) WITHOUT ROWID;
CREATE TABLE unions (call INTEGER PRIMARY KEY, gained TEXT NOT NULL);
CREATE TABLE probable (call INTEGER PRIMARY KEY, twin INTEGER NOT NULL);
CREATE INDEX probable_twin ON probable (twin);
ALTER TABLE imports ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
";

/// Bills. Lines stand as they were read, those of an import one after another from its `first_line`; texts go by number.
/// Times are nanoseconds since 1970, quantities millionths, amounts 1e-12 of the currency, as text past 64 bits.
/// `amount_text` is the file's own amount where that is finer.
const VERSION_4: &str = "
CREATE TABLE invoices (
    import INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, zone TEXT NOT NULL, covers_since INTEGER, covers_until INTEGER,
    stated_total TEXT, notes TEXT NOT NULL, totals TEXT NOT NULL, rounded INTEGER NOT NULL, providers TEXT NOT NULL,
    first_line INTEGER NOT NULL, lines INTEGER NOT NULL, first INTEGER, last INTEGER
);
CREATE TABLE invoice_texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE invoice_lines (
    id INTEGER PRIMARY KEY, import INTEGER NOT NULL, row INTEGER NOT NULL,
    provider INTEGER, account INTEGER, workspace INTEGER, api_key INTEGER, region INTEGER, model INTEGER, tier INTEGER,
    tool INTEGER, description INTEGER, unit INTEGER, currency INTEGER, invoice INTEGER, charge INTEGER,
    long_context INTEGER, start INTEGER NOT NULL, end INTEGER NOT NULL,
    quantity, amount, amount_text TEXT, list, quantum NOT NULL, settled INTEGER, memo INTEGER NOT NULL
);
";

/// What came of runs, one row for each that an outcome is known of. `unit` is the dimension that `name` is a value of;
/// `revenue` is picodollars, as text past 64 bits; `ts` is nanoseconds since 1970.
const VERSION_5: &str = "
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, import INTEGER NOT NULL, line INTEGER NOT NULL, unit TEXT NOT NULL, name TEXT NOT NULL,
    task TEXT, tenant TEXT, passed INTEGER, revenue, ts INTEGER, UNIQUE (unit, name)
);
";

/// Brings a store to the current version, in one transaction; refuses a newer or a foreign file. Returns the version
/// it had.
pub(crate) fn migrate(conn: &mut Connection) -> Result<i64, StoreError> {
    let known = MIGRATIONS.len() as i64;
    let version = version(conn)?;
    if version > known {
        return Err(StoreError::Newer { found: version, known });
    }
    if version == known {
        return Ok(version);
    }
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    for migration in &MIGRATIONS[version as usize..] {
        tx.execute_batch(migration)?;
    }
    tx.execute_batch(&priced_calls_view())?;
    tx.execute_batch(&usage_view())?;
    tx.execute_batch(&billed_view())?;
    tx.execute_batch(&results_view())?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(version)
}

/// Returns the version of a store, 0 for an empty file; refuses a SQLite file that is no store.
pub(crate) fn version(conn: &Connection) -> Result<i64, StoreError> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    Ok(version)
}

/// Tells whether a store is of the version this program writes.
pub(crate) fn is_current(conn: &Connection) -> Result<bool, StoreError> {
    let known = MIGRATIONS.len() as i64;
    match version(conn)? {
        found if found > known => Err(StoreError::Newer { found, known }),
        found => Ok(found == known),
    }
}

/// The calls with the prices in force: those of the last repricing where there is one, else those of the import.
fn priced_calls_view() -> String {
    const PLAIN: &str = "id import line ts fingerprint request_id span parent reasoning latency_ms logged_cost more";
    let plain = PLAIN.split(' ').chain(COLUMN_DIMS.map(Dim::name)).chain(COLUMN_CLASSES.map(Class::name));
    let plain: Vec<String> = plain.map(|name| format!("c.{name}")).collect();
    let priced = ["cost", "discount", "flags", "unpriced"]
        .map(|name| format!("CASE WHEN r.id IS NULL THEN c.{name} ELSE r.{name} END AS {name}"));
    format!(
        "DROP VIEW IF EXISTS priced_calls;
         CREATE VIEW priced_calls AS SELECT {}, {} FROM calls c LEFT JOIN repriced r ON r.id = c.id;",
        plain.join(", "),
        priced.join(", ")
    )
}

/// The view for people: names for ids, ISO time, exact dollars as text.
fn usage_view() -> String {
    let dims = COLUMN_DIMS.map(|dim| {
        let name = dim.name();
        format!(
            "CASE typeof(c.{name}) WHEN 'integer' THEN \
             (SELECT d.name FROM dim d WHERE d.kind = '{name}' AND d.id = c.{name}) ELSE c.{name} END AS {name}"
        )
    });
    let json_dims = JSON_DIMS.map(|dim| format!("c.more ->> '$.dims.{0}' AS {0}", dim.name()));
    let usd = |column: &str| {
        format!(
            "CASE WHEN {column} IS NOT NULL THEN rtrim(rtrim(printf('%d.%012d', {column} / 1000000000000, \
             {column} % 1000000000000), '0'), '.') END"
        )
    };
    let reasons: Vec<String> =
        Unpriced::ALL.iter().map(|reason| format!("WHEN {} THEN '{}'", reason.code(), reason.name())).collect();
    format!(
        "DROP VIEW IF EXISTS usage;
         CREATE VIEW usage AS SELECT c.id,
            strftime('%Y-%m-%dT%H:%M:%S', c.ts / 1000000000, 'unixepoch') \
                || printf('.%03dZ', c.ts / 1000000 % 1000) AS time,
            {dims}, {json_dims},
            i.source, c.request_id, c.input, c.cache_read, c.cache_write_5m, c.cache_write_1h, c.output, c.reasoning,
            {cost} AS cost_usd, {list} AS list_usd, CASE c.unpriced {reasons} END AS unpriced, {logged} AS logged_cost_usd,
            c.latency_ms, c.more, i.path, c.line
         FROM priced_calls c JOIN imports i ON i.id = c.import;",
        dims = dims.join(", "),
        json_dims = json_dims.join(", "),
        cost = usd("c.cost"),
        list = usd("(c.cost + coalesce(c.discount, 0))"),
        logged = usd("c.logged_cost"),
        reasons = reasons.join(" "),
    )
}

/// The lines of all bills for people: names for numbers, exact decimals as text. Where bills overlap, each has its say.
fn billed_view() -> String {
    const TEXTS: &str =
        "provider account workspace api_key region model tier tool description unit currency invoice charge";
    let texts: Vec<String> = TEXTS
        .split(' ')
        .map(|name| format!("(SELECT text FROM invoice_texts WHERE id = l.{name}) AS {name}"))
        .collect();
    let decimal = |column: &str, digits: usize| format!("{} AS {column}", decimal(&format!("l.{column}"), digits));
    let time =
        |column: &str| format!("strftime('%Y-%m-%dT%H:%M:%SZ', l.{column} / 1000000000, 'unixepoch') AS {column}");
    format!(
        "DROP VIEW IF EXISTS billed;
         CREATE VIEW billed AS SELECT l.id, l.import, {start}, {end}, {texts}, {quantity}, {amount}, {list}, l.long_context,
            l.settled, l.memo, i.path, l.row
         FROM invoice_lines l JOIN imports i ON i.id = l.import;",
        start = time("start"),
        end = time("end"),
        texts = texts.join(", "),
        quantity = decimal("quantity", 6),
        amount = decimal("amount", 12),
        list = decimal("list", 12),
    )
}

/// The outcomes for people: words for the verdict, exact dollars as text.
fn results_view() -> String {
    format!(
        "DROP VIEW IF EXISTS results;
         CREATE VIEW results AS SELECT o.id, o.unit, o.name, o.task, o.tenant,
            CASE o.passed WHEN 1 THEN 'pass' WHEN 0 THEN 'fail' END AS verdict, {revenue} AS revenue_usd,
            strftime('%Y-%m-%dT%H:%M:%SZ', o.ts / 1000000000, 'unixepoch') AS time, i.path, o.line
         FROM outcomes o JOIN imports i ON i.id = o.import;",
        revenue = decimal("o.revenue", 12)
    )
}

/// Writes a whole number as a decimal with so many digits behind the point. Past 64 bits a number is text, which is cut
/// where the point belongs.
fn decimal(column: &str, digits: usize) -> String {
    let unit = 10i64.pow(digits as u32);
    format!(
        "CASE typeof({column}) \
         WHEN 'integer' THEN rtrim(rtrim(printf('%s%d.%0{digits}d', iif({column} < 0, '-', ''), \
            abs({column} / {unit}), abs({column} % {unit})), '0'), '.') \
         WHEN 'text' THEN rtrim(rtrim(substr({column}, 1, length({column}) - {digits}) || '.' \
            || substr({column}, -{digits}), '0'), '.') END"
    )
}
