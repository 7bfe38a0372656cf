//! How full nodes are: used, requested, and by number of pods.

use super::check::row::*;
use super::node_condition::is_ready;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{NodeMetrics, NodeSummaries, Nodes, Pods};
use crate::snapshot::{Node, Pod, Quantities};
use crate::texts::findings::{node as texts, storage};
use std::collections::{HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/cpu-high"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked), (NodeMetrics, Walked)],
        gate: Some("80 %"),
        means: "Its pods wait for CPU time and get slower.",
        advice: "Find the pods that use most, and give them their own place or more nodes.",
        find: cpu_high,
    },
    Check {
        id: CheckId::new("node/memory-high"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked), (NodeMetrics, Walked)],
        gate: Some("80 %, 95 %"),
        means: "A little more, and the kubelet evicts pods or the kernel kills them.",
        advice: "Find the pods that use most beyond their requests.",
        find: memory_high,
    },
    Check {
        id: CheckId::new("node/no-metrics"),
        kind: "Node",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(NodeMetrics, Complete), (Nodes, Walked)],
        gate: Some("5m after it joined"),
        means: "Autoscalers do not see what runs on it.",
        advice: "Look whether the metrics server can reach the node's kubelet on port 10250.",
        find: no_metrics,
    },
    Check {
        id: CheckId::new("node/requests-full"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked), (Pods, Complete)],
        gate: Some("90 %"),
        means: "The scheduler finds hardly any room on it, whatever is really used.",
        advice: "Add a node, or lower requests that are far above what is used.",
        find: requests_full,
    },
    Check {
        id: CheckId::new("node/limits-overcommit"),
        kind: "Node",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Nodes, Walked), (Pods, Complete)],
        gate: Some("150 %"),
        means: "If its pods use what they may, some are killed.",
        advice: "Bring memory limits nearer to requests.",
        find: limits_overcommit,
    },
    Check {
        id: CheckId::new("node/pod-capacity"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked), (Pods, Complete)],
        gate: Some("90 %"),
        means: "Soon no pod fits on it, whatever CPU and memory are left.",
        advice: "Raise the kubelet's maxPods and the node's address range, or add a node.",
        find: pod_capacity,
    },
    Check {
        id: CheckId::new("node/disk-usage"),
        kind: "Node",
        severity: Severity::High,
        set: Set::Extra,
        data: &[(NodeSummaries, Walked)],
        gate: Some("85 %, 90 % of the inodes"),
        means: "At its threshold the kubelet deletes images and evicts pods.",
        advice: "Find what fills the disk: logs, images, emptyDir volumes.",
        find: disk_usage,
    },
];

/// `used` of `whole` in percent, rounded down; nothing where the whole is not known.
fn percent(used: i128, whole: i128) -> Option<i128> {
    (whole > 0).then(|| used * 100 / whole)
}

/// What a node uses of one resource, in percent of what it can give to pods.
fn used<'a>(scene: &Scene<'a>, resource: &'static str) -> impl Iterator<Item = (&'a Node, i128, Evidence)> {
    let metrics: HashMap<&str, &Quantities> =
        scene.snapshot.node_metrics.iter().map(|metrics| (metrics.meta.name.as_str(), &metrics.usage)).collect();
    scene.snapshot.nodes.iter().filter_map(move |node| {
        let used = metrics.get(node.meta.name.as_str())?.get(resource)?;
        let whole = node.status.allocatable.get(resource)?;
        let fact = Evidence::new(format!("usage.{resource}"), format!("{} of {}", used.as_str(), whole.as_str()));
        Some((node, percent(used.nano(), whole.nano())?, fact))
    })
}

fn cpu_high(scene: &Scene<'_>) -> Vec<Draft> {
    let high = used(scene, "cpu").filter(|(_, percent, _)| *percent > i128::from(scene.thresholds.node_usage));
    let draft = |(node, percent, fact): (&Node, i128, Evidence)| {
        Draft::about(target("Node", &node.meta), Severity::Medium, texts::cpu_high(percent), vec![fact])
    };
    high.map(draft).collect()
}

fn memory_high(scene: &Scene<'_>) -> Vec<Draft> {
    let high = used(scene, "memory").filter(|(_, percent, _)| *percent > i128::from(scene.thresholds.node_usage));
    let draft = |(node, percent, fact): (&Node, i128, Evidence)| {
        let severity =
            if percent > i128::from(scene.thresholds.node_memory_high) { Severity::High } else { Severity::Medium };
        Draft::about(target("Node", &node.meta), severity, texts::memory_high(percent), vec![fact])
    };
    high.map(draft).collect()
}

fn no_metrics(scene: &Scene<'_>) -> Vec<Draft> {
    let known: HashSet<&str> = scene.snapshot.node_metrics.iter().map(|metrics| metrics.meta.name.as_str()).collect();
    // A server that knows no node at all has just been started, or is broken as a whole.
    if known.is_empty() {
        return Vec::new();
    }
    let unknown = scene.snapshot.nodes.iter().filter(|node| {
        is_ready(node) && !known.contains(node.meta.name.as_str()) && scene.is_settled(node.meta.creation_timestamp)
    });
    let draft = |node: &Node| {
        let evidence = vec![Evidence::since("NodeMetrics", "none", node.meta.creation_timestamp)];
        Draft::about(target("Node", &node.meta), Severity::Low, texts::no_metrics(), evidence)
    };
    unknown.map(draft).collect()
}

