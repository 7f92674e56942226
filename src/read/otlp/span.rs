//! The attributes of one span: the known ones by slot, the application's own as dimensions of the call.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Node;
use crate::read::otlp::names;
use crate::read::otlp::names::Name;
use crate::read::otlp::names::SLOTS;
use crate::read::otlp::names::Slot;

/// The best-named value of each slot.
pub(super) struct Attributes<'t> {
    slots: [Option<(u8, Node<'t>)>; SLOTS],
    /// The name each value stood under.
    names: [&'t str; SLOTS],
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Attributes { slots: [None; SLOTS], names: [""; SLOTS] }
    }
}

impl<'t> Attributes<'t> {
    /// Reads a list of attributes: known ones into their slots, others into the call.
    pub(super) fn read(&mut self, list: Option<Node<'t>>, call: &mut Call<'t>) {
        each(list, |key, value| match names::name(key) {
            Name::Known(slot, rank) => self.put(slot, rank, key, value),
            Name::Own(own) => assign(call, own, value),
            Name::Silent => {}
        });
    }

    fn put(&mut self, slot: Slot, rank: u8, key: &'t str, value: Node<'t>) {
        let known = &mut self.slots[slot as usize];
        let is_empty = value.str().is_some_and(|text| text.is_empty());
        if !is_empty && known.is_none_or(|(best, _)| rank < best) {
            *known = Some((rank, value));
            self.names[slot as usize] = key;
        }
    }

    /// Returns the value of a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<Node<'t>> {
        self.slots[slot as usize].map(|(_, node)| node)
    }

    /// Returns the name under which a slot's value stood, or nothing.
    pub(super) fn name(&self, slot: Slot) -> &'t str {
        self.names[slot as usize]
    }

    /// Returns the value of a slot as text.
    pub(super) fn text(&self, slot: Slot) -> Option<Cow<'t, str>> {
        self.get(slot).and_then(Node::scalar)
    }

    /// Puts the slots that are dimensions on the call; `metadata` is the opened JSON of the slot of that name.
    pub(super) fn take_dimensions<'m>(&self, metadata: Option<Node<'m>>, call: &mut Call<'m>)
    where
        't: 'm,
    {
        let is_agent = self.text(Slot::TraceloopKind).is_some_and(|kind| kind == "agent");
        let agent = if is_agent { self.text(Slot::Entity) } else { None };
        for (dim, value) in [
            (Dim::Agent, agent.or_else(|| self.text(Slot::Agent))),
            (Dim::Session, self.text(Slot::Session)),
            (Dim::User, self.text(Slot::User)),
            (Dim::Prompt, self.text(Slot::Prompt)),
            (Dim::PromptVersion, self.text(Slot::PromptVersion)),
            (Dim::Environment, self.text(Slot::Environment)),
        ] {
            if let Some(value) = value {
                call.set(dim, value);
            }
        }
        if let Some(workflow) = self.text(Slot::Workflow) {
            fields::set_extra(call, "workflow", workflow);
        }
        if let Some(app) = self.text(Slot::App) {
            fields::set_extra(call, "app", app);
        }
        self.take_tags(call);
        for (key, value) in metadata.into_iter().flat_map(Node::fields) {
            assign(call, key, value);
        }
    }

    fn take_tags<'m>(&self, call: &mut Call<'m>)
    where
        't: 'm,
    {
        let Some(tags) = self.get(Slot::Tags) else { return };
        let list = tags.get("values").unwrap_or(tags);
        for tag in list.items().map(inner).filter_map(Node::str) {
            fields::tag(call, tag);
        }
        if let Some(tag) = tags.str() {
            fields::tag(call, tag);
        }
    }

    /// Adds what the resource says where the span says nothing; last of all the service stands in for a feature.
    pub(super) fn take_resource<'m>(&self, list: Option<Node<'m>>, call: &mut Call<'m>)
    where
        't: 'm,
    {
        let mut resource = Attributes::default();
        resource.read(list, call);
        if let Some(environment) = resource.text(Slot::Environment) {
            call.set_if_none(Dim::Environment, environment);
        }
        for (dim, slot) in [(Dim::User, Slot::User), (Dim::Session, Slot::Session), (Dim::Agent, Slot::Agent)] {
            if let Some(value) = resource.text(slot) {
                call.set_if_none(dim, value);
            }
        }
        let service = resource.text(Slot::Service).or_else(|| self.text(Slot::Service));
        if let Some(app) = resource.text(Slot::App) {
            fields::set_extra(call, "app", app);
        }
        if let Some(service) = service.filter(|service| !service.starts_with("unknown_service")) {
            fields::set_extra(call, "service", service.clone());
            fields::set_extra(call, "app", service.clone());
            call.set_if_none(Dim::Feature, service);
        }
    }
}

/// Walks a list of attributes; an object of plain values, as people write it by hand, does as well.
fn each<'t>(list: Option<Node<'t>>, mut on: impl FnMut(&'t str, Node<'t>)) {
    let Some(list) = list else { return };
    for item in list.items() {
        if let (Some(key), Some(value)) = (item.get("key"), item.get("value")) {
            on(key.raw(), inner(value));
        }
    }
    for (key, value) in list.fields() {
        on(key, inner(value));
    }
}

/// Returns what a typed value holds: `{"intValue":"5"}` is `"5"`.
fn inner(value: Node<'_>) -> Node<'_> {
    const TYPES: [&str; 14] = [
        "stringValue",
        "intValue",
        "doubleValue",
        "boolValue",
        "arrayValue",
        "kvlistValue",
        "bytesValue",
        "string_value",
        "int_value",
        "double_value",
        "bool_value",
        "array_value",
        "kvlist_value",
        "bytes_value",
    ];
    value.fields().find(|(key, _)| TYPES.contains(key)).map_or(value, |(_, inner)| inner)
}

/// Gives a key of the application's own its place. What only looks like a property of the request stays an
/// extra: a key `id` or `model` on some span does not name the answer or the model that was billed.
fn assign<'t>(call: &mut Call<'t>, key: &str, value: Node<'t>) {
    let Some(text) = value.scalar().filter(|text| !text.is_empty()) else {
        return;
    };
    match fields::meaning(key).map(|meaning| meaning.field) {
        Some(Field::Dim(
            dim @ (Dim::Feature
            | Dim::Tenant
            | Dim::Environment
            | Dim::Team
            | Dim::User
            | Dim::Session
            | Dim::Prompt
            | Dim::PromptVersion
            | Dim::Route
            | Dim::Agent
            | Dim::Run
            | Dim::Task
            | Dim::Process
            | Dim::Skill
            | Dim::Account
            | Dim::ApiKey
            | Dim::Workspace),
        )) => fields::set_dim(call, dim, text),
        Some(Field::Text | Field::Nested) => {}
        _ => fields::set_extra(call, key, text),
    }
}
