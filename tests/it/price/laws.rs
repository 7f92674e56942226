//! Laws made from the tables themselves: at every edge of time and size, whatever the rows, the room agrees with the
//! plain reading of `by_hand`. The built-in table is read, the same with overrides, and a workshop that uses everything.

use attr::domain::call::CACHE_STORAGE;

use super::by_hand::{Call, compare};
use super::*;

/// The tables that the laws are held against.
fn tables() -> Vec<&'static Table> {
    static MORE: std::sync::OnceLock<[Table; 2]> = std::sync::OnceLock::new();
    let more = MORE.get_or_init(|| [with(WORKSHOP, WORKSHOP_DEALS).unwrap(), table(WORKSHOP)]);
    std::iter::once(builtin()).chain(more).collect()
}

/// Every model of a table in every mode it has rows for.
fn sold_in(table: &Table) -> Vec<(&Model, Mode)> {
    let modes = |model| Mode::ALL.into_iter().map(move |mode| (model, mode));
    let sold = |(model, mode): &(&Model, Mode)| model.prices.iter().any(|row| row.mode == *mode);
    table.models().flat_map(modes).filter(sold).collect()
}

/// Every model of the built-in table in every mode it has rows for.
pub(super) fn sold() -> Vec<(&'static Model, Mode)> {
    sold_in(builtin())
}

/// Prices a prompt of plain input, and then everything at once: each class and tool that is sold, in every region.
fn check(table: &Table, model: &Model, mode: Mode, ts: Timestamp, prompt: u64) {
    let plain = tokens(&[(Input, prompt), (Output, 7)]);
    let call = Call { table, model, mode, ts, region: "", tokens: &plain, tools: &[] };
    let _ = compare(&call);
    let Ok(row) = by_hand::row(table, model, mode, ts, prompt) else { return };
    let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
    // The same size of prompt out of every class that is sold.
    let mut all = Tokens::default();
    let classes = Class::ALL.into_iter().filter(|class| by_hand::rate(row, *class).is_some()).collect::<Vec<_>>();
    let inputs: Vec<Class> = classes.iter().copied().filter(|class| class.is_prompt()).collect();
    for (n, class) in inputs.iter().enumerate() {
        let share = prompt / inputs.len() as u64;
        all.set(*class, if n == 0 { prompt - share * (inputs.len() as u64 - 1) } else { share });
    }
    classes.iter().filter(|class| !class.is_prompt()).for_each(|class| all.set(*class, 101));
    let mut tools: Vec<(&str, u64)> = seller.tools.iter().map(|tool| (tool.id.as_str(), 3)).collect();
    tools.dedup();
    let fee = |id: &str| {
        let one = [(id, 1)];
        compare(&Call { tools: &one, ..call }).is_ok()
    };
    tools.retain(|(id, _)| *id != CACHE_STORAGE && fee(id));
    if fee(CACHE_STORAGE) {
        tools.push((CACHE_STORAGE, 1_234_567_891));
    }
    let named = seller.regions.iter().flat_map(|rule| rule.regions.iter().map(String::as_str));
    for region in named.chain(["", "global", "GLOBAL", "nowhere"]) {
        let asked = compare(&Call { region, tokens: &all, tools: &tools, ..call });
        // What is listed apart for a region need not sell the same.
        let apart = format!("{}/{}/{}", model.seller, region.to_lowercase(), model.id);
        if region.is_empty() || table.find_model(Some(&model.seller), &apart).is_err() {
            asked.unwrap_or_else(|reason| {
                panic!("{}/{} {mode} at {ts}: {reason:?} for what its row sells", model.seller, model.id)
            });
        }
    }
}

/// A second and a nanosecond before an instant, the instant, a second after it.
fn around(ts: Timestamp) -> impl Iterator<Item = Timestamp> {
    [-NANOS, -1, 0, NANOS].into_iter().map(move |step| Timestamp(ts.0 + step))
}

/// The last and first sizes of a model's bands, and one in the first band.
fn sizes(model: &Model, mode: Mode) -> BTreeSet<u64> {
    let edges = model.prices.iter().filter(|row| row.mode == mode).filter_map(|row| row.prompt_max);
    edges.flat_map(|max| [max, max + 1]).chain([100]).collect()
}

#[test]
fn every_start_is_exact_to_the_second() {
    let mut starts = 0;
    for table in tables() {
        for (model, mode) in sold_in(table) {
            for from in model.prices.iter().filter(|row| row.mode == mode).filter_map(|row| row.from) {
                around(from).for_each(|ts| check(table, model, mode, ts, 1_000));
                starts += 1;
            }
        }
    }
    assert!(starts > 300, "only {starts} starts were found");
}

