//! Nodes of a trace: the structure that calls inherit dimensions from.

use std::borrow::Cow;

use crate::domain::dimension::Dim;

/// A node of a trace.
#[derive(Clone, Debug, Default)]
pub struct Span<'a> {
    /// The trace it belongs to.
    pub trace: Cow<'a, str>,
    /// Its id within the trace.
    pub id: Cow<'a, str>,
    /// The span above it.
    pub parent: Option<Cow<'a, str>>,
    /// What the log calls it.
    pub name: Cow<'a, str>,
    /// First instant, nanoseconds since 1970.
    pub start: i64,
    /// Last instant, nanoseconds since 1970.
    pub end: i64,
    /// What it is to billing.
    pub role: SpanRole,
    /// Dimensions that the calls below it may inherit.
    pub dims: Vec<(Dim, Cow<'a, str>)>,
    /// Other keys that the calls below it may inherit.
    pub extra: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// What a span is to billing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanRole {
    /// Carries no usage.
    #[default]
    Structure,
    /// A model call with usage; billed unless a span below it records the same call.
    Call,
    /// An agent, chain or workflow with usage; billed only if nothing below it carries usage.
    Rollup,
}
