//! Pods that run and do not get ready.

use super::check::row::*;
use super::pod_unknown::unknown;
use super::scene::{Draft, Group, Scene, Sighting, event_evidence};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods};
use crate::snapshot::{Condition, Pod};
use crate::texts::findings::{self as texts, pod as gates};
use chrono::{DateTime, Utc};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/not-ready"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("5m"),
        means: "The pod runs but gets no traffic.",
        advice: "Look at what the readiness probe asks for, and why the container does not answer it.",
        find: not_ready,
    },
    Check {
        id: CheckId::new("pod/readiness-gate-false"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked)],
        gate: Some("5m"),
        means: "The containers are ready, but the pod gets no traffic until somebody else says that it may.",
        advice: "Look at the controller that sets the condition, such as the load balancer's.",
        find: readiness_gate_false,
    },
];

pub(super) fn not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter(|pod| pod.status.phase == "Running").filter_map(|pod| {
        let ready = pod.status.conditions.get("Ready").filter(|ready| ready.status == "False")?;
        let since = ready.last_transition_time.or(pod.meta.creation_timestamp);
        (scene.is_settled(since) && unknown(scene, pod).is_none()).then_some(Sighting {
            pod,
            container: None,
            what: (ready, since),
        })
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

/// A gate that is shut, and what its controller says about it.
#[derive(Debug, Clone, Copy)]
struct Shut<'a> {
    gate: &'a str,
    condition: Option<&'a Condition>,
    since: Option<DateTime<Utc>>,
}

pub(super) fn readiness_gate_false(scene: &Scene<'_>) -> Vec<Draft> {
    let gated = scene.live_pods().filter(|pod| !pod.spec.readiness_gates.is_empty());
    let sightings = gated.filter_map(|pod| {
        let shut = shut(pod).filter(|shut| scene.is_settled(shut.since));
        let shut: Vec<Shut<'_>> = shut.collect();
        (!shut.is_empty()).then_some(Sighting { pod, container: None, what: shut })
    });
    let draft = |group: Group<'_, Vec<Shut<'_>>>| {
        let mut shut: Vec<Shut<'_>> = group.sightings.iter().flat_map(|sighting| sighting.what.clone()).collect();
        shut.sort_by_key(|shut| (shut.gate, shut.since));
        shut.dedup_by_key(|shut| shut.gate);
        let evidence = shut.iter().map(|shut| {
            let said = shut.condition.map_or_else(gates::no_condition, state);
            Evidence::since(format!("conditions[{}]", shut.gate), said, shut.since)
        });
        let evidence = evidence.collect();
        let names: Vec<&str> = shut.iter().map(|shut| shut.gate).collect();
        let mut messages = shut.iter().filter_map(|shut| shut.condition).map(|condition| condition.message.as_str());
        let message = messages.find(|message| !message.is_empty());
        let title = gates::readiness_gate_false(group.sightings.len(), &names, message);
        group.draft(Severity::Medium, title, evidence)
    };
    scene.by_owner(sightings).into_iter().map(draft).collect()
}

/// The gates that alone keep a pod from being ready: while its containers are not, theirs is the word.
fn shut(pod: &Pod) -> impl Iterator<Item = Shut<'_>> {
    let conditions = &pod.status.conditions;
    let ready = conditions.get("ContainersReady").filter(|ready| ready.status == "True");
    let gates = ready.into_iter().flat_map(|ready| pod.spec.readiness_gates.iter().map(move |gate| (ready, gate)));
    gates.filter_map(|(ready, gate)| {
        let gate = gate.condition_type.as_str();
        let condition = conditions.get(gate);
        let since = condition.and_then(|condition| condition.last_transition_time).max(ready.last_transition_time);
        let open = condition.is_some_and(|condition| condition.status == "True");
        (!open).then_some(Shut { gate, condition, since })
    })
}

fn state(condition: &Condition) -> String {
    let (status, reason) = (&condition.status, &condition.reason);
    if reason.is_empty() { status.as_str().to_owned() } else { format!("{status} ({reason})") }
}
