//! Why a call has no price, and what happens to counts that no call has.

use super::*;

#[test]
fn every_reason_is_given_where_it_is_due() {
    assert_eq!(ask("acme.gateway", "claude-opus-5").why(ONE), Unpriced::UnknownSeller);
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
