//! Azure's cost details: generations of headers, dates, blocks, and what stands beside the AI meters.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::Quantity;
use proptest::prelude::*;

use super::read;

const EA: &str = include_str!("../../../samples/invoices/azure_cost/ea-actual-2026-09.csv");
const MCA: &str = include_str!("../../../samples/invoices/azure_cost/mca-2026-10.csv");

/// A small file: each row is (date, meter, unit, quantity, cost, charge type).
fn file(rows: &[(&str, &str, &str, &str, &str, &str)]) -> String {
    let mut text = String::from(
        "SubscriptionId,ResourceId,Date,MeterCategory,MeterSubCategory,MeterName,UnitOfMeasure,Quantity,Cost,BillingCurrency,ChargeType\n",
    );
    for (date, meter, unit, quantity, cost, charge) in rows {
        text +=
            &format!("s,/a/b/oai,{date},Foundry Models,Azure OpenAI,{meter},{unit},{quantity},{cost},USD,{charge}\n");
    }
    text
}

fn usage(date: &str) -> String {
    file(&[(date, "gpt 4o 0806 Inp glbl Tokens", "1K", "1", "0.0025", "Usage")])
}

#[test]
fn a_file_of_an_enterprise_agreement_is_read_with_its_ai_meters_alone() {
    let bill = read(EA).unwrap();
    assert_eq!(bill.format, "azure_cost");
    assert_eq!(bill.total("USD"), "8.20879");
    assert_eq!(bill.control.rows, 6);
    assert_eq!(bill.control.skipped.get("other_service"), Some(&1));
    assert_eq!(bill.statement.notes[1], "1 row of other services left out: 4.608 USD");
    let first = &bill.lines[0];
    assert_eq!((first.provider.as_ref(), first.model.as_deref()), ("azure", Some("gpt-4o-2024-08-06")));
    assert_eq!(first.workspace.as_deref(), Some("oai-prod"));
    assert_eq!(first.account.as_deref(), Some("00000000-0000-0000-0000-000000000001"));
    assert_eq!((first.charge, first.region.as_deref()), (Charge::Tokens(Class::Input), Some("global")));
    assert_eq!((first.quantity, first.unit.as_deref()), (Some(Quantity::whole(1_250_000)), None));
    assert_eq!(
        (first.start.to_string(), first.end.to_string()),
        ("2026-09-21T00:00:00Z".into(), "2026-09-22T00:00:00Z".into())
    );
    let cached = &bill.lines[2];
    assert_eq!((cached.charge, cached.tier.as_deref()), (Charge::Tokens(Class::CacheRead), Some("batch")));
    assert_eq!((cached.model.as_deref(), cached.long_context), (Some("gpt-5.4"), Some(true)));
    assert_eq!(cached.quantity, Some(Quantity::whole(2_250_000)));
}

#[test]
fn a_meter_of_another_maker_is_kept_as_other_and_named() {
    let bill = read(EA).unwrap();
    let grok = &bill.lines[3];
    assert_eq!((grok.charge, grok.model.as_deref()), (Charge::Other, None));
    assert_eq!(grok.description.as_deref(), Some("4.3 Inp DZ 1M Tokens"));
    assert_eq!(grok.unit.as_deref(), Some("1M"), "the quantity of an unknown meter stays as it is");
    assert_eq!(grok.quantity, Some(Quantity(400)));
    assert_eq!(grok.amount.as_ref().unwrap().pico, 40_000_000);
    let note = bill.statement.notes.iter().find(|note| note.contains("unknown meters")).unwrap();
    assert!(note.contains("4.3 Inp DZ"), "{note}");
}

#[test]
fn tax_of_the_whole_bill_stands_without_a_service() {
    let bill = read(EA).unwrap();
    let tax = bill.lines.last().unwrap();
    assert_eq!((tax.charge, tax.quantity, tax.model.as_deref()), (Charge::Tax, None, None));
    assert_eq!(tax.amount.as_ref().unwrap().pico, 1_360_000_000_000);
}

#[test]
fn a_file_of_a_customer_agreement_has_other_names_and_iso_dates() {
    let bill = read(MCA).unwrap();
    assert_eq!(bill.total("EUR"), "11003.655");
    let write = &bill.lines[0];
    assert_eq!((write.charge, write.model.as_deref()), (Charge::CacheWrite, Some("gpt-5.6-sol")));
    assert_eq!((write.tier.as_deref(), write.long_context), (Some("priority"), Some(false)));
    assert_eq!(write.list.as_ref().unwrap().pico, 4_600_000_000_000);
    assert_eq!(write.invoice.as_deref(), Some("G000000001"));
    assert_eq!(write.currency, "EUR");
    assert_eq!(bill.lines[1].charge, Charge::Commitment);
    assert_eq!(bill.lines[2].charge, Charge::Credit);
    assert_eq!(bill.lines[2].amount.as_ref().unwrap().pico, -25_000_000_000);
}

