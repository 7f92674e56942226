//! Calls on their way into the store: a batch of rows as columns, texts as small numbers.
//!
//! A batch is what one segment will hold. It is filled while the log is read, priced, and then written; it
//! knows neither SQL nor prices.

pub(crate) mod columns;
pub(crate) mod identity;
mod more;
mod tools;

pub(super) use identity::clip;
pub use tools::read as read_tools;

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Flags;
use crate::domain::Tokens;
use crate::domain::Unpriced;
use crate::domain::Usd;
use crate::domain::dimension::DIMS;
use crate::domain::span::Span;
use crate::domain::span::SpanRole;
use crate::domain::tokens::CLASSES;
use crate::store::batch::columns::Coded;
use crate::store::batch::columns::Ints;
use crate::store::batch::identity::LONGEST_VALUE;
use crate::store::batch::identity::Names;
use crate::store::batch::identity::aliases;
use crate::store::batch::identity::identity;
use crate::store::batch::more::write_more;
use crate::store::interner::Texts;

/// Rows of a full batch, and of a full segment.
pub(crate) const BATCH_ROWS: usize = 1 << 16;
/// More keys than this beyond the standard dimensions stay in the row's JSON and cannot be sliced by.
const MOST_KEYS: usize = 500;

/// Kinds that have about as many values as there are calls.
pub(crate) const ALWAYS_INLINED: [Dim; 3] = [Dim::Session, Dim::Run, Dim::Trace];

/// Returns the name of the column of another key.
pub(crate) fn key_column(key: &str) -> String {
    format!("meta.{key}")
}

/// How a call is told from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityRule {
    /// By the provider's response id or the log's request id, else by the record's content.
    Id,
    /// By trace and span.
    Span,
}

/// A batch of calls.
#[derive(Default)]
pub struct Batch {
    rows: usize,
    pub(crate) line: Vec<u64>,
    pub(crate) ts: Vec<i64>,
    /// Hash that finds a call again; equal hashes are confirmed, never believed.
    pub(crate) identity: Vec<u64>,
    /// Hash of the record's content as it stood in the log.
    pub(crate) fingerprint: Vec<u64>,
    pub(crate) tokens: [Ints; CLASSES],
    pub(crate) reasoning: Ints,
    /// Milliseconds plus one; zero is not logged.
    pub(crate) latency: Ints,
    /// Milliseconds plus one; zero is not logged.
    pub(crate) ttft: Ints,
    /// Picodollars plus one; zero is not logged.
    pub(crate) logged_cost: Ints,
    pub(crate) flags: Ints,
    pub(crate) unpriced: Ints,
    pub(crate) cost: Ints,
    /// List price less cost in picodollars, as the bits of an `i64`; zero but for agreed prices.
    pub(crate) discount: Ints,
    pub(crate) dims: [Coded; DIMS],
    pub(crate) extra: Vec<(String, Coded)>,
    pub(crate) request_id: Texts,
    pub(crate) span: Texts,
    pub(crate) parent: Texts,
    pub(crate) more: Texts,
    /// Uses of server-side tools, one text a row: see `tools`.
    pub(crate) tools: Coded,
    other_inputs: Vec<(u32, [Option<u64>; 2])>,
    pub(crate) spans: Vec<BatchSpan>,
    /// Hashes of the other ids that calls are known by, with their rows.
    pub(crate) aliases: Vec<(u64, u32)>,
    /// The files that the rows are from: (first row, number).
    files: Vec<(u32, i64)>,
    fixed: Arc<Fixed>,
    scratch: String,
}

/// How much a batch held at some point.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    rows: usize,
    spans: usize,
    files: usize,
    dims: Vec<usize>,
    extra: Vec<usize>,
    tools: usize,
}

/// Values that every call of a file has, whatever its record says: its source, and what the user sets.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// Standard dimensions.
    pub dims: [Option<String>; DIMS],
    /// Other keys.
    pub extra: Vec<(String, String)>,
}

/// A span on its way into the store.
pub(crate) struct BatchSpan {
    pub(crate) span: Span<'static>,
    /// The row of the call that the span is, if it is one.
    pub(crate) row: Option<u32>,
    /// The number of the file it is from.
    pub(crate) file: i64,
}

/// Spans are small; a batch with more of them than this is written though its calls are few.
const MOST_SPANS: usize = BATCH_ROWS;

/// What the price table says of a call, in picodollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowPrice {
    /// What it cost.
    pub cost: i64,
    /// What it would have cost by list price.
    pub list: i64,
    /// Whether a class was billed at another class's price because the seller prints none.
    pub fallback: bool,
}

/// The column of tools.
pub(crate) const TOOLS: &str = "tools";

/// Marks a row whose identity is its trace and span; kept among the stored flags.
pub(crate) const SPAN_IDENTITY: u32 = 1 << 31;

