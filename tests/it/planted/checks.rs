//! The generator itself: its logs cost what it says, its bills add up, and each plant does what it is called.

use attr::domain::Usd;
use attr::domain::money::parse_scaled;

use super::bills;
use super::logs;
use super::month;
use super::plants;
use super::rates;
use super::scene::Call;
use super::scene::Form;
use super::scene::Scene;
use crate::world::book;
use crate::world::by;
use crate::world::import_text;
use crate::world::total;

const PICO: i128 = 1_000_000;

#[test]
fn a_seed_always_gives_the_same_month_and_another_another() {
    for form in Form::ALL {
        assert_eq!(month::month(form, 5).calls, month::month(form, 5).calls);
        assert_ne!(month::month(form, 5).calls, month::month(form, 6).calls);
    }
}

#[test]
fn months_are_as_large_as_they_are_said_to_be() {
    for form in Form::ALL {
        for seed in 0..40 {
            let month = month::month(form, seed);
            let used: std::collections::BTreeSet<i64> = month.calls.iter().map(Call::day).collect();
            let keys: std::collections::BTreeSet<&str> = month.calls.iter().map(|call| call.key.as_str()).collect();
            let ids: std::collections::BTreeSet<&str> = month.calls.iter().map(|call| call.id.as_str()).collect();
            assert!((8..=30).contains(&month.days) && (200..=2_000).contains(&month.calls.len()), "{form:?} {seed}");
            assert!((2..=5).contains(&month.models.len()) && keys.len() <= 4, "{form:?} {seed}");
            assert!(used.first() >= Some(&month.first) && used.last() < Some(&(month.first + month.days)));
            assert_eq!(ids.len(), month.calls.len(), "{form:?} {seed}: an id twice");
        }
    }
}

/// Imports a scene's log; returns the store's costs by axes in picodollars.
fn imported(scene: &Scene, axes: &[&str]) -> std::collections::BTreeMap<Vec<Option<String>>, i128> {
    let mut book = book();
    import_text(&mut book, "app.jsonl", logs::application(scene));
    by(&book.store, axes).into_iter().map(|(key, sums)| (key, sums.cost.pico())).collect()
}

#[test]
fn a_clean_log_costs_what_its_own_arithmetic_says() {
    for form in Form::ALL {
        for seed in 0..4 {
            let scene = Scene::clean(form, seed);
            let mut own = std::collections::BTreeMap::new();
            for call in &scene.logged {
                let key = vec![
                    Some(bills::date(call.day())),
                    Some(call.known.log.to_string()),
                    Some(call.key.clone()).filter(|key| !key.is_empty()),
                ];
                *own.entry(key).or_insert(0) += call.cost();
            }
            for cost in own.values_mut() {
                assert_eq!(*cost % PICO, 0, "{form:?} {seed}: not in whole picodollars");
                *cost /= PICO;
            }
            assert_eq!(imported(&scene, &["day", "model", "api_key"]), own, "{form:?} {seed}");
        }
    }
}

#[test]
fn a_clean_log_has_the_tokens_that_its_bill_has_class_by_class() {
    for form in Form::ALL {
        let scene = Scene::clean(form, 11);
        let mut book = book();
        import_text(&mut book, "app.jsonl", logs::application(&scene));
        let sums = total(&book.store);
        let mut own = attr::domain::Tokens::default();
        for call in &scene.billed {
            for (class, count) in call.tokens.iter() {
                own.set(class, own.get(class) + count);
            }
        }
        for class in attr::domain::Class::ALL {
            assert_eq!(sums.tokens[class as usize], own.get(class), "{form:?} {}", class.name());
        }
        let unpriced: u64 = sums.unpriced.iter().sum();
        let failed = scene.logged.iter().filter(|call| call.failed).count() as u64;
        assert_eq!((unpriced, sums.errors), (0, failed), "{form:?}");
    }
}

/// Sums a column of a CSV text, in attodollars.
fn column_sum(text: &str, column: &str, delimiter: u8) -> i128 {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
    let amounts = reader.records().map(|row| row.unwrap()[at].replace(',', "."));
    amounts.filter(|text| !text.is_empty()).map(|text| parse_scaled(&text, 18).unwrap().0).sum()
}

