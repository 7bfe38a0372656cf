//! What is measured again and again: claims that fill up, what workloads use, how long runs take.

use super::memory::key_of;
use crate::snapshot::{HorizontalPodAutoscaler, Pod, Quantities, Snapshot};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Runs of one CronJob that are remembered.
const MOST_RUNS: usize = 10;

/// Points of one workload's use that are remembered.
const MOST_USAGES: usize = 14;

/// How full a claim was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// When.
    pub at: DateTime<Utc>,
    /// Bytes used.
    pub used: u64,
    /// Bytes that it holds.
    pub capacity: u64,
}

/// What a workload's pods used together, and what they had asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// When.
    pub at: DateTime<Utc>,
    /// Millicores used.
    pub cpu: u64,
    /// Millicores requested.
    pub cpu_requested: u64,
    /// Bytes used.
    pub memory: u64,
    /// Bytes requested.
    pub memory_requested: u64,
}

pub(super) fn at_max(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, DateTime<Utc>>>,
) -> BTreeMap<String, DateTime<Utc>> {
    let at_max = snapshot.horizontal_pod_autoscalers.iter().filter(|autoscaler| is_at_max(autoscaler));
    at_max
        .map(|autoscaler| {
            let key = format!("{}/{}", autoscaler.meta.namespace, autoscaler.meta.name);
            let since = before.and_then(|before| before.get(&key)).copied().unwrap_or(snapshot.taken_at);
            (key, since)
        })
        .collect()
}

fn is_at_max(autoscaler: &HorizontalPodAutoscaler) -> bool {
    let limited = autoscaler.status.conditions.get("ScalingLimited");
    let too_many = limited.is_some_and(|limited| limited.status == "True" && limited.reason == "TooManyReplicas");
    too_many || (autoscaler.spec.max_replicas > 0 && autoscaler.status.current_replicas >= autoscaler.spec.max_replicas)
}

/// The durations of finished Jobs of CronJobs, with those of earlier ones that are gone by now; the newest by name,
/// which ends with the minute that it was planned for.
pub fn runs(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, BTreeMap<String, i64>>>,
) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut runs: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for cron_job in &snapshot.cron_jobs {
        let key = format!("{}/{}", cron_job.meta.namespace, cron_job.meta.name);
        if let Some(known) = before.and_then(|before| before.get(&key)) {
            runs.insert(key, known.clone());
        }
    }
    for job in &snapshot.jobs {
        let Some(owner) = job.meta.controller().filter(|owner| owner.kind == "CronJob") else { continue };
        let Some((start, end)) = job.status.start_time.zip(job.status.completion_time) else { continue };
        let runs = runs.entry(format!("{}/{}", job.meta.namespace, owner.name)).or_default();
        runs.insert(String::from(&job.meta.name), (end - start).num_seconds());
    }
    for runs in runs.values_mut() {
        while runs.len() > MOST_RUNS {
            runs.pop_first();
        }
    }
    runs
}

/// What the running pods of each workload use together, by their key.
pub fn usage_now(snapshot: &Snapshot) -> BTreeMap<String, Usage> {
    let pods: HashMap<(&str, &str), &Pod> =
        snapshot.pods.iter().map(|pod| ((pod.meta.namespace.as_str(), pod.meta.name.as_str()), pod)).collect();
    let deployments: HashMap<(&str, &str), &str> = snapshot
        .replica_sets
        .iter()
        .filter_map(|set| {
            let owner = set.meta.controller().filter(|owner| owner.kind == "Deployment")?;
            Some(((set.meta.namespace.as_str(), set.meta.name.as_str()), owner.name.as_str()))
        })
        .collect();
    let mut usages: BTreeMap<String, Usage> = BTreeMap::new();
    for metrics in &snapshot.pod_metrics {
        let namespace = metrics.meta.namespace.as_str();
        let Some(pod) = pods.get(&(namespace, metrics.meta.name.as_str())) else { continue };
        let Some(owner) = pod.meta.controller().filter(|_| pod.status.phase == "Running") else { continue };
        let (kind, name) = match owner.kind.as_str() {
            "ReplicaSet" => match deployments.get(&(namespace, owner.name.as_str())) {
                Some(deployment) => ("Deployment", *deployment),
                None => continue,
            },
            "StatefulSet" => ("StatefulSet", owner.name.as_str()),
            "DaemonSet" => ("DaemonSet", owner.name.as_str()),
            _ => continue,
        };
        let none = Usage { at: snapshot.taken_at, cpu: 0, cpu_requested: 0, memory: 0, memory_requested: 0 };
        let usage = usages.entry(key_of(kind, namespace, name)).or_insert(none);
        for used in metrics.containers.iter().map(|container| &container.usage) {
            usage.cpu += millis(used, "cpu");
            usage.memory += bytes(used, "memory");
        }
        let sidecars = pod.spec.init_containers.iter().filter(|container| container.restart_policy == "Always");
        for asked in pod.spec.containers.iter().chain(sidecars).map(|container| &container.resources.requests) {
            usage.cpu_requested += millis(asked, "cpu");
            usage.memory_requested += bytes(asked, "memory");
        }
    }
    usages
}

fn millis(amounts: &Quantities, resource: &str) -> u64 {
    amounts.get(resource).and_then(|amount| u64::try_from(amount.milli()).ok()).unwrap_or_default()
}

fn bytes(amounts: &Quantities, resource: &str) -> u64 {
    amounts.get(resource).and_then(|amount| u64::try_from(amount.value()).ok()).unwrap_or_default()
}

/// What each workload uses now, after what is remembered of it.
pub(super) fn usage(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, Vec<Usage>>>,
) -> BTreeMap<String, Vec<Usage>> {
    let with_past = |(key, now): (String, Usage)| {
        let past = before.and_then(|before| before.get(&key)).map(Vec::as_slice).unwrap_or_default();
        let skip = (past.len() + 1).saturating_sub(MOST_USAGES);
        let points = past.iter().skip(skip).copied().chain([now]).collect();
        (key, points)
    };
    usage_now(snapshot).into_iter().map(with_past).collect()
}
