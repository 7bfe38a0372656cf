//! Disruption budgets: those that let nothing happen, and those that protect nothing.

use super::check::row::*;
use super::scene::{Draft, Scene, is_live, target, unready};
use super::workloads::{self, Selectors};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::PodDisruptionBudgets as Budgets;
use crate::snapshot::Resource::{DaemonSets, Deployments, Nodes, Pods, StatefulSets};
use crate::snapshot::{IntOrString, Pod, PodDisruptionBudget as Budget};
use crate::texts::findings::budget as texts;
use std::collections::{BTreeMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pdb/blocks-drain"),
        kind: "PDB",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Budgets, Walked), (Pods, Detail), (Nodes, Detail)],
        gate: Some("5m"),
        means: "Its pods cannot be moved: upgrades and drains of their nodes wait for ever.",
        advice: "Allow at least one disruption, or run one replica more.",
        find: blocks_drain,
    },
    Check {
        id: CheckId::new("pdb/unhealthy"),
        kind: "PDB",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Budgets, Walked), (Pods, Detail)],
        gate: Some("5m"),
        means: "Fewer pods are healthy than must be, and none of them may be evicted.",
        advice: "Look at the pods that are not ready.",
        find: unhealthy,
    },
    Check {
        id: CheckId::new("pdb/sync-failed"),
        kind: "PDB",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Budgets, Walked)],
        gate: None,
        means: "Nobody counts how many pods may be down: every eviction is refused.",
        advice: "The message says which pods it cannot count; their controller has to have a scale.",
        find: sync_failed,
    },
    Check {
        id: CheckId::new("pdb/no-pods"),
        kind: "PDB",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Budgets, Walked), (Pods, Complete)],
        gate: None,
        means: "It protects nothing: a wrong label, or left over.",
        advice: "Compare its selector with the labels of the pods, or delete it.",
        find: no_pods,
    },
    Check {
        id: CheckId::new("pdb/overlap"),
        kind: "PDB",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Budgets, Walked), (Pods, Walked)],
        gate: None,
        means: "The eviction API refuses pods that have more than one budget: their nodes cannot be drained.",
        advice: "Keep one budget for each pod.",
        find: overlap,
    },
    Check {
        id: CheckId::new("pdb/missing"),
        kind: "Workload",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Budgets, Complete), (Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Detail)],
        gate: None,
        means: "A drain may take down all of its replicas at once.",
        advice: "Add a PodDisruptionBudget with maxUnavailable 1.",
        find: missing,
    },
];

fn selectors<'a>(scene: &Scene<'a>) -> Selectors<'a> {
    let budgets = scene.snapshot.pod_disruption_budgets.iter();
    Selectors::full(budgets.map(|budget| (budget.meta.namespace.as_str(), budget.spec.selector.as_ref())))
}

/// The pods that are to run of each budget, in the order of the budgets.
fn protected<'a>(scene: &Scene<'a>) -> Vec<Vec<&'a Pod>> {
    let selectors = selectors(scene);
    let mut protected = vec![Vec::new(); scene.snapshot.pod_disruption_budgets.len()];
    for pod in scene.live_pods() {
        for place in selectors.reaching(&pod.meta.namespace, &pod.meta.labels) {
            if let Some(pods) = protected.get_mut(place) {
                pods.push(pod);
            }
        }
    }
    protected
}

fn with_pods<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a Budget, Vec<&'a Pod>)> {
    let budgets = scene.snapshot.pod_disruption_budgets.iter().zip(protected(scene));
    budgets.filter(|(budget, _)| budget.meta.deletion_timestamp.is_none())
}

/// The field with which it can never allow anything.
fn never_allows(budget: &Budget) -> Option<(&'static str, String)> {
    let all = |amount: &IntOrString, whole: i32| match amount {
        IntOrString::Int(count) => *count >= whole,
        IntOrString::String(percent) => percent == "100%",
    };
    let none = |amount: &IntOrString| match amount {
        IntOrString::Int(count) => *count == 0,
        IntOrString::String(percent) => percent == "0%",
    };
    let most = budget.spec.min_available.as_ref().filter(|amount| all(amount, budget.status.expected_pods));
    let least = budget.spec.max_unavailable.as_ref().filter(|amount| none(amount));
    let field = most.map(|amount| ("spec.minAvailable", amount.to_string()));
    field.or(least.map(|amount| ("spec.maxUnavailable", amount.to_string())))
}

