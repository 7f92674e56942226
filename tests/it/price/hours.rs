//! Prices by the hour: windows across midnight, weekdays, holidays, and where the list of holidays ends.

use super::*;

/// A seller whose `m` costs 1 at any hour and 2 in the window; 3 in Batch at any hour.
///
/// In October 2026 the 14th is a Wednesday, the 16th a Friday, the 18th a Sunday.
fn windowed(window: &str) -> Table {
    let row = |mode: &str, usd: u8, rest: &str| {
        format!(
            "[[model.price]]\nmode = \"{mode}\"\nfrom = 2026-01-01\nusd_per_mtok = {{ input = \"{usd}\" }}\n{rest}\n"
        )
    };
    let rows = [row("standard", 1, ""), row("standard", 2, "window = \"w\""), row("batch", 3, "")].concat();
    table(&format!("seller = \"s\"\n[[window]]\nid = \"w\"\n{window}\n[[model]]\nid = \"m\"\n{rows}"))
}

/// What a million tokens cost.
fn usd(table: &Table, time: &str) -> String {
    ask("s", "m").of(table).on(time).usd(&[(Input, 1_000_000)])
}

/// Checks that a window is open from one instant to another: a second and a nanosecond before, at, and after each.
fn open(table: &Table, from: &str, to: &str) {
    let cost = |ts: i64| Ask { ts: Timestamp(ts), ..ask("s", "m").of(table) }.usd(&[(Input, 1_000_000)]);
    let (from, to) = (at(from).0, at(to).0);
    assert_eq!([cost(from - NANOS), cost(from - 1), cost(from), cost(from + NANOS)], ["1", "1", "2", "2"]);
    assert_eq!([cost(to - NANOS), cost(to - 1), cost(to), cost(to + NANOS)], ["2", "2", "1", "1"]);
}

#[test]
fn a_window_opens_with_its_start_and_is_closed_at_its_end() {
    let table = windowed("utc = [\"01:00-04:00\", \"06:00-10:00\"]");
    open(&table, "2026-10-14T01:00:00Z", "2026-10-14T04:00:00Z");
    open(&table, "2026-10-14T06:00:00Z", "2026-10-14T10:00:00Z");
    // The window belongs to its mode alone.
    assert_eq!(ask("s", "m").of(&table).tier("batch").on("2026-10-14T02:00:00Z").usd(&[(Input, 1_000_000)]), "3");
    let bill = ask("s", "m").of(&table).on("2026-10-14T02:00:00Z").bill(ONE).unwrap();
    assert_eq!(bill.items[0].price_row, "s/m/standard[w]@2026-01-01");
}

#[test]
fn weekdays_are_those_of_utc() {
    let days = |days: &str| windowed(&format!("utc = [\"01:00-04:00\"]\ndays = {days}"));
    // From Monday the 12th to Sunday the 18th.
    let week = |table: &Table| (12..19).map(|day| usd(table, &format!("2026-10-{day}T02:00:00Z"))).collect::<String>();
    for (written, costs) in [
        ("\"mon-fri\"", "2222211"),
        ("\"sat\"", "1111121"),
        ("[\"sat\", \"sun\"]", "1111122"),
        ("[\"mon\", \"wed-thu\", \"mon\"]", "2122111"),
        ("\"sat-mon\"", "2111122"),
        ("\"sun-sat\"", "2222222"),
        ("\"tue-tue\"", "1211111"),
        ("\"Mon-FRI\"", "2222211"),
    ] {
        assert_eq!(week(&days(written)), costs, "{written}");
    }
    assert_eq!(week(&windowed("utc = [\"01:00-04:00\"]")), "2222222");
}

