//! The twenty worked examples of the rules. Prices are USD for a million tokens, so tokens x price are millionths of a
//! dollar. An ignored one waits for its seller's file: remove the line that ignores it.

use attr::domain::call::CACHE_STORAGE;

use super::*;

#[test]
fn e01_an_alias_moves() {
    let call = [(Input, 10_000), (Output, 1_000)];
    // 10,000 x 5 + 1,000 x 15 = 65,000
    assert_eq!(ask("openai", "gpt-4o").on("2024-09-01").usd(&call), "0.065");
    // 10,000 x 2.5 + 1,000 x 10 = 35,000
    assert_eq!(ask("openai", "gpt-4o").on("2024-11-01").usd(&call), "0.035");
    // The move is at midnight UTC; before the name existed there is no price.
    assert_eq!(ask("openai", "gpt-4o").on("2024-10-01T23:59:59Z").usd(&call), "0.065");
    assert_eq!(ask("openai", "gpt-4o").on("2024-10-02T00:00:00Z").usd(&call), "0.035");
    assert_eq!(ask("openai", "gpt-4o").on("2024-05-12T23:59:59Z").why(&call), Unpriced::NoPriceAtTime);
}

#[test]
fn e02_two_lifetimes_of_cache_writes() {
    let call = [(Input, 1_203), (CacheWrite5m, 2_048), (CacheWrite1h, 4_096), (CacheRead, 100_000), (Output, 777)];
    // 1,203 x 3 + 2,048 x 3.75 + 4,096 x 6 + 100,000 x 0.3 + 777 x 15 = 3,609 + 7,680 + 24,576 + 30,000 + 11,655 = 77,520
    assert_eq!(ask("anthropic", "claude-sonnet-4-5").usd(&call), "0.07752");
}

#[test]
fn e03_a_read_at_a_fortieth() {
    // 500 x 10 + 1,000,001 x 0.25 + 250 x 50 = 5,000 + 250,000.25 + 12,500
    let call = [(Input, 500), (CacheRead, 1_000_001), (Output, 250)];
    assert_eq!(ask("anthropic", "claude-fable-5-1").usd(&call), "0.26750025");
}

#[test]
fn e04_batch_stacks_with_the_cache() {
    // 999 x 2 + 1,001 x 2.5 + 50,005 x 0.1 + 333 x 10 = 1,998 + 2,502.5 + 5,000.5 + 3,330
    let call = [(Input, 999), (CacheWrite5m, 1_001), (CacheRead, 50_005), (Output, 333)];
    assert_eq!(ask("anthropic", "claude-opus-5-5").tier("batch").usd(&call), "0.012831");
}

#[test]
fn e05_the_cliff_counts_the_cache() {
    let ask = ask("anthropic", "claude-sonnet-4-5").on("2025-11-15");
    // prompt 200,000: 10 x 3 + 199,990 x 0.3 + 100 x 15 = 30 + 59,997 + 1,500
    assert_eq!(ask.usd(&[(Input, 10), (CacheRead, 199_990), (Output, 100)]), "0.061527");
    // prompt 200,001: 10 x 6 + 199,991 x 0.6 + 100 x 22.5 = 60 + 119,994.6 + 2,250
    assert_eq!(ask.usd(&[(Input, 10), (CacheRead, 199_991), (Output, 100)]), "0.1223046");
}

#[test]
fn e06_a_premium_dropped_by_date() {
    let call = [(Input, 250_000), (Output, 2_000)];
    // 250,000 x 6 + 2,000 x 22.5 = 1,500,000 + 45,000
    assert_eq!(ask("anthropic", "claude-sonnet-4-6").on("2026-03-12T23:59:59Z").usd(&call), "1.545");
    // 250,000 x 3 + 2,000 x 15 = 750,000 + 30,000
    assert_eq!(ask("anthropic", "claude-sonnet-4-6").on("2026-03-13").usd(&call), "0.78");
}

#[test]
fn e07_fast_times_geo() {
    let call = [(Input, 1_000), (CacheWrite5m, 2_000), (CacheRead, 30_000), (Output, 400)];
    let fast = ask("anthropic", "claude-opus-5").tier("fast");
    // 1,000 x 10 + 2,000 x 12.5 + 30,000 x 1 + 400 x 50 = 85,000; x 1.1 = 93,500
    assert_eq!(fast.usd(&call), "0.085");
    let there = fast.region("us");
    assert_eq!(there.usd(&call), "0.0935");
    let bill = there.bill(&call).unwrap();
    assert!(bill.items.iter().all(|item| item.multiplier == "1.1"));
    assert_eq!(bill.items[0].usd_per_mtok.as_deref(), Some("10"));
    assert_eq!(bill.items[0].price_row, "anthropic/claude-opus-5/fast@2026-07-24");
}

