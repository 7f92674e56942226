//! What the blocks of a seller and of a user may not say: hours, holidays, storage, regions, aliases, overrides.

use super::*;

/// A good file and one more block, which starts in line 12.
fn more(block: &str) -> String {
    format!("{}\n{block}", one_model(ROW))
}

/// Puts overrides on a seller `s` with a model `m`, and checks what is refused in their file.
fn disagreed(overrides: &str, line: usize, words: &str, hint: &str) {
    blames(with(&one_model(ROW), overrides), &format!("deals.toml:{line}: "), words, hint);
}

const WINDOW: &str = "[[window]]\nid = \"w\"\nutc = [\"01:00-04:00\"]\n";
const HOLIDAYS: &str = "[[holidays]]\nid = \"h\"\ncovers_through = 2026-12-31\ndates = [2026-10-01]\n";

#[test]
fn hours_that_are_no_hours_are_refused() {
    let span = |span: &str| more(&WINDOW.replace("01:00-04:00", span));
    for odd in [
        "1:00-04:00",
        "01:00-4:00",
        "01:00",
        "01:00-",
        "-04:00",
        "",
        "01:00-04:00-06:00",
        "25:00-26:00",
        "24:00-25:00",
        "24:00-01:00",
        "01:00-24:01",
        "01:60-04:00",
        "01:00-04:60",
        "01:00–04:00",
        "01:00:00-04:00:00",
        "0100-0400",
        "01:00-01:00",
        "00:00-00:00",
        "01:00-04:00Z",
        "+1:00-04:00",
        "01:00-04:+0",
        "all day",
    ] {
        refused(
            &span(odd),
            14,
            &format!("`{odd}` is not a span of hours"),
            "\"01:00-04:00\"; a span may cross midnight",
        );
    }
    refused(&more(&WINDOW.replace("\"01:00-04:00\"", "")), 12, "a window without hours", "utc = [\"01:00-04:00\"]");
    let third = WINDOW.replace("[\"01:00-04:00\"]", "[\n  \"01:00-04:00\",\n  \"06:00-10:00\",\n  \"x\",\n]");
    refused(&more(&third), 17, "`x` is not a span of hours", "");
}

#[test]
fn weekdays_that_are_none_are_refused() {
    let days = |days: &str| more(&format!("{WINDOW}days = {days}\n"));
    for (written, word) in [
        ("\"mon-fry\"", "mon-fry"),
        ("\"weekdays\"", "weekdays"),
        ("\"mon,tue\"", "mon,tue"),
        ("\"\"", ""),
        ("\"mon-\"", "mon-"),
        ("\"mon-wed-fri\"", "mon-wed-fri"),
        ("[\"sat\", \"sunn\"]", "sunn"),
        ("[\"1\"]", "1"),
    ] {
        refused(&days(written), 15, &format!("`{word}` names no weekday"), "\"mon-fri\"");
    }
    refused(&days("[]"), 15, "a window without days", "\"mon-fri\"");
}

#[test]
fn windows_and_holidays_are_written_once_and_all_are_there() {
    let row = |rest: &str| format!("{}{rest}", one_model(ROW).trim_end_matches('\n'));
    refused(&row("\nwindow = \"peak\"\n"), 6, "the window `peak` is nowhere", "[[window]]");
    refused(&more(&format!("{WINDOW}{WINDOW}")), 15, "a second window `w`", "line 12");
    refused(&more(&format!("{WINDOW}except = \"h\"\n")), 12, "excepts `h`, which is nowhere", "[[holidays]]");
    refused(&more(&format!("{HOLIDAYS}{HOLIDAYS}")), 16, "a second [[holidays]] `h`", "merge");
    let late = HOLIDAYS.replace("[2026-10-01]", "[2027-01-01, 2026-10-01]");
    refused(&more(&late), 12, "a holiday on 2027-01-01, but covers_through is 2026-12-31", "raise covers_through");
    table(&more(&HOLIDAYS.replace("2026-10-01", "2026-12-31")));
    // A window of another seller is none of this one's.
    let other =
        format!("{}\n[[model]]\nid = \"n\"\nseller = \"t\"\n[[model.price]]\n{ROW}window = \"w\"\n", more(WINDOW));
    refused(&other, 19, "the window `w` is nowhere", "to the seller's file");
    refused(WINDOW, 1, "needs the file's `seller`", "at the top");
    refused(HOLIDAYS, 1, "needs the file's `seller`", "at the top");
}

