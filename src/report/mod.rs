//! The result of one inspection of one cluster: built without the model, the same for chat, terminal and API.

pub mod json;
pub mod score;
pub mod text;

use crate::inspection::finding::{CheckId, Finding, Fingerprint, Severity, Target};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use crate::snapshot::Reads;
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
    /// Reading and checking together, in milliseconds.
    pub duration_ms: u64,
    /// 0 to 100.
    pub score: u8,
    /// The score as a letter.
    pub grade: Grade,
    /// Roots and their children, worst roots first, each followed by its children.
    pub findings: Vec<Finding>,
    /// Against the last inspection.
    pub changes: Changes,
    /// What could not be inspected, and why.
    pub gaps: Vec<Gap>,
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
    /// Its roots that are gone.
    pub resolved: Vec<Resolved>,
    /// Its roots whose check did not run over their scope this time: nobody knows.
    #[serde(default)]
    pub not_rechecked: Vec<Resolved>,
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

    /// The severity of the worst root.
    pub fn worst(&self) -> Option<Severity> {
        self.roots().map(|finding| finding.severity).max()
    }

    /// How many roots of that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.roots().filter(|finding| finding.severity == severity).count()
    }
}
