//! What scales beside the built-in autoscaler: KEDA, and what adds nodes.

use super::check::row::*;
use super::hpa::written;
use super::hpa_shape::{filled, lacking};
use super::scene::{Draft, Scene, event_evidence, is_live, target};
use super::workloads;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    AutoscalerStatuses, ConfigMaps, DaemonSets, Deployments, Events, LimitRanges, NodeClaims, Pods, ScaledObjects,
    StatefulSets,
};
use crate::snapshot::{Event, ScaleTargetRef, ScaledObject};
use crate::texts::findings::autoscaling as texts;
use std::collections::BTreeSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("keda/scaledobject-broken"),
        kind: "ScaledObject",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (ScaledObjects, Walked),
            (Deployments, Part),
            (StatefulSets, Part),
            (DaemonSets, Detail),
            (LimitRanges, Part),
            (Events, Detail),
        ],
        gate: None,
        means: "KEDA does not scale its target.",
        advice: "Correct the target or the trigger that is named, and look at the KEDA operator's log.",
        find: scaled_object_broken,
    },
    Check {
        id: CheckId::new("autoscaler/unhealthy"),
        kind: "ClusterAutoscaler",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(AutoscalerStatuses, Walked), (Events, Walked), (Pods, Detail), (ConfigMaps, Detail)],
        gate: Some("24h"),
        means: "Pods that find no room do not get a new node.",
        advice: "Read the autoscaler's log: quota of the cloud, limits of the node groups, or rights.",
        find: autoscaler_unhealthy,
    },
    Check {
        id: CheckId::new("karpenter/nodeclaim-stuck"),
        kind: "NodeClaim",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(NodeClaims, Walked)],
        gate: Some("15m"),
        means: "A node that pods wait for does not come.",
        advice: "Look at the NodeClaim's conditions and Karpenter's log: capacity, rights, or a node that does not register.",
        find: node_claim_stuck,
    },
];

/// Of `cpu` and `memory`: the resource, and the container it is about or none.
fn resource_triggers(object: &ScaledObject) -> impl Iterator<Item = (&str, &str)> {
    let triggers = object.spec.triggers.iter().filter(|trigger| trigger.type_ == "cpu" || trigger.type_ == "memory");
    triggers.map(|trigger| (trigger.type_.as_str(), trigger.metadata.container_name.as_str()))
}

fn scaled_object_broken(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let (workloads, filled) = (workloads::scalable(scene), filled(scene));
    let events = scene.events_about("ScaledObject");
    let drafts = snapshot.scaled_objects.iter().filter(|object| object.meta.deletion_timestamp.is_none());
    let drafts = drafts.filter_map(|object| {
        let namespace = object.meta.namespace.as_str();
        let said = &object.spec.scale_target_ref;
        let kind = if said.kind.is_empty() { "Deployment" } else { said.kind.as_str() };
        let mut evidence = Vec::new();
        let mut why = None;
        let own = ScaleTargetRef { kind: kind.into(), ..said.clone() };
        let (list, workload) = match kind {
            "Deployment" => (Some(Deployments), workloads.get(&("Deployment", namespace, said.name.as_str()))),
            "StatefulSet" => (Some(StatefulSets), workloads.get(&("StatefulSet", namespace, said.name.as_str()))),
            _ => (None, None),
        };
        if list.is_some_and(|list| snapshot.has_read(list)) && workload.is_none() {
            evidence.push(Evidence::new("spec.scaleTargetRef", written(&own)));
            why = Some(texts::target_missing(&written(&own)));
        } else if kind == "DaemonSet" || kind == "Job" {
            evidence.push(Evidence::new("spec.scaleTargetRef", written(&own)));
            why = Some(texts::unsupported_target(kind, true));
        }
        if let Some(workload) = workload.filter(|_| snapshot.has_read(LimitRanges)) {
            for (resource, container) in resource_triggers(object) {
                let lacking = lacking(workload, resource, container);
                if !lacking.is_empty() && !filled.contains(&(namespace, resource)) {
                    let field = format!("containers without requests.{resource}");
                    evidence.push(Evidence::new(field, lacking.join(", ")));
                    why = why.or_else(|| Some(texts::no_requests(resource)));
                }
            }
        }
        let ready = object.status.conditions.get("Ready").filter(|ready| ready.status == "False");
        if let Some(ready) = ready.filter(|ready| scene.is_settled(ready.last_transition_time)) {
            evidence.push(Evidence::since("conditions[Ready].reason", &*ready.reason, ready.last_transition_time));
            evidence.push(Evidence::new("conditions[Ready].message", &*ready.message));
            why = why.or_else(|| Some(texts::keda_not_ready(&ready.message)));
        }
        let events = events.get(&(namespace, object.meta.name.as_str())).map(Vec::as_slice).unwrap_or_default();
        let warning = events.iter().find(|event| event.type_ == "Warning" && scene.is_news(event.last_seen));
        if let Some(event) = warning {
            evidence.push(event_evidence(event));
            why = why.or_else(|| Some(texts::keda_warning(&event.message)));
        }
        Some(Draft::about(target("ScaledObject", &object.meta), Severity::Medium, why?, evidence))
    });
    drafts.collect()
}

