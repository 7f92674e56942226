//! Flat records: one JSON object or CSV row a call, with whatever column names their author chose.
//!
//! Inclusive or exclusive: a flat log does not say whether its input count contains the cached tokens. In
//! order: what the user says (`--cached-input`), a column that says it by name, a cached count larger than the
//! input (cannot be a part of it), and last the spelling, flagged `inclusive_guessed` with the other reading
//! kept, so that a logged cost can settle it. Output is taken to include reasoning, as all providers but
//! Gemini and xAI report it.

mod counts;
mod envelope;
mod found;
mod signature;

use std::collections::HashMap;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::bytes;
use crate::domain::call::CACHE_STORAGE;
use crate::domain::dimension::DIMS;
use crate::read::CachedInput;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::flat::counts::add_thoughts;
use crate::read::flat::counts::is_gemini;
use crate::read::flat::counts::makes_no_text;
use crate::read::flat::counts::reading;
use crate::read::flat::counts::take_cache_writes;
use crate::read::flat::envelope::items;
use crate::read::flat::found::Found;
use crate::read::flat::found::Named;
use crate::read::flat::found::Role;
use crate::read::flat::found::SLOTS;
use crate::read::flat::found::named;
use crate::read::flat::found::slot;
use crate::read::flat::found::take;
use crate::read::flat::found::take_ids;
use crate::read::flat::found::take_outcome;
use crate::read::flat::signature::is_call;
use crate::read::formats;
use crate::read::json::Node;
use crate::read::json::Tape;
use crate::read::tokens;
use crate::read::tokens::Input;
use crate::read::value;

/// The reader of flat JSON and CSV.
pub struct Flat;

impl Reader for Flat {
    fn name(&self) -> &'static str {
        "flat"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        is_call(record) || items(record).is_some_and(|list| list.items().take(formats::FIRST_ITEMS).any(is_call))
    }

    fn origin(&self) -> Origin {
        Origin::Application
    }

    fn start(&self, options: &Options) -> Box<dyn Session> {
        let mapped = options
            .map
            .iter()
            .filter_map(|(field, column)| Some((column.clone(), Role::Means(fields::mapped(field)?, Named::Mapped))));
        Box::new(FlatSession {
            roles: mapped.collect(),
            layout: Vec::new(),
            cached_input: options.cached_input,
            tape: Tape::default(),
        })
    }
}

struct FlatSession {
    /// What each column met so far means.
    roles: HashMap<String, Role>,
    /// The columns of the last record in their order: the next one very likely has the same.
    layout: Vec<(String, Role)>,
    cached_input: Option<CachedInput>,
    tape: Tape,
}

impl Session for FlatSession {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        if !record.node.is_object() {
            return Verdict::NotMine("not an object".into());
        }
        match self.one(record, sink) {
            // Nothing of a call in the record itself: it may hold a list of them.
            Verdict::NotMine(reason) => match items(record.node).filter(|list| list.items().any(is_call)) {
                Some(list) => {
                    self.each(record, list, sink);
                    Verdict::Taken
                }
                None => Verdict::NotMine(reason),
            },
            taken => taken,
        }
    }
}

impl FlatSession {
    /// Reads the records of an envelope, each with the line it starts on.
    fn each(&mut self, envelope: Record<'_>, list: Node<'_>, sink: &mut dyn Sink) {
        let (mut line, mut seen) = (envelope.line, 0);
        for item in list.items() {
            let start = envelope::offset(envelope.node, item);
            line += envelope::newlines(envelope.node, seen, start);
            seen = start;
            let verdict = if item.is_object() {
                self.one(Record { line, node: item }, sink)
            } else {
                Verdict::NotMine("not an object".into())
            };
            if let Verdict::NotMine(reason) = verdict {
                sink.reject(line, reason);
            }
        }
    }

    fn one(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let mut call = Call { line: record.line, ..Call::default() };
        let mut found = Found { slots: [None; SLOTS], dim_orders: [u16::MAX; DIMS], requests: false, failure: None };
        for (position, (key, value)) in record.node.fields().enumerate() {
            let role = self.role_at(position, key);
            if let Err(reason) = take(role, key, value, &mut call, &mut found) {
                sink.reject(record.line, reason);
                return Verdict::Taken;
            }
        }
        self.unfold_texts(record.node, &mut call);
        match self.complete(record.node, &mut call, &found) {
            Ok(Outcome::Call) => sink.call(&call),
            Ok(Outcome::Aggregate) => sink.skip(record.line, "aggregate"),
            Err(Problem::Foreign(reason)) => return Verdict::NotMine(reason),
            Err(Problem::Broken(reason)) => sink.reject(record.line, reason),
        }
        Verdict::Taken
    }
}

enum Outcome {
    Call,
    Aggregate,
}

enum Problem {
    /// Nothing of a call in it.
    Foreign(String),
    /// A call with a value that cannot be used.
    Broken(String),
}

impl From<String> for Problem {
    fn from(reason: String) -> Problem {
        Problem::Broken(reason)
    }
}

impl FlatSession {
    /// Returns what a column means: by its place in the last record's layout, or by the table of roles.
    fn role_at(&mut self, position: usize, key: &str) -> Role {
        if let Some((known, role)) = self.layout.get(position)
            && bytes::same(known.as_bytes(), key.as_bytes())
        {
            return *role;
        }
        let role = match self.roles.get(key) {
            Some(role) => *role,
            None => {
                let role = FlatSession::role_of(key);
                // A log with a new key in every record must not grow the table without end.
                if self.roles.len() < 10_000 {
                    self.roles.insert(key.to_string(), role);
                }
                role
            }
        };
        if position < 256 {
            self.layout.truncate(position);
            self.layout.push((key.to_string(), role));
        }
        role
    }

