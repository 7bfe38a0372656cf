//! Pods that run and do not get ready.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, event_evidence};
use crate::inspection::finding::{Evidence, Severity};
use crate::snapshot::Condition;
use crate::snapshot::Resource::{Events, Pods};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/not-ready"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked), (Events, Detail)],
    gate: Some("5m"),
    means: "The pod runs but gets no traffic.",
    advice: "Look at what the readiness probe asks for, and why the container does not answer it.",
    find: not_ready,
}];

pub(super) fn not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter(|pod| pod.status.phase == "Running").filter_map(|pod| {
        let ready = pod.status.conditions.get("Ready").filter(|ready| ready.status == "False")?;
        let since = ready.last_transition_time.or(pod.meta.creation_timestamp);
        scene.is_settled(since).then_some(Sighting { pod, container: None, what: (ready, since) })
    });
    let draft = |group: Group<'_, (&Condition, Option<_>)>| {
        let longest = group.most(|sighting| std::cmp::Reverse(sighting.what.1))?;
        let (ready, since) = longest.what;
        let reason = if ready.reason.is_empty() { "False" } else { ready.reason.as_str() };
        let mut evidence = vec![Evidence::since("conditions[Ready]", reason, since)];
        if !ready.message.is_empty() {
            evidence.push(Evidence::new("conditions[Ready].message", &*ready.message));
        }
        let probe = scene.pod_event(longest.pod, |event| event.reason == "Unhealthy");
        evidence.extend(probe.map(event_evidence));
        let title = texts::not_ready(group.sightings.len(), probe.map(|event| event.message.as_str()));
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}
