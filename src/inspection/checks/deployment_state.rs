//! Deployments that serve with less than they should, or are held back.

use super::check::row::*;
use super::scene::{Draft, Scene, target, unready};
use super::workloads;
use crate::diagnosis::{Entity, Relation};
use crate::finding::{Evidence, Severity};
use crate::inspection::history;
use crate::snapshot::Resource::{Deployments, Pods, ReplicaSets, ScaledObjects};
use crate::snapshot::{Deployment, ObjectMeta};
use crate::texts::findings::workload as texts;
use chrono::{DateTime, Utc};
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("deployment/degraded"),
        kind: "Deployment",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Deployments, Walked), (Pods, Detail)],
        gate: Some("5m"),
        means: "Fewer replicas serve than were asked for; the others carry their load.",
        advice: "Look at the pods that are not ready.",
        find: degraded,
    },
    Check {
        id: CheckId::new("deployment/replica-failure"),
        kind: "Deployment",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Deployments, Walked), (ReplicaSets, Detail)],
        gate: None,
        means: "Its pods may not be made or deleted: a quota, an admission rule or a missing service account.",
        advice: "The message says who refuses and why.",
        find: replica_failure,
    },
    Check {
        id: CheckId::new("deployment/surplus-replicas"),
        kind: "Deployment",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Deployments, Walked)],
        gate: Some("15m"),
        means: "Pods that nobody asks for take room, or the controllers do not work.",
        advice: "Look at its ReplicaSets, and whether the controller manager runs.",
        find: surplus_replicas,
    },
    Check {
        id: CheckId::new("deployment/generation-stale"),
        kind: "Deployment",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Deployments, Walked)],
        gate: Some("10m"),
        means: "What was changed has no effect: the controller manager does not work on it.",
        advice: "Look whether the controller manager runs and holds its lease.",
        find: generation_stale,
    },
    Check {
        id: CheckId::new("deployment/paused"),
        kind: "Deployment",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Deployments, Walked)],
        gate: Some("24h"),
        means: "Changes of its template are not rolled out.",
        advice: "Resume the rollout when what it was paused for is done.",
        find: paused,
    },
    Check {
        id: CheckId::new("deployment/scaled-to-zero"),
        kind: "Deployment",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(Deployments, Walked), (ScaledObjects, Detail)],
        gate: None,
        means: "Nothing of it runs.",
        advice: "Scale it up if that is not meant.",
        find: scaled_to_zero,
    },
];

fn alive<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Deployment> {
    scene.snapshot.deployments.iter().filter(|deployment| deployment.meta.deletion_timestamp.is_none())
}

/// When its controller last saw the rollout get on.
fn last_step(deployment: &Deployment) -> Option<DateTime<Utc>> {
    let progressing = deployment.status.conditions.get("Progressing");
    progressing.and_then(|progressing| progressing.last_update_time()).or(deployment.meta.creation_timestamp)
}

fn degraded(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|deployment| {
        let (available, desired) = (deployment.status.available_replicas, deployment.spec.replicas.unwrap_or(1));
        // That none at all is left is unavailable's to say.
        if available <= 0 || available >= desired {
            return None;
        }
        let this = target("Deployment", &deployment.meta);
        let pods = scene.graph.find_target(&this).into_iter().flat_map(|id| scene.live_pods_of(id));
        let since = pods.filter_map(unready).min().unwrap_or_else(|| last_step(deployment));
        let evidence = vec![Evidence::since("status.availableReplicas", format!("{available} / {desired}"), since)];
        let title = texts::degraded(available, desired);
        scene.is_settled(since).then(|| Draft::about(this, Severity::High, title, evidence))
    });
    drafts.collect()
}

fn replica_failure(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|deployment| {
        let failure = deployment.status.conditions.get("ReplicaFailure").filter(|failure| failure.status == "True")?;
        let this = target("Deployment", &deployment.meta);
        let owned = scene.graph.find_target(&this).into_iter().flat_map(|id| scene.graph.depends_on(id));
        // The ReplicaSet that is refused says it itself.
        let mut owned = owned.filter(|(relation, _)| *relation == Relation::Owns);
        let says = |id| match scene.graph.object(id).entity {
            Some(Entity::ReplicaSet(set)) => set
                .status
                .conditions
                .get("ReplicaFailure")
                .is_some_and(|condition| condition.status == "True" && condition.reason == "FailedCreate"),
            _ => false,
        };
        if owned.any(|(_, id)| says(id)) {
            return None;
        }
        let evidence = vec![
            Evidence::since("conditions[ReplicaFailure].reason", &*failure.reason, failure.last_transition_time),
            Evidence::new("conditions[ReplicaFailure].message", &*failure.message),
        ];
        let title = texts::replica_failure(&failure.reason, &failure.message);
        Some(Draft::about(this, Severity::High, title, evidence))
    });
    drafts.collect()
}

