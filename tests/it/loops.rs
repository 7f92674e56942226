//! Loops and retries: what is planted is found with its dollars, ordinary work stays silent, and the answer is the same
//! in whatever order a log is written.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::process::Command;

use attr::domain::Axis;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::rollup::Key;
use attr::domain::rollup::Logged;
use attr::domain::rollup::RollupQuery;
use attr::domain::rollup::Rollups;
use attr::ops::book::Book;
use attr::ops::loops;
use attr::ops::loops::LoopsPlan;
use attr::ops::loops::Shape;
use attr::render;
use attr::render::Format;
use attr::render::Style;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::world::World;
use crate::world::book;
use crate::world::cases;
use crate::world::import_text;

/// A small generator, so that a failure is the same on every machine.
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }

    /// Draws by a geometric law: most often few, sometimes many.
    fn often_few(&mut self, mean: u64) -> u64 {
        let mut count = 1;
        while self.between(1, mean) > 1 {
            count += 1;
        }
        count
    }
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

#[derive(Default)]
struct Log {
    lines: Vec<String>,
}

impl Log {
    /// Adds a call of `claude-sonnet-4-5`, so many seconds after the start of October 2026.
    fn call(&mut self, second: u64, feature: &str, prompt: u64, is_failed: bool, more: &[(&str, &str)]) {
        let mut line = json!({
            "ts": Timestamp(((1_790_812_800 + second) * 1_000_000_000) as i64).to_string(),
            "request_id": format!("r{}", self.lines.len()), "provider": "anthropic", "model": "claude-sonnet-4-5",
            "feature": feature, "uncached_input_tokens": prompt, "output_tokens": 100,
            "status": if is_failed { "timeout" } else { "ok" },
        });
        more.iter().for_each(|(key, value)| line[*key] = (*value).into());
        self.lines.push(format!("{line}\n"));
    }

    /// Adds runs of an agent whose contexts grow; some calls fail and are sent again.
    fn agent(&mut self, dice: &mut Dice, feature: &str, runs: u64, steps: impl Fn(&mut Dice) -> u64) {
        for run in 0..runs {
            let (mut second, mut context) = (dice.between(0, 13 * DAY), dice.between(3_000, 15_000));
            let id = format!("{feature}-{run}");
            for _ in 0..steps(dice) {
                let more = [("run_id", id.as_str()), ("agent", "main"), ("tenant", "t1")];
                if dice.between(1, 50) == 1 {
                    self.call(second, feature, context, true, &more);
                    second += 10;
                }
                self.call(second, feature, context, false, &more);
                context += dice.between(200, 1_500);
                second += dice.between(3, 60);
            }
        }
    }

    fn text(&self) -> String {
        self.lines.concat()
    }
}

fn plan(floor: Option<&str>, top: Option<usize>) -> LoopsPlan {
    LoopsPlan {
        window: Window::default(),
        zone: Zone::UTC,
        filter: Filter::default(),
        floor: floor.map(|floor| Usd::parse(floor).unwrap()),
        top,
        shape: Shape::Document,
    }
}

