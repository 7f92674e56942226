//! The table in memory: sellers, models and their price rows, ready to be listed. Nothing here selects or adds up.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveTime};

use crate::domain::money::Usd;
use crate::domain::time::Timestamp;
use crate::domain::tokens::{CLASSES, Class};

use crate::price::error::Place;
use crate::price::hours::{Holidays, Hours};
use crate::price::mode::Mode;

/// How a row's start date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The seller announced it.
    Announcement,
    /// The seller's page says it.
    Page,
    /// It was first seen then.
    FirstSeen,
    /// A price library says so.
    Library,
    /// It follows from other facts.
    Inferred,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Basis; 5] = [Basis::Announcement, Basis::Page, Basis::FirstSeen, Basis::Library, Basis::Inferred];

    /// Returns the name used in price files.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::Announcement => "announcement",
            Basis::Page => "page",
            Basis::FirstSeen => "first_seen",
            Basis::Library => "library",
            Basis::Inferred => "inferred",
        }
    }

    /// Finds a basis by its name.
    pub fn parse(name: &str) -> Option<Basis> {
        Basis::ALL.into_iter().find(|basis| basis.name() == name)
    }
}

/// Who sends the invoice.
#[derive(Clone, Debug)]
pub struct Seller {
    /// The seller's id, as in row keys.
    pub id: String,
    /// What logs call the seller, case-folded; the id is one of them.
    pub provider_names: Vec<String>,
    /// Which way of counting tokens the seller's logs have, for readers of the file.
    pub usage: Option<String>,
    /// Whether a call that names no provider may be this seller's.
    pub first_party: bool,
    /// The seller's own words for modes, case-folded.
    pub mode_names: Vec<(String, Mode)>,
    /// Rules that raise the price by region, by date.
    pub regions: Vec<Region>,
    /// Fees of tools, by date.
    pub tools: Vec<Tool>,
    /// Names that moved from model to model.
    pub aliases: Vec<Alias>,
    /// Hours of the day at which other rows hold.
    pub hours: Vec<Hours>,
    /// Days that hours except.
    pub holidays: Vec<Holidays>,
    /// Where the seller is first named.
    pub(super) place: Place,
}

/// A multiplier on every token class of calls served in some regions.
#[derive(Clone, Debug)]
pub struct Region {
    /// The regions, case-folded.
    pub regions: Vec<String>,
    /// Whether the rule is for every stated region but those.
    pub is_exclusion: bool,
    /// The multiplier, as written.
    pub mult: String,
    /// When it starts to apply; without a date, always.
    pub from: Option<Timestamp>,
    /// It applies to models released from then on.
    pub models_released_from: Option<Timestamp>,
    /// The ids of the models it is for; `None` for all.
    pub models: Option<Vec<String>>,
    /// Where it was read.
    pub src: Option<String>,
    /// The multiplier as a fraction (numerator, denominator); the denominator is a power of ten.
    pub(super) fraction: (i64, i64),
    pub(super) place: Place,
}

impl Region {
    /// Tells whether the rule is for calls of a model served in a region, case-folded; empty where none is stated.
    pub(super) fn is_for(&self, region: &str, model: &Model) -> bool {
        !region.is_empty()
            && self.regions.iter().any(|name| name == region) != self.is_exclusion
            && self.models_released_from.is_none_or(|from| model.released >= Some(from))
            && self.models.as_ref().is_none_or(|ids| ids.contains(&model.id))
    }
}

/// What a tool's fee is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolUnit {
    /// Every use.
    Use,
    /// The call, however often the tool was used in it.
    Call,
    /// Every token kept for a second, at a price for a million tokens and an hour: storage of an explicit cache.
    TokenSecond,
}

/// The fee for a tool on the seller's side.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The tool's id.
    pub id: String,
    /// What is counted.
    pub per: ToolUnit,
    /// When the fee starts to apply; without a date, always.
    pub from: Option<Timestamp>,
    /// The ids of the models it is for; `None` for every model that has no row of its own.
    pub models: Option<Vec<String>>,
    /// Where it was read.
    pub src: Option<String>,
    /// Picodollars for a thousand uses; of storage, for a million tokens and an hour.
    pub(super) pico: i64,
    pub(super) place: Place,
}

impl Tool {
    /// Returns the price as a decimal of dollars: for a thousand uses; of storage, for a million tokens and an hour.
    pub fn usd(&self) -> String {
        decimal(self.pico)
    }
}

/// A name that meant different models at different times.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The names, as written; the first is the alias itself.
    pub names: Vec<String>,
    /// The moves, in order of time.
    pub moves: Vec<Move>,
    /// Where it was read.
    pub src: Option<String>,
    pub(super) place: Place,
}

/// From when on an alias means a model.
#[derive(Clone, Debug)]
pub struct Move {
    /// The first instant.
    pub from: Timestamp,
    /// The model's id.
    pub model: String,
    pub(super) place: Place,
}

/// A model and its prices.
#[derive(Clone, Debug)]
pub struct Model {
    /// The seller's id.
    pub seller: String,
    /// The model's id.
    pub id: String,
    /// Every exact name, the id included.
    pub names: Vec<String>,
    /// Names with a date in them: `claude-sonnet-4-6-{yyyymmdd}`.
    pub dated: Vec<String>,
    /// Endings that do not change the price: `[1m]`.
    pub strip: Vec<String>,
    /// When the model was released.
    pub released: Option<Timestamp>,
    /// Every row: those in force by mode, date and prompt size, then the withdrawn ones.
    pub prices: Vec<Price>,
    /// Where the model is written.
    pub place: Place,
}

