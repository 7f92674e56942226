//! The table of formats, in the order of detection, and detection itself.
//!
//! The first format that claims one of a file's first records has the file. A format that is known and not
//! read yet stands in the table too, so that it is refused by name and never misread as a flat log.

use strsim::jaro_winkler;

use crate::read::ReadError;
use crate::read::Reader;
use crate::read::anthropic::Anthropic;
use crate::read::claude_code::ClaudeCode;
use crate::read::flat::Flat;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::json::Node;
use crate::read::litellm::LiteLlm;
use crate::read::openai::OpenAi;
use crate::read::otlp::Otlp;
use crate::read::value;

/// One line of the table.
pub enum Format {
    /// A format with a reader.
    Read(&'static dyn Reader),
    /// A format that is recognised and refused.
    Refused {
        /// The format, in words.
        what: &'static str,
        /// What to do instead.
        why: &'static str,
        /// Tells whether a record has its signature.
        claims: fn(Node<'_>) -> bool,
    },
}

/// Keys shown of a record that no format claims.
const SHOWN_KEYS: usize = 12;

const NOT_YET: &str = "this version does not read it yet";
const AGGREGATE: &str = "it sums calls by day or hour; it is for reconciling a bill, not a log of calls";

const fn refused(what: &'static str, why: &'static str, claims: fn(Node<'_>) -> bool) -> Format {
    Format::Refused { what, why, claims }
}

/// Every format, in the order of detection. A new reader takes the place of its refusal.
pub static FORMATS: &[Format] = &[
    Format::Read(&Otlp),
    refused("an OpenTelemetry logs export", NOT_YET, |n| has(n, &["resourceLogs"])),
    refused("an OpenTelemetry metrics export", "metrics are sums, not calls: export the traces", |n| {
        has(n, &["resourceMetrics"])
    }),
    refused("an OpenTelemetry console export", NOT_YET, |n| {
        n.path(&["context", "trace_id"]).is_some() && has(n, &["attributes", "start_time"])
    }),
    refused("a Jaeger export", NOT_YET, |n| {
        n.get("data").and_then(|d| d.items().next()).is_some_and(|d| has(d, &["traceID", "spans"]))
    }),
    refused("a Codex session", NOT_YET, |n| {
        has(n, &["payload"])
            && text(n, "type").is_some_and(|t| {
                ["session_meta", "turn_context", "event_msg", "response_item", "token_usage_record"].contains(&t)
            })
    }),
    Format::Read(&ClaudeCode),
    refused("a Gemini CLI session", NOT_YET, |n| {
        has(n, &["sessionId", "projectHash"]) || (text(n, "type") == Some("gemini") && has(n, &["tokens"]))
    }),
    refused("an OpenCode message", NOT_YET, |n| {
        has(n, &["providerID", "modelID"]) && n.path(&["tokens", "cache"]).is_some()
    }),
    refused("a Langfuse export", NOT_YET, |n| {
        has(n, &["trace", "observations"])
            || has(n, &["traceId", "type", "usageDetails"])
            || has(n, &["trace_id", "usage_details", "provided_model_name"])
    }),
    Format::Read(&LiteLlm),
    refused("a LiteLLM daily spend table", AGGREGATE, |n| {
        has(n, &["spend", "api_requests"]) && n.first(&["date", "model_group", "custom_llm_provider"]).is_some()
    }),
    refused("a Helicone export", NOT_YET, |n| {
        has(n, &["request_id", "request_created_at"])
            && n.first(&["response_status", "request_properties", "delay_ms"]).is_some()
    }),
    refused("a Bedrock invocation log", NOT_YET, |n| text(n, "schemaType") == Some("ModelInvocationLog")),
    refused("an OpenAI batch output", NOT_YET, |n| has(n, &["custom_id"]) && n.path(&["response", "body"]).is_some()),
    refused("Anthropic batch results", NOT_YET, |n| has(n, &["custom_id"]) && n.path(&["result", "type"]).is_some()),
    refused("an OpenRouter activity export", NOT_YET, |n| has(n, &["generation_id", "cost_total", "model_permaslug"])),
    refused("an OpenRouter generation", NOT_YET, |n| {
        [Some(n), n.get("data")].into_iter().flatten().any(|n| has(n, &["native_tokens_prompt", "total_cost"]))
    }),
    refused("LangSmith runs", NOT_YET, |n| {
        has(n, &["run_type"]) && (has(n, &["dotted_order"]) || has(n, &["trace_id", "parent_run_id"]))
    }),
    refused("a Portkey export", NOT_YET, |n| has(n, &["ai_org", "ai_model", "req_units"])),
    refused("a Cloudflare AI Gateway log", NOT_YET, |n| {
        has(n, &["tokens_in", "tokens_out", "cached", "provider", "step"])
    }),
    refused("a Gemini response", NOT_YET, |n| {
        [Some(n), n.get("response"), n.get("body"), n.get("data"), n.get("raw")].into_iter().flatten().any(|n| {
            n.first(&["usageMetadata", "usage_metadata"])
                .is_some_and(|u| u.first(&["promptTokenCount", "prompt_token_count"]).is_some())
        })
    }),
    Format::Read(&Anthropic),
    Format::Read(&OpenAi),
    refused("a Bedrock Converse response", NOT_YET, |n| {
        [Some(n), n.get("response"), n.get("body"), n.get("output")]
            .into_iter()
            .flatten()
            .any(|n| n.path(&["usage", "inputTokens"]).is_some() && has(n, &["stopReason"]))
    }),
    refused("an Anthropic usage export", AGGREGATE, |n| has(n, &["usage_date_utc", "usage_input_tokens_no_cache"])),
    refused("a provider's usage or cost report", AGGREGATE, |n| {
        text(n, "object").is_some_and(|o| o == "bucket" || o == "page" || o.starts_with("organization."))
    }),
    Format::Read(&Flat),
];

fn has(node: Node<'_>, keys: &[&str]) -> bool {
    keys.iter().all(|key| node.fields().any(|(name, _)| name == *key))
}

fn text<'t>(node: Node<'t>, key: &str) -> Option<&'t str> {
    node.get(key).map(Node::raw)
}

/// Returns every reader, in the order of detection.
pub fn readers() -> impl Iterator<Item = &'static dyn Reader> {
    FORMATS.iter().filter_map(|format| match format {
        Format::Read(reader) => Some(*reader),
        Format::Refused { .. } => None,
    })
}

