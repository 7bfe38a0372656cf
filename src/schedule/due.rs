//! What to make of a time that has come, or has passed.
//!
//! Pure: the time comes in as a parameter. The planned time of an occurrence is its identity; whoever stores it
//! under a key that can be inserted only once runs it only once, whatever the clock does.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::rule::Schedule;

/// A start later than this is called late. The tick comes every second; a busy minute is nobody's business.
const ON_TIME: TimeDelta = TimeDelta::seconds(60);

/// Missed occurrences are counted up to here.
pub const MISSED_LIMIT: usize = 1000;

/// What to do about a time that passed while nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfire {
    /// Up to this much late it still runs, once; later it is skipped.
    pub grace: TimeDelta,
}

impl Default for Misfire {
    fn default() -> Self {
        Self { grace: TimeDelta::hours(2) }
    }
}

/// Occurrences that nobody ran and nobody will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The planned time of the first of them.
    pub first: DateTime<Utc>,
    /// How many; [`MISSED_LIMIT`] stands for that many or more.
    pub count: usize,
}

impl Missed {
    /// That one.
    pub fn one(planned_at: DateTime<Utc>) -> Self {
        Self { first: planned_at, count: 1 }
    }

    /// Together with what was missed besides.
    #[must_use]
    pub fn with(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self { first: self.first.min(other.first), count: self.count + other.count })
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    NotYet { next: Option<DateTime<Utc>> },
    /// Run it. `missed` are earlier ones to be named in the report.
    Run { planned_at: DateTime<Utc>, missed: Option<Missed> },
    /// Run it, and say that it is late.
    Late { planned_at: DateTime<Utc>, missed: Option<Missed> },
    /// Too late: record it as skipped, and say so in the next report. `planned_at` is the latest, and one of `missed`.
    Skipped { planned_at: DateTime<Utc>, missed: Missed, next: Option<DateTime<Utc>> },
}

/// If the latest occurrence lies this far ahead, the clock was wrong when it was recorded and is right now.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// What is due at `now`. `last` is the planned time of the latest occurrence that was run or skipped, or the time at
/// which the subscription was made: so a new one never fires at once, and a clock that is put back repeats nothing.
///
/// Whoever finds the planned time recorded already runs nothing, and takes it for `last` all the same.
pub fn due(schedule: &Schedule, last: DateTime<Utc>, now: DateTime<Utc>, misfire: &Misfire) -> Due {
    // Waiting until that time comes once more could be a silence of years. What is found instead may have run
    // already: its planned time tells.
    let last = if last - now > AHEAD { now - misfire.grace } else { last };
    let Some(planned_at) = schedule.latest_between(last, now) else {
        return Due::NotYet { next: schedule.next_after(last.max(now)) };
    };
    let missed_before = |end: DateTime<Utc>| {
        let times = std::iter::successors(schedule.next_after(last), |at| schedule.next_after(*at));
        let mut times = times.take_while(|at| *at < end).take(MISSED_LIMIT);
        times.next().map(|first| Missed { first, count: 1 + times.count() })
    };
    let late_by = now - planned_at;
    if late_by > misfire.grace.max(ON_TIME) {
        let before = missed_before(planned_at).unwrap_or(Missed { first: planned_at, count: 0 });
        let missed = Missed { count: (before.count + 1).min(MISSED_LIMIT), ..before };
        return Due::Skipped { planned_at, missed, next: schedule.next_after(now) };
    }
    let missed = missed_before(planned_at);
    if late_by > ON_TIME { Due::Late { planned_at, missed } } else { Due::Run { planned_at, missed } }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;
