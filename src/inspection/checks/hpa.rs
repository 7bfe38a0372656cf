//! Autoscalers that cannot do their work, or have reached their end.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use super::workloads;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    DaemonSets, Deployments, Events, HorizontalPodAutoscalers, ReplicaSets, ServedApis, StatefulSets,
};
use crate::snapshot::{Condition, HorizontalPodAutoscaler as Autoscaler, Resource, ScaleTargetRef};
use crate::texts::findings::autoscaling as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("hpa/target-missing"),
        kind: "HPA",
        severity: Severity::High,
        set: Set::Daily,
        data: &[
            (HorizontalPodAutoscalers, Walked),
            (Deployments, Part),
            (StatefulSets, Part),
            (ReplicaSets, Part),
            (DaemonSets, Detail),
        ],
        gate: None,
        means: "What it should scale does not exist: nothing is scaled.",
        advice: "Correct scaleTargetRef, or delete the autoscaler.",
        find: target_missing,
    },
    Check {
        id: CheckId::new("hpa/unsupported-target"),
        kind: "HPA",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(HorizontalPodAutoscalers, Walked), (ServedApis, Complete)],
        gate: None,
        means: "What it points to has no number of replicas that could be set.",
        advice: "Point it to the workload, or delete it.",
        find: unsupported_target,
    },
    Check {
        id: CheckId::new("hpa/cannot-scale"),
        kind: "HPA",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HorizontalPodAutoscalers, Walked)],
        gate: Some("5m"),
        means: "The number of replicas stays as it is, whatever the load.",
        advice: "The message says what fails; look at the target's scale subresource.",
        find: cannot_scale,
    },
    Check {
        id: CheckId::new("hpa/no-metrics"),
        kind: "HPA",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HorizontalPodAutoscalers, Walked)],
        gate: Some("5m"),
        means: "It does not see the load, and scales nothing.",
        advice: "Look whether the metrics API answers (kubectl top pods), and whether the pods have requests.",
        find: no_metrics,
    },
    Check {
        id: CheckId::new("hpa/at-max"),
        kind: "HPA",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(HorizontalPodAutoscalers, Walked)],
        gate: Some("its maximum, 24h"),
        means: "More load is not answered with more replicas.",
        advice: "Raise maxReplicas, if nodes and what stands behind can take it.",
        find: at_max,
    },
    Check {
        id: CheckId::new("hpa/flapping"),
        kind: "HPA",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Events, Walked), (HorizontalPodAutoscalers, Walked)],
        gate: Some("10 in 24h"),
        means: "Pods come and go all the time; each of them has to warm up first.",
        advice: "Lengthen behavior.scaleDown.stabilizationWindowSeconds, or choose a calmer metric.",
        find: flapping,
    },
];

pub(super) fn alive<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Autoscaler> {
    scene.snapshot.horizontal_pod_autoscalers.iter().filter(|each| each.meta.deletion_timestamp.is_none())
}

/// `Deployment api`.
pub(super) fn written(target: &ScaleTargetRef) -> String {
    format!("{} {}", target.kind, target.name)
}

fn failed<'a>(autoscaler: &'a Autoscaler, type_: &str) -> Option<&'a Condition> {
    autoscaler.status.conditions.get(type_).filter(|condition| condition.status == "False")
}

/// The list that would hold what an autoscaler points to.
fn list_of(target: &ScaleTargetRef) -> Option<Resource> {
    match (target.kind.as_str(), target.api_version.as_str().split_once('/').map(|(group, _)| group)) {
        ("Deployment", Some("apps")) => Some(Deployments),
        ("StatefulSet", Some("apps")) => Some(StatefulSets),
        ("ReplicaSet", Some("apps")) => Some(ReplicaSets),
        _ => None,
    }
}

