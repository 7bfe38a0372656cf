//! Which reports a channel gets, and what was promised and kept.

use crate::{
    report::CheckSet,
    schedule::Missed,
    store::{Record, Table},
};
use chrono::{DateTime, Utc};
use contract::ChannelRef;
use serde::{Deserialize, Serialize};

/// By channel and cluster: one report of a cluster per channel, schedule and set of checks.
pub const SUBSCRIPTIONS: Table<Subscription> = Table::new("subscriptions");
/// By subscription and planned time: each happens once.
pub const OCCURRENCES: Table<Occurrence> = Table::new("occurrences");

/// A report on a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id: what occurrences refer to.
    pub id: String,
    /// Where it is posted.
    pub channel: ChannelRef,
    /// Of which cluster.
    pub cluster: String,
    /// Which checks.
    #[serde(default)]
    pub set: CheckSet,
    /// The schedule as text, with its zone.
    pub schedule: String,
    /// Stay silent when nothing is new and nothing is resolved.
    pub only_changes: bool,
    /// Who asked for it.
    pub created_by: String,
    /// When: nothing before it is ever due.
    pub created_at: DateTime<Utc>,
    /// The last planned time that was decided about, run or skipped.
    pub last_planned: Option<DateTime<Utc>>,
    /// What was missed since the last report, to be said in the next one.
    #[serde(default)]
    pub missed: Option<Missed>,
    /// Why nothing is posted at the moment (the channel is gone), if so.
    #[serde(default)]
    pub paused: Option<String>,
}

/// One planned time of a subscription and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When it was due.
    pub planned_at: DateTime<Utc>,
    /// When that was decided.
    pub decided_at: DateTime<Utc>,
    /// What became of it.
    pub state: OccurrenceState,
}

/// What became of a planned time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OccurrenceState {
    /// An inspection was asked for in time.
    Planned,
    /// An inspection was asked for, late but within the grace.
    Late,
    /// Too late: left out, and said so.
    Skipped,
}

impl Record for Subscription {
    const VERSION: u16 = 1;
}
impl Record for Occurrence {
    const VERSION: u16 = 1;
}

impl Subscription {
    /// The key: a channel has one subscription per cluster, schedule and set of checks.
    pub fn key(&self) -> (String, String) {
        let promise = format!("{} {}", self.cluster, self.schedule);
        let promise = match self.set {
            CheckSet::Daily => promise,
            CheckSet::Hygiene | CheckSet::All => format!("{promise} {}", self.set),
        };
        (self.channel.to_string(), promise)
    }
}
