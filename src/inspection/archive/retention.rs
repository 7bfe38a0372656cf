//! How long reports and figures are kept: every report for a week, then the last of each day, then only the figures.

use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::HashSet;

/// For so many days every report is kept: as long as its buttons can be pressed, and a day more.
const WHOLE_DAYS: u64 = 8;

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days of which the last report is kept.
    pub report_days: u64,
    /// Days of which the figures are kept.
    pub trend_days: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { report_days: 90, trend_days: 400 }
    }
}

impl Retention {
    /// The oldest day whose figures are kept.
    pub fn oldest_day(self, today: NaiveDate) -> NaiveDate {
        today.checked_sub_days(Days::new(self.trend_days)).unwrap_or(NaiveDate::MIN)
    }
}

/// The keys of the reports that are kept no longer, of all reports with their time.
pub(super) fn outdated(
    mut reports: Vec<(DateTime<Utc>, String)>,
    now: DateTime<Utc>,
    retention: Retention,
) -> Vec<String> {
    let before = |days: u64| now.checked_sub_days(Days::new(days)).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let (whole, last) = (before(WHOLE_DAYS), before(retention.report_days.max(WHOLE_DAYS)));
    reports.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut days = HashSet::new();
    let is_outdated = |at: DateTime<Utc>, is_last_of_day: bool| at < last || (at < whole && !is_last_of_day);
    let outdated = reports.into_iter().filter(|(at, _)| is_outdated(*at, days.insert(at.date_naive())));
    outdated.map(|(_, key)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::{Retention, outdated};
    use chrono::{DateTime, Days, TimeDelta, Utc};

    #[test]
    fn a_week_whole_then_one_a_day_then_none() {
        let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
        let at = |days: u64, hours: i64| {
            let at = now - Days::new(days) - TimeDelta::hours(hours);
            (at, format!("{days}d {hours}h"))
        };
        let reports =
            vec![at(0, 0), at(0, 1), at(7, 0), at(7, 2), at(20, 0), at(20, 2), at(20, 8), at(30, 0), at(31, 0)];
        let retention = Retention { report_days: 30, ..Retention::default() };
        let mut reversed = reports.clone();
        reversed.reverse();
        for reports in [reports, reversed] {
            assert_eq!(outdated(reports, now, retention), ["20d 2h", "20d 8h", "31d 0h"]);
        }
        let soon = Retention { report_days: 1, ..Retention::default() };
        assert_eq!(
            outdated(vec![at(0, 1), at(7, 0), at(9, 0)], now, soon),
            ["9d 0h"],
            "buttons outlast a short memory"
        );
    }
}
