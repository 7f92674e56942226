//! Price lists of others: each reader's traps on small invented lists, what is drafted from them, and a table audited
//! and held beside them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use attr::domain::tokens::Class;
use attr::price::Mode;
use attr::price::Table;
use attr::price::sources::Entry;
use attr::price::sources::PriceList;
use attr::price::sources::Quote;

use crate::world::Ran;
use crate::world::World;

fn entries(text: &str) -> Vec<Entry> {
    PriceList::read(text).unwrap().entries
}

/// Reads a list of one model.
#[track_caller]
fn one(text: &str) -> Entry {
    let mut entries = entries(text);
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.pop().unwrap()
}

/// Tells a quote in a line: `batch@2026-10-14>200000 input 1, output 2`.
fn told(quote: &Quote) -> String {
    let from = quote.from.map(|ts| format!("@{}", ts.to_string().trim_end_matches("T00:00:00Z"))).unwrap_or_default();
    let launch = if quote.since_launch { "*" } else { "" };
    let low = if quote.prompt_min > 0 { format!(">={}", quote.prompt_min) } else { String::new() };
    let high = quote.prompt_max.map(|max| format!("<={max}")).unwrap_or_default();
    let hours = quote.window.as_ref().map(|hours| {
        let except = hours.except.as_ref().map(|id| format!(" but {id}")).unwrap_or_default();
        format!("[{} {}{except}]", hours.utc.join(" "), hours.days.join(" ")).replace(" ]", "]")
    });
    let rates: Vec<String> = quote.decimals().map(|(class, usd)| format!("{} {usd}", class.name())).collect();
    format!("{}{from}{launch}{low}{high}{} {}", quote.mode, hours.unwrap_or_default(), rates.join(", "))
        .trim()
        .to_string()
}

fn quotes(entry: &Entry) -> Vec<String> {
    entry.quotes.iter().map(told).collect()
}

fn litellm(name: &str, provider: &str, rest: &str) -> String {
    format!("{{\"{name}\": {{\"litellm_provider\": \"{provider}\", {rest}}}}}")
}

// ---- LiteLLM ----

#[test]
fn litellm_modes_and_sizes_are_rows_of_their_own() {
    let entry = one(&litellm(
        "acme/m",
        "acme",
        r#""input_cost_per_token": 1.25e-06, "output_cost_per_token": 0.00001, "cache_creation_input_token_cost": 1.5625e-06,
           "cache_creation_input_token_cost_above_1hr": 2.5e-06, "input_cost_per_token_above_200k_tokens": 2.5e-06,
           "output_cost_per_token_above_200k_tokens": 1.5e-05, "input_cost_per_token_batches": 6.25e-07,
           "input_cost_per_token_priority": 2.5e-06, "input_cost_per_token_above_200k_tokens_priority": 5e-06,
           "input_cost_per_audio_token_ultrafast": 1e-06"#,
    ));
    assert_eq!((entry.id.as_str(), entry.names.as_slice()), ("m", ["m".to_string(), "acme/m".to_string()].as_slice()));
    assert_eq!(
        quotes(&entry),
        [
            "standard<=200000 input 1.25, cache_write_5m 1.5625, cache_write_1h 2.5, output 10",
            "standard>=200001 input 2.5, output 15",
            "batch<=200000 input 0.625",
            "batch>=200001",
            "priority<=200000 input 2.5",
            "priority>=200001 input 5",
            "ultrafast<=200000 audio_in 1",
            "ultrafast>=200001",
        ]
    );
    assert!(
        entry.unread.contains(&"standard: no price from 200001 tokens on for cache_write_5m, cache_write_1h".into())
    );
}

#[test]
fn litellm_bounds_are_out_but_for_xai() {
    let rest = r#""input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06"#;
    assert_eq!(quotes(&one(&litellm("a", "acme", rest)))[1], "standard>=200001 input 2");
    assert_eq!(quotes(&one(&litellm("xai/a", "xai", rest)))[1], "standard>=200000 input 2");
    assert_eq!(quotes(&one(&litellm("azure_ai/grok-9", "azure_ai", rest)))[1], "standard>=200000 input 2");
}

