//! The bills that are written here are bills of their formats: each is claimed by its reader, and its lines have what
//! was billed.

use std::collections::BTreeMap;

use attr::domain::Charge;
use attr::domain::Class;

use super::bills;
use super::plants;
use super::rates;
use super::scene::Form;
use super::scene::Scene;
use crate::invoices;

/// The readers of a form's files, in their order.
fn readers(form: Form) -> &'static [&'static str] {
    match form {
        Form::AnthropicPair => &["anthropic_cost", "anthropic_tokens"],
        Form::AnthropicCost => &["anthropic_cost"],
        Form::OpenAiCost => &["openai_cost"],
        Form::OpenAiPair => &["openai_cost", "openai_usage"],
        Form::OpenRouter => &["openrouter_activity"],
        Form::Focus => &["focus"],
        // Read by the settings alone, whoever claims it.
        Form::Mapped => &[],
    }
}

/// What a line counts, with both kinds of cache writes that a bill may not tell apart in one.
fn counted(charge: Charge) -> Option<&'static str> {
    match charge {
        Charge::Tokens(Class::CacheWrite5m | Class::CacheWrite30m | Class::CacheWrite1h | Class::CacheWrite12h)
        | Charge::CacheWrite => Some("written"),
        Charge::Tokens(class) => Some(class.name()),
        _ => None,
    }
}

fn billed(scene: &Scene) -> BTreeMap<&'static str, i128> {
    let mut counts = BTreeMap::new();
    for call in &scene.billed {
        for (class, count) in call.tokens.iter() {
            *counts.entry(counted(Charge::Tokens(class)).unwrap()).or_insert(0) += i128::from(count);
        }
    }
    counts
}

/// Fails unless every file of a scene reads as it should.
fn assert_read(scene: &Scene, name: &str) {
    for (file, reader) in bills::files(scene).iter().zip(readers(scene.form)) {
        let bill = invoices::read(&file.text).unwrap_or_else(|error| panic!("{name}: {}: {error}", file.name));
        assert_eq!(bill.format, *reader, "{name}: {}", file.name);
        let amounts: i128 = bill
            .lines
            .iter()
            .filter(|line| !line.memo)
            .filter_map(|line| line.amount.as_ref())
            .map(|amount| amount.pico)
            .sum();
        assert!((amounts - file.total / 1_000_000).abs() <= bill.lines.len() as i128, "{name}: {}", file.name);
        let mut counts = BTreeMap::new();
        for line in &bill.lines {
            if let (Some(kind), Some(quantity)) = (counted(line.charge), line.quantity) {
                *counts.entry(kind).or_insert(0) += quantity.rounded();
            }
            if let Some(model) = &line.model {
                let listed = model.trim_end_matches(":free");
                let found = rates::table().find_model(Some(scene.form.provider()), listed);
                assert!(found.is_ok(), "{name}: no model {model}");
            }
        }
        // A cost file of cents has no counts; thousands are told as they are written.
        if !counts.is_empty() && scene.style.quantity_by == 1 {
            let mut billed = billed(scene);
            // What is given away for shared data is input or output there, and no more is said.
            if *reader == "openai_cost" && scene.billed.iter().any(|call| call.tier == Some(bills::GIVEN_AWAY)) {
                counts = BTreeMap::from([("all", counts.values().sum())]);
                billed = BTreeMap::from([("all", billed.values().sum())]);
            }
            assert_eq!(counts, billed, "{name}: {}", file.name);
        }
    }
}

#[test]
fn the_bills_of_clean_months_are_read_as_they_were_written() {
    for form in Form::ALL {
        for seed in 0..3 {
            assert_read(&Scene::clean(form, seed), &format!("{form:?} {seed}"));
        }
    }
}

#[test]
fn the_bills_of_planted_months_are_read_as_they_were_written() {
    for plant in plants::all() {
        for form in plant.forms.iter().copied() {
            let (scene, _) = plants::scene_with(plant, form, 1);
            assert_read(&scene, &format!("{} {} in {form:?}", plant.cause, plant.variant));
        }
    }
}
