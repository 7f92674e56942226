//! The price room: worked examples computed by hand, laws over the whole built-in table, and tables that must be refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use attr::domain::call::Unpriced;
use attr::domain::money::{Usd, parse_scaled};
use attr::domain::time::{NANOS, Timestamp};
use attr::domain::tokens::{Class, MAX_TOKENS, Tokens};
use attr::price::{Bill, Mode, Model, Price, PriceError, Request, Table};
use proptest::prelude::*;

use Class::{AudioIn, CacheRead, CacheWrite1h, CacheWrite5m, CacheWrite12h, CacheWrite30m, Input, Output};

fn builtin() -> &'static Table {
    static TABLE: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| Table::builtin().unwrap())
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap().ts
}

fn tokens(counts: &[(Class, u64)]) -> Tokens {
    let mut tokens = Tokens::default();
    counts.iter().for_each(|(class, count)| tokens.set(*class, *count));
    tokens
}

/// A call to be priced, said shortly.
struct Ask<'a> {
    table: &'a Table,
    request: Request<'a>,
    ts: Timestamp,
    tools: Vec<(&'a str, u64)>,
}

/// Asks the built-in table about a model of a seller, at a moment when every current row holds.
fn ask<'a>(provider: &'a str, model: &'a str) -> Ask<'a> {
    let request = Request { provider: Some(provider), model: Some(model), tier: None, region: None };
    Ask { table: builtin(), request, ts: at("2026-11-20T12:00:00Z"), tools: Vec::new() }
}

impl<'a> Ask<'a> {
    fn tier(mut self, tier: &'a str) -> Self {
        self.request.tier = Some(tier);
        self
    }
    fn region(mut self, region: &'a str) -> Self {
        self.request.region = Some(region);
        self
    }
    fn on(mut self, time: &str) -> Self {
        self.ts = at(time);
        self
    }
    fn tool(mut self, id: &'a str, uses: u64) -> Self {
        self.tools.push((id, uses));
        self
    }
    fn of(mut self, table: &'a Table) -> Self {
        self.table = table;
        self
    }
    fn bill(&self, counts: &[(Class, u64)]) -> Result<Bill, Unpriced> {
        let plan = self.table.resolve(&self.request)?;
        let tools = || self.tools.iter().copied();
        let bill = plan.itemise(self.ts, &tokens(counts), tools());
        let priced = plan.price(self.ts, &tokens(counts), tools());
        // Law: both ways of adding up agree, whatever the call.
        assert_eq!(priced.map(|p| (p.cost, p.fallback)), bill.as_ref().map(|b| (b.cost, b.fallback)).map_err(|e| *e));
        if let Ok(bill) = &bill {
            let atto = bill.items.iter().map(|item| parse_scaled(&item.usd, 18).unwrap());
            let sum = atto.map(|(atto, exact)| if exact { atto } else { panic!("an item is finer than 1e-18") }).sum();
            assert_eq!(Usd::from_atto(sum), bill.cost);
        }
        bill
    }
    fn usd(&self, counts: &[(Class, u64)]) -> String {
        self.bill(counts).unwrap().cost.to_string()
    }
    fn why(&self, counts: &[(Class, u64)]) -> Unpriced {
        self.bill(counts).unwrap_err()
    }
}

