//! The life of a repair as a pure state machine, and the proof that one was approved.

use super::{
    action::Action,
    diagnosed::Trouble,
    policy::{Policy, Refusal},
    state::{Event, Outcome, State, Verdict},
};
use crate::finding::{ActionHint, Effect, Fingerprint};
use chrono::{DateTime, TimeDelta, Utc};
use contract::{Actor, ChannelRef, OutboundId};
use serde::{Deserialize, Serialize};

/// How long after a proposal's expiry an approval still counts that was given in time, but not begun.
const LATEST_START: TimeDelta = TimeDelta::minutes(15);

/// One repair that somebody may approve. The chat message is only a view of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What people type: `r-` and five characters.
    pub id: String,
    pub cluster: String,
    pub action: Action,
    /// Of the action, when it was shown.
    pub digest: String,
    /// Such as `undo rollout of deployment/checkout in shop to revision 3`.
    pub title: String,
    /// Why this one of several remedies.
    pub reason: Option<String>,
    pub requester: Requester,
    /// Where it is shown, and the only place where it can be decided.
    pub channel: ChannelRef,
    /// Live against the server's dry run, with sensitive values hidden.
    pub diff: String,
    /// What may go wrong or be reverted, a sentence each.
    pub warnings: Vec<String>,
    pub risk: Risk,
    /// What would take it back.
    pub inverse: Option<ActionHint>,
    /// What it is meant to cure.
    pub finding: Option<Fingerprint>,
    /// What may not be left: that, or what the object had for a cause when it was planned.
    #[serde(default)]
    pub trouble: Vec<Trouble>,
    /// What it does about that.
    #[serde(default)]
    pub effect: Effect,
    /// How long the longest of the last runs of its containers lasted, in seconds, where one ended lately.
    #[serde(default)]
    pub longest_run: Option<u32>,
    pub created_at: DateTime<Utc>,
    /// Until then it can be approved.
    pub expires_at: DateTime<Utc>,
    /// Seconds that the cluster gets to show the effect.
    pub verify_within: u32,
    pub state: State,
    /// The message that shows it.
    pub card: Option<OutboundId>,
    /// What the last look saw.
    pub progress: Option<String>,
}

/// Who asked for it. Also when the bot worded it, its proposer is the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The configured name, for somebody listed.
    pub person: Option<String>,
    pub actor: Actor,
}

/// Who decides, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decider {
    /// The configured name, for somebody listed.
    pub person: Option<String>,
    pub actor: Actor,
    pub channel: ChannelRef,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
}

/// What can go wrong if it goes wrong. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Nobody should notice.
    Low,
    /// Users may notice for a moment.
    Medium,
    /// Something is down while it lasts; needs a second person.
    High,
}

impl Proposal {
    /// Whether somebody can still decide it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Proposed)
    }

    /// Whether nothing more will happen to it.
    pub fn is_final(&self) -> bool {
        match self.state {
            State::Proposed | State::Approved { .. } | State::Executing { .. } | State::Verifying { .. } => false,
            State::Succeeded { .. }
            | State::Unproven { .. }
            | State::Failed { .. }
            | State::Unknown { .. }
            | State::Rejected { .. }
            | State::Expired { .. }
            | State::Superseded { .. } => true,
        }
    }

    /// The only transitions there are.
    ///
    /// # Errors
    /// When the event does not belong to the state, or comes too late or too early.
    pub fn next(&self, event: Event, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let out_of_turn = |step| Err(Refusal::OutOfTurn { step, state: self.state.name() });
        let state = match (event, &self.state) {
            (Event::Approve { .. } | Event::Reject { .. }, State::Proposed) if now >= self.expires_at => {
                return Err(Refusal::Expired { at: self.expires_at });
            }
            (Event::Approve { by }, State::Proposed) => State::Approved { by, at: now },
            (Event::Reject { by }, State::Proposed) => State::Rejected { by, at: now },
            (Event::Approve { .. } | Event::Reject { .. }, decided) => return Err(decided.decided()),
            (Event::Expire, State::Proposed) if now >= self.expires_at => State::Expired { at: self.expires_at },
            (Event::Expire, _) => return out_of_turn("expire"),
            (Event::Resolve { why }, State::Proposed) => State::Superseded { at: now, why },
            (Event::Resolve { .. }, _) => return out_of_turn("drop"),
            (Event::Begin { execution }, State::Approved { by, .. }) => {
                State::Executing { by: by.clone(), at: now, execution }
            }
            (Event::Begin { .. }, _) => return out_of_turn("begin"),
            (Event::Record(outcome), State::Executing { by, execution, .. }) => {
                let by = by.clone();
                match outcome {
                    Outcome::Done { .. } => State::Verifying {
                        by,
                        since: now,
                        deadline: now + TimeDelta::seconds(i64::from(self.verify_within)),
                        execution: execution.clone(),
                    },
                    Outcome::Changed { why } => State::Superseded { at: now, why },
                    Outcome::Refused { why } | Outcome::NotDone { why } => State::Failed { by, at: now, why },
                    Outcome::Unclear { why } => State::Unknown { by, at: now, why },
                }
            }
            (Event::Record(_), _) => return out_of_turn("record"),
            (Event::Conclude(verdict), State::Verifying { by, .. }) => match verdict {
                Verdict::Succeeded => State::Succeeded { by: by.clone(), at: now },
                Verdict::Unproven { why } => State::Unproven { by: by.clone(), at: now, why },
                Verdict::Failed { why } => State::Failed { by: by.clone(), at: now, why },
            },
            (Event::Conclude(_), _) => return out_of_turn("conclude"),
        };
        Ok(Self { state, progress: None, ..self.clone() })
    }

    /// The proof that this may be carried out now.
    ///
    /// # Errors
    /// When the intent is not written, the approval is too old, the action is not the one that was shown, or the
    /// policy no longer permits it.
    pub(super) fn approved(&self, policy: &Policy, now: DateTime<Utc>) -> Result<Approved<'_>, Refusal> {
        let State::Executing { at, execution, .. } = &self.state else {
            return Err(Refusal::OutOfTurn { step: "carry out", state: self.state.name() });
        };
        if *at.max(&now) > self.expires_at + LATEST_START {
            return Err(Refusal::ApprovalTooOld);
        }
        self.check_digest()?;
        policy.permits(&self.action)?;
        Ok(Approved { action: &self.action, execution, at: *at })
    }

    fn check_digest(&self) -> Result<(), Refusal> {
        let same = self.digest == self.action.digest() && self.cluster == self.action.target().cluster;
        if same { Ok(()) } else { Err(Refusal::DigestMismatch) }
    }

    fn asked_by(&self, by: &Decider) -> bool {
        let named = self.requester.person.is_some() && self.requester.person == by.person;
        let same_id = self.requester.actor.id().is_some() && self.requester.actor.id() == by.actor.id();
        named || (same_id && self.channel.platform == by.channel.platform)
    }
}

