//! `attr import`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::OutputArgs;
use crate::cli::args::ReadArgs;
use crate::cli::error::CliError;
use crate::cli::places::Agent;
use crate::ops::book::Book;
use crate::ops::import;
use crate::ops::import::FileOutcome;

/// Bring usage logs, bills and outcomes into the store
///
/// Files, folders, globs, gzip, zstd or `-` for standard input, in any mix of formats. Importing the same
/// bytes, a grown file or an overlapping file adds only what is new; where bills overlap, the newer one counts.
/// Outcomes are rows of a run, trace or session with whether it passed and what it earned. A file is in entirely or not at all.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files, folders, globs, or - for standard input
    #[arg(required_unless_present_any = ["claude_code", "codex", "gemini_cli", "opencode"], value_name = "PATH")]
    paths: Vec<String>,
    /// Claude Code's sessions, where it keeps them
    #[arg(long)]
    claude_code: bool,
    /// Codex's sessions, where it keeps them
    #[arg(long)]
    codex: bool,
    /// Gemini CLI's chats, where it keeps them
    #[arg(long)]
    gemini_cli: bool,
    /// OpenCode's sessions, where it keeps them
    #[arg(long)]
    opencode: bool,
    #[command(flatten)]
    read: ReadArgs,
    /// The files are bills, read by [invoice.NAME] of attr.toml (default: by its `match`)
    #[arg(long, value_name = "NAME", conflicts_with = "input_format")]
    mapping: Option<String>,
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
        let mut how = self.read.how();
        how.mapping = self.mapping.as_deref().map(|name| app.settings.invoices.named(name)).transpose()?;
        let mut plan = app.import_plan(self.paths.clone(), how, self.dry_run)?;
        plan.found = self.found(app)?;
        let job = |book: &mut Book| {
            let results = import::run(book, &plan, &app.ui)?;
            let mut report = import::report(book, &results, &plan)?;
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
        let rejected = results.iter().any(|r| r.outcome.tail().is_some_and(|tail| tail.rejected > 0));
        Ok(if self.strict && rejected && !self.no_fail { Outcome::Failed } else { Outcome::Clean })
    }

    /// Looks at the places that are asked for; one that does not exist is told.
    fn found(&self, app: &App) -> Result<Vec<PathBuf>, CliError> {
        let asked = [
            (self.claude_code, Agent::ClaudeCode),
            (self.codex, Agent::Codex),
            (self.gemini_cli, Agent::GeminiCli),
            (self.opencode, Agent::OpenCode),
        ];
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        let mut is_somewhere = !self.paths.is_empty();
        for (_, agent) in asked.into_iter().filter(|(is_asked, _)| *is_asked) {
            let found = agent.find()?;
            let looked: Vec<String> = found.looked.iter().map(|folder| folder.display().to_string()).collect();
            let (name, looked) = (agent.name(), looked.join(" or "));
            is_somewhere |= found.exists;
            match (found.exists, found.files.is_empty()) {
                (false, _) => missing.push(format!("no sessions of {name}: there is no {looked}")),
                (true, true) => app.ui.note(&format!("no sessions of {name} in {looked}")),
                (true, false) => files.extend(found.files),
            }
        }
        if !is_somewhere {
            let error = CliError::new("none of the places exists");
            let error = missing.into_iter().fold(error, CliError::detail);
            return Err(error.hint("name the folder itself: attr import PATH"));
        }
        missing.iter().for_each(|note| app.ui.note(note));
        Ok(files)
    }
}
