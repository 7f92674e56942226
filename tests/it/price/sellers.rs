//! What the rows of the built-in table have in common, seller by seller, and what every row says of itself.

use super::*;

use laws::sold;

fn rate(row: &Price, class: Class) -> Option<i128> {
    row.rates().find(|(sold, _)| *sold == class).map(|(_, rate)| pico(&rate))
}

/// The row of the same hours that holds for a size of prompt in another mode.
fn beside(model: &Model, mode: Mode, ts: Timestamp, prompt: u64) -> Option<&Price> {
    by_hand::row(builtin(), model, mode, ts, prompt).ok()
}

#[test]
fn anthropic_writes_cost_their_multiples() {
    let mut rows = 0;
    for model in builtin().models().filter(|model| model.seller == "anthropic") {
        let exempt = |row: &&Price| row.exempt.is_some() || rate(row, CacheWrite5m).is_none();
        for row in model.prices.iter().filter(|row| !exempt(row)) {
            let input = rate(row, Input).unwrap();
            assert_eq!(rate(row, CacheWrite1h), Some(input * 2), "{} {}", model.id, row.key());
            // Haiku 3 alone is printed off the rule: 0.30 and 0.03 for 0.25.
            let rule = if model.id == "claude-3-haiku" { input * 6 / 5 } else { input * 5 / 4 };
            assert_eq!(rate(row, CacheWrite5m), Some(rule), "{} {}", model.id, row.key());
            let share = input * 1_000 / rate(row, CacheRead).unwrap();
            let allowed: &[i128] = match model.id.as_str() {
                "claude-3-haiku" => &[8_333],
                "claude-opus-5-5" => &[20_000],
                "claude-sonnet-5-5" => &[10_000, 20_000],
                id if id.starts_with("claude-fable-5-") || id.starts_with("claude-mythos-5-") => &[40_000],
                _ => &[10_000],
            };
            assert!(allowed.contains(&share), "{} {}", model.id, row.key());
            rows += 1;
        }
    }
    assert!(rows > 80);
}

#[test]
fn openai_writes_cost_their_multiples() {
    let rows = builtin().models().flat_map(|model| model.prices.iter().map(move |row| (model, row)));
    let rows = rows.filter(|(model, row)| model.seller == "openai" && row.exempt.is_none());
    let written: Vec<_> = rows.filter(|(_, row)| rate(row, CacheWrite30m).is_some()).collect();
    assert!(written.len() > 80);
    for (model, row) in written {
        let input = rate(row, Input).unwrap();
        let writes = (rate(row, CacheWrite30m), rate(row, CacheWrite12h));
        assert_eq!(writes, (Some(input * 5 / 4), Some(input * 5 / 2)), "{} {}", model.id, row.key());
    }
}

#[test]
fn batch_and_flex_cost_no_more_than_standard_and_the_faster_modes_no_less() {
    let mut compared = 0;
    for (model, mode) in sold().into_iter().filter(|(_, mode)| *mode != Mode::Standard) {
        let rows = model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none() && !row.is_end());
        for row in rows.filter(|row| row.window.is_none() && row.exempt.is_none()) {
            let ts = row.from.unwrap_or(at("2026-11-20"));
            let Some(standard) = beside(model, Mode::Standard, ts, row.prompt_min) else { continue };
            for class in Class::ALL {
                let (Some(here), Some(there)) = (rate(row, class), rate(standard, class)) else {
                    continue;
                };
                let fine = if matches!(mode, Mode::Batch | Mode::Flex) { here <= there } else { here >= there };
                assert!(fine, "{} {} {class:?}: {here} against {there}", model.id, row.key());
                compared += 1;
            }
        }
    }
    assert!(compared > 800);
}

#[test]
fn a_longer_prompt_never_costs_less() {
    let mut compared = 0;
    for (model, mode) in sold() {
        let rows = model.prices.iter().filter(|row| row.mode == mode && row.prompt_max.is_some());
        for row in rows.filter(|row| row.withdrawn.is_none() && row.window.is_none() && row.exempt.is_none()) {
            // A size that is not sold costs nothing.
            let Some(over) = beside(model, mode, row.from.unwrap_or(at("2026-11-20")), row.prompt_max.unwrap() + 1)
            else {
                continue;
            };
            for (class, _) in over.rates() {
                assert!(rate(over, class) > rate(row, class), "{} {} {class:?}", model.id, row.key());
                compared += 1;
            }
        }
    }
    assert!(compared > 400);
}

#[test]
fn the_built_in_table_says_where_every_row_comes_from() {
    for (model, row) in builtin().models().flat_map(|model| model.prices.iter().map(move |row| (model, row))) {
        let stated = row.basis.is_some() && row.src.as_ref().is_some_and(|src| src.len() > 5);
        assert!(stated, "{} {}", model.id, row.key());
        // Nobody reads a price before its model is out.
        assert!(row.read >= model.released.map(|ts| ts.utc().date_naive()), "{} {}", model.id, row.key());
    }
    assert!(builtin().id().starts_with("2026.11.22+"), "{}", builtin().id());
    assert_eq!(builtin().id().len(), "2026.11.22+".len() + 12);
}
