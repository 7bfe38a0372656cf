//! StatefulSets that do not get on, or that lack what they name.

use super::check::row::*;
use super::deployment_state::zero;
use super::scene::{Draft, Scene, event_evidence, is_live, target, unready};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    Events, PersistentVolumeClaims, PersistentVolumes, Pods, ScaledObjects, Services, StatefulSets, StorageClasses,
};
use crate::snapshot::{PersistentVolumeClaim, Pod, StatefulSet};
use crate::texts::findings::workload as texts;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("statefulset/rollout-stuck"),
        kind: "StatefulSet",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(StatefulSets, Walked), (Pods, Complete)],
        gate: Some("30m"),
        means: "Old and new replicas serve side by side; those in line wait for one that does not get ready.",
        advice: "Correct the template and then delete the pod that blocks: the controller does not replace it by itself.",
        find: rollout_stuck,
    },
    Check {
        id: CheckId::new("statefulset/create-blocked"),
        kind: "StatefulSet",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(StatefulSets, Walked), (Events, Walked), (Pods, Complete)],
        gate: Some("24h"),
        means: "Its first pod is not made, and the others wait for it.",
        advice: "The event says who refuses and why.",
        find: create_blocked,
    },
    Check {
        id: CheckId::new("statefulset/missing-service"),
        kind: "StatefulSet",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(StatefulSets, Walked), (Services, Complete)],
        gate: None,
        means: "Its pods have no DNS names, by which they usually find each other.",
        advice: "Create the headless Service that it names.",
        find: missing_service,
    },
    Check {
        id: CheckId::new("statefulset/missing-storage-class"),
        kind: "StatefulSet",
        severity: Severity::High,
        set: Set::Daily,
        data: &[
            (StatefulSets, Walked),
            (StorageClasses, Complete),
            (PersistentVolumes, Part),
            (PersistentVolumeClaims, Detail),
        ],
        gate: None,
        means: "A new replica gets no volume and does not start.",
        advice: "Create the class; templates of claims cannot be changed, so the set would have to be made anew.",
        find: missing_storage_class,
    },
    Check {
        id: CheckId::new("statefulset/scaled-to-zero"),
        kind: "StatefulSet",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(StatefulSets, Walked), (ScaledObjects, Detail)],
        gate: None,
        means: "Nothing of it runs.",
        advice: "Scale it up if that is not meant.",
        find: scaled_to_zero,
    },
    Check {
        id: CheckId::new("statefulset/orphan-pvc"),
        kind: "PVC",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(StatefulSets, Walked), (PersistentVolumeClaims, Walked)],
        gate: None,
        means: "They are kept and paid for, and are used again only when the set grows.",
        advice: "Delete them if their data is not needed, or set persistentVolumeClaimRetentionPolicy.whenScaled to Delete.",
        find: orphan_claims,
    },
    Check {
        id: CheckId::new("statefulset/partition-left"),
        kind: "StatefulSet",
        severity: Severity::Info,
        set: Set::Daily,
        data: &[(StatefulSets, Walked), (Pods, Detail)],
        gate: Some("24h"),
        means: "The replicas below the partition keep the old revision.",
        advice: "Set the partition to 0 when the new revision has proved itself.",
        find: partition_left,
    },
];

fn alive<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a StatefulSet> {
    scene.snapshot.stateful_sets.iter().filter(|set| set.meta.deletion_timestamp.is_none())
}

fn replicas(set: &StatefulSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

fn partition(set: &StatefulSet) -> i32 {
    set.spec.update_strategy.rolling_update.as_ref().and_then(|update| update.partition).unwrap_or_default()
}

fn start(set: &StatefulSet) -> i32 {
    set.spec.ordinals.as_ref().map_or(0, |ordinals| ordinals.start)
}

fn pods<'a>(scene: &Scene<'a>, set: &StatefulSet) -> Vec<&'a Pod> {
    let id = scene.graph.find_target(&target("StatefulSet", &set.meta));
    id.into_iter().flat_map(|id| scene.live_pods_of(id)).collect()
}

/// The number at the end of a pod's or a claim's name.
fn ordinal(name: &str) -> Option<i32> {
    name.rsplit_once('-')?.1.parse().ok()
}

