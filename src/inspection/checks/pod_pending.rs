//! Pods that wait, and nothing has failed: for a gate, for a scheduler, for a kubelet.

use super::check::row::*;
use super::pod_prepare::{hindrance, is_unbegun, scheduled_at};
use super::scene::{Draft, Group, Scene, Sighting, event_evidence};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods};
use crate::snapshot::{Condition, Pod};
use crate::texts::findings::pod as texts;
use chrono::{DateTime, Utc};
use std::cmp::Reverse;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/scheduling-gated"),
        kind: "Pod",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Pods, Walked)],
        gate: Some("10m"),
        means: "Somebody holds the pod back: the scheduler looks at it only when the gates are removed.",
        advice: "Find out which controller sets the gates, and whether it still works: it has to remove them.",
        find: scheduling_gated,
    },
    Check {
        id: CheckId::new("pod/pending-too-long"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("10m"),
        means: "The pod does not start, and nobody reports a failure: whoever has to act next does not.",
        advice: "Without a node: look at the scheduler. With one: look at its kubelet and container runtime.",
        find: pending_too_long,
    },
];

pub(super) fn scheduling_gated(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let condition = pod.status.conditions.get("PodScheduled")?;
        let gated = condition.status == "False" && condition.reason == "SchedulingGated";
        let since = condition.last_transition_time.or(pod.meta.creation_timestamp);
        let waits = gated && scene.is_older(since, scene.thresholds.pending);
        waits.then_some(Sighting { pod, container: None, what: since })
    });
    let draft = |group: Group<'_, Option<DateTime<Utc>>>| {
        let since = group.sightings.iter().filter_map(|sighting| sighting.what).min();
        let gates = group.sightings.iter().flat_map(|sighting| &sighting.pod.spec.scheduling_gates);
        let mut gates: Vec<&str> = gates.map(|gate| gate.name.as_str()).collect();
        gates.sort_unstable();
        gates.dedup();
        let evidence = vec![
            Evidence::since("conditions[PodScheduled].reason", "SchedulingGated", since),
            Evidence::new("spec.schedulingGates", gates.join(", ")),
        ];
        let title = texts::scheduling_gated(group.sightings.len(), &gates);
        group.draft(Severity::Info, title, evidence)
    };
    scene.by_owner(sightings).into_iter().map(draft).collect()
}

/// Who has to act next.
#[derive(Clone, Copy)]
enum WaitsFor<'a> {
    Scheduler(Option<&'a Condition>),
    Kubelet,
}

pub(super) fn pending_too_long(scene: &Scene<'_>) -> Vec<Draft> {
    let pending = scene.live_pods().filter(|pod| pod.status.phase == "Pending");
    let sightings = pending.filter_map(|pod| {
        let (waits_for, since) = waits_for(scene, pod)?;
        let what = (waits_for, since);
        scene.is_older(since, scene.thresholds.pending).then_some(Sighting { pod, container: None, what })
    });
    let draft = |group: Group<'_, (WaitsFor<'_>, Option<DateTime<Utc>>)>| {
        let longest = group.most(|sighting| Reverse(sighting.what.1))?;
        let (pod, (waits_for, since)) = (longest.pod, longest.what);
        let mut evidence = vec![Evidence::since("status.phase", "Pending", since)];
        let count = group.sightings.len();
        let title = match waits_for {
            WaitsFor::Scheduler(condition) => {
                let said = condition.filter(|condition| !condition.message.is_empty());
                evidence.extend(
                    said.map(|condition| Evidence::new("conditions[PodScheduled].message", &*condition.message)),
                );
                if !pod.spec.scheduler_name.is_empty() {
                    evidence.push(Evidence::new("spec.schedulerName", &*pod.spec.scheduler_name));
                }
                texts::no_scheduler(count, &pod.spec.scheduler_name)
            }
            WaitsFor::Kubelet => {
                evidence.push(Evidence::new("spec.nodeName", &*pod.spec.node_name));
                let event = scene.pod_event(pod, |event| event.reason != "Scheduled");
                evidence.extend(event.map(event_evidence));
                texts::not_begun(count, event.map(|event| event.message.as_str()))
            }
        };
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// Who has to act next, and since when; None where another check knows what is wrong.
fn waits_for<'a>(scene: &Scene<'a>, pod: &'a Pod) -> Option<(WaitsFor<'a>, Option<DateTime<Utc>>)> {
    if !is_unbegun(pod) || hindrance(scene, pod).is_some() {
        return None;
    }
    if !pod.spec.node_name.is_empty() {
        return Some((WaitsFor::Kubelet, scheduled_at(pod)));
    }
    let condition = pod.status.conditions.get("PodScheduled");
    let known = condition.is_some_and(|condition| matches!(&*condition.reason, "Unschedulable" | "SchedulingGated"));
    let since = condition.and_then(|condition| condition.last_transition_time).or(pod.meta.creation_timestamp);
    (!known).then_some((WaitsFor::Scheduler(condition), since))
}
