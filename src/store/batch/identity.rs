//! How a call is told from the others: the names it is known by, clipped, and their hash.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::store::batch::IdentityRule;

/// A value longer than this is clipped: it is somebody's text, not the value of a dimension.
pub(super) const LONGEST_VALUE: usize = 256;

/// Returns the hash that finds a call again, and whether it is by span.
///
/// xxHash3 is stable across versions and machines, which a stored hash must be.
pub(super) fn identity(names: &Names<'_>, fingerprint: u64, rule: IdentityRule) -> (u64, bool) {
    let source = xxh3_64(names.source.as_bytes());
    match (rule, &names.span, &names.trace, &names.request_id) {
        (IdentityRule::Span, Some(span), Some(trace), _) => {
            (xxh3_64_with_seed(span.as_bytes(), source ^ xxh3_64(trace.as_bytes())), true)
        }
        (_, _, _, Some(id)) => (xxh3_64_with_seed(id.as_bytes(), source), false),
        _ => (xxh3_64_with_seed(&fingerprint.to_le_bytes(), !source), false),
    }
}

/// What tells a call from others, as stored.
pub(super) struct Names<'c> {
    pub(super) source: Cow<'c, str>,
    pub(super) trace: Option<Cow<'c, str>>,
    pub(super) span: Option<Cow<'c, str>>,
    pub(super) request_id: Option<Cow<'c, str>>,
}

/// Shortens a text that is too long to be a name.
pub(super) fn clip(value: &str) -> Cow<'_, str> {
    if value.len() > LONGEST_VALUE { Cow::Owned(clipped(value)) } else { Cow::Borrowed(value) }
}

/// Shortens a hostile or mistaken value and keeps it distinct by its hash.
pub(super) fn clipped(value: &str) -> String {
    let mut end = 200;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…{:016x}", &value[..end], xxh3_64(value.as_bytes()))
}
