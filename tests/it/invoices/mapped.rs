//! Bills of a user's own: what a mapping says, and what is refused because it does not.

use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Quantity;
use attr::domain::Usd;
use attr::invoice::Options;
use attr::invoice::mapped::MAPPED;
use attr::invoice::mapping::Mapping;
use attr::invoice::reading;
use attr::read::framing::Framing;
use attr::read::framing::Shape;
use proptest::prelude::*;

use super::Bill;
use crate::world::World;

const SAMPLE: &str = include_str!("../../../samples/invoices/mapped/rechnung-2026-09.csv");

fn read(text: &str, mapping: &Mapping) -> Result<Bill, String> {
    let framing = Framing::open(Box::new(std::io::Cursor::new(text.as_bytes().to_vec()))).unwrap();
    let shape =
        mapping.delimiter().map_or_else(|| framing.shape().map_err(|error| error.0), |cut| Ok(Shape::Csv(cut)))?;
    let options = Options { mapping: Some(mapping.clone()), ..Options::default() };
    let mut lines = Vec::new();
    let mut take = |line: &InvoiceLine<'_>| lines.push(line.clone().into_owned());
    let (statement, control) =
        reading::read(framing, shape, MAPPED, &options, &mut take).map_err(|error| error.to_string())?;
    Ok(Bill { format: MAPPED.name(), lines, statement, control })
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(left, right)| ((*left).to_string(), (*right).to_string())).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

/// The mapping of the sample.
fn german() -> Mapping {
    Mapping {
        name: "mistral".into(),
        provider: "mistral".into(),
        currency: some("EUR"),
        quantum: some("0.01"),
        quantity_unit: some("tokens"),
        delimiter: some(";"),
        decimal: some(","),
        thousands: some("."),
        date_format: some("%d.%m.%Y"),
        columns: pairs(&[
            ("date", "Datum"),
            ("model", "Modell"),
            ("description", "Text"),
            ("quantity", "Menge"),
            ("amount", "Betrag"),
            ("account", "Kostenstelle"),
        ]),
        rules: pairs(&[
            ("(?i)cache.*read", "input_cached"),
            ("(?i)input", "input"),
            ("(?i)output", "output"),
            ("(?i)mwst|vat|tax", "tax"),
            ("Gutschrift", "credit"),
        ]),
        ..Mapping::default()
    }
}

/// The smallest mapping, for `date,amount` and what is given beside.
fn plain(more: &[(&str, &str)]) -> Mapping {
    let mut columns = pairs(&[("date", "date"), ("amount", "amount")]);
    columns.extend(pairs(more));
    Mapping { name: "own".into(), currency: some("USD"), columns, ..Mapping::default() }
}

/// The amount of a single row, by a mapping.
fn amount(text: &str, mapping: &Mapping) -> Result<String, String> {
    let file = format!("date;amount\n2026-09-03;\"{text}\"\n");
    let bill = read(&file, &Mapping { delimiter: some(";"), ..mapping.clone() })?;
    Ok(bill.lines[0].amount.as_ref().map_or("none".into(), |amount| Usd::from_pico(amount.pico).to_string()))
}

/// The span of a single row.
fn span(date: &str, mapping: &Mapping) -> Result<(String, String), String> {
    let bill = read(&format!("date,amount\n{date},1\n"), mapping)?;
    Ok((bill.lines[0].start.to_string(), bill.lines[0].end.to_string()))
}

