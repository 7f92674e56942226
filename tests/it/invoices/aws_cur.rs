//! AWS cost and usage reports: both generations, the grammar of usage types, what is not Bedrock.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Quantity;
use proptest::prelude::*;

use crate::invoices::read;
use crate::world::cases;

const CUR2: &str = include_str!("../../../samples/invoices/aws_cur/cur2_bedrock.csv");
const LEGACY: &str = include_str!("../../../samples/invoices/aws_cur/legacy_bedrock.csv");
const HEADER: &str = "bill_billing_entity,line_item_line_item_type,line_item_usage_start_date,line_item_usage_type,\
                      line_item_usage_amount,pricing_unit,line_item_unblended_cost,line_item_currency_code,\
                      product_servicename";

fn tokens(class: Class) -> Charge {
    Charge::Tokens(class)
}

/// Reads one row of use.
fn usage(usage_type: &str, service: &str) -> InvoiceLine<'static> {
    let row = format!("AWS,Usage,2026-07-01T00:00:00Z,{usage_type},2,1K tokens,6.00,USD,{service}");
    read(&format!("{HEADER}\n{row}\n")).expect("a report").lines.remove(0)
}

/// Reads one row of some type of line.
fn of_type(kind: &str) -> InvoiceLine<'static> {
    let row = format!("AWS,{kind},2026-07-01T00:00:00Z,USE1-NovaPro-input-tokens,2,1K tokens,-6.00,USD,Amazon Bedrock");
    read(&format!("{HEADER}\n{row}\n")).expect("a report").lines.remove(0)
}

#[test]
fn a_cur_2_report_is_read_to_the_cent_without_other_services() {
    let bill = read(CUR2).unwrap();
    assert_eq!(bill.format, "aws_cur");
    assert_eq!(bill.total("USD"), "31.721");
    assert_eq!((bill.control.rows, bill.control.lines), (10, 9));
    assert_eq!(bill.control.skipped["other_service"], 1);
    assert_eq!(bill.statement.notes, ["1 row of other services left out: 1.9584 USD"]);
    assert_eq!(bill.statement.zone, "UTC");
    let first = &bill.lines[0];
    assert_eq!(first.provider, "bedrock");
    assert_eq!(first.model.as_deref(), Some("anthropic.claude-sonnet-4-6"));
    assert_eq!(first.charge, tokens(Class::Input));
    assert_eq!(first.quantity, Some(Quantity::whole(2_000_000)));
    assert_eq!(first.unit.as_deref(), Some("1K tokens"));
    assert_eq!(first.region.as_deref(), Some("us-east-1"));
    assert_eq!((first.account.as_deref(), first.workspace.as_deref()), (Some("100000000001"), Some("100000000002")));
    assert_eq!(
        (first.start.to_string(), first.end.to_string()),
        ("2026-07-01T00:00:00Z".into(), "2026-07-02T00:00:00Z".into())
    );
    assert!(bill.lines.iter().all(|line| line.settled == Some(false) && line.invoice.is_none()));
    assert!(!format!("{:?}", bill.lines).contains("role/example"));
}

#[test]
fn a_legacy_report_keeps_rows_that_look_alike_and_says_that_it_is_final() {
    let bill = read(LEGACY).unwrap();
    assert_eq!(bill.format, "aws_cur");
    assert_eq!(bill.total("USD"), "0.164");
    assert_eq!(bill.lines.len(), 3);
    assert_eq!(bill.lines[0].amount, bill.lines[1].amount);
    assert_eq!(bill.lines[0].model.as_deref(), Some("amazon.nova-2-lite-v1:0"));
    assert_eq!(bill.lines[0].tier.as_deref(), Some("flex"));
    assert_eq!(bill.lines[0].region.as_deref(), Some("eu-west-1"));
    assert_eq!(bill.lines[0].list.as_ref().unwrap().pico, 132_000_000_000);
    assert_eq!(bill.lines[2].charge, Charge::Credit);
    assert_eq!(bill.lines[2].quantity, None);
    assert!(bill.lines.iter().all(|line| line.settled == Some(true)));
    assert_eq!(bill.lines[0].invoice.as_deref(), Some("2026070001"));
}

