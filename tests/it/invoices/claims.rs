//! Which files are bills: logs of calls are not.

use std::path::Path;
use std::path::PathBuf;

use attr::invoice::formats;
use attr::read::framing::Framing;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn detected(path: &Path) -> Option<&'static str> {
    let bytes = fs_err::read(path).unwrap();
    let framing = Framing::open(Box::new(std::io::Cursor::new(bytes))).unwrap();
    let shape = framing.shape().ok()?;
    formats::detect(&framing, shape).map(|reader| reader.name())
}

#[test]
fn a_log_of_calls_is_no_bill_but_for_the_activity_that_is_both() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut seen = 0;
    for folder in files(&root).into_iter().filter(|path| path.is_dir() && !path.ends_with("invoices")) {
        for path in files(&folder).into_iter().filter(|path| path.is_file()) {
            seen += 1;
            let both = path.ends_with("openrouter/activity.csv");
            assert_eq!(detected(&path), both.then_some("openrouter_activity"), "{}", path.display());
        }
    }
    assert!(seen > 30, "there are no logs to look at");
}
