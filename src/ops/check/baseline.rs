//! The baseline file: what units cost when somebody last agreed, as JSON fit to be kept in git.
//!
//! It holds sums, counts and deviations of the gates on rises, in the order of gates and keys, and why it was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::analyze::check::rise::Measured;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::rollup::Key;
use crate::domain::window::Frame;
use crate::ops::book::Book;
use crate::ops::check::Gates;
use crate::ops::check::RiseGate;
use crate::report::Report;

/// The version of the file.
const VERSION: u32 = 1;

/// Why a baseline file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is something else.
    #[error("{path}:{line}: this is no baseline file: {reason}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Another version of the program wrote it.
    #[error("{path}: a baseline file of version {found}; this program reads version {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

/// A baseline file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    baseline_version: u32,
    /// Why it was written.
    #[serde(default)]
    reason: String,
    /// When it was written.
    written: String,
    price_table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    gates: Vec<GateRows>,
}

/// What one gate measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GateRows {
    name: String,
    per: String,
    by: Vec<String>,
    rows: Vec<Row>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// A value per dimension of the gate, null for untagged.
    key: Vec<Option<String>>,
    units: u64,
    cost_usd: Usd,
    deviation_usd: Usd,
}

/// The one field that tells a baseline file of whatever version.
#[derive(Deserialize)]
struct Head {
    baseline_version: u32,
}

impl Baseline {
    /// Starts one.
    pub(super) fn new(book: &Book, window: Window, frame: Frame) -> Baseline {
        Baseline {
            baseline_version: VERSION,
            written: frame.now.to_string(),
            price_table: book.priced_by.clone(),
            since: window.since.map(|ts| ts.to_string()),
            until: window.until.map(|ts| ts.to_string()),
            ..Baseline::default()
        }
    }

    /// Says why it is written.
    #[must_use]
    pub fn because(self, reason: &str) -> Baseline {
        Baseline { reason: reason.to_string(), ..self }
    }

    /// Reads one.
    ///
    /// # Errors
    /// The file cannot be read, is none, or is of another version.
    pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
        let text = fs_err::read_to_string(path)?;
        let foreign = |error: serde_json::Error| BaselineError::Foreign {
            path: path.to_path_buf(),
            line: error.line(),
            reason: error.to_string(),
        };
        let head: Head = serde_json::from_str(&text).map_err(foreign)?;
        if head.baseline_version != VERSION {
            return Err(BaselineError::Version { path: path.to_path_buf(), found: head.baseline_version });
        }
        serde_json::from_str(&text).map_err(foreign)
    }

    /// Writes it, one group a line so that a difference in git reads well.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        Ok(fs_err::write(path, self.text().map_err(std::io::Error::other)?)?)
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        let head = serde_json::to_string_pretty(&Baseline { gates: Vec::new(), ..self.clone() })?;
        let mut text = head.trim_end_matches("[]\n}").to_string() + "[";
        for (at, gate) in self.gates.iter().enumerate() {
            let named = serde_json::to_string(&GateRows { rows: Vec::new(), ..gate.clone() })?;
            text += if at == 0 { "\n    " } else { ",\n    " };
            text += named.trim_end_matches("]}");
            for (at, row) in gate.rows.iter().enumerate() {
                text += if at == 0 { "\n      " } else { ",\n      " };
                text += &serde_json::to_string(row)?;
            }
            text += if gate.rows.is_empty() { "]}" } else { "\n    ]}" };
        }
        text += if self.gates.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" };
        Ok(text)
    }

    /// Returns how many groups there are.
    pub fn rows(&self) -> usize {
        self.gates.iter().map(|gate| gate.rows.len()).sum()
    }

    /// Adds what a gate measured.
    pub(super) fn put(&mut self, gate: &RiseGate, groups: &BTreeMap<Key, Measured>) {
        let rows = groups.iter().map(|(key, measured)| Row {
            key: key.iter().map(|value| value.as_deref().map(str::to_string)).collect(),
            units: measured.units,
            cost_usd: measured.cost,
            deviation_usd: measured.deviation,
        });
        self.gates.push(GateRows { rows: rows.collect(), ..named(gate) });
    }

    /// Returns what it says of a gate; `None` where it knows none of that name, unit and dimensions.
    pub(super) fn groups(&self, gate: &RiseGate) -> Option<BTreeMap<Key, Measured>> {
        let wanted = named(gate);
        let rows = |known: &&GateRows| known.name == wanted.name && known.per == wanted.per && known.by == wanted.by;
        let measured = |row: &Row| Measured { units: row.units, cost: row.cost_usd, deviation: row.deviation_usd };
        self.gates.iter().find(rows).map(|gate| {
            let key = |row: &Row| row.key.iter().map(|value| value.as_deref().map(Arc::from)).collect();
            gate.rows.iter().map(|row| (key(row), measured(row))).collect()
        })
    }

    /// Warns where figures of this file and of the store do not compare.
    pub(super) fn warn(&self, report: &mut Report, path: &Path, book: &Book, gates: &Gates) {
        if self.price_table != book.priced_by {
            let message = format!(
                "{} was written with the price table {}, costs here are by {}: part of a rise may be the prices'",
                path.display(),
                self.price_table,
                book.priced_by
            );
            report.warn("baseline_prices", message, Some("write it anew with --write-baseline once agreed".into()));
        }
        let gone: Vec<&str> = self
            .gates
            .iter()
            .map(|gate| gate.name.as_str())
            .filter(|name| !gates.rises.iter().any(|gate| gate.name == *name))
            .collect();
        if !gone.is_empty() {
            let message =
                format!("{} holds gates that the settings no longer have: {}", path.display(), gone.join(", "));
            report.warn("baseline_gates", message, None);
        }
    }
}

/// Describes a gate as the file does.
fn named(gate: &RiseGate) -> GateRows {
    GateRows {
        name: gate.name.clone(),
        per: gate.per.name(),
        by: gate.by.iter().map(ToString::to_string).collect(),
        rows: Vec::new(),
    }
}
