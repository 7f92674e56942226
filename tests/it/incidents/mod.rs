//! Logs with a known answer, for `attr why` and `attr spikes`: a generator of companies and incidents, and what both
//! commands make of them. A log is made without its incident first; the incident is an edit of it, drawn with other
//! dice, so that what it cost is exact.

mod call;
mod company;
mod dice;
mod edit;
mod kinds;
mod laws;
mod library;
mod log;
mod measured;
mod models;
mod plant;
mod save;
mod score;
mod traffic;
mod truth;

use log::log;

/// Seeds of the quick tests: every family and every quiet kind, half of the logs short and half of the usual size.
const SUBSET: &[u64] = &[
    83, 15, 11, 29, 34, 260, 20, 49, 32, 247, 18, 31, 7, 249, 179, 59, 22, 196, 6, 61, 36, 5, 174, 86, 54, 57, 67, 43,
    4, 26, 64, 2, 239, 53, 136, 28, 37, 88, 25, 50, 27, 10, 202, 8,
];

/// Seeds of the logs of a run by hand, first and last, unless `ENSEMBLE_SEEDS` says otherwise.
const SEEDS: (u64, u64) = (1, 300);

/// Writes an ensemble of logs to `$TMPDIR/ensemble`; `ENSEMBLE_SEEDS=301..600` chooses others.
#[test]
#[ignore = "writes several hundred logs to look at by hand and by script"]
fn write() {
    let (first, last) = seeds();
    for seed in first..=last {
        let log = log(seed);
        log.save(&std::env::temp_dir().join("ensemble").join(format!("{seed:03}-{}", log.kind)));
    }
}

/// The first and the last seed of a run by hand.
#[expect(clippy::disallowed_methods, reason = "whoever runs it by hand chooses")]
fn seeds() -> (u64, u64) {
    let Ok(asked) = std::env::var("ENSEMBLE_SEEDS") else { return SEEDS };
    let seed = |text: &str| text.parse().expect("a seed is a whole number");
    asked.split_once("..").map(|(first, last)| (seed(first), seed(last))).expect("ENSEMBLE_SEEDS is FIRST..LAST")
}
