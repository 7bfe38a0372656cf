//! Running pods that are to have other resources, and do not get them.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Pods;
use crate::snapshot::{Condition, Pod};
use crate::texts::findings::pod::{self as texts, Resize};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/resize-blocked"),
    kind: "Pod",
    severity: Severity::Low,
    set: Set::Daily,
    data: &[(Pods, Walked)],
    gate: Some("30m"),
    means: "The pod goes on with the resources that it had; the new ones are only written down.",
    advice: "Free resources on the node, ask for less, or let the pod be made again on a larger node.",
    find: resize_blocked,
}];

pub(super) fn resize_blocked(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let what = blocked(pod)?;
        let long = scene.is_older(what.1.last_transition_time, scene.thresholds.pod_resize);
        long.then_some(Sighting { pod, container: None, what })
    });
    let draft = |group: Group<'_, (Resize, &Condition)>| {
        let longest = group.most(|sighting| std::cmp::Reverse(sighting.what.1.last_transition_time))?;
        let (resize, condition) = longest.what;
        let mut evidence = vec![Evidence::since(
            format!("conditions[{}].reason", condition.type_),
            &*condition.reason,
            condition.last_transition_time,
        )];
        if !condition.message.is_empty() {
            evidence.push(Evidence::new(format!("conditions[{}].message", condition.type_), &*condition.message));
        }
        let title = texts::resize_blocked(group.sightings.len(), resize, &condition.message);
        Some(group.draft(Severity::Low, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

fn blocked(pod: &Pod) -> Option<(Resize, &Condition)> {
    let on = |type_: &str| pod.status.conditions.get(type_).filter(|condition| condition.status == "True");
    let pending = on("PodResizePending").and_then(|condition| match &*condition.reason {
        "Infeasible" => Some((Resize::Infeasible, condition)),
        "Deferred" => Some((Resize::Deferred, condition)),
        _ => None,
    });
    let failed = on("PodResizeInProgress").filter(|condition| condition.reason == "Error");
    pending.or_else(|| failed.map(|condition| (Resize::Failed, condition)))
}
