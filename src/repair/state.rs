//! The states of a repair, and what can happen to it.

use super::policy::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Waits for somebody.
    Proposed,
    /// Will be carried out.
    Approved {
        by: String,
        at: DateTime<Utc>,
    },
    /// The intent is written: from here on it may have happened.
    Executing {
        by: String,
        at: DateTime<Utc>,
        execution: String,
    },
    /// It happened; whether it helped is being watched.
    Verifying {
        by: String,
        since: DateTime<Utc>,
        deadline: DateTime<Utc>,
        execution: String,
    },
    Succeeded {
        by: String,
        at: DateTime<Utc>,
    },
    /// It happened, and nobody can say whether it helped.
    Unproven {
        by: String,
        at: DateTime<Utc>,
        why: String,
    },
    /// Not carried out, or without the effect.
    Failed {
        by: String,
        at: DateTime<Utc>,
        why: String,
    },
    /// It cannot be told whether it happened.
    Unknown {
        by: String,
        at: DateTime<Utc>,
        why: String,
    },
    Rejected {
        by: String,
        at: DateTime<Utc>,
    },
    Expired {
        at: DateTime<Utc>,
    },
    /// The object had changed by then, or the trouble was gone; nothing was done.
    Superseded {
        at: DateTime<Utc>,
        why: String,
    },
}

/// What can happen to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Approve {
        by: String,
    },
    Reject {
        by: String,
    },
    Expire,
    /// What it was meant to cure is gone before anybody decided.
    Resolve {
        why: String,
    },
    /// The intent, under an id that the write leaves in the cluster.
    Begin {
        execution: String,
    },
    Record(Outcome),
    Conclude(Verdict),
}

/// What came of the write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The API server accepted it, or it was found done.
    Done { response: String, resource_version: Option<String> },
    /// The object is no longer what was approved: nothing was written.
    Changed { why: String },
    /// The API server refused it: nothing was written.
    Refused { why: String },
    /// It was never carried out: nothing changed.
    NotDone { why: String },
    /// It may or may not have happened.
    Unclear { why: String },
}

/// How the watching ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Succeeded,
    Unproven { why: String },
    Failed { why: String },
}

impl State {
    /// The name in records.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved { .. } => "approved",
            Self::Executing { .. } => "executing",
            Self::Verifying { .. } => "verifying",
            Self::Succeeded { .. } => "succeeded",
            Self::Unproven { .. } => "unproven",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
            Self::Rejected { .. } => "rejected",
            Self::Expired { .. } => "expired",
            Self::Superseded { .. } => "superseded",
        }
    }

    /// What a second decision is told: what happened, who decided, since when it is so.
    pub(super) fn decided(&self) -> Refusal {
        let (what, by, at) = match self {
            Self::Proposed => return Refusal::OutOfTurn { step: "decide", state: self.name() },
            Self::Approved { by, at } | Self::Executing { by, at, .. } => ("approved", Some(by), at),
            Self::Verifying { by, since, .. } => ("carried out", Some(by), since),
            Self::Succeeded { by, at } | Self::Unproven { by, at, .. } => ("carried out", Some(by), at),
            Self::Failed { by, at, .. } => ("tried without success", Some(by), at),
            Self::Unknown { by, at, .. } => ("tried", Some(by), at),
            Self::Rejected { by, at } => ("rejected", Some(by), at),
            Self::Expired { at } => return Refusal::Expired { at: *at },
            Self::Superseded { at, .. } => ("dropped, because things had changed,", None, at),
        };
        Refusal::AlreadyDecided { what, by: by.cloned(), at: *at }
    }
}