#[test]
fn a_row_of_hours_needs_one_without_hours_beside_it() {
    let text = |first: &str, windowed: &str| {
        let rows = format!("[[model.price]]\n{first}\n[[model.price]]\n{windowed}window = \"w\"\n");
        format!("seller = \"s\"\n{WINDOW}[[model]]\nid = \"m\"\n{rows}")
    };
    let outside = |mode: &str| format!("`{mode}[w]@2026-01-01` of `m` has no price outside its window");
    refused(&text(&ROW.replace("standard", "batch"), ROW), 12, &outside("standard"), "without `window`");
    refused(&text(&ROW.replace("2026-01-01", "2026-01-02"), ROW), 12, &outside("standard"), "starts no later");
    let withdrawn = ROW.replace("from", "withdrawn = 2026-01-01\nfrom");
    refused(&text(&withdrawn, ROW), 13, &outside("standard"), "without `window`");
    table(&text(ROW, ROW));
    table(&text(ROW, &ROW.replace("2026-01-01", "2026-08-16T16:00:00Z")));
    // Rows of one window obey the rules of all rows: bands that tile, one row a date.
    let band = |rest: &str| text(ROW, &ROW.replace("usd", &format!("{rest}\nusd")));
    refused(&band("prompt_max = 10"), 12, "for a prompt of 11 tokens", "every prompt size");
    let twice = format!("{}[[model.price]]\n{ROW}window = \"w\"\n", text(ROW, ROW));
    refused(&twice, 17, "overlaps the row of line 12", "other dates");
}

#[test]
fn storage_without_a_sense_is_refused() {
    const STORAGE: &str = "[[storage]]\nusd_per_mtok_hour = \"4.5\"\n";
    refused(&more("[[storage]]\nusd_per_mtok_hour = 4.5\n"), 13, "floating point", "quoted decimal");
    refused(&more("[[storage]]\nusd_per_mtok_hour = \"4,5\"\n"), 13, "not a canonical decimal", "plain digits");
    let missing = load(&more("[[storage]]\nmodels = [\"m\"]\n")).unwrap_err().to_string();
    assert_eq!(missing, "mine.toml:12: missing field `usd_per_mtok_hour`");
    refused(
        &more(&format!("{STORAGE}models = [\"z\"]\n")),
        12,
        "`z` is not the id of a model of `s`",
        "correct the id",
    );
    refused(&more(&format!("{STORAGE}{STORAGE}")), 14, "a second fee for tool `cache_storage`", "line 12");
    refused(STORAGE, 1, "needs the file's `seller`", "at the top");
}

#[test]
fn a_region_rule_that_says_two_things_or_nothing_is_refused() {
    let region = |when: &str, rest: &str| more(&format!("[[region]]\nwhen = {when}\nmult = \"1.1\"\n{rest}"));
    for when in [
        "{ region = \"eu\", region_not = [\"global\"] }",
        "{ inference_geo = \"us\", region_not = \"global\" }",
        "{ }",
        "{ region = [] }",
        "{ region_not = [] }",
        "{ region = \"\" }",
    ] {
        refused(&region(when, ""), 12, "a [[region]] without a region, or with two kinds", "region_not = [\"global\"]");
    }
    refused(&region("{ region = \"eu\" }", "models = [\"z\"]\n"), 12, "`z` is not the id", "correct the id");
    refused(&region("{ region_not = \"global\" }", "models = [\"M\"]\n"), 12, "`M` is not the id", "correct the id");
    refused(&region("{ regio = \"eu\" }", ""), 13, "`regio`", "did you mean `region`?");
    refused(&region("{ regions_not = \"eu\" }", ""), 13, "`regions_not`", "did you mean `region_not`?");
    refused(&more("[[region]]\nwhen = { region = \"eu\" }\nmult = 1.1\n"), 14, "floating point", "quoted decimal");
    for mult in ["0", "101", "1.0000001", "-1", "1e1"] {
        let text = more(&format!("[[region]]\nwhen = {{ region = \"eu\" }}\nmult = \"{mult}\"\n"));
        refused(&text, 14, &format!("`{mult}` is "), "");
    }
}

