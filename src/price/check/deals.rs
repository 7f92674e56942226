//! Checks of overrides: each matches something, leaves rates exact, and is alone.

use crate::price::deal::{Override, Terms};
use crate::price::error::{PriceError, nearest};
use crate::price::rows::{Model, Price, Seller};

/// Overrides name models that are, leave rates exact, and never leave open which of two holds.
pub(super) fn overrides(sellers: &[Seller], models: &[Model], deals: &mut [Override]) -> Result<(), PriceError> {
    for at in 0..deals.len() {
        let (before, rest) = deals.split_at_mut(at);
        let deal = &mut rest[0];
        let own = || models.iter().filter(|model| model.seller == deal.seller);
        let Some(seller) = sellers.iter().find(|seller| seller.id == deal.seller) else {
            let ids = sellers.iter().map(|seller| seller.id.as_str());
            let hint = nearest(&deal.seller, ids.clone()).map_or_else(
                || format!("the sellers are {}", ids.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(PriceError::at(&deal.place, format!("the table has no seller `{}`", deal.seller), hint));
        };
        let mut meant = Vec::new();
        for name in deal.models.iter().flatten() {
            let mut found = own().filter(|model| model.names.iter().any(|known| known.eq_ignore_ascii_case(name)));
            let Some(model) = found.next() else {
                let hint = nearest(name, own().flat_map(|model| model.names.iter().map(String::as_str)));
                let hint =
                    hint.map_or("use a name of `attr prices list`".into(), |near| format!("did you mean `{near}`?"));
                let mut aliases = seller.aliases.iter();
                let alias = aliases.find(|alias| alias.names.iter().any(|known| known.eq_ignore_ascii_case(name)));
                let hint = alias.map_or(hint, |alias| {
                    let ids: Vec<&str> = alias.moves.iter().map(|step| step.model.as_str()).collect();
                    format!("`{name}` is an alias; name what it means: {}", ids.join(", "))
                });
                let what = format!("the override matches nothing: `{}` sells no `{name}`", seller.id);
                return Err(PriceError::at(&deal.place, what, hint));
            };
            meant.push(model.id.clone());
        }
        unsold(deal, own().filter(|model| deal.models.is_none() || meant.contains(&model.id)))?;
        exact(deal, seller, own().filter(|model| deal.models.is_none() || meant.contains(&model.id)))?;
        if deal.models.is_some() {
            deal.models = Some(meant);
        }
        if let Some(other) = before.iter().find(|other| rivals(other, deal)) {
            let what = format!("this override and that of {}:{} hold at one time", other.place.file, other.place.line);
            return Err(PriceError::at(&deal.place, what, "give them other models, modes or dates"));
        }
    }
    Ok(())
}

/// Tells whether two overrides of the same rank claim the same charge. One that names models beats one that does not.
fn rivals(a: &Override, b: &Override) -> bool {
    let share = |a: &Option<Vec<String>>, b: &Option<Vec<String>>| match (a, b) {
        (Some(a), Some(b)) => a.iter().any(|word| b.contains(word)),
        (a, b) => a.is_none() && b.is_none(),
    };
    let modes = match (&a.modes, &b.modes) {
        (Some(a), Some(b)) => a.iter().any(|mode| b.contains(mode)),
        _ => true,
    };
    let charges = (a.tokens && b.tokens) || (a.tools && b.tools);
    a.seller == b.seller && share(&a.models, &b.models) && modes && charges && a.meets(b)
}

/// A discount on what nobody sells would never hold.
fn unsold<'m>(deal: &Override, models: impl Iterator<Item = &'m Model>) -> Result<(), PriceError> {
    let Some(modes) = deal.modes.as_ref().filter(|_| !deal.sets_rates()) else { return Ok(()) };
    let models: Vec<&Model> = models.collect();
    match modes.iter().find(|mode| models.iter().all(|model| model.rows(**mode).is_empty())) {
        None => Ok(()),
        Some(mode) => {
            let what = format!("the override matches nothing: none of its models is sold in mode `{mode}`");
            Err(PriceError::at(
                &deal.place,
                what,
                "`attr prices show MODEL` lists the modes; usd_per_mtok may set a price",
            ))
        }
    }
}

/// A discounted rate must have no more than 12 decimals, after any multiplier.
fn exact<'m>(deal: &Override, seller: &Seller, models: impl Iterator<Item = &'m Model>) -> Result<(), PriceError> {
    let Terms::Discount { paid, text } = &deal.terms else { return Ok(()) };
    let multipliers: Vec<(i64, i64)> =
        seller.regions.iter().map(|region| region.fraction).chain(std::iter::once((1, 1))).collect();
    let in_mode = |row: &&Price| deal.modes.as_ref().is_none_or(|modes| modes.contains(&row.mode));
    for model in models {
        for (up, down) in &multipliers {
            let (up, down) = (i128::from(*up) * i128::from(paid.0), i128::from(*down) * i128::from(paid.1));
            let inexact = |rate: &i64| i128::from(*rate) * up % down != 0;
            if let Some(row) = model.prices.iter().filter(in_mode).find(|row| row.rates.iter().flatten().any(&inexact))
            {
                let what = format!("a rate of `{}/{}` less {text} has more than 12 decimals", model.id, row.key());
                return Err(PriceError::at(&deal.place, what, "use a discount of fewer decimals"));
            }
        }
    }
    Ok(())
}
