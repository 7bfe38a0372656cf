//! Autoscalers that are set up so that they cannot do well.

use super::check::row::*;
use super::hpa::{aim, alive, written};
use super::node_condition::is_ready;
use super::node_load::pods_by_node;
use super::scene::{Draft, Scene, target};
use super::workloads::{self, Workload};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    AutoscalerStatuses, DaemonSets, Deployments, HorizontalPodAutoscalers, LimitRanges, NodeClaims, Nodes, Pods,
    ScaledObjects, StatefulSets,
};
use crate::snapshot::{Container, HorizontalPodAutoscaler as Autoscaler, Node};
use crate::texts::findings::autoscaling as texts;
use std::collections::{BTreeMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("hpa/no-requests"),
        kind: "HPA",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (HorizontalPodAutoscalers, Walked),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Detail),
            (LimitRanges, Part),
        ],
        gate: None,
        means: "Percent of nothing cannot be computed: it scales nothing.",
        advice: "Give every container of the target the request that the metric needs.",
        find: no_requests,
    },
    Check {
        id: CheckId::new("hpa/min-equals-max"),
        kind: "HPA",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(HorizontalPodAutoscalers, Walked)],
        gate: None,
        means: "It has no choice, and only hides who sets the number of replicas.",
        advice: "Raise maxReplicas, or delete it and set the replicas.",
        find: min_equals_max,
    },
    Check {
        id: CheckId::new("hpa/burst-over-capacity"),
        kind: "HPA",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[
            (HorizontalPodAutoscalers, Walked),
            (Nodes, Complete),
            (Pods, Complete),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (AutoscalerStatuses, Detail),
            (NodeClaims, Detail),
        ],
        gate: None,
        means: "Under load some of the replicas that it asks for find no node.",
        advice: "Add nodes or an autoscaler of nodes, or lower maxReplicas.",
        find: burst_over_capacity,
    },
    Check {
        id: CheckId::new("hpa/ambiguous"),
        kind: "HPA",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(HorizontalPodAutoscalers, Walked), (ScaledObjects, Detail)],
        gate: None,
        means: "Two of them set the number of replicas against each other, or count each other's pods.",
        advice: "Keep one autoscaler for each workload, and selectors that do not overlap.",
        find: ambiguous,
    },
];

/// The resources of which percents are wanted, each with the container that it is about, or empty for all.
fn needed(autoscaler: &Autoscaler) -> Vec<(&str, &str)> {
    let parts = autoscaler
        .spec
        .metrics
        .iter()
        .filter_map(|metric| metric.resource.as_ref().or(metric.container_resource.as_ref()));
    let percents = parts.filter(|part| part.target.average_utilization.is_some());
    percents.map(|part| (part.name.as_str(), part.container.as_str())).collect()
}

/// The containers that lack a request; a limit stands for one.
pub(super) fn lacking<'a>(workload: &Workload<'a>, resource: &str, only: &str) -> Vec<&'a str> {
    let spec = &workload.template.spec;
    let sidecars = spec.init_containers.iter().filter(|container| container.restart_policy == "Always");
    let lacks = |container: &&Container| {
        let named = only.is_empty() || container.name == only;
        let has = |amounts: &crate::snapshot::Quantities| amounts.get(resource).is_some();
        named && !has(&container.resources.requests) && !has(&container.resources.limits)
    };
    spec.containers.iter().chain(sidecars).filter(lacks).map(|container| container.name.as_str()).collect()
}

/// Namespaces, each with a resource, in which a LimitRange fills in what a container does not say.
pub(super) fn filled<'a>(scene: &Scene<'a>) -> HashSet<(&'a str, &'a str)> {
    let filled = scene.snapshot.limit_ranges.iter().flat_map(|range| {
        let fills = range.spec.limits.iter().filter(|item| item.type_ == "Container");
        let amounts = fills.flat_map(|item| item.default_request.iter().chain(item.default.iter()));
        amounts.map(move |(resource, _)| (range.meta.namespace.as_str(), resource.as_str()))
    });
    filled.collect()
}

