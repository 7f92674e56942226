//! A scene: the calls as they were logged, the calls as they were billed, and what each side comes to. Clean scenes
//! have the same calls on both sides; a plant changes one of them.

use std::collections::BTreeMap;

use attr::domain::Class;
use attr::domain::Tokens;
use attr::price::Mode;

use super::month;
use super::month::DAY;
use super::month::Known;
use super::month::Month;
use super::rates;

/// Which files the provider gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Anthropic's cost CSV and its tokens CSV.
    AnthropicPair,
    /// Anthropic's cost CSV alone: amounts in cents, no quantities.
    AnthropicCost,
    /// OpenAI's cost CSV, with quantities.
    OpenAiCost,
    /// The same with the completions usage CSV.
    OpenAiPair,
    /// OpenRouter's activity, a row a generation.
    OpenRouter,
    /// FOCUS rows for calls at OpenAI.
    Focus,
    /// A bill of somebody's own columns, mapped in the settings.
    Mapped,
}

impl Form {
    pub(super) const ALL: [Form; 7] = [
        Form::AnthropicPair,
        Form::AnthropicCost,
        Form::OpenAiCost,
        Form::OpenAiPair,
        Form::OpenRouter,
        Form::Focus,
        Form::Mapped,
    ];

    pub(super) fn provider(self) -> &'static str {
        match self {
            Form::AnthropicPair | Form::AnthropicCost => "anthropic",
            Form::OpenRouter => "openrouter",
            Form::OpenAiCost | Form::OpenAiPair | Form::Focus | Form::Mapped => "openai",
        }
    }

    /// Whether cache writes have lines of their own.
    pub(super) fn has_writes(self) -> bool {
        matches!(self, Form::AnthropicPair | Form::AnthropicCost | Form::OpenAiCost | Form::OpenAiPair)
    }

    /// Whether searches have lines of their own.
    pub(super) fn has_searches(self) -> bool {
        self.has_writes()
    }

    /// The step of the amounts, in attodollars.
    pub(super) fn quantum(self) -> i128 {
        match self {
            Form::AnthropicPair | Form::AnthropicCost => 10_000_000_000_000_000,
            Form::OpenRouter => 1_000_000_000_000,
            _ => 0,
        }
    }
}

/// On what terms a call is billed where they are not those of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// As another model.
    pub(super) model: Option<&'static Known>,
    /// At the rates of another time, in milliseconds.
    pub(super) at: Option<i64>,
    /// As a long prompt, or as none.
    pub(super) long: Option<bool>,
    /// Multiplied by a fraction, all classes.
    pub(super) times: (i128, i128),
    /// Multiplied by a fraction, of one class.
    pub(super) class_times: Vec<(Class, i128, i128)>,
    /// Cache reads as if they were fresh input.
    pub(super) reads_as_input: bool,
    /// A fee a call, in attodollars.
    pub(super) fee: i128,
    /// Nothing.
    pub(super) free: bool,
    /// So many days later.
    pub(super) late: i64,
    /// The files do not name the service mode.
    pub(super) tier_hidden: bool,
    /// The files do not name the region.
    pub(super) region_hidden: bool,
    /// Through a router with a key of one's own: on another bill.
    pub(super) own_key: bool,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            model: None,
            at: None,
            long: None,
            times: (1, 1),
            class_times: Vec::new(),
            reads_as_input: false,
            fee: 0,
            free: false,
            late: 0,
            tier_hidden: false,
            region_hidden: false,
            own_key: false,
        }
    }
}

/// A call, as logged or as billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Milliseconds since 1970.
    pub(super) at: i64,
    pub(super) id: String,
    pub(super) known: &'static Known,
    /// The model's name on the log, where it is one of the user's own.
    pub(super) name: Option<&'static str>,
    pub(super) key: String,
    pub(super) workspace: String,
    pub(super) region: Option<&'static str>,
    pub(super) tier: Option<&'static str>,
    pub(super) tokens: Tokens,
    pub(super) reasoning: u64,
    pub(super) searches: u64,
    pub(super) session: String,
    pub(super) feature: &'static str,
    pub(super) tenant: &'static str,
    pub(super) failed: bool,
    pub(super) terms: Terms,
}

