//! Workloads that use much more or much less than they ask for.

use super::check::row::*;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, Severity, Target};
use crate::inspection::history::{Usage, usage_now};
use crate::snapshot::Resource::{PodMetrics, Pods, ReplicaSets};
use crate::texts::findings::workload as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("workload/over-requested"),
        kind: "Workload",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Pods, Walked), (PodMetrics, Walked), (ReplicaSets, Detail)],
        gate: Some("50 % in 3 inspections over a day"),
        means: "What it reserves and does not use, nobody else can have.",
        advice: "Lower its requests to what it uses at its busiest.",
        find: over_requested,
    },
    Check {
        id: CheckId::new("workload/under-requested"),
        kind: "Workload",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (PodMetrics, Walked), (ReplicaSets, Detail)],
        gate: Some("200 %"),
        means: "The scheduler thinks that its nodes are emptier than they are; under pressure its pods go first.",
        advice: "Raise its requests to what it uses.",
        find: under_requested,
    },
];

/// What is too little to care about: millicores, and bytes.
const LEAST: [u64; 2] = [100, 128 << 20];

/// Used and requested, of CPU and of memory.
fn amounts(usage: &Usage) -> [(&'static str, u64, u64); 2] {
    [("cpu", usage.cpu, usage.cpu_requested), ("memory", usage.memory, usage.memory_requested)]
}

/// The workload of a key of the memory.
fn workload(key: &str) -> Option<Target> {
    let mut parts = key.splitn(3, '/');
    Some(Target::namespaced(parts.next()?, parts.next()?, parts.next()?))
}

fn fact(resource: &str, used: u64, requested: u64) -> Evidence {
    let amount = |amount: u64| if resource == "cpu" { format!("{amount}m") } else { format!("{}Mi", amount >> 20) };
    Evidence::new(format!("usage.{resource}"), format!("{} of {}", amount(used), amount(requested)))
}

fn over_requested(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(past) = scene.history.memory().and_then(|memory| memory.usage.as_ref()) else { return Vec::new() };
    let drafts = usage_now(scene.snapshot).into_iter().filter_map(|(key, now)| {
        let past = past.get(&key)?;
        let long = past.first().is_some_and(|first| scene.age(first.at) >= scene.thresholds.window);
        if !long || past.len() + 1 < scene.thresholds.usages {
            return None;
        }
        let mut shares = Vec::new();
        let mut evidence = Vec::new();
        for (index, (resource, used, requested)) in amounts(&now).into_iter().enumerate() {
            let little =
                |(_, used, requested): (&str, u64, u64)| used * 100 < requested * scene.thresholds.over_requested;
            let always =
                past.iter().chain([&now]).all(|usage| amounts(usage).get(index).is_some_and(|each| little(*each)));
            if always && requested > LEAST[index] {
                // The most that was ever seen is what a person may go down to.
                let most =
                    past.iter().chain([&now]).filter_map(|usage| amounts(usage).get(index).map(|each| each.1)).max();
                let most = most.unwrap_or(used);
                shares.push((resource, most * 100 / requested));
                evidence.push(fact(resource, most, requested));
            }
        }
        if shares.is_empty() {
            return None;
        }
        evidence.push(Evidence::since(
            texts::inspections(),
            (past.len() + 1).to_string(),
            past.first().map(|first| first.at),
        ));
        Some(Draft::about(workload(&key)?, Severity::Low, texts::over_requested(&shares), evidence))
    });
    drafts.collect()
}

fn under_requested(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = usage_now(scene.snapshot).into_iter().filter_map(|(key, now)| {
        let much = |(index, (_, used, requested)): &(usize, (&str, u64, u64))| {
            *requested > 0
                && *used > requested + LEAST[*index]
                && used * 100 > requested * scene.thresholds.under_requested
        };
        let found: Vec<_> = amounts(&now).into_iter().enumerate().filter(much).map(|(_, each)| each).collect();
        if found.is_empty() {
            return None;
        }
        let shares: Vec<_> =
            found.iter().map(|(resource, used, requested)| (*resource, used * 100 / requested)).collect();
        let evidence = found.iter().map(|(resource, used, requested)| fact(resource, *used, *requested)).collect();
        Some(Draft::about(workload(&key)?, Severity::Medium, texts::under_requested(&shares), evidence))
    });
    drafts.collect()
}
