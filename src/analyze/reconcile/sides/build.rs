//! Lines and calls into bundles and cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Question;
use crate::analyze::reconcile::ledger::Ledger;
use crate::analyze::reconcile::rates::LONGEST;
use crate::analyze::reconcile::rates::Point;
use crate::analyze::reconcile::rates::RateBook;
use crate::analyze::reconcile::rates::value;
use crate::analyze::reconcile::scope::ProviderScope;
use crate::analyze::reconcile::scope::in_usd;
use crate::analyze::reconcile::sides::Book;
use crate::analyze::reconcile::sides::Bundle;
use crate::analyze::reconcile::sides::Item;
use crate::analyze::reconcile::sides::Shape;
use crate::analyze::reconcile::sides::Stated;
use crate::analyze::reconcile::sides::Strand;
use crate::analyze::reconcile::sides::grain::carries;
use crate::analyze::reconcile::sides::grain::shape;
use crate::analyze::reconcile::sides::told::apart;
use crate::analyze::reconcile::sides::told::capped;
use crate::domain::Charge;
use crate::domain::Class;
use crate::domain::Unpriced;
use crate::domain::invoice::Line;
use crate::domain::invoice::MICRO;
use crate::domain::invoice::TextId;
use crate::domain::money::div_half_even;
use crate::domain::tokens::CLASSES;

impl Book {
    /// Puts a provider's bill and its calls side by side; the calls of others are taken out of the groups.
    pub(in crate::analyze::reconcile) fn new(
        question: &Question<'_>,
        scope: &ProviderScope,
        groups: &mut Vec<CallGroup>,
        rates: &RateBook<'_>,
        ledger: &mut Ledger,
    ) -> Book {
        groups.retain(|group| group.provider == scope.name);
        let shape = shape(question, scope);
        let (carries, unmatched) = carries(question, scope, groups);
        let mut book = Book {
            provider: Arc::clone(&scope.name),
            zone: scope.zone,
            periods: scope.periods.clone(),
            carries,
            shape,
            bundles: Vec::new(),
            groups: groups.len(),
            outside: 0,
            quantum: 0,
            shift: 0,
            short: BTreeMap::new(),
            aliased: false,
            unmatched,
        };
        let mut places = Places::default();
        book.take_lines(question, scope, (groups, rates), &mut places);
        book.take_calls(groups, rates, &mut places);
        book.weigh();
        apart(question, scope, ledger);
        capped(question, scope, &book, ledger);
        book.discounts(ledger);
        book
    }

    /// Puts other calls in the place of the logged ones; what that changes is in the cells' `open`.
    pub(in crate::analyze::reconcile) fn replace_calls(&mut self, groups: &[CallGroup], rates: &RateBook<'_>) {
        let before: Vec<Vec<i128>> =
            self.bundles.iter().map(|bundle| bundle.cells.iter().map(|cell| cell.cost).collect()).collect();
        let mut places = Places::default();
        for (at, bundle) in self.bundles.iter_mut().enumerate() {
            places.known.insert(key_of(bundle), at);
            (bundle.calls, bundle.failed, bundle.blank_failures, bundle.blank) = (0, 0, 0, 0);
            (bundle.unpriced, bundle.reasoning) = (0, 0);
            for cell in &mut bundle.cells {
                cell.first = cell.first.or_else(|| Some((cell.cost, cell.logged())));
                cell.log.clear();
                cell.cost = 0;
            }
        }
        self.outside = 0;
        self.take_calls(groups, rates, &mut places);
        for (at, bundle) in self.bundles.iter_mut().enumerate() {
            for (place, cell) in bundle.cells.iter_mut().enumerate() {
                cell.cost = cell.log.iter().map(|strand| strand.amount).sum();
                let before = before.get(at).and_then(|costs| costs.get(place)).copied().unwrap_or(0);
                cell.open -= cell.cost - before;
            }
        }
    }

