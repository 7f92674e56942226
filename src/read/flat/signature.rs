//! Tells a flat record of a call from any other object, by what its keys mean.

use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;
use crate::read::json::Node;

/// Tells whether a record has a model and a count or a cost.
pub(super) fn is_call(record: Node<'_>) -> bool {
    let mut seen = Seen::default();
    seen.look(record, 0);
    seen.is_call()
}

/// What of a call was met in a record.
#[derive(Default)]
struct Seen {
    model: bool,
    amount: bool,
}

impl Seen {
    fn is_call(&self) -> bool {
        self.model && self.amount
    }

    /// Looks through the keys until both were met: what a key means takes a search through all aliases.
    fn look(&mut self, node: Node<'_>, depth: u32) {
        for (key, value) in node.fields() {
            if value.is_object() && depth < 2 {
                self.look(value, depth + 1);
            } else {
                match fields::meaning(key).map(|meaning| meaning.field) {
                    Some(Field::Dim(Dim::Model)) => self.model = true,
                    Some(Field::Input | Field::Output | Field::Total | Field::Cost(_) | Field::InputUncached) => {
                        self.amount = true;
                    }
                    _ => {}
                }
            }
            if self.is_call() {
                return;
            }
        }
    }
}
