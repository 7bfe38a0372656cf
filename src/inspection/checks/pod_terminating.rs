//! Pods that should be gone.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Nodes, Pods};
use crate::snapshot::{Pod, Resource};
use crate::texts::findings::pod::{self as texts, Keeps};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/terminating-stuck"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked), (Nodes, Detail)],
    gate: Some("10m after its grace period"),
    means: "The pod does not go: its volumes stay taken, and a StatefulSet makes no new one in its place.",
    advice: "Look at the node first. Forcing the deletion is safe only if the pod surely does not run any more.",
    find: terminating_stuck,
}];

pub(super) fn terminating_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.snapshot.pods.iter().filter_map(|pod| {
        // The time of the request with the grace period added: the server stores it so.
        let due = pod.meta.deletion_timestamp?;
        let stuck = scene.is_older(Some(due), scene.thresholds.deletion);
        stuck.then_some(Sighting { pod, container: None, what: due })
    });
    let draft = |group: Group<'_, chrono::DateTime<chrono::Utc>>| {
        let longest = group.most(|sighting| std::cmp::Reverse(sighting.what))?;
        let (pod, due) = (longest.pod, longest.what);
        let keeps = keeps(scene, pod);
        let mut evidence = vec![Evidence::since(
            "metadata.deletionTimestamp",
            due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            Some(due),
        )];
        if !pod.meta.finalizers.is_empty() {
            let names: Vec<&str> = pod.meta.finalizers.iter().map(|name| &**name).collect();
            evidence.push(Evidence::new("metadata.finalizers", names.join(", ")));
        }
        evidence.extend(node(scene, pod));
        let title = texts::terminating_stuck(group.sightings.len(), &keeps);
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// What keeps it: a node stops the containers before anything else can happen.
fn keeps(scene: &Scene<'_>, pod: &Pod) -> Keeps {
    let name = pod.spec.node_name.as_str();
    match scene.node(name) {
        Some(node) if !node.status.conditions.is("Ready", "True") => Keeps::SilentNode(name.to_owned()),
        None if !name.is_empty() && scene.snapshot.has_read(Resource::Nodes) => Keeps::NoNode(name.to_owned()),
        _ if pod.meta.finalizers.is_empty() => Keeps::Kubelet,
        _ => Keeps::Finalizers(pod.meta.finalizers.iter().map(String::from).collect()),
    }
}

/// The node, and how it is.
fn node(scene: &Scene<'_>, pod: &Pod) -> Option<Evidence> {
    let name = pod.spec.node_name.as_str();
    match scene.node(name) {
        Some(node) => {
            let ready = node.status.conditions.get("Ready");
            let status = ready.map_or("Unknown", |ready| &*ready.status);
            let since = ready.and_then(|ready| ready.last_transition_time);
            Some(Evidence::since(format!("node {name} conditions[Ready]"), status, since))
        }
        None if name.is_empty() || !scene.snapshot.has_read(Resource::Nodes) => None,
        None => Some(Evidence::new("spec.nodeName", texts::node_absent(name))),
    }
}
