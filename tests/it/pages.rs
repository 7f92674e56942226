//! The README and the manual pages run: each `console` block is executed and its output compared, the other blocks
//! are checked against what they speak of, and no command or option goes without a word.
//!
//! After a wanted change of output: `TRYCMD=overwrite cargo test --release pages`, then read the diff.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use attr::cli::Cli;
use attr::read::formats::Format;
use clap::CommandFactory;

const PROGRAM: &str = env!("CARGO_BIN_EXE_attr");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs_err::read_to_string(root().join(path)).unwrap()
}

/// The environment of every page: a home of its own, a fixed clock and width, no colour, nobody's settings.
fn environment(home: &Path) -> Vec<(&'static str, String)> {
    let inside = |name: &str| home.join(name).display().to_string();
    fs_err::write(home.join("attr.toml"), "").unwrap();
    vec![
        ("HOME", home.display().to_string()),
        ("XDG_CONFIG_HOME", inside("config")),
        ("XDG_DATA_HOME", inside("data")),
        ("ATTR_DB", inside("attr.db")),
        // An empty file, so that no attr.toml above the working folder has a say.
        ("ATTR_CONFIG", inside("attr.toml")),
        ("ATTR_AS_OF", "2026-11-21T08:00:00Z".into()),
        ("COLUMNS", "100".into()),
        ("TZ", "UTC".into()),
        ("ATTR_PRICING", String::new()),
        ("ATTR_TIMEZONE", String::new()),
        ("ATTR_COLOR", String::new()),
        ("NO_COLOR", String::new()),
        ("FORCE_COLOR", String::new()),
    ]
}

/// Runs the commands of a page in order, in one home.
fn run_page(page: &str, changed: &[(&'static str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    let cases = trycmd::TestCases::new();
    cases.register_bin("attr", Path::new(PROGRAM));
    for (name, value) in environment(home.path()) {
        cases.env(name, value);
    }
    for (name, value) in changed {
        cases.env(*name, *value);
    }
    cases.insert_var("[HOME]", home.path().display().to_string()).unwrap();
    cases.case(root().join(page)).run();
}

fn attr(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(environment(home)).current_dir(root()).args(args);
    command.output().unwrap()
}

/// Returns (language, content) of each fenced block.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in markdown.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                found.push((language.to_string(), String::new()));
            }
            None if open => {
                let content = &mut found.last_mut().expect("a block is open").1;
                content.push_str(line);
                content.push('\n');
            }
            None => {}
        }
    }
    found
}

fn block(markdown: &str, language: &str) -> String {
    let mut of = blocks(markdown).into_iter().filter(|(known, _)| known == language);
    let found = of.next().unwrap_or_else(|| panic!("no block of {language}")).1;
    assert!(of.next().is_none(), "more than one block of {language}: which one is meant?");
    found
}

// --- The README -------------------------------------------------------------------------------------------

#[test]
fn the_readme_runs() {
    run_page("README.md", &[]);
}

/// Each language of block in the README has a test, here or above.
#[test]
fn every_block_of_the_readme_is_checked() {
    for (language, content) in blocks(&text("README.md")) {
        assert!(["console", "sh", "toml", "sql", "text"].contains(&language.as_str()), "{language}: {content}");
        let prompts = content.lines().filter(|line| line.starts_with("$ ")).count();
        assert_eq!(prompts > 0, language == "console", "commands with output stand in console blocks: {content}");
    }
}

/// The two commands of a new machine are what CI runs, letter by letter.
#[test]
fn the_set_up_commands_are_those_of_ci() {
    let (readme, ci) = (text("README.md"), text(".ci/run"));
    let commands = block(&readme, "sh");
    assert_eq!(commands.lines().count(), 2, "{commands}");
    for command in commands.lines() {
        assert!(ci.lines().any(|line| line.trim().starts_with(command)), "CI does not run `{command}`");
    }
    let main = commands.lines().next().unwrap().strip_prefix("cargo run --release -- ").unwrap();
    assert!(blocks(&readme).iter().any(|(_, content)| content.contains(&format!("$ attr {main}\n"))), "{main}");
}

