//! The result of one inspection of one cluster: built without the model, the same for chat, terminal and API.

mod check_set;
mod redacted;
pub mod score;

use crate::finding::kept_out::Kind;
use crate::finding::{CheckId, Finding, FindingState, Fingerprint, KeptOut, Severity, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

pub use crate::snapshot::Reads;
pub use check_set::{CheckSet, UnknownSet};
pub use score::Grade;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "roundsman/report/v1";

/// What one inspection of one cluster says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The cluster's configured name, or the kubeconfig context.
    pub cluster: String,
    /// The moment that the snapshot stands for.
    pub taken_at: DateTime<Utc>,
    /// Which checks were asked for.
    #[serde(default, skip_serializing_if = "CheckSet::is_daily")]
    pub set: CheckSet,
    /// Reading and checking together, in milliseconds.
    pub duration_ms: u64,
    /// 0 to 100.
    pub score: u8,
    /// The score as a letter.
    pub grade: Grade,
    /// Roots and their children, worst roots first, each followed by its children.
    pub findings: Vec<Finding>,
    /// What somebody asked not to be told; it counts for nothing else here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_out: Vec<KeptOut>,
    /// Against the last inspection.
    pub changes: Changes,
    /// What could not be inspected, and why.
    pub gaps: Vec<Gap>,
    /// The checks that ran; empty in a report of a version that did not say.
    #[serde(default)]
    pub ran: Vec<CheckId>,
    /// What it cost.
    pub reads: Reads,
}

/// Against the last inspection. Counts go by roots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Roots that the last inspection did not have.
    pub new: usize,
    /// Roots that it had too.
    pub ongoing: usize,
    /// Of these, roots that the last inspection had kept out: snoozed until now, or grown worse.
    #[serde(default, skip_serializing_if = "is_none")]
    pub returned: usize,
    /// Its roots that are gone.
    pub resolved: Vec<Resolved>,
    /// Its roots whose check did not run over their scope this time: nobody knows.
    #[serde(default)]
    pub not_rechecked: Vec<Resolved>,
    /// Its roots that show only after a run, and whose containers have just been started: they can come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_early: Vec<Resolved>,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// A root of the last inspection that this one does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The check.
    pub id: CheckId,
    /// What it was recognised by.
    pub fingerprint: Fingerprint,
    /// What it was about.
    pub target: Target,
    /// Its title then.
    pub title: String,
    /// The first inspection that had it.
    pub first_seen: DateTime<Utc>,
}

/// Something that was expected and could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Such as `list secrets`.
    pub what: String,
    /// Such as `forbidden`.
    pub why: String,
    /// The checks that did not run for it.
    pub checks: Vec<CheckId>,
}

impl Report {
    /// The findings that nothing else explains, worst first.
    pub fn roots(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_root())
    }

    /// The findings that this one explains directly.
    pub fn children<'a>(&'a self, root: &'a Fingerprint) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.caused_by.as_ref() == Some(root))
    }

    /// The finding with this fingerprint.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.fingerprint == *fingerprint)
    }

    /// The root of the chain that this finding belongs to: itself, where nothing explains it.
    pub fn root_of<'a>(&'a self, finding: &'a Finding) -> &'a Finding {
        let mut at = finding;
        // Causes never form a ring, but a report can come from a file: as many steps as there are findings, no more.
        for _ in 0..self.findings.len() {
            match at.caused_by.as_ref().and_then(|cause| self.find(cause)) {
                Some(cause) => at = cause,
                None => break,
            }
        }
        at
    }

    /// The roots with what they explain, the worst trees first: what is counted, shown and judged.
    pub fn trees(&self) -> Vec<Tree<'_>> {
        let severities = score::severities(&self.findings);
        let roots = score::roots(&self.findings);
        let by_print: HashMap<&Fingerprint, &Finding> =
            self.findings.iter().map(|finding| (&finding.fingerprint, finding)).collect();
        let mut trees: Vec<Tree<'_>> = Vec::new();
        let mut places: HashMap<&Fingerprint, usize> = HashMap::new();
        for finding in &self.findings {
            let root = roots.get(&finding.fingerprint).and_then(|root| by_print.get(root)).copied().unwrap_or(finding);
            let place = *places.entry(&root.fingerprint).or_insert_with(|| {
                let severity = severities.get(&root.fingerprint).copied().unwrap_or(root.severity);
                trees.push(Tree { root, severity, explains: Vec::new() });
                trees.len() - 1
            });
            if root.fingerprint != finding.fingerprint
                && let Some(tree) = trees.get_mut(place)
            {
                tree.explains.push(finding);
            }
        }
        // The report has them in this order already; one from a file may not.
        trees.sort_by_key(|tree| std::cmp::Reverse(tree.severity));
        trees
    }

    /// How many roots are kept out, by the way in which they are.
    pub fn kept_out_counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for kept in self.kept_out.iter().filter(|kept| kept.finding.is_root()) {
            *counts.entry(kept.because.kind).or_default() += 1;
        }
        counts
    }

    /// The severity of the worst tree.
    pub fn worst(&self) -> Option<Severity> {
        self.trees().first().map(|tree| tree.severity)
    }
}

/// A root and all that follows from it.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    /// What nothing else explains.
    pub root: &'a Finding,
    /// How bad it is: as bad as the worst that follows from it. An image that cannot be pulled is high; if it takes the
    /// whole Deployment down, it is the outage.
    pub severity: Severity,
    /// What follows from it, directly or not, in the report's order.
    pub explains: Vec<&'a Finding>,
}

impl Tree<'_> {
    /// Since when the cluster shows it, root or symptom; since it was first seen, where no object says more.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        let all = || self.explains.iter().copied().chain([self.root]);
        let shown = all().filter_map(Finding::since).min();
        let known =
            all().filter(|finding| finding.state == FindingState::Ongoing).map(|finding| finding.first_seen).min();
        [shown, known].into_iter().flatten().min()
    }
}
