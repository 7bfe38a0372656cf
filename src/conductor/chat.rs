//! What somebody wrote or pressed: first whether they may, then what it was.

use super::{Desk, Failure, Taken, commands, pressing, questions};
use crate::{
    channel::{self, Denied, SUBSCRIPTIONS, Subscription},
    store::{Commit, Record, Table},
    texts,
};
use chrono::{DateTime, Utc};
use contract::{Inbound, InboundKind, Membership};
use serde::{Deserialize, Serialize};

/// Who was refused before, by channel and person: one refusal, then silence.
pub(super) const REFUSED: Table<Refused> = Table::new("refused");

/// The mark of a refusal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    /// When.
    pub(super) at: DateTime<Utc>,
}

impl Record for Refused {
    const VERSION: u16 = 1;
}

pub(super) async fn handle(desk: &Desk, taken: &Taken, inbound: &Inbound) -> Result<(), Failure> {
    if let InboundKind::Membership(_) | InboundKind::Moved { .. } = &inbound.kind {
        return membership(desk, taken, inbound).await;
    }
    let listed = channel::listed_as(&desk.store, &inbound.channel)?;
    let grant = match desk.access.check(&listed, &inbound.actor) {
        Ok(grant) => grant,
        Err(denied) => return refuse(desk, taken, inbound, denied).await,
    };
    match &inbound.kind {
        InboundKind::Command(invocation) => commands::handle(desk, taken, inbound, &grant, invocation).await,
        InboundKind::Misread { problem } => {
            let body = contract::Body::text(problem.clone());
            desk.finish(taken, |commit| {
                desk.answer_private(commit, taken, inbound, body, "misread");
            })
            .await
        }
        InboundKind::Text(text) => questions::handle_chat(desk, taken, inbound, &grant, text).await,
        InboundKind::Press { token } => pressing::handle(desk, taken, inbound, &grant, token).await,
        InboundKind::Membership(_) | InboundKind::Moved { .. } => Ok(()),
    }
}

/// One refusal for each person and channel, and nothing else.
async fn refuse(desk: &Desk, taken: &Taken, inbound: &Inbound, denied: Denied) -> Result<(), Failure> {
    let who = inbound.actor.id().map_or("-", |id| id.as_str()).to_owned();
    let key = (inbound.channel.to_string(), who);
    let known = desk.store.get(&REFUSED, &key)?.is_some();
    tracing::info!(channel = %inbound.channel, actor = ?inbound.actor.id(), ?denied, "refused");
    let mut commit = Commit::new();
    taken.done(&mut commit);
    if !known {
        commit.put(&REFUSED, key, &Refused { at: desk.clock.now() });
        let body = texts::chat::refused(denied, &inbound.channel, &inbound.actor);
        desk.answer_private(&mut commit, taken, inbound, body, "refused");
    }
    Ok(desk.store.commit(commit).await?)
}

/// The channel's life: subscriptions pause when the bot is gone, go on when it is back, and follow a new id, and so does
/// what the configuration says about the channel.
async fn membership(desk: &Desk, taken: &Taken, inbound: &Inbound) -> Result<(), Failure> {
    let mut commit = Commit::new();
    let listed = channel::listed_as(&desk.store, &inbound.channel)?;
    if let (InboundKind::Moved { to }, Some(_)) = (&inbound.kind, desk.access.channel(&listed)) {
        channel::follow(&desk.store, &mut commit, &inbound.channel, to)?;
    }
    for (key, subscription) in desk.subscriptions_of(&inbound.channel)? {
        let mut changed = Subscription::clone(&subscription);
        match &inbound.kind {
            InboundKind::Membership(Membership::Left) => {
                changed.paused = Some(texts::chat::REMOVED.to_owned());
                commit.replace(&SUBSCRIPTIONS, key, &subscription, &changed);
            }
            InboundKind::Membership(Membership::Joined) => {
                changed.paused = None;
                commit.replace(&SUBSCRIPTIONS, key, &subscription, &changed);
            }
            InboundKind::Moved { to } => {
                changed.channel = to.clone();
                commit.remove_expected(&SUBSCRIPTIONS, key, &subscription);
                commit.put(&SUBSCRIPTIONS, changed.key(), &changed);
            }
            InboundKind::Command(_)
            | InboundKind::Misread { .. }
            | InboundKind::Text(_)
            | InboundKind::Press { .. } => {}
        }
    }
    taken.done(&mut commit);
    Ok(desk.store.commit(commit).await?)
}
