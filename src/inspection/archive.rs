//! The reports that were taken, and who waits for the next one.

use super::{History, Inspected, Memory, RestartCounts};
use crate::{
    report::{Day, Report, Trend},
    schedule::Missed,
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table, Versioned},
};
use chrono::{DateTime, Utc};
use contract::{ChannelRef, Inbound};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reports by cluster, scope and time.
pub const REPORTS: Table<Stored> = Table::new("reports");
/// What the next inspection compares with, by cluster and scope.
pub const MEMORIES: Table<Memory> = Table::new("memories");
/// The inspection that waits or runs, by cluster and scope: whoever asks meanwhile joins it.
pub const RUNS: Table<Run> = Table::new("runs");

/// Listeners after whom nobody joins an inspection who was not promised its report.
const AUDIENCE: usize = 500;

/// A report as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The report.
    pub report: Report,
    /// How often each container had restarted by then: in reports that were kept before there were memories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<RestartCounts>,
}

/// An inspection that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Of which cluster.
    pub cluster: String,
    /// One namespace only.
    pub namespace: Option<String>,
    /// When it was first asked for.
    pub requested_at: DateTime<Utc>,
    /// Who waits for its report.
    pub audience: Vec<Listener>,
}

/// Somebody who waits for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// A subscription whose time has come.
    Subscription {
        /// Where it is posted.
        channel: ChannelRef,
        /// The subscription's key in its table.
        key: String,
        /// When it was due.
        planned_at: DateTime<Utc>,
        /// Whether that is long ago.
        late: bool,
        /// Planned times that were left out since the last report.
        missed: Option<Missed>,
        /// Stay silent when nothing changed.
        only_changes: bool,
    },
    /// Somebody in a chat.
    Chat {
        /// What they wrote.
        inbound: Box<Inbound>,
    },
    /// A channel that gets the report without having asked: after a repair, or when the demo starts.
    Post {
        /// Which.
        channel: ChannelRef,
        /// The repair that was verified, where it is because of one.
        after_repair: Option<String>,
    },
    /// A caller of the API.
    Request {
        /// The request's id.
        id: String,
    },
}

impl Listener {
    /// What tells it apart from the others that wait; the same after a restart.
    pub fn identity(&self) -> String {
        match self {
            Self::Subscription { key, planned_at, .. } => format!("subscription {key} {}", planned_at.to_rfc3339()),
            Self::Chat { inbound } => format!("chat {} {}", inbound.channel.platform, inbound.id),
            Self::Post { channel, after_repair } => {
                format!("post {channel} {}", after_repair.as_deref().unwrap_or_default())
            }
            Self::Request { id } => format!("request {id}"),
        }
    }

    /// Whether it was promised long before, so that it is never turned away.
    fn is_promised(&self) -> bool {
        match self {
            Self::Subscription { .. } | Self::Post { .. } => true,
            Self::Chat { .. } | Self::Request { .. } => false,
        }
    }
}

/// What became of somebody's wish for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// An inspection was opened for it: the caller adds the inbox item.
    Opened,
    /// It joined the one that waits or runs.
    Joined,
    /// So many wait for that one that no more are taken on.
    Full,
}

impl Record for Stored {
    const VERSION: u16 = 1;
}
impl Record for Memory {
    const VERSION: u16 = 1;
}
impl Record for Run {
    const VERSION: u16 = 1;
}

/// The key of a scope's run.
pub fn run_key(cluster: &str, namespace: Option<&str>) -> (String, String) {
    (cluster.to_owned(), namespace.unwrap_or("").to_owned())
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

/// The days of a scope, the oldest first.
///
/// # Errors
/// When the store cannot be read.
pub fn trend(store: &Store, cluster: &str, namespace: Option<&str>) -> Result<Trend, ReadError> {
    let reports = store.scan(&REPORTS, &Keys::under(run_key(cluster, namespace)), usize::MAX, Direction::Ascending)?;
    let days: BTreeMap<_, _> =
        reports.into_iter().map(|(_, stored)| Day::of(&stored.report)).map(|day| (day.date, day)).collect();
    Ok(Trend { cluster: cluster.to_owned(), days: days.into_values().collect() })
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

/// Asks for an inspection: joins the one that waits or runs, or opens one.
///
/// # Errors
/// When the store cannot be read.
pub fn ask(
    store: &Store,
    commit: &mut Commit,
    (cluster, namespace): (&str, Option<&str>),
    listeners: Vec<Listener>,
    now: DateTime<Utc>,
) -> Result<Asked, ReadError> {
    let key = run_key(cluster, namespace);
    match store.get(&RUNS, &key)? {
        Some(run) if run.audience.len() >= AUDIENCE && !listeners.iter().any(Listener::is_promised) => Ok(Asked::Full),
        Some(run) => {
            let mut joined = Run::clone(&run);
            joined.audience.extend(listeners);
            commit.replace(&RUNS, key, &run, &joined);
            Ok(Asked::Joined)
        }
        None => {
            let run = Run {
                cluster: cluster.to_owned(),
                namespace: namespace.map(str::to_owned),
                requested_at: now,
                audience: listeners,
            };
            commit.insert(&RUNS, key, &run);
            Ok(Asked::Opened)
        }
    }
}
