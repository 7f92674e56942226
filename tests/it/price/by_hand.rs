//! A second reading of a table, to compare the room with: from top to bottom, through what a table shows of itself.
//! No index, no order, no cache; a window is unrolled into the spans of real days.

use attr::domain::call::CACHE_STORAGE;
use attr::price::{Override, Region, Seller, Terms, Tool, ToolUnit};
use chrono::{Datelike, Days, NaiveDate};

use super::*;

/// A call, understood: nothing is left to look up by name.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) table: &'a Table,
    pub(super) model: &'a Model,
    pub(super) mode: Mode,
    pub(super) ts: Timestamp,
    pub(super) region: &'a str,
    pub(super) tokens: &'a Tokens,
    pub(super) tools: &'a [(&'a str, u64)],
}

/// What a call costs as agreed and by list, in units of 1e-18 dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) net: i128,
    pub(super) list: i128,
}

/// The first instant of a row.
pub(super) fn start(row: &Price) -> i64 {
    if row.since_launch { i64::MIN } else { row.from.unwrap().0 }
}

/// Of the rows that have started, those that started last; of these the one of the prompt's band.
fn latest<'a>(rows: &[&'a Price], ts: Timestamp, prompt: u64) -> Option<&'a Price> {
    let started = || rows.iter().copied().filter(|row| start(row) <= ts.0);
    let latest = started().map(start).max()?;
    started()
        .find(|row| start(row) == latest && row.prompt_min <= prompt && row.prompt_max.is_none_or(|max| prompt <= max))
}

/// Tells whether a window is open; `None` where nobody has listed the day's holidays yet.
fn is_open(seller: &Seller, id: &str, ts: Timestamp) -> Option<bool> {
    let hours = seller.hours.iter().find(|hours| hours.id == id).unwrap();
    let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() * NANOS;
    let today = ts.utc().date_naive();
    let mut unknown = false;
    for day in [today - Days::new(1), today] {
        for (opens, closes) in &hours.spans {
            let next = if closes > opens { day } else { day + Days::new(1) };
            let from = midnight(day) + i64::from(*opens) * NANOS;
            let to = midnight(next) + i64::from(*closes) * NANOS;
            if !(from..to).contains(&ts.0) || !hours.days[day.weekday().num_days_from_monday() as usize] {
                continue;
            }
            let Some(except) = &hours.except else { return Some(true) };
            let holidays = seller.holidays.iter().find(|holidays| holidays.id == *except).unwrap();
            if day > holidays.covers_through {
                unknown = true;
            } else if !holidays.dates.contains(&day) {
                return Some(true);
            }
        }
    }
    if unknown { None } else { Some(false) }
}

/// Finds the row that prices a prompt.
pub(super) fn row<'a>(
    table: &Table,
    model: &'a Model,
    mode: Mode,
    ts: Timestamp,
    prompt: u64,
) -> Result<&'a Price, Unpriced> {
    let seller = table.sellers().find(|seller| seller.id == model.seller).unwrap();
    let live: Vec<&Price> = model.prices.iter().filter(|row| row.mode == mode && row.withdrawn.is_none()).collect();
    let of = |window: Option<&str>| -> Vec<&Price> {
        live.iter().copied().filter(|row| row.window.as_deref() == window).collect()
    };
    let always = of(None);
    if always.is_empty() {
        return Err(Unpriced::ModeNotSold);
    }
    for id in live.iter().filter_map(|row| row.window.as_deref()).collect::<BTreeSet<_>>() {
        let Some(row) = latest(&of(Some(id)), ts, prompt).filter(|row| row.rates().next().is_some()) else { continue };
        match is_open(seller, id, ts) {
            Some(true) => return Ok(row),
            Some(false) => {}
            None => return Err(Unpriced::NoPriceAtTime),
        }
    }
    let row = latest(&always, ts, prompt).ok_or(Unpriced::NoPriceAtTime)?;
    if row.rates().next().is_none() { Err(Unpriced::ModeNotSold) } else { Ok(row) }
}

