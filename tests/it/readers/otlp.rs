//! OTLP traces: what instrumentations call things, and what they count.

use super::*;

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
