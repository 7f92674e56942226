//! What a command has at hand: settings, voice, store and prices, and the one way to show an answer.

use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::cli::Outcome;
use crate::cli::args::ColorChoice;
use crate::cli::args::FromArgs;
use crate::cli::args::GlobalArgs;
use crate::cli::args::OutputArgs;
use crate::cli::clock;
use crate::cli::error::CliError;
use crate::cli::settings;
use crate::cli::settings::Settings;
use crate::cli::ui::Ui;
use crate::domain::Timestamp;
use crate::domain::time::NANOS;
use crate::domain::window::Frame;
use crate::ops::PriceTable;
use crate::ops::StoreError;
use crate::ops::WriteLock;
use crate::ops::bills::Mappings;
use crate::ops::book::Book;
use crate::ops::book::PriceFiles;
use crate::ops::import;
use crate::ops::import::FileOutcome;
use crate::ops::import::ImportPlan;
use crate::render;
use crate::render::Format;
use crate::render::Style;
use crate::report::Report;
use crate::report::Warning;

/// The running program.
pub struct App {
    /// What it goes by.
    pub settings: Settings,
    /// Its voice.
    pub ui: Ui,
    from_notes: Vec<(String, u64)>,
    from_warnings: Vec<Warning>,
}

impl App {
    /// Gathers what every command needs.
    pub fn new(args: &GlobalArgs) -> Result<App, CliError> {
        let settings = Settings::load(args)?;
        let color = colored(settings.color.value, std::io::stderr().is_terminal());
        Ok(App {
            ui: Ui::new(args.quiet, args.verbose, color),
            settings,
            from_notes: Vec::new(),
            from_warnings: Vec::new(),
        })
    }

    /// Returns where prices come from.
    pub fn price_files(&self) -> PriceFiles {
        PriceFiles { list: self.settings.pricing.value.clone(), overrides: self.settings.overrides.value.clone() }
    }

    /// Loads the price table that the settings name.
    pub fn table(&self) -> Result<PriceTable, CliError> {
        Ok(self.price_files().load()?)
    }

    /// Opens the store for a question, or a private one over the files of `--from`.
    pub fn question(&mut self, from: &FromArgs) -> Result<Book, CliError> {
        if from.from.is_empty() {
            return Ok(Book::open(&self.settings.db.value, &self.price_files())?);
        }
        let mut book = Book::in_memory(self.table()?)?;
        let plan = ImportPlan { only_logs: true, ..self.import_plan(from.from.clone(), from.read.how(), false)? };
        let results = import::run(&mut book, &plan, &self.ui)?;
        for result in &results {
            match &result.outcome {
                FileOutcome::Failed { reason, hint } => {
                    let error = CliError::new(format!("{}: {reason}", result.path));
                    return Err(match hint {
                        Some(hint) => error.hint(hint.clone()),
                        None => error,
                    });
                }
                FileOutcome::PassedOver(reason) => self.ui.note(&format!("{} is passed over: {reason}", result.path)),
                FileOutcome::Empty => self.ui.note(&format!("{} is empty", result.path)),
                FileOutcome::Bill(_) | FileOutcome::Outcomes(_) | FileOutcome::In { .. } => {}
            }
            let tail = result.outcome.tail();
            if let Some((tail, (line, reason))) = tail.and_then(|tail| Some((tail, tail.rejects.first()?))) {
                self.from_notes.push((format!("{}:{line}: {reason}", result.path), tail.rejected));
            }
        }
        if !results.iter().any(|result| matches!(result.outcome, FileOutcome::In { .. } | FileOutcome::Empty)) {
            return Err(CliError::new("none of the files is a log that can be read"));
        }
        self.from_warnings = import::ruled_warnings(&results);
        Ok(book)
    }

    /// Opens the store as it is priced, whatever prices the settings name.
    pub fn stored(&self) -> Result<Book, CliError> {
        Ok(Book::open(&self.settings.db.value, &PriceFiles::default())?)
    }

