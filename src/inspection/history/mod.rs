//! What the last inspection said, and what that makes of this one: new, ongoing, resolved, or not looked at again.
//!
//! A check of drift compares two memories: `scene.history.memory()`, which there is none of at the first inspection, and
//! `scene.present()`. A part that is None on either side proves nothing.

mod extensions;
mod forecast;
mod memory;
mod nodes;
mod privileges;
mod restarts;
mod series;
mod trend;
mod workloads;

use crate::finding::{Because, Finding, FindingState, Fingerprint, KeptOut, Level, Note};
use crate::report::{Changes, Report, Resolved};
use crate::snapshot::Uid;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{HashMap, HashSet};

pub use forecast::{Forecast, full};
pub use memory::{Memory, Part, counts, key, resources};
pub use nodes::KnownNode;
pub use restarts::{RestartCounts, Restarted};
pub use series::{Fill, Usage, runs, usage_now};
pub use trend::{Capacity, Day, Trend};
pub use workloads::{KnownConfig, KnownWorkload};

/// What is known of the last inspection of the same cluster. Empty: there was none, and everything is new.
#[derive(Debug, Clone, Default)]
pub struct History {
    known: HashMap<Fingerprint, Known>,
    roots: Vec<Resolved>,
    kept_out: HashMap<Fingerprint, KeptOut>,
    memory: Option<Memory>,
}

/// What can be said of a root that is not found any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// It is gone.
    Resolved,
    /// It would show only after a longer run than there was.
    TooEarly,
    /// Its check did not run over the scope that it is in.
    NotRechecked,
}

/// A finding of the last inspection.
#[derive(Debug, Clone)]
struct Known {
    first_seen: DateTime<Utc>,
    /// None for what was not looked at again then.
    level: Option<Level>,
    /// The silence that it had outgrown, and how bad it was when it was silenced.
    outgrown: Option<(String, Level)>,
}

impl Known {
    fn of(finding: &Finding) -> Self {
        let outgrown = finding.notes.iter().find_map(|note| match note {
            Note::Worse { silence, was, .. } => Some((silence.clone(), *was)),
            Note::Flapping { .. } | Note::SnoozeOver { .. } => None,
        });
        Self { first_seen: finding.first_seen, level: Some(Level::of(finding)), outgrown }
    }
}

impl History {
    /// The history that a report tells. Of what it did not look at again it still knows what its predecessor knew.
    pub fn since(last: &Report) -> Self {
        let kept_out = last.kept_out.iter().map(|kept| (kept.finding.fingerprint.clone(), kept.clone())).collect();
        let silenced = last.kept_out.iter().map(|kept| &kept.finding);
        let mut known: HashMap<_, _> = last
            .findings
            .iter()
            .chain(silenced)
            .map(|finding| (finding.fingerprint.clone(), Known::of(finding)))
            .collect();
        let mut roots: Vec<Resolved> = last.roots().map(Resolved::of).collect();
        for unknown in last.changes.not_rechecked.iter().chain(&last.changes.too_early) {
            let of_before = Known { first_seen: unknown.first_seen, level: None, outgrown: None };
            known.entry(unknown.fingerprint.clone()).or_insert(of_before);
            roots.push(unknown.clone());
        }
        Self { known, roots, kept_out, memory: None }
    }

    /// With what another set of checks has found, which is not new to whoever reads both.
    #[must_use]
    pub fn knowing(mut self, other: &Report) -> Self {
        for finding in &other.findings {
            let known = Known { first_seen: finding.first_seen, level: None, outgrown: None };
            self.known.entry(finding.fingerprint.clone()).or_insert(known);
        }
        self
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

    /// What was added to the restarts of a container since they were counted; None if nobody counted.
    pub fn restarted(&self, pod: &Uid, container: &str, count: i32, now: DateTime<Utc>) -> Option<Restarted> {
        let memory = self.memory.as_ref()?;
        let before = memory.restarts.as_ref()?.get(pod, container);
        let within = (memory.taken_at > DateTime::<Utc>::UNIX_EPOCH).then(|| now - memory.taken_at);
        Some(Restarted { before, more: count - before, within })
    }

    /// Why the last inspection kept a finding out, if it did.
    pub fn kept_out(&self, finding: &Fingerprint) -> Option<&Because> {
        self.kept_out.get(finding).map(|kept| &kept.because)
    }

    /// How bad a finding was when that silence began to cover it; None if it begins only now.
    pub fn level_when_silenced(&self, finding: &Fingerprint, silence: &str) -> Option<Level> {
        let silenced = self.kept_out(finding).filter(|because| because.silence == silence).map(|because| because.level);
        let known = self.known.get(finding);
        let outgrown = known.and_then(|known| known.outgrown.as_ref()).filter(|(id, _)| id == silence);
        silenced.or(outgrown.map(|(_, level)| *level)).or_else(|| known?.level)
    }

    /// Marks each finding as new or ongoing, and says what became of the roots that are gone. `absence` says what it
    /// means that such a root is not there. What was kept out and of which nobody knows stays out; what was muted and is
    /// gone is not worth a word.
    pub fn compare(
        &self,
        findings: &mut [Finding],
        kept_out: &mut Vec<KeptOut>,
        absence: impl Fn(&Resolved) -> Absence,
    ) -> Changes {
        let mut changes = Changes::default();
        let mut present = HashSet::new();
        for finding in findings {
            self.mark(finding);
            if finding.is_root() {
                match finding.state {
                    FindingState::New => changes.new += 1,
                    FindingState::Ongoing => changes.ongoing += 1,
                }
                changes.returned += usize::from(self.kept_out.contains_key(&finding.fingerprint));
            }
            present.insert(finding.fingerprint.clone());
        }
        for kept in kept_out.iter_mut() {
            self.mark(&mut kept.finding);
            present.insert(kept.finding.fingerprint.clone());
        }
        for root in self.roots.iter().filter(|root| !present.contains(&root.fingerprint)) {
            match absence(root) {
                Absence::Resolved => changes.resolved.push(root.clone()),
                Absence::TooEarly => changes.too_early.push(root.clone()),
                Absence::NotRechecked => changes.not_rechecked.push(root.clone()),
            }
        }
        let mut gone: Vec<&KeptOut> =
            self.kept_out.values().filter(|kept| !present.contains(&kept.finding.fingerprint)).collect();
        gone.sort_by(|a, b| a.finding.fingerprint.cmp(&b.finding.fingerprint));
        for kept in gone {
            let root = Resolved::of(&kept.finding);
            match absence(&root) {
                Absence::TooEarly | Absence::NotRechecked => kept_out.push(kept.clone()),
                Absence::Resolved if kept.finding.is_root() && kept.because.kind.is_awaited() => {
                    changes.resolved.push(root);
                }
                Absence::Resolved => {}
            }
        }
        changes
    }

    fn mark(&self, finding: &mut Finding) {
        if let Some(known) = self.known.get(&finding.fingerprint) {
            finding.first_seen = known.first_seen;
            finding.state = FindingState::Ongoing;
        }
    }

    /// How often a finding appeared within a time until now, this time included.
    pub fn appearances(&self, finding: &Finding, within: TimeDelta, now: DateTime<Utc>) -> usize {
        let before =
            self.memory.as_ref().and_then(|memory| memory.appearances.as_ref()?.get(finding.fingerprint.as_str()));
        let before = before.into_iter().flatten().filter(|at| now - **at <= within).count();
        before + usize::from(finding.state == FindingState::New)
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
