//! What a price file may not say: values, rows and names. The blocks of a seller and of a user are in `blocks`.

use super::*;

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
    // The largest number there is leaves no size open, and so room for no other row.
    let largest = "prompt_max = 18446744073709551615";
    table(&one_model(&ROW.replace("usd", &format!("{largest}\nusd"))));
    refused(&two(largest, ""), 13, "overlaps", "do not meet");
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
    refused(&model("n", "seller = \"S\""), 12, "the provider name `s`", "write seller = \"s\"");
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
