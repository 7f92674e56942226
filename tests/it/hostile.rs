//! Broken, mistaken and hostile input: nothing panics, nothing is lost unsaid, nothing is counted twice.
//!
//! Each test looks at the exit code, at what is said, and at the store before and after.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use attr::domain::Class;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::ops::WriteLock;
use attr::ops::import::FileOutcome;
use attr::ops::import::How;
use attr::read::formats;
use attr::store::Batch;
use attr::store::Fixed;
use attr::store::IdentityRule;
use attr::store::ImportHead;
use attr::store::RowPrice;
use attr::store::Store;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::world::In;
use crate::world::World;
use crate::world::assert_sound;
use crate::world::book;
use crate::world::by;
use crate::world::cases;
use crate::world::import_how;
use crate::world::import_text;
use crate::world::total;

/// A call of 1,000 tokens in and 100 out under an id of its own.
fn good(n: usize) -> String {
    record(n).to_string() + "\n"
}

fn record(n: usize) -> Value {
    json!({
        "ts": format!("2026-10-01T{:02}:{:02}:{:02}Z", n / 3_600 % 24, n / 60 % 60, n % 60), "request_id": format!("req-{n}"),
        "provider": "openai", "model": "gpt-4o", "feature": "chat", "input_tokens": 1_000, "output_tokens": 100,
    })
}

fn goods(count: usize) -> String {
    (0..count).map(good).collect()
}

/// What one good call costs: 1,000 × $2.50 and 100 × $10 per million.
const EACH: i128 = 3_500_000_000;

fn cost(calls: u64) -> Usd {
    Usd::from_pico(EACH * i128::from(calls))
}

/// A world whose store holds one call more, from elsewhere.
fn furnished() -> World {
    let world = World::new();
    let path = world.write("before.jsonl", good(1_000_000));
    world.attr(&["import", &path]).ended(0);
    assert_eq!(world.total(), (1, cost(1)));
    world
}

/// Imports bytes into a furnished store; the good calls among them must be in, and the rest must be told.
#[track_caller]
fn takes(name: &str, content: impl AsRef<[u8]>, calls: u64, rejected: u64, told: &[&str]) {
    let world = furnished();
    let path = world.write(name, content);
    let ran = world.attr(&["import", &path, "--json"]).ended(0);
    let import = &ran.json()["imports"][0];
    assert_eq!((import["new"].as_u64(), import["rejected"].as_u64()), (Some(calls), Some(rejected)), "{ran:?}");
    assert_eq!(import["records"].as_u64(), Some(calls + rejected), "{ran:?}");
    if rejected > 0 {
        assert!(ran.err.contains(&path), "the file is not named: {ran:?}");
    }
    told.iter().for_each(|words| assert!(ran.err.contains(words), "`{words}` is not said: {ran:?}"));
    assert_eq!(world.total(), (calls + 1, cost(calls + 1)));
    world.sound();
    // The same bytes once more add nothing and lose nothing.
    let again = world.attr(&["import", &path, "--json"]).ended(0).json();
    assert_eq!(again["imports"][0]["new"], json!(0));
    assert_eq!(world.total(), (calls + 1, cost(calls + 1)));
    let strict = world.attr(&["import", &path, "--strict"]);
    strict.ended(if rejected > 0 { 1 } else { 0 });
    world.attr(&["import", &path, "--strict", "--no-fail"]).ended(0);
}

/// Fails to import bytes, says why, and leaves the store as it was.
#[track_caller]
fn refuses(name: &str, content: impl AsRef<[u8]>, told: &str) {
    let world = furnished();
    let path = world.write(name, content);
    let ran = world.attr(&["import", &path, "--json"]).ended(2).says(&path).says(told);
    assert_eq!(ran.json()["errors"][0]["path"], json!(path));
    assert_eq!(world.total(), (1, cost(1)));
    let imports = world.attr(&["imports", "--json"]).ended(0).json();
    assert_eq!(imports["imports"].as_array().unwrap().len(), 1, "a failed import is listed");
    world.attr(&["slice", "--from", &path]).ended(2).says(told);
    world.sound();
}

mod lines {
    use super::*;

    #[test]
    fn a_truncated_last_line_is_told() {
        let whole = goods(3);
        takes("log.jsonl", &whole[..whole.len() - 30], 2, 1, &[":3: ", "truncated"]);
    }

    #[test]
    fn half_a_file_and_then_the_whole_is_the_whole() {
        let world = World::new();
        let whole = goods(40);
        for cut in [0, 1, 70, whole.len() / 3, whole.len() / 2, whole.len() - 1, whole.len()] {
            let path = world.write("log.jsonl", &whole[..cut]);
            world.attr(&["import", &path]).ended(if cut == 1 || cut == 70 { 2 } else { 0 });
        }
        assert_eq!(world.total(), (40, cost(40)));
        world.sound();
    }

    #[test]
    fn a_line_of_fifty_megabytes_is_read() {
        let mut long = record(1);
        long["prompt_text"] = "x".repeat(50_000_000).into();
        takes("log.jsonl", format!("{}{long}\n{}", good(0), good(2)), 3, 0, &[]);
    }

    /// A log may begin with its longest record: a picture in the prompt, say.
    #[test]
    fn a_long_first_line_is_recognised() {
        let mut long = record(0);
        long["prompt_text"] = "x".repeat(3_000_000).into();
        takes("log.jsonl", format!("{long}\n{}", good(1)), 2, 0, &[]);
        takes("log.json", format!("[{long},\n{}]", record(1)), 2, 0, &[]);
    }

