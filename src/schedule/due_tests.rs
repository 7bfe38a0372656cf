//! The times that schedules mean, at the edges where calendars are strange.

use chrono_tz::Tz;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text, None).unwrap()
}

/// The times after `from`, written in UTC.
#[track_caller]
fn check_times(text: &str, from: &str, expected: &[&str]) {
    let schedule = schedule(text);
    let times = std::iter::successors(schedule.next_after(at(from)), |t| schedule.next_after(*t));
    let times: Vec<String> = times.take(expected.len()).map(|t| t.format("%Y-%m-%dT%H:%MZ").to_string()).collect();
    assert_eq!(times, expected, "{text}");
}

#[test]
fn what_a_person_writes_is_understood_and_written_back() {
    for (text, written) in [
        ("daily 09:00 Europe/Berlin", "daily 09:00 Europe/Berlin"),
        ("  Daily 9:05   europe/berlin ", "daily 09:05 Europe/Berlin"),
        ("weekdays 18:30 America/New_York", "weekdays 18:30 America/New_York"),
        ("weekly MON 09:00 UTC", "weekly mon 09:00 UTC"),
        ("weekly sunday 00:00 UTC", "weekly sun 00:00 UTC"),
        ("hourly", "hourly UTC"),
        ("hourly Asia/Kolkata", "hourly Asia/Kolkata"),
        ("cron */30 * * * * Europe/Berlin", "cron */30 * * * * Europe/Berlin"),
        ("cron 0 9 * * MON-FRI Europe/Berlin", "cron 0 9 * * MON-FRI Europe/Berlin"),
        ("0 9 1 JAN * UTC", "cron 0 9 1 JAN * UTC"),
        ("cron 0 9 * * 5L UTC", "cron 0 9 * * 5L UTC"),
    ] {
        let parsed = schedule(text);
        assert_eq!(parsed.to_string(), written);
        assert_eq!(schedule(written), parsed);
        let stored = serde_json::to_string(&parsed).unwrap();
        assert_eq!(stored, format!("\"{written}\""));
        assert_eq!(serde_json::from_str::<Schedule>(&stored).unwrap(), parsed);
    }
    let defaulted = Schedule::parse("daily 09:00", Some(Tz::Asia__Tokyo)).unwrap();
    assert_eq!(defaulted.to_string(), "daily 09:00 Asia/Tokyo");
    assert_eq!(defaulted.zone(), Tz::Asia__Tokyo);
    assert!(serde_json::from_str::<Schedule>("\"daily 09:00\"").is_err());
}