/// The formats read and refused, and the reasons for having no price, are those of the program.
#[test]
fn the_readme_names_every_format_and_reason() {
    let readme = text("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    for format in attr::read::formats::FORMATS {
        match format {
            Format::Read(reader) => assert!(readme.contains(&format!("| `{}` |", reader.name())), "{}", reader.name()),
            Format::Refused { what, .. } => assert!(readme.contains(what), "{what}"),
        }
    }
    for name in attr::ops::bills::names().into_iter().chain(["mapped"]) {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
    for reason in attr::domain::Unpriced::ALL {
        assert!(readme.contains(&format!("| `{}` |", reason.name())), "{}", reason.name());
    }
}

/// The settings shown are those that the page of `attr config` runs with.
#[test]
fn the_settings_of_the_readme_are_run() {
    assert_eq!(block(&text("README.md"), "toml"), text("tests/cmd/config.in/attr.toml"));
    assert_eq!(block(&text("tests/cmd/dimensions.md"), "toml"), text("tests/cmd/dimensions.in/attr.toml"));
    assert_eq!(block(&text("tests/cmd/bills.md"), "toml"), text("tests/cmd/bills.in/attr.toml"));
    assert_eq!(block(&text("tests/cmd/check.md"), "toml"), text("samples/spike/attr.toml"));
    assert_eq!(block(&text("tests/cmd/spikes.md"), "toml"), text("tests/cmd/spikes.toml"));
}

/// The query shown gives the rows shown, by plain SQLite and without this program.
#[test]
fn the_query_of_the_readme_gives_its_rows() {
    let readme = text("README.md");
    let home = tempfile::tempdir().unwrap();
    let imported = attr(home.path(), &["import", "samples/quickstart"]);
    assert!(imported.status.success(), "{imported:?}");
    let store = rusqlite::Connection::open(home.path().join("attr.db")).unwrap();
    let mut statement = store.prepare(&block(&readme, "sql")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut shown = String::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..columns).map(|at| match row.get_ref(at).unwrap() {
            rusqlite::types::ValueRef::Null => String::new(),
            rusqlite::types::ValueRef::Integer(n) => n.to_string(),
            rusqlite::types::ValueRef::Real(n) => format!("{n:?}"),
            rusqlite::types::ValueRef::Text(text) | rusqlite::types::ValueRef::Blob(text) => {
                String::from_utf8_lossy(text).into_owned()
            }
        });
        shown.push_str(&cells.collect::<Vec<_>>().join("|"));
        shown.push('\n');
    }
    assert_eq!(shown, block(&readme, "text"), "the text block behind the query is what the sqlite3 shell prints");
}

/// Rows, subtotals and the ungrouped total agree to the last digit on the story of the README.
#[test]
fn the_readme_does_not_promise_too_much() {
    let home = tempfile::tempdir().unwrap();
    let cost = |by: &str| -> (attr::domain::Usd, attr::domain::Usd) {
        let args = ["slice", "--from", "samples/quickstart", "--json", "--by", by];
        let answer: serde_json::Value = serde_json::from_slice(&attr(home.path(), &args).stdout).unwrap();
        let usd = |value: &serde_json::Value| attr::domain::Usd::parse(value["cost_usd"].as_str().unwrap()).unwrap();
        (answer["rows"].as_array().unwrap().iter().map(usd).sum(), usd(&answer["total"]))
    };
    let (_, total) = cost("");
    for by in ["feature,tenant", "model", "hour", "user,session,run", "status,tier"] {
        assert_eq!(cost(by), (total, total), "by {by}");
    }
}

// --- The manual -------------------------------------------------------------------------------------------