/// The price of a class in picodollars for a million tokens, its own or the one it falls back to.
pub(super) fn rate(row: &Price, class: Class) -> Option<i128> {
    let printed = |class| row.rates().find(|(sold, _)| *sold == class).map(|(_, rate)| pico(&rate));
    printed(class).or_else(|| printed(row.fallbacks().find(|(missing, _)| *missing == class)?.1))
}

fn agreed_rate(row: &Price, rates: &[Option<i64>], class: Class) -> Option<i128> {
    let billed_as = row.fallbacks().find(|(missing, _)| *missing == class).map(|(_, other)| other);
    rates[class as usize].or_else(|| rates[billed_as? as usize]).map(i128::from)
}

fn multiplier(seller: &Seller, model: &Model, region: &str, ts: Timestamp) -> i128 {
    let region = region.to_lowercase();
    let holds = |rule: &&Region| {
        !region.is_empty()
            && rule.regions.contains(&region) != rule.is_exclusion
            && rule.from.is_none_or(|from| from <= ts)
            && rule.models_released_from.is_none_or(|from| model.released.unwrap() >= from)
            && rule.models.as_ref().is_none_or(|ids| ids.contains(&model.id))
    };
    seller.regions.iter().filter(holds).max_by_key(|rule| rule.from).map_or(ONE_PICO, |rule| pico(&rule.mult))
}

/// One, in units of 1e-12.
const ONE_PICO: i128 = 1_000_000_000_000;

/// What was agreed: what names the model, else what is for the whole seller.
fn agreed<'a>(call: &Call<'a>, is_meant: impl Fn(&Override) -> bool) -> Option<&'a Override> {
    let holds = |deal: &&Override| {
        is_meant(deal)
            && deal.seller == call.model.seller
            && deal.models.as_ref().is_none_or(|ids| ids.contains(&call.model.id))
            && deal.modes.as_ref().is_none_or(|modes| modes.contains(&call.mode))
            && deal.from.is_none_or(|from| from <= call.ts)
            && deal.to.is_none_or(|to| call.ts < to)
    };
    let all: Vec<&Override> = call.table.overrides().filter(holds).collect();
    let named = all.iter().copied().filter(|deal| deal.models.is_some()).collect::<Vec<_>>();
    let chosen = if named.is_empty() { all } else { named };
    assert!(chosen.len() <= 1, "two overrides of one rank hold at {}", call.ts);
    chosen.first().copied()
}

fn paid(list: i128, deal: Option<&Override>) -> i128 {
    match deal.map(|deal| &deal.terms) {
        Some(Terms::Discount { text, .. }) => half_even(list * ((ONE_PICO - pico(text)) / 1_000_000), 1_000_000),
        _ => list,
    }
}

fn fee<'a>(seller: &'a Seller, model: &Model, id: &str, ts: Timestamp) -> Option<&'a Tool> {
    let started = |tool: &&Tool| tool.id == id && tool.from.is_none_or(|from| from <= ts);
    let own = |tool: &&Tool| tool.models.as_ref().is_some_and(|ids| ids.contains(&model.id));
    let own = seller.tools.iter().filter(started).filter(own).max_by_key(|tool| tool.from);
    own.or_else(|| seller.tools.iter().filter(started).filter(|tool| tool.models.is_none()).max_by_key(|t| t.from))
}

