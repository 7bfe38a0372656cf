//! Brings the rows out: in order within a channel, channels independent of each other, one sending at a time each.
//!
//! Level-triggered: a change of the store is only a hint to look again. What a delivery led to is decided by
//! [`super::state`] and stored before the next row of that channel is looked at.

use super::{
    message::{DEAD, OUTBOX, Row, RowKind, SENT, SUBJECTS, Sent, Subject},
    state::{Delivery, DeliveryEvent, Effect, Form, Letter, Look, Scope},
};
use crate::{
    channel::{self, SUBSCRIPTIONS, Subscription},
    clock::Clock,
    health::Health,
    store::{Commit, CommitError, Direction, Keys, ReadError, Store, Versioned, key_parts},
};
use chrono::{DateTime, Utc};
use contract::{Adapter, Body, ChannelRef, DeliveryError, MessageRef, Outbound, OutboundKind, Platform, Stop, plain};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::task::JoinSet;

/// Rows looked at in one pass.
const PASS: usize = 5_000;

/// The task that empties the outbox.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    clock: Clock,
    adapters: BTreeMap<Platform, Arc<dyn Adapter>>,
    health: Health,
}

type Holds = BTreeMap<String, DateTime<Utc>>;

/// What one sending led to.
struct Outcome {
    channel: String,
    holds: Vec<(String, DateTime<Utc>)>,
}

impl Worker {
    /// A worker over these adapters.
    pub fn new(store: Store, clock: Clock, adapters: BTreeMap<Platform, Arc<dyn Adapter>>, health: Health) -> Self {
        Self { store, clock, adapters, health }
    }

