//! Bills from file to store and out again: nothing doubled, nothing lost, and the newer one counts where they overlap.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad;
mod current;
mod mapped;
mod stored;

use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use attr::domain::invoice::Lines;
use attr::invoice::formats;
use attr::ops::bills;
use attr::ops::bills::BillError;
use attr::ops::paths::Input;
use serde_json::Value;
use serde_json::json;

use crate::world::Ran;
use crate::world::World;

const HEAD: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed\n";

/// A bill of one row for each (day of August, cents).
fn bill(rows: &[(u32, u32)]) -> String {
    let row = |(day, cents): &(u32, u32)| {
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        format!("2026-08-{day:02},Claude Opus 4.8,Default,key,message,≤ 200k,output,{amount},{amount},token,global,\n")
    };
    HEAD.to_string() + &rows.iter().map(row).collect::<String>()
}

fn call(n: usize) -> String {
    format!(
        "{{\"ts\":\"2026-08-0{n}T10:00:00Z\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"input_tokens\":1000,\"output_tokens\":5}}\n"
    )
}

impl World {
    /// Imports and returns what is told of the first file.
    #[track_caller]
    fn take(&self, path: &str) -> Value {
        self.attr(&["import", "--json", path]).ended(0).json()["imports"][0].clone()
    }

    /// Returns what counts of all bills, and how many lines do not.
    #[track_caller]
    fn billed(&self) -> (Value, Value) {
        let bills = self.attr(&["status", "--json"]).ended(0).json()["bills"].clone();
        (bills["totals"].clone(), bills["superseded_lines"].clone())
    }
}

fn samples() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/invoices").display().to_string()
}

fn codes(ran: &Ran) -> Vec<String> {
    let warnings = ran.json()["warnings"].as_array().unwrap().clone();
    warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_string()).collect()
}

#[test]
fn every_sample_is_taken_for_the_bill_it_is() {
    let world = World::new();
    let answer = world.attr(&["import", "--dry-run", "--json", &samples()]).ended(0).json();
    let mut seen = 0;
    for import in answer["imports"].as_array().unwrap() {
        let path = Path::new(import["path"].as_str().unwrap());
        let folder = path.strip_prefix(samples()).unwrap().components().next().unwrap();
        let folder = folder.as_os_str().to_str().unwrap();
        if formats::by_name(folder).is_none() {
            continue;
        }
        // A row a call: a log by rights, and a bill for whoever says so.
        let is_log = folder == "openrouter_activity";
        assert_eq!(import["kind"], if is_log { "usage" } else { "invoice" }, "{import}");
        assert!(is_log || import["input_format"] == folder, "{import}");
        seen += 1;
    }
    assert!(seen >= 5, "{answer}");
}

#[test]
fn a_bill_is_in_with_its_control_total() {
    let world = World::new();
    let path = world.write("august.csv", bill(&[(4, 1650), (4, 1650), (5, 57)]));
    let told = world.take(&path);
    let expected = json!({
        "path": path, "kind": "invoice", "input_format": "anthropic_cost", "records": 3, "new": 3, "duplicate": 0,
        "skipped": {}, "rejected": 0, "rejects": [], "lines": 3, "control_totals": {"USD": "33.57"}, "superseded": [],
        "notes": [], "from": "2026-08-04T00:00:00Z", "until": "2026-08-06T00:00:00Z", "id": 1,
    });
    assert_eq!(told, expected, "rows that look alike are two charges");
    let listed = world.attr(&["imports", "--json"]).ended(0).json()["imports"][0].clone();
    assert_eq!((&listed["kind"], &listed["control_totals"]["USD"]), (&json!("invoice"), &json!("33.57")));
    let status = world.attr(&["status", "--json"]).ended(0).json();
    let expected = json!({
        "count": 1, "providers": ["anthropic"], "lines": 3, "superseded_lines": 0, "totals": {"USD": "33.57"},
        "from": "2026-08-04T00:00:00Z", "until": "2026-08-06T00:00:00Z",
    });
    assert_eq!(status["bills"], expected);
    assert_eq!(status["total"]["calls"], 0, "a bill is no call");
    world.sound();
}

