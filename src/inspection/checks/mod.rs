//! The one table of all checks. A check is a pure function over the scene: the snapshot, its graph, the history, the
//! thresholds. One subject per file; the ids are the catalogue's and are never renumbered.

mod config_ref;
mod daemonset;
mod deployment;
mod ingress;
mod job;
mod node;
mod pod_ready;
mod pod_restart;
mod pod_schedule;
mod pod_start;
mod quota;
mod scene;
mod service;
mod statefulset;
mod storage;
mod tls;

use super::attention::CheckSet;
use super::finding::{CheckId, Severity};
use crate::snapshot::Resource;
use CheckSet::Daily;
use Resource::{
    ConfigMaps, CronJobs, DaemonSets, Deployments, EndpointSlices, Events, Ingresses, Jobs, Nodes,
    PersistentVolumeClaims, Pods, ReplicaSets, ResourceQuotas, Secrets, Services, StatefulSets, StorageClasses,
};
use Role::{Complete, Detail, Part, Walked};
use Severity::{Critical, High};

pub(crate) use pod_schedule::{Obstacle, obstacles};
pub(crate) use pod_start::PullFailure;
pub use scene::{Draft, Scene};

/// One row of the table.
#[derive(Debug)]
pub struct Check {
    /// `kind/slug`.
    pub id: CheckId,
    /// The kind that it looks at, by the catalogue.
    pub kind: &'static str,
    /// The usual severity; a finding can be above or below it.
    pub severity: Severity,
    /// When it runs.
    pub set: CheckSet,
    /// The lists that it reads, and what for.
    pub data: &'static [(Resource, Role)],
    /// The age or number from which on it reports, for people; None where the condition has none.
    pub gate: Option<&'static str>,
    /// What it means for whom.
    pub means: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// Finds it.
    pub find: fn(&Scene<'_>) -> Vec<Draft>,
}

/// What a check reads a list for, which decides what an incomplete list does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It looks at each object: it reports what has arrived, and calls nothing resolved.
    Walked,
    /// It concludes from what is not in the list: without the whole list it does not run.
    Complete,
    /// It concludes from what is not in the list, for a part of its work: without the whole list, that part is left out.
    Part,
    /// Names and causes: it says less without them.
    Detail,
}

/// The row of that id.
pub fn find(id: &CheckId) -> Option<&'static Check> {
    TABLE.iter().find(|check| check.id == *id)
}

