//! Checks of windows: they are written once, their rows stand beside others, and no two hold at one time.

use crate::domain::time::Timestamp;

use crate::price::check::first_at;
use crate::price::error::PriceError;
use crate::price::rows::{Model, Price, Seller};

/// The windows a seller's rows name are written, once, and so are the holidays of windows.
pub(super) fn windows(seller: &Seller) -> Result<(), PriceError> {
    for (at, hours) in seller.hours.iter().enumerate() {
        if let Some(twin) = seller.hours[..at].iter().find(|other| other.id == hours.id) {
            let what = format!("a second window `{}`", hours.id);
            return Err(PriceError::at(&hours.place, what, first_at(&twin.place)));
        }
        if let Some(id) = hours.except.as_ref().filter(|id| seller.holidays.iter().all(|days| days.id != **id)) {
            let what = format!("the window `{}` excepts `{id}`, which is nowhere", hours.id);
            return Err(PriceError::at(&hours.place, what, "add [[holidays]] with this id"));
        }
    }
    for (at, days) in seller.holidays.iter().enumerate() {
        if seller.holidays[..at].iter().any(|other| other.id == days.id) {
            return Err(PriceError::at(&days.place, format!("a second [[holidays]] `{}`", days.id), "merge the two"));
        }
    }
    Ok(())
}

/// Rows of a window stand beside rows that hold at any hour, so that a price is known all day.
pub(super) fn rows(model: &Model, sellers: &[Seller]) -> Result<(), PriceError> {
    let seller = sellers.iter().find(|seller| seller.id == model.seller);
    for row in model.prices.iter().filter(|row| row.withdrawn.is_none()) {
        let Some(id) = &row.window else { continue };
        if seller.is_none_or(|seller| seller.hours.iter().all(|hours| hours.id != *id)) {
            let what = format!("the window `{id}` is nowhere");
            return Err(PriceError::at(&row.place, what, "add a [[window]] with this id to the seller's file"));
        }
        let mut base = model.rows(row.mode).iter().filter(|other| other.window.is_none());
        if !row.is_end() && !base.any(|other| other.starts() <= row.starts()) {
            let what = format!("`{}` of `{}` has no price outside its window", row.key(), model.id);
            return Err(PriceError::at(&row.place, what, "add a row without `window` that starts no later"));
        }
    }
    meetings(model, seller)
}

/// Rows of two windows must not hold at one time: which of them does would be anybody's guess.
fn meetings(model: &Model, seller: Option<&Seller>) -> Result<(), PriceError> {
    let hours = |id: &Option<String>| {
        let id = id.as_ref()?;
        seller?.hours.iter().find(|hours| hours.id == *id)
    };
    let live = || model.prices.iter().filter(|row| row.withdrawn.is_none() && row.window.is_some() && !row.is_end());
    for row in live() {
        for other in live().filter(|other| other.mode == row.mode && other.window < row.window) {
            let apart = until(model, row).is_some_and(|end| end <= other.starts())
                || until(model, other).is_some_and(|end| end <= row.starts());
            let meet = matches!((hours(&row.window), hours(&other.window)), (Some(a), Some(b)) if a.meets(b));
            if meet && !apart {
                let what = format!("`{}` of `{}` holds at hours of `{}` too", row.key(), model.id, other.key());
                return Err(PriceError::at(&row.place, what, "end one of the windows with an empty row, or part them"));
            }
        }
    }
    Ok(())
}

/// Returns when a row of a window is followed by the next of the same.
fn until(model: &Model, row: &Price) -> Option<Timestamp> {
    let same = model.rows(row.mode).iter().filter(|other| other.window == row.window);
    same.map(Price::starts).filter(|start| *start > row.starts()).min()
}
