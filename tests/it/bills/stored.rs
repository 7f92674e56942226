//! Lines in the store are the lines that were read, to the last digit, or they are not there at all.

use attr::domain::Amount;
use attr::domain::Charge;
use attr::domain::Class;
use attr::domain::InvoiceLine;
use attr::domain::Quantity;
use attr::domain::Timestamp;
use attr::domain::Window;
use attr::domain::invoice::Lines;
use attr::ops::bills;
use attr::ops::paths;
use attr::store::ImportHead;
use attr::store::InvoiceTail;
use attr::store::Store;
use attr::store::StoreError;
use proptest::prelude::*;

use crate::world::World;
use crate::world::cases;

/// Returns everything that lines say, in words.
fn told(lines: &Lines) -> Vec<String> {
    let text = |id| lines.text(id).map(ToString::to_string);
    let of_line = |line: &attr::domain::invoice::Line| {
        let texts = [
            line.provider,
            line.account,
            line.workspace,
            line.api_key,
            line.region,
            line.model,
            line.tier,
            line.tool,
            line.description,
            line.unit,
            line.currency,
            line.invoice,
        ];
        format!(
            "{} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {}",
            line.document,
            line.row,
            texts.map(text),
            line.charge,
            line.long_context,
            line.start,
            line.end,
            line.quantity,
            line.amount,
            line.list,
            line.quantum,
            line.settled,
            line.memo
        )
    };
    lines.rows.iter().map(of_line).collect()
}

/// Stores lines as a bill of their own.
fn keep(store: &mut Store, lines: &[InvoiceLine<'_>], tail: &InvoiceTail) -> Result<i64, StoreError> {
    let mut import = store.begin_invoice(&ImportHead { path: "bill".into(), ..ImportHead::default() })?;
    for line in lines {
        import.line(line)?;
    }
    import.finish(tail)?;
    let id = import.id();
    import.commit()?;
    Ok(id)
}

/// What a bill of these lines says of itself.
fn tail_of(lines: &[InvoiceLine<'_>], hash: &str) -> InvoiceTail {
    let mut tail = InvoiceTail { hash: hash.into(), rows: lines.len() as u64, ..InvoiceTail::default() };
    for line in lines.iter().filter(|line| !line.memo) {
        if let Some(amount) = &line.amount {
            *tail.totals.entry(line.currency.to_string()).or_default() += amount.pico;
        }
    }
    tail
}

#[test]
fn samples_come_out_of_the_store_as_they_are_read_from_their_files() {
    let world = World::new();
    let mut files = paths::expand(&super::samples()).unwrap();
    let mut read = Lines::default();
    files.retain(|file| bills::read_into(&mut read, file, &bills::How::default()).is_ok());
    assert!(files.len() >= 5);
    for file in &files {
        let format = bills::open(file, &bills::How::default()).unwrap().format();
        world.attr(&["import", "--input-format", format, &file.shown()]).ended(0);
    }
    let store = Store::open(&world.db()).unwrap();
    let invoices = store.invoices().unwrap();
    let ids: Vec<i64> = invoices.iter().filter_map(|invoice| invoice.document.import).collect();
    let stored = store.invoice_lines(&ids).unwrap();
    assert_eq!(told(&stored), told(&read));
    for (document, known) in stored.documents.iter().zip(&read.documents) {
        assert_eq!((&document.hash, document.rows, &document.statement), (&known.hash, known.rows, &known.statement));
    }
    // One of them alone, and none.
    let one = store.invoice_lines(&ids[1..2]).unwrap();
    assert_eq!((one.documents.len(), one.rows.len() as u64), (1, invoices[1].lines));
    assert!(store.invoice_lines(&[]).unwrap().documents.is_empty());
}

#[test]
fn a_sum_that_does_not_come_back_keeps_nothing() {
    let mut store = Store::in_memory().unwrap();
    let line = InvoiceLine { amount: Some(Amount::exact(5)), currency: "USD".into(), ..InvoiceLine::default() };
    let mut wrong = tail_of(std::slice::from_ref(&line), "a");
    wrong.totals.insert("USD".into(), 6);
    let error = keep(&mut store, &[line], &wrong).unwrap_err();
    assert!(matches!(error, StoreError::Control { .. }), "{error}");
    assert!(store.invoices().unwrap().is_empty() && store.imports().unwrap().is_empty());
}

#[test]
fn the_view_for_people_has_names_and_exact_decimals() {
    let world = World::new();
    let line = |amount: i128, quantity: i128| InvoiceLine {
        provider: "anthropic".into(),
        charge: Charge::Tokens(Class::Output),
        quantity: Some(Quantity(quantity)),
        amount: Some(Amount::exact(amount)),
        currency: "EUR".into(),
        ..InvoiceLine::default()
    };
    let huge = 12_345_678_901_234_567_890_500_000_000_000;
    let lines = [
        line(4_100_000_000_000, 1_500_000),
        line(-5, -1),
        line(0, 0),
        line(huge, 1_000_000),
        line(-huge, 20_000_000_000_000_000_000),
        InvoiceLine { provider: "x".into(), ..InvoiceLine::default() },
    ];
    let mut store = Store::create(&world.db()).unwrap();
    keep(&mut store, &lines, &tail_of(&lines, "a")).unwrap();
    drop(store);
    let conn = rusqlite::Connection::open(world.db()).unwrap();
    let mut statement = conn.prepare("SELECT provider, charge, quantity, amount, currency FROM billed").unwrap();
    type Told = [Option<String>; 5];
    let read = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]);
    let rows: Vec<Told> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    let row = |quantity: &str, amount: &str| ["anthropic", "output", quantity, amount, "EUR"].map(|it| Some(it.into()));
    let expected: Vec<Told> = vec![
        row("1.5", "4.1"),
        row("-0.000001", "-0.000000000005"),
        row("0", "0"),
        row("1", "12345678901234567890.5"),
        row("20000000000000", "-12345678901234567890.5"),
        [Some("x".into()), Some("other".into()), None, None, None],
    ];
    assert_eq!(rows, expected);
}

