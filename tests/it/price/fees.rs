//! What comes on top of tokens, or multiplies them: tools, storage of caches, regions.

use attr::domain::call::CACHE_STORAGE;

use super::*;

#[test]
fn regions_without_a_rule_cost_the_list_price() {
    for region in ["", "global", "not_available", "eu-west-1", "mars"] {
        assert_eq!(ask("anthropic", "claude-opus-5").region(region).usd(&[(Input, 1_000)]), "0.005", "{region}");
    }
    assert_eq!(ask("anthropic", "claude-opus-5").region("US").usd(&[(Input, 1_000)]), "0.0055");
    // Haiku 4.5 is older than the rule; a tool's fee is not multiplied.
    assert_eq!(ask("anthropic", "claude-haiku-4-5").region("us").usd(&[(Input, 1_000)]), "0.001");
    let search = ask("anthropic", "claude-opus-5").region("us").tool("web_search", 1);
    assert_eq!(search.usd(&[(Input, 1_000)]), "0.0155");
}

#[test]
fn a_tool_may_cost_by_model_by_date_and_by_the_call() {
    // Grounding: a prompt of 2.5 is billed once; from 3 on every query is.
    assert_eq!(ask("google", "gemini-2.5-flash").tool("web_search", 4).usd(&[]), "0.035");
    assert_eq!(ask("google", "gemini-3.5-flash").tool("web_search", 4).usd(&[]), "0.056");
    let early = ask("google", "gemini-3-pro-preview").tool("web_search", 1).on("2026-01-04T23:59:59Z");
    assert_eq!(early.why(&[]), Unpriced::ToolFeeUnknown);
    // OpenAI's preview tool: 10 on reasoning models, 25 on the others.
    assert_eq!(ask("openai", "gpt-5").tool("web_search_preview", 1).usd(&[]), "0.01");
    assert_eq!(ask("openai", "gpt-4.1").tool("web_search_preview", 1).usd(&[]), "0.025");
    assert_eq!(ask("openai", "gpt-4.1").tool("web_search", 1).usd(&[]), "0.01");
}

/// A file whose model also pays for storage.
fn stored(usd_per_mtok_hour: &str, rest: &str) -> Table {
    table(&format!("{}\n[[storage]]\nusd_per_mtok_hour = \"{usd_per_mtok_hour}\"\n{rest}", one_model(ROW)))
}

#[test]
fn a_cache_is_paid_by_the_token_and_the_second() {
    let table = stored("4.5", "");
    // 200,000 tokens kept for 90 minutes: 200,000 x 1.5 hours x 4.5 for a million = 1.35
    let kept = ask("s", "m").of(&table).tool(CACHE_STORAGE, 200_000 * 90 * 60);
    let bill = kept.bill(&[]).unwrap();
    assert_eq!(bill.cost.to_string(), "1.35");
    let item = &bill.items[0];
    assert_eq!((item.item.as_str(), item.quantity, item.usd.as_str()), ("tool:cache_storage", 1_080_000_000, "1.35"));
    assert_eq!((item.usd_per_mtok_hour.as_deref(), item.usd_per_1000.as_deref()), (Some("4.5"), None));
    assert_eq!(item.price_row, "s/tool:cache_storage@launch");
    // A second: 200,000 x 4.5 / 3,600 = 250 millionths. Beside tokens: + 1,000 x 1.
    let second = ask("s", "m").of(&table).tool(CACHE_STORAGE, 200_000);
    assert_eq!([second.usd(&[]), second.usd(&[(Input, 1_000)])], ["0.00025", "0.00125"]);
    // Nothing kept costs nothing, even where storage has no price.
    assert_eq!(ask("openai", "gpt-5").tool(CACHE_STORAGE, 0).usd(&[]), "0");
    assert_eq!(ask("openai", "gpt-5").tool(CACHE_STORAGE, 1).why(&[]), Unpriced::ToolFeeUnknown);
}

