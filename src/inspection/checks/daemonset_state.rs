//! DaemonSets in the wrong place, in the old revision, or not where they have to be.

use super::check::row::*;
use super::daemonset::is_vital;
use super::node_condition::is_ready;
use super::node_place::{is_open_to, tolerates};
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{DaemonSets, Nodes, Pods};
use crate::snapshot::{DaemonSet, Node, Pod};
use crate::texts::findings::workload as texts;
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("daemonset/misscheduled"),
        kind: "DaemonSet",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(DaemonSets, Walked)],
        gate: None,
        means: "Its pods run on nodes that it is not meant for any more.",
        advice: "Look at its node selector and tolerations, and at the taints of the nodes.",
        find: misscheduled,
    },
    Check {
        id: CheckId::new("daemonset/rollout-stuck"),
        kind: "DaemonSet",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(DaemonSets, Walked), (Pods, Detail)],
        gate: Some("30m"),
        means: "Some nodes keep the old revision.",
        advice: "Look at its newest pods; with OnDelete, delete the old ones node by node.",
        find: rollout_stuck,
    },
    Check {
        id: CheckId::new("daemonset/node-uncovered"),
        kind: "DaemonSet",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(DaemonSets, Walked), (Pods, Complete), (Nodes, Walked)],
        gate: Some("5m after the node joined"),
        means: "Pods on such a node have no network or no storage.",
        advice: "Look at the DaemonSet's events; if there are none, whether the controller manager runs.",
        find: node_uncovered,
    },
];

fn alive<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a DaemonSet> {
    scene.snapshot.daemon_sets.iter().filter(|set| set.meta.deletion_timestamp.is_none())
}

fn pods<'a>(scene: &Scene<'a>, set: &DaemonSet) -> Vec<&'a Pod> {
    let id = scene.graph.find_target(&target("DaemonSet", &set.meta));
    id.into_iter().flat_map(|id| scene.live_pods_of(id)).collect()
}

fn misscheduled(scene: &Scene<'_>) -> Vec<Draft> {
    let wrong = alive(scene).filter(|set| set.status.number_misscheduled > 0);
    let draft = |set: &DaemonSet| {
        let count = set.status.number_misscheduled;
        let evidence = vec![Evidence::new("status.numberMisscheduled", count.to_string())];
        Draft::about(target("DaemonSet", &set.meta), Severity::Low, texts::misscheduled(count), evidence)
    };
    wrong.map(draft).collect()
}

fn rollout_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|set| {
        let (updated, desired) = (set.status.updated_number_scheduled, set.status.desired_number_scheduled);
        if updated >= desired {
            return None;
        }
        let since = pods(scene, set).iter().filter_map(|pod| pod.meta.creation_timestamp).max();
        let since = since.or(set.meta.creation_timestamp);
        let on_delete = set.spec.update_strategy.type_ == "OnDelete";
        let evidence = vec![Evidence::since("status.updatedNumberScheduled", format!("{updated} / {desired}"), since)];
        let old = since.is_none_or(|since| scene.age(since) > scene.thresholds.rollout);
        let title = texts::daemon_rollout_stuck(desired - updated, on_delete);
        old.then(|| Draft::about(target("DaemonSet", &set.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

/// Whether the controller would put a pod of the set there; taints of the node's condition do not count for it.
fn is_meant_for(set: &DaemonSet, node: &Node) -> bool {
    let spec = &set.spec.template.spec;
    let repelled = node.spec.taints.iter().any(|taint| {
        let usual = taint.key.starts_with("node.kubernetes.io/") || taint.effect == "PreferNoSchedule";
        !usual && !spec.tolerations.iter().any(|toleration| tolerates(toleration, taint))
    });
    is_open_to(spec, node) && !repelled
}

fn node_uncovered(scene: &Scene<'_>) -> Vec<Draft> {
    let settled =
        |node: &&Node| is_ready(node) && !node.spec.unschedulable && scene.is_settled(node.meta.creation_timestamp);
    let nodes: Vec<&Node> = scene.snapshot.nodes.iter().filter(settled).collect();
    let vital = alive(scene).filter(|set| is_vital(set) && scene.is_settled(set.meta.creation_timestamp));
    let drafts = vital.filter_map(|set| {
        let pods = pods(scene, set);
        let covered: HashSet<&str> = pods.iter().map(|pod| pod.spec.node_name.as_str()).collect();
        // A pod that no node has taken yet is somebody's who waits.
        let waiting = covered.contains("");
        let lacks = |node: &&&Node| is_meant_for(set, node) && !covered.contains(node.meta.name.as_str());
        let lacking: Vec<&str> = nodes.iter().filter(lacks).map(|node| node.meta.name.as_str()).collect();
        if lacking.is_empty() || waiting {
            return None;
        }
        let this = target("DaemonSet", &set.meta);
        let named = lacking.iter().map(|node| ObjectRef::from(Target::cluster_wide("Node", *node)));
        let objects = std::iter::once(ObjectRef::from(this.clone())).chain(named).collect();
        let evidence = vec![Evidence::new("nodes without a pod", lacking.join(", "))];
        let title = texts::node_uncovered(&lacking);
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}
