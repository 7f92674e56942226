//! A golden a sample file: the calls, skips and rejections that the readers make of `samples/`, and the laws that
//! hold for each; and one report drawn in every format.
//!
//! A new reader needs a folder of its name below `samples/`; its files are found by themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

use attr::domain::Call;
use attr::domain::Dim;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::time::Timestamp;
use attr::read::Options;
use attr::read::Reader;
use attr::read::Record;
use attr::read::Sink;
use attr::read::Span;
use attr::read::Verdict;
use attr::read::formats;
use attr::read::framing::Framed;
use attr::read::framing::Framing;
use attr::render;
use attr::render::Style;
use attr::report::Block;
use attr::report::Cell;
use attr::report::Column;
use attr::report::Report;
use attr::report::Table;
use serde_json::json;

/// The folder that is a story and no format: its files are flat logs.
const STORY: &str = "quickstart";
/// Folders with bills, which are read by `invoices` and `close`.
const BILLS: [&str; 2] = ["invoices", "close"];
/// The folder that `spikes` and `why` are shown on.
const SPIKE: &str = "spike";

/// Keeps what a reader hands on, as lines of text.
#[derive(Default)]
struct Kept {
    text: String,
    calls: usize,
    /// Calls that name a span.
    placed: usize,
    /// Calls made inside another one's record: `id#1`.
    inner: usize,
    spans: usize,
    skips: usize,
    rejections: usize,
}

impl Sink for Kept {
    fn call(&mut self, call: &Call<'_>) {
        self.calls += 1;
        self.placed += usize::from(call.span.is_some());
        self.inner += usize::from(call.request_id.as_deref().is_some_and(|id| id.contains('#')));
        let text = call_line(call);
        writeln!(self.text, "{:>4} call   {text}", call.line).unwrap();
    }

    fn span(&mut self, span: &Span<'_>) {
        self.spans += 1;
        let parent = span.parent.as_deref().unwrap_or("root");
        writeln!(self.text, "     span   {:?} {} in {parent}: {}", span.role, span.id, span.name).unwrap();
    }

    fn skip(&mut self, line: u64, reason: &'static str) {
        self.skips += 1;
        writeln!(self.text, "{line:>4} skip   {reason}").unwrap();
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.rejections += 1;
        writeln!(self.text, "{line:>4} REJECT {reason}").unwrap();
    }
}

/// Writes a call on one line: time, id, dimensions, tokens, and whatever else is set.
fn call_line(call: &Call<'_>) -> String {
    let mut parts = vec![call.ts.to_string()];
    for (name, value) in [("id", &call.request_id), ("span", &call.span), ("parent", &call.parent)] {
        parts.extend(value.as_deref().map(|value| format!("{name}={value}")));
    }
    parts.extend(Dim::all().filter_map(|dim| Some(format!("{}={:?}", dim.name(), call.dim(dim)?))));
    parts.push("|".into());
    parts.extend(call.tokens.iter().map(|(class, count)| format!("{}={count}", class.name())));
    if call.reasoning > 0 {
        parts.push(format!("reasoning={}", call.reasoning));
    }
    parts.extend(call.tools.iter().map(|(tool, uses)| format!("tool:{tool}={uses}")));
    parts.extend(call.latency_ms.map(|ms| format!("latency_ms={ms}")));
    parts.extend(call.ttft_ms.map(|ms| format!("ttft_ms={ms}")));
    parts.extend(call.logged_cost.map(|cost| format!("logged_cost={cost}")));
    parts.extend(call.other_inputs.iter().flatten().map(|other| format!("or_input={other}")));
    parts.extend(call.flags.names().into_iter().map(|flag| format!("!{flag}")));
    parts.extend(call.unpriced.map(|reason| format!("unpriced={}", reason.name())));
    if !call.extra.is_empty() {
        parts.push("|".into());
        parts.extend(call.extra.iter().map(|(key, value)| format!("{key}={value:?}")));
    }
    parts.join(" ")
}

