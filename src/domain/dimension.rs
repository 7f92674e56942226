//! The axes to slice by: the standard ones, other keys by their own name, and time.

use std::fmt;
use std::sync::Arc;

use crate::domain::call::Flags;
use crate::domain::window::Grain;

/// A standard dimension. The order is the order of stored columns; append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dim {
    /// Who sends the invoice.
    Provider,
    /// The model that served the call, as the log names it.
    Model,
    /// The service mode that was served.
    Tier,
    /// Where inference ran, if the log tells.
    Region,
    /// How the call ended: `ok`, `error`, …
    Status,
    /// Which log the call came from.
    Source,
    /// What the product did with the call.
    Feature,
    /// The customer the call was made for.
    Tenant,
    /// `prod`, `staging`, …
    Environment,
    /// The team that owns the call.
    Team,
    /// The person or account behind the call.
    User,
    /// The conversation.
    Session,
    /// The prompt template.
    Prompt,
    /// The version of the prompt template.
    PromptVersion,
    /// The HTTP route or endpoint.
    Route,
    /// The agent.
    Agent,
    /// The run of an agent or job.
    Run,
    /// The distributed trace.
    Trace,
    /// The task.
    Task,
    /// The process.
    Process,
    /// The skill.
    Skill,
    /// The provider account.
    Account,
    /// The API key or its alias.
    ApiKey,
    /// The provider workspace or project.
    Workspace,
}

/// How many standard dimensions there are.
pub const DIMS: usize = 24;

const NAMES: [(Dim, &str); DIMS] = [
    (Dim::Provider, "provider"),
    (Dim::Model, "model"),
    (Dim::Tier, "tier"),
    (Dim::Region, "region"),
    (Dim::Status, "status"),
    (Dim::Source, "source"),
    (Dim::Feature, "feature"),
    (Dim::Tenant, "tenant"),
    (Dim::Environment, "environment"),
    (Dim::Team, "team"),
    (Dim::User, "user"),
    (Dim::Session, "session"),
    (Dim::Prompt, "prompt"),
    (Dim::PromptVersion, "prompt_version"),
    (Dim::Route, "route"),
    (Dim::Agent, "agent"),
    (Dim::Run, "run"),
    (Dim::Trace, "trace"),
    (Dim::Task, "task"),
    (Dim::Process, "process"),
    (Dim::Skill, "skill"),
    (Dim::Account, "account"),
    (Dim::ApiKey, "api_key"),
    (Dim::Workspace, "workspace"),
];

impl Dim {
    /// Every standard dimension, in order.
    pub fn all() -> impl Iterator<Item = Dim> {
        NAMES.iter().map(|(dim, _)| *dim)
    }

    /// Returns the name used everywhere.
    pub const fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Finds a dimension by its name or alias (`env`, `customer`).
    pub fn parse(name: &str) -> Option<Dim> {
        match name {
            "env" => Some(Dim::Environment),
            "customer" => Some(Dim::Tenant),
            _ => NAMES.iter().find(|(_, n)| *n == name).map(|(dim, _)| *dim),
        }
    }
}

/// One axis of a question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// A standard dimension.
    Dim(Dim),
    /// Another key of the log, by its own name.
    Key(String),
    /// A span of time, cut in the report's zone.
    Time(Grain),
    /// The single call, by its number in the store.
    Call,
    /// Something about the call itself that its price depends on.
    Trait(CallTrait),
}

/// What else tells calls apart: nothing that a log names, but what the call is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallTrait {
    /// The size of the prompt in tokens, cut at these sizes: a value is the smallest size of its band.
    PromptSize(Arc<[u64]>),
    /// The uses of server-side tools, as `store::read_tools` reads them.
    Tools,
    /// Whether a flag is set: `1` or untagged.
    Flag(Flags),
}

impl Axis {
    /// Understands a name: `tenant`, `env`, `day`, `call`, `meta.KEY`, or any other key.
    pub fn parse(name: &str) -> Axis {
        if let Some(dim) = Dim::parse(name) {
            Axis::Dim(dim)
        } else if let Some(grain) = Grain::parse(name) {
            Axis::Time(grain)
        } else {
            Axis::Key(name.strip_prefix("meta.").unwrap_or(name).to_string())
        }
    }

    /// Tells whether a key of a log can only be asked for as `meta.KEY`.
    pub fn collides(key: &str) -> bool {
        Dim::parse(key).is_some() || Grain::parse(key).is_some()
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Axis::Dim(dim) => f.write_str(dim.name()),
            Axis::Key(key) if Axis::collides(key) => write!(f, "meta.{key}"),
            Axis::Key(key) => f.write_str(key),
            Axis::Time(grain) => f.write_str(grain.name()),
            Axis::Call => f.write_str("call"),
            Axis::Trait(CallTrait::PromptSize(_)) => f.write_str("prompt_size"),
            Axis::Trait(CallTrait::Tools) => f.write_str("tools"),
            Axis::Trait(CallTrait::Flag(_)) => f.write_str("flag"),
        }
    }
}
