//! What the configuration says about all inspections: mutes, severities and numbers by cluster and namespace.

use super::pattern::{Pattern, any};
use super::silence::{Silence, is_in};
use super::{Allowed, Settings, Thresholds};
use crate::finding::{CheckId, Severity};
use crate::report::CheckSet;
use chrono::TimeDelta;

/// The standing orders, for all clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandingOrders {
    /// By cluster: no pattern means every one.
    pub mutes: Vec<(Vec<Pattern>, Silence)>,
    /// By cluster; the later one wins.
    pub changes: Vec<(Vec<Pattern>, Change)>,
    /// What flapping is.
    pub flapping: Flapping,
}

/// Another severity or other numbers, for some checks in some namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// For which checks.
    pub checks: Vec<Pattern>,
    /// In which namespaces; without any also for what has none.
    pub namespaces: Vec<Pattern>,
    /// The severity of what they find.
    pub severity: Option<Severity>,
    /// Their numbers, by the name of [`Thresholds::KNOBS`].
    pub thresholds: Vec<(&'static str, u64)>,
    /// What is allowed besides.
    pub allowed: Allowed,
}

/// From how often on coming and going is flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flapping {
    /// Appearances.
    pub times: usize,
    /// Within this time.
    pub within: TimeDelta,
}

impl Default for Flapping {
    fn default() -> Self {
        Self { times: 3, within: TimeDelta::hours(24) }
    }
}

impl StandingOrders {
    /// The mutes of a cluster.
    pub fn mutes_of(&self, cluster: &str) -> impl Iterator<Item = Silence> {
        self.mutes.iter().filter(move |(clusters, _)| any(clusters, cluster)).map(|(_, mute)| mute.clone())
    }

    /// How a cluster is inspected, with what people in its channels asked for besides.
    pub fn settings(&self, cluster: &str, set: CheckSet, asked: impl IntoIterator<Item = Silence>) -> Settings {
        let changes = self.changes.iter().filter(|(clusters, _)| any(clusters, cluster));
        Settings {
            set,
            thresholds: Thresholds::default(),
            changes: changes.map(|(_, change)| change.clone()).collect(),
            silences: self.mutes_of(cluster).chain(asked).collect(),
            tells_ignored: false,
            flapping: self.flapping,
        }
    }

    /// How a cluster is looked at by who wants to know why: with the severities and numbers of its reports, and
    /// nothing left out.
    pub fn whole_truth(&self, cluster: &str, set: CheckSet) -> Settings {
        Settings { silences: Vec::new(), tells_ignored: true, ..self.settings(cluster, set, []) }
    }
}

impl Change {
    /// Whether checks find something else by it.
    pub fn changes_numbers(&self) -> bool {
        !self.thresholds.is_empty() || self.allowed != Allowed::default()
    }

    /// Changes the numbers.
    pub fn apply(&self, thresholds: &mut Thresholds) {
        for (name, number) in &self.thresholds {
            thresholds.set(name, *number);
        }
        thresholds.allowed.registries.extend_from_slice(&self.allowed.registries);
        thresholds.allowed.privileged.extend_from_slice(&self.allowed.privileged);
    }

    /// Whether it is about that check anywhere.
    pub fn covers_check(&self, check: &CheckId) -> bool {
        any(&self.checks, check.as_str())
    }

    /// Whether it is about that check in that namespace.
    pub fn covers(&self, check: &CheckId, namespace: Option<&str>) -> bool {
        self.covers_check(check) && is_in(&self.namespaces, namespace)
    }
}
