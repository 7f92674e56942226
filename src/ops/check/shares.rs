//! The gates on what nobody can account for: spend without a tag, calls without a price.

use serde_json::Map;
use serde_json::json;

use crate::domain::Axis;
use crate::domain::Filter;
use crate::domain::Usd;
use crate::domain::money::grouped;
use crate::domain::rollup::Logged;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::ops::book::Book;
use crate::ops::check::CheckFailure;
use crate::ops::check::CheckPlan;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::measures;
use crate::report::Cell;

fn query(plan: &CheckPlan, by: Vec<Axis>) -> RollupQuery {
    let window = plan.window.unwrap_or_default();
    RollupQuery { by, window, filter: Filter::default(), zone: plan.frame.zone, logged: Logged::Ignored }
}

/// Holds the share of the spend without a value along an axis against the share allowed.
pub(super) fn untagged(book: &Book, axis: &Axis, most: f64, plan: &CheckPlan) -> Result<Told, CheckFailure> {
    let rollup = book.rollup(&query(plan, vec![axis.clone()]))?;
    let total = rollup.total();
    let bare = (0..rollup.len()).filter(|group| rollup.is_untagged(*group)).map(|group| rollup.measures(group)).next();
    let bare = bare.unwrap_or_default();
    let gate = Told::skipped("untagged", format!("spend without {axis}"), "no call to judge by");
    // Where nothing has a price, calls stand in for dollars.
    let share = match (total.cost > Usd::ZERO, total.calls) {
        (_, 0) => return Ok(gate),
        (true, _) => bare.cost.pico() as f64 / total.cost.pico() as f64,
        (false, calls) => bare.calls as f64 / calls as f64,
    };
    let message = format!(
        "{} calls name no {axis}: {} of {}",
        grouped(&bare.calls.to_string()),
        bare.cost.rounded(),
        total.cost.rounded()
    );
    let fields = Map::from_iter([
        ("dimension".to_string(), json!(axis.to_string())),
        ("share".to_string(), json!(share)),
        ("limit_share".to_string(), json!(most)),
        ("untagged_usd".to_string(), json!(bare.cost)),
    ]);
    Ok(judged(Told { message, fields, ..gate }, share, most))
}

/// Holds the share of calls without a price against the share allowed.
pub(super) fn unpriced(book: &Book, most: f64, plan: &CheckPlan) -> Result<Told, CheckFailure> {
    let total = book.rollup(&query(plan, Vec::new()))?.total();
    let gate = Told::skipped("unpriced", "calls without a price", "no call to judge by");
    if total.calls == 0 {
        return Ok(gate);
    }
    let share = total.unpriced_calls() as f64 / total.calls as f64;
    let message = measures::unpriced_note(&total)
        .unwrap_or_else(|| format!("all {} calls have a price", grouped(&total.calls.to_string())));
    let fields = Map::from_iter([
        ("share".to_string(), json!(share)),
        ("limit_share".to_string(), json!(most)),
        ("unpriced_calls".to_string(), json!(total.unpriced_calls())),
    ]);
    Ok(judged(Told { message, fields, ..gate }, share, most))
}

fn judged(gate: Told, share: f64, most: f64) -> Told {
    let status = if share > most { Status::Failed } else { Status::Passed };
    Told { status, measured: Cell::Share(share), limit: Cell::Share(most), ..gate }
}
