//! OTLP traces: what instrumentations call things, and what they count.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::SpanRole;
use attr::read::formats;
use attr::read::framing::Framing;
use attr::read::otlp::Otlp;

use super::Kept;
use super::Seen;
use super::expect;
use super::on_line;
use super::read;
use super::sample;

fn traces() -> Kept {
    read(&Otlp, &sample("otlp/traces.jsonl"))
}

fn dialects() -> Kept {
    read(&Otlp, &sample("otlp/dialects.jsonl"))
}

fn on(kept: &Kept, line: u64) -> Vec<Seen> {
    on_line(kept, line).into_iter().cloned().collect()
}

/// One request of a model by the conventions, with attributes of the test's own.
fn with(attributes: &str) -> Kept {
    let span = format!(
        r#"{{"traceId":"t","spanId":"s","startTimeUnixNano":"1780300800000000000","name":"chat","attributes":{{{attributes}}}}}"#
    );
    read(&Otlp, &format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{span}]}}]}}]}}\n"))
}

#[test]
fn the_ai_sdk_is_inclusive_since_its_own_package_and_open_before() {
    let kept = dialects();
    let now = &on(&kept, 1)[0];
    expect(now, &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
    assert_eq!(now.flags, ["ttl_unknown"]);
    let older = on(&kept, 2);
    expect(&older[0], &[("input", 1200), ("cache_read", 1000), ("output", 350)]);
    assert_eq!(
        (older[0].flags.as_slice(), older[0].others.as_slice()),
        (["inclusive_guessed"].as_slice(), [200].as_slice())
    );
    assert_eq!(older[0].dims["feature"], "draft-reply");
    assert_eq!((older[1].dims["provider"].as_str(), older[1].dims["model"].as_str()), ("vertex", "gemini-2.5-flash"));
    expect(&older[3], &[("input", 64)]);
    assert_eq!((older[2].flags.as_slice(), older[3].unpriced), (["rollup"].as_slice(), None));
}

#[test]
fn openinference_kinds_nodes_and_costs() {
    let kept = dialects();
    let calls = on(&kept, 3);
    expect(&calls[0], &[("input", 200), ("cache_read", 100), ("output", 90)]);
    assert_eq!((calls[0].reasoning, calls[0].dims["provider"].as_str()), (40, "azure"));
    assert_eq!(calls[0].cost, Usd::parse("0.0003").ok());
    expect(&calls[1], &[("input", 50)]);
    assert_eq!(calls[1].unpriced, None, "a ranking has no output");
    let agent = kept.spans.iter().find(|span| span.trace.ends_with("4b03")).expect("kept");
    assert_eq!((agent.dims["agent"].as_str(), agent.extra["agent_parent"].as_str()), ("writer", "editor"));
    assert_eq!((agent.dims["tenant"].as_str(), agent.dims["feature"].as_str()), ("acme", "essay"));
    assert_eq!(agent.extra["tag.beta"], "true");
}

#[test]
fn openllmetry_entities_and_associations() {
    let kept = dialects();
    let call = &on(&kept, 4)[0];
    let dims = [("agent", "triage"), ("user", "u-9"), ("session", "s-3"), ("tenant", "globex"), ("prompt", "triage-v")];
    for (dim, value) in dims {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.dims["prompt_version"], "3");
    assert!(!call.dims.contains_key("provider"), "a framework sells nothing");
    let agent = kept.spans.iter().find(|span| span.trace.ends_with("4b04")).expect("kept");
    assert_eq!((agent.dims["agent"].as_str(), agent.extra["workflow"].as_str()), ("triage", "inbox"));
}

#[test]
fn a_cost_goes_by_many_names_one_of_them_of_tokens() {
    let kept = dialects();
    let costs: Vec<_> = (5..=9).map(|line| on(&kept, line)[0].cost).collect();
    assert_eq!(costs, ["0.0021", "0.0022", "0.0023", "0.0024", "0.006"].map(|cost| Usd::parse(cost).ok()));
    assert_eq!(with(r#""gen_ai.operation.name":"chat","gen_ai.cost.total":"much""#).rejections.len(), 1);
}

#[test]
fn sums_of_an_agents_work_are_no_usage() {
    let kept = dialects();
    let calls = on(&kept, 10);
    assert_eq!(calls.len(), 2, "the framework's span and the client's: the store keeps the inner one");
    let remote = kept.spans.iter().find(|span| span.dims.get("agent").is_some_and(|agent| agent == "remote"));
    let remote = remote.expect("kept");
    assert_eq!((remote.role, remote.extra["agent_id"].as_str()), (SpanRole::Structure, "ag_7"));
}

#[test]
fn coding_agents_trace_themselves() {
    let kept = dialects();
    let claude = &on(&kept, 11)[0];
    expect(claude, &[("input", 2), ("cache_read", 84_562), ("cache_write_5m", 7096), ("output", 1200)]);
    assert_eq!((claude.id.as_deref(), claude.ttft), (Some("req_011Va"), Some(900)));
    let codex = &on(&kept, 12)[0];
    expect(codex, &[("input", 2000), ("cache_read", 7000), ("output", 400)]);
    assert_eq!(codex.reasoning, 150);
    // On anybody else's span these names mean nothing.
    let other = with(r#""gen_ai.operation.name":"chat","gen_ai.request.model":"m","input_tokens":5,"output_tokens":1"#);
    assert_eq!(other.calls[0].unpriced, Some(Unpriced::UsageMissing));
}

#[test]
fn a_count_under_a_new_name_is_no_zero() {
    let kept = dialects();
    for call in on(&kept, 13) {
        assert_eq!(call.unpriced, Some(Unpriced::UsageMissing), "{call:?}");
    }
    let whole = with(
        r#""gen_ai.operation.name":"chat","gen_ai.request.model":"m","gen_ai.usage.input_tokens":5,"gen_ai.usage.total_tokens":5"#,
    );
    assert_eq!(whole.calls[0].unpriced, None, "the total says that nothing came out");
    let unnamed = with(r#""gen_ai.usage.input_tokens":5,"gen_ai.usage.output_tokens":1,"some.new.key":{"a":[1]}"#);
    expect(&unnamed.calls[0], &[("input", 5), ("output", 1)]);
}

#[test]
fn metadata_may_be_a_list_of_pairs_and_an_answer_wrapped() {
    let kept = dialects();
    assert_eq!(on(&kept, 14)[0].dims["team"], "growth");
    assert_eq!(on(&kept, 15)[0].dims["provider"], "google");
}

#[test]
fn metrics_are_refused_with_what_to_do() {
    for text in ["{\"resourceMetrics\":[]}\n", "{\"resource_metrics\":[]}\n"] {
        let framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).expect("memory");
        let shape = framing.shape().expect("text");
        let refusal = formats::detect(&framing, shape).err().expect("refused").to_string();
        assert!(refusal.contains("metrics") && refusal.contains("traces or logs"), "{refusal}");
    }
}

#[test]
fn providers_are_known_with_the_api_behind_them() {
    for (said, seller) in [
        ("google.vertex.chat", "vertex"),
        ("vertex.anthropic.messages", "vertex"),
        ("google.generative-ai", "google"),
        ("openai.responses", "openai"),
        ("az.ai.openai", "azure"),
        ("azure-openai.chat", "azure"),
        ("amazon-bedrock", "bedrock"),
        ("x_ai", "xai"),
        ("my.own.gateway", "my.own.gateway"),
    ] {
        assert_eq!(attr::read::provider::fold(said), seller);
    }
}

#[test]
fn a_span_becomes_a_call_with_its_place_in_the_trace() {
    let kept = traces();
    let call = &kept.calls[0];
    assert_eq!(call.id.as_deref(), Some("msg_01Ta"));
    assert_eq!(call.dims["trace"], "4bf92f3577b34da6a3ce929d0e0e4701");
    assert_eq!(call.span.as_deref(), Some("00f067aa0ba90001"));
    assert_eq!(call.parent.as_deref(), Some("00f067aa0ba9ffff"));
    assert_eq!((call.ts.as_str(), call.latency), ("2026-06-01T08:00:00.123Z", Some(2500)));
    for (dim, value) in [("agent", "triage"), ("session", "s-9"), ("environment", "prod"), ("provider", "anthropic")] {
        assert_eq!(call.dims[dim], value);
    }
    assert_eq!(call.extra["service"], "helpdesk");
    assert_eq!(call.dims["feature"], "helpdesk", "the service, last of all: what a span above says stands before it");
    assert_eq!(
        (call.flags.as_slice(), call.others.as_slice()),
        (["inclusive_guessed", "ttl_unknown"].as_slice(), [5200].as_slice())
    );
}

#[test]
fn instrumentations_that_deviate_are_known_by_scope() {
    let kept = traces();
    let (openllmetry, openinference) = (on_line(&kept, 2)[0], on_line(&kept, 3)[0]);
    assert_eq!(openllmetry.dims["provider"], "bedrock");
    assert_eq!(openllmetry.flags, ["ttl_unknown"], "exclusive by its source: nothing guessed");
    expect(openinference, &[("input", 5000), ("cache_read", 2000), ("cache_write_5m", 500), ("output", 350)]);
    let openai = on_line(&kept, 4)[0];
    assert_eq!((openai.reasoning, openai.dims["model"].as_str()), (120, "gpt-5.6-2026-03-05"));
    assert_eq!((openai.extra["model_requested"].as_str(), openai.dims["tier"].as_str()), ("gpt-5.6", "standard"));
    let google = on_line(&kept, 5)[0];
    expect(google, &[("input", 1000), ("output", 320)]);
    assert_eq!((google.reasoning, google.dims["provider"].as_str()), (240, "google"));
    let ai_sdk = on_line(&kept, 10)[1];
    expect(ai_sdk, &[("input", 100), ("cache_read", 800), ("output", 40)]);
    assert_eq!((ai_sdk.ttft, ai_sdk.flags.len()), (Some(311), 0));
}

#[test]
fn every_span_goes_out_with_its_role_and_what_it_hands_down() {
    let kept = traces();
    let roles = |trace: &str| -> Vec<SpanRole> {
        kept.spans.iter().filter(|span| span.trace.ends_with(trace)).map(|span| span.role).collect()
    };
    assert_eq!(roles("4707"), [SpanRole::Rollup, SpanRole::Call, SpanRole::Call, SpanRole::Structure]);
    assert_eq!(roles("4708"), [SpanRole::Rollup]);
    assert_eq!(roles("4709"), [SpanRole::Rollup, SpanRole::Call]);
    assert_eq!(roles("470b"), [SpanRole::Structure]);
    let web = kept.spans.iter().find(|span| span.trace.ends_with("4706") && span.id.ends_with("0001")).expect("kept");
    for (dim, value) in [("tenant", "acme"), ("feature", "faq"), ("user", "u-1"), ("team", "support")] {
        assert_eq!(web.dims[dim], value, "{dim}");
    }
    assert_eq!((web.extra["release"].as_str(), web.extra["tag.beta"].as_str()), ("r7", "true"));
    assert!(!web.dims.contains_key("tier"), "a customer's tier is not the service mode");
    assert!(!web.dims.contains_key("status"));
    let agent = kept.spans.iter().find(|span| span.trace.ends_with("4707")).expect("kept");
    assert_eq!(agent.dims["agent"], "planner");
    assert!(!agent.dims.contains_key("feature"), "what a resource says is not handed down");
}

#[test]
fn ids_enums_and_numbers_come_in_both_spellings() {
    let kept = traces();
    let tempo = on_line(&kept, 11)[0];
    assert_eq!(tempo.dims["trace"], "4bf92f3577b34da6a3ce929d0e0e470a");
    assert_eq!(tempo.span.as_deref(), Some("00f067aa0ba902b7"));
    assert_eq!(tempo.parent.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!((tempo.dims["status"].as_str(), tempo.unpriced), ("error", None));
    expect(tempo, &[("input", 40), ("output", 4)]);
    // Letters that could be base64 are somebody's own ids: decoded, these two would be one.
    let own = r#"{"scopeSpans":[{"spans":[{"traceId":"t","spanId":"span-000001","startTimeUnixNano":"1780300800000000000"},{"traceId":"t","spanId":"span-000002","startTimeUnixNano":"1780300800000000000"}]}]}"#;
    let ids: Vec<String> = read(&Otlp, &format!("{own}\n")).spans.into_iter().map(|span| span.id).collect();
    assert_eq!(ids, ["span-000001", "span-000002"]);
    let solo = on_line(&kept, 14)[0];
    assert_eq!((solo.dims["trace"].as_str(), solo.span.as_deref()), ("t-1", Some("sp-1")));
}

#[test]
fn spans_without_usage_are_skipped_unless_they_are_requests() {
    let kept = traces();
    let plain = on_line(&kept, 13);
    assert_eq!(plain.len(), 3);
    assert_eq!(plain[0].cost, Usd::parse("0.0012").ok());
    assert_eq!((plain[1].dims["status"].as_str(), plain[1].unpriced), ("timeout", None));
    assert_eq!(plain[2].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(kept.skips, [(7, "no_usage"), (8, "no_usage"), (12, "reread"), (16, "no_spans")]);
    assert_eq!(kept.rejections.len(), 3, "{:?}", kept.rejections);
}

#[test]
fn metrics_and_logs_are_not_traces() {
    let kept = read(&Otlp, "{\"resourceMetrics\":[]}\n{\"resourceLogs\":[]}\n");
    assert_eq!((kept.foreign.len(), kept.calls.len()), (2, 0));
}
