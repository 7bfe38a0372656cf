//! Pods that fill the disk of their node.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, is_live};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Pod;
use crate::snapshot::Resource::{NodeSummaries, Nodes, Pods};
use crate::texts::findings::{pod as texts, storage::bytes};
use std::cmp::Reverse;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/ephemeral-storage-high"),
    kind: "Pod",
    severity: Severity::Medium,
    set: Set::Extra,
    data: &[(NodeSummaries, Walked), (Pods, Walked), (Nodes, Detail)],
    gate: Some("more than 85 % of the limit"),
    means: "What the pod writes into its containers, logs and emptyDirs soon gets it evicted, or others with it.",
    advice: "Find what it writes; rotate logs, clear caches, or give it a volume.",
    find: ephemeral_storage_high,
}];

/// Of a full node so many pods are named.
const TOP: usize = 3;

/// How much a pod uses, and what makes that too much.
struct Use<'a> {
    used: i64,
    of: Of<'a>,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    Limit(i64),
    FullNode(&'a str),
}

pub(super) fn ephemeral_storage_high(scene: &Scene<'_>) -> Vec<Draft> {
    let mut sightings = Vec::new();
    for summary in &scene.snapshot.node_summaries {
        let node = summary.meta.name.as_str();
        let mut uses: Vec<(&Pod, i64)> = summary
            .pods
            .iter()
            .filter_map(|each| {
                let pod = scene.graph.as_pod(scene.graph.find("Pod", &each.namespace, &each.name)?)?;
                let used = each.ephemeral_storage.as_ref()?.used_bytes;
                (is_live(pod) && used > 0).then_some((pod, used))
            })
            .collect();
        uses.sort_by_key(|(pod, used)| (Reverse(*used), &pod.meta.namespace, &pod.meta.name));
        let full = scene.node(node).is_some_and(|node| node.status.conditions.is("DiskPressure", "True"));
        for (place, (pod, used)) in uses.into_iter().enumerate() {
            let percent = i128::from(scene.thresholds.ephemeral_storage);
            let limit = limit(pod).filter(|limit| i128::from(used) * 100 > i128::from(*limit) * percent);
            let on_full_node = (full && place < TOP).then_some(Of::FullNode(node));
            let of = limit.map(Of::Limit).or(on_full_node);
            sightings.extend(of.map(|of| Sighting { pod, container: None, what: Use { used, of } }));
        }
    }
    let draft = |group: Group<'_, Use<'_>>| {
        let most = group.most(|sighting| sighting.what.used)?;
        let (count, Use { used, of }) = (group.sightings.len(), &most.what);
        let mut evidence = vec![Evidence::new("ephemeral-storage.usedBytes", used.to_string())];
        let title = match of {
            Of::Limit(limit) => {
                evidence.push(Evidence::new("resources.limits.ephemeral-storage", bytes(*limit)));
                texts::ephemeral_near_limit(count, *used as f64 / *limit as f64 * 100.0)
            }
            Of::FullNode(node) => {
                evidence.push(Evidence::new(format!("node {node} conditions[DiskPressure]"), "True"));
                texts::ephemeral_on_full_node(count, &bytes(*used), node)
            }
        };
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// The pod's limit: the sum of its containers', as the kubelet takes it.
fn limit(pod: &Pod) -> Option<i64> {
    let limits = pod.spec.containers.iter().filter_map(|container| container.resources.limits.get("ephemeral-storage"));
    let sum: i128 = limits.map(|limit| limit.value()).sum();
    i64::try_from(sum).ok().filter(|sum| *sum > 0)
}
