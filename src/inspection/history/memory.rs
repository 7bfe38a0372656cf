//! What one inspection saw that the next one compares with. Small beside the cluster: names, versions, numbers and
//! times, never an object.

use super::{
    extensions,
    nodes::{self, KnownNode},
    privileges,
    restarts::RestartCounts,
    series::{self, Fill, Usage},
    workloads::{self, KnownConfig, KnownWorkload},
};
use crate::finding::FindingState;
use crate::report::Report;
use crate::snapshot::{ObjectMeta, Resource, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What is known of one kind of thing, by a short key; None where nobody could look, so that nothing is concluded from
/// what is absent.
pub type Part<T> = Option<BTreeMap<String, T>>;

/// The largest memory that is kept, as it is stored. Beyond it whole parts are forgotten: a part of a part would make
/// the rest look new.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// How long an appearance is remembered: the longest time in which flapping is looked for.
const APPEARANCES: TimeDelta = TimeDelta::days(7);
/// Of one finding.
const MOST_APPEARANCES: usize = 50;
/// Of so many findings; where more appear within a week, coming and going says nothing.
const MOST_FLAPPING: usize = 20_000;

/// What an inspection saw. A part that could not be read is what the inspection before knew of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// When.
    pub taken_at: DateTime<Utc>,
    /// The API server's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How often each container had restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<RestartCounts>,
    /// How many objects there were, by their kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Part<u64>,
    /// Deployments, StatefulSets, DaemonSets and CronJobs, by [`key`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workloads: Part<KnownWorkload>,
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Part<KnownNode>,
    /// ConfigMaps and Secrets that workloads use, by [`key`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configs: Part<KnownConfig>,
    /// Roles that give wildcards, escalate, impersonate or bind, by [`key`]: what they give; and bindings to them: to
    /// whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileges: Part<BTreeSet<String>>,
    /// Bindings to cluster-admin, by [`key`]: to whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admins: Part<BTreeSet<String>>,
    /// Admission webhooks and custom resource definitions, by [`key`]: a hash of what they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Part<String>,
    /// When findings appeared anew, by fingerprint: what comes and goes is known by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appearances: Part<Vec<DateTime<Utc>>>,
    /// Autoscalers at their maximum, by `namespace/name`: since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_max: Part<DateTime<Utc>>,
    /// How full claims were, by `namespace/name`, the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Part<Vec<Fill>>,
    /// What workloads used, by [`key`], the oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Part<Vec<Usage>>,
    /// How long finished runs of CronJobs took, in seconds, by `namespace/name` and the Job's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Part<BTreeMap<String, i64>>,
}

/// `Deployment/shop/api`, `Node/worker-1`.
pub fn key(kind: &str, meta: &ObjectMeta) -> String {
    key_of(kind, &meta.namespace, &meta.name)
}

pub(super) fn key_of(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{kind}/{namespace}/{name}") }
}

/// The lists without which the next inspection could not see that a workload or a node has changed. What else is
/// remembered is remembered where a check reads it.
pub fn resources() -> impl Iterator<Item = Resource> {
    workloads::READS.iter().copied().chain([Resource::Nodes, Resource::Pods])
}