#[test]
fn a_german_bill_is_read_to_the_cent_and_agrees_with_its_own_total() {
    let bill = read(SAMPLE, &german()).unwrap();
    assert_eq!(bill.total("EUR"), "2.33");
    assert_eq!(bill.statement.stated_total, Some(2_330_000_000_000));
    assert_eq!(bill.control.skipped.get("total_row"), Some(&1));
    let charges: Vec<Charge> = bill.lines.iter().map(|line| line.charge).collect();
    let (input, cached, output) = (Class::Input, Class::CacheRead, Class::Output);
    let tokens = [input, cached, output].map(Charge::Tokens);
    assert_eq!(charges, [&tokens[..], &[Charge::Credit, Charge::Other, Charge::Tax]].concat());
    let first = &bill.lines[0];
    assert_eq!((first.provider.as_ref(), first.model.as_deref()), ("mistral", Some("mistral-large")));
    assert_eq!((first.quantity, first.unit.as_deref()), (Some(Quantity::whole(1_250_000)), None));
    assert_eq!((first.account.as_deref(), first.quantum), (Some("team-a"), 10_000_000_000));
    assert_eq!(first.start.to_string(), "2026-09-03T00:00:00Z");
    assert_eq!(bill.lines[3].amount.as_ref().unwrap().pico, -1_000_000_000_000, "a trailing minus");
}

#[test]
fn the_mapping_and_what_no_rule_knows_are_told() {
    let notes = read(SAMPLE, &german()).unwrap().statement.notes;
    assert!(notes[0].starts_with("read by [invoice.mistral]: date = Datum"), "{notes:?}");
    assert_eq!(notes[1], "1 row matched by no rule, kept as `other`: `Sonderposten`");
}

#[test]
fn a_total_that_is_not_the_sum_refuses_the_file() {
    let error = read(&SAMPLE.replace("2,33", "2,34"), &german()).map(|_| ()).unwrap_err();
    assert!(error.contains("sum to 2.33") && error.contains("2.34"), "{error}");
}

#[test]
fn negatives_are_read_in_every_way_they_are_written() {
    for (text, value) in [
        ("-1.50", "-1.5"),
        ("1.50-", "-1.5"),
        ("(1.50)", "-1.5"),
        ("\u{2212}1.50", "-1.5"),
        ("$1.50", "1.5"),
        ("-$1.50", "-1.5"),
        ("($1.50)", "-1.5"),
        ("1.50 €", "1.5"),
        ("+.5", "0.5"),
        ("1.5e-05", "0.000015"),
        ("0", "0"),
        ("", "none"),
    ] {
        assert_eq!(amount(text, &plain(&[])).as_deref(), Ok(value), "{text}");
    }
}

#[test]
fn what_is_not_clearly_a_number_is_refused() {
    for text in ["1,50", "1.2.3", "(-1)", "-1-", "--1", "(1", "1)", "one", "1 000", "-", ".", "1e", "NaN", "0x10"] {
        assert!(amount(text, &plain(&[])).is_err(), "{text}");
    }
    let grouped = Mapping { thousands: some(","), ..plain(&[]) };
    assert_eq!(amount("1,234,567.5", &grouped).as_deref(), Ok("1234567.5"));
    assert_eq!(amount("12,34,567", &grouped).as_deref(), Ok("1234567"), "as India writes");
    for text in ["1,50", "1,2345", ",123", "1,,234", "1234,567"] {
        assert!(amount(text, &grouped).is_err(), "{text}");
    }
    let spaced = Mapping { thousands: some(" "), decimal: some(","), ..plain(&[]) };
    assert_eq!(amount("1\u{202f}234,5", &spaced).as_deref(), Ok("1234.5"));
}

#[test]
fn cents_credits_and_list_prices_are_what_the_mapping_says() {
    assert_eq!(amount("12.5", &Mapping { unit: some("cents"), ..plain(&[]) }).as_deref(), Ok("0.125"));
    assert_eq!(amount("-12.5", &Mapping { sign: some("credit"), ..plain(&[]) }).as_deref(), Ok("12.5"));
    let bill = read("date,amount\n2026-09-03,2\n", &Mapping { basis: some("list"), ..plain(&[]) }).unwrap();
    assert_eq!(bill.lines[0].list, bill.lines[0].amount);
}

