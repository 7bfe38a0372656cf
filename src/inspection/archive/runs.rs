//! The inspections that wait or run: one for each scope, and whoever asks meanwhile joins it.

use super::Scope;
use crate::{
    inspection::attention::Silence,
    report::CheckSet,
    schedule::Missed,
    store::{Commit, ReadError, Record, Store, Table},
};
use chrono::{DateTime, Utc};
use contract::{ChannelRef, Inbound};
use serde::{Deserialize, Serialize};

/// The inspection that waits or runs, by cluster and scope: whoever asks meanwhile joins it.
pub const RUNS: Table<Run> = Table::new("runs");

/// Listeners after whom nobody joins an inspection who was not promised its report.
const AUDIENCE: usize = 500;

/// An inspection that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Of which cluster.
    pub cluster: String,
    /// One namespace only.
    pub namespace: Option<String>,
    /// Which checks.
    #[serde(default)]
    pub set: CheckSet,
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

impl Listener {
    /// What tells it apart from the others that wait; the same after a restart.
    pub fn identity(&self) -> String {
        match self {
            Self::Subscription { key, planned_at, .. } => format!("subscription {key} {}", planned_at.to_rfc3339()),
            Self::Chat { inbound } => format!("chat {} {}", inbound.channel.platform, inbound.id),
            Self::Post { channel, after_repair } => {
                format!("post {channel} {}", after_repair.as_deref().unwrap_or_default())
            }
            Self::SnoozeOver { silence, .. } => format!("snooze over {}", silence.id),
            Self::Request { id } => format!("request {id}"),
        }
    }

    /// Whether it was promised long before, so that it is never turned away.
    fn is_promised(&self) -> bool {
        match self {
            Self::Subscription { .. } | Self::Post { .. } | Self::SnoozeOver { .. } => true,
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

impl Record for Run {
    const VERSION: u16 = 1;
}

/// Asks for an inspection: joins the one that waits or runs, or opens one.
///
/// # Errors
/// When the store cannot be read.
pub fn ask(
    store: &Store,
    commit: &mut Commit,
    scope: Scope<'_>,
    listeners: Vec<Listener>,
    now: DateTime<Utc>,
) -> Result<Asked, ReadError> {
    let key = scope.key();
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
                cluster: scope.cluster.to_owned(),
                namespace: scope.namespace.map(str::to_owned),
                set: scope.set,
                requested_at: now,
                audience: listeners,
            };
            commit.insert(&RUNS, key, &run);
            Ok(Asked::Opened)
        }
    }
}