#[test]
fn every_cliff_falls_between_its_size_and_the_next() {
    let mut cliffs = 0;
    for table in tables() {
        for (model, mode) in sold_in(table) {
            for row in model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none()) {
                let Some(max) = row.prompt_max else { continue };
                let ts = row.from.unwrap_or(at("2026-11-20"));
                (max - 1..=max + 1).for_each(|prompt| check(table, model, mode, ts, prompt));
                cliffs += 1;
                // The row ends there and another one starts, or nothing is sold: in no window is it the same.
                let found = |prompt| by_hand::row(table, model, mode, ts, prompt).ok();
                if row.window.is_none() && found(max).is_some_and(|found| std::ptr::eq(found, row)) {
                    assert!(found(max + 1).is_none_or(|over| !std::ptr::eq(over, row)), "{} {}", model.id, row.key());
                }
            }
        }
    }
    assert!(cliffs > 80, "only {cliffs} cliffs were found");
}

#[test]
fn every_rule_of_a_seller_starts_to_the_second() {
    let mut edges = 0;
    for table in tables() {
        for (model, mode) in sold_in(table) {
            let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
            let regions = seller.regions.iter().filter_map(|rule| rule.from);
            let tools = seller.tools.iter().filter_map(|tool| tool.from);
            let deals = table.overrides().flat_map(|deal| [deal.from, deal.to]).flatten();
            for edge in regions.chain(tools).chain(deals).collect::<BTreeSet<_>>() {
                around(edge).for_each(|ts| check(table, model, mode, ts, 1_000));
                edges += 1;
            }
        }
    }
    assert!(edges > 300, "only {edges} edges were found");
}

#[test]
fn every_alias_moves_to_the_second() {
    let (mut moves, call) = (0, tokens(&[(Input, 1_000), (Output, 10)]));
    for table in tables() {
        for seller in table.sellers() {
            for alias in &seller.aliases {
                for edge in alias.moves.iter().map(|step| step.from).filter(|from| from.0 > i64::MIN) {
                    for (ts, name) in around(edge).flat_map(|ts| alias.names.iter().map(move |name| (ts, name))) {
                        let meant = alias.moves.iter().filter(|step| step.from <= ts).max_by_key(|step| step.from);
                        let price = |name: &str| {
                            let request =
                                Request { provider: Some(&seller.id), model: Some(name), ..Request::default() };
                            table.resolve(&request).and_then(|plan| plan.itemise(ts, &call, []))
                        };
                        let expected = meant.map_or(Err(Unpriced::NoPriceAtTime), |step| price(&step.model));
                        assert_eq!(price(name), expected, "{name} at {ts}");
                        moves += 1;
                    }
                }
            }
        }
    }
    assert!(moves > 60, "only {moves} moves were found");
}

/// The days at which a model's hours may differ: a week from each start of a row, each holiday with its neighbours,
/// the last day that is known with its neighbours.
fn days(table: &Table, model: &Model) -> BTreeSet<i64> {
    const DAY: i64 = 86_400 * NANOS;
    let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
    let starts = model.prices.iter().filter(|row| row.window.is_some()).filter_map(|row| row.from);
    let weeks = starts.flat_map(|from| (0..8).map(move |day| from.0.div_euclid(DAY) + day));
    let dates = seller.holidays.iter().flat_map(|days| days.dates.iter().chain([&days.covers_through]));
    let dates = dates.map(|date| date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() / 86_400);
    let around = dates.flat_map(|day| day - 1..=day + 2);
    weeks.chain(around).map(|day| day * DAY).collect()
}

#[test]
fn every_window_opens_and_closes_to_the_second_on_every_kind_of_day() {
    let mut edges = 0;
    // The workshop with its deals is compared by list, too: once is enough.
    for table in tables().into_iter().take(2) {
        for (model, mode) in sold_in(table) {
            if !model.prices.iter().any(|row| row.mode == mode && row.window.is_some()) {
                continue;
            }
            let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
            let clocks = seller.hours.iter().flat_map(|hours| hours.spans.iter().flat_map(|(from, to)| [*from, *to]));
            let clocks: BTreeSet<u32> = clocks.chain([0]).collect();
            for (day, clock) in
                days(table, model).into_iter().flat_map(|day| clocks.iter().map(move |clock| (day, *clock)))
            {
                for ts in around(Timestamp(day + i64::from(clock) * NANOS)) {
                    sizes(model, mode).into_iter().for_each(|prompt| check(table, model, mode, ts, prompt));
                }
                edges += 1;
            }
        }
    }
    assert!(edges > 500, "only {edges} edges were found");
}

