//! OpenCode: what its versions count, clones, agents inside agents, and its database in use.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::opencode::OpenCode;
use rusqlite::Connection;

use super::Seen;
use super::expect;
use super::read;
use super::sample;
use crate::world::World;

fn on_line(line: u64) -> Seen {
    let kept = read(&OpenCode, &sample("opencode/messages.jsonl"));
    kept.calls.into_iter().find(|call| call.line == line).expect("the line is a call")
}

#[test]
fn input_is_exclusive_and_reasoning_is_added_where_it_stands_apart() {
    let call = on_line(2);
    expect(&call, &[("input", 12), ("cache_read", 8000), ("cache_write_5m", 900), ("output", 350)]);
    assert_eq!((call.flags.as_slice(), call.latency), (["ttl_unknown"].as_slice(), Some(4000)));
    assert_eq!((call.cost, call.dims["session"].as_str()), (Usd::parse("0.0123").ok(), "ses_1"));
    let apart = on_line(4);
    expect(&apart, &[("input", 500), ("cache_read", 1500), ("output", 200)]);
    assert_eq!(apart.reasoning, 80);
}

#[test]
fn the_total_tells_what_the_output_contains() {
    expect(&on_line(5), &[("input", 500), ("cache_read", 1500), ("output", 200)]);
    // No total: before the change the SDK's own count, which has reasoning inside for all but a few sellers.
    expect(&on_line(6), &[("input", 500), ("cache_read", 1500), ("output", 200)]);
    expect(&on_line(7), &[("input", 500), ("output", 280)]);
    // More reasoning than answer: what was left of the output was nothing, and the total is right.
    let clamped = on_line(8);
    expect(&clamped, &[("input", 900), ("cache_read", 100), ("output", 77)]);
    assert_eq!((clamped.cost, clamped.reasoning), (None, 77), "a subscription costs nothing by the call");
}

#[test]
fn clones_and_copies_of_another_version_come_out_once() {
    let kept = read(&OpenCode, &sample("opencode/messages.jsonl"));
    let repeats: Vec<u64> = kept.skips.iter().filter(|skip| skip.1 == "repeat").map(|skip| skip.0).collect();
    assert_eq!(repeats, [3, 19]);
    let json = on_line(4);
    assert_eq!(json.id.as_deref(), Some("opencode:gpt-5.6:1779800006000:500.120.80.1500.0"));
}

#[test]
fn agents_stand_inside_the_one_that_called_them() {
    let call = on_line(9);
    assert_eq!((call.dims["agent"].as_str(), call.dims["provider"].as_str()), ("build/explore", "bedrock"));
    let second = on_line(18);
    assert_eq!((second.dims["agent"].as_str(), second.dims["provider"].as_str()), ("plan", "vertex"));
    assert_eq!((second.extra["variant"].as_str(), second.dims["model"].as_str()), ("high", "claude-opus-4-8"));
    let export = read(&OpenCode, &sample("opencode/export.json"));
    expect(&export.calls[0], &[("input", 15), ("cache_write_5m", 300), ("output", 25)]);
}

#[test]
fn messages_without_counts_are_told_apart() {
    let kept = read(&OpenCode, &sample("opencode/messages.jsonl"));
    assert!(kept.skips.contains(&(10, "unfinished")) && kept.skips.contains(&(1, "no_call")));
    assert_eq!((on_line(11).dims["status"].as_str(), on_line(11).unpriced), ("cancelled", None));
    assert_eq!((on_line(12).dims["status"].as_str(), on_line(12).unpriced), ("error", None));
    // Finished without a count, and a count whose name changed: unknown, which is not zero.
    assert_eq!(on_line(13).unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(on_line(14).unpriced, Some(Unpriced::UsageMissing));
    let lines: Vec<u64> = kept.rejections.iter().map(|rejection| rejection.0).collect();
    assert_eq!(lines, [15, 16], "{:?}", kept.rejections);
    assert!(kept.rejections[0].1.contains("negative") && kept.rejections[1].1.contains("time.created"));
}

#[test]
fn other_records_are_left_to_others() {
    let part = r#"{"id":"prt_1","sessionID":"ses_1","messageID":"msg_1","type":"compaction"}"#;
    let flat = r#"{"ts":"2026-06-01T12:00:00Z","model":"m","input_tokens":1,"output_tokens":1}"#;
    assert_eq!(read(&OpenCode, &format!("{part}\n{flat}\n")).foreign.len(), 2);
}

const V1: &str = "
CREATE TABLE session (id text PRIMARY KEY, parent_id text, title text);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer, data text NOT NULL);
INSERT INTO session VALUES ('ses_1', NULL, 'left out'), ('ses_2', 'ses_1', 'left out');
INSERT INTO message VALUES
 ('msg_0', 'ses_1', 0, '{\"role\":\"user\",\"system\":\"left out\",\"time\":{\"created\":1779800000000}}'),
 ('msg_1', 'ses_1', 0, '{\"role\":\"assistant\",\"providerID\":\"openai\",\"modelID\":\"gpt-5.6\",\"agent\":\"build\",\"tokens\":{\"input\":500,\"output\":120,\"reasoning\":80,\"total\":2200,\"cache\":{\"read\":1500,\"write\":0}},\"time\":{\"created\":1779800006000}}'),
 ('msg_2', 'ses_2', 0, '{ \"role\" : \"assistant\",\n \"providerID\":\"anthropic\",\"modelID\":\"claude-sonnet-4-6\",\"agent\":\"explore\",\"tokens\":{\"input\":1,\"output\":2,\"reasoning\":0,\"cache\":{\"read\":3,\"write\":4}},\"time\":{\"created\":1779800007000}}'),
 ('msg_3', 'ses_2', 0, 'cut off {');";

