//! The columns of cost and usage reports, by their two generations of names.

use crate::invoice::value;
use crate::read::json::Node;

/// The columns of a generation.
pub(super) struct Names {
    pub(super) kind: &'static str,
    pub(super) usage_type: &'static str,
    pub(super) usage_amount: &'static str,
    pub(super) start: &'static str,
    pub(super) end: &'static str,
    pub(super) cost: &'static str,
    pub(super) list: &'static str,
    pub(super) currency: &'static str,
    pub(super) description: &'static str,
    pub(super) code: &'static str,
    pub(super) services: [&'static str; 2],
    pub(super) unit: &'static str,
    pub(super) region: &'static str,
    pub(super) payer: &'static str,
    pub(super) account: &'static str,
    pub(super) invoice: &'static str,
}

/// CUR 2.0, and the legacy report as Athena's tables name it.
pub(super) static SNAKE: Names = Names {
    kind: "line_item_line_item_type",
    usage_type: "line_item_usage_type",
    usage_amount: "line_item_usage_amount",
    start: "line_item_usage_start_date",
    end: "line_item_usage_end_date",
    cost: "line_item_unblended_cost",
    list: "pricing_public_on_demand_cost",
    currency: "line_item_currency_code",
    description: "line_item_line_item_description",
    code: "line_item_product_code",
    services: ["product_servicename", "product_product_name"],
    unit: "pricing_unit",
    region: "product_region_code",
    payer: "bill_payer_account_id",
    account: "line_item_usage_account_id",
    invoice: "bill_invoice_id",
};

/// The legacy report as CSV.
pub(super) static LEGACY: Names = Names {
    kind: "lineItem/LineItemType",
    usage_type: "lineItem/UsageType",
    usage_amount: "lineItem/UsageAmount",
    start: "lineItem/UsageStartDate",
    end: "lineItem/UsageEndDate",
    cost: "lineItem/UnblendedCost",
    list: "pricing/publicOnDemandCost",
    currency: "lineItem/CurrencyCode",
    description: "lineItem/LineItemDescription",
    code: "lineItem/ProductCode",
    services: ["product/servicename", "product/ProductName"],
    unit: "pricing/unit",
    region: "product/regionCode",
    payer: "bill/PayerAccountId",
    account: "lineItem/UsageAccountId",
    invoice: "bill/InvoiceId",
};

impl Names {
    /// Refuses a report that lacks what every one has.
    ///
    /// # Errors
    /// Which column is missing.
    pub(super) fn require(&self, record: Node<'_>) -> Result<(), String> {
        let all = [self.kind, self.usage_type, self.usage_amount, self.start, self.cost, self.currency];
        value::require(record, &all)?;
        let services = [self.services[0], self.services[1], "product", self.code];
        match services.iter().any(|name| record.has(name)) {
            true => Ok(()),
            false => value::require(record, &services[..1]),
        }
    }
}
