//! Where else a call may say what a pseudonym hides: other keys for the same thing, tags, other dimensions.

use std::sync::Arc;

use crate::domain::Axis;
use crate::domain::Dim;
use crate::read::fields;
use crate::read::fields::Field;

/// A value that must not be stored, and what stands in its place.
#[derive(Clone)]
pub(super) struct Hidden {
    pub(super) value: String,
    pub(super) pseudonym: Arc<str>,
}

/// A shorter value is looked for only under keys that tell the same: `1` is a count elsewhere.
const SHORTEST_WHOLE: usize = 3;
/// A shorter value is not looked for inside other texts.
const SHORTEST_WITHIN: usize = 4;

/// Words that name a person or account wherever they stand in a key.
const PERSON_WORDS: &[&str] = &["email", "mail", "username", "enduser"];
/// Words that beside a dimension's own name make a key that tells the same: `user.full_name`, `tenant_slug`.
const NAMING_WORDS: &[&str] = &[
    "id",
    "ids",
    "uid",
    "uuid",
    "guid",
    "name",
    "names",
    "full",
    "first",
    "last",
    "display",
    "given",
    "family",
    "surname",
    "nick",
    "nickname",
    "login",
    "handle",
    "alias",
    "slug",
    "key",
    "label",
    "phone",
    "ip",
    "address",
    "hash",
    "sub",
    "principal",
    "end",
    "actor",
    "account",
    "external",
    "internal",
    "original",
    "raw",
    "logged",
    "user",
    "meta",
    "metadata",
    "app",
    "tag",
    "request",
    "x",
];

/// Tells whether a key says the same of a call as a dimension does. A key too many is hidden rather than one too few.
pub(super) fn tells(axis: &Axis, key: &str, folded: &str) -> bool {
    let Axis::Dim(dim) = axis else {
        return false;
    };
    if fields::usual_meaning(key).is_some_and(|meaning| meaning.field == Field::Dim(*dim)) {
        return true;
    }
    let mut words = folded.split('_');
    if *dim == Dim::User && words.clone().any(|word| PERSON_WORDS.contains(&word)) {
        return true;
    }
    let own: Vec<&str> = dim.name().split('_').collect();
    let has_own = own.iter().all(|word| folded.split('_').any(|known| known == *word));
    has_own && words.all(|word| own.contains(&word) || NAMING_WORDS.contains(&word))
}

/// Returns a text without the hidden values in it, or `None` if there are none. `hidden` has the longest first.
///
/// A value is found as a whole word and in any case, so that `acme` is not found in `acmeology`.
pub(super) fn hidden_in(text: &str, hidden: &[Hidden]) -> Option<String> {
    let whole = hidden.iter().find(|item| item.value.len() >= SHORTEST_WHOLE && is_same(text, &item.value));
    if let Some(item) = whole {
        return Some(item.pseudonym.to_string());
    }
    let mut out = String::new();
    let (mut at, mut copied) = (0, 0);
    let mut before: Option<char> = None;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let fits = |item: &&Hidden| {
            let end = at + item.value.len();
            item.value.len() >= SHORTEST_WITHIN
                && text.get(at..end).is_some_and(|part| is_same(part, &item.value))
                && !text.get(end..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
        };
        let found = if before.is_some_and(char::is_alphanumeric) { None } else { hidden.iter().find(fits) };
        match found {
            Some(item) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str(&item.pseudonym);
                at += item.value.len();
                copied = at;
                before = item.value.chars().next_back();
            }
            None => {
                at += c.len_utf8();
                before = Some(c);
            }
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase())
}
