//! Pods on a node that do not come to their first container: volumes, network and sandbox are made before it.

use super::check::row::*;
use super::pod_start::{Wait, wait};
use super::scene::{Draft, Group, Scene, Sighting, container_statuses, event_evidence};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods, VolumeAttachments};
use crate::snapshot::{Event, Pod};
use crate::texts::findings::pod as texts;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/sandbox-failed"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Walked)],
        gate: Some("5m"),
        means: "The node cannot set up the pod's network or sandbox, so no container starts; other new pods on it suffer too.",
        advice: "Look at the network plugin's pod on that node and at its container runtime.",
        find: sandbox_failed,
    },
    Check {
        id: CheckId::new("pod/volume-mount-failed"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Walked)],
        gate: Some("5m"),
        means: "A volume does not come to the node or into the pod, so no container starts.",
        advice: "The message says what is missing: a ConfigMap or Secret, a driver on the node, or access to the storage.",
        find: volume_mount_failed,
    },
    Check {
        id: CheckId::new("pod/multi-attach"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Walked), (VolumeAttachments, Detail)],
        gate: Some("5m"),
        means: "The volume can be on one node only, and is still on another: the pod starts when it is let go of.",
        advice: "See whether the pod that uses it there is still needed; if that node is lost, remove it from the cluster.",
        find: multi_attach,
    },
];

/// What keeps the kubelet from a pod's first container.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hindrance<'a> {
    Sandbox(&'a Event),
    Volume(&'a Event),
    MultiAttach(&'a Event),
}

const VOLUME: &[&str] = &["FailedMount", "FailedAttachVolume", "FailedMapVolume"];

/// Whether none of the pod's containers has begun, or has failed to.
pub(super) fn is_unbegun(pod: &Pod) -> bool {
    let unbegun = container_statuses(pod).all(|status| {
        let waiting = status.state.waiting.as_deref().map_or("", |waiting| &*waiting.reason);
        let has_run = status.state.running.is_some() || status.state.terminated.is_some();
        !has_run && status.last_state.terminated.is_none() && wait(waiting) == Wait::Beginning
    });
    pod.status.phase == "Pending" && unbegun
}

/// When the pod was given its node.
pub(super) fn scheduled_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let scheduled = pod.status.conditions.get("PodScheduled").filter(|scheduled| scheduled.status == "True");
    let scheduled = scheduled.and_then(|scheduled| scheduled.last_transition_time);
    scheduled.or(pod.status.start_time).or(pod.meta.creation_timestamp)
}

/// What the newest events of an unbegun pod say. While another node holds the volume, the kubelet only reports that it
/// waits for it.
pub(super) fn hindrance<'a>(scene: &Scene<'a>, pod: &Pod) -> Option<Hindrance<'a>> {
    let events = scene.graph.events(scene.graph.pod_id(pod)?);
    let mut recent = events.iter().copied().filter(|event| scene.is_news(event.last_seen));
    let held = |event: &&Event| event.reason == "FailedAttachVolume" && event.message.contains("Multi-Attach");
    if let Some(event) = recent.clone().find(held) {
        return Some(Hindrance::MultiAttach(event));
    }
    let is_volume = |event: &&Event| VOLUME.contains(&&*event.reason);
    let newest = recent.clone().find(|event| is_volume(event) || event.reason == "FailedCreatePodSandBox")?;
    if !is_volume(&newest) {
        return Some(Hindrance::Sandbox(newest));
    }
    // That it waits is also said when something says what for.
    let telling = |event: &&Event| is_volume(event) && !event.message.starts_with("Unable to attach or mount volumes");
    Some(Hindrance::Volume(recent.find(telling).unwrap_or(newest)))
}

/// The pods that have been held up for longer than a healthy start takes, by owner.
fn held_up<'a>(
    scene: &Scene<'a>,
    by: impl Fn(Hindrance<'a>) -> Option<&'a Event>,
) -> impl Iterator<Item = Group<'a, &'a Event>> {
    let sightings = scene.live_pods().filter(|pod| is_unbegun(pod)).filter_map(|pod| {
        let what = by(hindrance(scene, pod)?)?;
        scene.is_settled(scheduled_at(pod)).then_some(Sighting { pod, container: None, what })
    });
    scene.by_owner(sightings).into_iter()
}

