//! The readers of logs: a trap a test, with the classes it must come out as.

mod jaeger;
mod otel_console;
mod otlp;
mod otlp_logs;
mod phoenix;
mod zipkin;

mod azure_apim;
mod cloudflare;
mod flat;
mod gateways;
mod helicone;
mod kong;
mod langfuse;
mod langsmith;
mod litellm;
mod openrouter;
mod portkey;
mod vercel_gateway;

mod bedrock;
mod gemini;
mod opencode;

mod ai_sdk;
mod anthropic_batch;
mod cohere;
mod langchain;
mod ollama;
mod openai_batch;
mod sse;
mod vendors;

mod claude_code;
mod codex;
mod gemini_cli;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use attr::domain::Call;
use attr::domain::Class;
use attr::domain::Dim;
use attr::domain::Flags;
use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::CachedInput;
use attr::read::Options;
use attr::read::Reader;
use attr::read::Record;
use attr::read::Sink;
use attr::read::Span;
use attr::read::SpanRole;
use attr::read::Verdict;
use attr::read::ai_sdk::AiSdk;
use attr::read::anthropic::Anthropic;
use attr::read::anthropic_batch::AnthropicBatch;
use attr::read::cohere::Cohere;
use attr::read::formats;
use attr::read::framing::Framed;
use attr::read::framing::Framing;
use attr::read::jaeger::Jaeger;
use attr::read::langchain::LangChain;
use attr::read::litellm::LiteLlm;
use attr::read::ollama::Ollama;
use attr::read::openai::OpenAi;
use attr::read::openai_batch::OpenAiBatch;
use attr::read::otel_console::OtelConsole;
use attr::read::otlp::Otlp;
use attr::read::otlp_logs::OtlpLogs;
use attr::read::phoenix::Phoenix;
use attr::read::sse::Sse;
use attr::read::zipkin::Zipkin;
use proptest::prelude::*;

/// A call as a test looks at it.
#[derive(Debug, Clone, Default)]
struct Seen {
    line: u64,
    ts: String,
    id: Option<String>,
    span: Option<String>,
    parent: Option<String>,
    dims: BTreeMap<&'static str, String>,
    extra: BTreeMap<String, String>,
    tokens: Vec<(&'static str, u64)>,
    reasoning: u64,
    tools: Vec<(String, u64)>,
    latency: Option<u64>,
    ttft: Option<u64>,
    cost: Option<Usd>,
    flags: Vec<&'static str>,
    unpriced: Option<Unpriced>,
    others: Vec<u64>,
}

#[derive(Debug, Clone)]
struct SeenSpan {
    id: String,
    trace: String,
    parent: Option<String>,
    role: SpanRole,
    dims: BTreeMap<&'static str, String>,
    extra: BTreeMap<String, String>,
}

/// A sink that keeps everything.
#[derive(Debug, Default)]
struct Kept {
    calls: Vec<Seen>,
    spans: Vec<SeenSpan>,
    skips: Vec<(u64, &'static str)>,
    rejections: Vec<(u64, String)>,
    foreign: Vec<String>,
    records: usize,
}

fn pairs<K: AsRef<str>, V: AsRef<str>>(list: &[(K, V)]) -> BTreeMap<String, String> {
    list.iter().map(|(key, value)| (key.as_ref().to_string(), value.as_ref().to_string())).collect()
}

impl Sink for Kept {
    fn call(&mut self, call: &Call<'_>) {
        let dims = Dim::all().filter_map(|dim| call.dim(dim).map(|value| (dim.name(), value.to_string())));
        let text = |value: &Option<std::borrow::Cow<'_, str>>| value.as_ref().map(ToString::to_string);
        self.calls.push(Seen {
            line: call.line,
            ts: call.ts.to_string(),
            id: text(&call.request_id),
            span: text(&call.span),
            parent: text(&call.parent),
            dims: dims.collect(),
            extra: pairs(&call.extra),
            tokens: call.tokens.iter().map(|(class, count)| (class.name(), count)).collect(),
            reasoning: call.reasoning,
            tools: call.tools.iter().map(|(id, uses)| (id.to_string(), *uses)).collect(),
            latency: call.latency_ms,
            ttft: call.ttft_ms,
            cost: call.logged_cost,
            flags: call.flags.names(),
            unpriced: call.unpriced,
            others: call.other_inputs.iter().flatten().copied().collect(),
        });
    }

