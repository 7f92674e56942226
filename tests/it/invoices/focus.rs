//! FOCUS files: versions, loose spellings, charges, the words of meters.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Quantity;
use proptest::prelude::*;

use crate::invoices::read;
use crate::world::cases;

const SAMPLE: &str = include_str!("../../../samples/invoices/focus/focus_1_2.csv");
const BASE: [(&str, &str); 8] = [
    ("BilledCost", "1.50"),
    ("BillingCurrency", "USD"),
    ("BillingPeriodStart", "2026-09-01T00:00:00Z"),
    ("BillingPeriodEnd", "2026-10-01T00:00:00Z"),
    ("ChargePeriodStart", "2026-09-03T00:00:00Z"),
    ("ChargePeriodEnd", "2026-09-04T00:00:00Z"),
    ("ChargeCategory", "Usage"),
    ("ListCost", "2.00"),
];

/// Writes a file of one row: the usual cells, then others, which may replace them.
fn file(cells: &[(&str, &str)]) -> String {
    let mut row: Vec<(&str, &str)> = BASE.to_vec();
    for (name, value) in cells {
        match row.iter_mut().find(|(known, _)| known == name) {
            Some(cell) => cell.1 = value,
            None => row.push((name, value)),
        }
    }
    let names: Vec<&str> = row.iter().map(|cell| cell.0).collect();
    let values: Vec<String> = row.iter().map(|cell| format!("\"{}\"", cell.1.replace('"', "\"\""))).collect();
    format!("{}\n{}\n", names.join(","), values.join(","))
}

fn row(cells: &[(&str, &str)]) -> InvoiceLine<'static> {
    read(&file(cells)).expect("a file").lines.remove(0)
}

fn fails(cells: &[(&str, &str)]) -> String {
    read(&file(cells)).err().expect("a refusal")
}

#[test]
fn a_file_of_1_2_is_read_to_the_cent_without_other_services() {
    let bill = read(SAMPLE).unwrap();
    assert_eq!(bill.format, "focus");
    assert_eq!(bill.total("USD"), "114.85");
    assert_eq!(bill.control.skipped["other_service"], 1);
    assert_eq!(bill.statement.notes, ["1 row of other services left out: 17.1 USD"]);
    let charges: Vec<Charge> = bill.lines.iter().map(|line| line.charge).collect();
    let tokens = Charge::Tokens;
    assert_eq!(
        charges,
        [
            tokens(Class::Input),
            tokens(Class::CacheRead),
            tokens(Class::Output),
            Charge::Commitment,
            Charge::Credit,
            Charge::Adjustment,
            Charge::Tax
        ]
    );
    let first = &bill.lines[0];
    assert_eq!((first.provider.as_ref(), first.model.as_deref()), ("example_models", Some("m-large")));
    assert_eq!((first.quantity, first.unit.as_deref()), (Some(Quantity::whole(1_500_000)), None));
    assert_eq!((first.tier.as_deref(), first.region.as_deref()), (Some("standard"), None));
    assert_eq!((first.account.as_deref(), first.workspace.as_deref()), (Some("acct-1"), Some("proj-7")));
    assert_eq!(first.list.as_ref().unwrap().pico, 5_000_000_000_000);
    assert_eq!((first.invoice.as_deref(), first.settled), (Some("INV-9"), None));
    let cached = &bill.lines[1];
    assert_eq!(cached.quantity, Some(Quantity::whole(600_000)));
    assert_eq!((cached.start, cached.end), (first.start, first.end));
    let output = &bill.lines[2];
    assert_eq!((output.model.as_deref(), output.tier.as_deref()), (Some("m-large"), Some("batch")));
    assert_eq!((output.quantity, output.workspace.as_deref()), (Some(Quantity::whole(900_000)), Some("Search")));
    assert!(bill.lines[3..].iter().all(|line| line.quantity.is_none()));
}

#[test]
fn the_billed_cost_counts_and_the_effective_cost_does_not() {
    let line = row(&[("EffectiveCost", "9.99")]);
    assert_eq!(line.amount.unwrap().pico, 1_500_000_000_000);
    assert_eq!(row(&[("BilledCost", "NULL")]).amount, None);
    assert_eq!(row(&[("BilledCost", "0")]).amount.unwrap().pico, 0);
}

#[test]
fn a_byte_order_mark_and_times_without_a_zone_are_read() {
    let text = format!("\u{feff}{}", file(&[("ChargePeriodStart", "2026-09-03 00:00:00")]));
    assert_eq!(read(&text).unwrap().lines[0].start.to_string(), "2026-09-03T00:00:00Z");
}

