//! Files of outcomes: what is one, what its rows mean, and what comes in.

use serde_json::json;

use super::call;
use super::counts;
use super::document;
use super::outcomes_in;
use super::take;
use crate::world::World;
use attr::domain::Usd;
use attr::ops::import::FileOutcome;
use attr::ops::import::How;

/// What the import takes a text for.
fn kind(content: &str, how: How) -> String {
    match take(&mut super::book(), "file", content, how).0 {
        FileOutcome::In { input_format, .. } => input_format,
        FileOutcome::Bill(bill) => bill.input_format,
        FileOutcome::Outcomes(_) => "outcomes".into(),
        FileOutcome::Empty => "empty".into(),
        FileOutcome::PassedOver(reason) | FileOutcome::Failed { reason, .. } => reason,
    }
}

fn mapped(pairs: &[(&str, &str)]) -> How {
    let mut how = How::default();
    how.options.map = pairs.iter().map(|(field, column)| ((*field).to_string(), (*column).to_string())).collect();
    how
}

#[test]
fn a_file_is_told_by_its_columns() {
    for header_and_row in [
        "run,passed\nr,true\n",
        "run_id,task,passed,revenue\nr,t,,\n",
        "Trace ID;Result\nt;pass\n",
        "session,revenue\ns,1\n",
        "conversation_id,outcome\ns,resolved\n",
        "{\"run\":\"r\",\"success\":true}\n",
        "[{\"trace_id\":\"t\",\"status\":\"ok\"},{\"trace_id\":\"u\",\"status\":\"error\"}]\n",
    ] {
        assert_eq!(kind(header_and_row, How::default()), "outcomes", "{header_and_row}");
    }
    // A call of a log may have passed too: it names a model or tokens.
    let log = call(1, &[("run", "r"), ("passed", "true")], 10);
    assert_eq!(kind(&log, How::default()), "flat");
    assert_eq!(kind("run,passed\n", How::default()), "empty");
    for other in [
        "run,passed,output_tokens\nr,true,15\n",
        "run,verdict\nr,a long text about it\n",
        "passed,revenue\ntrue,1\n",
        "run,task\nr,t\n",
    ] {
        assert!(kind(other, How::default()).starts_with("not recognised"), "{other}");
    }
}

#[test]
fn the_user_has_the_say() {
    let file = "job,ok,eur\nr,true,5\n";
    assert!(kind(file, How::default()).starts_with("not recognised"));
    assert_eq!(kind(file, mapped(&[("run", "job"), ("passed", "ok")])), "outcomes");
    assert_eq!(kind(file, mapped(&[("revenue", "eur")])), "outcomes", "no log has a revenue");
    assert_eq!(kind(file, How { input_format: Some("outcomes".into()), ..How::default() }), "outcomes");
    // A field of calls is none of outcomes, and the other way round.
    assert_eq!(kind(file, mapped(&[("passed", "ok"), ("model", "job")])), "`--map` knows no field `model`");
    assert_eq!(kind(&call(1, &[], 1), mapped(&[("runs", "run")])), "`--map` knows no field `runs`");
    let set = How { set: vec![("team".into(), "x".into())], ..How::default() };
    assert_eq!(kind("run,passed\nr,1\n", set), "these are outcomes, and `--set` is for usage logs");
    let near = How { input_format: Some("outcome".into()), ..How::default() };
    let FileOutcome::Failed { hint, .. } = take(&mut super::book(), "file", file, near).0 else { panic!("it is in") };
    assert_eq!(hint.as_deref(), Some("did you mean `outcomes`?"));
}

#[test]
fn a_mapped_column_counts_and_not_its_like() {
    let mut book = super::book();
    let file = "run,job,passed,graded\nouter,inner,true,fail\n";
    take(&mut book, "o.csv", file, mapped(&[("run", "job"), ("passed", "graded")]));
    let known = book.store.outcomes().unwrap();
    assert_eq!((&*known.id[0], known.passed[0]), ("inner", Some(false)));
}