#[test]
fn storage_that_does_not_divide_is_rounded_half_to_even() {
    // A picodollar for a million tokens and an hour is 1e-18 dollars for a token and an hour: n seconds are n / 3,600.
    let fine = stored("0.000000000001", "");
    let item = |n| ask("s", "m").of(&fine).tool(CACHE_STORAGE, n).bill(&[]).unwrap().items[0].usd.clone();
    // 0.49972..., 0.5, 0.50027..., 1.5, 2.5: a half goes to the even side.
    assert_eq!([item(1_799), item(1_800), item(1_801)], ["0", "0", "0.000000000000000001"]);
    assert_eq!([item(5_400), item(9_000)], ["0.000000000000000002", "0.000000000000000002"]);
    // A third of a dollar has no last digit: 1,000,000 tokens for 1,200 seconds at 1.
    let third = stored("1", "");
    let bill = ask("s", "m").of(&third).tool(CACHE_STORAGE, 1_200_000_000).bill(&[]).unwrap();
    assert_eq!(
        (bill.items[0].usd.as_str(), bill.cost.to_string().as_str()),
        ("0.333333333333333333", "0.333333333333")
    );
}

#[test]
fn storage_has_dates_and_models_and_an_end_to_what_is_believed() {
    let works = table(WORKSHOP);
    let kept = |model, time, n| ask("works", model).of(&works).on(time).tool(CACHE_STORAGE, n);
    const HOUR: u64 = 3_600_000_000;
    // A million tokens for an hour: 1 from January on, 4.5 for two models from June on.
    assert_eq!(kept("lathe", "2026-05-31T23:59:59Z", HOUR).usd(&[]), "1");
    assert_eq!(kept("lathe", "2026-06-01", HOUR).usd(&[]), "4.5");
    assert_eq!(kept("free", "2026-06-01", HOUR).usd(&[]), "1");
    assert_eq!(kept("free", "2025-12-31T23:59:59Z", HOUR).why(&[]), Unpriced::ToolFeeUnknown);
    // Token-seconds are larger numbers than tokens: 1e15 are a million tokens kept for thirty years.
    // 1e15 x 4.5 / 1e6 / 3,600 = 1,250,000
    assert_eq!(kept("mill", "2026-06-01", 1_000_000_000_000_000).usd(&[]), "1250000");
    for broken in [1_000_000_000_000_001, u64::MAX] {
        assert_eq!(kept("mill", "2026-06-01", broken).why(&[]), Unpriced::UsageInconsistent);
    }
}

#[test]
fn a_region_multiplies_neither_storage_nor_tools() {
    let works = table(WORKSHOP);
    let ask = ask("works", "lathe").of(&works).on("2026-10-14T05:00:00Z").region("ch");
    // 1,000 x 1 x 1.1 = 1,100; a search 14,000; a million tokens for an hour 4,500,000
    let ask = ask.tool("search", 1).tool(CACHE_STORAGE, 3_600_000_000);
    assert_eq!(ask.usd(&[(Input, 1_000)]), "4.5151");
}

#[test]
fn a_region_rule_may_mean_every_region_but_some_and_some_models() {
    let works = table(WORKSHOP);
    let usd = |model, region, time| ask("works", model).of(&works).on(time).region(region).usd(&[(Output, 1_000_000)]);
    // The lathe at 05:00, outside of peak hours: 4; the rule for the rest of the world starts at noon.
    for region in ["us", "US", "mars", "eu-west-1"] {
        assert_eq!(usd("lathe", region, "2026-10-14T11:59:59Z"), "4", "{region}");
        assert_eq!(usd("lathe", region, "2026-10-14T12:00:00Z"), "4.2", "{region}");
        // It is for the lathe alone.
        assert_eq!(usd("mill", region, "2026-10-14T12:00:00Z"), "0.3", "{region}");
    }
    // A region that is excepted, or not stated, is not meant; `eu` and `ch` have rules of their own.
    for (region, cost) in [("global", "4"), ("Global", "4"), ("", "4"), ("  ", "4"), ("ch", "4.4")] {
        assert_eq!(usd("lathe", region, "2026-10-14T12:00:00Z"), cost, "{region}");
    }
    // The later rule for `eu` is for models released from February on: the lathe is older, the mill is not.
    assert_eq!(usd("lathe", "eu", "2026-10-14T12:00:00Z"), "4.4");
    assert_eq!([usd("mill", "eu", "2026-08-31T23:59:59Z"), usd("mill", "eu", "2026-09-01")], ["0.33", "0.375"]);
}
