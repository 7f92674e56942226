//! One call of an invented log.

use std::sync::Arc;

use super::models::MODELS;

/// A value of a dimension; empty where the log says nothing.
pub(crate) type Name = Arc<str>;

/// The dimensions a filter of a right answer may use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Dim {
    Environment,
    Feature,
    Tenant,
    Agent,
    Team,
    PromptVersion,
    Model,
    Provider,
    User,
    Run,
}

pub(crate) const DIMS: [Dim; 10] = [
    Dim::Environment,
    Dim::Feature,
    Dim::Tenant,
    Dim::Agent,
    Dim::Team,
    Dim::PromptVersion,
    Dim::Model,
    Dim::Provider,
    Dim::User,
    Dim::Run,
];

impl Dim {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Dim::Environment => "environment",
            Dim::Feature => "feature",
            Dim::Tenant => "tenant",
            Dim::Agent => "agent",
            Dim::Team => "team",
            Dim::PromptVersion => "prompt_version",
            Dim::Model => "model",
            Dim::Provider => "provider",
            Dim::User => "user",
            Dim::Run => "run",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Ok,
    Error,
    Timeout,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Error => "error",
            Status::Timeout => "timeout",
        }
    }
}

/// A call: when, what, how much, and what it costs.
#[derive(Clone)]
pub(crate) struct Call {
    /// Seconds since 1970.
    pub(crate) at: i64,
    pub(crate) dims: [Name; 10],
    /// Index into [`MODELS`].
    pub(crate) model: usize,
    pub(crate) batch: bool,
    pub(crate) status: Status,
    /// Input, cache read, cache write, output.
    pub(crate) tokens: [i64; 4],
    /// Picodollars.
    pub(crate) cost: i64,
}

impl Call {
    pub(crate) fn get(&self, dim: Dim) -> &Name {
        &self.dims[dim as usize]
    }

    pub(crate) fn set(&mut self, dim: Dim, value: &str) {
        self.dims[dim as usize] = Name::from(value);
    }

    pub(crate) fn is(&self, filter: &[(Dim, Name)]) -> bool {
        filter.iter().all(|(dim, value)| self.get(*dim) == value)
    }

    /// Sends the call to another model.
    pub(crate) fn send_to(&mut self, model: usize) {
        self.model = model;
        self.set(Dim::Model, MODELS[model].name);
        self.set(Dim::Provider, MODELS[model].provider);
        if MODELS[model].provider != "anthropic" {
            self.tokens[0] += self.tokens[2];
            self.tokens[2] = 0;
        }
    }

    /// Returns the call with its cost at list price.
    pub(crate) fn priced(mut self) -> Call {
        let rates = if self.batch { MODELS[self.model].batch } else { MODELS[self.model].standard };
        self.cost = self.tokens.iter().zip(rates).map(|(tokens, rate)| tokens * rate).sum();
        self
    }

    /// The line of the log.
    pub(crate) fn line(&self, number: usize) -> String {
        let get = |dim: Dim| self.get(dim);
        let agent = if get(Dim::Agent).is_empty() { "null".to_owned() } else { format!("\"{}\"", get(Dim::Agent)) };
        let [input, read, write, output] = self.tokens;
        format!(
            concat!(
                r#"{{"ts":"{}","request_id":"req-{:07}","provider":"{}","model":"{}","input_tokens":{},"#,
                r#""cache_read_tokens":{},"cache_write_tokens":{},"output_tokens":{},"batch":{},"status":"{}","#,
                r#""feature":"{}","tenant":"{}","environment":"{}","team":"{}","user":"{}","prompt_version":"{}","#,
                r#""agent":{},"run_id":"{}"}}"#
            ),
            iso(self.at),
            number,
            get(Dim::Provider),
            get(Dim::Model),
            input,
            read,
            write,
            output,
            self.batch,
            self.status.name(),
            get(Dim::Feature),
            get(Dim::Tenant),
            get(Dim::Environment),
            get(Dim::Team),
            get(Dim::User),
            get(Dim::PromptVersion),
            agent,
            get(Dim::Run),
        )
    }
}

/// An instant as a log writes it.
pub(crate) fn iso(at: i64) -> String {
    let (year, month, day) = civil(at.div_euclid(86_400));
    let second = at.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// The date of a day since 1970 (Howard Hinnant's days-to-civil).
fn civil(day: i64) -> (i64, i64, i64) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}
