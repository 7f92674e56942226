//! Whether rows agree: bands that tile every prompt size, names that mean one model, aliases that lead somewhere.
//!
//! Values that are wrong by themselves never get here: `build` refuses them.

mod deals;
mod hours;

use std::collections::HashMap;

use crate::price::dated::Dated;
use crate::price::deal::Override;
use crate::price::error::{Place, PriceError};
use crate::price::rows::{Model, Price, Region, Seller};

/// Checks a whole table. Overrides may name a model by any of its names, and name it by its id afterwards.
pub(super) fn table(sellers: &[Seller], models: &[Model], deals: &mut [Override]) -> Result<(), PriceError> {
    for model in models {
        bands(model)?;
        first_rows(model)?;
        patterns(model)?;
        regions(model, sellers)?;
        hours::rows(model, sellers)?;
    }
    names(sellers, models)?;
    for seller in sellers {
        aliases(seller, models)?;
        tools(seller, models)?;
        hours::windows(seller)?;
        region_twins(seller)?;
        for region in &seller.regions {
            region.models.iter().flatten().try_for_each(|id| known_model(seller, models, id, &region.place))?;
        }
    }
    provider_names(sellers)?;
    deals::overrides(sellers, models, deals)
}

/// The rows in force of one mode and date must tile all prompt sizes, once.
fn bands(model: &Model) -> Result<(), PriceError> {
    let live = model.prices.iter().filter(|row| row.withdrawn.is_none()).collect::<Vec<_>>();
    for group in live.chunk_by(|a, b| (a.mode, &a.window) == (b.mode, &b.window) && a.starts() == b.starts()) {
        let mut next = Some(0);
        for row in group {
            match next {
                Some(size) if row.prompt_min > size => return Err(gap(model, row, size)),
                Some(size) if row.prompt_min == size => next = row.prompt_max.and_then(|max| max.checked_add(1)),
                _ => return Err(overlap(model, row, group)),
            }
        }
        if let (Some(size), Some(row)) = (next, group.last()) {
            return Err(gap(model, row, size));
        }
    }
    Ok(())
}

fn gap(model: &Model, row: &Price, size: u64) -> PriceError {
    let what = format!("no `{}` price of `{}` for a prompt of {size} tokens", row.key(), model.id);
    PriceError::at(&row.place, what, "the bands of one date must cover every prompt size")
}

fn overlap(model: &Model, row: &Price, group: &[&Price]) -> PriceError {
    let other = group.iter().find(|other| !std::ptr::eq(**other, row) && other.holds(row.prompt_min));
    let line = other.map(|other| other.place.line).unwrap_or(row.place.line);
    let what = format!("`{}` of `{}` overlaps the row of line {line}", row.key(), model.id);
    PriceError::at(&row.place, what, "give the rows other dates, or bands that do not meet")
}

/// A row that holds since launch must be the first of its mode.
fn first_rows(model: &Model) -> Result<(), PriceError> {
    for row in model.prices.iter().filter(|row| row.since_launch && row.withdrawn.is_none()) {
        let earlier = model
            .rows(row.mode)
            .iter()
            .find(|other| other.window == row.window && !other.since_launch && other.from <= row.from);
        if let Some(earlier) = earlier.filter(|_| row.from.is_some()) {
            let what = format!("since_launch on `{}`, but line {} starts no later", row.key(), earlier.place.line);
            return Err(PriceError::at(&row.place, what, "only the first row of a mode holds since launch"));
        }
    }
    Ok(())
}

fn patterns(model: &Model) -> Result<(), PriceError> {
    for pattern in &model.dated {
        let slots = pattern.matches("{yyyymmdd}").count() + pattern.matches("{yyyy-mm-dd}").count();
        if slots != 1 || pattern.matches(['{', '}']).count() != 2 {
            let what = format!("`{pattern}` is not a pattern of a dated name");
            return Err(PriceError::at(&model.place, what, "use one {yyyymmdd} or one {yyyy-mm-dd}"));
        }
    }
    Ok(())
}

/// Every rate must stay exact after any multiplier of its seller, and a rule by release date needs that date.
fn regions(model: &Model, sellers: &[Seller]) -> Result<(), PriceError> {
    let Some(seller) = sellers.iter().find(|seller| seller.id == model.seller) else {
        return Ok(());
    };
    for region in &seller.regions {
        if region.models_released_from.is_some() && model.released.is_none() {
            let what = format!("`{}` has no release date, and a region rule goes by it", model.id);
            let hint =
                format!("add released = YYYY-MM-DD (the rule is at {}:{})", region.place.file, region.place.line);
            return Err(PriceError::at(&model.place, what, hint));
        }
        let (numerator, denominator) = region.fraction;
        let inexact = |rate: i64| i128::from(rate) * i128::from(numerator) % i128::from(denominator) != 0;
        let mut rows = model.prices.iter();
        if let Some(row) = rows.find(|row| row.rates.iter().flatten().any(|rate| inexact(*rate))) {
            let what = format!("a rate of `{}` times {} has more than 12 decimals", row.key(), region.mult);
            return Err(PriceError::at(&row.place, what, "no seller charges less than a picodollar"));
        }
    }
    Ok(())
}

/// One name of one seller means one model, or one alias.
fn names(sellers: &[Seller], models: &[Model]) -> Result<(), PriceError> {
    let mut seen: HashMap<(&str, String), (&str, &Place)> = HashMap::new();
    let of_models = models.iter().flat_map(|model| {
        let names = model.names.iter().chain(&model.dated);
        names.map(move |name| (model.seller.as_str(), name, model.id.as_str(), &model.place))
    });
    let of_aliases = sellers.iter().flat_map(|seller| {
        let aliases = seller.aliases.iter().flat_map(|alias| alias.names.iter().map(move |name| (alias, name)));
        aliases.map(move |(alias, name)| (seller.id.as_str(), name, alias.names[0].as_str(), &alias.place))
    });
    for (seller, name, owner, place) in of_models.chain(of_aliases) {
        if let Some((other, at)) = seen.insert((seller, name.to_lowercase()), (owner, place)) {
            return Err(two_owners(name, (owner, place), (other, at)));
        }
    }
    dated_names(models)
}

