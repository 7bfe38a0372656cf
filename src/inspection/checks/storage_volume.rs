//! Volumes: failed, left over, or on a node that is gone.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity};
use crate::snapshot::PersistentVolume;
use crate::snapshot::Resource::{Nodes, PersistentVolumes};
use crate::texts::findings::storage as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pv/failed"),
        kind: "PV",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(PersistentVolumes, Walked)],
        gate: None,
        means: "The volume cannot be used, and what is on it is not cleaned up.",
        advice: "Look at the volume at the storage's provider; its driver's log says what failed.",
        find: failed,
    },
    Check {
        id: CheckId::new("pv/released"),
        kind: "PV",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(PersistentVolumes, Walked)],
        gate: Some("7d"),
        means: "It is kept and paid for, and no claim can take it.",
        advice: "Save what is needed, then delete the volume here and at the provider.",
        find: released,
    },
    Check {
        id: CheckId::new("pv/available"),
        kind: "PV",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(PersistentVolumes, Walked)],
        gate: None,
        means: "It waits for a claim.",
        advice: "Delete it if nobody will ever ask for it.",
        find: available,
    },
    Check {
        id: CheckId::new("pv/pending"),
        kind: "PV",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(PersistentVolumes, Walked)],
        gate: Some("10m"),
        means: "No claim can take it.",
        advice: "Look at its events and at its driver.",
        find: pending,
    },
    Check {
        id: CheckId::new("pv/small"),
        kind: "PV",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(PersistentVolumes, Walked)],
        gate: Some("1Gi"),
        means: "Many providers bill a whole gigabyte anyway, and attach only so many volumes to a node.",
        advice: "Join small volumes, or ignore this.",
        find: small,
    },
    Check {
        id: CheckId::new("pv/terminating-stuck"),
        kind: "PV",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(PersistentVolumes, Walked)],
        gate: Some("30m"),
        means: "Something still holds it, or who should let go does not run.",
        advice: "Look whether a claim or an attachment still names it, and whether its driver runs.",
        find: terminating_stuck,
    },
    Check {
        id: CheckId::new("pv/node-gone"),
        kind: "PV",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(PersistentVolumes, Walked), (Nodes, Complete)],
        gate: None,
        means: "The data is on that node alone; pods that need it run nowhere else.",
        advice: "Bring the node back, or restore the data to a new volume.",
        find: node_gone,
    },
];

fn living<'a>(scene: &Scene<'a>, phase: &'static str) -> impl Iterator<Item = &'a PersistentVolume> {
    let volumes = scene.snapshot.persistent_volumes.iter();
    volumes.filter(move |volume| volume.status.phase == phase && volume.meta.deletion_timestamp.is_none())
}

fn size(volume: &PersistentVolume) -> &str {
    volume.spec.capacity.get("storage").map(|size| size.as_str()).unwrap_or("0")
}

fn claim(volume: &PersistentVolume) -> Option<Evidence> {
    let claim = volume.spec.claim_ref.as_ref()?;
    Some(Evidence::new("spec.claimRef", format!("{}/{}", claim.namespace, claim.name)))
}

fn failed(scene: &Scene<'_>) -> Vec<Draft> {
    let draft = |volume: &PersistentVolume| {
        let mut evidence = vec![Evidence::since("status.phase", "Failed", volume.status.last_phase_transition_time)];
        if !volume.status.message.is_empty() {
            evidence.push(Evidence::new("status.message", volume.status.message.as_str()));
        }
        evidence.extend(claim(volume));
        let title = texts::volume_failed(&volume.status.message);
        Draft::about(target("PersistentVolume", &volume.meta), Severity::High, title, evidence)
    };
    living(scene, "Failed").map(draft).collect()
}

