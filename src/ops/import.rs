//! Logs, bills and outcomes into the store: some threads read, one prices and writes.

mod alike;
mod beside;
mod bill;
mod collect;
mod kind;
mod outcomes;
mod readers;
mod reading;
mod similar;
mod told;

pub use bill::BillIn;
pub use outcomes::OutcomesFile;
pub use told::report;
pub use told::ruled_warnings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::Timestamp;
use crate::domain::rollup::Measures;
use crate::ops::bills::Mapping;
use crate::ops::bills::Mappings;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::dimensions::Ruled;
use crate::ops::dimensions::Ruler;
use crate::ops::dimensions::Rules;
use crate::ops::import::beside::Beside;
use crate::ops::import::readers::Readers;
use crate::ops::import::readers::Spare;
use crate::ops::import::reading::End;
use crate::ops::import::reading::Step;
use crate::ops::import::reading::Then;
use crate::ops::paths;
use crate::ops::paths::Input;
use crate::ops::price::Pricer;
use crate::read::Options;
use crate::store::Import;
use crate::store::ImportTail;
use crate::store::Imported;
use crate::store::Repricing;
use crate::store::StoreError;

/// How to read the files of one import.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    /// What the user named.
    pub paths: Vec<String>,
    /// Files found at places that the user asked for.
    pub found: Vec<PathBuf>,
    /// How to read them, unless `rules` says otherwise.
    pub how: How,
    /// Settings for paths that match a pattern; the first match counts.
    pub rules: Vec<(String, How)>,
    /// Bills of the user's own, by pattern.
    pub mappings: Mappings,
    /// What dimensions mean.
    pub dimensions: Arc<Rules>,
    /// Read and judge everything, keep nothing.
    pub dry_run: bool,
    /// Refuse bills: the question is about calls and what came of them.
    pub only_logs: bool,
    /// The moment of the import.
    pub at: Timestamp,
}

/// How to read one file.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// The format's name; detected if absent.
    pub input_format: Option<String>,
    /// The user's own columns, for a bill that no format claims.
    pub mapping: Option<Mapping>,
    /// Columns given to fields, and the cached-input reading.
    pub options: Options,
    /// Values for every call: (dimension or key, value).
    pub set: Vec<(String, String)>,
    /// The value of the `source` dimension; the format's name if absent.
    pub source: Option<String>,
}