#[test]
fn the_marketplace_names_the_model_in_its_service() {
    let bill = read(CUR2).unwrap();
    let [batch, hour] = [&bill.lines[5], &bill.lines[6]];
    assert_eq!(batch.model.as_deref(), Some("anthropic.claude-sonnet-4-6"));
    assert_eq!((batch.charge, batch.tier.as_deref()), (tokens(Class::Input), Some("batch")));
    assert_eq!((batch.quantity, batch.unit.as_deref()), (Some(Quantity(3_250_000)), Some("Units")));
    assert_eq!(batch.region.as_deref(), Some("us-east-1"));
    assert_eq!(hour.model.as_deref(), Some("global.anthropic.claude-sonnet-4-6"));
    assert_eq!((hour.charge, hour.region.as_deref()), (tokens(Class::CacheWrite1h), Some("global")));
}

#[test]
fn usage_types_say_class_mode_and_routing() {
    let cases: [(&str, Charge, Option<&str>, Option<&str>); 17] = [
        ("USE1-Claude4.6Sonnet-output-tokens", tokens(Class::Output), None, Some("us-east-1")),
        ("USE1-Claude4.6Sonnet-cache-write-input-token-count", tokens(Class::CacheWrite5m), None, Some("us-east-1")),
        (
            "EUC1-Claude4.6Sonnet-cache-write-1h-input-token-count",
            tokens(Class::CacheWrite1h),
            None,
            Some("eu-central-1"),
        ),
        (
            "APS3-NovaPro-cache-read-input-token-count-priority",
            tokens(Class::CacheRead),
            Some("priority"),
            Some("ap-south-1"),
        ),
        ("EU-Qwen3-32B-cache-write-tokens", Charge::CacheWrite, None, Some("eu-west-1")),
        (
            "USE1-Nova2.0Pro-text-input-tokens-priority-cross-region-global",
            tokens(Class::Input),
            Some("priority"),
            Some("global"),
        ),
        ("USE1-NovaSonic-speech-input-tokens", tokens(Class::AudioIn), None, Some("us-east-1")),
        ("USE1-Nova2.0Omni-input-image-token-count", tokens(Class::ImageIn), None, Some("us-east-1")),
        ("USE1-Claude3-5Haiku-input-tokens-latency-optimized", tokens(Class::Input), Some("fast"), Some("us-east-1")),
        ("USW2-moonshotai.kimi-k3-mantle-input-tokens-global-flex", tokens(Class::Input), Some("flex"), Some("global")),
        (
            "USW2-moonshotai.kimi-k3-mantle-output-tokens-standard",
            tokens(Class::Output),
            Some("standard"),
            Some("us-west-2"),
        ),
        ("XYZ9-Claude3Haiku-input-tokens", tokens(Class::Input), None, None),
        ("USE1-Claude4.6Sonnet-input-tokens-moonlight", Charge::Other, None, Some("us-east-1")),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", Charge::Other, None, Some("us-east-1")),
        ("USE1-Claude-ProvisionedThroughput-ModelUnits", Charge::Commitment, None, Some("us-east-1")),
        ("USE1-NovaPro-Customization-Storage", Charge::Storage, None, Some("us-east-1")),
        ("", Charge::Other, None, None),
    ];
    for (usage_type, charge, tier, region) in cases {
        let line = usage(usage_type, "Amazon Bedrock");
        assert_eq!((line.charge, line.tier.as_deref(), line.region.as_deref()), (charge, tier, region), "{usage_type}");
    }
    assert_eq!(usage("EU-Titan-Text-input-tokens", "Amazon Bedrock").model.as_deref(), Some("Titan-Text"));
    assert_eq!(usage("USE1-Nova2.0Pro-text-input-tokens", "Amazon Bedrock").model.as_deref(), Some("Nova2.0Pro"));
}

