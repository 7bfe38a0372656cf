//! The inspections that wait or run: one for each scope, and whoever asks meanwhile joins it.

use crate::{
    inspection::attention::Silence,
    schedule::Missed,
    store::{Commit, ReadError, Record, Store, Table},
};
use chrono::{DateTime, Utc};
use contract::{ChannelRef, Inbound};
use serde::{Deserialize, Serialize};

/// The inspection that waits or runs, by cluster and scope: whoever asks meanwhile joins it.
pub const RUNS: Table<Run> = Table::new("runs");

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
    /// The channel in which a finding was snoozed until now: it hears whether it is still so.
    SnoozeOver {
        /// Which.
        channel: ChannelRef,
        /// What was snoozed.
        silence: Box<Silence>,
    },
    /// A caller of the API.
    Request {
        /// The request's id.
        id: String,
    },
}

impl Record for Run {
    const VERSION: u16 = 1;
}

/// The key of a scope's run.
pub fn run_key(cluster: &str, namespace: Option<&str>) -> (String, String) {
    (cluster.to_owned(), namespace.unwrap_or("").to_owned())
}

/// Asks for an inspection: joins the one that waits or runs, or opens one. Whether it opened one (then the caller
/// adds the inbox item).
///
/// # Errors
/// When the store cannot be read.
pub fn ask(
    store: &Store,
    commit: &mut Commit,
    (cluster, namespace): (&str, Option<&str>),
    listeners: Vec<Listener>,
    now: DateTime<Utc>,
) -> Result<bool, ReadError> {
    let key = run_key(cluster, namespace);
    match store.get(&RUNS, &key)? {
        Some(run) => {
            let mut joined = Run::clone(&run);
            joined.audience.extend(listeners);
            commit.replace(&RUNS, key, &run, &joined);
            Ok(false)
        }
        None => {
            let run = Run {
                cluster: cluster.to_owned(),
                namespace: namespace.map(str::to_owned),
                requested_at: now,
                audience: listeners,
            };
            commit.insert(&RUNS, key, &run);
            Ok(true)
        }
    }
}
