//! Cuts a stream of bytes into records: JSON lines, arrays, pretty-printed or concatenated objects, CSV, server-sent
//! events.
//!
//! Memory holds one buffer, never the file. A record that cannot be framed is a [`Framed::Broken`] with its
//! line, and framing goes on behind it. What a record means is the readers' business.

mod events;
mod rows;
mod values;

use std::io::Read;

use crate::read::carried::Carried;
use crate::read::json::Tape;

/// A record longer than this is refused: no call is 64 MiB long.
pub const MAX_RECORD: usize = 64 << 20;
/// How much is read at a time in the end; a folder of small files need not fill this much with zeros for each.
const CHUNK: usize = 1 << 20;
/// How much is read at first.
const FIRST_CHUNK: usize = 1 << 17;
/// How much of a file detection may look at.
const HEAD: usize = 64 << 10;

/// How the records of a stream are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing but white space and comments.
    Empty,
    /// One JSON value a line.
    Lines,
    /// JSON values one after another, or the items of an array, over any number of lines.
    Values,
    /// CSV with a header, by this delimiter.
    Csv(u8),
    /// Server-sent events, the JSON in their `data`.
    Events,
}

/// What comes off a stream.
pub enum Framed<'t> {
    /// A record, with the line it starts on.
    Record(u64, &'t Tape, &'t str),
    /// Bytes that are no record, with the line and the reason.
    Broken(u64, String),
}

/// A stream of bytes and the buffer over it.
pub struct Framing {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    line: u64,
    chunk: usize,
    /// Whether a row with more cells than headings is broken even if those are empty.
    exact_cells: bool,
}

/// Why a head cannot be text.
#[derive(Debug, PartialEq, Eq)]
pub struct NotText(pub String);

impl Framing {
    /// Reads the head of a stream and skips what precedes the records: byte order mark, comments, blank lines.
    pub fn open(input: Box<dyn Read + Send>) -> std::io::Result<Framing> {
        let mut framing = Framing {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            line: 1,
            chunk: FIRST_CHUNK,
            exact_cells: false,
        };
        while framing.end < HEAD && framing.fill()? {}
        if framing.rest().starts_with(&[0xef, 0xbb, 0xbf]) {
            framing.start += 3;
        }
        loop {
            let rest = framing.rest();
            let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
            framing.line += newlines(&rest[..blank]);
            framing.start += blank;
            let rest = framing.rest();
            let comment = rest.starts_with(b"#") || rest.starts_with(b"//");
            match (comment, memchr::memchr(b'\n', rest)) {
                (true, Some(end)) => {
                    framing.start += end + 1;
                    framing.line += 1;
                }
                (true, None) if framing.ended => framing.start = framing.end,
                _ => break,
            }
        }
        // A log may begin with its longest record: see the whole of it, or detection has nothing to go by.
        if matches!(framing.rest().first(), Some(b'{' | b'[')) {
            while memchr::memchr(b'\n', framing.rest()).is_none() && framing.rest().len() <= MAX_RECORD {
                if !framing.fill()? {
                    break;
                }
            }
        }
        Ok(framing)
    }

    /// Takes a row of more cells than headings for broken, even where the surplus is empty: under a comma that is what a
    /// decimal comma does to a row whose last cell is empty, and the cells behind it would be read under the wrong names.
    pub fn with_exact_cells(self) -> Framing {
        Framing { exact_cells: true, ..self }
    }

    /// Tells the shape of the stream from its head, or why it is no text.
    pub fn shape(&self) -> Result<Shape, NotText> {
        let head = &self.rest()[..self.rest().len().min(HEAD)];
        if head.is_empty() {
            return Ok(Shape::Empty);
        }
        refuse_binary(head)?;
        match head[0] {
            b'[' => Ok(Shape::Values),
            b'{' => Ok(self.lines_or_values()),
            _ if events::opens(head) => Ok(Shape::Events),
            _ if self.has_json_line() => Ok(Shape::Lines),
            _ => rows::delimiter(head)
                .map(Shape::Csv)
                .ok_or_else(|| NotText("neither JSON nor CSV with a header".into())),
        }
    }

