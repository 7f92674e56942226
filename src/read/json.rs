//! JSON as the readers need it: one reusable tape a record, numbers as the text that stood in the log.
//!
//! Two things keep a general parser off this path. Money must not pass through a binary float, so a number
//! stays text until a reader asks for it; and a million records must not allocate a tree each, so a record is
//! parsed onto a flat tape that the next record overwrites. Property tests hold it against `serde_json`.
//! It frames nothing (see `framing`) and knows no format.

use std::borrow::Cow;

/// Nesting deeper than this is hostile, not a log.
const MAX_DEPTH: u32 = 128;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, and the `NaN` and `Infinity` that some writers emit.
    Null,
    /// `true`.
    True,
    /// `false`.
    False,
    /// A number, kept as text.
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// An array.
    Array,
    /// An object; its children are keys and values in turn.
    Object,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    start: u32,
    end: u32,
    /// Index of the entry after this one and all below it.
    next: u32,
}

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text ends in the middle of a value.
    #[error("the record ends in the middle (truncated?)")]
    Truncated,
    /// Something else stands where JSON should, at this byte.
    #[error("not JSON at byte {0} of the record")]
    Unexpected(usize),
    /// Too deep.
    #[error("nested deeper than 128 levels")]
    TooDeep,
    /// Longer than the tape can address.
    #[error("record longer than 4 GiB")]
    TooLong,
}

/// The parsed form of one record, reused for the next.
#[derive(Debug, Default)]
pub struct Tape {
    entries: Vec<Entry>,
}

impl Tape {
    /// Parses one whole JSON value; white space around it is allowed, anything else is not.
    pub fn parse(&mut self, text: &str) -> Result<(), JsonError> {
        let end = self.parse_prefix(text)?;
        match text.as_bytes()[end..].iter().position(|b| !b.is_ascii_whitespace()) {
            None => Ok(()),
            Some(at) => Err(JsonError::Unexpected(end + at)),
        }
    }

    /// Parses the JSON value the text starts with and returns where it ends.
    pub fn parse_prefix(&mut self, text: &str) -> Result<usize, JsonError> {
        self.entries.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError::TooLong);
        }
        let mut parser = Parser { text: text.as_bytes(), at: 0, entries: &mut self.entries };
        parser.value(0)?;
        Ok(parser.at)
    }

    /// Returns the root of the record just parsed; `text` is what was parsed.
    pub fn root<'t>(&'t self, text: &'t str) -> Node<'t> {
        Node { entries: &self.entries, text, at: 0 }
    }

    /// Builds an object of string values, so that a CSV row reads like a JSON record. The text it refers to
    /// is written to `text`.
    pub fn build_object<'f>(&mut self, fields: impl Iterator<Item = (&'f str, &'f str)>, text: &mut String) {
        self.entries.clear();
        text.clear();
        self.entries.push(Entry { kind: Kind::Object, start: 0, end: 0, next: 0 });
        for (key, value) in fields {
            for part in [key, value] {
                let start = text.len();
                text.push_str(part);
                let next = self.entries.len() + 1;
                self.entries.push(entry(Kind::Plain, start, text.len(), next));
            }
        }
        self.entries[0] = entry(Kind::Object, 0, text.len(), self.entries.len());
    }
}

/// Offsets fit: `parse_prefix` refuses texts of 4 GiB, and a CSV row is bounded far below.
fn entry(kind: Kind, start: usize, end: usize, next: usize) -> Entry {
    Entry { kind, start: start as u32, end: end as u32, next: next as u32 }
}

struct Parser<'a, 't> {
    text: &'a [u8],
    at: usize,
    entries: &'t mut Vec<Entry>,
}

