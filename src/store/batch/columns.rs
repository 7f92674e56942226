//! The columns of a batch while it fills: numbers that are mostly zero, texts by number.

use crate::domain::bytes;
use crate::store::interner::Interner;

/// A column of numbers that stays unallocated while all its rows are zero.
#[derive(Clone, Default)]
pub(crate) struct Ints(Vec<u64>);

impl Ints {
    /// Makes a column of a number a row.
    pub(crate) fn from_vec(values: Vec<u64>) -> Ints {
        Ints(values)
    }

    /// Sets the number of the next row; rows of zero cost nothing.
    #[inline]
    pub(super) fn push(&mut self, row: usize, value: u64) {
        if value != 0 {
            self.0.resize(row, 0);
            self.0.push(value);
        }
    }

    /// Returns the number of a row.
    pub(crate) fn get(&self, row: usize) -> u64 {
        self.0.get(row).copied().unwrap_or(0)
    }

    pub(super) fn set(&mut self, row: usize, value: u64) {
        if self.get(row) != value {
            self.0.resize(self.0.len().max(row + 1), 0);
            self.0[row] = value;
        }
    }

    /// Forgets the rows from one on and keeps the room for as many.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.0.truncate(rows);
    }

    /// Tells whether every row is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

/// A column of texts by number; code 0 is no value, code n is text n-1.
#[derive(Default)]
pub(crate) struct Coded {
    pub(crate) codes: Vec<u32>,
    pub(crate) values: Interner,
    /// Whether the values are so many that looking for an equal one does not pay; a text may then stand twice.
    pub(super) mostly_distinct: bool,
}

/// After so many rows a column is judged by how many of its values were new.
pub(super) const JUDGED_AT: usize = 1 << 13;

impl Coded {
    pub(super) fn push(&mut self, row: usize, value: Option<&str>) {
        match value {
            None if self.codes.is_empty() => {}
            None => {
                self.codes.resize(row, 0);
                self.codes.push(0);
            }
            Some(value) => {
                let last = self.codes.last().copied().unwrap_or(0);
                let code = if last > 0 && bytes::same(self.values.get(last - 1).as_bytes(), value.as_bytes()) {
                    last - 1
                } else if self.mostly_distinct {
                    self.values.push(value)
                } else {
                    self.values.intern(value)
                };
                self.codes.resize(row, 0);
                self.codes.push(code + 1);
                if row == JUDGED_AT && self.values.len() > JUDGED_AT * 9 / 10 {
                    self.mostly_distinct = true;
                }
            }
        }
    }

    /// Forgets the rows from one on, and all values but the first so many.
    pub(super) fn truncate(&mut self, rows: usize, values: usize) {
        self.codes.truncate(rows);
        self.values.truncate(values);
    }

    /// Returns the code of a row.
    pub(crate) fn code(&self, row: usize) -> u32 {
        self.codes.get(row).copied().unwrap_or(0)
    }

    /// Returns the text of a code.
    pub(crate) fn text(&self, code: u32) -> Option<&str> {
        (code > 0).then(|| self.values.get(code - 1))
    }
}