// ---- Worked examples. Prices are USD for a million tokens, so tokens x price are millionths of a dollar. ----

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
fn e13_a_cut_at_midnight() {
    let call = [(Input, 200_000), (Output, 10_000)];
    // 200,000 x 1 + 10,000 x 6
    assert_eq!(ask("openai", "gpt-5.6-luna").on("2026-07-29T23:59:59Z").usd(&call), "0.26");
    // 200,000 x 0.2 + 10,000 x 1.2
    assert_eq!(ask("openai", "gpt-5.6-luna").on("2026-07-30T00:00:00Z").usd(&call), "0.052");
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
fn an_announced_and_cancelled_rise_is_listed_and_never_applied() {
    let call = [(Input, 1_000_000), (Output, 1_000_000)];
    assert_eq!(ask("anthropic", "claude-sonnet-5").on("2026-10-01").usd(&call), "12");
    let model = builtin().find_model(Some("anthropic"), "claude-sonnet-5").unwrap();
    let withdrawn: Vec<&Price> = model.prices.iter().filter(|row| row.withdrawn.is_some()).collect();
    assert_eq!(withdrawn.len(), 2);
    assert_eq!((withdrawn[0].known, withdrawn[0].withdrawn), (Some(at("2026-06-30")), Some(at("2026-08-10"))));
}

#[test]
fn scheduled_changes_come_when_announced() {
    let call = [(Input, 1_000_000), (CacheRead, 1_000_000), (Output, 1_000_000)];
    for (model, eve, day, before, after) in [
        ("gemini-4-argon", "2026-11-30T23:59:59Z", "2026-12-01", "12.1", "24.2"),
        ("gemini-3.8-flash", "2026-12-31T23:59:59Z", "2027-01-01", "4.575", "9.15"),
    ] {
        assert_eq!(ask("google", model).on(eve).usd(&call), before);
        assert_eq!(ask("google", model).on(day).usd(&call), after);
    }
    let read = [(CacheRead, 1_000_000)];
    assert_eq!(ask("anthropic", "claude-sonnet-5-5").on("2026-10-06T23:59:59Z").usd(&read), "0.2");
    assert_eq!(ask("anthropic", "claude-sonnet-5-5").on("2026-10-07").usd(&read), "0.1");
    let read = [(Input, 1_000_000), (CacheRead, 1_000_000), (Output, 1_000_000)];
    assert_eq!(ask("openai", "o3").on("2025-06-09T23:59:59Z").usd(&read), "52.5");
    assert_eq!(ask("openai", "o3").on("2025-06-10").usd(&read), "10.5");
}

// ---- Reasons ----

const ONE: &[(Class, u64)] = &[(Input, 1)];

#[test]
fn nothing_is_matched_by_its_beginning() {
    for (seller, name) in [
        ("anthropic", "claude-opus-5-9"),
        ("anthropic", "claude-opus"),
        ("anthropic", "claude-sonnet-4-6-20260230"),
        ("anthropic", "claude-sonnet-4-6-20260217-v1"),
        ("anthropic", "xclaude-sonnet-4-6"),
        ("anthropic", "openai/gpt-5"),
        ("anthropic", ""),
        ("openai", "gpt-4o-ultra"),
        ("openai", "gpt-4.1-mini2"),
        ("openai", "gpt-5.4-2026-03-06"),
        ("openai", "gpt-6-sol-2026-13-01"),
        ("openai", "gpt-5[1m]"),
        ("google", "gemini-2.5"),
        ("google", "gemini-2.5-pro-002"),
    ] {
        assert_eq!(ask(seller, name).why(ONE), Unpriced::UnknownModel, "{seller} {name}");
    }
    let nameless = Request { provider: Some("openai"), ..Request::default() };
    assert_eq!(builtin().resolve(&nameless).unwrap_err(), Unpriced::UnknownModel);
}

#[test]
fn names_as_logs_write_them() {
    for (seller, name, id) in [
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-4-6[1m]", "claude-opus-4-6"),
        ("Anthropic", "Anthropic/Claude-Opus-5-5", "claude-opus-5-5"),
        ("anthropic", "claude-opus-4-20250514", "claude-opus-4"),
        ("anthropic", "claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("anthropic.messages", "claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("openai", "gpt-4o", "gpt-4o-2024-08-06"),
        ("openai.responses", "openai/gpt-5", "gpt-5"),
        ("openai", "gpt-5.6", "gpt-5.6-sol"),
        ("openai", "gpt-6-sol-2026-09-22", "gpt-6-sol"),
        ("gcp.gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google_genai", "gemini-flash-latest", "gemini-3.8-flash"),
        ("gemini", "gemini/gemini-2.5-flash", "gemini-2.5-flash"),
    ] {
        assert_eq!(builtin().find_model(Some(seller), name).map(|m| m.id.as_str()), Ok(id), "{seller} {name}");
    }
}

#[test]
fn a_call_without_a_provider_needs_exactly_one_seller() {
    let find = |name| builtin().find_model(None, name).map(|model| model.seller.as_str());
    assert_eq!(find("claude-sonnet-4-6"), Ok("anthropic"));
    assert_eq!(find("gpt-5"), Ok("openai"));
    assert_eq!(find("llama-7"), Err(Unpriced::UnknownSeller));
    let two = "[[model]]\nid = \"m\"\nseller = \"a\"\n[[model.price]]\nmode = \"standard\"\nsince_launch = true\n\
               usd_per_mtok = { input = \"1\" }\n";
    let two = table(&format!("{two}{}", two.replace("\"a\"", "\"b\"")));
    assert_eq!(two.find_model(None, "m").unwrap_err(), Unpriced::UnknownSeller);
    assert_eq!(two.find_model(Some("b"), "m").unwrap().seller, "b");
    // A reseller's file says first_party = false, and is never the answer to "nobody said".
    let resale = "seller = \"r\"\nfirst_party = false\n[[model]]\nid = \"m\"\n[[model.price]]\nmode = \"standard\"\n\
                  since_launch = true\nusd_per_mtok = { input = \"1\" }\n";
    assert_eq!(table(resale).find_model(None, "m").unwrap_err(), Unpriced::UnknownSeller);
    assert_eq!(table(resale).find_model(Some("R"), "m").unwrap().id, "m");
}

#[test]
fn every_reason_is_given_where_it_is_due() {
    assert_eq!(ask("aws.bedrock", "claude-opus-5").why(ONE), Unpriced::UnknownSeller);
    assert_eq!(ask("anthropic", "claude-sonnet-4-6").on("2026-02-16T23:59:59Z").why(ONE), Unpriced::NoPriceAtTime);
    assert_eq!(ask("anthropic", "claude-3-opus").tier("batch").on("2024-10-07").why(ONE), Unpriced::NoPriceAtTime);
    // A commitment of Anthropic's, and OpenAI's scale tier: no public price by the token.
    assert_eq!(ask("anthropic", "claude-opus-5").tier("priority").why(ONE), Unpriced::ModeNotSold);
    assert_eq!(ask("openai", "gpt-5").tier("scale").why(ONE), Unpriced::ModeNotSold);
    assert_eq!(ask("google", "gemini-2.5-pro").tier("PROVISIONED_THROUGHPUT").why(ONE), Unpriced::ModeNotSold);
    assert_eq!(ask("anthropic", "claude-haiku-4-5").tier("fast").why(ONE), Unpriced::ModeNotSold);
    assert_eq!(ask("openai", "gpt-5").tier("warp").why(ONE), Unpriced::TierIndeterminate);
    assert_eq!(ask("anthropic", "claude-opus-5").why(&[(AudioIn, 1)]), Unpriced::ClassNotSold);
    assert_eq!(ask("openai", "gpt-5").tool("image_generation", 1).why(ONE), Unpriced::ToolFeeUnknown);
    assert_eq!(ask("openai", "gpt-5").tool("image_generation", 0).usd(&[]), "0");
    assert_eq!(ask("openai", "gpt-5").why(&[(Input, MAX_TOKENS + 1)]), Unpriced::UsageInconsistent);
    assert_eq!(ask("openai", "gpt-5").tool("web_search", u64::MAX).why(ONE), Unpriced::UsageInconsistent);
}

#[test]
fn what_is_not_sold_any_more_or_for_that_size_has_no_price() {
    // Priority of GPT-5.5 excludes long context.
    let fast = ask("openai", "gpt-5.5").tier("fast");
    assert_eq!(fast.usd(&[(Input, 272_000)]), "3.4");
    assert_eq!(fast.why(&[(Input, 272_001)]), Unpriced::ModeNotSold);
    // The 1M beta of Sonnet 4.5 ended.
    let sonnet = |day| ask("anthropic", "claude-sonnet-4-5").on(day);
    assert_eq!(sonnet("2026-04-30").usd(&[(Input, 200_001)]), "1.200006");
    assert_eq!(sonnet("2026-05-01").why(&[(Input, 200_001)]), Unpriced::ModeNotSold);
    assert_eq!(sonnet("2026-05-01").usd(&[(Input, 200_000)]), "0.6");
    // Fast mode of Opus 4.6 ended; usage.speed then says standard.
    let opus = |day| ask("anthropic", "claude-opus-4-6").tier("fast").on(day);
    assert_eq!(opus("2026-08-05").usd(&[(Output, 1_000)]), "0.15");
    assert_eq!(opus("2026-08-06").why(&[(Output, 1_000)]), Unpriced::ModeNotSold);
}

#[test]
fn a_dash_on_the_page_bills_as_input_and_is_flagged() {
    let ask = ask("openai", "gpt-4.1").tier("batch");
    // 1,000 x 1 + 1,000 x 1 (no cached price in Batch) + 1,000 x 4
    let bill = ask.bill(&[(Input, 1_000), (CacheRead, 1_000), (Output, 1_000)]).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.fallback), ("0.006", true));
    assert_eq!(bill.items[1].billed_as.as_deref(), Some("input"));
    assert!(!ask.bill(&[(Input, 1_000)]).unwrap().fallback);
}

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

