//! Which model a name means. Exact names, dated names, listed endings and aliases: never a prefix, never the nearest.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::call::Unpriced;
use crate::domain::time::Timestamp;

use crate::price::rows::{Model, Seller};
use crate::price::table::Table;

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

impl Table {
    /// Returns the seller and what the name meant over time.
    pub(super) fn lookup(
        &self,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> Result<(&Seller, Vec<Step<'_>>), Unpriced> {
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
    fn meaning(&self, seller: usize, name: &str) -> Option<Vec<Step<'_>>> {
        self.whole(seller, name).or_else(|| self.stripped(seller, name))
    }

    /// Understands a name as it stands: exact, or dated.
    fn whole(&self, seller: usize, name: &str) -> Option<Vec<Step<'_>>> {
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
    fn stripped(&self, seller: usize, name: &str) -> Option<Vec<Step<'_>>> {
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

    fn moves(&self, seller: usize, alias: usize) -> Vec<Step<'_>> {
        let seller = &self.sellers[seller];
        let target = |id: &str| self.models.iter().find(|model| model.seller == seller.id && model.id == id);
        let moves = seller.aliases[alias].moves.iter();
        moves.filter_map(|step| Some((step.from, target(&step.model)?))).collect()
    }

    /// Returns known names that look like an unknown one, best first, to ask "did you mean". Nothing applies them.
    pub fn suggest_model(&self, name: &str) -> Vec<String> {
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

/// A folded pattern of names with a date in them, split at its slot.
#[derive(Clone, Debug)]
pub(super) struct Dated {
    /// What stands before the date.
    pub(super) before: String,
    after: String,
    format: &'static str,
    length: usize,
}

impl Dated {
    /// Splits a pattern; `None` without a slot.
    pub(super) fn parse(pattern: &str) -> Option<Dated> {
        let slots = [("{yyyymmdd}", "%Y%m%d", 8), ("{yyyy-mm-dd}", "%Y-%m-%d", 10)];
        slots.into_iter().find_map(|(slot, format, length)| {
            let (before, after) = pattern.split_once(slot)?;
            Some(Dated { before: before.to_lowercase(), after: after.to_lowercase(), format, length })
        })
    }

    /// Tells whether a folded name is the pattern with a day of the calendar in its slot.
    pub(super) fn holds(&self, name: &str) -> bool {
        let date = name.strip_prefix(&*self.before).and_then(|rest| rest.strip_suffix(&*self.after));
        // The length check keeps chrono from accepting `2025-9-1`, or a sign.
        date.is_some_and(|date| {
            let plain = date.len() == self.length && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            plain && date.starts_with("20") && NaiveDate::parse_from_str(date, self.format).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Dated;

    #[test]
    fn a_dated_name_needs_a_day_of_the_calendar_and_nothing_more() {
        let compact = Dated::parse("claude-sonnet-4-6-{yyyymmdd}").expect("a slot");
        assert!(compact.holds("claude-sonnet-4-6-20260217"));
        for wrong in ["20260230", "2026021", "202602170", "20260217-v1", "2026-217", "19991231"] {
            assert!(!compact.holds(&format!("claude-sonnet-4-6-{wrong}")), "{wrong}");
        }
        let dashed = Dated::parse("gpt-5.4-{yyyy-mm-dd}").expect("a slot");
        assert!(dashed.holds("gpt-5.4-2026-03-05"));
        for wrong in ["2026-3-5", "2026-13-05", "20260305", "2026-03-05x"] {
            assert!(!dashed.holds(&format!("gpt-5.4-{wrong}")), "{wrong}");
        }
    }
}
