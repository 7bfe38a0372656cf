//! Pods that no node takes.

use super::check::row::*;
use super::scene::{Draft, Scene, Sighting, event_evidence};
use crate::diagnosis::obstacles;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods};
use crate::snapshot::{Condition, Pod};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/unschedulable"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked), (Events, Detail)],
    gate: Some("5m"),
    means: "No node takes the pod, so it does not run at all.",
    advice: "Free the resource that the scheduler names, add a node, or correct requests, tolerations and affinity.",
    find: unschedulable,
}];

pub(super) fn unschedulable(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let condition = refusal(pod)?;
        let since = condition.last_transition_time.or(pod.meta.creation_timestamp);
        scene.is_settled(since).then_some(Sighting { pod, container: None, what: (condition, since) })
    });
    let groups = scene.by_owner(sightings);
    let draft = |group: super::scene::Group<'_, (&Condition, _)>| {
        let longest = group.most(|sighting| std::cmp::Reverse(sighting.what.1))?;
        let (condition, since) = longest.what;
        let mut evidence = vec![Evidence::since("conditions[PodScheduled].message", &*condition.message, since)];
        let event = scene.pod_event(longest.pod, |event| event.reason == "FailedScheduling");
        let mut message = condition.message.as_str();
        if let Some(event) = event.filter(|event| event.message != condition.message) {
            evidence.push(event_evidence(event));
            if message.is_empty() {
                message = &event.message;
            }
        }
        let title = texts::unschedulable(group.sightings.len(), &obstacles(message));
        Some(group.draft(Severity::High, title, evidence))
    };
    groups.into_iter().filter_map(draft).collect()
}

/// The scheduler's refusal of a pending pod; a gated pod waits on purpose.
fn refusal(pod: &Pod) -> Option<&Condition> {
    let condition = pod.status.conditions.get("PodScheduled")?;
    let refused = condition.status == "False" && condition.reason == "Unschedulable";
    (pod.status.phase == "Pending" && refused).then_some(condition)
}