/// What a line of a bill charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Tokens(Class),
    Search,
}

/// The cell that a charge falls into, as the bill sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) day: i64,
    pub(super) model: &'static str,
    pub(super) key: String,
    pub(super) workspace: String,
    pub(super) tier: Option<&'static str>,
    pub(super) region: Option<&'static str>,
    pub(super) long: bool,
    pub(super) what: What,
}

/// What a cell comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) quantity: u64,
    pub(super) atto: i128,
    /// The amount before a discount that the file states.
    pub(super) list: i128,
    pub(super) calls: u64,
}

impl Call {
    pub(super) fn day(&self) -> i64 {
        self.at.div_euclid(DAY)
    }

    pub(super) fn provider(&self) -> &'static str {
        match self.known.log {
            name if name.contains('/') => "openrouter",
            name if name.starts_with("claude") => "anthropic",
            _ => "openai",
        }
    }

    pub(super) fn is_long(&self) -> bool {
        let own = || {
            let cliff = rates::cliff(self.provider(), self.known.log, self.at);
            cliff.is_some_and(|most| rates::prompt(&self.tokens) > most)
        };
        self.terms.long.unwrap_or_else(own)
    }

    /// What the call costs, by class, in attodollars; nothing where the log's model has no price.
    pub(super) fn charges(&self) -> Vec<(What, u64, i128)> {
        if self.name.is_some() {
            return Vec::new();
        }
        let (at, provider) = (self.terms.at.unwrap_or(self.at), self.provider());
        let model = self.terms.model.unwrap_or(self.known).log;
        let mode = rates::mode(self.tier).unwrap_or(Mode::Standard);
        let prompt = match self.terms.long {
            None => rates::prompt(&self.tokens),
            Some(false) => 0,
            Some(true) => rates::cliff(provider, model, at).map_or(0, |most| most + 1),
        };
        let rates = rates::at(provider, model, mode, at, prompt);
        let rates = rates.unwrap_or_else(|| panic!("{model} is not sold as {mode} at {at}"));
        let mut charges = Vec::new();
        for (class, count) in self.tokens.iter() {
            let rate_of = if self.terms.reads_as_input && class == Class::CacheRead { Class::Input } else { class };
            let rate = rates[rate_of as usize].unwrap_or_else(|| panic!("{model} sells no {}", rate_of.name()));
            let mut atto = i128::from(count) * rate;
            if self.region.is_some() {
                atto = exactly(atto, (11, 10));
            }
            atto = exactly(atto, self.terms.times);
            for (of, up, down) in &self.terms.class_times {
                atto = if *of == class { exactly(atto, (*up, *down)) } else { atto };
            }
            charges.push((What::Tokens(class), count, atto));
        }
        if self.searches > 0 {
            charges.push((What::Search, self.searches, i128::from(self.searches) * rates::SEARCH));
        }
        if let Some(first) = charges.first_mut() {
            first.2 += self.terms.fee;
        }
        if self.terms.free || self.terms.own_key {
            charges.iter_mut().for_each(|charge| charge.2 = 0);
        }
        charges
    }

    /// What the call costs in all, in attodollars.
    pub(super) fn cost(&self) -> i128 {
        self.charges().iter().map(|charge| charge.2).sum()
    }

    pub(super) fn set(&mut self, class: Class, count: u64) {
        self.tokens.set(class, count);
    }

    fn cell(&self, what: What) -> Cell {
        Cell {
            day: self.day() + self.terms.late,
            model: self.known.log,
            key: self.key.clone(),
            workspace: self.workspace.clone(),
            tier: self.tier,
            region: self.region.filter(|_| !self.terms.region_hidden),
            long: what != What::Search && self.is_long(),
            what,
        }
    }
}

/// Multiplies where nothing has to be rounded, up to a millionth of a picodollar.
fn exactly(atto: i128, (up, down): (i128, i128)) -> i128 {
    attr::domain::money::div_half_even(atto * up, down)
}

