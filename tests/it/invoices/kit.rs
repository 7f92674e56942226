//! What tests of several bills use.

use super::Bill;

/// A file below `samples/invoices/`, as text.
pub(crate) fn sample_text(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/invoices");
    fs_err::read_to_string(root.join(path)).unwrap()
}

/// What a row counts, as (charge, whole units), in the order of its lines.
pub(crate) fn quantities(bill: &Bill, row: u64) -> Vec<(String, i128)> {
    let lines = bill.lines.iter().filter(|line| line.row == row);
    lines.filter_map(|line| line.quantity.map(|count| (line.charge.name().to_string(), count.rounded()))).collect()
}