#[test]
fn huge_counts_are_priced_or_refused_and_never_panic() {
    let mut all = Tokens::default();
    Class::ALL.into_iter().for_each(|class| all.set(class, u64::MAX));
    let plan = builtin().resolve(&ask("openai", "gpt-realtime").request).unwrap();
    assert_eq!(plan.price(at("2026-11-01"), &all, []), Err(Unpriced::UsageInconsistent));
    // 1e10 x 600 for a million = 6,000,000 dollars still fits a call; 1e10 x 600 + 1e10 x 150 = 7.5 million too.
    assert_eq!(ask("openai", "o1-pro").usd(&[(Output, MAX_TOKENS), (Input, MAX_TOKENS)]), "7500000");
    let dear = table(&one_model("mode = \"standard\"\nsince_launch = true\nusd_per_mtok = { input = \"100000\" }"));
    assert_eq!(ask("s", "m").of(&dear).why(&[(Input, MAX_TOKENS)]), Unpriced::UsageInconsistent);
}

#[test]
fn a_sum_is_rounded_once_half_to_even() {
    let fine = table(&one_model(
        "mode = \"standard\"\nsince_launch = true\nusd_per_mtok = { input = \"0.000000000001\", output = \"0.000000000001\" }",
    ));
    let pico = |input, output| ask("s", "m").of(&fine).bill(&[(Input, input), (Output, output)]).unwrap().cost.pico();
    // Half a picodollar goes to the even side; two halves are one.
    assert_eq!([pico(500_000, 0), pico(500_001, 0), pico(1_500_000, 0), pico(500_000, 500_000)], [0, 1, 2, 1]);
}