#[test]
fn litellm_noise_of_floats_is_rounded_away() {
    let rest = r#""input_cost_per_token": 4.800000000000001e-06, "output_cost_per_token": 3.6250000000000003e-09"#;
    assert_eq!(quotes(&one(&litellm("a", "acme", rest))), ["standard input 4.8, output 0.003625"]);
}

#[test]
fn litellm_hours_factors_and_ranges() {
    let fast = one(&litellm(
        "claude-x",
        "anthropic",
        r#""input_cost_per_token": 4e-06, "cache_read_input_token_cost": 2e-07, "provider_specific_entry": {"us": 1.1, "fast": 2.0}"#,
    ));
    assert_eq!(quotes(&fast), ["standard input 4, cache_read 0.2", "fast input 8, cache_read 0.4"]);
    assert_eq!(fast.unread, ["provider_specific_entry: us 1.1"]);

    let peak = one(&litellm(
        "d",
        "deepseek",
        r#""input_cost_per_token": 2e-06, "input_cost_per_token_cache_hit": 4e-08, "off_peak_pricing": {"input_cost_per_token": 1e-06,
           "windows": [{"hours_utc": ["00:00-01:00", "10:00-00:00"], "weekdays": [1, 5]}, {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]}"#,
    ));
    assert_eq!(
        quotes(&peak),
        [
            "standard input 2, cache_read 0.04",
            "standard[00:00-01:00 10:00-00:00 mon fri] input 1",
            "standard[00:00-12:00 12:00-00:00 sat sun] input 1",
        ]
    );

    let ranges = one(&litellm(
        "q",
        "dashscope",
        r#""tiered_pricing": [{"range": [0, 256000.0], "input_cost_per_token": 5e-08}, {"range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07}]"#,
    ));
    assert_eq!(quotes(&ranges), ["standard<=256000 input 0.05", "standard>=256001 input 0.25"]);
}

#[test]
fn litellm_says_what_it_did_not_understand() {
    let entry = one(&litellm(
        "pic",
        "openai",
        r#""input_cost_per_token": 0.0, "output_cost_per_image": 0.04, "input_cost_per_token_decisions": 1e-06, "cache_creation_input_token_cost": 0,
           "input_cost_per_token_batches": -1, "output_cost_per_reasoning_token": 3e-06, "mode": "chat""#,
    ));
    assert_eq!(quotes(&entry), [""; 0]);
    assert_eq!(
        entry.unread,
        [
            "output_cost_per_image: 0.04",
            "input_cost_per_token_decisions: 1e-06",
            "cache_creation_input_token_cost is 0: writes cost nothing of their own",
            "input_cost_per_token_batches: `-1` is no price",
            "output_cost_per_reasoning_token: 3e-06, not the price of output",
        ]
    );
}

#[test]
fn litellm_writes_live_as_long_as_the_seller_says() {
    let rest = r#""cache_creation_input_token_cost": 5e-06, "cache_creation_input_token_cost_above_12hr": 1e-05"#;
    assert_eq!(quotes(&one(&litellm("gpt-9", "openai", rest))), ["standard cache_write_30m 5, cache_write_12h 10"]);
    let claude = r#""cache_creation_input_token_cost": 5e-06"#;
    assert_eq!(quotes(&one(&litellm("azure_ai/claude-x", "azure_ai", claude))), ["standard cache_write_5m 5"]);
    let two = entries(
        r#"{"a/m": {"litellm_provider": "a", "input_cost_per_token": 1e-06}, "m": {"litellm_provider": "a", "input_cost_per_token": 1e-06},
            "a/n": {"litellm_provider": "a", "input_cost_per_token": 1e-06}, "n": {"litellm_provider": "a", "input_cost_per_token": 2e-06}}"#,
    );
    // One model under two names; and two prices under what should be one.
    assert_eq!(two.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["m", "n", "n"]);
    assert_eq!(two[2].unread, ["`n` has another price under its other name"]);
}

