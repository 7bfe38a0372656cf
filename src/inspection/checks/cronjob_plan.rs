//! When a CronJob is due, as the library of its controller reads `spec.schedule` (robfig/cron, `ParseStandard`).

use crate::snapshot::CronJob;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// When a CronJob is due.
pub(super) struct Plan {
    times: Times,
    zone: Tz,
}

enum Times {
    Cron(Box<Cron>),
    /// `@every 90m`: so long after the last time.
    Every(TimeDelta),
}

impl Plan {
    /// Nothing where the schedule cannot be read, which the API server would have refused.
    pub(super) fn of(cron_job: &CronJob) -> Option<Self> {
        let zone = match cron_job.spec.time_zone.as_str() {
            // The controller manager's, which is UTC nearly everywhere.
            "" => Tz::UTC,
            zone => zone.parse().ok()?,
        };
        let schedule = match cron_job.spec.schedule.as_str().trim() {
            "@midnight" => "@daily",
            schedule => schedule,
        };
        let times = match schedule.strip_prefix("@every ") {
            // Less than a second is a second.
            Some(span) => Times::Every(go_duration(span.trim())?.max(TimeDelta::seconds(1))),
            None => {
                let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
                Times::Cron(Box::new(parser.parse(schedule).ok()?))
            }
        };
        Some(Self { times, zone })
    }

    /// The so-many-th time after a moment, by the clock of its zone.
    pub(super) fn after(&self, at: DateTime<Utc>, times: u32) -> Option<DateTime<Utc>> {
        let mut at = at.trunc_subsecs(0).with_timezone(&self.zone);
        for _ in 0..times {
            at = match &self.times {
                Times::Cron(cron) => cron.find_next_occurrence(&at, false).ok()?,
                Times::Every(span) => at.checked_add_signed(*span)?,
            };
        }
        Some(at.to_utc())
    }
}

/// A duration as Go writes it, such as `1h30m` or `1.5h`, in whole seconds.
fn go_duration(text: &str) -> Option<TimeDelta> {
    let mut seconds = 0.0;
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at(number);
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit);
        let one = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += amount.parse::<f64>().ok()? * one;
        rest = next;
    }
    TimeDelta::try_seconds(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::CronJobSpec;

    fn plan(schedule: &str) -> Option<Plan> {
        Plan::of(&CronJob {
            spec: CronJobSpec { schedule: schedule.into(), ..CronJobSpec::default() },
            ..CronJob::default()
        })
    }

    #[test]
    fn every_form_that_the_controller_knows_is_read() {
        let at: DateTime<Utc> = "2026-11-23T09:30:10.5Z".parse().unwrap();
        for (schedule, second) in [
            ("0 * * * *", "2026-11-23T11:00:00Z"),
            ("@hourly", "2026-11-23T11:00:00Z"),
            ("@daily", "2026-11-25T00:00:00Z"),
            ("@midnight", "2026-11-25T00:00:00Z"),
            ("@weekly", "2026-12-06T00:00:00Z"),
            ("@monthly", "2027-01-01T00:00:00Z"),
            ("@yearly", "2028-01-01T00:00:00Z"),
            ("@annually", "2028-01-01T00:00:00Z"),
            ("@every 1h30m", "2026-11-23T12:30:10Z"),
            ("@every 1.5h", "2026-11-23T12:30:10Z"),
            ("@every 90s", "2026-11-23T09:33:10Z"),
            ("@every 5ms", "2026-11-23T09:30:12Z"),
        ] {
            let due = plan(schedule).and_then(|plan| plan.after(at, 2));
            assert_eq!(due, Some(second.parse().unwrap()), "{schedule}");
        }
        for unreadable in ["@every", "@every ", "@every 5", "@every 5d", "@every h", "@fortnightly", "* * * *"] {
            assert!(plan(unreadable).is_none(), "{unreadable}");
        }
    }
}
