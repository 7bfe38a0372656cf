//! Takes the inbox's items: in order within a lane, in parallel between lanes, each until it is done or parked.
//!
//! An item is done in the commit that holds everything it led to, so that a crash either repeats it from the start or
//! finds it done. What a repeat would do again is derived from the item (message ids), or has a state of its own.

mod chat;
mod commands;
mod desk;
mod heeding;
mod inspecting;
mod looking;
mod pressing;
mod questions;
mod repairs;
mod rounds;

pub use desk::Desk;
pub use rounds::Rounds;

use crate::{
    inbox::{INBOX, Item, PARKED, Parked, Work},
    store::{Commit, CommitError, ReadError, Versioned},
    texts,
};
use chrono::TimeDelta;
use contract::Stop;
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;
use tokio::task::JoinSet;

/// Items under way at once.
const PARALLEL: usize = 16;
/// Items looked at in one pass; more stay for the next.
const PASS: usize = 1_000;
/// Tries before an item is parked.
const TRIES: u32 = 5;

/// Why an item was not done this time.
#[derive(Debug, Error)]
pub enum Failure {
    /// The store.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The store.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Anything else, for the operators.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// The task that works the inbox off.
#[derive(Debug)]
pub struct Conductor {
    desk: Arc<Desk>,
}

/// An item under way, with its key.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) key: String,
    pub(crate) item: Versioned<Item>,
}

impl Taken {
    /// A cause from which message ids are derived: this item, and which of its messages.
    pub(crate) fn cause(&self, which: &str) -> String {
        format!("{} {} {} {which}", self.key, self.item.at.to_rfc3339(), self.item.lane)
    }

    /// The item is done by this commit.
    pub(crate) fn done(&self, commit: &mut Commit) {
        commit.remove_expected(&INBOX, self.key.clone(), &self.item);
    }
}

impl Conductor {
    /// A conductor over this desk.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Works until stop, then lets what is under way finish.
    pub async fn run(self, stop: Stop) {
        let mut changes = self.desk.store.commits_watch();
        let mut busy: BTreeSet<String> = BTreeSet::new();
        let mut tasks: JoinSet<String> = JoinSet::new();
        loop {
            changes.mark_unchanged();
            if !stop.is_stopped() {
                self.start_what_waits(&mut busy, &mut tasks);
            } else if tasks.is_empty() {
                return;
            }
            let retry = self.next_retry(&busy);
            tokio::select! {
                Some(finished) = tasks.join_next(), if !tasks.is_empty() => match finished {
                    Ok(lane) => { busy.remove(&lane); }
                    // A panic: which lane it was is not known any more, so the free ones are found by what still runs.
                    Err(error) => {
                        tracing::error!(%error, "an item of the inbox panicked");
                        if tasks.is_empty() { busy.clear(); }
                    }
                },
                changed = changes.changed() => if changed.is_err() { return },
                () = async { match retry { Some(at) => self.desk.clock.sleep_until(at).await, None => std::future::pending().await } } => {}
                () = stop.stopped(), if !stop.is_stopped() => {}
            }
        }
    }

    fn start_what_waits(&self, busy: &mut BTreeSet<String>, tasks: &mut JoinSet<String>) {
        let waiting = match self.desk.inbox.waiting(PASS) {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "the inbox cannot be read");
                return;
            }
        };
        let now = self.desk.clock.now();
        let mut passed: BTreeSet<String> = BTreeSet::new();
        for (key, item) in waiting {
            if tasks.len() >= PARALLEL {
                return;
            }
            // An item that waits for its next try holds back the later ones of its lane.
            let first_of_lane = passed.insert(item.lane.clone());
            if !first_of_lane || busy.contains(&item.lane) || item.not_before.is_some_and(|at| at > now) {
                continue;
            }
            busy.insert(item.lane.clone());
            let desk = Arc::clone(&self.desk);
            tasks.spawn(async move {
                let lane = item.lane.clone();
                work(&desk, Taken { key, item }).await;
                lane
            });
        }
    }

    fn next_retry(&self, busy: &BTreeSet<String>) -> Option<chrono::DateTime<chrono::Utc>> {
        let waiting = self.desk.inbox.waiting(PASS).unwrap_or_default();
        let now = self.desk.clock.now();
        waiting
            .iter()
            .filter(|(_, item)| !busy.contains(&item.lane))
            .filter_map(|(_, item)| item.not_before)
            .filter(|at| *at > now)
            .min()
    }
}

/// Does one item, and puts it back or parks it when it fails.
async fn work(desk: &Desk, taken: Taken) {
    let result = handle(desk, &taken).await;
    let Err(failure) = result else { return };
    // Somebody else changed what the decision rested on: it is simply decided again.
    let conflict = matches!(failure, Failure::Commit(CommitError::Conflict { .. }));
    tracing::warn!(lane = taken.item.lane, attempts = taken.item.attempts, error = %failure, "an item failed");
    if let Err(error) = put_back(desk, &taken, &failure, conflict).await {
        tracing::error!(%error, "a failed item could not be put back");
    }
}

async fn handle(desk: &Desk, taken: &Taken) -> Result<(), Failure> {
    match &taken.item.work {
        Work::Chat(inbound) => chat::handle(desk, taken, inbound).await,
        Work::Inspect { cluster, namespace } => inspecting::handle(desk, taken, cluster, namespace.as_deref()).await,
        Work::SilenceOver { cluster, silence } => heeding::over(desk, taken, cluster, silence).await,
        Work::Repair { proposal } => repairs::advance(desk, taken, proposal).await,
        Work::Question { request } => questions::handle_request(desk, taken, request).await,
        Work::Alerts { request } => questions::handle_alerts(desk, taken, request).await,
    }
}

async fn put_back(desk: &Desk, taken: &Taken, failure: &Failure, conflict: bool) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut item = Item::clone(&taken.item);
    item.attempts += 1;
    let mut commit = Commit::new();
    if item.attempts >= if conflict { 4 * TRIES } else { TRIES } {
        taken.done(&mut commit);
        let parked = Parked { item: item.clone(), error: failure.to_string(), at: now };
        commit.put(&PARKED, taken.key.clone(), &parked);
        if let Work::Chat(inbound) = &item.work {
            desk.answer(&mut commit, taken, inbound, texts::chat::gave_up(failure), "gave up");
        }
    } else {
        item.not_before = (!conflict).then(|| now + TimeDelta::seconds(1 << item.attempts.min(6)));
        commit.replace(&INBOX, taken.key.clone(), &taken.item, &item);
    }
    desk.store.commit(commit).await?;
    Ok(())
}
