//! Repairs as the conductor takes them through their states: each step is one commit with the card that shows it.

use super::{Desk, Failure, Next, Taken, afterwards, checkups, commands::Order, proposals};
use crate::{
    channel::{Grant, button},
    cluster::Cluster,
    finding::{ActionHint, Target},
    inbox::{Work, repair_lane},
    outbox::{Class, Draft, RowKind, Subject},
    repair::{
        self, Ask, AuditEvent, Decider, Decision, Outcome, PROPOSALS, Proposal, Refusal, Requester, State, Verdict,
        audit,
    },
    store::{Commit, ReadError, Versioned},
    texts,
};
use anyhow::anyhow;
use chrono::TimeDelta;
use contract::{Body, ChannelRef, Inbound};

/// Between two looks at a repair that is being verified.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(2);
/// The same where only the inspection is not content yet: it reads a whole namespace.
const INSPECT_EVERY: TimeDelta = TimeDelta::seconds(15);
/// Proposals that wait for a decision in one channel.
const OPEN: usize = 20;

/// Who asks, as the audit and the policy know them.
pub(super) fn requester(inbound: &Inbound, grant: &Grant<'_>) -> Requester {
    Requester { person: grant.person.cloned(), actor: inbound.actor.clone() }
}

/// `/fix ACTION KIND/NAME`.
pub(super) async fn fix(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, taken, inbound, grant, invocation } = *order;
    let cluster = match desk.cluster(grant.channel, invocation.get("cluster")) {
        Ok(cluster) => cluster,
        Err(body) => return order.say(body).await,
    };
    let hint = match hint(invocation) {
        Ok(hint) => hint,
        Err(problem) => return order.say(texts::chat::mistake(problem)).await,
    };
    let ask = Ask {
        hint,
        channel: inbound.channel.clone(),
        requester: requester(inbound, grant),
        reason: None,
        finding: None,
    };
    propose(desk, taken, inbound, grant, cluster.name(), ask).await
}

/// The typed hint of a `/fix` line.
fn hint(invocation: &contract::Invocation) -> Result<ActionHint, String> {
    let kind: repair::ActionKind = invocation.get("action").unwrap_or_default().parse()?;
    let object = invocation.get("object").ok_or("Name the object too: KIND/NAME")?;
    let namespace = invocation.get("namespace").ok_or("Name the namespace too: -n NAMESPACE")?;
    let (given_kind, name) = object.split_once('/').unwrap_or(("pod", object));
    let proper = repair::proper_kind(given_kind).ok_or_else(|| format!("I cannot repair a {given_kind}"))?;
    let target = Target::namespaced(proper, namespace, name);
    let number = |key: &str| -> Result<Option<i64>, String> {
        let read = |text: &str| text.parse().map_err(|_| format!("{key} must be a whole number, not {text}"));
        invocation.get(key).map(read).transpose()
    };
    Ok(match kind {
        repair::ActionKind::RestartRollout => ActionHint::RestartRollout { target },
        repair::ActionKind::UndoRollout => ActionHint::UndoRollout { target, to_revision: number("revision")? },
        repair::ActionKind::Scale => {
            let replicas = number("replicas")?.ok_or("Say how many: --replicas N")?;
            let replicas = i32::try_from(replicas).map_err(|_| "that is too many replicas")?;
            ActionHint::Scale { target, replicas }
        }
        repair::ActionKind::DeletePod => ActionHint::DeletePod { target },
    })
}

/// Plans a repair and posts its card, or says why not.
pub(super) async fn propose(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    cluster: &str,
    ask: Ask,
) -> Result<(), Failure> {
    let cluster = match desk.cluster(grant.channel, Some(cluster)) {
        Ok(cluster) => cluster,
        Err(body) => return finish_with(desk, taken, inbound, body).await,
    };
    let plan = plan(desk, &cluster, ask);
    match desk.while_working(&inbound.channel, plan).await? {
        Err(refusal) => finish_with(desk, taken, inbound, texts::repair::refusal(&refusal)).await,
        Ok(proposal) => {
            let mut commit = Commit::new();
            add_proposal(desk, &mut commit, taken, inbound, proposal, "card")?;
            taken.done(&mut commit);
            Ok(desk.store.commit(commit).await?)
        }
    }
}