fn released(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene, "Released").filter_map(|volume| {
        let since = volume.status.last_phase_transition_time?;
        let age = scene.age(since);
        if volume.spec.persistent_volume_reclaim_policy != "Retain" || age <= scene.thresholds.left_over {
            return None;
        }
        let mut evidence = vec![Evidence::since("status.phase", "Released", Some(since))];
        evidence.extend(claim(volume));
        let title = texts::volume_released(age.num_days(), size(volume));
        Some(Draft::about(target("PersistentVolume", &volume.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}

fn available(scene: &Scene<'_>) -> Vec<Draft> {
    let draft = |volume: &PersistentVolume| {
        let since = volume.status.last_phase_transition_time.or(volume.meta.creation_timestamp);
        let evidence = vec![
            Evidence::since("status.phase", "Available", since),
            Evidence::new("spec.capacity.storage", size(volume)),
        ];
        Draft::about(target("PersistentVolume", &volume.meta), Severity::Info, texts::volume_available(), evidence)
    };
    living(scene, "Available").map(draft).collect()
}

fn pending(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene, "Pending").filter_map(|volume| {
        let since = volume.status.last_phase_transition_time.or(volume.meta.creation_timestamp);
        let overdue = since.is_none_or(|since| scene.age(since) > scene.thresholds.deletion);
        let evidence = vec![Evidence::since("status.phase", "Pending", since)];
        overdue.then(|| {
            Draft::about(target("PersistentVolume", &volume.meta), Severity::Low, texts::volume_pending(), evidence)
        })
    });
    drafts.collect()
}

fn small(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volumes.iter().filter_map(|volume| {
        let size = volume.spec.capacity.get("storage").filter(|size| size.value() < 1 << 30)?;
        let evidence = vec![Evidence::new("spec.capacity.storage", size.as_str())];
        let title = texts::volume_small(size.as_str());
        Some(Draft::about(target("PersistentVolume", &volume.meta), Severity::Info, title, evidence))
    });
    drafts.collect()
}

fn terminating_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volumes.iter().filter_map(|volume| {
        let since = volume.meta.deletion_timestamp?;
        if scene.age(since) <= scene.thresholds.finalizers {
            return None;
        }
        let finalizers: Vec<&str> = volume.meta.finalizers.iter().map(|finalizer| finalizer.as_str()).collect();
        let finalizers = finalizers.join(", ");
        let mut evidence = vec![
            Evidence::since("metadata.deletionTimestamp", "set", Some(since)),
            Evidence::new("metadata.finalizers", finalizers.as_str()),
        ];
        evidence.extend(claim(volume));
        let title = texts::volume_terminating(&finalizers);
        Some(Draft::about(target("PersistentVolume", &volume.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}

/// The one node that a volume can be used on, where its affinity names a host.
fn host(volume: &PersistentVolume) -> Option<&str> {
    let terms = &volume.spec.node_affinity.as_ref()?.required.as_ref()?.node_selector_terms;
    let [term] = terms.as_slice() else { return None };
    let named = term.match_expressions.iter().chain(&term.match_fields);
    let hosts = named
        .filter(|one| one.operator == "In" && matches!(one.key.as_str(), "kubernetes.io/hostname" | "metadata.name"));
    let mut hosts = hosts.filter_map(|one| match one.values.as_slice() {
        [host] => Some(host.as_str()),
        _ => None,
    });
    hosts.next()
}

fn node_gone(scene: &Scene<'_>) -> Vec<Draft> {
    // By the label, which on some clouds is not the node's name.
    let ready: HashMap<&str, bool> = scene
        .snapshot
        .nodes
        .iter()
        .flat_map(|node| {
            let ready = node.status.conditions.is("Ready", "True");
            let label = node.meta.labels.get("kubernetes.io/hostname").map(|host| host.as_str());
            [Some(node.meta.name.as_str()), label].into_iter().flatten().map(move |name| (name, ready))
        })
        .collect();
    let bound = living(scene, "Bound").filter_map(|volume| {
        let node = host(volume)?;
        let gone = match ready.get(node) {
            Some(true) => return None,
            Some(false) => false,
            None => true,
        };
        let this = target("PersistentVolume", &volume.meta);
        let mut evidence = vec![Evidence::new("spec.nodeAffinity", node)];
        evidence.extend(claim(volume));
        let objects = if gone {
            Vec::new()
        } else {
            vec![ObjectRef { kind: "Node".to_owned(), namespace: None, name: node.to_owned(), container: None }]
        };
        let objects = std::iter::once(ObjectRef::from(this.clone())).chain(objects).collect();
        Some(Draft { objects, ..Draft::about(this, Severity::High, texts::node_gone(node, gone), evidence) })
    });
    bound.collect()
}