impl Parser<'_, '_> {
    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u32) -> Result<(), JsonError> {
        self.skip_space();
        match self.text.get(self.at).copied() {
            None => Err(JsonError::Truncated),
            Some(b'"') => self.string(),
            Some(b'{') => self.container(depth, Kind::Object),
            Some(b'[') => self.container(depth, Kind::Array),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            Some(b'N') => self.word("NaN", Kind::Null),
            Some(b'I') => self.word("Infinity", Kind::Null),
            Some(_) => Err(JsonError::Unexpected(self.at)),
        }
    }

    fn container(&mut self, depth: u32, kind: Kind) -> Result<(), JsonError> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let (index, start) = (self.entries.len(), self.at);
        let close = if kind == Kind::Object { b'}' } else { b']' };
        self.entries.push(entry(kind, start, start, 0));
        self.at += 1;
        self.skip_space();
        if self.text.get(self.at) == Some(&close) {
            self.at += 1;
        } else {
            loop {
                if kind == Kind::Object {
                    self.key()?;
                }
                self.value(depth + 1)?;
                self.skip_space();
                match self.text.get(self.at) {
                    Some(b',') => self.at += 1,
                    Some(b) if *b == close => {
                        self.at += 1;
                        break;
                    }
                    Some(_) => return Err(JsonError::Unexpected(self.at)),
                    None => return Err(JsonError::Truncated),
                }
            }
        }
        self.entries[index] = entry(kind, start, self.at, self.entries.len());
        Ok(())
    }

    fn key(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        match self.text.get(self.at) {
            Some(b'"') => self.string()?,
            Some(_) => return Err(JsonError::Unexpected(self.at)),
            None => return Err(JsonError::Truncated),
        }
        self.skip_space();
        match self.text.get(self.at) {
            Some(b':') => self.at += 1,
            Some(_) => return Err(JsonError::Unexpected(self.at)),
            None => return Err(JsonError::Truncated),
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.at + 1;
        let mut at = start;
        let mut kind = Kind::Plain;
        loop {
            at += quote_or_backslash(&self.text[at..]).ok_or(JsonError::Truncated)?;
            if self.text[at] == b'"' {
                break;
            }
            kind = Kind::Escaped;
            at += 2;
            if at > self.text.len() {
                return Err(JsonError::Truncated);
            }
        }
        let next = self.entries.len() + 1;
        self.entries.push(entry(kind, start, at, next));
        self.at = at + 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.text[start..].starts_with(b"-I") {
            self.at += 1;
            return self.word("Infinity", Kind::Null);
        }
        let mut digits = false;
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'0'..=b'9' => digits = true,
                b'.' | b'e' | b'E' | b'+' | b'-' => {}
                _ => break,
            }
            self.at += 1;
        }
        if !digits {
            return Err(JsonError::Unexpected(start));
        }
        let next = self.entries.len() + 1;
        self.entries.push(entry(Kind::Number, start, self.at, next));
        Ok(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(word.as_bytes()) {
            let truncated = rest.len() < word.len() && word.as_bytes().starts_with(rest);
            return Err(if truncated { JsonError::Truncated } else { JsonError::Unexpected(self.at) });
        }
        let (start, next) = (self.at, self.entries.len() + 1);
        self.at += word.len();
        self.entries.push(entry(kind, start, self.at, next));
        Ok(())
    }
}

/// Finds the next `"` or `\`, eight bytes at a time: most strings of a log are too short for a call to pay.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    while let Some(chunk) = text.get(at..at + 8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes were sliced"));
        let found = zero_byte(word ^ (ONES * u64::from(b'"'))) | zero_byte(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
        if at >= 64 {
            return memchr::memchr2(b'"', b'\\', &text[at..]).map(|found| at + found);
        }
    }
    text[at..].iter().position(|b| matches!(b, b'"' | b'\\')).map(|found| at + found)
}

/// A value of a parsed record.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    entries: &'t [Entry],
    text: &'t str,
    at: u32,
}

impl<'t> Node<'t> {
    fn entry(self) -> Entry {
        self.entries[self.at as usize]
    }