#[test]
fn a_table_as_it_stood_on_a_day_obeys_the_same_laws() {
    let mut days = 0;
    for table in tables() {
        let known = table.models().flat_map(|model| model.prices.iter().flat_map(|row| [row.known, row.withdrawn]));
        for edge in known.flatten().collect::<BTreeSet<_>>() {
            for then in [Timestamp(edge.0 - 1), edge].map(|day| table.known_on(day)) {
                // Where no row was announced or withdrawn the other laws have said all.
                let touched = |id: &str, seller: &str| {
                    let same = table.models().find(|model| model.id == id && model.seller == seller).unwrap();
                    same.prices.iter().any(|row| row.known.or(row.withdrawn).is_some())
                };
                for (model, mode) in sold_in(&then).into_iter().filter(|(model, _)| touched(&model.id, &model.seller)) {
                    let rows = model.prices.iter().filter(|row| row.mode == mode);
                    for from in rows.filter_map(|row| row.from).collect::<Vec<_>>() {
                        around(from).for_each(|ts| check(&then, model, mode, ts, 1_000));
                    }
                }
                days += 1;
            }
        }
    }
    assert!(days > 4, "only {days} days were found");
}

proptest! {
    #[test]
    fn a_price_is_the_sum_of_listed_rates(
        which in 0..3usize,
        pick in any::<prop::sample::Index>(),
        counts in prop::collection::vec(prop_oneof![0..3u64, 0..400_000u64, 0..MAX_TOKENS / 1_000], 14),
        seconds in 0..110_000_000i64,
        place in any::<prop::sample::Index>(),
        uses in prop::collection::vec(0..9u64, 8),
        kept in 0..1_000_000_000_000u64,
    ) {
        let table = tables()[which];
        let sold = sold_in(table);
        let (model, mode) = sold[pick.index(sold.len())];
        let ts = Timestamp(at("2024-01-01").0 + seconds * NANOS);
        let prompt: u64 = Class::ALL.iter().zip(&counts).filter(|(c, _)| c.is_prompt()).map(|(_, n)| n).sum();
        // What is not sold is left out, though a call with it must agree too.
        let row = by_hand::row(table, model, mode, ts, prompt);
        let mut some = Tokens::default();
        let mut all = Tokens::default();
        for (class, count) in Class::ALL.iter().zip(&counts) {
            all.set(*class, *count);
            if row.is_ok_and(|row| by_hand::rate(row, *class).is_some()) {
                some.set(*class, *count);
            }
        }
        let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
        let fees = seller.tools.iter().zip(&uses).map(|(tool, uses)| {
            (tool.id.as_str(), if tool.id == CACHE_STORAGE { kept } else { *uses })
        });
        let tools: Vec<(&str, u64)> = fees.collect();
        let regions: Vec<&str> =
            seller.regions.iter().flat_map(|rule| rule.regions.iter().map(String::as_str)).chain(["", "mars"]).collect();
        let region = regions[place.index(regions.len())];
        for tokens in [&some, &all] {
            for tools in [&tools[..], &[]] {
                let _ = compare(&Call { table, model, mode, ts, region, tokens, tools });
            }
        }
    }

    #[test]
    fn a_discount_never_costs_more_than_the_list(
        pick in any::<prop::sample::Index>(),
        discounts in prop::collection::vec(1..=10_000u32, 3),
        input in 0..MAX_TOKENS / 1_000,
        output in 0..1_000_000u64,
        seconds in 0..110_000_000i64,
    ) {
        let sold = sold();
        let (model, mode) = sold[pick.index(sold.len())];
        let off = |n: usize| format!("{}.{:04}", discounts[n] / 10_000, discounts[n] % 10_000);
        let (seller, id) = (&model.seller, &model.id);
        let text = format!(
            "seller = \"{seller}\"\n[[override]]\ndiscount = \"{}\"\nto = 2026-01-01\n\
             [[override]]\ndiscount = \"{}\"\nfrom = 2026-01-01\napplies = [\"tokens\", \"tools\"]\n\
             [[override]]\nmodels = [\"{id}\"]\nmodes = [\"{mode}\"]\ndiscount = \"{}\"\nfrom = 2026-06-01\n",
            off(0), off(1), off(2),
        );
        let mark = format!("\nseller = \"{seller}\"\n");
        let list = builtin().text().split("#@ file ").find(|file| file.contains(&mark)).unwrap().split_once('\n').unwrap().1;
        // A discount that leaves a price without a last digit is refused; that is another test's business.
        let Ok(table) = with(list, &text) else { return Ok(()) };
        let model = table.models().find(|known| known.seller == *seller && known.id == *id).unwrap();
        let ts = Timestamp(at("2024-01-01").0 + seconds * NANOS);
        let tokens = tokens(&[(Input, input), (Output, output)]);
        let call = Call { table: &table, model, mode, ts, region: "us", tokens: &tokens, tools: &[("web_search", 2)] };
        if compare(&call).is_ok() {
            let cost = by_hand::cost(&call).unwrap();
            prop_assert!(cost.net <= cost.list);
        }
    }
}
