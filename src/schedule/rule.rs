//! What a person writes for a schedule, and the times that it means.
//!
//! croner finds the times. It is right at both changes of the clocks; the tests beside `due` hold it to that.

use std::fmt;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Deserialize, Serialize};

use super::zone::{nearest_word, zone};
use crate::texts::schedule as texts;

/// A rule for times, in a time zone. Written and stored as the text that a person writes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    rule: Rule,
    zone: Tz,
    cron: Cron,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Daily(TimeOfDay),
    Weekdays(TimeOfDay),
    Weekly(Weekday, TimeOfDay),
    Hourly,
    Cron(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimeOfDay {
    hour: u8,
    minute: u8,
}

/// Why a text is not a schedule; says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("{}", texts::empty())]
    Empty,
    #[error("{}", texts::unknown_form(given, meant.as_deref()))]
    UnknownForm { given: String, meant: Option<String> },
    #[error("{}", texts::missing_time(form))]
    MissingTime { form: String },
    #[error("{}", texts::bad_time(given))]
    BadTime { given: String },
    #[error("{}", texts::missing_day())]
    MissingDay,
    #[error("{}", texts::bad_day(given))]
    BadDay { given: String },
    #[error("{}", texts::missing_zone(so_far))]
    MissingZone { so_far: String },
    #[error("{}", texts::unknown_zone(given, meant.as_deref()))]
    UnknownZone { given: String, meant: Option<String> },
    #[error("{}", texts::field_count(*count))]
    FieldCount { count: usize },
    #[error("{}", texts::bad_cron(fields, detail))]
    BadCron { fields: String, detail: String },
    #[error("{}", texts::never_fires(fields))]
    NeverFires { fields: String },
    #[error("{}", texts::too_much(given))]
    TooMuch { given: String },
}

impl Schedule {
    /// Reads one of the forms of [`texts::FORMS`]; a bare cron line of five fields is taken as well. `default_zone`
    /// stands in for a zone that was not written. `hourly` alone means UTC then: only zones that are off by half an
    /// hour differ.
    pub fn parse(text: &str, default_zone: Option<Tz>) -> Result<Self, ScheduleError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some((form, rest)) = words.split_first() else {
            return Err(ScheduleError::Empty);
        };
        let form_name = form.to_ascii_lowercase();
        let (rule, rest) = match form_name.as_str() {
            "daily" => with_time(&form_name, rest).map(|(time, rest)| (Rule::Daily(time), rest))?,
            "weekdays" => with_time(&form_name, rest).map(|(time, rest)| (Rule::Weekdays(time), rest))?,
            "weekly" => {
                let (day, rest) = rest.split_first().ok_or(ScheduleError::MissingDay)?;
                let day = day.parse().map_err(|_| ScheduleError::BadDay { given: (*day).to_owned() })?;
                with_time(&form_name, rest).map(|(time, rest)| (Rule::Weekly(day, time), rest))?
            }
            "hourly" => (Rule::Hourly, rest),
            "cron" => with_fields(rest)?,
            _ if is_cron_field(form) => with_fields(&words)?,
            _ => {
                let meant = nearest_word(form, &["daily", "weekdays", "weekly", "hourly", "cron"]).map(str::to_owned);
                return Err(ScheduleError::UnknownForm { given: text.trim().to_owned(), meant });
            }
        };
        let zone = match (rest, default_zone) {
            ([name], _) => zone(name)?,
            ([], Some(zone)) => zone,
            ([], None) if rule == Rule::Hourly => Tz::UTC,
            ([], None) => {
                return Err(ScheduleError::MissingZone { so_far: rule.to_string() });
            }
            (more, _) => match zone(&more.join("_")) {
                // "new york" and the like deserve the guess.
                Err(ScheduleError::UnknownZone { meant: Some(meant), .. }) => {
                    return Err(ScheduleError::UnknownZone { given: more.join(" "), meant: Some(meant) });
                }
                Ok(_) | Err(_) => {
                    return Err(ScheduleError::TooMuch { given: more.join(" ") });
                }
            },
        };
        let cron = rule.cron()?;
        let schedule = Self { rule, zone, cron };
        match schedule.next_after(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::NeverFires { fields: schedule.rule.fields() }),
        }
    }

    /// The time zone that the times are meant in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first time after `t`. A time that the clocks jump over in spring comes at the first instant after the
    /// jump; a fixed time that they show twice in autumn comes once, at the first; `*/30` goes on through both.
    pub fn next_after(&self, t: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // On whole seconds, as the schedules are.
        let local = t.trunc_subsecs(0).with_timezone(&self.zone);
        self.cron.find_next_occurrence(&local, false).ok().map(|next| next.to_utc())
    }

    /// When the next time after `now` comes, for a person in the schedule's zone.
    pub fn describe_next(&self, now: DateTime<Utc>) -> Option<String> {
        self.next_after(now).map(|next| texts::next(next, self.zone, now))
    }

    /// The latest time up to `now`, if there is one after `last`.
    pub(super) fn latest_between(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let within = |from| self.next_after(from).filter(|at| *at <= now);
        // Look back in growing steps: a schedule of every minute that slept for a year is not walked through.
        let mut step = TimeDelta::minutes(30);
        let mut latest = loop {
            let from = last.max(now - step);
            match within(from) {
                Some(at) => break at,
                None if from == last => return None,
                None => step = step * 2,
            }
        };
        while let Some(at) = within(latest) {
            latest = at;
        }
        Some(latest)
    }
}

