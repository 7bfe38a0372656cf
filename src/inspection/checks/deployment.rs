//! Deployments that do not serve or do not move, and ReplicaSets that may not make pods.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{Deployments, ReplicaSets};
use crate::texts::findings as texts;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("deployment/unavailable"),
        kind: "Deployment",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Deployments, Walked)],
        gate: Some("5m"),
        means: "Not one replica serves: whoever depends on it is down.",
        advice: "Look at its pods; the cause is there, or in what keeps them from being made.",
        find: unavailable,
    },
    Check {
        id: CheckId::new("deployment/rollout-stuck"),
        kind: "Deployment",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Deployments, Walked)],
        gate: None,
        means: "The new revision does not come up in time; the old one serves as far as it is still there.",
        advice: "Undo the rollout, then find out why the new pods do not get ready.",
        find: rollout_stuck,
    },
    Check {
        id: CheckId::new("replicaset/create-failed"),
        kind: "ReplicaSet",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(ReplicaSets, Walked)],
        gate: None,
        means: "The API server refuses to create its pods: a quota, an admission rule or a missing service account.",
        advice: "Raise the quota, or change what the message names: it says who refuses and why.",
        find: create_failed,
    },
];

pub(super) fn unavailable(scene: &Scene<'_>) -> Vec<Draft> {
    let unavailable = scene.snapshot.deployments.iter().filter_map(|deployment| {
        let replicas = deployment.spec.replicas.unwrap_or(1);
        if replicas <= 0 || deployment.status.available_replicas > 0 || deployment.meta.deletion_timestamp.is_some() {
            return None;
        }
        let conditions = &deployment.status.conditions;
        let available = conditions.get("Available");
        let since = match available.filter(|available| available.status == "False") {
            Some(available) => available.last_transition_time,
            // With maxUnavailable at 100 % none may be available during a healthy rollout: count from its last step.
            None => conditions.get("Progressing").and_then(|progressing| progressing.last_update_time()),
        };
        let since = since.or(deployment.meta.creation_timestamp);
        let evidence = vec![
            Evidence::since("status.availableReplicas", "0", since),
            Evidence::new("spec.replicas", replicas.to_string()),
        ];
        scene.is_settled(since).then(|| {
            Draft::about(
                target("Deployment", &deployment.meta),
                Severity::Critical,
                texts::unavailable(replicas),
                evidence,
            )
        })
    });
    unavailable.collect()
}

pub(super) fn rollout_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let stuck = scene.snapshot.deployments.iter().filter_map(|deployment| {
        let progressing = deployment.status.conditions.get("Progressing")?;
        if progressing.status != "False" || progressing.reason != "ProgressDeadlineExceeded" {
            return None;
        }
        let status = &deployment.status;
        let evidence = vec![
            Evidence::since("conditions[Progressing].reason", &*progressing.reason, progressing.last_transition_time),
            Evidence::new("conditions[Progressing].message", &*progressing.message),
            Evidence::new("status.updatedReplicas", status.updated_replicas.to_string()),
            Evidence::new("status.availableReplicas", status.available_replicas.to_string()),
        ];
        let title = texts::rollout_stuck(status.available_replicas, deployment.spec.replicas.unwrap_or(1));
        Some(Draft::about(target("Deployment", &deployment.meta), Severity::High, title, evidence))
    });
    stuck.collect()
}

pub(super) fn create_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let mut drafts: BTreeMap<Target, Draft> = BTreeMap::new();
    for set in &scene.snapshot.replica_sets {
        let failure = set.status.conditions.get("ReplicaFailure");
        let failure = failure.filter(|failure| failure.status == "True" && failure.reason == "FailedCreate");
        let Some(failure) = failure else { continue };
        let this = target("ReplicaSet", &set.meta);
        let owner = scene.graph.find_target(&this).map(|id| scene.graph.object(scene.graph.owner(id)).target());
        let owner = owner.unwrap_or_else(|| this.clone());
        let evidence = vec![
            Evidence::since("conditions[ReplicaFailure].message", &*failure.message, failure.last_transition_time),
            Evidence::new("status.replicas", format!("{} / {}", set.status.replicas, set.spec.replicas.unwrap_or(1))),
        ];
        // Two revisions of one Deployment that are both refused are one finding.
        match drafts.get_mut(&owner) {
            Some(draft) => {
                draft.objects.push(ObjectRef::from(this));
                draft.evidence.extend(evidence);
            }
            None => {
                let title = texts::create_failed(&failure.message);
                let objects = vec![ObjectRef::from(this)];
                drafts.insert(owner.clone(), Draft { objects, ..Draft::about(owner, Severity::High, title, evidence) });
            }
        }
    }
    drafts.into_values().collect()
}