// ---- genai-prices ----

fn genai(model: &str) -> Entry {
    one(&format!(r#"[{{"id": "acme", "models": [{model}]}}]"#))
}

#[test]
fn genai_tiers_dates_and_variants() {
    let entry = genai(
        r#"{"id": "m", "match": {"or": [{"equals": "m"}, {"equals": "m-1"}, {"regex": "^m-\\d{8}$"}, {"starts_with": "m-"}]},
            "prices": [{"constraint": null, "prices": {"input_mtok": "2", "output_mtok": "8", "web_searches_kcount": "10"}},
                       {"constraint": {"start_date": "2026-06-01"}, "prices": {"input_mtok": {"base": "1", "tiers": [{"start": 199999, "price": "2"}]}, "output_mtok": 4.800000000000001}}],
            "price_variants": [
               {"when": {"service_tier": "default"}, "constraint": null, "prices": {}},
               {"when": {"processing": "batch"}, "constraint": {"start_date": "2026-10-20"}, "prices": {"input_mtok": "0.4"}},
               {"when": {"processing": "batch"}, "constraint": {"start_date": "2026-05-01"}, "prices": {"input_mtok": "0.5"}},
               {"when": {"region": "moon"}, "constraint": null, "prices": {"input_mtok": "9"}}]}"#,
    );
    assert_eq!((entry.names.join(" "), entry.dated.join(" ")), ("m m-1".into(), "m-{yyyymmdd}".into()));
    assert_eq!(entry.matches, ["starts_with m-"]);
    assert_eq!(
        quotes(&entry),
        [
            "standard input 2, output 8",
            "standard@2026-06-01<=199999 input 1, output 4.8",
            "standard@2026-06-01>=200000 input 2, output 4.8",
            // Over the plain price of each date, newest variants first or last; a variant prices what it names.
            "batch@2026-05-01 input 0.5, output 8",
            "batch@2026-06-01 input 0.5, output 4.8",
            "batch@2026-10-20 input 0.4, output 4.8",
        ]
    );
    assert_eq!(entry.unread, ["prices when region moon"]);
    assert_eq!((entry.fees[0].tool, entry.fees[0].pico_per_1000), ("web_search", 10_000_000_000_000));
}

#[test]
fn genai_hours_of_the_day() {
    let entry = genai(
        r#"{"id": "m", "match": {"equals": "m"}, "prices": [
            {"constraint": null, "prices": {"input_mtok": "1"}},
            {"constraint": {"start_time": "01:00:00+00:00", "end_time": "04:00:00+00:00"}, "prices": {"input_mtok": "2"}},
            {"constraint": {"start_time": "01:00:00+08:00", "end_time": "04:00:00+08:00"}, "prices": {"input_mtok": "3"}}]}"#,
    );
    assert_eq!(quotes(&entry), ["standard input 1", "standard[01:00-04:00] input 2"]);
    assert_eq!(entry.unread.len(), 1, "{:?}", entry.unread);
}

// ---- model-prices ----

