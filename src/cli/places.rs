//! Where coding agents keep their sessions, so that nobody has to know.
//!
//! Only files that can hold usage are offered; an agent keeps notes, images and outputs of tools beside them.

use std::path::Path;
use std::path::PathBuf;

use crate::cli::error::CliError;
use crate::cli::settings::env;
use crate::cli::settings::user_folder;
use crate::ops::paths;

/// A coding agent whose places are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// Claude Code: `projects` in each folder of CLAUDE_CONFIG_DIR, else in `~/.config/claude` and `~/.claude`.
    ClaudeCode,
    /// Codex: `sessions` and `archived_sessions` in CODEX_HOME, else in `~/.codex`.
    Codex,
    /// Gemini CLI: `~/.gemini/tmp/*/chats`.
    GeminiCli,
    /// OpenCode: `opencode` in the user's data folder, the database before the files it came from.
    OpenCode,
}

/// What is at an agent's places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The folders that were looked for.
    pub looked: Vec<PathBuf>,
    /// Whether one of them exists.
    pub exists: bool,
    /// The files that can hold usage.
    pub files: Vec<PathBuf>,
}

impl Agent {
    /// Returns the agent's name.
    pub const fn name(self) -> &'static str {
        match self {
            Agent::ClaudeCode => "Claude Code",
            Agent::Codex => "Codex",
            Agent::GeminiCli => "Gemini CLI",
            Agent::OpenCode => "OpenCode",
        }
    }

    /// Looks where the agent keeps its sessions.
    pub fn find(self) -> Result<Found, CliError> {
        let home = env("HOME").map(PathBuf::from);
        let at_home = |below: &str| home.as_ref().map(|home| home.join(below)).into_iter();
        match self {
            Agent::ClaudeCode => {
                let named: Vec<PathBuf> = env("CLAUDE_CONFIG_DIR").map(|list| folders(&list)).unwrap_or_default();
                let roots = if named.is_empty() {
                    at_home(".config/claude").chain(at_home(".claude")).collect()
                } else {
                    named
                };
                below(roots.into_iter().map(|root| root.join("projects")), &|path| is_lines(path))
            }
            Agent::Codex => {
                let root = env("CODEX_HOME").map(PathBuf::from).or_else(|| at_home(".codex").next());
                let folders = root.into_iter().flat_map(|root| [root.join("sessions"), root.join("archived_sessions")]);
                below(folders, &|path| is_lines(path))
            }
            Agent::GeminiCli => {
                let in_chats = |path: &Path| path.ancestors().skip(1).any(|folder| folder.ends_with("chats"));
                below(at_home(".gemini/tmp"), &|path| in_chats(path) && (is_lines(path) || ends(path, &[".json"])))
            }
            Agent::OpenCode => {
                let root = user_folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("opencode"));
                opencode(root)
            }
        }
    }
}

/// The database holds what the files held; they stay behind when OpenCode moves to it.
fn opencode(root: Option<PathBuf>) -> Result<Found, CliError> {
    let Some(root) = root else { return Ok(Found::default()) };
    let is_database = |path: &Path| {
        path.parent() == Some(root.as_path())
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("opencode"))
            && ends(path, &[".db"])
    };
    let databases = below([root.clone()], &is_database)?;
    if !databases.files.is_empty() {
        return Ok(databases);
    }
    let messages = below([root.join("storage").join("message")], &|path| ends(path, &[".json"]))?;
    Ok(Found { looked: vec![root], exists: databases.exists, files: messages.files })
}

fn folders(list: &str) -> Vec<PathBuf> {
    list.split(',').map(str::trim).filter(|folder| !folder.is_empty()).map(PathBuf::from).collect()
}

fn below(folders: impl IntoIterator<Item = PathBuf>, is_wanted: &dyn Fn(&Path) -> bool) -> Result<Found, CliError> {
    let mut found = Found::default();
    for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
        if found.looked.contains(&folder) {
            continue;
        }
        if folder.is_dir() {
            found.exists = true;
            let files =
                paths::below(&folder).map_err(|error| CliError::new(format!("{}: {error}", folder.display())))?;
            found.files.extend(files.into_iter().filter(|path| is_wanted(path)));
        }
        found.looked.push(folder);
    }
    Ok(found)
}

fn is_lines(path: &Path) -> bool {
    ends(path, &[".jsonl", ".jsonl.gz", ".jsonl.zst"])
}

fn ends(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    endings.iter().any(|ending| name.ends_with(ending))
}
