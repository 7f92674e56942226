//! Words into jobs: arguments, settings, messages, exit codes.
//!
//! The only room that knows the clock, the environment and the terminal. A command is one file in `commands`
//! with its arguments and a `run`; it asks `ops` for a report and hands it to [`app::App::show`].
//! To add one: a file, and three lines in `commands/mod.rs`.

pub mod app;
pub mod args;
mod clock;
pub mod commands;
pub mod error;
pub mod places;
pub mod settings;
pub mod ui;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use app::App;
use args::GlobalArgs;
use commands::Command;

/// Where did the LLM money go, and does the bill agree?
#[derive(Debug, Parser)]
#[command(
    name = "attr",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How a command ended that could answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Clean,
    /// Answered, and a check the user asked for failed.
    Failed,
}

/// Runs the program; returns 0 (answered), 1 (answered, a check failed) or 2 (could not answer).
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no error of ours; clap knows stdout from stderr.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut app = match App::new(&cli.global) {
        Ok(app) => app,
        Err(error) => {
            ui::Ui::plain().error(&error);
            return ExitCode::from(2);
        }
    };
    match cli.command.run(&mut app) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            app.ui.error(&error);
            ExitCode::from(2)
        }
    }
}
