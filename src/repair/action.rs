//! The closed catalogue of what a repair can do, with typed arguments: what was approved is exactly one of these values.

use crate::finding;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// The kinds of action, as policies name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// `kubectl rollout restart`.
    RestartRollout,
    /// `kubectl rollout undo`.
    UndoRollout,
    /// `kubectl scale`.
    Scale,
    /// `kubectl delete pod`, with the pod's uid as a precondition.
    DeletePod,
}

impl ActionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::RestartRollout, Self::UndoRollout, Self::Scale, Self::DeletePod];

    /// The name in configuration and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::RestartRollout => "restart_rollout",
            Self::UndoRollout => "undo_rollout",
            Self::Scale => "scale",
            Self::DeletePod => "delete_pod",
        }
    }

    /// Whether the action exists for objects of this kind.
    pub fn fits(self, kind: Kind) -> bool {
        match self {
            Self::RestartRollout | Self::UndoRollout => kind != Kind::Pod,
            Self::Scale => matches!(kind, Kind::Deployment | Kind::StatefulSet),
            Self::DeletePod => kind == Kind::Pod,
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ActionKind {
    type Err = String;

    /// Reads the configuration's name, or the short word of `/fix`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "restart_rollout" | "restart" => Ok(Self::RestartRollout),
            "undo_rollout" | "undo" => Ok(Self::UndoRollout),
            "scale" => Ok(Self::Scale),
            "delete_pod" | "delete-pod" => Ok(Self::DeletePod),
            other => {
                let known: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
                Err(format!("\"{other}\" is not an action; known are {}", known.join(", ")))
            }
        }
    }
}

/// The kinds of object that an action can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Pod,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Pod];

    /// Kubernetes' name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Pod => "Pod",
        }
    }

    /// The API group; empty for the core.
    pub fn group(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::Pod => "",
        }
    }

    /// The resource in paths and access reviews.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Pod => "pods",
        }
    }

    /// The resource of its group that keeps earlier templates.
    pub fn revisions(self) -> Option<&'static str> {
        match self {
            Self::Deployment => Some("replicasets"),
            Self::StatefulSet | Self::DaemonSet => Some("controllerrevisions"),
            Self::Pod => None,
        }
    }

    /// kubectl's singular, as in `deployment/checkout`.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::Pod => "pod",
        }
    }

    fn short(self) -> &'static str {
        match self {
            Self::Deployment => "deploy",
            Self::StatefulSet => "sts",
            Self::DaemonSet => "ds",
            Self::Pod => "po",
        }
    }

    /// The path of the objects of this kind in a namespace.
    pub fn path(self, namespace: &str) -> String {
        match self.group() {
            "" => format!("/api/v1/namespaces/{namespace}/{}", self.plural()),
            group => format!("/apis/{group}/v1/namespaces/{namespace}/{}", self.plural()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    /// Reads any form that kubectl takes: `Deployment`, `deployments`, `deploy`.
    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.to_ascii_lowercase();
        let known =
            Self::ALL.into_iter().find(|kind| [kind.singular(), kind.plural(), kind.short()].contains(&word.as_str()));
        known.ok_or_else(|| format!("a {text} cannot be repaired"))
    }
}

/// Kubernetes' name of a kind that people write in many ways; none for what no action can change.
pub fn proper_kind(given: &str) -> Option<&'static str> {
    given.parse().ok().map(Kind::name)
}

/// One object, as it was when the repair was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The cluster's configured name.
    pub cluster: String,
    pub namespace: String,
    pub kind: Kind,
    pub name: String,
    /// Another object of the same name is another object.
    pub uid: String,
    /// What was asked of it when it was read; Pods are not compared by it.
    pub generation: Option<i64>,
}

impl Target {
    /// The object's path in the API.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind.path(&self.namespace), self.name)
    }

    /// The same object as findings name it.
    pub fn found(&self) -> finding::Target {
        finding::Target::namespaced(self.kind.name(), self.namespace.clone(), self.name.clone())
    }
}

/// `deployment/checkout in shop`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} in {}", self.kind.singular(), self.name, self.namespace)
    }
}

/// An object that owns another one, or keeps an earlier state of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relative {
    pub kind: String,
    pub name: String,
    pub uid: String,
}

