//! A bill into the store: in with every row or not at all, its sums read back before it is kept.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::domain::Statement;
use crate::domain::Timestamp;
use crate::ops::bills;
use crate::ops::bills::Bill;
use crate::ops::bills::BillRead;
use crate::ops::bills::Outdated;
use crate::ops::import::FileOutcome;
use crate::ops::import::ImportPlan;
use crate::ops::import::Watch;
use crate::store::ImportHead;
use crate::store::InvoiceTail;
use crate::store::Store;
use crate::store::StoreError;

/// Lines between two words on how far reading is.
const LINES_A_WORD: u64 = 1 << 14;

/// A bill that is in, or was already.
#[derive(Clone, Debug, Default)]
pub struct BillIn {
    /// The import's number.
    pub id: i64,
    /// The format's name.
    pub input_format: String,
    /// Rows of the file.
    pub rows: u64,
    /// Rows that charge nothing, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Lines that the rows became.
    pub lines: u64,
    /// The sum of the amounts by currency, in 1e-12 of it.
    pub totals: BTreeMap<String, i128>,
    /// Amounts that were rounded.
    pub rounded: u64,
    /// From the first start of a line to the last end.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What the file says of itself.
    pub statement: Statement,
    /// The import that brought the same bytes before.
    pub duplicate_of: Option<i64>,
    /// What it took the place of in earlier bills.
    pub superseded: Vec<Outdated>,
}

impl BillIn {
    /// Returns how many rows charge something or tell some usage.
    pub fn billed_rows(&self) -> u64 {
        self.rows - self.skipped.values().sum::<u64>().min(self.rows)
    }
}

/// Imports a bill.
pub(super) fn take_in(
    store: &mut Store,
    plan: &ImportPlan,
    source: String,
    bill: Bill,
    watch: &dyn Watch,
) -> Result<FileOutcome, StoreError> {
    let input_format = bill.format().to_string();
    let head = ImportHead { path: bill.path().to_string(), input_format, source, at: plan.at };
    let (read, size) = bill.progress();
    let mut import = store.begin_invoice(&head)?;
    let (mut failed, mut lines, mut span) = (None, 0u64, None);
    let outcome = bill.read(&mut |line| {
        if lines.is_multiple_of(LINES_A_WORD) {
            watch.progress(&head.path, read.load(Ordering::Relaxed), size);
        }
        lines += 1;
        span = Some(span.map_or((line.start, line.end), |(first, last): (Timestamp, Timestamp)| {
            (first.min(line.start), last.max(line.end))
        }));
        if failed.is_none() {
            failed = import.line(line).err();
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    let BillRead { statement, control, hash, bytes } = match outcome {
        Ok(read) => read,
        Err(error) => return Ok(FileOutcome::Failed { hint: error.hint(), reason: error.to_string() }),
    };
    let mut done = BillIn {
        id: import.id(),
        input_format: head.input_format.clone(),
        rows: control.rows,
        skipped: control.skipped.clone(),
        lines,
        totals: control.totals.clone(),
        rounded: control.rounded,
        span,
        statement: statement.clone(),
        ..BillIn::default()
    };
    let tail = InvoiceTail {
        bytes,
        hash,
        rows: control.rows,
        skipped: control.skipped,
        totals: control.totals,
        rounded: control.rounded,
        statement,
    };
    done.duplicate_of = import.store().invoice_of(&tail.hash)?;
    if done.duplicate_of.is_some() {
        drop(import);
        if !plan.dry_run {
            done.id = store.record_known_invoice(&head, &tail)?;
        }
    } else {
        import.finish(&tail)?;
        done.superseded = bills::superseded_by(import.store(), done.id)?;
        if !plan.dry_run {
            import.commit()?;
        }
    }
    watch.done();
    Ok(FileOutcome::Bill(Box::new(done)))
}
