//! Events of streams: what each is, by its keys.

use crate::read::json::Node;

/// What an event does to its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Anthropic: id, model and the counts of the input.
    MessageStart,
    /// Anthropic: counts so far, the last ones final.
    MessageDelta,
    /// Anthropic: the end.
    MessageStop,
    /// OpenAI chat: a piece of the answer, perhaps with the usage.
    Chunk,
    /// OpenAI Responses and Realtime: the answer so far.
    Response,
    /// OpenAI Responses and Realtime: the whole answer.
    ResponseEnd,
    /// OpenAI Realtime: the session.
    Session,
    /// OpenAI Realtime: the usage of a transcription beside the session's model.
    Heard,
    /// Azure: what its filters say, before the first chunk or after the last.
    AzureHead,
    /// Nothing that is counted.
    Other,
}

/// Events by the whole of their `type`.
pub(super) const EVENTS: &[(&str, Event)] = &[
    ("message_start", Event::MessageStart),
    ("message_delta", Event::MessageDelta),
    ("message_stop", Event::MessageStop),
    ("content_block_start", Event::Other),
    ("content_block_delta", Event::Other),
    ("content_block_stop", Event::Other),
    ("ping", Event::Other),
    ("response.created", Event::Response),
    ("response.queued", Event::Response),
    ("response.in_progress", Event::Response),
    ("response.completed", Event::ResponseEnd),
    ("response.incomplete", Event::ResponseEnd),
    ("response.failed", Event::ResponseEnd),
    ("response.cancelled", Event::ResponseEnd),
    ("response.done", Event::ResponseEnd),
    ("session.created", Event::Session),
    ("session.updated", Event::Session),
    ("conversation.item.input_audio_transcription.completed", Event::Heard),
    ("transcript.text.delta", Event::Other),
    ("transcript.text.segment", Event::Other),
];

/// Keys under which people log an event.
const INSIDE: [&str; 7] = ["data", "event", "chunk", "response", "raw", "payload", "message"];

/// An event, and the record around it with the key that leads inwards.
pub(super) struct Found<'t> {
    pub(super) event: Event,
    pub(super) node: Node<'t>,
    pub(super) around: Option<(Node<'t>, &'t str)>,
}

impl Found<'_> {
    /// Returns the id that the record around an event gives to its stream.
    pub(super) fn id(&self) -> Option<String> {
        let (around, _) = self.around?;
        let id = around.first(&["stream_id", "request_id", "call_id", "trace_id"])?.scalar()?;
        Some(id.into_owned())
    }
}

/// Finds the event in a record.
pub(super) fn find(record: Node<'_>) -> Option<Found<'_>> {
    if let Some(event) = event_of(record) {
        return Some(Found { event, node: record, around: None });
    }
    record.fields().filter(|(key, inner)| inner.is_object() && INSIDE.contains(key)).find_map(|(key, inner)| {
        let event = event_of(inner)?;
        Some(Found { event, node: inner, around: Some((record, key)) })
    })
}

fn event_of(node: Node<'_>) -> Option<Event> {
    let text = |key: &str| node.get(key).map(Node::raw);
    match text("object") {
        Some("chat.completion.chunk" | "chat.completion.done" | "chat.reasoning" | "chat.reasoning.done") => {
            return Some(Event::Chunk);
        }
        Some("") if node.get("choices").is_some() => {
            let head = node.get("prompt_filter_results").is_some();
            return Some(if head { Event::AzureHead } else { Event::Other });
        }
        _ => {}
    }
    let kind = text("type")?;
    let event = EVENTS.iter().find(|(name, _)| *name == kind).map(|(_, event)| *event);
    let numbered = || node.first(&["sequence_number", "event_id", "output_index", "item_id"]).is_some();
    match event {
        Some(Event::MessageStart) => node.path(&["message", "model"]).is_some().then_some(Event::MessageStart),
        Some(Event::MessageDelta) => node.first(&["usage", "delta"]).is_some().then_some(Event::MessageDelta),
        Some(event @ (Event::Response | Event::ResponseEnd)) => {
            node.get("response").is_some_and(Node::is_object).then_some(event)
        }
        Some(Event::Heard) if node.get("usage").is_none() => Some(Event::Other),
        Some(Event::Session | Event::Heard) if !numbered() => None,
        // A log's own record may be of a type `ping`; a stream's says nothing else.
        Some(Event::Other) if node.get("model").is_some() => None,
        Some(event) => Some(event),
        None => is_minor(kind, numbered()).then_some(Event::Other),
    }
}

/// Tells the many events between, which carry pieces of the answer.
fn is_minor(kind: &str, numbered: bool) -> bool {
    const FAMILIES: [&str; 5] =
        ["response.", "rate_limits.", "conversation.", "input_audio_buffer.", "output_audio_buffer."];
    numbered && FAMILIES.iter().any(|family| kind.starts_with(family))
}