#[test]
fn model_prices_timeline_is_folded_and_corrected() {
    let step = |start: &str, from: &str, basis: &str, rates: &str| {
        format!(
            r#"{{"start": {start}, "rates": {{{rates}, "valid_from": "{from}", "valid_from_basis": "{basis}", "source": "s"}}}}"#
        )
    };
    let text = format!(
        r#"{{"schema": 1, "prices": {{"xai": {{"m": {{
            "standard": [{}, {}, {}, {}, {{"start": "2026-09-01T00:00:00Z", "rates": null}}],
            "batch": [{{"start": null, "rates": null}}, {}], "thinking": []}}}}}},
            "aliases": {{"models": {{"em": "xai/m"}}}}}}"#,
        step("null", "2026-02-01T10:00:00Z", "models.dev commit", r#""input": 9.0"#),
        step(
            "\"2026-02-01T10:00:00Z\"",
            "2026-02-01T10:00:00Z",
            "documented",
            r#""input": 1.0, "tiers": [{"above": 200000, "input": 2.0}]"#
        ),
        step(
            "\"2026-03-01\"",
            "2026-03-01",
            "first observed",
            r#""input": 1.0, "tiers": [{"above": 200000, "input": 2.0}]"#
        ),
        step(
            "\"2026-04-01\"",
            "2026-04-01",
            "first observed",
            r#""input": 0.5, "cache_write": 0.625, "cache_write_1h_multiple": 2.0"#
        ),
        step("\"2026-03-01\"", "2026-05-01", "documented", r#""input": 0.25, "cache_write_1h_multiple": 2.0"#),
    );
    let entry = one(&text);
    assert_eq!(
        quotes(&entry),
        [
            // What was corrected on the day itself is not a price of its own.
            "standard@2026-02-01T10:00:00Z*<=199999 input 1",
            "standard@2026-02-01T10:00:00Z*>=200000 input 2",
            "standard@2026-04-01 input 0.5, cache_write_5m 0.625, cache_write_1h 1",
            "standard@2026-09-01",
            "batch@2026-03-01 input 0.25",
        ]
    );
    assert_eq!((entry.names.join(" "), entry.unread.join(" ")), ("m em".into(), "prices in mode thinking".into()));
    let basis: Vec<_> = entry.quotes.iter().map(|quote| quote.basis.map(|basis| basis.name())).collect();
    assert_eq!(basis[..3], [Some("page"), Some("page"), Some("first_seen")]);
}

#[test]
fn model_prices_schedules_are_windows() {
    let text = r#"{"schema": 1, "prices": {"d": {"m": {"standard": [
        {"start": null, "rates": {"input": 1.0, "valid_from": "2026-01-01"}}, {"start": "2026-07-01", "rates": {"input": 3.0, "valid_from": "2026-07-01"}}]}}},
        "schedules": {"holidays": {"cn": {"covers_through": "2026-12-31", "dates": ["2026-10-01"]}},
        "schedule": [{"provider": "d", "peak_hours_utc": [["01:00", "04:00"]], "peak_multiplier": 2.0, "weekdays_only": true, "holidays": "cn",
                      "valid_from": "2026-06-01T00:00:00Z", "valid_until": "2026-08-01T00:00:00Z"}]}}"#;
    let hours = "[01:00-04:00 mon tue wed thu fri but cn]";
    assert_eq!(
        quotes(&one(text)),
        [
            "standard@2026-01-01* input 1".to_string(),
            "standard@2026-07-01 input 3".into(),
            format!("standard@2026-06-01{hours} input 2"),
            format!("standard@2026-07-01{hours} input 6"),
            format!("standard@2026-08-01{hours}"),
        ]
    );
    assert_eq!(PriceList::read(text).unwrap().calendars[0].dates, ["2026-10-01"]);
}

#[test]
fn what_is_no_list_is_refused() {
    for text in ["", "[1]", "{}", "[]", r#"{"a": {"b": 1}}"#, r#"[{"id": "x"}]"#, "nonsense", "[[[["] {
        assert!(PriceList::read(text).is_err(), "{text}");
    }
}

// ---- Drafts ----

/// Writes a list in a world and drafts from it.
fn draft(world: &World, list: &str, args: &[&str]) -> Ran {
    let file = world.write("acme-1.0.json", list);
    world.attr(&[&["prices", "import", &file], args].concat())
}

#[test]
fn a_draft_loads_and_prices_as_the_list_says() {
    let world = World::new();
    let list = litellm(
        "acme/m",
        "acme",
        r#""input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_above_200k_tokens": 2.5e-06, "mode": "chat\n[[model]]""#,
    );
    let drafted = draft(&world, &list, &["--seller", "acme", "--from", "2026-05-01", "--read", "2026-05-02"]).ended(0);
    assert!(drafted.err.contains("no price from 200001 tokens on for output"), "{}", drafted.err);
    let path = world.write("draft.toml", &drafted.out);
    world.attr(&["--pricing", &path, "prices", "list"]).ended(0);
    let table = Table::load(path.as_ref()).unwrap();
    let model = table.find_model(Some("acme"), "acme/m").unwrap();
    assert_eq!(
        model.prices.iter().map(|row| row.key()).collect::<Vec<_>>(),
        ["standard@2026-05-01<=200000", "standard@2026-05-01>200000"]
    );
    let rates: Vec<_> = model.prices[0].rates().collect();
    assert_eq!(rates, [(Class::Input, "1.25".to_string()), (Class::Output, "10".to_string())]);
    assert_eq!(model.prices[0].src.as_deref(), Some("acme-1.0"));
    assert_eq!(model.prices[0].mode, Mode::Standard);
}

