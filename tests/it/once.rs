//! Every call is counted once: the samples of all readers, imported again, in parts, in another order, together and
//! out again. Cases of one call in several sources, of calls in doubt and of many files at once are in `once/`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agents;
mod doubt;
mod files;
mod sources;
mod spans;

use std::path::Path;
use std::path::PathBuf;

use attr::domain::Dim;
use attr::domain::time::Timestamp;
use attr::ops::book::Book;
use attr::ops::import;
use attr::ops::import::FileOutcome;
use attr::ops::import::How;
use attr::ops::import::ImportPlan;
use attr::read::formats;
use attr::store::Store;
use proptest::prelude::*;

use crate::world::In;
use crate::world::Quiet;
use crate::world::Sums;
use crate::world::World;
use crate::world::assert_sound;
use crate::world::book;
use crate::world::by;
use crate::world::cases;
use crate::world::import_how;
use crate::world::total;

/// Returns the files of a reader's samples, in order.
fn samples_of(reader: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(reader);
    let mut files: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns every sample of every reader.
fn samples() -> Vec<PathBuf> {
    formats::readers().flat_map(|reader| samples_of(reader.name())).collect()
}

fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Imports a file that must go in.
#[track_caller]
fn put(book: &mut Book, path: &Path) -> In {
    match import_how(book, path, How::default()) {
        FileOutcome::In { tail, imported, .. } => In { tail, imported: *imported },
        other => panic!("{} is not in: {other:?}", shown(path)),
    }
}

/// Imports several files by one plan; returns what became of each.
fn put_all(book: &mut Book, paths: &[PathBuf]) -> Vec<FileOutcome> {
    let plan = ImportPlan {
        paths: paths.iter().map(|path| path.display().to_string()).collect(),
        at: Timestamp(1_800_000_000_000_000_000),
        ..ImportPlan::default()
    };
    import::run(book, &plan, &Quiet).unwrap().into_iter().map(|result| result.outcome).collect()
}

/// What a store answers: everything that could differ between two ways of getting the same calls in.
type Picture = Vec<(String, Sums)>;

fn picture(store: &Store) -> Picture {
    let mut questions: Vec<Vec<&str>> =
        vec![vec![], vec!["day"], vec!["hour", "model"], vec!["source", "provider", "model"]];
    questions.extend(Dim::all().map(|dim| vec![dim.name()]));
    questions.into_iter().map(|axes| (axes.join(","), by(store, &axes))).collect()
}

/// Fails unless two stores answer alike, naming the question they differ in.
#[track_caller]
fn assert_alike(is: &Picture, should: &Picture, what: &str) {
    for ((question, is), (_, should)) in is.iter().zip(should) {
        assert_eq!(is, should, "{what}: by `{question}`");
    }
}

fn only(paths: &[PathBuf]) -> Picture {
    let mut book = book();
    for path in paths {
        put(&mut book, path);
    }
    picture(&book.store)
}

/// Returns how many calls are stored, counted or not.
fn kept(store: &Store) -> u64 {
    total(store).calls + store.held_calls().unwrap().iter().map(|held| held.calls).sum::<u64>()
}

#[test]
fn a_file_twice_is_a_file_once() {
    for path in samples() {
        let mut book = book();
        let first = put(&mut book, &path);
        let (before, stored) = (picture(&book.store), kept(&book.store));
        let again = put(&mut book, &path);
        let name = shown(&path);
        assert_eq!((again.imported.new, again.imported.total.calls), (0, 0), "{name} has new calls the second time");
        assert_eq!(again.tail.records, first.tail.records, "{name}");
        assert_eq!(kept(&book.store), stored, "{name}: a record is stored twice");
        assert_alike(&picture(&book.store), &before, &name);
        assert_sound(&book.store);
    }
}

/// Files that grow line by line. A document that is one value grows otherwise.
fn grows(path: &Path) -> bool {
    path.extension().is_some_and(|end| ["jsonl", "csv", "sse"].iter().any(|kind| end == *kind))
}

/// Imports the first lines of a file, some more, and at last all of it.
fn grown(name: &str, text: &str, cuts: &[usize]) -> Book {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let mut book = book();
    for cut in cuts {
        let part: String = text.split_inclusive('\n').take(*cut).collect();
        fs_err::write(&path, part).unwrap();
        // Too little to be known for what it will be: then it is not in, and no harm is done.
        import_how(&mut book, &path, How::default());
    }
    fs_err::write(&path, text).unwrap();
    put(&mut book, &path);
    book
}

/// Where a log says something that its next lines take back. Two streams run through each other without an id: what
/// ended first is believed to be the one begun last, until the second end shows that nobody can tell.
const TAKEN_BACK: [(&str, usize); 2] = [("sse/events.jsonl", 18), ("sse/events.jsonl", 19)];

#[test]
fn a_file_that_grows_is_its_last_state() {
    let mut wrong = Vec::new();
    for path in samples().into_iter().filter(|path| grows(path)) {
        let text = fs_err::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let lines = text.lines().count();
        let whole = picture(&grown(name, &text, &[]).store);
        for cut in 1..lines {
            let book = grown(name, &text, &[cut]);
            let is = picture(&book.store);
            let differs = is.iter().zip(&whole).find(|(is, should)| is != should);
            let known = TAKEN_BACK.contains(&(shown(&path).as_str(), cut));
            assert!(!known || differs.is_some(), "{} is mended: take it from the list", shown(&path));
            if let Some(((question, is), (_, should))) = differs.filter(|_| !known) {
                wrong.push(format!(
                    "{} after {cut} of {lines} lines, by `{question}`:\n  {is:?}\n  {should:?}",
                    shown(&path)
                ));
            }
            assert_sound(&book.store);
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Grown in many steps, as a session is that is imported every few minutes.
#[test]
fn a_file_that_grows_step_by_step_is_its_last_state() {
    for path in samples().into_iter().filter(|path| grows(path)) {
        let text = fs_err::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let known = |cut: &usize| TAKEN_BACK.contains(&(shown(&path).as_str(), *cut));
        let cuts: Vec<usize> = (1..text.lines().count()).filter(|cut| !known(cut)).collect();
        let book = grown(name, &text, &cuts);
        assert_alike(&picture(&book.store), &picture(&grown(name, &text, &[]).store), &shown(&path));
        assert_sound(&book.store);
    }
}

#[test]
fn the_order_of_a_readers_files_does_not_matter() {
    for reader in formats::readers() {
        let mut files = samples_of(reader.name());
        // Two exports of LangSmith name one project by its id and by its name: of the same run, the first one stays.
        let only = |files: &[PathBuf]| -> Picture {
            only(files).into_iter().filter(|(axes, _)| reader.name() != "langsmith" || axes != "workspace").collect()
        };
        let should = only(&files);
        for turn in 0..files.len() {
            files.rotate_left(1);
            assert_alike(&only(&files), &should, &format!("{} turned {turn}", reader.name()));
            let back: Vec<PathBuf> = files.iter().rev().cloned().collect();
            assert_alike(&only(&back), &should, &format!("{} turned {turn}, backwards", reader.name()));
        }
    }
}

proptest! {
    #![proptest_config(cases(3))]

    /// All samples of all readers in one store, and out again in any order.
    #[test]
    fn everything_in_and_out_again(order in Just(samples()).prop_shuffle(), out in any::<u64>()) {
        let mut book = book();
        let mut inside: Vec<i64> = order.iter().map(|path| put(&mut book, path).imported.id).collect();
        assert_sound(&book.store);
        let mut seed = out | 1;
        while !inside.is_empty() {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let id = inside.swap_remove((seed % inside.len() as u64) as usize);
            prop_assert!(book.store.undo_import(id).unwrap().is_some());
            assert_sound(&book.store);
        }
        prop_assert_eq!(kept(&book.store), 0);
        prop_assert!(book.store.is_empty().unwrap());
        prop_assert!(book.store.imports().unwrap().is_empty());
        prop_assert!(book.store.probable_pairs().unwrap().is_empty());
    }
}

/// The same by the program: a folder of all samples, twice, checked, rebuilt and undone.
#[test]
fn the_program_takes_all_samples_at_once() {
    let world = World::new();
    let folder = format!("{}/samples", env!("CARGO_MANIFEST_DIR"));
    world.attr(&["import", &folder]).ended(0);
    let first = world.total();
    world.sound();
    let again = world.attr(&["import", &folder, "--json"]).ended(0).json();
    assert_eq!(again["total"]["calls"], 0, "{again}");
    assert_eq!(world.total(), first);
    world.attr(&["store", "rebuild"]).ended(0);
    world.sound();
    let imports = world.attr(&["imports", "--json"]).ended(0).json();
    let ids: Vec<i64> =
        imports["imports"].as_array().unwrap().iter().map(|import| import["id"].as_i64().unwrap()).collect();
    for id in ids.iter().rev().step_by(7) {
        world.attr(&["imports", "undo", &id.to_string()]).ended(0);
    }
    world.sound();
}
