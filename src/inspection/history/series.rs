//! What is measured again and again: claims that fill up, what workloads use, how long runs take.

use super::memory::key_of;
use crate::snapshot::{HorizontalPodAutoscaler, ObjectMeta, Pod, Quantities, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Points of one series that are remembered, and how far they lie apart at least: a month of daily inspections, or a
/// day and a half of such that come every few minutes.
const MOST_POINTS: usize = 36;
const APART: TimeDelta = TimeDelta::hours(1);
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

/// Something that was measured at a time.
trait Point: Copy {
    fn at(&self) -> DateTime<Utc>;
}

impl Point for Fill {
    fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

impl Point for Usage {
    fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// Series with one more point each; what was not measured now is forgotten. A point that is too near to the one before
/// the last takes the last one's place.
fn extended<P: Point>(
    now: impl IntoIterator<Item = (String, P)>,
    before: Option<&BTreeMap<String, Vec<P>>>,
) -> BTreeMap<String, Vec<P>> {
    let extend = |(key, point): (String, P)| {
        let mut points = before.and_then(|before| before.get(&key)).cloned().unwrap_or_default();
        if let [.., earlier, last] = points.as_slice()
            && last.at() - earlier.at() < APART
        {
            points.pop();
        }
        points.push(point);
        points.drain(..points.len().saturating_sub(MOST_POINTS));
        (key, points)
    };
    now.into_iter().map(extend).collect()
}

pub(super) fn claims(snapshot: &Snapshot, before: Option<&BTreeMap<String, Vec<Fill>>>) -> BTreeMap<String, Vec<Fill>> {
    let now = snapshot.volume_uses.iter().map(|volume| {
        let amount = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
        let (used, capacity) = (amount(volume.used.used_bytes), amount(volume.used.capacity_bytes));
        (name(&volume.meta), Fill { at: snapshot.taken_at, used, capacity })
    });
    extended(now, before)
}

/// What the running pods of each workload use together, by their key.
pub fn usage_now(snapshot: &Snapshot) -> BTreeMap<String, Usage> {
    if snapshot.pod_metrics.is_empty() {
        return BTreeMap::new();
    }
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
            usage.cpu += millis(used);
            usage.memory += bytes(used);
        }
        let sidecars = pod.spec.init_containers.iter().filter(|container| container.restart_policy == "Always");
        for asked in pod.spec.containers.iter().chain(sidecars).map(|container| &container.resources.requests) {
            usage.cpu_requested += millis(asked);
            usage.memory_requested += bytes(asked);
        }
    }
    usages
}

/// What each workload uses now, after what is remembered of it.
pub(super) fn usage(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, Vec<Usage>>>,
) -> BTreeMap<String, Vec<Usage>> {
    extended(usage_now(snapshot), before)
}

/// Millicores.
pub(super) fn millis(amounts: &Quantities) -> u64 {
    amounts.get("cpu").map_or(0, |amount| u64::try_from(amount.milli()).unwrap_or_default())
}

/// Bytes of memory.
pub(super) fn bytes(amounts: &Quantities) -> u64 {
    amounts.get("memory").map_or(0, |amount| u64::try_from(amount.value()).unwrap_or_default())
}

fn name(meta: &ObjectMeta) -> String {
    format!("{}/{}", meta.namespace, meta.name)
}

pub(super) fn at_max(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, DateTime<Utc>>>,
) -> BTreeMap<String, DateTime<Utc>> {
    let at_max = snapshot.horizontal_pod_autoscalers.iter().filter(|autoscaler| is_at_max(autoscaler));
    at_max
        .map(|autoscaler| {
            let key = name(&autoscaler.meta);
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
        let key = name(&cron_job.meta);
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

#[cfg(test)]
mod tests {
    use super::{Fill, MOST_POINTS, extended, runs, usage};
    use crate::snapshot::Snapshot;
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn minute(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn snapshot(objects: Vec<Value>) -> Snapshot {
        Snapshot::from_objects(minute(0), objects).unwrap()
    }

    #[test]
    fn a_series_has_points_that_lie_apart_and_an_end() {
        let mut series: BTreeMap<String, Vec<Fill>> = BTreeMap::new();
        let add = |series: &BTreeMap<String, Vec<Fill>>, minutes: i64| {
            let point = Fill { at: minute(minutes), used: 0, capacity: 1 };
            extended([("shop/data".to_owned(), point)], Some(series))
        };
        for minutes in [0, 10, 20, 70, 80] {
            series = add(&series, minutes);
        }
        let at: Vec<i64> = series["shop/data"].iter().map(|point| point.at.timestamp() / 60).collect();
        assert_eq!(at, [0, 70, 80], "the last one is always there, the others lie an hour apart");
        for hours in 2..100 {
            series = add(&series, hours * 60);
        }
        assert_eq!(series["shop/data"].len(), MOST_POINTS);
        assert!(extended::<Fill>([], Some(&series)).is_empty(), "what is gone is forgotten");
    }

    #[test]
    fn what_pods_use_is_the_workloads() {
        let owned = |name: &str| {
            json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": name, "uid": name,
                "ownerReferences": [{"kind": "StatefulSet", "apiVersion": "apps/v1", "name": "db", "uid": "db", "controller": true}]},
                "status": {"phase": "Running"}, "spec": {"containers": [{"name": "db", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}})
        };
        let used = |name: &str| {
            json!({"kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {"namespace": "shop", "name": name},
                "containers": [{"name": "db", "usage": {"cpu": "250m", "memory": "256Mi"}}]})
        };
        let set = json!({"kind": "StatefulSet", "apiVersion": "apps/v1",
            "metadata": {"namespace": "shop", "name": "db", "uid": "db"}});
        let objects = vec![set, owned("db-0"), owned("db-1"), owned("db-2"), used("db-0"), used("db-1")];
        let now = usage(&snapshot(objects), None);
        let [point] = now["StatefulSet/shop/db"].as_slice() else { panic!("{now:?}") };
        let gib = 1 << 30;
        assert_eq!((point.cpu, point.cpu_requested), (500, 2000), "what is not measured does not count");
        assert_eq!((point.memory, point.memory_requested), (gib / 2, 2 * gib));
    }

    #[test]
    fn runs_outlive_their_jobs_as_long_as_the_cron_job_is_there() {
        let cron_job =
            json!({"kind": "CronJob", "apiVersion": "batch/v1", "metadata": {"namespace": "shop", "name": "report"}});
        let job = |run: i64| {
            json!({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"namespace": "shop", "name": format!("report-{run}"),
                "ownerReferences": [{"kind": "CronJob", "apiVersion": "batch/v1", "name": "report", "uid": "c", "controller": true}]},
                "status": {"startTime": minute(run), "completionTime": minute(run + 5)}})
        };
        let mut known = BTreeMap::new();
        for run in 100..115 {
            known = runs(&snapshot(vec![cron_job.clone(), job(run)]), Some(&known));
        }
        let durations: Vec<(&str, i64)> =
            known["shop/report"].iter().map(|(name, took)| (name.as_str(), *took)).collect();
        assert_eq!((durations.len(), durations[0]), (10, ("report-105", 300)));
        assert!(runs(&snapshot(Vec::new()), Some(&known)).is_empty());
    }
}