impl How {
    /// Fills what is open from settings.
    fn or(&self, settings: &How) -> How {
        let named = |set: &[(String, String)], key: &str| set.iter().any(|(known, _)| known == key);
        let more = |own: &[(String, String)], from: &[(String, String)]| {
            let extra = from.iter().filter(|(key, _)| !named(own, key)).cloned();
            own.iter().cloned().chain(extra).collect()
        };
        How {
            input_format: self.input_format.clone().or(settings.input_format.clone()),
            mapping: self.mapping.clone().or(settings.mapping.clone()),
            options: Options {
                path: String::new(),
                map: more(&self.options.map, &settings.options.map),
                cached_input: self.options.cached_input.or(settings.options.cached_input),
            },
            set: more(&self.set, &settings.set),
            source: self.source.clone().or(settings.source.clone()),
        }
    }
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct FileResult {
    /// The path as shown.
    pub path: String,
    /// The outcome.
    pub outcome: FileOutcome,
}

/// The outcome of one file.
#[derive(Clone, Debug)]
pub enum FileOutcome {
    /// It is in, entirely.
    In {
        /// The format's name.
        input_format: String,
        /// What its records were.
        tail: ImportTail,
        /// What its calls were to the store.
        imported: Box<Imported>,
        /// What the rules of dimensions did.
        ruled: Vec<Ruled>,
    },
    /// It is a bill and in, entirely.
    Bill(Box<BillIn>),
    /// It tells outcomes of runs and is in, entirely.
    Outcomes(Box<OutcomesFile>),
    /// There was nothing in it.
    Empty,
    /// Found in a folder and no log; passed over.
    PassedOver(String),
    /// It is not in at all.
    Failed {
        /// Why.
        reason: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl FileOutcome {
    /// Returns what the records were of a file whose records are judged one by one.
    pub fn tail(&self) -> Option<&ImportTail> {
        match self {
            FileOutcome::In { tail, .. } => Some(tail),
            FileOutcome::Outcomes(file) => Some(&file.tail),
            FileOutcome::Bill(_) | FileOutcome::Empty | FileOutcome::PassedOver(_) | FileOutcome::Failed { .. } => None,
        }
    }

    /// Returns what the rules of dimensions did.
    fn ruled(&self) -> &[Ruled] {
        match self {
            FileOutcome::In { ruled, .. } => ruled,
            FileOutcome::Outcomes(file) => &file.ruled,
            FileOutcome::Bill(_) | FileOutcome::Empty | FileOutcome::PassedOver(_) | FileOutcome::Failed { .. } => &[],
        }
    }
}

/// Watches an import go by.
pub trait Watch {
    /// Tells how far the current file is: bytes read, of how many if known.
    fn progress(&self, path: &str, read: u64, total: Option<u64>);
    /// Tells that the current file is done.
    fn done(&self);
}

/// Imports every file of a plan: in entirely or not at all, each of them.
pub fn run(book: &mut Book, plan: &ImportPlan, watch: &dyn Watch) -> Result<Vec<FileResult>, BookError> {
    let (mut results, mut inputs, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for path in &plan.paths {
        match paths::expand(path) {
            Err(error) => results.push(FileResult {
                path: path.clone(),
                outcome: FileOutcome::Failed { reason: error.to_string(), hint: None },
            }),
            Ok(found) => {
                for input in found {
                    places.push(results.len());
                    results.push(FileResult { path: input.shown(), outcome: FileOutcome::Empty });
                    inputs.push(input);
                }
            }
        }
    }
    for found in &plan.found {
        let input = Input::Found(found.clone());
        places.push(results.len());
        results.push(FileResult { path: input.shown(), outcome: FileOutcome::Empty });
        inputs.push(input);
    }
    let mut tell = |number: i64, outcome: FileOutcome| {
        if let Some(place) = usize::try_from(number).ok().and_then(|number| places.get(number)) {
            results[*place].outcome = outcome;
        }
    };
    write_all(book, plan, &inputs, watch, &mut tell)?;
    Ok(results)
}

/// Prices and writes what other threads read.
fn write_all(
    book: &mut Book,
    plan: &ImportPlan,
    inputs: &[Input],
    watch: &dyn Watch,
    tell: &mut dyn FnMut(i64, FileOutcome),
) -> Result<(), BookError> {
    let ruler_of = |book: &Book| (!plan.dimensions.is_empty()).then(|| ruler(book, &plan.dimensions)).transpose();
    let ruler = ruler_of(book)?;
    let spare = Spare::default();
    let mut has_calls = false;
    std::thread::scope(|scope| -> Result<(), BookError> {
        // Its channels close with it, which stops the readers should writing fail.
        let mut readers = Readers::start(scope, inputs, plan, ruler, &spare).map_err(StoreError::from)?;
        while let Some(mut step) = readers.next() {
            if let Some((number, beside)) = step.beside.take() {
                let outcome = match beside {
                    Beside::Bill(source, bill) => bill::take_in(&mut book.store, plan, source, *bill, watch)?,
                    Beside::Outcomes(source) => {
                        let ruler = ruler_of(book)?;
                        outcomes::take_in(&mut book.store, plan, ruler, *source, watch)?
                    }
                };
                tell(number, outcome);
                continue;
            }
            // Bills and outcomes need no prices: they are named once calls come in.
            if !step.begins.is_empty() && !has_calls && !plan.dry_run {
                book.keep_table()?;
                has_calls = true;
            }
            transaction(book, step, &mut readers, &spare, &mut Told { plan, watch, tell })?;
        }
        Ok(())
    })
}

/// Where a transaction's outcomes go.
struct Told<'t> {
    plan: &'t ImportPlan,
    watch: &'t dyn Watch,
    tell: &'t mut dyn FnMut(i64, FileOutcome),
}

/// Writes the files of one transaction, from the step that begins them to the one that ends them.
fn transaction(
    book: &mut Book,
    first: Step,
    steps: &mut impl Iterator<Item = Step>,
    spare: &Spare,
    told: &mut Told<'_>,
) -> Result<(), BookError> {
    let mut import: Option<(Import<'_>, Pricer<'_>)> = match first.begins.is_empty() {
        true => None,
        false => {
            let (store, table) = book.parts()?;
            Some((store.begin_import()?, Pricer::new(table)))
        }
    };
    let mut formats: HashMap<i64, String> = HashMap::new();
    let mut ruled: HashMap<i64, Vec<Ruled>> = HashMap::new();
    let mut next = Some(first);
    while let Some(Step { begins, rows, ends, then, outcomes, at, .. }) = next {
        let (path, read, size) = &at;
        told.watch.progress(path, *read, *size);
        outcomes.into_iter().for_each(|(number, outcome)| (told.tell)(number, outcome));
        let Some((open, pricer)) = import.as_mut().filter(|_| then != Then::Drop) else { return Ok(()) };
        for (number, head) in begins {
            open.begin_file(number, &head)?;
            formats.insert(number, head.input_format);
        }
        if let Some(mut batch) = rows {
            if !batch.is_empty() {
                pricer.price(&mut batch);
                open.append(&mut batch)?;
            }
            spare.give(batch);
        }
        for End { number, tail, ruled: by_rules } in ends {
            open.end_file(number, tail);
            ruled.insert(number, by_rules);
        }
        if then == Then::Commit {
            break;
        }
        next = steps.next();
        if next.is_none() {
            // The reader stopped half way: nothing of this is kept.
            return Ok(());
        }
    }
    let Some((import, _)) = import else { return Ok(()) };
    for (number, tail, imported) in import.commit(told.plan.dry_run)? {
        let input_format = formats.remove(&number).unwrap_or_default();
        let ruled = ruled.remove(&number).unwrap_or_default();
        (told.tell)(number, FileOutcome::In { input_format, tail, imported: Box::new(imported), ruled });
    }
    told.watch.done();
    Ok(())
}

/// Returns the sums of all that is new.
pub fn total(results: &[FileResult]) -> Measures {
    let mut total = Measures::default();
    for result in results {
        if let FileOutcome::In { imported, .. } = &result.outcome {
            total.add(&imported.total);
        }
    }
    total
}

/// Sets the rules to work, with the values that the store has where there is a limit.
fn ruler(book: &Book, rules: &Rules) -> Result<Ruler, StoreError> {
    let mut known = HashMap::new();
    for (axis, _) in rules.of.iter().filter(|(_, rule)| rule.max_values.is_some()) {
        let kind = match axis {
            Axis::Key(key) => format!("meta.{key}"),
            axis => axis.to_string(),
        };
        known.insert(axis.to_string(), book.store.dimension_values(&kind)?.into_iter().collect());
    }
    Ok(Ruler::new(rules, known))
}