#[test]
fn column_order_case_and_further_columns_do_not_matter() {
    let text = "tags,COST,metername,METERCATEGORY,chargetype,date,billingcurrency,quantity,unitofmeasure,new\n\
                \"\"\"a\"\": 1\",1.5,gpt 4o 0806 Inp glbl Tokens,Cognitive Services,Usage,2026-09-21,usd,2,1M,x\n";
    let bill = read(text).unwrap();
    assert_eq!(bill.lines[0].quantity, Some(Quantity::whole(2_000_000)));
    assert_eq!(bill.total("USD"), "1.5");
}

#[test]
fn a_renamed_column_is_named_and_refused() {
    for (from, to, missing) in [
        (",Cost,", ",CostNew,", "CostInBillingCurrency"),
        ("UnitOfMeasure", "Unit", "UnitOfMeasure"),
        (",Date,", ",Day,", "Date"),
        (",ChargeType", ",Kind", "ChargeType"),
    ] {
        let error = read(&usage("09/21/2026").replacen(from, to, 1)).map(|_| ()).unwrap_err();
        assert!(error.contains(&format!("column `{missing}` is missing")), "{error}");
    }
}

#[test]
fn a_day_before_the_month_is_refused_with_what_to_do() {
    let error = read(&usage("21/09/2026")).map(|_| ()).unwrap_err();
    assert!(error.contains("day first") && error.contains("date_format"), "{error}");
}

#[test]
fn dates_that_could_be_either_way_are_the_months_first_and_told() {
    let bill = read(&usage("09/10/2026")).unwrap();
    assert_eq!(bill.lines[0].start.to_string(), "2026-09-10T00:00:00Z");
    assert!(bill.statement.notes[0].contains("MM/DD/YYYY"), "{:?}", bill.statement.notes);
    let sure = read(EA).unwrap();
    assert!(!sure.statement.notes.iter().any(|note| note.contains("MM/DD/YYYY")));
}

#[test]
fn two_ways_of_writing_dates_in_one_file_are_refused() {
    let text = usage("09/21/2026") + usage("2026-09-22").lines().nth(1).unwrap() + "\n";
    let error = read(&text).map(|_| ()).unwrap_err();
    assert!(error.starts_with("line 3:") && error.contains("another way"), "{error}");
}

#[test]
fn broken_amounts_and_absent_ones_are_told_apart() {
    let row = |cost| file(&[("09/21/2026", "gpt 4o 0806 Inp glbl Tokens", "1K", "1", cost, "Usage")]);
    assert_eq!(read(&row("")).unwrap().lines[0].amount, None);
    let error = read(&row("\"1,25\"")).map(|_| ()).unwrap_err();
    assert!(error.contains("`Cost` is not a number"), "{error}");
    assert!(read(&row("n/a")).is_err());
}

#[test]
fn amortized_reservations_are_noted() {
    let row = |charge| file(&[("09/21/2026", "Provisioned Managed Global Unit", "1 Hour", "24", "5", charge)]);
    let bill = read(&row("UnusedReservation")).unwrap();
    assert_eq!(bill.lines[0].charge, Charge::Commitment);
    assert!(bill.statement.notes.iter().any(|note| note.contains("amortized")));
    let bill = read(&row("Usage")).unwrap();
    assert_eq!((bill.lines[0].charge, bill.lines[0].tier.as_deref()), (Charge::Commitment, Some("provisioned")));
    assert_eq!(bill.lines[0].unit.as_deref(), Some("1 Hour"));
}

#[test]
fn rows_that_look_alike_are_all_kept() {
    let row = ("09/21/2026", "gpt 4o 0806 Inp glbl Tokens", "1K", "1", "0.0025", "Usage");
    let bill = read(&file(&[row, row, row])).unwrap();
    assert_eq!((bill.lines.len(), bill.total("USD").as_str()), (3, "0.0075"));
}

proptest! {
    #[test]
    fn lines_and_what_is_skipped_are_all_of_the_file(costs in prop::collection::vec((-10_000_000i64..10_000_000, any::<bool>()), 1..20)) {
        let mut text = usage("2026-09-21").lines().next().unwrap().to_string() + "\n";
        for (micro, is_ai) in &costs {
            let category = if *is_ai { "Foundry Models" } else { "Storage" };
            let sign = if *micro < 0 { "-" } else { "" };
            let cost = format!("{sign}{}.{:06}", micro.abs() / 1_000_000, micro.abs() % 1_000_000);
            text += &format!("s,/r,2026-09-21,{category},,m,1,1,{cost},USD,Usage\n");
        }
        if !costs.iter().any(|(_, is_ai)| *is_ai) {
            prop_assert!(super::refused(&text).contains("no row is of an AI service"));
            return Ok(());
        }
        let bill = read(&text).unwrap();
        let kept: i64 = costs.iter().filter(|(_, is_ai)| *is_ai).map(|(micro, _)| micro).sum();
        let lines: i128 = bill.lines.iter().map(|line| line.amount.as_ref().unwrap().pico).sum();
        prop_assert_eq!(lines, i128::from(kept) * 1_000_000);
        prop_assert_eq!(bill.control.rows, costs.len() as u64);
    }
}
