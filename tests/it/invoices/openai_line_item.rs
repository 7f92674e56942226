//! The words of OpenAI's cost lines, taken apart from the right.

use attr::domain::Charge;
use attr::domain::tokens::Class;
use attr::invoice::openai_line_item::parse;
use proptest::prelude::*;

const fn tokens(class: Class) -> Charge {
    Charge::Tokens(class)
}

#[test]
fn a_model_and_a_class_are_read_with_what_stands_around_them() {
    for (text, model, charge, tier, long) in [
        ("gpt-4o-mini-2024-07-18, input", "gpt-4o-mini-2024-07-18", tokens(Class::Input), None, false),
        ("gpt-5.5-2026-04-23, cached input", "gpt-5.5-2026-04-23", tokens(Class::CacheRead), None, false),
        ("gpt-5.6-terra, cache writes", "gpt-5.6-terra", Charge::CacheWrite, None, false),
        ("priority | gpt-5.6-sol, output, long context", "gpt-5.6-sol", tokens(Class::Output), Some("priority"), true),
        ("ft-gpt-4o-2024-08-06, input", "ft-gpt-4o-2024-08-06", tokens(Class::Input), None, false),
        ("gpt-image-1, image input", "gpt-image-1", tokens(Class::ImageIn), None, false),
        ("gpt-image-1 image, input", "gpt-image-1", tokens(Class::ImageIn), None, false),
        ("gpt-image-1 image, cached input", "gpt-image-1", tokens(Class::ImageCacheRead), None, false),
        ("gpt-image-1 image, output", "gpt-image-1", tokens(Class::ImageOut), None, false),
        ("gpt-image-1 text, cached input", "gpt-image-1", tokens(Class::CacheRead), None, false),
        ("gpt-image-2-2026-04-21 text, output", "gpt-image-2-2026-04-21", tokens(Class::Output), None, false),
        ("gpt-audio-mini-2025-12-15 audio, input", "gpt-audio-mini-2025-12-15", tokens(Class::AudioIn), None, false),
        ("gpt-audio-mini-2025-12-15 audio, output", "gpt-audio-mini-2025-12-15", tokens(Class::AudioOut), None, false),
    ] {
        let item = parse(text);
        assert_eq!((item.model, item.charge), (Some(model), charge), "{text}");
        assert_eq!((item.tier.as_deref(), item.long_context, item.tool), (tier, Some(long), None), "{text}");
        assert!(!item.says_more, "{text}");
    }
}

#[test]
fn what_stands_before_a_bar_is_a_tier_or_a_surface_and_never_a_part_of_the_model() {
    for (text, tier, says_more) in [
        ("default | gpt-4o, input", Some("standard"), false),
        ("Batch | gpt-4o, input", Some("batch"), false),
        ("evals | gpt-4o, input", None, true),
        ("evals | priority | gpt-4o, input", Some("priority"), true),
        ("moonbeam | gpt-4o, input", Some("moonbeam"), true),
        ("moonbeam | dusk | gpt-4o, input", Some("moonbeam | dusk"), true),
    ] {
        let item = parse(text);
        assert_eq!((item.model, item.tier.as_deref(), item.says_more), (Some("gpt-4o"), tier, says_more), "{text}");
    }
}

#[test]
fn tools_and_storage_have_no_class_of_tokens() {
    for (text, charge, tool, model) in [
        ("web search tool calls", Charge::Tool, Some("web_search"), None),
        ("web search tool calls | gpt-4o", Charge::Tool, Some("web_search"), Some("gpt-4o")),
        ("file search tool calls", Charge::Tool, Some("file_search"), None),
        ("file search", Charge::Tool, Some("file_search"), None),
        ("code interpreter sessions", Charge::Tool, Some("code_interpreter"), None),
        ("assistants api | file search", Charge::Storage, None, None),
        ("Vector storage", Charge::Storage, None, None),
    ] {
        let item = parse(text);
        assert_eq!((item.charge, item.tool, item.model), (charge, tool, model), "{text}");
        assert!(item.says_more && item.long_context.is_none(), "{text}");
    }
}

#[test]
fn tokens_given_away_for_shared_data_have_the_tier_that_usage_files_call_them_by() {
    let item = parse("data sharing incentive tier - input tokens");
    assert_eq!((item.charge, item.model), (tokens(Class::Input), None));
    assert_eq!(item.tier.as_deref(), Some("incentivized-tier"));
    assert_eq!(parse("data sharing incentive tier - output tokens").charge, tokens(Class::Output));
}

#[test]
fn what_does_not_fit_is_kept_as_something_else() {
    for text in [
        "whisper",
        "whisper-1, audio",
        "input_tokens",
        "Promotional credit",
        "some words, input",
        "gpt-4o, cached output",
        "gpt-4o image, audio input",
        "gpt-4o audio, cache writes",
        "gpt-4o, input, input",
        ", input",
        "evals | , input",
        "another tier - input tokens",
        "",
    ] {
        let item = parse(text);
        assert_eq!((item.charge, item.model, item.tier.as_deref()), (Charge::Other, None, None), "{text}");
        assert!(item.says_more, "{text}");
    }
}

proptest! {
    #[test]
    fn a_line_that_was_put_together_comes_apart_again(
        tier in proptest::option::of("[a-z]{3,9}"),
        model in "[a-z]{2,5}-[0-9.]{1,3}[a-z-]{0,9}",
        class in prop::sample::select(vec![
            ("input", Class::Input), ("cached input", Class::CacheRead), ("output", Class::Output),
        ]),
        long in any::<bool>(),
    ) {
        prop_assume!(!["evals", "default"].contains(&tier.as_deref().unwrap_or("")));
        let prefix = tier.as_ref().map_or(String::new(), |tier| format!("{tier} | "));
        let text = format!("{prefix}{model}, {}{}", class.0, if long { ", long context" } else { "" });
        let item = parse(&text);
        prop_assert_eq!(item.model, Some(model.as_str()));
        prop_assert_eq!(item.charge, Charge::Tokens(class.1));
        prop_assert_eq!(item.tier.as_deref(), tier.as_deref());
        prop_assert_eq!(item.long_context, Some(long));
    }

    #[test]
    fn no_words_break_the_reading_and_a_model_has_no_blank(text in "[ -~]{0,40}|[a-z |,-]{0,40}(, input)?") {
        let item = parse(&text);
        if item.charge != Charge::Tool {
            prop_assert!(item.model.is_none_or(|model| !model.is_empty() && !model.contains([' ', ',', '|'])));
        }
    }
}