    fn span(&mut self, span: &Span<'_>) {
        self.spans.push(SeenSpan {
            id: span.id.to_string(),
            trace: span.trace.to_string(),
            parent: span.parent.as_ref().map(ToString::to_string),
            role: span.role,
            dims: span.dims.iter().map(|(dim, value)| (dim.name(), value.to_string())).collect(),
            extra: pairs(&span.extra),
        });
    }

    fn skip(&mut self, line: u64, reason: &'static str) {
        self.skips.push((line, reason));
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.rejections.push((line, reason));
    }
}

/// Reads bytes as a file of a format.
fn read_as(reader: &dyn Reader, bytes: &[u8], options: &Options) -> Kept {
    let mut kept = Kept::default();
    let framing = Framing::open(Box::new(std::io::Cursor::new(bytes.to_vec()))).expect("memory can be read");
    let Ok(shape) = framing.shape() else { return kept };
    let mut session = reader.start(options);
    // A CSV whose quote never closes ends in an error: the file is broken, and nothing panicked.
    let _ = framing.each(shape, |framed| {
        match framed {
            Framed::Record(line, tape, text) => {
                kept.records += 1;
                let node = tape.root(text);
                // A claim must not panic either, whatever the record.
                let _ = reader.claims(node);
                if let Verdict::NotMine(reason) = session.record(Record { line, node }, &mut kept) {
                    kept.foreign.push(reason);
                }
            }
            Framed::Broken(line, reason) => kept.reject(line, reason),
        }
        true
    });
    session.end(&mut kept);
    kept
}

fn read(reader: &dyn Reader, text: &str) -> Kept {
    read_as(reader, text.as_bytes(), &Options::default())
}

fn sample(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    fs_err::read_to_string(format!("{root}/samples/{path}")).expect("the sample exists")
}

/// Reads a sample and returns its calls by id.
fn calls(reader: &dyn Reader, path: &str) -> BTreeMap<String, Seen> {
    read(reader, &sample(path)).calls.into_iter().filter_map(|call| Some((call.id.clone()?, call))).collect()
}

/// Every reader there is.
fn readers() -> &'static [&'static dyn Reader] {
    static READERS: OnceLock<Vec<&'static dyn Reader>> = OnceLock::new();
    READERS.get_or_init(|| formats::readers().collect())
}

/// Every sample that is text: its reader's place, its path and its content.
fn samples() -> &'static [(usize, String, String)] {
    static SAMPLES: OnceLock<Vec<(usize, String, String)>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let mut found = Vec::new();
        for (place, reader) in readers().iter().enumerate() {
            let folder = format!("{}/samples/{}", env!("CARGO_MANIFEST_DIR"), reader.name());
            let mut files: Vec<_> = fs_err::read_dir(folder).expect("a folder a reader").flatten().collect();
            files.sort_by_key(|file| file.file_name());
            for file in files {
                if let Ok(text) = fs_err::read_to_string(file.path()) {
                    found.push((place, format!("{}/{}", reader.name(), file.file_name().display()), text));
                }
            }
        }
        found
    })
}

fn expect(call: &Seen, tokens: &[(&'static str, u64)]) {
    assert_eq!(call.tokens, tokens, "{call:?}");
}

// --- The same call, however it was logged -----------------------------------------------------------------

/// Acceptance check 1: input 200, read 4000, written 1000, output 350, in five dialects.
#[test]
fn one_call_in_every_dialect_has_the_same_classes() {
    let same = |write: &'static str| vec![("input", 200), ("cache_read", 4000), (write, 1000), ("output", 350)];
    let anthropic = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&anthropic["msg_01Aa"], &same("cache_write_5m"));
    let openai = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&openai["chatcmpl-Ab"], &same("cache_write_30m"));
    let otlp = read(&Otlp, &sample("otlp/traces.jsonl"));
    expect(&otlp.calls[0], &same("cache_write_5m"));
    expect(&otlp.calls[1], &same("cache_write_5m"));
    expect(&otlp.calls[3], &same("cache_write_30m"));
    let litellm = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    expect(
        &litellm["b-1"],
        &[("input", 200), ("cache_read", 4000), ("cache_write_5m", 600), ("cache_write_1h", 400), ("output", 350)],
    );
}