fn with_time<'a, 'w>(form: &str, rest: &'a [&'w str]) -> Result<(TimeOfDay, &'a [&'w str]), ScheduleError> {
    let (given, rest) = rest.split_first().ok_or_else(|| ScheduleError::MissingTime { form: form.to_owned() })?;
    let bad = || ScheduleError::BadTime { given: (*given).to_owned() };
    let (hour, minute) = given.split_once(':').ok_or_else(bad)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u8>().ok()).flatten();
    match (digits(hour), digits(minute)) {
        (Some(hour @ 0..24), Some(minute @ 0..60)) if given.len() - given.find(':').unwrap_or(0) == 3 => {
            Ok((TimeOfDay { hour, minute }, rest))
        }
        (_, _) => Err(bad()),
    }
}

fn with_fields<'a, 'w>(words: &'a [&'w str]) -> Result<(Rule, &'a [&'w str]), ScheduleError> {
    let count = words.iter().take_while(|word| is_cron_field(word)).count();
    let (fields, rest) = words.split_at(count);
    match fields {
        [_, _, _, _, _] => Ok((Rule::Cron(fields.join(" ")), rest)),
        _ => Err(ScheduleError::FieldCount { count }),
    }
}

/// Whether a word can be a field of a cron line: no name of a time zone can.
fn is_cron_field(word: &str) -> bool {
    const NAMES: [&str; 19] = [
        "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP",
        "OCT", "NOV", "DEC",
    ];
    let mut rest = word.to_ascii_uppercase();
    for name in NAMES {
        rest = rest.replace(name, "");
    }
    !word.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b"*,-/?#LW+".contains(&b))
}

impl Rule {
    /// The rule as five cron fields.
    fn fields(&self) -> String {
        match self {
            Self::Daily(TimeOfDay { hour, minute }) => format!("{minute} {hour} * * *"),
            Self::Weekdays(TimeOfDay { hour, minute }) => format!("{minute} {hour} * * 1-5"),
            Self::Weekly(day, TimeOfDay { hour, minute }) => {
                format!("{minute} {hour} * * {}", day.num_days_from_sunday())
            }
            Self::Hourly => "0 * * * *".to_owned(),
            Self::Cron(fields) => fields.clone(),
        }
    }

    fn cron(&self) -> Result<Cron, ScheduleError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let fields = self.fields();
        parser.parse(&fields).map_err(|error| {
            let detail = error.to_string().trim_end_matches('.').to_owned();
            ScheduleError::BadCron { fields, detail }
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daily(time) => write!(f, "daily {time}"),
            Self::Weekdays(time) => write!(f, "weekdays {time}"),
            Self::Weekly(day, time) => {
                write!(f, "weekly {} {time}", day.to_string().to_ascii_lowercase())
            }
            Self::Hourly => write!(f, "hourly"),
            Self::Cron(fields) => write!(f, "cron {fields}"),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.zone.name())
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        // The cron is made from the rule.
        self.rule == other.rule && self.zone == other.zone
    }
}

impl Eq for Schedule {}

impl TryFrom<String> for Schedule {
    type Error = ScheduleError;

    fn try_from(text: String) -> Result<Self, ScheduleError> {
        Self::parse(&text, None)
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}
