//! What goes to stderr: errors, warnings, notes, progress. Answers go to stdout through `App`.

use std::io::IsTerminal;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use indicatif::HumanBytes;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::cli::error::CliError;
use crate::ops::import::Watch;
use crate::render::is_hostile;
use crate::report::Warning;

/// Progress shows only for work longer than this.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// The voice of the program.
pub struct Ui {
    quiet: bool,
    verbose: bool,
    color: bool,
    bar: Mutex<Option<(ProgressBar, Instant)>>,
    watched: bool,
}

impl Ui {
    /// Makes the voice a user asked for.
    pub fn new(quiet: bool, verbose: bool, color: bool) -> Ui {
        Ui { quiet, verbose, color, bar: Mutex::new(None), watched: std::io::stderr().is_terminal() && !quiet }
    }

    /// Makes a plain voice, for what goes wrong before anything is known.
    pub fn plain() -> Ui {
        Ui::new(false, false, false)
    }

    /// Says what could not be done, where, and what to do.
    pub fn error(&self, error: &CliError) {
        self.line("error", "31", &error.message);
        error.details.iter().for_each(|detail| self.print(&format!("  {}", clean(detail))));
        error.hints.iter().for_each(|hint| self.line("hint", "36", hint));
    }

    /// Says what a reader of the answer should know.
    pub fn warning(&self, warning: &Warning) {
        if !self.quiet {
            self.line("warning", "33", &warning.message);
            if let Some(hint) = &warning.hint {
                self.line("hint", "36", hint);
            }
        }
    }

    /// Says something by the way.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.line("note", "36", text);
        }
    }

    /// Says something that few want to know.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.line("note", "36", text);
        }
    }

    fn line(&self, kind: &str, code: &str, text: &str) {
        let text = clean(text);
        if self.color {
            self.print(&format!("\u{1b}[1;{code}m{kind}\u{1b}[0m: {text}"));
        } else {
            self.print(&format!("{kind}: {text}"));
        }
    }

    fn print(&self, line: &str) {
        // Nothing can be said about a closed stderr.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Keeps control characters of logged values and paths away from the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_hostile(c) { '\u{fffd}' } else { c }).collect()
}

impl Watch for Ui {
    fn progress(&self, path: &str, read: u64, total: Option<u64>) {
        if !self.watched {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let (bar, started) = bar.get_or_insert_with(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total)
                    .with_style(style("{bar:24} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta} {msg}")),
                None => ProgressBar::new_spinner().with_style(style("{spinner} {bytes} {bytes_per_sec} {msg}")),
            };
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
            (bar, Instant::now())
        });
        if bar.is_hidden() && started.elapsed() > BAR_AFTER {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        bar.set_message(clean(path));
        bar.set_position(read);
    }

    fn done(&self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some((bar, started)) = bar.take()
        {
            bar.finish_and_clear();
            self.detail(&format!("{} in {:.1} s", HumanBytes(bar.position()), started.elapsed().as_secs_f64()));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // A template that does not parse falls back to the library's own bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