    /// Works until stop; then what can go out at once goes out, what has to wait stays for the next start.
    pub async fn run(self, stop: Stop) {
        let worker = Arc::new(self);
        let mut changes = worker.store.commits_watch();
        let mut busy: BTreeSet<String> = BTreeSet::new();
        let mut holds = Holds::new();
        let mut tasks: JoinSet<Outcome> = JoinSet::new();
        loop {
            changes.mark_unchanged();
            let wake = match worker.start_what_is_due(&mut busy, &holds, &mut tasks) {
                Ok(wake) => wake,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    None
                }
            };
            if stop.is_stopped() && tasks.is_empty() {
                return;
            }
            tokio::select! {
                Some(finished) = tasks.join_next(), if !tasks.is_empty() => match finished {
                    Ok(outcome) => {
                        busy.remove(&outcome.channel);
                        holds.extend(outcome.holds);
                    }
                    Err(error) => {
                        tracing::error!(%error, "a sending panicked");
                        if tasks.is_empty() { busy.clear(); }
                    }
                },
                changed = changes.changed() => if changed.is_err() { return },
                () = async { match wake { Some(at) => worker.clock.sleep_until(at).await, None => std::future::pending().await } } => {}
                () = stop.stopped(), if !stop.is_stopped() => {}
            }
        }
    }

    /// Starts the first due row of every free channel, and gives the time of the next one that waits.
    fn start_what_is_due(
        self: &Arc<Self>,
        busy: &mut BTreeSet<String>,
        holds: &Holds,
        tasks: &mut JoinSet<Outcome>,
    ) -> Result<Option<DateTime<Utc>>, ReadError> {
        let now = self.clock.now();
        let mut wake: Option<DateTime<Utc>> = None;
        let mut looked: BTreeSet<String> = BTreeSet::new();
        for (key, row) in self.store.scan(&OUTBOX, &Keys::all(), PASS, Direction::Ascending)? {
            let channel = key_parts(&key).into_iter().next().unwrap_or_default();
            if busy.contains(&channel) || !looked.insert(channel.clone()) {
                continue;
            }
            let held = holds.get(&channel).max(holds.get(row.to.platform.name())).filter(|until| **until > now);
            let letter = Letter { id: row.id.as_str(), class: row.class };
            let later = match (held, row.delivery.look(letter, now)) {
                (Some(until), _) => Some(*until),
                (None, Look::Wait { until }) => Some(until),
                (None, Look::Send { .. } | Look::Drop(_) | Look::Done) => None,
            };
            if let Some(later) = later {
                wake = Some(wake.map_or(later, |wake| wake.min(later)));
                continue;
            }
            busy.insert(channel.clone());
            let worker = Arc::clone(self);
            tasks.spawn(async move {
                let holds = worker.step(&key, &row).await.unwrap_or_else(|error| {
                    tracing::error!(%error, key, "a message could not be settled");
                    Vec::new()
                });
                Outcome { channel, holds }
            });
        }
        Ok(wake)
    }

    /// Sends one row, or drops it, and stores what came of it.
    async fn step(&self, key: &str, row: &Versioned<Row>) -> Result<Vec<(String, DateTime<Utc>)>, CommitError> {
        let now = self.clock.now();
        let letter = Letter { id: row.id.as_str(), class: row.class };
        let form = match row.delivery.look(letter, now) {
            Look::Send { form } => form,
            Look::Drop(dead) => {
                self.settle(key, row, dead, Vec::new()).await?;
                return Ok(Vec::new());
            }
            Look::Wait { .. } | Look::Done => return Ok(Vec::new()),
        };
        let event = match self.outbound(key, row, form) {
            Err(event) => event,
            Ok(outbound) => match self.adapters.get(&row.to.platform) {
                Some(adapter) => {
                    adapter.deliver(&outbound).await.map_or_else(event, |message| DeliveryEvent::Delivered { message })
                }
                None => DeliveryEvent::Rejected { detail: format!("{} is not configured", row.to.platform) },
            },
        };
        if let DeliveryEvent::Transient { detail } | DeliveryEvent::Ambiguous { detail } = &event {
            tracing::warn!(channel = %row.to, detail, "a message did not go out yet");
        }
        match row.delivery.clone().next(letter, event, self.clock.now()) {
            Ok((delivery, effects)) => self.settle(key, row, delivery, effects).await,
            Err(settled) => {
                tracing::warn!(%settled, key, "a message was settled twice");
                Ok(Vec::new())
            }
        }
    }

    /// The message as the platform gets it; an edit whose message was never sent, or that a later one replaces, is
    /// not sent at all.
    fn outbound(&self, key: &str, row: &Row, form: Form) -> Result<Outbound, DeliveryEvent<MessageRef, ChannelRef>> {
        let transient = |error: ReadError| DeliveryEvent::Transient { detail: error.to_string() };
        let kind = match &row.kind {
            RowKind::Post { reply_to } => OutboundKind::Post { reply_to: reply_to.clone() },
            RowKind::Answer { receipt, reply_to, visibility } => {
                OutboundKind::Answer { receipt: receipt.clone(), reply_to: reply_to.clone(), visibility: *visibility }
            }
            RowKind::Edit { of } => {
                if self.replaced(key, row).map_err(transient)? {
                    return Err(DeliveryEvent::Superseded);
                }
                match self.store.get(&SENT, of.as_str()).map_err(transient)? {
                    Some(sent) => OutboundKind::Edit { message: sent.message.clone() },
                    // What it would change never arrived; what it says still counts.
                    None => OutboundKind::Post { reply_to: None },
                }
            }
        };
        let body = match form {
            Form::Formatted => row.body.clone(),
            Form::Plain => unformatted(&row.body),
        };
        Ok(Outbound { id: row.id.clone(), to: row.to.clone(), kind, body })
    }

    /// Whether a later row edits the same message.
    fn replaced(&self, key: &str, row: &Row) -> Result<bool, ReadError> {
        let later =
            self.store.scan(&OUTBOX, &Keys::under(row.to.to_string()).after(key), PASS, Direction::Ascending)?;
        Ok(later.iter().any(|(_, later)| later.kind == row.kind))
    }

    /// Stores the new state with everything that it calls for.
    async fn settle(
        &self,
        key: &str,
        row: &Versioned<Row>,
        delivery: Delivery<MessageRef>,
        effects: Vec<Effect<ChannelRef>>,
    ) -> Result<Vec<(String, DateTime<Utc>)>, CommitError> {
        let now = self.clock.now();
        let mut commit = Commit::new();
        let mut holds = Vec::new();
        let changed = Row { delivery, ..Row::clone(row) };
        match &changed.delivery {
            Delivery::Queued { .. } => {
                commit.replace(&OUTBOX, key, row, &changed);
            }
            Delivery::Sent { at, message } => {
                commit.remove_expected(&OUTBOX, key, row);
                commit.put(&SENT, row.id.as_str(), &Sent { message: message.clone(), at: *at });
                if row.subject != Subject::Nothing {
                    let place = (message.channel.to_string(), message.id.as_str());
                    commit.put(&SUBJECTS, place, &row.subject);
                }
                // What arrives proves that the channel is there.
                self.change(&mut commit, &row.to, |subscription| subscription.paused = None);
                self.health.part(&format!("{} sending", row.to.platform), true, "delivering", now);
            }
            Delivery::Dead { reason, .. } => {
                tracing::warn!(channel = %row.to, %reason, "a message was given up");
                commit.remove_expected(&OUTBOX, key, row);
                commit.put(&DEAD, row.id.as_str(), &changed);
                let lost = row.promise.as_ref().filter(|_| reason.is_loss());
                let gone = effects.iter().find_map(|effect| match effect {
                    Effect::PauseChannel { detail } => Some(detail),
                    Effect::HoldChannel { .. } | Effect::HoldPlatform { .. } | Effect::Readdress { .. } => None,
                });
                self.change(&mut commit, &row.to, |subscription| {
                    if let Some(detail) = gone {
                        subscription.paused = Some(detail.clone());
                    }
                    if let Some(promise) = lost.filter(|promise| promise.subscription == subscription.id) {
                        subscription.missed = Some(promise.missed.with(subscription.missed));
                    }
                });
            }
        }
        for effect in effects {
            match effect {
                Effect::HoldChannel { until } => holds.push((row.to.to_string(), until)),
                Effect::HoldPlatform { until } => holds.push((row.to.platform.name().to_owned(), until)),
                // Done with the death of the row, which it comes with.
                Effect::PauseChannel { .. } => {}
                Effect::Readdress { to } => {
                    self.readdress(&mut commit, key, row, &changed, &to);
                    if let Err(error) = channel::follow(&self.store, &mut commit, &row.to, &to) {
                        tracing::error!(%error, channel = %to, "that a channel moved could not be kept");
                    }
                }
            }
        }
        self.store.commit(commit).await?;
        Ok(holds)
    }

    /// Changes the subscriptions of a channel.
    fn change(&self, commit: &mut Commit, channel: &ChannelRef, change: impl Fn(&mut Subscription)) {
        for (key, subscription) in self.subscriptions(channel) {
            let mut changed = Subscription::clone(&subscription);
            change(&mut changed);
            if changed != *subscription {
                commit.replace(&SUBSCRIPTIONS, key, &subscription, &changed);
            }
        }
    }

    /// Everything for the old address goes to the new one, in the same order.
    fn readdress(&self, commit: &mut Commit, key: &str, row: &Versioned<Row>, changed: &Row, to: &ChannelRef) {
        for (key, subscription) in self.subscriptions(&row.to) {
            let moved = Subscription { channel: to.clone(), ..Subscription::clone(&subscription) };
            commit.remove_expected(&SUBSCRIPTIONS, key, &subscription);
            commit.put(&SUBSCRIPTIONS, moved.key(), &moved);
        }
        let queued = self.store.scan(&OUTBOX, &Keys::under(row.to.to_string()), PASS, Direction::Ascending);
        for (other, queued) in queued.unwrap_or_default() {
            let moved = Row { to: to.clone(), ..if other == key { changed.clone() } else { Row::clone(&queued) } };
            let place = key_parts(&other).pop().unwrap_or_default();
            // The row itself was already replaced in this commit, so it is removed whatever it says by now.
            commit.remove(&OUTBOX, other);
            commit.put(&OUTBOX, (to.to_string(), place), &moved);
        }
    }

    fn subscriptions(&self, channel: &ChannelRef) -> Vec<(String, Versioned<Subscription>)> {
        let keys = Keys::under(channel.to_string());
        self.store.scan(&SUBSCRIPTIONS, &keys, PASS, Direction::Ascending).unwrap_or_else(|error| {
            tracing::error!(%error, "the subscriptions of a channel cannot be read");
            Vec::new()
        })
    }
}

/// A body that no platform can find fault with: its plain text, and its buttons.
fn unformatted(body: &Body) -> Body {
    let mut plain_body = Body::text(plain(body));
    plain_body.blocks.extend(body.blocks.iter().filter(|block| matches!(block, contract::Block::Buttons(_))).cloned());
    plain_body
}

/// What a platform's error means for the message.
fn event(error: DeliveryError) -> DeliveryEvent<MessageRef, ChannelRef> {
    match error {
        DeliveryError::RetryAfter { after, everything } => {
            DeliveryEvent::RetryAfter { after, scope: if everything { Scope::Platform } else { Scope::Channel } }
        }
        DeliveryError::Transient(detail) => DeliveryEvent::Transient { detail },
        DeliveryError::Ambiguous(detail) => DeliveryEvent::Ambiguous { detail },
        DeliveryError::Malformed(detail) => DeliveryEvent::Malformed { detail },
        DeliveryError::Rejected(detail) => DeliveryEvent::Rejected { detail },
        DeliveryError::ChannelGone(detail) => DeliveryEvent::ChannelGone { detail },
        DeliveryError::Moved(to) => DeliveryEvent::Moved { to },
    }
}
