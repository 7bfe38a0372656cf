//! What the last inspection said, and what that makes of this one: new, ongoing, resolved, or not looked at again.

mod memory;
mod nodes;
mod restarts;
mod series;
mod workloads;

use super::finding::{Finding, FindingState, Fingerprint};
use crate::report::{Changes, Report, Resolved};
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};

pub use memory::{Memory, Part, key};
pub use nodes::KnownNode;
pub use restarts::RestartCounts;
pub use series::{Fill, Usage, runs, usage_now};
pub use workloads::{KnownConfig, KnownWorkload};

/// What is known of the last inspection of the same cluster. Empty: there was none, and everything is new.
#[derive(Debug, Clone, Default)]
pub struct History {
    first_seen: HashMap<Fingerprint, DateTime<Utc>>,
    roots: Vec<Resolved>,
    memory: Option<Memory>,
}

impl History {
    /// The history that a report tells. Of what it did not look at again it still knows what its predecessor knew.
    pub fn since(last: &Report) -> Self {
        let mut first_seen: HashMap<_, _> =
            last.findings.iter().map(|finding| (finding.fingerprint.clone(), finding.first_seen)).collect();
        let mut roots: Vec<Resolved> = last.roots().map(Resolved::of).collect();
        for unknown in &last.changes.not_rechecked {
            first_seen.entry(unknown.fingerprint.clone()).or_insert(unknown.first_seen);
            roots.push(unknown.clone());
        }
        Self { first_seen, roots, memory: None }
    }

    /// With what that inspection saw, so that drift is seen and rates are measured.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.memory = Some(memory);
        self
    }

    /// With the restart counts of that time, so that a spike is measured and not guessed.
    #[must_use]
    pub fn with_restarts(mut self, restarts: RestartCounts) -> Self {
        self.memory.get_or_insert_default().restarts = Some(restarts);
        self
    }

    /// What the last inspection saw; None at the first one, when nothing can have changed.
    pub fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// How often the container had restarted by then; None if nobody counted.
    pub fn restarts(&self, pod_uid: &str, container: &str) -> Option<i32> {
        let counts = self.memory.as_ref()?.restarts.as_ref();
        counts.map(|counts| counts.get(pod_uid, container))
    }

    /// Marks each finding as new or ongoing, and says what became of the roots that are gone. `rechecked` says whether
    /// the check of such a root ran this time over the scope that the root is in.
    pub fn compare(&self, findings: &mut [Finding], rechecked: impl Fn(&Resolved) -> bool) -> Changes {
        let mut changes = Changes::default();
        let mut present = HashSet::new();
        for finding in findings {
            if let Some(first_seen) = self.first_seen.get(&finding.fingerprint) {
                finding.first_seen = *first_seen;
                finding.state = FindingState::Ongoing;
            }
            if finding.is_root() {
                match finding.state {
                    FindingState::New => changes.new += 1,
                    FindingState::Ongoing => changes.ongoing += 1,
                }
            }
            present.insert(finding.fingerprint.clone());
        }
        for root in self.roots.iter().filter(|root| !present.contains(&root.fingerprint)) {
            if rechecked(root) {
                changes.resolved.push(root.clone());
            } else {
                changes.not_rechecked.push(root.clone());
            }
        }
        changes
    }
}

impl Resolved {
    fn of(finding: &Finding) -> Self {
        Self {
            id: finding.id.clone(),
            fingerprint: finding.fingerprint.clone(),
            target: finding.target.clone(),
            title: finding.title.clone(),
            first_seen: finding.first_seen,
        }
    }
}