#[test]
fn mistakes_are_answered_with_what_to_write() {
    for (text, expected) in [
        ("", "When? Write for example: daily 09:00 Europe/Berlin"),
        ("dayly 09:00 UTC", "Did you mean daily?"),
        ("sometimes", "Write one of:\ndaily 09:00"),
        ("daily", "At what time? Write for example: daily 09:00 Europe/Berlin"),
        ("daily 9am UTC", "\"9am\" is not a time"),
        ("daily 24:00 UTC", "\"24:00\" is not a time"),
        ("daily 09:5 UTC", "\"09:5\" is not a time"),
        ("daily +9:00 UTC", "\"+9:00\" is not a time"),
        ("daily 09:00", "In which time zone? Write it at the end, for example: daily 09:00 Europe/Berlin"),
        ("daily 09:00 Europe/Berlni", "Did you mean Europe/Berlin?"),
        ("daily 09:00 new york", "Did you mean America/New_York?"),
        ("daily 09:00 UTC please", "\"UTC please\""),
        ("daily 09:00 Nowhere", "Write a region and a city"),
        ("weekly", "On which day?"),
        ("weekly 09:00 UTC", "\"09:00\" is not a day of the week"),
        ("weekly mon", "weekly mon 09:00"),
        ("cron 0 */30 * * * * UTC", "This has 6. Seconds are not supported"),
        ("cron */30 * * * UTC", "This has 4."),
        ("cron 99 * * * * UTC", "is not a cron schedule"),
        ("cron */30 * * * *", "In which time zone?"),
        ("cron 0 0 30 2 * UTC", "never comes"),
        ("cron 0 0 31 4,6 * UTC", "never comes"),
    ] {
        let error = Schedule::parse(text, None).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn plain_days() {
    let monday = "2026-11-23T10:00:00Z";
    check_times("daily 09:00 Europe/Berlin", monday, &["2026-11-24T08:00Z", "2026-11-25T08:00Z"]);
    check_times("weekdays 09:00 UTC", "2026-11-27T09:00:00Z", &["2026-11-30T09:00Z", "2026-12-01T09:00Z"]);
    check_times("weekly sun 09:00 UTC", monday, &["2026-11-29T09:00Z", "2026-12-06T09:00Z"]);
    check_times("hourly", "2026-11-23T10:00:00.999Z", &["2026-11-23T11:00Z", "2026-11-23T12:00Z"]);
    check_times("hourly Asia/Kolkata", monday, &["2026-11-23T10:30Z", "2026-11-23T11:30Z"]);
    // Strictly after, also by less than a second.
    check_times("daily 10:00 UTC", "2026-11-23T09:59:59.5Z", &["2026-11-23T10:00Z", "2026-11-24T10:00Z"]);
    check_times("daily 10:00 UTC", "2026-11-23T10:00:00.5Z", &["2026-11-24T10:00Z"]);
}

#[test]
fn a_time_that_the_clocks_jump_over_comes_at_the_first_instant_after() {
    let berlin = "2027-03-27T12:00:00Z";
    check_times("daily 02:30 Europe/Berlin", berlin, &["2027-03-28T01:00Z", "2027-03-29T00:30Z"]);
    check_times("daily 09:00 Europe/Berlin", berlin, &["2027-03-28T07:00Z", "2027-03-29T07:00Z"]);
    check_times("weekly sun 02:00 Europe/Berlin", berlin, &["2027-03-28T01:00Z", "2027-04-04T00:00Z"]);
    check_times("daily 02:30 America/New_York", "2027-03-13T12:00:00Z", &["2027-03-14T07:00Z", "2027-03-15T06:30Z"]);
    // Only half an hour is jumped over here.
    check_times("daily 02:15 Australia/Lord_Howe", "2026-10-03T00:00:00Z", &["2026-10-03T15:30Z", "2026-10-04T15:15Z"]);
    // Here midnight does not exist.
    check_times("daily 00:00 Africa/Cairo", "2027-04-29T12:00:00Z", &["2027-04-29T22:00Z", "2027-04-30T21:00Z"]);
    check_times(
        "cron */30 * * * * Europe/Berlin",
        "2027-03-28T00:00:00Z",
        &["2027-03-28T00:30Z", "2027-03-28T01:00Z", "2027-03-28T01:30Z"],
    );
}

#[test]
fn a_fixed_time_that_the_clocks_show_twice_comes_once() {
    let berlin = "2026-10-24T12:00:00Z";
    check_times("daily 02:30 Europe/Berlin", berlin, &["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    check_times("daily 09:00 Europe/Berlin", berlin, &["2026-10-25T08:00Z", "2026-10-26T08:00Z"]);
    check_times("daily 01:30 America/New_York", "2026-10-31T12:00:00Z", &["2026-11-01T05:30Z", "2026-11-02T06:30Z"]);
    check_times("daily 01:45 Australia/Lord_Howe", "2027-04-03T00:00:00Z", &["2027-04-03T14:45Z", "2027-04-04T15:15Z"]);
    // Asked between the two, it does not come again.
    check_times("daily 02:30 Europe/Berlin", "2026-10-25T01:00:00Z", &["2026-10-26T01:30Z"]);
}

#[test]
fn what_repeats_goes_on_while_the_clocks_show_an_hour_twice() {
    check_times(
        "cron */30 * * * * Europe/Berlin",
        "2026-10-24T23:45:00Z",
        &["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"],
    );
    check_times(
        "hourly America/New_York",
        "2026-11-01T04:30:00Z",
        &["2026-11-01T05:00Z", "2026-11-01T06:00Z", "2026-11-01T07:00Z"],
    );
    check_times(
        "cron */30 * * * * Australia/Lord_Howe",
        "2027-04-03T14:15:00Z",
        &["2027-04-03T14:30Z", "2027-04-03T15:00Z", "2027-04-03T15:30Z"],
    );
}

#[test]
fn leap_days_come_when_they_come() {
    check_times("cron 0 9 29 2 * UTC", "2026-11-23T00:00:00Z", &["2028-02-29T09:00Z", "2032-02-29T09:00Z"]);
    check_times("cron 0 9 29 2 * UTC", "2097-01-01T00:00:00Z", &["2104-02-29T09:00Z"]);
}

#[test]
fn the_next_time_is_said_in_the_subscribers_zone() {
    let now = at("2026-11-23T14:40:00Z");
    let said = schedule("daily 09:00 Europe/Berlin").describe_next(now).unwrap();
    assert_eq!(said, "Tue 24 Nov 2026 09:00 (Europe/Berlin), in 17 h 20 min");
}

fn check_due(text: &str, last: &str, now: &str, expected: Due) {
    assert_eq!(due(&schedule(text), at(last), at(now), &Misfire::default()), expected, "{text} {last} {now}");
}

const NINE: &str = "daily 09:00 UTC";

fn missed(first: &str, count: usize) -> Missed {
    Missed { first: at(first), count }
}

#[test]
fn a_new_subscription_does_not_fire_at_once() {
    let next = Some(at("2026-11-24T09:00:00Z"));
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z", Due::NotYet { next });
    check_due(NINE, "2026-11-23T10:00:00Z", "2026-11-23T10:00:01Z", Due::NotYet { next });
}

#[test]
fn what_is_due_runs_and_a_little_late_is_not_late() {
    let run = Due::Run { planned_at: at("2026-11-24T09:00:00Z"), missed: None };
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z", run);
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-24T09:01:00Z", run);
    let late = Due::Late { planned_at: at("2026-11-24T09:00:00Z"), missed: None };
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-24T09:01:01Z", late);
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-24T11:00:00Z", late);
}

#[test]
fn beyond_the_grace_it_is_skipped_and_named() {
    let planned_at = at("2026-11-24T09:00:00Z");
    let next = Some(at("2026-11-25T09:00:00Z"));
    let skipped = Due::Skipped { planned_at, missed: missed("2026-11-24T09:00:00Z", 1), next };
    check_due(NINE, "2026-11-23T09:00:00Z", "2026-11-24T11:00:01Z", skipped);
    // Recorded as skipped, it is over.
    check_due(NINE, "2026-11-24T09:00:00Z", "2026-11-24T11:00:02Z", Due::NotYet { next });
}

#[test]
fn after_a_long_pause_only_the_latest_runs_and_the_others_are_counted() {
    let planned_at = at("2026-11-24T09:00:00Z");
    let earlier = Some(missed("2026-11-21T09:00:00Z", 3));
    check_due(NINE, "2026-11-20T09:00:00Z", "2026-11-24T09:00:10Z", Due::Run { planned_at, missed: earlier });
    check_due(NINE, "2026-11-20T09:00:00Z", "2026-11-24T10:00:00Z", Due::Late { planned_at, missed: earlier });
    let next = Some(at("2026-11-25T09:00:00Z"));
    let all = missed("2026-11-21T09:00:00Z", 4);
    check_due(NINE, "2026-11-20T09:00:00Z", "2026-11-24T13:00:00Z", Due::Skipped { planned_at, missed: all, next });
}

#[test]
fn a_year_of_minutes_is_not_walked_through() {
    let planned_at = at("2026-11-24T09:00:00Z");
    let missed = Some(missed("2025-11-24T09:01:00Z", MISSED_LIMIT));
    let run = Due::Run { planned_at, missed };
    check_due("cron * * * * * UTC", "2025-11-24T09:00:00Z", "2026-11-24T09:00:30Z", run);
}

#[test]
fn a_clock_that_is_put_back_repeats_nothing() {
    let next = Some(at("2026-11-25T09:00:00Z"));
    check_due(NINE, "2026-11-24T09:00:00Z", "2026-11-24T08:59:00Z", Due::NotYet { next });
    check_due(NINE, "2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", Due::NotYet { next });
}

#[test]
fn a_clock_that_was_far_ahead_does_not_silence_the_schedule() {
    // It ran while the clock was a year ahead.
    let ahead = "2027-11-24T09:00:00Z";
    let next = at("2026-11-25T09:00:00Z");
    check_due(NINE, ahead, "2026-11-24T12:00:00Z", Due::NotYet { next: Some(next) });
    check_due(NINE, ahead, "2026-11-25T09:00:01Z", Due::Run { planned_at: next, missed: None });
}

#[test]
fn an_occurrence_has_the_same_planned_time_whenever_it_is_looked_for() {
    // The planned time is the key that keeps it from running twice, also over both changes of the clocks.
    for text in ["daily 02:30 Europe/Berlin", "cron */30 * * * * Europe/Berlin", "hourly Australia/Lord_Howe"] {
        let schedule = schedule(text);
        for start in ["2026-10-24T20:00:00Z", "2027-03-27T20:00:00Z", "2026-10-03T10:00:00Z", "2027-04-03T10:00:00Z"] {
            let start = at(start);
            let end = start + TimeDelta::hours(36);
            let all: Vec<_> = std::iter::successors(schedule.next_after(start), |t| schedule.next_after(*t))
                .take_while(|t| *t <= end)
                .collect();
            assert!(all.is_sorted_by(|a, b| a < b), "{text}: {all:?}");
            for minutes in (0..36 * 60).step_by(7) {
                let now = start + TimeDelta::minutes(minutes);
                let next = all.iter().find(|t| **t > now).copied().or_else(|| schedule.next_after(end));
                assert_eq!(schedule.next_after(now), next, "{text} after {now}");
                let latest = all.iter().rfind(|t| **t <= now).copied();
                assert_eq!(schedule.latest_between(start, now), latest, "{text} up to {now}");
            }
        }
    }
}