#[test]
fn marketplace_dimensions_say_class_mode_and_routing() {
    let cases: [(&str, Charge, Option<&str>, Option<bool>); 9] = [
        ("USE1-MP:USE1_OutputTokenCount-Units", tokens(Class::Output), None, None),
        ("USE1-MP:USE1_CacheReadInputTokenCount-Units", tokens(Class::CacheRead), None, None),
        ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", tokens(Class::CacheWrite5m), None, None),
        ("USE1-MP:USE1_input_tokens_standard-Units", tokens(Class::Input), Some("standard"), None),
        ("USE1_input_tokens_standard-Units", tokens(Class::Input), Some("standard"), None),
        ("USE1-MP:USE1_cache_write_tokens_1h_standard-Units", tokens(Class::CacheWrite1h), Some("standard"), None),
        ("USE1-MP:USE1_output_tokens_long_ctx_standard-Units", tokens(Class::Output), Some("standard"), Some(true)),
        ("APN1-MP:APN1_MillionBatchInputTokens-Units", tokens(Class::Input), Some("batch"), None),
        ("APS7-MP:APS7_Reserved_1Month_InputTPM_Geo-Units", Charge::Commitment, None, None),
    ];
    for (usage_type, charge, tier, long) in cases {
        let line = usage(usage_type, "Claude Haiku 4.5 (Amazon Bedrock Edition)");
        assert_eq!((line.charge, line.tier.as_deref(), line.long_context), (charge, tier, long), "{usage_type}");
        assert_eq!(line.model.as_deref(), Some("anthropic.claude-haiku-4-5"), "{usage_type}");
    }
}

#[test]
fn a_name_with_a_grammar_becomes_an_id_that_the_price_table_has_and_another_stays() {
    let table = include_str!("../../../pricing/bedrock.toml");
    let known = [
        ("Claude4.6Sonnet", "anthropic.claude-sonnet-4-6"),
        ("Claude4.5Haiku", "anthropic.claude-haiku-4-5"),
        ("Claude5Sonnet", "anthropic.claude-sonnet-5"),
        ("Claude4Sonnet", "claude-sonnet-4"),
        ("Claude4.1Opus", "claude-opus-4-1"),
        ("Claude3-5Haiku", "claude-3-5-haiku"),
        ("Claude3Sonnet", "claude-3-sonnet"),
        ("NovaPro", "amazon.nova-pro-v1:0"),
        ("NovaMicro", "amazon.nova-micro-v1:0"),
        ("Nova2.0Lite", "amazon.nova-2-lite-v1:0"),
        ("deepseek.v3.2", "deepseek.v3.2"),
    ];
    for (printed, id) in known {
        let line = usage(&format!("USE1-{printed}-input-tokens"), "Amazon Bedrock");
        assert_eq!(line.model.as_deref(), Some(id), "{printed}");
        assert!(table.contains(&format!("\"{id}\"")), "{id}");
    }
    for (service, id) in [
        ("Claude Opus 5.5", "anthropic.claude-opus-5-5"),
        ("Claude 3.5 Sonnet v2", "claude-3-5-sonnet"),
        ("OpenAI GPT-6 Astra", "openai.gpt-6-astra"),
    ] {
        let line = usage("USE1-MP:USE1_InputTokenCount-Units", &format!("{service} (Amazon Bedrock Edition)"));
        assert_eq!(line.model.as_deref(), Some(id), "{service}");
        assert!(table.contains(&format!("\"{id}\"")), "{id}");
    }
    for printed in ["Llama3-1-405B", "Claude2.0", "ClaudeInstant", "MistralSmall", "Claude4.6Sonnet2"] {
        let line = usage(&format!("USE1-{printed}-input-tokens"), "Amazon Bedrock");
        assert_eq!(line.model.as_deref(), Some(printed));
    }
    let line = usage("USE1-MP:USE1_InputTokenCount-Units", "Claude (100K) (Amazon Bedrock Edition)");
    assert_eq!(line.model.as_deref(), Some("Claude (100K)"));
}

#[test]
fn types_of_lines_are_told_apart_and_only_use_has_a_quantity() {
    for (kind, charge) in [
        ("Tax", Charge::Tax),
        ("Credit", Charge::Credit),
        ("Refund", Charge::Credit),
        ("EdpDiscount", Charge::Credit),
        ("PrivateRateDiscount", Charge::Credit),
        ("Fee", Charge::Commitment),
        ("RIFee", Charge::Commitment),
        ("SomethingNew", Charge::Other),
    ] {
        let line = of_type(kind);
        assert_eq!((line.charge, line.quantity, line.model), (charge, None, None), "{kind}");
        assert_eq!(line.amount.unwrap().pico, -6_000_000_000_000);
        assert_eq!(line.description.as_deref(), Some(kind));
    }
    assert_eq!(of_type("Usage").quantity, Some(Quantity::whole(2_000)));
}

