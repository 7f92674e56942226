//! Causes that change what is counted: calls that one side lacks or has twice, and classes that the log mixes up.

use std::collections::BTreeSet;

use attr::domain::Class;
use attr::domain::Tokens;

use super::ANTHROPIC;
use super::COUNTED;
use super::OPENAI;
use super::OWN;
use super::Plant;
use super::Where;
use super::a_day;
use super::a_key;
use super::a_model;
use crate::planted::month;
use crate::planted::month::DAY;
use crate::planted::month::HOUR;
use crate::planted::random::Random;
use crate::planted::scene::Call;
use crate::planted::scene::Form;
use crate::planted::scene::Scene;

/// Bills of a row a day: no call of theirs has a time of its own.
const DAILY: &[Form] = &[Form::AnthropicPair, Form::OpenAiCost, Form::OpenAiPair, Form::Focus, Form::Mapped];
const WITH_WRITES: &[Form] = &[Form::AnthropicPair, Form::OpenAiCost, Form::OpenAiPair];
const WITH_KEYS: &[Form] =
    &[Form::AnthropicPair, Form::AnthropicCost, Form::OpenAiCost, Form::OpenAiPair, Form::OpenRouter];
const WITH_REQUESTS: &[Form] = &[Form::AnthropicPair, Form::OpenAiCost, Form::OpenAiPair, Form::OpenRouter];
const WITH_PROJECTS: &[Form] = &[Form::OpenAiCost, Form::OpenAiPair, Form::Focus, Form::Mapped];

const WITH_WORKSPACES: &[Form] =
    &[Form::AnthropicPair, Form::AnthropicCost, Form::OpenAiCost, Form::OpenAiPair, Form::Focus, Form::Mapped];

type Apply = fn(&mut Scene, &mut Random) -> Option<Where>;

const fn of(cause: &'static str, variant: &'static str, forms: &'static [Form], stage: u8, apply: Apply) -> Plant {
    Plant { cause, variant, forms, stage, is_even: false, apply }
}

const fn even(cause: &'static str, variant: &'static str, forms: &'static [Form], stage: u8, apply: Apply) -> Plant {
    Plant { cause, variant, forms, stage, is_even: true, apply }
}

pub(super) static PLANTS: &[Plant] = &[
    of("missing_logs", "scattered", COUNTED, 3, scattered),
    of("missing_logs", "hours", COUNTED, 3, hours),
    of("missing_logs", "days", &Form::ALL, 3, whole_days),
    of("unlogged_key", "key", WITH_KEYS, 3, unlogged_key),
    of("unlogged_key", "workspace", WITH_WORKSPACES, 3, unlogged_workspace),
    of("double_logged", "other_ids", &Form::ALL, 3, double_logged),
    of("overlapping_imports", "gateway", &Form::ALL, 3, overlapping),
    of("cache_priced_as_input", "log", COUNTED, 3, reads_not_split),
    of("inclusive_input", "log", COUNTED, 3, inclusive),
    of("cache_write_ttl", "billed_longer", ANTHROPIC, 4, billed_longer),
    of("cache_write_ttl", "billed_shorter", ANTHROPIC, 4, billed_shorter),
    of("cache_write_ttl", "billed_twelve_hours", OPENAI, 4, billed_twelve_hours),
    of("cache_writes_unlogged", "log", WITH_WRITES, 3, writes_unlogged),
    even("timezone_shift", "hours", &Form::ALL, 0, timezone),
    even("period_edge", "row_late", DAILY, 0, row_late),
    of("period_edge", "next_file", &Form::ALL, 0, next_file),
    of("unsettled", "last_days", &Form::ALL, 0, unsettled),
    of("failed_but_billed", "no_usage", WITH_REQUESTS, 3, failed_billed),
    of("failed_but_billed", "not_billed", COUNTED, 3, failed_not_billed),
    of("server_tools", "searches", OWN, 3, searches),
    of("reasoning_unlogged", "no_count", COUNTED, 3, reasoning_left_out),
    of("reasoning_unlogged", "own_count", COUNTED, 3, reasoning_beside),
    of("alias", "own_name", COUNTED, 1, alias),
    of("unpriced_calls", "no_usage", COUNTED, 3, without_usage),
    of("group_cap", "project", WITH_PROJECTS, 1, group_cap),
    of("modality_priced_as_text", "audio", OPENAI, 3, modality),
];

fn has_usage(call: &Call) -> bool {
    call.tokens.iter().next().is_some()
}

/// What may be lost one by one: a search that is billed without its call could as well be a tool that no log counts,
/// and
/// of a batch that is half missing nobody could tell from a cost file that it was one. A failed call that nobody bills
/// would, if it were missing, undo what was planted and be worth nothing.
fn is_plain(call: &Call) -> bool {
    has_usage(call) && !call.failed && call.searches == 0 && call.tier.is_none()
}

/// Takes the failed calls off the log that nobody bills: where one stands beside a gap it may well have been billed.
/// Those that are billed were planted.
fn without_failures(scene: &mut Scene) {
    let billed: BTreeSet<String> =
        scene.billed.iter().filter(|call| has_usage(call)).map(|call| call.id.clone()).collect();
    scene.logged.retain(|call| has_usage(call) || billed.contains(&call.id));
}