#[test]
fn the_rows_of_a_bill_sum_to_what_was_used() {
    for form in Form::ALL {
        for seed in 0..4 {
            let scene = Scene::clean(form, seed);
            let file = &bills::files(&scene)[0];
            let (column, delimiter) = match form {
                Form::AnthropicPair | Form::AnthropicCost => ("cost_usd", b','),
                Form::OpenAiCost | Form::OpenAiPair => ("amount_value", b','),
                Form::OpenRouter => ("cost_total", b','),
                Form::Focus => ("BilledCost", b','),
                Form::Mapped => ("Betrag", b';'),
            };
            let rows = file.text.lines().count() as i128;
            assert_eq!(column_sum(&file.text, column, delimiter), file.total, "{form:?} {seed}");
            let off = (file.total - scene.invoiced()).abs();
            assert!(off <= rows * form.quantum() / 2, "{form:?} {seed}: off by {off}");
            assert!(scene.invoiced() == scene.log_cost(), "{form:?} {seed}: not clean");
        }
    }
}

/// What a scene's log costs by the program, with what its gateway adds.
fn program_cost(scene: &Scene) -> i128 {
    let mut book = book();
    import_text(&mut book, "app.jsonl", logs::application(scene));
    if !scene.gateway.is_empty() {
        import_text(&mut book, "gateway.csv", logs::gateway(scene));
    }
    total(&book.store).cost.pico()
}

#[test]
fn every_plant_has_months_and_its_amount_is_the_difference_between_bill_and_log() {
    for plant in plants::all() {
        for form in plant.forms.iter().copied() {
            let name = format!("{} {} in {form:?}", plant.cause, plant.variant);
            let (scene, planted) = plants::scene_with(plant, form, 3);
            let file: i128 = bills::files(&scene).iter().map(|file| file.total).sum();
            let paid = scene.style.euros.map_or(file, |cents| file * 100 / cents) / PICO;
            let gap = paid - program_cost(&scene);
            // All rows are rounded, the touched ones too.
            let rows = bills::files(&scene)[0].text.lines().count() as i128;
            let slack = rows * form.quantum() / 2 / PICO + 1;
            assert!((gap - planted.amount).abs() <= slack, "{name}: {gap} is not {planted:?}");
        }
    }
}

#[test]
fn pairs_add_up() {
    let plants: Vec<&plants::Plant> = plants::all().collect();
    let (mut found, mut tried) = (0, 0);
    for form in [Form::AnthropicPair, Form::OpenAiPair] {
        let of_form: Vec<&&plants::Plant> = plants.iter().filter(|plant| plant.forms.contains(&form)).collect();
        for pair in of_form.chunks(2).filter(|pair| pair.len() == 2) {
            tried += 1;
            let Some((scene, planted)) = plants::scene_with_two([pair[0], pair[1]], form, 2) else { continue };
            let gap = scene.invoiced() - scene.log_cost();
            let sum: i128 = planted.iter().map(|planted| planted.amount).sum();
            assert!((gap / PICO - sum).abs() <= 2, "{} and {} in {form:?}", pair[0].cause, pair[1].cause);
            found += 1;
        }
    }
    assert!(found * 10 >= tried * 6, "only {found} of {tried} pairs have a month");
}

#[test]
fn a_rate_is_the_tables() {
    let at = |text: &str| attr::domain::Timestamp::parse(text).unwrap().ts.0 / 1_000_000;
    let rate = |model, day: &str, class: attr::domain::Class, prompt| {
        let provider = if model == "gpt-5.4" { "openai" } else { "anthropic" };
        let rates = rates::at(provider, model, attr::price::Mode::Standard, at(day), prompt).unwrap();
        Usd::from_pico(rates[class as usize].unwrap()).to_string()
    };
    assert_eq!(rate("claude-sonnet-5-5", "2026-10-06T23:59:59Z", attr::domain::Class::CacheRead, 9), "0.2");
    assert_eq!(rate("claude-sonnet-5-5", "2026-10-07T00:00:00Z", attr::domain::Class::CacheRead, 9), "0.1");
    assert_eq!(rate("gpt-5.4", "2026-09-09T00:00:00Z", attr::domain::Class::Output, 272_000), "15");
    assert_eq!(rate("gpt-5.4", "2026-09-09T00:00:00Z", attr::domain::Class::Output, 272_001), "22.5");
}
