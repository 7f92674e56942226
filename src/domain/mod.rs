//! What the program talks about: money, tokens, calls, time, dimensions, filters.
//!
//! Pure values. Nothing here knows a vendor, SQL, polars, the terminal or a clock; every other room may
//! name this one, and this one names none. To add a token class, add a row to [`tokens::Class`]; to add a
//! dimension, a row to [`dimension::Dim`].

pub mod bytes;
pub mod call;
pub mod dimension;
pub mod filter;
pub mod invoice;
pub mod money;
pub mod outcome;
pub mod rollup;
pub mod span;
pub mod step;
pub mod time;
pub mod tokens;
pub mod window;

pub use call::{Call, Flags, Origin, Unpriced};
pub use dimension::{Axis, CallTrait, Dim};
pub use filter::{Condition, Filter};
pub use invoice::{Amount, Charge, InvoiceLine, Quantity, Statement};
pub use money::Usd;
pub use outcome::Outcome;
pub use time::{Timestamp, Zone};
pub use tokens::{Class, Tokens};
pub use window::Window;
