//! Causes that are about the bill as a whole: lines that are no usage, currencies, discounts, units, free and passed-on
//! calls.

use super::COUNTED;
use super::OPENAI;
use super::Plant;
use super::Where;
use super::a_key;
use crate::planted::bills::GIVEN_AWAY;
use crate::planted::random::Random;
use crate::planted::scene::Extra;
use crate::planted::scene::Form;
use crate::planted::scene::Scene;

const ROUTER: &[Form] = &[Form::OpenRouter];
const MAPPED: &[Form] = &[Form::Mapped];
const EXACT: &[Form] = &[Form::Focus, Form::Mapped];
const PER_CALL: &[Form] = &[Form::OpenAiPair, Form::OpenRouter];
const STATED: &[Form] = &[Form::AnthropicPair, Form::AnthropicCost, Form::Focus];

type Apply = fn(&mut Scene, &mut Random) -> Option<Where>;

const fn of(cause: &'static str, variant: &'static str, forms: &'static [Form], stage: u8, apply: Apply) -> Plant {
    Plant { cause, variant, forms, stage, is_even: false, apply }
}

pub(super) static PLANTS: &[Plant] = &[
    of("free_tier", "shared_data", OPENAI, 4, given_away),
    of("free_tier", "variant", ROUTER, 4, free_variant),
    of("byok", "key", ROUTER, 4, own_key),
    of("minimum_charge", "fee", PER_CALL, 5, fee),
    of("credits", "line", EXACT, 6, credit),
    of("tax", "line", EXACT, 6, tax),
    of("commitment", "line", EXACT, 6, commitment),
    of("currency", "mark_up", EXACT, 6, currency),
    of("contract_discount", "stated", STATED, 5, stated_discount),
    of("contract_discount", "silent", COUNTED, 5, silent_discount),
    of("cents_vs_dollars", "all_rows", MAPPED, 6, cents),
    Plant { cause: "unit_scale", variant: "all_rows", forms: EXACT, stage: 6, is_even: true, apply: thousands },
];

fn given_away(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let key = a_key(scene, random)?;
    for call in scene.billed.iter_mut().filter(|call| call.key == key && call.searches == 0) {
        (call.tier, call.terms.free) = (Some(GIVEN_AWAY), true);
    }
    Some(Some(("api_key", key)))
}

fn free_variant(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let key = a_key(scene, random)?;
    scene.billed.iter_mut().filter(|call| call.key == key).for_each(|call| call.terms.free = true);
    Some(Some(("api_key", key)))
}

fn own_key(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let key = a_key(scene, random)?;
    scene.billed.iter_mut().filter(|call| call.key == key).for_each(|call| call.terms.own_key = true);
    Some(Some(("api_key", key)))
}

fn fee(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    // A hundredth of a cent up to a tenth.
    let fee = *random.pick(&[1, 2, 5, 10]) * 100_000_000_000_000;
    scene.billed.iter_mut().for_each(|call| call.terms.fee = fee);
    Some(None)
}

fn line(scene: &mut Scene, kind: &'static str, atto: i128) -> Option<Where> {
    // Whole microdollars, as such lines are written.
    let step = 1_000_000_000_000;
    scene.extras.push(Extra { day: scene.days().end - 1, kind, atto: atto / step * step });
    Some(None)
}

fn credit(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let atto = -scene.invoiced() * i128::from(random.between(5, 60)) / 100;
    line(scene, "Credit", atto)
}

fn tax(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let atto = scene.invoiced() * i128::from(*random.pick(&[7_u64, 19, 20, 25])) / 100;
    line(scene, "Tax", atto)
}

fn commitment(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let atto = scene.invoiced() * i128::from(random.between(5, 40)) / 100;
    line(scene, "Purchase", atto)
}

/// Multiplies every amount of the bill.
fn multiply(scene: &mut Scene, (up, down): (i128, i128)) {
    let (times, by) = scene.style.times;
    scene.style.times = (times * up, by * down);
}

/// Euros at 0.80 for a dollar, which is exact, and one and a half percent on top.
fn currency(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    in_euros(scene);
    multiply(scene, (203, 200));
    Some(None)
}

/// Makes the bill one in euros, at a rate that the command is told.
pub(in crate::planted) fn in_euros(scene: &mut Scene) {
    scene.style.euros = Some(80);
    scene.args.extend(["--fx".to_string(), "EUR=1.25@2026-09-01".to_string()]);
}

fn stated_discount(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    scene.style.paid = Some((i128::from(random.between(70, 92)), 100));
    Some(None)
}

fn silent_discount(scene: &mut Scene, random: &mut Random) -> Option<Where> {
    let paid = *random.pick(&[80, 85, 90, 93]);
    multiply(scene, (paid, 100));
    Some(None)
}

fn cents(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    multiply(scene, (100, 1));
    Some(None)
}

fn thousands(scene: &mut Scene, _: &mut Random) -> Option<Where> {
    scene.style.quantity_by = 1_000;
    Some(None)
}
