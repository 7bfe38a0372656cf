//! What a person asked to be told: which checks, from which numbers on, and what not.

mod ignore;
mod keep_out;
mod knobs;
mod pattern;
mod silence;
mod standing;
mod until;

use crate::finding::Severity;
use crate::report::CheckSet;
use chrono::TimeDelta;

pub use keep_out::keep_out;
pub use knobs::Knob;
pub use pattern::Pattern;
pub use silence::{Rule, Silence, What};
pub use standing::{Change, Flapping, StandingOrders};
pub use until::{NoTime, Until, day, until};

/// How a cluster is inspected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which checks run.
    pub set: CheckSet,
    /// From which numbers on they report.
    pub thresholds: Thresholds,
    /// Where severities or numbers are others; the later one wins.
    pub changes: Vec<Change>,
    /// What is not to be told.
    pub silences: Vec<Silence>,
    /// Tell also what objects say of themselves that it is to be ignored.
    pub tells_ignored: bool,
    /// What flapping is.
    pub flapping: Flapping,
}

/// The numbers from which on checks report. The defaults are the catalogue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// How long something may be pending, not ready or unavailable before it is reported: a healthy rollout is done by
    /// then.
    pub settle: TimeDelta,
    /// How long an Ingress, a Gateway or a load balancer may wait for its address.
    pub address: TimeDelta,
    /// How long a claim may be growing.
    pub resize: TimeDelta,
    /// How long something may take to be deleted, attached or made.
    pub deletion: TimeDelta,
    /// How long a finalizer may hold an object that is being deleted.
    pub finalizers: TimeDelta,
    /// How long a snapshot may take.
    pub snapshot: TimeDelta,
    /// From which age on what nobody uses is left over.
    pub left_over: TimeDelta,
    /// How soon a volume must be full to be said today.
    pub fill_forecast: TimeDelta,
    /// Percent of a volume from which on it is critical.
    pub volume_critical: u8,
    /// Percent of a volume from which on it is high.
    pub volume_high: u8,
    /// Percent of a volume's inodes from which on to report.
    pub inodes: u8,
    /// Percent of the volumes that a node can attach from which on to report.
    pub attachments: u8,
    /// From how many changes of its readiness in the window on a node is flapping.
    pub ready_changes: usize,
    /// Percent of a node's CPU or memory in use from which on to report.
    pub node_usage: u8,
    /// Percent of a node's memory in use from which on it is high.
    pub node_memory_high: u8,
    /// Percent of a node that requests take from which on to report.
    pub requests_full: u8,
    /// Percent of a node's memory that limits add up to, from which on to report.
    pub limits_overcommit: u16,
    /// Percent of the pods that a node can hold from which on to report.
    pub pod_capacity: u8,
    /// How long more replicas may be there than are asked for.
    pub surplus: TimeDelta,
    /// How long a controller may take to act upon a change.
    pub reaction: TimeDelta,
    /// How long a rollout may stand still.
    pub rollout: TimeDelta,
    /// How long a rollout may be held back on purpose.
    pub held: TimeDelta,
    /// How long a Job may be suspended.
    pub suspended: TimeDelta,
    /// How long a Job may run that nothing is known of.
    pub running: TimeDelta,
    /// How many times the usual duration of its CronJob's runs a Job may take.
    pub running_times: i64,
    /// From how many finished Jobs on that nobody deletes to report.
    pub finished_jobs: usize,
    /// From how many ReplicaSets on that are kept of a Deployment's past to report.
    pub old_replica_sets: usize,
    /// Percent of what was requested below which use is too little.
    pub over_requested: u64,
    /// Percent of what was requested above which use is too much.
    pub under_requested: u64,
    /// How many inspections must have seen too little use.
    pub usages: usize,
    /// How long an autoscaler may be at its maximum before that is high.
    pub at_max: TimeDelta,
    /// From how many changes of the number of replicas in the window on an autoscaler is flapping.
    pub rescales: i32,
    /// How long a new node may take.
    pub node_claim: TimeDelta,
    /// How long ago something that is over (a restart, a failed Job) is still news.
    pub window: TimeDelta,
    /// From how many restarts on a container is restarting often.
    pub restarts: i32,
    /// Percent of a quota from which on it is high.
    pub quota_high: u8,
    /// Percent of a ServiceCIDR's addresses in use from which on to report.
    pub addresses: u8,
    /// Percent of a quota from which on it is medium.
    pub quota_medium: u8,
    /// Validity left of a certificate up to which it is critical.
    pub certificate_critical: TimeDelta,
    /// The same, for high.
    pub certificate_high: TimeDelta,
    /// The same, for medium.
    pub certificate_medium: TimeDelta,
    /// How long a pod may wait for a gate, a scheduler or a kubelet that names no failure.
    pub pending: TimeDelta,
    /// How long one init container may take.
    pub init: TimeDelta,
    /// How long the resize of a running pod may be pending.
    pub pod_resize: TimeDelta,
    /// More restarts of a container in all are many.
    pub restarts_total: i32,
    /// How long ago the last of them still counts.
    pub restarts_window: TimeDelta,
    /// From how many failed probes an hour on a pod that stays ready is flapping.
    pub probe_failures: i64,
    /// More finished pods of one owner, or of one namespace, have piled up.
    pub finished_pods: usize,
    /// Percent of a memory limit above which a container is near it.
    pub memory_near_limit: u8,
    /// Percent of a CPU limit above which a container is near it.
    pub cpu_near_limit: u8,
    /// Percent of a CPU request above which a container is near it.
    pub cpu_near_request: u8,
    /// Percent of throttled periods above which a container is slowed down.
    pub cpu_throttled: u8,
    /// Percent of the limit of ephemeral storage above which a pod is near it.
    pub ephemeral_storage: u8,
    /// The time until its answers begin, of 95 in 100, from which on the API server is slow.
    pub slow_answers: TimeDelta,
    /// How long a leader may be silent.
    pub leader: TimeDelta,
    /// How long the kubelet of a ready node may not renew its lease.
    pub kubelet: TimeDelta,
    /// Percent of etcd's quota from which on it is about to refuse writes.
    pub etcd_critical: u8,
    /// By how many nodes the zones of a pool may not differ.
    pub zone_difference: usize,
    /// Percent of the objects that a cluster is known to carry, above which there are too many of a kind.
    pub objects: u64,
    /// Percent of etcd's quota from which on to report.
    pub etcd_size: u8,
    /// From how many changes of etcd's leader an hour on to report.
    pub leader_changes: i64,
    /// Validity left of the API server's certificate up to which it is critical.
    pub certificate_api: TimeDelta,
    /// Percent of all nodes that requests take from which on to report.
    pub capacity: u8,
    /// More warnings an hour are a storm.
    pub warning_events: i64,
    /// One event about one object more often an hour is a storm.
    pub repeated_event: i64,
    /// Percent by which a kind of object may become more in a day.
    pub growth: u64,
    /// How long an object of an operator may say that it is not ready.
    pub condition: TimeDelta,
    /// How long something may differ from what Git says.
    pub out_of_sync: TimeDelta,
    /// Seconds that a webhook may take before it holds everybody up.
    pub webhook_timeout: i32,
    /// KiB of a ConfigMap from which on it is near the API server's limit of 1024.
    pub config_map_size: u64,
    /// How long after its renewal time a certificate may still be the old one.
    pub renewal: TimeDelta,
    /// How long the proof that a name is ours may take.
    pub challenge: TimeDelta,
    /// How long Helm may work on a release.
    pub release: TimeDelta,
    /// How long a namespace may take to go.
    pub namespace: TimeDelta,
    /// From which age on an empty namespace is left over.
    pub empty_namespace: TimeDelta,
    /// What workloads may do although it is no good practice.
    pub allowed: Allowed,
}

