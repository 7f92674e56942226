//! Prices batches: one name lookup per distinct combination, then plain sums.

use hashbrown::HashMap;

use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Tokens;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::price::Override;
use crate::price::Plan;
use crate::price::Priced;
use crate::price::Request;
use crate::price::Table;
use crate::store::Batch;
use crate::store::Repricing;
use crate::store::RowPrice;

/// What a price depends on besides time and counts.
const KEY: [Dim; 4] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region];

/// A price that is no further from a logged cost than this part of it fits: 0.5 %.
const WITHIN: i128 = 200;

/// A price that is no further from a logged cost than this part of it is the one that was logged.
const EXACTLY: i128 = 1_000_000;

/// Other terms than a call's own, for questions of what would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf {
    /// The moment whose prices hold for every call.
    pub prices_at: Option<Timestamp>,
    /// Models served in place of others.
    pub models: Vec<Swap>,
    /// The service mode in place of every call's own.
    pub mode: Option<String>,
}

/// A model served in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The name that calls have, or any name of the same model.
    pub from: String,
    /// The seller of the other model; `None` keeps the call's.
    pub seller: Option<String>,
    /// The other model.
    pub to: String,
}

/// Prices calls by a table; keeps what it has understood of names.
pub struct Pricer<'t> {
    table: &'t Table,
    what_if: WhatIf,
    plans: Vec<Result<Plan<'t>, Unpriced>>,
    known: HashMap<[Option<String>; KEY.len()], usize>,
    /// Which swaps some call has met.
    met: Vec<bool>,
}

impl<'t> Pricer<'t> {
    /// Prices calls as they were.
    pub fn new(table: &'t Table) -> Pricer<'t> {
        Pricer::what_if(table, WhatIf::default())
    }

    /// Prices calls on other terms.
    pub fn what_if(table: &'t Table, what_if: WhatIf) -> Pricer<'t> {
        let met = vec![false; what_if.models.len()];
        Pricer { table, what_if, plans: Vec::new(), known: HashMap::new(), met }
    }

    /// Returns the swaps of models that no call has met.
    pub fn unused_swaps(&self) -> impl Iterator<Item = &Swap> {
        self.what_if.models.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(swap, _)| swap)
    }

    /// Returns the overrides that no call has met.
    pub fn unused_overrides(&self) -> Vec<&'t Override> {
        let used: Vec<&Override> = self.plans.iter().flatten().flat_map(Plan::overrides).collect();
        self.table.overrides().filter(|deal| !used.iter().any(|used| std::ptr::eq(*used, *deal))).collect()
    }

    /// Returns the place of the plan for a row's combination.
    fn plan(&mut self, batch: &Batch, row: usize) -> usize {
        let asked = request(batch.flags(row), |dim| batch.dim(row, dim));
        let key = [asked.provider, asked.model, asked.tier, asked.region].map(|text| text.map(str::to_string));
        if let Some(place) = self.known.get(&key) {
            return *place;
        }
        let swap = self.what_if.swap(self.table, &asked);
        swap.iter().for_each(|at| self.met[*at] = true);
        self.plans.push(self.what_if.resolve(self.table, asked, swap));
        self.known.insert(key, self.plans.len() - 1);
        self.plans.len() - 1
    }
}

impl WhatIf {
    /// Returns the place of the swap that a combination meets: by its model's name, or another name of that.
    fn swap(&self, table: &Table, asked: &Request<'_>) -> Option<usize> {
        let name = asked.model.unwrap_or_default();
        let meant = |provider, name| table.find_model(provider, name).ok().map(|model| (&model.seller, &model.id));
        let own = (!self.models.is_empty()).then(|| meant(asked.provider, name)).flatten();
        self.models.iter().position(|swap| {
            swap.from.eq_ignore_ascii_case(name) || (own.is_some() && own == meant(asked.provider, &swap.from))
        })
    }

    /// Understands a combination on these terms.
    fn resolve<'t>(&self, table: &'t Table, asked: Request<'_>, swap: Option<usize>) -> Result<Plan<'t>, Unpriced> {
        let tier = self.mode.as_deref().or(asked.tier);
        let request = match swap.map(|at| &self.models[at]) {
            None => Request { tier, ..asked },
            Some(swap) => {
                Request { model: Some(&swap.to), provider: swap.seller.as_deref().or(asked.provider), tier, ..asked }
            }
        };
        table.resolve(&request)
    }
}