#[test]
fn e08_a_cliff_at_a_hundred_thousand() {
    let ask = ask("anthropic", "claude-haiku-5-5");
    // 100,000 x 0.1 + 1,000 x 0.5
    assert_eq!(ask.usd(&[(Input, 100_000), (Output, 1_000)]), "0.0105");
    // prompt 100,001: 60,001 x 0.5 + 40,000 x 0.05 + 1,000 x 2.5 = 30,000.5 + 2,000 + 2,500
    assert_eq!(ask.usd(&[(Input, 60_001), (CacheRead, 40_000), (Output, 1_000)]), "0.0345005");
}

#[test]
fn e09_a_fee_for_searches() {
    // 10,105 x 1 + 604 x 5 + 3 x 10,000 = 10,105 + 3,020 + 30,000
    let ask = ask("anthropic", "claude-haiku-4-5").tool("web_search", 3).tool("web_fetch", 2);
    assert_eq!(ask.usd(&[(Input, 10_105), (Output, 604)]), "0.043125");
    let bill = ask.bill(&[(Input, 10_105), (Output, 604)]).unwrap();
    let (search, fetch) = (&bill.items[2], &bill.items[3]);
    assert_eq!((search.item.as_str(), search.quantity, search.usd.as_str()), ("tool:web_search", 3, "0.03"));
    assert_eq!((fetch.usd_per_1000.as_deref(), fetch.usd.as_str()), (Some("0"), "0"));
}

#[test]
fn e10_cached_tokens_are_not_counted_twice() {
    // prompt 12,000 of which 10,240 cached: 1,760 x 1.25 + 10,240 x 0.125 + 3,000 x 10 = 2,200 + 1,280 + 30,000
    let call = [(Input, 1_760), (CacheRead, 10_240), (Output, 3_000)];
    assert_eq!(ask("openai", "gpt-5").usd(&call), "0.03348");
}

#[test]
fn e11_a_printed_price_is_rounded() {
    // 2,000 x 1.25 + 8,000 x 0.13 + 1,000 x 7.5 = 2,500 + 1,040 + 7,500 (half of 0.25 would be 0.125)
    let call = [(Input, 2_000), (CacheRead, 8_000), (Output, 1_000)];
    assert_eq!(ask("openai", "gpt-5.4").tier("flex").usd(&call), "0.01104");
}

#[test]
fn e12_a_cliff_with_cache_writes() {
    let ask = ask("openai", "gpt-5.6-sol").on("2026-09-01");
    let call = |input| [(Input, input), (CacheRead, 200_000), (CacheWrite30m, 50_000), (Output, 4_000)];
    // prompt 272,000: 22,000 x 4 + 200,000 x 0.4 + 50,000 x 5 + 4,000 x 20 = 88,000 + 80,000 + 250,000 + 80,000
    assert_eq!(ask.usd(&call(22_000)), "0.498");
    // prompt 272,001: 22,001 x 8 + 160,000 + 500,000 + 4,000 x 30 = 176,008 + 160,000 + 500,000 + 120,000
    assert_eq!(ask.usd(&call(22_001)), "0.956008");
    // 12 hours: 1,000 x 10
    assert_eq!(ask.usd(&[(CacheWrite12h, 1_000)]), "0.01");
}

#[test]
fn e13_a_cut_at_midnight_and_what_was_agreed() {
    let call = [(Input, 200_000), (Output, 10_000)];
    // 200,000 x 1 + 10,000 x 6
    assert_eq!(ask("openai", "gpt-5.6-luna").on("2026-07-29T23:59:59Z").usd(&call), "0.26");
    // 200,000 x 0.2 + 10,000 x 1.2
    let after = ask("openai", "gpt-5.6-luna").on("2026-07-30T00:00:00Z");
    assert_eq!(after.usd(&call), "0.052");
    // 15 % off: 0.052 x 0.85 = 0.0442, that is 0.04 x 0.85 + 0.012 x 0.85 = 0.034 + 0.0102
    let table = agreed("[[override]]\nseller = \"openai\"\nmodels = [\"gpt-5.6-luna\"]\ndiscount = \"0.15\"\n");
    let bill = after.of(&table).bill(&call).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.list.unwrap().to_string().as_str()), ("0.0442", "0.052"));
    let amounts = bill.items.iter().map(|item| (item.usd.as_str(), item.list_usd.as_deref().unwrap()));
    assert_eq!(amounts.collect::<Vec<_>>(), [("0.034", "0.04"), ("0.0102", "0.012")]);
}

#[test]
fn e14_a_regional_uplift_by_release_date() {
    let call = [(Input, 6_000), (CacheRead, 4_000), (Output, 2_000)];
    // (6,000 x 2.5 + 4,000 x 0.25 + 2,000 x 15) x 1.1 = 46,000 x 1.1
    assert_eq!(ask("openai", "gpt-5.4").region("eu").usd(&call), "0.0506");
    // gpt-5 is older than the rule: 6,000 x 1.25 + 4,000 x 0.125 + 2,000 x 10 = 7,500 + 500 + 20,000
    assert_eq!(ask("openai", "gpt-5").region("eu").usd(&call), "0.028");
}

