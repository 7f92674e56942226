//! The judge itself: what it takes for right and for wrong, and that the logs go in as the program takes them.

use serde_json::json;

use super::plants;
use super::plants::Planted;
use super::run;
use super::run::Answer;
use super::scene::Form;

fn answer(cause: &str, amount: &str) -> Answer {
    Answer::read(&json!({
        "invoiced_usd": "12.5", "logged_usd": "10", "unexplained_usd": "0.002", "bound_usd": "0.005", "status": "explained",
        "bridge": [
            {"cause": cause, "amount_usd": amount, "where": {"api_key": "prod-key"}, "confidence": "proved", "cells": 3},
            {"cause": "rounding", "amount_usd": "-0.002", "where": {}, "confidence": "proved", "cells": 1},
        ],
    }))
    .unwrap()
}

fn planted(cause: &'static str, pico: i128) -> Planted {
    let place = Some(("api_key", "prod-key".to_string()));
    Planted { cause, variant: "", amount: pico, slack: 10_000_000_000, place, moved: plants::Cells::new() }
}

#[test]
fn the_right_cause_with_its_dollars_is_right() {
    let (answer, planted) = (answer("unlogged_key", "2.5"), planted("unlogged_key", 2_505_000_000_000));
    assert!(answer.names(&planted) && answer.values(&planted) && answer.places(&planted));
    assert!(answer.sums() && answer.is_explained() && answer.beside(&[planted]).is_empty());
}

#[test]
fn another_cause_other_dollars_and_another_place_are_wrong() {
    let said = answer("unlogged_key", "2.5");
    assert!(!said.names(&planted("missing_logs", 2_500_000_000_000)));
    assert_eq!(said.beside(&[planted("missing_logs", 2_500_000_000_000)]), ["unlogged_key"]);
    assert!(!said.values(&planted("unlogged_key", 2_520_000_000_000)));
    assert!(!said.values(&planted("unlogged_key", -2_500_000_000_000)));
    let elsewhere = Planted { place: Some(("api_key", "research".to_string())), ..planted("unlogged_key", 0) };
    assert!(!said.places(&elsewhere));
    assert!(!answer("unlogged_key", "2.500000000001").sums());
}

#[test]
fn both_logs_of_a_month_go_in_and_the_second_counts_again() {
    let overlapping = plants::all().find(|plant| plant.cause == "overlapping_imports").unwrap();
    let (scene, _) = plants::scene_with(overlapping, Form::OpenAiPair, 1);
    let (world, bills) = run::lay_out(&scene);
    run::import(&scene, &world).unwrap();
    let (calls, cost) = world.total();
    assert_eq!(calls as usize, scene.logged.len() + scene.gateway.len());
    assert_eq!(cost.pico(), scene.log_cost() / 1_000_000);
    assert_eq!(bills.len(), 2);
}
