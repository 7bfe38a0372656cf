//! Definitions of custom resources: whether they are served, converted, and can be read back.

use super::callee::{Callee, written};
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use super::webhook::Distrust;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::CustomResourceDefinition;
use crate::snapshot::Resource::{CustomResourceDefinitions, EndpointSlices, Pods, Services};
use crate::texts::findings::extension as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("crd/not-established"),
        kind: "CRD",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CustomResourceDefinitions, Walked)],
        gate: Some("5m"),
        means: "Its objects cannot be read or made; the operator that needs them does nothing.",
        advice: "The condition says why: another definition has its names, or its objects hold it back while it is deleted.",
        find: not_established,
    },
    Check {
        id: CheckId::new("crd/conversion-broken"),
        kind: "CRD",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CustomResourceDefinitions, Walked), (EndpointSlices, Part), (Services, Part), (Pods, Detail)],
        gate: Some("5m, 14d"),
        means: "Its objects cannot be read in another version than the stored one: lists fail, controllers and deletions with them.",
        advice: "Bring the operator that converts them up again, and its caBundle up to date.",
        find: conversion_broken,
    },
    Check {
        id: CheckId::new("crd/stored-version-unserved"),
        kind: "CRD",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: &[(CustomResourceDefinitions, Walked)],
        gate: None,
        means: "Objects may lie in etcd in a version that nobody reads any more; the next upgrade of the operator may stop at it.",
        advice: "Write all its objects once in the stored version (storage version migration), then take the old one out of status.storedVersions.",
        find: stored_version_unserved,
    },
];

fn not_established(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.custom_resource_definitions.iter().filter_map(|definition| {
        let conditions = &definition.status.conditions;
        let names = conditions.get("NamesAccepted").filter(|names| names.status != "True");
        let deleted = definition.meta.deletion_timestamp;
        let (title, fact) = if deleted.is_some() {
            let why = conditions.get("Terminating").map_or("", |terminating| terminating.message.as_str());
            let fact = Evidence::since("metadata.deletionTimestamp", texts::set(), deleted);
            (texts::terminating(why), fact)
        } else if let Some(names) = names {
            let since = names.last_transition_time;
            let fact = Evidence::since("conditions[NamesAccepted].reason", &*names.reason, since);
            (texts::names_taken(&names.message), fact)
        } else if conditions.is("Established", "True") {
            return None;
        } else {
            let established = conditions.get("Established");
            let status = established.map_or("(none)", |established| established.status.as_str());
            let since = established.and_then(|established| established.last_transition_time);
            let since = since.or(definition.meta.creation_timestamp);
            let message = established.map_or("", |established| established.message.as_str());
            (texts::not_established(message), Evidence::since("conditions[Established].status", status, since))
        };
        scene.is_settled(fact.since).then(|| {
            Draft::about(target("CustomResourceDefinition", &definition.meta), Severity::High, title, vec![fact])
        })
    });
    drafts.collect()
}

/// Whether anything has ever to be converted.
fn has_versions(definition: &CustomResourceDefinition) -> bool {
    let served = definition.spec.versions.iter().filter(|version| version.served).count();
    served > 1 || definition.status.stored_versions.len() > 1
}

fn conversion_broken(scene: &Scene<'_>) -> Vec<Draft> {
    let living =
        scene.snapshot.custom_resource_definitions.iter().filter(|each| each.meta.deletion_timestamp.is_none());
    let drafts = living.filter(|definition| has_versions(definition)).filter_map(|definition| {
        let conversion = definition.spec.conversion.as_ref().filter(|conversion| conversion.strategy == "Webhook")?;
        let config = conversion.webhook.as_ref()?.client_config.as_ref()?;
        let this = target("CustomResourceDefinition", &definition.meta);
        let mut objects = vec![ObjectRef::from(this.clone())];
        let mut evidence = Vec::new();
        let mut title = None;
        if let Some(service) = &config.service {
            objects.push(Target::namespaced("Service", service.namespace.as_str(), service.name.as_str()).into());
            let name = written(service);
            match Callee::of(scene, service) {
                Callee::Missing => {
                    evidence.push(Evidence::new("Service", "does not exist"));
                    title = Some(texts::conversion_broken(&texts::service_missing(&name)));
                }
                Callee::Silent { endpoints, since } if scene.is_settled(since) => {
                    evidence.push(Evidence::since("endpoints ready", format!("0 / {endpoints}"), since));
                    title = Some(texts::conversion_broken(&texts::nobody_behind(&name)));
                }
                Callee::Silent { .. } | Callee::Answers => {}
            }
            evidence.push(Evidence::new("clientConfig.service", name));
        }
        if let Some(distrust) = Distrust::of(scene, config, definition.meta.creation_timestamp) {
            evidence.push(distrust.fact());
            title = title.or_else(|| Some(texts::conversion_distrusted(distrust)));
        }
        Some(Draft { objects, ..Draft::about(this, Severity::High, title?, evidence) })
    });
    drafts.collect()
}

fn stored_version_unserved(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.custom_resource_definitions.iter().filter_map(|definition| {
        let served = |name: &str| definition.spec.versions.iter().any(|version| version.name == name && version.served);
        let stored = definition.status.stored_versions.iter().map(|version| version.as_str());
        let unserved: Vec<&str> = stored.filter(|version| !served(version)).collect();
        let served: Vec<&str> =
            definition.spec.versions.iter().filter(|version| version.served).map(|version| &*version.name).collect();
        (!unserved.is_empty()).then(|| {
            let evidence = vec![
                Evidence::new("status.storedVersions", unserved.join(", ")),
                Evidence::new("served", served.join(", ")),
            ];
            let this = target("CustomResourceDefinition", &definition.meta);
            Draft::about(this, Severity::Medium, texts::stored_version_unserved(&unserved), evidence)
        })
    });
    drafts.collect()
}
