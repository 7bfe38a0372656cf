//! What is measured again and again: claims that fill up, what workloads use, how long runs take.

use crate::snapshot::{HorizontalPodAutoscaler, Snapshot};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs of one CronJob that are remembered.
const MOST_RUNS: usize = 10;

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
pub(super) fn runs(
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
