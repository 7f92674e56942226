//! The buckets of OpenAI's cost and usage files: spans in Unix seconds, empty ones included, as CSV and as pages of JSON.
//!
//! Beside the seconds stand ISO times, with an offset in some rows and without in others of the same file: they are not
//! read. An empty bucket is printed too, so that a file whose buckets tile a span speaks for all of it.

use std::collections::BTreeSet;

use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::domain::window::Window;
use crate::invoice::value;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::value::excerpt;

/// The columns that a file has even where nothing happened.
pub(super) const TIMES: [&str; 4] = ["start_time", "end_time", "start_time_iso", "end_time_iso"];

/// Reads the span of a row or bucket.
pub(super) fn span(record: Node<'_>) -> Result<(Timestamp, Timestamp), String> {
    let (start, end) = (seconds(record, "start_time")?, seconds(record, "end_time")?);
    if start >= end { Err("`end_time` is not after `start_time`".into()) } else { Ok((start, end)) }
}

fn seconds(record: Node<'_>, key: &str) -> Result<Timestamp, String> {
    let text = value::required(record, key)?;
    let whole = text
        .split_once('.')
        .map_or(text.as_ref(), |(whole, decimals)| if decimals.bytes().all(|byte| byte == b'0') { whole } else { "" });
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let hint =
            if text.contains(['E', 'e']) { " (a spreadsheet has rounded it? export the file again)" } else { "" };
        return Err(format!("`{key}` is not in Unix seconds: {}{hint}", excerpt(&text)));
    }
    value::instant(key, whole)
}

/// Tells whether a row of CSV is an empty bucket: nothing but its times.
pub(super) fn is_empty_row(row: Node<'_>) -> bool {
    row.fields().all(|(name, node)| TIMES.contains(&name) || node.text().is_none_or(|text| text.trim().is_empty()))
}

/// Returns the buckets of a page, or the bucket that a record is; nothing else, for a look at what a file may be.
pub(super) fn buckets(record: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let data = record.get("data").into_iter().flat_map(Node::items);
    data.chain(Some(record)).filter(|node| is_bucket(*node))
}

/// Returns the buckets of a record that must be a page of them or one.
pub(super) fn page(record: Node<'_>) -> Result<Vec<Node<'_>>, String> {
    let items: Vec<Node<'_>> = match record.get("data") {
        Some(data) if data.kind() == Kind::Array => data.items().collect(),
        Some(_) => return Err("`data` is no list of buckets".into()),
        None => vec![record],
    };
    match items.iter().find(|item| !is_bucket(**item)) {
        Some(_) => Err("neither a page nor a bucket with `start_time`, `end_time` and `results`".into()),
        None => Ok(items),
    }
}

/// Tells whether a page or bucket says that it is one, as those do that hold nothing.
pub(super) fn says_so(record: Node<'_>) -> bool {
    record.get("object").is_some_and(|object| matches!(object.raw(), "page" | "bucket"))
}

fn is_bucket(node: Node<'_>) -> bool {
    node.has_all(&["start_time", "end_time"]) && list(node).is_some()
}

/// Returns what a bucket holds.
pub(super) fn results(bucket: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    list(bucket).into_iter().flat_map(Node::items)
}

/// Returns a bucket's list; older descriptions of the interface call it `result`.
fn list(bucket: Node<'_>) -> Option<Node<'_>> {
    bucket.first(&["results", "result"]).filter(|list| list.kind() == Kind::Array)
}

/// The buckets of a file.
#[derive(Default)]
pub(super) struct Buckets {
    spans: BTreeSet<(Timestamp, Timestamp)>,
    /// Whether the last page read says that another one follows.
    more: bool,
}

impl Buckets {
    /// Takes a bucket of the file.
    pub(super) fn add(&mut self, span: (Timestamp, Timestamp)) {
        self.spans.insert(span);
    }

    /// Takes what a page says of the pages behind it; a bucket by itself says nothing.
    pub(super) fn turn_page(&mut self, page: Node<'_>) {
        if let Some(more) = page.get("has_more").and_then(Node::bool) {
            self.more = more;
        }
    }

    /// Says what the buckets say of the file.
    pub(super) fn statement(&self) -> Statement {
        let mut statement = Statement { zone: "UTC".into(), ..Statement::default() };
        let (mut reached, mut gap) = (None, None);
        for (start, end) in &self.spans {
            match reached {
                Some(before) if before < *start => {
                    gap.get_or_insert((before, *start));
                    reached = Some(*end);
                }
                before => reached = before.max(Some(*end)),
            }
        }
        match gap {
            None => {
                let since = self.spans.first().map(|(start, _)| *start);
                statement.covers = Window { since, until: reached };
            }
            Some((from, to)) => statement.notes.push(format!(
                "there is no bucket from {from} to {to}: a day without a row counts as a day without data"
            )),
        }
        if self.more {
            statement
                .notes
                .push("its last page says that more follow: the pages behind it are not in this file".into());
        }
        statement
    }
}
