//! The jobs: each puts the rooms together for one command and returns a report or plain data.
//!
//! Nothing here knows clap, stdout, the environment or the wall clock: the caller gives the moment and the
//! settings. To add a job, add a file; what `cli` needs of inner rooms is re-exported here and no more.

pub mod bills;
pub mod book;
pub mod cache;
pub mod chargeback;
pub mod check;
pub mod dimensions;
pub mod duplicates;
mod evidence;
pub mod explain;
pub mod import;
pub mod imports;
pub mod loops;
mod measures;
pub mod outcomes;
pub mod paths;
pub mod price;
pub mod prices;
pub mod reconcile;
pub mod reprice;
mod series;
pub mod slice;
pub mod spikes;
pub mod status;
mod stream;
pub mod trace;
pub mod upkeep;
pub mod why;

pub use crate::price::PriceError;
pub use crate::price::Table as PriceTable;
pub use crate::read::CachedInput;
pub use crate::read::ReadError;
pub use crate::read::formats::readers;
pub use crate::store::StoreError;
pub use crate::store::WriteLock;
