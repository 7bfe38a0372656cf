//! The controllers: each derives its outcome from the stored objects, one kind per file, without memory of its own.
//! (The kubelets remember what their machines do, as real ones have to.)

pub(super) mod budget;
pub(super) mod container;
pub(super) mod cronjob;
pub(super) mod daemonset;
pub(super) mod deployment;
pub(super) mod deployment_status;
pub(super) mod endpoints;
pub(super) mod garbage;
pub(super) mod ingress;
pub(super) mod job;
pub(super) mod kubelet;
pub(super) mod namespace;
pub(super) mod node;
pub(super) mod pod_status;
pub(super) mod pods;
pub(super) mod quota;
pub(super) mod references;
pub(super) mod replicaset;
pub(super) mod revision;
pub(super) mod scheduler;
pub(super) mod statefulset;
pub(super) mod volume;

use super::resources::Kind;
use super::simulation::Simulation;

/// Where a controller works: one namespace after the other, or in all of the cluster at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Namespace,
    Cluster,
}

/// A controller, and the kinds whose changes it has to look at. What it writes to them itself makes it look once more.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) name: &'static str,
    pub(super) reach: Reach,
    pub(super) reads: &'static [Kind],
    pub(super) run: fn(&mut Simulation, &str),
}

const fn within(name: &'static str, reads: &'static [Kind], run: fn(&mut Simulation, &str)) -> Controller {
    Controller { name, reach: Reach::Namespace, reads, run }
}

const fn across(name: &'static str, reads: &'static [Kind], run: fn(&mut Simulation, &str)) -> Controller {
    Controller { name, reach: Reach::Cluster, reads, run }
}

/// All controllers, in the order of one pass.
pub(super) const CONTROLLERS: &[Controller] = &[
    across("namespace", &[Kind::Namespace], namespace::run),
    within("cronjob", &[Kind::CronJob, Kind::Job], cronjob::run),
    within("job", &[Kind::Job, Kind::Pod], job::run),
    within("deployment", &[Kind::Deployment, Kind::ReplicaSet, Kind::Pod], deployment::run),
    within("statefulset", &[Kind::StatefulSet, Kind::Pod], statefulset::run),
    within("daemonset", &[Kind::DaemonSet, Kind::Pod, Kind::Node], daemonset::run),
    within("revision", &[Kind::StatefulSet, Kind::DaemonSet], revision::run),
    within("replicaset", &[Kind::ReplicaSet, Kind::Pod, Kind::ResourceQuota], replicaset::run),
    within("volume", &[Kind::PersistentVolumeClaim, Kind::StorageClass, Kind::Pod], volume::run),
    across("node", &[Kind::Node, Kind::Pod], node::run),
    across("scheduler", &[Kind::Pod, Kind::Node, Kind::PersistentVolumeClaim], scheduler::run),
    across("kubelet", &[Kind::Pod, Kind::Node, Kind::ConfigMap, Kind::Secret], kubelet::run),
    within("endpoints", &[Kind::Service, Kind::Pod], endpoints::run),
    across("ingress", &[Kind::Ingress, Kind::IngressClass, Kind::Pod, Kind::Service], ingress::run),
    within("budget", &[Kind::PodDisruptionBudget, Kind::Pod, Kind::ReplicaSet, Kind::StatefulSet], budget::run),
    within("quota", &[Kind::ResourceQuota, Kind::Pod], quota::run),
    across("garbage", garbage::OWNERS, garbage::run),
];
