//! Both sides at the grain that both carry: bundles of cells.
//!
//! A bundle is a provider's model in a span of time (with workspace and key, where bill, usage report and logs all name
//! them); a cell is one item of it: a class of tokens, cache writes of any lifetime, a tool, or whole calls where the
//! bill knows no classes. What is known beyond that (tier, region, prompt size, lifetime) stays in the strands of
//! a cell: there it can be evidence, where as a key it would only part what belongs together.

mod build;
mod by_class;
mod grain;
mod owners;
mod strand;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyze::reconcile::Cause;
use crate::analyze::reconcile::Confidence;
use crate::analyze::reconcile::Explained;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::scope::Periods;
use crate::analyze::reconcile::scope::day;
use crate::domain::Class;
use crate::domain::Timestamp;
use crate::domain::Usd;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::money::PICO_PER_USD;

pub(super) use by_class::ByClass;
pub(super) use strand::Stated;
pub(super) use strand::Strand;
pub(super) use told::cause_of;

/// What a cell is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Item {
    /// Tokens of a class that is no cache write.
    Tokens(Class),
    /// Cache writes of any lifetime.
    CacheWrite,
    /// Whole calls.
    Whole,
    /// Uses of a tool.
    Tool(Arc<str>),
}

impl Item {
    /// Returns the item that tokens of a class belong to.
    pub(super) fn of(class: Class) -> Item {
        if is_write(class) { Item::CacheWrite } else { Item::Tokens(class) }
    }

    /// Returns the name used in reports.
    pub(super) fn name(&self) -> String {
        match self {
            Item::Tokens(class) => class.name().to_string(),
            Item::CacheWrite => "cache_write".into(),
            Item::Whole => "all".into(),
            Item::Tool(tool) => format!("tool:{tool}"),
        }
    }
}

/// Tells whether a class is cache writes.
pub(super) const fn is_write(class: Class) -> bool {
    matches!(class, Class::CacheWrite5m | Class::CacheWrite30m | Class::CacheWrite1h | Class::CacheWrite12h)
}

impl Shape {
    /// Tells whether the bill or its usage report counts tokens.
    pub(super) const fn is_counted(self) -> bool {
        self.counted || self.reported
    }
}

/// A span, a workspace and a key.
pub(super) type Owner = (u32, Arc<str>, Arc<str>);

/// One provider's bill and logs, side by side.
pub(super) struct Book {
    /// The provider.
    pub(super) provider: Arc<str>,
    /// The zone whose days the bill counts.
    pub(super) zone: Zone,
    /// The spans that are compared.
    pub(super) periods: Periods,
    /// Which of workspace and key all sides carry.
    pub(super) carries: Carries,
    /// How amounts and classes are told.
    pub(super) shape: Shape,
    /// The bundles, by period, model, workspace and key.
    pub(super) bundles: Vec<Bundle>,
    /// How many groups of calls there are. They themselves are large, and are in the cells by now.
    pub(super) groups: usize,
    /// The cost of calls on days that the bill does not speak for.
    pub(super) outside: i128,
    /// The step that the bill rounds to, in picodollars.
    pub(super) quantum: i128,
    /// By how many hours the calls were found to be stamped wrongly.
    pub(super) shift: i64,
    /// Where tokens are missing, and why: by span, workspace and key.
    pub(super) short: BTreeMap<Owner, (Cause, String)>,
    /// Whether two names were found to be one model.
    pub(super) aliased: bool,
    /// The bill's and the logs' names of dimensions that could not be matched.
    pub(super) unmatched: Vec<String>,
}

/// Which dimensions all sides carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carries {
    pub(super) workspace: bool,
    pub(super) api_key: bool,
}

/// What a bill's lines tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Amounts are for whole calls.
    pub(super) whole: bool,
    /// Amounts are for all models together.
    pub(super) modelless: bool,
    /// A usage report stands beside the amounts.
    pub(super) reported: bool,
    /// Every amount for tokens has its quantity.
    pub(super) counted: bool,
    /// Some cache writes have no lifetime.
    pub(super) untimed_writes: bool,
}

