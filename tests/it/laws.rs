//! Laws that hold for every log: money adds up, time is tiled, framings agree, and a store holds each call once
//! whatever the way it came in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use attr::domain::Axis;
use attr::domain::Class;
use attr::domain::Condition;
use attr::domain::Filter;
use attr::domain::Timestamp;
use attr::domain::Tokens;
use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::money::div_half_even;
use attr::domain::rollup::Logged;
use attr::domain::rollup::Measures;
use attr::domain::time::NANOS;
use attr::domain::window::Grain;
use attr::ops::book::Book;
use attr::ops::import::How;
use attr::ops::slice;
use attr::ops::slice::Audience;
use attr::ops::slice::Compare;
use attr::ops::slice::SlicePlan;
use attr::ops::slice::Sort;
use attr::price::Request;
use attr::price::Table;
use attr::read::json::Kind;
use attr::read::json::Node;
use attr::read::json::Tape;
use attr::render::Format;
use attr::render::Style;
use attr::render::render;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::world::Sums;
use crate::world::assert_sound;
use crate::world::book;
use crate::world::by;
use crate::world::cases;
use crate::world::import_text;
use crate::world::import_text_how;
use crate::world::total;

const HOUR: i64 = 3_600 * NANOS;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

/// Zones whose clocks do everything that clocks do: half hours, changes at midnight, a skipped day.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Havana",
];

/// The question for one total over everything.
fn whole() -> SlicePlan {
    SlicePlan {
        audience: Audience::Machines,
        by: vec![],
        window: Window::default(),
        zone: Zone::UTC,
        filter: Filter::default(),
        top: None,
        sort: Sort::Cost,
        compare: None,
        per: None,
        tree: false,
        logged: Logged::Ignored,
    }
}

mod money {
    use super::*;

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn an_amount_is_read_as_it_is_written(pico in any::<i64>(), times in 1i128..1_000_000_000) {
            let amount = Usd::from_pico(i128::from(pico) * times);
            prop_assert_eq!(Usd::parse(&amount.to_string()), Ok(amount));
            let quoted = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(quoted, format!("\"{amount}\""));
        }

        #[test]
        fn a_sum_does_not_depend_on_the_order(mut picos in vec(any::<i64>(), 0..200), seed in any::<u64>()) {
            let amount = |pico: &i64| Usd::from_pico(i128::from(*pico));
            let forward: Usd = picos.iter().map(amount).sum();
            picos.sort_by_key(|pico| pico.wrapping_mul(seed as i64 | 1));
            let parts: Vec<Usd> = picos.chunks(7).map(|chunk| chunk.iter().map(amount).sum()).collect();
            prop_assert_eq!(forward, parts.into_iter().rev().sum::<Usd>());
            prop_assert_eq!(forward.pico(), picos.iter().map(|pico| i128::from(*pico)).sum::<i128>());
        }

        /// However many digits a log writes, the nearest picodollar is taken, half to even.
        #[test]
        fn rounding_looks_at_every_digit(whole in 0u64..1_000_000, digits in "[0-9]{1,60}", negative in any::<bool>()) {
            let sign = if negative { "-" } else { "" };
            let padded = format!("{digits:0<12}");
            let kept: i128 = format!("{whole}{}", &padded[..12]).parse().unwrap();
            let rest = padded[12..].trim_end_matches('0');
            let up = match rest.as_bytes() {
                [] => false,
                [b'5'] => kept % 2 == 1,
                [first, ..] => *first >= b'5',
            };
            let expected = kept + i128::from(up);
            let expected = Usd::from_pico(if negative { -expected } else { expected });
            prop_assert_eq!(Usd::parse_rounded(&format!("{sign}{whole}.{digits}")), Ok(expected));
        }

        #[test]
        fn an_exponent_moves_the_point(pico in 0i64..1_000_000_000_000_000, shift in 0u32..6) {
            let text = format!("{pico}e-{}", 12 + shift);
            let expected = div_half_even(i128::from(pico), 10i128.pow(shift));
            prop_assert_eq!(Usd::parse_rounded(&text), Ok(Usd::from_pico(expected)));
        }
    }

    #[test]
    fn nearly_one_picodollar_is_one() {
        // Thirty-eight nines behind twelve zeros: twice the remainder is past 128 bits.
        let text = format!("0.{}{}", "0".repeat(12), "9".repeat(38));
        assert_eq!(Usd::parse_rounded(&text), Ok(Usd::from_pico(1)));
    }
}

mod time {
    use super::*;

    const GRAINS: [Grain; 4] = [Grain::Hour, Grain::Day, Grain::Week, Grain::Month];

    fn longest(grain: Grain) -> i64 {
        match grain {
            Grain::Hour => HOUR,
            Grain::Day => 26 * HOUR,
            Grain::Week => 7 * 24 * HOUR + 2 * HOUR,
            Grain::Month => 31 * 24 * HOUR + 2 * HOUR,
        }
    }

    fn holds(grain: Grain, ts: Timestamp, zone: Zone) {
        let told = || format!("{} of {ts} in {}", grain.name(), zone.name());
        let (start, end) = grain.bucket(ts, zone);
        assert!(start <= ts && ts < end, "{}: {start}..{end}", told());
        assert!(end.0 - start.0 <= longest(grain), "{}: {start}..{end}", told());
        for inside in [start, Timestamp(end.0 - 1)] {
            assert_eq!(grain.bucket(inside, zone), (start, end), "{}", told());
        }
        let next = grain.bucket(end, zone);
        assert_eq!(next.0, end, "{}: a gap or an overlap", told());
        assert_ne!(grain.label(start, zone), grain.label(next.0, zone), "{}", told());
    }

    proptest! {
        #![proptest_config(cases(512))]

        #[test]
        fn buckets_tile_time(
            ts in 946_771_200i64..4_102_358_400,
            nanos in 0..NANOS,
            name in proptest::sample::select(&ZONES[..]),
        ) {
            GRAINS.into_iter().for_each(|grain| holds(grain, Timestamp(ts * NANOS + nanos), zone(name)));
        }

        /// A bucket's edge is where rounding goes wrong.
        #[test]
        fn buckets_tile_time_at_their_edges(
            ts in 946_771_200i64..2_000_000_000,
            name in proptest::sample::select(&ZONES[..]),
            off in -1i64..=1,
            of in 0usize..4,
        ) {
            let zone = zone(name);
            let (start, _) = GRAINS[of].bucket(Timestamp(ts * NANOS), zone);
            GRAINS.into_iter().for_each(|grain| holds(grain, Timestamp(start.0 + off), zone));
        }

        #[test]
        fn the_window_before_ends_where_this_one_starts(
            since in 946_771_200i64..4_000_000_000,
            length in 1i64..100_000_000,
            name in proptest::sample::select(&ZONES[..]),
        ) {
            let window = Window {
                since: Some(Timestamp(since * NANOS)),
                until: Some(Timestamp((since + length) * NANOS)),
            };
            let before = window.previous(zone(name)).unwrap();
            prop_assert_eq!(before.until, window.since);
            let whole_days = {
                let zone = zone(name);
                let midnight = |ts: Option<Timestamp>| zone.start_of_day(zone.date_of(ts.unwrap())) == ts.unwrap();
                midnight(window.since) && midnight(window.until)
            };
            if !whole_days {
                prop_assert_eq!(before.until.unwrap().0 - before.since.unwrap().0, length * NANOS);
            }
        }

        /// Windows of whole local days step back as many local days, or months if they are whole months.
        #[test]
        fn whole_days_step_back_whole_days(
            ts in 1_100_000_000i64..3_900_000_000,
            days in 1i64..70,
            name in proptest::sample::select(&ZONES[..]),
        ) {
            let zone = zone(name);
            let first = zone.date_of(Timestamp(ts * NANOS));
            let end = first + chrono::Days::new(days as u64);
            let window = Window { since: Some(zone.start_of_day(first)), until: Some(zone.start_of_day(end)) };
            let before = window.previous(zone).unwrap();
            prop_assert_eq!(before.until, window.since);
            let stepped = (first - zone.date_of(before.since.unwrap())).num_days();
            let months = first.format("%d").to_string() == "01" && end.format("%d").to_string() == "01";
            if months {
                prop_assert_eq!(zone.date_of(before.since.unwrap()).format("%d").to_string(), "01");
                prop_assert!((27..=70).contains(&stepped), "{} days", stepped);
            } else if name != "Pacific/Apia" {
                prop_assert_eq!(stepped, days);
            }
        }
    }

