//! Prices a batch: one name lookup per distinct combination, then plain sums.

use std::collections::HashMap;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Tokens;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::price::Plan;
use crate::price::Priced;
use crate::price::Request;
use crate::price::Table;
use crate::store::Batch;

/// What a price depends on besides time and counts.
const KEY: [Dim; 4] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region];

/// Prices every call of a batch; a call that cannot be priced gets its reason.
///
/// Where a log leaves open whether its input count contains the cached tokens and states a cost, the reading
/// within half a percent of that cost is taken (the others stay flagged).
pub fn price(table: &Table, batch: &mut Batch) {
    let mut plans: HashMap<([u32; 4], bool), Result<Plan<'_>, Unpriced>> = HashMap::new();
    let tools = batch.tools().to_vec();
    let open = batch.other_inputs().to_vec();
    let (mut tools, mut open) = (&tools[..], &open[..]);
    for row in 0..batch.len() {
        let used = tools.iter().take_while(|(at, _, _)| *at as usize == row).count();
        let uses;
        (uses, tools) = tools.split_at(used);
        let uses = || uses.iter().map(|(_, tool, n)| (tool.as_str(), *n));
        let readings = match open.first() {
            Some((at, readings)) if *at as usize == row => {
                open = &open[1..];
                Some(*readings)
            }
            _ => None,
        };
        if batch.flags(row).has(Flags::GATEWAY_CACHE_HIT) {
            batch.set_price(row, Ok((0, false)));
            continue;
        }
        if let Some(reason) = batch.unpriced(row).filter(|reason| lies_in_record(*reason)) {
            batch.set_price(row, Err(reason));
            continue;
        }
        let geo = batch.flags(row).has(Flags::GEO_STATED);
        let plan = plans
            .entry((batch.codes(row, KEY), geo))
            .or_insert_with(|| table.resolve(&request(batch.flags(row), |dim| batch.dim(row, dim))));
        let ts = batch.ts(row);
        let price = |tokens: &Tokens| plan.as_ref().map_err(|reason| *reason)?.price(ts, tokens, uses());
        let mut tokens = batch.tokens(row);
        if let (Some(readings), Some(logged)) = (readings, batch.logged_cost(row))
            && let Some(input) = settled(&mut tokens, readings, logged, &price)
        {
            batch.settle_input(row, input);
        }
        let priced = price(&tokens).and_then(|Priced { cost, fallback, .. }| {
            cost.call_pico().map(|pico| (pico, fallback)).ok_or(Unpriced::UsageInconsistent)
        });
        batch.set_price(row, priced);
    }
}

/// Returns what a call's price depends on; a region counts only where a provider's own field states it.
pub(super) fn request<'c>(flags: Flags, dim: impl Fn(Dim) -> Option<&'c str>) -> Request<'c> {
    let [provider, model, tier, region] = KEY.map(dim);
    Request { provider, model, tier, region: region.filter(|_| flags.has(Flags::GEO_STATED)) }
}

/// Tells whether a reason lies in the record itself: then it stands, whatever the table.
pub(super) fn lies_in_record(reason: Unpriced) -> bool {
    matches!(reason, Unpriced::UsageMissing | Unpriced::UsageInconsistent)
}

/// Returns the one input count whose price fits the logged cost, and leaves it in `tokens`; `None` if none or several do.
fn settled(
    tokens: &mut Tokens,
    others: [Option<u64>; 2],
    logged: Usd,
    price: &impl Fn(&Tokens) -> Result<Priced, Unpriced>,
) -> Option<u64> {
    let likeliest = tokens.get(Class::Input);
    let fits = |input: u64| {
        let mut reading = *tokens;
        reading.set(Class::Input, input);
        // Within 0.5 %: |cost - logged| * 200 <= logged.
        logged > Usd::ZERO
            && price(&reading).is_ok_and(|priced| (priced.cost - logged).pico().abs() * 200 <= logged.pico())
    };
    let mut fitting = [Some(likeliest), others[0], others[1]].into_iter().flatten().filter(|input| fits(*input));
    let input = fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    tokens.set(Class::Input, input);
    Some(input)
}
