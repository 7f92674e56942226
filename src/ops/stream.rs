//! One input, opened: unpacked, framed, and ready for whoever its records belong to. Logs and bills come in the same way.

use std::io::Read;
use std::io::Seek;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::ops::paths::Input;
use crate::read::ReadError;
use crate::read::framing::Framing;
use crate::read::framing::Shape;
use crate::read::source;
use crate::read::source::Hash;
use crate::store::StoreError;
use crate::store::foreign;
use crate::store::foreign::Foreign;

/// An input whose head has been read.
pub(super) struct Opened {
    /// Its records to come.
    pub framing: Framing,
    /// How they are told apart.
    pub shape: Shape,
    /// Its bytes on disk, if known.
    pub size: Option<u64>,
    /// How many of them have been read.
    pub read: Arc<AtomicU64>,
    /// The hash of its bytes, unpacked: a packed copy of a file is the same file.
    pub hash: Hash,
}

/// Opens an input.
pub(super) fn open(input: &Input) -> Result<Opened, ReadError> {
    if let Input::Found(found) = input
        && !found.is_file()
    {
        let what = if found.exists() { "not a regular file" } else { "a broken link" };
        return Err(ReadError::NotRecognised(what.into()));
    }
    let read = Arc::new(AtomicU64::new(0));
    let (stream, size) = bytes(input, Arc::clone(&read))?;
    let (stream, hash) = source::hashed(stream);
    let framing = Framing::open(stream)?;
    let shape = framing.shape().map_err(|not_text| ReadError::NotRecognised(not_text.0))?;
    Ok(Opened { framing, shape, size, read, hash })
}

type Stream = Box<dyn Read + Send>;

fn bytes(input: &Input, passed: Arc<AtomicU64>) -> Result<(Stream, Option<u64>), ReadError> {
    match input {
        Input::Stdin => Ok((source::decompressed(std::io::stdin(), passed)?, None)),
        Input::Named(path) | Input::Found(path) => {
            let mut file = fs_err::File::open(path)?;
            let meta = file.metadata()?;
            if meta.is_dir() {
                return Err(std::io::Error::new(std::io::ErrorKind::IsADirectory, "a folder").into());
            }
            let size = meta.is_file().then_some(meta.len());
            if let Some(size) = size
                && let Some(messages) = messages(&mut file)?
            {
                // What was read of the pages cannot be told: the lines say how far it is, the file how far it goes.
                return Ok((source::decompressed(messages, passed)?, Some(size)));
            }
            Ok((source::decompressed(file, passed)?, size))
        }
    }
}

/// Opens the messages in the database of another program; `None` for any other file, which the reader will judge.
fn messages(file: &mut fs_err::File) -> Result<Option<Stream>, ReadError> {
    let mut head = [0; foreign::MAGIC.len()];
    let read = file.read(&mut head)?;
    file.rewind()?;
    if head[..read] != *foreign::MAGIC {
        return Ok(None);
    }
    match foreign::open(file.path()) {
        Ok(Foreign::Messages(lines)) => Ok(Some(lines)),
        Ok(Foreign::Unknown) | Err(StoreError::Foreign) => Ok(None),
        Ok(Foreign::Ours) => {
            Err(ReadError::NotRecognised("a store of attr: it holds imported calls and is no log".into()))
        }
        Err(error) => Err(std::io::Error::other(format!("a SQLite database that does not open: {error}")).into()),
    }
}