#[test]
fn a_report_without_ends_is_read_by_whole_days_and_says_so() {
    let row = "AWS,Usage,2026-07-01T05:00:00Z,USE1-NovaPro-input-tokens,2,1K tokens,6.00,USD,Amazon Bedrock Service";
    let bill = read(&format!("{HEADER}\n{row}\n")).unwrap();
    assert_eq!(bill.lines[0].start.to_string(), "2026-07-01T00:00:00Z");
    assert_eq!(bill.lines[0].end.to_string(), "2026-07-02T00:00:00Z");
    assert_eq!(bill.lines[0].settled, None);
    assert_eq!(bill.statement.notes, ["rows have no end: each is read as its whole day"]);
}

#[test]
fn a_renamed_column_is_told_and_a_renamed_service_is_no_bill_of_zero() {
    for column in ["line_item_unblended_cost", "line_item_usage_type", "line_item_currency_code"] {
        let error = read(&CUR2.replacen(column, "renamed", 1)).err().unwrap();
        assert!(error.contains(&format!("column `{column}` is missing")), "{error}");
    }
    let error = read(
        &CUR2
            .replace("lineItem", "x")
            .replace("Amazon Bedrock", "Amazon Rebranded")
            .replace("AmazonBedrock", "AmazonRebranded"),
    );
    let error = error.err().unwrap();
    assert!(error.contains("no row is of Amazon Bedrock; 10 rows of other services left out"), "{error}");
    let error =
        read(&HEADER.replace(",product_servicename", "\nAWS,Usage,2026-07-01T00:00:00Z,x,1,,1,USD")).err().unwrap();
    assert!(error.contains("column `product_servicename` is missing"), "{error}");
}

#[test]
fn a_broken_amount_refuses_the_report_even_in_another_service() {
    let error = read(&CUR2.replace("1.9584000000", "1,9584")).err().unwrap();
    assert!(error.contains("line 9: 18 cells under 17 headings"), "{error}");
    let error = read(&CUR2.replace("1.9584000000", "\"1,9584\"")).err().unwrap();
    assert!(error.contains("line 9: `line_item_unblended_cost` is not a number: `1,9584`"), "{error}");
    let error = read(&CUR2.replace("1.9584000000", "free")).err().unwrap();
    assert!(error.contains("line 9: `line_item_unblended_cost` is not a number: `free`"), "{error}");
}

#[test]
fn columns_may_stand_in_any_order_and_there_may_be_more() {
    let rows: Vec<Vec<&str>> = LEGACY.lines().map(|line| line.split(',').rev().collect()).collect();
    let text: Vec<String> = rows.iter().map(|row| format!("{},extra", row.join(","))).collect();
    let (bill, turned) = (read(LEGACY).unwrap(), read(&text.join("\n")).unwrap());
    assert_eq!(bill.lines, turned.lines);
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn lines_and_what_is_left_aside_sum_to_the_file(rows in prop::collection::vec((any::<bool>(), -10_000_000i64..10_000_000), 1..40)) {
        let mut text = format!("{HEADER}\nAWS,Tax,2026-07-01T00:00:00Z,,1,,0,USD,Amazon Bedrock\n");
        for (is_ours, micro) in &rows {
            let service = if *is_ours { "Amazon Bedrock" } else { "Amazon Simple Storage Service" };
            text += &format!("AWS,Usage,2026-07-01T00:00:00Z,USE1-NovaPro-input-tokens,1,,{micro}e-6,USD,{service}\n");
        }
        let bill = read(&text).unwrap();
        let sum = |ours| rows.iter().filter(|row| row.0 == ours).map(|row| i128::from(row.1)).sum::<i128>() * 1_000_000;
        prop_assert_eq!(bill.control.totals["USD"], sum(true));
        prop_assert_eq!(bill.lines.iter().filter_map(|line| line.amount.as_ref()).map(|it| it.pico).sum::<i128>(), sum(true));
        let left = rows.iter().filter(|row| !row.0).count() as u64;
        prop_assert_eq!(bill.control.skipped.get("other_service").copied().unwrap_or(0), left);
    }

    #[test]
    fn no_usage_type_breaks_the_reader(usage_type in "[A-Za-z0-9_.:é()+-]{0,40}") {
        let line = usage(&usage_type, "Amazon Bedrock");
        prop_assert_eq!(line.amount.unwrap().pico, 6_000_000_000_000);
    }
}
