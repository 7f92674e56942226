//! What holds for every gateway's reader.

use attr::domain::Call;
use attr::domain::Flags;
use attr::read::Options;
use attr::read::Reader;
use attr::read::Sink;
use attr::read::Span;
use attr::read::azure_apim::AzureApim;
use attr::read::cloudflare::Cloudflare;
use attr::read::formats;
use attr::read::framing::Framing;
use attr::read::kong::Kong;
use attr::read::litellm::LiteLlm;
use attr::read::openrouter::OpenRouter;
use attr::read::portkey::Portkey;
use attr::read::vercel_gateway::VercelGateway;
use proptest::prelude::*;

use super::check;
use super::read;
use super::read_as;
use super::sample;

const GATEWAYS: [&dyn Reader; 7] = [&OpenRouter, &VercelGateway, &Cloudflare, &Portkey, &Kong, &AzureApim, &LiteLlm];

const LOGS: [(usize, &str); 11] = [
    (0, "openrouter/activity.csv"),
    (0, "openrouter/generations.jsonl"),
    (1, "vercel_gateway/generations.jsonl"),
    (2, "cloudflare/logs.jsonl"),
    (3, "portkey/export.jsonl"),
    (4, "kong/entries.jsonl"),
    (5, "azure_apim/llm_log.csv"),
    (5, "azure_apim/diagnostic.jsonl"),
    (6, "litellm/bridged.jsonl"),
    (6, "litellm/payload.json"),
    (6, "litellm/spend_logs.jsonl"),
];

/// The ids of a log that name one call wherever they appear.
pub(super) fn unique_ids(reader: &dyn Reader, text: &str) -> Vec<String> {
    struct Ids(Vec<String>);
    impl Sink for Ids {
        fn call(&mut self, call: &Call<'_>) {
            if call.flags.has(Flags::UNIQUE_ID) {
                self.0.push(call.request_id.as_deref().unwrap_or_default().to_string());
            }
        }
        fn span(&mut self, _: &Span<'_>) {}
        fn skip(&mut self, _: u64, _: &'static str) {}
        fn reject(&mut self, _: u64, _: String) {}
    }
    let framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).expect("memory");
    let shape = framing.shape().expect("text");
    let mut ids = Ids(Vec::new());
    let mut session = reader.start(&Options::default());
    let _ = framing.each(shape, |framed| {
        if let attr::read::framing::Framed::Record(line, tape, text) = framed {
            session.record(attr::read::Record { line, node: tape.root(text) }, &mut ids);
        }
        true
    });
    session.end(&mut ids);
    ids.0
}

/// Names the reader that the content of a log is given to, or the refusal.
pub(super) fn detected(text: &str) -> String {
    let framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).expect("memory");
    let shape = framing.shape().expect("text");
    match formats::detect(&framing, shape) {
        Ok(found) => found.map_or_else(String::new, |reader| reader.name().to_string()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn no_text_of_a_prompt_leaves_a_gateways_reader() {
    for (reader, path) in LOGS {
        let kept = format!("{:?}", read(GATEWAYS[reader], &sample(path)));
        assert!(!kept.contains("left out"), "{path}");
    }
}

#[test]
fn a_gateways_records_belong_to_no_other_gateway() {
    for (owner, path) in LOGS {
        assert_eq!(detected(&sample(path)), GATEWAYS[owner].name(), "{path}");
        for (other, reader) in GATEWAYS.iter().enumerate().filter(|(other, _)| *other != owner) {
            let kept = read(*reader, &sample(path));
            assert_eq!(kept.calls.len(), 0, "{path} read as {}", GATEWAYS[other].name());
        }
    }
}

#[test]
fn daily_sums_are_refused() {
    for text in [
        r#"{"data":[{"date":"2026-06-01","model":"openai/gpt-5","model_permaslug":"openai/gpt-5","endpoint_id":"e","provider_name":"OpenAI","usage":0.1,"byok_usage_inference":0.05,"requests":3,"prompt_tokens":10,"completion_tokens":20,"reasoning_tokens":5}]}"#,
        r#"[{"date":"2026-06-01","model":"openai/gpt-5","model_permaslug":"openai/gpt-5","usage":0.1,"requests":3,"prompt_tokens":10,"completion_tokens":20}]"#,
        r#"{"results":[{"day":"2026-06-01","totalCost":1.5,"marketCost":1.6,"inputTokens":5,"outputTokens":6,"requestCount":4}]}"#,
        r#"{"day":"2026-06-01","model":"m","total_cost":1.5,"market_cost":1.6,"input_tokens":5,"request_count":4}"#,
        r#"{"date":"2026-06-01","api_key":"88dc","model":"gpt-5-mini","model_group":"small","custom_llm_provider":"openai","prompt_tokens":10,"completion_tokens":2,"spend":0.1,"api_requests":4}"#,
        r#"{"results":[{"date":"2026-06-01","metrics":{"spend":0.1,"prompt_tokens":1,"api_requests":2}}],"metadata":{"total_spend":0.1}}"#,
        r#"[{"startTime":"2026-06-01","spend":0.2,"users":{"u":0.2},"models":{"gpt-5-mini":0.2}}]"#,
    ] {
        let refused = detected(&format!("{text}\n"));
        assert!(refused.contains("sums calls by day"), "{refused}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn mutated_logs_of_gateways_do_not_panic(
        which in 0..LOGS.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..6usize), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sample(LOGS[which].1).into_bytes();
        for (at, byte, length) in edits {
            let at = at.index(bytes.len().max(1));
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        for reader in GATEWAYS {
            check(&read_as(reader, &bytes, &Options::default()));
        }
        bytes.truncate(cut.index(bytes.len().max(1)));
        check(&read_as(GATEWAYS[LOGS[which].0], &bytes, &Options::default()));
    }

    #[test]
    fn mutated_numbers_of_gateways_do_not_panic(
        which in 0..LOGS.len(),
        number in prop::sample::select(vec!["-1", "0", "1e99", "9999999999", "1.5", "null", "\"\"", "{}", "[]", "true"]),
        at in any::<prop::sample::Index>(),
    ) {
        let text = sample(LOGS[which].1);
        let digits: Vec<usize> =
            text.char_indices().filter(|(i, c)| c.is_ascii_digit() && text[..*i].ends_with([':', ','])).map(|(i, _)| i).collect();
        let start = digits[at.index(digits.len())];
        let end = text[start..].find([',', '}', ']', '\n']).map_or(text.len(), |n| start + n);
        let mutated = format!("{}{number}{}", &text[..start], &text[end..]);
        for reader in GATEWAYS {
            check(&read_as(reader, mutated.as_bytes(), &Options::default()));
        }
    }
}
