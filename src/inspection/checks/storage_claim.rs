//! Claims that lost their volume, cannot grow, fill up, or stand in the way.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, is_live, target};
use crate::diagnosis::{ObjectId, Relation};
use crate::finding::{Evidence, ObjectRef, Severity};
use crate::snapshot::Resource::{Events, PersistentVolumeClaims, Pods};
use crate::snapshot::{Condition, PersistentVolumeClaim, Pod};
use crate::texts::findings::storage as texts;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pvc/provisioning-failed"),
        kind: "PVC",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(PersistentVolumeClaims, Walked), (Events, Walked)],
        gate: Some("24h"),
        means: "The claim has no volume, so no pod that mounts it can start.",
        advice: "The event is the provisioner's own word: quota, zone, parameters or rights.",
        find: provisioning_failed,
    },
    Check {
        id: CheckId::new("pvc/lost"),
        kind: "PVC",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(PersistentVolumeClaims, Walked)],
        gate: None,
        means: "The data that the claim stood for cannot be reached any more.",
        advice: "Look for the volume at the storage's provider before anything is deleted; restore from a backup.",
        find: lost,
    },
    Check {
        id: CheckId::new("pvc/resize-stuck"),
        kind: "PVC",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(PersistentVolumeClaims, Walked)],
        gate: Some("30m"),
        means: "The volume stays as small as it was.",
        advice: "If the file system waits, restart the pod that mounts it; otherwise the message says what the driver lacks.",
        find: resize_stuck,
    },
    Check {
        id: CheckId::new("pvc/terminating-stuck"),
        kind: "PVC",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(PersistentVolumeClaims, Walked), (Pods, Part)],
        gate: Some("10m"),
        means: "A claim of that name cannot be made again until it is gone.",
        advice: "Delete the pods that are named, and it goes by itself. Do not remove its finalizer.",
        find: terminating_stuck,
    },
    Check {
        id: CheckId::new("pvc/rwo-conflict"),
        kind: "PVC",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(PersistentVolumeClaims, Walked), (Pods, Walked)],
        gate: None,
        means: "The pods that come second wait for the volume and do not start.",
        advice: "Run its pods on one node, use ReadWriteMany, or a StatefulSet with a claim for each pod.",
        find: rwo_conflict,
    },
];

/// Pods that mount a claim and are to run.
pub(super) fn users<'a>(scene: &Scene<'a>, claim: ObjectId) -> impl Iterator<Item = &'a Pod> {
    let graph = scene.graph;
    let users = graph.dependents(claim).filter(|(relation, _)| *relation == Relation::Mounts);
    users.filter_map(move |(_, user)| graph.as_pod(user)).filter(|pod| is_live(pod))
}

fn provisioning_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let this = target("PersistentVolumeClaim", &claim.meta);
        // What waits for longer is pvc/pending's, with the same event.
        let pending = claim.status.phase == "Pending" && scene.is_settled(claim.meta.creation_timestamp);
        let failed =
            |event: &crate::snapshot::Event| event.reason == "ProvisioningFailed" && scene.is_news(event.last_seen);
        let event = scene.event(scene.graph.find_target(&this), failed).filter(|_| !pending)?;
        // Tried again with success: that was before it was bound.
        if claim.status.phase == "Bound" {
            return None;
        }
        let evidence = vec![Evidence::new("status.phase", &*claim.status.phase), event_evidence(event)];
        Some(Draft::about(this, Severity::High, texts::provisioning_failed(&event.message), evidence))
    });
    drafts.collect()
}

fn lost(scene: &Scene<'_>) -> Vec<Draft> {
    let lost = scene.snapshot.persistent_volume_claims.iter().filter(|claim| claim.status.phase == "Lost");
    let draft = |claim: &PersistentVolumeClaim| {
        let volume = claim.spec.volume_name.as_str();
        let evidence = vec![Evidence::new("status.phase", "Lost"), Evidence::new("spec.volumeName", volume)];
        let this = target("PersistentVolumeClaim", &claim.meta);
        Draft::about(this, Severity::Critical, texts::lost(volume), evidence)
    };
    lost.map(draft).collect()
}