#[test]
fn the_same_bytes_are_one_bill_by_any_name() {
    let world = World::new();
    let text = bill(&[(4, 1650), (5, 57)]);
    world.take(&world.write("august.csv", &text));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = world.write("august.csv.gz", packed.finish().unwrap());
    for path in [world.write("again/a.csv", &text), packed] {
        let ran = world.attr(&["import", "--json", &path]).ended(0);
        let told = &ran.json()["imports"][0];
        assert_eq!((&told["new"], &told["duplicate"], &told["duplicate_of"]), (&json!(0), &json!(2), &json!(1)));
        assert_eq!(codes(&ran), ["known_bill"]);
    }
    let mut child = world.command(&["import", "-", "--json"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).ended(0);
    assert_eq!(ran.json()["imports"][0]["duplicate"], 2);
    assert_eq!(world.billed(), (json!({"USD": "17.07"}), json!(0)));
    // They are the first import's lines: they go with it, and come in anew.
    world.attr(&["imports", "undo", "1"]).ended(0);
    let told = world.take(&world.write("b.csv", &text));
    assert_eq!((&told["new"], &told["duplicate"]), (&json!(2), &json!(0)));
    world.sound();
}

#[test]
fn a_newer_bill_counts_for_its_days_and_undo_gives_them_back() {
    let world = World::new();
    let first = world.write("first.csv", bill(&[(4, 1000), (5, 1000), (5, 200)]));
    let second = world.write("second.csv", bill(&[(5, 1500), (6, 100)]));
    let third = world.write("third.csv", bill(&[(5, 300)]));
    world.take(&first);
    let ran = world.attr(&["import", "--json", &second]).ended(0);
    let superseded = json!([{"id": 1, "lines": 2, "amounts": {"USD": "12"}, "instead": {"USD": "15"}}]);
    assert_eq!(ran.json()["imports"][0]["superseded"], superseded);
    let more = ran.says("charges more for them: 15 USD in place of 12 USD, so the total changes by 3 USD");
    assert!(!more.err.contains("filtered"), "{more:?}");
    assert_eq!(world.billed(), (json!({"USD": "26"}), json!(2)));
    // The third takes the place of the second alone: the first no longer had it.
    let ran = world.attr(&["import", "--json", &third]).ended(0);
    let superseded = json!([{"id": 2, "lines": 1, "amounts": {"USD": "15"}, "instead": {"USD": "3"}}]);
    assert_eq!(ran.json()["imports"][0]["superseded"], superseded);
    ran.says("charges LESS for them").says("filtered or capped export");
    assert_eq!(world.billed(), (json!({"USD": "14"}), json!(3)));
    // The first one's bytes again change nothing.
    assert_eq!(world.take(&first)["duplicate"], 3);
    assert_eq!(world.billed(), (json!({"USD": "14"}), json!(3)));
    let undone = world.attr(&["imports", "undo", "3", "--json"]).ended(0).json();
    assert_eq!((&undone["removed_lines"], &undone["removed_totals"]), (&json!(1), &json!({"USD": "3"})));
    assert_eq!(undone["released_lines"], 1);
    assert_eq!(world.billed(), (json!({"USD": "26"}), json!(2)));
    world.attr(&["imports", "undo", "2"]).ended(0);
    assert_eq!(world.billed(), (json!({"USD": "22"}), json!(0)));
    world.sound();
}

#[test]
fn a_bill_that_cannot_be_read_leaves_the_store_as_it_was() {
    let world = World::new();
    world.take(&world.write("first.csv", bill(&[(4, 1000)])));
    let before = world.attr(&["imports", "--json"]).ended(0).out;
    let broken = bill(&[(5, 1000), (6, 1000)]).replace("2026-08-06", "08/06/2026");
    let ran = world.attr(&["import", &world.write("broken.csv", broken)]).ended(2);
    ran.says("line 3: ").says("a bill is in with every row or not at all");
    assert_eq!(world.attr(&["imports", "--json"]).ended(0).out, before);
    assert_eq!(world.billed(), (json!({"USD": "10"}), json!(0)));
    world.sound();
    // The days of the broken one are free.
    assert_eq!(world.take(&world.write("whole.csv", bill(&[(5, 1000)])))["superseded"], json!([]));
}

#[test]
fn a_folder_of_logs_and_bills_is_taken_apart() {
    let world = World::new();
    world.write("all/1-calls.jsonl", call(1));
    world.write("all/2-bill.csv", bill(&[(4, 1000)]));
    world.write("all/3-calls.jsonl", call(2) + &call(3));
    world.write("all/4-notes.txt", "nothing to see");
    world.write("all/5-empty.csv", "");
    let spend = r#"{"date":"2026-08-01","model":"gpt-4o","spend":1.5,"api_requests":3,"custom_llm_provider":"openai"}"#;
    world.write("all/6-bill.csv", bill(&[(5, 70)]));
    let answer = world.attr(&["import", "--json", &world.path("all").display().to_string()]).ended(0).json();
    let told: Vec<(&str, u64)> = answer["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| (import["kind"].as_str().unwrap(), import["new"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("usage", 1), ("invoice", 1), ("usage", 2), ("usage", 0), ("invoice", 1)]);
    assert_eq!(answer["total"]["calls"], 3);
    assert_eq!(world.billed().0, json!({"USD": "10.7"}));
    assert_eq!(world.total().0, 3);
    // Sums of a gateway are neither calls nor what a provider charges.
    let spend = world.write("spend.jsonl", spend);
    world.attr(&["import", &spend]).ended(2).says("LiteLLM daily spend table");
    world.sound();
}

#[test]
fn a_rehearsal_keeps_nothing_of_a_bill() {
    let world = World::new();
    let first = world.write("first.csv", bill(&[(4, 1000), (5, 1000)]));
    let told = world.attr(&["import", "--dry-run", "--json", &first]).ended(0).json()["imports"][0].clone();
    assert_eq!((&told["new"], &told["id"], &told["control_totals"]["USD"]), (&json!(2), &Value::Null, &json!("20")));
    assert!(!world.db().exists());
    world.take(&first);
    let second = world.write("second.csv", bill(&[(5, 300)]));
    let told = world.attr(&["import", "--dry-run", "--json", &second]).ended(0).json()["imports"][0].clone();
    assert_eq!(told["superseded"][0]["lines"], 1);
    assert_eq!(world.billed(), (json!({"USD": "20"}), json!(0)));
    world.sound();
}

#[test]
fn what_is_said_of_calls_is_not_said_of_bills() {
    let world = World::new();
    let path = world.write("august.csv", bill(&[(4, 1000)]));
    for args in [["--set", "team=a"], ["--map", "ts=usage_date_utc"], ["--cached-input", "inside"]] {
        let ran = world.attr(&["import", args[0], args[1], &path]).ended(2);
        ran.says(&format!("`{}` is for usage logs", args[0])).says("import it without");
    }
    world.attr(&["slice", "--from", &path]).ended(2).says("this is a bill (anthropic_cost), not a usage log");
    world.attr(&["import", "--input-format", "anthropic_cots", &path]).ended(2).says("did you mean `anthropic_cost`?");
    // What settings say of a folder's calls is nothing to its bills.
    world.write("attr.toml", "[[source]]\npath = \"*.csv\"\nset = { team = \"a\" }\nname = \"console\"\n");
    let log = world.write("calls.jsonl", call(1));
    world.attr(&["import", &path, &log, "--input-format", "anthropic_cost"]).ended(2);
    let listed = world.attr(&["imports", "--json"]).ended(0).json()["imports"][0].clone();
    assert_eq!((&listed["source"], &listed["new"]), (&json!("console"), &json!(1)));
}

#[test]
fn a_log_is_no_bill_and_says_where_it_belongs() {
    let world = World::new();
    let log = Input::Named(world.write("calls.jsonl", call(1)).into());
    let error = bills::read_into(&mut Lines::default(), &log, &bills::How::default()).unwrap_err();
    assert!(matches!(error, BillError::Log("flat")), "{error}");
    assert!(error.hint().unwrap().contains("`attr import`"));
    let text = Input::Named(world.write("notes.txt", "a, b\n1, 2\n").into());
    let error = bills::read_into(&mut Lines::default(), &text, &bills::How::default()).unwrap_err();
    assert!(matches!(error, BillError::NotRecognised), "{error}");
}

#[test]
fn bills_are_read_side_by_side_without_a_store() {
    let world = World::new();
    let how = bills::How::default();
    let read = |lines: &mut Lines, name: &str, text: String| {
        bills::read_into(lines, &Input::Named(world.write(name, text).into()), &how)
    };
    let mut lines = Lines::default();
    read(&mut lines, "a.csv", bill(&[(4, 1000), (5, 57)])).unwrap();
    read(&mut lines, "broken.csv", bill(&[(5, 1000)]) + "2026-08-05,x\n").unwrap_err();
    let again = read(&mut lines, "b.csv", bill(&[(4, 1000), (5, 57)])).unwrap();
    assert_eq!(again.totals["USD"], 10_570_000_000_000, "it was read, and adds nothing");
    read(&mut lines, "c.csv", bill(&[(6, 1)])).unwrap();
    assert_eq!(lines.documents.iter().map(|it| it.rows).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(lines.rows.iter().map(|line| line.document).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn older_stores_take_bills() {
    for name in ["v1", "v3", "v4"] {
        let world = World::new();
        let file = format!("{}/tests/it/stores/{name}.db.gz", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(fs_err::File::open(file).unwrap()).read_to_end(&mut bytes).unwrap();
        fs_err::write(world.db(), bytes).unwrap();
        let before = world.total();
        assert!(before.0 > 0);
        // The first store's price table is nowhere: a bill needs none.
        world.take(&world.write("august.csv", bill(&[(4, 1000)])));
        assert_eq!(world.total(), before);
        let listed = world.attr(&["imports", "--json"]).ended(0).json()["imports"].clone();
        let listed = listed.as_array().unwrap().last().unwrap();
        assert_eq!(listed["control_totals"], json!({"USD": "10"}));
        world.sound();
    }
}
