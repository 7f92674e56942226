//! DeepSeek's cost export, `cost-<month>.csv` of the zip it hands out: a row a day, model and wallet, in dollars or yuan.
//!
//! Costs are exact decimals. What the granted wallet pays was used and costs no money: its row is the
//! charge, and a credit of the same amount. There are no keys in it. `user_id` is not kept.

use crate::domain::Amount;
use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Statement;
use crate::invoice::InvoiceReader;
use crate::invoice::LineSink;
use crate::invoice::Options;
use crate::invoice::Session;
use crate::invoice::deepseek_days;
use crate::invoice::deepseek_days::Days;
use crate::invoice::total_row::TotalRow;
use crate::invoice::value;
use crate::read::Record;
use crate::read::json::Node;

/// The reader of the cost export.
pub struct DeepSeekCost;

impl InvoiceReader for DeepSeekCost {
    fn name(&self) -> &'static str {
        "deepseek_cost"
    }

    fn claims(&self, record: Node<'_>) -> bool {
        let columns = ["wallet_type", "cost", "currency", "model"];
        deepseek_days::has_day(record) && columns.iter().filter(|key| record.has(key)).count() >= 3
    }

    fn start(&self, _options: &Options) -> Box<dyn Session> {
        Box::<Rows>::default()
    }
}

#[derive(Default)]
struct Rows {
    days: Days,
    total: TotalRow,
    /// What the granted wallet pays, which the column of costs holds like the rest.
    granted: i128,
}

impl Session for Rows {
    fn record(&mut self, record: Record<'_>, sink: &mut dyn LineSink) -> Result<(), String> {
        let row = record.node;
        value::require(row, &["model", "wallet_type", "cost", "currency"])?;
        if self.total.takes(record, deepseek_days::column(row), |row| value::amount(row, "cost", 0), sink)? {
            return Ok(());
        }
        let (start, end) = self.days.span(row)?;
        let wallet = value::text(row, "wallet_type");
        let is = |name: &str| wallet.as_deref().is_some_and(|wallet| wallet.eq_ignore_ascii_case(name));
        let amount = value::amount(row, "cost", 0)?.ok_or("`cost` is empty")?;
        let line = InvoiceLine {
            row: record.line,
            provider: "deepseek".into(),
            model: Some(value::required(row, "model")?),
            // A wallet that is not known may be another credit: its name is kept to be seen.
            description: wallet.clone().filter(|_| !is("paid") && !is("granted")),
            charge: Charge::Call,
            start,
            end,
            amount: Some(amount.clone()),
            currency: value::currency(&value::required(row, "currency")?)?.into_owned().into(),
            ..InvoiceLine::default()
        };
        sink.line(&line);
        if is("granted") {
            self.granted += amount.pico;
            sink.line(&InvoiceLine {
                charge: Charge::Credit,
                description: Some("granted wallet".into()),
                amount: Some(Amount { pico: -amount.pico, text: amount.text.map(|text| format!("-{text}").into()) }),
                ..line
            });
        }
        Ok(())
    }

    fn end(&mut self, _sink: &mut dyn LineSink) -> Result<Statement, String> {
        let stated_total = self.total.stated_without(self.granted);
        Ok(Statement { stated_total, ..self.days.statement() })
    }
}