#[test]
fn suggestions_are_only_suggestions() {
    assert_eq!(builtin().suggest_model("claude-sonnet-46")[0], "claude-sonnet-4-6");
    assert!(builtin().suggest_model("claude-sonnet-46").len() <= 3);
    assert_eq!(builtin().suggest_model("zebra"), Vec::<String>::new());
}

// ---- Laws over every row of the built-in table ----

/// Every model of the built-in table in every mode it has rows for.
fn sold() -> Vec<(&'static Model, Mode)> {
    let modes = |model: &'static Model| Mode::ALL.into_iter().map(move |mode| (model, mode));
    let sold = |(model, mode): &(&Model, Mode)| model.prices.iter().any(|row| row.mode == *mode);
    builtin().models().flat_map(modes).filter(sold).collect()
}

/// Finds the row by reading the listing from top to bottom: no index, no sorting.
fn row_by_hand(model: &Model, mode: Mode, ts: Timestamp, prompt: u64) -> Option<&Price> {
    let start = |row: &Price| {
        if row.since_launch { i64::MIN } else { row.from.unwrap().0 }
    };
    let live = || model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none() && start(row) <= ts.0);
    let latest = live().map(start).max()?;
    live()
        .find(|row| start(row) == latest && row.prompt_min <= prompt && row.prompt_max.is_none_or(|max| prompt <= max))
}

/// Asks the table and the listing about a prompt of plain input, and compares.
fn compare_by_hand(model: &Model, mode: Mode, ts: Timestamp, prompt: u64) {
    let request = ask(&model.seller, &model.id).tier(mode.name()).request;
    let bill = builtin().resolve(&request).unwrap().itemise(ts, &tokens(&[(Input, prompt)]), []);
    let key = |row: &Price| format!("{}/{}/{}", model.seller, model.id, row.key());
    let expected = match row_by_hand(model, mode, ts, prompt) {
        None => Err(Unpriced::NoPriceAtTime),
        Some(row) if row.is_end() => Err(Unpriced::ModeNotSold),
        Some(row) => Ok((key(row), row.rates().find(|(class, _)| *class == Input).unwrap().1)),
    };
    let found = bill.map(|bill| (bill.items[0].price_row.clone(), bill.items[0].usd_per_mtok.clone().unwrap()));
    assert_eq!(found, expected, "{} {mode} at {ts} with {prompt}", model.id);
}

#[test]
fn every_cliff_falls_between_its_size_and_the_next() {
    let mut cliffs = 0;
    for (model, mode) in sold() {
        let bounded = model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none());
        for (row, max) in bounded.filter_map(|row| Some((row, row.prompt_max?))) {
            let ts = row.from.unwrap();
            (max - 1..=max + 1).for_each(|prompt| compare_by_hand(model, mode, ts, prompt));
            let over = row_by_hand(model, mode, ts, max + 1).unwrap();
            assert!(!std::ptr::eq(over, row) && std::ptr::eq(row_by_hand(model, mode, ts, max).unwrap(), row));
            cliffs += 1;
        }
    }
    assert!(cliffs > 80, "only {cliffs} cliffs were found");
}

#[test]
fn every_start_is_exact_to_the_second() {
    let mut starts = 0;
    for (model, mode) in sold() {
        for from in model.prices.iter().filter(|row| row.mode == mode).filter_map(|row| row.from) {
            for second in [-NANOS, -1, 0, NANOS] {
                compare_by_hand(model, mode, Timestamp(from.0 + second), 1_000);
            }
            starts += 1;
        }
    }
    assert!(starts > 300, "only {starts} starts were found");
}