    #[test]
    fn a_line_past_the_bound_is_told_and_passed_over() {
        let mut long = record(1);
        long["prompt_text"] = "x".repeat(65 << 20).into();
        takes("log.jsonl", format!("{}{long}\n{}", good(0), good(2)), 2, 1, &[":2: ", "64 MiB"]);
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_told() {
        let mut bytes = good(0).into_bytes();
        bytes.extend(good(1).replace("chat", "ch\u{0}t").bytes().map(|b| if b == 0 { 0xff } else { b }));
        bytes.extend(good(2).bytes());
        takes("log.jsonl", bytes, 2, 1, &[":2: ", "not UTF-8"]);
    }

    #[test]
    fn lines_that_are_no_record_are_told_one_by_one() {
        let broken = ["{", "}", "[1,2", "nonsense", "\"text\"", "12", "null", "{}", "{\"a\":1}", "{'a':1}", "[{}]"];
        let text: String = broken.iter().map(|line| format!("{line}\n")).collect();
        takes("log.jsonl", good(0) + &text + &good(1), 2, broken.len() as u64, &[":2: ", ":3: ", "and 8 more"]);
    }

    #[test]
    fn marks_and_comments_are_no_records() {
        let crlf = goods(3).replace('\n', "\r\n");
        takes("bom.jsonl", format!("\u{feff}{crlf}"), 3, 0, &[]);
        takes("comments.jsonl", format!("# first\n\n// second\n{}#{{\n\n{}", goods(2), good(2)), 3, 0, &[]);
    }

    /// A power cut leaves NULs where lines were.
    #[test]
    fn a_line_of_nuls_is_one_broken_line() {
        let nuls = "\0".repeat(300);
        takes("nuls.jsonl", format!("{}{nuls}\n{}", good(0), good(1)), 2, 1, &[]);
    }

    /// Rejections name the line as an editor counts it.
    #[test]
    fn the_line_is_the_one_in_the_file() {
        let text = format!("# comment\n\n{}\n// another\nbroken\n{}", good(0), good(1));
        takes("log.jsonl", text, 2, 1, &[":6: "]);
        let pretty = |n: usize| serde_json::to_string_pretty(&record(n)).unwrap();
        // Nine lines each: the broken one starts on line 10.
        takes(
            "pretty.json",
            format!("{}\n{}\n{}\n", pretty(0), pretty(1).replace("\"model\"", "model"), pretty(2)),
            2,
            1,
            &[":10: "],
        );
    }
}

mod values {
    use super::*;

    /// Every field of the wrong type, one at a time: the record is a call or it is told, never a wrong figure.
    #[test]
    fn a_wrong_type_is_a_call_or_told() {
        let wrong = [
            json!(null),
            json!(true),
            json!(false),
            json!([]),
            json!({}),
            json!([1]),
            json!({"a": {"b": 1}}),
            json!(""),
            json!(" "),
            json!("x"),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!("NaN"),
            json!("9".repeat(400)),
            json!("\u{0}\u{1b}[2J"),
        ];
        let keys = [
            "ts",
            "request_id",
            "provider",
            "model",
            "feature",
            "input_tokens",
            "output_tokens",
            "cached_tokens",
            "cache_write_tokens",
            "reasoning_tokens",
            "cost_usd",
            "latency_ms",
            "status",
            "error",
            "tags",
            "usage",
            "trace_id",
            "span_id",
            "batch",
            "service_tier",
        ];
        let mut text = String::new();
        let mut count = 0;
        for key in keys {
            for value in &wrong {
                count += 1;
                let mut record = record(count);
                record[key] = value.clone();
                text += &format!("{record}\n");
            }
        }
        let mut book = book();
        let In { tail, imported } = import_text(&mut book, "wrong.jsonl", good(0) + &text);
        assert_eq!(tail.records, count as u64 + 1);
        let skipped: u64 = tail.skipped.values().sum();
        assert_eq!(imported.new + imported.duplicate + skipped + tail.rejected, tail.records, "{tail:?}");
        assert_eq!(imported.duplicate, 0, "two records were taken for one");
        assert_sound(&book.store);
        // A call that costs nothing must have said so itself: here no call used nothing.
        let whole = total(&book.store);
        assert_eq!(whole.calls, imported.new);
        book.store.rebuild().unwrap();
        assert_eq!(total(&book.store), whole);
        assert_sound(&book.store);
    }

    #[test]
    fn absurd_counts_are_told_with_their_field() {
        for (count, told) in [
            ("-5", "`input_tokens` is negative"),
            ("1.5", "`input_tokens` is not a whole number"),
            ("1e11", "`input_tokens` is absurdly large"),
            ("99999999999999999999", "`input_tokens` is absurdly large"),
            ("\"many\"", "`input_tokens` is not a count"),
            ("true", "`input_tokens` is not a count"),
            ("[5]", "`input_tokens`"),
        ] {
            let text = good(0) + &good(1).replace("\"input_tokens\":1000", &format!("\"input_tokens\":{count}"));
            assert!(text.contains(count), "{text}");
            takes("log.jsonl", text, 1, 1, &[":2: ", told]);
        }
        for count in ["1000.0", "\"1000\"", "1e3", "\"1,000\"", "\" 1000 \""] {
            takes(
                "log.jsonl",
                good(0).replace("\"input_tokens\":1000", &format!("\"input_tokens\":{count}")),
                1,
                0,
                &[],
            );
        }
    }

    /// A cached count above the input cannot be inside it: the two stand side by side.
    #[test]
    fn more_cached_than_input_is_no_negative_input() {
        let mut book = book();
        let text = good(0).replace("\"input_tokens\":1000", "\"input_tokens\":1000,\"cached_tokens\":5000");
        import_text(&mut book, "log.jsonl", &text);
        let whole = total(&book.store);
        assert_eq!((whole.tokens[Class::Input as usize], whole.tokens[Class::CacheRead as usize]), (1_000, 5_000));
        assert_eq!(whole.unpriced_calls(), 0);
        // Where the user says that it is inside, the record contradicts itself and has no price.
        let mut book = crate::world::book();
        let mut how = How::default();
        how.options.cached_input = Some(attr::ops::CachedInput::Inside);
        crate::world::import_text_how(&mut book, "log.jsonl", &text, how);
        let whole = total(&book.store);
        assert_eq!((whole.unpriced_calls(), whole.cost), (1, Usd::ZERO));
        assert_sound(&book.store);
    }

    #[test]
    fn a_date_out_of_reach_is_told() {
        for date in [
            "1970-01-01T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "2400-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            let text = good(0) + &good(1).replace("2026-10-01T00:00:01Z", date);
            assert!(text.contains(date), "{text}");
            takes("log.jsonl", text, 1, 1, &[":2: ", "`ts`", "outside"]);
        }
        for epoch in ["0", "1", "-1", "13569465600", "99999999999999999999", "1e30"] {
            let text = good(0) + &good(1).replace("\"2026-10-01T00:00:01Z\"", epoch);
            takes("log.jsonl", text, 1, 1, &[":2: ", "`ts`"]);
        }
        for nonsense in ["\"\"", "\"soon\"", "\"2026-13-01\"", "\"2026-02-30T00:00:00Z\"", "true", "{}", "[]"] {
            let text = good(0) + &good(1).replace("\"2026-10-01T00:00:01Z\"", nonsense);
            takes("log.jsonl", text, 1, 1, &[":2: "]);
        }
    }

