//! JSON values one after another, or the items of an array, over any number of lines.

use crate::read::framing::Framed;
use crate::read::framing::Framing;
use crate::read::framing::MAX_RECORD;
use crate::read::framing::newlines;
use crate::read::framing::parse;
use crate::read::framing::too_long;
use crate::read::json::JsonError;
use crate::read::json::Tape;

/// After so many objects that are never closed the rest of a stream is given up: each costs a look to its end.
const MOST_UNCLOSED: u32 = 100;

impl Framing {
    pub(super) fn each_value(mut self, mut on: impl FnMut(Framed<'_>) -> bool) -> std::io::Result<()> {
        let mut tape = Tape::default();
        let mut unclosed = 0;
        loop {
            if !self.skip_between_values()? {
                return Ok(());
            }
            let framed_end = self.value_end()?;
            let rest = &self.buffer[self.start..self.end];
            let line = self.line;
            let parsed = match framed_end {
                Some(end) => parse(&rest[..end], &mut tape).map(|text| (text, end)),
                None if rest.len() > MAX_RECORD => Err(too_long()),
                None => Err(JsonError::Truncated.to_string()),
            };
            match parsed {
                Ok((text, end)) => {
                    if !on(Framed::Record(line, &tape, text)) {
                        return Ok(());
                    }
                    self.line += newlines(&rest[..end]);
                    self.start += end;
                }
                Err(reason) => {
                    unclosed += u32::from(framed_end.is_none());
                    if !on(Framed::Broken(line, reason)) || unclosed > MOST_UNCLOSED {
                        return Ok(());
                    }
                    match framed_end {
                        // What is broken has an end: only it is lost.
                        Some(end) => {
                            self.line += newlines(&self.buffer[self.start..self.start + end]);
                            self.start += end;
                        }
                        None => self.resume_at_next_object()?,
                    }
                }
            }
        }
    }

    /// Skips white space, commas, the array's own brackets and comment lines; false at the end of the stream.
    fn skip_between_values(&mut self) -> std::io::Result<bool> {
        loop {
            let rest = self.rest();
            let blank = rest.iter().take_while(|b| b" \t\r\n,[]\x1e".contains(b)).count();
            self.line += newlines(&rest[..blank]);
            self.start += blank;
            let rest = self.rest();
            if rest.len() < 2 && self.fill()? {
                continue;
            }
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(false);
            }
            if rest[0] == b'#' || rest.starts_with(b"//") {
                self.skip_line()?;
                continue;
            }
            return Ok(true);
        }
    }

    /// Finds where the value at the start of the buffer ends, reading on as needed.
    fn value_end(&mut self) -> std::io::Result<Option<usize>> {
        let (mut at, mut depth, mut in_string) = (0usize, 0usize, false);
        loop {
            while let Some(byte) = self.rest().get(at).copied() {
                at += 1;
                match (in_string, byte) {
                    (true, b'\\') => at += 1,
                    (true, b'"') => in_string = false,
                    (true, _) => {}
                    (false, b'"') => in_string = true,
                    (false, b'{' | b'[') => depth += 1,
                    (false, b'}' | b']') if depth <= 1 => return Ok(Some(at)),
                    (false, b'}' | b']') => depth -= 1,
                    (false, b',' | b'\n') if depth == 0 => return Ok(Some(at - 1)),
                    (false, _) => {}
                }
            }
            if self.rest().len() > MAX_RECORD {
                return Ok(None);
            }
            if !self.fill()? {
                let whole = depth == 0 && !in_string;
                return Ok(whole.then_some(self.end - self.start));
            }
        }
    }

    /// Goes on at the next line that opens an object, past whatever was broken.
    fn resume_at_next_object(&mut self) -> std::io::Result<()> {
        loop {
            self.skip_line()?;
            if self.rest().is_empty() && !self.fill()? {
                return Ok(());
            }
            if self.rest().first() == Some(&b'{') {
                return Ok(());
            }
        }
    }
}