impl Model {
    /// Returns the rows in force of a mode, by date and prompt size.
    pub(super) fn rows(&self, mode: Mode) -> &[Price] {
        let live = &self.prices[..self.prices.partition_point(|row| row.withdrawn.is_none())];
        let start = live.partition_point(|row| row.mode < mode);
        let end = live.partition_point(|row| row.mode <= mode);
        &live[start..end]
    }
}

/// What a model costs in one mode from one date on, for one band of prompt sizes.
#[derive(Clone, Debug)]
pub struct Price {
    /// The mode.
    pub mode: Mode,
    /// The hours to which the row is limited, by id.
    pub window: Option<String>,
    /// The first instant; `None` on a row that holds since launch and names no date.
    pub from: Option<Timestamp>,
    /// Whether the row also holds for all time before `from`.
    pub since_launch: bool,
    /// When the row entered the table, where that matters.
    pub known: Option<Timestamp>,
    /// When the row was withdrawn: it is kept, and never applied.
    pub withdrawn: Option<Timestamp>,
    /// The smallest prompt of the band, in tokens.
    pub prompt_min: u64,
    /// The largest prompt of the band, in tokens; `None` without limit.
    pub prompt_max: Option<u64>,
    /// How the start is known.
    pub basis: Option<Basis>,
    /// When the source was read; never used to select a row.
    pub read: Option<NaiveDate>,
    /// Where the row was read.
    pub src: Option<String>,
    /// A remark: which of disagreeing sources was taken, and why.
    pub note: Option<String>,
    /// Why the row differs from what an earlier release of the table said.
    pub fix: Option<String>,
    /// Why the row may break a rule that the seller's other rows keep.
    pub exempt: Option<String>,
    /// Where the row is written.
    pub place: Place,
    /// Picodollars for a million tokens, by class.
    pub(super) rates: [Option<i64>; CLASSES],
    /// The class to bill at instead, by class.
    pub(super) fallback: [Option<Class>; CLASSES],
}

impl Price {
    /// Returns the classes sold with their dollars for a million tokens, as decimals.
    pub fn rates(&self) -> impl Iterator<Item = (Class, String)> + '_ {
        Class::ALL.into_iter().filter_map(|class| Some((class, decimal(self.rates[class as usize]?))))
    }

    /// Returns the classes without a printed price, each with the class it bills as.
    pub fn fallbacks(&self) -> impl Iterator<Item = (Class, Class)> + '_ {
        Class::ALL.into_iter().filter_map(|class| Some((class, self.fallback[class as usize]?)))
    }

    /// Tells whether the row says that nothing is sold from its date on.
    pub fn is_end(&self) -> bool {
        self.rates.iter().all(Option::is_none)
    }

    /// Orders rows as a model holds them: those in force by mode, hours, date and prompt size, then the withdrawn.
    pub(super) fn in_order(a: &Price, b: &Price) -> Ordering {
        let key = |row: &Price| (row.withdrawn, row.mode, row.starts(), row.prompt_min);
        let (x, y) = (key(a), key(b));
        x.0.cmp(&y.0).then(x.1.cmp(&y.1)).then_with(|| a.window.cmp(&b.window)).then(x.2.cmp(&y.2)).then(x.3.cmp(&y.3))
    }

    /// Returns when the row became known; `None` for one that was known all along.
    pub(super) fn known_since(&self) -> Option<Timestamp> {
        let read =
            self.read.and_then(|day| day.and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt()).map(Timestamp);
        let start = self.from.filter(|_| !self.since_launch);
        self.known.or_else(|| start.map(|start| read.map_or(start, |read| read.min(start))))
    }

    /// Returns the first instant the row applies to.
    pub(super) fn starts(&self) -> Timestamp {
        match self.from {
            Some(from) if !self.since_launch => from,
            _ => Timestamp(i64::MIN),
        }
    }

    /// Tells whether a prompt of that size falls into the band.
    pub(super) fn holds(&self, prompt: u64) -> bool {
        prompt >= self.prompt_min && self.prompt_max.is_none_or(|max| prompt <= max)
    }

    /// Returns the price of a class (picodollars for a million tokens) and the class whose price it is.
    pub(super) fn rate(&self, class: Class) -> Option<(i64, Class)> {
        match self.rates[class as usize] {
            Some(rate) => Some((rate, class)),
            None => {
                let other = self.fallback[class as usize]?;
                Some((self.rates[other as usize]?, other))
            }
        }
    }

    /// Returns the end of the row's key: `standard@2026-02-17>200000`, `standard[peak]@2026-08-16T16:00:00Z`; a band
    /// without limits is not named.
    pub fn key(&self) -> String {
        let from = match self.from {
            None => "launch".to_string(),
            Some(from) => show_date(from),
        };
        let low = if self.prompt_min > 0 { format!(">{}", self.prompt_min - 1) } else { String::new() };
        let high = self.prompt_max.map(|max| format!("<={max}")).unwrap_or_default();
        let window = self.window.as_ref().map(|id| format!("[{id}]")).unwrap_or_default();
        format!("{}{window}@{from}{low}{high}", self.mode)
    }
}

/// Writes a midnight as its date, any other instant in full.
pub(super) fn show_date(ts: Timestamp) -> String {
    let text = ts.to_string();
    match text.strip_suffix("T00:00:00Z") {
        Some(date) => date.to_string(),
        None => text,
    }
}

/// Writes picodollars as a decimal of dollars.
pub(super) fn decimal(pico: i64) -> String {
    Usd::from_pico(i128::from(pico)).to_string()
}