/// A line that charges for no call.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub(super) day: i64,
    /// FOCUS's word: `Tax`, `Credit`, `Purchase`.
    pub(super) kind: &'static str,
    pub(super) atto: i128,
}

/// How the bill is written.
#[derive(Clone, Debug)]
pub(super) struct Style {
    pub(super) seed: u64,
    /// Anthropic's cents: half up, otherwise half to even.
    pub(super) half_up: bool,
    /// Amounts are so many times what they should be (a mark-up, cents for dollars).
    pub(super) times: (i128, i128),
    /// Euros, at so many for 100 dollars.
    pub(super) euros: Option<i128>,
    /// Quantities are divided by this.
    pub(super) quantity_by: u64,
    /// What is paid of the list price, stated by the file.
    pub(super) paid: Option<(i128, i128)>,
}

/// The two sides of a reconciliation.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) form: Form,
    pub(super) month: Month,
    pub(super) logged: Vec<Call>,
    /// What a second source logs.
    pub(super) gateway: Vec<Call>,
    pub(super) billed: Vec<Call>,
    pub(super) extras: Vec<Extra>,
    pub(super) style: Style,
    /// Further arguments of the command.
    pub(super) args: Vec<String>,
}

impl Scene {
    /// A scene without a difference but rounding.
    pub(super) fn clean(form: Form, seed: u64) -> Scene {
        let month = month::month(form, seed);
        let style =
            Style { seed, half_up: seed.is_multiple_of(2), times: (1, 1), euros: None, quantity_by: 1, paid: None };
        Scene {
            form,
            logged: month.calls.clone(),
            gateway: Vec::new(),
            billed: month.calls.clone(),
            month,
            extras: Vec::new(),
            style,
            args: Vec::new(),
        }
    }

    /// Returns the days the bill is of.
    pub(super) fn days(&self) -> std::ops::Range<i64> {
        self.month.first..self.month.first + self.month.days
    }

    /// Returns what the bill's cells come to.
    pub(super) fn cells(&self) -> BTreeMap<Cell, Sum> {
        let mut cells = sums(&self.billed);
        for sum in cells.values_mut() {
            sum.list = sum.atto;
            if let Some(paid) = self.style.paid {
                sum.atto = exactly(sum.atto, paid);
            }
            sum.atto = exactly(sum.atto, self.style.times);
        }
        cells
    }

    /// What the bill comes to before its rows are rounded, in attodollars.
    pub(super) fn invoiced(&self) -> i128 {
        self.cells().values().map(|sum| sum.atto).sum::<i128>()
            + self.extras.iter().map(|extra| extra.atto).sum::<i128>()
    }

    /// What the logs come to, in attodollars.
    pub(super) fn log_cost(&self) -> i128 {
        self.logged.iter().chain(&self.gateway).map(Call::cost).sum()
    }

    /// Every cell of both sides with what the bill and the logs say.
    pub(super) fn both(&self) -> BTreeMap<(i64, &'static str, String, What), (Sum, Sum)> {
        let mut both: BTreeMap<_, (Sum, Sum)> = BTreeMap::new();
        let key = |cell: Cell| (cell.day, cell.model, cell.key, cell.what);
        for (cell, sum) in self.cells() {
            add(&mut both.entry(key(cell)).or_default().0, sum);
        }
        for (cell, sum) in sums(self.logged.iter().chain(&self.gateway)) {
            add(&mut both.entry(key(cell)).or_default().1, sum);
        }
        both
    }
}

fn add(to: &mut Sum, more: Sum) {
    to.quantity += more.quantity;
    to.atto += more.atto;
    to.list += more.list;
    to.calls += more.calls;
}

fn sums<'c>(calls: impl IntoIterator<Item = &'c Call>) -> BTreeMap<Cell, Sum> {
    let mut cells: BTreeMap<Cell, Sum> = BTreeMap::new();
    for call in calls {
        for (what, quantity, atto) in call.charges() {
            add(cells.entry(call.cell(what)).or_default(), Sum { quantity, atto, list: atto, calls: 1 });
        }
    }
    cells
}
