//! Runs as trees: every piece has one place, parts sum to wholes, and the whole is what a slice says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use attr::analyze::levels;
use attr::analyze::levels::Level;
use attr::analyze::outline;
use attr::analyze::outline::Cut;
use attr::analyze::outline::Line;
use attr::analyze::slice::Row;
use attr::analyze::slice::Slice;
use attr::analyze::trace::Kind;
use attr::analyze::trace::Piece;
use attr::analyze::trace::Tree;
use attr::domain::Timestamp;
use attr::domain::Usd;
use attr::domain::rollup::Measures;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::world::World;
use crate::world::cases;

fn cost(pico: u32) -> Measures {
    Measures { calls: 1, cost: Usd::from_pico(i128::from(pico)), ..Measures::default() }
}

fn sum<'m>(parts: impl IntoIterator<Item = &'m Measures>) -> Measures {
    let mut sum = Measures::default();
    parts.into_iter().for_each(|part| sum.add(part));
    sum
}

/// Few ids, so that there are doubles, orphans, and circles of any length, of one piece too.
fn any_piece() -> impl Strategy<Value = Piece> {
    let id = || option::weighted(0.8, 0u8..8);
    let agent = option::of(proptest::sample::select(vec!["a", "a/b", "a/c", "b", "a//b", "/", ""]));
    (id(), vec(0u8..10, 0..3), agent, option::of(0i64..50), option::weighted(0.7, any::<u32>()), 0u8..2).prop_map(
        |(id, below, agent, start, pico, model)| Piece {
            kind: if pico.is_some() { Kind::Call } else { Kind::Span },
            name: "work".into(),
            id: id.map(|id| (None, id.to_string())),
            below: below.into_iter().map(|id| (None, id.to_string())).collect(),
            agent: agent.map(str::to_string),
            start: start.map(Timestamp),
            end: None,
            call: pico.map(i64::from),
            model: Some(model.to_string()),
            held: None,
            own: pico.map(cost).unwrap_or_default(),
        },
    )
}

fn lines_add_up(lines: &[Line<'_>], level: usize, deepest: usize) {
    assert!(lines.is_empty() || level < deepest, "level {level} of {deepest}");
    for line in lines {
        let mut parts = sum(line.children.iter().map(|child| &child.inclusive));
        parts.add(&line.own);
        parts.add(&line.below.as_ref().map(|(_, below)| below.clone()).unwrap_or_default());
        assert_eq!(parts, line.inclusive);
        lines_add_up(&line.children, level + 1, deepest);
    }
}

fn shown(lines: &[Line<'_>]) -> usize {
    lines
        .iter()
        .map(|line| line.calls.max(1) + shown(&line.children) + line.below.as_ref().map_or(0, |(count, _)| *count))
        .sum()
}

proptest! {
    #![proptest_config(cases(512))]

    /// Whatever pieces say of their parents: each has one place, and every node is the sum of its parts.
    #[test]
    fn every_piece_has_one_place(pieces in vec(any_piece(), 0..40), depth in option::of(1usize..5), alike in option::of(0usize..3)) {
        let wanted = sum(pieces.iter().map(|piece| &piece.own));
        let count = pieces.len();
        let mut tree = Tree::grow(pieces);
        prop_assert_eq!(&tree.total(), &wanted);
        let (mut seen, mut open) = (BTreeSet::new(), tree.roots.clone());
        while let Some(at) = open.pop() {
            prop_assert!(seen.insert(at), "node {} has two places", at);
            let node = &tree.nodes[at];
            let mut parts = sum(node.children.iter().map(|child| &tree.nodes[*child].inclusive));
            parts.add(&node.piece.own);
            prop_assert_eq!(&parts, &node.inclusive);
            let ranks: Vec<_> = node.children.iter().map(|child| tree.nodes[*child].piece.start).collect();
            let known: Vec<_> = ranks.iter().flatten().collect();
            prop_assert!(known.is_sorted() && ranks[..known.len()].iter().all(Option::is_some), "{:?}", ranks);
            open.extend(&node.children);
        }
        prop_assert_eq!(seen.len(), tree.nodes.len());
        prop_assert!(tree.nodes.len() >= count);
        let lines = outline::outline(&tree, Cut { depth, alike });
        prop_assert_eq!(sum(lines.iter().map(|line| &line.inclusive)), wanted.clone());
        lines_add_up(&lines, 0, depth.unwrap_or(outline::DEEPEST));
        prop_assert_eq!(shown(&lines), tree.nodes.len());
        tree.prune();
        prop_assert_eq!(tree.total(), wanted);
    }

    /// Levels of a slice sum to the lines above them, whatever the paths; every row is one line.
    #[test]
    fn levels_add_up(
        rows in proptest::collection::btree_map(
            (option::of(0u8..3), option::of(proptest::sample::select(vec!["a", "b", "a/b", "a/b/c", "a/c", "a/", "/a", "a//b", ""]))),
            any::<u32>(), 0..20),
        by_agent_first in any::<bool>(),
        has_other in any::<bool>(),
    ) {
        let row = |key: Vec<Option<Arc<str>>>, is_other, pico| Row {
            key, is_other, measures: cost(pico), share: None, baseline: None, units: None,
        };
        let text = |tenant: Option<u8>| tenant.map(|tenant| Arc::from(tenant.to_string()));
        let mut slice_rows: Vec<Row> = rows.iter().map(|((tenant, agent), pico)| {
            let (tenant, agent) = (text(*tenant), agent.map(Arc::from));
            row(if by_agent_first { vec![agent, tenant] } else { vec![tenant, agent] }, false, *pico)
        }).collect();
        if has_other {
            slice_rows.push(row(vec![Some("(other)".into()), Some("(other)".into())], true, 7));
        }
        let total = sum(slice_rows.iter().map(|row| &row.measures));
        let slice = Slice { rows: slice_rows, total: total.clone(), baseline: None, units: None, others: 0 };
        let lines = levels::levels(&slice, &[by_agent_first, !by_agent_first]);
        prop_assert_eq!(sum(lines.iter().map(|line| &line.measures)), total.clone());
        let mut seen = Vec::new();
        each(&lines, &mut |line| {
            if !line.children.is_empty() {
                assert_eq!(sum(line.children.iter().map(|child| &child.measures)), line.measures);
            }
            seen.extend(line.row);
        });
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..slice.rows.len()).collect::<Vec<_>>());
        // The subtotals of the first level sum to the total, unless rows end there themselves.
        if !by_agent_first {
            let subtotals = levels::subtotals(&lines, 2);
            let first = subtotals.iter().filter(|line| line.key.len() == 1);
            prop_assert_eq!(sum(first.map(|line| &line.measures)), total);
        }
    }
}