    #[test]
    fn an_epoch_is_the_same_instant_in_any_unit() {
        let mut book = book();
        let text: String = [
            "1790812801",
            "1790812801000",
            "1790812801000000",
            "1790812801000000000",
            "1790812801.0",
            "\"1790812801\"",
            "1.790812801e9",
        ]
        .iter()
        .enumerate()
        .map(|(n, epoch)| {
            let mut record = record(n);
            record["ts"] = json!("TS");
            record.to_string().replace("\"TS\"", epoch) + "\n"
        })
        .collect();
        let taken = import_text(&mut book, "log.jsonl", text);
        assert_eq!(taken.imported.new, 7, "{:?}", taken.tail);
        let hours = by(&book.store, &["hour"]);
        assert_eq!(hours.into_keys().collect::<Vec<_>>(), [[Some("2026-10-01T00:00Z".to_string())]]);
    }

    /// Texts that a terminal, a spreadsheet or a browser would act on, and texts of any size.
    #[test]
    fn hostile_names_do_no_harm() {
        let world = World::new();
        let names = [
            "\u{1b}[2J\u{1b}]0;owned\u{7}",
            "=cmd()",
            "+1+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "<script>alert(1)</script>",
            "a\nb,c\";d|e",
            "\u{0}",
            "\u{9b}31m",
            "\u{7f}",
            "\u{202e}gnp.exe",
            "\u{200b}",
            "`|*_[x](javascript:1)",
            "'; DROP TABLE calls; --",
            "(other)",
            "(untagged)",
            "größe",
            "📏",
            "%s%n",
            "{}",
        ];
        let mut text = String::new();
        for (n, name) in names.iter().enumerate() {
            for key in ["feature", "session_id", "squad"] {
                let mut record = record(n * 3);
                record["request_id"] = format!("{key}-{n}").into();
                record[key] = (*name).into();
                text += &format!("{record}\n");
            }
        }
        let mut long = record(99_999);
        for key in ["feature", "session_id", "squad", "request_id", "provider_note"] {
            long[key] = "x".repeat(1 << 20).into();
        }
        text += &format!("{long}\n");
        let path = world.write("log.jsonl", text);
        let calls = names.len() as u64 * 3 + 1;
        world.attr(&["import", &path]).ended(0);
        assert_eq!(world.total(), (calls, cost(calls)));
        world.sound();
        for axis in ["feature", "session", "squad"] {
            for format in ["table", "json", "ndjson", "csv", "markdown"] {
                let ran = world.attr(&["slice", "--by", axis, "--top", "0", "--format", format]).ended(0);
                let bad = ran.out.chars().chain(ran.err.chars()).find(|c| c.is_control() && *c != '\n');
                assert_eq!(bad, None, "{axis} as {format}: {}", ran.out);
                assert!(ran.out.len() < 100_000, "{axis} as {format}: {} bytes", ran.out.len());
                match format {
                    "csv" => {
                        let mut rows = csv::Reader::from_reader(ran.out.as_bytes());
                        for row in rows.records() {
                            let row = row.unwrap();
                            let starts = row[0].chars().next();
                            assert!(!matches!(starts, Some('=' | '+' | '-' | '@' | '\t' | '\r')), "{axis}: {row:?}");
                        }
                    }
                    "markdown" => {
                        assert!(!ran.out.contains("<script"), "{axis}: {}", ran.out);
                        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
                        let rows: Vec<&str> = ran.out.lines().filter(|line| line.starts_with('|')).collect();
                        assert!(rows.iter().all(|row| cells(row) == cells(rows[0])), "{axis}: {}", ran.out);
                    }
                    "json" => {
                        let json = ran.json();
                        let rows = json["rows"].as_array().unwrap();
                        for name in names {
                            let own = rows.iter().filter(|row| row["key"][axis] == json!(name));
                            assert_eq!(own.count(), 1, "{axis}: {name:?}");
                        }
                    }
                    "ndjson" => {
                        assert!(ran.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.out)
                    }
                    _ => {}
                }
            }
        }
        world.attr(&["slice", "--by", "feature", "--tree", "--where", "squad~*"]).ended(0);
        world.attr(&["explain", "feature-0"]).ended(0);
        let status = world.attr(&["status"]).ended(0);
        assert_eq!(status.out.chars().find(|c| c.is_control() && *c != '\n'), None);
    }

    /// A hostile file name is data too.
    #[test]
    fn a_hostile_path_does_no_harm() {
        let world = World::new();
        let path = world.write("\u{1b}[31mred\n=cmd().jsonl", goods(1) + "broken\n");
        for format in ["table", "json", "csv", "markdown"] {
            let ran = world.attr(&["import", &path, "--format", format]).ended(0);
            let bad = ran.out.chars().chain(ran.err.chars()).find(|c| c.is_control() && *c != '\n');
            assert_eq!(bad, None, "{format}: {ran:?}");
        }
    }

    /// More keys than any log has: the store keeps its figures.
    #[test]
    fn a_thousand_keys_do_no_harm() {
        let mut book = book();
        let text: String = (0..1_500)
            .map(|n| {
                let mut record = record(n);
                record[format!("key{n}")] = "v".into();
                format!("{record}\n")
            })
            .collect();
        assert_eq!(import_text(&mut book, "keys.jsonl", &text).imported.new, 1_500);
        assert_eq!(total(&book.store).cost, cost(1_500));
        assert_sound(&book.store);
        book.store.rebuild().unwrap();
        assert_eq!(import_text(&mut book, "keys.jsonl", &text).imported.new, 0);
        assert_sound(&book.store);
    }
}

mod framings {
    use super::*;

    fn pretty(n: usize) -> String {
        serde_json::to_string_pretty(&record(n)).unwrap()
    }

    #[test]
    fn a_broken_item_of_an_array_costs_no_other() {
        let all: Vec<Value> = (0..5).map(record).collect();
        let on_lines = serde_json::to_string_pretty(&all).unwrap();
        let breaks = |text: &str| text.replacen("\"req-1\"", "req-1", 1);
        takes("pretty.json", breaks(&on_lines), 4, 1, &["not JSON"]);
        takes("compact.json", breaks(&serde_json::to_string(&all).unwrap()), 4, 1, &["not JSON"]);
        let items: Vec<String> = all.iter().map(Value::to_string).collect();
        takes("lines.json", breaks(&format!("[\n{}\n]\n", items.join(",\n"))), 4, 1, &["not JSON"]);
        takes("concatenated.json", breaks(&items.concat()), 4, 1, &["not JSON"]);
        takes("objects.json", breaks(&(0..5).map(pretty).collect::<Vec<_>>().join("\n")), 4, 1, &["not JSON"]);
    }

