//! Quotas that are nearly used up.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::inspection::finding::{Evidence, Severity};
use crate::snapshot::Quantity;
use crate::snapshot::Resource::ResourceQuotas;
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("quota/near-limit"),
    kind: "ResourceQuota",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(ResourceQuotas, Walked)],
    gate: Some("85 %, 95 %"),
    means: "At the limit no new pod or object is let in: rollouts and restarts stop.",
    advice: "Raise the quota, or lower what the namespace asks for.",
    find: near_limit,
}];

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

/// `used` is at least so many percent of `hard`, exactly.
fn reaches(used: &Quantity, hard: &Quantity, percent: u8) -> bool {
    used.nano().saturating_mul(100) >= hard.nano().saturating_mul(i128::from(percent))
}
