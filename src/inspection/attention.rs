//! What a person asked to be told: which checks, and from which numbers on.

use super::checks::Set;
use super::finding::Severity;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a cluster is inspected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which checks run.
    pub set: CheckSet,
    /// From which numbers on they report.
    pub thresholds: Thresholds,
}

/// Which checks run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckSet {
    /// What can hurt users soon: for every day.
    #[default]
    Daily,
    /// Order and prevention: weekly, or on request.
    Hygiene,
    /// Both.
    All,
}

impl CheckSet {
    /// Whether a check of that set of the catalogue runs when this one is asked for.
    pub fn includes(self, of: Set) -> bool {
        match of {
            Set::Daily | Set::Extra => self != Self::Hygiene,
            Set::Hygiene => self != Self::Daily,
        }
    }

    /// The lower-case name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Hygiene => "hygiene",
            Self::All => "all",
        }
    }
}

impl fmt::Display for CheckSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for CheckSet {
    type Err = UnknownSet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sets = [Self::Daily, Self::Hygiene, Self::All];
        sets.into_iter().find(|set| set.name() == text).ok_or_else(|| UnknownSet(text.to_owned()))
    }
}

/// A word that is no set of checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown set {0:?}: one of daily, hygiene, all")]
pub struct UnknownSet(pub String);

/// The numbers from which on checks report. The defaults are the catalogue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// How long something may be pending, not ready or unavailable before it is reported: a healthy rollout is done by
    /// then.
    pub settle: TimeDelta,
    /// How long an Ingress, a Gateway or a load balancer may wait for its address.
    pub address: TimeDelta,
    /// How long a claim may be growing.
    pub resize: TimeDelta,
    /// How long something may take to be deleted, attached or made.
    pub deletion: TimeDelta,
    /// How long a finalizer may hold an object that is being deleted.
    pub finalizers: TimeDelta,
    /// How long a snapshot may take.
    pub snapshot: TimeDelta,
    /// From which age on what nobody uses is left over.
    pub left_over: TimeDelta,
    /// How soon a volume must be full to be said today.
    pub fill_forecast: TimeDelta,
    /// Percent of a volume from which on it is critical.
    pub volume_critical: u8,
    /// Percent of a volume from which on it is high.
    pub volume_high: u8,
    /// Percent of a volume's inodes from which on to report.
    pub inodes: u8,
    /// Percent of the volumes that a node can attach from which on to report.
    pub attachments: u8,
    /// How long ago something that is over (a restart, a failed Job) is still news.
    pub window: TimeDelta,
    /// From how many restarts on a container is restarting often.
    pub restarts: i32,
    /// Percent of a quota from which on it is high.
    pub quota_high: u8,
    /// Percent of a ServiceCIDR's addresses in use from which on to report.
    pub addresses: u8,
    /// Percent of a quota from which on it is medium.
    pub quota_medium: u8,
    /// Validity left of a certificate up to which it is critical.
    pub certificate_critical: TimeDelta,
    /// The same, for high.
    pub certificate_high: TimeDelta,
    /// The same, for medium.
    pub certificate_medium: TimeDelta,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            settle: TimeDelta::minutes(5),
            address: TimeDelta::minutes(10),
            resize: TimeDelta::minutes(30),
            deletion: TimeDelta::minutes(10),
            finalizers: TimeDelta::minutes(30),
            snapshot: TimeDelta::hours(1),
            left_over: TimeDelta::days(7),
            fill_forecast: TimeDelta::hours(72),
            volume_critical: 95,
            volume_high: 85,
            inodes: 90,
            attachments: 90,
            window: TimeDelta::hours(24),
            restarts: 3,
            quota_high: 95,
            addresses: 85,
            quota_medium: 85,
            certificate_critical: TimeDelta::days(3),
            certificate_high: TimeDelta::days(14),
            certificate_medium: TimeDelta::days(30),
        }
    }
}

impl Thresholds {
    /// How bad it is that a certificate is valid for only so long; None while that is fine.
    pub fn certificate(&self, left: TimeDelta) -> Option<Severity> {
        if left <= self.certificate_critical {
            Some(Severity::Critical)
        } else if left <= self.certificate_high {
            Some(Severity::High)
        } else if left <= self.certificate_medium {
            Some(Severity::Medium)
        } else {
            None
        }
    }
}
