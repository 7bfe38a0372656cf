//! Pods that were taken off their node: evicted, preempted, or refused by it.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, container_statuses};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Pod;
use crate::snapshot::Resource::{Events, Jobs, Pods};
use crate::texts::findings::pod as texts;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/evicted"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The node ran short of something, or the pod used more disk than it may, and the kubelet ended it.",
        advice: "Find who uses most of it on the node; set requests and limits that match what pods use.",
        find: evicted,
    },
    Check {
        id: CheckId::new("pod/preempted"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Walked), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The cluster is so full that pods of higher priority push others out.",
        advice: "Add nodes, or see whether the priorities are what they should be.",
        find: preempted,
    },
    Check {
        id: CheckId::new("pod/admission-rejected"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The scheduler chose the node, but the node did not take the pod, or had to let go of it.",
        advice: "If it happens again, look at what the node has left and at its labels; delete the refused pods.",
        find: admission_rejected,
    },
];

/// When a pod was ended: as whoever did it says, or as its last container did. A refused pod has only its start.
fn ended_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let disrupted = pod.status.conditions.get("DisruptionTarget").filter(|condition| condition.status == "True");
    let finished = container_statuses(pod).filter_map(|status| status.state.terminated.as_deref()?.finished_at);
    let ended = disrupted.and_then(|condition| condition.last_transition_time).or(finished.max());
    ended.or(pod.status.start_time).or(pod.meta.creation_timestamp)
}

/// Failed pods with such a reason that are news.
fn failed<'a>(
    scene: &Scene<'a>,
    reason: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'a Pod, Option<DateTime<Utc>>)> {
    let failed = scene.snapshot.pods.iter().filter(|pod| pod.status.phase == "Failed");
    failed.filter_map(move |pod| {
        let at = ended_at(pod);
        let counts = reason(&pod.status.reason) && scene.is_news(at) && !scene.is_done(pod);
        counts.then_some((pod, at))
    })
}

/// The evictions for one cause.
type Evictions<'a> = Vec<(&'a Pod, Option<DateTime<Utc>>)>;

pub(super) fn evicted(scene: &Scene<'_>) -> Vec<Draft> {
    let mut by_node: BTreeMap<&str, Evictions<'_>> = BTreeMap::new();
    let mut by_own_limit = Vec::new();
    for (pod, at) in failed(scene, |reason| reason == "Evicted") {
        if pod.spec.node_name.is_empty() || is_own_limit(&pod.status.message) {
            by_own_limit.push(Sighting { pod, container: None, what: at });
        } else {
            by_node.entry(&pod.spec.node_name).or_default().push((pod, at));
        }
    }
    let by_own_limit = scene.by_owner(by_own_limit).into_iter().filter_map(|group| {
        let latest = group.most(|sighting| sighting.what)?;
        let evidence = vec![
            Evidence::since("status.reason", "Evicted", latest.what),
            Evidence::new("status.message", &*latest.pod.status.message),
        ];
        let title = texts::evicted_by_own_limit(group.sightings.len(), &latest.pod.status.message);
        Some(group.draft(Severity::Medium, title, evidence))
    });
    by_node.into_iter().map(|(node, evictions)| by(node, evictions)).chain(by_own_limit).collect()
}

fn by(node: &str, mut evictions: Evictions<'_>) -> Draft {
    evictions.sort_by_key(|(pod, at)| (std::cmp::Reverse(*at), &pod.meta.namespace, &pod.meta.name));
    let mut resources: BTreeMap<&str, (usize, Option<DateTime<Utc>>)> = BTreeMap::new();
    for (pod, at) in &evictions {
        let (count, first) = resources.entry(resource(&pod.status.message)).or_insert((0, *at));
        *count += 1;
        *first = (*first).min(*at);
    }
    let counted: Vec<(&str, usize)> = resources.iter().map(|(resource, (count, _))| (*resource, *count)).collect();
    let facts = resources
        .iter()
        .map(|(resource, (count, first))| Evidence::since(texts::evicted_for(resource), count.to_string(), *first));
    let mut evidence: Vec<Evidence> = facts.collect();
    evidence.extend(evictions.first().map(|(pod, _)| Evidence::new("status.message", &*pod.status.message)));
    let objects = evictions.iter().map(|(pod, _)| pod_ref(&pod.meta.namespace, &pod.meta.name)).collect();
    let title = texts::evicted_by_node(evictions.len(), &counted);
    Draft { objects, ..Draft::about(Target::cluster_wide("Node", node), Severity::Medium, title, evidence) }
}

/// Whether the pod was over a limit of its own, and not the node short of it.
/// Format: kubelet, `eviction/eviction_manager.go`.
fn is_own_limit(message: &str) -> bool {
    ["Pod ephemeral", "Container ", "Usage of EmptyDir"].iter().any(|start| message.starts_with(start))
}

/// What the node was short of; empty if the message does not say.
/// Format: kubelet, `eviction/helpers.go`.
fn resource(message: &str) -> &str {
    if let Some((_, rest)) = message.split_once("low on resource: ") {
        return rest.split(['.', ' ']).next().unwrap_or_default();
    }
    let known = [("MemoryPressure", "memory"), ("DiskPressure", "ephemeral-storage"), ("PIDPressure", "pids")];
    known.iter().find(|(condition, _)| message.contains(condition)).map_or("", |(_, resource)| resource)
}