fn target_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|autoscaler| {
        let aim = &autoscaler.spec.scale_target_ref;
        let kind = list_of(aim);
        let found = || {
            let id = scene.graph.find(&aim.kind, &autoscaler.meta.namespace, &aim.name);
            id.is_some_and(|id| scene.graph.object(id).entity.is_some())
        };
        // Of what is no list here, its controller says so after it has asked for the scale.
        let asked = || failed(autoscaler, "AbleToScale").filter(|able| able.message.ends_with("not found"));
        let missing = match kind {
            Some(list) => scene.snapshot.has_read(list) && !found(),
            None => asked().is_some(),
        };
        let evidence = vec![Evidence::new("spec.scaleTargetRef", written(aim))];
        let title = texts::target_missing(&written(aim));
        missing
            .then(|| Draft::about(target("HorizontalPodAutoscaler", &autoscaler.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

fn unsupported_target(scene: &Scene<'_>) -> Vec<Draft> {
    // By group and kind, whether any version of it can be scaled.
    let mut scalable: HashMap<(&str, &str), bool> = HashMap::new();
    for api in &scene.snapshot.served_apis {
        *scalable.entry((api.group.as_str(), api.kind.as_str())).or_default() |= api.scale;
    }
    if scalable.is_empty() {
        return Vec::new();
    }
    let drafts = alive(scene).filter_map(|autoscaler| {
        let aim = &autoscaler.spec.scale_target_ref;
        let group = aim.api_version.as_str().split_once('/').map_or("", |(group, _)| group);
        let served = scalable.get(&(group, aim.kind.as_str())).copied();
        if served == Some(true) {
            return None;
        }
        let evidence = vec![
            Evidence::new("spec.scaleTargetRef", written(aim)),
            Evidence::new("spec.scaleTargetRef.apiVersion", aim.api_version.as_str()),
        ];
        let title = texts::unsupported_target(&aim.kind, served.is_some());
        Some(Draft::about(target("HorizontalPodAutoscaler", &autoscaler.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}

/// A condition that is False for longer than a moment.
fn lasting(
    scene: &Scene<'_>,
    autoscaler: &Autoscaler,
    type_: &str,
    tolerated: &[&str],
    title: fn(&str, &str) -> String,
) -> Option<Draft> {
    let condition = failed(autoscaler, type_).filter(|condition| !tolerated.contains(&condition.reason.as_str()))?;
    if !scene.is_settled(condition.last_transition_time) {
        return None;
    }
    let evidence = vec![
        Evidence::since(format!("conditions[{type_}].reason"), &*condition.reason, condition.last_transition_time),
        Evidence::new(format!("conditions[{type_}].message"), &*condition.message),
    ];
    let title = title(&condition.reason, &condition.message);
    Some(Draft::about(target("HorizontalPodAutoscaler", &autoscaler.meta), Severity::High, title, evidence))
}

fn cannot_scale(scene: &Scene<'_>) -> Vec<Draft> {
    alive(scene).filter_map(|each| lasting(scene, each, "AbleToScale", &[], texts::cannot_scale)).collect()
}

/// ScalingDisabled: its target is scaled to nothing on purpose. AmbiguousSelector: a check of its own.
const NOT_BLIND: &[&str] = &["ScalingDisabled", "AmbiguousSelector"];

fn no_metrics(scene: &Scene<'_>) -> Vec<Draft> {
    alive(scene).filter_map(|each| lasting(scene, each, "ScalingActive", NOT_BLIND, texts::no_metrics)).collect()
}

/// Now and wanted, in percent of the requests.
fn utilization(autoscaler: &Autoscaler) -> Vec<(&str, i32, i32)> {
    let now = autoscaler.status.current_metrics.iter().filter_map(|metric| {
        let part = metric.resource.as_ref().or(metric.container_resource.as_ref())?;
        Some(((part.name.as_str(), part.container.as_str()), part.current.average_utilization?))
    });
    let now: HashMap<(&str, &str), i32> = now.collect();
    let wanted = autoscaler.spec.metrics.iter().filter_map(|metric| {
        let part = metric.resource.as_ref().or(metric.container_resource.as_ref())?;
        let now = now.get(&(part.name.as_str(), part.container.as_str()))?;
        Some((part.name.as_str(), *now, part.target.average_utilization?))
    });
    wanted.collect()
}

fn at_max(scene: &Scene<'_>) -> Vec<Draft> {
    let known = scene.history.memory().and_then(|memory| memory.at_max.as_ref());
    let drafts = alive(scene).filter_map(|autoscaler| {
        let (current, most) = (autoscaler.status.current_replicas, autoscaler.spec.max_replicas);
        let limited = autoscaler.status.conditions.get("ScalingLimited");
        let limited = limited.filter(|limited| limited.status == "True" && limited.reason == "TooManyReplicas");
        // Who gives it no choice does not mean it to choose.
        let fixed = autoscaler.spec.min_replicas.unwrap_or(1) >= most;
        if fixed || (limited.is_none() && current < most) {
            return None;
        }
        let remembered =
            known.and_then(|known| known.get(&format!("{}/{}", autoscaler.meta.namespace, autoscaler.meta.name)));
        let since = [remembered.copied(), limited.and_then(|limited| limited.last_transition_time)];
        let since = since.into_iter().flatten().min();
        let metrics = utilization(autoscaler);
        let over = match metrics.iter().any(|(_, now, wanted)| now > wanted) {
            true => true,
            // Of what is not measured in percent it is known by what it would have.
            false => metrics.is_empty() && limited.is_some(),
        };
        let long = since.is_some_and(|since| scene.age(since) > scene.thresholds.at_max);
        let severity = if long && over { Severity::High } else { Severity::Medium };
        let mut evidence = vec![Evidence::since("status.currentReplicas", format!("{current} / {most}"), since)];
        evidence.extend(limited.map(|limited| Evidence::new("conditions[ScalingLimited].message", &*limited.message)));
        let fact = |(name, now, wanted): (&str, i32, i32)| {
            Evidence::new(format!("currentMetrics {name}"), texts::utilization(now, wanted))
        };
        evidence.extend(metrics.into_iter().map(fact));
        let title = texts::at_max(most, over);
        Some(Draft::about(target("HorizontalPodAutoscaler", &autoscaler.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn flapping(scene: &Scene<'_>) -> Vec<Draft> {
    let events = scene.events_about("HorizontalPodAutoscaler");
    let drafts = alive(scene).filter_map(|autoscaler| {
        let events = events.get(&(autoscaler.meta.namespace.as_str(), autoscaler.meta.name.as_str()))?;
        let rescales =
            events.iter().filter(|event| event.reason == "SuccessfulRescale" && scene.is_news(event.last_seen));
        let count: i32 = rescales.clone().map(|event| event.count).sum();
        let newest = rescales.clone().next().filter(|_| count > scene.thresholds.rescales)?;
        let first = rescales.filter_map(|event| event.first_seen).min();
        let evidence =
            vec![Evidence::since("events SuccessfulRescale", count.to_string(), first), event_evidence(newest)];
        let this = target("HorizontalPodAutoscaler", &autoscaler.meta);
        Some(Draft::about(this, Severity::Low, texts::flapping(count), evidence))
    });
    drafts.collect()
}

/// What an autoscaler scales.
pub(super) fn aim<'a, 'w>(
    workloads: &'w HashMap<(&'static str, &'a str, &'a str), workloads::Workload<'a>>,
    namespace: &'a str,
    target: &'a ScaleTargetRef,
) -> Option<&'w workloads::Workload<'a>> {
    let kind = match target.kind.as_str() {
        "Deployment" => "Deployment",
        "StatefulSet" => "StatefulSet",
        _ => return None,
    };
    workloads.get(&(kind, namespace, target.name.as_str()))
}