/// A model in a span.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    pub(super) period: u32,
    /// The model by the price table's id, else as printed; empty where models are not told apart.
    pub(super) model: Arc<str>,
    /// Whether the price table knows the model.
    pub(super) known: bool,
    pub(super) workspace: Arc<str>,
    pub(super) api_key: Arc<str>,
    pub(super) cells: Vec<Cell>,
    /// Requests by the bill or its usage report.
    pub(super) requests: Option<i128>,
    /// Logged calls.
    pub(super) calls: u64,
    /// Logged calls that failed.
    pub(super) failed: u64,
    /// Logged calls that failed and have no usage.
    pub(super) blank_failures: u64,
    /// Logged calls that did not fail and have no usage.
    pub(super) blank: u64,
    /// Logged calls without a price.
    pub(super) unpriced: u64,
    /// Reasoning tokens that the logs tell, contained in the output or not.
    pub(super) reasoning: u64,
    /// Whether the bill has a line here, of amount or usage.
    pub(super) billed: bool,
    /// Whether the provider says that a line of it is not final.
    pub(super) provisional: bool,
    /// Set once the logged input was found to contain cached tokens: whether cache writes too.
    pub(super) inclusive: Option<bool>,
    /// Set once its workspace or key was found on one side only.
    pub(super) named: bool,
    /// Set once a cause has taken the bundle as a whole: nothing else is tried on it.
    pub(super) taken: bool,
}

/// One item of a bundle.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) item: Item,
    /// Lines with an amount.
    pub(super) bill: Vec<Strand>,
    /// Lines of a usage report.
    pub(super) usage: Vec<Strand>,
    /// Calls.
    pub(super) log: Vec<Strand>,
    /// What is to be paid, in picodollars.
    pub(super) amount: i128,
    /// What the calls cost, in picodollars.
    pub(super) cost: i128,
    /// What they cost and counted before they were moved in time.
    pub(super) first: Option<(i128, i128)>,
    /// What nothing explains yet of amount less cost.
    pub(super) open: i128,
    /// How far rounding alone can take them apart.
    pub(super) bound: i128,
    /// What a price of the table was found to be multiplied by, in 1e-12.
    pub(super) factor: i128,
    /// What of the explained amounts is neither tokens nor their prices: a unit, a currency, a stated discount.
    pub(super) off: i128,
    /// What the causes found so far add to the logged tokens, by class in millionths.
    pub(super) moved: Vec<(Class, i128)>,
}

impl Cell {
    pub(super) fn new(item: Item) -> Cell {
        Cell {
            item,
            bill: Vec::new(),
            usage: Vec::new(),
            log: Vec::new(),
            amount: 0,
            cost: 0,
            first: None,
            open: 0,
            bound: 0,
            factor: PICO_PER_USD,
            off: 0,
            moved: Vec::new(),
        }
    }

    /// Tells whether what is open is no more than rounding.
    pub(super) fn ties(&self) -> bool {
        self.open.abs() <= self.bound
    }

    /// Returns the tokens that bill or usage report count, in millionths; `None` where they do not tell.
    pub(super) fn quantity(&self, shape: Shape) -> Option<i128> {
        if !shape.is_counted() {
            return None;
        }
        Some(self.told(shape).iter().filter_map(|strand| strand.quantity).sum())
    }

    /// Returns the logged tokens as the causes found so far would have them, in millionths.
    pub(super) fn counted(&self) -> i128 {
        self.logged() + self.moved.iter().map(|(_, micro)| micro).sum::<i128>()
    }

