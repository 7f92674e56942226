//! The table of formats, in the order of detection, and detection itself.
//!
//! The first format that claims one of a file's first records has the file. A format that is known and not
//! read yet stands in the table too, so that it is refused by name and never misread as a flat log.

use strsim::jaro_winkler;

use crate::read::ReadError;
use crate::read::Reader;
use crate::read::ai_sdk::AiSdk;
use crate::read::anthropic::Anthropic;
use crate::read::anthropic_batch::AnthropicBatch;
use crate::read::azure_apim::AzureApim;
use crate::read::bedrock_converse::BedrockConverse;
use crate::read::bedrock_log::BedrockLog;
use crate::read::claude_code::ClaudeCode;
use crate::read::cloudflare::Cloudflare;
use crate::read::codex::Codex;
use crate::read::cohere::Cohere;
use crate::read::flat::Flat;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::gemini::Gemini;
use crate::read::gemini_cli::GeminiCli;
use crate::read::helicone::Helicone;
use crate::read::jaeger::Jaeger;
use crate::read::json::Node;
use crate::read::kong::Kong;
use crate::read::langchain::LangChain;
use crate::read::langfuse::Langfuse;
use crate::read::langsmith::LangSmith;
use crate::read::litellm::LiteLlm;
use crate::read::ollama::Ollama;
use crate::read::openai::OpenAi;
use crate::read::openai_batch::OpenAiBatch;
use crate::read::opencode::OpenCode;
use crate::read::openrouter::OpenRouter;
use crate::read::otel_console::OtelConsole;
use crate::read::otlp::Otlp;
use crate::read::otlp_logs::OtlpLogs;
use crate::read::phoenix::Phoenix;
use crate::read::portkey::Portkey;
use crate::read::sse::Sse;
use crate::read::value;
use crate::read::vercel_gateway::VercelGateway;
use crate::read::zipkin::Zipkin;

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

impl Format {
    /// Tells whether a record has the format's signature.
    pub fn claims(&self, record: Node<'_>) -> bool {
        match self {
            Format::Read(reader) => reader.claims(record),
            Format::Refused { claims, .. } => claims(record),
        }
    }
}

/// How many items of a list a claim may look at: it is asked of every record of a file's beginning, for every format,
/// and must not walk through a whole export.
pub const FIRST_ITEMS: usize = 20;

/// Keys shown of a record that no format claims.
const SHOWN_KEYS: usize = 12;

const AGGREGATE: &str = "it sums calls by day or hour; it is for reconciling a bill, not a log of calls";

const fn refused(what: &'static str, why: &'static str, claims: fn(Node<'_>) -> bool) -> Format {
    Format::Refused { what, why, claims }
}

/// Every format, in the order of detection. A new reader takes the place of its refusal.
pub static FORMATS: &[Format] = &[
    Format::Read(&Otlp),
    Format::Read(&OtlpLogs),
    refused(
        "an OpenTelemetry metrics export",
        "metrics are sums, not calls, and no command takes them: export traces or logs and `attr import` those",
        |n| n.first(&["resourceMetrics", "resource_metrics"]).is_some(),
    ),
    Format::Read(&OtelConsole),
    Format::Read(&Jaeger),
    Format::Read(&Zipkin),
    Format::Read(&Phoenix),
    Format::Read(&Codex),
    refused(
        "a stream of `codex exec --json`",
        "its totals run on over resumed turns and have neither time nor model: import the session's own file",
        |n| {
            text(n, "type").is_some_and(|t| t == "thread.started" && n.has_all(&["thread_id"]))
                || text(n, "type").is_some_and(|t| t == "turn.completed" && n.has_all(&["usage"]))
        },
    ),
    Format::Read(&ClaudeCode),
    Format::Read(&GeminiCli),
    Format::Read(&OpenCode),
    Format::Read(&Langfuse),
    refused(
        "Langfuse events of an analytics tool",
        "their input counts hold the cached tokens unmarked: export the observations",
        |n| [Some(n), n.get("properties")].into_iter().flatten().any(|n| n.has_all(&["langfuse_input_units"])),
    ),
    Format::Read(&LiteLlm),
    refused("a LiteLLM daily spend table", AGGREGATE, |n| {
        n.has_all(&["spend", "api_requests"]) && n.first(&["date", "model_group", "custom_llm_provider"]).is_some()
            || n.has_all(&["spend", "users", "models"])
            || first_of(n, "results").any(|n| n.path(&["metrics", "api_requests"]).is_some())
    }),
    Format::Read(&Helicone),
    Format::Read(&BedrockLog),
    Format::Read(&OpenAiBatch),
    Format::Read(&AnthropicBatch),
    Format::Read(&VercelGateway),
    Format::Read(&OpenRouter),
    refused("OpenRouter's daily activity", AGGREGATE, |n| {
        first_of(n, "data").any(|n| n.has_all(&["model_permaslug", "requests"]))
    }),
    refused("Vercel's spend report", AGGREGATE, |n| {
        first_of(n, "results").any(|n| {
            n.first(&["market_cost", "marketCost"]).is_some() && n.first(&["request_count", "requestCount"]).is_some()
        })
    }),
    Format::Read(&LangSmith),
    Format::Read(&Portkey),
    Format::Read(&Cloudflare),
    Format::Read(&Kong),
    Format::Read(&AzureApim),
    Format::Read(&Gemini),
    Format::Read(&LangChain),
    Format::Read(&AiSdk),
    Format::Read(&Cohere),
    Format::Read(&Ollama),
    Format::Read(&Sse),
    Format::Read(&Anthropic),
    Format::Read(&OpenAi),
    Format::Read(&BedrockConverse),
    refused("an Anthropic usage export", AGGREGATE, |n| n.has_all(&["usage_date_utc", "usage_input_tokens_no_cache"])),
    refused("a provider's usage or cost report", AGGREGATE, |n| {
        text(n, "object").is_some_and(|o| o == "bucket" || o == "page" || o.starts_with("organization."))
    }),
    Format::Read(&Flat),
];

/// Returns a record, and the first item of the list it may be an envelope of.
fn first_of<'t>(node: Node<'t>, list: &str) -> impl Iterator<Item = Node<'t>> {
    [Some(node), node.get(list).and_then(|list| list.items().next())].into_iter().flatten()
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
    FORMATS.iter().find(|format| format.claims(record))
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
        // Only a format before the best so far can still take the file.
        let open = best.unwrap_or(FORMATS.len());
        best = FORMATS.iter().take(open).position(|format| format.claims(root)).or(best);
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
