//! `attr why`: why a window cost more, or less, than another, laid out as a report.

mod command;
mod document;
mod prices;
mod sentences;
mod table;
mod windows;

use crate::analyze::why;
use crate::analyze::why::LEAST_SHARE;
use crate::analyze::why::Question;
use crate::analyze::why::SEARCHED;
use crate::analyze::why::Why;
use crate::domain::Axis;
use crate::domain::Filter;
use crate::domain::Timestamp;
use crate::domain::Window;
use crate::domain::Zone;
use crate::ops::book::Book;
use crate::ops::book::BookError;
use crate::ops::duplicates;
use crate::ops::prices as price_lists;
use crate::ops::series;
use crate::ops::series::Series;
use crate::ops::slice::SliceError;
use crate::ops::slice::check_axes;
use crate::ops::slice::warn_empty;
use crate::ops::why::prices::BookCalls;
use crate::report::Block;
use crate::report::Report;
use crate::store::StoreError;

pub use crate::ops::why::windows::Versus;

/// At most so many dimensions are searched.
const MOST_DIMENSIONS: usize = 8;

/// The question.
#[derive(Clone, Debug)]
pub struct WhyPlan {
    /// The span of time; open sides are closed by `now` and a week.
    pub window: Window,
    /// What to compare it with.
    pub versus: Versus,
    /// The dimensions that may name a cause; none for the usual ones.
    pub by: Vec<Axis>,
    /// Which calls.
    pub filter: Filter,
    /// The least part of the period's cost that a cause must make up, in percent.
    pub min_share: Option<f64>,
    /// The moment that is taken for now.
    pub now: Timestamp,
    /// The zone that cuts days.
    pub zone: Zone,
    /// Whether people read the answer, who get a chart.
    pub drawn: bool,
}

/// Why a change cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// The store failed, or its prices.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The question names something that the store does not know.
    #[error(transparent)]
    Slice(#[from] SliceError),
    /// A window has no end, or no start.
    #[error("{0}")]
    Window(String),
    /// Too many dimensions.
    #[error("`--by` names {0} dimensions, and at most {MOST_DIMENSIONS} can be searched at once")]
    Dimensions(usize),
    /// A dimension that is no place to look for a cause.
    #[error("`--by {0}`: a cause is a lasting property of calls, and this is new every time")]
    Fleeting(Axis),
    /// A share that is none.
    #[error("`--min-share` is a percentage between 0.1 and 100")]
    Share,
}

impl From<StoreError> for WhyError {
    fn from(error: StoreError) -> WhyError {
        WhyError::Book(error.into())
    }
}

impl WhyError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            WhyError::Book(_) | WhyError::Slice(_) | WhyError::Share => None,
            WhyError::Window(_) => Some("give both ends: --since and --until, or --vs SINCE..UNTIL"),
            WhyError::Dimensions(_) => Some("name those where you expect the cause"),
            WhyError::Fleeting(_) => {
                Some("runs and users are looked at inside a cause; `attr slice --by` shows any dimension")
            }
        }
    }
}

/// Answers the question.
///
/// # Errors
/// [`WhyError`] where the question cannot be asked, or the store cannot answer.
pub fn run(book: &Book, plan: &WhyPlan) -> Result<Report, WhyError> {
    let question = question(book, plan)?;
    let calls = BookCalls::new(book)?;
    let why = why::investigate(&calls, &question)?;
    let mut report = Report::new("why");
    report.price_table = Some(book.priced_by.clone());
    report.window = Some((question.period.window(), plan.zone));
    document::document(&mut report, &question, &why);
    report.blocks = table::blocks(&question, &why);
    if plan.drawn {
        // Below the headline, above the figures.
        let chart = series::chart(book, &drawn(&question, &why))?;
        report.blocks.splice(2..2, chart.map(Block::Chart));
    }
    warnings(&mut report, book, &question, &why)?;
    Ok(report)
}

/// The series behind the answer: of the first cause, or of everything where no slice stands out.
fn drawn(question: &Question, why: &Why) -> Series {
    let (period, baseline) = (question.period, question.baseline);
    let cause = why.causes.first();
    let values = cause.iter().flat_map(|cause| &cause.slice).map(|(axis, value)| (axis, value));
    Series {
        name: cause.map_or_else(|| "all calls".to_string(), sentences::place),
        filter: series::within(&question.filter, values),
        since: period.since.min(baseline.since),
        until: period.until.max(baseline.until),
        marked: period.window(),
        zone: question.zone,
    }
}

/// Understands what is asked.
fn question(book: &Book, plan: &WhyPlan) -> Result<Question, WhyError> {
    check_axes(book, plan.by.iter(), &plan.filter)?;
    if plan.by.len() > MOST_DIMENSIONS {
        return Err(WhyError::Dimensions(plan.by.len()));
    }
    if let Some(axis) = plan.by.iter().find(|axis| windows::is_fleeting(axis)) {
        return Err(WhyError::Fleeting(axis.clone()));
    }
    let share = plan.min_share.map_or(LEAST_SHARE, |percent| percent / 100.0);
    if !(0.001..=1.0).contains(&share) {
        return Err(WhyError::Share);
    }
    let period = windows::period(plan.window, plan.now)?;
    let baseline = windows::baseline(period, plan.versus, plan.zone)?;
    let usual = SEARCHED.map(Axis::Dim);
    // The usual order decides between two names for the same calls; the user's own dimensions come after.
    let mut searched: Vec<Axis> =
        usual.iter().filter(|axis| plan.by.is_empty() || plan.by.contains(axis)).cloned().collect();
    searched.extend(plan.by.iter().filter(|axis| !usual.contains(axis)).cloned());
    Ok(Question {
        period,
        baseline,
        scale: windows::scale(period, baseline, plan.zone),
        filter: plan.filter.clone(),
        zone: plan.zone,
        searched,
        least_share: share,
        first: book.first_call_at()?,
    })
}

/// Fewer earlier windows than this do not tell what is usual.
const SHORT_HISTORY: usize = 3;

fn warnings(report: &mut Report, book: &Book, question: &Question, why: &Why) -> Result<(), WhyError> {
    let [now, before] = [0, 1].map(|side: usize| why.calls[side] + why.unpriced[side]);
    if now == 0 {
        warn_empty(report, book, &question.filter)?;
    }
    if before == 0 {
        let message = match now {
            0 => "the baseline holds no call either: there is nothing to compare",
            _ => "the baseline holds no call: everything counts as new, and nothing can be singled out",
        };
        report.warn("empty_window", message, Some("`--vs SINCE..UNTIL` compares with another window".into()));
    }
    let unpriced: u64 = why.unpriced.iter().sum();
    if unpriced > 0 {
        let message = format!(
            "{unpriced} of {} calls of the two windows have no price: the answer is about the others",
            now + before
        );
        report.warn("unpriced_calls", message, Some("`attr status` lists their models".into()));
    }
    windows::warn(report, question);
    if why.calls[0] > 0 && why.calls[1] > 0 && why.history < SHORT_HISTORY {
        let message = match why.history {
            0 => "no earlier windows like these two are in the store: how much usually changes is a guess".to_string(),
            1 => "only one earlier pair of windows like these is in the store: how much usually changes is a guess"
                .into(),
            pairs => format!(
                "only {pairs} earlier pairs of windows like these are in the store: how much usually changes is a guess"
            ),
        };
        report.warn("short_history", message, None);
    }
    price_lists::warn_stale(report, book)?;
    duplicates::warn(report, book, question.period.window())?;
    Ok(())
}