/// Plans a repair, unless too many wait for a decision already, and finds out what it has to cure.
pub(super) async fn plan(desk: &Desk, cluster: &Cluster, ask: Ask) -> Result<Result<Proposal, Refusal>, ReadError> {
    let open = proposals::shown_in(desk, &ask.channel)?.iter().filter(|proposal| proposal.is_open()).count();
    if open >= OPEN {
        return Ok(Err(Refusal::TooManyOpen { limit: OPEN }));
    }
    Ok(match repair::propose(cluster, &desk.policy, ask, &desk.clock).await {
        Ok(proposal) => Ok(Box::pin(checkups::before(desk, cluster, proposal, desk.clock.now())).await),
        Err(refusal) => Err(refusal),
    })
}

/// A proposal, if it is one of this channel's.
pub(super) fn of_channel(
    desk: &Desk,
    channel: &ChannelRef,
    id: &str,
) -> Result<Option<Versioned<Proposal>>, ReadError> {
    Ok(desk.store.get(&PROPOSALS, id)?.filter(|proposal| proposal.channel == *channel))
}

/// Adds a new proposal with its card and its expiry to a commit.
pub(super) fn add_proposal(
    desk: &Desk,
    commit: &mut Commit,
    taken: &Taken,
    inbound: &Inbound,
    mut proposal: Proposal,
    which: &str,
) -> Result<(), Failure> {
    let tokens = button::decisions(commit, &proposal.channel, &proposal.id, proposal.expires_at + button::LASTS);
    let body = texts::repair::card(&proposal, Some(tokens), desk.clock.now());
    let subject = Subject::Proposal { id: proposal.id.clone() };
    proposal.card = Some(desk.answer_about(commit, taken, inbound, body, which, subject));
    commit.insert(&PROPOSALS, proposal.id.as_str(), &proposal);
    audit::append(&desk.store, commit, AuditEvent::proposed(&proposal), desk.clock.now())?;
    // Expiry is an item of its own that waits for its time.
    desk.inbox.add_later(
        commit,
        repair_lane(&proposal.id),
        Work::Repair { proposal: proposal.id.clone() },
        proposal.expires_at,
    );
    Ok(())
}

/// `/approve ID` and `/reject ID`.
pub(super) async fn decide_by_command(order: &Order<'_>) -> Result<(), Failure> {
    let Order { desk, taken, inbound, grant, invocation } = *order;
    let decision = match invocation.command {
        contract::CommandName::Reject => Decision::Reject,
        _ => Decision::Approve,
    };
    decide(desk, taken, inbound, grant, invocation.get("proposal").unwrap_or_default(), decision).await
}

/// Approves or rejects: every check, then the new state, the audit, the card and the next step in one commit.
pub(super) async fn decide(
    desk: &Desk,
    taken: &Taken,
    inbound: &Inbound,
    grant: &Grant<'_>,
    id: &str,
    decision: Decision,
) -> Result<(), Failure> {
    let now = desk.clock.now();
    let Some(proposal) = of_channel(desk, &inbound.channel, id)? else {
        return finish_with(desk, taken, inbound, texts::repair::no_such_proposal(id)).await;
    };
    let by = Decider { person: grant.person.cloned(), actor: inbound.actor.clone(), channel: inbound.channel.clone() };
    let mut commit = Commit::new();
    taken.done(&mut commit);
    let decided = match repair::decide(&proposal, decision, &by, &desk.policy, now) {
        // Approved: from here on the object is this repair's.
        Ok(decided) if !decided.is_final() => repair::take(&desk.store, &mut commit, &decided, now)?.map(|()| decided),
        rejected_or_refused => rejected_or_refused,
    };
    match decided {
        Ok(decided) => {
            audit::append(&desk.store, &mut commit, AuditEvent::decided(&decided, &by), now)?;
            save(desk, &mut commit, taken, &proposal, &decided, "decided")?;
            if !decided.is_final() {
                desk.inbox.add(&mut commit, repair_lane(id), Work::Repair { proposal: id.to_owned() });
            }
        }
        Err(refusal) => {
            audit::append(&desk.store, &mut commit, AuditEvent::refused(&proposal, &by, &refusal), now)?;
            desk.answer_private(&mut commit, taken, inbound, texts::repair::refusal(&refusal), "refusal");
        }
    }
    Ok(desk.store.commit(commit).await?)
}

