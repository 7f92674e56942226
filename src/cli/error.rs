//! What the user is told when something cannot be done: the sentence, the place, and what to do now.

use crate::domain::filter::FilterError;
use crate::domain::window::WindowError;
use crate::ops::PriceError;
use crate::ops::StoreError;
use crate::ops::book::BookError;
use crate::ops::cache::CacheError;
use crate::ops::chargeback::ChargebackError;
use crate::ops::check::CheckFailure;
use crate::ops::check::baseline::BaselineError;
use crate::ops::explain::ExplainError;
use crate::ops::prices::PricesError;
use crate::ops::prices::check::CheckError;
use crate::ops::prices::lists::ListsError;
use crate::ops::reconcile::ReconcileFailure;
use crate::ops::reprice::RepriceError;
use crate::ops::slice::SliceError;
use crate::ops::spikes::SpikesError;
use crate::ops::trace::TraceError;
use crate::ops::why::WhyError;

/// An error in the user's terms. Its exit code is 2.
#[derive(Debug, Default)]
pub struct CliError {
    /// What could not be done.
    pub message: String,
    /// Where, and what else is known.
    pub details: Vec<String>,
    /// What to do now.
    pub hints: Vec<String>,
    closed_pipe: bool,
}

impl CliError {
    /// Says what could not be done.
    pub fn new(message: impl Into<String>) -> CliError {
        CliError { message: message.into(), ..CliError::default() }
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// Adds where, or what else is known.
    pub fn detail(mut self, detail: impl Into<String>) -> CliError {
        self.details.push(detail.into());
        self
    }

    /// Tells whether whoever read the answer has gone: no error at all.
    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

/// Writes `did you mean` for one or several names.
pub fn did_you_mean(near: &[String]) -> Option<String> {
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> CliError {
        CliError { closed_pipe: error.kind() == std::io::ErrorKind::BrokenPipe, ..CliError::new(error.to_string()) }
    }
}

impl From<WindowError> for CliError {
    fn from(error: WindowError) -> CliError {
        CliError::new(error.to_string())
    }
}

impl From<FilterError> for CliError {
    fn from(error: FilterError) -> CliError {
        CliError::new(error.to_string())
    }
}

impl From<PriceError> for CliError {
    fn from(error: PriceError) -> CliError {
        let told = CliError::new(error.to_string());
        match error.hint() {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

impl From<BookError> for CliError {
    fn from(error: BookError) -> CliError {
        match error {
            BookError::Store(error) => error.into(),
            BookError::Price(error) => error.into(),
            BookError::UnknownTable { ref known, .. } => {
                let told = CliError::new(error.to_string());
                told.detail(format!("the store and the program know: {}", known.join(", ")))
                    .hint("a store whose own table is lost takes the one in force with `attr reprice --apply`")
            }
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            StoreError::NotFound(_) => {
                told.hint("`attr import PATH` makes one, and `--from PATH` answers from files without one")
            }
            StoreError::Locked(_) => told.hint("wait for the other process to finish, then try again"),
            StoreError::Newer { .. } => told.hint("use the newer version of attr that made it"),
            StoreError::Foreign => {
                told.hint("name a store with --db PATH; `getfattr` and `setfattr` belong to another `attr`")
            }
            StoreError::Damaged(_) => {
                told.hint("`attr store check` tells more; `attr store rebuild` makes the derived half anew")
            }
            StoreError::StaleSegments => told.hint("`attr store rebuild` makes them anew from the rows"),
            StoreError::Full => told.hint("free some space; the store is as it was before"),
            StoreError::ReadOnly => told.hint("choose a writable place with --db PATH"),
            StoreError::Io(_) | StoreError::Sqlite(_) | StoreError::Control { .. } => told,
        }
    }
}

impl From<SliceError> for CliError {
    fn from(error: SliceError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            SliceError::Store(error) => error.into(),
            SliceError::UnknownDimension { near, keys, .. } => {
                let mut told = told.detail("standard dimensions: provider model tier region status source feature tenant environment team user session prompt prompt_version route agent run trace task process skill account api_key workspace; time: hour day week month");
                if !keys.is_empty() {
                    told = told.detail(format!("other keys in the store: {}", keys.join(" ")));
                }
                match did_you_mean(&near) {
                    Some(hint) => told.hint(hint),
                    None => told,
                }
            }
            SliceError::OpenWindow => told.hint("add --since and --until, or compare with SINCE..UNTIL"),
            SliceError::Sort(_) => told,
        }
    }
}

impl From<BaselineError> for CliError {
    fn from(error: BaselineError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            BaselineError::Io(_) => told,
            BaselineError::Foreign { .. } | BaselineError::Version { .. } => {
                told.hint("`attr check --write-baseline FILE --reason WHY` writes one")
            }
        }
    }
}

impl From<CheckFailure> for CliError {
    fn from(error: CheckFailure) -> CliError {
        match error {
            CheckFailure::Store(error) => error.into(),
            CheckFailure::Baseline(error) => error.into(),
            CheckFailure::Spikes(error) => error.into(),
            CheckFailure::Gate { gate, error } => {
                let told = CliError::from(error);
                CliError { message: format!("gate `{gate}`: {}", told.message), ..told }
            }
            CheckFailure::Period { .. } => CliError::new(error.to_string()),
            CheckFailure::OpenPeriod(_) => {
                CliError::new(error.to_string()).hint("give both sides, as 2026-11-01..2026-11-15")
            }
        }
    }
}

impl From<RepriceError> for CliError {
    fn from(error: RepriceError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            RepriceError::Book(error) => error.into(),
            RepriceError::Slice(error) => error.into(),
            RepriceError::TwoSwaps(_) => told.hint("name each model once"),
            RepriceError::UnknownModel { near, .. } => match did_you_mean(&near) {
                Some(hint) => told.hint(hint),
                None => told.hint("`attr prices list` lists them all"),
            },
            RepriceError::UnknownMode(_) => told.hint("use standard, batch, flex, priority, fast or ultrafast"),
        }
    }
}

impl From<CacheError> for CliError {
    fn from(error: CacheError) -> CliError {
        match error {
            CacheError::Book(error) => error.into(),
            CacheError::Slice(error) => error.into(),
        }
    }
}

impl From<ExplainError> for CliError {
    fn from(error: ExplainError) -> CliError {
        match error {
            ExplainError::Book(error) => error.into(),
            ExplainError::NotFound(_) => CliError::new(error.to_string())
                .hint("an id is a call's number in the store, or the request id of its log"),
        }
    }
}

impl From<TraceError> for CliError {
    fn from(error: TraceError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            TraceError::Book(error) => error.into(),
            TraceError::NotFound(_) => told.hint(
                "an id is that of a trace, run or session, a call's number or request id, or six or more characters \
                 that one of them begins with",
            ),
            TraceError::Alone(_) => told.hint("`attr explain` shows the call itself"),
            TraceError::Several { known, count, .. } => {
                let more = count - known.len();
                let told = known.into_iter().fold(told, CliError::detail);
                let told = if more > 0 { told.detail(format!("and {more} more")) } else { told };
                told.hint("name one of them, as it stands here")
            }
        }
    }
}

impl From<ReconcileFailure> for CliError {
    fn from(failure: ReconcileFailure) -> CliError {
        match failure {
            ReconcileFailure::Book(error) => error.into(),
            other => match other.hint() {
                Some(hint) => CliError::new(other.to_string()).hint(hint),
                None => CliError::new(other.to_string()),
            },
        }
    }
}

impl From<SpikesError> for CliError {
    fn from(error: SpikesError) -> CliError {
        match error {
            SpikesError::Slice(error) => error.into(),
            SpikesError::Why(error) => error.into(),
        }
    }
}

impl From<WhyError> for CliError {
    fn from(error: WhyError) -> CliError {
        match error {
            WhyError::Book(error) => error.into(),
            WhyError::Slice(error) => error.into(),
            other => match other.hint() {
                Some(hint) => CliError::new(other.to_string()).hint(hint),
                None => CliError::new(other.to_string()),
            },
        }
    }
}

impl From<ChargebackError> for CliError {
    fn from(error: ChargebackError) -> CliError {
        match error {
            ChargebackError::Slice(error) => error.into(),
            ChargebackError::Bill(ReconcileFailure::Book(error)) => error.into(),
            other => match other.hint() {
                Some(hint) => CliError::new(other.to_string()).hint(hint),
                None => CliError::new(other.to_string()),
            },
        }
    }
}

impl From<PricesError> for CliError {
    fn from(error: PricesError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            PricesError::UnknownSeller { known, .. } => told.hint(format!("the sellers are {}", known.join(", "))),
            PricesError::Several { names, .. } => told.hint(format!("name one of {}", names.join(", "))),
            PricesError::Unknown { near, .. } => match did_you_mean(&near) {
                Some(hint) => told.hint(hint),
                None => told.hint("`attr prices list` lists them all"),
            },
        }
    }
}

impl From<ListsError> for CliError {
    fn from(error: ListsError) -> CliError {
        let told = CliError::new(error.to_string());
        match error {
            ListsError::Provider { known, .. } => told
                .detail(format!("providers of the list: {}", known.join(" ")))
                .hint("name one with --provider, and --seller if the table calls it otherwise"),
            ListsError::Nothing(_) => told.hint("prices without a date need --from DATE or --since-launch"),
            ListsError::Broken(_) => told.hint("leave the model out with --model"),
            ListsError::Pattern(_) => told.hint("`*` stands for any letters: --model 'grok-*'"),
            ListsError::Io(_) | ListsError::List { .. } => told,
        }
    }
}

impl From<CheckError> for CliError {
    fn from(error: CheckError) -> CliError {
        match error {
            CheckError::Price(error) => error.into(),
            CheckError::List(error) => error.into(),
            CheckError::Explained { .. } | CheckError::NoFolder | CheckError::Io(_) => CliError::new(error.to_string()),
        }
    }
}
