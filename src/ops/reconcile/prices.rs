//! The price table as a reconciliation asks for it.

use std::cell::RefCell;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::reconcile::Prices;
use crate::analyze::reconcile::Rates;
use crate::analyze::reconcile::Terms;
use crate::domain::Timestamp;
use crate::price::Plan;
use crate::price::Request;
use crate::price::Table;

/// Any region that is stated, for rules that hold in all but some.
const ANYWHERE: &str = "regional";

type PlanKey = (String, String, String, String);

/// A price table and the plans made of it so far.
pub(super) struct TablePrices<'t> {
    table: &'t Table,
    plans: RefCell<HashMap<PlanKey, Option<Plan<'t>>>>,
}

impl<'t> TablePrices<'t> {
    pub(super) fn new(table: &'t Table) -> TablePrices<'t> {
        TablePrices { table, plans: RefCell::default() }
    }

    fn with<T>(&self, terms: Terms<'_>, ask: impl FnOnce(&Plan<'t>) -> Option<T>) -> Option<T> {
        let [provider, model, tier, region] = [terms.provider, terms.model, terms.tier, terms.region];
        let key = (provider.to_string(), model.to_string(), tier.to_string(), region.to_string());
        let mut plans = self.plans.borrow_mut();
        let plan = plans.entry(key).or_insert_with(|| {
            let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
            let request =
                Request { provider: said(provider), model: said(model), tier: said(tier), region: said(region) };
            self.table.resolve(&request).ok()
        });
        plan.as_ref().and_then(ask)
    }
}

impl Prices for TablePrices<'_> {
    fn seller(&self, provider: &str) -> Option<Arc<str>> {
        let folded = provider.trim().to_lowercase();
        let seller = self.table.sellers().find(|seller| seller.provider_names.contains(&folded))?;
        Some(seller.id.as_str().into())
    }

    fn model(&self, provider: &str, name: &str) -> Option<Arc<str>> {
        self.table.find_model(Some(provider), name).ok().map(|model| model.id.as_str().into())
    }

    fn rates(&self, terms: Terms<'_>) -> Option<Rates> {
        self.with(terms, |plan| plan.rates(terms.ts, terms.prompt).ok())
    }

    fn tool_fee(&self, terms: Terms<'_>, tool: &str) -> Option<i128> {
        self.with(terms, |plan| plan.tool_fee(terms.ts, tool).ok())
    }

    fn changes(&self, provider: &str, model: &str) -> Vec<Timestamp> {
        let terms = Terms { provider, model, tier: "", region: "", ts: Timestamp(0), prompt: 0 };
        self.with(terms, |plan| Some(plan.changes())).unwrap_or_default()
    }

    fn models(&self, provider: &str) -> Vec<Arc<str>> {
        self.table.models().filter(|model| model.seller == provider).map(|model| model.id.as_str().into()).collect()
    }

    fn regions(&self, provider: &str) -> Vec<Arc<str>> {
        let seller = self.table.sellers().find(|seller| seller.id == provider);
        let rules = seller.into_iter().flat_map(|seller| &seller.regions);
        let mut regions: Vec<Arc<str>> = rules
            .map(|rule| match rule.is_exclusion {
                true => ANYWHERE.into(),
                false => rule.regions.first().map_or(ANYWHERE, String::as_str).into(),
            })
            .collect();
        regions.sort();
        regions.dedup();
        regions
    }
}