    #[test]
    fn an_array_that_ends_early_is_told() {
        let whole = serde_json::to_string_pretty(&(0..4).map(record).collect::<Vec<_>>()).unwrap();
        takes("array.json", &whole[..whole.len() - 40], 3, 1, &["truncated"]);
    }

    /// A formatter may leave short inner objects on lines of their own: the file is still one of large objects.
    #[test]
    fn an_inner_object_on_a_line_of_its_own_is_no_record() {
        let text: String = (0..3)
            .map(|n| {
                let own = record(n).to_string();
                let body = &own[1..own.len() - 1];
                format!("{{\n  {body},\n  \"usage_note\":\n    {{\"input_tokens\": 7}}\n}}\n")
            })
            .collect();
        takes("formatted.json", text, 3, 0, &[]);
    }

    #[test]
    fn csv_without_its_columns_is_refused() {
        refuses("log.csv", "name,age\nAnn,30\nBob,40\n", "not recognised");
        refuses("log.csv", "a single column\nand its values\n", "not recognised");
        // A model and counts, and no time: every row is told.
        let world = furnished();
        let path = world.write("timeless.csv", "model,input_tokens,output_tokens\ngpt-4o,1000,100\n");
        let ran = world.attr(&["import", &path]).ended(0);
        assert!(ran.err.contains(&format!("{path}:2: ")) && ran.err.contains("no time"), "{ran:?}");
        assert_eq!(world.total(), (1, cost(1)));
    }

    fn csv_rows(rows: &[&str]) -> String {
        let header = "ts,request_id,provider,model,input_tokens,output_tokens,feature\n";
        rows.iter().enumerate().fold(header.to_string(), |text, (n, feature)| {
            text + &format!("2026-10-01T00:00:0{n}Z,req-{n},openai,gpt-4o,1000,100,{feature}\n")
        })
    }

    #[test]
    fn csv_rows_are_told_apart() {
        takes("log.csv", csv_rows(&["chat", "\"a,b\"", "\"two\nlines\"", "\"a \"\"quoted\"\" word\"", ""]), 5, 0, &[]);
        takes("short.csv", csv_rows(&["chat"]) + "2026-10-01T00:00:09Z,req-9,openai\n", 1, 1, &[":3: ", "truncated"]);
        takes("long.csv", csv_rows(&["chat", "a,b"]), 1, 1, &[":3: ", "stray"]);
        takes("semicolons.csv", csv_rows(&["chat", "b"]).replace(',', ";"), 2, 0, &[]);
        takes("tabs.csv", csv_rows(&["chat", "b"]).replace(',', "\t"), 2, 0, &[]);
        takes("bom.csv", format!("\u{feff}{}", csv_rows(&["chat"]).replace('\n', "\r\n")), 1, 0, &[]);
    }

    /// A quote that is never closed swallows the rest of the file: that must not look like one good row.
    #[test]
    fn an_unclosed_quote_is_told() {
        for (name, rows) in [
            ("last.csv", csv_rows(&["chat", "\"never closed", "chat", "chat"])),
            ("inner.csv", csv_rows(&["chat", "x", "chat", "chat"]).replace("req-1", "\"req-1")),
        ] {
            let world = furnished();
            let path = world.write(name, rows);
            let ran = world.attr(&["import", &path, "--json"]);
            let import = &ran.json()["imports"][0];
            let told =
                ran.code == Some(2) || (import["rejected"] == json!(1) && ran.err.contains(&format!("{path}:3: ")));
            assert!(told, "three rows are gone and nothing is said: {ran:?}");
        }
    }

