//! `propose`: asks for a repair. Nothing is changed here; a person decides on a card with the exact difference.

use super::{Bench, Found, ToolError, object, schema, tell};
use crate::{
    agent::model::ToolSpec,
    cluster::Cluster,
    finding::{ActionHint, Target},
    redact,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent) struct Arguments {
    pub(super) cluster: Option<String>,
    action: Action,
    kind: String,
    name: String,
    namespace: Option<String>,
    replicas: Option<i32>,
    to_revision: Option<i64>,
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    RestartRollout,
    UndoRollout,
    Scale,
    DeletePod,
}

pub(super) fn spec() -> ToolSpec {
    use schema::{
        Need::{May, Must},
        Of::{Listed, Number, Text},
    };
    ToolSpec {
        name: "propose",
        description: "Proposes one typed repair to the people of the channel. It changes nothing: the answer shows a card with the exact difference, and somebody approves or rejects it. Only when it cures the cause.",
        parameters: schema::strict(&[
            (
                "action",
                Listed(&["restart_rollout", "undo_rollout", "scale", "delete_pod"]),
                Must,
                "undo_rollout goes back to an earlier revision; restart_rollout makes new pods from the same template.",
            ),
            ("kind", Text, Must, "Deployment, StatefulSet, DaemonSet, or Pod for delete_pod."),
            ("name", Text, Must, "The object's name."),
            schema::NAMESPACE,
            ("replicas", Number, May, "For scale: how many."),
            ("to_revision", Number, May, "For undo_rollout: which; the last healthy one if null."),
            ("reason", Text, Must, "Why this cures the cause, in one sentence."),
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster, bench: &Bench<'_>) -> Result<Found, ToolError> {
    let Arguments { action, kind, name, namespace, replicas, to_revision, reason, cluster: _ } = arguments;
    let kind = kind_of(kind)?;
    let namespace = match namespace {
        Some(namespace) => namespace.clone(),
        None => only_namespace(cluster, kind, name).await?,
    };
    let target = Target::namespaced(kind, &namespace, name);
    let hint = match action {
        Action::RestartRollout => ActionHint::RestartRollout { target },
        Action::UndoRollout => ActionHint::UndoRollout { target, to_revision: *to_revision },
        Action::Scale => match replicas {
            Some(replicas) if *replicas >= 0 => ActionHint::Scale { target, replicas: *replicas },
            Some(_) | None => return Err(tell("scale needs replicas, 0 or more")),
        },
        Action::DeletePod if target.kind == "Pod" => ActionHint::DeletePod { target },
        Action::DeletePod => return Err(tell(format!("delete_pod needs a Pod, not a {}", target.kind))),
    };
    if !matches!(action, Action::DeletePod) && hint.target().kind == "Pod" {
        return Err(tell("only delete_pod works on a Pod; name the workload that owns it"));
    }
    let reason = redact::text(reason).into_owned();
    let proposed = bench.means.proposer.propose(cluster.name(), hint, reason).await;
    let text = proposed.map_err(|why| tell(format!("Not proposed: {why}")))?;
    Ok(Found::new(format!("proposal for {}", object(kind, Some(&namespace), name)), text))
}

/// The namespace of the only object of that kind and name.
async fn only_namespace(cluster: &Cluster, kind: &str, name: &str) -> Result<String, ToolError> {
    let found = cluster.get(kind, None, name).await.map_err(|error| tell(error.to_string()))?;
    let namespace = found.pointer("/metadata/namespace").and_then(Value::as_str);
    namespace.map(str::to_owned).ok_or_else(|| tell("a proposal needs the namespace of its object"))
}

/// The kind as manifests write it: repairs compare it.
fn kind_of(written: &str) -> Result<&'static str, ToolError> {
    match written.to_lowercase().trim_end_matches('s') {
        "deployment" | "deploy" => Ok("Deployment"),
        "statefulset" | "st" => Ok("StatefulSet"),
        "daemonset" | "d" => Ok("DaemonSet"),
        "pod" | "po" => Ok("Pod"),
        _ => Err(tell(format!("no action works on a {written:?}; there are Deployment, StatefulSet, DaemonSet, Pod"))),
    }
}

#[cfg(test)]
mod tests {
    use super::kind_of;

    #[test]
    fn kinds_are_written_as_in_manifests() {
        for (written, kind) in [
            ("deployments", "Deployment"),
            ("Deployment", "Deployment"),
            ("sts", "StatefulSet"),
            ("StatefulSet", "StatefulSet"),
            ("ds", "DaemonSet"),
            ("pods", "Pod"),
        ] {
            assert_eq!(kind_of(written), Ok(kind));
        }
        assert!(kind_of("Node").is_err());
    }
}
