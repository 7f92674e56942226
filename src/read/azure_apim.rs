//! Azure API Management: rows of the table `ApiManagementGatewayLlmLog`, as Log Analytics exports them or a
//! diagnostic setting writes them (category `GatewayLlmLogs`).
//!
//! A call has several rows of one `CorrelationId`: number 0 has the counts, the others carry pieces of prompt and
//! answer. `PromptTokens` is the provider's input count, cached tokens and all for Azure OpenAI; the table has no
//! split, so every call says so (`cache_split`). `TimeGenerated` is when processing began, in UTC
//! (MicrosoftDocs, Azure Monitor's reference of the table, mid 2026). `TenantId` is the Log Analytics workspace
//! and nobody's tenant. The row says nothing about how the call ended.

use std::borrow::Cow;

use crate::domain::Call;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::read::Options;
use crate::read::Origin;
use crate::read::Reader;
use crate::read::Record;
use crate::read::Session;
use crate::read::Sink;
use crate::read::Verdict;
use crate::read::body;
use crate::read::fields;
use crate::read::json::Node;
use crate::read::tokens;
use crate::read::tokens::Counts;
use crate::read::tokens::Reading;
use crate::read::value;

/// The reader of the gateway's table of LLM calls.
pub struct AzureApim;

impl Reader for AzureApim {
    fn name(&self) -> &'static str {
        "azure_apim"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let row = Row { record };
        let has = |name: &str| row.find(name).is_some();
        has("SequenceNumber") && (has("CorrelationId") || has("RequestId")) && (row.is_category() || row.has_own())
    }

    fn origin(&self) -> Origin {
        Origin::Gateway
    }

    fn start(&self, _: &Options) -> Box<dyn Session> {
        Box::new(Rows)
    }
}

struct Rows;

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn Sink) -> Verdict {
        let row = Row { record: record.node };
        if row.find("CorrelationId").is_none() || !(row.is_category() || row.has_own()) {
            return Verdict::NotMine("no row of ApiManagementGatewayLlmLog".into());
        }
        let Some(number) = row.text("SequenceNumber") else {
            sink.reject(record.line, "no `SequenceNumber`: which of a call's rows it is cannot be told".into());
            return Verdict::Taken;
        };
        if number.parse::<f64>() != Ok(0.0) {
            sink.skip(record.line, "message_chunk");
            return Verdict::Taken;
        }
        let mut call = Call { line: record.line, ..Call::default() };
        let outcome = row.read(&mut call);
        sink.take(&call, outcome);
        Verdict::Taken
    }
}

/// A row: columns at its top, or below `properties` in a diagnostic record.
#[derive(Clone, Copy)]
struct Row<'t> {
    record: Node<'t>,
}

impl<'t> Row<'t> {
    fn is_category(self) -> bool {
        let named = |key: &str, name: &str| self.record.get(key).is_some_and(|node| node.raw() == name);
        named("category", "GatewayLlmLogs")
            || named("Category", "GatewayLlmLogs")
            || named("Type", "ApiManagementGatewayLlmLog")
    }

    fn has_own(self) -> bool {
        let has = |name: &str| self.find(name).is_some();
        has("PromptTokens") && has("CompletionTokens")
            || (has("ModelName") || has("DeploymentName")) && (has("RequestMessages") || has("ResponseMessages"))
    }

    /// Finds a column by its name in whatever case; the portal's CSV adds the zone to the name of a time.
    fn find(self, name: &str) -> Option<(&'t str, Node<'t>)> {
        let inner = self.record.get("properties").filter(|inner| inner.is_object());
        let levels = [inner, Some(self.record)];
        levels
            .into_iter()
            .flatten()
            .flat_map(Node::fields)
            .find(|(key, _)| key.split(" [").next().is_some_and(|key| key.eq_ignore_ascii_case(name)))
    }

    fn get(self, name: &str) -> Option<Node<'t>> {
        self.find(name).map(|(_, node)| node).filter(|node| !node.is_null())
    }

    fn text(self, name: &str) -> Option<Cow<'t, str>> {
        self.get(name).and_then(Node::text)
    }

    fn read(self, call: &mut Call<'t>) -> Result<(), String> {
        let time =
            self.get("TimeGenerated").or_else(|| self.get("time")).ok_or("no time: `TimeGenerated` is missing")?;
        // The table's times are UTC, with or without a zone.
        (call.ts, _) = fields::time(time).map_err(|reason| format!("`TimeGenerated`: {reason}"))?;
        self.take_ids(call);
        let deployment = self.text("DeploymentName");
        if deployment.is_some() {
            // Only Azure's own models are addressed by a deployment; whose another one is, the price table may know.
            call.set(Dim::Provider, "azure");
        }
        match (self.text("ModelName"), deployment) {
            (Some(model), deployment) => {
                call.set(Dim::Model, model);
                if let Some(deployment) = deployment {
                    call.set_extra("deployment", deployment);
                }
            }
            (None, Some(deployment)) => call.set(Dim::Model, deployment),
            (None, None) => {}
        }
        self.take_dimensions(call);
        self.take_tokens(call)
    }

    fn take_ids(self, call: &mut Call<'t>) {
        let correlation = self.text("CorrelationId");
        match self.text("RequestId").filter(|id| is_answers(id)) {
            Some(id) => {
                call.request_id = Some(id);
                call.flags.add(Flags::UNIQUE_ID);
                if let Some(correlation) = correlation {
                    call.set_extra("correlation_id", correlation);
                }
            }
            None => call.request_id = correlation,
        }
    }

    /// Takes what the row and the gateway's other tables, joined to it, tell about the caller.
    fn take_dimensions(self, call: &mut Call<'t>) {
        for (dim, name) in
            [(Dim::Account, "_SubscriptionId"), (Dim::ApiKey, "ApimSubscriptionId"), (Dim::User, "UserId")]
        {
            if let Some(value) = self.text(name) {
                call.set(dim, value);
            }
        }
        for (name, column) in [
            ("operation", "OperationName"),
            ("product", "ProductId"),
            ("api", "ApiId"),
            ("api_version", "ApiVersion"),
            // Where the gateway stands, not where inference ran.
            ("gateway_region", "Region"),
        ] {
            if let Some(value) = self.text(column) {
                fields::set_extra(call, name, value);
            }
        }
    }

    fn take_tokens(self, call: &mut Call<'t>) -> Result<(), String> {
        let count = |name: &str| value::optional_count(name, self.get(name));
        let (input, output, total) = (count("PromptTokens")?, count("CompletionTokens")?, count("TotalTokens")?);
        let output = output.or(if input.is_some() && input == total { Some(0) } else { None });
        let nothing = input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0;
        if input.is_none() || output.is_none() || nothing {
            body::missing(call);
        }
        let total = total.filter(|_| input.is_some() && output.is_some());
        let counts = Counts { input: input.unwrap_or(0), output: output.unwrap_or(0), total, ..Counts::default() };
        counts.settle(call, None, Reading::INSIDE);
        if counts.input > 0 {
            tokens::without_split(call);
        }
        Ok(())
    }
}

/// Tells whether an id is the answer's own, as the provider gave it.
fn is_answers(id: &str) -> bool {
    ["chatcmpl-", "resp_", "cmpl-", "msg_"].iter().any(|mark| id.starts_with(mark))
}