    /// Every hour, day, week and month of the years with the strangest clock changes, one after another.
    #[test]
    fn buckets_follow_one_another() {
        for name in ZONES {
            let zone = zone(name);
            for (from, until) in
                [("2011-10-01", "2012-02-01"), ("2017-09-20", "2018-11-30"), ("2026-09-01", "2026-12-01")]
            {
                let instant = |text: &str| Timestamp::parse(text).unwrap().ts;
                for grain in GRAINS {
                    let mut at = grain.bucket(instant(from), zone).0;
                    let mut labels = BTreeSet::new();
                    while at < instant(until) {
                        let (start, end) = grain.bucket(at, zone);
                        assert_eq!(start, at, "{} in {name}", grain.name());
                        assert!(end > start, "{} in {name}: an empty bucket at {at}", grain.name());
                        assert!(
                            labels.insert(grain.label(start, zone)),
                            "{} in {name}: a label twice at {at}",
                            grain.name()
                        );
                        at = end;
                    }
                }
            }
        }
    }

    #[test]
    fn a_day_is_as_long_as_its_clock_says() {
        let hours = |name: &str, ts: &str| {
            let (start, end) = Grain::Day.bucket(Timestamp::parse(ts).unwrap().ts, zone(name));
            (end.0 - start.0) as f64 / HOUR as f64
        };
        assert_eq!(hours("Europe/Berlin", "2026-03-29T12:00:00Z"), 23.0);
        assert_eq!(hours("Europe/Berlin", "2026-10-25T12:00:00Z"), 25.0);
        assert_eq!(hours("Australia/Lord_Howe", "2026-04-05T00:00:00Z"), 24.5);
        assert_eq!(hours("Australia/Lord_Howe", "2026-10-04T00:00:00Z"), 23.5);
        // The clock goes from midnight to one: the day starts at one.
        assert_eq!(hours("America/Sao_Paulo", "2018-11-04T12:00:00Z"), 23.0);
        assert_eq!(hours("America/Sao_Paulo", "2018-02-17T12:00:00Z"), 25.0);
        // Samoa had no 30 December 2011.
        let apia = |ts: &str| {
            Grain::Day.label(
                Grain::Day.bucket(Timestamp::parse(ts).unwrap().ts, zone("Pacific/Apia")).0,
                zone("Pacific/Apia"),
            )
        };
        assert_eq!(apia("2011-12-30T09:59:59Z"), "2011-12-29");
        assert_eq!(apia("2011-12-30T10:00:00Z"), "2011-12-31");
    }

    proptest! {
        #![proptest_config(cases(256))]

        /// An epoch number means the same instant in whatever unit it comes.
        #[test]
        fn the_unit_of_an_epoch_is_told_by_its_size(seconds in 946_684_800i64..4_102_444_800) {
            let expected = Timestamp(seconds * NANOS);
            for zeros in ["", "000", "000000", "000000000"] {
                prop_assert_eq!(Timestamp::parse(&format!("{seconds}{zeros}")).unwrap().ts, expected);
            }
            prop_assert_eq!(Timestamp::parse(&expected.to_string()).unwrap().ts, expected);
        }
    }
}

mod json_tape {
    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no such number", |f| f.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a-z\"\\\\/\u{0}-\u{20}é𝄞]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..8).prop_map(Value::from),
                vec((any::<String>(), inner), 0..8).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    /// Builds the value that a node stands for; its numbers stay the texts that they are.
    fn value(node: Node<'_>) -> Value {
        match node.kind() {
            Kind::Null => Value::Null,
            Kind::True => true.into(),
            Kind::False => false.into(),
            Kind::Number => format!("number {}", node.raw()).into(),
            Kind::Plain | Kind::Escaped => node.str().unwrap().into_owned().into(),
            Kind::Array => node.items().map(value).collect(),
            Kind::Object => {
                let key = |raw: &str| serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap();
                Value::Object(node.fields().map(|(raw, field)| (key(raw), value(field))).collect())
            }
        }
    }

    /// Replaces numbers by the texts that they are written as.
    fn with_texts(json: Value) -> Value {
        match json {
            Value::Number(number) => format!("number {number}").into(),
            Value::Array(items) => items.into_iter().map(with_texts).collect(),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(key, value)| (key, with_texts(value))).collect())
            }
            other => other,
        }
    }

    /// Forgets which number stands where: another parser writes `-0` and long numbers its own way.
    fn shape(json: Value) -> Value {
        match json {
            Value::String(text) if text.starts_with("number ") => "number".into(),
            Value::Array(items) => items.into_iter().map(shape).collect(),
            Value::Object(fields) => {
                Value::Object(fields.into_iter().map(|(key, value)| (key, shape(value))).collect())
            }
            other => other,
        }
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn the_tape_reads_what_serde_writes(json in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) }.unwrap();
            let mut tape = Tape::default();
            prop_assert_eq!(tape.parse(&text), Ok(()));
            prop_assert_eq!(value(tape.root(&text)), with_texts(json));
        }

        /// Whatever another parser takes for JSON, the tape takes too, and says the same of it.
        #[test]
        fn the_tape_takes_whatever_serde_takes(
            parts in vec(proptest::sample::select(&[
                "{", "}", "[", "]", ":", ",", "\"a\"", "\"\\u00e9\"", "\"\\\\\"", "1", "-0", "17", "0.5", "true", "null", " ", "\n", "\"", "\\",
            ][..]), 0..14),
        ) {
            let text: String = parts.concat();
            let mut tape = Tape::default();
            let read = tape.parse(&text);
            if let Ok(json) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(read, Ok(()), "{}", text);
                prop_assert_eq!(shape(value(tape.root(&text))), shape(with_texts(json)));
            }
        }

        #[test]
        fn a_tape_can_be_used_again(first in any_json(), second in any_json(), cut in 0usize..40) {
            let (one, two) = (first.to_string(), second.to_string());
            let mut tape = Tape::default();
            let end = one.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(one.len());
            let _ = tape.parse(&one[..end]);
            prop_assert_eq!(tape.parse(&two), Ok(()));
            prop_assert_eq!(value(tape.root(&two)), with_texts(second));
        }
    }
}

