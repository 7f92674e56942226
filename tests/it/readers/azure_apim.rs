//! Azure API Management's table of LLM calls.

use attr::domain::Unpriced;
use attr::read::azure_apim::AzureApim;

use super::calls;
use super::expect;
use super::gateways::unique_ids;
use super::read;
use super::sample;

#[test]
fn only_the_first_row_of_a_call_has_counts() {
    let kept = read(&AzureApim, &sample("azure_apim/llm_log.csv"));
    assert_eq!(kept.skips, [(3, "message_chunk"), (4, "message_chunk")]);
    let call = &kept.calls[0];
    expect(call, &[("input", 1200), ("output", 80)]);
    assert_eq!((call.id.as_deref(), call.ts.as_str()), (Some("chatcmpl-Za"), "2026-06-01T12:00:00.452Z"));
    assert!(!call.dims.contains_key("tenant"), "TenantId is the Log Analytics workspace");
    assert!(!call.dims.contains_key("region"), "where the gateway stands is not where inference ran");
    assert_eq!((call.dims["provider"].as_str(), call.extra["cache_split"].as_str()), ("azure", "not logged"));
    // Embeddings have no output, and a naive time of this table is UTC.
    expect(&kept.calls[1], &[("input", 500)]);
    assert_eq!((kept.calls[1].unpriced, kept.calls[1].flags.len()), (None, 0));
    assert_eq!(kept.calls[2].unpriced, Some(Unpriced::UsageMissing), "zeros are no counts");
    assert_eq!(kept.rejections.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn a_diagnostic_record_has_the_columns_below_properties() {
    let calls = calls(&AzureApim, "azure_apim/diagnostic.jsonl");
    expect(&calls["chatcmpl-Zk"], &[("input", 300), ("output", 40)]);
    let gemini = &calls["aaaa0000-0000-4000-8000-000000000012"];
    expect(gemini, &[("input", 35), ("output", 74)]);
    assert_eq!((gemini.reasoning, gemini.dims.get("provider")), (62, None));
    assert_eq!(calls["aaaa0000-0000-4000-8000-000000000013"].unpriced, Some(Unpriced::UsageMissing));
    assert_eq!(unique_ids(&AzureApim, &sample("azure_apim/diagnostic.jsonl")), ["chatcmpl-Zk"]);
}