fn autoscaler_unhealthy(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let mut evidence = Vec::new();
    let mut objects: BTreeSet<ObjectRef> = BTreeSet::new();
    let mut why = None;
    for status in &snapshot.autoscaler_statuses {
        let health = status.health.as_str();
        if !health.is_empty() && health != "Healthy" {
            evidence.push(Evidence::since("clusterWide.health", health, status.last_transition_time));
            why = why.or_else(|| Some(texts::autoscaler_unhealthy(&status.message)));
        }
        if status.scale_up == "Backoff" {
            evidence.push(Evidence::since("clusterWide.scaleUp", "Backoff", status.last_transition_time));
            why = why.or_else(|| Some(texts::autoscaler_backoff(&status.message)));
        }
        if why.is_some() {
            objects.insert(
                Target::namespaced("ConfigMap", status.meta.namespace.as_str(), status.meta.name.as_str()).into(),
            );
        }
    }
    let news = |event: &&Event| scene.is_news(event.last_seen);
    let failures = ["ScaleUpFailed", "FailedToScaleUpGroup"];
    let failed = snapshot.events.iter().filter(|event| failures.contains(&event.reason.as_str())).filter(news);
    if let Some(event) = failed.max_by_key(|event| event.last_seen) {
        evidence.push(event_evidence(event));
        why = why.or_else(|| Some(texts::scale_up_failed(&event.message)));
    }
    // Of pods that still wait; that one had to is the scheduler's everyday life.
    let refused = snapshot.events.iter().filter(|event| event.reason == "NotTriggerScaleUp").filter(news);
    let waiting = refused.filter(|event| {
        let about = &event.involved_object;
        let pod = scene.graph.find("Pod", &about.namespace, &about.name).and_then(|id| scene.graph.as_pod(id));
        pod.is_some_and(|pod| {
            let scheduled = pod.status.conditions.get("PodScheduled").filter(|scheduled| scheduled.status == "False");
            is_live(pod) && scheduled.is_some_and(|scheduled| scene.is_settled(scheduled.last_transition_time))
        })
    });
    let waiting: Vec<&Event> = waiting.collect();
    if let Some(event) = waiting.iter().max_by_key(|event| event.last_seen) {
        evidence.push(event_evidence(event));
        let pod = |event: &&Event| {
            let about = &event.involved_object;
            ObjectRef::from(Target::namespaced("Pod", about.namespace.as_str(), about.name.as_str()))
        };
        let pods: BTreeSet<ObjectRef> = waiting.iter().map(pod).collect();
        why = why.or_else(|| Some(texts::not_triggered(pods.len(), &event.message)));
        objects.extend(pods);
    }
    let Some(title) = why else { return Vec::new() };
    let this = Target::namespaced("ClusterAutoscaler", "kube-system", "cluster-autoscaler");
    if objects.is_empty() {
        objects.insert(this.clone().into());
    }
    let objects = objects.into_iter().collect();
    vec![Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) }]
}

/// The steps of a node's birth, in their order.
const STEPS: &[&str] = &["Launched", "Registered", "Initialized"];

fn node_claim_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let claims = scene.snapshot.node_claims.iter().filter(|claim| claim.meta.deletion_timestamp.is_none());
    let drafts = claims.filter_map(|claim| {
        let conditions = &claim.status.conditions;
        let step = STEPS.iter().find(|step| !conditions.is(step, "True"))?;
        let since = claim.meta.creation_timestamp;
        let age = since.map(|since| scene.age(since)).filter(|age| *age > scene.thresholds.node_claim)?;
        let condition = conditions.get(step);
        let status = condition.map_or("Unknown", |condition| condition.status.as_str());
        let mut evidence = vec![Evidence::since(format!("conditions[{step}].status"), status, since)];
        let message = condition.map_or("", |condition| condition.message.as_str());
        if !message.is_empty() {
            evidence.push(Evidence::new(format!("conditions[{step}].message"), message));
        }
        let title = texts::node_claim_stuck(step, age, message);
        Some(Draft::about(target("NodeClaim", &claim.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}