#[test]
fn dates_that_could_be_two_days_are_refused_until_their_format_is_given() {
    for date in ["01/02/2026", "13/02/2026", "03.09.2026", "2026/09/03", "46268", "3 Sep 2026"] {
        let error = span(date, &plain(&[])).unwrap_err();
        assert!(error.contains("date_format"), "{date}: {error}");
    }
    let given = Mapping { date_format: some("%d/%m/%Y"), ..plain(&[]) };
    assert_eq!(span("01/02/2026", &given).unwrap().0, "2026-02-01T00:00:00Z");
    assert!(span("2026-02-01", &given).unwrap_err().contains("date_format"));
    assert!(span("01/02/1026", &given).is_err());
}

#[test]
fn a_date_means_the_span_that_the_granularity_says() {
    let of = |granularity: &str| Mapping { granularity: some(granularity), ..plain(&[]) };
    let says = |date: &str, mapping: &Mapping| span(date, mapping).unwrap();
    let pair = |start: &str, end: &str| (format!("{start}Z"), format!("{end}Z"));
    assert_eq!(says("2026-09-03", &of("day")), pair("2026-09-03T00:00:00", "2026-09-04T00:00:00"));
    assert_eq!(says("2026-09-03", &of("month")), pair("2026-09-01T00:00:00", "2026-10-01T00:00:00"));
    assert_eq!(says("2026-09", &of("month")), pair("2026-09-01T00:00:00", "2026-10-01T00:00:00"));
    assert_eq!(says("2026-09-03T10:20:00Z", &of("hour")), pair("2026-09-03T10:00:00", "2026-09-03T11:00:00"));
    assert_eq!(says("2026-09-03T10:20:00Z", &of("line")), pair("2026-09-03T10:20:00", "2026-09-03T10:20:00"));
    assert!(span("2026-09-03", &of("hour")).is_err());
    assert!(span("2026-09", &of("day")).is_err());
    let berlin = Mapping { timezone: some("Europe/Berlin"), ..of("day") };
    assert_eq!(says("2026-10-25", &berlin), pair("2026-10-24T22:00:00", "2026-10-25T23:00:00"));
    let named = Mapping { date_format: some("%b %Y"), ..of("month") };
    assert_eq!(says("Sep 2026", &named), pair("2026-09-01T00:00:00", "2026-10-01T00:00:00"));
}

#[test]
fn an_end_is_inside_where_it_is_a_day() {
    let mapping = plain(&[("end", "until")]);
    let bill = read("date,until,amount\n2026-09-01,2026-09-30,1\n", &mapping).unwrap();
    assert_eq!(bill.lines[0].end.to_string(), "2026-10-01T00:00:00Z");
    assert!(read("date,until,amount\n2026-09-10,2026-09-01,1\n", &mapping).is_err());
}

#[test]
fn quantities_have_the_unit_that_was_said_or_their_columns_name() {
    let of = |unit: Option<&str>, class: &str| {
        let mapping =
            Mapping { quantity_unit: unit.map(str::to_string), ..plain(&[("quantity", "n"), ("class", "class")]) };
        let bill = read(&format!("date,amount,n,class\n2026-09-03,1,1.5,{class}\n"), &mapping).unwrap();
        (bill.lines[0].quantity.unwrap().0, bill.lines[0].unit.clone().map(|unit| unit.into_owned()))
    };
    assert_eq!(of(Some("1M"), "input"), (1_500_000_000_000, None));
    assert_eq!(of(Some("1K"), "cache_write"), (1_500_000_000, None));
    assert_eq!(of(None, "input"), (1_500_000, some("n")));
    assert_eq!(of(Some("1M"), "storage"), (1_500_000, some("1M")));
    assert_eq!(of(Some("requests"), "tool:web_search"), (1_500_000, None));
}

#[test]
fn a_class_column_names_charges_and_tools_by_itself() {
    let mapping = plain(&[("class", "class")]);
    let file = "date,amount,class\n2026-09-03,1,input_cached\n2026-09-03,1,tool:web_search\n2026-09-03,1,seat\n2026-09-03,1,thing\n";
    let bill = read(file, &mapping).unwrap();
    let charges: Vec<Charge> = bill.lines.iter().map(|line| line.charge).collect();
    assert_eq!(charges, [Charge::Tokens(Class::CacheRead), Charge::Tool, Charge::Seat, Charge::Other]);
    assert_eq!(bill.lines[1].tool.as_deref(), Some("web_search"));
}