fn scattered(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(5, 30);
    without_failures(scene);
    scene.logged.retain(|call| !(random.percent(chance) && is_plain(call)));
    Some(None)
}

fn hours(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let start = a_day(scene, random, 2, 2)? * DAY + 9 * HOUR;
    let end = start + i64::try_from(random.between(4, 9)).ok()? * HOUR;
    without_failures(scene);
    scene.logged.retain(|call| call.at < start || call.at >= end || !is_plain(call));
    Some(None)
}

fn whole_days(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let first = a_day(scene, random, 2, 4)?;
    let last = first + i64::try_from(random.below(3)).ok()?;
    scene.logged.retain(|call| call.day() < first || call.day() > last);
    Some(None)
}

fn unlogged_key(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let key = a_key(scene, random)?;
    scene.logged.retain(|call| call.key != key);
    Some(Some(("api_key", key)))
}

fn unlogged_workspace(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let workspaces = super::worth(scene, |call| call.workspace.clone());
    let workspace = (!workspaces.is_empty()).then(|| random.pick(&workspaces).clone())?;
    let keys = |calls: &[Call]| calls.iter().map(|call| call.key.clone()).collect::<BTreeSet<_>>();
    let gone: Vec<Call> = scene.logged.iter().filter(|call| call.workspace == workspace).cloned().collect();
    scene.logged.retain(|call| call.workspace != workspace);
    // One key alone would be that key.
    (keys(&gone).len() > 1 && scene.logged.len() > 20).then_some(Some(("workspace", workspace)))
}

fn double_logged(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(5, 25);
    let provider = scene.form.provider();
    let mut again: Vec<Call> = scene.logged.iter().filter(|_| random.percent(chance)).cloned().collect();
    for call in &mut again {
        call.id = month::id(provider, random, call.at);
        call.at = call.at / 1_000 * 1_000 + i64::try_from(random.below(1_000)).ok()?;
    }
    scene.logged.extend(again);
    scene.logged.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Some(None)
}

fn overlapping(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let first = a_day(scene, random, 1, 4)?;
    let last = first + i64::try_from(random.between(2, 4)).ok()?;
    let inside = |call: &&Call| (first..=last).contains(&call.day()) && has_usage(call);
    scene.gateway = scene.logged.iter().filter(inside).cloned().collect();
    for call in &mut scene.gateway {
        call.id = format!("req-{}", random.word(12));
        call.at += i64::try_from(random.below(900)).ok()?;
        // The gateway's table has neither a service mode nor a region nor tools.
        if call.tier.is_some() || call.region.is_some() || call.searches > 0 {
            return None;
        }
    }
    Some(None)
}

fn reads_not_split(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.logged {
        call.set(Class::Input, call.tokens.get(Class::Input) + call.tokens.get(Class::CacheRead));
        call.set(Class::CacheRead, 0);
    }
    Some(None)
}

/// Cache writes by class.
const WRITES: [Class; 3] = [Class::CacheWrite5m, Class::CacheWrite30m, Class::CacheWrite1h];

fn inclusive(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.logged {
        let written: u64 = WRITES.iter().map(|class| call.tokens.get(*class)).sum();
        call.set(Class::Input, call.tokens.get(Class::Input) + call.tokens.get(Class::CacheRead) + written);
    }
    Some(None)
}

fn billed_longer(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.billed {
        call.set(Class::CacheWrite1h, call.tokens.get(Class::CacheWrite1h) + call.tokens.get(Class::CacheWrite5m));
        call.set(Class::CacheWrite5m, 0);
    }
    Some(None)
}

fn billed_shorter(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    // What was written for an hour by the log was billed for five minutes.
    for call in &mut scene.logged {
        call.set(Class::CacheWrite1h, call.tokens.get(Class::CacheWrite1h) + call.tokens.get(Class::CacheWrite5m));
        call.set(Class::CacheWrite5m, 0);
    }
    for call in &mut scene.billed {
        call.set(Class::CacheWrite5m, call.tokens.get(Class::CacheWrite1h) + call.tokens.get(Class::CacheWrite5m));
        call.set(Class::CacheWrite1h, 0);
    }
    Some(None)
}

/// OpenAI's lines do not say how long a write is kept.
fn billed_twelve_hours(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.billed {
        call.set(Class::CacheWrite12h, call.tokens.get(Class::CacheWrite30m));
        call.set(Class::CacheWrite30m, 0);
    }
    Some(None)
}

fn writes_unlogged(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.logged {
        WRITES.iter().for_each(|class| call.set(*class, 0));
    }
    Some(None)
}

fn timezone(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let shift = i64::try_from(random.between(1, 12)).ok()? * HOUR * if random.percent(50) { 1 } else { -1 };
    let days = scene.days();
    // Nothing may leave the span: what it moves at the ends would be money.
    let span = days.start * DAY + shift.abs()..days.end * DAY - shift.abs();
    for calls in [&mut scene.logged, &mut scene.billed] {
        calls.retain(|call| span.contains(&call.at));
    }
    scene.logged.iter_mut().for_each(|call| call.at += shift);
    // On a day without a row of the bill nothing is compared: a call that falls there would be money as well.
    let billed: BTreeSet<i64> = scene.billed.iter().filter(|call| has_usage(call)).map(Call::day).collect();
    scene.logged.iter().all(|call| !has_usage(call) || billed.contains(&call.day())).then_some(None)
}

