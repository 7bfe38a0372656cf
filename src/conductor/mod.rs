//! Takes the inbox's items: in order within a lane, in parallel between lanes, each until it is done or parked.
//!
//! An item is done in the commit that holds everything it led to, so that a crash either repeats it from the start or
//! finds it done. What a repeat would do again is derived from the item (message ids), or has a state of its own.

mod afterwards;
mod chat;
mod checkups;
mod commands;
mod desk;
mod heeding;
mod inspecting;
mod looking;
mod numbered;
mod parking;
mod pressing;
mod proposals;
mod questions;
mod repairs;
mod rounds;
mod showing;
mod upkeep;

pub use desk::Desk;
pub use rounds::Rounds;
pub use upkeep::Upkeep;

use crate::{
    inbox::{self, INBOX, Item, Work},
    inspection::archive::Scope,
    store::{Commit, CommitError, ReadError, Versioned},
};
use anyhow::anyhow;
use chrono::TimeDelta;
use contract::Stop;
use futures::FutureExt;
use std::{any::Any, collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use thiserror::Error;
use tokio::task::JoinSet;

/// Items under way at once.
const PARALLEL: usize = 16;
/// Items looked at in one pass: all that may wait, and what the bot itself adds to them.
const PASS: usize = 2 * inbox::CAPACITY;
/// Before an item that could not even be put back is taken up again: the store is ill.
const BREATH: Duration = Duration::from_secs(1);

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

/// What becomes of an item once it was handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is done, by a commit of its handler.
    Done,
    /// It is to be handled again; until then others have its place.
    Again { after: TimeDelta },
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

/// What came of an item.
#[derive(Debug)]
struct Handled {
    lane: String,
    key: String,
    next: Next,
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
        let mut tasks: JoinSet<Handled> = JoinSet::new();
        // What waits for its next look, by key: stopped with the conductor, and taken up again by the next one.
        let mut resting: BTreeSet<String> = BTreeSet::new();
        let mut rests: JoinSet<String> = JoinSet::new();
        loop {
            changes.mark_unchanged();
            if !stop.is_stopped() {
                self.start_what_waits(&mut busy, &resting, &mut tasks);
            } else if tasks.is_empty() {
                return;
            }
            let retry = self.next_retry(&busy);
            tokio::select! {
                Some(finished) = tasks.join_next(), if !tasks.is_empty() => match finished {
                    Ok(Handled { lane, key, next }) => {
                        busy.remove(&lane);
                        if let Next::Again { after } = next {
                            resting.insert(key.clone());
                            let desk = Arc::clone(&self.desk);
                            rests.spawn(async move { desk.pause(after).await; key });
                        }
                    }
                    // Only while the runtime ends: `work` catches the panics of its items.
                    Err(error) => {
                        tracing::error!(%error, "an item of the inbox was lost sight of");
                        if tasks.is_empty() { busy.clear(); }
                    }
                },
                Some(rested) = rests.join_next(), if !rests.is_empty() => match rested {
                    Ok(key) => { resting.remove(&key); }
                    Err(error) => {
                        tracing::error!(%error, "a rest was lost sight of");
                        if rests.is_empty() { resting.clear(); }
                    }
                },
                changed = changes.changed() => if changed.is_err() { return },
                () = async { match retry { Some(at) => self.desk.clock.sleep_until(at).await, None => std::future::pending().await } } => {}
                () = stop.stopped(), if !stop.is_stopped() => {}
            }
        }
    }

    fn start_what_waits(&self, busy: &mut BTreeSet<String>, resting: &BTreeSet<String>, tasks: &mut JoinSet<Handled>) {
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
            // What rests holds back nobody: a press on its card is answered meanwhile.
            if resting.contains(&key) {
                continue;
            }
            // An item that waits for its next try holds back the later ones of its lane.
            let first_of_lane = passed.insert(item.lane.clone());
            if !first_of_lane || busy.contains(&item.lane) || item.not_before.is_some_and(|at| at > now) {
                continue;
            }
            busy.insert(item.lane.clone());
            let desk = Arc::clone(&self.desk);
            tasks.spawn(async move {
                let taken = Taken { key, item };
                let next = work(&desk, &taken).await;
                Handled { lane: taken.item.lane.clone(), key: taken.key, next }
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
async fn work(desk: &Desk, taken: &Taken) -> Next {
    // A panic is a failure like any other: the item is not repeated for ever, and nothing else stops.
    let result = AssertUnwindSafe(handle(desk, taken)).catch_unwind().await;
    let failure = match result.unwrap_or_else(|panic| Err(anyhow!("a bug: {}", said(panic.as_ref())).into())) {
        Ok(next) => return next,
        Err(failure) => failure,
    };
    tracing::warn!(lane = taken.item.lane, attempts = taken.item.attempts, error = %failure, "an item failed");
    if let Err(error) = parking::put_back(desk, taken, &failure).await {
        tracing::error!(%error, "a failed item could not be put back");
        tokio::time::sleep(BREATH).await;
    }
    Next::Done
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked")
}

async fn handle(desk: &Desk, taken: &Taken) -> Result<Next, Failure> {
    let done = match &taken.item.work {
        Work::Repair { proposal } => return repairs::advance(desk, taken, proposal).await,
        Work::Chat(inbound) => Box::pin(chat::handle(desk, taken, inbound)).await,
        Work::Inspect { cluster, namespace, set } => {
            let scope = Scope { cluster, namespace: namespace.as_deref(), set: *set };
            Box::pin(inspecting::handle(desk, taken, scope)).await
        }
        Work::SilenceOver { cluster, silence } => heeding::over(desk, taken, cluster, silence).await,
        Work::Question { request } => questions::handle_request(desk, taken, request).await,
        Work::Alerts { request } => questions::handle_alerts(desk, taken, request).await,
    };
    done.map(|()| Next::Done)
}
