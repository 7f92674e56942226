//! What a file is: which log format or which bill format reads it, or outcomes of runs.

use strsim::jaro_winkler;

use crate::invoice;
use crate::invoice::InvoiceReader;
use crate::ops::bills;
use crate::ops::bills::Mapping;
use crate::ops::import::How;
use crate::ops::stream::Opened;
use crate::read::ReadError;
use crate::read::Reader;
use crate::read::formats;
use crate::read::framing::Shape;
use crate::read::outcomes;

/// Whose a file is.
pub(super) enum Kind {
    /// A log of calls.
    Log(&'static dyn Reader),
    /// A bill or a provider's usage report.
    Bill(&'static dyn InvoiceReader),
    /// A bill that the user describes.
    Mapped(Box<Mapping>),
    /// Outcomes of runs.
    Outcomes,
}

/// Tells what a file is; `None` for an empty one.
///
/// A file with the signature of a log of calls is a log, even if it states costs that a bill format would take: calls
/// tell more. What the user says of a file comes before what it looks like. Bills and outcomes come before the refusals of
/// sums and before the flat log, which takes any table with a model.
pub(super) fn of(opened: &Opened, how: &How) -> Result<Option<Kind>, ReadError> {
    if let Some(mapping) = &how.mapping {
        return Ok((opened.shape != Shape::Empty).then(|| Kind::Mapped(Box::new(mapping.clone()))));
    }
    if let Some(name) = &how.input_format {
        return named(name).map(Some);
    }
    if outcomes::is_told_by(&how.options.map) && opened.shape != Shape::Empty {
        return Ok(Some(Kind::Outcomes));
    }
    let log = match !how.options.map.is_empty() && opened.shape != Shape::Empty {
        true => formats::by_name("flat").map(Some),
        false => formats::detect(&opened.framing, opened.shape),
    };
    match log {
        Ok(None) => Ok(None),
        Ok(Some(reader)) if reader.name() != "flat" => Ok(Some(Kind::Log(reader))),
        flat_or_none => match bills::claiming(opened) {
            Some(reader) => Ok(Some(Kind::Bill(reader))),
            None if has_outcomes(opened, how) => Ok(Some(Kind::Outcomes)),
            None => flat_or_none.map(|reader| reader.map(Kind::Log)),
        },
    }
}

/// Tells whether one of the first records is an outcome.
fn has_outcomes(opened: &Opened, how: &How) -> bool {
    let mut found = false;
    opened.framing.sample(opened.shape, 20, |tape, text| {
        found = found || outcomes::claims(tape.root(text), &how.options.map);
    });
    found
}

/// Finds a format of any kind by its name.
fn named(name: &str) -> Result<Kind, ReadError> {
    if name == outcomes::NAME {
        return Ok(Kind::Outcomes);
    }
    if let Some(reader) = invoice::formats::by_name(name) {
        return Ok(Kind::Bill(reader));
    }
    formats::by_name(name).map(Kind::Log).map_err(|error| match error {
        ReadError::UnknownFormat { name, near } => {
            let names = bills::names()
                .into_iter()
                .chain([outcomes::NAME])
                .chain(near)
                .map(|known| (jaro_winkler(known, &name), known));
            let near = names.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0));
            ReadError::UnknownFormat { near: near.map(|(_, known)| known), name }
        }
        other => other,
    })
}
