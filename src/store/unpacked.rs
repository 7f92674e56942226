//! A segment with its columns unpacked, to be changed: rows out, rows in, another segment behind it.
//!
//! Making a segment anew from its rows costs a look at every row. Most changes are of a few: they are read, and the
//! rest stays in the columns it is in.

use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::packed::Packed;
use crate::store::packed::pack;
use crate::store::segment;
use crate::store::segment::Column;
use crate::store::segment::Identities;
use crate::store::segment::LocalValues;
use crate::store::segment::TextColumn;
use crate::store::segment::name;
use crate::store::segments;
use crate::store::segments::Segment;

/// The columns of a segment.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// The numbers of its calls.
    ids: Vec<i64>,
    numbers: Vec<(String, Vec<i64>)>,
    texts: Vec<(String, Texts)>,
    identities: Vec<(u64, u32)>,
}

#[derive(Debug)]
struct Texts {
    values: Values,
    /// A code a row, 0 for none.
    codes: Vec<i64>,
}

#[derive(Debug)]
enum Values {
    /// Ids of the store's dictionary.
    Ids(Vec<i64>),
    Own(Vec<String>),
}

impl Unpacked {
    /// Unpacks a stored segment.
    pub(crate) fn open(conn: &Connection, stored: &Segment) -> Result<Unpacked, StoreError> {
        let mut columns = Vec::with_capacity(stored.columns.len());
        for (at, name) in stored.columns.iter().enumerate() {
            columns.push((name.clone(), segments::column(conn, stored.id, at)?));
        }
        Unpacked::of(&columns, stored.first_call, stored.calls as usize)
            .ok_or_else(|| StoreError::Damaged(format!("segment {}", stored.id)))
    }

    /// Unpacks columns; `None` where they are none. Calls without numbers of their own follow `first`.
    pub(crate) fn of(columns: &[Column], first: i64, rows: usize) -> Option<Unpacked> {
        let mut unpacked = Unpacked {
            ids: (0..rows as i64).map(|row| first + row).collect(),
            numbers: Vec::new(),
            texts: Vec::new(),
            identities: Vec::new(),
        };
        for (column, bytes) in columns {
            if column == name::IDENTITY {
                let stored = Identities::open(bytes)?;
                unpacked.identities = stored.hashes().enumerate().map(|(n, hash)| (hash, stored.row(n))).collect();
            } else if segment::is_number(column) {
                let values = Packed::open(bytes)?.0.to_vec();
                match column == name::ID {
                    true => unpacked.ids = values,
                    false => unpacked.numbers.push((column.clone(), values)),
                }
            } else {
                let stored = TextColumn::open(bytes)?;
                let values = match stored.values {
                    LocalValues::Ids(ids) => Values::Ids(ids.to_vec()),
                    LocalValues::Texts(texts) => Values::Own(texts.into_iter().map(str::to_string).collect()),
                };
                unpacked.texts.push((column.clone(), Texts { values, codes: stored.codes.to_vec() }));
            }
        }
        let whole = |values: &Vec<i64>| values.len() == rows;
        let sound = whole(&unpacked.ids)
            && unpacked.numbers.iter().all(|(_, values)| whole(values))
            && unpacked.texts.iter().all(|(_, texts)| whole(&texts.codes));
        sound.then_some(unpacked)
    }

    /// Returns how many calls there are.
    pub(crate) fn rows(&self) -> usize {
        self.ids.len()
    }

    /// Takes calls out by their numbers, sorted.
    pub(crate) fn remove(&mut self, gone: &[i64]) {
        let stays: Vec<bool> = self.ids.iter().map(|id| gone.binary_search(id).is_err()).collect();
        let order: Vec<u32> = (0..self.rows() as u32).filter(|row| stays[*row as usize]).collect();
        self.take(&order);
    }

    /// Puts other calls behind these; false where the two keep a dimension's values in different ways.
    pub(crate) fn append(&mut self, other: Unpacked) -> bool {
        let (own, more) = (self.rows(), other.rows());
        for (column, _) in &other.numbers {
            if !self.numbers.iter().any(|(known, _)| known == column) {
                self.numbers.push((column.clone(), vec![0; own]));
            }
        }
        for (column, values) in &mut self.numbers {
            match other.numbers.iter().find(|(known, _)| known == column) {
                Some((_, added)) => values.extend_from_slice(added),
                None => values.resize(own + more, 0),
            }
        }
        for (column, added) in other.texts {
            match self.texts.iter_mut().find(|(known, _)| *known == column) {
                Some((_, texts)) => {
                    if !texts.append(added) {
                        return false;
                    }
                }
                None => {
                    let codes = std::iter::repeat_n(0, own).chain(added.codes).collect();
                    self.texts.push((column, Texts { values: added.values, codes }));
                }
            }
        }
        self.texts.iter_mut().for_each(|(_, texts)| texts.codes.resize(own + more, 0));
        self.identities.extend(other.identities.into_iter().map(|(hash, row)| (hash, row + own as u32)));
        self.ids.extend(other.ids);
        true
    }

