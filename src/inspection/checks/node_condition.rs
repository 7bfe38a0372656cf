//! What nodes report of themselves beside being ready.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Leases, Nodes};
use crate::snapshot::{Condition, Lease, Node};
use crate::texts::findings::node as texts;
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/disk-pressure"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "The kubelet deletes images, evicts pods and takes no new ones.",
        advice: "Find what fills the disk: logs, images, emptyDir volumes.",
        find: disk_pressure,
    },
    Check {
        id: CheckId::new("node/pid-pressure"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "Processes cannot be started: pods fail, and so may the node.",
        advice: "Find the pod that starts so many processes, and set a limit of process ids per pod.",
        find: pid_pressure,
    },
    Check {
        id: CheckId::new("node/network-unavailable"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: Some("5m after it joined"),
        means: "Pods on it have no network.",
        advice: "Look at the pod of the network plugin on this node, and at the cloud's route controller.",
        find: network_unavailable,
    },
    Check {
        id: CheckId::new("node/problem-condition"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "A watcher on the node (such as node-problem-detector) has found a fault of the machine.",
        advice: "The condition's message says what; drain the node before it gets worse.",
        find: problem_condition,
    },
    Check {
        id: CheckId::new("node/flapping"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked), (Events, Detail)],
        gate: Some("3 changes in 24h"),
        means: "Its pods are taken out of their Services again and again.",
        advice: "Look at the load and the network of the machine, and at its kubelet's log.",
        find: flapping,
    },
    Check {
        id: CheckId::new("node/lease-stale"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Leases, Walked), (Nodes, Detail)],
        gate: Some("60s"),
        means: "In a moment it will be called not ready and its pods will be lost.",
        advice: "Look at the node's machine, its kubelet and its network.",
        find: lease_stale,
    },
];

/// Findings about one condition that is bad when True; Unknown is reported too.
fn pressure(scene: &Scene<'_>, type_: &str, title: fn(bool) -> String, patient: bool) -> Vec<Draft> {
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let condition = node.status.conditions.get(type_)?;
        let bad = condition.status == "True" || condition.status == "Unknown";
        let joining = patient && !scene.is_settled(node.meta.creation_timestamp);
        (bad && !joining).then(|| {
            let title = title(condition.status == "True");
            Draft::about(target("Node", &node.meta), Severity::High, title, facts(condition))
        })
    });
    drafts.collect()
}

fn facts(condition: &Condition) -> Vec<Evidence> {
    let field = format!("conditions[{}]", condition.type_);
    let message =
        (!condition.message.is_empty()).then(|| Evidence::new(format!("{field}.message"), condition.message.as_str()));
    let mut facts = vec![Evidence::since(field, condition.status.as_str(), condition.last_transition_time)];
    facts.extend(message);
    facts
}

fn disk_pressure(scene: &Scene<'_>) -> Vec<Draft> {
    pressure(scene, "DiskPressure", texts::disk_pressure, false)
}

fn pid_pressure(scene: &Scene<'_>) -> Vec<Draft> {
    pressure(scene, "PIDPressure", texts::pid_pressure, false)
}

fn network_unavailable(scene: &Scene<'_>) -> Vec<Draft> {
    pressure(scene, "NetworkUnavailable", texts::network_unavailable, true)
}

