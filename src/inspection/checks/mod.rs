//! The one table of all checks. A check is a pure function over the scene: the snapshot, its graph, the history, the
//! thresholds. One subject per file, its rows beside its functions; the ids are the catalogue's and are never renumbered.

mod certificate;
mod check;
mod config_ref;
mod csi;
mod daemonset;
mod deployment;
mod gateway;
mod ingress;
mod ingress_class;
mod ingress_status;
mod ingress_tls;
mod job;
mod network_policy;
mod node;
mod pod_ready;
mod pod_restart;
mod pod_schedule;
mod pod_start;
mod quota;
mod route;
mod scene;
mod service;
mod service_order;
mod service_state;
mod statefulset;
mod storage;
mod storage_claim;
mod storage_class;
mod storage_fill;
mod storage_order;
mod storage_volume;
mod tls;

use super::attention::CheckSet;
use super::finding::CheckId;
use crate::snapshot::Resource;
use std::collections::BTreeSet;

pub use check::{Check, Role, Set};
pub(crate) use pod_schedule::{Obstacle, obstacles};
pub(crate) use pod_start::PullFailure;
pub use scene::{Draft, Scene};

/// Every subject, in the order in which its findings are made.
static SUBJECTS: &[&[Check]] = &[
    pod_schedule::CHECKS,
    pod_restart::CHECKS,
    pod_start::CHECKS,
    pod_ready::CHECKS,
    config_ref::CHECKS,
    deployment::CHECKS,
    statefulset::CHECKS,
    daemonset::CHECKS,
    job::CHECKS,
    service::CHECKS,
    service_state::CHECKS,
    service_order::CHECKS,
    network_policy::CHECKS,
    ingress::CHECKS,
    ingress_class::CHECKS,
    ingress_status::CHECKS,
    ingress_tls::CHECKS,
    gateway::CHECKS,
    route::CHECKS,
    storage::CHECKS,
    storage_claim::CHECKS,
    storage_fill::CHECKS,
    storage_volume::CHECKS,
    storage_class::CHECKS,
    storage_order::CHECKS,
    csi::CHECKS,
    tls::CHECKS,
    quota::CHECKS,
    node::CHECKS,
];

/// Every check.
pub fn all() -> impl Iterator<Item = &'static Check> {
    SUBJECTS.iter().copied().flatten()
}

/// The row of that id.
pub fn find(id: &CheckId) -> Option<&'static Check> {
    all().find(|check| check.id == *id)
}

/// What the checks of a set read.
pub fn resources(set: CheckSet) -> BTreeSet<Resource> {
    let chosen = all().filter(|check| set.includes(check.set));
    chosen.flat_map(|check| check.data).map(|(resource, _)| *resource).collect()
}
