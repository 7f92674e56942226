//! # attr: where did the LLM money go, and does the bill agree?
//!
//! The way of the data, one way in and one way out:
//!
//! ```text
//! logs ──► read::<format> ──────► Call ─┬► store ──► scan ──► analyze ──► Report ──► render ──► stdout
//! bills ─► invoice::<format> ► Line ────┘    ▲                                     (table json ndjson csv markdown)
//! pricing/ ──► price::table ──► pricer
//! ```
//!
//! | room | what it holds | may name |
//! |---|---|---|
//! | [`domain`] | money, tokens, calls, time, dimensions, filters: pure values | nothing of ours |
//! | [`read`] | one file a usage-log format; framing; detection; outcomes of runs | `domain` |
//! | [`invoice`] | one file a bill format: bytes to lines, with control totals | `domain`, `read` |
//! | [`price`] | the price table, name lookup, the pricer: (table, call) to cost or a reason | `domain` |
//! | [`store`] | SQLite: rows for people, packed columns for questions; all SQL | `domain` |
//! | [`report`] | a report and its few kinds of block, as plain data | `domain` |
//! | [`analyze`] | rollups into answers; the only polars | `domain`, `report` |
//! | [`ops`] | jobs: the rooms above put together, one file each | all above |
//! | [`render`] | a report as table, JSON, NDJSON, CSV, Markdown | `domain`, `report` |
//! | [`cli`] | arguments, settings, clock, messages, exit codes | `ops`, `render`, `report`, `domain` |
//!
//! A test keeps the arrows. What holds everywhere: money is whole picodollars and never a float; a call without
//! a price has a reason and never a zero; parts sum to their whole; every record of a log ends as new,
//! duplicate, skipped or rejected; prompt and answer texts are never kept; only `cli` knows the clock, the
//! environment and the terminal; nothing knows the network.
//!
//! One place for each new thing: a log format is `read/<name>.rs` and a line of `read::formats::FORMATS`, an
//! output format a file of `render` and a variant of its enum, a command a file of `cli/commands`, a price a
//! dated row in `pricing/`, a change of tables a migration in `store::schema`.

pub mod analyze;
pub mod cli;
pub mod domain;
pub mod invoice;
pub mod ops;
pub mod price;
pub mod read;
pub mod render;
pub mod report;
pub mod store;
