//! Whether the nodes are enough, and stand where they should.

use super::check::row::*;
use super::control_plane::cluster;
use super::node_condition::is_ready;
use super::node_load::pods_by_node;
use super::node_version::pool;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{AutoscalerStatuses, NodeClaims, Nodes, Pods};
use crate::snapshot::{Node, Pod};
use crate::texts::findings::{self, cluster as texts, node};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/capacity"),
        kind: "Cluster",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Complete), (Pods, Walked), (AutoscalerStatuses, Detail), (NodeClaims, Detail)],
        gate: Some("85 %"),
        means: "There is no room for one more rollout, or for the pods of a node that is lost.",
        advice: "Add a node, or lower requests that are far above what is used.",
        find: capacity,
    },
    Check {
        id: CheckId::new("cluster/single-control-plane"),
        kind: "Cluster",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "While this node is down or upgraded, nothing in the cluster can be changed, and its etcd has no second copy.",
        advice: "Run three control-plane nodes, or be sure that etcd is backed up.",
        find: single_control_plane,
    },
    Check {
        id: CheckId::new("cluster/zone-imbalance"),
        kind: "Cluster",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Nodes, Walked)],
        gate: Some("a difference of 2 nodes"),
        means: "When the fullest zone is lost, more is lost than has to be.",
        advice: "Balance the node groups, or have one for each zone.",
        find: zone_imbalance,
    },
];

fn is_control_plane(node: &Node) -> bool {
    let roles = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
    roles.iter().any(|role| node.meta.labels.contains_key(role))
}

/// Where new pods can go.
fn is_open(node: &Node) -> bool {
    let reserved = node.spec.taints.iter().any(|taint| taint.effect != "PreferNoSchedule");
    is_ready(node) && !node.spec.unschedulable && !reserved
}

/// Whether another node would have to take the pod if its own is lost.
fn moves(pod: &Pod) -> bool {
    pod.meta.controller().is_none_or(|owner| owner.kind != "DaemonSet" && owner.kind != "Node")
}

/// One node with one resource: what it has, what is asked for, and what of that would have to move.
struct Room<'a> {
    node: &'a str,
    whole: i128,
    asked: i128,
    moving: i128,
}

fn capacity(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = pods_by_node(scene);
    let open: Vec<&Node> = scene.snapshot.nodes.iter().filter(|node| is_open(node)).collect();
    let (mut full, mut lost) = (Vec::new(), Vec::new());
    let mut evidence = Vec::new();
    for resource in ["cpu", "memory"] {
        let rooms = open.iter().filter_map(|node| {
            let here = pods.get(node.meta.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let ask = |pod: &&Pod| pod.spec.amount(resource, |each| &each.requests);
            Some(Room {
                node: node.meta.name.as_str(),
                whole: node.status.allocatable.get(resource)?.nano(),
                asked: here.iter().map(ask).sum(),
                moving: here.iter().filter(|pod| moves(pod)).map(ask).sum(),
            })
        });
        let rooms: Vec<Room<'_>> = rooms.collect();
        let (whole, asked) = rooms.iter().fold((0, 0), |(whole, asked), room| (whole + room.whole, asked + room.asked));
        let Some(percent) = (asked * 100).checked_div(whole) else { continue };
        if percent >= i128::from(scene.thresholds.capacity) {
            full.push(node::share(resource, percent));
            evidence.push(Evidence::new(format!("requests.{resource}"), texts::amount(resource, asked, whole)));
        }
        // Of one node alone nothing can move anywhere.
        let largest = rooms.iter().max_by_key(|room| (room.whole, room.moving)).filter(|_| rooms.len() > 1);
        let Some(largest) = largest else { continue };
        let free = (whole - largest.whole) - (asked - largest.asked);
        if largest.moving > free {
            lost.push((resource, largest.node));
            let value = texts::amount(resource, largest.moving, free.max(0));
            evidence.push(Evidence::new(format!("requests.{resource} of {}, free elsewhere", largest.node), value));
        }
    }
    if evidence.is_empty() {
        return Vec::new();
    }
    // Where nodes come by themselves, a lost one comes back.
    let grows = !scene.snapshot.autoscaler_statuses.is_empty() || !scene.snapshot.node_claims.is_empty();
    let severity = if full.is_empty() && grows { Severity::Low } else { Severity::Medium };
    let mut draft = Draft::about(cluster(scene), severity, texts::capacity(&full, &lost), evidence);
    let lacking = |node: &&&Node| !full.is_empty() || lost.iter().any(|(_, name)| node.meta.name == *name);
    let mut nodes: Vec<ObjectRef> =
        open.iter().filter(lacking).map(|node| ObjectRef::from(target("Node", &node.meta))).collect();
    nodes.sort();
    draft.objects.extend(nodes);
    vec![draft]
}

fn single_control_plane(scene: &Scene<'_>) -> Vec<Draft> {
    let nodes = &scene.snapshot.nodes;
    // Of a cluster that somebody else runs there is none to be seen.
    let mut planes = nodes.iter().filter(|node| is_control_plane(node));
    let (Some(only), None) = (planes.next(), planes.next()) else { return Vec::new() };
    let evidence = vec![Evidence::new("control-plane nodes", "1"), Evidence::new("nodes", nodes.len().to_string())];
    let title = texts::single_control_plane(&only.meta.name);
    let mut draft = Draft::about(cluster(scene), Severity::Low, title, evidence);
    draft.objects.push(target("Node", &only.meta).into());
    vec![draft]
}

const ZONE: &str = "topology.kubernetes.io/zone";

fn zone_imbalance(scene: &Scene<'_>) -> Vec<Draft> {
    let zone = |node: &'_ Node| node.meta.labels.get(ZONE).map(|zone| zone.as_str().to_owned());
    let workers = || scene.snapshot.nodes.iter().filter(|node| !is_control_plane(node));
    let zones: BTreeSet<String> = workers().filter_map(zone).collect();
    let mut pools: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in workers() {
        pools.entry(pool(node)).or_default().push(node);
    }
    let drafts = pools.into_iter().filter_map(|(pool, nodes)| {
        let mut counts: BTreeMap<&str, usize> = zones.iter().map(|zone| (zone.as_str(), 0)).collect();
        for zone in nodes.iter().filter_map(|node| node.meta.labels.get(ZONE)) {
            *counts.entry(zone.as_str()).or_default() += 1;
        }
        // A pool in one zone is meant so: its volumes are there.
        let used = counts.values().filter(|count| **count > 0).count();
        let (least, most) = (counts.values().min()?, counts.values().max()?);
        if used < 2 || most - least < scene.thresholds.zone_difference {
            return None;
        }
        let evidence = counts.iter().map(|(zone, count)| Evidence::new(format!("nodes in {zone}"), count.to_string()));
        let evidence = evidence.collect();
        let name = if pool.is_empty() { findings::all_nodes() } else { pool.to_owned() };
        let counts: Vec<(&str, usize)> = counts.into_iter().collect();
        let title = texts::zone_imbalance(&counts);
        let mut objects: Vec<ObjectRef> = nodes.iter().map(|node| target("Node", &node.meta).into()).collect();
        objects.sort();
        Some(Draft { objects, ..Draft::about(Target::cluster_wide("NodePool", name), Severity::Low, title, evidence) })
    });
    drafts.collect()
}
