//! What came of a run: whether it passed, and what it earned. The other half of unit economics, beside what it cost.

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::dimension::Dim;
use crate::domain::money::Usd;
use crate::domain::time::Timestamp;

/// What an outcome is told of: the piece of work that its calls belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unit {
    /// The run of an agent or job.
    Run = 1,
    /// A distributed trace.
    Trace,
    /// A conversation.
    Session,
}

impl Unit {
    /// Every unit. Of the outcomes that a call could belong to, that of the first unit has it.
    pub const ALL: [Unit; 3] = [Unit::Run, Unit::Trace, Unit::Session];

    /// Returns the dimension of calls that holds the unit's id.
    pub const fn dim(self) -> Dim {
        match self {
            Unit::Run => Dim::Run,
            Unit::Trace => Dim::Trace,
            Unit::Session => Dim::Session,
        }
    }

    /// Returns the name, which is the dimension's.
    pub const fn name(self) -> &'static str {
        self.dim().name()
    }

    /// Finds a unit by its name.
    pub fn parse(name: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// The outcome of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The line of its file, counted from 1.
    pub line: u64,
    /// What it is told of.
    pub unit: Unit,
    /// Which one.
    pub id: Cow<'a, str>,
    /// The task that was tried.
    pub task: Option<Cow<'a, str>>,
    /// The customer it was done for.
    pub tenant: Option<Cow<'a, str>>,
    /// Whether it passed; `None` where nobody judged.
    pub passed: Option<bool>,
    /// What it earned.
    pub revenue: Option<Usd>,
    /// When it was known.
    pub ts: Option<Timestamp>,
}

impl Outcome<'_> {
    /// Tells whether two outcomes of one unit say the same: where and when they were written down does not matter.
    pub fn says_the_same(&self, other: &Outcome<'_>) -> bool {
        (self.passed, self.revenue) == (other.passed, other.revenue)
            && (&self.task, &self.tenant) == (&other.task, &other.tenant)
    }
}

/// All outcomes, column by column, in the order they came in. No two are of the same unit and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The number of the import that brought each.
    pub import: Vec<i64>,
    /// What each is told of.
    pub unit: Vec<Unit>,
    /// Which one.
    pub id: Vec<Box<str>>,
    /// The task; equal ones share their text.
    pub task: Vec<Option<Arc<str>>>,
    /// The customer; equal ones share their text.
    pub tenant: Vec<Option<Arc<str>>>,
    /// Whether it passed.
    pub passed: Vec<Option<bool>>,
    /// What it earned.
    pub revenue: Vec<Option<Usd>>,
}

impl Outcomes {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// Returns the units that some outcome is told of, the first that has a call first.
    pub fn units(&self) -> Vec<Unit> {
        Unit::ALL.into_iter().filter(|unit| self.unit.contains(unit)).collect()
    }

    /// Returns what each says of a dimension; `None` where outcomes say nothing of it at all.
    pub fn told(&self, dim: Dim) -> Option<&[Option<Arc<str>>]> {
        let column = match dim {
            Dim::Task => &self.task,
            Dim::Tenant => &self.tenant,
            _ => return None,
        };
        column.iter().any(Option::is_some).then_some(column)
    }
}