/// Adds up a call.
pub(super) fn cost(call: &Call<'_>) -> Result<Cost, Unpriced> {
    let seller = call.table.sellers().find(|seller| seller.id == call.model.seller).unwrap();
    let row = row(call.table, call.model, call.mode, call.ts, call.tokens.prompt())?;
    let (mut net, mut list) = (0, 0);
    let deal = agreed(call, |deal| deal.tokens);
    for (class, count) in call.tokens.iter() {
        let rate = rate(row, class).ok_or(Unpriced::ClassNotSold)?;
        let product = i128::from(count) * rate * (multiplier(seller, call.model, call.region, call.ts) / 1_000_000);
        assert_eq!(product % 1_000_000, 0, "a multiplied rate is finer than 1e-12");
        list += product / 1_000_000;
        net += match deal.map(|deal| &deal.terms) {
            // A class that bills as another bills at what was agreed for that.
            Some(Terms::Rates(rates)) if agreed_rate(row, rates, class).is_some() => {
                i128::from(count) * agreed_rate(row, rates, class).unwrap()
            }
            _ => paid(product / 1_000_000, deal),
        };
    }
    let deal = agreed(call, |deal| deal.tools);
    for (id, uses) in call.tools.iter().filter(|(_, uses)| *uses > 0) {
        let tool = fee(seller, call.model, id, call.ts).ok_or(Unpriced::ToolFeeUnknown)?;
        let amount = match tool.per {
            ToolUnit::Use => pico(&tool.usd()) * i128::from(*uses) * 1_000,
            ToolUnit::Call => pico(&tool.usd()) * 1_000,
            ToolUnit::TokenSecond => half_even(pico(&tool.usd()) * i128::from(*uses), 3_600),
        };
        assert_eq!(tool.per == ToolUnit::TokenSecond, *id == CACHE_STORAGE);
        list += amount;
        net += paid(amount, deal);
    }
    Ok(Cost { net, list })
}

/// Asks the table and the listing about one call, compares every figure, and returns the cost.
pub(super) fn compare(call: &Call<'_>) -> Result<Usd, Unpriced> {
    let Call { table, model, mode, ts, region, tokens, tools } = *call;
    let asked = Request {
        provider: Some(&model.seller),
        model: Some(&model.id),
        tier: Some(mode.name()),
        region: Some(region),
    };
    let said = || format!("{}/{} {mode} at {ts} in `{region}`: {tokens:?} {tools:?}", model.seller, model.id);
    // A seller may list the model apart for the region.
    let apart = format!("{}/{}/{}", model.seller, region.to_lowercase(), model.id);
    let model = match table.find_model(Some(&model.seller), &apart) {
        Ok(apart) if !region.is_empty() => apart,
        _ => model,
    };
    let expected = cost(&Call { model, ..*call });
    let plan = match table.resolve(&asked) {
        Ok(plan) => plan,
        Err(reason) => {
            assert_eq!(Err(reason), expected.map(|_| ()), "{}", said());
            return Err(reason);
        }
    };
    let (bill, priced) =
        (plan.itemise(ts, tokens, tools.iter().copied()), plan.price(ts, tokens, tools.iter().copied()));
    // What a stored call cannot hold is refused, by list as well as by what was agreed.
    let holds = |atto: i128| Usd::from_atto(atto).call_pico().is_some();
    let expected = expected
        .and_then(|cost| if holds(cost.net) && holds(cost.list) { Ok(cost) } else { Err(Unpriced::UsageInconsistent) });
    let figures =
        expected.map(|Cost { net, list }| (Usd::from_pico(half_even(net, 1_000_000)), half_even(list, 1_000_000)));
    assert_eq!(priced.map(|priced| (priced.cost, priced.list.pico())), figures, "{}", said());
    let bill = bill.map_err(|reason| assert_eq!(Err(reason), figures.map(|_| ()), "{}", said()));
    let Ok(bill) = bill else { return Err(expected.unwrap_err()) };
    assert_eq!(Ok((bill.cost, bill.list.unwrap_or(bill.cost).pico())), figures, "{}", said());
    assert_eq!(sums(&bill), expected.unwrap(), "the items of {}", said());
    if tokens.iter().next().is_some() {
        let row = row(table, model, mode, ts, tokens.prompt()).unwrap();
        assert_eq!(bill.items[0].price_row, format!("{}/{}/{}", model.seller, model.id, row.key()), "{}", said());
    }
    Ok(bill.cost)
}

/// Adds up the items of a bill as they are printed.
pub(super) fn sums(bill: &Bill) -> Cost {
    let atto = |text: &str| match parse_scaled(text, 18).unwrap() {
        (atto, true) => atto,
        (_, false) => panic!("an item is finer than 1e-18: {text}"),
    };
    let net = bill.items.iter().map(|item| atto(&item.usd)).sum();
    let list = bill.items.iter().map(|item| atto(item.list_usd.as_ref().unwrap_or(&item.usd))).sum();
    Cost { net, list }
}
