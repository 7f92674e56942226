//! The rooms of `src/` and the arrows between them: in one crate the compiler cannot keep them, so read the source.
//!
//! A plain text check: one `use crate::room::Thing;` to a line is what makes it possible. Comments are not read.

use std::path::Path;
use std::path::PathBuf;

/// Every room, and the rooms it may name: the table of `lib.rs`.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("read", &["domain"]),
    ("price", &["domain"]),
    ("store", &["domain"]),
    ("report", &["domain"]),
    ("analyze", &["domain", "report"]),
    ("ops", &["domain", "read", "price", "store", "report", "analyze"]),
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

#[test]
fn rooms_only_look_inwards() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room()) else {
            assert!(["main.rs", "lib.rs"].contains(&source.name.as_str()), "{} is in no room", source.name);
            continue;
        };
        for (line, code) in source.code() {
            for (other, _) in ROOMS {
                let named = names(code, &format!("crate::{other}"));
                if named && other != room && !allowed.contains(other) {
                    wrong.push(format!("src/{}:{line}: {room} names {other}", source.name));
                }
            }
            if code.contains("crate::{") || code.contains("crate::*") || code.contains("crate as ") {
                wrong.push(format!("src/{}:{line}: one room to a line: `use crate::room::Thing;`", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_path_leaves_a_room_through_super() {
    let mut wrong = Vec::new();
    for source in sources() {
        let mut inner = 0;
        for (line, code) in source.code() {
            // A module inside the file is one step deeper; the files keep such a module last.
            inner += usize::from(code.starts_with("mod ") && code.ends_with('{'));
            let steps = code.match_indices("super::").count();
            let chained = (1..=steps).rev().find(|n| code.contains(&"super::".repeat(*n))).unwrap_or(0);
            if chained >= source.depth() + inner {
                wrong.push(format!("src/{}:{line}: `super::` leads out of the room", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_clock_terminal_and_environment_stay_in_their_place() {
    let mut wrong = Vec::new();
    let mut met = vec![0; KEPT.len()];
    for source in sources() {
        for (line, code) in source.code() {
            for (at, (word, place)) in KEPT.iter().enumerate() {
                let at_home = source.name.starts_with(place);
                if names(code, word) {
                    met[at] += usize::from(at_home);
                    if !at_home {
                        wrong.push(format!("src/{}:{line}: `{word}` belongs to {place}", source.name));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A rule about a word that nobody uses any more would hold whatever the code does.
    for word in ["polars", "rusqlite", "clap", "Utc::now", "env::var_os"] {
        let at = KEPT.iter().position(|(known, _)| known == &word).unwrap();
        assert!(met[at] > 0, "`{word}` is nowhere: is the check still reading the source?");
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
fn words_are_told_from_their_parts() {
    assert!(names("use crate::read::json;", "crate::read"));
    assert!(!names("use crate::reader;", "crate::read"));
    assert!(names("std::env::var(name)", "env::var") && !names("std::env::var_os(name)", "env::var"));
    assert!(names("println!(\"x\")", "println!") && !names("eprintln!(\"x\")", "println!"));
    let source = Source { name: "read/otlp/usage.rs".into(), text: "// crate::store\nlet x = 1;".into() };
    assert_eq!((source.room(), source.depth(), source.code().count()), ("read", 3, 1));
}
