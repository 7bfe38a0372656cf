//! What is said about schedules: mistakes in them, and when the next report comes.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// The forms of a schedule, one per line.
pub const FORMS: &str = "\
daily 09:00 Europe/Berlin
weekdays 09:00 Europe/Berlin
weekly mon 09:00 Europe/Berlin
hourly
cron */30 * * * * Europe/Berlin";

pub fn empty() -> String {
    "When? Write for example: daily 09:00 Europe/Berlin".to_owned()
}

pub fn unknown_form(given: &str, meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("I do not know the schedule \"{given}\". Did you mean {meant}?"),
        None => format!("I do not know the schedule \"{given}\". Write one of:\n{FORMS}"),
    }
}

pub fn missing_time(form: &str) -> String {
    let example = if form == "weekly" {
        "weekly mon 09:00 Europe/Berlin".to_owned()
    } else {
        format!("{form} 09:00 Europe/Berlin")
    };
    format!("At what time? Write for example: {example}")
}

pub fn bad_time(given: &str) -> String {
    format!("\"{given}\" is not a time. Write hours and minutes from 00:00 to 23:59, for example 09:00")
}

pub fn missing_day() -> String {
    "On which day? Write for example: weekly mon 09:00 Europe/Berlin".to_owned()
}

pub fn bad_day(given: &str) -> String {
    format!("\"{given}\" is not a day of the week. Write mon, tue, wed, thu, fri, sat or sun")
}

pub fn missing_zone(so_far: &str) -> String {
    format!("In which time zone? Write it at the end, for example: {so_far} Europe/Berlin")
}

pub fn unknown_zone(given: &str, meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("I do not know the time zone \"{given}\". Did you mean {meant}?"),
        None => format!(
            "I do not know the time zone \"{given}\". Write a region and a city, for example Europe/Berlin, or UTC"
        ),
    }
}

pub fn field_count(count: usize) -> String {
    let hint = if count == 6 { " Seconds are not supported: leave out the first field." } else { "" };
    format!(
        "cron needs five fields: minute, hour, day, month, weekday. This has {count}.{hint} For example: cron */30 * * * * Europe/Berlin"
    )
}

pub fn bad_cron(fields: &str, detail: &str) -> String {
    format!("\"{fields}\" is not a cron schedule: {detail}. The fields are minute, hour, day, month, weekday")
}

pub fn never_fires(fields: &str) -> String {
    format!("\"{fields}\" never comes: there is no such date. Check day and month")
}

pub fn too_much(given: &str) -> String {
    format!("I do not know what \"{given}\" at the end means. Write one of:\n{FORMS}")
}

/// When the next report comes, in the words of the subscription's own time zone.
pub fn next(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    format!("{} ({}), in {}", at.with_timezone(&zone).format("%a %d %b %Y %H:%M"), zone.name(), span(at - now))
}

/// A length of time as a person would say it: the two biggest units.
pub fn span(length: TimeDelta) -> String {
    let minutes = length.num_minutes().max(0);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_speech() {
        let said: Vec<String> = [20, 60, 3600, 5400, 86_400, 90_000, -5].map(|s| span(TimeDelta::seconds(s))).into();
        assert_eq!(said, ["less than a minute", "1 min", "1 h", "1 h 30 min", "1 d", "1 d 1 h", "less than a minute"]);
    }
}
