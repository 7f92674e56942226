//! Logs as users have them: one line of JSON a call, and a gateway's table of the same calls.

use attr::domain::Class;
use attr::domain::Timestamp;

use super::scene::Call;
use super::scene::Scene;

/// What counts are called on the log.
const COUNTS: [(Class, &str); 6] = [
    (Class::Input, "uncached_input_tokens"),
    (Class::CacheRead, "cache_read_tokens"),
    (Class::CacheWrite5m, "cache_write_5m_tokens"),
    (Class::CacheWrite30m, "cache_write_30m_tokens"),
    (Class::CacheWrite1h, "cache_write_1h_tokens"),
    (Class::Output, "output_tokens"),
];

fn time(ms: i64) -> String {
    Timestamp(ms * 1_000_000).to_string()
}

fn line(call: &Call) -> String {
    let mut fields = vec![
        format!(r#""request_id":"{}""#, call.id),
        format!(r#""timestamp":"{}""#, time(call.at)),
        format!(r#""provider":"{}""#, call.provider()),
        format!(r#""model":"{}""#, call.name.unwrap_or(call.known.log)),
    ];
    if call.tokens.iter().next().is_some() {
        let counts = COUNTS
            .iter()
            .filter(|(class, _)| matches!(class, Class::Input | Class::Output) || call.tokens.get(*class) > 0);
        fields.extend(counts.map(|(class, name)| format!(r#""{name}":{}"#, call.tokens.get(*class))));
    }
    if call.reasoning > 0 {
        fields.push(format!(r#""reasoning_tokens":{}"#, call.reasoning));
    }
    if call.searches > 0 {
        fields.push(format!(r#""web_search_requests":{}"#, call.searches));
    }
    let texts = [
        ("service_tier", call.tier.unwrap_or_default()),
        ("inference_geo", call.region.unwrap_or_default()),
        ("api_key", &call.key),
        ("workspace", &call.workspace),
        ("session_id", &call.session),
        ("feature", call.feature),
        ("tenant", call.tenant),
        ("status", if call.failed { "error" } else { "ok" }),
    ];
    let told = texts.iter().filter(|(_, value)| !value.is_empty());
    fields.extend(told.map(|(name, value)| format!(r#""{name}":"{value}""#)));
    format!("{{{}}}\n", fields.join(","))
}

/// Returns the application's log.
pub(super) fn application(scene: &Scene) -> String {
    scene.logged.iter().map(line).collect()
}

/// Returns the gateway's log; empty where there is none. It has ids of its own.
pub(super) fn gateway(scene: &Scene) -> String {
    let mut text = String::new();
    for call in &scene.gateway {
        if text.is_empty() {
            let names: Vec<&str> = COUNTS.iter().map(|(_, name)| *name).collect();
            text = format!("id,created_at,provider,model,{},api_key,workspace,status\n", names.join(","));
        }
        let counts: Vec<String> = COUNTS.iter().map(|(class, _)| call.tokens.get(*class).to_string()).collect();
        let (at, counts) = (time(call.at), counts.join(","));
        let (provider, model) = (call.provider(), call.known.log);
        text.push_str(&format!("{},{at},{provider},{model},{counts},{},{},200\n", call.id, call.key, call.workspace));
    }
    text
}
