//! What happened to repairs, append-only: every entry holds the hash of the one before, so that a changed, removed or
//! inserted one shows.

use super::{
    action::{Action, fingerprint},
    policy::Refusal,
    proposal::{Decider, Proposal, Requester},
    request::Request,
    state::{Outcome, State},
};
use crate::store::{Commit, Direction, Keys, ReadError, Record, Store, Table};
use chrono::{DateTime, Utc};
use contract::{Actor, ChannelRef, Inbound};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// By number, so that the newest is the last key.
pub const AUDIT: Table<Entry> = Table::new("audit");
/// Its one row holds the end of the chain: two appends that would fork it conflict here.
pub const HEADS: Table<Head> = Table::new("audit-head");
const HEAD: &str = "head";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without a gap.
    pub seq: u64,
    pub at: DateTime<Utc>,
    /// Of the entry before; empty for the first.
    pub previous_hash: String,
    /// SHA-256 over everything else in this entry, in hexadecimal digits.
    pub hash: String,
    pub event: AuditEvent,
}

impl Record for Entry {
    const VERSION: u16 = 1;
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    seq: u64,
    hash: String,
}

impl Record for Head {
    const VERSION: u16 = 1;
}

/// Who did it, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The configured name, for somebody listed.
    pub person: Option<String>,
    pub actor: Actor,
    pub channel: ChannelRef,
}

impl Who {
    fn asked(requester: &Requester, channel: &ChannelRef) -> Self {
        let Requester { person, actor } = requester.clone();
        Self { person, actor, channel: channel.clone() }
    }

    fn decided(by: &Decider) -> Self {
        let Decider { person, actor, channel } = by.clone();
        Self { person, actor, channel }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum AuditEvent {
    /// Somebody asked for it.
    Proposed { proposal: String, cluster: String, title: String, who: Who, action: Box<Action>, digest: String },
    /// Somebody approved or rejected it.
    Decided { proposal: String, cluster: String, title: String, who: Who, decision: String, digest: String },
    /// Somebody tried to decide it and may not.
    Refused { proposal: String, cluster: String, title: String, who: Who, why: String },
    /// A button that means nothing in its channel: forged, foreign or long gone.
    ForeignPress { who: Who, inbound: String },
    /// Nobody decided.
    Expired { proposal: String, cluster: String, title: String },
    /// Nobody decided, and what it was meant to cure is gone.
    Resolved { proposal: String, cluster: String, title: String, why: String },
    /// The intent, committed before the call.
    Executing { proposal: String, cluster: String, title: String, execution: String, request: Request },
    /// What came of the call.
    Executed { proposal: String, cluster: String, title: String, result: Outcome },
    /// How the watching ended.
    Verified { proposal: String, cluster: String, title: String, result: String, why: Option<String> },
}

impl AuditEvent {
    pub fn proposed(proposal: &Proposal) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        Self::Proposed {
            proposal: id,
            cluster,
            title,
            who: Who::asked(&proposal.requester, &proposal.channel),
            action: Box::new(proposal.action.clone()),
            digest: proposal.digest.clone(),
        }
    }

    /// `proposal` is the decided one.
    pub fn decided(proposal: &Proposal, by: &Decider) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        let decision = proposal.state.name().to_owned();
        let digest = proposal.digest.clone();
        Self::Decided { proposal: id, cluster, title, who: Who::decided(by), decision, digest }
    }

    pub fn refused(proposal: &Proposal, by: &Decider, refusal: &Refusal) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        Self::Refused { proposal: id, cluster, title, who: Who::decided(by), why: refusal.to_string() }
    }

    pub fn foreign_press(inbound: &Inbound) -> Self {
        let who = Who { person: None, actor: inbound.actor.clone(), channel: inbound.channel.clone() };
        Self::ForeignPress { who, inbound: inbound.id.as_str().to_owned() }
    }

    pub fn expired(proposal: &Proposal) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        Self::Expired { proposal: id, cluster, title }
    }

    /// `proposal` is the dropped one.
    pub fn resolved(proposal: &Proposal, why: &str) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        Self::Resolved { proposal: id, cluster, title, why: why.to_owned() }
    }

    /// `proposal` has its intent already.
    pub fn executing(proposal: &Proposal) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        let (execution, at) = match &proposal.state {
            State::Executing { execution, at, .. } => (execution.clone(), *at),
            State::Proposed
            | State::Approved { .. }
            | State::Verifying { .. }
            | State::Succeeded { .. }
            | State::Unproven { .. }
            | State::Failed { .. }
            | State::Unknown { .. }
            | State::Rejected { .. }
            | State::Expired { .. }
            | State::Superseded { .. } => (String::new(), proposal.created_at),
        };
        let request = Request::for_the_record(&proposal.action, &execution, at);
        Self::Executing { proposal: id, cluster, title, execution, request }
    }

    pub fn executed(proposal: &Proposal, outcome: &Outcome) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        Self::Executed { proposal: id, cluster, title, result: outcome.clone() }
    }

    /// `proposal` is the concluded one.
    pub fn verified(proposal: &Proposal) -> Self {
        let Named { proposal: id, cluster, title } = Named::of(proposal);
        let why = match &proposal.state {
            State::Failed { why, .. }
            | State::Unproven { why, .. }
            | State::Unknown { why, .. }
            | State::Superseded { why, .. } => Some(why.clone()),
            State::Proposed
            | State::Approved { .. }
            | State::Executing { .. }
            | State::Verifying { .. }
            | State::Succeeded { .. }
            | State::Rejected { .. }
            | State::Expired { .. } => None,
        };
        Self::Verified { proposal: id, cluster, title, result: proposal.state.name().to_owned(), why }
    }
}

