//! The bill formats, and which one a file is of.

use crate::invoice::InvoiceReader;
use crate::invoice::anthropic_analytics::AnthropicAnalytics;
use crate::invoice::anthropic_cost::AnthropicCost;
use crate::invoice::anthropic_cost_report::AnthropicCostReport;
use crate::invoice::anthropic_tokens::AnthropicTokens;
use crate::invoice::anthropic_usage_report::AnthropicUsageReport;
use crate::invoice::aws_cur::AwsCur;
use crate::invoice::azure_cost::AzureCost;
use crate::invoice::deepseek_cost::DeepSeekCost;
use crate::invoice::deepseek_usage::DeepSeekUsage;
use crate::invoice::focus::Focus;
use crate::invoice::gcp_billing::GcpBilling;
use crate::invoice::openai_cost::OpenAiCost;
use crate::invoice::openai_costs_api::OpenAiCostsApi;
use crate::invoice::openai_usage::OpenAiUsage;
use crate::invoice::openai_usage_api::OpenAiUsageApi;
use crate::invoice::openrouter_activity::OpenRouterActivity;
use crate::invoice::openrouter_daily::OpenRouterDaily;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::json::Node;

/// Every format, in the order of detection: those with the more telling signature first.
pub static FORMATS: &[&dyn InvoiceReader] = &[
    &AnthropicCost,
    &AnthropicTokens,
    &AnthropicAnalytics,
    &AnthropicUsageReport,
    &AnthropicCostReport,
    &OpenAiUsage,
    &OpenAiCost,
    &OpenAiUsageApi,
    &OpenAiCostsApi,
    &OpenRouterActivity,
    &OpenRouterDaily,
    &DeepSeekUsage,
    &DeepSeekCost,
    &AwsCur,
    &Focus,
    &AzureCost,
    &GcpBilling,
];

/// Finds a reader by the name used with `--input-format`.
pub fn by_name(name: &str) -> Option<&'static dyn InvoiceReader> {
    FORMATS.iter().find(|reader| reader.name() == name).copied()
}

/// Finds the format that claims a record.
pub fn claiming(record: Node<'_>) -> Option<&'static dyn InvoiceReader> {
    FORMATS.iter().find(|reader| reader.claims(record)).copied()
}

/// Tells the format of a stream from its first records; `None` where none claims it.
pub fn detect(framing: &Framing, shape: Shape) -> Option<&'static dyn InvoiceReader> {
    let mut found = None;
    framing.sample(shape, 3, |tape, text| {
        if found.is_none() {
            found = claiming(tape.root(text));
        }
    });
    found
}