fn wide() -> impl Strategy<Value = i128> {
    prop_oneof![-9_999i128..9_999, any::<i64>().prop_map(i128::from), -(10i128.pow(26))..10i128.pow(26)]
}

fn name() -> impl Strategy<Value = Option<std::borrow::Cow<'static, str>>> {
    prop_oneof![Just(None), "[a-c]{1,2}".prop_map(|text| Some(text.into()))]
}

fn line() -> impl Strategy<Value = InvoiceLine<'static>> {
    let texts = (name(), name(), name(), name(), name(), name());
    let money = (prop::option::of((wide(), name())), prop::option::of(wide()), prop_oneof![Just("USD"), Just("EUR")]);
    let charge = prop_oneof![Just(Charge::Tokens(Class::CacheRead)), Just(Charge::Tool), Just(Charge::Credit)];
    let flags = (any::<Option<bool>>(), any::<Option<bool>>(), any::<bool>());
    (texts, money, charge, flags, prop::option::of(wide()), any::<i32>()).prop_map(
        |(
            (account, model, tier, tool, description, invoice),
            (amount, list, currency),
            charge,
            flags,
            quantity,
            at,
        )| {
            let start = Timestamp(i64::from(at) * 1_000_000_007);
            InvoiceLine {
                row: u64::from(at.unsigned_abs()),
                provider: "p".into(),
                account,
                model,
                tier,
                tool,
                description,
                invoice,
                charge,
                start,
                end: Timestamp(start.0 + 1),
                quantity: quantity.map(Quantity),
                amount: amount.map(|(pico, text)| Amount { pico, text }),
                list: list.map(Amount::exact),
                currency: currency.into(),
                long_context: flags.0,
                settled: flags.1,
                memo: flags.2,
                ..InvoiceLine::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(cases(48))]

    /// Whatever the lines, of however many bills, and whichever of them goes.
    #[test]
    fn lines_come_out_as_they_went_in(bills in prop::collection::vec(prop::collection::vec(line(), 0..12), 1..4), gone in 0usize..4) {
        let mut store = Store::in_memory().unwrap();
        let mut expected = Lines::default();
        for (at, lines) in bills.iter().enumerate() {
            let mut tail = tail_of(lines, &at.to_string());
            tail.statement.covers = Window { since: Some(Timestamp(at as i64)), until: None };
            let id = keep(&mut store, lines, &tail).unwrap();
            if at != gone {
                expected.begin(attr::domain::invoice::Document::default());
                lines.iter().for_each(|line| expected.push(line));
            }
            prop_assert_eq!(store.invoice_of(&at.to_string()).unwrap(), Some(id));
        }
        prop_assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
        if let Some(lines) = bills.get(gone) {
            let undone = store.undo_import(gone as i64 + 1).unwrap().unwrap();
            prop_assert_eq!(undone.lines, lines.len() as u64);
            prop_assert_eq!(store.invoice_of(&gone.to_string()).unwrap(), None);
        }
        let left = store.invoices().unwrap();
        let ids: Vec<i64> = left.iter().filter_map(|invoice| invoice.document.import).collect();
        prop_assert_eq!(told(&store.invoice_lines(&ids).unwrap()), told(&expected));
        prop_assert_eq!(store.check().unwrap().problems, Vec::<String>::new());
    }
}