#[test]
fn an_alias_with_a_model_and_moves_or_with_neither_is_refused() {
    let alias = |rest: &str| more(&format!("[[alias]]\nname = \"x\"\n{rest}"));
    let both = "model = \"m\"\nto = [{ from = 2026-01-01, model = \"m\" }]\n";
    refused(&alias(both), 14, "an alias with a model and with moves", "keep `model`");
    refused(&alias(""), 12, "alias `x` leads nowhere", "model = ID");
    refused(&alias("model = \"y\"\n"), 14, "`y` is not the id of a model of `s`", "correct the id");
    refused(&alias("model = \"x\"\n"), 14, "`x` is not the id of a model of `s`", "correct the id");
    disagreed("[[alias]]\nname = \"x\"\nmodel = \"m\"\n", 1, "no seller for alias `x`", "in the block");
    disagreed(
        "seller = \"s\"\n[[alias]]\nname = \"M\"\nmodel = \"m\"\n",
        2,
        "`M` names `M` and also `m` (mine.toml:3)",
        "",
    );
    disagreed("[[alias]]\nname = \"x\"\nseller = \"t\"\nmodel = \"m\"\n", 4, "`m` is not the id of a model of `t`", "");
}

#[test]
fn an_override_that_matches_nothing_is_refused() {
    let models = |models: &str| format!("[[override]]\nseller = \"s\"\nmodels = [{models}]\ndiscount = \"0.5\"\n");
    disagreed(&models("\"n\""), 1, "the override matches nothing: `s` sells no `n`", "did you mean `m`?");
    disagreed(&models("\"m\", \"zebra\""), 1, "`s` sells no `zebra`", "attr prices list");
    let seller = |seller: &str| format!("# ours\n\n[[override]]\nseller = \"{seller}\"\ndiscount = \"0.5\"\n");
    disagreed(&seller("t"), 3, "the table has no seller `t`", "did you mean `s`?");
    disagreed(&seller("anthropic"), 3, "the table has no seller `anthropic`", "the sellers are s");
    disagreed("[[override]]\ndiscount = \"0.5\"\n", 1, "no seller for [[override]]", "in the block");
    let deals = "[[override]]\nseller = \"anthropic\"\nmodels = [\"claude-sonet-5\"]\ndiscount = \"0.5\"\n";
    blames(agreed_or_not(deals), "deals.toml:1: ", "`anthropic` sells no `claude-sonet-5`", "`claude-sonnet-5`");
    // A name that moves is answered with what it means, not with the nearest other model.
    let deals = "[[override]]\nseller = \"openai\"\nmodels = [\"GPT-4o\"]\ndiscount = \"0.5\"\n";
    let hint = "an alias; name what it means: gpt-4o-2024-05-13, gpt-4o-2024-08-06";
    blames(agreed_or_not(deals), "deals.toml:1: ", "`openai` sells no `GPT-4o`", hint);
}

#[test]
fn an_override_of_a_mode_that_is_not_sold_is_refused() {
    let deals = "[[override]]\nseller = \"s\"\nmodels = [\"m\"]\nmodes = [\"ultrafast\"]\ndiscount = \"0.5\"\n";
    disagreed(deals, 1, "matches nothing", "");
}

#[test]
fn two_overrides_for_one_charge_at_one_time_are_refused() {
    let two = |a: &str, b: &str| {
        let block = |rest: &str| format!("[[override]]\nseller = \"s\"\ndiscount = \"0.5\"\n{rest}\n");
        format!("{}{}", block(a), block(b))
    };
    let rivals = |a: &str, b: &str| {
        disagreed(
            &two(a, b),
            5,
            "this override and that of deals.toml:1 hold at one time",
            "other models, modes or dates",
        );
    };
    rivals("", "");
    rivals("models = [\"m\"]", "models = [\"M\"]");
    rivals("modes = [\"standard\"]", "modes = [\"standard\", \"standard\"]");
    rivals("modes = [\"standard\"]", "");
    rivals("to = 2026-03-01T00:00:01Z", "from = 2026-03-01");
    rivals("from = 2026-01-01", "from = 2026-06-01");
    rivals("from = 2026-01-01", "to = 2026-06-01");
    rivals("applies = [\"tools\"]", "applies = [\"tokens\", \"tools\"]");
    for (a, b) in [("", "models = [\"m\"]"), ("to = 2026-03-01", "from = 2026-03-01"), ("applies = [\"tools\"]", "")] {
        with(&one_model(ROW), &two(a, b)).unwrap();
        with(&one_model(ROW), &two(b, a)).unwrap();
    }
    // Between two files, the other one is named.
    let one = "[[override]]\nseller = \"s\"\ndiscount = \"0.5\"\n";
    let text = format!("#@ file mine.toml\n{}#@ overrides a.toml\n{one}#@ overrides b.toml\n\n{one}", one_model(ROW));
    blames(Table::from_text(&text), "b.toml:2: ", "that of a.toml:1 hold at one time", "");
}