/// A press that means nothing here is kept in the audit: it may be an attempt.
pub(super) fn note_foreign_press(desk: &Desk, commit: &mut Commit, inbound: &Inbound) -> Result<(), Failure> {
    Ok(audit::append(&desk.store, commit, AuditEvent::foreign_press(inbound), desk.clock.now())?)
}

/// Takes a proposal on from the state in which it is stored, until it waits for somebody or is over.
pub(super) async fn advance(desk: &Desk, taken: &Taken, id: &str) -> Result<Next, Failure> {
    let stored = desk.store.get(&PROPOSALS, id)?.ok_or_else(|| anyhow!("there is no proposal {id}"))?;
    let now = desk.clock.now();
    match &stored.state {
        State::Proposed => match repair::expire(&stored, now) {
            Some(expired) => {
                let mut commit = Commit::new();
                audit::append(&desk.store, &mut commit, AuditEvent::expired(&expired), now)?;
                save(desk, &mut commit, taken, &stored, &expired, "expired")?;
                taken.done(&mut commit);
                desk.store.commit(commit).await?;
                Ok(Next::Done)
            }
            None => over(desk, taken).await,
        },
        State::Approved { .. } => carry_out(desk, taken, stored).await,
        // The process stopped after the intent was written: look, never repeat.
        State::Executing { .. } => {
            let cluster = desk.configured(&stored.cluster)?;
            let outcome = repair::settle(&cluster, &stored).await;
            let verifying = after_execution(desk, taken, &stored, &outcome).await?;
            verify(desk, taken, verifying).await
        }
        State::Verifying { .. } => verify(desk, taken, stored).await,
        State::Succeeded { .. }
        | State::Unproven { .. }
        | State::Failed { .. }
        | State::Unknown { .. }
        | State::Rejected { .. }
        | State::Expired { .. }
        | State::Superseded { .. } => over(desk, taken).await,
    }
}

/// There is nothing to be done for it any more.
async fn over(desk: &Desk, taken: &Taken) -> Result<Next, Failure> {
    desk.finish(taken, |_| {}).await?;
    Ok(Next::Done)
}

/// Writes the intent, does it once, writes what came of it.
async fn carry_out(desk: &Desk, taken: &Taken, stored: Versioned<Proposal>) -> Result<Next, Failure> {
    let cluster = desk.configured(&stored.cluster)?;
    let now = desk.clock.now();
    let executing = match repair::begin(&stored, now) {
        Ok(executing) => executing,
        Err(refusal) => return Err(anyhow!("{refusal:?}").into()),
    };
    let mut commit = Commit::new();
    audit::append(&desk.store, &mut commit, AuditEvent::executing(&executing), now)?;
    save(desk, &mut commit, taken, &stored, &executing, "executing")?;
    desk.store.commit(commit).await?;
    let executing = reload(desk, &stored.id)?;
    let outcome = repair::carry_out(&cluster, &executing, &desk.policy, &desk.clock).await;
    let verifying = after_execution(desk, taken, &executing, &outcome).await?;
    verify(desk, taken, verifying).await
}