/// When a pod was last made or got ready.
fn step(pod: &Pod) -> Option<DateTime<Utc>> {
    let ready = pod.status.conditions.get("Ready").filter(|ready| ready.status == "True");
    ready.and_then(|ready| ready.last_transition_time).max(pod.meta.creation_timestamp)
}

fn is_rolling(set: &StatefulSet) -> bool {
    set.spec.update_strategy.type_ != "OnDelete" && set.status.update_revision != set.status.current_revision
}

fn rollout_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter(|set| is_rolling(set)).filter_map(|set| {
        let to_update = replicas(set) - partition(set).max(0);
        let pods = pods(scene, set);
        let updated = set.status.updated_replicas;
        let blocking = pods.iter().filter(|pod| unready(pod).is_some()).max_by_key(|pod| ordinal(&pod.meta.name));
        // With a partition it is done when those above it are, and the two revisions stay.
        if to_update <= 0 || (updated >= to_update && (blocking.is_none() || partition(set) > 0)) {
            return None;
        }
        let since = pods.iter().filter_map(|pod| step(pod)).max().or(set.meta.creation_timestamp);
        let old = since.is_none_or(|since| scene.age(since) > scene.thresholds.rollout);
        if !old {
            return None;
        }
        let mut evidence = vec![
            Evidence::since("status.updatedReplicas", format!("{updated} / {to_update}"), since),
            Evidence::new("status.updateRevision", set.status.update_revision.as_str()),
        ];
        let this = target("StatefulSet", &set.meta);
        let mut objects = vec![ObjectRef::from(this.clone())];
        if let Some(pod) = blocking {
            evidence.push(Evidence::since(
                format!("pod {}", pod.meta.name),
                texts::pod_not_ready(),
                unready(pod).flatten(),
            ));
            objects.push(target("Pod", &pod.meta).into());
        }
        let title = texts::set_rollout_stuck(updated, to_update, blocking.map(|pod| pod.meta.name.as_str()));
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}

fn create_blocked(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter(|set| replicas(set) > 0).filter_map(|set| {
        let first = format!("{}-{}", set.meta.name, start(set));
        let there = scene.graph.find("Pod", &set.meta.namespace, &first).and_then(|id| scene.graph.as_pod(id));
        if there.is_some() {
            return None;
        }
        let this = target("StatefulSet", &set.meta);
        let warning = |event: &crate::snapshot::Event| event.type_ == "Warning" && scene.is_news(event.last_seen);
        let event = scene.event(scene.graph.find_target(&this), warning)?;
        let evidence = vec![Evidence::new(format!("pod {first}"), texts::pod_not_there()), event_evidence(event)];
        Some(Draft::about(this, Severity::High, texts::create_blocked(&event.message), evidence))
    });
    drafts.collect()
}

fn missing_service(scene: &Scene<'_>) -> Vec<Draft> {
    let services = scene.snapshot.services.iter();
    let known: HashSet<(&str, &str)> =
        services.map(|service| (service.meta.namespace.as_str(), service.meta.name.as_str())).collect();
    let drafts = alive(scene).filter(|set| !set.spec.service_name.is_empty()).filter_map(|set| {
        let name = set.spec.service_name.as_str();
        if known.contains(&(set.meta.namespace.as_str(), name)) {
            return None;
        }
        let evidence = vec![Evidence::since("spec.serviceName", name, set.meta.creation_timestamp)];
        let this = target("StatefulSet", &set.meta);
        Some(Draft::about(this, Severity::Medium, texts::missing_service(name), evidence))
    });
    drafts.collect()
}

fn missing_storage_class(scene: &Scene<'_>) -> Vec<Draft> {
    let mut known: HashSet<&str> =
        scene.snapshot.storage_classes.iter().map(|class| class.meta.name.as_str()).collect();
    // Volumes that were made by hand are found by a class that need not be there.
    known.extend(scene.snapshot.persistent_volumes.iter().map(|volume| volume.spec.storage_class_name.as_str()));
    if !scene.snapshot.has_read(PersistentVolumes) {
        return Vec::new();
    }
    let drafts = alive(scene).filter_map(|set| {
        let classes = set.spec.volume_claim_templates.iter().filter_map(|each| each.spec.storage_class_name.as_ref());
        let classes = classes.map(|class| class.as_str()).filter(|class| !class.is_empty() && !known.contains(class));
        let missing: BTreeSet<&str> = classes.collect();
        if missing.is_empty() {
            return None;
        }
        let this = target("StatefulSet", &set.meta);
        let field = "volumeClaimTemplates.spec.storageClassName";
        let evidence = missing.iter().map(|class| Evidence::new(field, *class)).collect();
        let classes = missing.iter().map(|class| ObjectRef::from(Target::cluster_wide("StorageClass", *class)));
        let objects = std::iter::once(ObjectRef::from(this.clone())).chain(classes).collect();
        let names: Vec<&str> = missing.into_iter().collect();
        let title = texts::missing_storage_class(&names.join(", "));
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}

fn scaled_to_zero(scene: &Scene<'_>) -> Vec<Draft> {
    zero(scene, "StatefulSet")
}

fn orphan_claims(scene: &Scene<'_>) -> Vec<Draft> {
    let mut sets: HashMap<(&str, String), &StatefulSet> = HashMap::new();
    for set in alive(scene) {
        let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
        // Down to nothing is a pause, with the data kept for the time after it.
        let kept = policy.is_none_or(|policy| policy.when_scaled != "Delete") && replicas(set) > 0;
        for template in set.spec.volume_claim_templates.iter().filter(|_| kept) {
            sets.insert((set.meta.namespace.as_str(), format!("{}-{}", template.meta.name, set.meta.name)), set);
        }
    }
    let mounted: HashSet<(&str, &str)> = scene
        .snapshot
        .pods
        .iter()
        .filter(|pod| is_live(pod))
        .flat_map(|pod| {
            let claims = pod.spec.volumes.iter().filter_map(|volume| volume.persistent_volume_claim.as_ref());
            claims.map(|claim| (pod.meta.namespace.as_str(), claim.claim_name.as_str()))
        })
        .collect();
    let mut orphans: BTreeMap<Target, (i32, Vec<&PersistentVolumeClaim>)> = BTreeMap::new();
    for claim in &scene.snapshot.persistent_volume_claims {
        let (namespace, name) = (claim.meta.namespace.as_str(), claim.meta.name.as_str());
        let Some((ordinal, (prefix, _))) = ordinal(name).zip(name.rsplit_once('-')) else { continue };
        let Some(set) = sets.get(&(namespace, prefix.to_owned())) else { continue };
        let wanted = start(set)..start(set).saturating_add(replicas(set));
        if !wanted.contains(&ordinal)
            && !mounted.contains(&(namespace, name))
            && claim.meta.deletion_timestamp.is_none()
        {
            let orphans = orphans.entry(target("StatefulSet", &set.meta)).or_insert((replicas(set), Vec::new()));
            orphans.1.push(claim);
        }
    }
    let drafts = orphans.into_iter().map(|(this, (replicas, claims))| {
        let fact = |claim: &&PersistentVolumeClaim| {
            let size = claim.spec.resources.requests.get("storage").map_or("", |size| size.as_str());
            Evidence::since(format!("claim {}", claim.meta.name), size, claim.meta.creation_timestamp)
        };
        let mut evidence = vec![Evidence::new("spec.replicas", replicas.to_string())];
        evidence.extend(claims.iter().map(fact));
        let objects = claims.iter().map(|claim| target("PersistentVolumeClaim", &claim.meta).into()).collect();
        Draft { objects, ..Draft::about(this, Severity::Low, texts::orphan_claims(claims.len()), evidence) }
    });
    drafts.collect()
}

fn partition_left(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = alive(scene).filter(|set| is_rolling(set) && partition(set) > 0).filter_map(|set| {
        // The newest pod is of the revision that is held back, or older.
        let newest = pods(scene, set).iter().filter_map(|pod| pod.meta.creation_timestamp).max();
        let since = newest.or(set.meta.creation_timestamp);
        since.filter(|since| scene.age(*since) > scene.thresholds.held)?;
        let (partition, updated) = (partition(set), set.status.updated_replicas);
        let evidence = vec![
            Evidence::since("spec.updateStrategy.rollingUpdate.partition", partition.to_string(), since),
            Evidence::new("status.updatedReplicas", format!("{updated} / {}", replicas(set))),
        ];
        let title = texts::partition_left(partition, replicas(set));
        Some(Draft::about(target("StatefulSet", &set.meta), Severity::Info, title, evidence))
    });
    drafts.collect()
}
