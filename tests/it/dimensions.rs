//! Rules of dimensions, look-alike values and the places of coding agents, through the program and by law.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use attr::domain::Axis;
use attr::domain::Call;
use attr::domain::Dim;
use attr::domain::Usd;
use attr::ops::dimensions::OVER_LIMIT;
use attr::ops::dimensions::Others;
use attr::ops::dimensions::PseudonymKey;
use attr::ops::dimensions::Rule;
use attr::ops::dimensions::Ruler;
use attr::ops::dimensions::Rules;
use proptest::prelude::*;

use crate::world::Ran;
use crate::world::World;
use crate::world::cases;

const KEY: &str = "a key for tests, long enough";

/// A line of a flat log; `more` are further fields.
fn line(n: usize, more: &str) -> String {
    format!(
        "{{\"ts\":\"2026-11-02T10:00:{:02}Z\",\"model\":\"gpt-4o\",\"provider\":\"openai\",\"input_tokens\":{},\"output_tokens\":10,\"id\":\"r-{n}\"{more}}}\n",
        n % 60,
        100 + n
    )
}

fn log(fields: &[&str]) -> String {
    fields.iter().enumerate().map(|(n, more)| line(n, more)).collect()
}

fn world(settings: &str) -> World {
    let world = World::new();
    world.write("attr.toml", settings);
    world
}

/// The calls by a dimension, `-` for none.
#[track_caller]
fn calls(world: &World, by: &str) -> BTreeMap<String, u64> {
    let answer = world.attr(&["slice", "--by", by, "--json"]).ended(0).json();
    let key = |row: &serde_json::Value| row["key"].as_object().unwrap().values().next().unwrap().clone();
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| (key(row).as_str().unwrap_or("-").to_string(), row["calls"].as_u64().unwrap())).collect()
}

fn of(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(value, calls)| ((*value).to_string(), *calls)).collect()
}

fn with_key(world: &World, args: &[&str]) -> Ran {
    world.command(args).env("ATTR_PSEUDONYM_KEY", KEY).output().unwrap().into()
}

// --- Keys -------------------------------------------------------------------------------------------------

#[test]
fn keys_of_the_user_come_before_the_built_in_ones() {
    let world = world("[dimensions.tenant]\nkeys = [\"acct\", \"Customer-Id\"]\n");
    let log = log(&[
        ",\"acct\":\"a\",\"tenant\":\"t\",\"customer_id\":\"c\"",
        ",\"tenant\":\"t\",\"customerId\":\"c\"",
        ",\"tenant\":\"t\"",
        ",\"metadata\":{\"acct\":\"a\",\"org_id\":\"o\"}",
        ",\"tags\":[\"acct:b\"]",
    ]);
    let path = world.write("app.jsonl", log);
    world.attr(&["import", &path]).ended(0);
    assert_eq!(calls(&world, "tenant"), of(&[("a", 2), ("b", 1), ("c", 1), ("t", 1)]));
    // What the dimension would have been without the rule is not lost.
    assert_eq!(calls(&world, "meta.tenant"), of(&[("t", 2), ("o", 1), ("-", 2)]));
    assert_eq!(calls(&world, "customer_id"), of(&[("c", 1), ("-", 4)]));
    world.sound();
}

/// A key that the alias table gives to another dimension goes where the user says, wherever it stands.
#[test]
fn a_key_may_be_taken_from_another_dimension() {
    let world = world("[dimensions.team]\nkeys = [\"org_id\"]\n[dimensions.prompt]\nkeys = [\"prompt_label\"]\n");
    let path = world.write("app.jsonl", log(&[",\"org_id\":\"search\",\"prompt_label\":\"greeting\""]));
    world.attr(&["import", &path]).ended(0);
    assert_eq!(calls(&world, "team"), of(&[("search", 1)]));
    assert_eq!(calls(&world, "tenant"), of(&[("-", 1)]));
    assert_eq!(calls(&world, "prompt"), of(&[("greeting", 1)]));
}

