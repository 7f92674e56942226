//! `attr import`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::args::ReadArgs;
use crate::cli::error::CliError;
use crate::ops::book::Book;
use crate::ops::import;
use crate::ops::import::FileOutcome;

/// Bring usage logs into the store
///
/// Files, folders, globs, gzip, zstd or `-` for standard input, in any mix of formats. Importing the same
/// bytes, a grown file or an overlapping file adds only what is new. A file is in entirely or not at all.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files, folders, globs, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    read: ReadArgs,
    /// Read and judge everything, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with 1 if any record is rejected
    #[arg(long)]
    strict: bool,
    /// Exit with 0 even if a check failed
    #[arg(long)]
    no_fail: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl ImportArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let plan = app.import_plan(self.paths.clone(), self.read.how(), self.dry_run);
        let job = |book: &mut Book| {
            if !plan.dry_run {
                book.keep_table()?;
            }
            let results = import::run(book, &plan, &app.ui)?;
            let mut report = import::report(book, &results, plan.dry_run);
            let files = app.price_files();
            if files.are_named() && files.load()?.id() != book.priced_by {
                let message = format!("the store is priced by table {}, and so are its new calls", book.priced_by);
                let hint = "`attr reprice --apply` moves it to the prices you name; questions are answered by them";
                report.warn("stored_price_table", message, Some(hint.into()));
            }
            Ok((results, report))
        };
        // A rehearsal without a store makes none.
        let (results, mut report) = if self.dry_run && !app.settings.db.value.exists() {
            job(&mut Book::in_memory(app.table()?)?)?
        } else {
            app.writing(false, job)?
        };
        app.show(&mut report, &self.output)?;
        let mut failed = false;
        for result in &results {
            if let FileOutcome::Failed { reason, hint } = &result.outcome {
                failed = true;
                let error = CliError::new(format!("{}: {reason}", result.path));
                app.ui.error(&hint.clone().into_iter().fold(error, CliError::hint));
            }
        }
        if failed {
            let count = results.iter().filter(|r| matches!(r.outcome, FileOutcome::Failed { .. })).count();
            let rest = if count < results.len() { "; the others are in" } else { "" };
            return Err(CliError::new(format!("{count} of {} files could not be imported{rest}", results.len())));
        }
        let rejected = results.iter().any(|r| matches!(&r.outcome, FileOutcome::In { tail, .. } if tail.rejected > 0));
        Ok(if self.strict && rejected && !self.no_fail { Outcome::Failed } else { Outcome::Clean })
    }
}
