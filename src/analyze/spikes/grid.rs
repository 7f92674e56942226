//! The buckets of time that series are cut into, and which day, hour of the day and kind of day each is of.

use std::ops::Range;

use chrono::Datelike;
use chrono::Timelike;
use chrono::Weekday;

use crate::domain::Timestamp;
use crate::domain::Zone;
use crate::domain::window::Grain;

/// Hours of a day: a series has a usual cost for each. Buckets of a day use the first only.
pub(super) const SLOTS: usize = 24;

/// Finished buckets one after another, hours or days of a zone.
pub(super) struct Grid {
    /// The first instant of each bucket, and the end of the last.
    edges: Vec<i64>,
    /// The hour of the day of each bucket: the clock's, so that a day of 25 hours has one twice.
    pub(super) slots: Vec<usize>,
    /// The buckets of each day.
    pub(super) days: Vec<Range<usize>>,
    /// The day of each bucket.
    pub(super) day_of: Vec<usize>,
    /// Whether each day is a Saturday or Sunday.
    pub(super) weekend: Vec<bool>,
    /// Buckets of a day without a clock change.
    pub(super) per_day: usize,
}

impl Grid {
    /// Cuts a span into buckets. One that is not over by its end is left out.
    pub(super) fn new(from: Timestamp, until: Timestamp, grain: Grain, zone: Zone) -> Grid {
        let per_day = if grain == Grain::Hour { SLOTS } else { 1 };
        let mut grid = Grid {
            edges: Vec::new(),
            slots: Vec::new(),
            days: Vec::new(),
            day_of: Vec::new(),
            weekend: Vec::new(),
            per_day,
        };
        let (mut start, mut end) = grain.bucket(from, zone);
        let mut today = None;
        grid.edges.push(start.0);
        while end <= until {
            let date = zone.day_holding(start);
            if today != Some(date) {
                today = Some(date);
                let at = grid.slots.len();
                grid.days.push(at..at);
                grid.weekend.push(matches!(date.weekday(), Weekday::Sat | Weekday::Sun));
            }
            let hour = start.utc().with_timezone(&zone.0).hour() as usize;
            grid.slots.push(if per_day == 1 { 0 } else { hour });
            grid.day_of.push(grid.days.len() - 1);
            if let Some(day) = grid.days.last_mut() {
                day.end += 1;
            }
            grid.edges.push(end.0);
            (start, end) = grain.bucket(end, zone);
        }
        grid
    }

    /// Returns how many buckets there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns the bucket that holds an instant, looking first where the one before was.
    pub(super) fn bucket(&self, at: i64, hint: &mut usize) -> Option<usize> {
        let holds = |bucket: usize| {
            self.edges.get(bucket).is_some_and(|start| *start <= at)
                && self.edges.get(bucket + 1).is_some_and(|end| at < *end)
        };
        if !holds(*hint) {
            let found = self.edges.partition_point(|edge| *edge <= at).checked_sub(1)?;
            if found >= self.len() {
                return None;
            }
            *hint = found;
        }
        Some(*hint)
    }

    /// Returns the first instant of a bucket; of the one behind the last, the end of all.
    pub(super) fn start(&self, bucket: usize) -> Timestamp {
        Timestamp(self.edges[bucket])
    }

    /// Returns so many hours in buckets, at least one.
    pub(super) fn buckets(&self, hours: usize) -> usize {
        (hours * self.per_day / SLOTS).max(1)
    }

    /// Returns buckets in hours.
    pub(super) fn hours(&self, buckets: usize) -> f64 {
        (buckets * SLOTS / self.per_day) as f64
    }

    /// Returns 0 for a weekday's bucket and 1 for a weekend's.
    pub(super) fn kind(&self, bucket: usize) -> usize {
        usize::from(self.weekend[self.day_of[bucket]])
    }
}
