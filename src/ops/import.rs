//! Logs into the store: one thread reads, one prices and writes.

mod alike;
mod collect;
mod similar;
mod told;

pub use told::report;
pub use told::ruled_warnings;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::domain::Timestamp;
use crate::domain::rollup::Measures;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::dimensions::Ruled;
use crate::ops::dimensions::Ruler;
use crate::ops::dimensions::Rules;
use crate::ops::import::collect::Batches;
use crate::ops::import::collect::Given;
use crate::ops::import::collect::read_all;
use crate::ops::paths;
use crate::ops::paths::Input;
use crate::ops::price::Pricer;
use crate::read::Options;
use crate::read::ReadError;
use crate::read::Reader;
use crate::read::fields;
use crate::read::fields::own;
use crate::read::formats;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::source;
use crate::store::Batch;
use crate::store::Fixed;
use crate::store::ImportHead;
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
    /// What dimensions mean.
    pub dimensions: Arc<Rules>,
    /// Read and judge everything, keep nothing.
    pub dry_run: bool,
    /// The moment of the import.
    pub at: Timestamp,
}

/// How to read one file.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// The format's name; detected if absent.
    pub input_format: Option<String>,
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
        input_format: &'static str,
        /// What its records were.
        tail: ImportTail,
        /// What its calls were to the store.
        imported: Box<Imported>,
        /// What the rules of dimensions did.
        ruled: Vec<Ruled>,
    },
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

/// Watches an import go by.
pub trait Watch {
    /// Tells how far the current file is: bytes read, of how many if known.
    fn progress(&self, path: &str, read: u64, total: Option<u64>);
    /// Tells that the current file is done.
    fn done(&self);
}

/// Imports every file of a plan, each in a transaction of its own.
pub fn run(book: &mut Book, plan: &ImportPlan, watch: &dyn Watch) -> Result<Vec<FileResult>, BookError> {
    let mut results = Vec::new();
    for path in &plan.paths {
        match paths::expand(path) {
            Err(error) => results.push(FileResult {
                path: path.clone(),
                outcome: FileOutcome::Failed { reason: error.to_string(), hint: None },
            }),
            Ok(inputs) => import_inputs(book, plan, inputs, watch, &mut results)?,
        }
    }
    import_inputs(book, plan, plan.found.iter().cloned().map(Input::Found), watch, &mut results)?;
    Ok(results)
}

fn import_inputs(
    book: &mut Book,
    plan: &ImportPlan,
    inputs: impl IntoIterator<Item = Input>,
    watch: &dyn Watch,
    results: &mut Vec<FileResult>,
) -> Result<(), BookError> {
    for input in inputs {
        let outcome = import_input(book, plan, &input, watch)?;
        watch.done();
        results.push(FileResult { path: input.shown(), outcome });
    }
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

fn import_input(
    book: &mut Book,
    plan: &ImportPlan,
    input: &Input,
    watch: &dyn Watch,
) -> Result<FileOutcome, BookError> {
    let path = input.shown();
    if let Input::Found(found) = input
        && !found.is_file()
    {
        let what = if found.exists() { "not a regular file" } else { "a broken link" };
        return Ok(FileOutcome::PassedOver(what.into()));
    }
    let rule = plan.rules.iter().find(|(pattern, _)| matches_path(pattern, &path));
    let how = rule.map_or_else(|| plan.how.clone(), |(_, settings)| plan.how.or(settings));
    match import_file(book, plan, input, &how, watch) {
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => Ok(FileOutcome::Empty),
        Err(Failure::Store(error)) => Err(error),
        Err(Failure::Set(reason)) => {
            let hint = "a value that is set for every call must be one that attr.toml allows".to_string();
            Ok(FileOutcome::Failed { reason, hint: Some(hint) })
        }
        Err(Failure::Read(error)) => Ok(match (&error, input) {
            (ReadError::NotRecognised(_), Input::Found(_)) => FileOutcome::PassedOver(error.to_string()),
            _ => FileOutcome::Failed { hint: hint(&error), reason: error.to_string() },
        }),
    }
}

/// A rule's pattern matches the path or its end: `logs/*.jsonl` matches `/data/logs/a.jsonl`.
fn matches_path(pattern: &str, path: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|glob| glob.matches(path))
        || glob::Pattern::new(&format!("*/{}", pattern.trim_start_matches("./"))).is_ok_and(|glob| glob.matches(path))
}

fn hint(error: &ReadError) -> Option<String> {
    Some(match error {
        ReadError::NotRecognised(_) => {
            "name its columns with --map (--map ts=COLUMN --map model=COLUMN --map input_tokens=COLUMN)".into()
        }
        ReadError::UnknownFormat { near: Some(near), .. } => format!("did you mean `{near}`?"),
        ReadError::UnknownFormat { .. } => {
            let names: Vec<&str> = formats::readers().map(|reader| reader.name()).collect();
            format!("the formats are {}", names.join(", "))
        }
        ReadError::UnknownField(_) => "fields are ts, model, provider, input_tokens, output_tokens, cost_usd, …".into(),
        ReadError::Io(_) | ReadError::Refused { .. } => return None,
    })
}