/// Kubernetes' own conditions, which have checks of their own.
const OWN: &[&str] = &["Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "OutOfDisk"];

/// Whether a condition that somebody else has added is bad. By its name: what is ready, healthy or fine is bad when False;
/// a problem is bad when True. What cannot be told by its name is left alone.
fn is_problem(condition: &Condition) -> bool {
    let name = condition.type_.as_str();
    let good =
        ["Ready", "Healthy", "OK", "Available", "Compatible", "Supported", "Configured", "Active", "Running", "Up"];
    if good.iter().any(|ending| name.ends_with(ending)) {
        return condition.status == "False";
    }
    let bad = [
        "Deadlock",
        "Readonly",
        "ReadOnly",
        "Problem",
        "Failure",
        "Failed",
        "Error",
        "Unhealthy",
        "Frequent",
        "Corrupt",
        "Pressure",
        "Down",
        "Unregister",
        "Expired",
        "Full",
        "Fault",
        "Degraded",
        "Overload",
        "Hung",
        "Exhausted",
        "Stuck",
    ];
    condition.status == "True" && bad.iter().any(|part| name.contains(part))
}

fn problem_condition(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.nodes.iter().flat_map(|node| {
        let foreign = node.status.conditions.iter().filter(|condition| !OWN.contains(&condition.type_.as_str()));
        foreign.filter(|condition| is_problem(condition)).map(|condition| {
            let title = texts::problem(&condition.type_, &condition.status, &condition.message);
            let draft = Draft::about(target("Node", &node.meta), Severity::Medium, title, facts(condition));
            // Two problems of one node are two findings.
            Draft { container: Some(condition.type_.as_str().to_owned()), ..draft }
        })
    });
    drafts.collect()
}

fn flapping(scene: &Scene<'_>) -> Vec<Draft> {
    let known = scene.history.memory().and_then(|memory| memory.nodes.as_ref());
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let mut changes: BTreeSet<DateTime<Utc>> = known
            .and_then(|known| known.get(node.meta.name.as_str()))
            .map(|node| node.ready_changes.iter().copied().collect())
            .unwrap_or_default();
        changes.extend(node.status.conditions.get("Ready").and_then(|ready| ready.last_transition_time));
        let seen = changes.iter().filter(|at| scene.is_news(Some(**at))).count();
        let this = target("Node", &node.meta);
        let events = scene.graph.find_target(&this).map(|id| scene.graph.events(id)).unwrap_or_default();
        let told = events.iter().filter(|event| matches!(event.reason.as_str(), "NodeReady" | "NodeNotReady"));
        let told: i32 = told.filter(|event| scene.is_news(event.last_seen)).map(|event| event.count).sum();
        let times = seen.max(usize::try_from(told).unwrap_or_default());
        if times < scene.thresholds.ready_changes {
            return None;
        }
        let evidence = vec![
            Evidence::since("changes of Ready", times.to_string(), changes.first().copied()),
            Evidence::new("of them told by events", told.to_string()),
        ];
        Some(Draft::about(this, Severity::Medium, texts::flapping(times, scene.thresholds.window), evidence))
    });
    drafts.collect()
}

fn lease_stale(scene: &Scene<'_>) -> Vec<Draft> {
    let of_nodes = scene.snapshot.leases.iter().filter(|lease| lease.meta.namespace == "kube-node-lease");
    let leases: HashMap<&str, &Lease> = of_nodes.map(|lease| (lease.meta.name.as_str(), lease)).collect();
    let mut heard: Vec<DateTime<Utc>> = leases.values().filter_map(|lease| lease.spec.renew_time).collect();
    heard.sort_unstable_by(|a, b| b.cmp(a));
    let drafts = scene.snapshot.nodes.iter().filter(|node| is_ready(node)).filter_map(|node| {
        let renewed = leases.get(node.meta.name.as_str())?.spec.renew_time?;
        // Where nobody has been heard of late, a clock is wrong (or set by --now) and not every kubelet at once.
        let of_another = if heard.first() == Some(&renewed) { heard.get(1) } else { heard.first() };
        let age = of_another.map_or(scene.now, |other| scene.now.min(*other)) - renewed;
        let evidence = vec![
            Evidence::since(
                "lease.renewTime",
                renewed.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                Some(renewed),
            ),
            Evidence::new("conditions[Ready]", "True"),
        ];
        (age > scene.thresholds.kubelet)
            .then(|| Draft::about(target("Node", &node.meta), Severity::High, texts::lease_stale(age), evidence))
    });
    drafts.collect()
}

/// Whether a node is ready, as far as it says.
pub(super) fn is_ready(node: &Node) -> bool {
    node.status.conditions.is("Ready", "True")
}
