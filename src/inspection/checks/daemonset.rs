//! DaemonSets that some nodes lack.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target, unready};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{DaemonSets, Events, Pods};
use crate::snapshot::{DaemonSet, Pod};
use crate::texts::findings as texts;
use chrono::{DateTime, Utc};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("daemonset/not-ready"),
    kind: "DaemonSet",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(DaemonSets, Walked), (Pods, Complete), (Events, Detail)],
    gate: Some("5m"),
    means: "Some nodes lack what the DaemonSet brings them.",
    advice: "Look at its pods on the nodes that are named.",
    find: not_ready,
}];

/// Without these a node has no network or no storage: the beginning, or a part between dashes, of the name of a
/// DaemonSet or of one of its containers.
const VITAL: &[&str] = &[
    "kube-proxy",
    "calico",
    "cilium",
    "flannel",
    "weave",
    "antrea",
    "canal",
    "kindnet",
    "kube-router",
    "aws-node",
    "azure-cni",
    "azure-cns",
    "ovn",
    "ovnkube",
    "multus",
    "cni",
    "csi",
];

pub(super) fn not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.daemon_sets.iter().filter_map(|set| {
        let (ready, desired) = (set.status.number_ready, set.status.desired_number_scheduled);
        if ready >= desired || set.meta.deletion_timestamp.is_some() {
            return None;
        }
        let this = target("DaemonSet", &set.meta);
        let id = scene.graph.find_target(&this);
        let pods: Vec<&Pod> = id.map(|id| scene.live_pods_of(id).collect()).unwrap_or_default();
        let mut blocking: Vec<(&Pod, Option<DateTime<Utc>>)> =
            pods.iter().filter_map(|pod| Some((*pod, unready(pod)?))).collect();
        blocking.sort_by_key(|(pod, since)| (*since, pod.meta.name.clone()));
        let first = blocking.first();
        let since = match first {
            Some((_, since)) => *since,
            // Pods that were never made: a node that has just joined still waits for its own.
            None => scene
                .snapshot
                .nodes
                .iter()
                .filter_map(|node| node.meta.creation_timestamp)
                .max()
                .max(set.meta.creation_timestamp),
        };
        if !scene.is_settled(since) {
            return None;
        }
        let mut evidence = vec![Evidence::since("status.numberReady", format!("{ready} / {desired}"), since)];
        let mut nodes: Vec<String> = blocking
            .iter()
            .map(|(pod, _)| pod.spec.node_name.as_str().to_owned())
            .filter(|node| !node.is_empty())
            .collect();
        nodes.sort();
        nodes.dedup();
        if !nodes.is_empty() {
            evidence.push(Evidence::new("nodes", nodes.join(", ")));
        }
        let mut objects = vec![ObjectRef::from(this.clone())];
        let pod = |pod: &Pod| Target::namespaced("Pod", pod.meta.namespace.as_str(), pod.meta.name.as_str()).into();
        objects.extend(blocking.iter().map(|(each, _)| -> ObjectRef { pod(each) }));
        let severity = if is_vital(set) { Severity::Critical } else { Severity::High };
        let missing = i32::try_from(pods.len()).is_ok_and(|made| made < desired);
        let refusal = scene.refusal(id).filter(|_| missing);
        evidence.extend(refusal.map(event_evidence));
        let refusal = refusal.map(|refusal| refusal.message.as_str());
        let title = texts::daemonset_not_ready(ready, desired, &nodes, refusal);
        Some(Draft { objects, ..Draft::about(this, severity, title, evidence) })
    });
    drafts.collect()
}

pub(super) fn is_vital(set: &DaemonSet) -> bool {
    let containers = set.spec.template.spec.containers.iter().map(|container| container.name.as_str());
    let mut names = containers.chain([set.meta.name.as_str()]);
    names.any(|name| VITAL.iter().any(|vital| name.starts_with(vital) || name.split('-').any(|part| part == *vital)))
}