fn pod_ref(namespace: &str, name: &str) -> ObjectRef {
    Target::namespaced("Pod", namespace, name).into()
}

/// A pod that was pushed out; mostly it is gone by now.
struct Preempted<'a> {
    name: &'a str,
    at: Option<DateTime<Utc>>,
    fact: Evidence,
}

pub(super) fn preempted(scene: &Scene<'_>) -> Vec<Draft> {
    let mut preempted: BTreeMap<(&str, &str), (Target, Preempted<'_>)> = BTreeMap::new();
    for pod in &scene.snapshot.pods {
        let condition = pod.status.conditions.get("DisruptionTarget");
        let condition = condition.filter(|condition| condition.reason == "PreemptionByScheduler");
        let Some(condition) = condition.filter(|condition| condition.status == "True") else { continue };
        let (at, name) = (condition.last_transition_time, pod.meta.name.as_str());
        if scene.is_news(at) && !scene.is_done(pod) {
            let fact = Evidence::since("conditions[DisruptionTarget].message", &*condition.message, at);
            let entry = (scene.graph.owner_of(pod), Preempted { name, at, fact });
            preempted.insert((&pod.meta.namespace, name), entry);
        }
    }
    for event in scene.snapshot.events.iter().filter(|event| event.reason == "Preempted") {
        let about = &event.involved_object;
        let (namespace, name) = (about.namespace.as_str(), about.name.as_str());
        let pod = scene.graph.find("Pod", namespace, name).and_then(|id| scene.graph.as_pod(id));
        if about.kind != "Pod" || !scene.is_news(event.last_seen) || pod.is_some_and(|pod| scene.is_done(pod)) {
            continue;
        }
        let fact = Evidence::since("event Preempted", &*event.message, event.last_seen);
        preempted.entry((namespace, name)).or_insert_with(|| {
            let owner = pod.map_or_else(|| scene.owner_of_name(namespace, name), |pod| scene.graph.owner_of(pod));
            (owner, Preempted { name, at: event.last_seen, fact })
        });
    }
    let mut by_owner: BTreeMap<Target, Vec<Preempted<'_>>> = BTreeMap::new();
    for (owner, one) in preempted.into_values() {
        by_owner.entry(owner).or_default().push(one);
    }
    let drafts = by_owner.into_iter().map(|(owner, pods)| {
        let namespace = owner.namespace.clone().unwrap_or_default();
        let objects = pods.iter().map(|pod| pod_ref(&namespace, pod.name)).collect();
        let evidence = pods.iter().rev().max_by_key(|pod| pod.at).map(|pod| pod.fact.clone());
        let title = texts::preempted(pods.len());
        let evidence = evidence.into_iter().collect();
        Draft { objects, ..Draft::about(owner, Severity::Medium, title, evidence) }
    });
    drafts.collect()
}

/// Reasons of the kubelet's own admission and of a node that shuts down; `OutOfcpu` and its like are told by their
/// beginning.
const REFUSED: &[&str] = &[
    "UnexpectedAdmissionError",
    "NodeAffinity",
    "NodePorts",
    "NodeName",
    "TaintToleration",
    "TopologyAffinityError",
    "SMTAlignmentError",
    "PodOSNotSupported",
    "PodOSSelectorNodeLabelDoesNotMatch",
    "Terminated",
    "NodeShutdown",
    "Shutdown",
];

pub(super) fn admission_rejected(scene: &Scene<'_>) -> Vec<Draft> {
    let refused = failed(scene, |reason| REFUSED.contains(&reason) || reason.starts_with("OutOf"));
    let sightings = refused.map(|(pod, what)| Sighting { pod, container: None, what });
    let draft = |group: Group<'_, Option<DateTime<Utc>>>| {
        let latest = group.most(|sighting| sighting.what)?;
        let (pod, at) = (latest.pod, latest.what);
        let mut evidence = vec![Evidence::since("status.reason", &*pod.status.reason, at)];
        if !pod.status.message.is_empty() {
            evidence.push(Evidence::new("status.message", &*pod.status.message));
        }
        evidence.push(Evidence::new("spec.nodeName", &*pod.spec.node_name));
        let title = texts::admission_rejected(group.sightings.len(), &pod.status.reason, &pod.status.message);
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_own_limit, resource};

    #[test]
    fn the_kubelets_messages_name_the_resource_and_who_is_short_of_it() {
        for (message, own, expected) in [
            ("The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. ", false, "memory"),
            ("The node was low on resource: ephemeral-storage. ", false, "ephemeral-storage"),
            ("The node had condition: [DiskPressure]. ", false, "ephemeral-storage"),
            ("The node had condition: [MemoryPressure]. ", false, "memory"),
            ("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", true, ""),
            ("Container api exceeded its local ephemeral storage limit \"1Gi\". ", true, ""),
            ("Usage of EmptyDir volume \"cache\" exceeds the limit \"1Gi\". ", true, ""),
            ("", false, ""),
        ] {
            assert_eq!((is_own_limit(message), resource(message)), (own, expected), "{message}");
        }
    }
}