/// Logged names that no figure may depend on.
const FEATURES: [&str; 4] = ["chat", "summarize", "größe 📏", "=cmd()"];
const TENANTS: [&str; 3] = ["acme-corp", "\u{1b}[31mred", "a,b;\"c\"\nd"];
const MODELS: [(&str, &str); 4] =
    [("anthropic", "claude-sonnet-4-6"), ("openai", "gpt-5-mini"), ("openai", "gpt-4o"), ("acme", "nobody-sells-this")];
const STATUSES: [&str; 3] = ["ok", "error", "timeout"];

/// One call as a log knows it.
#[derive(Clone, Debug)]
struct Rec {
    /// Tells it from every other call, with an id or without.
    n: usize,
    has_id: bool,
    minute: i64,
    model: usize,
    feature: Option<usize>,
    tenant: Option<usize>,
    squad: Option<u8>,
    run: Option<u8>,
    status: usize,
    input: u64,
    cached: u64,
    output: u64,
}

fn any_rec() -> impl Strategy<Value = Rec> {
    (
        (
            any::<bool>(),
            0i64..60 * 24 * 45,
            0..MODELS.len(),
            option::of(0..FEATURES.len()),
            option::of(0..TENANTS.len()),
        ),
        (option::of(0u8..3), option::of(0u8..5), 0..STATUSES.len()),
        (0u64..200_000, prop_oneof![Just(0u64), 1u64..100_000], 0u64..5_000),
    )
        .prop_map(|((has_id, minute, model, feature, tenant), (squad, run, status), (input, cached, output))| {
            Rec { n: 0, has_id, minute, model, feature, tenant, squad, run, status, input, cached, output }
        })
}

/// Calls that differ from one another.
fn recs(most: usize) -> impl Strategy<Value = Vec<Rec>> {
    vec(any_rec(), 1..most).prop_map(|mut recs| {
        recs.iter_mut().enumerate().for_each(|(n, rec)| rec.n = n);
        recs
    })
}

impl Rec {
    fn ts(&self) -> Timestamp {
        // 2026-10-01T00:00:00Z and on, over the end of summer time.
        Timestamp((1_790_812_800 + self.minute * 60) * NANOS)
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        let (provider, model) = MODELS[self.model];
        let mut fields = vec![
            ("ts", json!(self.ts().to_string())),
            ("provider", json!(provider)),
            ("model", json!(model)),
            ("uncached_input_tokens", json!(self.input)),
            ("cache_read_tokens", json!(self.cached)),
            ("output_tokens", json!(self.output)),
            ("status", json!(STATUSES[self.status])),
            ("serial", json!(format!("n{}", self.n))),
        ];
        let mut put = |key, value: Option<String>| fields.extend(value.map(|value| (key, Value::from(value))));
        put("request_id", self.has_id.then(|| format!("req-{}", self.n)));
        put("feature", self.feature.map(|at| FEATURES[at].to_string()));
        put("tenant", self.tenant.map(|at| TENANTS[at].to_string()));
        put("squad", self.squad.map(|squad| format!("squad {squad}")));
        put("run_id", self.run.map(|run| format!("run-{run}")));
        fields
    }

    fn json(&self) -> Value {
        Value::Object(self.fields().into_iter().map(|(key, value)| (key.to_string(), value)).collect())
    }

    /// Returns the value along an axis, as a store should know it.
    fn value(&self, axis: &str, zone: Zone) -> Option<String> {
        let text = |texts: &[&str], at: Option<usize>| at.map(|at| texts[at].to_string());
        match axis {
            "provider" => Some(MODELS[self.model].0.into()),
            "model" => Some(MODELS[self.model].1.into()),
            "feature" => text(&FEATURES, self.feature),
            "tenant" => text(&TENANTS, self.tenant),
            "status" => text(&STATUSES, Some(self.status)),
            "squad" => self.squad.map(|squad| format!("squad {squad}")),
            "run" => self.run.map(|run| format!("run-{run}")),
            "serial" => Some(format!("n{}", self.n)),
            "region" => None,
            grain => {
                let grain = Grain::parse(grain).unwrap();
                Some(grain.label(grain.bucket(self.ts(), zone).0, zone))
            }
        }
    }

    /// Prices the call by itself, with the price table alone.
    fn measures(&self, table: &Table) -> Measures {
        let mut tokens = Tokens::default();
        for (class, count) in
            [(Class::Input, self.input), (Class::CacheRead, self.cached), (Class::Output, self.output)]
        {
            tokens.set(class, count);
        }
        let (provider, model) = MODELS[self.model];
        let request = Request { provider: Some(provider), model: Some(model), tier: None, region: None };
        let price = table.resolve(&request).and_then(|plan| plan.price(self.ts(), &tokens, []));
        let mut measures = Measures { calls: 1, ..Measures::default() };
        measures.errors = u64::from(STATUSES[self.status] != "ok");
        tokens.iter().for_each(|(class, count)| measures.tokens[class as usize] = count);
        match price {
            Ok(priced) => measures.cost = priced.cost,
            Err(reason) => measures.unpriced[reason as usize - Unpriced::ALL[0] as usize] = 1,
        }
        measures
    }
}

fn jsonl<'r>(recs: impl IntoIterator<Item = &'r Rec>) -> String {
    recs.into_iter().fold(String::new(), |mut text, rec| {
        writeln!(text, "{}", rec.json()).unwrap();
        text
    })
}

/// Sums calls one by one, without a store.
fn expected<'r>(table: &Table, recs: impl IntoIterator<Item = &'r Rec>, axes: &[&str], zone: Zone) -> Sums {
    let mut sums = Sums::new();
    for rec in recs {
        let key = axes.iter().map(|axis| rec.value(axis, zone)).collect();
        sums.entry(key).or_default().add(&rec.measures(table));
    }
    sums
}

const AXES: [&str; 12] =
    ["provider", "model", "feature", "tenant", "status", "squad", "run", "region", "hour", "day", "week", "month"];

fn some_axes() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(AXES.to_vec(), 0..4)
}

/// A condition and what it says of a call.
fn some_condition() -> impl Strategy<Value = String> {
    proptest::sample::select(
        &[
            "feature=chat",
            "feature=",
            "feature!=chat",
            "feature!=",
            "feature=chat,summarize",
            "tenant~a*",
            "tenant~*red,a?b*",
            "tenant=",
            "squad=squad 1",
            "squad!=squad 1",
            "run=run-1,run-2",
            "status=ok",
            "model~gpt*",
            "region=",
            "region=eu",
            "month=2026-10",
            "day~2026-10-0?",
        ][..],
    )
    .prop_map(str::to_string)
}

