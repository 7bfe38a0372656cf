//! Until when, as people write it: `4h`, `3d`, `17:00`, `2026-12-01`, `2026-12-01 09:00 Europe/Berlin`. What follows is
//! why.

use crate::texts::attention as texts;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Nothing is silenced for longer than a year.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// A time, and the words after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Until {
    /// The time.
    pub at: DateTime<Utc>,
    /// What follows it.
    pub why: Option<String>,
}

/// Why a text is no time to wait for; says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTime {
    #[error("{}", texts::no_time(given))]
    Unreadable { given: String },
    #[error("{}", texts::past(given))]
    Past { given: String },
    #[error("{}", texts::too_far(given))]
    TooFar { given: String },
}

/// Reads a time from the beginning of a text. Times of day are those of `zone` where none is written, else of UTC.
///
/// # Errors
/// When it does not begin with a time, or the time is past or too far away.
pub fn until(text: &str, now: DateTime<Utc>, zone: Option<Tz>) -> Result<Until, NoTime> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words.split_first() {
        Some((first, rest)) if ["for", "until"].contains(&first.to_ascii_lowercase().as_str()) => rest,
        Some(_) | None => words.as_slice(),
    };
    let unreadable = || NoTime::Unreadable { given: words.first().copied().unwrap_or_default().to_owned() };
    let (first, rest) = words.split_first().ok_or_else(unreadable)?;
    let (at, rest) = if let Some(span) = span(first) {
        (now.checked_add_signed(span), rest)
    } else if let Some(time) = time(first) {
        let (zone, rest) = with_zone(rest, zone);
        let today = now.with_timezone(&zone).date_naive();
        let at = resolve(today.and_time(time), zone).filter(|at| *at > now);
        let tomorrow = today.checked_add_days(Days::new(1));
        (at.or_else(|| resolve(tomorrow?.and_time(time), zone)), rest)
    } else {
        let date: NaiveDate = first.parse().map_err(|_| unreadable())?;
        let (time, rest) = match rest.split_first().and_then(|(word, rest)| Some((time(word)?, rest))) {
            Some(timed) => timed,
            None => (NaiveTime::MIN, rest),
        };
        let (zone, rest) = with_zone(rest, zone);
        (resolve(date.and_time(time), zone), rest)
    };
    let at = at.ok_or_else(unreadable)?;
    let given = || words[..words.len() - rest.len()].join(" ");
    if at <= now {
        return Err(NoTime::Past { given: given() });
    }
    if at - now > LONGEST {
        return Err(NoTime::TooFar { given: given() });
    }
    Ok(Until { at, why: (!rest.is_empty()).then(|| rest.join(" ")) })
}

/// The beginning of a day, such as `2026-12-01`.
pub fn day(text: &str, zone: Option<Tz>) -> Option<DateTime<Utc>> {
    let date: NaiveDate = text.parse().ok()?;
    resolve(date.and_time(NaiveTime::MIN), zone.unwrap_or(Tz::UTC))
}

/// `30m`, `4h`, `3d`, `2w`.
fn span(word: &str) -> Option<TimeDelta> {
    let (at, unit) = word.char_indices().next_back()?;
    let number: i64 = word[..at].parse().ok().filter(|number| *number > 0)?;
    match unit.to_ascii_lowercase() {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    }
}

fn time(word: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(word, "%H:%M").ok()
}

/// The zone that is written next, if one is. `Japan` is one too, but here it begins a sentence.
fn with_zone<'a, 'w>(rest: &'a [&'w str], default: Option<Tz>) -> (Tz, &'a [&'w str]) {
    let is_zone = |word: &&&str| word.contains('/') || **word == "UTC";
    let written = rest.split_first().filter(|(word, _)| is_zone(word));
    match written.and_then(|(word, rest)| Some((word.parse::<Tz>().ok()?, rest))) {
        Some(written) => written,
        None => (default.unwrap_or(Tz::UTC), rest),
    }
}

/// The first moment of that name; in the gap of a change of the clocks, an hour later.
fn resolve(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::{NoTime, until};
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;

    const NOW: &str = "2026-11-23T09:00:00Z";

    fn read(text: &str, zone: Option<Tz>) -> Result<(String, Option<String>), NoTime> {
        let now: DateTime<Utc> = NOW.parse().unwrap();
        until(text, now, zone).map(|until| (until.at.format("%Y-%m-%d %H:%M").to_string(), until.why))
    }

    #[test]
    fn every_form_is_read_and_the_rest_is_why() {
        let berlin = Some(Tz::Europe__Berlin);
        for (text, zone, at, why) in [
            ("4h", None, "2026-11-23 13:00", None),
            ("for 30m restarting by hand", None, "2026-11-23 09:30", Some("restarting by hand")),
            ("3D", None, "2026-11-26 09:00", None),
            ("2w", None, "2026-12-07 09:00", None),
            ("17:00", None, "2026-11-23 17:00", None),
            ("until 17:00", berlin, "2026-11-23 16:00", None),
            ("10:00", berlin, "2026-11-24 09:00", None),
            ("17:00 America/New_York the vendor answers", berlin, "2026-11-23 22:00", Some("the vendor answers")),
            ("2026-12-01", None, "2026-12-01 00:00", None),
            ("2026-12-01 09:00 Europe/Berlin", None, "2026-12-01 08:00", None),
            ("2026-12-01 frozen until then", berlin, "2026-11-30 23:00", Some("frozen until then")),
            ("2027-03-28 02:30", berlin, "2027-03-28 01:30", None),
        ] {
            assert_eq!(read(text, zone), Ok((at.to_owned(), why.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_to_wait_for_is_refused() {
        for text in ["", "until", "soon", "4", "h", "-4h", "0h", "25:00", "2026-13-01", "9999999999999999w"] {
            assert!(matches!(read(text, None), Err(NoTime::Unreadable { .. })), "{text}");
        }
        assert!(matches!(read("2026-11-23 08:59", None), Err(NoTime::Past { .. })));
        assert!(matches!(read("60w", None), Err(NoTime::TooFar { .. })));
    }
}
