//! The gateway's names: provider, API and region before a model's own name.

use std::borrow::Cow;

use crate::read::provider;

/// A model as the gateway writes it, `bedrock/us-east-1/anthropic.claude-…`, taken apart.
pub(super) struct Name<'a> {
    pub(super) seller: Option<Cow<'a, str>>,
    pub(super) region: Option<&'a str>,
    pub(super) model: &'a str,
}

impl<'a> Name<'a> {
    /// Takes a name apart; `said` is the provider the row names.
    pub(super) fn parse(raw: &'a str, said: Option<&'a str>) -> Name<'a> {
        /// Parts that name an API rather than a model.
        const APIS: [&str; 6] = ["converse", "converse_like", "invoke", "responses", "chat", "anthropic_messages"];
        let mut name = Name { seller: said.map(seller), region: None, model: raw };
        let Some((prefix, rest)) = raw.split_once('/') else {
            return name;
        };
        let known = match &name.seller {
            Some(said) => seller(prefix) == *said || prefix == *said,
            None => SELLERS.contains(&seller(prefix).as_ref()),
        };
        if !known || rest.is_empty() {
            return name;
        }
        name.seller = name.seller.or_else(|| Some(seller(prefix)));
        name.model = rest;
        while let Some((part, rest)) = name.model.split_once('/') {
            let region = is_region(part);
            if rest.is_empty() || !(region || APIS.contains(&part)) {
                break;
            }
            name.region = name.region.or(region.then_some(part));
            name.model = rest;
        }
        name
    }
}

/// Prefixes that name a seller where the row has no provider.
const SELLERS: [&str; 12] = [
    "anthropic",
    "openai",
    "azure",
    "bedrock",
    "vertex",
    "google",
    "xai",
    "mistral",
    "deepseek",
    "groq",
    "openrouter",
    "cohere",
];

/// Folds the gateway's names of providers, which are finer than sellers.
pub(super) fn seller(name: &str) -> Cow<'_, str> {
    match name {
        _ if name.starts_with("vertex_ai") => "vertex".into(),
        _ if name.starts_with("bedrock") => "bedrock".into(),
        "text-completion-openai" => "openai".into(),
        "azure_text" => "azure".into(),
        "cohere_chat" => "cohere".into(),
        _ => provider::fold(name),
    }
}

/// Tells a cloud's region (`us-east-1`) from a part of a model's name.
fn is_region(part: &str) -> bool {
    let mut words = part.split('-');
    let (area, number) = (words.next().unwrap_or_default(), words.next_back().unwrap_or_default());
    let middle = words.count();
    area.len() == 2 && (1..=2).contains(&middle) && number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit())
}