#[test]
fn a_draft_needs_a_seller_and_dates() {
    let world = World::new();
    let list = litellm("acme/m", "acme", r#""input_cost_per_token": 1e-06"#);
    draft(&world, &list, &[]).ended(2).says("whose prices?").says("providers of the list: acme");
    draft(&world, &list, &["--seller", "other"]).ended(2).says("no provider like `other`");
    draft(&world, &list, &["--provider", "acme"]).ended(2).says("the list states no date");
    let launch = draft(&world, &list, &["--provider", "acme", "--since-launch"]).ended(0);
    assert!(launch.out.contains("since_launch = true"), "{}", launch.out);
    draft(&world, &list, &["--provider", "acme", "--since-launch", "--model", "x*"]).ended(2).says("no such model");
    draft(&world, &list, &["--provider", "acme", "--since-launch", "--model", "***"]).ended(2).says("not a pattern");
    draft(&world, "{}", &[]).ended(2).says("not a price list");
    world.attr(&["prices", "import", "nowhere.json"]).ended(2).says("nowhere.json");
}

#[test]
fn a_draft_knows_what_the_table_has() {
    let world = World::new();
    let list = r#"{"gpt-5": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "input_cost_per_token_priority": 2e-06},
                   "gpt-99": {"litellm_provider": "openai", "input_cost_per_token": 1e-06}}"#;
    let all = draft(&world, list, &["--seller", "openai", "--from", "2026-05-01"]).ended(0);
    assert!(all.out.contains("# Priced already, as openai/gpt-5.\n"), "{}", all.out);
    // OpenAI's word for the mode, in the table of today, is ours.
    assert!(all.out.contains("mode = \"fast\"") && !all.out.contains("priority"), "{}", all.out);
    let new = draft(&world, list, &["--seller", "openai", "--from", "2026-05-01", "--new-only"]).ended(0);
    assert!(new.out.contains("gpt-99") && !new.out.contains("\"gpt-5\""), "{}", new.out);
}