    /// Plans an import with what the settings say of sources.
    pub fn import_plan(&self, paths: Vec<String>, how: import::How, dry_run: bool) -> Result<ImportPlan, CliError> {
        // A moment given for now is the moment of the import too; `latest` names none.
        let given = self.settings.as_of.value.as_deref().and_then(|text| Timestamp::parse(text).ok());
        let at = given.map_or_else(clock::now, |parsed| parsed.ts);
        let dimensions = Arc::new(self.settings.dimensions.rules()?);
        let rules = self.settings.sources.clone();
        let mappings = Mappings { of: self.settings.invoices.of.clone() };
        Ok(ImportPlan { paths, found: Vec::new(), how, rules, mappings, dimensions, dry_run, only_logs: false, at })
    }

    /// Runs a job that writes: takes the lock, opens the store, and lets readers see it as it was meanwhile.
    pub fn writing<T>(
        &self,
        must_exist: bool,
        job: impl FnOnce(&mut Book) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let path: &Path = &self.settings.db.value;
        if must_exist && !path.exists() {
            return Err(StoreError::NotFound(path.to_path_buf()).into());
        }
        let _lock = WriteLock::take(path, clock::now())?;
        let mut book = Book::create(path, &self.price_files())?;
        book.store.begin_writing()?;
        let done = job(&mut book);
        book.store.end_writing()?;
        done
    }

    /// Returns the moment that is taken for now by what looks at no store.
    pub fn now(&self) -> Result<Timestamp, CliError> {
        match self.settings.as_of.value.as_deref() {
            None | Some("latest") => Ok(clock::now()),
            Some(text) => given(text),
        }
    }

    /// Returns what words of time are resolved against.
    pub fn frame(&self, book: &Book) -> Result<Frame, CliError> {
        let zone = self.settings.timezone.value;
        let now = match self.settings.as_of.value.as_deref() {
            None => clock::now(),
            // The next whole second, so that a window that ends now contains the last call and reads well.
            Some("latest") => book.last_call_at()?.map_or_else(clock::now, |ts| Timestamp((ts.0 / NANOS + 1) * NANOS)),
            Some(text) => given(text)?,
        };
        Ok(Frame { now, zone })
    }

    /// Writes an answer and says its warnings.
    pub fn show(&self, report: &mut Report, output: &OutputArgs) -> Result<Outcome, CliError> {
        let rejected: u64 = self.from_notes.iter().map(|(_, count)| count).sum();
        if let Some((first, _)) = self.from_notes.first() {
            report.warn("rejected_records", format!("{rejected} records could not be used; the first: {first}"), None);
        }
        report.warnings.extend(self.from_warnings.iter().cloned());
        let format = output.format();
        if format == Format::Github && report.annotations.is_none() {
            return Err(CliError::new("`--format github` writes annotations, and only `attr check` judges anything"));
        }
        match &output.output {
            Some(path) => {
                let mut file = BufWriter::new(fs_err::File::create(path)?);
                render::render(report, format, Style { width: None, color: false }, &mut file)?;
                file.flush()?;
            }
            None => {
                let mut out = BufWriter::new(std::io::stdout().lock());
                render::render(report, format, self.style(format), &mut out)?;
                out.flush()?;
            }
        }
        report.warnings.iter().for_each(|warning| self.ui.warning(warning));
        Ok(Outcome::Clean)
    }

    /// Writes a text that is the answer itself.
    pub fn write(&self, text: &str, output: Option<&Path>) -> Result<Outcome, CliError> {
        match output {
            Some(path) => fs_err::write(path, text)?,
            None => {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()?;
            }
        }
        Ok(Outcome::Clean)
    }

    fn style(&self, format: Format) -> Style {
        let on_terminal = std::io::stdout().is_terminal();
        let columns = settings::env("COLUMNS").and_then(|columns| columns.parse().ok());
        let measured =
            || on_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
        Style {
            width: columns.or_else(measured).filter(|width| *width >= 20),
            color: format == Format::Table && colored(self.settings.color.value, on_terminal),
        }
    }
}

fn given(text: &str) -> Result<Timestamp, CliError> {
    Timestamp::parse(text).map(|parsed| parsed.ts).map_err(|error| {
        CliError::new(format!("`{text}` is no moment for --as-of: {error}"))
            .hint("use an RFC 3339 instant, a day, or latest")
    })
}

/// Decides on colour: the user's word, then `NO_COLOR`, then `FORCE_COLOR`, then whether anybody sees it.
fn colored(choice: ColorChoice, on_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if settings::env("NO_COLOR").is_some() => false,
        ColorChoice::Auto => on_terminal || settings::env("FORCE_COLOR").is_some_and(|value| value != "0"),
    }
}
