//! The task that looks at the schedules: what is due becomes an inspection, once, and what was missed is said.

use super::{Desk, Failure, inspecting};
use crate::{
    channel::{OCCURRENCES, Occurrence, OccurrenceState, SUBSCRIPTIONS, Subscription},
    inspection::archive::{self, Listener, Scope},
    report::CheckSet,
    schedule::{Due, Misfire, Missed, Schedule, Ticker, due},
    store::{Commit, CommitError, Direction, Keys, Versioned},
};
use chrono::{DateTime, Utc};
use contract::Stop;
use std::{collections::BTreeMap, sync::Arc};

/// The rounds.
#[derive(Debug)]
pub struct Rounds {
    desk: Arc<Desk>,
    misfire: Misfire,
}

/// What is due, by the cluster and the checks.
type DueNow = BTreeMap<(String, CheckSet), Vec<DueOne>>;

/// A subscription whose time has come.
struct DueOne {
    key: String,
    subscription: Versioned<Subscription>,
    planned_at: DateTime<Utc>,
    state: OccurrenceState,
    /// What lies between the last report and this one.
    missed: Option<Missed>,
}

impl Rounds {
    /// Rounds over this desk's subscriptions.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self { desk, misfire: Misfire::default() }
    }

    /// Looks at each tick until stop.
    pub async fn run(self, mut ticker: Ticker, stop: Stop) {
        loop {
            if let Err(error) = self.look().await {
                tracing::error!(%error, "the schedules could not be looked at");
            }
            tokio::select! {
                () = ticker.tick() => {}
                () = stop.stopped() => break,
            }
        }
        if let Err(error) = ticker.stop().await {
            tracing::warn!(%error, "the clock of the schedules did not stop well");
        }
    }

    /// Commits everything that is due now: the occurrence, the subscription and the inspection in one commit.
    async fn look(&self) -> Result<(), Failure> {
        let now = self.desk.clock.now();
        let mut due_now: DueNow = BTreeMap::new();
        for (key, subscription) in self.desk.store.scan(&SUBSCRIPTIONS, &Keys::all(), 100_000, Direction::Ascending)? {
            if subscription.paused.is_some() {
                continue;
            }
            let schedule = match Schedule::parse(&subscription.schedule, self.desk.time_zone) {
                Ok(schedule) => schedule,
                Err(error) => {
                    tracing::error!(%error, schedule = subscription.schedule, "a stored schedule cannot be read");
                    continue;
                }
            };
            let since = subscription.last_planned.unwrap_or(subscription.created_at);
            let (planned_at, state, missed) = match due(&schedule, since, now, &self.misfire) {
                Due::NotYet { .. } => continue,
                Due::Run { planned_at, missed } => (planned_at, OccurrenceState::Planned, missed),
                Due::Late { planned_at, missed } => (planned_at, OccurrenceState::Late, missed),
                Due::Skipped { planned_at, missed, .. } => (planned_at, OccurrenceState::Skipped, Some(missed)),
            };
            let wanted = (subscription.cluster.clone(), subscription.set);
            due_now.entry(wanted).or_default().push(DueOne { key, subscription, planned_at, state, missed });
        }
        for ((cluster, set), subscriptions) in due_now {
            match self.commit(Scope::daily(&cluster).with(set), subscriptions, now).await {
                // Somebody changed one of them meanwhile: the next tick looks again.
                Err(Failure::Commit(CommitError::Conflict { .. })) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn commit(&self, scope: Scope<'_>, subscriptions: Vec<DueOne>, now: DateTime<Utc>) -> Result<(), Failure> {
        let mut commit = Commit::new();
        let mut listeners = Vec::new();
        for DueOne { key, subscription, planned_at, state, missed } in subscriptions {
            let mut changed = Subscription::clone(&subscription);
            changed.last_planned = Some(planned_at);
            // Known already (the clock was put back): it ran, and only has to be remembered as the last one.
            let known = self.desk.store.get(&OCCURRENCES, (subscription.id.as_str(), planned_at))?.is_some();
            if known {
                commit.replace(&SUBSCRIPTIONS, key.as_str(), &subscription, &changed);
                continue;
            }
            let missed = missed.map(|since| since.with(subscription.missed)).or(subscription.missed);
            changed.missed = match state {
                OccurrenceState::Skipped => missed,
                // Whoever posts this report says it.
                OccurrenceState::Planned | OccurrenceState::Late => {
                    listeners.push(Listener::Subscription {
                        channel: subscription.channel.clone(),
                        key: key.clone(),
                        planned_at,
                        late: state == OccurrenceState::Late,
                        missed,
                        only_changes: subscription.only_changes,
                    });
                    None
                }
            };
            commit.replace(&SUBSCRIPTIONS, key.as_str(), &subscription, &changed);
            let occurrence = Occurrence { planned_at, decided_at: now, state };
            commit.insert(&OCCURRENCES, (subscription.id.as_str(), planned_at), &occurrence);
        }
        if !listeners.is_empty() {
            let asked = archive::ask(&self.desk.store, &mut commit, scope, listeners, now)?;
            inspecting::open_if(asked, &self.desk, &mut commit, scope);
        }
        Ok(self.desk.store.commit(commit).await?)
    }
}
