//! Probes that fail too seldom to change anything, and too often to be no sign.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, event_evidence};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods};
use crate::snapshot::{Event, Pod};
use crate::texts::findings::pod as texts;
use chrono::TimeDelta;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/probe-flapping"),
    kind: "Pod",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(Events, Walked), (Pods, Walked)],
    gate: Some("10 times an hour"),
    means: "The probe keeps failing, not often enough in a row to matter yet: under more load it takes the pod out.",
    advice: "See whether the container is slow at times or the probe's timeout too short.",
    find: probe_flapping,
}];

const HOUR: TimeDelta = TimeDelta::hours(1);

/// A pod's failed probes of one container.
struct Failures<'a> {
    an_hour: i64,
    newest: &'a Event,
}

pub(super) fn probe_flapping(scene: &Scene<'_>) -> Vec<Draft> {
    let least = scene.thresholds.probe_failures;
    let sightings = scene.live_pods().flat_map(|pod| {
        let failures = failures(scene, pod).into_iter().filter(|(_, failures)| failures.an_hour >= least);
        failures.map(move |(container, what)| Sighting { pod, container, what })
    });
    let draft = |group: Group<'_, Failures<'_>>| {
        let Failures { an_hour, newest } = &group.most(|sighting| sighting.what.an_hour)?.what;
        let evidence = vec![Evidence::new("failed probes an hour", an_hour.to_string()), event_evidence(newest)];
        let title = texts::probe_flapping(group.sightings.len(), *an_hour, &newest.message);
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// The failures while the pod was ready all the time; those of its start are no sign.
fn failures<'a>(scene: &Scene<'a>, pod: &Pod) -> BTreeMap<Option<&'a str>, Failures<'a>> {
    let mut failures = BTreeMap::new();
    let Some(ready) = pod.status.conditions.get("Ready").filter(|ready| ready.status == "True") else {
        return failures;
    };
    let events = scene.graph.pod_id(pod).map(|id| scene.graph.events(id)).unwrap_or_default();
    for event in events.iter().copied().filter(|event| event.reason == "Unhealthy") {
        let recent = event.last_seen.is_some_and(|at| scene.now - at <= HOUR);
        let counted_from = event.first_seen.max(Some(scene.now - HOUR));
        let of_start = event.message.starts_with("Startup probe") || ready.last_transition_time > counted_from;
        if recent && !of_start {
            let one = failures.entry(container(event)).or_insert(Failures { an_hour: 0, newest: event });
            one.an_hour += an_hour(event);
        }
    }
    failures
}

/// How often an hour; the count goes on for as long as the event is repeated.
fn an_hour(event: &Event) -> i64 {
    let count = i64::from(event.count);
    match event.first_seen.zip(event.last_seen).map(|(first, last)| last - first) {
        Some(span) if span > HOUR => count * HOUR.num_seconds() / span.num_seconds(),
        Some(_) | None => count,
    }
}

/// `spec.containers{api}`.
fn container(event: &Event) -> Option<&str> {
    let (_, rest) = event.involved_object.field_path.as_str().split_once('{')?;
    rest.strip_suffix('}')
}