#[test]
fn a_compressed_list_is_read() {
    let world = World::new();
    let path = world.path("acme-1.0.json.gz");
    let mut gz = flate2::write::GzEncoder::new(fs_err::File::create(&path).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, litellm("m", "acme", r#""input_cost_per_token": 1e-06"#).as_bytes()).unwrap();
    gz.finish().unwrap();
    let args = ["prices", "import", path.to_str().unwrap(), "--provider", "acme", "--since-launch"];
    assert!(world.attr(&args).ended(0).out.contains("input = \"1\""));
}

// ---- Checks ----

const HEAD: &str = "seller = \"s\"\n[[model]]\nid = \"claude-m\"\n";

fn row(mode: &str, rest: &str) -> String {
    format!("[[model.price]]\nmode = \"{mode}\"\nsince_launch = true\n{rest}\n")
}

/// Checks a table and returns the rules that it breaks.
fn broken(world: &World, text: &str, args: &[&str]) -> Vec<String> {
    let path = world.write("table.toml", text);
    let ran = world.attr(&[&["prices", "check", &path, "--json", "--as-of", "2026-11-20"], args].concat());
    let findings = ran.json()["findings"].as_array().unwrap().clone();
    assert_eq!(ran.code, Some(i32::from(!findings.is_empty())), "{ran:?}");
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_string()).collect()
}

#[test]
fn each_rule_finds_its_slip() {
    let world = World::new();
    let rates = |rates: &str| format!("usd_per_mtok = {{ {rates} }}");
    let fine = r#"input = "1", cache_read = "0.1", cache_write_5m = "1.25", cache_write_1h = "2", output = "5""#;
    let table = |rows: &[String]| format!("{HEAD}{}", rows.concat());
    let plain = row("standard", &rates(fine));
    assert_eq!(broken(&world, &table(std::slice::from_ref(&plain)), &[]), [""; 0]);
    for (slip, rule) in [
        (fine.replace("\"2\"", "\"2.5\""), "claude_write_1h"),
        (fine.replace("\"1.25\"", "\"1\""), "claude_write_5m"),
        (fine.replace("\"0.1\"", "\"0.2\""), "claude_cache_read"),
    ] {
        assert_eq!(broken(&world, &table(&[row("standard", &rates(&slip))]), &[]), [rule]);
        let exempt = row("standard", &format!("{}\nexempt = \"the page rounds\"", rates(&slip)));
        assert_eq!(broken(&world, &table(&[exempt]), &[]), [""; 0]);
    }
    let beside = |mode: &str, output: &str| {
        table(&[plain.clone(), row(mode, &rates(&format!("input = \"1\", output = \"{output}\"")))])
    };
    assert_eq!(broken(&world, &beside("batch", "5"), &[]), [""; 0]);
    assert_eq!(broken(&world, &beside("batch", "5.1"), &[]), ["mode_order"]);
    assert_eq!(broken(&world, &beside("flex", "5.1"), &[]), ["mode_order"]);
    assert_eq!(broken(&world, &beside("priority", "4.9"), &[]), ["mode_order"]);
    let long = |output: &str| {
        let small = format!("prompt_max = 9\n{}", rates("input = \"1\", output = \"5\""));
        let large = format!("prompt_over = 9\n{}", rates(&format!("input = \"2\", output = \"{output}\"")));
        table(&[row("standard", &small), row("standard", &large)])
    };
    assert_eq!(broken(&world, &long("5.1"), &[]), [""; 0]);
    assert_eq!(broken(&world, &long("5"), &[]), ["long_context"]);
}

#[test]
fn holidays_must_be_known_ahead() {
    let world = World::new();
    let table = |through: &str| {
        format!(
            "{HEAD}{}\n[[model.price]]\nmode = \"standard\"\nwindow = \"peak\"\nfrom = 2026-01-01\nusd_per_mtok = {{ input = \"2\" }}\n\
             [[window]]\nid = \"peak\"\nutc = [\"01:00-04:00\"]\ndays = \"mon-fri\"\nexcept = \"cn\"\nsrc = \"x\"\n\
             [[holidays]]\nid = \"cn\"\ncovers_through = {through}\ndates = [2026-10-01]\nsrc = \"x\"\n",
            row("standard", "usd_per_mtok = { input = \"1\" }")
        )
    };
    assert_eq!(broken(&world, &table("2027-01-04"), &[]), [""; 0]);
    assert_eq!(broken(&world, &table("2027-01-03"), &[]), ["holidays"]);
}

#[test]
fn a_released_row_is_kept() {
    let world = World::new();
    let evidence = "basis = \"page\"\nread = 2026-01-01\nsrc = \"the page\"";
    let table = |input: &str, rest: &str| {
        format!("{HEAD}{}", row("standard", &format!("usd_per_mtok = {{ input = \"{input}\" }}\n{evidence}\n{rest}")))
    };
    let folder = world.path("prices").display().to_string();
    let put = |text: String| world.write("prices/s.toml", text);
    let check = |args: &[&str]| world.attr(&[&["prices", "check", &folder, "--json"], args].concat());
    let rules =
        |ran: Ran| ran.json()["findings"].as_array().unwrap().iter().map(|f| f["rule"].to_string()).collect::<String>();
    put(table("1", ""));
    assert_eq!(check(&["--freeze"]).ended(0).json()["frozen"], 1);
    assert_eq!(check(&["--freeze"]).ended(0).json()["frozen"], 0);
    put(table("1.50", ""));
    assert_eq!(rules(check(&[]).ended(1)), "\"frozen\"");
    check(&["--no-fail"]).ended(0);
    // Freezing does not hide the edit; saying why does.
    assert_eq!(rules(check(&["--freeze"]).ended(1)), "\"frozen\"");
    put(table("1.50", "fix = \"the page was misread\""));
    check(&[]).ended(0);
    // A withdrawn row is still the row.
    put(format!(
        "{}{}",
        table("1", "withdrawn = 2026-02-01"),
        row("batch", &format!("usd_per_mtok = {{ input = \"0.5\" }}\n{evidence}"))
    ));
    fs_err::remove_file(world.path("prices/FROZEN.txt")).unwrap();
    check(&["--freeze"]).ended(0);
    put(table("1", ""));
    assert_eq!(rules(check(&[]).ended(1)), "\"frozen\"");
    // A released table says where its rows come from.
    put(table("1", "").replace("src = \"the page\"", ""));
    assert!(rules(check(&[]).ended(1)).contains("evidence"));
    world.attr(&["prices", "check", "--freeze"]).ended(2).says("needs the folder");
}

#[test]
fn a_table_beside_a_list() {
    let world = World::new();
    let list = r#"{"s/claude-m": {"litellm_provider": "s", "input_cost_per_token": 1e-06, "output_cost_per_token": 6e-06, "input_cost_per_token_batches": 5e-07},
                   "s/n": {"litellm_provider": "s", "input_cost_per_token": 1e-06}}"#;
    let list = world.write("lite-2.0-x.json", list);
    let table = format!("{HEAD}{}", row("standard", "usd_per_mtok = { input = \"1\", output = \"5\" }"));
    let against = ["--against", list.as_str()];
    assert_eq!(broken(&world, &table, &against), ["unexplained", "unexplained"]);
    let path = world.write("table.toml", &table);
    let answer = world.attr(&["prices", "check", &path, "--json", "--no-fail", "--against", &list]).ended(0).json();
    let first = &answer["disagreements"][0];
    let words = ["seller", "model", "mode", "class", "ours", "theirs", "list"].map(|key| first[key].as_str().unwrap());
    assert_eq!(words, ["s", "claude-m", "standard", "output", "5", "6", "lite-2.0"]);
    assert_eq!(answer["disagreements"][1]["mode"], "batch");
    assert_eq!(answer["disagreements"][1].get("ours"), None);
    assert_eq!(answer["lists"][0]["only_in_list"][0], "s/n");
    let why = |rest: &str| {
        format!(
            "[[disagreement]]\nseller = \"s\"\nmodels = [\"claude-*\"]\nlist = \"lite-2.0\"\nwhy = \"so\"\n{rest}\n"
        )
    };
    let explained = |text: String| {
        let file = world.write("why.toml", text);
        broken(&world, &table, &["--against", &list, "--explained", &file])
    };
    assert_eq!(explained(why("")), [""; 0]);
    assert_eq!(explained(why("mode = \"standard\"")), ["unexplained"]);
    assert_eq!(explained(why("class = \"output\"")), ["unexplained"]);
    assert_eq!(explained(why("") + &why("class = \"input\"")), ["explains_nothing"]);
    // A reseller's lists are told, and are no finding.
    let reseller = format!("first_party = false\n{table}");
    assert_eq!(broken(&world, &reseller, &against), [""; 0]);
    let file = world.write("why.toml", "[[disagreement]]\nseller = 1");
    world.attr(&["prices", "check", "--against", &list, "--explained", &file]).ended(2).says("why.toml");
}

