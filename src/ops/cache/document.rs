//! The answer of `attr cache` for machines.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::analyze::cache::Caching;
use crate::analyze::cache::Figures;
use crate::domain::Class;
use crate::domain::Usd;
use crate::ops::cache::CachePlan;
use crate::report::Report;

pub(super) fn fill(report: &mut Report, plan: &CachePlan, caching: &Caching) {
    report.put("by", plan.by.iter().map(ToString::to_string).collect::<Vec<_>>());
    let rows = caching.rows.iter().map(|row| {
        let key: Map<String, Value> =
            plan.by.iter().zip(&row.key).map(|(axis, value)| (axis.to_string(), json!(value.as_deref()))).collect();
        let mut object = Map::new();
        object.insert("key".into(), key.into());
        if row.is_other {
            object.insert("other".into(), true.into());
        }
        add(&mut object, &row.figures);
        Value::Object(object)
    });
    report.put_rows("rows", rows);
    let mut total = Map::new();
    add(&mut total, &caching.total);
    report.put("total", total);
}

/// Writes figures; what has no prompt has no share.
fn add(object: &mut Map<String, Value>, figures: &Figures) {
    let mut put = |key: &str, value: Value| object.insert(key.to_string(), value);
    let usd = |amount: Usd| amount.to_string().into();
    let tokens: Map<String, Value> = Class::ALL
        .into_iter()
        .map(|class| (class, figures.measures.tokens[class as usize]))
        .filter(|(class, count)| class.is_prompt() && *count > 0)
        .map(|(class, count)| (class.name().to_string(), count.into()))
        .collect();
    put("calls", figures.measures.calls.into());
    put("prompt_tokens", figures.prompt().into());
    put("tokens", tokens.into());
    if let Some(share) = figures.hit_share() {
        // Six decimals are enough to read and keep the text short.
        put("hit_share", json!((share * 1e6).round() / 1e6));
    }
    put("cost_usd", usd(figures.measures.cost));
    put("cache_read_usd", usd(figures.reads));
    put("cache_write_usd", usd(figures.writes));
    put("uncached_usd", usd(figures.uncached));
    put("saved_usd", usd(figures.saved()));
    put("unread_write_tokens", figures.unread.into());
    put("unread_write_usd", usd(figures.wasted));
    put("batch_eligible_usd", usd(figures.waitable));
    put("as_batch_usd", usd(figures.batched));
    put("batch_saves_usd", usd(figures.batch_saves()));
    put("unpriced_calls", figures.measures.unpriced_calls().into());
}
