//! The reports that were taken, and who waits for the next one.

mod retention;
mod runs;
mod scope;
mod silences;

use super::{Day, History, Inspected, Memory, RestartCounts, Trend};
use crate::{
    channel::button::ReportKey,
    report::{CheckSet, Report},
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table, Versioned, key_parts},
};
use chrono::{DateTime, Utc};
use retention::outdated;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use retention::Retention;
pub use runs::{Asked, Listener, RUNS, Run, ask};
pub use scope::Scope;
pub use silences::{ChatSilence, MOST, SHOWN, SILENCES, let_go_of_solved, shown, silences};

/// Reports by cluster, scope and time.
pub const REPORTS: Table<Stored> = Table::new("reports");
/// What the next inspection compares with, by cluster and scope.
pub const MEMORIES: Table<Memory> = Table::new("memories");
/// The figures of each day, by cluster, scope and date.
pub const DAYS: Table<Day> = Table::new("days");

/// What goes in one step; more is left for the next inspection.
const MOST_AT_ONCE: usize = 500;

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The report.
    pub report: Report,
    /// How often each container had restarted by then: in reports that were kept before there were memories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<RestartCounts>,
}

impl Record for Stored {
    const VERSION: u16 = 1;
}
impl Record for Memory {
    const VERSION: u16 = 1;
}
impl Record for Day {
    const VERSION: u16 = 1;
}

/// Keeps a report, what the next one is compared with and the figures of its day, and lets go of what is too old.
///
/// # Errors
/// When the store cannot be read.
pub fn keep(
    store: &Store,
    commit: &mut Commit,
    scope: Scope<'_>,
    inspected: &Inspected,
    retention: Retention,
) -> Result<(), ReadError> {
    let Inspected { report, memory, day } = inspected;
    let (cluster, place) = scope.key();
    let key = (cluster.as_str(), place.as_str(), report.taken_at);
    // Where many wait, several commits tell them, and the first one keeps it.
    if store.get(&REPORTS, key)?.is_some_and(|kept| kept.report == *report) {
        return Ok(());
    }
    let begun = store.get(&DAYS, (cluster.as_str(), place.as_str(), day.date.to_string()))?;
    let day = begun.map_or_else(|| day.clone(), |begun| begun.into_value().and(day.clone()));
    commit.put(&MEMORIES, scope.key(), memory);
    commit.put(&DAYS, (cluster.as_str(), place.as_str(), day.date.to_string()), &day);
    let stored = Stored { report: report.clone(), restarts: None };
    commit.put(&REPORTS, key, &stored);

    let kept = Keys::under((cluster.as_str(), place.as_str()));
    let reports = store.keys(&REPORTS, &kept, usize::MAX, Direction::Ascending)?;
    let taken = reports.into_iter().filter_map(|key| Some((taken_at(&key)?, key))).collect();
    for key in outdated(taken, report.taken_at, retention).into_iter().take(MOST_AT_ONCE) {
        commit.remove(&REPORTS, key);
    }
    let oldest = retention.oldest_day(day.date).to_string();
    for key in store.keys(&DAYS, &kept, MOST_AT_ONCE, Direction::Ascending)? {
        if key_parts(&key).last().is_some_and(|date| *date < oldest) {
            commit.remove(&DAYS, key);
        }
    }
    Ok(())
}

fn taken_at(key: &str) -> Option<DateTime<Utc>> {
    key_parts(key).last()?.parse().ok()
}

/// The days of a scope, the oldest first.
///
/// # Errors
/// When the store cannot be read.
pub fn trend(store: &Store, scope: Scope<'_>) -> Result<Trend, ReadError> {
    let days = store.scan(&DAYS, &Keys::under(scope.key()), usize::MAX, Direction::Ascending)?;
    let mut days: Vec<Day> = days.into_iter().map(|(_, day)| day.into_value()).collect();
    if days.is_empty() {
        // Reports that were kept before there were days: the last one of each.
        let reports = store.scan(&REPORTS, &Keys::under(scope.key()), usize::MAX, Direction::Ascending)?;
        let by_date: BTreeMap<_, _> =
            reports.into_iter().map(|(_, stored)| Day::of(&stored.report)).map(|day| (day.date, day)).collect();
        days = by_date.into_values().collect();
    }
    Ok(Trend { cluster: scope.cluster.to_owned(), days })
}

/// What the next inspection of a scope is compared with: the last one of the same checks. What is measured again and
/// again is everybody's, so it goes on from whoever measured last.
///
/// # Errors
/// When the store cannot be read.
pub fn history(store: &Store, scope: Scope<'_>) -> Result<History, ReadError> {
    let last = latest(store, scope)?;
    let history = match &last {
        Some(last) => History::since(&last.report),
        // The first of its set begins with what the others know.
        None => others(scope).try_fold(History::default(), |history, other| {
            let known = latest(store, other)?;
            Ok::<_, ReadError>(known.iter().fold(history, |history, stored| history.knowing(&stored.report)))
        })?,
    };
    let memory = match store.get(&MEMORIES, scope.key())?.filter(|_| last.is_some()) {
        Some(memory) => Some(memory.into_value()),
        None => {
            let restarts = last.and_then(|last| last.restarts);
            restarts.map(|restarts| Memory { restarts: Some(restarts), ..Memory::default() })
        }
    };
    let mut measured: Option<Memory> = None;
    for other in others(scope) {
        let other = store.get(&MEMORIES, other.key())?.map(Versioned::into_value);
        measured = [measured, other].into_iter().flatten().max_by_key(|memory| memory.taken_at);
    }
    Ok(match (memory, measured) {
        (Some(memory), Some(later)) if later.taken_at > memory.taken_at => history.with_memory(memory.measured(later)),
        (Some(memory), _) => history.with_memory(memory),
        (None, Some(other)) => history.with_memory(Memory::default().measured(other)),
        (None, None) => history,
    })
}

/// The same place, looked at by the other sets of checks.
fn others(scope: Scope<'_>) -> impl Iterator<Item = Scope<'_>> {
    CheckSet::EACH.into_iter().filter(move |set| *set != scope.set).map(move |set| scope.with(set))
}

/// The last report of a scope.
///
/// # Errors
/// When the store cannot be read.
pub fn latest(store: &Store, scope: Scope<'_>) -> Result<Option<Stored>, ReadError> {
    let newest = store.scan(&REPORTS, &Keys::under(scope.key()), 1, Direction::Descending)?;
    Ok(newest.into_iter().next().map(|(_, stored)| stored.into_value()))
}

/// That report.
///
/// # Errors
/// When the store cannot be read.
pub fn at(store: &Store, key: &ReportKey) -> Result<Option<Report>, ReadError> {
    let (cluster, place) = Scope::from(key).key();
    let stored = store.get(&REPORTS, (cluster, place, key.taken_at))?;
    Ok(stored.map(|stored| stored.into_value().report))
}

#[cfg(test)]
mod tests;
