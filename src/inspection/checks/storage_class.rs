//! Storage classes that are missing, doubled or dead.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{PersistentVolumeClaims, StorageClasses};
use crate::snapshot::{PersistentVolumeClaim, StorageClass};
use crate::texts::findings::storage as texts;
use std::collections::{BTreeMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("storageclass/no-default"),
        kind: "StorageClass",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(StorageClasses, Complete), (PersistentVolumeClaims, Walked)],
        gate: Some("5m"),
        means: "Claims without a class wait for ever, and with them their pods.",
        advice: "Mark one class as the default, or name a class in the claims.",
        find: no_default,
    },
    Check {
        id: CheckId::new("storageclass/many-defaults"),
        kind: "StorageClass",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(StorageClasses, Walked)],
        gate: None,
        means: "Claims without a class get the newest default, which may not be the one that is meant.",
        advice: "Take the annotation storageclass.kubernetes.io/is-default-class away from all but one.",
        find: many_defaults,
    },
    Check {
        id: CheckId::new("storageclass/missing"),
        kind: "StorageClass",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(StorageClasses, Complete), (PersistentVolumeClaims, Walked)],
        gate: Some("5m"),
        means: "No volume is made for the claims that name it, so their pods do not start.",
        advice: "Create the class, or correct its name in the claims.",
        find: missing,
    },
    Check {
        id: CheckId::new("storageclass/removed-provisioner"),
        kind: "StorageClass",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(StorageClasses, Walked)],
        gate: None,
        means: "Claims of this class get no volume.",
        advice: "Install the CSI driver that took its place and name it as the provisioner of a new class.",
        find: removed_provisioner,
    },
];

/// Claims that wait for a volume for longer than a healthy one does.
fn waiting<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a PersistentVolumeClaim> {
    let settled = |claim: &&PersistentVolumeClaim| {
        let pending = claim.status.phase == "Pending" && claim.meta.deletion_timestamp.is_none();
        pending && scene.is_settled(claim.meta.creation_timestamp)
    };
    scene.snapshot.persistent_volume_claims.iter().filter(settled)
}

/// A finding about a class with the claims that suffer from it.
fn with_claims(
    this: Target,
    severity: Severity,
    title: String,
    field: &str,
    claims: &[&PersistentVolumeClaim],
) -> Draft {
    let since = claims.iter().filter_map(|claim| claim.meta.creation_timestamp).min();
    let objects = claims.iter().map(|claim| ObjectRef::from(target("PersistentVolumeClaim", &claim.meta))).collect();
    let evidence = vec![Evidence::since(field, claims.len().to_string(), since)];
    Draft { objects, ..Draft::about(this, severity, title, evidence) }
}

fn no_default(scene: &Scene<'_>) -> Vec<Draft> {
    if scene.snapshot.storage_classes.iter().any(StorageClass::is_default) {
        return Vec::new();
    }
    let classless =
        waiting(scene).filter(|claim| claim.spec.storage_class_name.is_none() && claim.spec.volume_name.is_empty());
    let claims: Vec<&PersistentVolumeClaim> = classless.collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let this = Target::cluster_wide("StorageClass", "(default)");
    vec![with_claims(this, Severity::Medium, texts::no_default(claims.len()), "claims without a class", &claims)]
}

fn many_defaults(scene: &Scene<'_>) -> Vec<Draft> {
    let defaults = scene.snapshot.storage_classes.iter().filter(|class| class.is_default());
    let mut names: Vec<&str> = defaults.map(|class| class.meta.name.as_str()).collect();
    names.sort_unstable();
    let [first, _, ..] = names.as_slice() else { return Vec::new() };
    let objects = names.iter().map(|name| ObjectRef::from(Target::cluster_wide("StorageClass", *name))).collect();
    let evidence = names.iter().map(|name| Evidence::new("is-default-class", *name)).collect();
    let this = Target::cluster_wide("StorageClass", *first);
    vec![Draft { objects, ..Draft::about(this, Severity::Low, texts::many_defaults(&names), evidence) }]
}

fn missing(scene: &Scene<'_>) -> Vec<Draft> {
    let known: HashSet<&str> = scene.snapshot.storage_classes.iter().map(|class| class.meta.name.as_str()).collect();
    let mut lacking: BTreeMap<&str, Vec<&PersistentVolumeClaim>> = BTreeMap::new();
    for claim in waiting(scene).filter(|claim| claim.spec.volume_name.is_empty()) {
        let class = claim.spec.storage_class_name.as_ref().map(|class| class.as_str());
        if let Some(class) = class.filter(|class| !class.is_empty() && !known.contains(class)) {
            lacking.entry(class).or_default().push(claim);
        }
    }
    let draft = |(class, claims): (&str, Vec<&PersistentVolumeClaim>)| {
        let this = Target::cluster_wide("StorageClass", class);
        with_claims(this, Severity::High, texts::class_missing(claims.len()), "claims that name it", &claims)
    };
    lacking.into_iter().map(draft).collect()
}

/// In-tree provisioners that are gone, and since when nothing stands in for them (Kubernetes: volumes, removed types).
/// Those that are redirected to a CSI driver (aws-ebs, gce-pd, azure-disk, azure-file, vsphere-volume, cinder) are only dead
/// where the driver is not installed, which the claims show.
const REMOVED: &[&str] = &[
    "kubernetes.io/glusterfs",
    "kubernetes.io/quobyte",
    "kubernetes.io/storageos",
    "kubernetes.io/flocker",
    "kubernetes.io/scaleio",
    "kubernetes.io/rbd",
    "kubernetes.io/cephfs",
];

fn removed_provisioner(scene: &Scene<'_>) -> Vec<Draft> {
    let dead = scene.snapshot.storage_classes.iter().filter(|class| REMOVED.contains(&class.provisioner.as_str()));
    let draft = |class: &StorageClass| {
        let provisioner = class.provisioner.as_str();
        let evidence = vec![Evidence::since("provisioner", provisioner, class.meta.creation_timestamp)];
        let this = target("StorageClass", &class.meta);
        Draft::about(this, Severity::Medium, texts::removed_provisioner(provisioner), evidence)
    };
    dead.map(draft).collect()
}
