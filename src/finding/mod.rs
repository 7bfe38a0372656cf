//! What a check found: evidence as data about one owner, stable enough to be recognised tomorrow.

pub mod command;
pub mod kept_out;
mod remedy;

pub use kept_out::{Because, KeptOut, Level};
pub use remedy::{ActionHint, Effect, Remedy, RemedyKind};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// How bad it is. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Some day.
    Low,
    /// This week.
    Medium,
    /// Users hurt, or soon will.
    High,
    /// Outage or data loss now.
    Critical,
}

impl Severity {
    /// All of them, the worst first.
    pub const WORST_FIRST: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The lower-case name, as in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::WORST_FIRST.into_iter().find(|severity| severity.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity {0:?}: one of critical, high, medium, low, info")]
pub struct UnknownSeverity(pub String);

/// The id of a check, `kind/slug`, lower case, never renumbered. A report of another version may hold ids that this
/// one does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckId(Cow<'static, str>);

impl CheckId {
    /// The id of a check in the table.
    pub const fn new(id: &'static str) -> Self {
        Self(Cow::Borrowed(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CheckId {
    fn from(id: String) -> Self {
        Self(Cow::Owned(id))
    }
}

impl PartialEq<str> for CheckId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for CheckId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a finding is recognised by: a short hash of check, cluster, owner and container. The same across days,
/// rollouts and restarts, because the owner is the workload and never the pod of the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of what `id` finds about `owner` (and in its `container`, where it is about one).
    pub fn of(id: &CheckId, cluster: &str, owner: &Target, container: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        let namespace = owner.namespace.as_deref().unwrap_or_default();
        for part in [id.as_str(), cluster, &owner.kind, namespace, &owner.name, container.unwrap_or_default()] {
            hash.update(part.as_bytes());
            // No name holds this byte, so that two neighbours cannot be read as one.
            hash.update([0]);
        }
        let digest = hash.finalize();
        Self(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Fingerprint {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a finding is about: the owner, such as a Deployment, or the object itself where nothing owns it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Kubernetes' kind, such as `Deployment`.
    pub kind: String,
    /// None for what has no namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
}

impl Target {
    /// An object in a namespace.
    pub fn namespaced(kind: impl Into<String>, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: Some(namespace.into()), name: name.into() }
    }

    /// An object of the whole cluster, such as a Node.
    pub fn cluster_wide(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: None, name: name.into() }
    }
}

/// `Deployment shop/api`, `Node worker-1`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// One object that shows the condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Kubernetes' kind.
    pub kind: String,
    /// None for what has no namespace.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// The container, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

impl From<Target> for ObjectRef {
    fn from(target: Target) -> Self {
        Self { kind: target.kind, namespace: target.namespace, name: target.name, container: None }
    }
}

impl ObjectRef {
    /// The object without the container.
    pub fn target(&self) -> Target {
        Target { kind: self.kind.clone(), namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

/// One fact, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The field of the API object, such as `lastState.terminated.reason`.
    pub field: String,
    /// What it said.
    pub value: String,
    /// Since when, where the object says so.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
}

impl Evidence {
    /// A fact without a time.
    pub fn new(field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { field: field.into(), value: value.into(), since: None }
    }

    /// A fact that is so since then.
    pub fn since(field: impl Into<String>, value: impl Into<String>, since: Option<DateTime<Utc>>) -> Self {
        Self { field: field.into(), value: value.into(), since }
    }
}

/// Whether the last inspection had it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// Not in the last inspection.
    New,
    /// In the last inspection too.
    Ongoing,
}

/// What is to be said about a finding besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Note {
    /// It comes and goes.
    Flapping {
        /// How often it appeared, this time included.
        times: usize,
        /// Within how many hours.
        hours: i64,
    },
    /// Somebody had silenced it, and it has grown worse since.
    Worse {
        /// In which way it was silenced.
        kind: kept_out::Kind,
        /// By which silence.
        silence: String,
        /// By whom.
        by: Option<String>,
        /// How bad it was then.
        was: Level,
    },
    /// It was snoozed, and the time is over.
    SnoozeOver {
        /// By whom.
        by: Option<String>,
    },
}

/// One condition of one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check.
    pub id: CheckId,
    /// What it is recognised by.
    pub fingerprint: Fingerprint,
    /// How bad.
    pub severity: Severity,
    /// New or ongoing, against the last inspection.
    pub state: FindingState,
    /// The first inspection that had it.
    pub first_seen: DateTime<Utc>,
    /// The owner that it is about.
    pub target: Target,
    /// Every object that shows it.
    pub objects: Vec<ObjectRef>,
    /// One line for people.
    pub title: String,
    /// The facts that it rests on.
    pub evidence: Vec<Evidence>,
    /// The finding that explains this one; None for a root.
    #[serde(default)]
    pub caused_by: Option<Fingerprint>,
    /// What one can do, the best first.
    pub remedies: Vec<Remedy>,
    /// What is to be said about it besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

impl Finding {
    /// Whether nothing else in the report explains it.
    pub fn is_root(&self) -> bool {
        self.caused_by.is_none()
    }

    /// Since when the cluster shows it: the earliest time in its evidence.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.evidence.iter().filter_map(|evidence| evidence.since).min()
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionHint, CheckId, Fingerprint, Remedy, Severity, Target};

    #[test]
    fn severities_are_ordered_and_named() {
        assert!(Severity::Critical > Severity::High && Severity::Low > Severity::Info);
        assert_eq!("High".parse(), Ok(Severity::High));
        assert!("urgent".parse::<Severity>().is_err());
    }

    #[test]
    fn a_fingerprint_tells_neighbours_apart_and_stays_what_it_was() {
        let id = CheckId::new("pod/crash-loop");
        let of = |cluster, owner: &Target, container| Fingerprint::of(&id, cluster, owner, container);
        let api = Target::namespaced("Deployment", "shop", "api");
        let print = of("prod", &api, Some("api"));
        // Stored reports hold it: a change of the formula would make every ongoing finding new.
        assert_eq!(print.as_str(), "b7c8a6aa6e243e85");
        assert_ne!(print, of("test", &api, Some("api")));
        assert_ne!(print, of("prod", &api, None));
        assert_ne!(
            of("prod", &Target::namespaced("Deployment", "ab", "c"), None),
            of("prod", &Target::namespaced("Deployment", "a", "bc"), None)
        );
    }

    #[test]
    fn a_remedy_is_a_title_with_a_command_or_an_action() -> serde_json::Result<()> {
        let look = Remedy::command("look", "kubectl get pods");
        assert_eq!(serde_json::to_value(&look)?, serde_json::json!({"title": "look", "command": "kubectl get pods"}));
        let target = Target::namespaced("Deployment", "shop", "api");
        let undo = Remedy::action("undo", ActionHint::UndoRollout { target, to_revision: Some(3) });
        let json = serde_json::json!({"title": "undo", "action": {"type": "undo_rollout", "to_revision": 3,
            "target": {"kind": "Deployment", "namespace": "shop", "name": "api"}}});
        assert_eq!(serde_json::to_value(&undo)?, json);
        assert_eq!(serde_json::from_value::<Remedy>(json)?, undo);
        Ok(())
    }
}