// --- Anthropic --------------------------------------------------------------------------------------------

#[test]
fn anthropic_takes_lifetimes_tools_region_and_dimensions() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    let call = &calls["msg_01Ab"];
    expect(
        call,
        &[("input", 12), ("cache_read", 3000), ("cache_write_5m", 400), ("cache_write_1h", 500), ("output", 410)],
    );
    assert_eq!(call.reasoning, 150);
    assert_eq!(call.tools, [("web_search".to_string(), 2), ("web_fetch".to_string(), 1)]);
    assert_eq!(call.dims["tier"], "standard");
    assert_eq!(call.dims["region"], "us");
    assert_eq!(call.dims["tenant"], "acme");
    assert_eq!(call.dims["feature"], "summarize");
    assert_eq!(call.dims["environment"], "prod");
    assert_eq!(call.dims["user"], "u-17");
    assert_eq!(call.dims["status"], "ok");
    assert!(call.flags.is_empty());
    assert_eq!(calls["msg_01Aa"].latency, Some(2500));
    assert_eq!(calls["msg_01Aa"].flags, ["ttl_unknown"]);
    assert_eq!(calls["msg_01Ae"].dims["tier"], "fast");
    assert_eq!(calls["msg_01Ad"].dims["tier"], "priority");
}

/// Acceptance check 3: a split that covers less than was written leaves a remainder; one that covers more is right.
#[test]
fn cache_writes_beyond_the_split_are_billed() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&calls["msg_01Ac"], &[("input", 100), ("cache_write_5m", 184_457), ("output", 900)]);
    assert_eq!(calls["msg_01Ac"].flags, ["ttl_unknown"]);
    expect(&calls["msg_01Ad"], &[("input", 50), ("cache_write_5m", 80), ("cache_write_1h", 70), ("output", 20)]);
    assert!(calls["msg_01Ad"].flags.is_empty());
}

/// Acceptance check 6.
#[test]
fn inner_requests_become_calls_of_their_own() {
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    expect(&calls["msg_01Af"], &[("input", 180), ("output", 60)]);
    expect(&calls["msg_01Af#1"], &[("input", 55_196), ("output", 1800)]);
    assert_eq!(calls["msg_01Af#1"].dims["model"], "claude-opus-4-8");
    assert_eq!(calls["msg_01Af#1"].dims["tenant"], "acme");
    assert_eq!(calls["msg_01Ag#1"].dims["model"], "claude-opus-4-8");
    assert_eq!(calls["msg_01Ag"].dims["model"], "claude-sonnet-4-6");
    assert!(!calls.contains_key("msg_01Af#2"));
    assert!(!calls.contains_key("msg_01Ah#1"), "a list of one is the total itself");
    expect(&calls["msg_01Ai"], &[("input", 300), ("output", 30)]);
    assert_eq!(calls["msg_01Ai"].extra["model_requested"], "claude-opus-5");
    expect(&calls["msg_01Ai#1"], &[("input", 290), ("output", 1)]);
    assert_eq!(calls["msg_01Ai#1"].dims["model"], "claude-opus-5");
}