impl Memory {
    /// What to remember of a snapshot. `before` is what was remembered until now: since when something is so, and the
    /// earlier points of what is measured again and again, go on from there.
    pub fn of(snapshot: &Snapshot, before: Option<&Self>) -> Self {
        let none = Self::default();
        let before = before.unwrap_or(&none);
        let read = |resources: &[Resource]| resources.iter().all(|resource| snapshot.has_read(*resource));
        let (claims, usage) = (before.claims.as_ref(), before.usage.as_ref());
        Self {
            taken_at: snapshot.taken_at,
            version: snapshot.version.clone().or_else(|| before.version.clone()),
            restarts: if read(&[Resource::Pods]) { Some(RestartCounts::of(snapshot)) } else { before.restarts.clone() },
            counts: Some(counts(snapshot, before.counts.as_ref())),
            workloads: fresh(read(workloads::READS), || workloads::of(snapshot), &before.workloads),
            nodes: fresh(read(&[Resource::Nodes]), || nodes::of(snapshot, before.nodes.as_ref()), &before.nodes),
            configs: fresh(
                read(workloads::READS) && read(&[Resource::ConfigMaps]),
                || workloads::configs(snapshot, before.configs.as_ref()),
                &before.configs,
            ),
            privileges: fresh(read(privileges::READS), || privileges::of(snapshot), &before.privileges),
            admins: fresh(read(privileges::READS), || privileges::admins(snapshot), &before.admins),
            extensions: fresh(read(extensions::READS), || extensions::of(snapshot), &before.extensions),
            appearances: before.appearances.clone(),
            at_max: fresh(
                read(&[Resource::HorizontalPodAutoscalers]),
                || series::at_max(snapshot, before.at_max.as_ref()),
                &before.at_max,
            ),
            claims: fresh(read(&[Resource::VolumeUses]), || series::claims(snapshot, claims), &before.claims),
            usage: fresh(
                read(&[Resource::PodMetrics, Resource::Pods, Resource::ReplicaSets]),
                || series::usage(snapshot, usage),
                &before.usage,
            ),
            runs: fresh(
                read(&[Resource::Jobs, Resource::CronJobs]),
                || series::runs(snapshot, before.runs.as_ref()),
                &before.runs,
            ),
        }
        .bounded(MOST_BYTES)
    }

    /// With what an inspection of other checks has measured since. What it compares is its own: it saw a change that
    /// nobody was told of yet.
    #[must_use]
    pub fn measured(self, later: Self) -> Self {
        Self {
            at_max: later.at_max.or(self.at_max),
            claims: later.claims.or(self.claims),
            usage: later.usage.or(self.usage),
            runs: later.runs.or(self.runs),
            ..self
        }
    }

    /// With the findings that this inspection saw appear.
    #[must_use]
    pub fn and(mut self, report: &Report) -> Self {
        let mut appearances = self.appearances.take().unwrap_or_default();
        let kept_out = report.kept_out.iter().map(|kept| &kept.finding);
        for finding in report.findings.iter().chain(kept_out).filter(|finding| finding.state == FindingState::New) {
            appearances.entry(finding.fingerprint.as_str().to_owned()).or_default().push(report.taken_at);
        }
        appearances.retain(|_, times| {
            times.retain(|at| report.taken_at - *at <= APPEARANCES);
            times.drain(..times.len().saturating_sub(MOST_APPEARANCES));
            !times.is_empty()
        });
        self.appearances = (appearances.len() <= MOST_FLAPPING).then_some(appearances);
        self
    }

    /// Forgets parts until the rest fits: first what only refines a finding, last what tells drift.
    fn bounded(mut self, most: usize) -> Self {
        let forget: [fn(&mut Self); 7] = [
            |memory| memory.usage = None,
            |memory| memory.runs = None,
            |memory| memory.configs = None,
            |memory| memory.restarts = None,
            |memory| memory.claims = None,
            |memory| memory.workloads = None,
            |memory| *memory = Self { taken_at: memory.taken_at, version: memory.version.take(), ..Self::default() },
        ];
        for forget in forget {
            // What cannot be written cannot be kept either.
            let mut room = Room(most);
            if serde_json::to_writer(&mut room, &self).is_ok() {
                break;
            }
            forget(&mut self);
        }
        self
    }
}

/// Takes so many bytes, and keeps none.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn fresh<T: Clone>(is_read: bool, look: impl FnOnce() -> BTreeMap<String, T>, before: &Part<T>) -> Part<T> {
    if is_read { Some(look()) } else { before.clone() }
}