    fn bundle(&mut self, places: &mut Places, period: u32, model: &Arc<str>, dims: [&Arc<str>; 2]) -> &mut Bundle {
        let own = |carried: bool, value: &Arc<str>| if carried { Arc::clone(value) } else { Arc::default() };
        let model = if self.shape.modelless { Arc::default() } else { Arc::clone(model) };
        let workspace = own(self.carries.workspace, dims[0]);
        let api_key = own(self.carries.api_key, dims[1]);
        let key = (period, model, workspace, api_key);
        let at = match places.known.get(&key) {
            Some(at) => *at,
            None => {
                let at = self.bundles.len();
                let (period, model, workspace, api_key) = key.clone();
                places.known.insert(key, at);
                self.bundles.push(Bundle {
                    period,
                    model,
                    known: false,
                    workspace,
                    api_key,
                    cells: Vec::new(),
                    requests: None,
                    calls: 0,
                    failed: 0,
                    blank_failures: 0,
                    blank: 0,
                    unpriced: 0,
                    reasoning: 0,
                    billed: false,
                    provisional: false,
                    inclusive: None,
                    named: false,
                    taken: false,
                });
                at
            }
        };
        &mut self.bundles[at]
    }

    /// Returns what a name of the bill means to the table, or the name. A variant that costs nothing is the model itself
    /// where the logs do not tell it apart.
    fn meant(&self, groups: &[CallGroup], rates: &RateBook<'_>, name: &Arc<str>) -> (Arc<str>, bool) {
        let find = |name: &str| rates.prices().model(&self.provider, name);
        let plain = name.strip_suffix(":free").filter(|_| !groups.iter().any(|group| group.model == *name));
        match plain.and_then(find).or_else(|| find(name)) {
            Some(id) => (id, true),
            None => (Arc::clone(name), false),
        }
    }