/// A written-out name must not also fit another model's pattern: one of the two is a slip.
fn dated_names(models: &[Model]) -> Result<(), PriceError> {
    let names = models.iter().flat_map(|model| model.names.iter().map(move |name| (model, name)));
    let mut names: Vec<(String, &Model, &String)> =
        names.map(|(model, name)| (name.to_lowercase(), model, name)).collect();
    names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for model in models {
        for pattern in model.dated.iter().filter_map(|pattern| Dated::parse(pattern)) {
            let from = names.partition_point(|(folded, _, _)| *folded < pattern.before);
            let near = names[from..].iter().take_while(|(folded, _, _)| folded.starts_with(&pattern.before));
            let mut others = near.filter(|(_, other, _)| other.seller == model.seller && other.id != model.id);
            if let Some((_, other, name)) = others.find(|(folded, _, _)| pattern.holds(folded)) {
                return Err(two_owners(name, (&model.id, &model.place), (&other.id, &other.place)));
            }
        }
    }
    Ok(())
}

fn two_owners(name: &str, (owner, place): (&str, &Place), (other, at): (&str, &Place)) -> PriceError {
    let what = format!("`{name}` names `{owner}` and also `{other}` ({}:{})", at.file, at.line);
    PriceError::at(place, what, "a name means one model of a seller: remove it from one of the two")
}

fn aliases(seller: &Seller, models: &[Model]) -> Result<(), PriceError> {
    for alias in &seller.aliases {
        let name = &alias.names[0];
        if alias.moves.is_empty() {
            let what = format!("alias `{name}` leads nowhere");
            return Err(PriceError::at(&alias.place, what, "add { from = DATE, model = ID } to `to`"));
        }
        if let Some(pair) = alias.moves.windows(2).find(|pair| pair[0].from >= pair[1].from) {
            let what = format!("the moves of alias `{name}` are not in order of time");
            return Err(PriceError::at(&pair[1].place, what, "write the earliest move first, each date once"));
        }
        for step in &alias.moves {
            known_model(seller, models, &step.model, &step.place)?;
        }
    }
    Ok(())
}

fn tools(seller: &Seller, models: &[Model]) -> Result<(), PriceError> {
    for tool in &seller.tools {
        for id in tool.models.iter().flatten() {
            known_model(seller, models, id, &tool.place)?;
        }
    }
    for (at, tool) in seller.tools.iter().enumerate() {
        let shares_model = |other: &&crate::price::rows::Tool| match (&tool.models, &other.models) {
            (Some(a), Some(b)) => a.iter().any(|id| b.contains(id)),
            (a, b) => a.is_none() && b.is_none(),
        };
        let mut earlier = seller.tools[..at].iter();
        let twin = earlier.find(|other| other.id == tool.id && other.from == tool.from && shares_model(other));
        if let Some(twin) = twin {
            let what = format!("a second fee for tool `{}` from the same date", tool.id);
            return Err(PriceError::at(&tool.place, what, first_at(&twin.place)));
        }
    }
    Ok(())
}

/// Two rules of one date must not both be for one region and model: which holds would be anybody's guess.
fn region_twins(seller: &Seller) -> Result<(), PriceError> {
    for (at, rule) in seller.regions.iter().enumerate() {
        let share = |other: &&Region| {
            let named = match (rule.is_exclusion, other.is_exclusion) {
                (true, true) => true,
                (false, false) => rule.regions.iter().any(|name| other.regions.contains(name)),
                (true, false) => other.regions.iter().any(|name| !rule.regions.contains(name)),
                (false, true) => rule.regions.iter().any(|name| !other.regions.contains(name)),
            };
            let models = match (&rule.models, &other.models) {
                (Some(a), Some(b)) => a.iter().any(|id| b.contains(id)),
                (a, b) => a.is_none() && b.is_none(),
            };
            named && models && rule.from == other.from && rule.models_released_from == other.models_released_from
        };
        if let Some(twin) = seller.regions[..at].iter().find(share) {
            let what = "a second rule for a region from the same date";
            return Err(PriceError::at(&rule.place, what, first_at(&twin.place)));
        }
    }
    Ok(())
}

/// Says where the other one of two is, which may be in another file.
pub(super) fn first_at(place: &Place) -> String {
    format!("the first is at line {} of {}", place.line, place.file)
}

fn known_model(seller: &Seller, models: &[Model], id: &str, place: &Place) -> Result<(), PriceError> {
    let mut own = models.iter().filter(|model| model.seller == seller.id);
    if own.any(|model| model.id == id) {
        return Ok(());
    }
    let what = format!("`{id}` is not the id of a model of `{}`", seller.id);
    Err(PriceError::at(place, what, "add the model, or correct the id"))
}

/// One spelling of a provider means one seller.
fn provider_names(sellers: &[Seller]) -> Result<(), PriceError> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for seller in sellers {
        for name in &seller.provider_names {
            if let Some(other) = seen.insert(name, &seller.id) {
                let what = format!("the provider name `{name}` is `{}` and also `{other}`", seller.id);
                let hint = match other.eq_ignore_ascii_case(&seller.id) {
                    true => format!("write seller = \"{other}\""),
                    false => "remove it from one of the two".to_string(),
                };
                return Err(PriceError::at(&seller.place, what, hint));
            }
        }
    }
    Ok(())
}
