//! `attr reprice`.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::app::App;
use crate::cli::args::FilterArgs;
use crate::cli::args::FromArgs;
use crate::cli::args::OutputArgs;
use crate::cli::args::WindowArgs;
use crate::cli::args::axes;
use crate::cli::args::pair;
use crate::cli::error::CliError;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::ops::PriceTable;
use crate::ops::book;
use crate::ops::book::Book;
use crate::ops::price::WhatIf;
use crate::ops::reprice;
use crate::ops::reprice::RepriceError;
use crate::ops::reprice::RepricePlan;
use crate::report::Block;

/// Compare stored costs with those by another price table or on other terms
///
/// Shows old and new cost and stores nothing. With --apply the whole store moves to the other table; the text of
/// every table it was priced with is kept, so that old figures can be had again with --table ID.
#[derive(Debug, Args)]
pub struct RepriceArgs {
    /// Store the new costs
    #[arg(long, conflicts_with_all = ["from", "dry_run", "known_on", "prices_at", "as_model", "as_mode"])]
    apply: bool,
    /// Only show the effect, which is what happens without --apply
    #[arg(long)]
    dry_run: bool,
    /// Price by the table of this id, which the store or the program knows (default: the table in force; of a what-if, the store's own)
    #[arg(long, value_name = "ID", conflicts_with_all = ["pricing", "overrides"])]
    table: Option<String>,
    /// Price every call by the list of this day
    #[arg(long, value_name = "DATE")]
    prices_at: Option<String>,
    /// Price by what the table knew on this day
    #[arg(long, value_name = "DATE")]
    known_on: Option<String>,
    /// Price calls of model A as model B, which may be seller/model (can be repeated)
    #[arg(long, value_name = "A=B", value_parser = pair)]
    as_model: Vec<(String, String)>,
    /// Price calls in this service mode: standard, batch, flex, priority, fast, ultrafast
    #[arg(long, value_name = "MODE")]
    as_mode: Option<String>,
    /// Dimensions to show the effect by
    #[arg(long, value_name = "DIM", value_delimiter = ',', default_value = "model")]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    from: FromArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl RepriceArgs {
    pub(super) fn run(&self, app: &mut App) -> Result<Outcome, CliError> {
        let mut report = match self.apply {
            true => app.writing(true, |book| self.report(app, book))?,
            false => {
                let mut book = if self.from.from.is_empty() { app.stored()? } else { app.question(&self.from)? };
                self.report(app, &mut book)?
            }
        };
        if !self.apply && !self.dry_run && !self.asks_what_if() {
            report.blocks.push(Block::Note("nothing is stored; `--apply` moves the store to these prices".into()));
        }
        app.show(&mut report, &self.output)
    }

    fn asks_what_if(&self) -> bool {
        self.prices_at.is_some() || self.known_on.is_some() || !self.as_model.is_empty() || self.as_mode.is_some()
    }

    fn report(&self, app: &App, book: &mut Book) -> Result<crate::report::Report, CliError> {
        let frame = app.frame(book)?;
        let mut table = match &self.table {
            Some(id) => book::kept_table(&book.store, id)?,
            // What would be is asked of the prices the store has, so that one thing changes and not two.
            None if self.asks_what_if() && !app.price_files().are_named() => {
                book::kept_table(&book.store, &book.priced_by).or_else(|_| app.table())?
            }
            None => app.table()?,
        };
        if let Some(day) = &self.known_on {
            table = table.known_on(instant("--known-on", day)?);
        }
        let (window, filter) = (self.window.window(frame)?, self.filter.filter()?);
        if self.apply && (window != Window::default() || !filter.0.is_empty()) {
            return Err(CliError::new(
                "`--apply` moves the whole store: a window or a filter would leave it with two tables",
            )
            .hint("leave them out, or leave out --apply"));
        }
        let plan = RepricePlan {
            by: axes(&self.by)?,
            window,
            zone: frame.zone,
            filter,
            what_if: self.what_if(&table)?,
            apply: self.apply,
        };
        Ok(reprice::run(book, &table, &plan)?)
    }

    fn what_if(&self, table: &PriceTable) -> Result<WhatIf, CliError> {
        let mut names: Vec<String> = self.as_model.iter().map(|(from, _)| from.to_lowercase()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RepriceError::TwoSwaps(twice[0].clone()).into());
        }
        Ok(WhatIf {
            prices_at: self.prices_at.as_deref().map(|day| instant("--prices-at", day)).transpose()?,
            models: self.as_model.iter().map(|(from, to)| reprice::swap(table, from, to)).collect::<Result<_, _>>()?,
            mode: self.as_mode.as_deref().map(reprice::mode).transpose()?,
        })
    }
}

fn instant(flag: &str, text: &str) -> Result<Timestamp, CliError> {
    let parsed = Timestamp::parse(text).map_err(|error| {
        CliError::new(format!("`{text}` is no moment for {flag}: {error}")).hint("use a day or an RFC 3339 instant")
    })?;
    Ok(parsed.ts)
}