impl<'t> Pricer<'t> {
    /// Asks for the price of every call of a batch that the table has a say in, by the plan of its combination.
    pub(super) fn each(
        &mut self,
        batch: &mut Batch,
        mut ask: impl FnMut(Result<&Plan<'t>, Unpriced>, &mut Batch, usize) -> Result<RowPrice, Unpriced>,
    ) {
        let mut places: HashMap<([u32; KEY.len()], bool), usize> = HashMap::new();
        let mut last = None;
        for row in 0..batch.len() {
            let flags = batch.flags(row);
            if flags.has(Flags::GATEWAY_CACHE_HIT) {
                batch.set_price(row, Ok(RowPrice::default()));
                continue;
            }
            if let Some(reason) = batch.unpriced(row).filter(|reason| lies_in_record(*reason)) {
                batch.set_price(row, Err(reason));
                continue;
            }
            let key = (batch.codes(row, KEY), flags.has(Flags::GEO_STATED));
            let place = match last {
                Some((known, place)) if known == key => place,
                _ => match places.get(&key) {
                    Some(place) => *place,
                    None => {
                        let place = self.plan(batch, row);
                        places.insert(key, place);
                        place
                    }
                },
            };
            last = Some((key, place));
            let price = ask(self.plans[place].as_ref().map_err(|reason| *reason), batch, row);
            batch.set_price(row, price);
        }
    }
}

impl Repricing for Pricer<'_> {
    /// Prices every call of a batch; a call that cannot be priced gets its reason.
    ///
    /// Where a log leaves open whether its input count contains the cached tokens and states a cost, the reading
    /// within half a percent of that cost is taken (the others stay flagged).
    fn price(&mut self, batch: &mut Batch) {
        let prices_at = self.what_if.prices_at;
        let open = batch.other_inputs().to_vec();
        let mut open = &open[..];
        self.each(batch, |plan, batch, row| {
            let passed = open.iter().take_while(|(at, _)| (*at as usize) < row).count();
            open = &open[passed..];
            let readings = open.first().filter(|(at, _)| *at as usize == row).map(|(_, readings)| *readings);
            let ts = prices_at.unwrap_or_else(|| batch.ts(row));
            let mut tokens = batch.tokens(row);
            let price = |tokens: &Tokens| plan?.price(ts, tokens, batch.tools(row));
            let input = match (readings, batch.logged_cost(row)) {
                (Some(readings), Some(logged)) => settled(&mut tokens, readings, logged, &price),
                _ => None,
            };
            let priced = price(&tokens).and_then(row_price);
            if let Some(input) = input {
                batch.settle_input(row, input);
            }
            priced
        });
    }
}

pub(super) fn row_price(priced: Priced) -> Result<RowPrice, Unpriced> {
    match (priced.cost.call_pico(), priced.list.call_pico()) {
        (Some(cost), Some(list)) => Ok(RowPrice { cost, list, fallback: priced.fallback }),
        _ => Err(Unpriced::UsageInconsistent),
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

/// Returns the one input count whose price fits the logged cost, and leaves it in `tokens`; `None` if none or several
/// do. Few cache writes can move the price by less than the bound: then the one that hits the logged cost is taken.
fn settled(
    tokens: &mut Tokens,
    others: [Option<u64>; 2],
    logged: Usd,
    price: &impl Fn(&Tokens) -> Result<Priced, Unpriced>,
) -> Option<u64> {
    if logged <= Usd::ZERO {
        return None;
    }
    let likeliest = tokens.get(Class::Input);
    let away = |input: u64| {
        let mut reading = *tokens;
        reading.set(Class::Input, input);
        price(&reading).ok().map(|priced| (priced.list - logged).pico().abs())
    };
    let readings = [Some(likeliest), others[0], others[1]];
    let aways: Vec<(u64, i128)> =
        readings.into_iter().flatten().filter_map(|input| Some((input, away(input)?))).collect();
    let only = |parts: i128| {
        let mut near = aways.iter().filter(|(_, away)| away * parts <= logged.pico());
        near.next().filter(|_| near.next().is_none()).map(|(input, _)| *input)
    };
    let input = only(WITHIN).or_else(|| only(EXACTLY))?;
    tokens.set(Class::Input, input);
    Some(input)
}
