//! What prices depend on, read from a segment into a [`Batch`] without the rest of its calls, and who prices it.

use crate::domain::Class;
use crate::domain::Dim;
use crate::store::Batch;
use crate::store::StoreError;
use crate::store::batch::TOOLS;
use crate::store::batch::columns::Coded;
use crate::store::batch::columns::Ints;
use crate::store::dictionary;
use crate::store::scan::axis::OpenSegment;
use crate::store::segment::LocalValues;
use crate::store::segment::class_column;
use crate::store::segment::name;

/// The texts a price depends on.
const DIMS: [Dim; 4] = [Dim::Provider, Dim::Model, Dim::Tier, Dim::Region];

/// Sets the price of every row of a batch.
pub trait Repricing {
    /// Prices a batch whose rows hold what prices depend on: time, provider, model, tier, region, tokens, tools, flags.
    fn price(&mut self, batch: &mut Batch);
}

impl<R: Repricing> Repricing for &mut R {
    fn price(&mut self, batch: &mut Batch) {
        (**self).price(batch);
    }
}

/// Reads of a segment what prices depend on, and the prices it has.
pub(crate) fn priceable(open: &OpenSegment<'_>) -> Result<Batch, StoreError> {
    let rows = open.segment.calls as usize;
    let numbers = |column: &str| -> Result<Ints, StoreError> {
        let values = open.numbers(column)?.unwrap_or_default();
        Ok(Ints::from_vec(values.into_iter().map(|value| value as u64).collect()))
    };
    let mut batch = Batch::of_rows(rows);
    batch.ts = open.numbers(name::TS)?.unwrap_or_else(|| vec![0; rows]);
    for class in Class::ALL {
        batch.tokens[class as usize] = numbers(&class_column(class))?;
    }
    batch.flags = numbers(name::FLAGS)?;
    batch.unpriced = numbers(name::UNPRICED)?;
    batch.cost = numbers(name::COST)?;
    batch.discount = numbers(name::DISCOUNT)?;
    for dim in DIMS {
        batch.dims[dim as usize] = texts(open, dim.name())?;
    }
    batch.tools = texts(open, TOOLS)?;
    Ok(batch)
}

fn texts(open: &OpenSegment<'_>, column: &str) -> Result<Coded, StoreError> {
    let mut coded = Coded::default();
    let Some(bytes) = open.bytes(column)? else { return Ok(coded) };
    let local = open.text(&bytes)?;
    match local.values {
        LocalValues::Texts(texts) => texts.iter().for_each(|text| {
            coded.values.push(text);
        }),
        LocalValues::Ids(ids) => {
            let names = dictionary::names(open.conn, column)?;
            for id in ids.to_vec() {
                coded.values.push(names.get(id as usize).ok_or_else(|| open.damaged())?);
            }
        }
    }
    coded.codes = local.codes.to_vec().into_iter().map(|code| code as u32).collect();
    Ok(coded)
}
