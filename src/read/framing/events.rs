//! Server-sent events: lines of `event:` and `data:`, an event a blank line, as dumps of streams keep them. Each
//! event's data is a record. An HTTP head before them counts for its `Date`.

use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::MAX_RECORD;
use crate::read::framing::parse;
use crate::read::framing::too_long;
use crate::read::json::Tape;

/// What ends a stream of OpenAI's; it is no record.
const DONE: &[u8] = b"[DONE]";

/// Tells whether a head is one of events, or of the HTTP answer that carries them.
pub(super) fn opens(head: &[u8]) -> bool {
    const FIRST: [&[u8]; 6] = [b"data:", b"event:", b"id:", b"retry:", b": ", b":\n"];
    let is_http = || head.starts_with(b"HTTP/") && memchr::memmem::find(head, b"text/event-stream").is_some();
    FIRST.iter().any(|first| head.starts_with(first)) || is_http()
}

/// The data of one event, as far as it was read.
#[derive(Default)]
struct Event {
    line: u64,
    data: Vec<u8>,
    too_long: bool,
}

impl Event {
    /// Adds a line of data; one event may have several.
    fn add(&mut self, line: u64, data: &[u8]) {
        if self.data.is_empty() && !self.too_long {
            self.line = line;
        } else {
            self.data.push(b'\n');
        }
        self.too_long |= self.data.len() + data.len() > MAX_RECORD;
        if self.too_long {
            self.data.clear();
        } else {
            self.data.extend_from_slice(data);
        }
    }

    /// Hands the event on and begins the next; false to stop.
    fn end(&mut self, tape: &mut Tape, on: &mut impl FnMut(Framed<'_>) -> bool) -> bool {
        let event = std::mem::take(self);
        if event.too_long {
            return on(Framed::Broken(event.line, too_long()));
        }
        let data = event.data.trim_ascii();
        if data.is_empty() || data == DONE {
            return true;
        }
        match parse(data, tape) {
            Ok(text) => on(Framed::Record(event.line, tape, text)),
            Err(reason) => on(Framed::Broken(event.line, reason)),
        }
    }

    /// Tells whether what was read is whole: some dumps drop the blank lines between events.
    fn is_whole(&self, tape: &mut Tape) -> bool {
        let data = self.data.trim_ascii();
        data == DONE || (!data.is_empty() && parse(data, tape).is_ok())
    }
}

/// What a line of a dump is.
enum Line<'l> {
    Blank,
    Data(&'l [u8]),
    /// A record by itself.
    Json(&'l [u8]),
    /// The time in an HTTP head.
    Date(&'l str),
    /// A field of an event or of an HTTP head that says nothing here.
    Other,
    Unknown,
}

fn line_of(line: &[u8]) -> Line<'_> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Line::Blank;
    }
    if let Some(data) = line.strip_prefix(b"data:") {
        return Line::Data(data.trim_ascii());
    }
    if line.starts_with(b"{") {
        return Line::Json(line);
    }
    let Some(at) = memchr::memchr(b':', line) else {
        return if line.starts_with(b"HTTP/") { Line::Other } else { Line::Unknown };
    };
    let (name, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
    match std::str::from_utf8(value) {
        Ok(value) if name.eq_ignore_ascii_case(b"date") => Line::Date(value),
        _ if name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) => Line::Other,
        _ => Line::Unknown,
    }
}

impl Framing {
    pub(super) fn each_event(mut self, mut on: impl FnMut(Framed<'_>) -> bool) -> std::io::Result<()> {
        let (mut tape, mut text) = (Tape::default(), String::new());
        let mut event = Event::default();
        while let Some(end) = self.line_end()? {
            let number = self.line;
            let whole = end <= MAX_RECORD;
            let line = &self.buffer[self.start..self.start + end.min(MAX_RECORD)];
            let goes_on = match line_of(line) {
                _ if !whole => on(Framed::Broken(number, too_long())),
                Line::Blank => event.end(&mut tape, &mut on),
                Line::Data(data) => {
                    let ended = event.is_whole(&mut tape);
                    let goes_on = !ended || event.end(&mut tape, &mut on);
                    event.add(number, data);
                    goes_on
                }
                Line::Json(line) => {
                    let goes_on = event.end(&mut tape, &mut on);
                    event.add(number, line);
                    goes_on && event.end(&mut tape, &mut on)
                }
                Line::Date(date) => {
                    tape.build_object([("date", date)].into_iter(), &mut text);
                    on(Framed::Record(number, &tape, &text))
                }
                Line::Other => true,
                Line::Unknown => on(Framed::Broken(number, "neither an event nor a record".into())),
            };
            if !goes_on {
                return Ok(());
            }
            if whole {
                self.start = (self.start + end + 1).min(self.end);
                self.line += 1;
            } else {
                self.skip_line()?;
            }
        }
        event.end(&mut tape, &mut on);
        Ok(())
    }

    /// Returns the length of the line at the start of the buffer, reading on as needed; `None` at the end. A length
    /// beyond [`MAX_RECORD`] says that the line is longer than any may be.
    fn line_end(&mut self) -> std::io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            let rest = self.rest();
            let length = rest.len();
            match memchr::memchr(b'\n', rest.get(searched..).unwrap_or_default()) {
                Some(at) => return Ok(Some(searched + at)),
                None if length > MAX_RECORD => return Ok(Some(length)),
                None if self.ended => return Ok((length > 0).then_some(length)),
                None => searched = length,
            }
            self.fill()?;
        }
    }
}
