//! The rooms of `src/` and the arrows between them: in one crate the compiler cannot keep them, so read the source.
//!
//! A plain text check: one `use crate::room::Thing;` to a line is what makes it possible. Comments are not read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::path::PathBuf;

/// Every room, and the rooms it may name: the table of `lib.rs`.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("read", &["domain"]),
    ("invoice", &["domain", "read"]),
    ("price", &["domain"]),
    ("store", &["domain"]),
    ("report", &["domain"]),
    ("analyze", &["domain", "report"]),
    ("ops", &["domain", "read", "invoice", "price", "store", "report", "analyze"]),
    ("render", &["domain", "report"]),
    ("cli", &["ops", "render", "report", "domain"]),
];

/// What only one place may name, and the place (a folder or a file of `src/`).
const KEPT: &[(&str, &str)] = &[
    ("polars", "analyze/frame.rs"),
    ("rusqlite", "store/"),
    ("clap", "cli/"),
    ("comfy_table", "render/table.rs"),
    ("indicatif", "cli/ui.rs"),
    ("Utc::now", "cli/clock.rs"),
    ("Local::now", "cli/clock.rs"),
    ("SystemTime", "cli/clock.rs"),
    ("Instant::now", "cli/ui.rs"),
    ("env::var_os", "cli/settings.rs"),
    ("env::var", "cli/settings.rs"),
    ("print!", "cli/"),
    ("println!", "cli/"),
    ("eprint!", "cli/"),
    ("eprintln!", "cli/"),
    ("io::stdout", "cli/"),
    ("io::stderr", "cli/"),
    ("std::net", "nowhere"),
];

struct Source {
    /// The path below `src/`, with `/`.
    name: String,
    text: String,
}

impl Source {
    /// The code without its comment lines, with line numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()))
            .filter(|(_, line)| !line.starts_with("//"))
    }

    fn room(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or_default()
    }

    /// How many `super::` lead from the file's own module to the crate's root.
    fn depth(&self) -> usize {
        self.name.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 50, "only {} files found below {}", found.len(), root.display());
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { name, text: fs_err::read_to_string(&path).unwrap() });
        }
    }
}

/// Returns every place where `word` stands as a whole word.
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_none_or(|c| !is_part(c));
        let after = line[at + word.len()..].chars().next().is_none_or(|c| !is_part(c) || !word.ends_with(is_part));
        before && after
    })
}

/// Returns where a file names a room that its own may not know.
fn arrows_out(source: &Source) -> Vec<String> {
    let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room()) else {
        assert!(["main.rs", "lib.rs"].contains(&source.name.as_str()), "{} is in no room", source.name);
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for (line, code) in source.code() {
        for (other, _) in ROOMS {
            if names(code, &format!("crate::{other}")) && other != room && !allowed.contains(other) {
                wrong.push(format!("src/{}:{line}: {room} names {other}", source.name));
            }
        }
        if code.contains("crate::{") || code.contains("crate::*") || code.contains("crate as ") {
            wrong.push(format!("src/{}:{line}: one room to a line: `use crate::room::Thing;`", source.name));
        }
    }
    wrong
}

/// Returns where `super::` climbs above the room.
fn climbs_out(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut inner = 0;
    for (line, code) in source.code() {
        // A module inside the file is one step deeper; the files keep such a module last.
        inner += usize::from(code.starts_with("mod ") && code.ends_with('{'));
        let steps = code.matches("super::").count();
        let chained = (1..=steps).rev().find(|n| code.contains(&"super::".repeat(*n))).unwrap_or(0);
        if chained >= source.depth() + inner {
            wrong.push(format!("src/{}:{line}: `super::` leads out of the room", source.name));
        }
    }
    wrong
}

/// Returns where a file names what is kept elsewhere.
fn out_of_place(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, code) in source.code() {
        for (word, place) in KEPT {
            if names(code, word) && !source.name.starts_with(place) {
                wrong.push(format!("src/{}:{line}: `{word}` belongs to {place}", source.name));
            }
        }
    }
    wrong
}

fn none(check: impl Fn(&Source) -> Vec<String>) {
    let wrong: Vec<String> = sources().iter().flat_map(check).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rooms_only_look_inwards() {
    none(arrows_out);
}

#[test]
fn no_path_leaves_a_room_through_super() {
    none(climbs_out);
}

#[test]
fn crates_clock_terminal_and_environment_stay_in_their_place() {
    none(out_of_place);
    // A rule about a word that nobody uses any more would hold whatever the code does.
    for word in ["polars", "rusqlite", "clap", "Utc::now", "env::var_os"] {
        let used = sources().iter().any(|source| source.code().any(|(_, code)| names(code, word)));
        assert!(used, "`{word}` is nowhere: is the check still reading the source?");
    }
}

/// The rooms here are those of `lib.rs`, in its list of modules and in its table.
#[test]
fn the_map_is_the_territory() {
    let text = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let mut modules: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut rooms: Vec<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    modules.sort_unstable();
    rooms.sort_unstable();
    assert_eq!(modules, rooms);
    for (room, allowed) in ROOMS {
        let row = text.lines().find(|line| line.starts_with(&format!("//! | [`{room}`]"))).unwrap();
        let named: Vec<&str> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        if !row.contains("all above") {
            assert_eq!(named, *allowed, "lib.rs says otherwise of {room}");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> =
        sources().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.name).collect();
    assert!(silent.is_empty(), "no `//!` at the top of {silent:?}");
}

/// The checks above can fail.
#[test]
fn what_is_out_of_place_is_found() {
    let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
    let found = |name: &str, text: &str| {
        let source = source(name, text);
        (arrows_out(&source).len(), climbs_out(&source).len(), out_of_place(&source).len())
    };
    assert_eq!(found("read/otlp/usage.rs", "use crate::domain::Call;\nuse crate::reader::X;"), (0, 0, 0));
    assert_eq!(found("read/otlp/usage.rs", "// crate::store\nuse crate::store::Store;"), (1, 0, 0));
    assert_eq!(found("cli/app.rs", "use crate::{ops, render};"), (1, 0, 0));
    assert_eq!(found("read/flat.rs", "super::value::count(x)"), (0, 0, 0));
    assert_eq!(found("read/flat.rs", "use super::super::store::Store;"), (0, 1, 0));
    assert_eq!(found("read/mod.rs", "use super::store::Store;"), (0, 1, 0));
    assert_eq!(found("price/error.rs", "mod tests {\n    use super::*;"), (0, 0, 0));
    assert_eq!(found("ops/slice.rs", "println!(\"x\"); chrono::Utc::now(); use rusqlite::Connection;"), (0, 0, 3));
    assert_eq!(found("store/scan.rs", "use rusqlite::Connection; // and no polars_core"), (0, 0, 0));
}
