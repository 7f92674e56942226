//! Why a price table cannot be used. How the message is laid out on a terminal is not decided here.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A place in a price file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
}

/// Why a price table could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// A file could not be read; the message names it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A folder holds no price file.
    #[error("no price files (*.toml) in `{}`", .0.display())]
    NoFiles(PathBuf),
    /// The text of a kept table does not start with the name of a file.
    #[error("not the text of a price table: the first line must be `{0}FILE`")]
    NotATable(&'static str),
    /// A price file is wrong.
    #[error("{file}:{line}: {what}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, in the file's own words.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl PriceError {
    /// Returns what to do about it, if there is something.
    pub fn hint(&self) -> Option<&str> {
        match self {
            PriceError::Invalid { hint, .. } => hint.as_deref(),
            PriceError::NoFiles(_) => Some("name a TOML file of prices, or a folder that holds some"),
            PriceError::Io(_) | PriceError::NotATable(_) => None,
        }
    }

    /// Makes the error for a place in a file.
    pub(super) fn at(place: &Place, what: impl Into<String>, hint: impl Into<String>) -> PriceError {
        PriceError::Invalid {
            file: place.file.to_string(),
            line: place.line,
            what: what.into(),
            hint: Some(hint.into()),
        }
    }
}

/// A price file: its name and its text.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The name used in messages.
    pub(super) name: Arc<str>,
    /// The text.
    pub(super) text: String,
    /// Where each line after the first starts, so that every row can cheaply say where it stands.
    breaks: Vec<usize>,
}

impl Source {
    /// Wraps a file's text.
    pub(super) fn new(name: &str, text: String) -> Source {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Source { name: name.into(), text, breaks }
    }

    /// Returns the place where a span of bytes starts.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let line = 1 + self.breaks.partition_point(|start| *start <= span.start);
        Place { file: Arc::clone(&self.name), line }
    }

    /// Makes the error for a span of bytes.
    pub(super) fn error(&self, span: Range<usize>, what: impl Into<String>, hint: impl Into<String>) -> PriceError {
        PriceError::at(&self.place(span), what, hint)
    }

    /// Turns a TOML error into ours, with a hint where the slip is a common one.
    pub(super) fn toml_error(&self, error: &toml::de::Error) -> PriceError {
        let place = self.place(error.span().unwrap_or(0..0));
        let message = error.message().trim();
        let hint = if message.contains("floating point") || message.contains("invalid type: integer") {
            Some("write a price as a quoted decimal: \"0.30\"".to_string())
        } else if let Some(rest) = message.strip_prefix("unknown field ") {
            near_key(rest).map(|key| format!("did you mean `{key}`?"))
        } else if message.starts_with("invalid date") {
            Some("the calendar has no such day".to_string())
        } else {
            None
        };
        PriceError::Invalid { file: place.file.to_string(), line: place.line, what: message.to_string(), hint }
    }
}

/// Reads serde's "`typo`, expected one of `a`, `b`" and returns the key nearest to the typo.
fn near_key(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let typo = quoted.next()?;
    nearest(typo, quoted)
}

/// Returns the candidate most like a word, if any is like it at all.
pub(super) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(near_key("`promt_max`, expected one of `mode`, `prompt_max`"), Some("prompt_max"));
        assert_eq!(near_key("`zebra`, expected `mode` or `from`"), None);
    }
}
