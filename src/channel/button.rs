//! What a button does: looked up on this side, because a platform's client can send any data.

use crate::{
    finding::{ActionHint, Fingerprint},
    ids,
    report::CheckSet,
    store::{Commit, Record, Table},
};
use chrono::{DateTime, TimeDelta, Utc};
use contract::{Button, ButtonStyle, ChannelRef, Token};
use serde::{Deserialize, Serialize};

/// By token.
pub const BUTTONS: Table<Meaning> = Table::new("buttons");

/// How long a button of a report can be pressed.
pub const LASTS: TimeDelta = TimeDelta::days(7);

/// What a button means, and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning {
    /// Only here.
    pub channel: ChannelRef,
    /// Only until then.
    pub expires_at: DateTime<Utc>,
    /// What.
    pub purpose: Purpose,
}

/// What a button is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Show all of a finding.
    Details {
        /// Of which report.
        report: ReportKey,
        /// Which finding.
        finding: Fingerprint,
    },
    /// Say why it is so.
    Explain {
        /// Of which report.
        report: ReportKey,
        /// Which finding.
        finding: Fingerprint,
    },
    /// The findings that did not fit.
    Rest {
        /// Of which report.
        report: ReportKey,
    },
    /// Where the points of its score went.
    Score {
        /// Of which report.
        report: ReportKey,
    },
    /// The report as a file.
    File {
        /// Which report.
        report: ReportKey,
    },
    /// The last days as a picture.
    Trend {
        /// Up to which report.
        report: ReportKey,
    },
    /// Somebody sees to a finding.
    Ack {
        /// Of which report.
        report: ReportKey,
        /// Which finding.
        finding: Fingerprint,
    },
    /// Say nothing about a finding for a while.
    Snooze {
        /// Of which report.
        report: ReportKey,
        /// Which finding.
        finding: Fingerprint,
        /// For how long; None asks.
        hours: Option<u32>,
    },
    /// Tell again what was silenced.
    Unmute {
        /// In which cluster.
        cluster: String,
        /// The silence's id.
        silence: String,
    },
    /// Propose a repair.
    Fix {
        /// In which cluster.
        cluster: String,
        /// What.
        hint: ActionHint,
        /// For which finding.
        finding: Option<Fingerprint>,
        /// Why this one of several remedies.
        reason: Option<String>,
    },
    /// Approve a repair.
    Approve {
        /// Which.
        proposal: String,
    },
    /// Reject a repair.
    Reject {
        /// Which.
        proposal: String,
    },
}

/// Which report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportKey {
    /// Of which cluster.
    pub cluster: String,
    /// Of one namespace only.
    pub namespace: Option<String>,
    /// Of which checks.
    #[serde(default)]
    pub set: CheckSet,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
}

impl Record for Meaning {
    const VERSION: u16 = 1;
}

impl Purpose {
    /// The proposal that a press decides about.
    pub fn proposal(&self) -> Option<&str> {
        match self {
            Self::Approve { proposal } | Self::Reject { proposal } => Some(proposal),
            Self::Details { .. }
            | Self::Explain { .. }
            | Self::Rest { .. }
            | Self::Score { .. }
            | Self::File { .. }
            | Self::Trend { .. }
            | Self::Ack { .. }
            | Self::Snooze { .. }
            | Self::Unmute { .. }
            | Self::Fix { .. } => None,
        }
    }
}

/// Makes a button: its token is random, its meaning is kept in the commit.
pub fn make(
    commit: &mut Commit,
    (channel, expires_at): (&ChannelRef, DateTime<Utc>),
    (label, style): (impl Into<String>, ButtonStyle),
    purpose: Purpose,
) -> Button {
    let token = ids::token();
    commit.insert(&BUTTONS, token.as_str(), &Meaning { channel: channel.clone(), expires_at, purpose });
    Button { label: label.into(), token, style }
}

/// A pair of tokens for a card, with the same expiry.
pub fn decisions(
    commit: &mut Commit,
    channel: &ChannelRef,
    proposal: &str,
    expires_at: DateTime<Utc>,
) -> (Token, Token) {
    let mut token = |purpose| make(commit, (channel, expires_at), ("", ButtonStyle::Neutral), purpose).token;
    let approve = token(Purpose::Approve { proposal: proposal.to_owned() });
    let reject = token(Purpose::Reject { proposal: proposal.to_owned() });
    (approve, reject)
}
