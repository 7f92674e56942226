//! The one test binary: each further one would link everything again.

mod answers;
mod bills;
mod chargeback;
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
mod once;
mod pages;
mod planted;
mod price;
mod readers;
mod reconcile;
mod reprice;
mod spikes;
mod trace;
mod world;