#[test]
fn an_override_of_odd_terms_is_refused() {
    let deal = |rest: &str| format!("[[override]]\nseller = \"s\"\n{rest}\n");
    for odd in ["0", "0.0", "1.000001", "15", "100", "0.0000001"] {
        disagreed(
            &deal(&format!("discount = \"{odd}\"")),
            3,
            &format!("`{odd}` is not a discount"),
            "\"0.15\" is 15 % off",
        );
    }
    for odd in ["15%", "15 %", ".15", "0,15", "1e-1", ""] {
        disagreed(&deal(&format!("discount = \"{odd}\"")), 3, "not a canonical decimal", "plain digits");
    }
    disagreed(&deal("discount = \"-0.1\""), 3, "`-0.1` is negative", "0 or more");
    disagreed(&deal("discount = 0.15"), 3, "floating point", "quoted decimal");
    disagreed(&deal("discount = 15"), 3, "integer", "quoted decimal");
    let needs = "an [[override]] needs one of discount and usd_per_mtok";
    disagreed(&deal(""), 1, needs, "15 % off");
    disagreed(&deal("discount = \"0.1\"\nusd_per_mtok = { input = \"1\" }"), 1, needs, "15 % off");
    disagreed(&deal("usd_per_mtok = { }"), 1, "an [[override]] without prices", "input");
    disagreed(&deal("usd_per_mtok = { input = 1.5 }"), 3, "floating point", "quoted decimal");
    disagreed(&deal("usd_per_mtok = { inptu = \"1\" }"), 3, "unknown class of tokens `inptu`", "did you mean `input`?");
    disagreed(&deal("usd_per_mtok = { input = \"-1\" }"), 3, "negative", "0 or more");
    disagreed(&deal("modes = [\"bacth\"]\ndiscount = \"0.5\""), 3, "unknown mode `bacth`", "did you mean `batch`?");
    let until = |to: &str| deal(&format!("discount = \"0.5\"\nfrom = 2026-03-01\nto = {to}"));
    for to in ["2026-03-01", "2026-02-28", "2026-03-01T01:00:00+02:00"] {
        disagreed(&until(to), 1, "ends before it starts", "`to` is the first day it no longer holds");
    }
    disagreed(&until("2026-02-30"), 5, "invalid date", "calendar");
    disagreed(
        &deal("discount = \"0.5\"\napplies = [\"token\"]"),
        4,
        "`token` is nothing an override applies to",
        "\"tokens\"",
    );
    let tools = deal("usd_per_mtok = { input = \"1\" }\napplies = [\"tokens\", \"tools\"]");
    disagreed(&tools, 4, "`tools` is nothing an override applies to", "a discount also \"tools\"");
    // 0.000000000001 x 0.5 has no twelfth decimal any more.
    let fine = one_model(&ROW.replace("\"1\"", "\"0.000000000001\""));
    let half = deal("discount = \"0.5\"");
    let words = "a rate of `m/standard@2026-01-01` less 0.5 has more than 12 decimals";
    blames(with(&fine, &half), "deals.toml:1: ", words, "fewer decimals");
}

#[test]
fn an_override_for_an_empty_list_is_refused() {
    for key in ["models", "modes", "applies"] {
        let deal = format!("[[override]]\nseller = \"s\"\ndiscount = \"0.5\"\n{key} = []\n");
        disagreed(&deal, 1, &format!("an [[override]] with {key} = []"), "remove the key");
    }
}