/// Cuts calls into files at random.
fn in_files(recs: &[Rec], cuts: &[usize]) -> Vec<Vec<Rec>> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (recs.len() + 1)).collect();
    ends.extend([0, recs.len()]);
    ends.sort_unstable();
    ends.windows(2).map(|ends| recs[ends[0]..ends[1]].to_vec()).filter(|file| !file.is_empty()).collect()
}

fn book_of(files: &[Vec<Rec>]) -> Book {
    let mut book = book();
    for (at, file) in files.iter().enumerate() {
        import_text(&mut book, &format!("{at}.jsonl"), jsonl(file));
    }
    book
}

/// Asks a question and returns the document that a user gets.
fn answer(book: &Book, plan: &SlicePlan) -> Value {
    let report = slice::run(book, plan).unwrap();
    let mut bytes = Vec::new();
    render(&report, Format::Json, Style { width: None, color: false }, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

mod sums {
    use super::*;

    proptest! {
        #![proptest_config(cases(64))]

        /// Any question to the store is answered as by pricing and adding the calls one by one.
        #[test]
        fn any_grouping_adds_up(
            recs in recs(80),
            cuts in vec(any::<usize>(), 0..6),
            axes in some_axes(),
            conditions in vec(some_condition(), 0..3),
            since in option::of(0i64..60 * 24 * 45),
            until in option::of(0i64..60 * 24 * 45),
            name in proptest::sample::select(&ZONES[..]),
        ) {
            let book = book_of(&in_files(&recs, &cuts));
            let zone = zone(name);
            let at = |minute: i64| Timestamp((1_790_812_800 + minute * 60) * NANOS);
            let mut window = Window { since: since.map(at), until: until.map(at) };
            if window.since >= window.until && window.until.is_some() {
                window.since = None;
            }
            let filter = Filter(conditions.iter().map(|text| Condition::parse(text).unwrap()).collect());
            let passes = |rec: &&Rec| {
                window.contains(rec.ts())
                    && filter.0.iter().all(|condition| condition.accepts(rec.value(&condition.axis.to_string(), zone).as_deref()))
            };
            let wanted = expected(book.table().unwrap(), recs.iter().filter(passes), &axes, zone);
            let groups = crate::world::sums(&book.store, &axes, filter.clone(), window, zone);
            prop_assert_eq!(&groups, &wanted);
            let mut sum = Measures::default();
            groups.values().for_each(|part| sum.add(part));
            let whole = crate::world::sums(&book.store, &[], filter, window, zone).into_values().next().unwrap_or_default();
            prop_assert_eq!(sum, whole);
            assert_sound(&book.store);
        }

        /// The report ties out in its own figures: rows, `(other)`, baseline and change, units.
        #[test]
        fn a_slice_ties_out(
            recs in recs(60),
            cuts in vec(any::<usize>(), 0..3),
            axes in proptest::sample::subsequence(vec!["model", "feature", "tenant", "squad", "day"], 0..3),
            top in option::of(0usize..6),
            compares in any::<bool>(),
            sort in 0usize..3,
        ) {
            let book = book_of(&in_files(&recs, &cuts));
            let at = |day: i64| Some(Timestamp((1_790_812_800 + day * 86_400) * NANOS));
            let window = if compares { Window { since: at(20), until: at(40) } } else { Window::default() };
            let plan = SlicePlan {
                by: axes.iter().map(|axis| Axis::parse(axis)).collect(),
                window,
                top,
                sort: match (sort, axes.first()) {
                    (1, _) => Sort::Calls,
                    (2, Some(axis)) => Sort::Axis(Axis::parse(axis)),
                    _ => Sort::Cost,
                },
                compare: compares.then_some(Compare::Previous),
                per: Some(Axis::parse("run")),
                ..whole()
            };
            // An unknown key is refused, rightly, when no call has it.
            prop_assume!(!axes.contains(&"squad") || recs.iter().any(|rec| rec.squad.is_some()));
            let document = answer(&book, &plan);
            let usd = |value: &Value| Usd::parse(value.as_str().unwrap()).unwrap();
            let rows = document["rows"].as_array().unwrap();
            let whole = &document["total"];
            let sum = |of: &dyn Fn(&Value) -> Usd| rows.iter().map(of).sum::<Usd>();
            prop_assert_eq!(sum(&|row| usd(&row["cost_usd"])), usd(&whole["cost_usd"]));
            let count = |of: &dyn Fn(&Value) -> u64| rows.iter().map(of).sum::<u64>();
            for key in ["calls", "errors", "unpriced_calls"] {
                prop_assert_eq!(count(&|row| row[key].as_u64().unwrap()), whole[key].as_u64().unwrap_or(0), "{}", key);
            }
            for class in ["input", "cache_read", "output"] {
                let of = |row: &Value| row["tokens"][class].as_u64().unwrap_or(0);
                prop_assert_eq!(count(&of), of(whole), "{}", class);
            }
            // Whatever the grouping, the total is that of no grouping; of units see below.
            let ungrouped = SlicePlan { by: vec![], top: None, sort: Sort::Cost, ..plan };
            let ungrouped = answer(&book, &ungrouped);
            for (key, value) in ungrouped["total"].as_object().unwrap() {
                if !key.starts_with("unit") {
                    prop_assert_eq!(value, &whole[key.as_str()], "{}", key);
                }
            }
            let inside = recs.iter().filter(|rec| window.contains(rec.ts()));
            let alone: Usd = inside.map(|rec| rec.measures(book.table().unwrap()).cost).sum();
            prop_assert_eq!(usd(&whole["cost_usd"]), alone);
            if compares {
                let before = Window { since: at(0), until: at(20) };
                let earlier = recs.iter().filter(|rec| before.contains(rec.ts()));
                let earlier: Usd = earlier.map(|rec| rec.measures(book.table().unwrap()).cost).sum();
                prop_assert_eq!(usd(&whole["baseline"]["cost_usd"]), earlier);
                prop_assert_eq!(usd(&whole["change_usd"]), alone - earlier);
                prop_assert_eq!(sum(&|row| usd(&row["baseline"]["cost_usd"])), earlier);
                prop_assert_eq!(sum(&|row| usd(&row["change_usd"])), alone - earlier);
            }
            if let Some(top) = top {
                let named = rows.iter().filter(|row| row["other"] != json!(true));
                prop_assert!(named.count() <= top + 1, "{} rows and the untagged one", top);
            }
        }

        /// What a unit costs: mean times units is the cost of all that have a unit, and percentiles are in order.
        #[test]
        fn unit_costs_belong_to_their_units(mut recs in recs(60), runs in 1u8..6) {
            // Priced models alone: what an unpriced run costs is not known.
            recs.iter_mut().for_each(|rec| {
                rec.model %= 3;
                rec.run = rec.run.map(|run| run % runs);
            });
            let book = book_of(&[recs.clone()]);
            let plan = SlicePlan {
                per: Some(Axis::parse("run")),
                ..whole()
            };
            let document = answer(&book, &plan);
            let mut costs: BTreeMap<u8, Usd> = BTreeMap::new();
            for rec in &recs {
                if let Some(run) = rec.run {
                    *costs.entry(run).or_default() += rec.measures(book.table().unwrap()).cost;
                }
            }
            let whole = &document["total"];
            prop_assert_eq!(whole["units"].as_u64().unwrap(), costs.len() as u64);
            if costs.is_empty() {
                prop_assert!(whole.get("unit_cost_usd").is_none());
            } else {
                let usd = |key: &str| Usd::parse(whole["unit_cost_usd"][key].as_str().unwrap()).unwrap();
                let sum: Usd = costs.values().copied().sum();
                prop_assert_eq!(usd("mean").pico(), div_half_even(sum.pico(), costs.len() as i128));
                let (least, most) = (*costs.values().min().unwrap(), *costs.values().max().unwrap());
                prop_assert!(least <= usd("p50") && usd("p50") <= usd("p95"));
                prop_assert!(usd("p95") <= usd("p99") && usd("p99") <= most);
                if costs.len() == 1 {
                    prop_assert_eq!(usd("p99"), sum);
                }
            }
        }
    }

    /// A run of two features is one run, and the total of any grouping is the total of none.
    #[test]
    fn a_unit_in_two_groups_is_one_unit_of_the_total() {
        let mut book = book();
        let rec = |n: usize| Rec {
            n,
            has_id: true,
            minute: 0,
            model: 2,
            feature: Some(n),
            tenant: None,
            squad: None,
            run: Some(1),
            status: 0,
            input: 1_000,
            cached: 0,
            output: 0,
        };
        import_text(&mut book, "run.jsonl", jsonl(&[rec(0), rec(1)]));
        let plan = SlicePlan { by: vec![Axis::parse("feature")], per: Some(Axis::parse("run")), ..whole() };
        let grouped = answer(&book, &plan);
        assert_eq!(grouped["rows"].as_array().unwrap().len(), 2);
        let ungrouped = answer(&book, &SlicePlan { by: vec![], ..plan });
        assert_eq!(ungrouped["total"]["units"], json!(1));
        assert_eq!(grouped["total"], ungrouped["total"]);
    }

    /// A sum of picodollars leaves 64 bits at 9.2 million dollars; the counts of tokens come near it too.
    #[test]
    fn sums_past_64_bits_are_exact() {
        let mut book = book();
        let mut text = String::new();
        let mut alone = Usd::ZERO;
        let mut rec = Rec {
            n: 0,
            has_id: true,
            minute: 0,
            model: 0,
            feature: Some(0),
            tenant: None,
            squad: None,
            run: Some(1),
            status: 0,
            input: 9_999_999_999,
            cached: 0,
            output: 9_999_999_989,
        };
        for n in 0..700 {
            rec = Rec { n, minute: n as i64, feature: Some(n % 2), ..rec };
            alone += rec.measures(book.table().unwrap()).cost;
            writeln!(text, "{}", rec.json()).unwrap();
        }
        assert!(alone.pico() > 4 * i128::from(i64::MAX), "{alone} is not enough for this test");
        import_text(&mut book, "huge.jsonl", &text);
        assert_eq!(total(&book.store).cost, alone);
        assert_eq!(by(&book.store, &["feature", "day"]).values().map(|m| m.cost).sum::<Usd>(), alone);
        assert_sound(&book.store);
        let plan = SlicePlan {
            by: vec![Axis::parse("model")],
            top: Some(1),
            per: Some(Axis::parse("run")),
            tree: true,
            ..whole()
        };
        let document = answer(&book, &plan);
        assert_eq!(document["total"]["cost_usd"], json!(alone.to_string()));
        assert_eq!(document["total"]["unit_cost_usd"]["p99"], json!(alone.to_string()));
        assert_eq!(document["total"]["tokens"]["input"], json!(700u64 * 9_999_999_999));
        let more = import_text(&mut book, "one.jsonl", jsonl([&Rec { n: 7_000, ..rec.clone() }]));
        assert_eq!(total(&book.store).cost, alone + more.imported.total.cost);
        let undone = book.store.undo_import(1).unwrap().unwrap();
        assert_eq!(undone.cost, alone);
        assert_sound(&book.store);
    }
}

mod framings {
    use super::*;

    fn csv_of(recs: &[Rec]) -> Vec<u8> {
        let header = [
            "ts",
            "provider",
            "model",
            "uncached_input_tokens",
            "cache_read_tokens",
            "output_tokens",
            "status",
            "serial",
            "request_id",
            "feature",
            "tenant",
            "squad",
            "run_id",
        ];
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(header).unwrap();
        for rec in recs {
            let fields: BTreeMap<&str, Value> = rec.fields().into_iter().collect();
            let cell = |key: &&str| match fields.get(key) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            writer.write_record(header.iter().map(cell)).unwrap();
        }
        writer.into_inner().unwrap()
    }

    proptest! {
        #![proptest_config(cases(48))]

        #[test]
        fn every_framing_gives_the_same_calls(recs in recs(40)) {
            let axes = ["model", "feature", "tenant", "squad", "run", "hour", "serial"];
            let prices = book();
            let wanted = expected(prices.table().unwrap(), &recs, &axes, Zone::UTC);
            let all: Vec<Value> = recs.iter().map(Rec::json).collect();
            let pretty: Vec<String> = all.iter().map(|json| serde_json::to_string_pretty(json).unwrap()).collect();
            let gzip = || {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                std::io::Write::write_all(&mut gzip, jsonl(&recs).as_bytes()).unwrap();
                gzip.finish().unwrap()
            };
            let framings: [(&str, Vec<u8>); 10] = [
                ("lines", jsonl(&recs).into_bytes()),
                ("lines without a last newline", jsonl(&recs).trim_end().into()),
                ("lines of a spreadsheet", format!("\u{feff}{}", jsonl(&recs).replace('\n', "\r\n")).into_bytes()),
                ("lines among comments", format!("# a log\n\n// of calls\n{}\n# end", jsonl(&recs).replace('\n', "\n\n")).into_bytes()),
                ("array", serde_json::to_vec(&all).unwrap()),
                ("pretty array", serde_json::to_vec_pretty(&all).unwrap()),
                ("pretty objects", pretty.join("\n").into_bytes()),
                ("objects on one line", all.iter().map(Value::to_string).collect::<String>().into_bytes()),
                ("gzip", gzip()),
                ("zstd", zstd::encode_all(jsonl(&recs).as_bytes(), 1).unwrap()),
            ];
            for (name, bytes) in framings {
                let mut book = book();
                let imported = import_text(&mut book, "log", bytes);
                prop_assert_eq!((imported.tail.records, imported.tail.rejected), (recs.len() as u64, 0), "{}", name);
                prop_assert_eq!(&by(&book.store, &axes), &wanted, "{}", name);
            }
            let mut book = book();
            let imported = import_text(&mut book, "log.csv", csv_of(&recs));
            prop_assert_eq!((imported.tail.records, imported.tail.rejected), (recs.len() as u64, 0));
            prop_assert_eq!(&by(&book.store, &axes), &wanted, "CSV");
        }
    }
}

mod once {
    use super::*;

    /// What everything must be once these calls are in, whatever the way.
    fn assert_holds(book: &Book, recs: &[Rec]) {
        for axes in [&["feature", "tenant"][..], &["squad", "run"], &["day", "model"], &["serial"]] {
            assert_eq!(by(&book.store, axes), expected(book.table().unwrap(), recs, axes, Zone::UTC), "{axes:?}");
        }
        assert_sound(&book.store);
    }

    proptest! {
        #![proptest_config(cases(48))]

        #[test]
        fn twice_is_once(recs in recs(60), cuts in vec(any::<usize>(), 0..4), again in vec(any::<usize>(), 1..4)) {
            let mut book = book_of(&in_files(&recs, &cuts));
            for file in in_files(&recs, &again) {
                let imported = import_text(&mut book, "again.jsonl", jsonl(&file)).imported;
                prop_assert_eq!((imported.new, imported.duplicate), (0, file.len() as u64));
                prop_assert_eq!(imported.total, Measures::default());
            }
            assert_holds(&book, &recs);
        }

        #[test]
        fn any_split_in_any_order_is_one_import(recs in recs(60), cuts in vec(any::<usize>(), 0..8), seed in any::<u64>()) {
            let mut files = in_files(&recs, &cuts);
            files.sort_by_key(|file| (file[0].n as u64 + 1).wrapping_mul(seed | 1));
            assert_holds(&book_of(&files), &recs);
        }

        /// A file that grows, files that overlap, half a file and then the whole.
        #[test]
        fn overlaps_count_once(recs in recs(50), spans in vec((any::<usize>(), any::<usize>()), 1..7)) {
            let mut book = book();
            let mut seen: BTreeMap<usize, Rec> = BTreeMap::new();
            for (from, to) in spans {
                let (from, to) = (from % recs.len(), to % recs.len());
                let file = &recs[from.min(to)..=from.max(to)];
                let known = file.iter().filter(|rec| seen.contains_key(&rec.n)).count() as u64;
                let imported = import_text(&mut book, "part.jsonl", jsonl(file)).imported;
                prop_assert_eq!((imported.new, imported.duplicate), (file.len() as u64 - known, known));
                seen.extend(file.iter().map(|rec| (rec.n, rec.clone())));
            }
            let seen: Vec<Rec> = seen.into_values().collect();
            assert_holds(&book, &seen);
        }

        /// Imports, imports taken back, and segments made anew, in any order.
        #[test]
        fn any_history_leaves_the_sum_of_its_files(
            recs in recs(50),
            steps in vec((0u8..4, any::<usize>(), any::<usize>()), 1..14),
        ) {
            let mut book = book();
            let mut stack: Vec<(i64, BTreeSet<usize>)> = Vec::new();
            for (what, from, to) in steps {
                match what {
                    0 if stack.is_empty() => {}
                    0 => {
                        // The last import: an earlier one may have brought what a later one found stored.
                        let (id, own) = stack.pop().unwrap();
                        let undone = book.store.undo_import(id).unwrap().unwrap();
                        prop_assert_eq!(undone.calls, own.len() as u64);
                        prop_assert!(book.store.undo_import(id).unwrap().is_none());
                    }
                    1 => {
                        book.store.rebuild().unwrap();
                    }
                    _ => {
                        let (from, to) = (from % recs.len(), to % recs.len());
                        let file = &recs[from.min(to)..=from.max(to)];
                        let known: BTreeSet<usize> = stack.iter().flat_map(|(_, own)| own).copied().collect();
                        let imported = import_text(&mut book, "part.jsonl", jsonl(file)).imported;
                        let own: BTreeSet<usize> = file.iter().map(|rec| rec.n).filter(|n| !known.contains(n)).collect();
                        prop_assert_eq!(imported.new, own.len() as u64);
                        stack.push((imported.id, own));
                    }
                }
                let held: BTreeSet<usize> = stack.iter().flat_map(|(_, own)| own).copied().collect();
                let held: Vec<Rec> = recs.iter().filter(|rec| held.contains(&rec.n)).cloned().collect();
                assert_holds(&book, &held);
            }
        }

        /// Records without an id that say the same are told by how many of them a file has.
        #[test]
        fn equal_records_without_an_id_count_as_often_as_they_stand(
            rec in any_rec(),
            counts in vec(1usize..6, 1..5),
            others in recs(10),
        ) {
            let rec = Rec { has_id: false, n: 1_000, ..rec };
            let mut book = book();
            for count in &counts {
                let mut file: Vec<&Rec> = vec![&rec; *count];
                file.extend(&others);
                import_text(&mut book, "equal.jsonl", jsonl(file));
            }
            let most = *counts.iter().max().unwrap();
            let mut held = vec![rec; most];
            held.extend(others);
            assert_holds(&book, &held);
        }

        /// One id, several contents: all are kept, and all but the first are told.
        #[test]
        fn another_content_under_an_id_is_kept_and_told(rec in any_rec(), outputs in vec(0u64..6, 1..8), split in any::<usize>()) {
            let version = |output: u64| Rec { has_id: true, n: 7, output, ..rec.clone() };
            let (mut book, mut told) = (book(), 0);
            let split = split % (outputs.len() + 1);
            for part in [&outputs[..split], &outputs[split..]] {
                let file: Vec<Rec> = part.iter().map(|output| version(*output)).collect();
                if !file.is_empty() {
                    told += import_text(&mut book, "versions.jsonl", jsonl(&file)).imported.conflicts;
                }
            }
            let distinct: BTreeSet<u64> = outputs.iter().copied().collect();
            let held: Vec<Rec> = distinct.iter().map(|output| version(*output)).collect();
            prop_assert_eq!(told, distinct.len() as u64 - 1);
            assert_holds(&book, &held);
        }
    }

    /// A batch is 65,536 calls: equal and known calls must meet across its edge.
    #[test]
    fn duplicates_meet_across_batches() {
        let mut book = book();
        let rec = |n: usize| {
            let n = n % 40_000;
            Rec {
                n,
                has_id: n.is_multiple_of(2),
                minute: n as i64,
                model: n % 3,
                feature: Some(n % 4),
                tenant: None,
                squad: None,
                run: None,
                status: 0,
                input: 100,
                cached: 0,
                output: 10,
            }
        };
        // 80,000 lines: with an id each call stands twice and counts once, without one it counts twice.
        let text = jsonl(&(0..80_000).map(rec).collect::<Vec<_>>());
        let first = import_text(&mut book, "first.jsonl", &text).imported;
        assert_eq!((first.new, first.duplicate), (60_000, 20_000));
        let again = import_text(&mut book, "again.jsonl", &text).imported;
        assert_eq!((again.new, again.duplicate), (0, 80_000));
        let mut wanted = Measures::default();
        (0..40_000).map(rec).for_each(|rec| {
            (0..if rec.has_id { 1 } else { 2 }).for_each(|_| wanted.add(&rec.measures(book.table().unwrap())));
        });
        assert_eq!(total(&book.store), wanted);
        assert_sound(&book.store);
    }

    /// An id past any that a provider gives is still one id, also once segments were made anew from the rows.
    #[test]
    fn a_very_long_id_is_one_id() {
        let mut book = book();
        let line = |id: &str, feature: &str| {
            format!(
                "{}\n",
                json!({"ts": "2026-10-01T00:00:00Z", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 1, "request_id": id, "feature": feature})
            )
        };
        let file = line(&"a".repeat(300), "chat") + &line(&("a".repeat(299) + "b"), "chat");
        assert_eq!(import_text(&mut book, "long.jsonl", &file).imported.new, 2);
        assert_sound(&book.store);
        book.store.rebuild().unwrap();
        let again = import_text(&mut book, "long.jsonl", &file).imported;
        assert_eq!((again.new, again.duplicate), (0, 2));
        assert_sound(&book.store);
    }

    /// What is set for a file is set whether or not its segments were made anew since.
    #[test]
    fn a_set_value_survives_a_rebuild() {
        set_survives(&[("team", "search"), ("task", "t"), ("floor", "3")]);
    }

    /// `--set team=` says that there is none.
    #[test]
    fn a_value_set_to_nothing_survives_a_rebuild() {
        set_survives(&[("team", ""), ("task", ""), ("floor", ""), ("feature", "")]);
    }

    fn set_survives(set: &[(&str, &str)]) {
        let file = jsonl([&Rec {
            n: 1,
            has_id: true,
            minute: 0,
            model: 1,
            feature: Some(0),
            tenant: None,
            squad: None,
            run: None,
            status: 0,
            input: 10,
            cached: 0,
            output: 1,
        }]);
        for (key, value) in set.iter().copied() {
            let mut book = book();
            let how = How { set: vec![(key.into(), value.into())], ..How::default() };
            import_text_how(&mut book, "set.jsonl", &file, how);
            let before = by(&book.store, &[key]);
            assert_sound(&book.store);
            book.store.rebuild().unwrap();
            assert_eq!(by(&book.store, &[key]), before, "--set {key}={value}");
        }
    }

    const KEYS: [&str; 9] =
        ["note\tx", "tokens.input", "identity", "meta.x", "meta.meta.x", "a\"b", "a\\b", "day of week", "é"];

    /// A key may be any text.
    #[test]
    fn a_key_may_hold_anything() {
        keys_hold(&KEYS);
    }

    /// A heading of a CSV may hold a line break.
    #[test]
    fn a_key_may_hold_a_line_break() {
        keys_hold(&["note\nx"]);
    }

    fn keys_hold(keys: &[&str]) {
        for key in keys.iter().copied() {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["time", "model", "input_tokens", "output_tokens", "total_cost_usd", key]).unwrap();
            writer.write_record(["2026-10-01T00:00:00Z", "gpt-4o", "1000", "100", "", "v"]).unwrap();
            writer.write_record(["2026-10-01T00:00:01Z", "gpt-4o", "2000", "100", "", "w"]).unwrap();
            let file = writer.into_inner().unwrap();
            let mut book = book();
            assert_eq!(import_text(&mut book, "key.csv", &file).imported.new, 2, "{key:?}");
            assert_sound(&book.store);
            assert_eq!(by(&book.store, &["model"]).len(), 1, "{key:?}");
            assert_eq!(total(&book.store).tokens[Class::Input as usize], 3_000, "{key:?}");
            book.store.rebuild().unwrap();
            assert_sound(&book.store);
            let again = import_text(&mut book, "key.csv", &file).imported;
            assert_eq!((again.new, again.duplicate), (0, 2), "{key:?}");
        }
    }
}

mod traces {
    use super::*;

    /// A span of a generated trace.
    #[derive(Clone, Debug)]
    struct Made {
        trace: usize,
        /// Its parent is this span of the same trace, if that has a smaller number.
        parent: Option<usize>,
        /// 0 nothing, 1 a call, 2 an agent with usage.
        role: u8,
        tenant: Option<u8>,
        squad: Option<u8>,
        response: Option<u8>,
        file: usize,
    }

    fn any_span() -> impl Strategy<Value = Made> {
        (
            0usize..2,
            option::weighted(0.8, any::<usize>()),
            0u8..3,
            option::of(0u8..3),
            option::of(0u8..3),
            option::weighted(0.3, 0u8..3),
            0usize..3,
        )
            .prop_map(|(trace, parent, role, tenant, squad, response, file)| Made {
                trace,
                parent,
                role,
                tenant,
                squad,
                response,
                file,
            })
    }

    fn attribute(key: &str, value: &str) -> Value {
        json!({"key": key, "value": {"stringValue": value}})
    }

    fn line(spans: &[Made], at: usize) -> String {
        let span = &spans[at];
        let mut attributes = Vec::new();
        if span.role > 0 {
            let operation = if span.role == 1 { "chat" } else { "invoke_agent" };
            let model = ["gpt-4o", "gpt-5-mini"][at % 2];
            attributes.extend([
                attribute("gen_ai.operation.name", operation),
                attribute("gen_ai.provider.name", "openai"),
                attribute("gen_ai.request.model", model),
            ]);
            attributes.push(
                json!({"key": "gen_ai.usage.input_tokens", "value": {"intValue": (1_000 + at * 10).to_string()}}),
            );
            attributes.push(json!({"key": "gen_ai.usage.output_tokens", "value": {"intValue": "100"}}));
            attributes.extend(span.response.map(|id| attribute("gen_ai.response.id", &format!("chatcmpl-{id}"))));
        }
        attributes.extend(span.tenant.map(|tenant| attribute("tenant", &format!("tenant {tenant}"))));
        attributes.extend(span.squad.map(|squad| attribute("squad", &format!("squad {squad}"))));
        let parent = span
            .parent
            .map(|parent| parent % spans.len())
            .filter(|parent| *parent < at && spans[*parent].trace == span.trace);
        let start = 1_790_812_800_000_000_000u64 + at as u64 * 1_000_000;
        let end = 1_790_812_900_000_000_000u64 - at as u64 * 1_000_000;
        let mut json = json!({
            "traceId": format!("{:032x}", span.trace + 1), "spanId": format!("{:016x}", at + 1), "name": "work",
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(), "attributes": attributes,
        });
        if let Some(parent) = parent {
            json["parentSpanId"] = format!("{:016x}", parent + 1).into();
        }
        json!({"resourceSpans": [{"scopeSpans": [{"spans": [json]}]}]}).to_string()
    }

    fn files(spans: &[Made]) -> Vec<String> {
        let file = |wanted: usize| {
            let own = (0..spans.len()).filter(|at| spans[*at].file == wanted);
            own.map(|at| line(spans, at) + "\n").collect::<String>()
        };
        (0..3).map(file).filter(|file| !file.is_empty()).collect()
    }

    fn answers(book: &Book) -> Vec<Sums> {
        let mut answers = vec![by(&book.store, &["tenant", "model"]), by(&book.store, &["trace"])];
        if book.store.keys().unwrap().iter().any(|key| key == "squad") {
            answers.push(by(&book.store, &["squad"]));
        }
        answers
    }

    proptest! {
        #![proptest_config(cases(64))]

        /// Whichever file comes first, the same spans are billed, for the same tenants.
        #[test]
        fn the_order_of_files_does_not_matter(spans in vec(any_span(), 1..14), again in any::<bool>()) {
            let files = files(&spans);
            let mut book = book();
            let whole: String = files.concat();
            import_text(&mut book, "whole.jsonl", &whole);
            let wanted = answers(&book);
            assert_sound(&book.store);
            let orders: &[&[usize]] = match files.len() {
                1 => &[&[0]],
                2 => &[&[0, 1], &[1, 0]],
                _ => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
            };
            for order in orders {
                let mut book = crate::world::book();
                for at in *order {
                    import_text(&mut book, "part.jsonl", &files[*at]);
                    assert_sound(&book.store);
                }
                prop_assert_eq!(&answers(&book), &wanted, "order {:?}", order);
                if again {
                    import_text(&mut book, "again.jsonl", &whole);
                    prop_assert_eq!(&answers(&book), &wanted, "order {:?}, then all again", order);
                    assert_sound(&book.store);
                }
                book.store.rebuild().unwrap();
                prop_assert_eq!(&answers(&book), &wanted, "order {:?}, rebuilt", order);
            }
        }

        /// Taking the last file out again leaves what was there before it, dimension by dimension.
        #[test]
        fn an_undone_file_leaves_no_trace(spans in vec(any_span(), 1..14), more in any_span()) {
            let files = files(&spans);
            let mut book = book();
            let mut before = vec![answers(&book)];
            let mut ids = Vec::new();
            for file in &files {
                ids.push(import_text(&mut book, "part.jsonl", file).imported.id);
                before.push(answers(&book));
            }
            while let Some(id) = ids.pop() {
                before.pop();
                book.store.undo_import(id).unwrap().unwrap();
                assert_sound(&book.store);
                prop_assert_eq!(&answers(&book), before.last().unwrap(), "after undoing {}", id);
                // A stranger's file in between must not disturb it.
                let other = import_text(&mut book, "other.jsonl", line(&[Made { trace: 9, ..more.clone() }], 0)).imported.id;
                assert_sound(&book.store);
                book.store.undo_import(other).unwrap().unwrap();
                prop_assert_eq!(&answers(&book), before.last().unwrap(), "after a stranger's file");
            }
        }
    }

    fn made(parent: Option<usize>, role: u8) -> Made {
        Made { trace: 0, parent, role, tenant: None, squad: None, response: None, file: 0 }
    }

    /// An agent's own usage is billed until its calls come, and again when they go; a later import changes nothing.
    #[test]
    fn a_rollup_that_returns_is_counted_once() {
        let mut spans = vec![made(None, 2)];
        spans.extend((1..10).map(|_| made(None, 1)));
        let mut book = book();
        let first: String = (0..10).map(|at| line(&spans, at) + "\n").collect();
        import_text(&mut book, "first.jsonl", &first);
        let before = total(&book.store);
        assert_eq!(before.calls, 10);
        spans.push(made(Some(0), 1));
        let second = import_text(&mut book, "second.jsonl", line(&spans, 10)).imported;
        assert_eq!((second.new, second.earlier_rollups), (1, 1));
        assert_eq!(total(&book.store).calls, 10);
        assert_sound(&book.store);
        let undone = book.store.undo_import(second.id).unwrap().unwrap();
        assert_eq!((undone.calls, undone.released), (1, 1));
        assert_eq!(total(&book.store), before);
        assert_sound(&book.store);
        let stranger = Rec {
            n: 1,
            has_id: true,
            minute: 0,
            model: 1,
            feature: None,
            tenant: None,
            squad: None,
            run: None,
            status: 0,
            input: 10,
            cached: 0,
            output: 1,
        };
        let third = import_text(&mut book, "third.jsonl", jsonl([&stranger])).imported;
        let mut wanted = before;
        wanted.add(&third.total);
        assert_eq!(total(&book.store), wanted);
        assert_sound(&book.store);
    }

    /// Of two spans with one response id the deeper is billed, also when it becomes the deeper later.
    #[test]
    fn a_call_that_comes_back_is_in_the_answers() {
        let with = |parent: Option<usize>, role: u8| Made { response: Some(1), ..made(parent, role) };
        // 0 > 1 > 2 > 3 (a call), 4 > 5 (the same call).
        let spans =
            vec![made(None, 0), made(Some(0), 0), made(Some(1), 0), with(Some(2), 1), made(None, 0), with(Some(4), 1)];
        let mut book = book();
        for order in [&[3][..], &[4, 5], &[0, 1, 2]] {
            let file: String = order.iter().map(|at| line(&spans, *at) + "\n").collect();
            import_text(&mut book, "part.jsonl", file);
            assert_eq!(total(&book.store).calls, 1, "after {order:?}");
            assert_sound(&book.store);
        }
    }

    /// A failed attempt below does not take the place of the usage above it.
    #[test]
    fn what_has_no_usage_stands_for_nothing() {
        let spans = [made(None, 1), made(Some(0), 1)];
        let failed = line(&spans, 1).replace("gen_ai.usage.", "left.out.");
        let mut book = book();
        import_text(&mut book, "retry.jsonl", line(&spans, 0) + "\n" + &failed);
        assert_eq!(total(&book.store).calls, 2, "the usage above, and a call of unknown usage");
        import_text(&mut book, "more.jsonl", line(&[made(None, 1), made(None, 1), made(Some(0), 1)], 2));
        assert_eq!(total(&book.store).calls, 2, "a call with usage stands for it");
        assert_sound(&book.store);
    }

    /// What the user sets for a file stands above whatever its traces say.
    #[test]
    fn a_set_value_is_not_inherited_away() {
        let spans = [Made { tenant: Some(1), squad: Some(1), ..made(None, 0) }, made(Some(0), 1)];
        let file = line(&spans, 0) + "\n" + &line(&spans, 1);
        let mut book = book();
        let how =
            How { set: vec![("tenant".into(), "mine".into()), ("squad".into(), "mine".into())], ..How::default() };
        import_text_how(&mut book, "set.jsonl", file, how);
        for axis in ["tenant", "squad"] {
            let keys: Vec<_> = by(&book.store, &[axis]).into_keys().collect();
            assert_eq!(keys, [[Some("mine".to_string())]], "{axis}");
        }
    }

    /// Parents in a circle: neither span may swallow the other.
    #[test]
    fn a_circle_of_parents_loses_no_call() {
        let spans = vec![made(None, 1), made(None, 0), made(Some(0), 1)];
        // Both calls of one model, one within the other, each named as the other's parent.
        let circle =
            line(&spans, 0).replace("\"name\":\"work\"", "\"name\":\"work\",\"parentSpanId\":\"0000000000000003\"");
        assert!(circle.contains("parentSpanId"), "{circle}");
        let mut book = book();
        import_text(&mut book, "circle.jsonl", circle + "\n" + &line(&spans, 2));
        assert!(total(&book.store).calls >= 1, "both calls are gone");
        assert_sound(&book.store);
    }

    /// Ids of any length name a span.
    #[test]
    fn a_span_of_a_very_long_id_counts_once() {
        let spans = vec![made(None, 1)];
        let file = line(&spans, 0).replace("0000000000000001\"", &format!("{}\"", "x".repeat(400)));
        let mut book = book();
        import_text(&mut book, "long.jsonl", &file);
        assert_sound(&book.store);
        import_text(&mut book, "long.jsonl", &file);
        assert_eq!(total(&book.store).calls, 1);
        assert_sound(&book.store);
    }
}