impl Batch {
    /// Starts a batch, to be filled file by file.
    pub fn empty() -> Batch {
        let mut batch = Batch::default();
        for dim in ALWAYS_INLINED {
            batch.dims[dim as usize].mostly_distinct = true;
        }
        batch
    }

    /// Starts a batch of so many rows, to be filled column by column.
    pub(crate) fn of_rows(rows: usize) -> Batch {
        Batch { rows, ..Batch::default() }
    }

    /// Empties the batch for other files and keeps its allocations.
    pub fn clear(&mut self) {
        self.truncate(&Mark::default());
        if self.extra.len() > MOST_KEYS / 2 {
            // Keys of files that are done must not keep out those of files to come.
            self.extra.clear();
        }
    }

    /// Begins on a file: the rows that follow are its own, and share its values. The number is the caller's.
    pub fn begin_file(&mut self, number: i64, fixed: Arc<Fixed>) {
        self.fixed = fixed;
        self.files.push((self.rows as u32, number));
    }

    /// Returns the number of the file that a row is from.
    pub(crate) fn file(&self, row: usize) -> i64 {
        let after = self.files.partition_point(|(first, _)| *first as usize <= row);
        after.checked_sub(1).map_or(0, |at| self.files[at].1)
    }

    /// Gives the files other numbers.
    pub(crate) fn number_files(&mut self, number: impl Fn(i64) -> i64) {
        self.files.iter_mut().for_each(|(_, file)| *file = number(*file));
        self.spans.iter_mut().for_each(|span| span.file = number(span.file));
    }

    /// Notes how much there is, for [`Batch::truncate`].
    pub fn mark(&self) -> Mark {
        let values = |column: &Coded| column.values.len();
        Mark {
            rows: self.rows,
            spans: self.spans.len(),
            files: self.files.len(),
            dims: self.dims.iter().map(values).collect(),
            extra: self.extra.iter().map(|(_, column)| values(column)).collect(),
            tools: values(&self.tools),
        }
    }

    /// Forgets all that came after a mark, as though it had never been added.
    pub fn truncate(&mut self, mark: &Mark) {
        let rows = mark.rows;
        self.rows = rows;
        self.line.truncate(rows);
        self.ts.truncate(rows);
        self.identity.truncate(rows);
        self.fingerprint.truncate(rows);
        let numbers = [
            &mut self.reasoning,
            &mut self.latency,
            &mut self.ttft,
            &mut self.logged_cost,
            &mut self.flags,
            &mut self.unpriced,
            &mut self.cost,
            &mut self.discount,
        ];
        numbers.into_iter().chain(&mut self.tokens).for_each(|column| column.truncate(rows));
        let known = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(0);
        for (at, column) in self.dims.iter_mut().enumerate() {
            column.truncate(rows, known(&mark.dims, at));
        }
        for (at, (_, column)) in self.extra.iter_mut().enumerate() {
            column.truncate(rows, known(&mark.extra, at));
        }
        self.tools.truncate(rows, mark.tools);
        [&mut self.request_id, &mut self.span, &mut self.parent, &mut self.more]
            .into_iter()
            .for_each(|texts| texts.truncate(rows));
        self.other_inputs.retain(|(row, _)| (*row as usize) < rows);
        self.aliases.retain(|(_, row)| (*row as usize) < rows);
        self.spans.truncate(mark.spans);
        self.files.truncate(mark.files);
    }