#[test]
fn anthropic_finds_the_body_and_its_seller() {
    let kept = read(&Anthropic, &sample("anthropic/wrapped.jsonl"));
    let calls = calls(&Anthropic, "anthropic/wrapped.jsonl");
    assert_eq!(calls["msg_bdrk_01Aj"].dims["provider"], "bedrock");
    assert_eq!(calls["msg_bdrk_01Aj"].dims["tenant"], "globex");
    assert_eq!(calls["msg_vrtx_01Ak"].dims["provider"], "vertex");
    assert_eq!(calls["msg_vrtx_01Ak"].dims["tier"], "batch");
    assert!(!calls["msg_vrtx_01Ak"].dims.contains_key("region"));
    assert_eq!(calls["msg_vrtx_01Ak"].ts, "2026-06-01T12:11:00Z");
    assert_eq!(calls["msg_01Al"].dims["tenant"], "acme");
    let error = &calls["req_011"];
    assert_eq!((error.dims["status"].as_str(), error.unpriced, error.tokens.len()), ("error", None, 0));
    assert_eq!(error.extra["error_type"], "overloaded_error");
    assert_eq!(calls["msg_01Am"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["msg_01An"].unpriced, Some(Unpriced::UsageInconsistent));
    assert_eq!(kept.skips.len(), 0);
    let reasons: Vec<&str> = kept.rejections.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("no time: add one"));
    assert!(reasons[1].contains("negative"));
    assert!(reasons[2].contains("half past nine"));
}

#[test]
fn a_tag_that_shares_a_name_is_no_property_of_the_request() {
    let text = r#"{"ts":"2026-06-01T12:00:00Z","tags":{"tier":"gold","system":"crm"},"response":{"type":"message","id":"msg_1","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#;
    let call = &read(&Anthropic, &format!("{text}\n")).calls[0];
    assert_eq!(call.dims["provider"], "anthropic");
    assert!(!call.dims.contains_key("tier"));
    assert_eq!((call.extra["tier"].as_str(), call.extra["system"].as_str()), ("gold", "crm"));
}

#[test]
fn batches_and_coding_sessions_are_left_to_others() {
    let batch = r#"{"custom_id":"a","result":{"type":"succeeded","message":{"type":"message","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}}"#;
    let session = r#"{"type":"assistant","sessionId":"s","uuid":"u","timestamp":"2026-02-01T10:00:05Z","message":{"type":"message","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#;
    let kept = read(&Anthropic, &format!("{batch}\n{session}\n"));
    assert_eq!((kept.calls.len(), kept.foreign.len()), (0, 2));
    let batch = r#"{"custom_id":"a","response":{"body":{"object":"chat.completion","created":1780315200,"usage":{"prompt_tokens":1,"completion_tokens":1}}}}"#;
    assert_eq!(read(&OpenAi, &format!("{batch}\n")).foreign.len(), 1);
}

// --- OpenAI -----------------------------------------------------------------------------------------------

#[test]
fn openai_classes_are_cut_out_of_the_sums() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["chatcmpl-Aa"], &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!(calls["chatcmpl-Aa"].reasoning, 320);
    assert_eq!(calls["chatcmpl-Aa"].dims["tier"], "standard");
    assert_eq!(calls["chatcmpl-Aa"].dims["provider"], "openai");
    assert_eq!(calls["chatcmpl-Aa"].ts, "2026-06-01T12:00:00Z");
    // Acceptance check 4.
    assert_eq!(calls["chatcmpl-Ab"].flags, ["ttl_unknown"]);
    expect(
        &calls["chatcmpl-Ac"],
        &[
            ("input", 350),
            ("cache_read", 50),
            ("output", 50),
            ("audio_in", 450),
            ("audio_cache_read", 150),
            ("audio_out", 250),
        ],
    );
    expect(&calls["chatcmpl-Ar"], &[("input", 9), ("output", 3)]);
    assert_eq!(calls["chatcmpl-As"].dims["tier"], "batch");
}

