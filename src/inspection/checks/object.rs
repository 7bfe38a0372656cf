//! Objects of any kind that do not go although they were deleted, or stayed although their owner went.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    Applications, Certificates, ConfigMaps, CronJobs, CustomResources, DaemonSets, Deployments, HelmReleases,
    Ingresses, Jobs, Kustomizations, NodeClaims, PersistentVolumeClaims, Pods, ReplicaSets, Services, StatefulSets,
};
use crate::snapshot::{ObjectMeta, Origin, OwnerReference, Resource, Snapshot, Uid};
use crate::texts::findings::namespace as texts;
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("object/finalizer-stuck"),
        kind: "Any",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
            (Jobs, Walked),
            (CronJobs, Walked),
            (Services, Walked),
            (Ingresses, Walked),
            (ConfigMaps, Walked),
            (PersistentVolumeClaims, Walked),
            (Certificates, Walked),
            (Applications, Walked),
            (Kustomizations, Walked),
            (HelmReleases, Walked),
            (NodeClaims, Walked),
            (CustomResources, Detail),
        ],
        gate: Some("30m"),
        means: "It stays, and so does its namespace, until whoever set the finalizer has tidied up and takes it away.",
        advice: "See whether that controller runs. Take the finalizer away by hand only if you know what it would have tidied up.",
        find: finalizer_stuck,
    },
    Check {
        id: CheckId::new("object/owner-missing"),
        kind: "Any",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[
            (Pods, Walked),
            (ReplicaSets, Walked),
            (ConfigMaps, Walked),
            (Jobs, Walked),
            (Deployments, Part),
            (StatefulSets, Part),
            (DaemonSets, Part),
            (CronJobs, Part),
        ],
        gate: Some("5m"),
        means: "The garbage collector should have deleted them: it does not run, or something holds it up.",
        advice: "See whether kube-controller-manager and every API service work, then delete what nobody needs.",
        find: owner_missing,
    },
];

/// Every object of the API server's own lists with its kind.
fn objects(snapshot: &Snapshot) -> impl Iterator<Item = (Resource, &str, &ObjectMeta)> {
    // Custom resources of any kind are in one list.
    let lists = Resource::ALL.iter().copied().filter(|resource| resource.origin() != Origin::Source);
    let listed =
        lists.flat_map(|resource| snapshot.metas(resource).map(move |meta| (resource, resource.api().kind, meta)));
    let custom = snapshot.custom_resources.iter().map(|object| (CustomResources, object.kind.as_str(), &object.meta));
    listed.chain(custom)
}

/// Whether a check of its own tells how objects of that kind end.
fn has_own_check(resource: Resource, meta: &ObjectMeta) -> bool {
    match resource {
        Resource::Pods | Resource::PersistentVolumes | Resource::Namespaces | Resource::CustomResourceDefinitions => {
            true
        }
        Resource::PersistentVolumeClaims => {
            meta.finalizers.iter().any(|finalizer| finalizer == "kubernetes.io/pvc-protection")
        }
        _ => false,
    }
}

fn finalizer_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = objects(scene.snapshot).filter_map(|(resource, kind, meta)| {
        let since = meta.deletion_timestamp?;
        let age = scene.age(since);
        if meta.finalizers.is_empty() || age <= scene.thresholds.finalizers || has_own_check(resource, meta) {
            return None;
        }
        let finalizers: Vec<&str> = meta.finalizers.iter().map(|finalizer| finalizer.as_str()).collect();
        let evidence = vec![
            Evidence::since("metadata.deletionTimestamp", "set", Some(since)),
            Evidence::new("metadata.finalizers", finalizers.join(", ")),
        ];
        let title = texts::finalizer_stuck(age, &finalizers);
        Some(Draft::about(target(kind, meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

fn owner_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let uids: HashSet<&Uid> = objects(snapshot).map(|(_, _, meta)| &meta.uid).collect();
    let is_missing = |owner: &OwnerReference| {
        // Nodes own mirror pods and leases by their name.
        let listed = Resource::of(&owner.api_version, &owner.kind).filter(|_| owner.kind != "Node");
        let complete = listed.is_some_and(|resource| resource != CustomResources && snapshot.has_read(resource));
        complete && !owner.uid.is_empty() && !uids.contains(&owner.uid)
    };
    let mut orphans: BTreeMap<Target, Vec<(ObjectRef, &Uid, &ObjectMeta)>> = BTreeMap::new();
    for (_, kind, meta) in objects(snapshot) {
        let settled = meta.creation_timestamp.is_some() && scene.is_settled(meta.creation_timestamp);
        // Only who has lost every owner is to go.
        let lost = !meta.owner_references.is_empty() && meta.owner_references.iter().all(is_missing);
        let Some(owner) = meta.owner_references.first() else { continue };
        if settled && lost && meta.deletion_timestamp.is_none() {
            let namespaced = Resource::of(&owner.api_version, &owner.kind).is_some_and(|each| each.api().namespaced);
            let this = match namespaced {
                true => Target::namespaced(owner.kind.as_str(), meta.namespace.as_str(), owner.name.as_str()),
                false => Target::cluster_wide(owner.kind.as_str(), owner.name.as_str()),
            };
            orphans.entry(this).or_default().push((target(kind, meta).into(), &owner.uid, meta));
        }
    }
    let draft = |(this, mut objects): (Target, Vec<(ObjectRef, &Uid, &ObjectMeta)>)| {
        objects.sort_by(|a, b| a.0.cmp(&b.0));
        let since = objects.iter().filter_map(|(_, _, meta)| meta.creation_timestamp).min();
        let uids: BTreeSet<String> = objects.iter().map(|(_, uid, _)| uid.to_string()).collect();
        let uids = uids.into_iter().collect::<Vec<_>>().join(", ");
        let another = scene.graph.find_target(&this).is_some_and(|id| scene.graph.object(id).entity.is_some());
        let title = texts::owner_missing(objects.len(), another);
        let evidence = vec![Evidence::since("metadata.ownerReferences.uid", uids, since)];
        let objects = objects.into_iter().map(|(object, _, _)| object).collect();
        Draft { objects, ..Draft::about(this, Severity::Low, title, evidence) }
    };
    orphans.into_iter().map(draft).collect()
}
