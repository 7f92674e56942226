//! The gate on the age of the price table.

use serde_json::json;

use crate::domain::Timestamp;
use crate::domain::time::NANOS;
use crate::ops::book::Book;
use crate::ops::check::told::Status;
use crate::ops::check::told::Told;
use crate::ops::prices;
use crate::report::Cell;

pub(super) fn tell(book: &Book, most: u32, now: Timestamp) -> Told {
    let gate = Told::skipped("price_table", "age of the price table", "");
    let Some(made) = prices::made(&book.priced_by) else {
        return Told { message: format!("{} names no day that it was made", book.priced_by), ..gate };
    };
    let days = u64::try_from((now.0 - made.0) / (86_400 * NANOS)).unwrap_or(0);
    let is_old = days > u64::from(most);
    let age = format!("{} is {days} days old", book.priced_by);
    Told {
        status: if is_old { Status::Failed } else { Status::Passed },
        measured: Cell::Text(format!("{days} days")),
        limit: Cell::Text(format!("{most} days")),
        message: if is_old {
            format!("{age}; {most} are allowed. A newer version of attr has newer prices")
        } else {
            age
        },
        fields: [("days".to_string(), json!(days)), ("limit_days".into(), json!(most))].into_iter().collect(),
        ..gate
    }
}