/// A decimal as whole units of 1e-12, by moving the point in the text.
fn pico(decimal: &str) -> i128 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{fraction:0<12}").parse().unwrap()
}

/// Rounds a fraction half to even.
fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (down, left) = (numerator / denominator, numerator % denominator);
    let up = 2 * left > denominator || (2 * left == denominator && down % 2 == 1);
    down + i128::from(up)
}

proptest! {
    #[test]
    fn a_price_is_the_sum_of_listed_rates(
        pick in any::<prop::sample::Index>(),
        counts in prop::collection::vec(prop_oneof![0..3u64, 0..400_000u64, 0..MAX_TOKENS / 1_000], 14),
        day in 0..1_200i64,
        abroad in any::<bool>(),
    ) {
        let sold = sold();
        let (model, mode) = sold[pick.index(sold.len())];
        let ts = Timestamp(at("2024-01-01").0 + day * 86_400 * NANOS);
        let prompt: u64 = Class::ALL.iter().zip(&counts).filter(|(c, _)| c.is_prompt()).map(|(_, n)| n).sum();
        let Some(row) = row_by_hand(model, mode, ts, prompt) else { return Ok(()) };
        prop_assume!(!row.is_end());
        let rates: Vec<(Class, String)> = row.rates().collect();
        let counts: Vec<(Class, u64)> = rates.iter().map(|(class, _)| (*class, counts[*class as usize])).collect();
        // Dropping the classes that are not sold may have changed the band.
        let prompt: u64 = counts.iter().filter(|(c, _)| c.is_prompt()).map(|(_, n)| n).sum();
        prop_assume!(row_by_hand(model, mode, ts, prompt).is_some_and(|other| std::ptr::eq(other, row)));
        let uplifted = abroad && model.seller != "google" && match model.seller.as_str() {
            "anthropic" => model.released >= Some(at("2026-02-05")) && ts >= at("2026-02-05"),
            _ => model.released >= Some(at("2026-03-05")) && ts >= at("2026-03-05"),
        };
        let sum: i128 = rates.iter().zip(&counts).map(|((_, rate), (_, n))| pico(rate) * i128::from(*n)).sum();
        let (up, down) = if uplifted { (11, 10) } else { (1, 1) };
        let expected = half_even(sum * up, down * 1_000_000);
        let ask = ask(&model.seller, &model.id).tier(mode.name()).region(if abroad { "us" } else { "global" });
        let ask = Ask { ts, ..ask };
        prop_assert_eq!(ask.bill(&counts).unwrap().cost.pico(), expected);
    }

    #[test]
    fn no_text_makes_a_table_panic(text in "\\PC{0,200}") {
        let wrong = Table::from_text(&format!("#@ file x.toml\n{text}"));
        prop_assert!(wrong.is_err());
    }
}

fn rate(row: &Price, class: Class) -> Option<i128> {
    row.rates().find(|(sold, _)| *sold == class).map(|(_, rate)| pico(&rate))
}

#[test]
fn anthropic_writes_cost_their_multiples() {
    let mut rows = 0;
    for model in builtin().models().filter(|model| model.seller == "anthropic") {
        for row in model.prices.iter().filter(|row| rate(row, CacheWrite5m).is_some()) {
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
        for row in model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none() && !row.is_end()) {
            let ts = row.from.unwrap_or(at("2026-11-20"));
            let standard = row_by_hand(model, Mode::Standard, ts, row.prompt_min).unwrap();
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
        for row in model.prices.iter().filter(|row| row.mode == mode && row.prompt_max.is_some()) {
            let over = row_by_hand(model, mode, row.from.unwrap(), row.prompt_max.unwrap() + 1).unwrap();
            for (class, _) in over.rates() {
                assert!(rate(over, class) > rate(row, class), "{} {} {class:?}", model.id, row.key());
                compared += 1;
            }
        }
    }
    assert!(compared > 400);
}

#[test]
fn every_file_of_the_folder_is_in_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing");
    let names = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<String> = names.filter(|name| name.ends_with(".toml")).collect();
    assert_eq!(Table::builtin_files().map(str::to_string).collect::<BTreeSet<_>>(), there);
    // Read from the disk, the folder is the same table.
    assert_eq!(Table::load(&folder).unwrap().id(), builtin().id());
}

