//! The attributes of one span: the known ones by slot, the application's own as dimensions of the call.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Kind;
use crate::read::json::Node;
use crate::read::spans::names;
use crate::read::spans::names::Dialect;
use crate::read::spans::names::Name;
use crate::read::spans::names::SLOTS;
use crate::read::spans::names::Slot;

/// The best-named value of each slot.
pub(in crate::read) struct Attributes<'t> {
    slots: [Option<(u8, Node<'t>)>; SLOTS],
    /// The name each value stood under.
    names: [&'static str; SLOTS],
    dialect: Dialect,
}

impl<'t> Attributes<'t> {
    /// Starts on a span that may use names of somebody's own.
    pub(in crate::read) fn new(dialect: Dialect) -> Attributes<'t> {
        Attributes { slots: [None; SLOTS], names: [""; SLOTS], dialect }
    }

    /// Reads attributes, a list or an object of them: known ones into their slots, others into the call.
    pub(in crate::read) fn read(&mut self, list: Option<Node<'t>>, call: &mut Call<'t>) {
        if let Some(list) = list {
            each(list, &mut |key, value| self.take(key, value, call));
        }
    }

    /// Reads the columns of a table that hold attributes, by the beginning of their names. Jaeger's documents in
    /// Elasticsearch write `@` for the point.
    pub(in crate::read) fn read_columns(&mut self, row: Node<'t>, prefix: &str, call: &mut Call<'t>) {
        for (key, value) in row.fields() {
            if let Some(key) = key.strip_prefix(prefix) {
                each_below(key.replace('@', "."), value, 0, &mut |key, value| self.take(key, value, call));
            }
        }
    }

    /// Takes one attribute.
    pub(in crate::read) fn take(&mut self, key: &str, value: Node<'t>, call: &mut Call<'t>) {
        match names::name(key, self.dialect) {
            Name::Known(slot, rank, name) => self.put(slot, rank, name, value),
            Name::Own(own) => assign(call, own, value),
            Name::Silent => {}
        }
    }

    fn put(&mut self, slot: Slot, rank: u8, name: &'static str, value: Node<'t>) {
        let known = &mut self.slots[slot as usize];
        // Tables write a word where they have nothing.
        let is_empty = value.is_null()
            || value.kind() == Kind::Plain && matches!(value.raw(), "" | "nan" | "NaN" | "None" | "null" | "NaT");
        if !is_empty && known.is_none_or(|(best, _)| rank < best) {
            *known = Some((rank, value));
            self.names[slot as usize] = name;
        }
    }

    /// Returns the value of a slot.
    pub(in crate::read) fn get(&self, slot: Slot) -> Option<Node<'t>> {
        self.slots[slot as usize].map(|(_, node)| node)
    }

    /// Returns the name under which a slot's value stood, or nothing.
    pub(in crate::read) fn name(&self, slot: Slot) -> &'static str {
        self.names[slot as usize]
    }

    /// Returns the value of a slot as text.
    pub(in crate::read) fn text(&self, slot: Slot) -> Option<Cow<'t, str>> {
        self.get(slot).and_then(Node::scalar)
    }

    /// Puts the slots that are dimensions on the call; `metadata` and `tags` are the opened JSON of the slots of
    /// those names.
    pub(in crate::read) fn take_dimensions<'m>(
        &self,
        metadata: Option<Node<'m>>,
        tags: Option<Node<'m>>,
        call: &mut Call<'m>,
    ) where
        't: 'm,
    {
        for (dim, value) in [
            (Dim::Agent, self.agent()),
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
        for (key, slot) in [
            ("workflow", Slot::Workflow),
            ("app", Slot::App),
            ("agent_id", Slot::AgentId),
            ("agent_version", Slot::AgentVersion),
            ("agent_parent", Slot::GraphParent),
        ] {
            if let Some(value) = self.text(slot) {
                fields::set_extra(call, key, value);
            }
        }
        take_tags(tags.or(self.get(Slot::Tags)), call);
        if let Some(metadata) = metadata {
            each(metadata, &mut |key, value| assign(call, key, value));
        }
    }

    /// Returns the name of the span's own agent; the agents around it are other spans' affair.
    fn agent(&self) -> Option<Cow<'t, str>> {
        let is_agent = self.text(Slot::TraceloopKind).is_some_and(|kind| kind == "agent");
        let entity = if is_agent { self.text(Slot::Entity) } else { None };
        entity.or_else(|| self.text(Slot::Agent)).or_else(|| self.text(Slot::AgentId)).or_else(|| {
            // OpenLLMetry writes the entities around a request as `outer.inner`.
            let path = self.text(Slot::EntityPath)?;
            let own = path.rsplit('.').next().unwrap_or_default().to_string();
            (!own.is_empty()).then_some(own.into())
        })
    }

    /// Adds what the resource says where the span says nothing; last of all the service stands in for a feature.
    pub(in crate::read) fn take_resource<'m>(
        &self,
        list: Option<Node<'m>>,
        service: Option<Cow<'m, str>>,
        call: &mut Call<'m>,
    ) where
        't: 'm,
    {
        let mut resource = Attributes::new(Dialect::Conventions);
        resource.read(list, call);
        if let Some(environment) = resource.text(Slot::Environment) {
            call.set_if_none(Dim::Environment, environment);
        }
        for (dim, slot) in [(Dim::User, Slot::User), (Dim::Session, Slot::Session), (Dim::Agent, Slot::Agent)] {
            if let Some(value) = resource.text(slot) {
                call.set_if_none(dim, value);
            }
        }
        let service = resource.text(Slot::Service).or(service).or_else(|| self.text(Slot::Service));
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

/// Takes tags: a list of texts or one text.
fn take_tags<'m>(tags: Option<Node<'m>>, call: &mut Call<'m>) {
    let Some(tags) = tags else { return };
    for tag in tags.items().map(inner).filter_map(Node::str) {
        fields::tag(call, tag);
    }
    if let Some(tag) = tags.str() {
        fields::tag(call, tag);
    }
}

