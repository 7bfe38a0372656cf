//! Nodes as places for pods: cordoned, tainted, come and gone.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::Resource::{Events, Nodes, Pods};
use crate::snapshot::{Node, PodSpec, Taint, Toleration, selects};
use crate::texts::findings::node as texts;
use std::collections::{HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/cordoned"),
        kind: "Node",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: Some("24h"),
        means: "It is paid for and takes no new pods; somebody may have forgotten it.",
        advice: "kubectl uncordon it, or finish what it was cordoned for.",
        find: cordoned,
    },
    Check {
        id: CheckId::new("node/taint-untolerated"),
        kind: "Node",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Nodes, Walked), (Pods, Complete)],
        gate: None,
        means: "Only what runs there already, or nothing, uses the node.",
        advice: "Remove the taint, or give the pods that it is meant for a toleration.",
        find: taint_untolerated,
    },
    Check {
        id: CheckId::new("node/unexpected-taint"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: Some("10m"),
        means: "Pods are driven away from it, or it was never set up.",
        advice: "Find out who set the taint: a cloud controller, an operator or a person.",
        find: unexpected_taint,
    },
    Check {
        id: CheckId::new("node/rebooted"),
        kind: "Node",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Nodes, Walked), (Events, Detail)],
        gate: Some("24h"),
        means: "All its pods were started again.",
        advice: "If nobody meant it, look at the machine's log: power, kernel panic, out of memory.",
        find: rebooted,
    },
    Check {
        id: CheckId::new("node/added-or-gone"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Complete), (Nodes, Walked)],
        gate: None,
        means: "The cluster has another size than at the last inspection.",
        advice: "An autoscaler does that every day; otherwise look who removed it.",
        find: added_or_gone,
    },
];

fn cordoned(scene: &Scene<'_>) -> Vec<Draft> {
    let known = scene.history.memory().and_then(|memory| memory.nodes.as_ref());
    let drafts = scene.snapshot.nodes.iter().filter(|node| node.spec.unschedulable).filter_map(|node| {
        if node.meta.deletion_timestamp.is_some() {
            return None;
        }
        let taint = node.spec.taints.iter().find(|taint| taint.key == "node.kubernetes.io/unschedulable");
        let seen = known.and_then(|known| known.get(node.meta.name.as_str())).and_then(|node| node.cordoned_since);
        let since = taint.and_then(|taint| taint.time_added).or(seen);
        let age = since.map(|since| scene.age(since));
        let long = age.is_some_and(|age| age > scene.thresholds.window);
        let severity = if long { Severity::Medium } else { Severity::Low };
        let evidence = vec![Evidence::since("spec.unschedulable", "true", since)];
        Some(Draft::about(target("Node", &node.meta), severity, texts::cordoned(age), evidence))
    });
    drafts.collect()
}

fn written(taint: &Taint) -> String {
    match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    }
}

pub(super) fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect.as_str();
    let key = match (toleration.key.as_str(), toleration.operator.as_str()) {
        ("", "Exists") => true,
        (key, "Exists") => taint.key == key,
        (key, _) => taint.key == key && taint.value == toleration.value.as_str(),
    };
    effect && key
}

/// Whether a node is among those that a pod asks for, by its selector and by what its affinity requires.
pub(super) fn is_open_to(spec: &PodSpec, node: &Node) -> bool {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    selects(&spec.node_selector, &node.meta.labels)
        && required.is_none_or(|required| required.matches(&node.meta.name, &node.meta.labels))
}

/// Taints that Kubernetes sets and takes away by itself, and those of the control plane.
fn is_usual(taint: &Taint) -> bool {
    taint.key.starts_with("node.kubernetes.io/")
        || matches!(taint.key.as_str(), "node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master")
}