    /// A first line that is an object by itself is a log of lines; so is one that was cut off, unless it opens
    /// an object and goes no further, as a pretty print does.
    fn lines_or_values(&self) -> Shape {
        let first = self.rest().split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
        let alone = std::str::from_utf8(first).is_ok_and(|line| Tape::default().parse(line).is_ok());
        if alone || (first.len() > 1 && self.has_json_line()) { Shape::Lines } else { Shape::Values }
    }

    /// Tells whether one of the first lines is a JSON object by itself.
    fn has_json_line(&self) -> bool {
        let mut tape = Tape::default();
        self.rest()
            .split(|b| *b == b'\n')
            .take(20)
            .filter_map(|line| std::str::from_utf8(line.trim_ascii()).ok())
            .any(|line| line.starts_with('{') && line.len() > 2 && tape.parse(line).is_ok())
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more behind what is buffered; false at the end of the stream.
    fn fill(&mut self) -> std::io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + self.chunk {
            let wanted = (self.end + self.chunk).max(self.end * 2);
            self.buffer.resize(wanted, 0);
        }
        self.chunk = (self.chunk * 2).min(CHUNK);
        let n = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += n;
        self.ended = n == 0;
        Ok(n > 0)
    }

    /// Hands on the first records of the head, at most `most`, without consuming them.
    /// Returns whether there was anything at all, broken records included.
    pub fn sample(&self, shape: Shape, most: usize, mut on: impl FnMut(&Tape, &str)) -> bool {
        let head = self.rest();
        let copy = Framing {
            input: Box::new(std::io::empty()),
            buffer: head.to_vec(),
            start: 0,
            end: head.len(),
            ended: true,
            line: 1,
            chunk: FIRST_CHUNK,
            exact_cells: self.exact_cells,
        };
        let (mut left, mut any) = (most, false);
        // Reading from memory does not fail.
        let _ = copy.each(shape, |framed| {
            any = true;
            if let Framed::Record(_, tape, text) = framed
                && left > 0
            {
                left -= 1;
                on(tape, text);
            }
            left > 0
        });
        any
    }

    /// Hands on every record; stops early when `on` returns false.
    pub fn each(self, shape: Shape, on: impl FnMut(Framed<'_>) -> bool) -> std::io::Result<()> {
        self.each_but(shape, |_| false, on)
    }

    /// Hands on every record but the lines that `passed` says it has dealt with, which are not parsed.
    pub fn each_but(
        self,
        shape: Shape,
        passed: impl FnMut(&[u8]) -> bool,
        mut on: impl FnMut(Framed<'_>) -> bool,
    ) -> std::io::Result<()> {
        let mut carried = Carried::new(matches!(shape, Shape::Csv(_)));
        let on = |framed: Framed<'_>| match framed {
            Framed::Record(line, tape, text) if carried.open(tape, text) => {
                let (tape, text) = carried.record();
                on(Framed::Record(line, tape, text))
            }
            other => on(other),
        };
        match shape {
            Shape::Empty => Ok(()),
            Shape::Lines => self.each_line(passed, on),
            Shape::Values => self.each_value(on),
            Shape::Csv(delimiter) => self.each_row(delimiter, on),
            Shape::Events => self.each_event(on),
        }
    }

    fn each_line(
        mut self,
        mut passed: impl FnMut(&[u8]) -> bool,
        mut on: impl FnMut(Framed<'_>) -> bool,
    ) -> std::io::Result<()> {
        let mut tape = Tape::default();
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.start..self.end];
            let end = match memchr::memchr(b'\n', &rest[searched..]) {
                Some(at) => searched + at,
                None if self.ended && rest.is_empty() => return Ok(()),
                None if self.ended => rest.len(),
                None if rest.len() > MAX_RECORD => {
                    let line = self.line;
                    self.skip_line()?;
                    searched = 0;
                    if !on(Framed::Broken(line, too_long())) {
                        return Ok(());
                    }
                    continue;
                }
                None => {
                    searched = rest.len();
                    self.fill()?;
                    continue;
                }
            };
            if end > MAX_RECORD {
                self.start += end + usize::from(rest.len() > end);
                self.line += 1;
                searched = 0;
                if !on(Framed::Broken(self.line - 1, too_long())) {
                    return Ok(());
                }
                continue;
            }
            let line = rest[..end].trim_ascii();
            let comment = line.is_empty() || line[0] == b'#' || line.starts_with(b"//");
            if !comment && !passed(line) && !hand_on_line(line, self.line, &mut tape, &mut on) {
                return Ok(());
            }
            self.start = (self.start + end + 1).min(self.end);
            self.line += 1;
            searched = 0;
        }
    }

