//! The wall clock, read here and nowhere else.

use crate::domain::Timestamp;

/// Returns the present moment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::from_utc(chrono::Utc::now())
}