#[test]
fn attributes_of_spans_follow_the_rules_too() {
    let attribute = |key: &str, value: &str| format!("{{\"key\":\"{key}\",\"value\":{{\"stringValue\":\"{value}\"}}}}");
    let span = |id: &str, parent: &str, attributes: &[String]| {
        format!(
            "{{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4701\",\"spanId\":\"{id}\",\"parentSpanId\":\"{parent}\",\"name\":\"run\",\"startTimeUnixNano\":\"1780300800000000000\",\"endTimeUnixNano\":\"1780300801000000000\",\"attributes\":[{}]}}",
            attributes.join(",")
        )
    };
    let usage = |input: u64| {
        [
            attribute("gen_ai.operation.name", "chat"),
            attribute("gen_ai.provider.name", "openai"),
            attribute("gen_ai.request.model", "gpt-4o"),
            format!("{{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{{\"intValue\":\"{input}\"}}}}"),
            "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"5\"}}".to_string(),
        ]
    };
    let root = span(
        "00f067aa0ba90001",
        "",
        &[attribute("acct", "Kestrel GmbH"), attribute("user.id", "mara@kestrel.example")],
    );
    let call = span("00f067aa0ba90002", "00f067aa0ba90001", &usage(100));
    let log = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{root},{call}]}}]}}]}}\n");
    let settings = "[dimensions.tenant]\nkeys = [\"acct\"]\nfold = { kestrel = [\"Kestrel GmbH\"] }\n[dimensions.user]\npseudonym = true\n";
    let world = world(settings);
    let path = world.write("traces.jsonl", log);
    with_key(&world, &["import", &path]).ended(0);
    assert_eq!(calls(&world, "tenant"), of(&[("kestrel", 1)]), "the call inherits what the rules made of it");
    let user = PseudonymKey::new(KEY.as_bytes()).unwrap().pseudonym("user", "mara@kestrel.example");
    assert_eq!(calls(&world, "user"), of(&[(&user, 1)]));
    assert!(!holds(&world, "mara"));
    world.sound();
}

// --- Values -----------------------------------------------------------------------------------------------

const ENVIRONMENTS: [&str; 5] =
    [",\"env\":\"prod\"", ",\"env\":\"Production\"", ",\"env\":\"prd\"", ",\"env\":\"qa\"", ""];

#[test]
fn values_written_as_one_are_one() {
    let world = world("[dimensions.env]\nfold = { prod = [\"production\", \"PRD\"] }\n");
    let path = world.write("app.jsonl", log(&ENVIRONMENTS));
    world.attr(&["import", &path]).ended(0);
    assert_eq!(calls(&world, "environment"), of(&[("prod", 3), ("qa", 1), ("-", 1)]));
    // The same bytes are duplicates whatever the rules are now.
    world.write("attr.toml", "");
    let again = world.attr(&["import", &path, "--json"]).ended(0).json();
    assert_eq!((again["imports"][0]["new"].as_u64(), again["imports"][0]["duplicate"].as_u64()), (Some(0), Some(5)));
}

fn allowing(others: &str) -> String {
    format!(
        "[dimensions.environment]\nfold = {{ prod = [\"production\", \"prd\"] }}\nallowed = [\"prod\", \"dev\"]\n{others}\n"
    )
}

#[test]
fn a_value_that_is_not_allowed_is_kept_untagged_or_rejected() {
    for (others, left, warning) in [
        ("", of(&[("prod", 3), ("qa", 1), ("-", 1)]), "do not allow and keep it: `qa`"),
        ("others = \"untag\"", of(&[("prod", 3), ("-", 2)]), "do not allow and are untagged: `qa`"),
        (
            "others = \"reject\"",
            of(&[("prod", 3), ("-", 1)]),
            "app.jsonl:4: `environment` is `qa`, and the settings allow `prod`, `dev`",
        ),
    ] {
        let world = world(&allowing(others));
        let path = world.write("app.jsonl", log(&ENVIRONMENTS));
        world.attr(&["import", &path]).ended(0).says(warning);
        assert_eq!(calls(&world, "environment"), left, "{others}");
        world.sound();
    }
    let world = world(&allowing("others = \"reject\""));
    let path = world.write("app.jsonl", log(&ENVIRONMENTS));
    world.attr(&["import", "--strict", &path]).ended(1);
}

