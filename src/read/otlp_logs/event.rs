//! A log record as an event: its name, its attributes, its time.

use std::borrow::Cow;

use crate::read::fields;
use crate::read::json::Node;
use crate::read::otlp_logs::place_of;
use crate::read::spans::attributes::inner;
use crate::read::spans::attributes::members;
use crate::read::spans::ids;
use crate::read::value;

/// A log record.
pub(super) struct Event<'t> {
    pub(super) line: u64,
    node: Node<'t>,
    /// Its name, with the agent's prefix where the record has it anywhere.
    pub(super) name: Cow<'t, str>,
    pub(super) attributes: Option<Node<'t>>,
    /// The body without its type.
    pub(super) body: Option<Node<'t>>,
    pub(super) resource: Option<Node<'t>>,
    pub(super) scope: &'t str,
    /// Attributes, then the fields of the body.
    fields: Vec<(&'t str, Node<'t>)>,
}

impl<'t> Event<'t> {
    /// Reads a record's frame.
    pub(super) fn read(node: Node<'t>, resource: Option<Node<'t>>, scope: &'t str, line: u64) -> Event<'t> {
        let attributes = node.get("attributes");
        let body = node.get("body").map(inner);
        let mut fields = Vec::new();
        for list in [attributes, body].into_iter().flatten() {
            members(list, &mut |key, value| fields.push((key, value)));
        }
        let mut event = Event { line, node, name: "".into(), attributes, body, resource, scope, fields };
        event.name = event.find_name();
        event
    }

    /// Claude Code names an event `api_request` and writes `claude_code.api_request` into the body.
    fn find_name(&self) -> Cow<'t, str> {
        let own = self.node.first(&["eventName", "event_name"]).and_then(Node::str).filter(|name| !name.is_empty());
        let name = own.or_else(|| self.text(&["event.name", "event_name"])).unwrap_or_default();
        let said = self.body.and_then(Node::str).filter(|body| body.len() <= 100 && !body.contains(' '));
        match said {
            Some(body) if name.is_empty() => body,
            Some(body) if body.strip_suffix(&*name).is_some_and(|head| head.ends_with('.')) => body,
            _ => name,
        }
    }

    /// Returns the first of several attributes that has a value.
    pub(super) fn get(&self, names: &[&str]) -> Option<Node<'t>> {
        names.iter().find_map(|name| {
            self.fields.iter().find(|(key, value)| key == name && !value.is_null()).map(|(_, value)| *value)
        })
    }

    /// Returns the text of the first of several attributes that has one.
    pub(super) fn text(&self, names: &[&str]) -> Option<Cow<'t, str>> {
        self.get(names).and_then(Node::text)
    }

    /// Returns a count that may be absent.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, String> {
        value::optional_count(name, self.get(&[name]))
    }

    /// Returns the attributes' keys and values.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'t str, Node<'t>)> {
        self.fields.iter().copied()
    }

    /// Returns when the record was written, which is when the answer was there.
    pub(super) fn stamp(&self) -> Result<i64, String> {
        let given = |names: &[&str]| self.node.first(names).filter(|node| !matches!(node.raw(), "" | "0"));
        let written = given(&["timeUnixNano", "time_unix_nano", "timestamp"])
            .map(|node| ids::nanos(node).map_err(|reason| format!("`timeUnixNano`: {reason}")));
        if let Some(Ok(at)) = written {
            return Ok(at);
        }
        if let Some(node) = self.get(&["event.timestamp"]) {
            return fields::time(node).map(|(ts, _)| ts.0).map_err(|reason| format!("`event.timestamp`: {reason}"));
        }
        if let Some(Err(reason)) = written {
            return Err(reason);
        }
        let observed = given(&["observedTimeUnixNano", "observed_time_unix_nano", "observed_timestamp"]);
        let node = observed.ok_or("a log record without `timeUnixNano`")?;
        ids::nanos(node).map_err(|reason| format!("`observedTimeUnixNano`: {reason}"))
    }

    /// Returns the ids of the trace and the span it was written in.
    pub(super) fn place(&self) -> (Option<Cow<'t, str>>, Option<Cow<'t, str>>) {
        place_of(self.node)
    }

    /// Tells whether the record comes from a program, by its service or its scope.
    pub(super) fn is_from(&self, program: &str) -> bool {
        let mut service = false;
        if let Some(resource) = self.resource {
            members(resource, &mut |key, value| service |= key == "service.name" && value.raw() == program);
        }
        service || self.scope == program
    }
}
