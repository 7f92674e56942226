//! OpenRouter's activity: a row a generation, and by day.

use attr::domain::Charge;
use attr::domain::Quantity;
use attr::domain::tokens::Class;
use proptest::prelude::*;

use super::quantities;
use super::read;
use super::sample_text;

const ACTIVITY: &str = "openrouter_activity/openrouter_activity_2026-09-21.csv";

#[test]
fn a_generation_is_an_amount_and_its_counts() {
    let bill = read(&sample_text(ACTIVITY)).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("openrouter_activity", "0.013841"));
    assert_eq!((bill.control.rows, bill.statement.zone.as_str()), (4, "UTC"));
    let line = &bill.lines[0];
    assert_eq!((line.charge, line.quantum, line.memo), (Charge::Call, 1_000_000, false));
    assert_eq!((line.provider.as_ref(), line.api_key.as_deref()), ("openrouter", Some("bot-key")));
    assert_eq!(line.description.as_deref(), Some("gen-1790000000-aaa"));
    assert_eq!((line.model.as_deref(), line.tier.as_deref()), (Some("openai/gpt-5.6-luna-20260709"), None));
    assert_eq!((line.start.to_string().as_str(), line.end.0 - line.start.0), ("2026-09-21T14:13:20.120Z", 1_000_000));
    assert_eq!(
        quantities(&bill, 2),
        [("input", 634), ("cache_read", 35_351), ("output", 647), ("requests", 1)].map(|(name, n)| (name.into(), n))
    );
    assert!(!format!("{:?}", bill.lines).contains("u-3"), "people are not kept");
}

#[test]
fn a_variant_is_a_part_of_the_model_as_in_logs_and_a_tier() {
    let bill = read(&sample_text(ACTIVITY)).unwrap();
    let free = bill.lines.iter().find(|line| line.row == 3).unwrap();
    assert_eq!((free.model.as_deref(), free.tier.as_deref()), (Some("qwen/qwen3-coder:free"), Some("free")));
    assert_eq!(free.amount.as_ref().map(|amount| amount.pico), Some(0));
}

#[test]
fn what_the_provider_behind_bills_is_told_and_not_summed() {
    let bill = read(&sample_text(ACTIVITY)).unwrap();
    let memos: Vec<_> = bill.lines.iter().filter(|line| line.memo).collect();
    assert_eq!(memos.len(), 1);
    assert_eq!((memos[0].row, memos[0].charge), (4, Charge::Call));
    assert_eq!(memos[0].amount.as_ref().map(|amount| amount.pico), Some(4_000_000_000));
}

#[test]
fn what_was_used_with_a_key_of_ones_own_or_for_free_says_so() {
    let bill = read(&sample_text(ACTIVITY)).unwrap();
    let tiers = |row: u64, counts: bool| -> Vec<Option<&str>> {
        let lines = bill.lines.iter().filter(|line| line.row == row && line.quantity.is_some() == counts);
        lines.map(|line| line.tier.as_deref()).collect()
    };
    assert_eq!(tiers(4, true), [Some("byok"); 4]);
    assert_eq!(tiers(4, false), [None, None], "what is charged here, and the memo");
    assert_eq!(tiers(3, true), [Some("free"); 4]);
    assert_eq!(tiers(2, true), [None; 4]);
}

#[test]
fn an_older_export_without_cached_tokens_says_nothing_of_them() {
    let bill = read(
        "cost_total,created_at,generation_id,model_permaslug,tokens_completion,tokens_prompt\n\
         ,2025-12-01 10:00:00.001,gen-1,openai/gpt-4o:extended,5,100\n",
    )
    .unwrap();
    assert_eq!(
        quantities(&bill, 2),
        [("input", 100), ("output", 5), ("requests", 1)].map(|(name, n)| (name.into(), n))
    );
    assert_eq!((&bill.lines[0].amount, bill.lines[0].api_key.as_deref()), (&None, None));
    assert_eq!(bill.lines[0].model.as_deref(), Some("openai/gpt-4o:extended"));
}

#[test]
fn a_renamed_column_and_a_broken_cell_refuse_the_file() {
    let text = sample_text(ACTIVITY);
    for (from, to, expected) in [
        ("cost_total", "total_cost", "`cost_total` is missing"),
        ("created_at", "time", "`created_at` is missing"),
        ("tokens_prompt", "prompt", "`tokens_prompt` is missing"),
        ("model_permaslug", "model", "`model_permaslug` is missing"),
        ("0.001641", "about 0.001", "`cost_total` is not a number"),
        ("35985", "-35985", "negative"),
        ("2026-09-21 14:13:20.120", "21/09/2026", "`created_at`"),
        ("openai/gpt-5.6-luna-20260709", "", "`model_permaslug` is empty"),
    ] {
        let refused = read(&text.replacen(from, to, 1)).err().unwrap_or_default();
        assert!(refused.contains(expected), "{from}: {refused}");
    }
}