#[test]
fn every_word_for_a_verdict_is_understood_or_refused() {
    let mut book = super::book();
    let words = [
        ("pass", Some(true)),
        ("Passed", Some(true)),
        ("TRUE", Some(true)),
        (" yes ", Some(true)),
        ("1", Some(true)),
        ("ok", Some(true)),
        ("succeeded", Some(true)),
        ("fail", Some(false)),
        ("FAILED", Some(false)),
        ("false", Some(false)),
        ("0", Some(false)),
        ("error", Some(false)),
        ("timeout", Some(false)),
    ];
    let rows: String = words.iter().enumerate().map(|(n, (word, _))| format!("r{n},{word}\n")).collect();
    let open = "a,\nb,pending\nc,n/a\n";
    let wrong = "d,maybe\ne,0.5\nf,2\ng,\"true, mostly\"\n";
    let file = outcomes_in(&mut book, "o.csv", format!("run,passed\n{rows}{open}{wrong}"));
    assert_eq!(counts(&file), [words.len() as u64, 0, 3, 4]);
    assert_eq!(file.tail.skipped["pending"], 3);
    let first_wrong = 1 + words.len() as u64 + 3 + 1;
    assert_eq!(file.tail.rejects[1], (first_wrong + 1, "`passed`: neither pass nor fail: `0.5`".into()));
    assert_eq!(book.store.outcomes().unwrap().passed, words.map(|(_, verdict)| verdict));
}

#[test]
fn revenue_is_exact_in_every_way_it_is_written() {
    let mut book = super::book();
    let rows = "a,12\nb,$12.50\nc,\"1,234.50\"\nd,-3.000000000001\ne,1e3\nf,0.1234567890125\ng,99999999999999.999999999999\n\
                h,12.50 USD\ni,\"0,5\"\n";
    let wrong = "p,\"1,234\"\nq,12 EUR\nr,1e40\ns,--1\nt,NaN0\nu,12€\n";
    let file = outcomes_in(&mut book, "o.csv", format!("run,revenue\n{rows}{wrong}"));
    assert_eq!(counts(&file), [9, 0, 0, 6], "{:?}", file.tail.rejects);
    let kept: Vec<String> = book.store.outcomes().unwrap().revenue.iter().map(|usd| usd.unwrap().to_string()).collect();
    // Digits below a picodollar are rounded half to even.
    let wanted = "12 12.5 1234.5 -3.000000000001 1000 0.123456789012 99999999999999.999999999999 12.5 0.5";
    assert_eq!(kept.join(" "), wanted);
}

#[test]
fn a_decimal_comma_does_not_shift_the_cells_behind_it() {
    let file = outcomes_in(&mut super::book(), "o.csv", "run,revenue,passed\nr,1,50,\ns,2,pass\n");
    assert_eq!(counts(&file), [1, 0, 0, 1]);
    assert!(file.tail.rejects[0].1.contains("4 cells under 3 headings"), "{:?}", file.tail.rejects);
}

