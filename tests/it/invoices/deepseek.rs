//! DeepSeek's pair of exports: counts with prices, and costs by wallet.

use attr::domain::Charge;
use attr::domain::Quantity;
use attr::domain::tokens::Class;
use proptest::prelude::*;

use super::read;
use super::sample_text;

const AMOUNT: &str = "user_id,utc_date,model,api_key_name,api_key,type,price,amount";

#[test]
fn counts_have_the_list_price_of_their_tokens_and_no_amount() {
    let bill = read(&sample_text("deepseek_usage/amount-2026-7.csv")).unwrap();
    assert_eq!((bill.format, bill.control.rows), ("deepseek_usage", 4));
    let told: Vec<_> = bill
        .lines
        .iter()
        .map(|line| (line.charge, line.quantity.unwrap().rounded(), line.list.as_ref().map(|list| list.pico)))
        .collect();
    assert_eq!(
        told,
        [
            (Charge::Tokens(Class::CacheRead), 1_000, Some(25_000_000)),
            (Charge::Tokens(Class::Input), 500, Some(1_500_000_000)),
            (Charge::Tokens(Class::Output), 200, Some(1_200_000_000)),
            (Charge::Requests, 3, None),
        ]
    );
    let line = &bill.lines[0];
    assert_eq!((&line.amount, line.currency.as_ref(), line.api_key.as_deref()), (&None, "", Some("Team, Primary")));
    assert_eq!((line.start.to_string().as_str(), bill.statement.zone.as_str()), ("2026-07-25T00:00:00Z", "UTC"));
    assert!(bill.statement.notes[0].contains("currency"));
    assert!(!format!("{:?}", bill.lines).contains("u-1"), "people are not kept");
}

#[test]
fn days_of_an_account_elsewhere_are_not_those_of_utc() {
    let bill = read(&sample_text("deepseek_usage/amount-2026-09-01_2026-10-01.csv")).unwrap();
    let line = &bill.lines[0];
    assert_eq!(
        (line.start.to_string().as_str(), line.end.to_string().as_str()),
        ("2026-08-31T21:00:00Z", "2026-09-01T21:00:00Z")
    );
    assert_eq!(bill.statement.zone, "Etc/GMT-3");
    // Two prices of the day are two lines.
    let lists: Vec<_> = bill.lines.iter().filter_map(|line| line.list.as_ref()).map(|list| list.pico).collect();
    assert_eq!(lists, [150_000_000_000, 300_000_000_000]);
    let cost = read(&sample_text("deepseek_cost/cost-2026-09-01_2026-10-01.csv")).unwrap();
    assert_eq!((cost.statement.zone.as_str(), cost.total("CNY").as_str()), ("Etc/GMT-8", "19.3327473"));
}

#[test]
fn an_offset_must_be_told_and_may_have_no_name() {
    let read = |start: &str, end: &str| {
        read(&format!(
            "user_id,start_time_iso,end_time_iso,model,wallet_type,cost,currency\nu,{start},{end},m,Paid,1,USD\n"
        ))
    };
    let refused = read("2026-09-01T00:00:00", "2026-09-02T00:00:00").err().unwrap_or_default();
    assert!(refused.contains("has no offset"), "{refused}");
    let refused = read("2026-09-02T00:00:00+08:00", "2026-09-01T00:00:00+08:00").err().unwrap_or_default();
    assert!(refused.contains("not after"), "{refused}");
    for (start, end, zone, notes) in [
        ("2026-09-01T00:00:00-05:00", "2026-09-02T00:00:00-05:00", "Etc/GMT+5", 0),
        ("2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z", "UTC", 0),
        ("2026-09-01T00:00:00+05:30", "2026-09-02T00:00:00+05:30", "", 1),
        ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "", 1),
    ] {
        let bill = read(start, end).unwrap();
        assert_eq!((bill.statement.zone.as_str(), bill.statement.notes.len()), (zone, notes), "{start}");
    }
}

#[test]
fn what_the_granted_wallet_pays_is_charged_and_credited() {
    let bill = read(&sample_text("deepseek_cost/cost-2026-7.csv")).unwrap();
    assert_eq!((bill.format, bill.total("CNY").as_str()), ("deepseek_cost", "1.34020052"));
    assert_eq!((bill.control.rows, bill.control.lines), (3, 4));
    let told: Vec<_> = bill.lines.iter().map(|line| (line.charge, line.description.as_deref())).collect();
    assert_eq!(
        told,
        [(Charge::Call, None), (Charge::Call, None), (Charge::Credit, Some("granted wallet")), (Charge::Call, None),]
    );
    assert_eq!(bill.lines[1].row, bill.lines[2].row);
    assert_eq!(bill.lines[2].amount.as_ref().map(|amount| amount.pico), Some(-500_000_000_000));
    assert_eq!(bill.lines[3].start.to_string(), "2026-07-26T00:00:00Z");
}

#[test]
fn a_kind_that_is_not_known_is_kept() {
    let bill = read(&format!("{AMOUNT}\nu,2026-07-25,m,k,sk,input_tokens,0.000001,3\n")).unwrap();
    let line = &bill.lines[0];
    assert_eq!((line.charge, line.unit.as_deref()), (Charge::Other, Some("input_tokens")));
    assert_eq!((line.quantity, line.description.as_deref()), (Some(Quantity::whole(3)), Some("input_tokens")));
}

#[test]
fn a_renamed_column_and_a_broken_cell_refuse_the_file() {
    let amount = sample_text("deepseek_usage/amount-2026-7.csv");
    let cost = sample_text("deepseek_cost/cost-2026-7.csv");
    for (text, from, to, expected) in [
        (&amount, ",amount", ",count", "`amount` is missing"),
        (&amount, ",price", ",unit_price", "`price` is missing"),
        (&amount, "0.000003", "cheap", "`price` is not a number"),
        (&amount, "0.000003", "1e15", "absurdly large"),
        (&amount, ",1000\r", ",\r", "`amount` is empty"),
        (&amount, "20260725", "25/07/2026", "`utc_date` is not a day"),
        (&amount, "20260725", "20261325", "`utc_date` is not a day"),
        (&cost, "wallet_type", "wallet", "`wallet_type` is missing"),
        (&cost, ",currency", ",money", "`currency` is missing"),
        (&cost, "1.2345000000000000", "", "`cost` is empty"),
        (&cost, "CNY", "yuan", "not a currency"),
    ] {
        let refused = read(&text.replacen(from, to, 1)).err().unwrap_or_default();
        assert!(refused.contains(expected), "{from}: {refused}");
    }
}

#[test]
fn digits_of_a_product_that_are_rounded_away_are_told() {
    let bill = read(&format!("{AMOUNT}\nu,2026-07-25,m,k,sk,output_tokens,0.0000000000015,3\n")).unwrap();
    let list = bill.lines[0].list.clone().unwrap();
    assert_eq!((list.pico, list.text.as_deref()), (4, Some("0.0000000000015 x 3")));
}

proptest! {
    #[test]
    fn a_list_price_is_the_product_of_price_and_count(nano in 0u64..10_000_000, count in 0u64..1_000_000_000) {
        let row = format!("u,20260725,m,k,sk,output_tokens,0.{nano:09},{count}");
        let bill = read(&format!("{AMOUNT}\n{row}\n")).unwrap();
        let list = bill.lines[0].list.clone().unwrap();
        prop_assert_eq!((list.pico, list.text), (i128::from(nano) * i128::from(count) * 1_000, None));
    }
}