#[test]
fn the_built_in_table_says_where_every_row_comes_from() {
    for (model, row) in builtin().models().flat_map(|model| model.prices.iter().map(move |row| (model, row))) {
        let stated = row.basis.is_some() && row.src.as_ref().is_some_and(|src| src.len() > 5);
        assert!(stated, "{} {}", model.id, row.key());
        // Nobody reads a price before its model is out.
        assert!(row.read >= model.released.map(|ts| ts.utc().date_naive()), "{} {}", model.id, row.key());
    }
    assert!(builtin().id().starts_with("2026.11.21+"), "{}", builtin().id());
    assert_eq!(builtin().id().len(), "2026.11.21+".len() + 12);
}

// ---- Users' tables ----

/// Loads one file's text.
fn table(text: &str) -> Table {
    load(text).unwrap_or_else(|error| panic!("{error} ({:?})\n{text}", error.hint()))
}

fn load(text: &str) -> Result<Table, PriceError> {
    Table::from_text(&format!("#@ file mine.toml\n{text}"))
}

/// A file with one model `m` of seller `s` and one row.
fn one_model(row: &str) -> String {
    format!("seller = \"s\"\n\n[[model]]\nid = \"m\"\n\n[[model.price]]\n{row}\n")
}

const ROW: &str = "mode = \"standard\"\nfrom = 2026-01-01\nusd_per_mtok = { input = \"1\", output = \"2\" }\n";

#[test]
fn a_table_in_one_file_may_price_several_sellers() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("private.toml");
    let text = format!(
        "[[model]]\nid = \"big\"\nseller = \"acme\"\n[[model.price]]\n{ROW}\n[[model]]\nid = \"small\"\n\
         seller = \"other\"\n[[model.price]]\n{}",
        ROW.replace("\"1\"", "\"3\"")
    );
    fs_err::write(&file, text).unwrap();
    let table = Table::load(&file).unwrap();
    assert!(table.id().starts_with("custom+"));
    let day = "2026-02-01";
    assert_eq!(ask("acme", "big").of(&table).on(day).usd(&[(Input, 1_000), (Output, 1_000)]), "0.003");
    assert_eq!(ask("other", "small").of(&table).on(day).usd(&[(Input, 1_000)]), "0.003");
    assert_eq!(ask("other", "big").of(&table).on(day).why(ONE), Unpriced::UnknownModel);
}

#[test]
fn a_table_may_be_a_folder_without_a_table_file() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("a.toml"), one_model(ROW)).unwrap();
    fs_err::write(dir.path().join("b.toml"), one_model(ROW).replace("\"s\"", "\"t\"")).unwrap();
    fs_err::write(dir.path().join("notes.txt"), "not a price").unwrap();
    let table = Table::load(dir.path()).unwrap();
    assert_eq!(table.sellers().map(|seller| seller.id.as_str()).collect::<Vec<_>>(), ["s", "t"]);
    let again = Table::from_text(table.text()).unwrap();
    assert_eq!((again.id(), again.text()), (table.id(), table.text()));
    fs_err::write(dir.path().join("TABLE.toml"), "schema = 1\nversion = \"7\"\n").unwrap();
    let versioned = Table::load(dir.path()).unwrap();
    assert_eq!(versioned.id().strip_prefix("7+"), table.id().strip_prefix("custom+"));
}

#[test]
fn the_text_of_the_built_in_table_makes_the_same_table() {
    assert_eq!(Table::from_text(builtin().text()).unwrap().id(), builtin().id());
    assert!(matches!(Table::from_text("seller = \"s\""), Err(PriceError::NotATable(_))));
}

#[test]
fn the_id_follows_the_rates_and_not_the_wording() {
    let id = |text: &str| table(text).id().to_string();
    let plain = one_model(ROW);
    assert_eq!(id(&plain), id(&format!("# a comment\n\n{}", plain.replace(" = ", "  =  "))));
    assert_eq!(id(&plain), id(&plain.replace("from", "src = \"a page\"\nfrom")));
    assert_eq!(id(&plain), id(&plain.replace("\"1\"", "\"1.0\"")));
    for (old, new) in [
        ("\"1\"", "\"1.01\""),
        ("2026-01-01", "2026-01-02"),
        ("id = \"m\"", "id = \"m\"\nnames = [\"n\"]"),
        ("\"standard\"", "\"batch\""),
        ("seller = \"s\"", "seller = \"s\"\nfirst_party = false"),
    ] {
        assert_ne!(id(&plain), id(&plain.replace(old, new)), "{new}");
    }
}

