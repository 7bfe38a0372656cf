//! Containers that use nearly all that they may, and those that are slowed down for it.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, container};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{CpuThrottlings, PodMetrics as Metrics, Pods};
use crate::snapshot::{Container, ContainerMetrics, CpuThrottling, PodMetrics, Quantity};
use crate::texts::findings::pod as texts;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/memory-near-limit"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Metrics, Walked)],
        gate: Some("more than 90 %"),
        means: "A little more, and the container is killed.",
        advice: "Raise the memory limit, or find what fills the memory.",
        find: memory_near_limit,
    },
    Check {
        id: CheckId::new("pod/cpu-near-limit"),
        kind: "Pod",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Pods, Walked), (Metrics, Walked)],
        gate: Some("more than 90 % of the limit or 80 % of the request"),
        means: "At the limit the container is slowed down; beyond its request it lives on what others leave.",
        advice: "Raise the limit or the request, or add replicas.",
        find: cpu_near_limit,
    },
    Check {
        id: CheckId::new("pod/cpu-throttled"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(CpuThrottlings, Walked), (Pods, Detail)],
        gate: Some("more than 25 %"),
        means: "The container is stopped again and again because of its CPU limit: everything in it takes longer.",
        advice: "Raise the CPU limit, or take it away and set a request that matches.",
        find: cpu_throttled,
    },
];

/// What a container uses of what it may.
struct Use<'a> {
    used: &'a Quantity,
    bound: (&'static str, &'a Quantity),
    percent: f64,
    at: Option<DateTime<Utc>>,
}

impl<'a> Use<'a> {
    /// The use, if it is more than so many percent of the bound.
    fn above(used: &'a Quantity, field: &'static str, bound: Option<&'a Quantity>, percent: u8) -> Option<Self> {
        let bound = bound?;
        let above = used.nano().saturating_mul(100) > bound.nano().saturating_mul(i128::from(percent));
        let ratio = used.ratio(bound).filter(|_| above)?;
        Some(Self { used, bound: (field, bound), percent: ratio * 100.0, at: None })
    }
}

/// Containers of running pods with what they use.
fn used<'a>(
    scene: &Scene<'a>,
    find: impl Fn(&'a Container, &'a ContainerMetrics) -> Option<Use<'a>>,
) -> Vec<Group<'a, Use<'a>>> {
    let metrics = scene.snapshot.pod_metrics.iter();
    let metrics: HashMap<(&str, &str), &PodMetrics> =
        metrics.map(|metrics| ((&*metrics.meta.namespace, &*metrics.meta.name), metrics)).collect();
    let mut sightings = Vec::new();
    for pod in scene.live_pods() {
        let Some(metrics) = metrics.get(&(&*pod.meta.namespace, &*pod.meta.name)) else { continue };
        for measured in &metrics.containers {
            let found = container(pod, &measured.name).and_then(|container| find(container, measured));
            let what = found.map(|found| Use { at: metrics.timestamp, ..found });
            sightings.extend(what.map(|what| Sighting { pod, container: Some(&measured.name), what }));
        }
    }
    scene.by_owner(sightings)
}

fn most<'g, 'a>(group: &'g Group<'a, Use<'a>>) -> Option<&'g Use<'a>> {
    let uses = group.sightings.iter().map(|sighting| &sighting.what);
    uses.max_by(|a, b| a.percent.total_cmp(&b.percent))
}

fn facts(most: &Use<'_>, resource: &str) -> Vec<Evidence> {
    let (field, bound) = most.bound;
    vec![
        Evidence::since(format!("usage.{resource}"), most.used.as_str(), most.at),
        Evidence::new(field, bound.as_str()),
    ]
}

pub(super) fn memory_near_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let groups = used(scene, |container, measured| {
        let limit = container.resources.limits.get("memory");
        let used = measured.usage.get("memory")?;
        Use::above(used, "resources.limits.memory", limit, scene.thresholds.memory_near_limit)
    });
    let drafts = groups.into_iter().filter_map(|group| {
        let most = most(&group)?;
        let evidence = facts(most, "memory");
        let title = texts::memory_near_limit(group.sightings.len(), most.percent);
        Some(group.draft(Severity::Medium, title, evidence))
    });
    drafts.collect()
}

pub(super) fn cpu_near_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let groups = used(scene, |container, measured| {
        let (limits, requests) = (&container.resources.limits, &container.resources.requests);
        let used = measured.usage.get("cpu")?;
        let limit = Use::above(used, "resources.limits.cpu", limits.get("cpu"), scene.thresholds.cpu_near_limit);
        let request = || {
            let percent = scene.thresholds.cpu_near_request;
            // Where only a limit is written, the server writes the request: nothing of it is lent by others.
            let below = |request: &&Quantity| limits.get("cpu").is_none_or(|limit| request.nano() < limit.nano());
            Use::above(used, "resources.requests.cpu", requests.get("cpu").filter(below), percent)
        };
        limit.or_else(request)
    });
    let drafts = groups.into_iter().filter_map(|group| {
        let most = most(&group)?;
        let evidence = facts(most, "cpu");
        let count = group.sightings.len();
        let title = match most.bound.0 {
            "resources.limits.cpu" => texts::cpu_near_limit(count, most.percent),
            _ => texts::cpu_near_request(count, most.percent),
        };
        Some(group.draft(Severity::Low, title, evidence))
    });
    drafts.collect()
}

pub(super) fn cpu_throttled(scene: &Scene<'_>) -> Vec<Draft> {
    let throttled = scene.snapshot.cpu_throttlings.iter();
    let throttled = throttled.filter(|one| one.percent > f64::from(scene.thresholds.cpu_throttled));
    let sightings = throttled.filter_map(|what| {
        let id = scene.graph.find("Pod", &what.meta.namespace, &what.meta.name)?;
        let container = Some(what.container.as_str()).filter(|name| !name.is_empty());
        // A pod that is gone is slowed down no more.
        scene.graph.as_pod(id).map(|pod| Sighting { pod, container, what })
    });
    let draft = |group: Group<'_, &CpuThrottling>| {
        let each = group.sightings.iter();
        let worst = each.max_by(|a, b| a.what.percent.total_cmp(&b.what.percent))?;
        let limit = worst.container.and_then(|name| container(worst.pod, name));
        let limit = limit.and_then(|container| container.resources.limits.get("cpu"));
        let mut evidence = vec![Evidence::new("throttled periods, 1h", texts::percent(worst.what.percent))];
        evidence.extend(limit.map(|limit| Evidence::new("resources.limits.cpu", limit.as_str())));
        let title = texts::cpu_throttled(group.sightings.len(), worst.what.percent);
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}
