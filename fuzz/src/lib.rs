//! What the fuzz targets do with bytes: the way of a file through framing and a reader, as an import takes it.

use attr::domain::Call;
use attr::domain::Class;
use attr::read::Options;
use attr::read::Reader;
use attr::read::Record;
use attr::read::Sink;
use attr::read::Span;
use attr::read::Verdict;
use attr::read::formats;
use attr::read::framing::Framed;
use attr::read::framing::Framing;

/// The variable that names the reader; without it the first byte of an input chooses.
pub const READER: &str = "ATTR_FUZZ_READER";

/// Looks at everything that comes out.
struct Looked;

impl Sink for Looked {
    fn call(&mut self, call: &Call<'_>) {
        let sum: u128 = Class::ALL.iter().map(|class| u128::from(call.tokens.get(*class))).sum();
        assert!(sum < 1 << 63, "{sum} tokens in one call");
        assert!(!call.dims.iter().flatten().any(|value| value.is_empty()), "an empty value is no value");
    }

    fn span(&mut self, span: &Span<'_>) {
        assert!(!span.id.is_empty() || span.trace.is_empty(), "a span without an id");
    }

    fn skip(&mut self, _line: u64, reason: &'static str) {
        assert!(!reason.is_empty());
    }

    fn reject(&mut self, _line: u64, reason: String) {
        assert!(!reason.is_empty());
    }
}

/// Returns the reader that an input is for, and the bytes that are its file.
///
/// # Panics
///
/// Panics if [`READER`] names no reader: the run would test nothing.
pub fn chosen(data: &[u8]) -> Option<(&'static dyn Reader, &[u8])> {
    match std::env::var(READER) {
        Ok(name) => match formats::by_name(&name) {
            Ok(reader) => Some((reader, data)),
            Err(error) => panic!("{READER}: {error}"),
        },
        Err(_) => {
            let (first, file) = data.split_first()?;
            let count = formats::readers().count();
            Some((formats::readers().nth(usize::from(*first) % count)?, file))
        }
    }
}

/// Reads an input as a file of the chosen reader.
pub fn read(data: &[u8]) {
    if let Some((reader, file)) = chosen(data) {
        read_as(reader, file);
    }
}

/// Reads bytes as a file of a format, to its end.
pub fn read_as(reader: &dyn Reader, bytes: &[u8]) {
    let Ok(framing) = Framing::open(Box::new(std::io::Cursor::new(bytes.to_vec()))) else { return };
    let Ok(shape) = framing.shape() else { return };
    let mut session = reader.start(&Options::default());
    let mut looked = Looked;
    let passed = |line: &[u8]| reader.is_no_call(line);
    // A CSV whose quote never closes ends in an error, which an import reports.
    let _ = framing.each_but(shape, passed, |framed| {
        match framed {
            Framed::Record(line, tape, text) => {
                let record = Record { line, node: tape.root(text) };
                let _ = reader.claims(record.node);
                if let Verdict::NotMine(reason) = session.record(record, &mut looked) {
                    looked.reject(line, reason);
                }
            }
            Framed::Broken(line, reason) => looked.reject(line, reason),
        }
        true
    });
    session.end(&mut looked);
}

/// Tells the format of bytes and takes them apart into records.
pub fn frame(bytes: &[u8]) {
    let open = || Framing::open(Box::new(std::io::Cursor::new(bytes.to_vec())));
    let Ok(framing) = open() else { return };
    let Ok(shape) = framing.shape() else { return };
    let _ = formats::detect(&framing, shape);
    let _ = framing.each(shape, |framed| {
        let line = match framed {
            Framed::Record(line, tape, text) => {
                let _ = formats::claiming(tape.root(text)).is_some();
                line
            }
            Framed::Broken(line, _) => line,
        };
        assert!(line > 0, "lines are looked from 1");
        true
    });
}
