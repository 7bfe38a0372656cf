//! What every handler needs, and the few moves that all of them make.

use super::{Failure, Taken};
use crate::{
    agent::Agent,
    channel::{Access, ChannelGrant, SUBSCRIPTIONS, Subscription},
    clock::Clock,
    cluster::Cluster,
    inbox::Inbox,
    inspection::{
        archive::{self, Retention},
        attention::{Settings, StandingOrders},
    },
    outbox::{Class, Draft, Outbox, RowKind, Subject},
    repair::Policy,
    report::CheckSet,
    store::{Commit, Direction, Keys, ReadError, Store, Versioned},
    texts,
};
use anyhow::anyhow;
use chrono::TimeDelta;
use contract::{Adapter, Body, ChannelRef, Inbound, OutboundId, Platform, Visibility};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often "is working" is shown again: Telegram's lasts five seconds.
const WORKING_EVERY: Duration = Duration::from_secs(4);

/// Between two looks at a cluster when the clock is moved by hand: the cluster has a clock of its own.
const PAUSE_BY_HAND: Duration = Duration::from_millis(100);

/// The shared means of all handlers.
#[derive(Debug)]
pub struct Desk {
    /// Everything that survives.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Where items come from, and where further ones go.
    pub inbox: Inbox,
    /// Where messages go.
    pub outbox: Outbox,
    /// Who is listed.
    pub access: Access,
    /// The clusters by name.
    pub clusters: BTreeMap<String, Arc<Cluster>>,
    /// What may be repaired, and by whom.
    pub policy: Policy,
    /// Who answers questions.
    pub agent: Agent,
    /// The zone of schedules that name none.
    pub time_zone: Option<chrono_tz::Tz>,
    /// For showing that work is going on.
    pub adapters: BTreeMap<Platform, Arc<dyn Adapter>>,
    /// What the configuration says about all inspections.
    pub standing: StandingOrders,
    /// How long reports are kept.
    pub retention: Retention,
    /// Where alerts of the API are posted.
    pub routes: Vec<crate::config::Route>,
    /// Questions under way, by channel.
    pub cancels: Mutex<BTreeMap<ChannelRef, CancellationToken>>,
}

impl Desk {
    /// Commits what the closure adds, together with the item being done.
    pub(crate) async fn finish(&self, taken: &Taken, add: impl FnOnce(&mut Commit)) -> Result<(), Failure> {
        let mut commit = Commit::new();
        add(&mut commit);
        taken.done(&mut commit);
        Ok(self.store.commit(commit).await?)
    }

    /// Adds an answer that the channel sees.
    pub(crate) fn answer(
        &self,
        commit: &mut Commit,
        taken: &Taken,
        inbound: &Inbound,
        body: Body,
        which: &str,
    ) -> OutboundId {
        self.answer_about(commit, taken, inbound, body, which, Subject::Nothing)
    }

    /// Adds an answer that the channel sees and that replies can refer to.
    pub(crate) fn answer_about(
        &self,
        commit: &mut Commit,
        taken: &Taken,
        inbound: &Inbound,
        body: Body,
        which: &str,
        subject: Subject,
    ) -> OutboundId {
        let kind = reply(inbound, Visibility::Channel);
        let draft = Draft {
            cause: taken.cause(which),
            to: inbound.channel.clone(),
            kind,
            body,
            subject,
            class: Class::Answer,
            promise: None,
        };
        self.outbox.add(commit, draft)
    }

    /// Adds an answer for the asker's eyes only, where the platform can.
    pub(crate) fn answer_private(
        &self,
        commit: &mut Commit,
        taken: &Taken,
        inbound: &Inbound,
        body: Body,
        which: &str,
    ) -> OutboundId {
        let draft = Draft {
            cause: taken.cause(which),
            to: inbound.channel.clone(),
            kind: reply(inbound, Visibility::Private),
            body,
            subject: Subject::Nothing,
            class: Class::Answer,
            promise: None,
        };
        self.outbox.add(commit, draft)
    }

    /// The cluster that is meant in this channel, or the sentence for the person.
    pub(crate) fn cluster(&self, grant: &ChannelGrant, named: Option<&str>) -> Result<Arc<Cluster>, Body> {
        let name = grant.cluster(named).map_err(|unknown| texts::chat::no_cluster(unknown, &grant.clusters))?;
        let cluster = self.clusters.get(name).ok_or_else(|| texts::chat::no_cluster(name, &grant.clusters))?;
        Ok(Arc::clone(cluster))
    }

    /// A cluster that a stored record names.
    pub(crate) fn configured(&self, name: &str) -> Result<Arc<Cluster>, Failure> {
        let cluster = self.clusters.get(name);
        Ok(Arc::clone(cluster.ok_or_else(|| anyhow!("the cluster {name} is not configured any more"))?))
    }

    /// How a cluster is inspected now: by the configuration, and by what was asked for in chats.
    pub(crate) fn settings(&self, cluster: &str, set: CheckSet) -> Result<Settings, ReadError> {
        let asked = archive::silences(&self.store, cluster, self.clock.now())?;
        Ok(self.standing.settings(cluster, set, asked.into_iter().map(|asked| asked.into_value().silence)))
    }

    /// Waits; with a clock that is moved by hand, until the cluster may look different, which real time decides.
    pub(crate) async fn pause(&self, step: TimeDelta) {
        if self.clock.is_manual() {
            tokio::time::sleep(PAUSE_BY_HAND).await;
        } else {
            self.clock.sleep_until(self.clock.now() + step).await;
        }
    }

    /// The subscriptions of a channel, in the order of clusters and schedules.
    pub(crate) fn subscriptions_of(
        &self,
        channel: &ChannelRef,
    ) -> Result<Vec<(String, Versioned<Subscription>)>, ReadError> {
        self.store.scan(&SUBSCRIPTIONS, &Keys::under(channel.to_string()), 1_000, Direction::Ascending)
    }

    /// Shows "is working" in the channel until the work is done.
    pub(crate) async fn while_working<T>(&self, channel: &ChannelRef, work: impl Future<Output = T>) -> T {
        let Some(adapter) = self.adapters.get(&channel.platform) else { return work.await };
        let showing = async move {
            loop {
                adapter.working(channel).await;
                tokio::time::sleep(WORKING_EVERY).await;
            }
        };
        tokio::select! {
            done = work => done,
            done = showing => match done {},
        }
    }

    /// A token by which `/cancel` stops what is asked in this channel now.
    pub(crate) fn cancellable(&self, channel: &ChannelRef) -> CancellationToken {
        let token = CancellationToken::new();
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.clone(), token.clone());
        token
    }

    /// Stops what is asked in this channel; whether there was anything.
    pub(crate) fn cancel(&self, channel: &ChannelRef) -> bool {
        let token = self.cancels.lock().unwrap_or_else(PoisonError::into_inner).remove(channel);
        token.is_some_and(|token| {
            let under_way = !token.is_cancelled();
            token.cancel();
            under_way
        })
    }

    /// The question in this channel is answered: nothing left to cancel.
    pub(crate) fn uncancellable(&self, channel: &ChannelRef) {
        self.cancels.lock().unwrap_or_else(PoisonError::into_inner).remove(channel);
    }
}

/// How an inbound is answered.
pub(crate) fn reply(inbound: &Inbound, visibility: Visibility) -> RowKind {
    let reply_to = inbound.message.clone().or_else(|| inbound.reply_to.clone());
    RowKind::Answer { receipt: inbound.receipt.clone(), reply_to, visibility }
}