/// Exceptions that only the people of a cluster can know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Registries that images may come from, such as `ghcr.io` or `ghcr.io/acme`; `docker.io` is Docker Hub. Empty: any.
    pub registries: Vec<String>,
    /// Workloads that may run privileged, as `namespace/name`, or all of a namespace, as `namespace`.
    pub privileged: Vec<String>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            settle: TimeDelta::minutes(5),
            address: TimeDelta::minutes(10),
            resize: TimeDelta::minutes(30),
            deletion: TimeDelta::minutes(10),
            finalizers: TimeDelta::minutes(30),
            snapshot: TimeDelta::hours(1),
            left_over: TimeDelta::days(7),
            fill_forecast: TimeDelta::hours(72),
            volume_critical: 95,
            volume_high: 85,
            inodes: 90,
            attachments: 90,
            ready_changes: 3,
            node_usage: 80,
            node_memory_high: 95,
            requests_full: 90,
            limits_overcommit: 150,
            pod_capacity: 90,
            surplus: TimeDelta::minutes(15),
            reaction: TimeDelta::minutes(10),
            rollout: TimeDelta::minutes(30),
            held: TimeDelta::hours(24),
            suspended: TimeDelta::hours(1),
            running: TimeDelta::hours(6),
            running_times: 3,
            finished_jobs: 20,
            old_replica_sets: 10,
            over_requested: 50,
            under_requested: 200,
            usages: 3,
            at_max: TimeDelta::hours(24),
            rescales: 10,
            node_claim: TimeDelta::minutes(15),
            window: TimeDelta::hours(24),
            restarts: 3,
            quota_high: 95,
            addresses: 85,
            quota_medium: 85,
            certificate_critical: TimeDelta::days(3),
            certificate_high: TimeDelta::days(14),
            certificate_medium: TimeDelta::days(30),
            pending: TimeDelta::minutes(10),
            init: TimeDelta::minutes(15),
            pod_resize: TimeDelta::minutes(30),
            restarts_total: 5,
            restarts_window: TimeDelta::days(7),
            probe_failures: 10,
            finished_pods: 20,
            memory_near_limit: 90,
            cpu_near_limit: 90,
            cpu_near_request: 80,
            cpu_throttled: 25,
            ephemeral_storage: 85,
            slow_answers: TimeDelta::seconds(2),
            leader: TimeDelta::seconds(60),
            kubelet: TimeDelta::seconds(60),
            etcd_critical: 95,
            zone_difference: 2,
            objects: 100,
            etcd_size: 80,
            leader_changes: 3,
            certificate_api: TimeDelta::days(7),
            capacity: 85,
            warning_events: 500,
            repeated_event: 100,
            growth: 20,
            condition: TimeDelta::minutes(15),
            out_of_sync: TimeDelta::hours(1),
            webhook_timeout: 10,
            config_map_size: 900,
            renewal: TimeDelta::hours(1),
            challenge: TimeDelta::minutes(30),
            release: TimeDelta::minutes(30),
            namespace: TimeDelta::minutes(15),
            empty_namespace: TimeDelta::days(30),
            allowed: Allowed::default(),
        }
    }
}

impl Thresholds {
    /// How bad it is that a certificate is valid for only so long; None while that is fine.
    pub fn certificate(&self, left: TimeDelta) -> Option<Severity> {
        if left <= self.certificate_critical {
            Some(Severity::Critical)
        } else if left <= self.certificate_high {
            Some(Severity::High)
        } else if left <= self.certificate_medium {
            Some(Severity::Medium)
        } else {
            None
        }
    }
}