#[test]
fn a_date_with_slashes_is_read_only_where_its_row_settles_the_order() {
    let spans = |cells: &[(&str, &str)]| {
        let line = row(cells);
        (line.start.to_string(), line.end.to_string())
    };
    let of = |start: &str, end: &str| (format!("{start}T00:00:00Z"), format!("{end}T00:00:00Z"));
    let charged = [("ChargePeriodStart", "4/1/26"), ("ChargePeriodEnd", "4/2/26")];
    let with = |start, end| [charged[0], charged[1], ("BillingPeriodStart", start), ("BillingPeriodEnd", end)];
    assert_eq!(spans(&with("4/1/26", "5/1/26")), of("2026-04-01", "2026-04-02"));
    assert_eq!(spans(&with("1/4/26", "1/5/26")), of("2026-01-04", "2026-02-04"));
    assert_eq!(
        spans(&[("ChargePeriodStart", "4/30/26"), ("ChargePeriodEnd", "5/1/2026")]),
        of("2026-04-30", "2026-05-01")
    );
    assert_eq!(
        spans(&[("ChargePeriodStart", "5/5/26 0:00"), ("ChargePeriodEnd", "13/5/26")]),
        of("2026-05-05", "2026-05-13")
    );
    let error = fails(&charged);
    assert!(error.contains("`ChargePeriodStart`: which number is the month is not clear: `4/1/26`"), "{error}");
    assert!(fails(&[("ChargePeriodStart", "13/14/26"), ("ChargePeriodEnd", "5/5/26")]).contains("is not a day"));
}

#[test]
fn meters_are_read_by_their_words_and_stay_unmapped_where_those_leave_two_meanings() {
    let tokens = Charge::Tokens;
    let cases = [
        ("Input Tokens", tokens(Class::Input)),
        ("output_tokens", tokens(Class::Output)),
        ("CompletionTokens", tokens(Class::Output)),
        ("Prompt tokens", tokens(Class::Input)),
        ("Cached Input Tokens", tokens(Class::CacheRead)),
        ("Uncached input tokens", tokens(Class::Input)),
        ("Non-cached input tokens", tokens(Class::Input)),
        ("Cache Read Tokens", tokens(Class::CacheRead)),
        ("Cache Write Tokens", Charge::CacheWrite),
        ("Cache write, 5 minutes, tokens", tokens(Class::CacheWrite5m)),
        ("Cache Creation Input Tokens (1h)", tokens(Class::CacheWrite1h)),
        ("Reasoning tokens", Charge::Reasoning),
        ("Audio input tokens", tokens(Class::AudioIn)),
        ("Image output tokens", tokens(Class::ImageOut)),
        ("Embedding tokens", tokens(Class::Input)),
        ("Training tokens", Charge::Training),
        ("Cache storage token hours", Charge::Storage),
        ("Provisioned throughput tokens", Charge::Commitment),
        ("Seats", Charge::Seat),
        ("Input and output tokens", Charge::Other),
        ("Inputs", Charge::Other),
        ("Tokens", Charge::Other),
        ("Putput", Charge::Other),
    ];
    for (meter, charge) in cases {
        let line = row(&[("SkuMeter", meter)]);
        assert_eq!(line.charge, charge, "{meter}");
        assert_eq!(line.description.as_deref(), Some(meter));
    }
    let search = row(&[("SkuMeter", "Web search requests"), ("ConsumedQuantity", "40"), ("ConsumedUnit", "Requests")]);
    assert_eq!((search.charge, search.tool.as_deref()), (Charge::Tool, Some("web_search")));
    assert_eq!((search.quantity, search.unit.as_deref()), (Some(Quantity::whole(40)), Some("Requests")));
}