#[test]
fn e15_the_tier_served() {
    let call = [(Input, 2_000), (CacheRead, 1_000), (Output, 500)];
    // 2,000 x 12.5 + 1,000 x 1.25 + 500 x 75 = 25,000 + 1,250 + 37,500
    for tier in ["priority", "fast", "Priority"] {
        assert_eq!(ask("openai", "gpt-5.5").tier(tier).usd(&call), "0.06375", "{tier}");
    }
    // 2,000 x 5 + 1,000 x 0.5 + 500 x 30 = 10,000 + 500 + 15,000
    for tier in ["default", "auto", "", "standard", "on_demand", "not_available"] {
        assert_eq!(ask("openai", "gpt-5.5").tier(tier).usd(&call), "0.0255", "{tier}");
    }
}

#[test]
fn e16_the_whole_request_moves_to_the_upper_band() {
    // prompt 250,000 of which 200,000 cached; 4,000 out with thoughts: 50,000 x 2.5 + 200,000 x 0.25 + 4,000 x 15
    let call = [(Input, 50_000), (CacheRead, 200_000), (Output, 4_000)];
    assert_eq!(ask("google", "gemini-2.5-pro").usd(&call), "0.235");
}

#[test]
fn e17_batch_with_audio_and_an_undiscounted_cache() {
    // 5,000 x 0.15 + 10,000 x 0.5 + 5,000 x 0.03 + 1,000 x 1.25 = 750 + 5,000 + 150 + 1,250
    let call = [(Input, 5_000), (AudioIn, 10_000), (CacheRead, 5_000), (Output, 1_000)];
    assert_eq!(ask("google", "gemini-2.5-flash").tier("batch").usd(&call), "0.00715");
}

#[test]
fn e02_the_same_through_a_regional_profile() {
    let call = [(Input, 1_203), (CacheWrite5m, 2_048), (CacheWrite1h, 4_096), (CacheRead, 100_000), (Output, 777)];
    // 1,203 x 3.3 + 2,048 x 4.125 + 4,096 x 6.6 + 100,000 x 0.33 + 777 x 16.5
    //   = 3,969.9 + 8,448 + 27,033.6 + 33,000 + 12,820.5 = 85,272
    let profile = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    assert_eq!(ask("aws.bedrock", profile).usd(&call), "0.085272");
}

#[test]
fn e16_keeping_a_cache_for_ninety_minutes() {
    // 200,000 tokens x 5,400 seconds = 1,080,000,000 token-seconds, that is 200,000 tokens x 1.5 hours;
    // 200,000 x 4.5 x 1.5 = 1,350,000
    let kept = ask("google", "gemini-2.5-pro").tool(CACHE_STORAGE, 200_000 * 5_400);
    assert_eq!(kept.usd(&[]), "1.35");
}

#[test]
fn e18_peak_hours_working_days_and_holidays() {
    let call = [(CacheRead, 80_000), (Input, 20_000), (Output, 5_000)];
    let ask = |time| ask("deepseek", "deepseek-v4-pro").on(time);
    // At peak, twice: 80,000 x 0.044 + 20,000 x 1.32 + 5,000 x 3.96 = 3,520 + 26,400 + 19,800 = 49,720
    assert_eq!(ask("2026-10-14T02:30:00Z").usd(&call), "0.04972");
    // Else 80,000 x 0.022 + 20,000 x 0.66 + 5,000 x 1.98 = 1,760 + 13,200 + 9,900 = 24,860: between the two spans,
    // on a Saturday, on the Monday of a holiday.
    for time in ["2026-10-14T05:00:00Z", "2026-10-17T02:30:00Z", "2026-10-05T02:30:00Z"] {
        assert_eq!(ask(time).usd(&call), "0.02486", "{time}");
    }
}

#[test]
fn e19_a_cliff_at_the_size_itself() {
    let ask = ask("xai", "grok-4.3");
    // Completion 1,000 and reasoning 500 are counted apart: 1,500 out.
    // prompt 199,999: 49,999 x 1.25 + 150,000 x 0.2 + 1,500 x 2.5 = 62,498.75 + 30,000 + 3,750
    assert_eq!(ask.usd(&[(Input, 49_999), (CacheRead, 150_000), (Output, 1_500)]), "0.09624875");
    // prompt 200,000: 50,000 x 2.5 + 150,000 x 0.4 + 1,500 x 5 = 125,000 + 60,000 + 7,500
    assert_eq!(ask.usd(&[(Input, 50_000), (CacheRead, 150_000), (Output, 1_500)]), "0.1925");
}

#[test]
fn e20_a_batch_that_does_not_stack_with_the_cache() {
    // 4,000 x 0.075 + 6,000 x 0.075 + 1,000 x 0.3 = 300 + 450 + 300
    let call = [(Input, 4_000), (CacheRead, 6_000), (Output, 1_000)];
    assert_eq!(ask("groq", "openai/gpt-oss-120b").tier("batch").usd(&call), "0.00105");
}
