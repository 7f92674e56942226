//! Outcomes of runs: how files of them come in, and what `attr outcomes` says of them beside the calls.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod files;
mod laws;
mod slice_units;

use serde_json::Value;

use crate::world::Quiet;
use attr::domain::Axis;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::filter::Condition;
use attr::ops::book::Book;
use attr::ops::import;
use attr::ops::import::FileOutcome;
use attr::ops::import::FileResult;
use attr::ops::import::How;
use attr::ops::import::ImportPlan;
use attr::ops::import::OutcomesFile;
use attr::ops::outcomes;
use attr::ops::outcomes::OutcomesPlan;
use attr::ops::slice::Audience;
use attr::render::Format;
use attr::render::Style;
use attr::render::render;
use attr::report::Report;

/// A call: two dollars a million input tokens by the table below, unless its model is not `m`.
pub(super) struct Call<'c> {
    pub(super) n: usize,
    pub(super) model: &'c str,
    /// Names of dimensions with their values.
    pub(super) dims: &'c [(&'c str, &'c str)],
    pub(super) input: u64,
}

impl Call<'_> {
    pub(super) fn line(&self) -> String {
        let dims: String = self.dims.iter().map(|(name, value)| format!(",\"{name}\":\"{value}\"")).collect();
        let (n, model, input) = (self.n, self.model, self.input);
        let (day, minute) = (1 + n / 1440 % 28, n % 1440);
        format!(
            "{{\"ts\":\"2026-10-{day:02}T{:02}:{:02}:00Z\",\"request_id\":\"req_{n:012}\",\"provider\":\"s\",\
             \"model\":\"{model}\"{dims},\"input_tokens\":{input},\"output_tokens\":0}}\n",
            minute / 60,
            minute % 60
        )
    }
}

/// A priced call.
pub(super) fn call(n: usize, dims: &[(&str, &str)], input: u64) -> String {
    Call { n, model: "m", dims, input }.line()
}

pub(super) const PRICES: &str = "version = \"two\"\nseller = \"s\"\n[[model]]\nid = \"m\"\n[[model.price]]\n\
     mode = \"standard\"\nsince_launch = true\nusd_per_mtok = { input = \"2\", output = \"2\" }\n";

/// A store in memory, priced by [`PRICES`].
pub(super) fn book() -> Book {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.toml");
    fs_err::write(&file, PRICES).unwrap();
    Book::in_memory(attr::ops::PriceTable::assemble(Some(&file), &[]).unwrap()).unwrap()
}

/// Imports a text as a file of that name; returns what became of it and what is said of it.
pub(super) fn take(book: &mut Book, name: &str, content: impl AsRef<[u8]>, how: How) -> (FileOutcome, Report) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, content).unwrap();
    let plan = ImportPlan {
        paths: vec![path.display().to_string()],
        how,
        at: Timestamp(1_800_000_000_000_000_000),
        ..ImportPlan::default()
    };
    let mut results: Vec<FileResult> = import::run(book, &plan, &Quiet).unwrap();
    let report = import::report(book, &results, &plan).unwrap();
    assert_eq!(results.len(), 1, "{results:?}");
    (results.pop().unwrap().outcome, report)
}

/// Imports outcomes.
#[track_caller]
pub(super) fn outcomes_in(book: &mut Book, name: &str, content: impl AsRef<[u8]>) -> OutcomesFile {
    match take(book, name, content, How::default()).0 {
        FileOutcome::Outcomes(file) => *file,
        other => panic!("{name} is not in: {other:?}"),
    }
}

/// Returns how many records were new, duplicate, skipped and rejected; they must be all there are.
#[track_caller]
pub(super) fn counts(file: &OutcomesFile) -> [u64; 4] {
    let skipped = file.tail.skipped.values().sum();
    let counts = [file.imported.new, file.imported.duplicate, skipped, file.tail.rejected];
    assert_eq!(counts.iter().sum::<u64>(), file.tail.records, "{file:?}");
    counts
}

/// Asks along axes, of the calls that pass the conditions, and returns the document that a user gets.
pub(super) fn asked(book: &Book, by: &[&str], conditions: &[&str], top: Option<usize>) -> Value {
    let plan = OutcomesPlan {
        audience: Audience::Machines,
        by: by.iter().map(|name| Axis::parse(name)).collect(),
        window: Window::default(),
        zone: Zone::UTC,
        filter: Filter(conditions.iter().map(|text| Condition::parse(text).unwrap()).collect()),
        top,
    };
    document(&outcomes::run(book, &plan).unwrap())
}

pub(super) fn document(report: &Report) -> Value {
    let mut bytes = Vec::new();
    render(report, Format::Json, Style { width: None, color: false }, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Reads exact dollars.
#[track_caller]
pub(super) fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap_or_else(|| panic!("no amount: {value}"))).unwrap()
}

/// Returns the row whose only key is this.
#[track_caller]
pub(super) fn row<'d>(document: &'d Value, key: Option<&str>) -> &'d Value {
    let rows = document["rows"].as_array().unwrap();
    let is_it = |row: &&Value| row["key"].as_object().unwrap().values().next().unwrap().as_str() == key;
    rows.iter().find(is_it).unwrap_or_else(|| panic!("no row {key:?} in {document}"))
}

/// Tells whether a warning was said.
pub(super) fn warns(document: &Value, code: &str) -> bool {
    document["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == code)
}