#[test]
fn a_row_is_rejected_with_its_line() {
    let rows = [
        "{\"run\":\"a\",\"passed\":true}",
        "not json",
        "{\"passed\":true}",
        "{\"run\":\"b\"}",
        "{\"run\":\"c\",\"passed\":{\"is\":true}}",
        "{\"run\":[\"d\"],\"passed\":true}",
        "{\"run\":\"e\",\"passed\":true,\"time\":\"noon\"}",
        "{\"run\":null,\"session\":\"s\",\"passed\":1}",
        "{\"run\":42,\"passed\":\"no\",\"answer\":\"a secret text\"}",
    ];
    let mut book = super::book();
    let file = outcomes_in(&mut book, "o.jsonl", rows.join("\n"));
    assert_eq!(counts(&file), [3, 0, 0, 6]);
    assert_eq!(file.tail.rejects.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    assert_eq!(file.tail.rejects[1].1, "no id of a run, trace or session (use --map run=COLUMN)");
    assert_eq!(file.tail.rejects[2].1, "neither a verdict nor a revenue (use --map passed=COLUMN)");
    let known = book.store.outcomes().unwrap();
    assert_eq!(known.id.iter().map(|id| &**id).collect::<Vec<_>>(), ["a", "s", "42"]);
    assert_eq!(known.unit.iter().map(|unit| unit.name()).collect::<Vec<_>>(), ["run", "session", "run"]);
}

#[test]
fn the_first_outcome_of_an_id_stays_and_the_other_is_told() {
    let mut book = super::book();
    let first =
        outcomes_in(&mut book, "a.csv", "run,task,passed,revenue\nr1,fix,pass,5\nr2,,fail,\nr1,fix,pass,5.00\n");
    assert_eq!(counts(&first), [2, 1, 0, 0]);
    let (second, report) =
        take(&mut book, "b.csv", "run,passed,revenue\nr2,fail,\nr1,fail,\nr1,pass,5\nr3,pass,\n", How::default());
    let FileOutcome::Outcomes(second) = second else { panic!("{second:?}") };
    assert_eq!((counts(&second), second.imported.conflicts), ([1, 1, 0, 2], 2));
    let (line, reason) = &second.tail.rejects[0];
    assert_eq!(*line, 3);
    assert!(reason.starts_with("run `r1`: here failed, no revenue, no task; in "), "{reason}");
    assert!(reason.ends_with("a.csv:2 (import 1), which counts, passed, revenue 5, task `fix`"), "{reason}");
    let document = document(&report);
    assert!(super::warns(&document, "outcome_conflict"), "{document}");
    assert_eq!(document["imports"][0]["conflicts"], 2);
    // Taken out, the other file has its say.
    book.store.undo_import(1).unwrap().unwrap();
    let again = outcomes_in(&mut book, "b.csv", "run,passed,revenue\nr1,fail,\n");
    assert_eq!(counts(&again), [1, 0, 0, 0]);
}

#[test]
fn outcomes_wait_for_their_calls() {
    let mut book = super::book();
    let (_, report) = take(&mut book, "o.csv", "run,passed\nr1,pass\nr2,fail\n", How::default());
    let told = document(&report);
    assert_eq!((&told["imports"][0]["unmatched"], &told["imports"][0]["kind"]), (&json!(2), &json!("outcomes")));
    assert!(super::warns(&told, "unmatched_outcomes"), "{told}");
    take(&mut book, "log.jsonl", call(1, &[("run", "r2")], 1_000_000), How::default());
    let (_, report) = take(&mut book, "more.csv", "run,passed\nr3,pass\nr2,fail\n", How::default());
    assert_eq!(document(&report)["imports"][0]["unmatched"], 1);
    let total = super::asked(&book, &[], &[], None)["total"].clone();
    assert_eq!((&total["units"], &total["failed"], &total["wasted_usd"]), (&json!(1), &json!(1), &json!("2")));
}

#[test]
fn ids_of_another_kind_are_recognised() {
    let mut book = super::book();
    take(&mut book, "log.jsonl", call(1, &[("session", "x1")], 10), How::default());
    let (_, report) = take(&mut book, "o.csv", "run,passed\nx1,pass\n", How::default());
    let hint = report.warnings[0].hint.clone().unwrap();
    assert_eq!(
        hint,
        "the ids are those of sessions, not of runs: take the import out and bring it in with --map session=COLUMN"
    );
}

#[test]
fn the_program_takes_outcomes_beside_logs_and_out_again() {
    let world = World::new();
    let prices = world.write("two.toml", super::PRICES);
    let log = world.write("in/log.jsonl", call(1, &[("run", "r1")], 1_000_000) + &call(2, &[("run", "r2")], 500_000));
    let outcomes = world.write("in/a_outcomes.csv", "run,passed,revenue\nr1,pass,3\nr9,maybe,\n");
    let folder = world.path("in").display().to_string();
    // Outcomes alone need no prices and make a store.
    world.attr(&["import", "--dry-run", &outcomes]).ended(0);
    let strict = world.attr(&["--pricing", &prices, "import", "--strict", &folder]).ended(1);
    assert!(strict.err.contains("a_outcomes.csv:3: `passed`: neither pass nor fail: `maybe`"), "{strict:?}");
    let answer = world.attr(&["outcomes", "--by", "run", "--json"]).ended(0).json();
    assert_eq!((&answer["total"]["cost_usd"], &answer["total"]["margin_usd"]), (&json!("2"), &json!("1")));
    assert_eq!(answer["total"]["without_outcome_usd"], "1");
    let status = world.attr(&["status", "--json"]).ended(0).json();
    assert_eq!(
        status["outcomes"],
        json!({"count": 1, "unmatched": 0, "cost_usd": "2", "without_outcome_usd": "1", "coverage": 0.666667})
    );
    let imports = world.attr(&["imports", "--json"]).ended(0).json();
    assert_eq!((&imports["imports"][0]["kind"], &imports["imports"][0]["new"]), (&json!("outcomes"), &json!(1)));
    world.sound();
    // The same without a store, and the answer of another command is none the wiser.
    let from =
        world.attr(&["--pricing", &prices, "outcomes", "--by", "run", "--from", &log, &outcomes, "--json"]).ended(0);
    assert_eq!(from.json()["rows"], answer["rows"]);
    world.attr(&["--pricing", &prices, "slice", "--from", &folder]).ended(0);
    world.attr(&["--pricing", &prices, "slice", "--from", &outcomes]).ended(2);
    let undone = world.attr(&["imports", "undo", "1", "--json"]).ended(0).json();
    assert_eq!(undone["removed_outcomes"], 1);
    assert_eq!(world.attr(&["outcomes", "--json"]).ended(0).says("no outcome is known").json()["total"]["units"], 0);
    assert!(world.attr(&["status", "--json"]).ended(0).json().get("outcomes").is_none());
    world.sound();
}

#[test]
fn the_store_knows_when_outcomes_are_missing() {
    let world = World::new();
    let file = world.write("o.csv", "run,passed\nr1,pass\nr2,fail\n");
    world.attr(&["import", &file]).ended(0);
    let conn = rusqlite::Connection::open(world.db()).unwrap();
    let shown: (String, String) = conn
        .query_row("SELECT unit, verdict FROM results WHERE name = 'r2'", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(shown, ("run".into(), "fail".into()));
    conn.execute("DELETE FROM outcomes WHERE name = 'r2'", []).unwrap();
    drop(conn);
    let checked = world.attr(&["store", "check"]).ended(1);
    assert!((checked.out + &checked.err).contains("2 outcomes are told, 1 are there"));
}

/// What the settings say of a dimension holds for outcomes too, or they would not meet the calls, and a hidden value
/// would stand in the store after all.
#[test]
fn outcomes_go_by_the_rules_of_dimensions() {
    let world = World::new();
    world.write("pseudonyms.key", "0123456789abcdef0123456789abcdef");
    world.write(
        "attr.toml",
        "pseudonym_key_file = \"pseudonyms.key\"\n[dimensions.session]\npseudonym = true\n\
         [dimensions.run]\nkeys = [\"job_no\"]\n[dimensions.tenant]\nfold = { kestrel = [\"Kestrel GmbH\"] }\n",
    );
    let prices = world.write("two.toml", super::PRICES);
    let log = call(1, &[("session", "secret-1")], 1_000_000) + &call(2, &[("job_no", "7")], 500_000);
    world.attr(&["--pricing", &prices, "import", &world.write("log.jsonl", log)]).ended(0);
    let sessions = world.write("s.csv", "session,passed,tenant\nsecret-1,pass,Kestrel GmbH\n");
    let jobs = world.write("j.csv", "job_no,session,passed\n7,,fail\n");
    let told = world.attr(&["import", "--json", &sessions, &jobs]).ended(0).json();
    assert_eq!((&told["imports"][0]["unmatched"], &told["imports"][1]["unmatched"]), (&json!(0), &json!(0)), "{told}");
    let answer = world.attr(&["outcomes", "--by", "tenant", "--json"]).ended(0).json();
    assert_eq!(super::row(&answer, Some("kestrel"))["cost_usd"], "2");
    let bytes = fs_err::read(world.db()).unwrap();
    assert!(memchr::memmem::find(&bytes, b"secret-1").is_none(), "a hidden id is in the store");
}

#[test]
fn a_store_of_version_4_takes_outcomes() {
    let world = World::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stores/v4.db.gz");
    let mut bytes = Vec::new();
    let packed = fs_err::File::open(file).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut bytes).unwrap();
    fs_err::write(world.db(), bytes).unwrap();
    // Two runs, and a call of none that has no price.
    let before = world.total();
    assert_eq!(before, (4, Usd::parse("0.0144").unwrap()));
    assert_eq!(world.attr(&["outcomes", "--json"]).ended(0).json()["total"]["units"], 0);
    let billed = world.attr(&["imports", "--json"]).ended(0).json()["imports"].clone();
    let outcomes = world.write("o.csv", "run,passed,revenue\nr1,pass,0.01\nr2,fail,\n");
    world.attr(&["import", &outcomes]).ended(0);
    let total = world.attr(&["outcomes", "--json"]).ended(0).json()["total"].clone();
    assert_eq!(
        (&total["cost_usd"], &total["wasted_usd"], &total["cost_per_pass_usd"], &total["margin_usd"]),
        (&json!("0.0144"), &json!("0.0066"), &json!("0.0144"), &json!("-0.0044"))
    );
    assert_eq!(world.total(), before);
    let listed = world.attr(&["imports", "--json"]).ended(0).json()["imports"].clone();
    assert_eq!(listed.as_array().unwrap()[..2], billed.as_array().unwrap()[..]);
    world.sound();
}
