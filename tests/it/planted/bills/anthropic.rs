//! The Console's cost CSV, rounded to cents a row, and its tokens CSV.

use std::collections::BTreeMap;

use attr::domain::Class;
use attr::domain::Tokens;

use super::File;
use super::date;
use super::decimal;
use super::rounded;
use crate::planted::month::Known;
use crate::planted::random::Random;
use crate::planted::rates;
use crate::planted::scene::Call;
use crate::planted::scene::Cell;
use crate::planted::scene::Form;
use crate::planted::scene::Scene;
use crate::planted::scene::What;

const HEADER: &str = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed\n";
const TOKENS_HEADER: &str = "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed\n";

fn known(model: &str) -> &'static Known {
    crate::planted::month::models(Form::AnthropicCost).iter().find(|known| known.log == model).unwrap()
}

/// Models from Opus 4.6 on tell where they ran.
fn geo(model: &str, region: Option<&'static str>) -> &'static str {
    let tells = rates::released("anthropic", model) >= 1_770_249_600_000;
    region.unwrap_or(if tells { "global" } else { "not_available" })
}

fn speed(tier: Option<&str>) -> &'static str {
    if tier == Some("fast") { "fast" } else { "" }
}

/// Rows that differ in nothing but the amount are usual: batch and standard calls of a day look alike, and some rows
/// come in two parts without any reason to be seen.
pub(super) fn cost(scene: &Scene) -> File {
    let random = &mut Random::new(scene.style.seed ^ 0xc057);
    let mut rows: Vec<String> = Vec::new();
    let mut total = 0;
    for (cell, sum) in scene.cells() {
        let part = if random.percent(8) { sum.atto * i128::from(random.between(10, 90)) / 100 } else { sum.atto };
        let list_part = if sum.atto == 0 { sum.list } else { sum.list * part / sum.atto };
        for (atto, list) in [(part, list_part), (sum.atto - part, sum.list - list_part)] {
            if atto == 0 && part != 0 {
                continue;
            }
            let paid = rounded(atto, scene.form.quantum(), scene.style.half_up);
            let list = rounded(list, scene.form.quantum(), scene.style.half_up);
            total += paid;
            rows.push(row(&cell, paid, if scene.style.paid.is_some() { list } else { paid }));
        }
        // What is not used may have a row all the same.
        if random.percent(3) && cell.what == What::Tokens(Class::Input) {
            rows.push(row(&Cell { what: What::Tokens(Class::CacheWrite1h), ..cell }, 0, 0));
        }
    }
    // The order of the file is free.
    let mut rest = rows;
    let mut text = HEADER.to_string();
    while !rest.is_empty() {
        text.push_str(&rest.swap_remove(random.below(rest.len() as u64) as usize));
    }
    let days = scene.days();
    let name = format!("claude_api_cost_{}_to_{}.csv", date(days.start), date(days.end - 1)).replace('-', "_");
    File { name, text, total }
}

fn row(cell: &Cell, paid: i128, list: i128) -> String {
    let (kind, token) = match cell.what {
        What::Search => ("web_search", ""),
        What::Tokens(Class::Input) => ("token", "input_no_cache"),
        What::Tokens(Class::CacheRead) => ("token", "input_cache_read"),
        What::Tokens(Class::CacheWrite5m) => ("token", "input_cache_write_5m"),
        What::Tokens(Class::CacheWrite1h) => ("token", "input_cache_write_1h"),
        What::Tokens(_) => ("token", "output"),
    };
    let context = if cell.long { "> 200k" } else { "≤ 200k" };
    let (day, model) = (date(cell.day), known(cell.model).bill);
    let (paid, list) = (decimal(paid, 2), decimal(list, 2));
    let (geo, speed) = (geo(cell.model, cell.region), speed(cell.tier));
    let Cell { workspace, key, .. } = cell;
    format!("{day},{model},{workspace},{key},message,{context},{token},{paid},{list},{kind},{geo},{speed}\n")
}

pub(super) fn tokens(scene: &Scene) -> File {
    let mut rows: BTreeMap<Vec<String>, (Tokens, u64)> = BTreeMap::new();
    for call in scene.billed.iter().filter(|call| call.tokens.iter().next().is_some()) {
        let sums = rows.entry(columns(call)).or_default();
        for (class, count) in call.tokens.iter() {
            sums.0.set(class, sums.0.get(class) + count);
        }
        sums.1 += call.searches;
    }
    let mut text = TOKENS_HEADER.to_string();
    for (columns, (tokens, searches)) in rows {
        let [day, version, key, workspace, kind, context, geo, speed] = &columns[..] else { unreachable!() };
        let counts = [Class::Input, Class::CacheWrite5m, Class::CacheWrite1h, Class::CacheRead, Class::Output];
        let counts: Vec<String> = counts.iter().map(|class| tokens.get(*class).to_string()).collect();
        let counts = counts.join(",");
        text.push_str(&format!(
            "{day},{version},{key},{workspace},{kind},{context},{counts},{searches},{geo},{speed}\n"
        ));
    }
    let days = scene.days();
    let name = format!("claude_api_tokens_{}_to_{}.csv", date(days.start), date(days.end - 1)).replace('-', "_");
    File { name, text, total: 0 }
}

fn columns(call: &Call) -> Vec<String> {
    let kind = if call.tier == Some("batch") && !call.terms.tier_hidden { "batch" } else { "standard" };
    let region = call.region.filter(|_| !call.terms.region_hidden);
    vec![
        date(call.day() + call.terms.late),
        call.known.version.to_string(),
        call.key.clone(),
        call.workspace.clone(),
        kind.to_string(),
        if call.is_long() { "> 200k" } else { "≤ 200k" }.to_string(),
        geo(call.known.log, region).to_string(),
        speed(call.tier).to_string(),
    ]
}