#[test]
fn what_is_set_for_a_file_follows_the_rules() {
    let rules = allowing("others = \"reject\"") + "[dimensions.tenant]\nkeys = [\"acct\"]\n";
    let world = world(&rules);
    let path = world.write("app.jsonl", log(&ENVIRONMENTS));
    world.attr(&["import", &path, "--set", "env=qa"]).ended(2).says("`environment` is `qa`");
    // A set value covers the log's, which is not judged then.
    world.attr(&["import", &path, "--set", "env=PRD", "--set", "acct=kestrel"]).ended(0);
    assert_eq!(calls(&world, "environment"), of(&[("prod", 5)]));
    assert_eq!(calls(&world, "tenant"), of(&[("kestrel", 5)]));
}

#[test]
fn a_dimension_has_so_many_values_and_no_more() {
    let world = world("[dimensions.feature]\nmax_values = 2\n");
    let fields = |names: &[&str]| -> String {
        let fields: Vec<String> = names.iter().map(|name| format!(",\"feature\":\"{name}\"")).collect();
        log(&fields.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let first = world.write("a.jsonl", fields(&["chat", "search", "draft", "draft", "chat"]));
    world.attr(&["import", &first]).ended(0).says("those of 2 records became `(over limit)`");
    let over = [("chat", 2), (OVER_LIMIT, 2), ("search", 1)];
    assert_eq!(calls(&world, "feature"), of(&over));
    // The store's values count; those it has are no news.
    let lines = fields(&["search", "mail", "chat"]).replace("\"r-", "\"q-");
    let second = world.write("b.jsonl", lines);
    world.attr(&["import", &second]).ended(0).says("those of 1 records");
    assert_eq!(calls(&world, "feature"), of(&[("chat", 3), (OVER_LIMIT, 3), ("search", 2)]));
    world.sound();
}

#[test]
fn another_key_of_the_logs_has_rules_by_its_own_name() {
    let world = world("[dimensions.release]\nkeys = [\"rel\"]\nfold = { r7 = [\"R-7\"] }\n");
    let path = world
        .write("app.jsonl", log(&[",\"rel\":\"R-7\"", ",\"Release\":\"r7\"", ",\"release\":\"r8\",\"rel\":\"r7\""]));
    world.attr(&["import", &path]).ended(0);
    assert_eq!(calls(&world, "release"), of(&[("r7", 3)]));
    assert_eq!(calls(&world, "release.logged"), of(&[("r8", 1), ("-", 2)]));
}

// --- Pseudonyms -------------------------------------------------------------------------------------------

/// Whether the store's file, its names of imports aside, has a text in it anywhere.
fn holds(world: &World, text: &str) -> bool {
    world.attr(&["store", "check"]).ended(0);
    let bytes = fs_err::read(world.db()).unwrap();
    bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
}

#[test]
fn a_pseudonym_hides_the_value_wherever_it_stands() {
    let world = world("[dimensions.user]\npseudonym = true\n");
    let fields = [
        ",\"user\":\"mara@kestrel.example\",\"user_email\":\"mara@kestrel.example\",\"session_id\":\"mara@kestrel.example/7\"",
        ",\"user\":\"mara@kestrel.example\",\"owner\":\"MARA@kestrel.example\",\"tags\":[\"mara@kestrel.example\",\"for=mara@kestrel.example\"]",
        ",\"user\":\"mara@kestrel.example\",\"feature\":\"inbox of mara@kestrel.example\",\"user.full_name\":\"Mara Falk\",\"work_email\":\"falk@kestrel.example\"",
        ",\"user_id\":\"u-1\",\"retries\":\"1\"",
        ",\"feature\":\"chat\",\"contact_mail\":\"mara@kestrel.example\"",
    ];
    let path = world.write("app.jsonl", log(&fields));
    with_key(&world, &["import", &path]).ended(0);
    assert!(!holds(&world, "mara"), "the raw value is in the store");
    assert!(!holds(&world, "falk"), "another key for the same person is in the store");
    let key = PseudonymKey::new(KEY.as_bytes()).unwrap();
    let (mara, other) = (key.pseudonym("user", "mara@kestrel.example"), key.pseudonym("user", "u-1"));
    assert_eq!(mara.len(), "user-".len() + 20);
    assert_eq!(calls(&world, "user"), of(&[(&mara, 3), (&other, 1), ("-", 1)]));
    assert_eq!(calls(&world, "contact_mail"), of(&[(&mara, 1), ("-", 4)]), "the same person has one pseudonym");
    assert_eq!(calls(&world, "retries"), of(&[("1", 1), ("-", 4)]), "a count is no person");
    world.sound();
}

#[test]
fn a_pseudonym_needs_a_key_and_keeps_to_it() {
    let world = world(
        "pseudonym_key_file = \"secret/key\"\n[dimensions.user]\npseudonym = true\nallowed = [\"x\"]\nothers = \"reject\"\n",
    );
    let path = world.write("app.jsonl", log(&[",\"user\":\"mara\""]));
    world.attr(&["import", &path]).ended(2).says("secret/key");
    world.write("secret/key", "short\n");
    world.attr(&["import", &path]).ended(2).says("fewer than 16 can be guessed");
    world.write("secret/key", format!("{KEY}\n"));
    let rejected = world.attr(&["import", &path]).ended(0);
    let pseudonym = PseudonymKey::new(KEY.as_bytes()).unwrap().pseudonym("user", "mara");
    assert!(rejected.err.contains(&pseudonym), "{rejected:?}");
    assert!(!rejected.err.contains("mara") && !rejected.out.contains("mara"), "{rejected:?}");
    assert!(!holds(&world, "mara"));
    world.write("attr.toml", "[dimensions.user]\npseudonym = true\n");
    world.attr(&["import", &path]).ended(2).says("there is no key").says("ATTR_PSEUDONYM_KEY");
    world.attr(&["slice", "--from", &path]).ended(2).says("there is no key");
    // What is set is hidden as well, and so is what it covers.
    with_key(&world, &["import", &path, "--set", "user=ingrid"]).ended(0);
    assert!(!holds(&world, "ingrid") && !holds(&world, "mara"));
    // The settings never show the key.
    let shown = with_key(&world, &["config"]).ended(0);
    assert!(shown.out.contains("dimensions.user.pseudonym") && !shown.out.contains(KEY), "{shown:?}");
}

// --- Settings ---------------------------------------------------------------------------------------------

#[test]
fn what_cannot_be_meant_is_told_with_its_line() {
    for (settings, told) in [
        ("[dimensions.tenant]\nkey = [\"a\"]\n", "attr.toml:2: unknown field `key`"),
        (
            "[dimensions.tenant]\n\nkeys = [\"input_tokens\"]\n",
            "attr.toml:3: `dimensions.tenant.keys`: `input_tokens` is read as",
        ),
        ("[dimensions.tenant]\nkeys = [\"a\", \"A\"]\n", "attr.toml:2: `dimensions.tenant.keys`: `A` is named twice"),
        ("[dimensions.tenant]\nkeys = [\"a\"]\n[dimensions.team]\nkeys = [\"a\"]\n", "is named by `dimensions."),
        (
            "[dimensions.env]\nfold = { prod = [\"p\"], dev = [\"P\"] }\n",
            "attr.toml:2: `dimensions.environment.fold`: `p` is folded into both `dev` and `prod`",
        ),
        ("[dimensions.env]\nfold = { prod = [\"dev\"], dev = [\"d\"] }\n", "is folded into both"),
        (
            "[dimensions.env]\nfold = { prod = [\"p\"] }\nallowed = [\"dev\"]\n",
            "attr.toml:2: `dimensions.environment.fold`: `prod` is not among the `allowed`",
        ),
        (
            "[dimensions.env]\nfold = { prod = [\"p\"] }\nallowed = [\"prod\", \"p\"]\n",
            "attr.toml:3: `dimensions.environment.allowed`: `p` never occurs",
        ),
        ("[dimensions.env]\nallowed = []\n", "attr.toml:2: `dimensions.environment.allowed` names no value"),
        ("[dimensions.env]\nothers = \"untag\"\n", "attr.toml:2: `dimensions.environment.others`: it is about values"),
        ("[dimensions.env]\nallowed = [\"a\"]\nothers = \"drop\"\n", "attr.toml:3: `drop` is no value of `others`"),
        ("[dimensions.feature]\nmax_values = 0\n", "attr.toml:2: `dimensions.feature.max_values`: no value at all"),
        ("[dimensions.feature]\nmax_values = -1\n", "attr.toml:2: "),
        ("[dimensions.run]\nmax_values = 10\n", "attr.toml:2: `dimensions.run.max_values`"),
        (
            "[dimensions.model]\nfold = { a = [\"b\"] }\n",
            "attr.toml:1: `dimensions.model`: this dimension has no rules: it decides the price",
        ),
        ("[dimensions.day]\npseudonym = true\n", "attr.toml:1: `dimensions.day`: times and calls have no rules"),
        (
            "[dimensions.customer_id]\npseudonym = true\n",
            "attr.toml:1: `dimensions.customer_id`: `customer_id` is a key of `tenant`",
        ),
        (
            "[dimensions.env]\nmax_values = 3\n[dimensions.environment]\nmax_values = 4\n",
            "attr.toml:3: `dimensions.environment` stands twice",
        ),
    ] {
        world(settings).attr(&["config"]).ended(2).says(told);
    }
}

#[test]
fn the_nearer_file_has_its_say_option_by_option() {
    let world = world("[dimensions.env]\nallowed = [\"prod\", \"dev\"]\n");
    world.write(
        ".config/attr/attr.toml",
        "[dimensions.environment]\nallowed = [\"x\"]\nothers = \"untag\"\n[dimensions.team]\nmax_values = 9\n",
    );
    let shown = world.attr(&["config", "--format", "csv"]).ended(0).out;
    let rows: Vec<&str> = shown.lines().filter(|row| row.starts_with("dimensions.")).collect();
    let (near, far) = (world.path("attr.toml"), world.path(".config/attr/attr.toml"));
    assert_eq!(
        rows,
        [
            format!("dimensions.environment.allowed,\"prod, dev\",{}", near.display()),
            format!("dimensions.environment.others,untag,{}", far.display()),
            format!("dimensions.team.max_values,9,{}", far.display()),
        ]
    );
}

// --- Look-alikes ------------------------------------------------------------------------------------------

#[test]
fn values_that_look_alike_are_named_when_they_come_in() {
    let world = world("");
    let first = world.write("a.jsonl", log(&[",\"env\":\"prod\",\"tenant\":\"acme-corp\"", ",\"env\":\"prod\""]));
    let quiet = world.attr(&["import", &first]).ended(0);
    assert!(!quiet.err.contains("look alike"), "{quiet:?}");
    let second = world.write(
        "b.jsonl",
        log(&[
            ",\"env\":\"Prod\",\"tenant\":\"acme_corp\"",
            ",\"env\":\"production\"",
            ",\"env\":\"eu-1\"",
            ",\"env\":\"eu-2\"",
        ])
        .replace("\"r-", "\"q-"),
    );
    let rehearsal = world.attr(&["import", "--dry-run", &second]).ended(0);
    assert!(
        rehearsal.err.contains("values of `environment` look alike: `prod`, `Prod`, `production`"),
        "{rehearsal:?}"
    );
    let told = world.attr(&["import", "--json", &second]).ended(0).json();
    assert_eq!(
        told["similar_values"],
        serde_json::json!([
            {"dimension": "environment", "values": ["prod", "Prod", "production"], "fold": "fold = { prod = [\"Prod\", \"production\"] }"},
            {"dimension": "tenant", "values": ["acme-corp", "acme_corp"], "fold": "fold = { acme-corp = [\"acme_corp\"] }"},
        ])
    );
    let codes: Vec<&str> = told["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["similar_values", "similar_values"]);
    // Told once: the next import brings no new value.
    let again = world.attr(&["import", &second]).ended(0);
    assert!(!again.err.contains("look alike"), "{again:?}");
    // Who allows both knows them; who folds them has one.
    world.attr(&["imports", "undo", "2"]).ended(0);
    world.write("attr.toml", "[dimensions.env]\nfold = { prod = [\"Prod\", \"production\"] }\n[dimensions.tenant]\nallowed = [\"acme-corp\", \"acme_corp\"]\n");
    let folded = world.attr(&["import", &second]).ended(0);
    assert!(!folded.err.contains("look alike"), "{folded:?}");
}

#[test]
fn the_samples_raise_no_false_alarm() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["samples/quickstart", "samples/flat", "samples/litellm", "samples/otlp"] {
        let world = World::new();
        let told = world.attr(&["import", &root.join(folder).display().to_string()]);
        assert!(!told.err.contains("look alike"), "{folder}: {told:?}");
    }
}

// --- Places -----------------------------------------------------------------------------------------------

fn home() -> World {
    let world = World::new();
    for (n, path) in [
        ".claude/projects/-home-me-x/s1.jsonl",
        ".claude/projects/-home-me-x/s1/subagents/agent-1.jsonl",
        ".config/claude/projects/-home-me-y/s2.jsonl",
        ".codex/sessions/2026/11/02/rollout-1.jsonl",
        ".codex/archived_sessions/rollout-2.jsonl",
        ".gemini/tmp/ab12/chats/session-1.json",
        ".gemini/tmp/ab12/chats/parent/2.jsonl",
        ".local/share/opencode/storage/message/ses_1/msg_1.json",
    ]
    .iter()
    .enumerate()
    {
        world.write(path, line(n, ""));
    }
    for path in [
        ".claude/projects/-home-me-x/memory/notes.md",
        ".claude/history.jsonl",
        ".codex/history.jsonl",
        ".gemini/tmp/ab12/logs.json",
        ".local/share/opencode/storage/part/prt_1.json",
    ] {
        world.write(path, line(99, ""));
    }
    world
}

#[track_caller]
fn offered(ran: Ran, world: &World) -> BTreeSet<String> {
    let imports = ran.ended(0).json();
    let root = format!("{}/", world.path("").display().to_string().trim_end_matches('/'));
    let paths = imports["imports"].as_array().unwrap().iter();
    paths.map(|import| import["path"].as_str().unwrap().replace(&root, "")).collect()
}

fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_string()).collect()
}

