//! Texts to small numbers within one batch, in one allocation. Numbers across batches are `dictionary`'s.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::bytes;

/// Texts, numbered from 0 in order of arrival.
#[derive(Default)]
pub(crate) struct Interner {
    text: String,
    ends: Vec<u32>,
    table: HashTable<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    start: u32,
    code: u32,
}

impl Interner {
    /// Returns the number of a text, giving it the next one if it is new.
    pub(crate) fn intern(&mut self, value: &str) -> u32 {
        let hash = xxh3_64(value.as_bytes());
        let text = self.text.as_bytes();
        // Equal hashes of equal length are compared byte by byte: a number never stands for two texts.
        let is_same = |entry: &Entry| {
            let start = entry.start as usize;
            entry.hash == hash
                && self.ends[entry.code as usize] as usize - start == value.len()
                && bytes::same(&text[start..start + value.len()], value.as_bytes())
        };
        if let Some(entry) = self.table.find(hash, is_same) {
            return entry.code;
        }
        let start = self.text.len() as u32;
        let code = self.push(value);
        self.table.insert_unique(hash, Entry { hash, start, code }, |entry| entry.hash);
        code
    }

    /// Gives a text the next number without looking for an equal one.
    ///
    /// A batch holds 64K rows of values clipped to 256 bytes: its text is far below 4 GiB.
    pub(crate) fn push(&mut self, value: &str) -> u32 {
        self.text.push_str(value);
        self.ends.push(self.text.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// Returns the text of a number.
    pub(crate) fn get(&self, code: u32) -> &str {
        at(&self.text, &self.ends, code)
    }

    /// Forgets the texts from a number on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if len < self.ends.len() {
            self.text.truncate(if len == 0 { 0 } else { self.ends[len - 1] as usize });
            self.ends.truncate(len);
            self.table.retain(|entry| (entry.code as usize) < len);
        }
    }

    /// Returns how many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the texts in order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|code| self.get(code))
    }
}

#[inline]
fn at<'s>(text: &'s str, ends: &[u32], code: u32) -> &'s str {
    let code = code as usize;
    let start = if code == 0 { 0 } else { ends[code - 1] as usize };
    &text[start..ends[code] as usize]
}

/// Texts a row, mostly distinct: no table, one allocation. Absent is not empty.
#[derive(Default)]
pub(crate) struct Texts {
    text: String,
    ends: Vec<u32>,
    present: Vec<bool>,
}

impl Texts {
    /// Adds the text of the next row; `row` tells how many rows came before.
    pub(crate) fn push(&mut self, row: usize, value: Option<&str>) {
        if value.is_none() && self.ends.is_empty() {
            return;
        }
        while self.ends.len() < row {
            self.ends.push(self.text.len() as u32);
            self.present.push(false);
        }
        self.text.push_str(value.unwrap_or_default());
        self.ends.push(self.text.len() as u32);
        self.present.push(value.is_some());
    }

    /// Returns the text of a row.
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        (*self.present.get(row)?).then(|| at(&self.text, &self.ends, row as u32))
    }

    /// Forgets the texts from a row on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        if rows < self.ends.len() {
            self.text.truncate(if rows == 0 { 0 } else { self.ends[rows - 1] as usize });
            self.ends.truncate(rows);
            self.present.truncate(rows);
        }
    }

    /// Tells whether no row has a text.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}