/// Pods that take room on a node, by node.
pub(super) fn pods_by_node<'a>(scene: &Scene<'a>) -> HashMap<&'a str, Vec<&'a Pod>> {
    let mut pods: HashMap<&str, Vec<&Pod>> = HashMap::new();
    let placed = scene.snapshot.pods.iter().filter(|pod| !pod.spec.node_name.is_empty());
    for pod in placed.filter(|pod| pod.status.phase != "Succeeded" && pod.status.phase != "Failed") {
        pods.entry(pod.spec.node_name.as_str()).or_default().push(pod);
    }
    pods
}

fn requests_full(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = pods_by_node(scene);
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let here = pods.get(node.meta.name.as_str())?;
        let mut shares = Vec::new();
        let mut evidence = Vec::new();
        for (resource, unit) in [("cpu", 1_000_000), ("memory", 1_000_000_000 << 20)] {
            let Some(whole) = node.status.allocatable.get(resource) else { continue };
            let asked: i128 = here.iter().map(|pod| pod.spec.amount(resource, |each| &each.requests)).sum();
            let Some(share) = percent(asked, whole.nano()) else { continue };
            if share >= i128::from(scene.thresholds.requests_full) {
                shares.push(texts::share(resource, share));
                let suffix = if resource == "cpu" { "m" } else { "Mi" };
                let asked = format!("{}{suffix} of {}", asked / unit, whole.as_str());
                evidence.push(Evidence::new(format!("requests.{resource}"), asked));
            }
        }
        (!shares.is_empty()).then(|| {
            Draft::about(target("Node", &node.meta), Severity::Medium, texts::requests_full(&shares), evidence)
        })
    });
    drafts.collect()
}

fn limits_overcommit(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = pods_by_node(scene);
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let here = pods.get(node.meta.name.as_str())?;
        let whole = node.status.allocatable.get("memory")?;
        let limits: i128 = here.iter().map(|pod| pod.spec.amount("memory", |each| &each.limits)).sum();
        let share = percent(limits, whole.nano())?;
        let value = format!("{}Mi of {}", limits / (1_000_000_000 << 20), whole.as_str());
        (share > i128::from(scene.thresholds.limits_overcommit)).then(|| {
            let evidence = vec![Evidence::new("limits.memory", value)];
            Draft::about(target("Node", &node.meta), Severity::Low, texts::limits_overcommit(share), evidence)
        })
    });
    drafts.collect()
}

fn pod_capacity(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = pods_by_node(scene);
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let count = pods.get(node.meta.name.as_str())?.len();
        let most = node.status.allocatable.get("pods").map(|most| most.value());
        // A node's address range may hold fewer pods than its kubelet allows.
        let addresses = node.spec.pod_cidr.as_str().split_once('/').and_then(|(base, prefix)| {
            let bits = if base.contains(':') { 128 } else { 32 };
            let free = u32::checked_sub(bits, prefix.parse().ok()?).filter(|free| *free < 32)?;
            Some((1_i128 << free) - 2)
        });
        let most = most.into_iter().chain(addresses).min()?;
        let share = percent(count as i128, most)?;
        (share >= i128::from(scene.thresholds.pod_capacity)).then(|| {
            let evidence = vec![Evidence::new("pods", format!("{count} / {most}"))];
            Draft::about(target("Node", &node.meta), Severity::Medium, texts::pod_capacity(count, most), evidence)
        })
    });
    drafts.collect()
}

fn disk_usage(scene: &Scene<'_>) -> Vec<Draft> {
    let per_disk =
        scene.snapshot.node_summaries.iter().flat_map(|node| node.filesystems.iter().map(move |disk| (node, disk)));
    let drafts = per_disk.filter_map(|(node, disk)| {
        let share = |used: i64, whole: i64| (whole > 0).then(|| used.saturating_mul(100) / whole);
        let space = share(disk.used_bytes, disk.capacity_bytes)
            .filter(|share| *share >= i64::from(scene.thresholds.volume_high));
        let inodes = share(disk.inodes_used, disk.inodes).filter(|share| *share >= i64::from(scene.thresholds.inodes));
        let (percent, is_inodes) = space.map(|share| (share, false)).or(inodes.map(|share| (share, true)))?;
        let value = if is_inodes {
            format!("{} of {} inodes", disk.inodes_used, disk.inodes)
        } else {
            storage::of_capacity(disk.used_bytes, disk.capacity_bytes)
        };
        let title = texts::disk_usage(&disk.name, percent, is_inodes);
        let evidence = vec![Evidence::new(disk.name.as_str(), value)];
        let container = Some(disk.name.as_str().to_owned());
        Some(Draft { container, ..Draft::about(target("Node", &node.meta), Severity::High, title, evidence) })
    });
    drafts.collect()
}
