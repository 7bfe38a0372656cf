//! Nodes that are lost or short of memory.

use super::check::row::*;
use super::scene::{Draft, Scene, is_live, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Nodes, Pods};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/not-ready"),
        kind: "Node",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Nodes, Walked), (Pods, Detail)],
        gate: Some("5m after it joined"),
        means: "The node does not report itself healthy; its pods are lost or moved after five minutes.",
        advice: "Look at the node's machine, its kubelet and its network.",
        find: not_ready,
    },
    Check {
        id: CheckId::new("node/memory-pressure"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "The node runs out of memory: the kubelet evicts pods and takes no new ones.",
        advice: "Find what uses the memory on the node; set requests and limits that match.",
        find: memory_pressure,
    },
];

pub(super) fn not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let ready = node.status.conditions.get("Ready");
        let (status, reason) = ready.map_or(("Unknown", ""), |ready| (ready.status.as_str(), ready.reason.as_str()));
        // A node that has just joined is not ready until its network is; one that went silent is lost at any age.
        let joining = status == "False" || ready.is_none();
        if status == "True" || (joining && !scene.is_settled(node.meta.creation_timestamp)) {
            return None;
        }
        let this = target("Node", &node.meta);
        let since = ready.and_then(|ready| ready.last_transition_time);
        let pods = scene.graph.find_target(&this).map(|id| scene.graph.pods(id)).unwrap_or_default();
        let pods = pods.into_iter().filter_map(|pod| scene.graph.as_pod(pod)).filter(|pod| is_live(pod)).count();
        let value = if reason.is_empty() { status.to_owned() } else { format!("{status} ({reason})") };
        let mut evidence = vec![Evidence::since("conditions[Ready]", value, since)];
        if let Some(ready) = ready.filter(|ready| !ready.message.is_empty()) {
            evidence.push(Evidence::new("conditions[Ready].message", &*ready.message));
        }
        let lease = scene.snapshot.leases.iter().find(|lease| lease.meta.name == node.meta.name);
        if let Some(renewed) = lease.and_then(|lease| lease.spec.renew_time) {
            let renewed = renewed.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            evidence.push(Evidence::new("lease.renewTime", renewed));
        }
        evidence.push(Evidence::new("pods on it", pods.to_string()));
        let title = texts::node_not_ready(status == "False", pods);
        Some(Draft::about(this, Severity::Critical, title, evidence))
    });
    drafts.collect()
}

pub(super) fn memory_pressure(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let pressure = node.status.conditions.get("MemoryPressure")?;
        if pressure.status != "True" && pressure.status != "Unknown" {
            return None;
        }
        let mut evidence =
            vec![Evidence::since("conditions[MemoryPressure]", &*pressure.status, pressure.last_transition_time)];
        if !pressure.message.is_empty() {
            evidence.push(Evidence::new("conditions[MemoryPressure].message", &*pressure.message));
        }
        let title = texts::memory_pressure(pressure.status == "True");
        Some(Draft::about(target("Node", &node.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}