/// Stores what came of the write and gives the proposal as it is now.
async fn after_execution(
    desk: &Desk,
    taken: &Taken,
    executing: &Versioned<Proposal>,
    outcome: &Outcome,
) -> Result<Versioned<Proposal>, Failure> {
    let now = desk.clock.now();
    let recorded = repair::record(executing, outcome, now);
    let mut commit = Commit::new();
    audit::append(&desk.store, &mut commit, AuditEvent::executed(&recorded, outcome), now)?;
    save(desk, &mut commit, taken, executing, &recorded, "executed")?;
    desk.store.commit(commit).await?;
    reload(desk, &executing.id)
}

/// Looks whether the repair is proven or the deadline is over, with the progress on the card.
async fn verify(desk: &Desk, taken: &Taken, stored: Versioned<Proposal>) -> Result<Next, Failure> {
    let State::Verifying { .. } = stored.state else { return over(desk, taken).await };
    let cluster = desk.configured(&stored.cluster)?;
    let now = desk.clock.now();
    let mut look = repair::look(&cluster, &stored, now).await;
    let mut pause = LOOK_EVERY;
    if look.verdict == Some(Verdict::Succeeded) {
        look = repair::rechecked(&stored, &Box::pin(checkups::after(desk, &cluster, &stored, now)).await, now);
        pause = INSPECT_EVERY;
    }
    let mut commit = Commit::new();
    if let Some(verdict) = &look.verdict {
        let concluded = repair::conclude(&stored, verdict, now);
        audit::append(&desk.store, &mut commit, AuditEvent::verified(&concluded), now)?;
        save(desk, &mut commit, taken, &stored, &concluded, "concluded")?;
        afterwards::look_again(desk, &mut commit, &concluded)?;
        taken.done(&mut commit);
        desk.store.commit(commit).await?;
        return Ok(Next::Done);
    }
    if stored.progress.as_ref() != Some(&look.progress) {
        let which = format!("progress {now} {}", look.progress);
        let shown = Proposal { progress: Some(look.progress), ..Proposal::clone(&stored) };
        save(desk, &mut commit, taken, &stored, &shown, &which)?;
        desk.store.commit(commit).await?;
    }
    Ok(Next::Again { after: pause })
}

/// Adds the new state and the card that shows it, with what it offers now.
pub(super) fn save(
    desk: &Desk,
    commit: &mut Commit,
    taken: &Taken,
    old: &Versioned<Proposal>,
    new: &Proposal,
    which: &str,
) -> Result<(), Failure> {
    commit.replace(&PROPOSALS, new.id.as_str(), old, new);
    if new.is_final() {
        repair::give_back(&desk.store, commit, new)?;
    }
    let mut body = texts::repair::card(new, None, desk.clock.now());
    if let Some(next) = repair::follow_up(&old.state, new) {
        body.blocks.extend(afterwards::offer(desk, commit, new, &next));
    }
    let kind = match &new.card {
        Some(card) => RowKind::Edit { of: card.clone() },
        None => RowKind::Post { reply_to: None },
    };
    let class = if new.is_final() { Class::Approval } else { Class::Progress };
    desk.outbox.add(
        commit,
        Draft {
            cause: taken.cause(&format!("{} {which}", new.id)),
            to: new.channel.clone(),
            kind,
            body,
            subject: Subject::Proposal { id: new.id.clone() },
            class,
            promise: None,
        },
    );
    Ok(())
}

fn reload(desk: &Desk, id: &str) -> Result<Versioned<Proposal>, Failure> {
    Ok(desk.store.get(&PROPOSALS, id)?.ok_or_else(|| anyhow!("the proposal {id} is gone"))?)
}

async fn finish_with(desk: &Desk, taken: &Taken, inbound: &Inbound, body: Body) -> Result<(), Failure> {
    desk.finish(taken, |commit| {
        desk.answer_private(commit, taken, inbound, body, "answer");
    })
    .await
}

/// What a model gets to read when it proposed something that cannot be done.
pub(super) fn for_model(refusal: &Refusal) -> String {
    contract::plain(&texts::repair::refusal(refusal))
}