fn each(lines: &[Level], on: &mut impl FnMut(&Level)) {
    for line in lines {
        on(line);
        each(&line.children, on);
    }
}

/// A span of a trace, with usage if it has tokens.
fn span(trace: u8, id: u8, parent: Option<u8>, operation: &str, tokens: Option<u64>, response: Option<&str>) -> String {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut attributes = vec![text("gen_ai.operation.name", operation)];
    if let Some(tokens) = tokens {
        attributes.extend([text("gen_ai.provider.name", "openai"), text("gen_ai.request.model", "gpt-5-mini")]);
        for key in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
            attributes.push(json!({"key": key, "value": {"intValue": tokens.to_string()}}));
        }
    }
    attributes.extend(response.map(|id| text("gen_ai.response.id", id)));
    let start = 1_790_812_800_000_000_000u64 + u64::from(id) * 1_000_000_000;
    let mut json = json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "name": format!("{operation} {id}"),
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 500_000_000).to_string(), "attributes": attributes,
    });
    if let Some(parent) = parent {
        json["parentSpanId"] = format!("{parent:016x}").into();
    }
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [json]}]}]}).to_string() + "\n"
}

fn usd(value: &Value) -> Usd {
    Usd::parse(value.as_str().unwrap()).unwrap()
}

/// Fails unless every node of a document is the sum of its parts; returns the sum of the nodes given.
fn adds_up(nodes: &Value) -> (Usd, u64) {
    let (mut cost, mut calls) = (Usd::ZERO, 0);
    for node in nodes.as_array().unwrap() {
        let (below, counted) = adds_up(&node["children"]);
        assert_eq!(usd(&node["own"]["cost_usd"]) + below, usd(&node["inclusive"]["cost_usd"]), "{node}");
        assert_eq!(node["own"]["calls"].as_u64().unwrap() + counted, node["inclusive"]["calls"].as_u64().unwrap());
        cost += usd(&node["inclusive"]["cost_usd"]);
        calls += node["inclusive"]["calls"].as_u64().unwrap();
    }
    (cost, calls)
}

