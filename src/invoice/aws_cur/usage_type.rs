//! The grammar of Bedrock's usage types: what a line of an AWS bill charges for.
//!
//! | form | example |
//! |---|---|
//! | plain | `USE1-Claude4.6Sonnet-input-tokens`, `…-output-tokens-cross-region-global`, `…-input-tokens-batch` |
//! | by id | `USW2-moonshotai.kimi-k3-mantle-cache-write-tokens-30m-global-standard` |
//! | Marketplace | `USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units`, `USE1_input_tokens_standard-Units` |
//!
//! In the Marketplace's form the model is in the service's name instead. Words behind the class are of a closed list;
//! one that is not known makes the line an unmapped one, because it may stand for another price.

use crate::domain::Charge;
use crate::domain::Class;

/// The codes before usage types whose region is sure.
const REGIONS: &[(&str, &str)] = &[
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
    ("UGE1", "us-gov-east-1"),
    ("UGW1", "us-gov-west-1"),
    ("CAN1", "ca-central-1"),
    ("CAN2", "ca-west-1"),
    ("MXC1", "mx-central-1"),
    ("SAE1", "sa-east-1"),
    ("EU", "eu-west-1"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("APS7", "ap-southeast-5"),
    ("APS8", "ap-southeast-6"),
    ("APS9", "ap-southeast-7"),
    ("APE1", "ap-east-1"),
    ("APE2", "ap-east-2"),
    ("AFS1", "af-south-1"),
    ("ILC1", "il-central-1"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
];

/// What a usage type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::invoice) struct UsageType<'a> {
    /// Where it was asked from, if the code is known.
    pub(in crate::invoice) region: Option<&'static str>,
    /// The model as printed, if it is in there.
    pub(in crate::invoice) model: Option<&'a str>,
    pub(in crate::invoice) charge: Charge,
    pub(in crate::invoice) tier: Option<&'static str>,
    /// Routed to any region, which has a price of its own.
    pub(in crate::invoice) is_global: bool,
    pub(in crate::invoice) long_context: Option<bool>,
}

impl<'a> UsageType<'a> {
    /// Reads a usage type.
    pub(in crate::invoice) fn parse(text: &'a str) -> UsageType<'a> {
        let (region, rest) = split_region(text);
        let (model, said) = if let Some(dimension) = marketplace(rest) {
            (None, classify(split_camel(dimension).iter().map(String::as_str)))
        } else if let Some((model, words)) = rest.split_once("-mantle-") {
            (Some(model), classify(words.split('-')))
        } else if let Some(at) = class_at(rest) {
            (Some(rest[..at].trim_end_matches('-')), classify(rest[at..].split('-')))
        } else {
            (None, Said { charge: without_class(rest), ..Said::default() })
        };
        let Said { charge, tier, is_global, long_context } = said;
        let model = model.filter(|model| !model.is_empty());
        UsageType { region, model, charge, tier, is_global, long_context }
    }
}

/// Takes the code of a region off. A code that is not listed is taken off too, and its region stays unknown.
fn split_region(text: &str) -> (Option<&'static str>, &str) {
    let known = |code: &str| REGIONS.iter().find(|(known, _)| *known == code).map(|(_, region)| *region);
    let looks_like_one = |code: &str| {
        let letters = code.trim_end_matches(|c: char| c.is_ascii_digit());
        (2..=4).contains(&letters.len())
            && letters.len() < code.len()
            && letters.bytes().all(|b| b.is_ascii_uppercase())
    };
    match text.split_once('-') {
        Some((code, rest)) if known(code).is_some() || looks_like_one(code) => (known(code), rest),
        // A Marketplace dimension may stand alone, its code before it.
        _ => (text.split_once('_').and_then(|(code, _)| known(code)), text),
    }
}

/// Returns the dimension of the Marketplace's form, without region and unit.
fn marketplace(rest: &str) -> Option<&str> {
    let is_code = |code: &str| REGIONS.iter().any(|(known, _)| *known == code);
    let dimension = match rest.strip_prefix("MP:") {
        Some(listed) => listed.split_once('_').map_or(listed, |(_, dimension)| dimension),
        None => rest.split_once('_').filter(|(code, _)| is_code(code))?.1,
    };
    Some(dimension.strip_suffix("-Units").unwrap_or(dimension))
}

/// Finds where the class begins, with the kind of media before it. Names of models have these words in capitals only.
fn class_at(rest: &str) -> Option<usize> {
    let (mut at, mut media_at) = (0, None);
    for word in rest.split('-') {
        match word {
            "input" | "output" | "cache" | "response" => return Some(media_at.unwrap_or(at)),
            "text" | "speech" | "audio" | "image" | "video" => media_at = media_at.or(Some(at)),
            _ => media_at = None,
        }
        at += word.len() + 1;
    }
    None
}

/// Cuts `CacheWrite1hInputTokenCount_Global` into lower-case words.
fn split_camel(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = '_';
    for c in text.chars() {
        if matches!(c, '_' | '-') || c.is_ascii_uppercase() && !last.is_ascii_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_lowercase());
        }
        last = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What the words behind the model say.
struct Said {
    charge: Charge,
    tier: Option<&'static str>,
    is_global: bool,
    long_context: Option<bool>,
}

impl Default for Said {
    fn default() -> Said {
        Said { charge: Charge::Other, tier: None, is_global: false, long_context: None }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Text,
    Audio,
    Image,
    Video,
}

fn classify<'w>(words: impl Iterator<Item = &'w str>) -> Said {
    let mut said = Said::default();
    let (mut input, mut output, mut read, mut write, mut tokens) = (false, false, false, false, false);
    let (mut is_known, mut is_reserved) = (true, false);
    let (mut media, mut lifetime) = (Media::Text, None);
    for word in words {
        match word {
            "input" => input = true,
            "output" | "response" => output = true,
            "read" => read = true,
            "write" => write = true,
            "token" | "tokens" => tokens = true,
            "speech" | "audio" => media = Media::Audio,
            "image" => media = Media::Image,
            "video" => media = Media::Video,
            "5m" | "30m" | "1h" => lifetime = Some(word),
            "write1h" => (write, lifetime) = (true, Some("1h")),
            "standard" => said.tier = said.tier.or(Some("standard")),
            "batch" => said.tier = Some("batch"),
            "flex" => said.tier = Some("flex"),
            "priority" => said.tier = Some("priority"),
            // The price table's name of what AWS calls latency-optimised.
            "latency" | "optimized" => said.tier = Some("fast"),
            "global" => said.is_global = true,
            "long" | "context" | "ctx" => said.long_context = Some(true),
            "reserved" | "provisioned" | "tpm" => is_reserved = true,
            // A geographic profile costs what its home region costs.
            "cache" | "count" | "text" | "million" | "cross" | "region" | "regional" | "geo" => {}
            _ => is_known = false,
        }
    }
    said.charge = match (read, write, input, output) {
        _ if is_reserved => Charge::Commitment,
        _ if !is_known || !tokens => Charge::Other,
        (true, false, _, false) => read_of(media),
        (false, true, _, false) if media == Media::Text => written(lifetime),
        (false, false, true, false) => input_of(media),
        (false, false, false, true) => output_of(media),
        _ => Charge::Other,
    };
    said
}

fn read_of(media: Media) -> Charge {
    match media {
        Media::Text => Charge::Tokens(Class::CacheRead),
        Media::Audio => Charge::Tokens(Class::AudioCacheRead),
        Media::Image => Charge::Tokens(Class::ImageCacheRead),
        Media::Video => Charge::Other,
    }
}

fn written(lifetime: Option<&str>) -> Charge {
    match lifetime {
        Some("5m") => Charge::Tokens(Class::CacheWrite5m),
        Some("30m") => Charge::Tokens(Class::CacheWrite30m),
        Some("1h") => Charge::Tokens(Class::CacheWrite1h),
        _ => Charge::CacheWrite,
    }
}

fn input_of(media: Media) -> Charge {
    Charge::Tokens(match media {
        Media::Text => Class::Input,
        Media::Audio => Class::AudioIn,
        Media::Image => Class::ImageIn,
        Media::Video => Class::VideoIn,
    })
}

fn output_of(media: Media) -> Charge {
    match media {
        Media::Text => Charge::Tokens(Class::Output),
        Media::Audio => Charge::Tokens(Class::AudioOut),
        Media::Image => Charge::Tokens(Class::ImageOut),
        Media::Video => Charge::Other,
    }
}

/// What a usage type without a class of tokens is, by its words.
fn without_class(rest: &str) -> Charge {
    let words = split_camel(rest);
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    if has(&["provisioned", "reserved"]) {
        Charge::Commitment
    } else if has(&["storage"]) {
        Charge::Storage
    } else if has(&["training", "customization"]) {
        Charge::Training
    } else {
        Charge::Other
    }
}
