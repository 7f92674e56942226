//! The two sides of a cell by class of tokens.

use crate::domain::Class;
use crate::domain::tokens::CLASSES;

/// The bill's tokens and the logs', in millionths, of the classes that either side has. Every cause asks every cell for
/// it, mostly to find that the sides agree: so it allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::analyze::reconcile) struct ByClass {
    sides: [(i128, i128); CLASSES],
    has: [bool; CLASSES],
}

impl ByClass {
    /// Returns the sides of a class, which either side has from now on.
    pub(super) fn entry(&mut self, class: Class) -> &mut (i128, i128) {
        self.has[class as usize] = true;
        &mut self.sides[class as usize]
    }

    /// Returns the sides, in the order of classes.
    pub(in crate::analyze::reconcile) fn values(&self) -> impl Iterator<Item = (i128, i128)> + '_ {
        self.sides.iter().zip(self.has).filter(|(_, has)| *has).map(|(sides, _)| *sides)
    }
}

impl IntoIterator for ByClass {
    type Item = (Class, (i128, i128));
    type IntoIter = Classes;

    fn into_iter(self) -> Classes {
        Classes { of: self, next: 0 }
    }
}

/// The classes with their sides, in order.
pub(in crate::analyze::reconcile) struct Classes {
    of: ByClass,
    next: usize,
}

impl Iterator for Classes {
    type Item = (Class, (i128, i128));

    fn next(&mut self) -> Option<Self::Item> {
        let at = (self.next..CLASSES).find(|at| self.of.has[*at])?;
        self.next = at + 1;
        Some((Class::ALL[at], self.of.sides[at]))
    }
}