proptest! {
    #![proptest_config(cases(12))]

    /// From file to document: the tree of a trace has the calls and the cost that a slice has.
    #[test]
    fn a_tree_says_what_a_slice_says(
        spans in vec((option::of(0u8..14), 0usize..3, option::weighted(0.8, 1u64..5_000), option::weighted(0.3, 0u8..3)), 1..12),
    ) {
        let world = World::new();
        let file: String = spans.iter().enumerate().map(|(at, (parent, operation, tokens, response))| {
            let operation = ["chat", "invoke_agent", "execute_tool"][*operation];
            let response = response.map(|id| format!("chatcmpl-{id}"));
            span(9, at as u8 + 1, *parent, operation, *tokens, response.as_deref())
        }).collect();
        world.write("spans.jsonl", file);
        world.attr(&["import", "spans.jsonl"]).ended(0);
        let id = format!("{:032x}", 9);
        let tree = world.attr(&["trace", &id, "--json"]).ended(0).json();
        let whole = world.attr(&["slice", "--where", &format!("trace={id}"), "--json"]).ended(0).json();
        prop_assert_eq!(&tree["total"], &whole["total"]);
        let total = (usd(&tree["total"]["cost_usd"]), tree["total"]["calls"].as_u64().unwrap());
        prop_assert_eq!(adds_up(&tree["tree"]), total);
    }
}

