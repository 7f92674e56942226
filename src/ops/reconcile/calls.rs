//! The store's calls as a reconciliation asks for them: groups that are alike in all that a bill can tell.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::NaiveDate;
use hashbrown::HashMap;

use crate::analyze::reconcile::Ask;
use crate::analyze::reconcile::CallGroup;
use crate::analyze::reconcile::Calls;
use crate::analyze::reconcile::Repeat;
use crate::domain::Axis;
use crate::domain::CallTrait;
use crate::domain::Class;
use crate::domain::Dim;
use crate::domain::Filter;
use crate::domain::Flags;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::Zone;
use crate::domain::invoice::Lines;
use crate::domain::invoice::TextId;
use crate::domain::rollup::Logged;
use crate::domain::rollup::Measures;
use crate::domain::rollup::Rollup;
use crate::domain::rollup::RollupQuery;
use crate::domain::rollup::Rollups;
use crate::domain::time::NANOS;
use crate::domain::window::Grain;
use crate::ops::book::Book;
use crate::price::Table;
use crate::store;
use crate::store::StoreError;

/// What a provider and a model mean to the table: (seller, model, known).
type Meaning = (Arc<str>, Arc<str>, bool);

/// What was looked up, by provider and model as logged.
type Meanings = HashMap<(Arc<str>, Arc<str>), Meaning>;

/// The calls of a book, in the words of its price table.
pub(super) struct BookCalls<'b> {
    book: &'b Book,
    table: &'b Table,
    edges: Arc<[u64]>,
    workspace: bool,
    api_key: bool,
    owners: Vec<Axis>,
    names: RefCell<Meanings>,
}

impl<'b> BookCalls<'b> {
    /// Dimensions that the bills do not name are not asked for.
    pub(super) fn new(book: &'b Book, table: &'b Table, lines: &Lines) -> BookCalls<'b> {
        BookCalls {
            book,
            table,
            edges: table.prompt_edges().into(),
            workspace: lines.rows.iter().any(|line| line.workspace != TextId(0)),
            api_key: lines.rows.iter().any(|line| line.api_key != TextId(0)),
            owners: Vec::new(),
            names: RefCell::default(),
        }
    }

    /// Tells calls apart by their owners too.
    pub(super) fn by(self, owners: Vec<Axis>) -> BookCalls<'b> {
        BookCalls { owners, ..self }
    }

    fn axes(&self, ask: Ask) -> Vec<(Part, Axis)> {
        let mut axes = vec![
            (Part::Start, Axis::Time(ask.grain)),
            (Part::Provider, Axis::Dim(Dim::Provider)),
            (Part::Model, Axis::Dim(Dim::Model)),
            (Part::Tier, Axis::Dim(Dim::Tier)),
            (Part::Region, Axis::Dim(Dim::Region)),
            (Part::Stated, Axis::Trait(CallTrait::Flag(Flags::GEO_STATED))),
            (Part::Status, Axis::Dim(Dim::Status)),
            (Part::Prompt, Axis::Trait(CallTrait::PromptSize(Arc::clone(&self.edges)))),
            (Part::Tools, Axis::Trait(CallTrait::Tools)),
        ];
        if self.workspace {
            axes.push((Part::Workspace, Axis::Dim(Dim::Workspace)));
        }
        if self.api_key {
            axes.push((Part::ApiKey, Axis::Dim(Dim::ApiKey)));
        }
        if ask.sources {
            axes.push((Part::Source, Axis::Dim(Dim::Source)));
        }
        axes.extend(self.owners.iter().enumerate().map(|(at, axis)| (Part::Owner(at), axis.clone())));
        axes
    }

    /// Returns what a provider's model means to the table.
    fn meaning(&self, provider: &Arc<str>, model: &Arc<str>) -> Meaning {
        let key = (Arc::clone(provider), Arc::clone(model));
        let find = || {
            let said = Some(provider.as_ref()).filter(|provider| !provider.is_empty());
            match self.table.find_model(said, model) {
                Ok(found) => (found.seller.as_str().into(), found.id.as_str().into(), true),
                Err(_) => {
                    let folded = provider.trim().to_lowercase();
                    let seller = self.table.sellers().find(|seller| seller.provider_names.contains(&folded));
                    (
                        seller.map_or_else(|| Arc::clone(provider), |seller| seller.id.as_str().into()),
                        Arc::clone(model),
                        false,
                    )
                }
            }
        };
        self.names.borrow_mut().entry(key).or_insert_with(find).clone()
    }

    fn group(&self, parts: &Parts, start: Timestamp, measures: Measures) -> CallGroup {
        let find = |part: Part| parts.iter().find(|(own, _)| *own == part).map(|(_, text)| Arc::clone(text));
        let text = |part: Part| find(part).unwrap_or_default();
        let (provider, model, known) = self.meaning(&text(Part::Provider), &text(Part::Model));
        let tier = match text(Part::Tier) {
            tier if ["standard", "default", "auto", "on_demand", "not_available"].contains(&tier.as_ref()) => {
                Arc::default()
            }
            tier => tier,
        };
        let region = match (text(Part::Region), text(Part::Stated).is_empty()) {
            (_, true) => Arc::default(),
            (region, false) if ["global", "not_available"].contains(&region.as_ref()) => Arc::default(),
            (region, false) => region,
        };
        let status = text(Part::Status);
        // The provider that a bill knows, by whatever name the calls have it.
        let owner = |(at, axis): (usize, &Axis)| match axis {
            Axis::Dim(Dim::Provider) => Some(Arc::clone(&provider)),
            _ => find(Part::Owner(at)),
        };
        CallGroup {
            owner: self.owners.iter().enumerate().map(owner).collect(),
            provider,
            model,
            known,
            tier,
            region,
            workspace: text(Part::Workspace),
            api_key: text(Part::ApiKey),
            source: text(Part::Source),
            failed: measures.errors > 0 || status.as_ref() == "cancelled",
            start,
            prompt: text(Part::Prompt).parse().unwrap_or(0),
            tools: store::read_tools(&text(Part::Tools)).map(|(name, uses)| (name.into(), uses)).collect(),
            measures,
        }
    }

    fn all(&self, rollup: &Rollup, parts: &[Part], ask: Ask) -> Vec<CallGroup> {
        let starts: Vec<Timestamp> =
            rollup.values[0].iter().map(|label| start_of(label, ask.grain, ask.zone)).collect();
        (0..rollup.len())
            .map(|group| {
                let of = |at: usize| Some((parts[at], Arc::clone(rollup.value(group, at)?)));
                let texts: Parts = (1..parts.len()).filter_map(of).collect();
                let start = (rollup.codes[0][group] as usize).checked_sub(1).and_then(|at| starts.get(at));
                self.group(&texts, start.copied().unwrap_or_default(), rollup.measures(group))
            })
            .collect()
    }
}