    /// Returns what the node is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// Tells whether the node is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Tells whether the node is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Returns the text of a number, or of a string as it stands in the record, escapes and all.
    pub fn raw(self) -> &'t str {
        let entry = self.entry();
        &self.text[entry.start as usize..entry.end as usize]
    }

    /// Returns the whole text of an object, array, number or word as it stands in the record.
    pub fn span(self) -> &'t str {
        self.raw()
    }

    /// Returns the value of a string.
    pub fn str(self) -> Option<Cow<'t, str>> {
        match self.kind() {
            Kind::Plain => Some(Cow::Borrowed(self.raw())),
            Kind::Escaped => Some(Cow::Owned(unescape(self.raw()))),
            _ => None,
        }
    }

    /// Returns the text of a string, number or boolean.
    pub fn scalar(self) -> Option<Cow<'t, str>> {
        match self.kind() {
            Kind::Number | Kind::True | Kind::False => Some(Cow::Borrowed(self.raw())),
            _ => self.str(),
        }
    }

    /// Returns the text of a scalar unless it is empty: databases and CSV write nothing as an empty text.
    pub fn text(self) -> Option<Cow<'t, str>> {
        self.scalar().filter(|text| !text.is_empty())
    }

    /// Returns the value of a boolean, also of one written as text.
    pub fn bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Plain => match self.raw().to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the fields of an object, or nothing.
    pub fn fields(self) -> Fields<'t> {
        let entry = self.entry();
        let (at, end) = if entry.kind == Kind::Object { (self.at + 1, entry.next) } else { (0, 0) };
        Fields { entries: self.entries, text: self.text, at, end }
    }

    /// Returns the items of an array, or nothing.
    pub fn items(self) -> Items<'t> {
        let entry = self.entry();
        let (at, end) = if entry.kind == Kind::Array { (self.at + 1, entry.next) } else { (0, 0) };
        Items { entries: self.entries, text: self.text, at, end }
    }

    /// Returns the field of an object by its key; `null` counts as absent.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.fields().find(|(name, _)| *name == key).map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Tells whether an object has a key, whatever its value: `null` counts as present.
    pub fn has(self, key: &str) -> bool {
        self.fields().any(|(name, _)| name == key)
    }

    /// Tells whether an object has every one of these keys, whatever their values.
    pub fn has_all(self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    /// Follows keys downwards.
    pub fn path(self, keys: &[&str]) -> Option<Node<'t>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the first of several keys that is present.
    pub fn first(self, keys: &[&str]) -> Option<Node<'t>> {
        keys.iter().find_map(|key| self.get(key))
    }
}

/// Iterates over an object's fields. A key with escapes is given as it stands in the record.
pub struct Fields<'t> {
    entries: &'t [Entry],
    text: &'t str,
    at: u32,
    end: u32,
}

impl<'t> Iterator for Fields<'t> {
    type Item = (&'t str, Node<'t>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Node { entries: self.entries, text: self.text, at: self.at };
        let value = Node { at: self.at + 1, ..key };
        self.at = value.entry().next;
        Some((key.raw(), value))
    }
}

/// Iterates over an array's items.
pub struct Items<'t> {
    entries: &'t [Entry],
    text: &'t str,
    at: u32,
    end: u32,
}

impl<'t> Iterator for Items<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { entries: self.entries, text: self.text, at: self.at };
        self.at = node.entry().next;
        Some(node)
    }
}

/// Resolves escapes. A broken one stays as it is: it is a name in a log, not worth losing a call over.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let Some(code) = tail.chars().next() else {
            rest = "";
            break;
        };
        rest = &tail[code.len_utf8()..];
        match code {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => rest = unescape_unicode(rest, &mut out),
            other => out.push(other),
        }
    }
    out.push_str(rest);
    out
}

/// Reads the digits after `\u`, with the second half of a surrogate pair; a lone half becomes U+FFFD.
fn unescape_unicode<'r>(rest: &'r str, out: &mut String) -> &'r str {
    let hex = |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(first) = hex(rest) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return rest;
    };
    let after = &rest[4..];
    if (0xD800..0xDC00).contains(&first)
        && let Some(second) = after.strip_prefix("\\u").and_then(hex)
        && (0xDC00..0xE000).contains(&second)
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return &after[6..];
    }
    out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}
