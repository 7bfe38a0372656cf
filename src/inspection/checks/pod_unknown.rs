//! Pods of which nobody knows how they are.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, container_statuses};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Pod;
use crate::snapshot::Resource::{Nodes, Pods};
use crate::texts::findings::pod as texts;
use chrono::{DateTime, TimeDelta, Utc};
use std::cmp::Reverse;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/unknown-phase"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked), (Nodes, Walked)],
    gate: Some("5m"),
    means: "What the API says about the pod is old: it may run, or not. Nothing can be started in its place safely.",
    advice: "Look at the node. Do not force the deletion of a StatefulSet's pod unless the node is surely down.",
    find: unknown_phase,
}];

/// What makes a pod's state unknown.
pub(super) struct Unknown<'a> {
    fact: (String, &'a str),
    node: Option<&'a str>,
    since: Option<DateTime<Utc>>,
}

pub(super) fn unknown_phase(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let what = unknown(scene, pod)?;
        scene.is_settled(what.since).then_some(Sighting { pod, container: None, what })
    });
    let draft = |group: Group<'_, Unknown<'_>>| {
        let longest = group.most(|sighting| Reverse(sighting.what.since))?;
        let Unknown { fact: (field, value), node, since } = &longest.what;
        let evidence = vec![Evidence::since(field.as_str(), *value, *since)];
        let title = texts::unknown_phase(group.sightings.len(), *node);
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// How much later than its node a pod may be known to be lost: clocks and controllers differ by that.
const SLACK: TimeDelta = TimeDelta::minutes(2);

/// Why nobody knows how the pod is; that it is not ready then says no more.
pub(super) fn unknown<'a>(scene: &Scene<'a>, pod: &'a Pod) -> Option<Unknown<'a>> {
    lost_node(scene, pod).or_else(|| says_so(pod))
}

/// A pod that runs, if anywhere, on a node that is not ready. A node that joins has no pods that run, and a pod that was
/// not ready long before has a trouble of its own.
fn lost_node<'a>(scene: &Scene<'a>, pod: &'a Pod) -> Option<Unknown<'a>> {
    let node = scene.node(&pod.spec.node_name).filter(|_| pod.status.phase == "Running")?;
    let ready = node.status.conditions.get("Ready").filter(|ready| ready.status != "True")?;
    let before = pod.status.conditions.get("Ready").filter(|own| own.status == "False").is_some_and(|own| {
        own.last_transition_time.zip(ready.last_transition_time).is_some_and(|(own, lost)| own + SLACK < lost)
    });
    if before {
        return None;
    }
    let name = pod.spec.node_name.as_str();
    let fact = (format!("node {name} conditions[Ready]"), &*ready.status);
    Some(Unknown { fact, node: Some(name), since: ready.last_transition_time })
}

/// A pod that says so itself.
fn says_so(pod: &Pod) -> Option<Unknown<'_>> {
    let lost = |status: &&crate::snapshot::ContainerStatus| {
        let end = status.state.terminated.as_deref();
        end.is_some_and(|end| end.reason == "ContainerStatusUnknown")
    };
    let fact = if pod.status.phase == "Unknown" {
        ("status.phase".to_owned(), &*pod.status.phase)
    } else if pod.status.reason == "NodeLost" {
        ("status.reason".to_owned(), &*pod.status.reason)
    } else {
        let status = container_statuses(pod).find(lost)?;
        (format!("containers[{}].state.terminated.reason", status.name), "ContainerStatusUnknown")
    };
    let since = pod.status.conditions.get("Ready").and_then(|ready| ready.last_transition_time);
    Some(Unknown { fact, node: None, since: since.or(pod.meta.creation_timestamp) })
}
