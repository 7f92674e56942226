//! Which model a name means. Exact names, dated names, listed endings and aliases: never a prefix, never the nearest.

use std::collections::HashMap;

use crate::domain::call::Unpriced;
use crate::domain::time::Timestamp;

use crate::price::dated::Dated;
use crate::price::rows::{Model, Seller};

/// A model and the first instant from which a name means it.
pub(super) type Step<'t> = (Timestamp, &'t Model);

/// The names of a table, case-folded, for the models and aliases of every seller.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Seller by what logs call it.
    sellers: HashMap<String, usize>,
    /// Meaning by (seller, name).
    exact: HashMap<(usize, String), Meaning>,
    /// Dated patterns: (seller, pattern, model).
    dated: Vec<(usize, Dated, usize)>,
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    Model(usize),
    Alias(usize),
}

impl Names {
    /// Collects the names of a checked table.
    pub(super) fn new(sellers: &[Seller], models: &[Model]) -> Names {
        let mut names = Names::default();
        for (at, seller) in sellers.iter().enumerate() {
            names.sellers.extend(seller.provider_names.iter().map(|name| (name.clone(), at)));
            for (alias, name) in
                seller.aliases.iter().enumerate().flat_map(|(n, a)| a.names.iter().map(move |x| (n, x)))
            {
                names.exact.insert((at, name.to_lowercase()), Meaning::Alias(alias));
            }
            for (n, model) in models.iter().enumerate().filter(|(_, model)| model.seller == seller.id) {
                let exact = model.names.iter().map(|name| ((at, name.to_lowercase()), Meaning::Model(n)));
                names.exact.extend(exact);
                let dated = model.dated.iter().filter_map(|pattern| Dated::parse(pattern));
                names.dated.extend(dated.map(|pattern| (at, pattern, n)));
            }
        }
        names
    }
}

/// A table to look names up in.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'t> {
    pub(super) sellers: &'t [Seller],
    pub(super) models: &'t [Model],
    pub(super) names: &'t Names,
}

impl<'t> Lookup<'t> {
    /// Returns the seller and what the name meant over time.
    pub(super) fn find(
        self,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> Result<(&'t Seller, Vec<Step<'t>>), Unpriced> {
        let name = model.map(|name| name.trim().to_lowercase()).unwrap_or_default();
        if let Some(provider) = provider.map(str::trim).filter(|provider| !provider.is_empty()) {
            let seller = *self.names.sellers.get(&provider.to_lowercase()).ok_or(Unpriced::UnknownSeller)?;
            let steps = self.meaning(seller, &name).ok_or(Unpriced::UnknownModel)?;
            return Ok((&self.sellers[seller], steps));
        }
        let open = (0..self.sellers.len()).filter(|seller| self.sellers[*seller].first_party);
        let mut found = open.filter_map(|seller| Some((&self.sellers[seller], self.meaning(seller, &name)?)));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Unpriced::UnknownSeller),
        }
    }

    /// Returns what a folded name of a seller meant over time.
    fn meaning(self, seller: usize, name: &str) -> Option<Vec<Step<'t>>> {
        self.whole(seller, name).or_else(|| self.stripped(seller, name))
    }

    /// Understands a name as it stands: exact, or dated.
    fn whole(self, seller: usize, name: &str) -> Option<Vec<Step<'t>>> {
        match self.names.exact.get(&(seller, name.to_string())) {
            Some(Meaning::Model(model)) => Some(vec![(Timestamp(i64::MIN), &self.models[*model])]),
            Some(Meaning::Alias(alias)) => Some(self.moves(seller, *alias)),
            None => {
                let mut patterns = self.names.dated.iter().filter(|(of, _, _)| *of == seller);
                let (_, _, model) = patterns.find(|(_, pattern, _)| pattern.holds(name))?;
                Some(vec![(Timestamp(i64::MIN), &self.models[*model])])
            }
        }
    }

    /// Understands a name without an ending that the model itself lists as meaningless.
    fn stripped(self, seller: usize, name: &str) -> Option<Vec<Step<'t>>> {
        let own = self.models.iter().filter(|model| model.seller == self.sellers[seller].id);
        let endings = own.flat_map(|model| model.strip.iter().map(move |ending| (model, ending.to_lowercase())));
        for (model, ending) in endings {
            let Some(bare) = name.strip_suffix(&ending) else {
                continue;
            };
            if let Some(steps) = self.whole(seller, bare)
                && steps.iter().all(|(_, meant)| std::ptr::eq(*meant, model))
            {
                return Some(steps);
            }
        }
        None
    }

    fn moves(self, seller: usize, alias: usize) -> Vec<Step<'t>> {
        let seller = &self.sellers[seller];
        let target = |id: &str| self.models.iter().find(|model| model.seller == seller.id && model.id == id);
        let moves = seller.aliases[alias].moves.iter();
        moves.filter_map(|step| Some((step.from, target(&step.model)?))).collect()
    }

    /// Returns known names that look like an unknown one, best first, to ask "did you mean". Nothing applies them.
    pub(super) fn suggest(self, name: &str) -> Vec<String> {
        let folded = name.trim().to_lowercase();
        let aliases = self.sellers.iter().flat_map(|seller| seller.aliases.iter().map(|alias| &alias.names[0]));
        let known = self.models.iter().map(|model| &model.id).chain(aliases);
        let mut near: Vec<(f64, &String)> =
            known.map(|known| (strsim::jaro_winkler(&folded, &known.to_lowercase()), known)).collect();
        near.retain(|(likeness, _)| *likeness >= 0.9);
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        near.dedup_by(|a, b| a.1 == b.1);
        near.into_iter().take(3).map(|(_, name)| name.clone()).collect()
    }
}