    fn take_lines(
        &mut self,
        question: &Question<'_>,
        scope: &ProviderScope,
        (groups, rates): (&[CallGroup], &RateBook<'_>),
        places: &mut Places,
    ) {
        let lines = question.lines;
        let text = |id: TextId| lines.text(id).cloned().unwrap_or_default();
        let mut models: HashMap<TextId, (Arc<str>, bool)> = HashMap::new();
        for at in &scope.usage {
            let line = &lines.rows[*at as usize];
            let Some(period) = self.periods.holding(line.start) else { continue };
            if line.amount.is_some() || line.list.is_some() {
                self.quantum = self.quantum.max(in_usd(question, line, line.quantum));
            }
            let is_tool = line.charge == Charge::Tool;
            let (model, known) = match is_tool {
                true => (Arc::default(), false),
                false => {
                    models.entry(line.model).or_insert_with(|| self.meant(groups, rates, &text(line.model))).clone()
                }
            };
            let shape = self.shape;
            let bundle = self.bundle(places, period, &model, [&text(line.workspace), &text(line.api_key)]);
            bundle.billed = true;
            bundle.known |= known;
            bundle.provisional |= line.settled == Some(false);
            if line.charge == Charge::Requests {
                *bundle.requests.get_or_insert(0) += line.quantity.map_or(0, |quantity| quantity.0);
                continue;
            }
            let (item, class) = item_of(line, shape, &text(line.tool));
            // Without a cost file the price that a usage report states stands for the amount.
            let pico = line.amount.or(line.list.filter(|_| !shape.reported)).filter(|_| !line.memo);
            let strand = Strand {
                class,
                stated: stated(line, &text),
                quantity: line.quantity.map(|quantity| quantity.0),
                amount: pico.map_or(0, |pico| in_usd(question, line, pico)),
                list: line.list.map(|pico| in_usd(question, line, pico)),
                count: 1,
                failed: false,
                untimed: line.charge == Charge::CacheWrite,
                apart: false,
            };
            let place = bundle.place(&item);
            let side = &mut bundle.cells[place];
            push(if pico.is_some() { &mut side.bill } else { &mut side.usage }, strand);
        }
    }

    pub(super) fn take_calls(&mut self, groups: &[CallGroup], rates: &RateBook<'_>, places: &mut Places) {
        let tool_owner: Arc<str> = Arc::default();
        for group in groups {
            let cost = group.measures.cost.pico();
            let Some(period) = self.periods.holding(group.start) else {
                self.outside += cost;
                continue;
            };
            let whole = self.shape.whole;
            let point = Point {
                provider: Arc::clone(&self.provider),
                model: Arc::clone(&group.model),
                tier: Arc::clone(&group.tier),
                region: Arc::clone(&group.region),
                ts: group.start,
                prompt: group.prompt,
            };
            let known_rates = rates.rates(&point).filter(|_| group.measures.unpriced_calls() < group.measures.calls);
            let mut rest = cost;
            let (workspace, api_key) = (&group.workspace, &group.api_key);
            // Tools are charged apart from models.
            for (tool, uses) in group.tools.iter().filter(|_| !whole) {
                let uses = i128::from(*uses) * i128::from(group.measures.calls);
                let fee = rates.prices().tool_fee(point_terms(&point), tool).filter(|_| known_rates.is_some());
                let amount = fee.map_or(0, |fee| value(uses * MICRO, fee)).min(rest.max(0));
                rest -= amount;
                let bundle = self.bundle(places, period, &tool_owner, [workspace, api_key]);
                let place = bundle.place(&Item::Tool(Arc::clone(tool)));
                let strand = strand_of(group, Class::Input, Some(uses * MICRO), amount);
                push(&mut bundle.cells[place].log, strand);
            }
            let bundle = self.bundle(places, period, &group.model, [workspace, api_key]);
            let measures = &group.measures;
            bundle.known |= group.known;
            bundle.calls += measures.calls;
            bundle.reasoning += measures.reasoning;
            bundle.unpriced += measures.unpriced_calls();
            let is_blank = measures.tokens.iter().all(|count| *count == 0);
            let blank = if is_blank { measures.calls } else { measures.unpriced[Unpriced::UsageMissing as usize - 1] };
            if group.failed {
                bundle.failed += measures.calls;
                bundle.blank_failures += blank;
            } else {
                bundle.blank += blank;
            }
            let mut amounts = [0i128; CLASSES];
            for class in Class::ALL {
                let count = i128::from(measures.tokens[class as usize]);
                let rate = known_rates.and_then(|rates| rates[class as usize]);
                amounts[class as usize] = rate.map_or(0, |rate| value(count * MICRO, rate));
            }
            // Where some of the calls have tokens and no price, the cost is that of the others: parted in proportion.
            let sum: i128 = amounts.iter().sum();
            if sum > rest + i128::from(measures.calls) && sum > 0 {
                amounts = amounts.map(|amount| div_half_even(amount.saturating_mul(rest), sum));
            }
            let mut largest: Option<(usize, usize, i128)> = None;
            for class in Class::ALL {
                let count = i128::from(measures.tokens[class as usize]);
                if count == 0 {
                    continue;
                }
                let amount = amounts[class as usize];
                rest -= amount;
                let place = bundle.place(&item_of_class(class, whole));
                let strands = &mut bundle.cells[place].log;
                let at = push(strands, strand_of(group, class, Some(count * MICRO), amount));
                if largest.is_none_or(|(_, _, most)| amount >= most) {
                    largest = Some((place, at, amount));
                }
            }
            // What rounding by call left, and what the table cannot part by class.
            if rest != 0 {
                let (place, at) = match largest {
                    Some((place, at, _)) => (place, at),
                    None => {
                        let place = bundle.place(&item_of_class(Class::Input, whole));
                        (place, push(&mut bundle.cells[place].log, strand_of(group, Class::Input, Some(0), 0)))
                    }
                };
                bundle.cells[place].log[at].amount += rest;
            }
        }
    }

    /// Sums every cell and sets how far rounding can take its sides apart.
    fn weigh(&mut self) {
        for bundle in &mut self.bundles {
            for cell in &mut bundle.cells {
                for told in [&mut cell.bill, &mut cell.usage] {
                    let has_modes =
                        told.iter().any(|strand| strand.stated.tier.as_deref().is_some_and(|tier| !tier.is_empty()));
                    let plain = told.iter_mut().filter(|strand| strand.stated.tier.is_none());
                    plain.for_each(|strand| strand.apart = has_modes);
                }
                cell.amount = cell.bill.iter().map(|strand| strand.amount).sum();
                cell.cost = cell.log.iter().map(|strand| strand.amount).sum();
                cell.open = cell.amount - cell.cost;
                let rows: u64 = cell.bill.iter().map(|strand| strand.count).sum();
                let calls: u64 = cell.log.iter().map(|strand| strand.count).sum();
                // A row that was rounded to nothing may have been left out; a call's cost is rounded to a picodollar.
                cell.bound =
                    i128::from(rows.max(1)) * (self.quantum + 1) / 2 + i128::from(rows) + i128::from(calls) + 1;
            }
        }
    }
}

type BundleKey = (u32, Arc<str>, Arc<str>, Arc<str>);

/// Where the bundle of a key is.
#[derive(Default)]
pub(super) struct Places {
    known: HashMap<BundleKey, usize>,
}

impl Places {
    /// Finds the bundles that there are.
    pub(super) fn of(bundles: &[Bundle]) -> Places {
        Places { known: bundles.iter().enumerate().map(|(at, bundle)| (key_of(bundle), at)).collect() }
    }
}

fn key_of(bundle: &Bundle) -> BundleKey {
    let text = Arc::clone;
    (bundle.period, text(&bundle.model), text(&bundle.workspace), text(&bundle.api_key))
}

fn point_terms(point: &Point) -> crate::analyze::reconcile::Terms<'_> {
    crate::analyze::reconcile::Terms {
        provider: &point.provider,
        model: &point.model,
        tier: &point.tier,
        region: &point.region,
        ts: point.ts,
        prompt: point.prompt,
    }
}