/// Finds a reader by the name used with `--input-format`.
pub fn by_name(name: &str) -> Result<&'static dyn Reader, ReadError> {
    readers().find(|reader| reader.name() == name).ok_or_else(|| ReadError::UnknownFormat {
        name: name.to_string(),
        near: readers()
            .map(|reader| (jaro_winkler(reader.name(), name), reader.name()))
            .filter(|(score, _)| *score > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name),
    })
}

/// Finds the format that claims a record.
pub fn claiming(record: Node<'_>) -> Option<&'static Format> {
    FORMATS.iter().find(|format| match format {
        Format::Read(reader) => reader.claims(record),
        Format::Refused { claims, .. } => claims(record),
    })
}

/// Tells the format of a stream from its first records; `None` for an empty one.
pub fn detect(framing: &Framing, shape: Shape) -> Result<Option<&'static dyn Reader>, ReadError> {
    if shape == Shape::Empty {
        return Ok(None);
    }
    let mut best: Option<usize> = None;
    let mut keys = String::new();
    let any = framing.sample(shape, 20, |tape, text| {
        let root = tape.root(text);
        if keys.is_empty() {
            let names: Vec<String> = root.fields().map(|(name, _)| value::excerpt(name)).collect();
            let more = if names.len() > SHOWN_KEYS { ", …" } else { "" };
            keys = names[..names.len().min(SHOWN_KEYS)].join(", ") + more;
        }
        let claimed = FORMATS.iter().position(|format| match format {
            Format::Read(reader) => reader.claims(root),
            Format::Refused { claims, .. } => claims(root),
        });
        best = match (best, claimed) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    });
    if !any {
        return Ok(None);
    }
    match best.map(|at| &FORMATS[at]) {
        Some(Format::Read(reader)) => Ok(Some(*reader)),
        Some(Format::Refused { what, why, .. }) => Err(ReadError::Refused { what, why }),
        None if keys.is_empty() => Err(ReadError::NotRecognised("none of the first records could be read".into())),
        None => Err(ReadError::NotRecognised(format!("no format has these keys: {keys}"))),
    }
}
