//! In which hours a feature's calls failed more than they usually do.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::rollup::Key;
use crate::domain::rollup::Rollup;

/// So many calls are looked at one by one at most, those of the worst hours.
const MOST_CALLS: u64 = 250_000;
/// Hours that are looked at together: what is rare in an hour shows in a day.
const WINDOWS: [i64; 3] = [1, 6, 24];
/// Fewer failures than this are no storm.
const FEWEST: f64 = 5.0;
/// Failures must be so many standard deviations above the usual.
const BEYOND: f64 = 4.0;
/// The usual share of failures is taken for no less and no more than this: who fails always is in a storm always.
const USUAL: (f64, f64) = (0.01, 0.1);
/// With fewer days than this, hours tell what is usual.
const FEWEST_DAYS: usize = 5;

/// The failures of one feature by hour.
#[derive(Default)]
struct Hours {
    /// Hour since 1970 to calls, failures and the hour's group in the rollup.
    of: BTreeMap<i64, (u64, u64, usize)>,
}

impl Hours {
    /// Returns the share of calls that usually fails.
    fn usual(&self) -> f64 {
        let mut days: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (hour, (calls, errors, _)) in &self.of {
            let day = days.entry(hour.div_euclid(24)).or_default();
            *day = (day.0 + calls, day.1 + errors);
        }
        let share = |calls: u64, errors: u64| errors as f64 / calls.max(1) as f64;
        let mut shares: Vec<f64> = match days.len() {
            FEWEST_DAYS.. => days.values().map(|(calls, errors)| share(*calls, *errors)).collect(),
            _ => self.of.values().map(|(calls, errors, _)| share(*calls, *errors)).collect(),
        };
        shares.sort_by(f64::total_cmp);
        shares.get(shares.len() / 2).copied().unwrap_or(0.0).clamp(USUAL.0, USUAL.1)
    }

    /// Returns the groups of the hours in which something is wrong, with those between them; none before `from`.
    fn hot(&self, from: i64) -> Vec<usize> {
        let usual = self.usual();
        let mut hot: BTreeMap<i64, usize> = BTreeMap::new();
        let ends = self.of.range(from..).filter(|(_, (_, errors, _))| *errors > 0).map(|(hour, _)| *hour);
        for end in ends {
            for window in WINDOWS {
                let within = || self.of.range((end - window + 1).max(from)..=end);
                let (calls, errors) =
                    within().fold((0, 0), |sum, (_, (calls, errors, _))| (sum.0 + calls, sum.1 + errors));
                let (errors, expected) = (errors as f64, calls as f64 * usual);
                if errors >= FEWEST && errors - expected >= BEYOND * (expected + 1.0).sqrt() {
                    // Those before the window's first failure have no part in it.
                    let failing = within().skip_while(|(_, (_, errors, _))| *errors == 0);
                    hot.extend(failing.map(|(hour, (_, _, group))| (*hour, *group)));
                }
            }
        }
        hot.into_values().collect()
    }
}

/// Returns the keys (feature, hour) of the hours in which a feature's calls failed far more than usual, and how many
/// calls are left out with the hours for which there is no room. The rollup is by
/// feature and hour; `hours` tells of each of its groups which hour since 1970 it is. Hours before `from` only tell what
/// is usual.
pub fn hours(rollup: &Rollup, hours: &[i64], from: i64) -> (Vec<Key>, u64) {
    let mut features: BTreeMap<Option<&Arc<str>>, Hours> = BTreeMap::new();
    for (group, hour) in hours.iter().enumerate().take(rollup.len()) {
        let of = &mut features.entry(rollup.value(group, 0)).or_default().of;
        of.insert(*hour, (rollup.calls[group], rollup.errors[group], group));
    }
    let mut hot: Vec<usize> = features.values().flat_map(|hours| hours.hot(from)).collect();
    hot.sort_by_key(|group| (Reverse(rollup.errors[*group]), hours[*group], rollup.value(*group, 0)));
    let (mut room, mut left_out, mut keys) = (MOST_CALLS, 0, Vec::new());
    for group in hot {
        match room.checked_sub(rollup.calls[group]) {
            Some(rest) => {
                room = rest;
                keys.push(rollup.key(group));
            }
            None => left_out += rollup.calls[group],
        }
    }
    (keys, left_out)
}