fn no_requests(scene: &Scene<'_>) -> Vec<Draft> {
    if !scene.snapshot.has_read(LimitRanges) {
        return Vec::new();
    }
    let (workloads, filled) = (workloads::scalable(scene), filled(scene));
    let drafts = alive(scene).filter_map(|autoscaler| {
        let namespace = autoscaler.meta.namespace.as_str();
        let workload = aim(&workloads, namespace, &autoscaler.spec.scale_target_ref)?;
        let mut evidence = vec![Evidence::new("spec.scaleTargetRef", written(&autoscaler.spec.scale_target_ref))];
        let mut resources = Vec::new();
        for (resource, container) in needed(autoscaler) {
            let lacking = lacking(workload, resource, container);
            if lacking.is_empty() || filled.contains(&(namespace, resource)) {
                continue;
            }
            resources.push(resource);
            evidence.push(Evidence::new(format!("containers without requests.{resource}"), lacking.join(", ")));
        }
        if resources.is_empty() {
            return None;
        }
        let title = texts::no_requests(&resources.join(", "));
        Some(Draft::about(target("HorizontalPodAutoscaler", &autoscaler.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

fn min_equals_max(scene: &Scene<'_>) -> Vec<Draft> {
    let fixed = alive(scene).filter(|each| each.spec.min_replicas.unwrap_or(1) == each.spec.max_replicas);
    let draft = |autoscaler: &Autoscaler| {
        let replicas = autoscaler.spec.max_replicas;
        let evidence = vec![
            Evidence::new("spec.minReplicas", replicas.to_string()),
            Evidence::new("spec.maxReplicas", replicas.to_string()),
        ];
        let this = target("HorizontalPodAutoscaler", &autoscaler.meta);
        Draft::about(this, Severity::Info, texts::min_equals_max(replicas), evidence)
    };
    fixed.map(draft).collect()
}

const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// What is left for pods on the nodes that take any, in the units of [`RESOURCES`].
fn free(scene: &Scene<'_>) -> [i128; 2] {
    let pods = pods_by_node(scene);
    let open = |node: &&Node| {
        let reserved = node.spec.taints.iter().any(|taint| taint.effect != "PreferNoSchedule");
        is_ready(node) && !node.spec.unschedulable && !reserved
    };
    let mut free = [0; 2];
    for node in scene.snapshot.nodes.iter().filter(open) {
        let here = pods.get(node.meta.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        for (free, resource) in free.iter_mut().zip(RESOURCES) {
            let whole = node.status.allocatable.get(resource).map_or(0, |whole| whole.nano());
            let asked: i128 = here.iter().map(|pod| pod.spec.amount(resource, |each| &each.requests)).sum();
            *free += (whole - asked).max(0);
        }
    }
    free
}

fn amount(resource: &str, nano: i128) -> String {
    match resource {
        "cpu" => format!("{}m", nano / 1_000_000),
        _ => format!("{}Mi", nano / (1_000_000_000 << 20)),
    }
}

fn shortage(extra: [i128; 2], free: [i128; 2]) -> Vec<Evidence> {
    let parts = RESOURCES.iter().zip(extra).zip(free).filter(|((_, extra), free)| extra > free);
    parts
        .map(|((resource, extra), free)| {
            let value = format!("{} / {}", amount(resource, extra), amount(resource, free));
            Evidence::new(format!("requests.{resource}"), value)
        })
        .collect()
}

fn burst_over_capacity(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    // Where nodes come when they are needed, what is free now says nothing.
    if snapshot.nodes.is_empty() || !snapshot.autoscaler_statuses.is_empty() || !snapshot.node_claims.is_empty() {
        return Vec::new();
    }
    let free = free(scene);
    let workloads = workloads::scalable(scene);
    let mut drafts = Vec::new();
    let mut all = [0; 2];
    let mut together: Vec<ObjectRef> = Vec::new();
    for autoscaler in alive(scene) {
        let Some(workload) = aim(&workloads, &autoscaler.meta.namespace, &autoscaler.spec.scale_target_ref) else {
            continue;
        };
        let more = i128::from((autoscaler.spec.max_replicas - autoscaler.status.current_replicas).max(0));
        let extra = RESOURCES.map(|resource| more * workload.template.spec.amount(resource, |each| &each.requests));
        let this = target("HorizontalPodAutoscaler", &autoscaler.meta);
        let short = shortage(extra, free);
        if !short.is_empty() {
            let title = texts::burst(autoscaler.spec.max_replicas, more);
            drafts.push(Draft::about(this, Severity::Low, title, short));
            continue;
        }
        if more > 0 {
            together.push(this.into());
        }
        all = [all[0] + extra[0], all[1] + extra[1]];
    }
    let short = shortage(all, free);
    if !short.is_empty() && together.len() > 1 {
        let title = texts::burst_together(together.len());
        let this = Target::cluster_wide("HorizontalPodAutoscaler", "(all)");
        drafts.push(Draft { objects: together, ..Draft::about(this, Severity::Low, title, short) });
    }
    drafts
}

fn ambiguous(scene: &Scene<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut by_target: BTreeMap<Target, Vec<ObjectRef>> = BTreeMap::new();
    for object in &scene.snapshot.scaled_objects {
        let aim = &object.spec.scale_target_ref;
        let kind = if aim.kind.is_empty() { "Deployment" } else { aim.kind.as_str() };
        let aim = Target::namespaced(kind, object.meta.namespace.as_str(), aim.name.as_str());
        by_target.entry(aim).or_default().push(target("ScaledObject", &object.meta).into());
    }
    for autoscaler in alive(scene) {
        let this = target("HorizontalPodAutoscaler", &autoscaler.meta);
        let active = autoscaler.status.conditions.get("ScalingActive");
        if let Some(active) = active.filter(|active| active.status == "False" && active.reason == "AmbiguousSelector") {
            let evidence = vec![
                Evidence::since("conditions[ScalingActive].reason", &*active.reason, active.last_transition_time),
                Evidence::new("conditions[ScalingActive].message", &*active.message),
            ];
            drafts.push(Draft::about(this.clone(), Severity::Medium, texts::ambiguous_selector(), evidence));
        }
        // The autoscaler that KEDA makes for a ScaledObject is the same one.
        if autoscaler.meta.controller().is_none_or(|owner| owner.kind != "ScaledObject") {
            let aim = &autoscaler.spec.scale_target_ref;
            let aim = Target::namespaced(aim.kind.as_str(), autoscaler.meta.namespace.as_str(), aim.name.as_str());
            by_target.entry(aim).or_default().push(this.into());
        }
    }
    for (aim, mut objects) in by_target.into_iter().filter(|(_, scalers)| scalers.len() > 1) {
        objects.sort();
        let evidence = objects.iter().map(|object| Evidence::new(object.kind.as_str(), object.name.as_str())).collect();
        let title = texts::ambiguous(objects.len());
        drafts.push(Draft { objects, ..Draft::about(aim, Severity::Medium, title, evidence) });
    }
    drafts
}
