//! A table beside a list that others publish: where both price the same, do they say the same?

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::{NANOS, Timestamp};
use crate::domain::tokens::Class;

use crate::price::hours::weekdays;
use crate::price::mode::Mode;
use crate::price::rows::{Model, Price, Seller, decimal};
use crate::price::sources::{Entry, Hours, PriceList, Quote};
use crate::price::table::Table;

/// A price on which a table and a list differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// The seller.
    pub seller: String,
    /// The model, by our id.
    pub model: String,
    /// The model, by the list's id.
    pub listed_as: String,
    /// The mode, by our name.
    pub mode: Mode,
    /// The smallest prompt it is about.
    pub prompt_min: u64,
    /// The class; none where the table does not sell the mode or size at all.
    pub class: Option<Class>,
    /// Our dollars for a million tokens; none where we have no price.
    pub ours: Option<String>,
    /// Theirs.
    pub theirs: String,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many models both have.
    pub compared: usize,
    /// Where they differ.
    pub disagreements: BTreeSet<Disagreement>,
    /// Models that only the table has: (seller, id).
    pub only_table: Vec<(String, String)>,
    /// Models that only the list has, with prices by the token: (seller, id).
    pub only_list: Vec<(String, String)>,
}

impl Comparison {
    /// Compares what a seller and the list's providers that are the seller charge at a moment.
    pub fn add(&mut self, table: &Table, seller: &Seller, list: &PriceList, providers: &[String], at: Timestamp) {
        let mut met = BTreeSet::new();
        for entry in list.entries.iter().filter(|entry| providers.contains(&entry.provider)) {
            let known = entry.names.iter().find_map(|name| meant(table, &seller.id, name, at));
            let Some(model) = known else {
                if entry.quotes.iter().any(|quote| !quote.is_empty()) {
                    self.only_list.push((seller.id.clone(), entry.id.clone()));
                }
                continue;
            };
            met.insert(model.id.as_str());
            self.compared += 1;
            Pair { seller, model, entry }.compare(at, &mut self.disagreements);
        }
        let own = table.models().filter(|model| model.seller == seller.id && !met.contains(model.id.as_str()));
        self.only_table.extend(own.map(|model| (model.seller.clone(), model.id.clone())));
    }
}

/// Returns the model that a name meant at a moment.
fn meant<'t>(table: &'t Table, seller: &str, name: &str, at: Timestamp) -> Option<&'t Model> {
    let (_, steps) = table.lookup().find(Some(seller), Some(name)).ok()?;
    steps.iter().rfind(|(from, _)| *from <= at).or(steps.first()).map(|(_, model)| *model)
}

/// One model, ours and theirs.
struct Pair<'a> {
    seller: &'a Seller,
    model: &'a Model,
    entry: &'a Entry,
}

