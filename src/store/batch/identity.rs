//! How a call is told from the others: the names it is known by, clipped, and their hash.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::Call;
use crate::store::batch::IdentityRule;

/// A value longer than this is clipped: it is somebody's text, not the value of a dimension.
pub(super) const LONGEST_VALUE: usize = 256;

/// Returns the hash that finds a call again, and whether it is by span.
///
/// xxHash3 is stable across versions and machines, which a stored hash must be.
pub(super) fn identity(names: &Names<'_>, unique: bool, fingerprint: u64, rule: IdentityRule) -> (u64, bool) {
    let source = xxh3_64(names.source.as_bytes());
    match (rule, &names.span, &names.trace, &names.request_id) {
        (IdentityRule::Span, Some(span), Some(trace), _) => {
            (xxh3_64_with_seed(span.as_bytes(), source ^ xxh3_64(trace.as_bytes())), true)
        }
        (_, _, _, Some(id)) if unique => (of_unique(id), false),
        (_, _, _, Some(id)) => (xxh3_64_with_seed(id.as_bytes(), source), false),
        _ => (xxh3_64_with_seed(&fingerprint.to_le_bytes(), !source), false),
    }
}

/// Returns the hash of an id that names one call wherever it appears.
pub(crate) fn of_unique(id: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), UNIQUE_SEED)
}

/// Any fixed number does; a stored hash must not change.
const UNIQUE_SEED: u64 = 0x6174_7472;

/// Returns the hashes of the other ids that a call is known by: the response id of a span, which is told by its
/// place, and the provider's id of the request beside the one of the response.
pub(super) fn aliases(call: &Call<'_>, by_span: bool) -> impl Iterator<Item = u64> {
    let own = call.request_id.as_deref().filter(|_| by_span);
    own.into_iter().chain(other_id(call)).map(|id| of_unique(&clip(id)))
}

/// Returns the id of the request that the provider gave beside the one of the response.
pub(crate) fn other_id<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let (_, id) = call.extra.iter().find(|(key, _)| key == OTHER_ID)?;
    is_request_id(id).then_some(id.as_ref())
}

/// The key of the request's id beside the response's.
pub(crate) const OTHER_ID: &str = "request_id";

/// Tells whether a text is an id that a provider or gateway gave to one request: `req_…`, `resp_…` or a UUID. What an
/// application calls a request id may be anything.
pub(crate) fn is_request_id(text: &str) -> bool {
    let is_uuid = || {
        text.len() == 36
            && text.bytes().enumerate().all(|(at, b)| match at {
                8 | 13 | 18 | 23 => b == b'-',
                _ => b.is_ascii_hexdigit(),
            })
    };
    let given = ["req_", "resp_"].iter().find_map(|kind| text.strip_prefix(kind));
    given.is_some_and(|rest| rest.len() >= 6) || is_uuid()
}

/// What tells a call from others, as stored.
pub(super) struct Names<'c> {
    pub(super) source: Cow<'c, str>,
    pub(super) trace: Option<Cow<'c, str>>,
    pub(super) span: Option<Cow<'c, str>>,
    pub(super) request_id: Option<Cow<'c, str>>,
}

/// Shortens a text that is too long to be a name.
pub(in crate::store) fn clip(value: &str) -> Cow<'_, str> {
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