fn surplus_replicas(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|deployment| {
        let (status, desired) = (&deployment.status, deployment.spec.replicas.unwrap_or(1));
        // A rollout has old and new ones side by side; a change that was not seen yet is generation-stale's.
        let rolling = status.updated_replicas < status.replicas && status.updated_replicas < desired;
        let seen = status.observed_generation >= deployment.meta.generation;
        // A rollout that does not finish keeps the old ones on purpose.
        let stuck = status.conditions.is("Progressing", "False");
        let since = last_step(deployment);
        if status.replicas <= desired || rolling || stuck || !seen {
            return None;
        }
        let evidence = vec![Evidence::since("status.replicas", format!("{} / {desired}", status.replicas), since)];
        let old = since.is_none_or(|since| scene.age(since) > scene.thresholds.surplus);
        let title = texts::surplus_replicas(status.replicas, desired);
        old.then(|| Draft::about(target("Deployment", &deployment.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}

fn generation_stale(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter_map(|deployment| {
        let (seen, now) = (deployment.status.observed_generation, deployment.meta.generation);
        let since = last_step(deployment);
        let old = since.is_none_or(|since| scene.age(since) > scene.thresholds.reaction);
        if seen >= now || !old {
            return None;
        }
        let evidence = vec![
            Evidence::new("metadata.generation", now.to_string()),
            Evidence::since("status.observedGeneration", seen.to_string(), since),
        ];
        let this = target("Deployment", &deployment.meta);
        Some(Draft::about(this, Severity::High, texts::generation_stale(now - seen), evidence))
    });
    drafts.collect()
}

fn paused(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter(|deployment| deployment.spec.paused).filter_map(|deployment| {
        let progressing = deployment.status.conditions.get("Progressing");
        let said = progressing.filter(|progressing| progressing.reason == "DeploymentPaused");
        let since = said.and_then(|said| said.last_update_time()).or(deployment.meta.creation_timestamp);
        let age = since.map(|since| scene.age(since)).filter(|age| *age > scene.thresholds.held)?;
        let evidence = vec![Evidence::since("spec.paused", "true", since)];
        Some(Draft::about(target("Deployment", &deployment.meta), Severity::Low, texts::paused(age), evidence))
    });
    drafts.collect()
}

fn scaled_to_zero(scene: &Scene<'_>) -> Vec<Draft> {
    zero(scene, "Deployment")
}

/// Workloads of a kind that are asked for nothing: worth a look where the last inspection saw more.
pub(super) fn zero(scene: &Scene<'_>, kind: &str) -> Vec<Draft> {
    // KEDA takes away what has nothing to do, and brings it back.
    let idle: HashSet<(&str, &str)> = scene
        .snapshot
        .scaled_objects
        .iter()
        .map(|object| (object.meta.namespace.as_str(), object.spec.scale_target_ref.name.as_str()))
        .collect();
    let before = |meta: &ObjectMeta| {
        let known = scene.history.memory()?.workloads.as_ref()?.get(&history::key(kind, meta))?;
        known.replicas.filter(|replicas| *replicas > 0)
    };
    let drafts =
        workloads::all(scene).filter(|each| each.kind == kind && each.replicas == Some(0)).filter_map(|each| {
            if idle.contains(&(each.meta.namespace.as_str(), each.meta.name.as_str())) {
                return None;
            }
            let before = before(each.meta);
            let severity = if before.is_some() { Severity::Medium } else { Severity::Info };
            let mut evidence = vec![Evidence::new("spec.replicas", "0")];
            evidence.extend(before.map(|before| Evidence::new(texts::last_time("spec.replicas"), before.to_string())));
            Some(Draft::about(each.target(), severity, texts::scaled_to_zero(before), evidence))
        });
    drafts.collect()
}
