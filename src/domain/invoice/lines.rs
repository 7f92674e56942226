//! Many lines of several bills, side by side: texts by number, so that a year of daily lines fits in memory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::invoice::Charge;
use crate::domain::invoice::InvoiceLine;
use crate::domain::invoice::Quantity;
use crate::domain::invoice::Statement;
use crate::domain::time::Timestamp;

/// The number of a text among [`Lines`]; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u32);

/// A line, its texts by number. The fields are those of [`InvoiceLine`].
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The place of its document among [`Lines::documents`].
    pub document: u32,
    /// The line of the file that its row starts on.
    pub row: u64,
    /// Who charges.
    pub provider: TextId,
    /// The account that pays.
    pub account: TextId,
    /// The workspace or project.
    pub workspace: TextId,
    /// The API key.
    pub api_key: TextId,
    /// Where inference ran.
    pub region: TextId,
    /// The model.
    pub model: TextId,
    /// The service mode.
    pub tier: TextId,
    /// The server-side tool.
    pub tool: TextId,
    /// The file's own words.
    pub description: TextId,
    /// The file's unit, where it is not to be relied on.
    pub unit: TextId,
    /// ISO 4217.
    pub currency: TextId,
    /// The invoice.
    pub invoice: TextId,
    /// What it charges for.
    pub charge: Charge,
    /// Whether the price is that of long prompts.
    pub long_context: Option<bool>,
    /// When its span starts.
    pub start: Timestamp,
    /// When its span ends.
    pub end: Timestamp,
    /// How much was used.
    pub quantity: Option<Quantity>,
    /// What is to be paid, in 1e-12 of the currency.
    pub amount: Option<i128>,
    /// The same before discounts.
    pub list: Option<i128>,
    /// The step amounts are rounded to.
    pub quantum: i128,
    /// Whether it is final.
    pub settled: Option<bool>,
    /// Told for the record alone.
    pub memo: bool,
}

/// A file of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The number of its import, where it is stored.
    pub import: Option<i64>,
    /// The path as shown.
    pub path: String,
    /// The format's name.
    pub format: String,
    /// The hash of its bytes, as hexadecimal text.
    pub hash: String,
    /// Rows read.
    pub rows: u64,
    /// What it says of itself.
    pub statement: Statement,
}

/// Lines of several documents.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The documents, in the order they came: a later one is the newer.
    pub documents: Vec<Document>,
    /// The lines, document by document.
    pub rows: Vec<Line>,
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, TextId>,
}

impl Lines {
    /// Returns the number of a text.
    pub fn intern(&mut self, text: &str) -> TextId {
        if text.is_empty() {
            return TextId(0);
        }
        if let Some(id) = self.numbers.get(text) {
            return *id;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let id = TextId(self.texts.len() as u32);
        self.numbers.insert(text, id);
        id
    }

    /// Returns a text by its number.
    pub fn text(&self, id: TextId) -> Option<&Arc<str>> {
        self.texts.get((id.0 as usize).checked_sub(1)?)
    }

    /// Starts a document; the lines pushed from now on are its.
    pub fn begin(&mut self, document: Document) {
        self.documents.push(document);
    }

    /// Adds a line to the document begun last.
    pub fn push(&mut self, line: &InvoiceLine<'_>) {
        let mut id = |text: &Option<std::borrow::Cow<'_, str>>| self.intern(text.as_deref().unwrap_or_default());
        let row = Line {
            document: 0,
            row: line.row,
            account: id(&line.account),
            workspace: id(&line.workspace),
            api_key: id(&line.api_key),
            region: id(&line.region),
            model: id(&line.model),
            tier: id(&line.tier),
            tool: id(&line.tool),
            description: id(&line.description),
            unit: id(&line.unit),
            invoice: id(&line.invoice),
            provider: self.intern(&line.provider),
            currency: self.intern(&line.currency),
            charge: line.charge,
            long_context: line.long_context,
            start: line.start,
            end: line.end,
            quantity: line.quantity,
            amount: line.amount.as_ref().map(|amount| amount.pico),
            list: line.list.as_ref().map(|amount| amount.pico),
            quantum: line.quantum,
            settled: line.settled,
            memo: line.memo,
        };
        let document = self.documents.len().saturating_sub(1) as u32;
        self.rows.push(Line { document, ..row });
    }
}
