//! What a user agreed with a seller: discounts, prices, their dates and ranks, and the id of a table that has them.

use std::path::PathBuf;

use super::*;

const MILLION: &[(Class, u64)] = &[(Input, 1_000_000)];

/// An override of OpenAI's prices, after its seller.
fn openai(rest: &str) -> Table {
    agreed(&format!("[[override]]\nseller = \"openai\"\n{rest}\n"))
}

#[test]
fn a_discount_is_taken_off_after_the_region() {
    let call = [(Input, 6_000), (CacheRead, 4_000), (Output, 2_000)];
    let table = openai("discount = \"0.1\"");
    // (6,000 x 2.5 + 4,000 x 0.25 + 2,000 x 15) x 1.1 = 50,600; x 0.9 = 45,540
    let bill = ask("openai", "gpt-5.4").of(&table).region("eu").bill(&call).unwrap();
    assert_eq!((bill.cost.to_string(), bill.list.unwrap().to_string()), ("0.04554".into(), "0.0506".into()));
    // 6,000 x 2.5 x 1.1 = 16,500; x 0.9 = 14,850. The prices shown are those of the list.
    let item = &bill.items[0];
    assert_eq!((item.usd.as_str(), item.list_usd.as_deref()), ("0.01485", Some("0.0165")));
    assert_eq!((item.usd_per_mtok.as_deref(), item.multiplier.as_str()), (Some("2.5"), "1.1"));
    assert_eq!(item.agreed.as_deref(), Some("override deals.toml:1"));
}

#[test]
fn agreed_prices_are_paid_as_they_are_and_the_other_classes_by_list() {
    let call = [(Input, 6_000), (CacheRead, 4_000), (Output, 2_000)];
    let table = openai("models = [\"gpt-5.4\"]\nusd_per_mtok = { input = \"2\" }");
    // 6,000 x 2 = 12,000, in any region; 4,000 x 0.25 x 1.1 + 2,000 x 15 x 1.1 = 1,100 + 33,000
    let bill = ask("openai", "gpt-5.4").of(&table).region("eu").bill(&call).unwrap();
    assert_eq!((bill.cost.to_string(), bill.list.unwrap().to_string()), ("0.0461".into(), "0.0506".into()));
    let agreed: Vec<_> = bill.items.iter().map(|item| item.agreed.as_deref()).collect();
    assert_eq!(agreed, [Some("override deals.toml:1"), None, None]);
    assert_eq!(bill.items[1].list_usd, None);
    // Without a word on modes agreed prices are those of the standard mode: Batch keeps 100,000 x 1.25.
    let prompt = [(Input, 100_000)];
    assert_eq!(ask("openai", "gpt-5.4").of(&table).tier("batch").usd(&prompt), "0.125");
    let both = openai("models = [\"gpt-5.4\"]\nmodes = [\"standard\", \"batch\"]\nusd_per_mtok = { input = \"1\" }");
    let modes = ["standard", "batch", "flex"].map(|tier| ask("openai", "gpt-5.4").of(&both).tier(tier).usd(&prompt));
    assert_eq!(modes, ["0.1", "0.1", "0.125"]);
    // An agreed price holds for every size of prompt: 300,000 x 1, and by list 300,000 x 5.
    let long = ask("openai", "gpt-5.4").of(&both).bill(&[(Input, 300_000)]).unwrap();
    assert_eq!((long.cost.to_string(), long.list.unwrap().to_string()), ("0.3".into(), "1.5".into()));
}

#[test]
fn a_bill_without_an_agreement_has_no_list_price() {
    let table = openai("models = [\"gpt-5\"]\ndiscount = \"0.5\"");
    let bill = ask("openai", "gpt-5-mini").of(&table).bill(MILLION).unwrap();
    assert_eq!((bill.list, bill.items[0].list_usd.as_deref(), bill.items[0].agreed.as_deref()), (None, None, None));
    // An agreement on the price of the list changes nothing that a bill could show: gpt-5 costs 1.25.
    let same = openai("models = [\"gpt-5\"]\nusd_per_mtok = { input = \"1.250\" }");
    let bill = ask("openai", "gpt-5").of(&same).bill(MILLION).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.list, &bill.items[0].agreed), ("1.25", None, &None));
}