#[test]
fn responses_carry_tools_tier_and_dimensions() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    let call = &calls["resp_Ad"];
    expect(call, &[("input", 288), ("cache_read", 512), ("output", 90)]);
    assert_eq!(call.tools, [("web_search".to_string(), 2), ("file_search".to_string(), 1)]);
    for (dim, value) in [
        ("tier", "flex"),
        ("user", "u-9"),
        ("environment", "prod"),
        ("team", "support"),
        ("prompt", "pmpt_7"),
        ("prompt_version", "3"),
        ("tenant", "acme"),
        ("model", "gpt-5.6-2026-03-05"),
    ] {
        assert_eq!(call.dims[dim], value);
    }
    assert_eq!(call.extra["model_requested"], "gpt-5.6");
    assert_eq!((call.ts.as_str(), call.latency), ("2026-06-01T12:03:00.500Z", Some(900)));
    assert_eq!(calls["resp_Ae"].dims["status"], "ok");
    assert_eq!((calls["resp_Af"].dims["status"].as_str(), calls["resp_Af"].unpriced), ("error", None));
    assert!(!calls.contains_key("resp_Ag"), "an unfinished response is no call yet");
}

#[test]
fn the_preview_of_web_search_has_its_own_fee() {
    let text = r#"{"object":"response","created_at":1780315200,"status":"completed","model":"gpt-4.1","tools":[{"type":"web_search_preview"}],"output":[{"type":"web_search_call"}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#;
    assert_eq!(read(&OpenAi, &format!("{text}\n")).calls[0].tools, [("web_search_preview".to_string(), 1)]);
}

/// Acceptance check 5, as far as these vendors copy the shape.
#[test]
fn copies_of_the_shape_keep_reasoning_apart() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["Ak"], &[("input", 12), ("output", 229)]);
    assert_eq!((calls["Ak"].reasoning, calls["Ak"].dims["provider"].as_str()), (228, "xai"));
    expect(&calls["Al"], &[("input", 35), ("output", 74)]);
    assert_eq!((calls["Al"].reasoning, calls["Al"].extra["reasoning_hidden"].as_str()), (62, "62"));
    expect(&calls["Am"], &[("input", 36), ("cache_read", 64), ("output", 12)]);
    assert_eq!(calls["gen-An"].dims["provider"], "openrouter");
    assert_eq!(calls["gen-An"].cost, Usd::parse("0.00045").ok());
    assert_eq!(calls["chatcmpl-Aj"].dims["provider"], "azure");
}

/// Acceptance check 2: in a provider's own body a contradiction is kept and not priced.
#[test]
fn a_contradiction_in_a_body_is_kept_raw() {
    let calls = calls(&OpenAi, "openai/mixed.jsonl");
    expect(&calls["chatcmpl-Ao"], &[("input", 100), ("cache_read", 160), ("output", 10)]);
    for id in ["chatcmpl-Ao", "chatcmpl-Ap"] {
        assert_eq!(calls[id].unpriced, Some(Unpriced::UsageInconsistent));
        assert_eq!(calls[id].flags, ["usage_inconsistent"]);
    }
    assert_eq!(calls["chatcmpl-Aq"].unpriced, Some(Unpriced::UsageMissing));
}

