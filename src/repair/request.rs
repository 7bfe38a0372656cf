//! The one API request of an action, computed from the action and the live object. Pure: rehearsed and carried out, it
//! is the same.

use super::action::{Action, ActionKind};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The name of our field manager.
pub const FIELD_MANAGER: &str = "roundsman";
/// The annotation of a changed object that holds the id of the execution that changed it last.
pub const MARKER: &str = "roundsman.dev/execution";
/// What `kubectl rollout restart` sets on the pod template.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// How the API server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// RFC 7386.
    MergePatch,
    /// RFC 6902.
    JsonPatch,
    /// With preconditions.
    Delete,
}

impl Verb {
    /// How an action is asked for.
    pub fn of(action: ActionKind) -> Self {
        match action {
            ActionKind::RestartRollout | ActionKind::Scale => Self::MergePatch,
            ActionKind::UndoRollout => Self::JsonPatch,
            ActionKind::DeletePod => Self::Delete,
        }
    }

    /// The verb of an access review.
    pub fn name(self) -> &'static str {
        match self {
            Self::MergePatch | Self::JsonPatch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub verb: Verb,
    /// Without a query.
    pub path: String,
    pub body: Value,
}

impl Request {
    /// The request that carries out `action` on the object that `live` is. `template` is the earlier template of an
    /// undo.
    pub fn of(action: &Action, live: &Value, template: Option<&Value>, execution: &str, at: DateTime<Utc>) -> Self {
        let version = live.pointer("/metadata/resourceVersion").cloned();
        let annotated = live.pointer("/metadata/annotations").is_some_and(Value::is_object);
        Self::build(action, version.as_ref(), annotated, template, execution, at)
    }

    /// The request as the audit shows it before the object is read again: without its resourceVersion, and with the
    /// name of an earlier template instead of the template, which may hold what must not leave the cluster.
    pub(super) fn for_the_record(action: &Action, execution: &str, at: DateTime<Utc>) -> Self {
        let template = match action {
            Action::UndoRollout { keeper, earlier, .. } => {
                Some(json!(format!("the template of {} {}, sha256 {earlier}", keeper.kind, keeper.name)))
            }
            Action::RestartRollout { .. } | Action::Scale { .. } | Action::DeletePod { .. } => None,
        };
        Self::build(action, None, true, template.as_ref(), execution, at)
    }

    fn build(
        action: &Action,
        version: Option<&Value>,
        annotated: bool,
        template: Option<&Value>,
        execution: &str,
        at: DateTime<Utc>,
    ) -> Self {
        let target = action.target();
        // A field that is absent is no condition; null would mean "remove it".
        let mut metadata = json!({"uid": target.uid, "annotations": {MARKER: execution}});
        if let Some(version) = version {
            metadata["resourceVersion"] = version.clone();
        }
        let body = match action {
            Action::RestartRollout { .. } => {
                let when = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                let template = json!({"metadata": {"annotations": {RESTARTED_AT: when}}});
                json!({"metadata": metadata, "spec": {"template": template}})
            }
            Action::Scale { to, .. } => json!({"metadata": metadata, "spec": {"replicas": to}}),
            Action::UndoRollout { .. } => {
                let mut steps = vec![json!({"op": "test", "path": "/metadata/uid", "value": target.uid})];
                // A test that fails would be "invalid"; a resourceVersion that is not the stored one is a conflict.
                if let Some(version) = version {
                    steps.push(json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version}));
                }
                steps.push(json!({"op": "replace", "path": "/spec/template", "value": template}));
                if !annotated {
                    steps.push(json!({"op": "add", "path": "/metadata/annotations", "value": {}}));
                }
                let marker = format!("/metadata/annotations/{}", MARKER.replace('/', "~1"));
                steps.push(json!({"op": "add", "path": marker, "value": execution}));
                Value::Array(steps)
            }
            Action::DeletePod { .. } => {
                let mut preconditions = json!({"uid": target.uid});
                if let Some(version) = version {
                    preconditions["resourceVersion"] = version.clone();
                }
                json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions})
            }
        };
        Self { verb: Verb::of(action.kind()), path: target.path(), body }
    }
}
