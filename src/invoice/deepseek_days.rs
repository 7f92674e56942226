//! The days of DeepSeek's two exports: `utc_date`, written `20260716` or `2026-07-16`, or in newer files `start_time_iso` and
//! `end_time_iso` with the offset of the account (`2026-09-01T00:00:00+03:00`), whose days are then not those of UTC.

use std::collections::BTreeSet;

use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::invoice::value;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// The days of a file, and the offsets that they are cut by.
#[derive(Default)]
pub(super) struct Days {
    offsets: BTreeSet<String>,
}

/// Tells whether a row has the columns of a day.
pub(super) fn has_day(row: Node<'_>) -> bool {
    row.has("utc_date") || row.has("start_time_iso")
}

/// Returns the column that tells the day of a row.
pub(super) fn column(row: Node<'_>) -> &'static str {
    if row.has("utc_date") { "utc_date" } else { "start_time_iso" }
}

impl Days {
    /// Reads the span of a row.
    pub(super) fn span(&mut self, row: Node<'_>) -> Result<(Timestamp, Timestamp), String> {
        if row.has("utc_date") {
            self.offsets.insert("+00:00".into());
            let text = value::required(row, "utc_date")?;
            return match text.trim() {
                // A spreadsheet leaves such a date alone: it is a number.
                compact if compact.len() == 8 && compact.bytes().all(|byte| byte.is_ascii_digit()) => {
                    let text = format!("{}-{}-{}", &compact[..4], &compact[4..6], &compact[6..]);
                    value::day("utc_date", &text, Zone::UTC)
                }
                text => value::day("utc_date", text, Zone::UTC),
            };
        }
        let (start, end) = (self.instant(row, "start_time_iso")?, self.instant(row, "end_time_iso")?);
        if start >= end { Err("`end_time_iso` is not after `start_time_iso`".into()) } else { Ok((start, end)) }
    }

    fn instant(&mut self, row: Node<'_>, key: &str) -> Result<Timestamp, String> {
        let text = value::required(row, key)?;
        let text = text.trim();
        let clock = text.get(10..).unwrap_or_default();
        let offset = match clock.rfind(['+', '-', 'Z']) {
            Some(at) if clock[at..].starts_with('Z') => "+00:00",
            Some(at) => &clock[at..],
            None => return Err(format!("`{key}` has no offset, so that its day is not known: {}", excerpt(text))),
        };
        if !self.offsets.contains(offset) {
            self.offsets.insert(offset.to_string());
        }
        value::instant(key, text)
    }

    /// Says which zone cuts the days, where the file has one and it has a name.
    pub(super) fn statement(&self) -> Statement {
        let mut statement = Statement::default();
        let mut offsets = self.offsets.iter();
        match (offsets.next(), offsets.next()) {
            (None, _) => statement.zone = "UTC".into(),
            (Some(offset), None) => match zone(offset) {
                Some(zone) => statement.zone = zone,
                None => {
                    statement.notes.push(format!("its days are cut by the offset {offset}, which is no named zone"))
                }
            },
            (Some(_), Some(_)) => {
                let all: Vec<&str> = self.offsets.iter().map(String::as_str).collect();
                statement.notes.push(format!("its days are cut by several offsets: {}", all.join(", ")));
            }
        }
        statement
    }
}

/// Names the zone of an offset of whole hours. Those names count westwards: `+03:00` is `Etc/GMT-3`.
fn zone(offset: &str) -> Option<String> {
    let hours: i32 = offset.strip_suffix(":00").or_else(|| offset.strip_suffix("00"))?.parse().ok()?;
    if !(-14..=14).contains(&hours) {
        return None;
    }
    let name = if hours == 0 { "UTC".to_string() } else { format!("Etc/GMT{:+}", -hours) };
    Zone::parse(&name).map(|_| name)
}