fn answered(book: &Book, plan: &LoopsPlan) -> Value {
    let report = loops::run(book, plan).unwrap();
    let mut out = Vec::new();
    render::render(&report, Format::Json, Style { width: None, color: false }, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn ask(log: &str, floor: Option<&str>) -> Value {
    let mut book = book();
    import_text(&mut book, "app.jsonl", log);
    answered(&book, &plan(floor, None))
}

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

/// Ordinary work of every kind: long tails, another kind of long run, a nightly job, failures without retries, chats.
fn ordinary(seed: u64) -> Log {
    let (mut dice, mut log) = (Dice(seed), Log::default());
    log.agent(&mut dice, "research", 150, |dice| dice.often_few(6));
    log.agent(&mut dice, "migrate", 60, |dice| if dice.between(1, 12) == 1 { 60 } else { 3 });
    for night in 0..14 {
        for at in 0..60 {
            let run = format!("night-{night}");
            log.call(night * DAY + 2 * HOUR + at * 3, "nightly", 5_000 + at % 7, false, &[("run_id", &run)]);
        }
    }
    let outage = dice.between(0, 13) * DAY + 10 * HOUR;
    for at in 0..400u64 {
        let (second, tenant) = (at * 14 * DAY / 400, format!("t{}", at % 9));
        log.call(second, "extract", dice.between(20_000, 120_000), dice.between(1, 50) == 1, &[("tenant", &tenant)]);
    }
    for at in 0..30 {
        let tenant = format!("t{}", at % 9);
        log.call(outage + at * 60, "extract", dice.between(20_000, 120_000), at % 2 == 0, &[("tenant", &tenant)]);
    }
    for session in 0..40 {
        let (id, mut second) = (format!("s{session}"), dice.between(0, 13 * DAY));
        for turn in 0..dice.often_few(7) {
            log.call(second, "chat", 1_000 + turn * 500, false, &[("session_id", &id)]);
            second += dice.between(10, 200);
        }
    }
    log
}

#[test]
fn ordinary_work_stays_silent() {
    for seed in 1..=6 {
        let answer = ask(&ordinary(seed).text(), Some("0.05"));
        assert_eq!(answer["loops"], json!([]), "seed {seed}");
        assert_eq!(answer["total"]["excess_usd"], "0");
    }
}

#[test]
fn a_run_without_an_end_is_found_with_its_dollars() {
    for (growth, kind) in [(0, "repeat"), (700, "growth")] {
        let mut log = ordinary(7);
        for at in 0..150 {
            let more = [("run_id", "endless"), ("agent", "main"), ("tenant", "t9")];
            log.call(5 * DAY + at * 20, "research", 12_000 + at * growth, false, &more);
        }
        let answer = ask(&log.text(), Some("0.5"));
        let found = &answer["loops"][0];
        assert_eq!(answer["loops"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(found["kind"], kind);
        assert_eq!(found["key"], json!({"feature": "research", "agent": "main", "tenant": "t9", "run": "endless"}));
        assert_eq!((&found["calls"], &found["repeats"]), (&json!(150), &json!(149)));
        assert_eq!(
            (&found["since"], &found["until"]),
            (&json!("2026-10-06T00:00:00Z"), &json!("2026-10-06T00:49:41Z"))
        );
        assert_eq!(found["command"], "attr trace run:endless");
        // 150 calls of 12,000 tokens and what they grew by, at 3 USD a million, and 100 tokens out at 15.
        let tokens: i128 = (0..150).map(|at| 12_000 + at * i128::from(growth)).sum();
        assert_eq!(usd(&found["cost_usd"]), Usd::from_pico(tokens * 3_000_000 + 150 * 100 * 15_000_000));
        assert_eq!(usd(&found["excess_usd"]), usd(&found["cost_usd"]) - usd(&found["usual_usd"]));
        // A usual run of six calls or so costs some cents.
        assert!(usd(&found["usual_usd"]) > Usd::ZERO && usd(&found["usual_usd"]) < Usd::parse("0.5").unwrap());
    }
}

/// The usual is the run in the middle: of nine that cost the same, that one.
#[test]
fn the_usual_is_the_run_in_the_middle() {
    let mut log = Log::default();
    for run in 0..9u64 {
        let id = format!("r{run}");
        (0..3).for_each(|at| log.call(run * HOUR + at * 9, "f", 10_000, false, &[("run_id", &id)]));
    }
    (0..50).for_each(|at| log.call(DAY + at * 9, "f", 10_000, false, &[("run_id", "round")]));
    let answer = ask(&log.text(), None);
    let found = &answer["loops"][0];
    assert_eq!((&found["usual_usd"], &found["cost_usd"]), (&json!("0.0945"), &json!("1.575")));
    assert_eq!((&found["kind"], &found["excess_usd"]), (&json!("repeat"), &json!("1.4805")));
    // A dollar is the floor; what costs less beyond the usual is left out.
    assert_eq!(answer["min_usd"], "1");
    assert_eq!(ask(&log.text(), Some("1.4805"))["loops"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&log.text(), Some("1.480500000001"))["loops"], json!([]));
}

/// A trace of its own for every call tells nothing: then sessions do. Where both tell of a loop, it is told once.
#[test]
fn an_id_for_every_call_holds_nothing_together() {
    for with_runs in [false, true] {
        let mut log = Log::default();
        for session in 0..20u64 {
            let id = format!("s{session}");
            for at in 0..3 {
                let trace = format!("trace-{session}-{at}");
                log.call(session * HOUR + at * 9, "f", 10_000, false, &[("session_id", &id), ("trace_id", &trace)]);
            }
        }
        for at in 0..80 {
            let trace = format!("trace-{at}");
            let more = [("session_id", "round"), ("trace_id", trace.as_str()), ("run_id", "run")];
            log.call(DAY + at * 9, "f", 10_000, false, &more[..2 + usize::from(with_runs)]);
        }
        // Runs of one call each, so that runs hold nothing together either.
        for run in 0..if with_runs { 1_000 } else { 0 } {
            let id = format!("r{run}");
            log.call(2 * DAY + run * 900, "f", 10_000, false, &[("run_id", &id)]);
        }
        let answer = ask(&log.text(), None);
        assert_eq!(answer["loops"].as_array().unwrap().len(), 1, "{answer}");
        let unit = if with_runs { "run:run" } else { "session:round" };
        assert_eq!(answer["loops"][0]["command"], format!("attr trace {unit}"));
    }
}

/// A long run of calls that have nothing to do with each other is long, and no loop.
#[test]
fn a_long_run_of_different_calls_is_no_loop() {
    let (mut dice, mut log) = (Dice(3), ordinary(7));
    for at in 0..150 {
        let size = 1_000 << dice.between(0, 6);
        log.call(5 * DAY + at * 20, "research", size, false, &[("run_id", "long"), ("agent", "main")]);
    }
    assert_eq!(ask(&log.text(), Some("0.05"))["loops"], json!([]));
}

/// A day alone has too few runs; the weeks before tell what is usual, and nothing of theirs is told.
#[test]
fn what_is_usual_is_learnt_from_the_weeks_before() {
    let mut log = Log::default();
    for run in 0..9u64 {
        let id = format!("r{run}");
        (0..3).for_each(|at| log.call(run * HOUR + at * 9, "f", 10_000, false, &[("run_id", &id)]));
    }
    (0..90).for_each(|at| log.call(12 * HOUR + at * 9, "f", 10_000, false, &[("run_id", "before")]));
    for request in 0..12 {
        retried(&mut log, 13 * HOUR + request * 200, 100_000 + request, 3, &[]);
        retried(&mut log, 3 * DAY + request * 200, 100_000 + request, 3, &[]);
    }
    (0..60).for_each(|at| log.call(3 * DAY + at * 9, "f", 10_000, false, &[("run_id", "round")]));
    let mut book = book();
    import_text(&mut book, "app.jsonl", log.text());
    let since = Some(Timestamp((1_790_812_800 + 2 * DAY) as i64 * 1_000_000_000));
    let answer = answered(&book, &LoopsPlan { window: Window { since, until: None }, ..plan(None, None) });
    let found = answer["loops"].as_array().unwrap();
    assert_eq!(found.len(), 2, "{answer}");
    assert_eq!((&found[0]["kind"], &found[0]["calls"]), (&json!("retry"), &json!(48)));
    assert_eq!((&found[1]["key"]["run"], &found[1]["usual_usd"]), (&json!("round"), &json!("0.0945")));
}

#[test]
fn too_few_runs_are_not_judged_and_said() {
    let mut log = Log::default();
    for run in 0..7u64 {
        let id = format!("r{run}");
        (0..3).for_each(|at| log.call(run * HOUR + at * 9, "f", 10_000, false, &[("run_id", &id)]));
    }
    (0..50).for_each(|at| log.call(DAY + at * 9, "f", 10_000, false, &[("run_id", "round")]));
    let answer = ask(&log.text(), None);
    assert_eq!(answer["loops"], json!([]));
    assert_eq!(answer["not_judged"], json!({"runs": 1, "cost_usd": "1.575"}));
    assert_eq!(answer["warnings"][0]["code"], "too_few_runs");
}

/// Sends a request until it works, after so many failures; returns how many calls that took.
fn retried(log: &mut Log, second: u64, prompt: u64, failures: u64, more: &[(&str, &str)]) {
    for at in 0..=failures {
        log.call(second + at * 30, "extract", prompt, at < failures, more);
    }
}

#[test]
fn a_storm_is_told_once_with_what_it_cost_beyond_one_try() {
    for with_runs in [true, false] {
        let (mut dice, mut log) = (Dice(5), ordinary(8));
        // Tries of 100,000 tokens cost 0.3015 each.
        for request in 0..12 {
            let (run, tenant) = (format!("x{request}"), format!("t{}", request % 5));
            let own = [("tenant", tenant.as_str()), ("run_id", run.as_str())];
            let second = 6 * DAY + dice.between(0, 2 * HOUR);
            retried(&mut log, second, 100_000 + request, 3, &own[..1 + usize::from(with_runs)]);
        }
        let answer = ask(&log.text(), None);
        assert_eq!(answer["loops"].as_array().unwrap().len(), 1, "{answer}");
        let found = &answer["loops"][0];
        assert_eq!((&found["kind"], &found["key"]), (&json!("retry"), &json!({"feature": "extract"})));
        assert_eq!((&found["calls"], &found["repeats"]), (&json!(48), &json!(36)));
        let tokens: i128 = (0..12).map(|request| 100_000 + request).sum();
        assert_eq!(usd(&found["excess_usd"]), Usd::from_pico(3 * (tokens * 3_000_000 + 12 * 100 * 15_000_000)));
        let by = if with_runs { "run" } else { "tenant" };
        let command = found["command"].as_str().unwrap();
        assert!(
            command.starts_with(&format!("attr slice --by {by},status --where feature=extract --since 2026-10-07T"))
        );
    }
}

/// A request that no answer ever came to has cost its first try in any case.
#[test]
fn a_request_that_never_worked_cost_its_first_try_anyway() {
    let mut log = ordinary(9);
    for request in 0..8u64 {
        let run = format!("x{request}");
        (0..4).for_each(|at| log.call(6 * DAY + request * 60 + at * 5, "extract", 200_000, true, &[("run_id", &run)]));
    }
    let found = ask(&log.text(), None)["loops"][0].clone();
    assert_eq!((&found["calls"], &found["repeats"]), (&json!(32), &json!(24)));
    assert_eq!(usd(&found["excess_usd"]), usd(&json!("14.436")));
    assert_eq!(usd(&found["usual_usd"]), usd(&json!("4.812")));
}

/// The words of the command are those that were meant, whatever an id holds; a shell reads nothing else into them.
#[cfg(unix)]
#[test]
fn a_shell_takes_the_command_as_it_stands() {
    for id in ["plain-1", "it's $(touch x) `y` \"z\" \\ *", "a b;c|d&e>f", "-n", "ü€", "new\nline"] {
        let mut log = Log::default();
        for run in 0..9u64 {
            let other = format!("r{run}");
            log.call(run * HOUR, "f", 10_000, false, &[("run_id", &other)]);
        }
        (0..60).for_each(|at| log.call(DAY + at * 9, "f", 10_000, false, &[("run_id", id)]));
        let answer = ask(&log.text(), None);
        let command = answer["loops"][0]["command"].as_str().unwrap();
        let script = format!("attr() {{ printf '%s\\0' \"$@\"; }}\n{command}");
        let ran = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), format!("trace\0run:{id}\0"), "{command}");
    }
}

/// The command of a storm selects the calls of the storm, by any name.
#[test]
fn the_command_of_a_storm_shows_its_calls() {
    for feature in ["extract", "a,b c", ""] {
        let world = World::new();
        let mut log = Log::default();
        for at in 0..200 {
            log.call(at * 2 * HOUR, feature, 20_000 + at * 10, false, &[]);
        }
        for request in 0..12u64 {
            for at in 0..4 {
                log.call(6 * DAY + request * 100 + at * 9, feature, 100_000 + request, at < 3, &[("user", "u'1")]);
            }
        }
        world.write("app.jsonl", log.text());
        world.attr(&["import", "app.jsonl"]).ended(0);
        let answer = world.attr(&["loops", "--json"]).ended(0).json();
        let found = &answer["loops"][0];
        assert_eq!(found["calls"], 48, "{answer}");
        let program = env!("CARGO_BIN_EXE_attr");
        let script = format!("attr() {{ '{program}' \"$@\" --json; }}\n{}", found["command"].as_str().unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env_clear().env("ATTR_DB", world.db()).env("HOME", world.path(""));
        let shown: Value = serde_json::from_slice(&shell.output().unwrap().stdout).unwrap();
        // Other work of the feature in those minutes is shown with it.
        assert!((48..=50).contains(&shown["total"]["calls"].as_u64().unwrap()), "{shown}");
        assert_eq!(shown["total"]["errors"], 36);
    }
}

#[test]
fn nothing_and_nonsense_are_said() {
    let world = World::new();
    world.write("none.jsonl", "");
    let ran = world.attr(&["loops", "--from", "none.jsonl", "--json"]).ended(0).says("the store holds no call");
    assert_eq!((&ran.json()["loops"], &ran.json()["total"]["excess_usd"]), (&json!([]), &json!("0")));
    let mut log = Log::default();
    log.call(0, "f\u{1b}[2J", 100, true, &[]);
    world.write("log.jsonl", log.text().replace("claude-sonnet-4-5", "nobody-knows"));
    let ran = world.attr(&["loops", "--from", "log.jsonl"]).ended(0);
    ran.says("unknown_model 1").says("no call has a run, trace or session");
    world.attr(&["loops", "--from", "log.jsonl", "--period", "2020-01"]).ended(0).says("no call in this window");
    for wrong in ["few", "-1", "1e99", ""] {
        world.attr(&["loops", "--from", "log.jsonl", &format!("--min-usd={wrong}")]).ended(2);
    }
    world.attr(&["loops", "--from", "log.jsonl", "--where", "featrue=x"]).ended(2).says("no dimension `featrue`");
}

/// Any calls at all: few values, so that there are ties, runs of many, retries, and equal instants.
fn any_call() -> impl Strategy<Value = String> {
    let id = |most: u8| option::weighted(0.7, 0..most);
    let prompt = prop_oneof![Just(0u64), Just(1u64), Just(50_000), 40_000u64..60_000, Just(9_000_000_000)];
    (0u64..400, prompt, any::<bool>(), [id(3), id(2), id(2), id(2)], 0u8..2).prop_map(
        |(minute, prompt, failed, [run, session, user, agent], model)| {
            let mut log = Log::default();
            log.call(minute * 20, "f", prompt, failed, &[]);
            let mut line: Value = serde_json::from_str(&log.lines[0]).unwrap();
            for (key, value) in [("run_id", run), ("session_id", session), ("user", user), ("agent", agent)] {
                if let Some(value) = value {
                    line[key] = format!("{key}-{value}").into();
                }
            }
            if model > 0 {
                line["model"] = "claude-haiku-4-5".into();
            }
            line.as_object_mut().unwrap().remove("request_id");
            line.to_string()
        },
    )
}

proptest! {
    #![proptest_config(cases(12))]

    /// Whatever comes in, the rows sum to the total, cut or not, and the order of the lines has no say.
    #[test]
    fn rows_sum_and_order_has_no_say(calls in vec(any_call(), 1..120), seed in 1u64..50, top in 0usize..3) {
        // Ids by place, so that a line is the same call wherever it stands.
        let log: Vec<String> = calls.iter().enumerate().map(|(n, line)| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["request_id"] = format!("r{n}").into();
            format!("{line}\n")
        }).collect();
        let answer = ask(&log.concat(), Some("0"));
        let mut shuffled = log.clone();
        let mut dice = Dice(seed);
        (1..shuffled.len()).for_each(|at| shuffled.swap(at, dice.between(0, at as u64) as usize));
        prop_assert_eq!(&ask(&shuffled.concat(), Some("0")), &answer);
        let mut book = book();
        import_text(&mut book, "app.jsonl", log.concat());
        for top in [None, Some(top)] {
            let answer = answered(&book, &plan(Some("0"), top));
            for key in ["cost_usd", "usual_usd", "excess_usd"] {
                let sum: Usd = answer["loops"].as_array().unwrap().iter().map(|row| usd(&row[key])).sum();
                prop_assert_eq!(sum, usd(&answer["total"][key]));
            }
        }
    }

    /// Calls that are read one by one are those that the sums are of.
    #[test]
    fn steps_are_the_calls_of_their_sums(calls in vec(any_call(), 1..60), agents in vec(option::of(0u8..3), 0..3), days in 0u64..3) {
        let mut book = book();
        import_text(&mut book, "app.jsonl", calls.iter().map(|line| format!("{line}\n")).collect::<String>());
        let since = Timestamp(((1_790_812_800 + days * HOUR) * 1_000_000_000) as i64);
        let query = RollupQuery {
            by: ["run", "agent", "session"].iter().map(|name| Axis::parse(name)).collect(),
            window: Window { since: Some(since), until: None },
            filter: Filter(vec![attr::domain::Condition::parse("user=user-0,").unwrap()]),
            zone: Zone::UTC,
            logged: Logged::Ignored,
        };
        let runs = [None, Some("run_id-0"), Some("run_id-2")];
        let keys: HashSet<Key> = agents.iter().flat_map(|agent| runs.map(|run| {
            vec![run.map(Into::into), agent.map(|agent| format!("agent-{agent}").into())]
        })).collect();
        let steps = book.steps(&query, &keys).unwrap();
        let wanted = book.rollup(&query).unwrap();
        let mut left = steps.len() as u64;
        for group in wanted.groups().filter(|group| keys.contains(&group.key[..2])) {
            let own: Vec<_> = steps.iter().filter(|step| step.key == group.key).collect();
            left -= own.len() as u64;
            prop_assert_eq!(own.len() as u64, group.measures.calls);
            prop_assert_eq!(own.iter().filter(|step| step.failed).count() as u64, group.measures.errors);
            prop_assert_eq!(own.iter().map(|step| step.cost).sum::<Usd>(), group.measures.cost);
            let prompt: u64 = own.iter().map(|step| step.prompt).sum();
            prop_assert_eq!(prompt + own.iter().map(|step| step.output).sum::<u64>(), group.measures.tokens.iter().sum::<u64>());
            prop_assert!(own.iter().all(|step| step.ts >= since));
        }
        prop_assert_eq!(left, 0);
    }
}