#[test]
fn the_sessions_of_agents_are_found_where_they_are() {
    let world = home();
    let import = |flag: &str| offered(world.attr(&["import", "--json", "--dry-run", flag]), &world);
    assert_eq!(
        import("--claude-code"),
        set(&[
            ".claude/projects/-home-me-x/s1.jsonl",
            ".claude/projects/-home-me-x/s1/subagents/agent-1.jsonl",
            ".config/claude/projects/-home-me-y/s2.jsonl",
        ])
    );
    assert_eq!(
        import("--codex"),
        set(&[".codex/archived_sessions/rollout-2.jsonl", ".codex/sessions/2026/11/02/rollout-1.jsonl"])
    );
    assert_eq!(
        import("--gemini-cli"),
        set(&[".gemini/tmp/ab12/chats/parent/2.jsonl", ".gemini/tmp/ab12/chats/session-1.json"])
    );
    assert_eq!(import("--opencode"), set(&[".local/share/opencode/storage/message/ses_1/msg_1.json"]));
    let all = ["import", "--json", "--claude-code", "--codex", "--gemini-cli", "--opencode"];
    assert_eq!(offered(world.attr(&all), &world).len(), 8);
    assert_eq!(world.total().0, 8);
    // The database holds what the files held.
    world.write(".local/share/opencode/opencode.db", line(7, ""));
    world.write(".local/share/opencode/opencode.db-wal", "");
    assert_eq!(import("--opencode"), set(&[".local/share/opencode/opencode.db"]));
}

