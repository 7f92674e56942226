//! The readers of logs: a trap a test, with the classes it must come out as.

mod ai_sdk;
mod anthropic;
mod anthropic_batch;
mod azure_apim;
mod bedrock;
mod claude_code;
mod cloudflare;
mod codex;
mod cohere;
mod flat;
mod gateways;
mod gemini;
mod gemini_cli;
mod helicone;
mod jaeger;
mod kong;
mod langchain;
mod langfuse;
mod langsmith;
mod laws;
mod litellm;
mod ollama;
mod openai;
mod openai_batch;
mod opencode;
mod openrouter;
mod otel_console;
mod otlp;
mod otlp_logs;
mod phoenix;
mod portkey;
mod rows;
mod sse;
mod tokens;
mod vendors;
mod vercel_gateway;
mod zipkin;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use attr::domain::Call;
use attr::domain::Class;
use attr::domain::Dim;
use attr::domain::Flags;
use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::Options;
use attr::read::Reader;
use attr::read::Record;
use attr::read::Sink;
use attr::read::Span;
use attr::read::SpanRole;
use attr::read::Verdict;
use attr::read::formats;
use attr::read::framing::Framed;
use attr::read::framing::Framing;

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
    is_geo_stated: bool,
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
            is_geo_stated: call.flags.has(Flags::GEO_STATED),
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

/// Returns the calls of one line.
fn on_line(kept: &Kept, line: u64) -> Vec<&Seen> {
    kept.calls.iter().filter(|call| call.line == line).collect()
}
