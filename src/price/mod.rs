//! What a call costs, exactly: the price table and the pricer.
//!
//! A price is a function of seller, model, time, service mode, prompt size, region and token class. This room
//! reads such rows from TOML ([`Table`]), finds the model a name means ([`Table::resolve`]) and adds up
//! ([`Plan::price`]). It must not know log formats, the database, or the terminal; it reads no clock
//! and names `crate::domain` alone, as if it were a crate of its own.
//!
//! To change a price, append a dated row to a file of `pricing/`. To add a seller, add a file there and one line
//! to `table::BUILTIN`. To add a service mode, add a variant to [`Mode`].
//!
//! Nothing here guesses: a name is known or not, a class is sold or not, and every other case is an
//! [`Unpriced`](crate::domain::Unpriced) reason.

mod audit;
mod bill;
mod blocks;
mod build;
mod cached;
mod check;
mod compare;
mod dated;
mod deal;
mod digest;
mod error;
mod explained;
mod hours;
mod lookup;
mod mode;
mod pricer;
mod rows;
mod schema;
pub mod sources;
mod table;
mod values;

pub use audit::{FROZEN, Finding, full_key};
pub use bill::{Bill, Item};
pub use cached::Cached;
pub use compare::{Comparison, Disagreement};
pub use deal::{Override, Terms};
pub use error::{Place, PriceError};
pub use explained::{Explained, Explanation};
pub use hours::{Holidays, Hours};
pub use mode::Mode;
pub use pricer::{Plan, Priced, Request};
pub use rows::{Alias, Basis, Model, Move, Price, Region, Seller, Tool, ToolUnit};
pub use table::Table;
