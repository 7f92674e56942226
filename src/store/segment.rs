//! One segment: some 64K calls as packed columns, and how to read them back. No SQL.
//!
//! A column that is absent is zero, or untagged, in every row. A text column is a small dictionary of its own,
//! of ids of the store's dictionary or of texts, and a packed code a row, 0 for none.

use crate::domain::Class;
use crate::store::batch::Batch;
use crate::store::batch::columns::Coded;
use crate::store::dictionary::Ids;
use crate::store::packed::Packed;
use crate::store::packed::pack;

/// The layout of columns; stored with each segment, so that a later layout rebuilds the earlier ones.
pub(crate) const FORMAT: i64 = 3;

/// A column's name and bytes.
pub(crate) type Column = (String, Vec<u8>);

/// Names of the columns of numbers.
pub(crate) mod name {
    pub(crate) const IDENTITY: &str = "identity";
    pub(crate) const ID: &str = "id";
    pub(crate) const TS: &str = "ts";
    pub(crate) const COST: &str = "cost";
    pub(crate) const DISCOUNT: &str = "discount";
    pub(crate) const UNPRICED: &str = "unpriced";
    pub(crate) const REASONING: &str = "reasoning";
    pub(crate) const LOGGED_COST: &str = "logged_cost";
    pub(crate) const FLAGS: &str = "flags";
}

/// Tells whether a column holds numbers; the others hold texts, but for the identities.
pub(crate) fn is_number(column: &str) -> bool {
    use name::{COST, DISCOUNT, FLAGS, ID, LOGGED_COST, REASONING, TS, UNPRICED};
    [COST, DISCOUNT, FLAGS, ID, LOGGED_COST, REASONING, TS, UNPRICED].contains(&column) || column.starts_with("tokens.")
}

/// Returns the name of a class's column.
pub(crate) fn class_column(class: Class) -> String {
    format!("tokens.{}", class.name())
}

/// Packs the chosen rows of a batch. `ids` are the rows' numbers in `calls`; texts without an id in `names` are
/// kept as they are.
pub(crate) fn encode(batch: &Batch, rows: &[u32], ids: &[i64], names: &Ids) -> Vec<Column> {
    let mut columns = vec![(name::IDENTITY.to_string(), identities(batch, rows))];
    if !ids.windows(2).all(|pair| pair[1] == pair[0] + 1) {
        columns.push((name::ID.to_string(), pack(ids)));
    }
    let mut gathered = Vec::with_capacity(rows.len());
    let mut numbers = |name: &str, zero: bool, value: &dyn Fn(usize) -> i64| {
        if !zero {
            gathered.clear();
            gathered.extend(rows.iter().map(|row| value(*row as usize)));
            columns.push((name.to_string(), pack(&gathered)));
        }
    };
    numbers(name::TS, false, &|row| batch.ts[row]);
    numbers(name::COST, batch.cost.is_zero(), &|row| batch.cost.get(row) as i64);
    numbers(name::DISCOUNT, batch.discount.is_zero(), &|row| batch.discount.get(row) as i64);
    numbers(name::UNPRICED, batch.unpriced.is_zero(), &|row| batch.unpriced.get(row) as i64);
    for class in Class::ALL {
        let counts = &batch.tokens[class as usize];
        numbers(&class_column(class), counts.is_zero(), &|row| counts.get(row) as i64);
    }
    numbers(name::REASONING, batch.reasoning.is_zero(), &|row| batch.reasoning.get(row) as i64);
    numbers(name::LOGGED_COST, batch.logged_cost.is_zero(), &|row| batch.logged_cost.get(row) as i64);
    numbers(name::FLAGS, batch.flags.is_zero(), &|row| batch.flags.get(row) as i64);
    for (name, column) in batch.text_columns() {
        let bytes = encode_texts(column, rows, names.of(&name).as_deref());
        columns.push((name, bytes));
    }
    columns
}

/// The hashes of the calls' identities, sorted, each followed by its row. A call known by other ids has several.
fn identities(batch: &Batch, rows: &[u32]) -> Vec<u8> {
    let mut pairs: Vec<(u64, u32)> =
        rows.iter().enumerate().map(|(at, row)| (batch.identity[*row as usize], at as u32)).collect();
    let place = |row: &u32| rows.binary_search(row).ok().map(|at| at as u32);
    pairs.extend(batch.aliases.iter().filter_map(|(hash, row)| Some((*hash, place(row)?))));
    pairs.sort_unstable();
    pack_identities(&pairs)
}

