//! LimitRanges that contradict themselves, or what is deployed.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use super::workloads::{self, Workload};
use crate::finding::{Evidence, ObjectRef, Severity};
use crate::snapshot::Resource::{DaemonSets, Deployments, LimitRanges, StatefulSets};
use crate::snapshot::{LimitRangeItem, Quantities};
use crate::texts::findings::budget as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("limitrange/conflict"),
    kind: "LimitRange",
    severity: Severity::Low,
    set: Set::Hygiene,
    data: &[(LimitRanges, Walked), (Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Walked)],
    gate: None,
    means: "The next pod of those workloads is refused.",
    advice: "Bring the range and the requests and limits of the workloads together.",
    find: conflict,
}];

/// Pairs of fields of which the first may not be more than the second.
fn contradictions(item: &LimitRangeItem) -> Vec<Evidence> {
    let pairs: [(&str, &Quantities, &str, &Quantities); 5] = [
        ("min", &item.min, "max", &item.max),
        ("default", &item.default, "max", &item.max),
        ("min", &item.min, "default", &item.default),
        ("defaultRequest", &item.default_request, "default", &item.default),
        ("min", &item.min, "defaultRequest", &item.default_request),
    ];
    let mut found = Vec::new();
    for (low, lows, high, highs) in pairs {
        for (resource, least) in lows.iter() {
            if let Some(most) = highs.get(resource).filter(|most| least > *most) {
                let value = format!("{} > {}", least.as_str(), most.as_str());
                found.push(Evidence::new(format!("{} {low}.{resource} > {high}.{resource}", item.type_), value));
            }
        }
    }
    found
}

/// What of a template an item does not allow. What a container does not say is filled in, and fits.
fn outside(item: &LimitRangeItem, workload: &Workload<'_>) -> Vec<Evidence> {
    let spec = &workload.template.spec;
    let mut found = Vec::new();
    let mut note = |what: &str, resource: &str, text: String| {
        let of = format!("{} {}", workload.kind, workload.meta.name);
        found.push(Evidence::new(format!("{of} {what}.{resource}"), text));
    };
    match item.type_.as_str() {
        "Container" => {
            for container in spec.init_containers.iter().chain(&spec.containers) {
                let asked = [("requests", &container.resources.requests), ("limits", &container.resources.limits)];
                for (what, amounts) in asked {
                    for (resource, amount) in amounts.iter() {
                        let field = format!("{} {what}", container.name);
                        if let Some(least) = item.min.get(resource).filter(|least| amount < *least) {
                            note(&field, resource, format!("{} < min {}", amount.as_str(), least.as_str()));
                        }
                        if let Some(most) = item.max.get(resource).filter(|most| amount > *most) {
                            note(&field, resource, format!("{} > max {}", amount.as_str(), most.as_str()));
                        }
                    }
                }
            }
        }
        "Pod" => {
            for (resource, most) in item.max.iter() {
                if spec.amount(resource, |each| &each.limits) > most.nano() {
                    note("limits", resource, format!("> max {}", most.as_str()));
                }
            }
        }
        _ => {}
    }
    found
}

fn conflict(scene: &Scene<'_>) -> Vec<Draft> {
    let mut workloads_in: HashMap<&str, Vec<Workload<'_>>> = HashMap::new();
    for workload in workloads::all(scene) {
        workloads_in.entry(workload.meta.namespace.as_str()).or_default().push(workload);
    }
    let drafts = scene.snapshot.limit_ranges.iter().filter_map(|range| {
        let this = target("LimitRange", &range.meta);
        let mut evidence: Vec<Evidence> = range.spec.limits.iter().flat_map(contradictions).collect();
        let contradicts = !evidence.is_empty();
        let mut objects = vec![ObjectRef::from(this.clone())];
        for workload in workloads_in.get(range.meta.namespace.as_str()).map(Vec::as_slice).unwrap_or_default() {
            let found: Vec<Evidence> = range.spec.limits.iter().flat_map(|item| outside(item, workload)).collect();
            if !found.is_empty() {
                objects.push(workload.target().into());
                evidence.extend(found);
            }
        }
        let title = texts::limit_range(contradicts, objects.len() - 1);
        (!evidence.is_empty()).then(|| Draft { objects, ..Draft::about(this, Severity::Low, title, evidence) })
    });
    drafts.collect()
}