#[test]
fn a_span_across_midnight_belongs_to_the_day_it_starts_on() {
    let table = windowed("utc = [\"16:30-00:30\"]\ndays = \"fri\"");
    open(&table, "2026-10-16T16:30:00Z", "2026-10-17T00:30:00Z");
    // The first half hour of Friday is Thursday's, the evening of Saturday nobody's.
    assert_eq!([usd(&table, "2026-10-16T00:15:00Z"), usd(&table, "2026-10-17T16:30:00Z")], ["1", "1"]);
    // To midnight, from midnight, and all day.
    open(&windowed("utc = [\"16:30-00:00\"]"), "2026-10-16T16:30:00Z", "2026-10-17T00:00:00Z");
    open(&windowed("utc = [\"16:30-24:00\"]"), "2026-10-16T16:30:00Z", "2026-10-17T00:00:00Z");
    open(&windowed("utc = [\"00:00-07:00\"]"), "2026-10-16T00:00:00Z", "2026-10-16T07:00:00Z");
    open(&windowed("utc = [\"00:00-24:00\"]\ndays = \"sun\""), "2026-10-18T00:00:00Z", "2026-10-19T00:00:00Z");
    // Nearly a whole day: from noon to a minute before the next noon, on Sunday.
    open(&windowed("utc = [\"12:00-11:59\"]\ndays = \"sun\""), "2026-10-18T12:00:00Z", "2026-10-19T11:59:00Z");
    // Over the end of a year and of a leap February.
    open(&windowed("utc = [\"23:00-01:00\"]\ndays = \"thu\""), "2026-12-31T23:00:00Z", "2027-01-01T01:00:00Z");
    open(&windowed("utc = [\"23:00-01:00\"]\ndays = \"tue\""), "2028-02-29T23:00:00Z", "2028-03-01T01:00:00Z");
}

/// Working days but for the first Friday half: the 16th is a holiday, and nothing is known after New Year's Eve.
const EXCEPT: &str = "except = \"h\"\n[[holidays]]\nid = \"h\"\ncovers_through = 2026-12-31\n\
                      dates = [2026-12-31, 2026-10-16]\n";

#[test]
fn no_span_starts_on_a_holiday() {
    let table = windowed(&format!("utc = [\"01:00-04:00\"]\n{EXCEPT}"));
    open(&table, "2026-10-15T01:00:00Z", "2026-10-15T04:00:00Z");
    open(&table, "2026-10-17T01:00:00Z", "2026-10-17T04:00:00Z");
    assert_eq!([usd(&table, "2026-10-16T01:00:00Z"), usd(&table, "2026-10-16T02:00:00Z")], ["1", "1"]);
    // Across midnight, the eve reaches into the holiday, and the holiday's own night is left out whole.
    let night = windowed(&format!("utc = [\"22:00-02:00\"]\n{EXCEPT}"));
    open(&night, "2026-10-15T22:00:00Z", "2026-10-16T02:00:00Z");
    assert_eq!([usd(&night, "2026-10-16T22:00:00Z"), usd(&night, "2026-10-17T01:59:59Z")], ["1", "1"]);
    open(&night, "2026-10-17T22:00:00Z", "2026-10-18T02:00:00Z");
}

#[test]
fn past_the_last_day_known_a_price_that_hangs_on_a_holiday_is_not_guessed() {
    let table = windowed(&format!("utc = [\"22:00-02:00\"]\ndays = \"mon-fri\"\n{EXCEPT}"));
    let ask = |time| ask("s", "m").of(&table).on(time).bill(&[(Input, 1_000_000)]).map(|bill| bill.cost.to_string());
    // The 31st of December is a holiday (a Thursday), and the last day that is known: its night is known to be none.
    assert_eq!(ask("2026-12-30T23:00:00Z"), Ok("2".into()));
    assert_eq!(ask("2027-01-01T01:59:59Z"), Ok("1".into()));
    // Friday: outside of the hours the price does not hang on holidays.
    assert_eq!(ask("2027-01-01T02:00:00Z"), Ok("1".into()));
    assert_eq!(ask("2027-01-01T21:59:59Z"), Ok("1".into()));
    assert_eq!(ask("2027-01-01T22:00:00Z"), Err(Unpriced::NoPriceAtTime));
    assert_eq!(ask("2027-01-02T01:59:59Z"), Err(Unpriced::NoPriceAtTime));
    assert_eq!(ask("2027-01-02T02:00:00Z"), Ok("1".into()));
    // On a Saturday no span starts, holiday or not.
    assert_eq!(ask("2027-01-02T22:00:00Z"), Ok("1".into()));
    // Modes without the window are sure of their price.
    let batch = super::ask("s", "m").of(&table).tier("batch").on("2027-01-01T23:00:00Z");
    assert_eq!(batch.usd(&[(Input, 1_000_000)]), "3");
}