#[test]
fn a_day_is_an_amount_of_whole_calls() {
    let bill = read(&sample_text("openrouter_daily/activity.csv")).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("openrouter_daily", "93.668"));
    let line = &bill.lines[0];
    assert_eq!((line.charge, line.model.as_deref()), (Charge::Call, Some("anthropic/claude-opus-4.7")));
    assert_eq!(
        (line.start.to_string().as_str(), line.end.to_string().as_str()),
        ("2026-05-12T00:00:00Z", "2026-05-13T00:00:00Z")
    );
    // What of the prompt was cached is not told, so it is not uncached input.
    assert!(bill.lines.iter().all(|line| line.charge != Charge::Tokens(Class::Input)));
    let prompt = bill.lines.iter().find(|line| line.charge == Charge::Other).unwrap();
    assert_eq!((prompt.quantity, prompt.unit.is_some()), (Some(Quantity::whole(7_096_566)), true));
    let memo: Vec<_> = bill.lines.iter().filter(|line| line.memo).map(|line| line.row).collect();
    assert_eq!(memo, [4]);
}

#[test]
fn the_interfaces_list_is_read_item_by_item_and_alike_items_are_two() {
    let bill = read(&sample_text("openrouter_daily/activity.json")).unwrap();
    assert_eq!((bill.format, bill.total("USD").as_str()), ("openrouter_daily", "0.03"));
    assert_eq!(bill.control.rows, 2);
    let [first, memo, ..] = bill.lines.as_slice() else { panic!("there are lines") };
    assert_eq!(first.model.as_deref(), Some("openai/gpt-5-mini-2025-08-07"));
    assert_eq!((first.description.as_deref(), memo.memo), (Some("OpenAI"), true));
    assert_eq!(
        quantities(&bill, 2),
        [("other", 50), ("output", 125), ("requests", 5)].map(|(name, n)| (name.into(), n))
    );
    // The same items, one a line.
    let lines = sample_text("openrouter_daily/activity.json");
    let lines = lines.trim().trim_start_matches(r#"{"data":["#).trim_end_matches("]}").replace("},{", "}\n{");
    let by_line = read(&lines).unwrap();
    assert_eq!((by_line.format, by_line.total("USD").as_str()), ("openrouter_daily", "0.03"));
}

#[test]
fn a_day_without_its_columns_refuses_the_file() {
    let text = sample_text("openrouter_daily/activity.csv");
    for (from, to, expected) in [
        ("Usage", "Spend", "`Usage` is missing"),
        ("Slug", "Model", "`Slug` is missing"),
        ("43.07", "43,07", "`Usage` is not a number"),
        ("2026-05-12 00:00:00", "12.05.2026", "`Date` is not a day"),
    ] {
        let refused = read(&text.replacen(from, to, 1)).err().unwrap_or_default();
        assert!(refused.contains(expected), "{from}: {refused}");
    }
    let list = sample_text("openrouter_daily/activity.json").replace(r#""77ab","#, r#""77ab","date":"soon","#);
    let refused = read(&list.replacen(r#""usage":0.015"#, r#""usage":"x""#, 1)).err().unwrap_or_default();
    assert!(refused.contains("item 1 of `data`"), "{refused}");
}

proptest! {
    #[test]
    fn every_generation_is_counted_once(
        rows in proptest::collection::vec((0u64..5_000_000, 0u64..100_000, 0u64..100_000, 0u64..9_000), 1..12),
    ) {
        let mut text = String::from("generation_id,created_at,cost_total,tokens_prompt,tokens_cached,tokens_completion,model_permaslug\n");
        for (cost, prompt, cached, output) in &rows {
            let prompt = prompt + cached;
            text += &format!("gen-1,2026-09-21 14:13:20,{}.{:06},{prompt},{cached},{output},m/x\n", cost / 1_000_000, cost % 1_000_000);
        }
        let bill = read(&text).unwrap();
        let sum = |charge: Charge| -> i128 {
            bill.lines.iter().filter(|line| line.charge == charge).filter_map(|line| line.quantity).map(Quantity::rounded).sum()
        };
        let cost: u64 = rows.iter().map(|row| row.0).sum();
        prop_assert_eq!(bill.control.totals["USD"], i128::from(cost) * 1_000_000);
        prop_assert_eq!(sum(Charge::Requests), rows.len() as i128);
        prop_assert_eq!(sum(Charge::Tokens(Class::Input)), rows.iter().map(|row| i128::from(row.1)).sum::<i128>());
        prop_assert_eq!(sum(Charge::Tokens(Class::CacheRead)), rows.iter().map(|row| i128::from(row.2)).sum::<i128>());
    }
}
