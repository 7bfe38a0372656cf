//! Workloads that run, and could be kept better; ReplicaSets without a Deployment.

use super::check::row::*;
use super::scene::{Draft, Scene, target, unready};
use super::workloads::{self, Selectors, Workload};
use crate::diagnosis::{Entity, Relation, backends};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{DaemonSets, Deployments, Ingresses, Pods, ReplicaSets, Services, StatefulSets};
use crate::texts::findings::workload as texts;
use std::collections::{BTreeMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("workload/single-replica"),
        kind: "Workload",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Detail),
            (Services, Walked),
            (Ingresses, Detail),
        ],
        gate: None,
        means: "Every restart and every drained node is an outage for its callers.",
        advice: "Run at least two replicas, if it can.",
        find: single_replica,
    },
    Check {
        id: CheckId::new("workload/no-spread"),
        kind: "Workload",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Detail)],
        gate: None,
        means: "Nothing but chance keeps its replicas on different nodes.",
        advice: "Add a topology spread constraint over nodes, and over zones where there are any.",
        find: no_spread,
    },
    Check {
        id: CheckId::new("workload/old-replicasets"),
        kind: "ReplicaSet",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(ReplicaSets, Walked), (Deployments, Detail)],
        gate: Some("10"),
        means: "They are kept for going back; so many only burden the API server.",
        advice: "Lower revisionHistoryLimit.",
        find: old_replica_sets,
    },
    Check {
        id: CheckId::new("replicaset/unready"),
        kind: "ReplicaSet",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(ReplicaSets, Walked), (Pods, Detail)],
        gate: Some("5m"),
        means: "Fewer replicas serve than were asked for, and no Deployment takes care of it.",
        advice: "Look at its pods.",
        find: unready_set,
    },
];

fn single_replica(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let services = &snapshot.services;
    let selectors =
        Selectors::plain(services.iter().map(|service| (service.meta.namespace.as_str(), &service.spec.selector)));
    let routed: HashSet<(&str, &str)> = snapshot
        .ingresses
        .iter()
        .flat_map(|ingress| {
            let services = backends(ingress).filter_map(|backend| backend.service.as_ref());
            services.map(|service| (ingress.meta.namespace.as_str(), service.name.as_str()))
        })
        .collect();
    let drafts = workloads::all(scene).filter(|each| each.replicas == Some(1)).filter_map(|each| {
        let namespace = each.meta.namespace.as_str();
        let exposed = selectors.reaching(namespace, &each.template.meta.labels);
        let exposed: Vec<&str> =
            exposed.iter().filter_map(|place| services.get(*place)).map(|service| service.meta.name.as_str()).collect();
        let first = exposed.first()?;
        let routed = exposed.iter().any(|service| routed.contains(&(namespace, *service)));
        let evidence = vec![Evidence::new("spec.replicas", "1"), Evidence::new("Services", exposed.join(", "))];
        Some(Draft::about(each.target(), Severity::Low, texts::single_replica(first, routed), evidence))
    });
    drafts.collect()
}

fn replicated<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (Workload<'a>, i32)> {
    workloads::all(scene).filter_map(|each| each.replicas.filter(|replicas| *replicas > 1).map(|count| (each, count)))
}

fn no_spread(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = replicated(scene).filter_map(|(each, replicas)| {
        let spec = &each.template.spec;
        let apart = spec.affinity.as_ref().is_some_and(|affinity| affinity.pod_anti_affinity.is_some());
        if apart || !spec.topology_spread_constraints.is_empty() {
            return None;
        }
        let evidence = vec![Evidence::new("spec.replicas", replicas.to_string())];
        Some(Draft::about(each.target(), Severity::Info, texts::no_spread(replicas), evidence))
    });
    drafts.collect()
}

fn old_replica_sets(scene: &Scene<'_>) -> Vec<Draft> {
    let mut old: BTreeMap<Target, Vec<ObjectRef>> = BTreeMap::new();
    for set in scene.snapshot.replica_sets.iter().filter(|set| set.spec.replicas == Some(0) && set.status.replicas == 0)
    {
        let Some(owner) = set.meta.controller().filter(|owner| owner.kind == "Deployment") else { continue };
        let owner = Target::namespaced("Deployment", set.meta.namespace.as_str(), owner.name.as_str());
        old.entry(owner).or_default().push(target("ReplicaSet", &set.meta).into());
    }
    let many = old.into_iter().filter(|(_, sets)| sets.len() > scene.thresholds.old_replica_sets);
    let drafts = many.map(|(owner, mut objects)| {
        objects.sort();
        let limit = match scene.graph.find_target(&owner).and_then(|id| scene.graph.object(id).entity) {
            Some(Entity::Deployment(deployment)) => deployment.spec.revision_history_limit,
            _ => None,
        };
        let mut evidence = vec![Evidence::new("ReplicaSets with 0 replicas", objects.len().to_string())];
        evidence.extend(limit.map(|limit| Evidence::new("spec.revisionHistoryLimit", limit.to_string())));
        let title = texts::old_replica_sets(objects.len());
        Draft { objects, ..Draft::about(owner, Severity::Info, title, evidence) }
    });
    drafts.collect()
}

fn unready_set(scene: &Scene<'_>) -> Vec<Draft> {
    let alone = scene.snapshot.replica_sets.iter().filter(|set| set.meta.controller().is_none());
    let drafts = alone.filter(|set| set.meta.deletion_timestamp.is_none()).filter_map(|set| {
        let (ready, desired) = (set.status.ready_replicas, set.spec.replicas.unwrap_or(1));
        if ready >= desired {
            return None;
        }
        let this = target("ReplicaSet", &set.meta);
        let id = scene.graph.find_target(&this)?;
        let owned = scene.graph.depends_on(id).filter(|(relation, _)| *relation == Relation::Owns);
        let pods = owned.filter_map(|(_, pod)| scene.graph.as_pod(pod));
        let since = pods.filter_map(unready).min().unwrap_or(set.meta.creation_timestamp);
        let evidence = vec![Evidence::since("status.readyReplicas", format!("{ready} / {desired}"), since)];
        let title = texts::unready_set(ready, desired);
        scene.is_settled(since).then(|| Draft::about(this, Severity::Medium, title, evidence))
    });
    drafts.collect()
}
