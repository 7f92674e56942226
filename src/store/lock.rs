//! The lock beside the store: one writer at a time, and a name for whoever waits.

use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;

use crate::domain::Timestamp;
use crate::store::StoreError;

/// Held while writing; released when dropped, and by the system when the process ends.
pub struct WriteLock {
    _file: fs_err::File,
}

impl WriteLock {
    /// Takes the lock of a store or says who has it.
    pub fn take(store: &Path, since: Timestamp) -> Result<WriteLock, StoreError> {
        let mut path = store.as_os_str().to_owned();
        path.push(".lock");
        if let Some(folder) = store.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder)?;
        }
        let mut file = fs_err::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.file().try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                return Err(StoreError::Locked(Some(holder.trim().to_string()).filter(|who| !who.is_empty())));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        file.file().set_len(0)?;
        file.rewind()?;
        writeln!(file, "process {} (writing since {since})", std::process::id())?;
        Ok(WriteLock { _file: file })
    }
}
