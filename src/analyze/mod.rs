//! Answers from sums: what to sort, share, compare and total. Pure: rollups in, small structs out.
//!
//! Nothing here knows SQL, files, clocks or colours; a rollup may come from any back end. [`frame`] is the
//! one place that names polars.

pub mod cache;
pub mod chargeback;
pub mod check;
pub mod frame;
pub mod levels;
pub mod loops;
pub mod outcomes;
pub mod outline;
pub mod percentiles;
pub mod reconcile;
pub mod slice;
pub mod spikes;
pub mod trace;
pub mod why;