/// One change of one object: arguments, and what the fields that it touches must still hold when it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// New pods from the same template.
    RestartRollout {
        target: Target,
        /// The fingerprint of the template that is restarted.
        template: String,
    },
    /// The template of an earlier revision. The template itself stays in the cluster: it may hold what must not leave.
    UndoRollout {
        target: Target,
        /// The fingerprint of the template that is replaced.
        template: String,
        from_revision: i64,
        to_revision: i64,
        /// The ReplicaSet or ControllerRevision that keeps the earlier template.
        keeper: Relative,
        /// The fingerprint of the earlier template.
        earlier: String,
    },
    /// Another number of replicas.
    Scale { target: Target, from: i32, to: i32 },
    /// The end of one pod; its owner makes a new one.
    DeletePod { target: Target, owner: Relative },
}

impl Action {
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::RestartRollout { .. } => ActionKind::RestartRollout,
            Self::UndoRollout { .. } => ActionKind::UndoRollout,
            Self::Scale { .. } => ActionKind::Scale,
            Self::DeletePod { .. } => ActionKind::DeletePod,
        }
    }

    /// What it changes.
    pub fn target(&self) -> &Target {
        match self {
            Self::RestartRollout { target, .. }
            | Self::UndoRollout { target, .. }
            | Self::Scale { target, .. }
            | Self::DeletePod { target, .. } => target,
        }
    }

    /// SHA-256 over every argument, in hexadecimal digits. What is carried out must have the digest that was approved.
    pub fn digest(&self) -> String {
        // An action is plain data: it always has a JSON form. If it had none, its digest would match nothing.
        serde_json::to_value(self).map_or_else(|_| String::new(), |value| fingerprint(&value))
    }
}

/// SHA-256 of a JSON value, the same for every order of its fields, in hexadecimal digits.
pub fn fingerprint(value: &Value) -> String {
    let digest = Sha256::digest(canonical(value).as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// JSON without spaces and with its fields in order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            let fields: Vec<String> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::String(name.clone()), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, ActionKind, Kind, fingerprint, proper_kind};
    use crate::repair::samples;
    use serde_json::{Value, json};

    #[test]
    fn kinds_are_read_in_every_form_that_kubectl_takes() {
        assert_eq!(proper_kind("deploy"), Some("Deployment"));
        assert_eq!(proper_kind("StatefulSets"), Some("StatefulSet"));
        assert_eq!(proper_kind("po"), Some("Pod"));
        assert_eq!(proper_kind("secret"), None);
    }

    #[test]
    fn an_action_fits_only_the_kinds_that_have_it() {
        let fits: Vec<_> = ActionKind::ALL.map(|action| Kind::ALL.map(|kind| action.fits(kind))).into();
        assert_eq!(
            fits,
            [
                [true, true, true, false],
                [true, true, true, false],
                [true, true, false, false],
                [false, false, false, true]
            ]
        );
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_order_of_fields() {
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": [{"c": "x", "d": null}]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b": [{"d": null, "c": "x"}], "a": 1}"#).unwrap();
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_ne!(fingerprint(&json!([1, 2])), fingerprint(&json!([2, 1])));
    }

    /// Every single argument counts: each leaf of each action's JSON is changed in turn.
    #[test]
    fn the_digest_changes_with_any_argument() {
        for action in samples::actions() {
            let whole = serde_json::to_value(&action).unwrap();
            let mut changed = 0;
            for pointer in leaves(&whole, "") {
                let mut other = whole.clone();
                let leaf = other.pointer_mut(&pointer).unwrap();
                *leaf = match &*leaf {
                    Value::String(text) => json!(format!("{text}x")),
                    Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                    leaf => panic!("{pointer} is {leaf}"),
                };
                // The tag and the kind are closed words: another one is another action or none.
                let Ok(other) = serde_json::from_value::<Action>(other) else { continue };
                assert_ne!(other.digest(), action.digest(), "{pointer}");
                changed += 1;
            }
            assert!(changed >= 6, "only {changed} of {whole}");
        }
    }

    fn leaves(value: &Value, at: &str) -> Vec<String> {
        match value {
            Value::Object(fields) => {
                fields.iter().flat_map(|(name, value)| leaves(value, &format!("{at}/{name}"))).collect()
            }
            _ => vec![at.to_owned()],
        }
    }
}
