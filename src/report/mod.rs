//! A report as plain data: a document for machines and blocks for people, told once.
//!
//! The document is the JSON of the contract. The blocks are the few kinds every renderer knows. Nothing here
//! knows how it is drawn, who asked, or where the figures came from. To add a kind of block, add a variant to
//! [`Block`] and the compiler names the renderers.

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;

use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;

/// The version of every JSON document.
pub const SCHEMA_VERSION: u32 = 1;

/// An answer, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The command that made it.
    pub command: &'static str,
    /// The id of the price table behind its figures.
    pub price_table: Option<String>,
    /// The resolved window and the zone that cuts its days.
    pub window: Option<(Window, Zone)>,
    /// The rest of the JSON document, in order.
    pub body: Map<String, Value>,
    /// The rows of the answer: their key in the document, and each as JSON text. They may be many, so they are
    /// written once and never held as a tree; the document has them where `body` has their key.
    pub rows: Option<(&'static str, Vec<Box<RawValue>>)>,
    /// What people read.
    pub blocks: Vec<Block>,
    /// What they should know before they believe it.
    pub warnings: Vec<Warning>,
    /// What a pull request should be told; none where the command judges nothing.
    pub annotations: Option<Vec<Annotation>>,
}

/// One remark at a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How bad it is.
    pub level: Level,
    /// A few words.
    pub title: String,
    /// The sentence.
    pub message: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Notice,
    /// Soon a failure.
    Warning,
    /// A failure.
    Error,
}

/// Something that a reader of a report must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A stable code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
    /// What to do about it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One piece of a report.
#[derive(Clone, Debug)]
pub enum Block {
    /// A line above what follows.
    Heading(String),
    /// A sentence.
    Note(String),
    /// Names and values.
    Facts(Vec<(String, Cell)>),
    /// Rows and columns.
    Table(Table),
    /// A series over time.
    Chart(Chart),
}

/// A series over time, drawn as bars where there is room; machines get its figures from the document.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What is drawn, with its unit.
    pub title: String,
    /// The points in the order of time.
    pub points: Vec<Point>,
}

/// One point of a series.
#[derive(Clone, Debug)]
pub struct Point {
    /// When, in a few characters.
    pub label: String,
    /// What it cost.
    pub value: Usd,
    /// What it usually costs, where that is known.
    pub usual: Option<Usd>,
    /// Whether the report speaks of this point.
    pub marked: bool,
}

/// Rows under headings.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has a cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// A last row that sums the others.
    pub total: Option<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The heading for people, and of the CSV column unless `csv` says otherwise.
    pub name: String,
    /// The key in formats for machines.
    pub key: String,
}

impl Column {
    /// Makes a column whose heading is also its key.
    pub fn new(name: impl Into<String>) -> Column {
        let name = name.into();
        Column { key: name.clone(), name }
    }

    /// Makes a column with a key of its own.
    pub fn keyed(name: impl Into<String>, key: impl Into<String>) -> Column {
        Column { name: name.into(), key: key.into() }
    }
}

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing to say.
    Empty,
    /// A word of the program's own.
    Text(String),
    /// A value from a log: may be hostile, and of any length.
    Logged(String),
    /// A path: may be hostile too, and is worth nothing in part.
    Path(String),
    /// No value for a dimension.
    Untagged,
    /// A count.
    Count(u64),
    /// Money.
    Usd(Usd),
    /// Money in whole cents, as it is paid.
    Cents(i128),
    /// Money that went up or down.
    Change(Usd),
    /// A share of one, drawn with a bar.
    Share(f64),
    /// A series in one line of bars.
    Trend(Vec<Usd>),
    /// A subtotal or group line, this deep in a tree.
    Level(usize, Box<Cell>),
}

impl Report {
    /// Starts a report.
    pub fn new(command: &'static str) -> Report {
        Report { command, ..Report::default() }
    }

    /// Adds a field to the JSON document.
    pub fn put(&mut self, key: &str, value: impl Serialize) {
        // Serialising plain structs of strings and numbers to a value cannot fail.
        self.body.insert(key.to_string(), serde_json::to_value(value).unwrap_or(Value::Null));
    }

    /// Sets the answer's rows, at this place of the document.
    pub fn put_rows(&mut self, key: &'static str, rows: impl IntoIterator<Item = impl Serialize>) {
        self.body.insert(key.to_string(), Value::Null);
        // As in `put`, the rows are plain structs of strings and numbers.
        self.rows = Some((key, rows.into_iter().filter_map(|row| to_raw_value(&row).ok()).collect()));
    }

    /// Adds a warning.
    pub fn warn(&mut self, code: &'static str, message: impl Into<String>, hint: Option<String>) {
        self.warnings.push(Warning { code, message: message.into(), hint });
    }

    /// Returns the JSON document but for its rows: where they belong, `body` has a `null`.
    pub fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("schema_version".into(), SCHEMA_VERSION.into());
        document.insert("command".into(), self.command.into());
        document.insert("price_table".into(), self.price_table.clone().map_or(Value::Null, Value::String));
        let window = self.window.map_or(Value::Null, |(window, zone)| {
            let mut sides = Map::new();
            for (key, side) in [("since", window.since), ("until", window.until)] {
                if let Some(ts) = side {
                    sides.insert(key.into(), ts.to_string().into());
                }
            }
            sides.insert("timezone".into(), zone.name().into());
            Value::Object(sides)
        });
        document.insert("window".into(), window);
        document.extend(self.body.clone());
        document.insert("warnings".into(), serde_json::to_value(&self.warnings).unwrap_or(Value::Null));
        Value::Object(document)
    }
}

/// Tells whether a character acts on a terminal or hides in a text instead of being seen.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