#[test]
fn a_column_of_token_types_needs_no_word_for_tokens_and_wins() {
    let line = row(&[("x_token_type", "output"), ("SkuMeter", "Input Tokens"), ("x_model", "m-small")]);
    assert_eq!((line.charge, line.model.as_deref()), (Charge::Tokens(Class::Output), Some("m-small")));
    let line = row(&[("SkuPriceDetails", r#"{"x_TokenType":"Cached Input","ModelName":"m-tiny"}"#)]);
    assert_eq!((line.charge, line.model.as_deref()), (Charge::Tokens(Class::CacheRead), Some("m-tiny")));
    let line = row(&[
        ("SkuPriceDetails", "{broken"),
        ("SkuMeter", "Input"),
        ("PricingQuantity", "3"),
        ("PricingUnit", "1K Tokens"),
    ]);
    assert_eq!((line.charge, line.quantity), (Charge::Tokens(Class::Input), Some(Quantity::whole(3_000))));
}

#[test]
fn units_of_tokens_are_scaled_and_others_are_told() {
    for (unit, count) in [
        ("Tokens", 2),
        ("token", 2),
        ("1000 Tokens", 2_000),
        ("1,000 tokens", 2_000),
        ("1K Tokens", 2_000),
        ("thousand tokens", 2_000),
        ("1M Tokens", 2_000_000),
        ("Million Tokens", 2_000_000),
        ("100 Tokens", 200),
    ] {
        let line = row(&[("SkuMeter", "Input Tokens"), ("ConsumedQuantity", "2"), ("ConsumedUnit", unit)]);
        assert_eq!((line.quantity, line.unit), (Some(Quantity::whole(count)), None), "{unit}");
    }
    for unit in ["Units", "Credits", "0 Tokens", "1Q Tokens", "Hours"] {
        let line = row(&[("SkuMeter", "Input Tokens"), ("ConsumedQuantity", "2"), ("ConsumedUnit", unit)]);
        assert_eq!((line.quantity, line.unit.as_deref()), (Some(Quantity::whole(2)), Some(unit)));
    }
    let known = [
        ("ConsumedQuantity", "2"),
        ("ConsumedUnit", "Credits"),
        ("PricingQuantity", "3"),
        ("PricingUnit", "1000 Tokens"),
    ];
    assert_eq!(row(&known).quantity, Some(Quantity::whole(3_000)));
}

#[test]
fn a_sku_id_is_a_model_only_if_it_is_written_like_one() {
    let model = |id, provider| row(&[("SkuId", id), ("SkuMeter", "Input Tokens"), ("ProviderName", provider)]).model;
    assert_eq!(model("m-large-2", "Example Models").as_deref(), Some("m-large-2"));
    for code in
        ["6F81-5844-456A", "FY8T82UUN7VZR55K", "0f8e2c1a-1111-2222-3333-444455556666", "abc", "DZH318Z0BQPS/00TG"]
    {
        assert_eq!(model(code, "Example Models"), None, "{code}");
    }
    assert_eq!(model("m-large-2", "Microsoft"), None);
}

#[test]
fn providers_have_the_names_of_logs_in_every_version() {
    let provider = |cells: &[(&str, &str)]| row(cells).provider.into_owned();
    assert_eq!(
        provider(&[("ProviderName", "AWS"), ("PublisherName", "Anthropic"), ("ServiceName", "Amazon Bedrock")]),
        "bedrock"
    );
    assert_eq!(provider(&[("ServiceProviderName", "Microsoft"), ("ProviderName", "Reseller")]), "azure");
    assert_eq!(provider(&[("ProviderName", "Google Cloud"), ("ServiceName", "Vertex AI")]), "vertex");
    assert_eq!(provider(&[("ProviderName", "Google Cloud"), ("ServiceName", "Gemini API")]), "google");
    assert_eq!(provider(&[("PublisherName", "Anthropic")]), "anthropic");
    assert_eq!(provider(&[("ServiceProviderName", "OpenAI")]), "openai");
    assert_eq!(provider(&[("ProviderName", "AWS"), ("ServiceName", "Amazon SageMaker")]), "aws");
    assert_eq!(provider(&[("ServiceName", "Model API")]), "model_api");
    assert_eq!(provider(&[]), "unknown");
}

#[test]
fn bedrock_is_read_by_the_grammar_of_its_usage_types() {
    let cells = [
        ("ProviderName", "AWS"),
        ("ServiceName", "Amazon Bedrock"),
        ("ServiceCategory", "AI and Machine Learning"),
        ("RegionId", "us-east-1"),
        ("x_UsageType", "USE1-Claude4.6Sonnet-cache-write-input-token-count-cross-region-global"),
        ("ConsumedQuantity", "2"),
        ("ConsumedUnit", "1K tokens"),
    ];
    let line = row(&cells);
    assert_eq!(line.charge, Charge::Tokens(Class::CacheWrite5m));
    assert_eq!(line.model.as_deref(), Some("global.anthropic.claude-sonnet-4-6"));
    assert_eq!((line.region.as_deref(), line.unit.as_deref()), (Some("global"), Some("1K tokens")));
    assert_eq!(line.quantity, Some(Quantity::whole(2_000)));
    let edition = row(&[
        ("ProviderName", "AWS"),
        ("ServiceName", "Claude Haiku 4.5 (Amazon Bedrock Edition)"),
        ("ServiceCategory", "Other"),
        ("SkuMeter", "USE1-MP:USE1_OutputTokenCount-Units"),
    ]);
    assert_eq!(
        (edition.charge, edition.model.as_deref()),
        (Charge::Tokens(Class::Output), Some("anthropic.claude-haiku-4-5"))
    );
}

#[test]
fn a_correction_of_any_category_is_an_adjustment_and_an_unknown_category_is_refused() {
    for category in ["Usage", "Tax", "Credit", "Purchase"] {
        let line = row(&[("ChargeCategory", category), ("ChargeClass", "Correction")]);
        assert_eq!(line.charge, Charge::Adjustment, "{category}");
    }
    assert!(fails(&[("ChargeCategory", "Gift")]).contains("`ChargeCategory` is none of FOCUS: `Gift`"));
}

#[test]
fn a_renamed_column_is_told_and_a_file_of_other_services_is_no_bill_of_zero() {
    for column in ["BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd"] {
        let error = read(&file(&[]).replacen(column, "Renamed", 1)).err().unwrap();
        assert!(error.contains(&format!("column `{column}` is missing")), "{error}");
    }
    let error = fails(&[("ServiceCategory", "Compute"), ("ServiceName", "Example Compute")]);
    assert!(error.contains("no row is of a service of models; 1 row of other services left out: 1.5 USD"), "{error}");
}

#[test]
fn a_row_is_of_another_service_only_if_its_category_and_its_service_say_so() {
    let is_kept = |cells: &[(&str, &str)]| read(&file(cells)).is_ok();
    assert!(is_kept(&[("ServiceName", "Model API")]));
    assert!(is_kept(&[("ServiceCategory", "AI and ML"), ("ServiceName", "Model API")]));
    assert!(is_kept(&[("ServiceCategory", "Other"), ("ServiceName", "Azure OpenAI")]));
    assert!(is_kept(&[("ServiceCategory", "Other"), ("ChargeCategory", "Tax")]));
    assert!(!is_kept(&[("ServiceCategory", "Other"), ("ServiceName", "Support")]));
    assert!(!is_kept(&[("ServiceCategory", "Storage"), ("ChargeCategory", "Tax")]));
}

#[test]
fn a_broken_amount_or_currency_refuses_the_file() {
    assert!(fails(&[("BilledCost", "1,50")]).contains("`BilledCost` is not a number"));
    assert!(fails(&[("ListCost", "free")]).contains("`ListCost` is not a number"));
    assert!(fails(&[("BillingCurrency", "tokens")]).contains("not a currency"));
    assert!(fails(&[("ConsumedQuantity", "many")]).contains("`ConsumedQuantity` is not a number"));
}

#[test]
fn records_of_json_are_read_as_rows_are() {
    let text = r#"{"BilledCost":1.5,"ListCost":"2.00","BillingCurrency":"usd","ChargePeriodStart":"2026-09-03T00:00:00Z","ChargePeriodEnd":"2026-09-04T00:00:00Z","ChargeCategory":"Usage","ServiceCategory":null,"SkuMeter":"Input Tokens","SkuPriceDetails":{"Model":"m-large"},"ConsumedQuantity":7,"ConsumedUnit":"Tokens"}"#;
    let bill = read(&format!("{text}\n")).unwrap();
    let line = &bill.lines[0];
    assert_eq!((line.currency.as_ref(), line.model.as_deref()), ("USD", Some("m-large")));
    assert_eq!((bill.total("USD"), line.quantity), ("1.5".to_string(), Some(Quantity::whole(7))));
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn lines_sum_to_their_rows_in_every_currency(rows in prop::collection::vec((0usize..3, -10_000_000i64..10_000_000), 1..40)) {
        const CURRENCIES: [&str; 3] = ["USD", "EUR", "JPY"];
        let mut text = String::from("BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd\n");
        for (currency, micro) in &rows {
            text += &format!("{micro}e-6,{},Usage,2026-09-03T00:00:00Z,2026-09-04T00:00:00Z\n", CURRENCIES[*currency]);
        }
        let bill = read(&text).unwrap();
        prop_assert_eq!(bill.lines.len(), rows.len());
        for (index, currency) in CURRENCIES.iter().enumerate() {
            let sum: i128 = rows.iter().filter(|row| row.0 == index).map(|row| i128::from(row.1) * 1_000_000).sum();
            prop_assert_eq!(bill.control.totals.get(*currency).copied().unwrap_or(0), sum);
        }
    }

    #[test]
    fn no_words_of_a_meter_break_the_reader(meter in "\\PC{0,40}", details in "\\PC{0,40}") {
        let line = row(&[("SkuMeter", &meter), ("SkuPriceDetails", &details)]);
        prop_assert_eq!(line.amount.unwrap().pico, 1_500_000_000_000);
    }
}
