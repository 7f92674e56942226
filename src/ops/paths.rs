//! What a user's PATH… means: files, folders, globs, standard input. Opens nothing but folders.

use std::path::Path;
use std::path::PathBuf;

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file the user named: it must be a log.
    Named(PathBuf),
    /// A file found in a folder or by a pattern: what is no log is passed over with a note.
    Found(PathBuf),
}

impl Input {
    /// Returns the path as it is shown and recorded.
    pub fn shown(&self) -> String {
        match self {
            Input::Stdin => "-".into(),
            Input::Named(path) | Input::Found(path) => path.display().to_string(),
        }
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No such file or folder, and no pattern.
    #[error("no such file or folder")]
    Missing,
    /// A pattern that nothing matches.
    #[error("no file matches the pattern")]
    NothingMatches,
    /// A pattern that is none.
    #[error("not a pattern: {0}")]
    Pattern(String),
    /// A folder that cannot be listed.
    #[error("cannot list the folder: {0}")]
    Unlistable(String),
    /// A socket, a device: nothing that holds a log.
    #[error("not a regular file")]
    NotAFile,
}

/// Returns the inputs that a path means, folders in the order of their names.
pub fn expand(path: &str) -> Result<Vec<Input>, PathError> {
    if path == "-" {
        return Ok(vec![Input::Stdin]);
    }
    let direct = Path::new(path);
    match fs_err::metadata(direct) {
        Ok(meta) if meta.is_dir() => {
            let mut found = Vec::new();
            walk(direct, &mut found)?;
            Ok(found.into_iter().map(Input::Found).collect())
        }
        Ok(meta) if is_readable_kind(&meta) => Ok(vec![Input::Named(direct.to_path_buf())]),
        Ok(_) => Err(PathError::NotAFile),
        Err(_) if path.contains(['*', '?', '[']) => {
            let matches = glob::glob(path).map_err(|error| PathError::Pattern(error.to_string()))?;
            let mut found = Vec::new();
            for path in matches.flatten() {
                if path.is_dir() { walk(&path, &mut found)? } else { found.push(path) }
            }
            if found.is_empty() {
                return Err(PathError::NothingMatches);
            }
            Ok(found.into_iter().map(Input::Found).collect())
        }
        Err(_) => Err(PathError::Missing),
    }
}

/// A rule's pattern matches the path or its end: `logs/*.jsonl` matches `/data/logs/a.jsonl`.
pub fn matches(pattern: &str, path: &str) -> bool {
    glob::Pattern::new(pattern).is_ok_and(|glob| glob.matches(path))
        || glob::Pattern::new(&format!("*/{}", pattern.trim_start_matches("./"))).is_ok_and(|glob| glob.matches(path))
}

/// A named pipe is a stream like standard input; a socket or a disk is not.
fn is_readable_kind(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    meta.is_file() || meta.file_type().is_fifo() || meta.file_type().is_char_device()
}

/// Returns the files below a folder, hidden ones left out, in the order of their names.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>, PathError> {
    let mut found = Vec::new();
    walk(folder, &mut found)?;
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), PathError> {
    let entries = fs_err::read_dir(folder).map_err(|error| PathError::Unlistable(error.to_string()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // A link to a folder is not followed: it may lead back up.
        let is_link = path.is_symlink();
        match path.is_dir() {
            _ if hidden => {}
            true if !is_link => walk(&path, found)?,
            true => {}
            false => found.push(path),
        }
    }
    Ok(())
}