/// What an axis tells of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Start,
    Provider,
    Model,
    Tier,
    Region,
    Stated,
    Status,
    Prompt,
    Tools,
    Workspace,
    ApiKey,
    Source,
    Owner(usize),
}

/// What the axes tell of a group; a dozen at most.
type Parts = Vec<(Part, Arc<str>)>;

/// Returns the instant that a bucket's label names.
fn start_of(label: &str, grain: Grain, zone: Zone) -> Timestamp {
    match grain {
        Grain::Hour => {
            let whole = format!("{}:00{}", label.get(..16).unwrap_or_default(), label.get(16..).unwrap_or_default());
            Timestamp::parse(&whole).map(|parsed| parsed.ts).unwrap_or_default()
        }
        _ => NaiveDate::parse_from_str(label, "%Y-%m-%d").map(|date| zone.start_of_day(date)).unwrap_or_default(),
    }
}

impl Calls for BookCalls<'_> {
    type Error = StoreError;

    fn groups(&self, ask: Ask) -> Result<Vec<CallGroup>, StoreError> {
        let (parts, by): (Vec<Part>, Vec<Axis>) = self.axes(ask).into_iter().unzip();
        let query =
            RollupQuery { by, window: ask.window, filter: Filter::default(), zone: ask.zone, logged: Logged::Ignored };
        Ok(self.all(&self.book.rollup(&query)?, &parts, ask))
    }

    fn repeats(&self, window: Window) -> Result<Vec<Repeat>, StoreError> {
        let batch = self.book.store.repeats(window)?;
        let mut repeats = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let mut parts = Parts::new();
            for (part, dim) in [
                (Part::Provider, Dim::Provider),
                (Part::Model, Dim::Model),
                (Part::Tier, Dim::Tier),
                (Part::Region, Dim::Region),
                (Part::Status, Dim::Status),
                (Part::Workspace, Dim::Workspace),
                (Part::ApiKey, Dim::ApiKey),
            ] {
                if let Some(value) = batch.dim(row, dim) {
                    parts.push((part, value.into()));
                }
            }
            if batch.flags(row).has(Flags::GEO_STATED) {
                parts.push((Part::Stated, "1".into()));
            }
            let tokens = batch.tokens(row);
            let band = self.edges.iter().rev().find(|edge| **edge <= tokens.prompt()).copied().unwrap_or(0);
            parts.push((Part::Prompt, band.to_string().into()));
            let mut measures =
                Measures { calls: 1, reasoning: batch.reasoning(row), cost: batch.cost(row), ..Measures::default() };
            Class::ALL.into_iter().for_each(|class| measures.tokens[class as usize] = tokens.get(class));
            if let Some(reason) = batch.unpriced(row) {
                measures.unpriced[reason as usize - 1] = 1;
            }
            let mut extra = self.group(&parts, batch.ts(row), measures);
            extra.tools = batch.tools(row).map(|(name, uses)| (name.into(), uses)).collect();
            repeats.push(Repeat { extra });
        }
        Ok(repeats)
    }

    fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let query = RollupQuery {
            by: vec![Axis::Time(Grain::Day)],
            window: Window::default(),
            filter: Filter::default(),
            zone: Zone::UTC,
            logged: Logged::Ignored,
        };
        let rollup = self.book.rollup(&query)?;
        let days: Vec<Timestamp> = (0..rollup.len())
            .filter_map(|group| rollup.value(group, 0))
            .map(|label| start_of(label, Grain::Day, Zone::UTC))
            .collect();
        let last = |ts: &Timestamp| Timestamp(ts.0 + 86_400 * NANOS - 1);
        Ok(days.iter().min().copied().zip(days.iter().max().map(last)))
    }
}