#[test]
fn openai_errors_embeddings_and_rejections() {
    let kept = read(&OpenAi, &sample("openai/mixed.jsonl"));
    let failed = kept.calls.iter().find(|call| call.line == 9).expect("the error is a call");
    assert_eq!((failed.dims["status"].as_str(), failed.dims["model"].as_str()), ("error", "gpt-5.6"));
    assert_eq!(failed.extra["error_type"], "rate_limit_exceeded");
    let embedded = kept.calls.iter().find(|call| call.line == 8).expect("the embedding is a call");
    expect(embedded, &[("input", 8)]);
    assert_eq!(kept.skips, [(7, "unfinished")]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
}

// --- LiteLLM ----------------------------------------------------------------------------------------------

/// The row of formats the maintainers would recognise: JSON in a text, tags, aliases, and an open question.
#[test]
fn litellm_row_keeps_every_reading_of_its_prompt_tokens() {
    let kept = read(&LiteLlm, &sample("litellm/spend_logs.jsonl"));
    let call = &kept.calls[0];
    expect(call, &[("input", 400), ("cache_read", 1500), ("output", 250)]);
    assert_eq!((call.others.as_slice(), call.flags.as_slice()), ([1900].as_slice(), ["inclusive_guessed"].as_slice()));
    assert_eq!(call.cost, Usd::parse("0.0054").ok());
    for (dim, value) in [
        ("feature", "summarize"),
        ("tenant", "acme"),
        ("team", "support"),
        ("environment", "prod"),
        ("user", "svc"),
        ("session", "s-1"),
        ("api_key", "helpdesk-key"),
        ("provider", "anthropic"),
        ("model", "claude-sonnet-4-6"),
        ("status", "ok"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!(call.extra["model_requested"], "support-large");
    assert_eq!((call.ts.as_str(), call.latency, call.ttft), ("2026-05-02T08:14:09.120Z", Some(1900), Some(500)));
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    // Writes larger than the prompt: they stand outside, whatever the version.
    expect(&calls["msg_01La"], &[("input", 31), ("cache_write_5m", 1253), ("output", 20)]);
    assert!(!calls["msg_01La"].flags.contains(&"inclusive_guessed"));
    // Proposed for this endpoint: nothing inside. The reading with the reads inside stays possible.
    expect(
        &calls["msg_01Lb"],
        &[("input", 500), ("cache_read", 300), ("cache_write_5m", 100), ("cache_write_1h", 300), ("output", 20)],
    );
    assert_eq!(calls["msg_01Lb"].others, [200]);
    // Read > prompt: exclusive beyond doubt.
    expect(&calls["msg_01Lc"], &[("input", 12), ("cache_read", 9000), ("output", 20)]);
    assert!(calls["msg_01Lc"].flags.is_empty());
    assert_eq!(calls["b-1"].others, [1200, 5200]);
}

#[test]
fn litellm_names_models_without_their_prefix() {
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    let bedrock = &calls["b-1"];
    assert_eq!(bedrock.dims["model"], "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    assert_eq!(bedrock.extra["model_raw"], "bedrock/converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    assert_eq!(bedrock.dims["provider"], "bedrock");
    let openai = &calls["chatcmpl-Ld"];
    expect(openai, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((openai.reasoning, openai.dims["model"].as_str()), (320, "gpt-5-mini"));
    assert!(openai.flags.is_empty(), "OpenAI rows were always inclusive");
    assert_eq!(calls["az-1"].dims["model"], "eu-gpt-5");
    assert_eq!(calls["az-1"].dims["feature"], "digest", "JSON in JSON in a text");
}

#[test]
fn litellm_hits_failures_rereads_and_strange_ids() {
    let kept = read(&LiteLlm, &sample("litellm/spend_logs.jsonl"));
    let calls = calls(&LiteLlm, "litellm/spend_logs.jsonl");
    let hit = &calls["chatcmpl-Le"];
    assert_eq!(
        (hit.dims["status"].as_str(), hit.flags.as_slice()),
        ("gateway_cache_hit", ["gateway_cache_hit"].as_slice())
    );
    expect(hit, &[("input", 1900), ("output", 250)]);
    let failed = &calls["chatcmpl-Lf"];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!(failed.extra["error_type"], "RateLimitError");
    assert_eq!(kept.calls.iter().filter(|call| call.id.is_none()).count(), 3);
    assert_eq!(calls["img-1"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(calls["img-1"].cost, Usd::parse("0.04").ok());
    let reasons: Vec<&str> = kept.skips.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, ["reread", "no_call", "no_call", "batch_rollup"]);
    assert_eq!(kept.rejections.len(), 2, "{:?}", kept.rejections);
}

#[test]
fn litellm_csv_and_payloads_read_like_rows() {
    let json = read(&LiteLlm, &sample("litellm/spend_logs.jsonl")).calls;
    let csv = read(&LiteLlm, &sample("litellm/spend_logs.csv"));
    assert_eq!((csv.calls.len(), csv.skips.len()), (4, 1));
    assert_eq!((&csv.calls[0].tokens, &csv.calls[0].dims), (&json[0].tokens, &json[0].dims));
    assert_eq!((csv.calls[0].cost, &csv.calls[0].others), (json[0].cost, &json[0].others));
    let payloads = read(&LiteLlm, &sample("litellm/logging_payload.json"));
    assert_eq!(payloads.calls.len(), 4);
    let first = &payloads.calls[0];
    expect(first, &[("input", 400), ("cache_read", 1500), ("output", 250)]);
    assert_eq!((first.dims["user"].as_str(), first.dims["tenant"].as_str()), ("u-3", "acme"));
    assert_eq!((first.dims["feature"].as_str(), first.dims["session"].as_str()), ("summarize", "tr-1"));
    assert_eq!((first.ts.as_str(), first.latency, first.ttft), ("2026-05-02T08:14:09.120Z", Some(1900), None));
    assert_eq!(payloads.calls[1].dims["tier"], "flex");
    assert_eq!(payloads.calls[2].dims["status"], "timeout");
    assert_eq!(payloads.calls[3].dims["status"], "gateway_cache_hit");
}

#[test]
fn the_user_may_say_what_the_input_contains() {
    let options = Options { cached_input: Some(CachedInput::Outside), ..Options::default() };
    let kept = read_as(&LiteLlm, sample("litellm/spend_logs.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 1900), ("cache_read", 1500), ("output", 250)]);
    assert!(kept.calls[0].flags.is_empty());
    let kept = read_as(&Otlp, sample("otlp/traces.jsonl").as_bytes(), &options);
    expect(&kept.calls[0], &[("input", 5200), ("cache_read", 4000), ("cache_write_5m", 1000), ("output", 350)]);
}

// --- OTLP -------------------------------------------------------------------------------------------------

fn traces() -> Kept {
    read(&Otlp, &sample("otlp/traces.jsonl"))
}

fn on_line(kept: &Kept, line: u64) -> Vec<&Seen> {
    kept.calls.iter().filter(|call| call.line == line).collect()
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

// --- Laws -------------------------------------------------------------------------------------------------

/// Texts of prompts and answers never leave a reader.
#[test]
fn no_answer_text_is_kept() {
    for (reader, path, text) in samples() {
        let kept = format!("{:?}", read(readers()[*reader], text));
        assert!(!kept.contains("left out"), "{path}");
    }
}

/// Classes are disjoint: flags aside, what comes out adds up to what OpenAI's sums say went in.
fn check(kept: &Kept) {
    for call in &kept.calls {
        let sum: u64 = call.tokens.iter().map(|(_, count)| count).sum();
        assert!(sum < u64::MAX / 2);
        let known = Flags::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>();
        assert!(call.flags.iter().all(|flag| known.contains(flag)));
        assert!(call.tokens.iter().all(|(name, _)| Class::parse(name).is_some()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_at_all_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for reader in readers() {
            check(&read_as(*reader, &bytes, &Options::default()));
        }
    }

    #[test]
    fn mutated_samples_do_not_panic(
        which in 0..samples().len(),
        other in 0..readers().len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
    ) {
        let (reader, _, text) = &samples()[which];
        let mut bytes = text.clone().into_bytes();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len().max(1));
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        for reader in [*reader, other] {
            check(&read_as(readers()[reader], &bytes, &Options::default()));
        }
    }

    #[test]
    fn mutated_numbers_do_not_panic(
        which in 0..samples().len(),
        number in prop::sample::select(vec!["-1", "0", "1e99", "9999999999", "1.5", "null", "\"\"", "{}", "[]", "true", "-0", "1e-400"]),
        at in any::<prop::sample::Index>(),
    ) {
        let (reader, _, text) = &samples()[which];
        let digits: Vec<usize> = text.char_indices().filter(|(i, c)| c.is_ascii_digit() && text[..*i].ends_with(':')).map(|(i, _)| i).collect();
        if !digits.is_empty() {
            let start = digits[at.index(digits.len())];
            let end = text[start..].find([',', '}', ']', '\n']).map_or(text.len(), |n| start + n);
            let mutated = format!("{}{number}{}", &text[..start], &text[end..]);
            check(&read_as(readers()[*reader], mutated.as_bytes(), &Options::default()));
        }
    }
}