fn row_late(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let (day, known) = (a_day(scene, random, 2, 3)?, a_model(scene, random, |_| true)?);
    let mut moved = 0;
    for call in scene.billed.iter_mut().filter(|call| call.day() == day && call.known == known) {
        call.terms.late = 1;
        moved += call.tokens.iter().count();
    }
    (moved > 0).then_some(Some(("model", known.log.to_string())))
}

fn next_file(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    let late = (scene.days().end * DAY) - 9 * HOUR;
    scene.billed.retain(|call| call.at < late);
    // The last day keeps some: otherwise it is a day without data.
    scene.billed.iter().any(|call| call.day() == scene.month.first + scene.month.days - 1).then_some(None)
}

fn unsettled(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let (end, chance) = (scene.days().end, random.between(35, 70));
    scene.billed.retain(|call| call.day() < end - 2 || !random.percent(chance));
    let kept = |day: i64| scene.billed.iter().any(|call| call.day() == day && has_usage(call));
    let as_of = attr::domain::Timestamp((end * DAY + 9 * HOUR) * 1_000_000).to_string();
    scene.args.extend(["--as-of".to_string(), as_of]);
    (kept(end - 1) && kept(end - 2)).then_some(None)
}

fn failed_billed(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(5, 12);
    for call in scene.logged.iter_mut().filter(|call| random.percent(chance) && is_plain(call)) {
        (call.failed, call.tokens, call.reasoning, call.searches) = (true, Tokens::default(), 0, 0);
    }
    Some(None)
}

fn failed_not_billed(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(5, 12);
    let mut failed = BTreeSet::new();
    for call in scene.logged.iter_mut().filter(|call| random.percent(chance) && has_usage(call)) {
        (call.failed, call.searches) = (true, 0);
        failed.insert(call.id.clone());
    }
    scene.billed.retain(|call| !failed.contains(&call.id));
    Some(None)
}

fn searches(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(15, 40);
    for call in scene.billed.iter_mut().filter(|call| has_usage(call)) {
        call.searches += if random.percent(chance) { random.between(1, 4) } else { 0 };
    }
    scene.logged.iter_mut().for_each(|call| call.searches = 0);
    Some(None)
}

fn reasoning_left_out(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.logged {
        call.set(Class::Output, call.tokens.get(Class::Output) - call.reasoning);
        call.reasoning = 0;
    }
    Some(None)
}

/// The log has the reasoning beside an output that lacks it. More reasoning than output would be a contradiction, and
/// no
/// call here has that.
fn reasoning_beside(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    for call in &mut scene.logged {
        call.set(Class::Output, call.tokens.get(Class::Output) - call.reasoning);
    }
    Some(None)
}

fn alias(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let known = a_model(scene, random, |_| true)?;
    // A line of searches names no model.
    for call in scene.logged.iter_mut().chain(&mut scene.billed).filter(|call| call.known == known) {
        call.searches = 0;
    }
    for call in scene.logged.iter_mut().filter(|call| call.known == known) {
        call.name = Some("house-large");
    }
    Some(Some(("model", known.log.to_string())))
}

fn without_usage(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let chance = random.between(8, 20);
    without_failures(scene);
    for call in scene.logged.iter_mut().filter(|call| random.percent(chance) && is_plain(call)) {
        (call.tokens, call.reasoning, call.searches) = (Tokens::default(), 0, 0);
    }
    Some(None)
}

fn group_cap(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let projects = super::worth(scene, |call| call.workspace.clone());
    let project = (!projects.is_empty()).then(|| random.pick(&projects).clone())?;
    let rest = scene.billed.iter().filter(|call| call.workspace != project && has_usage(call)).count();
    scene.billed.retain(|call| call.workspace != project);
    (rest > 20).then_some(Some(("workspace", project)))
}

fn modality(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let key = a_key(scene, random)?;
    let chance = random.between(20, 60);
    let spoken: Vec<bool> = scene
        .logged
        .iter()
        .map(|call| call.key == key && has_usage(call) && call.tier.is_none() && random.percent(chance))
        .collect();
    if scene.logged.len() != scene.billed.len() {
        return None;
    }
    for (is_billed, calls) in [(false, &mut scene.logged), (true, &mut scene.billed)] {
        for (call, _) in calls.iter_mut().zip(&spoken).filter(|(_, spoken)| **spoken) {
            let (heard, said) = (call.tokens.get(Class::Input), call.tokens.get(Class::Output));
            (call.known, call.tokens, call.searches, call.reasoning) = (&month::AUDIO, Tokens::default(), 0, 0);
            call.set(if is_billed { Class::AudioIn } else { Class::Input }, heard);
            call.set(Class::Output, said);
        }
    }
    Some(Some(("model", month::AUDIO.log.to_string())))
}
