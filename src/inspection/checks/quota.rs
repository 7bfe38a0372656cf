//! Quotas that are nearly used up, or that turn pods away.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use crate::diagnosis::exceeded_quota;
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{Events, ResourceQuotas};
use crate::snapshot::{Event, Quantity};
use crate::texts::findings::{self as texts, budget};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("quota/near-limit"),
        kind: "ResourceQuota",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(ResourceQuotas, Walked)],
        gate: Some("85 %, 95 %"),
        means: "At the limit no new pod or object is let in: rollouts and restarts stop.",
        advice: "Raise the quota, or lower what the namespace asks for.",
        find: near_limit,
    },
    Check {
        id: CheckId::new("quota/rejections"),
        kind: "ResourceQuota",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Events, Walked)],
        gate: Some("24h"),
        means: "Pods that should run were not let in.",
        advice: "Raise the quota, or lower what the namespace asks for.",
        find: rejections,
    },
];

pub(super) fn near_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.resource_quotas.iter().filter_map(|quota| {
        let mut severity = None;
        let mut near = Vec::new();
        for (resource, hard) in quota.status.hard.iter() {
            // A limit of nothing forbids the resource on purpose.
            let Some(used) = quota.status.used.get(resource).filter(|_| !hard.is_zero()) else { continue };
            let reaches = |percent: u8| reaches(used, hard, percent);
            let level = if reaches(scene.thresholds.quota_high) {
                Severity::High
            } else if reaches(scene.thresholds.quota_medium) {
                Severity::Medium
            } else {
                continue;
            };
            severity = severity.max(Some(level));
            near.push((resource.as_str(), used, hard, used.ratio(hard).unwrap_or_default()));
        }
        near.sort_by(|a, b| b.3.total_cmp(&a.3).then(a.0.cmp(b.0)));
        let evidence = near.iter().map(|(resource, used, hard, _)| {
            Evidence::new(format!("used/hard {resource}"), format!("{} / {}", used.as_str(), hard.as_str()))
        });
        let evidence = evidence.collect();
        let names: Vec<(&str, f64)> = near.iter().map(|(resource, _, _, ratio)| (*resource, *ratio)).collect();
        let title = texts::near_limit(&names);
        severity.map(|severity| Draft::about(target("ResourceQuota", &quota.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn rejections(scene: &Scene<'_>) -> Vec<Draft> {
    let mut refused: BTreeMap<Target, Vec<&Event>> = BTreeMap::new();
    let failed = scene.snapshot.events.iter().filter(|event| event.reason == "FailedCreate");
    for event in failed.filter(|event| scene.is_news(event.last_seen)) {
        if let Some(quota) = exceeded_quota(&event.message) {
            let quota = Target::namespaced("ResourceQuota", event.involved_object.namespace.as_str(), quota);
            refused.entry(quota).or_default().push(event);
        }
    }
    let drafts = refused.into_iter().filter_map(|(quota, events)| {
        let newest = events.iter().max_by_key(|event| event.last_seen)?;
        let times: i32 = events.iter().map(|event| event.count).sum();
        let who = |event: &&Event| {
            let about = &event.involved_object;
            ObjectRef::from(Target::namespaced(about.kind.as_str(), about.namespace.as_str(), about.name.as_str()))
        };
        let who: BTreeSet<ObjectRef> = events.iter().map(who).collect();
        let evidence = vec![event_evidence(newest), Evidence::new("count", times.to_string())];
        let title = budget::rejections(who.len(), times);
        let objects = std::iter::once(ObjectRef::from(quota.clone())).chain(who).collect();
        Some(Draft { objects, ..Draft::about(quota, Severity::High, title, evidence) })
    });
    drafts.collect()
}

/// `used` is at least so many percent of `hard`, exactly.
fn reaches(used: &Quantity, hard: &Quantity, percent: u8) -> bool {
    used.nano().saturating_mul(100) >= hard.nano().saturating_mul(i128::from(percent))
}