    /// Returns the classes that either side has, lifetimes of cache writes only where the bill tells them, with the
    /// bill's tokens and the logs' as the causes found so far would have them.
    pub(super) fn by_class(&self, shape: Shape) -> ByClass {
        let mut classes = ByClass::default();
        let of = |class: Class| if shape.untimed_writes && is_write(class) { Class::CacheWrite5m } else { class };
        for strand in self.told(shape) {
            classes.entry(of(strand.class)).0 += strand.quantity.unwrap_or(0);
        }
        for strand in &self.log {
            classes.entry(of(strand.class)).1 += strand.quantity.unwrap_or(0);
        }
        for (class, micro) in &self.moved {
            classes.entry(of(*class)).1 += micro;
        }
        classes
    }

    /// Returns by how much the bill counts more of each item, where the sides differ; lifetimes and modes apart.
    pub(super) fn gaps(&self, shape: Shape) -> BTreeMap<Item, i128> {
        let mut gaps: BTreeMap<Item, i128> = BTreeMap::new();
        if self.item == Item::Whole {
            for (class, (bill, log)) in self.by_class(shape) {
                *gaps.entry(Item::of(class)).or_default() += bill - log;
            }
            gaps.retain(|_, gap| *gap != 0);
        } else {
            let gap = self.quantity(shape).unwrap_or(0) - self.counted();
            if gap != 0 {
                gaps.insert(self.item.clone(), gap);
            }
        }
        gaps
    }

    /// Tells whether both sides count the same; lifetimes and modes apart.
    pub(super) fn is_even(&self, shape: Shape) -> bool {
        shape.is_counted() && self.gaps(shape).is_empty()
    }

    /// Takes the bill's counts for those of the logs: a cause has explained the difference.
    pub(super) fn level(&mut self, shape: Shape) {
        let Some(_) = self.quantity(shape) else { return };
        for (class, (bill, log)) in self.by_class(shape) {
            if bill != log {
                self.moved.push((class, bill - log));
            }
        }
    }

    /// Returns the strands that tell the bill's quantities, with what they state.
    pub(super) fn told(&self, shape: Shape) -> &[Strand] {
        if shape.reported { &self.usage } else { &self.bill }
    }

    /// Returns what the tokens cost as the causes found so far would have them, at the prices of the logs.
    pub(super) fn priced(&self) -> i128 {
        self.amount - self.open - self.off
    }

    /// Returns what the calls cost as they were logged.
    pub(super) fn first_cost(&self) -> i128 {
        self.first.map_or(self.cost, |(cost, _)| cost)
    }

    /// Returns the tokens as they were logged, in millionths.
    pub(super) fn first_count(&self) -> i128 {
        self.first.map_or_else(|| self.logged(), |(_, count)| count)
    }

    /// Returns the logged tokens, in millionths.
    pub(super) fn logged(&self) -> i128 {
        self.log.iter().filter_map(|strand| strand.quantity).sum()
    }
}

impl Bundle {
    /// Returns the place of an item's cell, making one if need be.
    pub(super) fn place(&mut self, item: &Item) -> usize {
        match self.cells.iter().position(|cell| cell.item == *item) {
            Some(at) => at,
            None => {
                self.cells.push(Cell::new(item.clone()));
                self.cells.len() - 1
            }
        }
    }

    /// Returns what it shares with the bundles of other models.
    pub(super) fn owner(&self) -> Owner {
        (self.period, Arc::clone(&self.workspace), Arc::clone(&self.api_key))
    }

    /// Returns what it shares with the bundles of other spans.
    pub(super) fn series(&self) -> (Arc<str>, Arc<str>, Arc<str>) {
        (Arc::clone(&self.model), Arc::clone(&self.workspace), Arc::clone(&self.api_key))
    }

    /// Tells whether any call was logged.
    pub(super) fn is_logged(&self) -> bool {
        self.calls > 0
    }
}

/// An amount that leaves what a cell has open: (bundle, cell, picodollars).
pub(super) type Effect = (usize, usize, i128);