#[test]
fn the_agents_own_variables_say_where() {
    let world = home();
    for path in [
        "one/projects/p/a.jsonl",
        "two/projects/p/b.jsonl",
        "cdx/sessions/rollout-3.jsonl",
        "data/opencode/opencode-dev.db",
    ] {
        world.write(path, line(1, ""));
    }
    let inside = |name: &str| world.path(name).display().to_string();
    let import = |flag: &str, variable: &str, value: String| {
        let mut command = world.command(&["import", "--json", "--dry-run", flag]);
        offered(command.env(variable, value).output().unwrap().into(), &world)
    };
    let both = format!("{}, {}", inside("one"), inside("two"));
    assert_eq!(
        import("--claude-code", "CLAUDE_CONFIG_DIR", both),
        set(&["one/projects/p/a.jsonl", "two/projects/p/b.jsonl"])
    );
    assert_eq!(import("--codex", "CODEX_HOME", inside("cdx")), set(&["cdx/sessions/rollout-3.jsonl"]));
    assert_eq!(import("--opencode", "XDG_DATA_HOME", inside("data")), set(&["data/opencode/opencode-dev.db"]));
}

#[test]
fn a_place_that_does_not_exist_is_told() {
    let world = World::new();
    world.write(".codex/sessions/rollout-1.jsonl", line(1, ""));
    let told = world.attr(&["import", "--codex", "--opencode"]).ended(0);
    assert!(told.err.contains("note: no sessions of OpenCode: there is no "), "{told:?}");
    world
        .attr(&["import", "--gemini-cli", "--opencode"])
        .ended(2)
        .says("none of the places exists")
        .says(".gemini/tmp");
    fs_err::create_dir_all(world.path(".gemini/tmp")).unwrap();
    world.attr(&["import", "--gemini-cli"]).ended(0).says("no sessions of Gemini CLI in ");
    let path = world.write("app.jsonl", line(2, ""));
    world.attr(&["import", &path, "--opencode"]).ended(0).says("no sessions of OpenCode");
    world.attr(&["import"]).ended(2);
}