#[test]
fn bands_may_start_at_a_size_as_well_as_after_it() {
    // xAI's cliff is "at least 200,000".
    let low = "mode = \"standard\"\nfrom = 2026-01-01\nprompt_below = 200000\nusd_per_mtok = { input = \"1\" }";
    let high = "mode = \"standard\"\nfrom = 2026-01-01\nprompt_from = 200000\nusd_per_mtok = { input = \"2\" }";
    let table = table(&format!("{}\n[[model.price]]\n{high}\n", one_model(low)));
    let usd = |n| ask("s", "m").of(&table).usd(&[(Input, n)]);
    assert_eq!([usd(199_999), usd(200_000), usd(200_001)], ["0.199999", "0.4", "0.400002"]);
}

#[test]
fn a_row_may_start_at_a_clock_time_or_hold_since_launch() {
    let timed = table(&one_model(&ROW.replace("2026-01-01", "2026-08-16T18:00:00+02:00")));
    let usd = |time| ask("s", "m").of(&timed).on(time).bill(ONE).map(|bill| bill.cost.pico());
    assert_eq!(usd("2026-08-16T15:59:59Z"), Err(Unpriced::NoPriceAtTime));
    assert_eq!(usd("2026-08-16T16:00:00Z"), Ok(1_000_000));
    let launch = table(&one_model(&ROW.replace("from", "since_launch = true\nfrom")));
    assert_eq!(ask("s", "m").of(&launch).on("2020-01-01").usd(&[(Input, 1_000)]), "0.001");
}

/// Loads a wrong file and checks the place and words of the message.
fn refused(text: &str, line: usize, words: &str, hint: &str) {
    let error = load(text).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with(&format!("mine.toml:{line}: ")), "{message}\n{text}");
    assert!(message.contains(words), "{message}");
    assert!(error.hint().is_some_and(|said| said.contains(hint)), "{:?}", error.hint());
}

#[test]
fn a_wrong_value_is_refused_with_its_place() {
    let row = |old: &str, new: &str| one_model(&ROW.replace(old, new));
    refused(&row("\"1\"", "1.0"), 9, "floating point", "quoted decimal");
    refused(&row("\"1\"", "1"), 9, "integer", "quoted decimal");
    refused(&row("from", "form"), 8, "`form`", "did you mean `from`?");
    refused(&row("input", "inptu"), 9, "unknown class of tokens `inptu`", "did you mean `input`?");
    refused(&row("standard", "standart"), 7, "unknown mode `standart`", "did you mean `standard`?");
    refused(&row("2026-01-01", "2026-02-30"), 8, "invalid date", "calendar");
    refused(&row("2026-01-01", "2026-02-03T10:00:00"), 8, "not an instant", "offset");
    refused(&row("\"1\"", "\"-1\""), 9, "negative", "0 or more");
    for odd in ["01", "1.", ".5", "+1", "1e3", "$1", "1_000", " 1", ""] {
        refused(&row("\"1\"", &format!("\"{odd}\"")), 9, "not a canonical decimal", "plain digits");
    }
    refused(&row("\"1\"", "\"0.0000000000001\""), 9, "more than 12 decimals", "picodollar");
    refused(&row("\"1\"", "\"1000000\""), 9, "too large", "100000");
    refused(&row("from = 2026-01-01\n", ""), 6, "without a start", "since_launch");
    refused(&row("from", "basis = \"rumour\"\nfrom"), 8, "unknown basis `rumour`", "announcement");
    refused(&row("from", "fallback = { input = \"output\" }\nfrom"), 8, "a price and a fallback", "one of the two");
    refused(&row("from", "fallback = { cache_read = \"audio_in\" }\nfrom"), 8, "no price in this row", "usd_per_mtok");
    refused("schema = 2\nseller = \"s\"\n", 1, "number 2", "newer attr");
    refused("seller = \"s\"\ncurrency = \"EUR\"\n", 2, "`EUR`", "USD");
    refused("seller = \"s\"\n", 1, "no model", "[[model]]");
    refused("seller = \"s\"\n[[model]]\nid = \"m\"\n", 2, "no price for model `m`", "[[model.price]]");
    refused(&one_model(ROW).replace("seller = \"s\"", ""), 3, "no seller for model `m`", "at the top");
    let tool = "[[tool]]\nid = \"t\"\nusd_per_1000 = \"1\"\nper = \"week\"\n";
    refused(&format!("seller = \"s\"\n{tool}"), 5, "unknown unit `week`", "per = \"use\"");
    refused(tool, 1, "needs the file's `seller`", "at the top");
}

