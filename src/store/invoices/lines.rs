//! Lines of bills as rows, there and back. Texts go by number; what does not fit 64 bits is text.

use rusqlite::Row;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;

use crate::domain::Charge;
use crate::domain::InvoiceLine;
use crate::domain::Quantity;
use crate::domain::Timestamp;
use crate::domain::invoice::Line;
use crate::domain::invoice::Lines;
use crate::domain::invoice::TextId;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::invoices::InvoiceImport;

/// How many values a row has.
const COLUMNS: usize = 26;

/// Adds a row of [`InvoiceImport::values`].
pub(super) const INSERT: &str = "
INSERT INTO invoice_lines (id, import, row, provider, account, workspace, api_key, region, model, tier, tool, description,
    unit, currency, invoice, charge, long_context, start, end, quantity, amount, amount_text, list, quantum, settled, memo)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
    ?25, ?26)";

const SELECT: &str = "
SELECT row, provider, account, workspace, api_key, region, model, tier, tool, description, unit, currency, invoice, charge,
    long_context, start, end, quantity, amount, list, quantum, settled, memo
FROM invoice_lines WHERE id >= ?1 AND id < ?2 ORDER BY id";

impl InvoiceImport<'_> {
    /// Returns a line as the values of its row.
    pub(super) fn values(&mut self, line: &InvoiceLine<'_>) -> Result<[Value; COLUMNS], StoreError> {
        let mut text = |text: &str| self.text(text).map(|id| id.map_or(Value::Null, Value::Integer));
        let texts = [
            text(&line.provider)?,
            text(line.account.as_deref().unwrap_or_default())?,
            text(line.workspace.as_deref().unwrap_or_default())?,
            text(line.api_key.as_deref().unwrap_or_default())?,
            text(line.region.as_deref().unwrap_or_default())?,
            text(line.model.as_deref().unwrap_or_default())?,
            text(line.tier.as_deref().unwrap_or_default())?,
            text(line.tool.as_deref().unwrap_or_default())?,
            text(line.description.as_deref().unwrap_or_default())?,
            text(line.unit.as_deref().unwrap_or_default())?,
            text(&line.currency)?,
            text(line.invoice.as_deref().unwrap_or_default())?,
            text(line.charge.name())?,
        ];
        let [
            provider,
            account,
            workspace,
            api_key,
            region,
            model,
            tier,
            tool,
            description,
            unit,
            currency,
            invoice,
            charge,
        ] = texts;
        let flag = |flag: Option<bool>| flag.map_or(Value::Null, |flag| Value::Integer(i64::from(flag)));
        let number = |number: Option<i128>| number.map_or(Value::Null, integer);
        let amount_text = line.amount.as_ref().and_then(|amount| amount.text.as_deref());
        Ok([
            Value::Integer(self.next_line),
            Value::Integer(self.id),
            Value::Integer(line.row as i64),
            provider,
            account,
            workspace,
            api_key,
            region,
            model,
            tier,
            tool,
            description,
            unit,
            currency,
            invoice,
            charge,
            flag(line.long_context),
            Value::Integer(line.start.0),
            Value::Integer(line.end.0),
            number(line.quantity.map(|quantity| quantity.0)),
            number(line.amount.as_ref().map(|amount| amount.pico)),
            amount_text.map_or(Value::Null, |text| Value::Text(text.to_string())),
            number(line.list.as_ref().map(|list| list.pico)),
            integer(line.quantum),
            flag(line.settled),
            Value::Integer(i64::from(line.memo)),
        ])
    }
}

fn integer(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
}

/// Reads a number of any width.
pub(in crate::store) fn wide(row: &Row<'_>, at: usize) -> Result<Option<i128>, StoreError> {
    let damaged = || StoreError::Damaged("a line of a bill".into());
    match row.get_ref(at)? {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(i128::from(number))),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            text.map(Some).ok_or_else(damaged)
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => Err(damaged()),
    }
}

impl Store {
    /// Returns the lines of some bills, the oldest import first.
    pub fn invoice_lines(&self, imports: &[i64]) -> Result<Lines, StoreError> {
        let mut lines = Lines::default();
        let texts = self.numbered_texts(&mut lines)?;
        for invoice in self.invoices()? {
            let Some(import) = invoice.document.import.filter(|import| imports.contains(import)) else { continue };
            let document = lines.documents.len() as u32;
            lines.begin(invoice.document);
            let sql = "SELECT first_line FROM invoices WHERE import = ?1";
            let first: i64 = self.conn.query_row(sql, [import], |row| row.get(0))?;
            lines.rows.reserve(invoice.lines as usize);
            let mut statement = self.conn.prepare_cached(SELECT)?;
            let mut rows = statement.query([first, first + invoice.lines as i64])?;
            while let Some(row) = rows.next()? {
                lines.rows.push(line(row, document, &texts)?);
            }
        }
        Ok(lines)
    }

    /// Gives every stored text its number among `lines`, and what charge it names, by its number in the store.
    fn numbered_texts(&self, lines: &mut Lines) -> Result<Vec<(TextId, Charge)>, StoreError> {
        let mut texts = vec![(TextId(0), Charge::Other)];
        let mut statement = self.conn.prepare_cached("SELECT id, text FROM invoice_texts ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, text) = (row.get::<_, i64>(0)? as usize, row.get_ref(1)?);
            let text = text.as_str().map_err(|_| StoreError::Damaged("a text of a bill".into()))?;
            texts.resize(id, (TextId(0), Charge::Other));
            texts.push((lines.intern(text), Charge::parse(text).unwrap_or(Charge::Other)));
        }
        Ok(texts)
    }
}

/// Reads a row of [`SELECT`].
fn line(row: &Row<'_>, document: u32, texts: &[(TextId, Charge)]) -> Result<Line, StoreError> {
    let known = |at: usize| -> Result<(TextId, Charge), StoreError> {
        let id = row.get::<_, Option<i64>>(at)?.unwrap_or(0);
        texts.get(id as usize).copied().ok_or_else(|| StoreError::Damaged("a line of a bill lacks its text".into()))
    };
    let text = |at: usize| known(at).map(|(text, _)| text);
    Ok(Line {
        document,
        row: row.get::<_, i64>(0)? as u64,
        provider: text(1)?,
        account: text(2)?,
        workspace: text(3)?,
        api_key: text(4)?,
        region: text(5)?,
        model: text(6)?,
        tier: text(7)?,
        tool: text(8)?,
        description: text(9)?,
        unit: text(10)?,
        currency: text(11)?,
        invoice: text(12)?,
        charge: known(13)?.1,
        long_context: row.get(14)?,
        start: Timestamp(row.get(15)?),
        end: Timestamp(row.get(16)?),
        quantity: wide(row, 17)?.map(Quantity),
        amount: wide(row, 18)?,
        list: wide(row, 19)?,
        quantum: wide(row, 20)?.unwrap_or(0),
        settled: row.get(21)?,
        memo: row.get(22)?,
    })
}
