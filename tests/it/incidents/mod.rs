//! Logs with a known answer, for `attr why` and `attr spikes`: a generator of companies and incidents, and what both
//! commands make of them. A log is made without its incident first; the incident is an edit of it, drawn with other
//! dice, so that what it cost is exact.

mod call;
mod company;
mod dice;
mod edit;
mod log;
mod models;
mod plant;
mod traffic;
mod truth;

use std::path::Path;

use log::Log;
use log::log;

/// Seeds of the logs that [`write`] writes, first and last, unless `ENSEMBLE_SEEDS` says otherwise.
const SEEDS: (u64, u64) = (1, 300);

/// Writes the log, the questions and the truth of a log into a folder of its own.
fn save(log: &Log, folder: &Path) {
    fs_err::create_dir_all(folder).expect("a folder");
    let lines = log.calls.iter().enumerate().map(|(number, call)| call.line(number) + "\n");
    fs_err::write(folder.join("calls.jsonl"), lines.collect::<String>()).expect("the calls");
    fs_err::write(folder.join("ask.json"), format!("{:#}\n", log.asked())).expect("the questions");
    fs_err::write(folder.join("truth.json"), format!("{:#}\n", log.truth())).expect("the truth");
    if let Some(change) = &log.prices {
        fs_err::write(folder.join("prices.toml"), models::price_file(change)).expect("the prices");
    }
}

/// Writes an ensemble of logs to `$TMPDIR/ensemble`; `ENSEMBLE_SEEDS=301..600` chooses others.
#[test]
#[ignore = "writes several hundred logs to look at by hand and by script"]
fn write() {
    let asked = std::env::var("ENSEMBLE_SEEDS").ok();
    let asked = asked.as_deref().and_then(|text| text.split_once(".."));
    let (first, last) = asked.map_or(SEEDS, |(first, last)| (first.parse().expect("a"), last.parse().expect("b")));
    for seed in first..=last {
        let log = log(seed);
        save(&log, &std::env::temp_dir().join("ensemble").join(format!("{seed:03}-{}", log.kind)));
    }
}
