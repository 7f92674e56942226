//! Records that a log collector carries as text in a record of its own: Docker's `log`, CloudWatch's `@message`.
//!
//! `{"log":"{\"model\":…}\n","stream":"stdout","time":…}` is read as the record inside it; the collector's time is
//! kept where the inner record has none. What the inner record means is the readers' business.

use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::json::Tape;

/// Keys under which collectors keep the line they carry.
const CARRIERS: [&str; 5] = ["log", "message", "@message", "msg", "line"];

/// The record inside, once one was found.
pub struct Carried {
    tape: Tape,
    text: String,
    csv: bool,
}

impl Carried {
    /// Starts on a stream; rows of CSV keep their texts without escapes.
    pub fn new(csv: bool) -> Carried {
        Carried { tape: Tape::default(), text: String::new(), csv }
    }

    /// Looks for a carried record; true where [`Carried::record`] has it.
    pub fn open(&mut self, tape: &Tape, text: &str) -> bool {
        // JSON inside a text of JSON begins like this, and next to no other record has it anywhere.
        if !self.csv && memchr::memmem::find(text.as_bytes(), b"\"{\\").is_none() {
            return false;
        }
        let outer = tape.root(text);
        let Some(inner) = outer.fields().find_map(|(key, value)| carried(key, value)) else { return false };
        if outer.fields().any(|(key, _)| says_call(key)) {
            // A call's own record: the text is a prompt that happens to be JSON.
            return false;
        }
        self.text.clear();
        self.text.push_str(inner.trim());
        if self.tape.parse(&self.text).is_err() || !self.tape.root(&self.text).is_object() {
            return false;
        }
        let told = self.tape.root(&self.text).fields().any(|(key, _)| is_time(key));
        if !told && let Some(time) = time_of(outer) {
            let inner = self.text.split_off(1);
            self.text.push_str(&time);
            if inner.trim_start() != "}" {
                self.text.push(',');
            }
            self.text.push_str(&inner);
            return self.tape.parse(&self.text).is_ok();
        }
        true
    }

    /// Returns the record that was found.
    pub fn record(&self) -> (&Tape, &str) {
        (&self.tape, &self.text)
    }
}

fn carried(key: &str, value: Node<'_>) -> Option<String> {
    let is_text = matches!(value.kind(), Kind::Plain | Kind::Escaped);
    if !is_text || !CARRIERS.contains(&key) || !value.raw().trim_start().starts_with('{') {
        return None;
    }
    value.str().map(|text| text.into_owned())
}

/// Tells whether a key of the outer record belongs to a call.
fn says_call(key: &str) -> bool {
    let field = fields::meaning(key).map(|meaning| meaning.field);
    matches!(field, Some(Field::Dim(Dim::Model) | Field::Input | Field::Output | Field::Total | Field::Cost(_)))
        || key == "usage"
}

fn is_time(key: &str) -> bool {
    fields::meaning(key).is_some_and(|meaning| meaning.field == Field::Time)
}

/// Returns the collector's time as a member of the record inside.
fn time_of(outer: Node<'_>) -> Option<String> {
    let (_, node) = outer.fields().find(|(key, node)| is_time(key) && fields::time(*node).is_ok())?;
    let quote = if node.kind() == Kind::Number { "" } else { "\"" };
    Some(format!("\"logged_at\":{quote}{}{quote}", node.raw()))
}
