//! The version of the API server: how long it is supported, and which of its APIs go away.

use super::check::row::*;
use super::control_plane::cluster;
use super::node_version::minor;
use super::old_manifest::old_manifests;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    ApiServices, ClusterRoleBindings, ClusterRoles, CronJobs, CustomResourceDefinitions, DaemonSets, Deployments,
    DeprecatedApis, HorizontalPodAutoscalers, Ingresses, MutatingWebhookConfigurations, PodDisruptionBudgets,
    RoleBindings, Roles, ServedApis, StatefulSets, StorageClasses, ValidatingWebhookConfigurations,
};
use crate::texts::findings::cluster as texts;
use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use std::cmp::Ordering;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/version-eol"),
        kind: "Cluster",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(ServedApis, Walked)],
        gate: Some("the day after its last"),
        means: "Nobody mends holes in this version any more, unless your provider still does.",
        advice: "Upgrade, one minor version after the other.",
        find: version_eol,
    },
    Check {
        id: CheckId::new("cluster/version-patch-behind"),
        kind: "Cluster",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(ServedApis, Walked)],
        gate: None,
        means: "Holes that are known and mended are still open here.",
        advice: "Upgrade to the newest patch of the same minor version.",
        find: patch_behind,
    },
    Check {
        id: CheckId::new("cluster/deprecated-api-in-use"),
        kind: "Cluster",
        severity: Severity::High,
        set: Set::Daily,
        data: &[
            (DeprecatedApis, Walked),
            (CronJobs, Walked),
            (HorizontalPodAutoscalers, Walked),
            (PodDisruptionBudgets, Walked),
            (Ingresses, Walked),
            (Deployments, Walked),
            (StatefulSets, Walked),
            (DaemonSets, Walked),
            (StorageClasses, Walked),
            (Roles, Walked),
            (ClusterRoles, Walked),
            (RoleBindings, Walked),
            (ClusterRoleBindings, Walked),
            (MutatingWebhookConfigurations, Walked),
            (ValidatingWebhookConfigurations, Walked),
            (CustomResourceDefinitions, Walked),
            (ApiServices, Walked),
        ],
        gate: Some("the next minor version"),
        means: "Who asks for it, or applies it, fails on the day of the upgrade that takes it away.",
        advice: "Find the client (audit log: k8s.io/deprecated), and move it and its manifests to the version that stays.",
        find: deprecated_api,
    },
];

/// The last day of support of each minor version 1.N: kubernetes.io/releases and its `eol.yaml`, as of 2026-11-26.
const SUPPORTED_UNTIL: &[(u32, (i32, u32, u32))] = &[
    (28, (2024, 10, 22)),
    (29, (2025, 2, 28)),
    (30, (2025, 7, 15)),
    (31, (2025, 11, 11)),
    (32, (2026, 2, 28)),
    (33, (2026, 6, 28)),
    (34, (2026, 10, 27)),
    (35, (2027, 2, 28)),
    (36, (2027, 6, 28)),
    (37, (2027, 10, 28)),
];

/// Patches known to be released, with their day: the same pages. Older minor versions get none any more.
const PATCHES: &[(u32, u32, (i32, u32, u32))] =
    &[(34, 9, (2026, 6, 9)), (35, 9, (2026, 9, 15)), (36, 4, (2026, 8, 11)), (37, 2, (2026, 10, 13))];

fn day((year, month, day): (i32, u32, u32)) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

/// The last day of support, and how the version stands to those whose day is known. A later one is taken to come four
/// months after the one before, and to be supported for as long (three releases a year, each for about 14 months).
fn supported_until(minor: u32) -> Option<(NaiveDate, Ordering)> {
    let known = SUPPORTED_UNTIL.iter().find(|(version, _)| *version == minor);
    let (first, last) = (SUPPORTED_UNTIL.first()?, SUPPORTED_UNTIL.last()?);
    match known {
        Some((_, end)) => Some((day(*end)?, Ordering::Equal)),
        None if minor < first.0 => Some((day(first.1)?, Ordering::Less)),
        None => Some((day(last.1)?.checked_add_months(Months::new(4 * (minor - last.0)))?, Ordering::Greater)),
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn version_eol(scene: &Scene<'_>) -> Vec<Draft> {
    let version = scene.snapshot.version.as_deref().unwrap_or_default();
    let draft = minor(version).and_then(|(_, minor)| {
        let (end, found) = supported_until(minor)?;
        (scene.now >= midnight(end.succ_opt()?)).then(|| {
            let last_day = texts::last_day(end, found);
            let evidence = vec![Evidence::new("version", version), Evidence::new("supported until", last_day.as_str())];
            let title = texts::version_eol(version, &last_day);
            Draft::about(cluster(scene), Severity::Medium, title, evidence)
        })
    });
    draft.into_iter().collect()
}

/// The patch number of `v1.37.2-eks-1`.
fn patch(version: &str) -> Option<u32> {
    version.split(['.', '-', '+']).nth(2)?.parse().ok()
}

fn patch_behind(scene: &Scene<'_>) -> Vec<Draft> {
    let version = scene.snapshot.version.as_deref().unwrap_or_default();
    let draft = minor(version).zip(patch(version)).and_then(|((_, minor), patch)| {
        let (_, newest, date) = PATCHES.iter().find(|(known, _, _)| *known == minor)?;
        let date = day(*date)?;
        (patch < *newest && scene.now >= midnight(date)).then(|| {
            let newest = format!("v1.{minor}.{newest}");
            let evidence =
                vec![Evidence::new("version", version), Evidence::new("released", format!("{newest} on {date}"))];
            Draft::about(cluster(scene), Severity::Low, texts::patch_behind(version, &newest), evidence)
        })
    });
    draft.into_iter().collect()
}

fn deprecated_api(scene: &Scene<'_>) -> Vec<Draft> {
    let server = scene.snapshot.version.as_deref().and_then(minor);
    let drafts = scene.snapshot.deprecated_apis.iter().map(|api| {
        let group_version = if api.group.is_empty() {
            api.version.as_str().to_owned()
        } else {
            format!("{}/{}", api.group, api.version)
        };
        let removed = minor(&api.removed_release);
        // Where nobody knows how far the upgrade has come, a date that is set is near enough.
        let soon = removed.is_some_and(|removed| server.is_none_or(|(major, minor)| removed <= (major, minor + 1)));
        let severity = match removed {
            Some(_) if soon => Severity::High,
            Some(_) => Severity::Medium,
            None => Severity::Low,
        };
        let mut evidence = vec![Evidence::new("requested", format!("{} of {group_version}", api.resource))];
        if !api.removed_release.is_empty() {
            evidence.push(Evidence::new("removed in", api.removed_release.as_str()));
        }
        let title = texts::deprecated_api(&api.resource, &group_version, &api.removed_release);
        let container = Some(api.meta.name.as_str().to_owned());
        Draft { container, ..Draft::about(cluster(scene), severity, title, evidence) }
    });
    drafts.chain(old_manifests(scene)).collect()
}