/// The span of a call stays where it is when another record of the call is the one that counts, which stands below it.
#[test]
fn a_record_that_counts_stands_where_its_span_is() {
    let world = World::new();
    let id = "chatcmpl-AbCdEf012345";
    let spans = span(1, 1, None, "invoke_agent", None, None) + &span(1, 2, Some(1), "chat", Some(100), Some(id));
    world.write("spans.jsonl", spans);
    let answer = json!({"id": id, "object": "chat.completion", "created": 1_790_812_802, "model": "gpt-5-mini",
        "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}});
    world.write("answers.jsonl", answer.to_string());
    world.attr(&["import", "spans.jsonl", "answers.jsonl"]).ended(0);
    let total = world.total();
    assert_eq!(total.0, 1);
    let tree = world.attr(&["trace", &format!("{:032x}", 1), "--json"]).ended(0).json();
    assert_eq!(adds_up(&tree["tree"]), (total.1, total.0));
    let span = &tree["tree"][0]["children"][0];
    assert_eq!(span["name"], "chat 2");
    assert_eq!(span["not_counted"]["reason"], "merged", "{tree}");
    let counted = &span["children"][0];
    assert_eq!(span["not_counted"]["represented_by"], json!([counted["call"]]));
    // The record that is not counted is found by its number, and by its id with the one that is.
    let held = world.attr(&["explain", &span["call"].to_string(), "--json"]).ended(0).json();
    assert_eq!(held["not_counted"][0], json!({"reason": "merged", "represented_by": [counted["call"]]}));
    let kept = world.attr(&["explain", id, "--json"]).ended(0).json();
    assert_eq!(kept["call"]["id"], counted["call"]);
    assert_eq!(kept["counted_for"][0]["call"], span["call"]);
}

/// A call whose application names a trace of its own is in the tree of its span, and the answer says so.
#[test]
fn a_call_that_names_another_trace_is_told() {
    let world = World::new();
    let id = "chatcmpl-AbCdEf012345";
    world.write("spans.jsonl", span(1, 1, None, "chat", Some(100), Some(id)));
    let app = json!({"ts": "2026-10-01T00:00:02Z", "response_id": id, "provider": "openai", "model": "gpt-5-mini",
        "input_tokens": 100, "output_tokens": 100, "trace_id": "of-the-application"});
    world.write("app.jsonl", app.to_string());
    world.attr(&["import", "spans.jsonl", "app.jsonl"]).ended(0);
    assert_eq!(world.total().0, 1);
    for trace in [format!("{:032x}", 1), "of-the-application".to_string()] {
        let whole = world.attr(&["slice", "--where", &format!("trace={trace}"), "--json"]).ended(0).json();
        let ran = world.attr(&["trace", &trace, "--json"]).ended(0);
        let tree = ran.json();
        assert_eq!(adds_up(&tree["tree"]), (world.total().1, 1));
        let warns = tree["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == "other_trace");
        assert_eq!(warns, whole["total"]["calls"] != json!(1), "{trace}");
    }
}

/// A rollup adds nothing, and says what it sums.
#[test]
fn a_rollup_adds_nothing() {
    let world = World::new();
    let spans = [
        span(1, 1, None, "invoke_agent", Some(300), None),
        span(1, 2, Some(1), "chat", Some(100), None),
        span(1, 3, Some(1), "chat", Some(200), None),
    ];
    world.write("spans.jsonl", spans.concat());
    world.attr(&["import", "spans.jsonl"]).ended(0);
    let tree = world.attr(&["trace", &format!("{:032x}", 1), "--json"]).ended(0).json();
    let rollup = &tree["tree"][0];
    assert_eq!((&rollup["own"]["calls"], &rollup["inclusive"]["calls"]), (&json!(0), &json!(2)));
    assert_eq!(adds_up(&tree["tree"]), (world.total().1, 2));
    let held = world.attr(&["explain", &rollup["call"].to_string(), "--json"]).ended(0).json();
    assert_eq!(held["not_counted"], json!([{"reason": "rollup", "represented_by": [2, 3]}]));
}

/// An id leads to what it names; what could be several is listed and not guessed.
#[test]
fn an_id_leads_to_one_thing_or_says_which() {
    let world = World::new();
    let call = |id: &str, session: &str, run: &str| {
        json!({"request_id": id, "ts": "2026-10-01T00:00:00Z", "model": "gpt-5-mini", "provider": "openai",
            "input_tokens": 100, "output_tokens": 10, "session_id": session, "run_id": run})
        .to_string()
            + "\n"
    };
    let file = call("first-request", "sess-one", "both")
        + &call("second-request", "sess-two", "both")
        + &call("third-request", "both", "")
        + &call("fourth-request", "", "");
    world.write("app.jsonl", file);
    world.attr(&["import", "app.jsonl"]).ended(0);
    let kind = |id: &str| {
        let tree = world.attr(&["trace", id, "--json"]).ended(0).json();
        format!("{}:{}", tree["kind"].as_str().unwrap(), tree["trace"].as_str().unwrap())
    };
    for (id, wanted) in [
        ("sess-one", "session:sess-one"),
        ("sess-o", "session:sess-one"),
        ("1", "session:sess-one"),
        ("call:2", "session:sess-two"),
        ("second", "session:sess-two"),
        ("run:both", "run:both"),
        ("session:both", "session:both"),
    ] {
        assert_eq!(kind(id), wanted, "{id}");
    }
    world.attr(&["trace", "both"]).ended(2).says("run:both").says("session:both");
    world.attr(&["trace", "sess-t"]).ended(0);
    world.attr(&["trace", "sess-"]).ended(2).says("no trace, run, session or call");
    world.attr(&["trace", "fourth-request"]).ended(2).says("has no trace, run or session");
    world.attr(&["trace", "nothing-like-it"]).ended(2).says("no trace, run, session or call");
}

/// Prices named for the question hold for the tree too.
#[test]
fn a_tree_is_priced_by_the_prices_named() {
    let world = World::new();
    world.write("spans.jsonl", span(1, 1, None, "chat", Some(1_000), None));
    world.attr(&["import", "spans.jsonl"]).ended(0);
    world.write("terms.toml", "[[override]]\nseller = \"openai\"\ndiscount = \"0.5\"\n");
    let id = format!("{:032x}", 1);
    let terms = |args: &[&str]| world.attr(&[args, &["--json", "--overrides", "terms.toml"]].concat()).ended(0).json();
    let (slice, tree) = (terms(&["slice"]), terms(&["trace", &id]));
    assert_eq!(tree["total"], slice["total"]);
    assert_eq!(usd(&tree["total"]["list_usd"]), world.total().1);
    assert!(usd(&tree["total"]["cost_usd"]) < world.total().1);
}

/// A chain deeper than any reader follows is summed where the outline ends, and stays JSON that others read.
#[test]
fn a_deep_chain_is_cut_and_not_lost() {
    let piece = |at: usize| Piece {
        kind: Kind::Call,
        name: "work".into(),
        id: Some((None, at.to_string())),
        below: at.checked_sub(1).map(|above| (None, above.to_string())).into_iter().collect(),
        agent: None,
        start: None,
        end: None,
        call: Some(at as i64),
        model: None,
        held: None,
        own: cost(1),
    };
    let tree = Tree::grow((0..100_000).map(piece).collect());
    let lines = outline::outline(&tree, Cut::default());
    lines_add_up(&lines, 0, outline::DEEPEST);
    assert_eq!(lines[0].inclusive.calls, 100_000);
    assert_eq!(shown(&lines), 100_000);
}
