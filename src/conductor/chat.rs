//! What somebody wrote or pressed: first whether they may, then what it was.

use super::{Desk, Failure, Taken, commands, pressing, questions};
use crate::{
    channel::Denied,
    store::{Commit, CommitError, Record, Table},
    texts,
};
use chrono::{DateTime, Utc};
use contract::{Inbound, InboundKind};
use serde::{Deserialize, Serialize};

/// Who was refused before, by channel and person: one refusal, then silence.
const REFUSED: Table<Refused> = Table::new("refused");

/// The mark of a refusal.
#[derive(Debug, Serialize, Deserialize)]
struct Refused {
    /// When.
    at: DateTime<Utc>,
}

impl Record for Refused {
    const VERSION: u16 = 1;
}

pub(super) async fn handle(desk: &Desk, taken: &Taken, inbound: &Inbound) -> Result<(), Failure> {
    if let InboundKind::Membership(_) | InboundKind::Moved { .. } = &inbound.kind {
        return membership(desk, taken, inbound).await;
    }
    let grant = match desk.access.check(&inbound.channel, &inbound.actor) {
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

/// The channel's life: subscriptions pause when the bot is gone, go on when it is back, and follow a new id.
async fn membership(desk: &Desk, taken: &Taken, inbound: &Inbound) -> Result<(), Failure> {
    let mut commit = Commit::new();
    for (key, subscription) in desk.subscriptions_of(&inbound.channel)? {
        let mut changed = crate::channel::Subscription::clone(&subscription);
        match &inbound.kind {
            InboundKind::Membership(contract::Membership::Left) => {
                changed.paused = Some("the bot was removed from the channel".to_owned());
                commit.replace(&crate::channel::SUBSCRIPTIONS, key, &subscription, &changed);
            }
            InboundKind::Membership(contract::Membership::Joined) => {
                changed.paused = None;
                commit.replace(&crate::channel::SUBSCRIPTIONS, key, &subscription, &changed);
            }
            InboundKind::Moved { to } => {
                changed.channel = to.clone();
                commit.remove_expected(&crate::channel::SUBSCRIPTIONS, key, &subscription);
                commit.put(&crate::channel::SUBSCRIPTIONS, changed.key(), &changed);
            }
            InboundKind::Command(_)
            | InboundKind::Misread { .. }
            | InboundKind::Text(_)
            | InboundKind::Press { .. } => {}
        }
    }
    taken.done(&mut commit);
    desk.store.commit(commit).await.map_err(|error: CommitError| error.into())
}