/// Packs sorted hashes with their rows.
pub(crate) fn pack_identities(pairs: &[(u64, u32)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pairs.len() * 12);
    pairs.iter().for_each(|(hash, _)| out.extend_from_slice(&hash.to_le_bytes()));
    pairs.iter().for_each(|(_, at)| out.extend_from_slice(&at.to_le_bytes()));
    out
}

/// A segment's sorted identity hashes.
pub(crate) struct Identities<'b> {
    hashes: &'b [u8],
    rows: &'b [u8],
}

impl<'b> Identities<'b> {
    /// Reads the bytes of an identity column; `None` if they are none.
    pub(crate) fn open(bytes: &'b [u8]) -> Option<Identities<'b>> {
        let count = bytes.len() / 12;
        bytes.len().is_multiple_of(12).then(|| Identities { hashes: &bytes[..count * 8], rows: &bytes[count * 8..] })
    }

    /// Returns the hashes in order.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = u64> + 'b {
        self.hashes.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().expect("chunks of eight")))
    }

    /// Returns the row of the n-th hash.
    pub(crate) fn row(&self, n: usize) -> u32 {
        u32::from_le_bytes(self.rows[n * 4..n * 4 + 4].try_into().expect("four bytes were sliced"))
    }
}

const TAG_IDS: u8 = 0;
const TAG_TEXTS: u8 = 1;

fn encode_texts(column: &Coded, rows: &[u32], ids: Option<&[u32]>) -> Vec<u8> {
    // Rows that were duplicates are not in the segment: only the values still used get a local code.
    let mut local = vec![0u32; column.values.len() + 1];
    let mut used = Vec::new();
    let codes: Vec<i64> = rows
        .iter()
        .map(|row| {
            let code = column.code(*row as usize) as usize;
            if code > 0 && local[code] == 0 {
                used.push(code as u32 - 1);
                local[code] = used.len() as u32;
            }
            i64::from(local[code])
        })
        .collect();
    match ids {
        Some(ids) => pack_ids(&used.iter().map(|code| i64::from(ids[*code as usize])).collect::<Vec<_>>(), &codes),
        None => pack_texts(used.iter().map(|code| column.values.get(*code)), &codes),
    }
}

/// Packs a text column whose values are ids of the dictionary.
pub(crate) fn pack_ids(values: &[i64], codes: &[i64]) -> Vec<u8> {
    let mut out = vec![TAG_IDS];
    out.extend(pack(values));
    out.extend(pack(codes));
    out
}

/// Packs a text column that keeps its values itself.
pub(crate) fn pack_texts<'t>(values: impl Iterator<Item = &'t str> + Clone, codes: &[i64]) -> Vec<u8> {
    let mut out = vec![TAG_TEXTS];
    out.extend(pack(&values.clone().map(|value| value.len() as i64).collect::<Vec<_>>()));
    values.for_each(|value| out.extend_from_slice(value.as_bytes()));
    out.extend(pack(codes));
    out
}

/// A text column, ready to be read.
pub(crate) struct TextColumn<'b> {
    /// Its distinct values.
    pub(crate) values: LocalValues<'b>,
    /// A code a row: 0 is none, n is value n-1.
    pub(crate) codes: Packed<'b>,
}

/// The distinct values of a text column.
pub(crate) enum LocalValues<'b> {
    /// Ids of the store's dictionary.
    Ids(Packed<'b>),
    /// Texts.
    Texts(Vec<&'b str>),
}

impl<'b> TextColumn<'b> {
    /// Reads the bytes of a text column; `None` if they are none.
    pub(crate) fn open(bytes: &'b [u8]) -> Option<TextColumn<'b>> {
        let (tag, rest) = bytes.split_first()?;
        let (head, mut rest) = Packed::open(rest)?;
        let values = match *tag {
            TAG_IDS => LocalValues::Ids(head),
            TAG_TEXTS => {
                let mut texts = Vec::with_capacity(head.len());
                for length in head.to_vec() {
                    let length = usize::try_from(length).ok()?;
                    texts.push(std::str::from_utf8(rest.get(..length)?).ok()?);
                    rest = &rest[length..];
                }
                LocalValues::Texts(texts)
            }
            _ => return None,
        };
        let (codes, _) = Packed::open(rest)?;
        Some(TextColumn { values, codes })
    }
}
