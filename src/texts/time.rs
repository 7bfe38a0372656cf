//! How times and spans are said.

use chrono::{DateTime, TimeDelta, Utc};

/// `40s`, `5m`, `3h`, `2d`: the largest unit that fits, and a second one where it matters (`1h 20m`, `1d 4h`).
pub fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    let two = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 || big >= 10 { format!("{big}{unit}") } else { format!("{big}{unit} {small}{small_unit}") }
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => two(seconds / 3600, "h", seconds % 3600 / 60, "m"),
        _ => two(seconds / 86400, "d", seconds % 86400 / 3600, "h"),
    }
}

/// `for 3h`, as seen from `now`.
pub fn since(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("for {}", span(now - at))
}

/// How long what a field says has been so: `for 3h`, or `3h ago` of what is told of the past, an event or how a container
/// ended the last time.
pub fn of_field(field: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let is_past = ["event ", "lastState", "last seen"].iter().any(|past| field.starts_with(past));
    if is_past { format!("{} ago", span(now - at)) } else { since(at, now) }
}

/// `2026-11-23 09:00 UTC`.
pub fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::span;
    use chrono::TimeDelta;

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (seconds, said) in [
            (-5, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h"),
            (4800, "1h 20m"),
            (86_400, "1d"),
            (100_800, "1d 4h"),
            (86_400 * 12 + 3600, "12d"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), said);
        }
    }
}