#[test]
fn prices_by_the_hour_are_compared_by_the_hour() {
    let world = World::new();
    let list = litellm(
        "claude-m",
        "s",
        r#""input_cost_per_token": 2e-06, "off_peak_pricing": {"input_cost_per_token": 1e-06, "windows": [{"hours_utc": ["00:00-01:00", "04:00-00:00"], "weekdays": [1, 2, 3, 4, 5]}, {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]}"#,
    );
    let list = world.write("lite-2.0.json", list);
    let table = |peak: &str| {
        format!(
            "{HEAD}{}\n[[model.price]]\nmode = \"standard\"\nwindow = \"peak\"\nfrom = 2026-01-01\nusd_per_mtok = {{ input = \"{peak}\" }}\n\
             [[window]]\nid = \"peak\"\nutc = [\"01:00-04:00\"]\ndays = \"mon-fri\"\nsrc = \"x\"\n",
            row("standard", "usd_per_mtok = { input = \"1\" }")
        )
    };
    assert_eq!(broken(&world, &table("2"), &["--against", &list]), [""; 0]);
    assert_eq!(broken(&world, &table("3"), &["--against", &list]), ["unexplained"]);
}

/// The table that comes with the program keeps its own rules, and what it released.
#[test]
fn the_built_in_table_passes_its_check() {
    let world = World::new();
    let ran = world.attr(&["prices", "check", "--as-of", "2026-11-21"]).ended(0);
    assert!(ran.out.contains("nothing found"), "{ran:?}");
}

