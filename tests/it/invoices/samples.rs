//! The files under `samples/invoices`, a folder a reader.

use std::path::Path;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::world::cases;

/// Returns (folder, file) of every file below a folder of `samples`.
fn files(below: &str) -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let list = |folder: &Path| {
        let mut paths: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let mut files = Vec::new();
    for folder in list(&root).into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_string();
        // A month with logs and bills side by side has tests of its own.
        if name == "close" {
            continue;
        }
        files.extend(list(&folder).into_iter().filter(|path| path.is_file()).map(|path| (name.clone(), path)));
    }
    files
}

/// The names of all readers that claim one of a file's first records.
fn claiming(path: &Path) -> Vec<&'static str> {
    let framing = Framing::open(Box::new(fs_err::File::open(path).unwrap())).unwrap();
    let shape = framing.shape().unwrap();
    let mut names = Vec::new();
    framing.sample(shape, 3, |tape, text| {
        let record = tape.root(text);
        names.extend(formats::FORMATS.iter().filter(|reader| reader.claims(record)).map(|reader| reader.name()));
    });
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn a_bill_is_claimed_by_the_reader_of_its_folder_alone_and_can_be_read() {
    let files = files("samples/invoices");
    // A file of a user's own is claimed by nobody: the settings describe it.
    for (folder, path) in files.iter().filter(|(folder, _)| folder != "mapped") {
        assert_eq!(claiming(path), [folder.as_str()], "{}", path.display());
        let framing = Framing::open(Box::new(fs_err::File::open(path).unwrap())).unwrap();
        let (shape, reader) = (framing.shape().unwrap(), formats::by_name(folder).unwrap());
        let read = reading::read(framing, shape, reader, &Options::default(), &mut |_| ()).unwrap();
        assert!(read.1.lines > 0, "{} has no line", path.display());
    }
    for reader in formats::FORMATS {
        assert!(files.iter().any(|(folder, _)| folder == reader.name()), "{} has no sample", reader.name());
    }
}

#[test]
fn a_log_of_calls_is_no_bill_of_anthropic() {
    let logs = files("samples");
    assert!(logs.len() > 30);
    let beside = |path: &Path| path.extension().is_some_and(|ending| ending == "py" || ending == "toml");
    for (_, path) in logs.into_iter().filter(|(_, path)| !beside(path)) {
        let claims = claiming(&path);
        assert!(!claims.iter().any(|name| name.starts_with("anthropic")), "{} by {claims:?}", path.display());
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// A bill that was cut, stuck together or scribbled on is read or refused, and the reader lives.
    #[test]
    fn a_spoilt_bill_is_read_or_refused(
        at in any::<Index>(),
        from in any::<Index>(),
        length in 0usize..40,
        put in "[-\"{}\\[\\],:0-9eé≤\n]{0,6}",
    ) {
        let files = files("samples/invoices");
        let (folder, path) = &files[at.index(files.len())];
        let mut bytes = fs_err::read(path).unwrap();
        let from = from.index(bytes.len());
        let until = (from + length).min(bytes.len());
        bytes.splice(from..until, put.into_bytes());
        let framing = Framing::open(Box::new(std::io::Cursor::new(bytes))).unwrap();
        let (Ok(shape), Some(reader)) = (framing.shape(), formats::by_name(folder)) else { return Ok(()) };
        let mut lines = 0;
        let read = reading::read(framing, shape, reader, &Options::default(), &mut |_| lines += 1);
        if let Ok((_, control)) = read {
            prop_assert_eq!(control.lines, lines);
        }
    }
}