// --- Laws -------------------------------------------------------------------------------------------------

fn rules(rule: Rule) -> Rules {
    Rules { of: vec![(Axis::Dim(Dim::Feature), rule)], key: Some(PseudonymKey::new(KEY.as_bytes()).unwrap()) }
}

/// What a rule makes of a feature; `Err` for a rejection.
fn judged(rules: &Rules, values: &[String]) -> Vec<Result<Option<String>, String>> {
    let mut ruler = Ruler::new(rules, HashMap::new());
    let judge = |value: &String| {
        let mut call = Call::default();
        call.set(Dim::Feature, value.as_str());
        let ruled = ruler.call(&call)?;
        Ok(ruled.as_ref().unwrap_or(&call).dim(Dim::Feature).map(str::to_string))
    };
    values.iter().map(judge).collect()
}

fn value() -> impl Strategy<Value = String> {
    "[A-Ca-cÄäß ]{1,3}"
}

fn rule() -> impl Strategy<Value = Rule> {
    let fold = proptest::collection::btree_map(value(), proptest::collection::vec(value(), 0..4), 0..3);
    let others = proptest::option::of(prop::sample::select(Others::ALL.to_vec()));
    let allowed = proptest::collection::vec(value(), 0..4);
    (fold, allowed, others, any::<bool>(), proptest::option::of(0..4u64)).prop_map(
        |(fold, allowed, others, pseudonym, max_values)| Rule {
            fold: fold.into_iter().collect(),
            allowed,
            others,
            pseudonym,
            max_values,
            ..Rule::default()
        },
    )
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn folding_twice_is_folding_once(rule in rule(), values in proptest::collection::vec(value(), 1..8)) {
        let rules = rules(Rule { fold: rule.fold, ..Rule::default() });
        prop_assume!(rules.check().is_ok());
        let once: Vec<String> = judged(&rules, &values).into_iter().map(|value| value.unwrap().unwrap()).collect();
        let twice: Vec<String> = judged(&rules, &once).into_iter().map(|value| value.unwrap().unwrap()).collect();
        prop_assert_eq!(&once, &twice);
        for (value, folded) in values.iter().zip(&once) {
            prop_assert!(value == folded || rules.of[0].1.fold.iter().any(|(target, _)| target == folded));
        }
    }

    #[test]
    fn pseudonyms_are_stable_and_keyed_and_distinct(a in ".{1,12}", b in ".{1,12}", key in "[a-z]{16,80}") {
        let (own, other) = (PseudonymKey::new(KEY.as_bytes()).unwrap(), PseudonymKey::new(key.as_bytes()).unwrap());
        prop_assert_eq!(own.pseudonym("user", &a), own.pseudonym("user", &a));
        prop_assert_eq!(a == b, own.pseudonym("user", &a) == own.pseudonym("user", &b));
        prop_assert_ne!(own.pseudonym("user", &a), other.pseudonym("user", &a));
        prop_assert_ne!(own.pseudonym("user", &a), own.pseudonym("tenant", &a).replace("tenant", "user"));
    }

    #[test]
    fn a_rule_keeps_its_word(rule in rule(), values in proptest::collection::vec(value(), 1..30)) {
        let rules = rules(rule);
        // What is wrong with a rule is found before it works; no rule at all makes it panic.
        let is_right = rules.check().is_ok();
        let told = judged(&rules, &values);
        prop_assume!(is_right);
        let rule = &rules.of[0].1;
        let distinct: BTreeSet<&String> =
            told.iter().flatten().flatten().filter(|value| *value != OVER_LIMIT).collect();
        if let Some(most) = rule.max_values {
            prop_assert!(distinct.len() as u64 <= most);
        }
        for (value, told) in values.iter().zip(&told) {
            prop_assert!(told.is_ok() || rule.others == Some(Others::Reject));
            let Ok(Some(shown)) = told else { continue };
            prop_assert!(!rule.pseudonym || shown != value);
            if rule.others.is_some_and(|others| others != Others::Keep) && !rule.pseudonym && shown != OVER_LIMIT {
                prop_assert!(rule.allowed.contains(shown));
            }
        }
    }

}