    /// Returns how many calls it holds.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Tells whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.rows == 0 && self.spans.is_empty()
    }

    /// Tells whether it is time to write it.
    pub fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.spans.len() >= MOST_SPANS
    }

    /// Adds a call. `fingerprint` is the hash of the record it came from.
    pub fn push(&mut self, call: &Call<'_>, fingerprint: u64, rule: IdentityRule) {
        let row = self.rows;
        let fixed = Arc::clone(&self.fixed);
        let source = fixed.dims[Dim::Source as usize].as_deref().or(call.dim(Dim::Source));
        // What is hashed is what is stored, so that a segment made anew has the same identities.
        let names = Names {
            source: clip(source.unwrap_or_default()),
            trace: call.dim(Dim::Trace).map(clip),
            span: call.span.as_deref().map(clip),
            request_id: call.request_id.as_deref().map(clip),
        };
        let unique = call.flags.has(Flags::UNIQUE_ID);
        let (identity, by_span) = identity(&names, unique, fingerprint, rule);
        self.aliases.extend(aliases(call, unique && by_span).map(|hash| (hash, row as u32)));
        if let Some(last) = self.spans.last_mut()
            && by_span
            && last.row.is_none()
            && names.span.as_deref() == Some(&last.span.id)
        {
            last.row = Some(row as u32);
        }
        self.rows += 1;
        self.line.push(call.line);
        self.ts.push(call.ts.0);
        self.identity.push(identity);
        self.fingerprint.push(fingerprint);
        for class in Class::ALL {
            self.tokens[class as usize].push(row, call.tokens.get(class));
        }
        self.reasoning.push(row, call.reasoning);
        self.latency.push(row, call.latency_ms.map_or(0, |ms| ms + 1));
        self.ttft.push(row, call.ttft_ms.map_or(0, |ms| ms + 1));
        let logged = call.logged_cost.and_then(Usd::call_pico).and_then(|pico| u64::try_from(pico).ok());
        self.logged_cost.push(row, logged.map_or(0, |pico| pico + 1));
        self.flags.push(row, u64::from(call.flags.0 | if by_span { SPAN_IDENTITY } else { 0 }));
        self.unpriced.push(row, u64::from(call.unpriced.map_or(0, Unpriced::code)));
        self.push_texts(row, call, &names);
        if !call.tools.is_empty() {
            self.tools.push(row, Some(&tools::written(&call.tools)));
        }
        if call.other_inputs != [None, None] {
            self.other_inputs.push((row as u32, call.other_inputs));
        }
    }

    /// Adds a span. If it is a call as well, the call is added next.
    pub fn push_span(&mut self, span: &Span<'_>) {
        let owned = |text: &str| Cow::<'static, str>::Owned(clip(text).into_owned());
        let mut span = Span {
            trace: owned(&span.trace),
            id: owned(&span.id),
            parent: span.parent.as_deref().map(owned),
            name: owned(&span.name),
            start: span.start,
            end: span.end,
            role: span.role,
            dims: span.dims.iter().map(|(dim, value)| (*dim, owned(value))).collect(),
            extra: span.extra.iter().map(|(key, value)| (owned(key), owned(value))).collect(),
        };
        if span.role != SpanRole::Structure {
            // What the user sets for a file stands above whatever the traces say.
            let set = Dim::all().zip(&self.fixed.dims).filter_map(|(dim, value)| Some((dim, owned(value.as_ref()?))));
            span.dims.extend(set.filter(|(dim, _)| *dim != Dim::Source));
            span.extra.extend(self.fixed.extra.iter().map(|(key, value)| (owned(key), owned(value))));
        }
        let file = self.files.last().map_or(0, |(_, file)| *file);
        self.spans.push(BatchSpan { span, row: None, file });
    }

    fn push_texts(&mut self, row: usize, call: &Call<'_>, names: &Names<'_>) {
        for (dim, column) in self.dims.iter_mut().enumerate() {
            // A value set to nothing says that there is none.
            let value = self.fixed.dims[dim].as_deref().or(call.dims[dim].as_deref()).filter(|value| !value.is_empty());
            column.push(row, value.map(clip).as_deref());
        }
        let fixed = Arc::clone(&self.fixed);
        let fixed_extra = || fixed.extra.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let is_fixed = |key: &str| fixed.extra.iter().any(|(known, _)| known == key);
        let logged = call.extra.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        for (key, value) in fixed_extra().chain(logged.filter(|(key, _)| !is_fixed(key))) {
            let column = match self.extra.iter().position(|(known, _)| known == key) {
                Some(at) => &mut self.extra[at].1,
                None if self.extra.len() < MOST_KEYS => {
                    self.extra.push((key.to_string(), Coded::default()));
                    let last = self.extra.len() - 1;
                    &mut self.extra[last].1
                }
                None => continue,
            };
            column.push(row, (!value.is_empty() && value.len() <= LONGEST_VALUE).then_some(value));
        }
        self.request_id.push(row, names.request_id.as_deref());
        self.span.push(row, names.span.as_deref());
        self.parent.push(row, call.parent.as_deref().map(clip).as_deref());
        self.scratch.clear();
        write_more(call, &fixed, &mut self.scratch);
        let more = std::mem::take(&mut self.scratch);
        self.more.push(row, (!more.is_empty()).then_some(more.as_str()));
        self.scratch = more;
    }

    /// Returns the columns of texts that have a value, by the name they are stored under.
    pub(crate) fn text_columns(&self) -> impl Iterator<Item = (String, &Coded)> {
        let dims = Dim::all().map(|dim| (dim.name().to_string(), &self.dims[dim as usize]));
        let keys = self.extra.iter().map(|(key, column)| (key_column(key), column));
        let tools = std::iter::once((TOOLS.to_string(), &self.tools));
        dims.chain(keys).chain(tools).filter(|(_, column)| !column.codes.is_empty())
    }

    /// Returns the value of a standard dimension in a row.
    pub fn dim(&self, row: usize, dim: Dim) -> Option<&str> {
        let column = &self.dims[dim as usize];
        column.text(column.code(row))
    }

    /// Returns the value of another key in a row.
    pub(crate) fn extra(&self, row: usize, key: &str) -> Option<&str> {
        let (_, column) = self.extra.iter().find(|(known, _)| known == key)?;
        column.text(column.code(row))
    }

    /// Returns the codes of several dimensions in a row; equal codes are equal values within the batch.
    pub fn codes<const N: usize>(&self, row: usize, dims: [Dim; N]) -> [u32; N] {
        dims.map(|dim| self.dims[dim as usize].code(row))
    }

    /// Returns the token counts of a row.
    pub fn tokens(&self, row: usize) -> Tokens {
        let mut tokens = Tokens::default();
        for class in Class::ALL {
            tokens.set(class, self.tokens[class as usize].get(row));
        }
        tokens
    }

    /// Replaces the uncached input of a row, once a logged cost has settled what the log left open.
    pub fn settle_input(&mut self, row: usize, input: u64) {
        self.tokens[Class::Input as usize].set(row, input);
        let flags = self.flags.get(row) & !u64::from(Flags::INCLUSIVE_GUESSED.0);
        self.flags.set(row, flags);
    }

    /// Returns when the call of a row started.
    pub fn ts(&self, row: usize) -> crate::domain::Timestamp {
        crate::domain::Timestamp(self.ts[row])
    }

    /// Returns the flags of a row.
    pub fn flags(&self, row: usize) -> Flags {
        Flags(self.flags.get(row) as u32)
    }

    /// Returns the cost the log states for a row.
    pub fn logged_cost(&self, row: usize) -> Option<Usd> {
        self.logged_cost.get(row).checked_sub(1).map(|pico| Usd::from_pico(i128::from(pico)))
    }

    /// Returns the reasoning tokens of a row, contained in its output.
    pub fn reasoning(&self, row: usize) -> u64 {
        self.reasoning.get(row)
    }

    /// Returns why a row cannot have a price, as far as its reader or the pricing has told.
    pub fn unpriced(&self, row: usize) -> Option<Unpriced> {
        Unpriced::from_code(self.unpriced.get(row) as u8)
    }

    /// Returns the priced cost of a row.
    pub fn cost(&self, row: usize) -> Usd {
        Usd::from_pico(i128::from(self.cost.get(row)))
    }

    /// Returns the server-side tools that the call of a row used, each with its uses.
    pub fn tools(&self, row: usize) -> impl Iterator<Item = (&str, u64)> + Clone {
        tools::read(self.tools.text(self.tools.code(row)).unwrap_or_default())
    }

    /// Tells whether some call used server-side tools.
    pub fn has_tools(&self) -> bool {
        !self.tools.codes.is_empty()
    }

    /// Returns the rows whose input count is open, with its other readings, by row.
    pub fn other_inputs(&self) -> &[(u32, [Option<u64>; 2])] {
        &self.other_inputs
    }

    /// Marks a row.
    pub fn add_flag(&mut self, row: usize, flag: Flags) {
        self.flags.set(row, self.flags.get(row) | u64::from(flag.0));
    }

    /// Sets what the price table says of a row.
    pub fn set_price(&mut self, row: usize, price: Result<RowPrice, Unpriced>) {
        let (RowPrice { cost, list, fallback }, reason) = match price {
            Ok(price) => (price, 0),
            Err(reason) => (RowPrice::default(), reason.code()),
        };
        self.cost.set(row, u64::try_from(cost).unwrap_or(0));
        self.discount.set(row, (list - cost) as u64);
        self.unpriced.set(row, u64::from(reason));
        let bit = u64::from(Flags::FALLBACK_PRICE.0);
        let flags = self.flags.get(row);
        self.flags.set(row, if fallback { flags | bit } else { flags & !bit });
    }
}

/// The standard dimensions that have a column of their own in `calls`; the others go into its JSON.
pub(crate) const COLUMN_DIMS: [Dim; 17] = [
    Dim::Provider,
    Dim::Model,
    Dim::Tier,
    Dim::Region,
    Dim::Status,
    Dim::Feature,
    Dim::Tenant,
    Dim::Environment,
    Dim::Team,
    Dim::User,
    Dim::Session,
    Dim::Prompt,
    Dim::PromptVersion,
    Dim::Route,
    Dim::Agent,
    Dim::Run,
    Dim::Trace,
];

/// The standard dimensions without a column of their own.
pub(crate) const JSON_DIMS: [Dim; 6] = [Dim::Task, Dim::Process, Dim::Skill, Dim::Account, Dim::ApiKey, Dim::Workspace];

/// The token classes that have a column of their own in `calls`.
pub(crate) const COLUMN_CLASSES: [Class; 5] =
    [Class::Input, Class::CacheRead, Class::CacheWrite5m, Class::CacheWrite1h, Class::Output];