fn item_of_class(class: Class, whole: bool) -> Item {
    match class {
        _ if whole => Item::Whole,
        class => Item::of(class),
    }
}

fn item_of(line: &Line, shape: Shape, tool: &Arc<str>) -> (Item, Class) {
    match line.charge {
        Charge::Tool => (Item::Tool(Arc::clone(tool)), Class::Input),
        Charge::Tokens(class) => (item_of_class(class, shape.whole), class),
        Charge::CacheWrite => (item_of_class(Class::CacheWrite5m, shape.whole), Class::CacheWrite5m),
        Charge::Reasoning => (item_of_class(Class::Output, shape.whole), Class::Output),
        _ => (Item::Whole, Class::Input),
    }
}

fn stated(line: &Line, text: &impl Fn(TextId) -> Arc<str>) -> Stated {
    let tier = (line.tier != TextId(0)).then(|| text(line.tier)).map(|tier| match tier.as_ref() {
        "standard" | "default" => Arc::default(),
        _ => tier,
    });
    let region = (line.region != TextId(0)).then(|| text(line.region)).map(|region| match region.as_ref() {
        "global" => Arc::default(),
        _ => region,
    });
    Stated { tier, region, prompt: line.long_context.map(|long| if long { LONGEST } else { 0 }) }
}

fn strand_of(group: &CallGroup, class: Class, quantity: Option<i128>, amount: i128) -> Strand {
    Strand {
        class,
        stated: Stated {
            tier: Some(Arc::clone(&group.tier)),
            region: Some(Arc::clone(&group.region)),
            prompt: Some(group.prompt),
        },
        quantity,
        amount,
        list: None,
        count: group.measures.calls,
        failed: group.failed,
        untimed: false,
        apart: false,
    }
}

/// Adds a strand to those that state the same; returns its place.
fn push(strands: &mut Vec<Strand>, more: Strand) -> usize {
    let same = |known: &Strand| {
        known.class == more.class
            && known.failed == more.failed
            && known.stated == more.stated
            && known.quantity.is_some() == more.quantity.is_some()
            && known.list.is_some() == more.list.is_some()
    };
    match strands.iter().position(same) {
        None => {
            // Most cells have one strand a side or two, and a year of days has millions of cells.
            if strands.len() < 4 {
                strands.reserve_exact(1);
            }
            strands.push(more);
            strands.len() - 1
        }
        Some(at) => {
            let known = &mut strands[at];
            known.amount += more.amount;
            known.count += more.count;
            known.quantity = known.quantity.zip(more.quantity).map(|(own, other)| own + other);
            known.list = known.list.zip(more.list).map(|(own, other)| own + other);
            at
        }
    }
}
