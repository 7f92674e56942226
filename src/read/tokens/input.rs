//! What an input count contains: the decision for one call.

use crate::domain::Call;
use crate::domain::Class;
use crate::domain::Flags;
use crate::read::CachedInput;
use crate::read::body;

/// Which cached tokens an input count contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// What was read from a cache and what was written to one.
    All,
    /// What was read alone.
    Reads,
    /// What was written alone.
    Writes,
    /// Neither: both stand beside it.
    Nothing,
}

/// What a reader knows of its format's input counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is documented, or settled by who wrote the log.
    Known(Contents),
    /// It is open; these are possible, the likeliest first.
    Open(&'static [Contents]),
}

impl Reading {
    /// The input contains the cached tokens.
    pub const INSIDE: Reading = Reading::Known(Contents::All);
    /// The cached tokens stand beside the input.
    pub const OUTSIDE: Reading = Reading::Known(Contents::Nothing);
    /// Likely inside.
    pub const PERHAPS_INSIDE: Reading = Reading::Open(&[Contents::All, Contents::Nothing]);
    /// Likely beside.
    pub const PERHAPS_OUTSIDE: Reading = Reading::Open(&[Contents::Nothing, Contents::All]);
}

impl From<CachedInput> for Reading {
    fn from(said: CachedInput) -> Reading {
        match said {
            CachedInput::Inside => Reading::INSIDE,
            CachedInput::Outside => Reading::OUTSIDE,
        }
    }
}

/// An input count, and what may be inside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The count.
    pub count: u64,
    /// Read from a cache.
    pub read: u64,
    /// Written to a cache.
    pub written: u64,
    /// Uncached sounds and pictures, which are inside the count in any case.
    pub media: u64,
}

impl Input {
    /// Returns what is left of the count; `None` where a part would exceed the whole.
    fn rest(&self, contents: Contents) -> Option<u64> {
        let cached = match contents {
            Contents::All => self.read + self.written,
            Contents::Reads => self.read,
            Contents::Writes => self.written,
            Contents::Nothing => 0,
        };
        self.count.checked_sub(cached + self.media)
    }
}

/// Decides what the input count contains and sets the uncached text input; what was guessed is flagged, and its
/// other readings kept. `said` is the user's word, `told` what a total tells. Returns whether the media fit in.
pub fn settle_input(
    call: &mut Call<'_>,
    input: Input,
    said: Option<CachedInput>,
    told: Option<CachedInput>,
    reading: Reading,
) -> bool {
    let contradicts = said == Some(CachedInput::Inside) && input.read + input.written > input.count;
    let reading = match said.or(told) {
        _ if input.read + input.written == 0 => Reading::OUTSIDE,
        Some(settled) => Reading::from(settled),
        None => reading,
    };
    let known;
    let contents = match reading {
        Reading::Known(contents) => {
            known = [contents];
            known.as_slice()
        }
        Reading::Open(contents) => contents,
    };
    // Where every part exceeds the whole, none is inside.
    let possible = contents.iter().filter_map(|contents| input.rest(*contents));
    let mut possible =
        possible.chain(if matches!(reading, Reading::Known(_)) { input.rest(Contents::Nothing) } else { None });
    let Some(taken) = possible.next() else {
        call.tokens.set(Class::Input, input.count);
        body::inconsistent(call);
        return false;
    };
    call.tokens.set(Class::Input, taken);
    if contradicts {
        body::inconsistent(call);
    }
    if matches!(reading, Reading::Open(_)) {
        keep_others(call, taken, possible);
    }
    true
}

/// Keeps the other readings of a guessed input.
fn keep_others(call: &mut Call<'_>, taken: u64, possible: impl Iterator<Item = u64>) {
    let mut others = [None; 2];
    for other in possible.filter(|other| *other != taken) {
        match others {
            [None, _] => others[0] = Some(other),
            [Some(first), None] if first != other => others[1] = Some(other),
            _ => {}
        }
    }
    if others[0].is_some() {
        call.flags.add(Flags::INCLUSIVE_GUESSED);
        call.other_inputs = others;
    }
}
