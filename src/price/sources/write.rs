//! Rows drafted from a list, as TOML in the way of `pricing/`: for a person to review, one row a block.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use crate::domain::time::Timestamp;

use crate::price::mode::Mode;
use crate::price::rows::{Basis, decimal, show_date};
use crate::price::sources::{Calendar, Entry, Hours, Quote};

/// What stands at the top of the draft, and in every row.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The seller.
    pub seller: String,
    /// The list's words for the seller.
    pub provider_names: Vec<String>,
    /// The list and its version.
    pub source: String,
    /// When the list was read.
    pub read: Option<chrono::NaiveDate>,
    /// The date of rows that have none in the list.
    pub from: Option<Timestamp>,
    /// Whether rows that have none hold since launch.
    pub since_launch: bool,
    /// The seller's own words for modes: a list's `priority` may be its `fast`.
    pub mode_names: Vec<(String, Mode)>,
}

/// A draft: models as TOML, and what could not be said in it.
#[derive(Clone, Debug)]
pub struct Draft {
    head: Head,
    models: String,
    fees: BTreeMap<(&'static str, i64), Vec<String>>,
    windows: Vec<Hours>,
    taken: HashSet<String>,
    /// How many models are in it.
    pub count: usize,
    /// What is not in it, and why: (model, reason).
    pub left_out: Vec<(String, String)>,
}

impl Draft {
    /// Starts a draft.
    pub fn new(head: Head) -> Draft {
        Draft {
            head,
            models: String::new(),
            fees: BTreeMap::new(),
            windows: Vec::new(),
            taken: HashSet::new(),
            count: 0,
            left_out: Vec::new(),
        }
    }

    /// Adds a model, with a remark above it if there is one.
    pub fn add(&mut self, entry: &Entry, remark: Option<&str>) {
        for what in &entry.unread {
            self.left_out.push((entry.id.clone(), what.clone()));
        }
        if !entry.matches.is_empty() {
            let what = format!("matched by more than whole names: {}", entry.matches.join("; "));
            self.left_out.push((entry.id.clone(), what));
        }
        let rows = match self.rows(entry) {
            Ok(rows) => rows,
            Err(why) => return self.left_out.push((entry.id.clone(), why)),
        };
        let Some(names) = self.names(entry) else {
            return self.left_out.push((entry.id.clone(), "another model of the draft has its name".into()));
        };
        self.count += 1;
        for fee in &entry.fees {
            self.fees.entry((fee.tool, fee.pico_per_1000)).or_default().push(entry.id.clone());
        }
        let mut block = String::from("\n");
        // A comment ends with its line, whatever a list says.
        for remark in remark.into_iter().chain(entry.kind.as_deref()) {
            line(&mut block, &format!("# {}", remark.replace(char::is_control, " ")));
        }
        line(&mut block, "[[model]]");
        line(&mut block, &format!("id = {}", quoted(&entry.id)));
        line(&mut block, &format!("names = {}", list(&names)));
        if !entry.dated.is_empty() {
            line(&mut block, &format!("dated = {}", list(&entry.dated)));
        }
        self.models.push_str(&block);
        self.models.push_str(&rows);
    }

    /// Returns the names that no model before has; none at all if the id is taken.
    fn names(&mut self, entry: &Entry) -> Option<Vec<String>> {
        if self.taken.contains(&entry.id.to_lowercase()) {
            return None;
        }
        let (mut free, mut lost) = (Vec::new(), Vec::new());
        for name in &entry.names {
            if name.trim().is_empty() || name.trim() != name {
                lost.push(name.clone());
            } else if self.taken.insert(name.to_lowercase()) {
                free.push(name.clone());
            } else if !free.iter().any(|own: &String| own.to_lowercase() == name.to_lowercase()) {
                lost.push(name.clone());
            }
        }
        if !lost.is_empty() {
            self.left_out.push((entry.id.clone(), format!("names that other models have: {}", lost.join(", "))));
        }
        Some(free)
    }

    fn mode(&self, mode: Mode) -> Mode {
        let own = self.head.mode_names.iter().find(|(word, _)| word == mode.name());
        own.map_or(mode, |(_, mode)| *mode)
    }

    /// Writes the rows of a model.
    fn rows(&mut self, entry: &Entry) -> Result<String, String> {
        if entry.quotes.is_empty() {
            return Err("no price by the token".into());
        }
        let has_price = |quote: &Quote| quote.rates.iter().flatten().any(|rate| *rate > 0);
        if !entry.quotes.iter().any(has_price) {
            return Err("every price is 0: free, or not known to the list".into());
        }
        let mut quotes: Vec<Quote> = Vec::new();
        for quote in &entry.quotes {
            let mut quote = quote.clone();
            quote.mode = self.mode(quote.mode);
            self.date(entry, &mut quote)?;
            // Two words of the list for one mode.
            let twin = quotes.iter().find(|known| {
                (known.mode, known.from, known.prompt_min, &known.window)
                    == (quote.mode, quote.from, quote.prompt_min, &quote.window)
            });
            match twin {
                Some(known) if known.rates == quote.rates => {}
                Some(_) => {
                    self.left_out.push((entry.id.clone(), format!("a second {} price of the same date", quote.mode)))
                }
                None => quotes.push(quote),
            }
        }
        let order = |mode: Mode| Mode::ALL.iter().position(|known| *known == mode);
        quotes.sort_by_key(|quote| (order(quote.mode), quote.window.is_some(), quote.from, quote.prompt_min));
        Ok(quotes.iter().map(|quote| self.row(quote)).collect())
    }