const V2: &str = "
CREATE TABLE session_v2 (id text PRIMARY KEY, parent_id text);
CREATE TABLE session_message (id text PRIMARY KEY, session_id text, type text, seq integer, data text);
INSERT INTO session_message VALUES
 ('msg_1', 'ses_1', 'assistant', 1, '{\"agent\":\"build\",\"content\":[{\"text\":\"left out\"}],\"model\":{\"id\":\"gpt-5.6\",\"providerID\":\"openai\"},\"tokens\":{\"input\":500,\"output\":120,\"reasoning\":80,\"cache\":{\"read\":1500,\"write\":0}},\"time\":{\"created\":1779800006000}}'),
 ('msg_9', 'ses_9', 'assistant', 1, '{\"agent\":\"plan\",\"model\":{\"id\":\"gpt-5.6\",\"providerID\":\"openai\"},\"tokens\":{\"input\":7,\"output\":8,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}},\"time\":{\"created\":1779800009000}}');";

/// Both generations of tables, while another program has the file open and its last writes are only in the log.
#[test]
fn a_database_in_use_is_read_and_left_as_it_is() {
    let world = World::new();
    let path = world.path("opencode.db");
    let writer = Connection::open(&path).expect("opens");
    writer.pragma_update(None, "journal_mode", "WAL").expect("sets");
    writer.execute_batch(V1).expect("writes");
    writer.execute_batch(V2).expect("writes");
    let before = fs_err::read(&path).expect("reads");
    let name = path.display().to_string();
    let ran = world.attr(&["import", &name, "--json"]);
    assert!(ran.out.contains("opencode"), "{ran:?}");
    assert_eq!(before, fs_err::read(&path).expect("reads"), "nothing was written");
    let store = Connection::open(world.db()).expect("opens");
    let sum = "SELECT count(*), sum(input), sum(output), group_concat(agent, ',') FROM usage";
    let found: (i64, i64, i64, String) =
        store.query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).expect("answers");
    assert_eq!((found.0, found.1, found.2), (3, 508, 210));
    assert!(found.3.contains("build/explore"), "{}", found.3);
    drop(writer);
    // With its log folded back and nobody there, reading leaves no file beside it.
    world.attr(&["import", &name]);
    assert!(!world.path("opencode.db-wal").exists() && !world.path("opencode.db-shm").exists());
}

#[test]
fn other_databases_are_refused_by_what_they_are() {
    let world = World::new();
    let path = world.path("other.db");
    Connection::open(&path).expect("opens").execute_batch("CREATE TABLE message (id text, data text)").expect("writes");
    let ran = world.attr(&["import", &path.display().to_string()]);
    assert!(ran.err.contains("a SQLite database") || ran.out.contains("a SQLite database"), "{ran:?}");
    world.attr(&[
        "import",
        &world.write(
            "a.jsonl",
            "{\"ts\":\"2026-06-01T12:00:00Z\",\"model\":\"gpt-5\",\"input_tokens\":1,\"output_tokens\":1}\n",
        ),
    ]);
    let copy = world.path("copy.db");
    fs_err::copy(world.db(), &copy).expect("copies");
    let ran = world.attr(&["import", &copy.display().to_string()]);
    assert!(ran.err.contains("a store of attr") || ran.out.contains("a store of attr"), "{ran:?}");
}