#[test]
fn the_explanations_are_of_the_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pricing/check/explained.toml");
    let explained = attr::price::Explained::read(&fs_err::read_to_string(path).unwrap()).unwrap();
    let table = Table::builtin().unwrap();
    for why in &explained.disagreement {
        assert!(table.sellers().any(|seller| seller.id == why.seller), "{}", why.told());
        assert!(why.why.len() > 20 && !why.list.words().is_empty(), "{}", why.told());
        for model in why.models.iter().filter(|model| !model.contains('*')) {
            assert!(table.models().any(|known| known.seller == why.seller && known.id == *model), "{}", why.told());
        }
    }
}

// ---- Diff ----

#[test]
fn two_tables_and_what_changed() {
    let world = World::new();
    let rates = |input: &str| row("standard", &format!("usd_per_mtok = {{ input = \"{input}\", output = \"5\" }}"));
    let old =
        world.write("old.toml", format!("{HEAD}{}{}", rates("1"), row("flex", "usd_per_mtok = { input = \"1\" }")));
    let new =
        world.write("new.toml", format!("{HEAD}{}{}", rates("2"), row("batch", "usd_per_mtok = { input = \"1\" }")));
    let answer = world.attr(&["prices", "diff", &old, &new, "--json"]).ended(0).json();
    let rows: Vec<String> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let side = |name: &str| row[name][0]["usd_per_mtok"]["input"].as_str().unwrap_or("-").to_string();
            format!(
                "{} {} {} {}",
                row["change"].as_str().unwrap(),
                row["price_row"].as_str().unwrap(),
                side("old"),
                side("new")
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            "added s/claude-m/batch@launch - 1",
            "removed s/claude-m/flex@launch 1 -",
            "changed s/claude-m/standard@launch 1 2"
        ]
    );
    let same = world.attr(&["prices", "diff", &old, &old]).ended(0);
    assert!(same.out.contains("the tables are the same"), "{same:?}");
    world.attr(&["prices", "diff", "builtin", &old]).ended(0);
}

#[test]
fn a_kept_table_is_found_by_its_id() {
    let world = World::new();
    let old = world.write("old.toml", format!("{HEAD}{}", row("standard", "usd_per_mtok = { input = \"1\" }")));
    let log = world.write(
        "log.jsonl",
        r#"{"ts":"2026-11-01T00:00:00Z","provider":"s","model":"claude-m","input_tokens":1000,"output_tokens":0}"#,
    );
    world.attr(&["--pricing", &old, "import", &log]).ended(0);
    let id = Table::load(old.as_ref()).unwrap().id().to_string();
    let answer = world.attr(&["prices", "diff", &id, "builtin", "--json"]).ended(0).json();
    assert_eq!(answer["from"], id.as_str());
    let unknown = world.attr(&["prices", "diff", "builtin", "2020.1+abc"]).ended(2);
    assert!(unknown.err.contains(&id), "{unknown:?}");
}
