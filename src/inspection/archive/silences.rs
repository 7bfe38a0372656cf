//! What people in chats asked not to be told.

use crate::{
    channel::button::ReportKey,
    inspection::attention::{Silence, What},
    report::{CheckSet, Report},
    store::{Commit, Direction, Keys, ReadError, Record, Store, Table, Versioned},
};
use chrono::{DateTime, Utc};
use contract::ChannelRef;
use serde::{Deserialize, Serialize};

/// By cluster and the silence's id.
pub const SILENCES: Table<ChatSilence> = Table::new("silences");
/// The report that a channel was shown last, by channel and cluster: what the numbers in it refer to.
pub const SHOWN: Table<ReportKey> = Table::new("shown");

/// So many at once for one cluster.
pub const MOST: usize = 200;

/// A silence that was asked for in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSilence {
    /// In which cluster.
    pub cluster: String,
    /// Where it was asked for, and where its end is told.
    pub channel: ChannelRef,
    /// Which checks the report was of in which it was asked for: they tell whether it is still so.
    #[serde(default)]
    pub set: CheckSet,
    /// What.
    pub silence: Silence,
}

impl Record for ChatSilence {
    const VERSION: u16 = 1;
}
impl Record for ReportKey {
    const VERSION: u16 = 1;
}

/// What is silenced in a cluster at that time, the oldest first.
///
/// # Errors
/// When the store cannot be read.
pub fn silences(store: &Store, cluster: &str, now: DateTime<Utc>) -> Result<Vec<Versioned<ChatSilence>>, ReadError> {
    let all = store.scan(&SILENCES, &Keys::under(cluster), usize::MAX, Direction::Ascending)?;
    let mut holding: Vec<_> =
        all.into_iter().map(|(_, asked)| asked).filter(|asked| asked.silence.holds(now)).collect();
    holding.sort_by_key(|asked| asked.silence.at);
    Ok(holding)
}

/// Lets go of what was acknowledged and is solved: if it comes back, it is told.
///
/// # Errors
/// When the store cannot be read.
pub fn let_go_of_solved(store: &Store, commit: &mut Commit, report: &Report) -> Result<(), ReadError> {
    for (key, asked) in store.scan(&SILENCES, &Keys::under(&report.cluster), usize::MAX, Direction::Ascending)? {
        let What::Finding { fingerprint, .. } = &asked.silence.what else { continue };
        let is_solved = report.changes.resolved.iter().any(|resolved| resolved.fingerprint == *fingerprint);
        if is_solved && asked.silence.until.is_none() {
            commit.remove(&SILENCES, key);
        }
    }
    Ok(())
}

/// The report that a channel was shown last, or else the newest daily one of the whole cluster.
///
/// # Errors
/// When the store cannot be read.
pub fn shown(store: &Store, channel: &ChannelRef, cluster: &str) -> Result<Option<Report>, ReadError> {
    let shown = match store.get(&SHOWN, (channel.to_string(), cluster))? {
        Some(key) => super::at(store, &key)?,
        None => None,
    };
    match shown {
        Some(report) => Ok(Some(report)),
        None => Ok(super::latest(store, super::Scope::daily(cluster))?.map(|stored| stored.report)),
    }
}