/// Conditions of a claim that is being grown (Kubernetes: expanding persistent volume claims).
const RESIZING: &[&str] =
    &["ControllerResizeError", "NodeResizeError", "FileSystemResizePending", "Resizing", "ModifyVolumeError"];

fn resize_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let overdue = |condition: &&Condition| {
            let since = condition.last_transition_time;
            condition.status == "True" && since.is_none_or(|since| scene.age(since) > scene.thresholds.resize)
        };
        let condition = RESIZING.iter().find_map(|type_| claim.status.conditions.get(type_).filter(overdue));
        let infeasible =
            claim.status.allocated_resource_statuses.iter().find(|(_, status)| status.ends_with("Infeasible"));
        let (kind, message, mut evidence) = match (condition, infeasible) {
            (Some(condition), _) => {
                let field = format!("conditions[{}]", condition.type_);
                let fact = Evidence::since(field, condition.status.as_str(), condition.last_transition_time);
                (condition.type_.as_str(), condition.message.as_str(), vec![fact])
            }
            (None, Some((resource, status))) => {
                let field = format!("status.allocatedResourceStatuses[{resource}]");
                (status.as_str(), "", vec![Evidence::new(field, status.as_str())])
            }
            (None, None) => return None,
        };
        if !message.is_empty() {
            evidence.push(Evidence::new("message", message));
        }
        let asked = claim.spec.resources.requests.get("storage").map(|asked| asked.as_str());
        let has = claim.status.capacity.get("storage").map(|has| has.as_str());
        evidence.extend(asked.map(|asked| Evidence::new("spec.resources.requests.storage", asked)));
        evidence.extend(has.map(|has| Evidence::new("status.capacity.storage", has)));
        let this = target("PersistentVolumeClaim", &claim.meta);
        Some(Draft::about(this, Severity::Medium, texts::resize_stuck(kind, message), evidence))
    });
    drafts.collect()
}

fn terminating_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let since = claim.meta.deletion_timestamp?;
        let protected = claim.meta.finalizers.iter().any(|finalizer| finalizer == "kubernetes.io/pvc-protection");
        if !protected || scene.age(since) <= scene.thresholds.deletion {
            return None;
        }
        let this = target("PersistentVolumeClaim", &claim.meta);
        let id = scene.graph.find_target(&this)?;
        let mut pods: Vec<String> = users(scene, id).map(|pod| pod.meta.name.as_str().to_owned()).collect();
        pods.sort();
        let mut evidence = vec![Evidence::since("metadata.deletionTimestamp", "set", Some(since))];
        if !pods.is_empty() {
            evidence.push(Evidence::new("used by", pods.join(", ")));
        }
        Some(Draft::about(this, Severity::Medium, texts::terminating(&pods), evidence))
    });
    drafts.collect()
}

fn rwo_conflict(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let modes = &claim.spec.access_modes;
        let shared = modes.iter().any(|mode| mode == "ReadWriteMany" || mode == "ReadOnlyMany");
        let this = target("PersistentVolumeClaim", &claim.meta);
        let mut pods: Vec<&Pod> = users(scene, scene.graph.find_target(&this)?).collect();
        pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let nodes: BTreeSet<&str> =
            pods.iter().map(|pod| pod.spec.node_name.as_str()).filter(|node| !node.is_empty()).collect();
        let title = if modes.iter().any(|mode| mode == "ReadWriteOncePod") && pods.len() > 1 {
            texts::used_by_many(pods.len())
        } else if !shared && nodes.len() > 1 {
            texts::used_on_many(nodes.len())
        } else {
            return None;
        };
        let modes: Vec<&str> = modes.iter().map(|mode| mode.as_str()).collect();
        let placed = |pod: &&Pod| {
            let node = if pod.spec.node_name.is_empty() { "(no node)" } else { pod.spec.node_name.as_str() };
            Evidence::new(format!("pod {}", pod.meta.name), node)
        };
        let mut evidence = vec![Evidence::new("spec.accessModes", modes.join(", "))];
        evidence.extend(pods.iter().take(10).map(placed));
        let objects = std::iter::once(ObjectRef::from(this.clone()));
        let objects = objects.chain(pods.iter().map(|pod| ObjectRef::from(target("Pod", &pod.meta)))).collect();
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}