/// The counts of complete lists; of the others, the last one that is known.
pub fn counts(snapshot: &Snapshot, before: Option<&BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut counts = before.cloned().unwrap_or_default();
    for resource in Resource::ALL.iter().copied().filter(|resource| snapshot.has_read(*resource)) {
        counts.insert(resource.api().kind.to_owned(), snapshot.count(resource) as u64);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::snapshot::{Container, ContainerStatus, Deployment, Node, Pod, Resource, Snapshot, Str, Unread, Why};
    use chrono::{DateTime, TimeDelta, Utc};

    fn snapshot(replicas: i32) -> Snapshot {
        let mut deployment = Deployment::default();
        deployment.meta.name = "api".into();
        deployment.meta.namespace = "shop".into();
        deployment.spec.replicas = Some(replicas);
        Snapshot {
            taken_at: DateTime::UNIX_EPOCH + TimeDelta::days(1),
            deployments: vec![deployment],
            ..Default::default()
        }
    }

    fn replicas(memory: &Memory) -> Option<i32> {
        memory.workloads.as_ref()?.get("Deployment/shop/api")?.replicas
    }

    #[test]
    fn what_could_not_be_read_is_what_was_known_before() {
        let first = Memory::of(&snapshot(3), None);
        let mut blind = snapshot(9);
        blind.unread = vec![Unread { resource: Resource::StatefulSets, why: Why::TimedOut }];
        assert_eq!(Memory::of(&blind, None).workloads, None);
        let second = Memory::of(&blind, Some(&first));
        assert_eq!(replicas(&second), Some(3));
        assert_eq!(second.counts.as_ref().and_then(|counts| counts.get("Deployment")), Some(&1));
    }

    #[test]
    fn a_memory_comes_back_from_the_disk_and_an_older_one_too() -> serde_json::Result<()> {
        let memory = Memory::of(&snapshot(3), None);
        assert_eq!(serde_json::from_str::<Memory>(&serde_json::to_string(&memory)?)?, memory);
        let older: Memory = serde_json::from_str(r#"{"taken_at":"1970-01-01T00:00:00Z","restarts":{"u/api":3}}"#)?;
        assert_eq!((older.taken_at, older.workloads), (DateTime::<Utc>::UNIX_EPOCH, None));
        Ok(())
    }

    #[test]
    fn a_hundred_and_fifty_thousand_pods_are_remembered_in_a_few_megabytes() {
        let text = |prefix: &str, number: usize| Str::from(format!("{prefix}-{number:06}"));
        let mut snapshot = Snapshot { taken_at: DateTime::UNIX_EPOCH + TimeDelta::days(1), ..Snapshot::default() };
        for number in 0..15_000 {
            let mut deployment = Deployment::default();
            deployment.meta.name = text("some-service", number);
            deployment.meta.namespace = text("team", number / 50);
            let image = Str::from(format!("registry.example.org/team/some-service-{number}:v1.{number}"));
            let container = Container { name: "main".into(), image, ..Container::default() };
            deployment.spec.template.spec.containers = vec![container];
            snapshot.deployments.push(deployment);
        }
        for number in 0..5_000 {
            let mut node = Node::default();
            node.meta.name = text("ip-10-0-worker", number);
            node.status.node_info.boot_id = Str::from(format!("b7c8a6aa-6e24-4385-9d1c-{number:012}"));
            snapshot.nodes.push(node);
        }
        for number in 0..150_000_usize {
            let mut pod = Pod::default();
            pod.meta.uid = format!("0f1e2d3c-4b5a-4978-8f6e-{number:012}").as_str().into();
            // One in ten has restarted.
            let restart_count = i32::from(number.is_multiple_of(10));
            let status = ContainerStatus { name: "main".into(), restart_count, ..ContainerStatus::default() };
            pod.status.container_statuses = vec![status];
            snapshot.pods.push(pod);
        }
        let memory = Memory::of(&snapshot, None);
        let size = serde_json::to_vec(&memory).unwrap_or_default().len();
        assert!((1 << 20..5 << 20).contains(&size), "{size} bytes");
        assert!(memory.restarts.is_some() && memory.workloads.is_some(), "all of it is there");
    }

    #[test]
    fn a_memory_that_is_too_large_forgets_whole_parts() {
        let memory = Memory::of(&snapshot(3), None);
        let whole = serde_json::to_vec(&memory).unwrap_or_default().len();
        assert_eq!(memory.clone().bounded(whole), memory);
        let less = memory.clone().bounded(whole - 1);
        assert_eq!((less.usage, replicas(&Memory { workloads: less.workloads, ..Memory::default() })), (None, Some(3)));
        let least = memory.bounded(0);
        assert_eq!((least.counts, least.taken_at), (None, DateTime::UNIX_EPOCH + TimeDelta::days(1)));
    }
}