/// A cause on its way into the ledger.
pub(super) struct Finding {
    pub(super) cause: Cause,
    pub(super) confidence: Confidence,
    pub(super) evidence: String,
}

impl Book {
    /// Moves amounts out of what cells have open and notes why.
    pub(super) fn explain(&mut self, ledger: &mut Ledger, finding: Finding, effects: &[Effect]) {
        if effects.is_empty() {
            return;
        }
        let mut total = 0;
        for (bundle, cell, pico) in effects {
            self.bundles[*bundle].cells[*cell].open -= pico;
            total += pico;
        }
        let Finding { cause, confidence, evidence } = finding;
        let scope = self.shared(effects);
        let (amount, cells) = (Usd::from_pico(total), effects.len() as u64);
        ledger.note(Explained { cause, amount, confidence, cells, scope, evidence, also: Vec::new() });
    }

    /// Returns what cells have in common.
    fn shared(&self, effects: &[Effect]) -> Vec<(&'static str, String)> {
        let mut scope = vec![("provider", self.provider.to_string())];
        let mut common = |name: &'static str, of: &dyn Fn(&Bundle, &Cell) -> String| {
            let mut values = effects.iter().map(|(bundle, cell, _)| {
                let bundle = &self.bundles[*bundle];
                of(bundle, &bundle.cells[*cell])
            });
            if let Some(first) = values.next().filter(|first| !first.is_empty())
                && values.all(|value| value == first)
            {
                scope.push((name, first));
            }
        };
        common("model", &|bundle, _| bundle.model.to_string());
        common("workspace", &|bundle, _| bundle.workspace.to_string());
        common("api_key", &|bundle, _| bundle.api_key.to_string());
        common("class", &|_, cell| cell.item.name());
        common("day", &|bundle, _| day(self.start(bundle)));
        scope
    }

    /// Returns the span from the first to the last period.
    pub(super) fn span(&self) -> Window {
        Window {
            since: self.periods.0.first().map(|(start, _)| *start),
            until: self.periods.0.last().map(|(_, end)| *end),
        }
    }

    /// Tells whether any call of the provider lies in the compared spans.
    pub(super) fn is_logged(&self) -> bool {
        self.bundles.iter().any(|bundle| bundle.is_logged() || bundle.cells.iter().any(|cell| !cell.log.is_empty()))
    }

    /// Returns a copy to try things on.
    pub(super) fn copy(&self) -> Book {
        Book {
            provider: Arc::clone(&self.provider),
            periods: self.periods.clone(),
            bundles: self.bundles.clone(),
            unmatched: self.unmatched.clone(),
            short: self.short.clone(),
            ..*self
        }
    }

    /// Returns the places of the cells that do not tie, in bundles that are still open.
    pub(super) fn untied(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, bundle) in self.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
            found.extend(bundle.cells.iter().enumerate().filter(|(_, cell)| !cell.ties()).map(|(cell, _)| (at, cell)));
        }
        found
    }

    /// Returns the models of the bundles with the bundles' places, in order.
    pub(super) fn by_model(&self) -> BTreeMap<Arc<str>, Vec<usize>> {
        let mut models: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (at, bundle) in self.bundles.iter().enumerate().filter(|(_, bundle)| !bundle.taken) {
            models.entry(Arc::clone(&bundle.model)).or_default().push(at);
        }
        models
    }

    /// Returns the start of a bundle's span.
    pub(super) fn start(&self, bundle: &Bundle) -> Timestamp {
        self.periods.0[bundle.period as usize].0
    }

    /// Returns the quantity of a strand's tokens at the price that the logs have for such tokens, else the table's.
    pub(super) fn value_of(&self, bundle: &Bundle, cell: &Cell, strand: &Strand, rates: &RateBook<'_>) -> Option<i128> {
        let quantity = strand.quantity?;
        self.unit_price(bundle, cell, strand, rates).map(|price| price.times(quantity))
    }
}
