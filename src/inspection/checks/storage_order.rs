//! Claims that work, and could be kept better.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use super::storage_claim::users;
use crate::finding::{Evidence, Severity};
use crate::snapshot::PersistentVolumeClaim;
use crate::snapshot::Resource::{PersistentVolumeClaims, Pods, StatefulSets};
use crate::texts::findings::{self, storage as texts};
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pvc/unused"),
        kind: "PVC",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(PersistentVolumeClaims, Walked), (Pods, Complete), (StatefulSets, Complete)],
        gate: Some("7d"),
        means: "Its volume is paid for and does nothing.",
        advice: "Save what is needed and delete the claim.",
        find: unused,
    },
    Check {
        id: CheckId::new("pvc/small-or-classless"),
        kind: "PVC",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(PersistentVolumeClaims, Walked)],
        gate: Some("1Gi"),
        means: "Small volumes use up the number that a node can attach; without a class another cluster gives it another kind of disk.",
        advice: "Name a storage class; put very small data into a ConfigMap or a shared volume.",
        find: small_or_classless,
    },
];

fn unused(scene: &Scene<'_>) -> Vec<Draft> {
    let stems = stems(scene);
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let since = claim.meta.creation_timestamp?;
        let age = scene.age(since);
        let this = target("PersistentVolumeClaim", &claim.meta);
        let id = scene.graph.find_target(&this)?;
        if age <= scene.thresholds.left_over || claim.meta.deletion_timestamp.is_some() || of_a_set(&stems, claim) {
            return None;
        }
        if users(scene, id).next().is_some() {
            return None;
        }
        let evidence = vec![Evidence::since("pods that mount it", "0", Some(since))];
        Some(Draft::about(this, Severity::Low, texts::unused(age.num_days()), evidence))
    });
    drafts.collect()
}

/// How the claims of StatefulSets begin, with their namespace: `<template>-<set>`.
fn stems<'a>(scene: &Scene<'a>) -> HashSet<(&'a str, String)> {
    let sets = scene.snapshot.stateful_sets.iter();
    let stems = sets.flat_map(|set| {
        let templates = set.spec.volume_claim_templates.iter();
        templates.map(move |each| (set.meta.namespace.as_str(), format!("{}-{}", each.meta.name, set.meta.name)))
    });
    stems.collect()
}

/// Whether a StatefulSet's template made it: `<template>-<set>-<ordinal>`. Ordinals beyond its replicas are another check's.
fn of_a_set(stems: &HashSet<(&str, String)>, claim: &PersistentVolumeClaim) -> bool {
    let Some((stem, ordinal)) = claim.meta.name.rsplit_once('-') else { return false };
    ordinal.bytes().all(|byte| byte.is_ascii_digit())
        && stems.contains(&(claim.meta.namespace.as_str(), stem.to_owned()))
}

fn small_or_classless(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let size = claim.spec.resources.requests.get("storage").filter(|size| size.value() < 1 << 30);
        let (title, fact) = match (size, &claim.spec.storage_class_name) {
            (Some(size), _) => {
                (texts::small(size.as_str()), Evidence::new("spec.resources.requests.storage", size.as_str()))
            }
            (None, None) => (texts::classless(), Evidence::new("spec.storageClassName", findings::default_class())),
            (None, Some(_)) => return None,
        };
        Some(Draft::about(target("PersistentVolumeClaim", &claim.meta), Severity::Info, title, vec![fact]))
    });
    drafts.collect()
}