#[test]
fn what_names_a_model_beats_what_is_for_the_seller() {
    let table = agreed(
        "seller = \"openai\"\n\
         [[override]]\ndiscount = \"0.1\"\n\
         [[override]]\nmodels = [\"gpt-5\"]\ndiscount = \"0.2\"\nfrom = 2026-03-01\nto = 2026-04-01T00:00:00Z\n\
         [[override]]\nmodels = [\"gpt-5\"]\nmodes = [\"batch\"]\ndiscount = \"0.4\"\nfrom = 2026-05-01\n",
    );
    let usd = |model, tier, time| ask("openai", model).of(&table).tier(tier).on(time).usd(MILLION);
    // 1.25 x 0.9 = 1.125, x 0.8 = 1: from the first instant of March to the last one.
    for (time, cost) in [
        ("2026-02-28T23:59:59.999999999Z", "1.125"),
        ("2026-03-01T00:00:00Z", "1"),
        ("2026-03-31T23:59:59.999999999Z", "1"),
        ("2026-04-01T00:00:00Z", "1.125"),
    ] {
        assert_eq!(usd("gpt-5", "standard", time), cost, "{time}");
    }
    // 0.625 x 0.9 = 0.5625, x 0.6 = 0.375; the standard mode keeps the seller's.
    assert_eq!([usd("gpt-5", "batch", "2026-04-30"), usd("gpt-5", "batch", "2026-05-01")], ["0.5625", "0.375"]);
    assert_eq!(usd("gpt-5", "standard", "2026-05-01"), "1.125");
    // 0.25 x 0.9; another seller pays list.
    assert_eq!(usd("gpt-5-mini", "standard", "2026-03-01"), "0.225");
    assert_eq!(ask("anthropic", "claude-opus-5").of(&table).usd(MILLION), "5");
}

#[test]
fn a_discount_is_for_tokens_unless_it_names_tools() {
    // By list: 10,105 x 1 + 604 x 5 = 13,125 of tokens and 3 searches for 30,000.
    for (applies, cost) in [
        ("", "0.0418125"),                                  // 13,125 x 0.9 + 30,000 = 11,812.5 + 30,000
        ("applies = [\"tokens\"]", "0.0418125"),            // the same, said
        ("applies = [\"tools\"]", "0.040125"),              // 13,125 + 30,000 x 0.9
        ("applies = [\"tokens\", \"tools\"]", "0.0388125"), // 43,125 x 0.9
    ] {
        let table = agreed(&format!("[[override]]\nseller = \"anthropic\"\ndiscount = \"0.1\"\n{applies}\n"));
        let ask = ask("anthropic", "claude-haiku-4-5").of(&table).tool("web_search", 3);
        assert_eq!(ask.usd(&[(Input, 10_105), (Output, 604)]), cost, "{applies}");
    }
    // One for each, at one time: 13,125 x 0.9 + 30,000 x 0.5 = 11,812.5 + 15,000
    let table = agreed(
        "seller = \"anthropic\"\n[[override]]\ndiscount = \"0.1\"\n\
         [[override]]\ndiscount = \"0.5\"\napplies = [\"tools\"]\n",
    );
    let bill = ask("anthropic", "claude-haiku-4-5").of(&table).tool("web_search", 3);
    let bill = bill.bill(&[(Input, 10_105), (Output, 604)]).unwrap();
    assert_eq!(bill.cost.to_string(), "0.0268125");
    let agreed: Vec<_> = bill.items.iter().map(|item| item.agreed.as_deref().unwrap()).collect();
    assert_eq!(agreed, ["override deals.toml:2", "override deals.toml:2", "override deals.toml:4"]);
}

#[test]
fn a_discount_may_be_anything_up_to_all_of_it() {
    for (discount, cost) in [("1", "0"), ("0.000001", "1.24999875"), ("0.999999", "0.00000125"), ("0.50", "0.625")] {
        let table = openai(&format!("models = [\"gpt-5\"]\ndiscount = \"{discount}\""));
        let bill = ask("openai", "gpt-5").of(&table).bill(MILLION).unwrap();
        assert_eq!((bill.cost.to_string().as_str(), bill.list.unwrap().to_string().as_str()), (cost, "1.25"));
    }
    // What is free by list stays free, and nobody says that it was agreed.
    let works = with(WORKSHOP, "[[override]]\nseller = \"works\"\ndiscount = \"0.5\"\n").unwrap();
    let bill = ask("works", "free").of(&works).bill(MILLION).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.list, &bill.items[0].agreed), ("0", None, &None));
}

