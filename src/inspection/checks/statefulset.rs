//! StatefulSets that lack replicas.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::diagnosis::Entity;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{Events, Pods, StatefulSets};
use crate::snapshot::{Pod, StatefulSet};
use crate::texts::findings as texts;
use chrono::{DateTime, Utc};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("statefulset/degraded"),
    kind: "StatefulSet",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(StatefulSets, Walked), (Pods, Complete), (Events, Detail)],
    gate: Some("5m"),
    means: "Fewer replicas serve than were asked for; the ordinals after the first blocked one wait for it.",
    advice: "Look at the first pod that is not ready.",
    find: degraded,
}];

pub(super) fn degraded(scene: &Scene<'_>) -> Vec<Draft> {
    let degraded = scene.snapshot.stateful_sets.iter().filter_map(|set| {
        let desired = set.spec.replicas.unwrap_or(1);
        let ready = set.status.ready_replicas;
        if ready >= desired || set.meta.deletion_timestamp.is_some() {
            return None;
        }
        let blocking = first_blocking(scene, set, desired);
        let since = match &blocking {
            Some(blocking) => blocking.since,
            None => set.meta.creation_timestamp,
        };
        if !scene.is_settled(since) {
            return None;
        }
        let mut evidence = vec![Evidence::since("status.readyReplicas", format!("{ready} / {desired}"), since)];
        let this = target("StatefulSet", &set.meta);
        let mut objects = vec![ObjectRef::from(this.clone())];
        if let Some(blocking) = &blocking {
            let what = if blocking.exists { texts::pod_not_ready() } else { texts::pod_not_there() };
            evidence.push(Evidence::since(format!("pod {}", blocking.name), what, blocking.since));
            if blocking.exists {
                objects.push(Target::namespaced("Pod", set.meta.namespace.as_str(), blocking.name.as_str()).into());
            }
        }
        let missing = blocking.as_ref().is_some_and(|blocking| !blocking.exists);
        let refusal = scene.refusal(scene.graph.find_target(&this)).filter(|_| missing);
        evidence.extend(refusal.map(event_evidence));
        let blocking = blocking.as_ref().map(|blocking| blocking.name.as_str());
        let title = texts::degraded(ready, desired, blocking, refusal.map(|refusal| refusal.message.as_str()));
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    degraded.collect()
}

struct Blocking {
    name: String,
    exists: bool,
    since: Option<DateTime<Utc>>,
}

/// The first ordinal that is not ready. A pod that is missing is so since the pod before it got ready, because only then
/// its turn came.
fn first_blocking(scene: &Scene<'_>, set: &StatefulSet, desired: i32) -> Option<Blocking> {
    let start = set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start);
    let mut turn = set.meta.creation_timestamp;
    for ordinal in start..start.saturating_add(desired) {
        let name = format!("{}-{ordinal}", set.meta.name);
        let Some(pod) = pod(scene, &set.meta.namespace, &name) else {
            return Some(Blocking { name, exists: false, since: turn });
        };
        let ready = pod.status.conditions.get("Ready");
        let since = ready.and_then(|ready| ready.last_transition_time).or(pod.meta.creation_timestamp);
        if ready.is_none_or(|ready| ready.status != "True") {
            return Some(Blocking { name, exists: true, since });
        }
        turn = turn.max(since);
    }
    None
}

fn pod<'a>(scene: &Scene<'a>, namespace: &str, name: &str) -> Option<&'a Pod> {
    match scene.graph.object(scene.graph.find("Pod", namespace, name)?).entity {
        Some(Entity::Pod(pod)) => Some(pod),
        _ => None,
    }
}
