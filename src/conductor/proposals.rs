//! `/proposals`: what was proposed in a channel, and what happened to one of them.

use super::{Desk, Failure, commands::Order, repairs};
use crate::{
    repair::{PROPOSALS, Proposal, audit},
    store::{Direction, Keys, ReadError},
    texts,
};
use contract::ChannelRef;

/// Proposals that are shown.
const LISTED: usize = 20;

/// Every proposal of a channel.
pub(super) fn shown_in(desk: &Desk, channel: &ChannelRef) -> Result<Vec<Proposal>, ReadError> {
    let all = desk.store.scan(&PROPOSALS, &Keys::all(), usize::MAX, Direction::Descending)?;
    let proposals = all.into_iter().map(|(_, proposal)| proposal.into_value());
    Ok(proposals.filter(|proposal| proposal.channel == *channel).collect())
}

/// `/proposals`, and `/proposals ID`.
pub(super) async fn handle(order: &Order<'_>) -> Result<(), Failure> {
    if let Some(id) = order.invocation.get("proposal") {
        return history(order, id).await;
    }
    let mut here = shown_in(order.desk, &order.inbound.channel)?;
    here.sort_by_key(|proposal| (proposal.is_final(), std::cmp::Reverse(proposal.created_at)));
    here.truncate(LISTED);
    order.say(texts::repair::list(&here, order.desk.clock.now())).await
}

/// What the audit holds about one proposal of this channel.
async fn history(order: &Order<'_>, id: &str) -> Result<(), Failure> {
    let Some(proposal) = repairs::of_channel(order.desk, &order.inbound.channel, id)? else {
        return order.say(texts::repair::no_such_proposal(id)).await;
    };
    let entries = audit::of(&order.desk.store, id)?;
    order.say(texts::repair::history(&proposal, &entries)).await
}
