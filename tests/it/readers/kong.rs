//! Kong's AI Gateway.

use attr::domain::Unpriced;
use attr::domain::Usd;
use attr::read::kong::Kong;

use super::calls;
use super::expect;
use super::read;
use super::sample;

const LOG: &str = "kong/entries.jsonl";
const ID: &str = "9ec9264afbbbad5fe5c64877d92eeb";

#[test]
fn an_entry_has_a_call_for_each_plugin_that_made_one() {
    let calls = calls(&Kong, LOG);
    let call = &calls[&format!("{ID}01")];
    expect(call, &[("input", 500), ("cache_read", 1500), ("output", 500)]);
    assert_eq!((call.reasoning, call.latency, call.ttft), (320, Some(1320), Some(210)));
    for (dim, value) in [
        ("user", "billing-bot"),
        ("route", "chat"),
        ("api_key", "cred-1"),
        ("workspace", "default"),
        ("provider", "openai"),
    ] {
        assert_eq!(call.dims[dim], value, "{dim}");
    }
    assert_eq!((call.ts.as_str(), call.cost), ("2026-06-01T11:00:00.120Z", Usd::parse("0.0011").ok()));
    // The spelling of 3.8; a cost of zero was never configured.
    let (first, second) = (&calls[&format!("{ID}02")], &calls[&format!("{ID}02#1")]);
    expect(first, &[("input", 28), ("output", 20)]);
    expect(second, &[("input", 89), ("output", 56)]);
    assert_eq!((first.cost, second.cost), (None, Usd::parse("0.0012").ok()));
    assert_eq!(second.extra["cache_split"], "not logged");
}

#[test]
fn a_total_of_kongs_own_tells_nothing() {
    let call = &calls(&Kong, LOG)[&format!("{ID}06")];
    expect(call, &[("input", 1200), ("cache_read", 4000), ("output", 350)]);
    assert_eq!((call.others.as_slice(), call.flags.as_slice()), ([5200].as_slice(), ["inclusive_guessed"].as_slice()));
}

#[test]
fn hits_failures_and_entries_without_a_call() {
    let calls = calls(&Kong, LOG);
    assert_eq!(calls[&format!("{ID}03")].flags, ["gateway_cache_hit"]);
    let failed = &calls[&format!("{ID}04")];
    assert_eq!((failed.dims["status"].as_str(), failed.unpriced), ("error", None));
    assert_eq!(calls[&format!("{ID}05")].unpriced, Some(Unpriced::UsageMissing), "a renamed count is no zero");
    let kept = read(&Kong, &sample(LOG));
    assert_eq!(kept.skips, [(7, "no_call"), (8, "no_call")]);
    assert_eq!(kept.rejections.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [9, 10]);
    assert_eq!(read(&Kong, "{\"ts\":\"2026-06-01\",\"model\":\"m\"}\n").foreign.len(), 1);
}