#[test]
fn a_slip_in_a_key_of_a_new_block_is_named() {
    let slip = |block: &str, line: usize, key: &str, meant: &str| {
        refused(&more(block), line, &format!("unknown field `{key}`"), &format!("did you mean `{meant}`?"));
    };
    slip(&format!("{WINDOW}exept = \"h\"\n"), 15, "exept", "except");
    slip(&format!("{WINDOW}day = \"mon\"\n"), 15, "day", "days");
    slip(&WINDOW.replace("utc", "utcs"), 14, "utcs", "utc");
    slip(&HOLIDAYS.replace("covers_through", "covers_thru"), 14, "covers_thru", "covers_through");
    slip(&HOLIDAYS.replace("dates", "date"), 15, "date", "dates");
    slip("[[storage]]\nusd_per_mtok_hours = \"1\"\n", 13, "usd_per_mtok_hours", "usd_per_mtok_hour");
    slip("[[region]]\nwhen = { region = \"eu\" }\nmult = \"1\"\nmodel = [\"m\"]\n", 15, "model", "models");
    slip("[[alias]]\nname = \"x\"\nmodle = \"m\"\n", 14, "modle", "model");
    slip("[[override]]\ndiscont = \"0.1\"\n", 13, "discont", "discount");
    slip("[[override]]\nmode = [\"batch\"]\n", 13, "mode", "modes");
    slip("[[override]]\naplies = [\"tools\"]\n", 13, "aplies", "applies");
    slip("[[override]]\nusd_per_mtoken = { }\n", 13, "usd_per_mtoken", "usd_per_mtok");
    slip("[[overrides]]\n", 12, "overrides", "override");
    slip("[[windows]]\n", 12, "windows", "window");
    slip("[[holiday]]\n", 12, "holiday", "holidays");
    slip("[[storages]]\n", 12, "storages", "storage");
    refused(&one_model(&format!("{ROW}windo = \"w\"\n")), 10, "unknown field `windo`", "did you mean `window`?");
    // A word that is like none is answered with all there are.
    let error = load(&more(&format!("{WINDOW}zebra = 1\n"))).unwrap_err().to_string();
    assert!(error.contains("`id`, `utc`, `days`, `except`, `src`"), "{error}");
}

#[test]
fn a_later_format_is_refused_in_every_kind_of_file() {
    disagreed("schema = 2\n[[override]]\nseller = \"s\"\ndiscount = \"0.1\"\n", 1, "number 2", "newer attr");
    with(&one_model(ROW), "schema = 1\n[[override]]\nseller = \"s\"\ndiscount = \"0.1\"\n").unwrap();
    disagreed("currency = \"EUR\"\nseller = \"s\"\n", 1, "`EUR`", "USD");
    let text = format!("#@ file TABLE.toml\nversion = \"1\"\nschema = 2\n#@ file mine.toml\n{}", one_model(ROW));
    blames(Table::from_text(&text), "TABLE.toml:2: ", "number 2", "newer attr");
    let text = text.replace("schema = 2", "schema = 1").replace("\"1\"", "\"1+2\"");
    blames(Table::from_text(&text), "TABLE.toml:1: ", "`1+2` is not a version", "without blanks and `+`");
}

#[test]
fn a_word_or_list_of_the_wrong_kind_is_refused_in_words_of_the_file() {
    for text in [more(&format!("{WINDOW}days = 5\n")), more("[[region]]\nwhen = { region = 5 }\nmult = \"1\"\n")] {
        let message = load(&text).unwrap_err().to_string();
        assert!(!message.contains("untagged"), "{message}");
    }
}

#[test]
fn a_twin_in_another_file_is_named_with_its_file() {
    let text = format!("#@ file a.toml\nseller = \"s\"\n{WINDOW}#@ file b.toml\n{}", more(WINDOW));
    blames(Table::from_text(&text), "b.toml:12: ", "a second window `w`", "line 2 of a.toml");
}

#[test]
fn a_seller_in_another_case_is_refused_where_it_is_written() {
    let deals = "seller = \"OpenAI\"\n[[override]]\ndiscount = \"0.5\"\n";
    blames(agreed_or_not(deals), "deals.toml:", "OpenAI", "openai");
}

#[test]
fn rows_of_two_windows_that_meet_are_refused() {
    let row = |window: &str| format!("[[model.price]]\n{ROW}window = \"{window}\"\n");
    let text = format!(
        "seller = \"s\"\n{WINDOW}{}[[model]]\nid = \"m\"\n[[model.price]]\n{ROW}{}{}",
        WINDOW.replace("\"w\"", "\"v\""),
        row("w"),
        row("v")
    );
    assert!(load(&text).is_err());
}

#[test]
fn two_region_rules_that_meet_are_refused() {
    let region = |when: &str| format!("[[region]]\nwhen = {when}\nmult = \"1.1\"\n");
    assert!(load(&more(&format!("{0}{0}", region("{ region = \"eu\" }")))).is_err());
    let both = format!("{}{}", region("{ region = \"eu\" }"), region("{ region_not = \"global\" }"));
    assert!(load(&more(&both)).is_err());
}
