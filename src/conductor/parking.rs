//! What becomes of an item that failed: it is tried again later, and in the end parked, and whoever waits is told.

use super::{Desk, Failure, Taken, inspecting};
use crate::{
    inbox::{INBOX, Item, PARKED, Parked, Work},
    inspection::archive::{SILENCES, Scope},
    outbox::{Class, Draft, RowKind, Subject},
    repair::PROPOSALS,
    requests::{self, Received},
    store::{Commit, CommitError},
    texts,
};
use chrono::TimeDelta;
use contract::{Body, ChannelRef};

/// Tries before an item is parked.
const TRIES: u32 = 5;
/// The same for an item that only had the bad luck that somebody else was faster: it is simply decided again.
const DECISIONS: u32 = 4 * TRIES;

/// Puts an item back or parks it.
pub(super) async fn put_back(desk: &Desk, taken: &Taken, failure: &Failure) -> Result<(), Failure> {
    let conflict = matches!(failure, Failure::Commit(CommitError::Conflict { .. }));
    let now = desk.clock.now();
    let mut item = Item::clone(&taken.item);
    item.attempts += 1;
    if item.attempts < if conflict { DECISIONS } else { TRIES } {
        item.not_before = (!conflict).then(|| now + TimeDelta::seconds(1 << item.attempts.min(6)));
        let mut commit = Commit::new();
        commit.replace(&INBOX, taken.key.clone(), &taken.item, &item);
        return Ok(desk.store.commit(commit).await?);
    }
    tracing::error!(lane = item.lane, error = %failure, "an item is parked");
    let parked = Parked { item, error: failure.to_string(), at: now };
    give_up(desk, taken, failure, &|commit| {
        taken.done(commit);
        commit.put(&PARKED, taken.key.clone(), &parked);
    })
    .await
}

/// Tells whoever waits, in the commit that ends the item.
async fn give_up(
    desk: &Desk,
    taken: &Taken,
    failure: &Failure,
    end: &(dyn Fn(&mut Commit) + Sync),
) -> Result<(), Failure> {
    let now = desk.clock.now();
    let mut commit = Commit::new();
    match &taken.item.work {
        Work::Chat(inbound) => {
            desk.answer(&mut commit, taken, inbound, texts::chat::gave_up(failure), "gave up");
        }
        // A due report is always posted, also as one that could not be made.
        Work::Inspect { cluster, namespace, set } => {
            let scope = Scope { cluster, namespace: namespace.as_deref(), set: *set };
            let outcome = Err(failure.to_string());
            return inspecting::serve(desk, taken, scope, &outcome, end).await;
        }
        Work::SilenceOver { cluster, silence } => {
            if let Some(asked) = desk.store.get(&SILENCES, (cluster.as_str(), silence.as_str()))? {
                let body = texts::attention::not_looked_at(cluster, &asked.silence, &failure.to_string());
                post(desk, &mut commit, taken, &asked.channel, body);
            }
        }
        Work::Repair { proposal } => {
            if let Some(proposal) = desk.store.get(&PROPOSALS, proposal.as_str())? {
                post(desk, &mut commit, taken, &proposal.channel, texts::repair::stuck(&proposal, failure));
            }
        }
        Work::Question { request } | Work::Alerts { request } => {
            if let Some(request) = requests::load(&desk.store, request)? {
                requests::give_up(&mut commit, &request, &failure.to_string(), now);
                // That it fires is the news, whether or not anybody could look into it.
                if let Received::Alerts { cluster, channel, batch } = &request.received {
                    let mut body = texts::alert::posted(batch, cluster);
                    body.blocks.extend(texts::chat::gave_up(failure).blocks);
                    post(desk, &mut commit, taken, channel, body);
                }
            }
        }
    }
    end(&mut commit);
    Ok(desk.store.commit(commit).await?)
}

fn post(desk: &Desk, commit: &mut Commit, taken: &Taken, to: &ChannelRef, body: Body) {
    let draft = Draft {
        cause: taken.cause("gave up"),
        to: to.clone(),
        kind: RowKind::Post { reply_to: None },
        body,
        subject: Subject::Nothing,
        class: Class::Notice,
        promise: None,
    };
    desk.outbox.add(commit, draft);
}