fn pages() -> Vec<PathBuf> {
    let entries = fs_err::read_dir(root().join("tests/cmd")).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ext| ext == "md"));
    pages.sort();
    pages
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn the_manual_runs() {
    for page in pages() {
        let path = format!("tests/cmd/{}.md", stem(&page));
        // These pages are about what settings say: their own folders have the attr.toml.
        let closed = !["bills", "config", "dimensions"].contains(&stem(&page));
        run_page(
            &path,
            if closed {
                &[]
            } else {
                &[("ATTR_DB", ""), ("ATTR_CONFIG", ""), ("ATTR_AS_OF", ""), ("ATTR_COLOR", "never")]
            },
        );
    }
}

/// Pages about a subject and no command.
const SUBJECTS: [&str; 2] = ["bills", "dimensions"];

fn program() -> clap::Command {
    let mut program = Cli::command().term_width(100);
    program.build();
    program
}

/// Walks a command and all below it, `help` left out.
fn each(command: &clap::Command, path: &str, on: &mut impl FnMut(&str, &clap::Command)) {
    on(path, command);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        each(inner, &format!("{path} {}", inner.get_name()), on);
    }
}

#[test]
fn every_command_has_a_page_and_every_page_a_command() {
    let program = program();
    let mut commands: Vec<&str> =
        program.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help").collect();
    commands.sort_unstable();
    let mut pages: Vec<PathBuf> = pages();
    // Told on a page of its own, because several commands go by it.
    pages.retain(|page| !SUBJECTS.contains(&stem(page)));
    assert_eq!(pages.iter().map(|page| stem(page)).collect::<Vec<_>>(), commands);
    each(&program, "attr", &mut |path, command| {
        let Some(name) = path.split(' ').nth(1) else { return };
        let page = text(&format!("tests/cmd/{name}.md"));
        if command.get_subcommands().next().is_none() {
            assert!(page.contains(&format!("$ {path}")), "the page of {name} never runs `{path}`");
        }
        for option in command.get_arguments().filter(|option| option.get_help_heading().is_none()) {
            let Some(long) = option.get_long().filter(|long| *long != "help" && *long != "version") else { continue };
            assert!(page.contains(&format!("--{long}")), "the page of {name} has no word about --{long} of `{path}`");
        }
    });
}

/// Options that several commands share are told in the page of one of them or in the README.
#[test]
fn every_option_is_told_somewhere() {
    let told: String =
        pages().iter().map(|page| fs_err::read_to_string(page).unwrap()).collect::<String>() + &text("README.md");
    each(&program(), "attr", &mut |path, command| {
        for option in command.get_arguments() {
            let Some(long) = option.get_long().filter(|long| *long != "help") else { continue };
            assert!(told.contains(&format!("--{long}")), "no page has a word about --{long} of `{path}`");
        }
    });
}

#[test]
fn every_command_and_option_has_its_help_line() {
    each(&program(), "attr", &mut |path, command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.ends_with('.'), "`{path}` says of itself: {about:?}");
        for option in command.get_arguments() {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty() && !help.ends_with('.'), "{} of `{path}`: {help:?}", option.get_id());
        }
    });
}

/// The whole tree of help in one file, so that any change of wording shows; the global options once.
#[test]
fn the_help_tree() {
    let mut tree = String::new();
    each(&program(), "attr", &mut |path, command| {
        let help = command.clone().bin_name(path).render_long_help().to_string();
        let own = if path == "attr" { help.as_str() } else { help.split("Global options:").next().unwrap() };
        let lines: Vec<&str> = own.trim_end().lines().map(str::trim_end).collect();
        tree.push_str(&format!("# {path}\n\n{}\n\n", lines.join("\n")));
    });
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("help", tree.trim_end());
    });
}

/// The other `attr`, of extended attributes, answers neither to `--version` nor with this name.
#[test]
fn the_program_tells_who_it_is() {
    let home = tempfile::tempdir().unwrap();
    let version = attr(home.path(), &["--version"]);
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("attr {}\n", env!("CARGO_PKG_VERSION")));
}