    #[test]
    fn an_empty_file_is_empty() {
        for content in ["", "\n\n", "\u{feff}", "# only a comment", "  \r\n"] {
            let world = furnished();
            let path = world.write("empty.jsonl", content);
            world.attr(&["import", &path]).ended(0).says("is empty");
            assert_eq!(world.total(), (1, cost(1)));
        }
        takes("array.json", "[]", 0, 0, &[]);
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_name() {
        refuses("picture.jsonl", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG");
        refuses("paper.jsonl", b"%PDF-1.7\n%\xe2\xe3", "PDF");
        refuses("archive.jsonl", b"PK\x03\x04\x14\0\0\0", "zip");
        refuses("table.parquet", b"PAR1\x15\0", "Parquet");
        let utf16: Vec<u8> =
            std::iter::once(0xfeff).chain(goods(2).encode_utf16()).flat_map(u16::to_le_bytes).collect();
        refuses("wide.jsonl", utf16, "UTF-16");
        let unmarked: Vec<u8> = goods(2).encode_utf16().flat_map(u16::to_be_bytes).collect();
        refuses("unmarked.jsonl", unmarked, "not recognised");
        refuses("noise.bin", (0u8..=255).cycle().take(5_000).collect::<Vec<_>>(), "not recognised");
        refuses("prose.txt", "It was a dark and stormy night.\nThe rain fell.\n", "not recognised");
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(content).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn compression_is_told_by_content() {
        let halves = [goods(2), good(2)];
        takes("log.txt", gzip(goods(3).as_bytes()), 3, 0, &[]);
        takes("members.gz", halves.iter().flat_map(|half| gzip(half.as_bytes())).collect::<Vec<_>>(), 3, 0, &[]);
        takes("log.zst", zstd::encode_all(goods(3).as_bytes(), 3).unwrap(), 3, 0, &[]);
    }

    #[test]
    fn a_compressed_file_that_ends_early_is_not_in_at_all() {
        let mut seed = 1u64;
        let noisy: String = (0..3_000)
            .map(|n| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                good(n).replace("chat", &format!("{seed:x}"))
            })
            .collect();
        let whole = gzip(noisy.as_bytes());
        refuses("cut.gz", &whole[..whole.len() / 2], "cannot read");
        refuses("nearly.gz", &whole[..whole.len() - 4], "cannot read");
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x55;
        refuses("flipped.gz", flipped, "cannot read");
        let whole = zstd::encode_all(noisy.as_bytes(), 3).unwrap();
        refuses("cut.zst", &whole[..whole.len() / 2], "cannot read");
    }

    /// Many openings and no end: the time must not grow with the square of the file.
    #[test]
    fn unclosed_objects_take_no_age() {
        let mut text = pretty(0) + "\n";
        text += &"{\n".repeat(60_000);
        let started = Instant::now();
        let mut book = book();
        import_text(&mut book, "open.json", text);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert_eq!(total(&book.store).calls, 1);
    }

    #[test]
    fn deep_nesting_is_told() {
        let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
        takes("deep.jsonl", good(0) + &deep + &good(1), 2, 1, &[":2: ", "nested deeper"]);
    }
}

mod folders {
    use super::*;

    #[test]
    fn what_is_no_log_in_a_folder_is_passed_over() {
        let world = furnished();
        world.write("logs/a.jsonl", goods(2));
        world.write("logs/deep/b.jsonl", good(2));
        world.write("logs/picture.png", b"\x89PNG\r\n\x1a\n");
        world.write("logs/readme.md", "# a heading and nothing else\n\nSome words.\n");
        world.write("logs/.hidden/c.jsonl", good(77));
        std::os::unix::fs::symlink(world.path("nowhere"), world.path("logs/broken")).unwrap();
        std::os::unix::fs::symlink(world.path("logs"), world.path("logs/deep/around")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(world.path("logs/socket")).unwrap();
        let ran = world.attr(&["import", &world.path("logs").display().to_string()]).ended(0);
        assert!(ran.err.contains("broken") && ran.err.contains("picture.png"), "{ran:?}");
        assert_eq!(world.total(), (4, cost(4)));
        world.sound();
    }

    /// A named pipe without a writer would be waited for until the end of days.
    #[test]
    fn a_pipe_in_a_folder_is_not_waited_for() {
        let world = World::new();
        world.write("logs/a.jsonl", goods(2));
        let made = std::process::Command::new("mkfifo").arg(world.path("logs/pipe")).status().unwrap();
        assert!(made.success());
        let mut child = world.command(&["import", "logs"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        let ended = loop {
            match child.try_wait().unwrap() {
                None if started.elapsed() > Duration::from_secs(10) => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(10)),
                ended => break ended,
            }
        };
        assert_eq!(ended.expect("the import waits for the pipe").code(), Some(0));
        assert_eq!(world.total(), (2, cost(2)));
    }

    #[test]
    fn a_path_that_leads_nowhere_is_told() {
        let world = furnished();
        for path in ["missing.jsonl", "no/such/folder/*.jsonl", "[", "\u{1b}[2J"] {
            world.attr(&["import", path]).ended(2);
        }
        let good_one = world.write("good.jsonl", goods(2));
        // One bad file of two: the good one is in, and the exit code says that not all is.
        world.attr(&["import", "missing.jsonl", &good_one]).ended(2).says("missing.jsonl");
        assert_eq!(world.total(), (3, cost(3)));
    }

    #[test]
    fn standard_input_is_a_file() {
        let world = furnished();
        let mut child = world
            .command(&["import", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(goods(3).as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert_eq!(world.total(), (4, cost(4)));
    }
}

mod stores {
    use super::*;

    #[test]
    fn no_store_is_told_with_what_to_do() {
        let world = World::new();
        for args in [
            &["slice"][..],
            &["status"],
            &["imports"],
            &["store", "check"],
            &["store", "rebuild"],
            &["imports", "undo", "1"],
            &["explain", "1"],
        ] {
            world.attr(args).ended(2).says("there is no store").says("attr import");
        }
        assert!(!world.db().exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told() {
        let world = World::new();
        let path = world.write("log.jsonl", goods(1));
        // Below a file, and where no file can ever be made, whoever asks.
        for db in [format!("{path}/attr.db"), "/proc/attr.db".to_string(), "/proc/attr/attr.db".to_string()] {
            let ran = world.attr(&["--db", &db, "import", &path]).ended(2);
            assert!(ran.err.contains("error: "), "{ran:?}");
        }
        let folder = world.path("locked");
        fs_err::create_dir(&folder).unwrap();
        let mode = |mode| fs_err::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        mode(0o555);
        // The superuser may write anywhere: then there is nothing to see here.
        if fs_err::write(folder.join("probe"), "").is_err() {
            world.attr(&["--db", &folder.join("attr.db").display().to_string(), "import", &path]).ended(2);
        }
        mode(0o755);
    }

    /// A folder in place of the store, bytes that are none, a store cut short, somebody else's, one of the future.
    #[test]
    fn what_is_no_store_is_told_and_left_alone() {
        let world = furnished();
        let log = world.write("log.jsonl", goods(1));
        let whole = fs_err::read(world.db()).unwrap();
        let foreign = world.path("foreign.db");
        rusqlite::Connection::open(&foreign)
            .unwrap()
            .execute_batch("CREATE TABLE calls (a); INSERT INTO calls VALUES (1);")
            .unwrap();
        let newer = world.path("newer.db");
        fs_err::copy(world.db(), &newer).unwrap();
        rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 999).unwrap();
        let noise: Vec<u8> = (0..50_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (name, bytes, told) in [
            ("noise.db", noise, "damaged"),
            ("text.db", goods(100).into_bytes(), "damaged"),
            ("foreign.db", fs_err::read(&foreign).unwrap(), "not a store of attr"),
            ("newer.db", fs_err::read(&newer).unwrap(), "999"),
            ("cut.db", whole[..whole.len() / 2].to_vec(), ""),
        ] {
            let db = world.write(name, &bytes);
            for args in
                [&["slice", "--by", "feature"][..], &["status"], &["imports"], &["import", &log], &["store", "rebuild"]]
            {
                let ran = world.command(args).env("ATTR_DB", &db).output().unwrap();
                let ran = crate::world::Ran::from(ran);
                if name == "cut.db" && ran.code == Some(0) {
                    // Half a file may still answer what lies in its first half; it must not answer wrongly.
                    continue;
                }
                ran.ended(2).says("error: ").says(told);
            }
            let check =
                crate::world::Ran::from(world.command(&["store", "check"]).env("ATTR_DB", &db).output().unwrap());
            assert!(matches!(check.code, Some(1 | 2)) && !check.err.contains("panicked"), "{check:?}");
            if name != "cut.db" {
                assert!(fs_err::read(&db).unwrap() == bytes, "{name} was changed");
            }
        }
        let folder = world.path("folder.db");
        fs_err::create_dir(&folder).unwrap();
        let ran = world.command(&["slice"]).env("ATTR_DB", &folder).output().unwrap();
        crate::world::Ran::from(ran).ended(2);
        assert_eq!(world.total(), (1, cost(1)));
    }

    /// An empty file is a store to be made.
    #[test]
    fn an_empty_file_becomes_a_store() {
        let world = World::new();
        fs_err::write(world.db(), "").unwrap();
        let path = world.write("log.jsonl", goods(2));
        world.attr(&["import", &path]).ended(0);
        assert_eq!(world.total(), (2, cost(2)));
    }

    /// Flipped bytes of a store: an answer or an error, never a panic.
    #[test]
    fn a_flipped_byte_does_not_panic() {
        let world = World::new();
        let path = world
            .write("log.jsonl", (0..400).map(|n| good(n).replace("chat", &format!("f{}", n % 7))).collect::<String>());
        world.attr(&["import", &path]).ended(0);
        let whole = fs_err::read(world.db()).unwrap();
        let mut seed = 7u64;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let damaged = world.path("damaged.db");
        let mut failed = 0;
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(8) {
                let at = random(bytes.len());
                bytes[at] = random(256) as u8;
            }
            fs_err::write(&damaged, &bytes).unwrap();
            let answered = std::panic::catch_unwind(|| {
                let store = Store::open(&damaged)?;
                let query = |by: &[&str]| attr::domain::rollup::RollupQuery {
                    by: by.iter().map(|name| attr::domain::Axis::parse(name)).collect(),
                    window: attr::domain::Window::default(),
                    filter: attr::domain::Filter::default(),
                    zone: attr::domain::Zone::UTC,
                    logged: attr::domain::rollup::Logged::Ignored,
                };
                use attr::domain::rollup::Rollups;
                store.rollup(&query(&["feature", "model", "status", "hour"]))?;
                store.rollup(&query(&["session", "source"]))?;
                store.check()?;
                store.overview()?;
                store.find_calls("req-3", 5).map(|_| ())
            });
            failed += u32::from(answered.expect("a damaged store made the program panic").is_err());
        }
        assert!(failed > 0, "no flipped byte was ever noticed");
    }

    #[test]
    fn a_second_writer_is_told_who_writes() {
        let world = furnished();
        let path = world.write("log.jsonl", goods(2));
        let lock = WriteLock::take(&world.db(), Timestamp(1_790_812_800_000_000_000)).unwrap();
        let holder = format!("process {}", std::process::id());
        for args in [&["import", &path][..], &["imports", "undo", "1"], &["store", "rebuild"]] {
            world.attr(args).ended(2).says("locked").says(&holder).says("2026-10-01");
        }
        // Whoever asks does not wait for whoever writes.
        assert_eq!(world.total(), (1, cost(1)));
        drop(lock);
        world.attr(&["import", &path]).ended(0);
        assert_eq!(world.total(), (3, cost(3)));
    }

    /// Two imports started at once: each is in entirely or says that it is not.
    #[test]
    fn two_imports_at_once_lose_nothing() {
        let world = World::new();
        let both: Vec<String> = [0..3_000, 3_000..6_000]
            .into_iter()
            .enumerate()
            .map(|(at, range)| world.write(&format!("{at}.jsonl"), range.map(good).collect::<String>()))
            .collect();
        let children: Vec<_> = both
            .iter()
            .map(|path| world.command(&["import", path]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        let mut calls = 0;
        for child in children {
            let ran = crate::world::Ran::from(child.wait_with_output().unwrap());
            match ran.code {
                Some(0) => calls += 3_000,
                _ => {
                    ran.ended(2).says("locked");
                }
            }
        }
        assert!(calls > 0, "neither import came in");
        assert_eq!(world.total(), (calls, cost(calls)));
        both.iter().for_each(|path| {
            world.attr(&["import", path]).ended(0);
        });
        assert_eq!(world.total(), (6_000, cost(6_000)));
        world.sound();
    }

    /// A reader beside an import sees the store as it was before it.
    #[test]
    fn a_reader_sees_the_store_before_the_import() {
        let world = furnished();
        let mut writer = Store::create(&world.db()).unwrap();
        writer.begin_writing().unwrap();
        let mut import = writer.begin_import().unwrap();
        let head =
            ImportHead { path: "x".into(), input_format: "flat".into(), source: "flat".into(), at: Timestamp(0) };
        import.begin_file(0, &head).unwrap();
        let mut fixed = Fixed::default();
        fixed.dims[attr::domain::Dim::Source as usize] = Some("flat".into());
        let mut batch = Batch::empty();
        batch.begin_file(0, std::sync::Arc::new(fixed));
        for n in 0..70_000u64 {
            let mut call =
                attr::domain::Call { ts: Timestamp(1_790_812_800_000_000_000 + n as i64), ..Default::default() };
            call.tokens.set(Class::Input, 5);
            call.set(attr::domain::Dim::Session, format!("a session of its own {n}"));
            batch.push(&call, n, IdentityRule::Id);
            batch.set_price(n as usize, Ok(RowPrice { cost: 1, list: 1, fallback: false }));
        }
        import.append(&mut batch).unwrap();
        let reader = Store::open(&world.db()).unwrap();
        assert_eq!(total(&reader).calls, 1);
        assert_eq!(world.total(), (1, cost(1)));
        let ran = world.attr(&["store", "check"]).ended(0);
        assert!(ran.out.contains("sound"), "{ran:?}");
        import.commit(false).unwrap();
        assert_eq!(total(&Store::open(&world.db()).unwrap()).calls, 70_001);
        assert_eq!(world.total().0, 70_001);
        drop(reader);
        writer.end_writing().unwrap();
        drop(writer);
        assert_eq!(world.total(), (70_001, cost(1) + Usd::from_pico(70_000)));
        world.sound();
    }

    #[test]
    fn a_dry_run_keeps_nothing() {
        let world = furnished();
        let path = world.write("log.jsonl", goods(5));
        let ran = world.attr(&["import", "--dry-run", "--json", &path]).ended(0).json();
        assert_eq!(ran["imports"][0]["new"], json!(5));
        assert_eq!(world.total(), (1, cost(1)));
        assert_eq!(world.attr(&["imports", "--json"]).json()["imports"].as_array().unwrap().len(), 1);
        world.attr(&["import", &path]).ended(0);
        assert_eq!(world.total(), (6, cost(6)));
    }
}

mod words {
    use super::*;

    #[test]
    fn an_unknown_word_is_met_with_the_near_one() {
        let world = furnished();
        world.attr(&["slice", "--by", "tennant"]).ended(2).says("no dimension `tennant`").says("did you mean `tenant`");
        world.attr(&["slice", "--where", "featur=chat"]).ended(2).says("`feature`");
        world.attr(&["slice", "--per", "usr"]).ended(2).says("`user`");
        world.attr(&["slcie"]).ended(2).says("slice");
        world.attr(&["slice", "--formt", "json"]).ended(2).says("--format");
        world.attr(&["slice", "--format", "jsn"]).ended(2).says("json");
        world.attr(&["prices", "show", "gpt-4oo"]).ended(2).says("did you mean").says("gpt-4o");
        world.attr(&["--timezone", "Europe/Berln", "slice"]).ended(2).says("did you mean `Europe/Berlin`");
        let path = world.write("log.jsonl", goods(1));
        world.attr(&["import", "--input-format", "flt", &path]).ended(2).says("did you mean `flat`");
        world.attr(&["import", "--map", "nosuchfield=x", &path]).ended(2).says("nosuchfield");
        assert_eq!(world.total(), (1, cost(1)));
    }

    #[test]
    fn a_question_without_sense_is_told() {
        let world = furnished();
        for args in [
            &["slice", "--since", "someday"][..],
            &["slice", "--since", "2026-10-02", "--until", "2026-10-01"],
            &["slice", "--period", "7d"],
            &["slice", "--compare", "previous"],
            &["slice", "--where", "feature"],
            &["slice", "--sort", "tenant"],
            &["slice", "--by", "feature,feature"],
            &["slice", "--top", "-1"],
            &["slice", "--as-of", "later"],
            &["slice", "--since", "99999999999999999999d"],
            &["slice", "--since", "9223372036d"],
            &["slice", "--since", "-2026-01-01"],
            &["imports", "undo", "77"],
            &["imports", "undo", "x"],
            &["explain", "no-such-call"],
            &["--pricing", "/no/such/table", "slice"],
            &["--config", "/no/such/settings", "slice"],
            &[],
        ] {
            let ran = world.attr(args).ended(2);
            assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}: {ran:?}");
        }
        for args in [&["--help"][..], &["--version"], &["slice", "--help"]] {
            world.attr(args).ended(0);
        }
    }

    #[test]
    fn broken_settings_name_their_line() {
        let world = furnished();
        world.write("attr.toml", "timezone = \"UTC\"\n\nnosuch = 1\n");
        world.attr(&["slice"]).ended(2).says("attr.toml:3:");
        world.write("attr.toml", "timezone = \"UTC\n");
        world.attr(&["slice"]).ended(2).says("attr.toml:1:");
    }

    #[test]
    fn a_check_that_fails_is_one() {
        let world = furnished();
        let path = world.write("unknown.jsonl", good(5).replace("gpt-4o", "nobody-sells-this"));
        world.attr(&["import", &path]).ended(0).says("no price");
        world.attr(&["slice"]).ended(0).says("no price");
        world.attr(&["slice", "--strict"]).ended(1).says("no price");
        world.attr(&["slice", "--strict", "--no-fail"]).ended(0);
        world.attr(&["slice", "--strict", "--where", "model=gpt-4o"]).ended(0);
        world.attr(&["-q", "slice", "--strict"]).ended(1);
        assert_eq!(world.total(), (2, cost(1)));
    }

    #[test]
    fn an_answer_can_go_to_a_file() {
        let world = furnished();
        let out = world.path("answer.json");
        let ran = world.attr(&["slice", "--json", "-o", &out.display().to_string()]).ended(0);
        assert_eq!(ran.out, "");
        let answer: Value = serde_json::from_slice(&fs_err::read(&out).unwrap()).unwrap();
        assert_eq!(answer["total"]["calls"], json!(1));
        world.attr(&["slice", "-o", "/no/such/folder/answer"]).ended(2).says("/no/such/folder");
        world.attr(&["slice", "-o", "/dev/full"]).ended(2);
    }

    #[test]
    fn colour_is_as_asked_for() {
        let world = furnished();
        let ran = |args: &[&str], env: &[(&str, &str)]| {
            let output = world.command(args).envs(env.iter().copied()).output().unwrap();
            crate::world::Ran::from(output).ended(0).out.contains('\u{1b}')
        };
        assert!(!ran(&["slice"], &[]), "nobody asked, and nobody sees it");
        assert!(ran(&["slice"], &[("FORCE_COLOR", "1")]));
        assert!(!ran(&["slice"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
        assert!(ran(&["--color", "always", "slice"], &[("NO_COLOR", "1")]));
        assert!(!ran(&["--color", "never", "slice"], &[("FORCE_COLOR", "1")]));
        assert!(!ran(&["--color", "always", "slice", "--json"], &[]), "a document has no colour");
        assert!(!ran(&["--color", "always", "slice", "--format", "csv"], &[]));
    }

    /// The same question twice gives the same bytes.
    #[test]
    fn an_answer_does_not_change_by_itself() {
        let world = World::new();
        let text: String = (0..300).map(|n| good(n).replace("chat", &format!("f{}", n % 50))).collect();
        let path = world.write("log.jsonl", text);
        world.attr(&["import", &path]).ended(0);
        for format in ["table", "json", "ndjson", "csv", "markdown"] {
            let args = ["slice", "--by", "feature,day", "--top", "7", "--tree", "--per", "feature", "--format", format];
            let first = world.attr(&args).ended(0).out;
            for _ in 0..3 {
                assert_eq!(world.attr(&args).ended(0).out, first);
            }
        }
    }

    /// `attr slice … | head -1` ends quietly, whatever the format.
    #[test]
    fn a_closed_pipe_ends_quietly() {
        let world = World::new();
        let text: String = (0..20_000).map(|n| good(n).replace("chat", &format!("feature number {n}"))).collect();
        let path = world.write("log.jsonl", text);
        world.attr(&["import", &path]).ended(0);
        for format in ["table", "json", "ndjson", "csv", "markdown"] {
            let args = ["slice", "--by", "feature", "--top", "0", "--format", format];
            let mut child = world.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            let mut out = BufReader::with_capacity(64, child.stdout.take().unwrap());
            out.read_line(&mut line).unwrap();
            assert!(!line.is_empty());
            drop(out);
            let mut err = String::new();
            child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{format}");
        }
    }
}

mod any_bytes {
    use super::*;

    /// Imports bytes as whatever format; whatever comes of it, each record has ended as one of four.
    fn survives(bytes: &[u8], input_format: Option<&str>, map: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs_err::write(&path, bytes).unwrap();
        let mut book = book();
        import_text(&mut book, "before.jsonl", good(1_000_000));
        let before = total(&book.store);
        let mut how = How { input_format: input_format.map(str::to_string), ..How::default() };
        if map {
            how.options.map = vec![("ts".into(), "model".into()), ("cost_usd".into(), "ts".into())];
        }
        match import_how(&mut book, &path, how.clone()) {
            FileOutcome::In { tail, imported, .. } => {
                let skipped: u64 = tail.skipped.values().sum();
                assert_eq!(
                    tail.records,
                    imported.new + imported.rollups + imported.duplicate + skipped + tail.rejected,
                    "{tail:?} {imported:?}"
                );
                let mut after = before;
                after.add(&imported.total);
                assert_eq!(total(&book.store), after);
                match import_how(&mut book, &path, how) {
                    FileOutcome::In { imported, .. } => assert_eq!(imported.new, 0, "the same bytes came in twice"),
                    other => panic!("in once, and then {other:?}"),
                }
                assert_eq!(total(&book.store), after);
            }
            FileOutcome::Outcomes(file) => {
                assert_eq!(total(&book.store), before);
                let skipped: u64 = file.tail.skipped.values().sum();
                let ended = file.imported.new + file.imported.duplicate + skipped + file.tail.rejected;
                assert_eq!(file.tail.records, ended, "{file:?}");
                match import_how(&mut book, &path, how) {
                    FileOutcome::Outcomes(again) => assert_eq!(again.imported.new, 0, "the same bytes came in twice"),
                    other => panic!("in once, and then {other:?}"),
                }
            }
            FileOutcome::Bill(bill) => {
                assert_eq!(total(&book.store), before);
                match import_how(&mut book, &path, how) {
                    FileOutcome::Bill(again) => assert_eq!(again.duplicate_of, Some(bill.id)),
                    other => panic!("in once, and then {other:?}"),
                }
            }
            FileOutcome::Failed { reason, .. } => {
                assert!(!reason.contains("please report"), "a reader panicked: {reason}");
                assert_eq!(total(&book.store), before);
            }
            FileOutcome::Empty | FileOutcome::PassedOver(_) => assert_eq!(total(&book.store), before),
        }
        assert_sound(&book.store);
    }

    fn any_format() -> impl Strategy<Value = Option<&'static str>> {
        let bills = attr::ops::bills::names();
        let names: Vec<&'static str> =
            formats::readers().map(|reader| reader.name()).chain(bills).chain([attr::read::outcomes::NAME]).collect();
        proptest::option::of(proptest::sample::select(names))
    }

    /// A log of every format, to be spoilt.
    fn seeds() -> Vec<Vec<u8>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let mut seeds = vec![goods(3).into_bytes(), serde_json::to_vec_pretty(&[record(0), record(1)]).unwrap()];
        let mut folders: Vec<_> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        for folder in folders.into_iter().filter(|path| path.is_dir()) {
            let mut files: Vec<_> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            seeds.extend(files.into_iter().filter(|path| path.is_file()).map(|path| fs_err::read(path).unwrap()));
        }
        assert!(seeds.len() > 5, "there are no samples to spoil");
        seeds
    }

    const SPLICES: [&str; 24] = [
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        "\0",
        "null",
        "-1",
        "1e400",
        "99999999999999999999",
        "true",
        "{}",
        "[]",
        "\"\"",
        "\\u0000",
        "\\ud800",
        "é",
        "\u{1b}[2J",
        "0.1",
        "\"9999999999\"",
    ];

    proptest! {
        #![proptest_config(cases(96))]

        #[test]
        fn bytes_do_no_harm(bytes in vec(any::<u8>(), 0..400), format in any_format(), map in any::<bool>()) {
            survives(&bytes, format, map);
        }

        #[test]
        fn words_of_json_do_no_harm(
            parts in vec(proptest::sample::select(&SPLICES[..]), 0..60),
            open in any::<bool>(),
            format in any_format(),
        ) {
            survives(((if open { "{\"model\":" } else { "" }).to_string() + &parts.concat()).as_bytes(), format, false);
        }

        #[test]
        fn spoilt_logs_do_no_harm(
            seed in any::<prop::sample::Index>(),
            from in any::<prop::sample::Index>(),
            spoils in vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>(), proptest::sample::select(&SPLICES[..])), 1..6),
            format in any_format(),
        ) {
            let seeds = seeds();
            let whole = seed.get(&seeds);
            // A few thousand bytes from the start of some line.
            let starts: Vec<usize> = std::iter::once(0).chain(whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1)).collect();
            let start = *from.get(&starts);
            let mut bytes = whole[start..whole.len().min(start + 6_000)].to_vec();
            if bytes.is_empty() {
                bytes = whole.clone();
            }
            for (at, what, byte, splice) in spoils {
                let at = at.index(bytes.len().max(1));
                match what {
                    0 if !bytes.is_empty() => bytes[at] = byte,
                    1 => bytes.truncate(at.max(1)),
                    2 => {
                        let at = at.min(bytes.len());
                        bytes.splice(at..at, splice.bytes());
                    }
                    _ => {
                        let end = (at + usize::from(byte)).min(bytes.len());
                        bytes.drain(at.min(end)..end);
                    }
                }
            }
            survives(&bytes, format, false);
        }

        /// Whole values changed in place: JSON stays JSON and types do not.
        #[test]
        fn swapped_values_do_no_harm(
            seed in any::<prop::sample::Index>(),
            swaps in vec((any::<prop::sample::Index>(), 0usize..14), 1..5),
        ) {
            let wrong = [
                json!(null), json!(-1), json!(1.5), json!(u64::MAX), json!("9999999999"), json!([]), json!({}), json!(""), json!("x".repeat(300)),
                json!([{"a": 1}]), json!(true), json!(1e308), json!("1e30"), json!("\u{0}"),
            ];
            let seeds = seeds();
            let seed: &Vec<u8> = seed.get(&seeds);
            let text = String::from_utf8_lossy(seed).into_owned();
            let mut values: Vec<Value> = serde_json::Deserializer::from_str(&text).into_iter::<Value>().map_while(Result::ok).take(6).collect();
            for (place, which) in swaps {
                let mut leaves = Vec::new();
                for (at, value) in values.iter().enumerate() {
                    leaves.extend(pointers(value).into_iter().map(|pointer| (at, pointer)));
                }
                if !leaves.is_empty() {
                    let (at, pointer) = place.get(&leaves);
                    *values[*at].pointer_mut(pointer).unwrap() = wrong[which].clone();
                }
            }
            let text: String = values.iter().map(|value| format!("{value}\n")).collect();
            survives(text.as_bytes(), None, false);
        }
    }

    /// Returns the place of every value within a value.
    fn pointers(value: &Value) -> Vec<String> {
        let below = |key: String, value: &Value| pointers(value).into_iter().map(move |rest| format!("/{key}{rest}"));
        let mut all = vec![String::new()];
        match value {
            Value::Array(items) => {
                all.extend(items.iter().enumerate().flat_map(|(at, item)| below(at.to_string(), item)))
            }
            Value::Object(fields) => {
                all.extend(
                    fields.iter().flat_map(|(key, field)| below(key.replace('~', "~0").replace('/', "~1"), field)),
                );
            }
            _ => {}
        }
        all
    }
}
