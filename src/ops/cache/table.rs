//! The answer of `attr cache` for people and spreadsheets.

use crate::analyze::cache::Caching;
use crate::analyze::cache::Figures;
use crate::analyze::cache::Row;
use crate::domain::Class;
use crate::domain::Usd;
use crate::ops::cache::CachePlan;
use crate::ops::slice::cost_cell;
use crate::ops::slice::heading;
use crate::ops::slice::key_cell;
use crate::report::Block;
use crate::report::Cell;
use crate::report::Column;
use crate::report::Table;

/// A column: its heading, its key, and its cell of figures.
type Field = (&'static str, &'static str, fn(&Figures) -> Cell);

const CALLS: Field = ("calls", "calls", |figures| Cell::Count(figures.measures.calls));
const PROMPT: Field = ("input", "prompt_tokens", |figures| Cell::Count(figures.prompt()));
const HITS: Field = ("cached", "hit_share", |figures| figures.hit_share().map_or(Cell::Empty, Cell::Share));
const READS: Field = ("reads", "cache_read_usd", |figures| Cell::Usd(figures.reads));
const WRITES: Field = ("writes", "cache_write_usd", |figures| Cell::Usd(figures.writes));
const UNCACHED: Field = ("uncached", "uncached_usd", |figures| Cell::Usd(figures.uncached));
const SAVED: Field = ("saved", "saved_usd", |figures| Cell::Change(figures.saved()));
const WASTED: Field = ("never read", "unread_write_usd", |figures| Cell::Usd(figures.wasted));
const ELIGIBLE: Field = ("now", "batch_eligible_usd", |figures| Cell::Usd(figures.waitable));
const AS_BATCH: Field = ("as batch", "as_batch_usd", |figures| Cell::Usd(figures.batched));
const BATCH_SAVES: Field = ("would save", "batch_saves_usd", |figures| Cell::Change(figures.batch_saves()));

/// Lays out two tables, each where there is something to tell.
pub(super) fn blocks(plan: &CachePlan, caching: &Caching) -> Vec<Block> {
    let total = &caching.total;
    let mut blocks = vec![Block::Heading(heading(plan.window, plan.zone))];
    let mut fields = vec![CALLS, PROMPT, HITS, READS, WRITES, UNCACHED, SAVED];
    if total.wasted != Usd::ZERO {
        fields.push(WASTED);
    }
    blocks.push(Block::Table(table(plan, caching.rows.iter(), total, &fields)));
    if total.wasted != Usd::ZERO {
        blocks.push(Block::Note(
            "never read = what was paid on top of plain input for tokens written to a cache beyond those read from it"
                .into(),
        ));
    }
    if caching.others > 0 {
        blocks.push(Block::Note(format!("(other) sums {} groups; --top 0 shows all", caching.others)));
    }
    if total.waitable != Usd::ZERO {
        blocks.push(Block::Heading("standard calls to models that are sold in batches".into()));
        let rows = caching.rows.iter().filter(|row| row.figures.waitable != Usd::ZERO);
        blocks.push(Block::Table(table(plan, rows, total, &[ELIGIBLE, AS_BATCH, BATCH_SAVES])));
        blocks.push(Block::Note(
            "an upper bound: a batch takes up to a day, so count only work that nobody waits for (--where leaves out the rest)"
                .into(),
        ));
    }
    blocks
}

/// Lays out one table with every column.
pub(super) fn wide(plan: &CachePlan, caching: &Caching) -> Block {
    let fields: [Field; 16] = [
        CALLS,
        PROMPT,
        ("read", "cache_read_tokens", |figures| Cell::Count(figures.read())),
        ("written", "cache_write_tokens", |figures| {
            let writes = Class::ALL.into_iter().filter(|class| class.is_cache_write());
            Cell::Count(writes.map(|class| figures.measures.tokens[class as usize]).sum())
        }),
        HITS,
        ("cost", "cost_usd", |figures| cost_cell(&figures.measures)),
        READS,
        WRITES,
        UNCACHED,
        SAVED,
        ("unread", "unread_write_tokens", |figures| Cell::Count(figures.unread)),
        WASTED,
        ELIGIBLE,
        AS_BATCH,
        BATCH_SAVES,
        ("unpriced", "unpriced_calls", |figures| Cell::Count(figures.measures.unpriced_calls())),
    ];
    Block::Table(table(plan, caching.rows.iter(), &caching.total, &fields))
}

fn table<'r>(plan: &CachePlan, rows: impl Iterator<Item = &'r Row>, total: &Figures, fields: &[Field]) -> Table {
    let mut columns: Vec<Column> = plan.by.iter().map(|axis| Column::new(axis.to_string())).collect();
    columns.extend(fields.iter().map(|(name, key, _)| Column::keyed(*name, *key)));
    let cells = |figures: &Figures| fields.iter().map(|(_, _, cell)| cell(figures)).collect::<Vec<Cell>>();
    let mut rows: Vec<Vec<Cell>> = rows
        .map(|row| {
            let mut line: Vec<Cell> = row.key.iter().map(|value| key_cell(value, row.is_other)).collect();
            line.extend(cells(&row.figures));
            line
        })
        .collect();
    let mut whole = vec![Cell::Empty; plan.by.len()];
    if let Some(first) = whole.first_mut() {
        *first = Cell::Text("total".into());
    }
    whole.extend(cells(total));
    if plan.by.is_empty() {
        rows = vec![whole];
        return Table { columns, rows, total: None };
    }
    Table { columns, rows, total: Some(whole) }
}