#[test]
fn a_row_of_hours_has_a_start_and_an_empty_one_ends_the_hours() {
    let works = table(WORKSHOP);
    let bill = |time| ask("works", "lathe").of(&works).on(time).bill(&[(Input, 1_000)]).unwrap();
    let row = |time| bill(time).items[0].price_row.clone().replace("works/lathe/", "");
    // Peak hours exist from 2026-08-16T16:00Z on: that is a Sunday, so the first are Monday's.
    assert_eq!(row("2026-08-14T02:00:00Z"), "standard@2026-01-10<=1000");
    assert_eq!(row("2026-08-17T02:00:00Z"), "standard[peak]@2026-08-16T16:00:00Z");
    // They change in the middle of an open window.
    assert_eq!(row("2026-10-14T02:29:59Z"), "standard[peak]@2026-08-16T16:00:00Z");
    assert_eq!(row("2026-10-14T02:30:00Z"), "standard[peak]@2026-10-14T02:30:00Z>500");
    // 1,000 x 7
    assert_eq!(bill("2026-10-14T02:30:00Z").cost.to_string(), "0.007");
    // For prompts up to 500 they ended then: 500 x 6, 500 x 1.
    let small = |time| ask("works", "lathe").of(&works).on(time).usd(&[(Input, 500)]);
    assert_eq!([small("2026-10-14T02:29:59Z"), small("2026-10-14T02:30:00Z")], ["0.003", "0.0005"]);
    // Sunday's ended for every size on 2026-11-01, itself a Sunday.
    assert_eq!(row("2026-10-25T23:59:59Z"), "standard[sunday]@2026-09-01");
    assert_eq!(row("2026-11-01T00:00:00Z"), "standard@2026-09-15T14:00:00Z<=1999");
    // A Sunday that is a holiday.
    assert_eq!(row("2026-10-18T12:00:00Z"), "standard@2026-09-15T14:00:00Z<=1999");
    // Hours that ended do not hang on holidays that nobody knows.
    assert_eq!(row("2027-01-03T12:00:00Z"), "standard@2026-09-15T14:00:00Z<=1999");
}

#[test]
fn a_row_of_hours_prices_what_it_lists_and_falls_back_within_itself() {
    let works = table(WORKSHOP);
    // At peak 1,000 x 7 + 1,000 cached, which have no price there, x 7 + 100 x 28 = 7,000 + 7,000 + 2,800
    let call = [(Input, 1_000), (CacheRead, 1_000), (Output, 100)];
    let peak = ask("works", "lathe").of(&works).on("2026-10-14T03:00:00Z");
    let bill = peak.bill(&call).unwrap();
    assert_eq!((bill.cost.to_string().as_str(), bill.fallback), ("0.0168", true));
    assert_eq!(bill.items[1].billed_as.as_deref(), Some("input"));
    // Outside: 1,000 x 3 + 1,000 x 0.3 + 100 x 9 (a prompt of 2,000 is in the upper band) = 3,000 + 300 + 900
    assert_eq!(peak.on("2026-10-14T04:00:00Z").usd(&call), "0.0042");
    // Sunday's row does not sell cache writes, whatever the row at other hours does.
    let sunday = ask("works", "lathe").of(&works).on("2026-10-25T12:00:00Z");
    assert_eq!(sunday.why(&[(CacheWrite5m, 1)]), Unpriced::ClassNotSold);
}

#[test]
fn hours_are_shown_as_they_are_written() {
    let works = table(WORKSHOP);
    let seller = works.sellers().find(|seller| seller.id == "works").unwrap();
    let shown: Vec<String> = seller.hours.iter().map(|hours| hours.show()).collect();
    assert_eq!(
        shown,
        [
            "01:00-04:00 06:00-10:00 mon,tue,wed,thu,fri except feasts",
            "16:30-00:30 00:45-00:50 mon,fri,sat",
            "00:00-24:00 sun except feasts",
        ]
    );
}
