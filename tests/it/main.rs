//! The one test binary: each further one would link everything again.

mod answers;
mod bills;
mod cache;
mod chargeback;
mod charts;
mod check;
mod close;
mod crash;
mod dimensions;
mod flat;
mod goldens;
mod hostile;
mod invoices;
mod laws;
mod layers;
mod lists;
mod loops;
mod once;
mod pages;
mod planted;
mod price;
mod readers;
mod reconcile;
mod reprice;
mod trace;
mod world;
