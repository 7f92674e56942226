//! The dashboard's cost CSV, exact and with quantities, and the completions usage CSV.

use std::collections::BTreeMap;

use attr::domain::Class;
use attr::domain::Tokens;

use super::File;
use super::date;
use super::decimal;
use crate::planted::month;
use crate::planted::month::Known;
use crate::planted::scene::Call;
use crate::planted::scene::Cell;
use crate::planted::scene::Form;
use crate::planted::scene::Scene;
use crate::planted::scene::What;

const HEADER: &str = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email\n";
const USAGE_HEADER: &str = "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,compute_units,input_tokens,output_tokens,input_cached_tokens,input_cache_write_tokens,input_uncached_tokens,input_text_tokens,output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,input_image_tokens,input_cached_image_tokens,output_image_tokens\n";
/// The tier of tokens given away for shared data.
pub(in crate::planted) const GIVEN_AWAY: &str = "incentivized-tier";

pub(super) fn known(model: &str) -> &'static Known {
    let known = month::models(Form::OpenAiCost).iter().find(|known| known.log == model);
    known.unwrap_or(&month::AUDIO)
}

/// The words of a line, as the dashboard prints them. Batch has none.
fn line_item(cell: &Cell) -> String {
    let What::Tokens(class) = cell.what else { return "web search tool calls".to_string() };
    if cell.tier == Some(GIVEN_AWAY) {
        let kind = if class == Class::Output { "output" } else { "input" };
        return format!("data sharing incentive tier - {kind} tokens");
    }
    let words = match class {
        Class::Input => "input",
        Class::CacheRead => "cached input",
        Class::AudioIn => "audio input",
        Class::Output => "output",
        _ => "cache writes",
    };
    let prefix = if cell.tier == Some("priority") { "priority | " } else { "" };
    let long = if cell.long { ", long context" } else { "" };
    format!("{prefix}{}, {words}{long}", known(cell.model).bill)
}

fn seconds(day: i64) -> (i64, i64) {
    (day * 86_400, (day + 1) * 86_400)
}

/// Times of rows with a charge have no offset, those of empty days have one.
fn times(day: i64, offset: &str) -> String {
    let (start, end) = seconds(day);
    format!("{start},{end},{}T00:00:00{offset},{}T00:00:00{offset}", date(day), date(day + 1))
}

pub(super) fn cost(scene: &Scene) -> File {
    let mut rows: BTreeMap<(i64, String, String, String), (i128, u64)> = BTreeMap::new();
    for (cell, sum) in scene.cells() {
        let item = line_item(&cell);
        let row = rows.entry((cell.day, cell.workspace, cell.key, item)).or_default();
        *row = (row.0 + sum.atto, row.1 + sum.quantity);
    }
    let mut text = HEADER.to_string();
    let last = rows.keys().map(|row| row.0 + 1).max().unwrap_or(0);
    for day in scene.days().start..scene.days().end.max(last) {
        let of_day: Vec<_> = rows.iter().filter(|((of, ..), _)| *of == day).collect();
        if of_day.is_empty() {
            text.push_str(&format!("{},,,,,,,,,,,,\n", times(day, "+00:00")));
        }
        for ((_, project, key, item), (atto, quantity)) in of_day {
            let unit = if item.starts_with("web search") { "" } else { "tokens" };
            let item = if item.contains(',') { format!("\"{item}\"") } else { item.clone() };
            let (times, amount) = (times(day, ""), decimal(*atto, 30));
            text.push_str(&format!("{times},{amount},usd,{quantity},{unit},{item},,{key},{project},org-t7,,,\n"));
        }
    }
    let total = rows.values().map(|row| row.0).sum();
    File { name: format!("cost_{}_{}.csv", date(scene.days().start), date(scene.days().end)), text, total }
}

fn usage_row(call: &Call) -> (i64, String, String, &'static str, &'static str, &'static str) {
    let hidden = call.terms.tier_hidden;
    let batch = if call.tier == Some("batch") && !hidden { "True" } else { "False" };
    let tier = call.tier.filter(|tier| *tier != "batch" && !hidden).unwrap_or("default");
    let day = call.day() + call.terms.late;
    (day, call.workspace.clone(), call.key.clone(), call.known.version, batch, tier)
}

pub(super) fn usage(scene: &Scene) -> File {
    let mut rows: BTreeMap<_, (Tokens, u64)> = BTreeMap::new();
    for call in scene.billed.iter().filter(|call| call.tokens.iter().next().is_some()) {
        let sums = rows.entry(usage_row(call)).or_default();
        for (class, count) in call.tokens.iter() {
            sums.0.set(class, sums.0.get(class) + count);
        }
        sums.1 += 1;
    }
    let mut text = USAGE_HEADER.to_string();
    for ((day, project, key, model, batch, tier), (tokens, requests)) in rows {
        let of = |class: Class| tokens.get(class);
        let (cached, audio) = (of(Class::CacheRead), of(Class::AudioIn));
        let written = of(Class::CacheWrite30m) + of(Class::CacheWrite12h);
        let uncached = of(Class::Input) + audio;
        let (input, output) = (uncached + cached + written, of(Class::Output));
        let spoken = input - audio;
        let counts = [input, output, cached, written, uncached, spoken, output, cached, audio, 0, 0, 0, 0, 0];
        let counts: Vec<String> = counts.iter().map(|count| format!("{count}.0")).collect();
        text.push_str(&format!(
            "{},{project},{requests}.0,,{key},{model},{batch},{tier},,{}\n",
            times(day, ""),
            counts.join(",")
        ));
    }
    let (first, end) = (date(scene.days().start), date(scene.days().end));
    File { name: format!("completions_usage_{first}_{end}.csv"), text, total: 0 }
}
