//! Keys that the user gives a meaning of their own. While they are claimed the alias table has no say about them:
//! they leave the reader as they are written, and the user's rules find them there.
//!
//! The claim is the reading thread's, because a key may stand anywhere: a column, a tag, a span's attribute.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::HashSet;

thread_local! {
    static ANY: Cell<bool> = const { Cell::new(false) };
    static KEYS: RefCell<HashSet<String>> = RefCell::new(HashSet::new());
}

/// A claim on keys; it ends when this is dropped.
#[must_use = "the claim ends when it is dropped"]
pub struct Claim(());

/// Claims folded keys for as long as the answer lives, on this thread.
pub fn claim(keys: impl IntoIterator<Item = String>) -> Claim {
    KEYS.with_borrow_mut(|known| {
        *known = keys.into_iter().collect();
        ANY.set(!known.is_empty());
    });
    Claim(())
}

impl Drop for Claim {
    fn drop(&mut self) {
        ANY.set(false);
        KEYS.with_borrow_mut(HashSet::clear);
    }
}

/// Tells whether the user claims a key.
pub fn is_claimed(key: &str) -> bool {
    ANY.get() && KEYS.with_borrow(|known| known.contains(&super::folded(key)))
}