/// An action that a permitted person approved, whose intent is stored, and which is still what was shown. Every change
/// of a cluster takes one, and only this file makes it.
#[derive(Debug)]
pub struct Approved<'a> {
    action: &'a Action,
    execution: &'a str,
    at: DateTime<Utc>,
}

impl Approved<'_> {
    pub fn action(&self) -> &Action {
        self.action
    }

    /// The id that the write leaves in the cluster.
    pub fn execution(&self) -> &str {
        self.execution
    }

    /// When the intent was written.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// Approves or rejects, if this person may do so here and now.
///
/// # Errors
/// When the channel, the person, the time, the state, the digest or the policy do not fit.
pub fn decide(
    proposal: &Proposal,
    decision: Decision,
    by: &Decider,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<Proposal, Refusal> {
    if by.channel != proposal.channel {
        return Err(Refusal::WrongChannel);
    }
    if by.actor.id().is_none() {
        return Err(Refusal::Anonymous);
    }
    let approvers = policy.approvers(&proposal.action);
    let not_listed = || Refusal::NotAnApprover {
        name: by.actor.name().to_owned(),
        approvers: approvers.iter().map(|&name| name.to_owned()).collect(),
    };
    // Who is nobody here is told nothing about the proposal.
    let person = by.person.clone().ok_or_else(not_listed)?;
    let event = match decision {
        Decision::Approve => Event::Approve { by: person.clone() },
        Decision::Reject => Event::Reject { by: person.clone() },
    };
    let next = proposal.next(event, now)?;
    match decision {
        Decision::Reject => {}
        Decision::Approve => {
            proposal.check_digest()?;
            policy.permits(&proposal.action)?;
            if !approvers.contains(person.as_str()) {
                return Err(not_listed());
            }
            if proposal.asked_by(by) {
                if proposal.risk == Risk::High {
                    return Err(Refusal::SecondPerson);
                }
                if !policy.allow_self_approval {
                    return Err(Refusal::SelfApproval);
                }
            }
        }
    }
    Ok(next)
}

/// The expired proposal, once nobody has decided it in time.
pub fn expire(proposal: &Proposal, now: DateTime<Utc>) -> Option<Proposal> {
    proposal.next(Event::Expire, now).ok()
}

/// The proposal without its reason: what it was meant to cure is gone, and nobody has decided yet.
pub fn resolve(proposal: &Proposal, why: String, now: DateTime<Utc>) -> Option<Proposal> {
    proposal.next(Event::Resolve { why }, now).ok()
}

/// The stored result of a write.
pub fn record(proposal: &Proposal, outcome: &Outcome, now: DateTime<Utc>) -> Proposal {
    proposal.next(Event::Record(outcome.clone()), now).unwrap_or_else(|_| proposal.clone())
}

/// The end of the watching.
pub fn conclude(proposal: &Proposal, verdict: &Verdict, now: DateTime<Utc>) -> Proposal {
    proposal.next(Event::Conclude(verdict.clone()), now).unwrap_or_else(|_| proposal.clone())
}
