//! What follows a repair: the next report, and what a card that came to no good end offers.

use super::{Desk, Failure, Taken, inspecting, repairs};
use crate::{
    channel::button::{self, Purpose},
    inspection::archive::{self, Listener, Scope},
    repair::{self, AuditEvent, FollowUp, PROPOSALS, Proposal, State, audit},
    report::{Report, Resolved},
    store::{Commit, Direction, Keys},
    texts,
};
use contract::{Block, ButtonStyle};

/// After a repair the cluster is inspected again for the channel, so that it sees what is resolved.
pub(super) fn look_again(desk: &Desk, commit: &mut Commit, proposal: &Proposal) -> Result<(), Failure> {
    if !matches!(proposal.state, State::Succeeded { .. } | State::Unproven { .. }) {
        return Ok(());
    }
    let now = desk.clock.now();
    let listener = Listener::Post { channel: proposal.channel.clone(), after_repair: Some(proposal.id.clone()) };
    let scope = Scope::daily(&proposal.cluster);
    let asked = archive::ask(&desk.store, commit, scope, vec![listener], now)?;
    inspecting::open_if(asked, desk, commit, scope);
    Ok(())
}

/// Drops the proposals for what an inspection does not find any more, so that nobody approves them.
pub(super) fn drop_resolved(desk: &Desk, commit: &mut Commit, taken: &Taken, report: &Report) -> Result<(), Failure> {
    let gone = &report.changes.resolved;
    if gone.is_empty() {
        return Ok(());
    }
    let now = desk.clock.now();
    for (_, proposal) in desk.store.scan(&PROPOSALS, &Keys::all(), usize::MAX, Direction::Ascending)? {
        let meant = |resolved: &&Resolved| proposal.finding.as_ref() == Some(&resolved.fingerprint);
        let Some(resolved) = gone.iter().find(meant).filter(|_| proposal.cluster == report.cluster) else { continue };
        let why = texts::repair::resolved_by_itself(&resolved.title, report.taken_at);
        if let Some(dropped) = repair::resolve(&proposal, why.clone(), now) {
            audit::append(&desk.store, commit, AuditEvent::resolved(&dropped, &why), now)?;
            repairs::save(desk, commit, taken, &proposal, &dropped, "resolved")?;
        }
    }
    Ok(())
}

/// A button that proposes what follows; who presses it is the one who asks.
pub(super) fn offer(desk: &Desk, commit: &mut Commit, over: &Proposal, next: &FollowUp) -> Vec<Block> {
    let button = button::make(
        commit,
        (&over.channel, desk.clock.now() + button::LASTS),
        (texts::repair::follow_up_label(next), ButtonStyle::Primary),
        Purpose::Fix {
            cluster: over.cluster.clone(),
            hint: next.hint().clone(),
            finding: over.finding.clone(),
            reason: Some(texts::repair::follow_up_reason(next, over)),
        },
    );
    texts::repair::follow_up(next, button)
}
