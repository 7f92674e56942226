//! The router's activity: a row a generation, six decimals.

use attr::domain::Class;
use attr::domain::Timestamp;

use super::File;
use super::decimal;
use super::rounded;
use crate::planted::scene::Scene;
use crate::planted::scene::Terms;
use crate::planted::scene::What;

const HEADER: &str = "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,api_key_disabled,api_key_name,app_name\n";

pub(super) fn activity(scene: &Scene) -> File {
    let mut text = HEADER.to_string();
    let mut total = 0;
    for call in scene.billed.iter().filter(|call| call.tokens.iter().next().is_some()) {
        let micro = |atto: i128| rounded(atto, scene.form.quantum(), scene.style.half_up);
        let (paid, list) = (micro(call.cost() * scene.style.times.0 / scene.style.times.1), call.charges());
        total += paid;
        let upstream = match call.terms.own_key {
            true => micro(super::super::scene::Call { terms: Terms::default(), ..call.clone() }.cost()),
            false => 0,
        };
        let (read, output) = (call.tokens.get(Class::CacheRead), call.tokens.get(Class::Output));
        let fresh = list.iter().find(|charge| charge.0 == What::Tokens(Class::Input));
        let rate = fresh.filter(|charge| charge.1 > 0).map_or(0, |charge| charge.2 / i128::from(charge.1));
        let reads = list.iter().find(|charge| charge.0 == What::Tokens(Class::CacheRead)).map_or(0, |charge| charge.2);
        let saved = micro(reads - rate * i128::from(read));
        let created = Timestamp((call.at + call.terms.late * super::super::month::DAY) * 1_000_000).to_string();
        let created = created.trim_end_matches('Z').replace('T', " ");
        let maker = if call.known.log.starts_with("anthropic") { "Anthropic" } else { "Azure" };
        let variant = if call.terms.free && !call.terms.own_key { "free" } else { "standard" };
        text.push_str(&format!(
            "{},{created},{},0,{},0,{},{},{output},{},{read},{},{maker},{variant},false,true,,stop,stop,2400,610,false,{},Desk\n",
            call.id,
            decimal(paid, 6),
            decimal(saved, 6),
            decimal(upstream, 6),
            call.tokens.get(Class::Input) + read,
            call.reasoning,
            call.known.bill,
            call.key,
        ));
    }
    File { name: format!("openrouter_activity_{}.csv", super::date(scene.days().end)), text, total }
}
