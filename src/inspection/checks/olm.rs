//! The Operator Lifecycle Manager: catalogs, versions and plans of operators.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{CatalogSources, ClusterServiceVersions, InstallPlans, OperatorGroups, Subscriptions};
use crate::snapshot::{OperatorGroup, Phased};
use crate::texts::findings::operator as texts;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("olm/catalogsource-not-ready"),
        kind: "CatalogSource",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(CatalogSources, Walked)],
        gate: Some("5m"),
        means: "Operators from this catalog can be neither installed nor upgraded.",
        advice: "Look at its pod: the index image, the pull secret, the network.",
        find: catalog_source,
    },
    Check {
        id: CheckId::new("olm/csv-not-succeeded"),
        kind: "CSV",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(ClusterServiceVersions, Walked)],
        gate: Some("15m"),
        means: "The operator is not installed: what it should look after is left alone.",
        advice: "Look at its requirements in its status, and at the operator's Deployment.",
        find: csv,
    },
    Check {
        id: CheckId::new("olm/subscription-behind"),
        kind: "Subscription",
        severity: Severity::Low,
        set: Set::Extra,
        data: &[(Subscriptions, Walked)],
        gate: Some("15m for a new one"),
        means: "The operator is not at the newest version of its channel.",
        advice: "Approve its install plan, or look at the catalog that it asks.",
        find: subscription,
    },
    Check {
        id: CheckId::new("olm/installplan-pending"),
        kind: "InstallPlan",
        severity: Severity::Low,
        set: Set::Extra,
        data: &[(InstallPlans, Walked)],
        gate: Some("15m"),
        means: "An operator waits to be installed or upgraded.",
        advice: "Approve it (spec.approved), or read why it failed.",
        find: install_plan,
    },
    Check {
        id: CheckId::new("olm/operatorgroup-many"),
        kind: "OperatorGroup",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(OperatorGroups, Walked)],
        gate: None,
        means: "OLM installs and upgrades nothing in a namespace with more than one.",
        advice: "Delete all but the one that the operators need.",
        find: operator_groups,
    },
];

fn catalog_source(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.catalog_sources.iter().filter_map(|source| {
        let connection = &source.status.connection_state;
        let state = connection.last_observed_state.as_str();
        let since = connection.last_connect.or(source.meta.creation_timestamp);
        if state == "READY" || source.meta.deletion_timestamp.is_some() || !scene.is_settled(since) {
            return None;
        }
        let said = if state.is_empty() { "(none)" } else { state };
        let evidence = vec![Evidence::since("status.connectionState.lastObservedState", said, since)];
        Some(Draft::about(target("CatalogSource", &source.meta), Severity::Medium, texts::catalog(state), evidence))
    });
    drafts.collect()
}

/// The phase, since when, and what is said about it.
fn facts(object: &Phased) -> Vec<Evidence> {
    let status = &object.status;
    let since = status.last_transition_time.or(object.meta.creation_timestamp);
    let mut facts = vec![Evidence::since("status.phase", texts::written(&status.phase), since)];
    for (field, value) in [("reason", &status.reason), ("message", &status.message)] {
        if !value.is_empty() {
            facts.push(Evidence::new(format!("status.{field}"), value.as_str()));
        }
    }
    facts
}

fn csv(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.cluster_service_versions.iter().filter_map(|csv| {
        let phase = csv.status.phase.as_str();
        // The original says it for all of its copies in other namespaces.
        let copied = csv.meta.labels.contains_key("olm.copiedFrom") || csv.status.reason == "Copied";
        let leaving = csv.meta.deletion_timestamp.is_some() || matches!(phase, "Replacing" | "Deleting");
        if phase == "Succeeded" || copied || leaving {
            return None;
        }
        let since = csv.status.last_transition_time.or(csv.meta.creation_timestamp);
        if phase != "Failed" && !scene.is_older(since, scene.thresholds.condition) {
            return None;
        }
        let title = texts::csv(phase, &csv.status.message);
        Some(Draft::about(target("ClusterServiceVersion", &csv.meta), Severity::Medium, title, facts(csv)))
    });
    drafts.collect()
}

fn subscription(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.subscriptions.iter().filter_map(|subscription| {
        let status = &subscription.status;
        let since = subscription.meta.creation_timestamp;
        let severity = match status.state.as_str() {
            "AtLatestKnown" => return None,
            "" if !scene.is_older(since, scene.thresholds.condition) => return None,
            "UpgradeFailed" => Severity::Medium,
            _ => Severity::Low,
        };
        let mut evidence = vec![Evidence::new("status.state", texts::written(&status.state))];
        for (field, csv) in [("installedCSV", &status.installed_csv), ("currentCSV", &status.current_csv)] {
            if !csv.is_empty() {
                evidence.push(Evidence::new(format!("status.{field}"), csv.as_str()));
            }
        }
        let title = texts::subscription(&status.state, &status.current_csv);
        Some(Draft::about(target("Subscription", &subscription.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn install_plan(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.install_plans.iter().filter_map(|plan| {
        let phase = plan.status.phase.as_str();
        let failed = phase == "Failed";
        if phase == "Complete" || (!failed && !scene.is_older(plan.meta.creation_timestamp, scene.thresholds.condition))
        {
            return None;
        }
        let mut evidence = facts(plan);
        if plan.spec.approved == Some(false) {
            evidence.push(Evidence::new("spec.approved", "false"));
        }
        let severity = if failed { Severity::Medium } else { Severity::Low };
        let title = texts::install_plan(phase, &plan.status.message);
        Some(Draft::about(target("InstallPlan", &plan.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn operator_groups(scene: &Scene<'_>) -> Vec<Draft> {
    let mut groups: BTreeMap<&str, Vec<&OperatorGroup>> = BTreeMap::new();
    for group in scene.snapshot.operator_groups.iter().filter(|group| group.meta.deletion_timestamp.is_none()) {
        groups.entry(group.meta.namespace.as_str()).or_default().push(group);
    }
    let several = groups.into_iter().filter(|(_, groups)| groups.len() > 1);
    let drafts = several.map(|(namespace, groups)| {
        let mut objects: Vec<ObjectRef> =
            groups.iter().map(|group| target("OperatorGroup", &group.meta).into()).collect();
        objects.sort();
        let names: Vec<&str> = objects.iter().map(|object| object.name.as_str()).collect();
        let evidence = vec![Evidence::new("OperatorGroups", names.join(", "))];
        let title = texts::operator_groups(objects.len());
        // Of the namespace, so that it stays the same finding whichever of them is deleted.
        let this = Target::namespaced("OperatorGroup", namespace, namespace);
        Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) }
    });
    drafts.collect()
}