fn open(path: &Path) -> Framing {
    Framing::open(Box::new(fs_err::File::open(path).unwrap())).unwrap()
}

fn detected(path: &Path) -> &'static dyn Reader {
    let framing = open(path);
    let shape = framing.shape().unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
    let reader = formats::detect(&framing, shape).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.unwrap_or_else(|| panic!("{} is empty", path.display()))
}

/// Reads a file as an import does, and checks that every record leaves the reader exactly once.
fn read(path: &Path, reader: &'static dyn Reader) -> Kept {
    let framing = open(path);
    let shape = framing.shape().expect("detected before");
    let mut kept = Kept::default();
    let mut session = reader.start(&Options::default());
    let (mut framed_records, mut came_out) = (0, 0);
    framing
        .each(shape, |framed| {
            framed_records += 1;
            let before = (kept.calls, kept.spans, kept.skips, kept.rejections);
            match framed {
                Framed::Broken(line, reason) => kept.reject(line, reason),
                Framed::Record(line, tape, text) => {
                    let record = Record { line, node: tape.root(text) };
                    if let Verdict::NotMine(reason) = session.record(record, &mut kept) {
                        let claimed = formats::claiming(record.node).is_some();
                        assert!(!claimed, "{}:{line}: another format claims this record", path.display());
                        kept.reject(line, reason);
                    }
                }
            }
            // The inner requests of one record are calls of their own; a line of spans is a record a span.
            let calls = kept.calls - before.0;
            let spans = kept.spans - before.1;
            let others = kept.skips - before.2 + kept.rejections - before.3;
            came_out +=
                if reader.has_spans() { usize::from(calls + spans + others > 0) } else { calls.min(1) + others };
            true
        })
        .unwrap();
    let records = |kept: &Kept| kept.calls - kept.inner + kept.skips + kept.rejections;
    let before = records(&kept);
    session.end(&mut kept);
    came_out += records(&kept) - before;
    assert_eq!(framed_records, came_out, "{}: records in are calls, skips and rejections out", path.display());
    if reader.has_spans() {
        assert!(kept.placed <= kept.spans, "{}: a call that names a span nobody handed on", path.display());
    }
    kept
}

/// Returns (folder, file) of every sample, in order.
fn samples() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let sorted = |folder: &Path| {
        let mut paths: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let is_other = |path: &Path| BILLS.iter().any(|folder| path.ends_with(folder)) || path.ends_with(SPIKE);
    let folders = sorted(&root).into_iter().filter(|path| path.is_dir() && !is_other(path));
    folders.flat_map(|folder| sorted(&folder).into_iter().map(move |file| (name(&folder), file))).collect()
}

#[test]
fn every_sample_has_its_golden() {
    for (folder, path) in samples() {
        let reader = detected(&path);
        let kept = read(&path, reader);
        assert!(kept.calls > 0, "{} has no call", path.display());
        if folder == STORY {
            // Its figures stand in the README; a line a call here would say nothing more.
            assert_eq!((kept.skips, kept.rejections), (0, 0), "{}", path.display());
            continue;
        }
        let counts =
            format!("{} calls, {} spans, {} skips, {} rejections", kept.calls, kept.spans, kept.skips, kept.rejections);
        let file = path.file_name().unwrap().to_str().unwrap();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("sample_{folder}_{file}"), format!("{counts}\n{}", kept.text));
        });
    }
}

#[test]
fn every_reader_has_a_name_of_its_own_and_samples_that_only_it_claims() {
    let mut names: Vec<&str> = formats::readers().map(|reader| reader.name()).collect();
    names.sort_unstable();
    let mut folders: Vec<String> =
        samples().into_iter().map(|(folder, _)| folder).filter(|folder| folder != STORY).collect();
    folders.dedup();
    assert_eq!(names, folders, "readers and folders of samples/ go by the same names, each once");
    for (folder, path) in samples() {
        let expected = if folder == STORY { "flat" } else { &folder };
        assert_eq!(detected(&path).name(), expected, "{}", path.display());
    }
}