#[test]
fn a_row_with_a_model_and_no_text_charges_for_whole_calls() {
    let bill = read("date,amount,model\n2026-09-03,1,gpt-4o\n2026-09-03,1,\n", &plain(&[("model", "model")])).unwrap();
    let charges: Vec<Charge> = bill.lines.iter().map(|line| line.charge).collect();
    assert_eq!(charges, [Charge::Call, Charge::Other]);
}

#[test]
fn a_column_of_currencies_keeps_them_apart() {
    let mapping = Mapping { currency: None, ..plain(&[("currency", "ccy")]) };
    let bill = read("date,amount,ccy\n2026-09-03,1,usd\n2026-09-03,2,EUR\n", &mapping).unwrap();
    assert_eq!((bill.total("USD"), bill.total("EUR")), ("1".into(), "2".into()));
    assert!(read("date,amount,ccy\n2026-09-03,1,\n", &mapping).is_err());
    assert!(read("date,amount,ccy\n2026-09-03,1,dollars\n", &mapping).is_err());
}

#[test]
fn missing_columns_and_wrong_delimiters_are_named() {
    let error = read(&SAMPLE.replace("Betrag", "Summe EUR"), &german()).map(|_| ()).unwrap_err();
    assert!(error.contains("column `Betrag` is missing"), "{error}");
    let error = read(&SAMPLE.replace(';', "|"), &german()).map(|_| ()).unwrap_err();
    assert!(error.contains("column `Datum` is missing") && error.contains("delimiter"), "{error}");
    let error = read("date,amount\n,1\n", &plain(&[])).map(|_| ()).unwrap_err();
    assert!(error.contains("date is empty"), "{error}");
}

#[test]
fn a_mapping_that_no_file_could_be_read_by_is_refused() {
    let base = || plain(&[]);
    for (mapping, key) in [
        (Mapping { currency: None, ..base() }, "source.currency"),
        (Mapping { currency: some("dollars"), ..base() }, "source.currency"),
        (Mapping { timezone: some("Europe/Berlim"), ..base() }, "source.timezone"),
        (Mapping { granularity: some("week"), ..base() }, "source.granularity"),
        (Mapping { basis: some("gross"), ..base() }, "amounts.basis"),
        (Mapping { unit: some("pence"), ..base() }, "amounts.unit"),
        (Mapping { quantum: some("cent"), ..base() }, "amounts.quantum"),
        (Mapping { quantity_unit: some("10K"), ..base() }, "amounts.quantity_unit"),
        (Mapping { sign: some("minus"), ..base() }, "amounts.sign"),
        (Mapping { delimiter: some(";;"), ..base() }, "parsing.delimiter"),
        (Mapping { decimal: some("7"), ..base() }, "parsing.decimal"),
        (Mapping { thousands: some("."), ..base() }, "parsing.thousands"),
        (Mapping { date_format: some("%Q"), ..base() }, "parsing.date_format"),
        (Mapping { date_format: some("iso"), ..base() }, "parsing.date_format"),
        (plain(&[("modell", "m")]), "columns.modell"),
        (plain(&[("model", "")]), "columns.model"),
        (Mapping { columns: pairs(&[("date", "d")]), ..base() }, "columns.amount"),
        (Mapping { rules: pairs(&[("(", "tax")]), ..base() }, "rules"),
        (Mapping { rules: pairs(&[("a", "taxes")]), ..base() }, "rules"),
    ] {
        assert_eq!(mapping.check().unwrap_err().key, key);
    }
    assert_eq!(base().check(), Ok(()));
}

