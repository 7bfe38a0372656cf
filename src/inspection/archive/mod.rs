//! The reports that were taken, and who waits for the next one.

mod retention;
mod runs;
mod silences;

use super::{Day, History, Inspected, Memory, RestartCounts, Trend};
use crate::{
    report::Report,
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table, Versioned, key_parts},
};
use chrono::{DateTime, Utc};
use retention::outdated;
use serde::{Deserialize, Serialize};

pub use retention::Retention;
pub use runs::{Asked, Listener, RUNS, Run, ask, run_key};
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
    namespace: Option<&str>,
    inspected: &Inspected,
    retention: Retention,
) -> Result<(), ReadError> {
    let Inspected { report, memory, day } = inspected;
    let (cluster, scope) = run_key(&report.cluster, namespace);
    let key = (cluster.as_str(), scope.as_str(), report.taken_at);
    // Where many wait, several commits tell them, and the first one keeps it.
    if store.get(&REPORTS, key)?.is_some_and(|kept| kept.report == *report) {
        return Ok(());
    }
    let begun = store.get(&DAYS, (cluster.as_str(), scope.as_str(), day.date.to_string()))?;
    let day = begun.map_or_else(|| day.clone(), |begun| begun.into_value().and(day.clone()));
    commit.put(&MEMORIES, run_key(&report.cluster, namespace), memory);
    commit.put(&DAYS, (cluster.as_str(), scope.as_str(), day.date.to_string()), &day);
    let stored = Stored { report: report.clone(), restarts: None };
    commit.put(&REPORTS, key, &stored);

    let scope = Keys::under((cluster.as_str(), scope.as_str()));
    let reports = store.keys(&REPORTS, &scope, usize::MAX, Direction::Ascending)?;
    let taken = reports.into_iter().filter_map(|key| Some((taken_at(&key)?, key))).collect();
    for key in outdated(taken, report.taken_at, retention).into_iter().take(MOST_AT_ONCE) {
        commit.remove(&REPORTS, key);
    }
    let oldest = retention.oldest_day(day.date).to_string();
    for key in store.keys(&DAYS, &scope, MOST_AT_ONCE, Direction::Ascending)? {
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
pub fn trend(store: &Store, cluster: &str, namespace: Option<&str>) -> Result<Trend, ReadError> {
    let days = store.scan(&DAYS, &Keys::under(run_key(cluster, namespace)), usize::MAX, Direction::Ascending)?;
    let days = days.into_iter().map(|(_, day)| day.into_value()).collect();
    Ok(Trend { cluster: cluster.to_owned(), days })
}

/// What the next inspection of a scope is compared with.
///
/// # Errors
/// When the store cannot be read.
pub fn history(store: &Store, cluster: &str, namespace: Option<&str>) -> Result<History, ReadError> {
    let Some(last) = latest(store, cluster, namespace)? else { return Ok(History::default()) };
    let history = History::since(&last.report);
    let memory = store.get(&MEMORIES, run_key(cluster, namespace))?;
    Ok(match (memory, last.restarts) {
        (Some(memory), _) => history.with_memory(memory.into_value()),
        (None, Some(restarts)) => history.with_restarts(restarts),
        (None, None) => history,
    })
}

/// The last report of a scope.
///
/// # Errors
/// When the store cannot be read.
pub fn latest(store: &Store, cluster: &str, namespace: Option<&str>) -> Result<Option<Stored>, ReadError> {
    let keys = Keys::under(run_key(cluster, namespace));
    let newest = store.scan(&REPORTS, &keys, 1, Direction::Descending)?;
    Ok(newest.into_iter().next().map(|(_, stored)| stored.into_value()))
}

/// The report of a cluster that was taken then, whatever its scope.
///
/// # Errors
/// When the store cannot be read.
pub fn at(
    store: &Store,
    cluster: &str,
    namespace: Option<&str>,
    taken_at: DateTime<Utc>,
) -> Result<Option<Report>, ReadError> {
    let key = (cluster.to_owned(), namespace.unwrap_or("").to_owned(), taken_at);
    Ok(store.get(&REPORTS, key)?.map(|stored: Versioned<Stored>| stored.into_value().report))
}

#[cfg(test)]
mod tests;