/// How many objects deep an attribute may lie in another.
const DEEPEST: usize = 8;

/// Walks attributes: a list of keys and typed values, or an object of plain values. What lies in objects comes
/// with the keys joined by dots, as the conventions write it flat.
pub(in crate::read) fn each<'t>(list: Node<'t>, on: &mut dyn FnMut(&str, Node<'t>)) {
    members(list, &mut |key, value| {
        on(key, value);
        if value.is_object() || is_pairs(value) {
            members(value, &mut |inner, value| each_below(format!("{key}.{inner}"), value, 1, on));
        }
    });
}

fn each_below<'t>(key: String, value: Node<'t>, depth: usize, on: &mut dyn FnMut(&str, Node<'t>)) {
    on(&key, value);
    if depth < DEEPEST && (value.is_object() || is_pairs(value)) {
        members(value, &mut |inner, value| each_below(format!("{key}.{inner}"), value, depth + 1, on));
    }
}

/// Tells whether an array holds keys and values.
fn is_pairs(node: Node<'_>) -> bool {
    node.items().next().is_some_and(|item| item.get("key").is_some() && item.get("value").is_some())
}

/// Walks the keys of one level.
pub(in crate::read) fn members<'t>(list: Node<'t>, on: &mut dyn FnMut(&'t str, Node<'t>)) {
    for item in list.items() {
        if let (Some(key), Some(value)) = (item.get("key"), item.get("value")) {
            on(key.raw(), inner(value));
        }
    }
    for (key, value) in list.fields() {
        on(key, inner(value));
    }
}

/// Returns what a typed value holds: `{"intValue":"5"}` is `"5"`, a list its items, an object its pairs.
pub(in crate::read) fn inner(value: Node<'_>) -> Node<'_> {
    const PLAIN: [&str; 10] = [
        "stringValue",
        "intValue",
        "doubleValue",
        "boolValue",
        "bytesValue",
        "string_value",
        "int_value",
        "double_value",
        "bool_value",
        "bytes_value",
    ];
    const LISTS: [&str; 4] = ["arrayValue", "kvlistValue", "array_value", "kvlist_value"];
    match value.fields().next() {
        Some((key, held)) if PLAIN.contains(&key) => held,
        Some((key, held)) if LISTS.contains(&key) => held.get("values").unwrap_or(held),
        _ => value,
    }
}

/// Gives a key of the application's own its place. What only looks like a property of the request stays an
/// extra: a key `id` or `model` on some span does not name the answer or the model that was billed.
pub(in crate::read) fn assign<'t>(call: &mut Call<'t>, key: &str, value: Node<'t>) {
    let Some(text) = value.scalar().filter(|text| !text.is_empty()) else {
        return;
    };
    match fields::meaning(key).map(|meaning| meaning.field) {
        Some(Field::Dim(dim)) if fields::says_who(dim) => fields::set_dim(call, dim, text),
        Some(Field::Text | Field::Nested) => {}
        _ => fields::set_extra(call, key, text),
    }
}
