//! The bill formats, and which one a file is of.

use crate::invoice::InvoiceReader;
use crate::invoice::azure_cost::AzureCost;
use crate::invoice::gcp_billing::GcpBilling;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::json::Node;

/// Every format, in the order of detection: those with the more telling signature first.
pub static FORMATS: &[&dyn InvoiceReader] = &[&AzureCost, &GcpBilling];

/// Finds a reader by the name used with `--input-format`.
pub fn by_name(name: &str) -> Option<&'static dyn InvoiceReader> {
    FORMATS.iter().find(|reader| reader.name() == name).copied()
}

/// Finds the format that claims a record.
pub fn claiming(record: Node<'_>) -> Option<&'static dyn InvoiceReader> {
    FORMATS.iter().find(|reader| reader.claims(record)).copied()
}

/// Tells the format of a stream from its first records; `None` where none claims it.
pub fn detect(framing: &Framing, shape: Shape) -> Option<&'static dyn InvoiceReader> {
    let mut found = None;
    framing.sample(shape, 3, |tape, text| {
        if found.is_none() {
            found = claiming(tape.root(text));
        }
    });
    found
}
