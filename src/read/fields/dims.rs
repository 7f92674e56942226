//! Whether a value under a dimension's name can be meant, and what the name alone tells.

use crate::domain::Dim;
use crate::read::value;

/// Tells whether a value under one of a dimension's looser names can be meant: `tier: gold` is a plan of the
/// author's, `system: You are …` a prompt.
pub fn says_dim(dim: Dim, rank: u16, value: &str) -> bool {
    match dim {
        Dim::Tier => rank == 0 || value::is_tier(value),
        // `system` and `api` may hold a prompt; a provider may have a name of two words.
        Dim::Provider => value::is_name(value) || rank < 4 && value.len() <= 40,
        // `session_id` is an id whatever it holds; `conversation` may be the conversation itself.
        Dim::Session => rank < 3 || value::is_name(value),
        _ => true,
    }
}

/// Tells whether a dimension says who or what for: what merely has the name of a property of the request, on a span or
/// among a user's metadata, is none.
pub fn says_who(dim: Dim) -> bool {
    match dim {
        Dim::Feature
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
        | Dim::Workspace => true,
        Dim::Provider | Dim::Model | Dim::Tier | Dim::Region | Dim::Status | Dim::Source | Dim::Trace => false,
    }
}

/// Tells whether the region's name says that inference was billed there, as the providers' own fields do
/// (`inference_geo`, `data_residency`). A homemade `region` is as likely where the application runs, and
/// prices nothing.
pub fn states_geo(rank: u16) -> bool {
    matches!(rank, 1 | 2)
}
