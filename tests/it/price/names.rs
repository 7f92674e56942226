//! What a name means: a model, an alias that moves, a user's own name, or nothing.

use super::*;

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
fn suggestions_are_only_suggestions() {
    assert_eq!(builtin().suggest_model("claude-sonnet-46")[0], "claude-sonnet-4-6");
    assert!(builtin().suggest_model("claude-sonnet-46").len() <= 3);
    assert_eq!(builtin().suggest_model("zebra"), Vec::<String>::new());
}

#[test]
fn an_alias_of_a_users_means_its_model_at_every_time() {
    let names = "[[alias]]\nname = \"Our-Deployment\"\nalso = [\"prod/eu\"]\nseller = \"openai\"\nmodel = \"gpt-5\"\n";
    let table = agreed(names);
    let call = [(Input, 1_000_000)];
    for name in ["our-deployment", "OUR-DEPLOYMENT", "prod/eu"] {
        assert_eq!(ask("openai", name).of(&table).usd(&call), "1.25", "{name}");
        assert_eq!(table.find_model(None, name).unwrap().id, "gpt-5");
        assert_eq!(builtin().find_model(Some("openai"), name).unwrap_err(), Unpriced::UnknownModel);
    }
    // It reaches back as far as the model does and no further.
    assert_eq!(ask("openai", "prod/eu").of(&table).on("2020-01-01").why(&call), Unpriced::NoPriceAtTime);
    // It does not add endings: those belong to models, and no other seller knows the name.
    assert_eq!(ask("openai", "prod/eu[1m]").of(&table).why(&call), Unpriced::UnknownModel);
    assert_eq!(ask("anthropic", "prod/eu").of(&table).why(&call), Unpriced::UnknownModel);
}

#[test]
fn an_alias_may_stand_in_the_file_of_a_seller_or_name_one() {
    let at_top = "seller = \"anthropic\"\n[[alias]]\nname = \"a\"\nmodel = \"claude-opus-5\"\n";
    let in_block = "[[alias]]\nname = \"a\"\nseller = \"anthropic\"\nmodel = \"claude-opus-5\"\n";
    for text in [at_top, in_block] {
        assert_eq!(ask("anthropic", "a").of(&agreed(text)).usd(&[(Input, 1_000_000)]), "5");
    }
}

#[test]
fn an_alias_moves_at_a_clock_time() {
    let works = table(WORKSHOP);
    let usd = |name, time| ask("works", name).of(&works).on(time).usd(&[(Output, 1_000_000)]);
    // Until 02:00 UTC the lathe, at 24 in peak hours; from then on the mill.
    for name in ["best", "Works/Best"] {
        assert_eq!(usd(name, "2026-10-14T01:59:59.999999999Z"), "24");
        assert_eq!(usd(name, "2026-10-14T02:00:00Z"), "0.3");
    }
    assert_eq!(usd("cheap", "2001-01-01"), "0");
}

#[test]
fn a_model_listed_apart_for_a_region_is_found_by_the_region_of_the_call() {
    let row = "mode = \"standard\"\nsince_launch = true\n";
    let model = |id: &str, names: &str, rate: u32| {
        format!(
            "[[model]]\nid = \"{id}\"\nnames = [{names}]\n[[model.price]]\n{row}usd_per_mtok = {{ input = \"{rate}\" }}\n"
        )
    };
    let text = format!("seller = \"s\"\n{}{}", model("m", "", 1), model("m@north", "\"s/north-1/m\"", 2));
    let table = table(&text);
    let usd = |region| ask("s", "m").of(&table).region(region).usd(&[(Input, 1_000_000)]);
    assert_eq!(
        (usd("north-1"), usd("North-1"), usd("south-1"), usd("")),
        ("2".into(), "2".into(), "1".into(), "1".into())
    );
    // GovCloud's prices of a model on Bedrock are listed apart; LiteLLM names them by the region.
    let gov = ask("bedrock", "anthropic.claude-opus-5").region("us-gov-west-1").usd(&[(Input, 1_000_000)]);
    assert_eq!(gov, "6");
}