/// The newest event of a group, its pod, and where that is.
fn facts<'a>(group: &Group<'a, &'a Event>) -> Option<(&'a Pod, &'a Event, Vec<Evidence>)> {
    let newest = group.most(|sighting| sighting.what.last_seen)?;
    let mut nodes: Vec<&str> = group.sightings.iter().map(|sighting| &*sighting.pod.spec.node_name).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let evidence = vec![event_evidence(newest.what), Evidence::new("spec.nodeName", nodes.join(", "))];
    Some((newest.pod, newest.what, evidence))
}

pub(super) fn sandbox_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let groups = held_up(scene, |hindrance| match hindrance {
        Hindrance::Sandbox(event) => Some(event),
        Hindrance::Volume(_) | Hindrance::MultiAttach(_) => None,
    });
    let drafts = groups.filter_map(|group| {
        let (_, event, evidence) = facts(&group)?;
        let title = texts::sandbox_failed(group.sightings.len(), &event.message);
        Some(group.draft(Severity::High, title, evidence))
    });
    drafts.collect()
}

pub(super) fn volume_mount_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let groups = held_up(scene, |hindrance| match hindrance {
        Hindrance::Volume(event) => Some(event),
        Hindrance::Sandbox(_) | Hindrance::MultiAttach(_) => None,
    });
    let drafts = groups.filter_map(|group| {
        let (_, event, evidence) = facts(&group)?;
        let title = texts::volume_mount_failed(group.sightings.len(), volume(&event.message), &event.message);
        Some(group.draft(Severity::High, title, evidence))
    });
    drafts.collect()
}

pub(super) fn multi_attach(scene: &Scene<'_>) -> Vec<Draft> {
    let attached = scene.snapshot.volume_attachments.iter().filter(|attachment| attachment.status.attached);
    let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
    for attachment in attached {
        let volume = attachment.spec.source.persistent_volume_name.as_str();
        holders.entry(volume).or_default().push(&attachment.spec.node_name);
    }
    let groups = held_up(scene, |hindrance| match hindrance {
        Hindrance::MultiAttach(event) => Some(event),
        Hindrance::Sandbox(_) | Hindrance::Volume(_) => None,
    });
    let drafts = groups.filter_map(|group| {
        let (pod, event, mut evidence) = facts(&group)?;
        let volume = volume(&event.message);
        let elsewhere = |node: &&&str| **node != &*pod.spec.node_name;
        let holder = volume.and_then(|volume| holders.get(volume)?.iter().find(elsewhere)).copied();
        match (volume, holder) {
            (Some(volume), Some(node)) => evidence.push(Evidence::new(format!("volumeattachment of {volume}"), node)),
            _ => evidence.extend(
                user(scene, pod, &event.message)
                    .map(|(name, node)| Evidence::new(format!("spec.nodeName of pod {name}"), node)),
            ),
        }
        let node = holder.or_else(|| user(scene, pod, &event.message).map(|(_, node)| node));
        let title = texts::multi_attach(group.sightings.len(), volume, node);
        Some(group.draft(Severity::High, title, evidence))
    });
    drafts.collect()
}

/// The volume that a message names first: `MountVolume.SetUp failed for volume "data" : …`.
fn volume(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("volume \"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// The pod that uses the volume, and its node: `Volume is already used by pod(s) db-0, db-1`.
fn user<'a>(scene: &Scene<'a>, pod: &Pod, message: &str) -> Option<(&'a str, &'a str)> {
    let (_, names) = message.split_once("used by pod(s) ")?;
    let users = names.split([',', ' ']).filter_map(|name| scene.graph.find("Pod", &pod.meta.namespace, name));
    let mut users = users.filter_map(|id| scene.graph.as_pod(id));
    let user = users.find(|user| !user.spec.node_name.is_empty() && user.spec.node_name != pod.spec.node_name)?;
    Some((&user.meta.name, &user.spec.node_name))
}