const SETTINGS: &str = r#"
[invoice.mistral]
match = "rechnung-*.csv"
source = { provider = "mistral", currency = "EUR", timezone = "UTC", granularity = "day" }
amounts = { basis = "net", unit = "currency", quantum = "0.01", quantity_unit = "tokens" }
parsing = { delimiter = ";", decimal = ",", thousands = ".", date_format = "%d.%m.%Y" }
columns = { date = "Datum", amount = "Betrag", description = "Text" }
rules = [ { match = "(?i)mwst|vat|tax", class = "tax" } ]
"#;

#[test]
fn the_settings_show_a_mapping_with_its_origin() {
    let world = World::new();
    world.write("attr.toml", SETTINGS);
    let told = world.attr(&["config", "--json"]).ended(0).json();
    let value = |name: &str| {
        let rows = told["settings"].as_array().unwrap();
        rows.iter().find(|row| row["setting"] == name).map(|row| row["value"].as_str().unwrap().to_string())
    };
    assert_eq!(value("invoice.mistral.match").as_deref(), Some("rechnung-*.csv"));
    assert_eq!(value("invoice.mistral.source.currency").as_deref(), Some("EUR"));
    assert_eq!(value("invoice.mistral.columns").as_deref(), Some("amount = Betrag, date = Datum, description = Text"));
    assert_eq!(value("invoice.mistral.rules").as_deref(), Some("(?i)mwst|vat|tax → tax"));
}

#[test]
fn wrong_settings_of_a_mapping_are_refused_with_their_line() {
    for (from, to, reason) in [
        ("Betrag\"", "Betrag\", modle = \"Modell\"", "attr.toml:7: `invoice.mistral.columns.modle`"),
        ("class = \"tax\"", "class = \"taxes\"", "attr.toml:8: `invoice.mistral.rules`: `taxes`"),
        ("\"net\"", "\"gross\"", "attr.toml:5: `invoice.mistral.amounts.basis`: `gross`"),
        ("decimal =", "decimals =", "attr.toml:6: unknown field `decimals`"),
        ("rechnung-*", "rechnung-[", "attr.toml:3: `invoice.mistral.match`"),
        ("currency = \"EUR\",", "", "attr.toml:4: `invoice.mistral.source.currency`"),
    ] {
        let world = World::new();
        world.write("attr.toml", SETTINGS.replacen(from, to, 1));
        let said = world.attr(&["config"]).ended(2).err;
        assert!(said.contains(reason), "{from}: {said}");
    }
    let world = World::new();
    world.write("attr.toml", SETTINGS.replacen("Betrag\"", "Betrag\", modle = \"Modell\"", 1));
    let said = world.attr(&["config"]).ended(2).err;
    assert!(said.contains("did you mean `model`?"), "{said}");
}

proptest! {
    #[test]
    fn a_number_means_the_same_however_it_is_written(cents in -99_999_999i64..99_999_999, form in 0usize..6) {
        let digits = (cents.abs() / 100).to_string();
        let mut whole = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at) % 3 == 0 {
                whole.push('.');
            }
            whole.push(digit);
        }
        let body = format!("{whole},{:02}", cents.abs() % 100);
        let text = match (cents < 0, form) {
            (false, _) => body,
            (true, 0) => format!("-{body}"),
            (true, 1) => format!("{body}-"),
            (true, 2) => format!("({body})"),
            (true, 3) => format!("\u{2212}{body}"),
            (true, 4) => format!("-{body} €"),
            (true, _) => format!("( {body} )"),
        };
        let mapping = Mapping { decimal: some(","), thousands: some("."), ..plain(&[]) };
        let plain = Usd::from_pico(i128::from(cents) * 10_000_000_000).to_string();
        prop_assert_eq!(amount(&text, &mapping), Ok(plain));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,30}") {
        let given = Mapping { thousands: some(","), ..plain(&[]) };
        let _ = span(&text.replace(['"', '\n', ','], ""), &given);
        if let Ok(read) = amount(&text.replace(['"', '\n'], ""), &given) {
            prop_assert!(read == "none" || Usd::parse(&read).is_ok());
        }
    }
}