enum Failure {
    Read(ReadError),
    Store(BookError),
    /// A value that the user sets is not allowed.
    Set(String),
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Failure {
        Failure::Read(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Read(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error.into())
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Failure {
        Failure::Store(error)
    }
}

fn import_file(
    book: &mut Book,
    plan: &ImportPlan,
    input: &Input,
    how: &How,
    watch: &dyn Watch,
) -> Result<Option<FileOutcome>, Failure> {
    for (field, _) in &how.options.map {
        fields::field_named(field).ok_or_else(|| ReadError::UnknownField(field.clone()))?;
    }
    let read_bytes = Arc::new(AtomicU64::new(0));
    let (stream, size) = open(input, Arc::clone(&read_bytes))?;
    let framing = Framing::open(stream)?;
    let shape = framing.shape().map_err(|not_text| ReadError::NotRecognised(not_text.0))?;
    let reader: &'static dyn Reader = match &how.input_format {
        Some(name) => formats::by_name(name)?,
        None if !how.options.map.is_empty() && shape != Shape::Empty => formats::by_name("flat")?,
        None => match formats::detect(&framing, shape)? {
            Some(reader) => reader,
            None => return Ok(None),
        },
    };
    let path = input.shown();
    let source = how.source.clone().unwrap_or_else(|| reader.name().to_string());
    let mut fixed = fixed_values(&how.set, &source);
    let mut ruler = (!plan.dimensions.is_empty()).then(|| ruler(book, &plan.dimensions)).transpose()?;
    if let Some(ruler) = &mut ruler {
        fixed = ruler.fixed(&fixed).map_err(Failure::Set)?;
    }
    let fixed = Arc::new(fixed);
    let own_keys: Vec<String> = plan.dimensions.own_keys().collect();
    let head = ImportHead { path: path.clone(), input_format: reader.name().into(), source, at: plan.at };
    let (store, table) = book.parts()?;
    let mut pricer = Pricer::new(table);
    let mut import = store.begin_import(&head)?;
    let (sender, batches) = sync_channel(1);
    // Written batches return to be filled again: their memory is the import's only large memory.
    let (returning, returned) = sync_channel(2);
    let options = Options { path: path.clone(), ..how.options.clone() };
    let (mut tail, ruled) = std::thread::scope(|scope| -> Result<(ImportTail, Vec<Ruled>), Failure> {
        let parser = std::thread::Builder::new().name("reader".into()).spawn_scoped(scope, move || {
            let _claim = own::claim(own_keys);
            read_all(framing, shape, reader, &options, Given { fixed, ruler }, &Batches { sender, returned })
        })?;
        let written = batches.iter().try_for_each(|mut batch: Batch| -> Result<(), StoreError> {
            pricer.price(&mut batch);
            import.append(&mut batch)?;
            watch.progress(&path, read_bytes.load(Ordering::Relaxed), size);
            batch.clear();
            // A reader that is done takes none back.
            let _ = returning.try_send(batch);
            Ok(())
        });
        // A closed channel stops the reader, should writing have failed.
        drop(batches);
        let read =
            parser.join().map_err(|_| std::io::Error::other("the reader of this format failed; please report it"))?;
        written?;
        Ok(read?)
    })?;
    tail.bytes = read_bytes.load(Ordering::Relaxed);
    let imported = import.commit(&tail, plan.dry_run)?;
    Ok(Some(FileOutcome::In { input_format: reader.name(), tail, imported: Box::new(imported), ruled }))
}

/// Sets the rules to work on a file, with the values that the store has where there is a limit.
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

type Stream = Box<dyn std::io::Read + Send>;

fn open(input: &Input, passed: Arc<AtomicU64>) -> std::io::Result<(Stream, Option<u64>)> {
    match input {
        Input::Stdin => Ok((source::decompressed(std::io::stdin(), passed)?, None)),
        Input::Named(path) | Input::Found(path) => {
            let file = fs_err::File::open(path)?;
            let meta = file.metadata()?;
            if meta.is_dir() {
                return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "a folder"));
            }
            let size = meta.is_file().then_some(meta.len());
            Ok((source::decompressed(file, passed)?, size))
        }
    }
}

fn fixed_values(set: &[(String, String)], source: &str) -> Fixed {
    let mut fixed = Fixed::default();
    for (name, value) in set {
        match Axis::parse(name) {
            Axis::Dim(dim) => fixed.dims[dim as usize] = Some(value.clone()),
            Axis::Key(key) => fixed.extra.push((key, value.clone())),
            Axis::Time(_) | Axis::Call => {}
        }
    }
    fixed.dims[Dim::Source as usize] = Some(source.to_string());
    fixed
}