impl Pair<'_> {
    fn compare(&self, at: Timestamp, found: &mut BTreeSet<Disagreement>) {
        // Lists without dates know a model on days before it was out.
        if self.model.released.is_some_and(|released| released > at) {
            return;
        }
        let by_hour = self.model.prices.iter().any(|row| row.window.is_some())
            || self.entry.quotes.iter().any(|quote| quote.window.is_some());
        // With prices by the hour, every half hour past of a week; else any moment is as good.
        let moments = if by_hour { 7 * 24 } else { 1 };
        for hour in 0..moments {
            let at = Timestamp(at.0 + if by_hour { (2 * hour + 1) * 1800 * NANOS } else { 0 });
            for mode in Mode::ALL {
                self.mode(mode, at, found);
            }
        }
    }

    fn mode(&self, mode: Mode, at: Timestamp, found: &mut BTreeSet<Disagreement>) {
        let theirs = self.theirs(mode, at);
        let ours = self.ours(mode, at);
        let sizes: BTreeSet<u64> =
            ours.iter().map(|row| row.prompt_min).chain(theirs.iter().map(|quote| quote.prompt_min)).collect();
        for size in sizes {
            let Some(quote) = theirs.iter().find(|quote| quote.holds(size)) else { continue };
            let row = ours.iter().find(|row| row.holds(size)).filter(|row| !row.is_end());
            let mut differ = |class: Option<Class>, ours: Option<i64>, theirs: i64| {
                found.insert(Disagreement {
                    seller: self.seller.id.clone(),
                    model: self.model.id.clone(),
                    listed_as: self.entry.id.clone(),
                    mode,
                    prompt_min: size,
                    class,
                    ours: ours.map(decimal),
                    theirs: decimal(theirs),
                });
            };
            let priced = Class::ALL.into_iter().filter_map(|class| Some((class, quote.rates[class as usize]?)));
            for (class, rate) in priced {
                match (row, row.and_then(|row| row.rate(class))) {
                    // Beside nothing of ours one line is enough, and a zero of theirs says nothing.
                    (None, _) if class == Class::Input && rate > 0 => differ(None, None, rate),
                    (Some(_), None) if rate > 0 => differ(Some(class), None, rate),
                    (Some(_), Some((own, _))) if own != rate => differ(Some(class), Some(own), rate),
                    _ => {}
                }
            }
        }
    }

    /// Returns our rows of a mode that hold at a moment, a band each.
    fn ours(&self, mode: Mode, at: Timestamp) -> Vec<&Price> {
        let inside = |row: &&Price| match &row.window {
            None => true,
            Some(id) => {
                let hours = self.seller.hours.iter().find(|hours| hours.id == *id);
                hours.is_some_and(|hours| {
                    let holidays = self.seller.holidays.iter().find(|days| Some(&days.id) == hours.except.as_ref());
                    hours.hold(holidays, at) == Some(true)
                })
            }
        };
        let rows: Vec<&Price> = self.model.rows(mode).iter().filter(|row| row.starts() <= at).filter(inside).collect();
        // Inside its hours a windowed row wins, unless it is the empty one that ends the window.
        let latest = |windowed: bool| {
            let of = rows.iter().filter(move |row| row.window.is_some() == windowed);
            let start = of.clone().map(|row| row.starts()).max();
            of.filter(|row| Some(row.starts()) == start).copied().collect::<Vec<_>>()
        };
        let windowed = latest(true);
        if windowed.iter().any(|row| !row.is_end()) { windowed } else { latest(false) }
    }

    /// Returns their quotes of a mode of ours that hold at a moment, a band each.
    fn theirs(&self, mode: Mode, at: Timestamp) -> Vec<&Quote> {
        let ours = |quote: &Quote| {
            let word = self.seller.mode_names.iter().find(|(word, _)| word == quote.mode.name());
            word.map_or(quote.mode, |(_, mode)| *mode)
        };
        // Before the day on which a list first knew a model it says nothing of it.
        let start = |quote: &Quote| quote.from.unwrap_or(Timestamp(i64::MIN));
        let holds = |quote: &&Quote| {
            ours(quote) == mode && start(quote) <= at && quote.window.as_ref().is_none_or(|hours| inside(hours, at))
        };
        let quotes: Vec<&Quote> = self.entry.quotes.iter().filter(holds).collect();
        let mut by_band: BTreeMap<(bool, Timestamp), Vec<&Quote>> = BTreeMap::new();
        for quote in quotes {
            by_band.entry((quote.window.is_some(), start(quote))).or_default().push(quote);
        }
        let last =
            |windowed: bool| by_band.iter().rfind(|((of, _), _)| *of == windowed).map(|(_, quotes)| quotes.clone());
        let windowed = last(true).filter(|quotes| quotes.iter().any(|quote| !quote.is_empty()));
        windowed.or_else(|| last(false)).unwrap_or_default()
    }
}

/// Tells whether a moment lies in hours of a list; days off of the list are not looked at.
fn inside(hours: &Hours, at: Timestamp) -> bool {
    let seconds = at.0.div_euclid(NANOS);
    let (day, minute) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) / 60);
    // 1970-01-01 was a Thursday.
    let starts_on = |day: i64| {
        let at = (day + 3).rem_euclid(7) as usize;
        hours.days.is_empty() || hours.days.iter().any(|name| weekdays(name).is_some_and(|days| days[at]))
    };
    let clock = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        Some(hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?)
    };
    hours.utc.iter().filter_map(|span| span.split_once('-')).any(|(start, end)| {
        let (Some(start), Some(end)) = (clock(start), clock(end)) else { return false };
        if start < end {
            (start..end).contains(&minute) && starts_on(day)
        } else {
            (minute >= start && starts_on(day)) || (minute < end && starts_on(day - 1))
        }
    })
}
