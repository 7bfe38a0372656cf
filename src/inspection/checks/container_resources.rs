//! What containers ask for, and how much they may take.

use super::check::row::*;
use super::scene::{Draft, Scene};
use super::templates::{Place, Template, flaws};
use crate::finding::Severity;
use crate::snapshot::Resource;
use crate::snapshot::Resource::{CronJobs, DaemonSets, Deployments, Jobs, LimitRanges, Pods, StatefulSets};
use crate::texts::findings::container as texts;
use std::collections::HashMap;

const DATA: &[(Resource, super::check::Role)] = &[
    (Pods, Walked),
    (Deployments, Walked),
    (StatefulSets, Walked),
    (DaemonSets, Walked),
    (CronJobs, Walked),
    (Jobs, Walked),
    (LimitRanges, Complete),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("container/no-requests"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: DATA,
        gate: None,
        means: "The scheduler takes it for nothing, and it is the first to be evicted when the node runs short.",
        advice: "Set requests to what it uses, and a memory limit.",
        find: no_requests,
    },
    Check {
        id: CheckId::new("container/no-memory-limit"),
        kind: "Container",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: DATA,
        gate: None,
        means: "If it leaks, it takes the memory of its node and hurts whoever runs beside it.",
        advice: "Set a memory limit with some room above what it uses.",
        find: no_memory_limit,
    },
];

/// What the server fills in for the containers of a namespace.
#[derive(Default)]
struct Defaults {
    anything: bool,
    memory_limit: bool,
}

fn defaults<'a>(scene: &Scene<'a>) -> HashMap<&'a str, Defaults> {
    let mut defaults: HashMap<&str, Defaults> = HashMap::new();
    for range in &scene.snapshot.limit_ranges {
        for item in range.spec.limits.iter().filter(|item| item.type_ == "Container") {
            let known = defaults.entry(&range.meta.namespace).or_default();
            known.anything |= !item.default.is_empty() || !item.default_request.is_empty();
            known.memory_limit |= item.default.get("memory").is_some();
        }
    }
    defaults
}

pub(super) fn no_requests(scene: &Scene<'_>) -> Vec<Draft> {
    let defaults = defaults(scene);
    let look = |template: &Template<'_>| {
        let whole = &template.spec.resources;
        let filled_in = defaults.get(template.namespace()).is_some_and(|defaults| defaults.anything);
        let given = filled_in || !whole.requests.is_empty() || !whole.limits.is_empty();
        let without = template.lasting().filter(|place| {
            let resources = &place.container.resources;
            !given && resources.requests.is_empty() && resources.limits.is_empty()
        });
        without.map(|place| place.flaw(&*place.container.name, "resources", texts::absent())).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Low, look, texts::no_requests)
}

pub(super) fn no_memory_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let defaults = defaults(scene);
    let look = |template: &Template<'_>| {
        let filled_in = defaults.get(template.namespace()).is_some_and(|defaults| defaults.memory_limit);
        let given = filled_in || template.spec.resources.limits.get("memory").is_some();
        let of_pod = !template.spec.resources.requests.is_empty();
        let without = template.lasting().filter(|place| {
            let resources = &place.container.resources;
            // One that has nothing at all is said by the other check.
            let some = of_pod || !resources.requests.is_empty() || !resources.limits.is_empty();
            !given && some && resources.limits.get("memory").is_none()
        });
        let flaw = |place: Place<'_>| {
            let requested = place.container.resources.requests.get("memory").map(|amount| amount.as_str().to_owned());
            let limit = [("resources.limits.memory", texts::absent())];
            let request = requested.map(|amount| ("resources.requests.memory", amount));
            place.flaws(&*place.container.name, limit.into_iter().chain(request))
        };
        without.map(flaw).collect::<Vec<_>>()
    };
    flaws(scene, Severity::Low, look, texts::no_memory_limit)
}