    /// Gives a date to a quote that has none.
    fn date(&self, entry: &Entry, quote: &mut Quote) -> Result<(), String> {
        if quote.from.is_some() {
            return Ok(());
        }
        let later = entry
            .quotes
            .iter()
            .any(|other| self.mode(other.mode) == quote.mode && other.from.is_some() && other.window == quote.window);
        if later && quote.window.is_none() {
            // The list itself says that it holds until the first dated one.
            quote.since_launch = true;
            return Ok(());
        }
        match self.head.from {
            Some(from) => quote.from = Some(from),
            None if self.head.since_launch && quote.window.is_none() => quote.since_launch = true,
            None if self.head.since_launch => return Err("hours of the day without a date".into()),
            None => return Err("the list states no date".into()),
        }
        Ok(())
    }

    fn row(&mut self, quote: &Quote) -> String {
        let mut row = String::from("\n");
        line(&mut row, "[[model.price]]");
        line(&mut row, &format!("mode = {}", quoted(quote.mode.name())));
        quote.from.iter().for_each(|from| line(&mut row, &format!("from = {}", show_date(*from))));
        if quote.since_launch {
            line(&mut row, "since_launch = true");
        }
        match quote.prompt_min {
            0 => {}
            round if round % 1000 == 0 => line(&mut row, &format!("prompt_from = {round}")),
            min => line(&mut row, &format!("prompt_over = {}", min - 1)),
        }
        match quote.prompt_max {
            None => {}
            Some(max) if (max + 1) % 1000 == 0 => line(&mut row, &format!("prompt_below = {}", max + 1)),
            Some(max) => line(&mut row, &format!("prompt_max = {max}")),
        }
        if let Some(hours) = &quote.window {
            let id = self.window(hours);
            line(&mut row, &format!("window = {}", quoted(&id)));
        }
        let rates: Vec<String> =
            quote.decimals().map(|(class, usd)| format!("{} = {}", class.name(), quoted(&usd))).collect();
        let rates = if rates.is_empty() { "{}".into() } else { format!("{{ {} }}", rates.join(", ")) };
        line(&mut row, &format!("usd_per_mtok = {rates}"));
        line(&mut row, &format!("basis = {}", quoted(quote.basis.unwrap_or(Basis::Library).name())));
        self.head.read.iter().for_each(|read| line(&mut row, &format!("read = {read}")));
        let src = match &quote.src {
            Some(own) => format!("{}: {own}", self.head.source),
            None => self.head.source.clone(),
        };
        line(&mut row, &format!("src = {}", quoted(&src)));
        row
    }

    fn window(&mut self, hours: &Hours) -> String {
        let at = self.windows.iter().position(|known| known == hours).unwrap_or_else(|| {
            self.windows.push(hours.clone());
            self.windows.len() - 1
        });
        format!("hours-{}", at + 1)
    }

    /// Writes the whole draft; the calendars are those of the list.
    pub fn finish(&self, calendars: &[Calendar]) -> String {
        let head = &self.head;
        let mut text = String::new();
        line(
            &mut text,
            &format!("# Drafted from {}, to be reviewed row by row: a list is not the seller's own page.", head.source),
        );
        line(&mut text, &format!("seller = {}", quoted(&head.seller)));
        line(&mut text, "currency = \"USD\"");
        if head.provider_names != [head.seller.clone()] {
            line(&mut text, &format!("provider_names = {}", list(&head.provider_names)));
        }
        for hours in &self.windows {
            self.hours(&mut text, hours);
        }
        let named: Vec<&str> = self.windows.iter().filter_map(|hours| hours.except.as_deref()).collect();
        for calendar in calendars.iter().filter(|calendar| named.contains(&calendar.id.as_str())) {
            line(&mut text, "\n[[holidays]]");
            line(&mut text, &format!("id = {}", quoted(&calendar.id)));
            line(&mut text, &format!("covers_through = {}", calendar.covers_through));
            line(&mut text, &format!("dates = [{}]", calendar.dates.join(", ")));
            line(&mut text, &format!("src = {}", quoted(&head.source)));
        }
        for ((tool, pico), models) in &self.fees {
            line(&mut text, "\n[[tool]]");
            line(&mut text, &format!("id = {}", quoted(tool)));
            line(&mut text, &format!("usd_per_1000 = {}", quoted(&decimal(*pico))));
            line(&mut text, &format!("models = {}", list(models)));
            line(&mut text, &format!("src = {}", quoted(&head.source)));
        }
        text + &self.models
    }

    fn hours(&self, text: &mut String, hours: &Hours) {
        let at = self.windows.iter().position(|known| known == hours).unwrap_or_default();
        line(text, "\n[[window]]");
        line(text, &format!("id = \"hours-{}\"", at + 1));
        line(text, &format!("utc = {}", list(&hours.utc)));
        if !hours.days.is_empty() {
            line(text, &format!("days = {}", list(&hours.days)));
        }
        hours.except.iter().for_each(|except| line(text, &format!("except = {}", quoted(except))));
        line(text, &format!("src = {}", quoted(&self.head.source)));
    }
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}

fn list(words: &[impl AsRef<str>]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(", "))
}

/// Writes a basic string of TOML.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => write!(text, "\\u{:04X}", u32::from(c)).expect("a String takes any text"),
            c => text.push(c),
        }
    }
    text + "\""
}
