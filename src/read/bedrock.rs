//! What Bedrock's answers and its invocation log share: names of models, and what a family's input count contains.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::body;
use crate::read::fields;
use crate::read::tokens;
use crate::read::tokens::Input;
use crate::read::tokens::Reading;

/// The counts of a request as Bedrock writes them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) read: u64,
    pub(super) written: u64,
    /// Writes that live five minutes and an hour, as far as it says.
    pub(super) short: u64,
    pub(super) long: u64,
    pub(super) total: Option<u64>,
}

/// Whether a family's input count contains the cached tokens.
fn family(model: Option<&str>) -> Option<CachedInput> {
    let model = model?.to_ascii_lowercase();
    let of = |names: &[&str]| names.iter().any(|name| model.contains(name));
    if of(&["openai.", "openai/", "gpt-"]) {
        Some(CachedInput::Inside)
    } else if of(&["anthropic", "claude", "nova"]) {
        Some(CachedInput::Outside)
    } else {
        None
    }
}

/// Gives a call its classes from the counts of a Converse answer.
///
/// Claude and Nova count exclusively, OpenAI's models inclusively (anomalyco/opencode, PR 47354); the total is a law
/// for them. For other models it decides, and what even it leaves open is read as this API's names suggest.
pub(super) fn set_tokens(counts: &Counts, call: &mut Call<'_>, said: Option<CachedInput>) {
    let cached = counts.read + counts.written;
    let (plain, sum) = (counts.input + counts.output, counts.input + counts.output + cached);
    let law = family(call.dim(Dim::Model));
    let told = match counts.total {
        Some(total) if cached == 0 => (total == plain).then_some(CachedInput::Outside),
        Some(total) if total == sum => Some(CachedInput::Outside),
        Some(total) if total == plain => Some(CachedInput::Inside),
        Some(_) => None,
        None => law,
    };
    let contradicts = counts.total.is_some() && (told.is_none() || cached > 0 && law.is_some() && law != told);
    let fits = cached <= counts.input;
    let reading = match told.or(said) {
        _ if contradicts => Reading::OUTSIDE,
        Some(settled) => Reading::from(settled),
        None => Reading::PERHAPS_OUTSIDE,
    };
    place(counts, call, reading);
    if contradicts || reading == Reading::INSIDE && !fits {
        body::inconsistent(call);
    }
}

/// Puts the counts into their classes by a reading of the input.
pub(super) fn place(counts: &Counts, call: &mut Call<'_>, reading: Reading) {
    let input = Input { count: counts.input, read: counts.read, written: counts.written, media: 0 };
    tokens::settle_input(call, input, None, None, reading);
    call.tokens.set(Class::CacheRead, counts.read);
    call.tokens.set(Class::Output, counts.output);
    if family(call.dim(Dim::Model)) == Some(CachedInput::Inside) {
        tokens::set_half_hour_writes(call, counts.written);
    } else {
        tokens::set_split_writes(call, counts.written, counts.short, counts.long);
    }
}

/// Sets the model by the id that was asked for, which may be an ARN. What hides its model stays as it is.
pub(super) fn set_model<'t>(call: &mut Call<'t>, id: Cow<'t, str>) {
    if let Some(arn) = Arn::parse(&id) {
        let (kind, name) = (arn.kind.to_string(), arn.name.to_string());
        if call.dim(Dim::Region).is_none() && !arn.region.is_empty() {
            call.set(Dim::Region, arn.region.to_string());
            call.flags.add(Flags::GEO_STATED);
        }
        call.set_if_none(Dim::Account, arn.account.to_string());
        match kind.as_str() {
            "foundation-model" => return call.set(Dim::Model, name),
            "inference-profile" => {
                fields::set_extra(call, "inference_profile", id);
                return call.set(Dim::Model, name);
            }
            "application-inference-profile" => fields::set_extra(call, "inference_profile", id.clone()),
            "provisioned-model" => call.set(Dim::Tier, "provisioned"),
            _ => {}
        }
    }
    call.set(Dim::Model, id);
}

/// A resource's full name, taken apart.
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        let is_bedrock = parts.next()? == "arn" && parts.next()?.starts_with("aws") && parts.next()? == "bedrock";
        let (region, account) = (parts.next()?, parts.next()?);
        let (kind, name) = parts.next()?.split_once('/')?;
        (is_bedrock && !name.is_empty()).then_some(Arn { region, account, kind, name })
    }
}

/// Takes the mode that served: `serviceTier` of an answer or a log, and the latency it was optimised for.
pub(super) fn tier(tier: Option<&str>, latency: Option<&str>, call: &mut Call<'_>) {
    if latency == Some("optimized") {
        call.set(Dim::Tier, "fast");
    } else if let Some(tier) = tier.filter(|tier| !tier.is_empty()) {
        let tier = match tier {
            "default" | "standard" => "standard",
            "reserved" => "provisioned",
            other => other,
        };
        call.set(Dim::Tier, tier.to_string());
    }
}