/// What a log may hold to do harm where a report is read.
const HOSTILE: &str =
    "=HYPERLINK(\"http://x\")|<script>alert(1)</script>\u{1b}[31m\u{9b}2J\u{7}\r\n\u{202e}*_[x](javascript:1)`";

fn hostile_report() -> Report {
    let mut report = Report::new("slice");
    report.price_table = Some("2026.01.01+0123456789ab".into());
    let since = Timestamp::parse("2026-11-01T00:00:00Z").unwrap().ts;
    report.window = Some((Window { since: Some(since), until: None }, Zone::UTC));
    let rows = [(Some(HOSTILE), 1_234_567, 1.0), (Some("-2+3"), 7, 0.25), (None, 0, 0.0)];
    let cost = |count: u64| Usd::from_pico(i128::from(count) * 1_234_567_890);
    report.put_rows(
        "rows",
        rows.map(|(name, count, share)| {
            json!({"key": {"feature": name}, "calls": count, "cost_usd": cost(count), "share": share})
        }),
    );
    let mut table = Table {
        columns: vec![
            Column::new("feature"),
            Column::new("calls"),
            Column::keyed("cost", "cost_usd"),
            Column::new("share"),
        ],
        ..Table::default()
    };
    for (name, count, share) in rows {
        let name = name.map_or(Cell::Untagged, |name| Cell::Logged(name.into()));
        table.rows.push(vec![name, Cell::Count(count), Cell::Usd(cost(count)), Cell::Share(share)]);
    }
    table.total =
        Some(vec![Cell::Text("total".into()), Cell::Count(1_234_574), Cell::Usd(cost(1_234_574)), Cell::Share(1.0)]);
    report.blocks = vec![
        Block::Heading("since 2026-11-01T00:00:00Z".into()),
        Block::Facts(vec![("feature".into(), Cell::Logged(HOSTILE.into())), ("change".into(), Cell::Change(cost(7)))]),
        Block::Table(table),
        Block::Note(format!("a note about {HOSTILE}")),
    ];
    report.warn("unpriced_calls", format!("a warning about {HOSTILE}"), None);
    report
}

fn drawn(format: render::Format) -> String {
    let mut out = Vec::new();
    render::render(&hostile_report(), format, Style { width: Some(100), color: false }, &mut out).unwrap();
    String::from_utf8(out).expect("reports are UTF-8")
}

#[test]
fn one_report_in_every_format() {
    for format in render::Format::ALL {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("report_{}", format.name()), drawn(format));
        });
    }
}

#[test]
fn hostile_names_are_neutralised_in_every_format() {
    for format in render::Format::ALL {
        let text = drawn(format);
        let acts = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        let acting: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
        match format {
            // To be escaped as well: JSON writes C1 controls and turns of direction as they are. It is data, and goes
            // to a terminal only without a pager; the rest of the controls is escaped.
            render::Format::Json | render::Format::Ndjson => {
                assert!(acting.iter().all(|c| ['\u{9b}', '\u{202e}'].contains(c)), "{}: {acting:?}", format.name());
            }
            _ => assert!(acting.is_empty(), "{}: {acting:?}", format.name()),
        }
    }
    let markdown = drawn(render::Format::Markdown);
    assert!(!markdown.contains("<script>") && markdown.contains("&lt;script&gt;"), "{markdown}");
    assert!(!markdown.contains("|<") && !markdown.contains("[x]("), "{markdown}");
    let mut csv =
        csv::ReaderBuilder::new().flexible(true).from_reader(std::io::Cursor::new(drawn(render::Format::Csv)));
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 3, "a hostile name makes no row of its own");
    for cell in records.iter().map(|record| &record[0]) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a spreadsheet would run {cell:?}");
    }
    for line in drawn(render::Format::Ndjson).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(row["key"].is_object(), "{line}");
    }
    let document: serde_json::Value = serde_json::from_str(&drawn(render::Format::Json)).unwrap();
    assert_eq!(document["rows"][0]["key"]["feature"], HOSTILE, "JSON carries the name as it was logged");
}