fn blocks_drain(scene: &Scene<'_>) -> Vec<Draft> {
    let cordoned: HashSet<&str> = scene
        .snapshot
        .nodes
        .iter()
        .filter(|node| node.spec.unschedulable)
        .map(|node| node.meta.name.as_str())
        .collect();
    let drafts = with_pods(scene).filter_map(|(budget, pods)| {
        let status = &budget.status;
        if status.expected_pods <= 0 || status.disruptions_allowed > 0 {
            return None;
        }
        let never = never_allows(budget);
        let allowed = budget.status.conditions.get("DisruptionAllowed");
        let since = allowed.and_then(|allowed| allowed.last_transition_time).or(budget.meta.creation_timestamp);
        // One that has used up what it allows does so again when the pod has moved.
        let full = status.current_healthy >= status.desired_healthy && scene.is_settled(since);
        if never.is_none() && !full {
            return None;
        }
        let drained = pods.iter().find(|pod| cordoned.contains(pod.spec.node_name.as_str()));
        let severity = if drained.is_some() { Severity::High } else { Severity::Medium };
        let mut evidence = vec![
            Evidence::since("status.disruptionsAllowed", "0", since),
            Evidence::new("status.currentHealthy", format!("{} / {}", status.current_healthy, status.desired_healthy)),
        ];
        let is_never = never.is_some();
        evidence.extend(never.map(|(field, value)| Evidence::new(field, value)));
        evidence.extend(drained.map(|pod| Evidence::new(texts::cordoned(), pod.spec.node_name.as_str())));
        let title = texts::blocks_drain(is_never, drained.map(|pod| pod.spec.node_name.as_str()));
        Some(Draft::about(target("PodDisruptionBudget", &budget.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn unhealthy(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = with_pods(scene).filter_map(|(budget, pods)| {
        let (healthy, desired) = (budget.status.current_healthy, budget.status.desired_healthy);
        let allowed = budget.status.conditions.get("DisruptionAllowed");
        let since = allowed.and_then(|allowed| allowed.last_transition_time).or(budget.meta.creation_timestamp);
        if healthy >= desired || !scene.is_settled(since) {
            return None;
        }
        let this = target("PodDisruptionBudget", &budget.meta);
        let down = pods.iter().filter(|pod| unready(pod).is_some()).map(|pod| target("Pod", &pod.meta).into());
        let objects = std::iter::once(ObjectRef::from(this.clone())).chain(down).collect();
        let evidence = vec![Evidence::since("status.currentHealthy", format!("{healthy} / {desired}"), since)];
        let title = texts::unhealthy(healthy, desired);
        Some(Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) })
    });
    drafts.collect()
}

fn sync_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.pod_disruption_budgets.iter().filter_map(|budget| {
        let allowed = budget.status.conditions.get("DisruptionAllowed");
        let failed = allowed.filter(|allowed| allowed.status == "False" && allowed.reason == "SyncFailed")?;
        let evidence = vec![
            Evidence::since("conditions[DisruptionAllowed].reason", &*failed.reason, failed.last_transition_time),
            Evidence::new("conditions[DisruptionAllowed].message", &*failed.message),
        ];
        let this = target("PodDisruptionBudget", &budget.meta);
        Some(Draft::about(this, Severity::Medium, texts::sync_failed(&failed.message), evidence))
    });
    drafts.collect()
}

fn no_pods(scene: &Scene<'_>) -> Vec<Draft> {
    let empty =
        with_pods(scene).filter(|(budget, pods)| pods.is_empty() && scene.is_settled(budget.meta.creation_timestamp));
    let draft = |(budget, _): (&Budget, _)| {
        let evidence = vec![Evidence::since("pods", "0", budget.meta.creation_timestamp)];
        Draft::about(target("PodDisruptionBudget", &budget.meta), Severity::Low, texts::no_pods(), evidence)
    };
    empty.map(draft).collect()
}

fn overlap(scene: &Scene<'_>) -> Vec<Draft> {
    let selectors = selectors(scene);
    let mut shared: BTreeMap<Target, (Vec<usize>, Vec<&Pod>)> = BTreeMap::new();
    for pod in scene.snapshot.pods.iter().filter(|pod| is_live(pod)) {
        let places = selectors.reaching(&pod.meta.namespace, &pod.meta.labels);
        if places.len() > 1 {
            let shared = shared.entry(scene.graph.owner_of(pod)).or_insert_with(|| (places, Vec::new()));
            shared.1.push(pod);
        }
    }
    let drafts = shared.into_iter().map(|(owner, (places, pods))| {
        let budgets = places.iter().filter_map(|place| scene.snapshot.pod_disruption_budgets.get(*place));
        let mut budgets: Vec<Target> = budgets.map(|budget| target("PodDisruptionBudget", &budget.meta)).collect();
        budgets.sort();
        let names = budgets.iter().map(|budget| budget.name.as_str()).collect::<Vec<_>>().join(", ");
        let title = texts::overlap(pods.len(), &names);
        let evidence = vec![Evidence::new("PodDisruptionBudgets", names)];
        let pods = pods.iter().map(|pod| ObjectRef::from(target("Pod", &pod.meta)));
        let objects = budgets.into_iter().map(ObjectRef::from).chain(pods).collect();
        Draft { objects, ..Draft::about(owner, Severity::Medium, title, evidence) }
    });
    drafts.collect()
}

fn missing(scene: &Scene<'_>) -> Vec<Draft> {
    let selectors = selectors(scene);
    let drafts = workloads::all(scene).filter_map(|each| {
        let replicas = each.replicas.filter(|replicas| *replicas > 1)?;
        if !selectors.reaching(&each.meta.namespace, &each.template.meta.labels).is_empty() {
            return None;
        }
        let evidence = vec![Evidence::new("spec.replicas", replicas.to_string())];
        Some(Draft::about(each.target(), Severity::Info, texts::missing(replicas), evidence))
    });
    drafts.collect()
}
