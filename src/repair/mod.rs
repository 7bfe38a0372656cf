//! From a finding to a verified fix: propose, plan, decide, carry out, verify, audit.
//!
//! A proposer names an action and its arguments; the plan is computed here from what the cluster says; a permitted
//! person decides; the change is made at most once; and then the cluster has to show that it helped.

mod action;
pub mod audit;
mod carry;
mod diagnosed;
mod diff;
mod endpoints;
mod follow_up;
mod ledger;
mod plan;
mod pods;
mod policy;
mod proposal;
mod request;
mod revisions;
mod rights;
mod settle;
mod state;
mod surroundings;
mod verify;

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod proposal_tests;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use action::{Action, ActionKind, Kind, Relative, Target, fingerprint, proper_kind};
pub use audit::{AUDIT, AuditEvent, Entry};
pub use carry::{carry_out, settle};
pub use diagnosed::{Trouble, diagnosed, undiagnosed};
pub use follow_up::{FollowUp, follow_up};
pub use ledger::{LEASES, PROPOSALS, give_back, take};
pub use plan::{Ask, propose};
pub use policy::{Policy, ProtectedLabel, Refusal, Rule};
pub use proposal::{Approved, Decider, Decision, Proposal, Requester, Risk, conclude, decide, expire, record, resolve};
pub use request::{FIELD_MANAGER, MARKER, RESTARTED_AT, Request, Verb};
pub use rights::{reads, writes};
pub use state::{Event, Outcome, State, Verdict};
pub use verify::{Look, Recheck, look, rechecked};

use crate::ids;
use chrono::{DateTime, Utc};

/// Writes the intent: approved, and from here on it may happen. The caller commits it before [`carry_out`].
///
/// # Errors
/// When the proposal is not approved.
pub fn begin(proposal: &Proposal, now: DateTime<Utc>) -> Result<Proposal, Refusal> {
    proposal.next(Event::Begin { execution: ids::random() }, now)
}
