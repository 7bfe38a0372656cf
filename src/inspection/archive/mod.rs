//! The reports that were taken, and who waits for the next one.

mod runs;

use super::{History, Inspected, Memory, RestartCounts};
use crate::{
    report::Report,
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table, Versioned},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use runs::{Listener, RUNS, Run, ask, run_key};

/// Reports by cluster, scope and time.
pub const REPORTS: Table<Stored> = Table::new("reports");
/// What the next inspection compares with, by cluster and scope.
pub const MEMORIES: Table<Memory> = Table::new("memories");
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
/// Keeps a report, and what the next one is compared with.
pub fn keep(commit: &mut Commit, namespace: Option<&str>, inspected: &Inspected) {
    let Inspected { report, memory } = inspected;
    commit.put(&MEMORIES, run_key(&report.cluster, namespace), memory);
    let key = (report.cluster.clone(), namespace.unwrap_or("").to_owned(), report.taken_at);
    commit.put(&REPORTS, key, &Stored { report: report.clone(), restarts: None });
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
