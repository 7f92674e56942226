//! The logs of the quick tests, made once, and a log as a book of calls in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::OnceLock;

use attr::ops::CachedInput;
use attr::ops::PriceTable;
use attr::ops::book::Book;
use attr::ops::import::How;

use super::SUBSET;
use super::log::Log;
use super::log::log;
use super::models;
use crate::world;

/// Makes the logs of [`SUBSET`], two at a time.
pub(crate) fn library() -> &'static [Log] {
    static LOGS: OnceLock<Vec<Log>> = OnceLock::new();
    LOGS.get_or_init(|| in_pairs(SUBSET, |seed| log(*seed)))
}

/// Does the same to every item on two threads and keeps the order.
pub(crate) fn in_pairs<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let half = |from: usize| items.iter().skip(from).step_by(2).map(&work).collect::<Vec<R>>();
    let (even, odd) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        (half(0), odd.join().unwrap())
    });
    let mut odd = odd.into_iter();
    even.into_iter().flat_map(|first| [Some(first), odd.next()]).flatten().collect()
}

/// Imports a log, at its own prices where it has some.
pub(crate) fn book(log: &Log) -> Book {
    let mut book = match &log.prices {
        Some(change) => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("prices.toml");
            fs_err::write(&path, models::price_file(change)).unwrap();
            Book::in_memory(PriceTable::load(&path).unwrap()).unwrap()
        }
        None => world::book(),
    };
    let mut how = How::default();
    how.options.cached_input = Some(CachedInput::Outside);
    let imported = world::import_text_how(&mut book, "calls.jsonl", log.text(), how).imported;
    assert_eq!(imported.new, log.calls.len() as u64);
    book
}