fn taint_untolerated(scene: &Scene<'_>) -> Vec<Draft> {
    let taints: HashSet<(&str, &str, &str)> = scene
        .snapshot
        .nodes
        .iter()
        .flat_map(|node| &node.spec.taints)
        .filter(|taint| !is_usual(taint) && taint.effect != "PreferNoSchedule")
        .map(|taint| (taint.key.as_str(), taint.value.as_str(), taint.effect.as_str()))
        .collect();
    // What tolerates everything (a DaemonSet's agent) is not what the node is for.
    let tolerations: HashMap<_, &Toleration> = scene
        .live_pods()
        .flat_map(|pod| &pod.spec.tolerations)
        .filter(|toleration| !toleration.key.is_empty() && !toleration.key.starts_with("node.kubernetes.io/"))
        .map(|each| ((&each.key, &each.operator, &each.value, &each.effect), each))
        .collect();
    let tolerated = |taint: &Taint| tolerations.values().any(|toleration| tolerates(toleration, taint));
    let drafts = scene.snapshot.nodes.iter().flat_map(|node| {
        let lonely = node.spec.taints.iter().filter(|taint| {
            taints.contains(&(taint.key.as_str(), taint.value.as_str(), taint.effect.as_str())) && !tolerated(taint)
        });
        lonely.map(|taint| {
            let evidence = vec![Evidence::since("spec.taints", written(taint), taint.time_added)];
            let title = texts::taint_untolerated(&written(taint));
            let draft = Draft::about(target("Node", &node.meta), Severity::Low, title, evidence);
            Draft { container: Some(written(taint)), ..draft }
        })
    });
    drafts.collect()
}

fn unexpected_taint(scene: &Scene<'_>) -> Vec<Draft> {
    let known = scene.history.memory().and_then(|memory| memory.nodes.as_ref());
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let before = known.and_then(|known| known.get(node.meta.name.as_str()));
        let unexpected = node.spec.taints.iter().filter(|taint| {
            let old = taint
                .time_added
                .or(node.meta.creation_timestamp)
                .is_none_or(|at| scene.age(at) > scene.thresholds.deletion);
            match taint.key.as_str() {
                "node.kubernetes.io/out-of-service" => true,
                "node.cloudprovider.kubernetes.io/uninitialized" => old,
                // The node's own conditions say the same, with their reason.
                key if key.starts_with("node.kubernetes.io/") => false,
                _ if is_usual(taint) => false,
                _ if taint.effect == "NoExecute" => true,
                _ => before.is_some_and(|before| {
                    !before.taints.contains(&format!("{}={}:{}", taint.key, taint.value, taint.effect))
                }),
            }
        });
        let unexpected: Vec<&Taint> = unexpected.collect();
        let names: Vec<String> = unexpected.iter().map(|taint| written(taint)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let evidence =
            unexpected.iter().map(|taint| Evidence::since("spec.taints", written(taint), taint.time_added)).collect();
        (!names.is_empty()).then(|| {
            Draft::about(target("Node", &node.meta), Severity::Medium, texts::unexpected_taint(&names), evidence)
        })
    });
    drafts.collect()
}

fn rebooted(scene: &Scene<'_>) -> Vec<Draft> {
    let known = scene.history.memory().and_then(|memory| memory.nodes.as_ref());
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let this = target("Node", &node.meta);
        let told = scene.event(scene.graph.find_target(&this), |event| {
            event.reason == "Rebooted" && scene.is_news(event.last_seen)
        });
        let before = known.and_then(|known| known.get(node.meta.name.as_str())).map(|node| node.boot_id.as_str());
        let boot = node.status.node_info.boot_id.as_str();
        let changed = before.is_some_and(|before| !before.is_empty() && !boot.is_empty() && before != boot);
        if told.is_none() && !changed {
            return None;
        }
        let mut evidence = vec![Evidence::new("status.nodeInfo.bootID", boot)];
        evidence.extend(before.filter(|_| changed).map(|before| Evidence::new("at the last inspection", before)));
        evidence.extend(told.map(event_evidence));
        let title = texts::rebooted(told.map(|event| event.message.as_str()));
        Some(Draft::about(this, Severity::Info, title, evidence))
    });
    drafts.collect()
}

fn added_or_gone(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(memory) = scene.history.memory() else { return Vec::new() };
    let Some(before) = &memory.nodes else { return Vec::new() };
    let now: HashSet<&str> = scene.snapshot.nodes.iter().map(|node| node.meta.name.as_str()).collect();
    let gone = before.keys().filter(|name| !now.contains(name.as_str())).map(|name| {
        let evidence = vec![Evidence::since("last seen", name.as_str(), Some(memory.taken_at))];
        Draft::about(Target::cluster_wide("Node", name.as_str()), Severity::Medium, texts::gone(), evidence)
    });
    let added = scene.snapshot.nodes.iter().filter(|node| !before.contains_key(node.meta.name.as_str())).map(|node| {
        let evidence = vec![Evidence::since("metadata.creationTimestamp", "new", node.meta.creation_timestamp)];
        Draft::about(target("Node", &node.meta), Severity::Info, texts::added(), evidence)
    });
    gone.chain(added).collect()
}