#[test]
fn an_override_may_raise_a_price() {
    let table = openai("models = [\"gpt-5\"]\nusd_per_mtok = { input = \"2\" }");
    let bill = ask("openai", "gpt-5").of(&table).bill(MILLION).unwrap();
    assert_eq!((bill.cost.to_string(), bill.list.unwrap().to_string()), ("2".into(), "1.25".into()));
}

#[test]
fn an_override_names_a_model_by_any_of_its_names() {
    let table = openai("models = [\"OpenAI/GPT-5\"]\ndiscount = \"0.2\"");
    assert_eq!(ask("openai", "gpt-5").of(&table).usd(MILLION), "1");
    let deal = table.overrides().next().unwrap();
    assert_eq!(deal.models.as_deref(), Some(&["gpt-5".to_string()][..]));
    assert_eq!(deal.name(), "override deals.toml:1");
    let works = with(WORKSHOP, WORKSHOP_DEALS).unwrap();
    let lathe = |time| ask("works", "our-lathe").of(&works).on(time).usd(MILLION);
    // 3 x 0.85 by the seller's; 0.9 as named; 3 x 0.8 afterwards: a million tokens are in the upper band.
    assert_eq!(
        [lathe("2026-09-30"), lathe("2026-10-02T12:00:00Z"), lathe("2026-10-21T12:00:00Z")],
        ["2.55", "0.9", "2.4"]
    );
}

#[test]
fn overrides_may_stand_in_a_table_of_ones_own() {
    let text = format!("{}\n[[override]]\ndiscount = \"0.5\"\n", one_model(ROW));
    let both = table(&text);
    assert_eq!(ask("s", "m").of(&both).usd(MILLION), "0.5");
    assert_ne!(both.id(), table(&one_model(ROW)).id());
    assert_eq!(Table::from_text(both.text()).unwrap().id(), both.id());
}

#[test]
fn a_file_of_overrides_may_bring_models_and_sellers() {
    let table = agreed(
        "[[model]]\nid = \"house-model\"\nseller = \"acme\"\n[[model.price]]\nmode = \"standard\"\nsince_launch = true\n\
         usd_per_mtok = { input = \"0.7\" }\n[[override]]\nseller = \"acme\"\nmodels = [\"house-model\"]\n\
         discount = \"0.5\"\n",
    );
    assert_eq!(ask("acme", "house-model").of(&table).usd(MILLION), "0.35");
    assert_eq!(ask("openai", "gpt-5").of(&table).usd(MILLION), "1.25");
}

/// Writes files and returns their paths.
fn written(dir: &tempfile::TempDir, files: &[(&str, &str)]) -> Vec<PathBuf> {
    let write = |(name, text): &(&str, &str)| {
        let path = dir.path().join(name);
        fs_err::write(&path, text).unwrap();
        path
    };
    files.iter().map(write).collect()
}

#[test]
fn the_id_names_the_list_and_every_file_of_overrides() {
    let dir = tempfile::tempdir().unwrap();
    let discount = "[[override]]\nseller = \"openai\"\ndiscount = \"0.5\"\n";
    let files = written(
        &dir,
        &[("a.toml", discount), ("b.toml", "[[alias]]\nname = \"x\"\nseller = \"openai\"\nmodel = \"gpt-5\"\n")],
    );
    assert_eq!(Table::assemble(None, &[]).unwrap().id(), builtin().id());
    let one = Table::assemble(None, &files[..1]).unwrap();
    let part = one.id().strip_prefix(&format!("{}+ov.", builtin().id())).unwrap();
    assert!(part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_hexdigit()), "{part}");
    let two = Table::assemble(None, &files).unwrap();
    let more = two.id().strip_prefix(&format!("{}+ov.", one.id())).unwrap();
    assert!(more.len() == 6 && more != part, "{more}");
    assert_eq!(two.version(), builtin().version());
    // The text makes the same table again: same id, same prices, same places.
    let again = Table::from_text(two.text()).unwrap();
    assert_eq!((again.id(), again.text(), again.version()), (two.id(), two.text(), two.version()));
    for table in [&two, &again] {
        let bill = ask("openai", "x").of(table).bill(MILLION).unwrap();
        assert_eq!((bill.cost.to_string(), bill.list.unwrap().to_string()), ("0.625".into(), "1.25".into()));
        let said = format!("override {}:1", files[0].display());
        assert_eq!(bill.items[0].agreed.as_deref(), Some(said.as_str()));
    }
    // Over a list of one's own, and where a file is missing.
    let list = &written(&dir, &[("list.toml", &one_model(ROW).replace("\"s\"", "\"openai\""))])[0];
    let own = Table::assemble(Some(list), &files[..1]).unwrap();
    assert_eq!(own.id(), format!("{}+ov.{part}", Table::load(list).unwrap().id()));
    let missing = Table::assemble(None, &[dir.path().join("none.toml")]).unwrap_err();
    assert!(missing.to_string().contains("none.toml"), "{missing}");
}

