//! CSV: rows under a header into records, each with the line of the file that it starts on.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Read;

use crate::read::framing::CHUNK;
use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::MAX_RECORD;
use crate::read::json::Tape;

impl Framing {
    pub(super) fn each_row(self, delimiter: u8, mut on: impl FnMut(Framed<'_>) -> bool) -> std::io::Result<()> {
        let (first_line, head) = (self.line, self.rest().to_vec());
        let is_exact = self.exact_cells && delimiter == b',';
        let input = Bounded {
            inner: std::io::Cursor::new(head).chain(self.input),
            since_record: 0.into(),
            quotes: 0.into(),
            ended: false.into(),
            lines: RefCell::default(),
        };
        let mut rows =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).buffer_capacity(CHUNK).from_reader(input);
        let header: Vec<String> = rows
            .byte_headers()
            .map_err(io_error)?
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_string())
            .collect();
        let (mut tape, mut text) = (Tape::default(), String::new());
        let mut row = csv::ByteRecord::new();
        let mut lines_before = 0;
        while rows.read_byte_record(&mut row).map_err(io_error)? {
            rows.get_ref().since_record.set(0);
            let start = row.position().map_or(0, csv::Position::byte);
            lines_before += rows.get_ref().lines.borrow_mut().before(start);
            let line = first_line + lines_before;
            let framed = match csv_fields(&header, &row, is_exact) {
                // The last quote of the stream opened a cell that nothing closed: this row swallowed the others.
                _ if rows.get_ref().ended.get() && rows.get_ref().quotes.get() % 2 == 1 => {
                    Framed::Broken(line, "a quote is never closed: the rest of the file is in this row".into())
                }
                Ok(fields) => {
                    tape.build_object(fields.into_iter(), &mut text);
                    Framed::Record(line, &tape, &text)
                }
                Err(reason) => Framed::Broken(line, reason),
            };
            if !on(framed) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Fails when one record swallows more than [`MAX_RECORD`], as an unclosed quote in a CSV does.
struct Bounded<R> {
    inner: R,
    since_record: Cell<usize>,
    /// Quotes read so far; an odd number at the end means that one is open.
    quotes: Cell<usize>,
    ended: Cell<bool>,
    lines: RefCell<Lines>,
}

/// Where lines end, as far ahead as was read. The parser's own count is of no use: a record starts for it right behind
/// the one before, which is ahead of the line feed where lines end with two characters, and ahead of blank lines.
#[derive(Default)]
struct Lines {
    /// How many bytes were read.
    read: u64,
    /// The last of them.
    last: u8,
    /// Offsets of line feeds, and whether a carriage return stands before.
    ends: VecDeque<(u64, bool)>,
}

impl Lines {
    /// Takes note of what was read.
    fn note(&mut self, bytes: &[u8]) {
        for at in memchr::memchr_iter(b'\n', bytes) {
            let before = at.checked_sub(1).map_or(self.last, |before| bytes[before]);
            self.ends.push_back((self.read + at as u64, before == b'\r'));
        }
        self.read += bytes.len() as u64;
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    /// Forgets the lines that end before a record does start whose bytes begin at an offset, and returns how many.
    fn before(&mut self, mut start: u64) -> u64 {
        let mut count = 0;
        while let Some((end, has_return)) = self.ends.front() {
            // Ends of lines at the start itself are those of blank lines, or the second half of the last one's.
            let is_blank = *end == start || *has_return && *end == start + 1;
            if *end > start && !is_blank {
                break;
            }
            start = start.max(*end + 1);
            count += 1;
            self.ends.pop_front();
        }
        count
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.quotes.set(self.quotes.get() + memchr::memchr_iter(b'"', &buf[..n]).count());
        self.lines.borrow_mut().note(&buf[..n]);
        self.ended.set(n == 0 && !buf.is_empty());
        self.since_record.set(self.since_record.get() + n);
        if self.since_record.get() > MAX_RECORD + CHUNK {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a CSV quote is never closed"));
        }
        Ok(n)
    }
}

fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{other:?}")),
    }
}

fn csv_fields<'r>(
    header: &'r [String],
    row: &'r csv::ByteRecord,
    is_exact: bool,
) -> Result<Vec<(&'r str, &'r str)>, String> {
    if row.len() > header.len() && (is_exact || row.iter().skip(header.len()).any(|cell| !cell.is_empty())) {
        let what = "a stray delimiter or quote, or a decimal comma?";
        return Err(format!("{} cells under {} headings ({what})", row.len(), header.len()));
    }
    if row.len() < header.len() {
        return Err(format!("{} cells under {} headings (truncated?)", row.len(), header.len()));
    }
    header
        .iter()
        .zip(row.iter())
        .map(|(name, cell)| {
            std::str::from_utf8(cell)
                .map(|cell| (name.as_str(), cell))
                .map_err(|error| format!("column `{name}` is not UTF-8 at byte {}", error.valid_up_to()))
        })
        .collect()
}

/// Finds the delimiter of a CSV header: the one that cuts the first line into the most names, at least two.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    let header = head.split(|b| *b == b'\n').next().unwrap_or(head);
    b",;\t|"
        .iter()
        .map(|delimiter| (memchr::memchr_iter(*delimiter, header).count(), *delimiter))
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
        .map(|(_, delimiter)| delimiter)
}
