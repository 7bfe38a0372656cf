//! What kubelets have said in events about their own trouble.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Event;
use crate::snapshot::Resource::{Events, Nodes};
use crate::texts::findings::node as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/system-oom"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Events, Walked), (Nodes, Detail)],
        gate: Some("24h"),
        means: "The kernel kills what it likes, system services and the kubelet included.",
        advice: "Reserve memory for the system (kube-reserved, system-reserved), and limit the pods that use too much.",
        find: system_oom,
    },
    Check {
        id: CheckId::new("node/gc-or-eviction"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Events, Walked), (Nodes, Detail)],
        gate: Some("24h"),
        means: "The node runs out of room and cannot win enough by itself.",
        advice: "Find what fills the disk: logs, images that are in use, emptyDir volumes.",
        find: gc_or_eviction,
    },
];

/// The newest event of each node for one of these reasons in the window, and how often in all.
fn told<'a>(scene: &Scene<'a>, reasons: &[&str]) -> Vec<(&'a crate::snapshot::Node, &'a Event, i32)> {
    let of_node = scene.snapshot.nodes.iter().filter_map(|node| {
        let id = scene.graph.find_target(&target("Node", &node.meta))?;
        let wanted = |event: &&&Event| reasons.contains(&event.reason.as_str()) && scene.is_news(event.last_seen);
        let events: Vec<&Event> = scene.graph.events(id).iter().filter(wanted).copied().collect();
        let count = events.iter().map(|event| event.count).sum();
        events.first().map(|newest| (node, *newest, count))
    });
    of_node.collect()
}

fn system_oom(scene: &Scene<'_>) -> Vec<Draft> {
    let told = told(scene, &["SystemOOM", "OOMKilling"]).into_iter();
    let draft = |(node, event, count): (&crate::snapshot::Node, &Event, i32)| {
        let evidence = vec![event_evidence(event), Evidence::new("times", count.to_string())];
        Draft::about(target("Node", &node.meta), Severity::High, texts::system_oom(count), evidence)
    };
    told.map(draft).collect()
}

fn gc_or_eviction(scene: &Scene<'_>) -> Vec<Draft> {
    let reasons = ["ImageGCFailed", "FreeDiskSpaceFailed", "EvictionThresholdMet", "ContainerGCFailed"];
    let told = told(scene, &reasons).into_iter();
    let draft = |(node, event, count): (&crate::snapshot::Node, &Event, i32)| {
        let evidence = vec![event_evidence(event), Evidence::new("times", count.to_string())];
        let title = texts::housekeeping(&event.reason, &event.message);
        Draft::about(target("Node", &node.meta), Severity::Medium, title, evidence)
    };
    told.map(draft).collect()
}