#[test]
fn the_part_of_an_id_follows_what_was_agreed_and_not_the_wording() {
    let part = |text: &str| agreed(text).id().strip_prefix(builtin().id()).unwrap().to_string();
    let plain = "[[override]]\nseller = \"openai\"\nmodels = [\"gpt-5\", \"gpt-5-mini\"]\ndiscount = \"0.5\"\nfrom = 2026-01-01\n";
    assert_eq!(part(plain), part(&format!("# ours\n\n{}note = \"2026\"\n", plain.replace(" = ", "  =  "))));
    assert_eq!(part(plain), part(&plain.replace("\"0.5\"", "\"0.50\"")));
    assert_eq!(part(plain), part(&plain.replace("\"gpt-5\", \"gpt-5-mini\"", "\"gpt-5-mini\", \"gpt-5\"")));
    for (old, new) in [
        ("\"0.5\"", "\"0.51\""),
        ("discount = \"0.5\"", "usd_per_mtok = { input = \"0.5\" }"),
        ("2026-01-01", "2026-01-02"),
        ("from", "to"),
        (", \"gpt-5-mini\"", ""),
        ("models = [\"gpt-5\", \"gpt-5-mini\"]\n", ""),
        ("from", "modes = [\"batch\"]\nfrom"),
        ("from", "applies = [\"tools\"]\nfrom"),
        ("\"openai\"\nmodels = [\"gpt-5\", \"gpt-5-mini\"]", "\"anthropic\""),
    ] {
        assert_ne!(part(plain), part(&plain.replace(old, new)), "{new}");
    }
}

#[test]
fn a_plan_tells_which_overrides_may_hold() {
    let works = with(WORKSHOP, WORKSHOP_DEALS).unwrap();
    let lines = |model, tier| {
        let request = ask("works", model).tier(tier).request;
        let plan = works.resolve(&request).unwrap();
        plan.overrides().map(|deal| deal.place.line).collect::<Vec<_>>()
    };
    // The one that names the model comes first, then the seller's three.
    assert_eq!(lines("lathe", "standard"), [19, 4, 8, 14]);
    assert_eq!(lines("lathe", "overnight"), [26, 4, 8, 14]);
    assert_eq!(lines("free", "standard"), [4, 8, 14]);
}

#[test]
fn agreed_prices_make_a_mode_without_a_public_price_priceable() {
    let table = agreed(
        "[[override]]\nseller = \"anthropic\"\nmodels = [\"claude-opus-5\"]\nmodes = [\"priority\"]\n\
         usd_per_mtok = { input = \"4\", output = \"20\" }\n",
    );
    assert_eq!(ask("anthropic", "claude-opus-5").of(&table).tier("priority").usd(MILLION), "4");
}

#[test]
fn agreed_prices_make_a_class_without_a_public_price_priceable() {
    let table = openai("models = [\"gpt-5\"]\nusd_per_mtok = { cache_write_30m = \"1\" }");
    assert_eq!(ask("openai", "gpt-5").of(&table).usd(&[(CacheWrite30m, 1_000_000)]), "1");
}

#[test]
fn a_class_that_bills_as_input_bills_as_the_agreed_input() {
    let table = openai("models = [\"gpt-4.1\"]\nmodes = [\"batch\"]\nusd_per_mtok = { input = \"0.8\" }");
    // The page prints no cached price in Batch: a cached token bills as input, which is 0.8 here.
    let batch = ask("openai", "gpt-4.1").of(&table).tier("batch");
    assert_eq!(batch.usd(&[(Input, 1_000_000), (CacheRead, 1_000_000)]), "1.6");
}