    fn role_of(key: &str) -> Role {
        match fields::meaning(key) {
            Some(meaning) => Role::Means(meaning, named(key)),
            None if fields::is_text_name(key) => Role::TextNamed,
            None => Role::Extra,
        }
    }

    /// CSV carries tags and metadata as JSON inside a cell.
    fn unfold_texts(&mut self, node: Node<'_>, call: &mut Call<'_>) {
        for (key, value) in node.fields() {
            if !matches!(value.raw().as_bytes().first(), Some(b'{' | b'[')) {
                continue;
            }
            let Some(text) = value.str() else { continue };
            let text = text.as_ref();
            if fields::meaning(key).map(|m| m.field) != Some(Field::Nested) {
                continue;
            }
            if self.tape.parse(text).is_ok() {
                let mut inner = Call::default();
                fields::nested(self.tape.root(text), &mut inner);
                for (dim, value) in Dim::all().zip(inner.dims) {
                    if let Some(value) = value {
                        call.set_if_none(dim, value.into_owned());
                    }
                }
                for (key, value) in inner.extra {
                    call.set_extra(key.into_owned(), value.into_owned());
                }
            }
        }
    }

    fn complete<'t>(&self, node: Node<'t>, call: &mut Call<'t>, found: &Found<'t>) -> Result<Outcome, Problem> {
        let has = |field: Field| slot(field).and_then(|at| found.slots[at]).is_some();
        let amounts = [Field::Input, Field::InputUncached, Field::Output, Field::Total, Field::Cost(0)];
        if call.dim(Dim::Model).is_none() && !amounts.into_iter().any(has) {
            return Err(Problem::Foreign("no model, token count or cost".into()));
        }
        let time = found.slots[0]
            .ok_or_else(|| "no time: none of its keys is a timestamp (use --map ts=COLUMN)".to_string())?;
        let (ts, flags) = fields::time(time.node)
            .or_else(|reason| envelope::date_and_time(node, time.node).ok_or(reason))
            .map_err(|reason| format!("`{}`: {reason}", time.key))?;
        call.ts = ts;
        call.flags.add(flags);
        take_ids(call, found);
        let date_only = time.node.raw().len() == 10;
        if found.requests && date_only && call.request_id.is_none() {
            return Ok(Outcome::Aggregate);
        }
        take_outcome(call, found)?;
        self.take_tokens(call, found)?;
        // A log that tells only the task or route of a call tells its feature by it.
        if call.dim(Dim::Feature).is_none()
            && let Some(name) = call.dims[Dim::Task as usize].clone().or_else(|| call.dims[Dim::Route as usize].clone())
        {
            call.set(Dim::Feature, name);
        }
        Ok(Outcome::Call)
    }

    fn take_tokens(&self, call: &mut Call<'_>, found: &Found<'_>) -> Result<(), String> {
        let count = |field: Field| -> Result<Option<u64>, String> {
            let value = slot(field).and_then(|at| found.slots[at]);
            value.map_or(Ok(None), |value| value::optional_count(value.key, Some(value.node)))
        };
        let (input, uncached) = (count(Field::Input)?, count(Field::InputUncached)?);
        let (output, total) = (count(Field::Output)?, count(Field::Total)?);
        let failed = body::has_failed(call);
        let (no_input, no_output) = (input.is_none() && uncached.is_none(), output.is_none());
        if let Some(kept) = slot(Field::CacheStorage(1)).and_then(|at| found.slots[at]) {
            let unit = if let Field::CacheStorage(seconds) = kept.field { u64::from(seconds) } else { 1 };
            let kept = value::optional_count(kept.key, Some(kept.node))?.unwrap_or(0).checked_mul(unit);
            call.tools.push((CACHE_STORAGE.into(), kept.ok_or("more cache storage than a call can have")?));
            // The record of a cache has no tokens of a call.
            if no_input && no_output {
                return Ok(());
            }
        }
        if no_input && no_output && failed {
            return Ok(());
        }
        // A count that is not logged is not zero; only what makes no text needs no output.
        if no_output && !no_input && !(failed || makes_no_text(call)) || no_input && !no_output {
            body::missing(call);
        }
        if no_input && no_output {
            body::missing(call);
            if let Some(total) = total {
                call.set_extra("total_tokens", total.to_string());
            }
            return Ok(());
        }
        call.tokens.set(Class::Output, output.unwrap_or(0));
        call.reasoning = count(Field::Reasoning)?.unwrap_or(0);
        let read = count(Field::CacheRead)?.unwrap_or(0);
        call.tokens.set(Class::CacheRead, read);
        let written = take_cache_writes(call, &count)?;
        if let Some(searches) = count(Field::WebSearch)?.filter(|n| *n > 0) {
            call.tools.push(("web_search".into(), searches));
        }
        match uncached {
            Some(uncached) => call.tokens.set(Class::Input, uncached),
            None => {
                let input = Input { count: input.unwrap_or(0), read, written, media: 0 };
                tokens::settle_input(call, input, self.cached_input, None, reading(found, call));
            }
        }
        if call.reasoning > 0 && is_gemini(call) {
            add_thoughts(call, found, input, total);
        }
        if call.reasoning > call.tokens.get(Class::Output) {
            body::inconsistent(call);
        }
        Ok(())
    }
}