proptest! {
    #![proptest_config(cases(60))]

    /// No rule changes a sum but one that rejects, and that one loses just the rejected records.
    #[test]
    fn rules_change_names_and_no_sums(rule in rule(), values in proptest::collection::vec(value(), 1..12)) {
        let rules = rules(rule);
        prop_assume!(rules.check().is_ok());
        let fields: Vec<String> = values.iter().map(|value| format!(",\"feature\":\"{value}\"")).collect();
        let log = log(&fields.iter().map(String::as_str).collect::<Vec<_>>());
        let (plain, _) = imported(&log, Rules::default());
        let rejects = rules.of[0].1.others == Some(Others::Reject);
        let (ruled, rejected) = imported(&log, rules);
        prop_assert_eq!(ruled.0 + rejected, plain.0);
        if !rejects {
            prop_assert_eq!(ruled, plain);
        }
    }
}

/// Imports a text under rules; returns (calls, tokens, cost) and the rejected records.
fn imported(log: &str, rules: Rules) -> ((u64, u64, Usd), u64) {
    let world = World::new();
    let path = world.write("app.jsonl", log);
    let mut book = crate::world::book();
    let plan = attr::ops::import::ImportPlan {
        paths: vec![path],
        dimensions: std::sync::Arc::new(rules),
        ..Default::default()
    };
    let results = attr::ops::import::run(&mut book, &plan, &crate::world::Quiet).unwrap();
    let rejected = results.iter().map(|result| match &result.outcome {
        attr::ops::import::FileOutcome::In { tail, .. } => tail.rejected,
        other => panic!("{other:?}"),
    });
    let rejected = rejected.sum();
    let total = crate::world::total(&book.store);
    crate::world::assert_sound(&book.store);
    ((total.calls, total.tokens.iter().sum(), total.cost), rejected)
}