impl AuditEvent {
    /// The proposal that it is about.
    pub fn proposal(&self) -> Option<&str> {
        match self {
            Self::Proposed { proposal, .. }
            | Self::Decided { proposal, .. }
            | Self::Refused { proposal, .. }
            | Self::Expired { proposal, .. }
            | Self::Resolved { proposal, .. }
            | Self::Executing { proposal, .. }
            | Self::Executed { proposal, .. }
            | Self::Verified { proposal, .. } => Some(proposal),
            Self::ForeignPress { .. } => None,
        }
    }
}

/// What every entry about a proposal says, so that it can be read by itself.
struct Named {
    proposal: String,
    cluster: String,
    title: String,
}

impl Named {
    fn of(proposal: &Proposal) -> Self {
        Self { proposal: proposal.id.clone(), cluster: proposal.cluster.clone(), title: proposal.title.clone() }
    }
}

impl Entry {
    fn after(head: Option<&Head>, event: AuditEvent, at: DateTime<Utc>) -> Self {
        let seq = head.map_or(1, |head| head.seq + 1);
        let previous_hash = head.map_or_else(String::new, |head| head.hash.clone());
        let mut entry = Self { seq, at, previous_hash, hash: String::new(), event };
        entry.hash = entry.hashed();
        entry
    }

    pub(super) fn hashed(&self) -> String {
        let Self { seq, at, previous_hash, hash: _, event } = self;
        fingerprint(&json!({"seq": seq, "at": at, "previous_hash": previous_hash, "event": event}))
    }
}

/// Adds an entry to a commit. One commit may hold several; two commits that both append conflict, and the later one has
/// to be made again.
///
/// # Errors
/// When the end of the chain cannot be read.
pub fn append(store: &Store, commit: &mut Commit, event: AuditEvent, now: DateTime<Utc>) -> Result<(), ReadError> {
    let unsent: Option<Head> = commit.pending(&HEADS, HEAD);
    let head_of = |entry: &Entry| Head { seq: entry.seq, hash: entry.hash.clone() };
    let entry = if let Some(head) = unsent {
        let entry = Entry::after(Some(&head), event, now);
        // An earlier step of the same commit has made sure that this is the end of the chain.
        commit.put(&HEADS, HEAD, &head_of(&entry));
        entry
    } else if let Some(head) = store.get(&HEADS, HEAD)? {
        let entry = Entry::after(Some(&head), event, now);
        commit.replace(&HEADS, HEAD, &head, &head_of(&entry));
        entry
    } else {
        let entry = Entry::after(None, event, now);
        commit.insert(&HEADS, HEAD, &head_of(&entry));
        entry
    };
    commit.insert(&AUDIT, entry.seq, &entry);
    Ok(())
}

/// The newest entries before the one with this number, the newest first.
///
/// # Errors
/// When the store cannot be read.
pub fn before(store: &Store, seq: Option<u64>, limit: usize) -> Result<Vec<Entry>, ReadError> {
    let keys = seq.map_or_else(Keys::all, |seq| Keys::all().before(seq));
    let rows = store.scan(&AUDIT, &keys, limit, Direction::Descending)?;
    Ok(rows.into_iter().map(|(_, entry)| entry.into_value()).collect())
}

/// What happened to one proposal, the oldest first. Looked for among the latest entries: what is older is exported.
///
/// # Errors
/// When the store cannot be read.
pub fn of(store: &Store, proposal: &str) -> Result<Vec<Entry>, ReadError> {
    const LATEST: usize = 20_000;
    let mut entries = before(store, None, LATEST)?;
    entries.retain(|entry| entry.event.proposal() == Some(proposal));
    entries.reverse();
    Ok(entries)
}

/// Where a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit does not hold at entry {seq}: {why}")]
pub struct Broken {
    pub seq: u64,
    pub why: &'static str,
}

/// Whether nothing was changed, removed or inserted. Takes a run of entries, the oldest first.
///
/// # Errors
/// At the first entry that does not fit.
pub fn verify_chain(entries: &[Entry]) -> Result<(), Broken> {
    let broken = |seq, why| Err(Broken { seq, why });
    let mut before: Option<&Entry> = None;
    for entry in entries {
        if entry.hash != entry.hashed() {
            return broken(entry.seq, "its content does not match its hash");
        }
        match before {
            Some(before) if before.seq + 1 != entry.seq => return broken(entry.seq, "an entry before it is missing"),
            Some(before) if before.hash != entry.previous_hash => {
                return broken(entry.seq, "it does not follow the entry before it");
            }
            None if entry.seq == 1 && !entry.previous_hash.is_empty() => {
                return broken(entry.seq, "it is the first and names one before it");
            }
            Some(_) | None => {}
        }
        before = Some(entry);
    }
    Ok(())
}
