//! Files of what lies beside the calls, bills and outcomes: whether they are taken. They are handed on unread, and their
//! rows go to the store one by one, in a transaction of their own.

use crate::ops::bills::Bill;
use crate::ops::import::FileOutcome;
use crate::ops::import::How;
use crate::ops::import::ImportPlan;
use crate::ops::import::outcomes::Source;
use crate::ops::import::reading::Prepared;
use crate::ops::paths::Input;
use crate::ops::stream::Opened;
use crate::read::ReadError;
use crate::read::outcomes;
use crate::store::ImportHead;

/// A file that is taken.
pub(super) enum Beside {
    /// A bill, and the name of its source.
    Bill(String, Box<Bill>),
    /// Outcomes of runs.
    Outcomes(Box<Source>),
}

/// Refuses a `--map` of a field that the file's kind does not have.
pub(super) fn check_fields(how: &How, is_known: impl Fn(&str) -> bool) -> Result<(), ReadError> {
    let unknown = how.options.map.iter().find(|(field, _)| !is_known(field));
    unknown.map_or(Ok(()), |(field, _)| Err(ReadError::UnknownField(field.clone())))
}

/// Takes outcomes, unless options that say something of calls are all that they came with. A question about logs and
/// outcomes has options for the logs.
pub(super) fn outcomes(path: String, opened: Opened, plan: &ImportPlan, how: How) -> Result<Prepared, ReadError> {
    // What the settings give to fields of calls says nothing of outcomes.
    check_fields(&plan.how, outcomes::is_field)?;
    if let Some(option) = options_for_calls(plan).find(|_| !plan.only_logs) {
        return Ok(Prepared::Not(FileOutcome::Failed {
            reason: format!("these are outcomes, and `{option}` is for usage logs"),
            hint: Some(format!("import them without `{option}`")),
        }));
    }
    let input_format = outcomes::NAME.to_string();
    let source = how.source.unwrap_or_else(|| input_format.clone());
    let Opened { framing, shape, size, read, .. } = opened;
    let head = ImportHead { path, input_format, source, at: plan.at };
    let source = Source { head, framing, shape, map: how.options.map, read, size };
    Ok(Prepared::Beside(Beside::Outcomes(Box::new(source))))
}

/// Takes a bill, unless there is a reason against it.
pub(super) fn bill(bill: Bill, input: &Input, plan: &ImportPlan, how: How) -> Prepared {
    if let Some(refused) = refused_bill(bill.format(), input, plan, &how) {
        return Prepared::Not(refused);
    }
    let source = how.source.unwrap_or_else(|| bill.format().to_string());
    Prepared::Beside(Beside::Bill(source, Box::new(bill)))
}

/// Tells why a bill is not taken: a question is about calls alone, and options for calls say nothing of bills.
fn refused_bill(format: &str, input: &Input, plan: &ImportPlan, how: &How) -> Option<FileOutcome> {
    if plan.only_logs {
        let reason = format!("this is a bill ({format}), not a usage log");
        return Some(match input {
            Input::Found(_) => FileOutcome::PassedOver(reason),
            _ => FileOutcome::Failed { reason, hint: Some("`attr import` keeps it beside the calls".into()) },
        });
    }
    let mapped = (!how.options.map.is_empty()).then_some("--map");
    let option = mapped.into_iter().chain(options_for_calls(plan)).next()?;
    Some(FileOutcome::Failed {
        reason: format!("this is a bill ({format}), and `{option}` is for usage logs"),
        hint: Some(format!("import it without `{option}`, or with `--input-format flat` if each row is a call")),
    })
}

/// Returns the options given that say something of calls alone. What the settings set for all calls below a folder is
/// no word on what else lies there.
fn options_for_calls(plan: &ImportPlan) -> impl Iterator<Item = &'static str> {
    let given = |is_given: bool, option: &'static str| is_given.then_some(option);
    let set = given(!plan.how.set.is_empty(), "--set");
    set.into_iter().chain(given(plan.how.options.cached_input.is_some(), "--cached-input"))
}
