//! Names with a date in them: `claude-sonnet-4-6-{yyyymmdd}`. The date must be a day of the calendar.

use chrono::NaiveDate;

/// A folded pattern of names with a date in them, split at its slot.
#[derive(Clone, Debug)]
pub(super) struct Dated {
    /// What stands before the date.
    pub(super) before: String,
    after: String,
    format: &'static str,
    length: usize,
}

impl Dated {
    /// Splits a pattern; `None` without a slot.
    pub(super) fn parse(pattern: &str) -> Option<Dated> {
        let slots = [("{yyyymmdd}", "%Y%m%d", 8), ("{yyyy-mm-dd}", "%Y-%m-%d", 10)];
        slots.into_iter().find_map(|(slot, format, length)| {
            let (before, after) = pattern.split_once(slot)?;
            Some(Dated { before: before.to_lowercase(), after: after.to_lowercase(), format, length })
        })
    }

    /// Tells whether a folded name is the pattern with a day of the calendar in its slot.
    pub(super) fn holds(&self, name: &str) -> bool {
        let date = name.strip_prefix(&*self.before).and_then(|rest| rest.strip_suffix(&*self.after));
        // The length check keeps chrono from accepting `2025-9-1`, or a sign.
        date.is_some_and(|date| {
            let plain = date.len() == self.length && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            plain && date.starts_with("20") && NaiveDate::parse_from_str(date, self.format).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Dated;

    #[test]
    fn a_dated_name_needs_a_day_of_the_calendar_and_nothing_more() {
        let compact = Dated::parse("claude-sonnet-4-6-{yyyymmdd}").expect("a slot");
        assert!(compact.holds("claude-sonnet-4-6-20260217"));
        for wrong in ["20260230", "2026021", "202602170", "20260217-v1", "2026-217", "19991231"] {
            assert!(!compact.holds(&format!("claude-sonnet-4-6-{wrong}")), "{wrong}");
        }
        let dashed = Dated::parse("gpt-5.4-{yyyy-mm-dd}").expect("a slot");
        assert!(dashed.holds("gpt-5.4-2026-03-05"));
        for wrong in ["2026-3-5", "2026-13-05", "20260305", "2026-03-05x"] {
            assert!(!dashed.holds(&format!("gpt-5.4-{wrong}")), "{wrong}");
        }
    }
}