    /// Puts the calls in the order of their numbers.
    pub(crate) fn sort(&mut self) {
        let mut order: Vec<u32> = (0..self.rows() as u32).collect();
        order.sort_by_key(|row| self.ids[*row as usize]);
        self.take(&order);
    }

    /// Keeps these rows, in this order.
    fn take(&mut self, order: &[u32]) {
        let taken = |values: &Vec<i64>| order.iter().map(|row| values[*row as usize]).collect::<Vec<i64>>();
        let mut places = vec![u32::MAX; self.rows()];
        for (place, row) in order.iter().enumerate() {
            places[*row as usize] = place as u32;
        }
        self.ids = taken(&self.ids);
        self.numbers.iter_mut().for_each(|(_, values)| *values = taken(values));
        self.texts.iter_mut().for_each(|(_, texts)| texts.codes = taken(&texts.codes));
        self.identities.retain_mut(|(_, row)| {
            *row = places[*row as usize];
            *row != u32::MAX
        });
    }

    /// Writes the calls as a segment of that number in place of what it held; without calls there is none.
    pub(crate) fn write(&self, conn: &Connection, number: i64) -> Result<(), StoreError> {
        segments::remove(conn, number)?;
        if self.ids.is_empty() {
            return Ok(());
        }
        let empty = Vec::new();
        let of = |wanted: &str| self.numbers.iter().find(|(known, _)| known == wanted).map_or(&empty, |(_, v)| v);
        let (times, costs) = (of(name::TS), of(name::COST));
        let cost: i128 = costs.iter().map(|cost| i128::from(*cost)).sum();
        let span = (times.iter().min().copied().unwrap_or(0), times.iter().max().copied().unwrap_or(0));
        segments::write_columns(conn, &self.columns(), &self.ids, span, cost, Some(number)).map(|_| ())
    }

    fn columns(&self) -> Vec<Column> {
        let mut identities = self.identities.clone();
        identities.sort_unstable();
        let mut columns = vec![(name::IDENTITY.to_string(), segment::pack_identities(&identities))];
        if !self.ids.windows(2).all(|pair| pair[1] == pair[0] + 1) {
            columns.push((name::ID.to_string(), pack(&self.ids)));
        }
        let zero = |values: &Vec<i64>| values.iter().all(|value| *value == 0);
        for (column, values) in self.numbers.iter().filter(|(column, values)| column == name::TS || !zero(values)) {
            columns.push((column.clone(), pack(values)));
        }
        for (column, texts) in self.texts.iter().filter(|(_, texts)| !zero(&texts.codes)) {
            columns.push((column.clone(), texts.packed()));
        }
        columns
    }
}

impl Texts {
    fn append(&mut self, other: Texts) -> bool {
        let added = match (&mut self.values, other.values) {
            (Values::Ids(own), Values::Ids(more)) => places(own, more),
            (Values::Own(own), Values::Own(more)) => places(own, more),
            _ => return false,
        };
        let code = |code: i64| usize::try_from(code - 1).ok().and_then(|at| added.get(at)).map_or(0, |at| at + 1);
        self.codes.extend(other.codes.into_iter().map(code));
        true
    }

    /// Packs the values that some row still has.
    fn packed(&self) -> Vec<u8> {
        let count = match &self.values {
            Values::Ids(ids) => ids.len(),
            Values::Own(texts) => texts.len(),
        };
        let mut local = vec![0i64; count + 1];
        let mut used = Vec::new();
        let mut codes = Vec::with_capacity(self.codes.len());
        for code in self.codes.iter().map(|code| *code as usize) {
            if code > 0 && local[code] == 0 {
                used.push(code - 1);
                local[code] = used.len() as i64;
            }
            codes.push(local[code]);
        }
        match &self.values {
            Values::Ids(ids) => segment::pack_ids(&used.iter().map(|at| ids[*at]).collect::<Vec<_>>(), &codes),
            Values::Own(texts) => segment::pack_texts(used.iter().map(|at| texts[*at].as_str()), &codes),
        }
    }
}

/// Adds values to a list and returns the place of each; equal ones share a place.
fn places<T: std::hash::Hash + Eq + Clone>(own: &mut Vec<T>, more: Vec<T>) -> Vec<i64> {
    let mut known: std::collections::HashMap<T, i64> =
        own.iter().enumerate().map(|(at, value)| (value.clone(), at as i64)).collect();
    more.into_iter()
        .map(|value| {
            *known.entry(value).or_insert_with_key(|value| {
                own.push(value.clone());
                own.len() as i64 - 1
            })
        })
        .collect()
}