    /// Drops the rest of the current line, however long.
    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.rest()) {
                self.start += at + 1;
                self.line += 1;
                return Ok(());
            }
            self.start = self.end;
            if !self.fill()? {
                return Ok(());
            }
        }
    }
}

fn hand_on_line(line: &[u8], number: u64, tape: &mut Tape, on: &mut impl FnMut(Framed<'_>) -> bool) -> bool {
    match parse(line, tape) {
        Ok(text) if text.starts_with('[') => hand_on_items(text, number, tape, on),
        Ok(text) => on(Framed::Record(number, tape, text)),
        Err(reason) => on(Framed::Broken(number, reason)),
    }
}

/// A line that is an array holds several records: each is parsed by itself, so that readers see one shape only.
fn hand_on_items(text: &str, number: u64, tape: &Tape, on: &mut impl FnMut(Framed<'_>) -> bool) -> bool {
    let mut item_tape = Tape::default();
    tape.root(text).items().all(|item| {
        let text = item.span();
        match item_tape.parse(text) {
            Ok(()) => on(Framed::Record(number, &item_tape, text)),
            Err(error) => on(Framed::Broken(number, error.to_string())),
        }
    })
}

fn parse<'t>(bytes: &'t [u8], tape: &mut Tape) -> Result<&'t str, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8 at byte {} of the record", error.valid_up_to()))?
        .trim_end_matches(',');
    tape.parse(text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn too_long() -> String {
    format!("the record is longer than {} MiB", MAX_RECORD >> 20)
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Tells whether a line of JSON stands before the first NUL: a power cut leaves NULs within a log.
fn begins_with_json(head: &[u8]) -> bool {
    let text = memchr::memchr(0, head).map_or(head, |nul| &head[..nul]);
    let text = text.trim_ascii_start();
    matches!(text.first(), Some(b'{' | b'[')) && text.contains(&b'\n')
}

/// Tells whether an archive is a workbook by the names of its first files.
fn is_workbook(head: &[u8]) -> bool {
    [&b"[Content_Types].xml"[..], b"xl/", b"docProps/"].iter().any(|name| memchr::memmem::find(head, name).is_some())
}

fn refuse_binary(head: &[u8]) -> Result<(), NotText> {
    let kind = match head {
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [0xff, 0xd8, 0xff, ..] => "a JPEG image",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [b'P', b'K', 3, 4, ..] if is_workbook(head) => "an Excel workbook: save its sheet as CSV",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an Excel workbook: save its sheet as CSV",
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it first",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file: export JSON lines or CSV",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16 text: convert it to UTF-8",
        _ if head.starts_with(b"SQLite format 3\0") => "a SQLite database",
        _ if head[..head.len().min(1024)].contains(&0) && !begins_with_json(head) => {
            "binary data (a collector's `proto` export? write it with `format: json`)"
        }
        _ => return Ok(()),
    };
    Err(NotText(kind.to_string()))
}