#[test]
fn rows_that_disagree_are_refused() {
    let two = |a: &str, b: &str| {
        let row = |bound: &str| ROW.replace("usd", &format!("{bound}\nusd"));
        format!("{}\n[[model.price]]\n{}", one_model(&row(a)), row(b))
    };
    refused(&two("", ""), 13, "overlaps the row of line 6", "other dates");
    refused(&two("prompt_max = 10", "prompt_over = 9"), 13, "overlaps", "do not meet");
    refused(&two("prompt_max = 10", "prompt_over = 11"), 13, "for a prompt of 11 tokens", "every prompt size");
    refused(&two("prompt_max = 10", "prompt_over = 10\nprompt_max = 20"), 13, "of 21 tokens", "every prompt size");
    refused(&one_model(&ROW.replace("usd", "prompt_over = 10\nusd")), 6, "of 0 tokens", "every prompt size");
    refused(&one_model(&ROW.replace("usd", "prompt_over = 9\nprompt_max = 9\nusd")), 6, "is empty", "below");
    refused(&one_model(&ROW.replace("usd", "prompt_over = 9\nprompt_from = 9\nusd")), 6, "two lower", "keep");
    let late = ROW.replace("from", "since_launch = true\nfrom").replace("2026-01-01", "2026-02-01");
    refused(&format!("{}\n[[model.price]]\n{late}", one_model(ROW)), 12, "since_launch", "only the first");
    // A withdrawn row takes no part.
    let cancelled = ROW.replace("from", "withdrawn = 2026-01-01\nfrom");
    table(&format!("{}\n[[model.price]]\n{cancelled}", one_model(ROW)));
}

#[test]
fn names_that_mean_two_things_are_refused() {
    let more = |block: &str| format!("{}\n{block}", one_model(ROW));
    let model = |id: &str, rest: &str| more(&format!("[[model]]\nid = \"{id}\"\n{rest}\n[[model.price]]\n{ROW}"));
    refused(&model("M", ""), 12, "`M` names `M` and also `m`", "one of the two");
    refused(&model("n", "names = [\"m\"]"), 12, "`m` names `n`", "one of the two");
    refused(&model("n", "dated = [\"n-{date}\"]"), 12, "not a pattern", "{yyyymmdd}");
    let dated = one_model(ROW).replace("id = \"m\"", "id = \"m\"\ndated = [\"m-{yyyymmdd}\"]");
    let clash = format!("{dated}\n[[model]]\nid = \"m-20260101\"\n[[model.price]]\n{ROW}");
    refused(&clash, 3, "`m-20260101` names `m` and also `m-20260101`", "one of the two");
    let alias = |name: &str, to: &str| more(&format!("[[alias]]\nname = \"{name}\"\nto = [{to}]\n"));
    refused(&alias("m", "{ from = 2026-01-01, model = \"m\" }"), 12, "`m` names", "one of the two");
    refused(&alias("x", "{ from = 2026-01-01, model = \"y\" }"), 14, "`y` is not the id", "correct the id");
    refused(&alias("x", ""), 12, "leads nowhere", "from");
    let twice = "{ from = 2026-01-02, model = \"m\" }, { from = 2026-01-01, model = \"m\" }";
    refused(&alias("x", twice), 14, "not in order", "earliest");
    refused(&model("n", "seller = \"S\""), 1, "the provider name `s`", "one of the two");
    let tools = "[[tool]]\nid = \"t\"\nusd_per_1000 = \"1\"\n";
    refused(&more(&format!("{tools}{tools}")), 15, "a second fee for tool `t`", "line 12");
    refused(&more(&format!("{tools}models = [\"z\"]\n")), 12, "`z` is not the id", "add the model");
}

#[test]
fn a_region_rule_must_leave_every_price_exact() {
    let region =
        |mult: &str, rest: &str| format!("\n[[region]]\nwhen = {{ region = \"eu\" }}\nmult = \"{mult}\"\n{rest}");
    let fine = one_model(&ROW.replace("\"1\"", "\"0.000000000001\""));
    refused(&format!("{fine}{}", region("1.1", "")), 6, "times 1.1 has more than 12 decimals", "picodollar");
    refused(&format!("{}{}", one_model(ROW), region("0", "")), 14, "not a multiplier", "above 0");
    refused(
        &format!("{}{}", one_model(ROW), region("1.1", "models_released_from = 2026-01-01\n")),
        3,
        "release date",
        "released",
    );
    let good = table(&format!("{}{}", one_model(ROW), region("1.25", "")));
    assert_eq!(ask("s", "m").of(&good).region("EU").usd(&[(Input, 1_000)]), "0.00125");
}

#[test]
fn a_missing_file_is_named() {
    let error = Table::load(Path::new("/nowhere/prices.toml")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/prices.toml"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Table::load(empty.path()), Err(PriceError::NoFiles(_))));
}
