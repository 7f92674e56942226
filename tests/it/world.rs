//! A world for tests: an empty folder, the program in a closed environment, stores, and what they say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use attr::domain::Axis;
use attr::domain::Filter;
use attr::domain::Usd;
use attr::domain::Window;
use attr::domain::Zone;
use attr::domain::rollup::Logged;
use attr::domain::rollup::Measures;
use attr::domain::rollup::RollupQuery;
use attr::domain::rollup::Rollups;
use attr::domain::time::Timestamp;
use attr::ops::PriceTable;
use attr::ops::book::Book;
use attr::ops::import;
use attr::ops::import::FileOutcome;
use attr::ops::import::How;
use attr::ops::import::ImportPlan;
use attr::ops::import::Watch;
use attr::store::ImportTail;
use attr::store::Imported;
use attr::store::Store;
use proptest::test_runner::Config;

/// Tries so many cases; failures are printed, not kept in files.
pub(crate) fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}

/// Watches nothing.
pub(crate) struct Quiet;

impl Watch for Quiet {
    fn progress(&self, _path: &str, _read: u64, _total: Option<u64>) {}
    fn done(&self) {}
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Returns the answer as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Fails unless the program ended with this code and did not panic.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Ran {
        assert!(!self.err.contains("panicked"), "the program panicked: {self:?}");
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Fails unless stderr says this.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Ran {
        assert!(self.err.contains(words), "`{words}` is not said: {self:?}");
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A folder of its own and the program in it.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> World {
        World { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path("attr.db")
    }

    /// Writes a file and returns its path as text.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Returns the program with nothing of the outer environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_attr"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("ATTR_DB", self.db())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn attr(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Returns the calls and the cost of the store, as the program tells them.
    #[track_caller]
    pub(crate) fn total(&self) -> (u64, Usd) {
        let answer = self.attr(&["slice", "--json"]).ended(0).json();
        let total = &answer["total"];
        (total["calls"].as_u64().unwrap(), Usd::parse(total["cost_usd"].as_str().unwrap()).unwrap())
    }

    /// Fails unless the store agrees with itself.
    #[track_caller]
    pub(crate) fn sound(&self) {
        self.attr(&["store", "check"]).ended(0);
    }
}

/// A store in memory with the built-in prices, which are read once for all tests.
pub(crate) fn book() -> Book {
    static TABLE: std::sync::OnceLock<PriceTable> = std::sync::OnceLock::new();
    Book::in_memory(TABLE.get_or_init(|| PriceTable::builtin().unwrap()).clone()).unwrap()
}

/// A file that is in.
pub(crate) struct In {
    pub(crate) tail: ImportTail,
    pub(crate) imported: Imported,
}

/// Imports one file any way there is and tells what became of it.
pub(crate) fn import_how(book: &mut Book, path: &Path, how: How) -> FileOutcome {
    let plan = ImportPlan {
        paths: vec![path.display().to_string()],
        how,
        at: Timestamp(1_800_000_000_000_000_000),
        ..ImportPlan::default()
    };
    let mut results = import::run(book, &plan, &Quiet).unwrap();
    assert_eq!(results.len(), 1, "{results:?}");
    results.pop().unwrap().outcome
}

/// Imports a text as a file of that name.
#[track_caller]
pub(crate) fn import_text(book: &mut Book, name: &str, content: impl AsRef<[u8]>) -> In {
    import_text_how(book, name, content, How::default())
}

/// Imports a text as a file of that name, read a certain way.
#[track_caller]
pub(crate) fn import_text_how(book: &mut Book, name: &str, content: impl AsRef<[u8]>, how: How) -> In {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, content).unwrap();
    match import_how(book, &path, how) {
        FileOutcome::In { tail, imported, .. } => In { tail, imported: *imported },
        other => panic!("{name} is not in: {other:?}"),
    }
}

/// Sums by key along axes.
pub(crate) type Sums = BTreeMap<Vec<Option<String>>, Measures>;

/// Asks a store for sums.
pub(crate) fn sums(store: &Store, by: &[&str], filter: Filter, window: Window, zone: Zone) -> Sums {
    let by: Vec<Axis> = by.iter().map(|name| Axis::parse(name)).collect();
    let rollup = store.rollup(&RollupQuery { by, window, filter, zone, logged: Logged::Ignored }).unwrap();
    let count = rollup.len();
    let sums: Sums = rollup
        .groups()
        .map(|group| (group.key.iter().map(|value| value.as_deref().map(str::to_string)).collect(), group.measures))
        .collect();
    assert_eq!(sums.len(), count, "two groups share a key");
    sums
}

/// Asks a store for the sums of everything along axes.
pub(crate) fn by(store: &Store, by: &[&str]) -> Sums {
    sums(store, by, Filter::default(), Window::default(), Zone::UTC)
}

/// Asks a store for its total.
pub(crate) fn total(store: &Store) -> Measures {
    by(store, &[]).into_values().next().unwrap_or_default()
}

/// Fails unless the store agrees with itself.
#[track_caller]
pub(crate) fn assert_sound(store: &Store) {
    let checked = store.check().unwrap();
    assert_eq!(checked.problems, Vec::<String>::new());
    let total = total(store);
    assert_eq!((checked.calls, checked.cost), (total.calls, total.cost), "rows and answers differ");
}