/// Every check.
pub static TABLE: &[Check] = &[
    Check {
        id: CheckId::new("pod/unschedulable"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("5m"),
        means: "No node takes the pod, so it does not run at all.",
        advice: "Free the resource that the scheduler names, add a node, or correct requests, tolerations and affinity.",
        find: pod_schedule::unschedulable,
    },
    Check {
        id: CheckId::new("pod/crash-loop"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked)],
        gate: None,
        means: "The container ends soon after each start; the kubelet waits longer and longer between tries.",
        advice: "Read the log of the last run and its exit code; go back to the last revision if this one never ran.",
        find: pod_restart::crash_loop,
    },
    Check {
        id: CheckId::new("pod/image-pull"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: None,
        means: "The image does not arrive on the node, so the container never starts.",
        advice: "Go back to the last revision, or correct the image's name, tag or pull secret. A restart does not help.",
        find: pod_start::image_pull,
    },
    Check {
        id: CheckId::new("pod/create-error"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: None,
        means: "The container cannot be created: what it needs is missing, or its start hook fails.",
        advice: "Create the ConfigMap, Secret or key that the message names, or correct the reference.",
        find: pod_start::create_error,
    },
    Check {
        id: CheckId::new("pod/oom-killed"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The container used more memory than its limit and was killed; it will happen again under the same load.",
        advice: "Raise the memory limit or find what fills the memory. A restart only buys time.",
        find: pod_restart::oom_killed,
    },
    Check {
        id: CheckId::new("pod/restart-spike"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("3 restarts, 24h"),
        means: "The container keeps restarting; each time its work in progress is lost.",
        advice: "Read the log of the last run and its exit code.",
        find: pod_restart::restart_spike,
    },
    Check {
        id: CheckId::new("pod/not-ready"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("5m"),
        means: "The pod runs but gets no traffic.",
        advice: "Look at what the readiness probe asks for, and why the container does not answer it.",
        find: pod_ready::not_ready,
    },
    Check {
        id: CheckId::new("pod/missing-config-ref"),
        kind: "Pod",
        severity: High,
        set: Daily,
        data: &[(Pods, Walked), (ConfigMaps, Part), (Secrets, Part)],
        gate: None,
        means: "The pod needs a ConfigMap or Secret that does not exist: it cannot start, or not start again.",
        advice: "Create it, or correct the name in the workload.",
        find: config_ref::missing,
    },
    Check {
        id: CheckId::new("deployment/unavailable"),
        kind: "Deployment",
        severity: Critical,
        set: Daily,
        data: &[(Deployments, Walked)],
        gate: Some("5m"),
        means: "Not one replica serves: whoever depends on it is down.",
        advice: "Look at its pods; the cause is there, or in what keeps them from being made.",
        find: deployment::unavailable,
    },
    Check {
        id: CheckId::new("deployment/rollout-stuck"),
        kind: "Deployment",
        severity: High,
        set: Daily,
        data: &[(Deployments, Walked)],
        gate: None,
        means: "The new revision does not come up in time; the old one serves as far as it is still there.",
        advice: "Undo the rollout, then find out why the new pods do not get ready.",
        find: deployment::rollout_stuck,
    },
    Check {
        id: CheckId::new("statefulset/degraded"),
        kind: "StatefulSet",
        severity: High,
        set: Daily,
        data: &[(StatefulSets, Walked), (Pods, Complete)],
        gate: Some("5m"),
        means: "Fewer replicas serve than were asked for; the ordinals after the first blocked one wait for it.",
        advice: "Look at the first pod that is not ready.",
        find: statefulset::degraded,
    },
    Check {
        id: CheckId::new("daemonset/not-ready"),
        kind: "DaemonSet",
        severity: High,
        set: Daily,
        data: &[(DaemonSets, Walked), (Pods, Complete)],
        gate: Some("5m"),
        means: "Some nodes lack what the DaemonSet brings them.",
        advice: "Look at its pods on the nodes that are named.",
        find: daemonset::not_ready,
    },
    Check {
        id: CheckId::new("replicaset/create-failed"),
        kind: "ReplicaSet",
        severity: High,
        set: Daily,
        data: &[(ReplicaSets, Walked)],
        gate: None,
        means: "The API server refuses to create its pods: a quota, an admission rule or a missing service account.",
        advice: "The message says who refuses and why.",
        find: deployment::create_failed,
    },
    Check {
        id: CheckId::new("job/failed"),
        kind: "Job",
        severity: High,
        set: Daily,
        data: &[(Jobs, Walked), (Events, Detail)],
        gate: Some("24h"),
        means: "The Job has given up; its work is not done.",
        advice: "Read the log of its last pod, then run it again.",
        find: job::failed,
    },
    Check {
        id: CheckId::new("cronjob/last-run-failed"),
        kind: "CronJob",
        severity: High,
        set: Daily,
        data: &[(CronJobs, Walked), (Jobs, Complete)],
        gate: None,
        means: "The newest run failed, so what it does regularly is not done.",
        advice: "Read the log of its last pod; the next run fails too if nothing changes.",
        find: job::last_run_failed,
    },
    Check {
        id: CheckId::new("service/no-endpoints"),
        kind: "Service",
        severity: High,
        set: Daily,
        data: &[
            (Services, Walked),
            (EndpointSlices, Complete),
            (Pods, Detail),
            (Deployments, Detail),
            (StatefulSets, Detail),
        ],
        gate: Some("5m"),
        means: "Nobody answers behind the Service: callers get connection errors.",
        advice: "Look at the pods that it selects, and at its selector.",
        find: service::no_endpoints,
    },
    Check {
        id: CheckId::new("service/selector-no-pods"),
        kind: "Service",
        severity: High,
        set: Daily,
        data: &[(Services, Walked), (Pods, Complete), (Deployments, Detail), (StatefulSets, Detail)],
        gate: Some("5m"),
        means: "The Service's selector matches no pod: a wrong label, or nothing deployed.",
        advice: "Compare the selector with the labels of the pods that should serve.",
        find: service::selector_no_pods,
    },
    Check {
        id: CheckId::new("service/target-port-mismatch"),
        kind: "Service",
        severity: High,
        set: Daily,
        data: &[(Services, Walked), (Pods, Complete)],
        gate: None,
        means: "The Service sends to a port that its pods do not offer.",
        advice: "Correct the Service's targetPort or the container's port.",
        find: service::target_port_mismatch,
    },
    Check {
        id: CheckId::new("ingress/backend-missing"),
        kind: "Ingress",
        severity: High,
        set: Daily,
        data: &[(Ingresses, Walked), (Services, Complete)],
        gate: None,
        means: "The Ingress sends to a Service that does not exist: visitors get 503.",
        advice: "Create the Service or correct its name in the Ingress.",
        find: ingress::backend_missing,
    },
    Check {
        id: CheckId::new("pvc/pending"),
        kind: "PVC",
        severity: High,
        set: Daily,
        data: &[(PersistentVolumeClaims, Walked), (Events, Detail), (StorageClasses, Part), (Pods, Part)],
        gate: Some("5m"),
        means: "The claim has no volume, so no pod that mounts it can start.",
        advice: "Check the storage class and its provisioner; the newest event says what is missing.",
        find: storage::pending,
    },
    Check {
        id: CheckId::new("secret/tls-expiring"),
        kind: "Secret",
        severity: Critical,
        set: Daily,
        data: &[(Secrets, Walked)],
        gate: Some("30d, 14d, 3d"),
        means: "When the certificate expires, every client refuses the connection.",
        advice: "Renew it, and find out why nothing renewed it by itself.",
        find: tls::expiring,
    },
    Check {
        id: CheckId::new("quota/near-limit"),
        kind: "ResourceQuota",
        severity: High,
        set: Daily,
        data: &[(ResourceQuotas, Walked)],
        gate: Some("85 %, 95 %"),
        means: "At the limit no new pod or object is let in: rollouts and restarts stop.",
        advice: "Raise the quota, or lower what the namespace asks for.",
        find: quota::near_limit,
    },
    Check {
        id: CheckId::new("node/not-ready"),
        kind: "Node",
        severity: Critical,
        set: Daily,
        data: &[(Nodes, Walked), (Pods, Detail)],
        gate: Some("5m after it joined"),
        means: "The node does not report itself healthy; its pods are lost or moved after five minutes.",
        advice: "Look at the node's machine, its kubelet and its network.",
        find: node::not_ready,
    },
    Check {
        id: CheckId::new("node/memory-pressure"),
        kind: "Node",
        severity: High,
        set: Daily,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "The node runs out of memory: the kubelet evicts pods and takes no new ones.",
        advice: "Find what uses the memory on the node; set requests and limits that match.",
        find: node::memory_pressure,
    },
];
