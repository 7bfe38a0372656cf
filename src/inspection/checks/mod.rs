//! The one table of all checks. A check is a pure function over the scene: the snapshot, its graph, the history, the
//! thresholds. One subject per file, its rows beside its functions; the ids are the catalogue's and are never renumbered.

mod by_label;
mod callee;
mod cert_manager;
mod certificate;
mod check;
mod cilium;
mod cluster_addons;
mod cluster_certificate;
mod cluster_load;
mod cluster_size;
mod cluster_version;
mod config_key;
mod config_ref;
mod config_use;
mod container_host;
mod container_image;
mod container_probe;
mod container_resources;
mod container_security;
mod control_plane;
mod crd;
mod cronjob;
mod cronjob_plan;
mod csi;
mod custom_resource;
mod daemonset;
mod daemonset_state;
mod deployment;
mod deployment_state;
mod drift;
mod drift_reach;
mod event;
mod gateway;
mod helm;
mod hpa;
mod hpa_shape;
mod ingress;
mod ingress_class;
mod ingress_status;
mod ingress_tls;
mod job;
mod job_state;
mod limit_range;
mod namespace;
mod network_policy;
mod node;
mod node_condition;
mod node_events;
mod node_load;
mod node_place;
mod node_version;
mod object;
mod old_manifest;
mod olm;
mod olm_one;
mod pdb;
mod pod_disk;
mod pod_disrupted;
mod pod_exit;
mod pod_finished;
mod pod_init;
mod pod_log;
mod pod_owner;
mod pod_pending;
mod pod_prepare;
mod pod_probe;
mod pod_ready;
mod pod_resize;
mod pod_restart;
mod pod_schedule;
mod pod_start;
mod pod_terminating;
mod pod_unknown;
mod pod_usage;
mod policy_report;
mod prometheus;
mod quota;
mod rbac;
mod rbac_reach;
mod references;
mod rights;
mod route;
mod scaler;
mod scene;
mod secret;
mod secret_tls;
mod service;
mod service_account;
mod service_order;
mod service_state;
mod signing_request;
mod statefulset;
mod statefulset_state;
mod storage;
mod storage_claim;
mod storage_class;
mod storage_fill;
mod storage_order;
mod storage_volume;
mod templates;
mod tls;
mod webhook;
mod webhook_refusal;
mod workload;
mod workload_order;
mod workload_use;
mod workloads;

use crate::finding::CheckId;
use crate::report::CheckSet;
use crate::snapshot::Resource;
use std::collections::BTreeSet;

pub use check::{Check, Role, Set};
pub(crate) use cluster_addons::Addon;
pub(crate) use drift_reach::Change;
pub(crate) use event::keep_unexplained;
pub(super) use pod_restart::shows_after_a_run;
pub use scene::{Draft, Scene};
pub(crate) use webhook::Distrust;

/// Every subject, in the order in which its findings are made.
static SUBJECTS: &[&[Check]] = &[
    pod_schedule::CHECKS,
    pod_pending::CHECKS,
    pod_restart::CHECKS,
    pod_start::CHECKS,
    pod_prepare::CHECKS,
    pod_init::CHECKS,
    pod_exit::CHECKS,
    pod_ready::CHECKS,
    pod_probe::CHECKS,
    pod_disrupted::CHECKS,
    pod_finished::CHECKS,
    pod_terminating::CHECKS,
    pod_unknown::CHECKS,
    pod_resize::CHECKS,
    pod_owner::CHECKS,
    pod_usage::CHECKS,
    pod_disk::CHECKS,
    pod_log::CHECKS,
    config_ref::CHECKS,
    config_key::CHECKS,
    container_image::CHECKS,
    container_probe::CHECKS,
    container_resources::CHECKS,
    container_security::CHECKS,
    container_host::CHECKS,
    deployment::CHECKS,
    deployment_state::CHECKS,
    statefulset::CHECKS,
    statefulset_state::CHECKS,
    daemonset::CHECKS,
    daemonset_state::CHECKS,
    workload::CHECKS,
    workload_order::CHECKS,
    workload_use::CHECKS,
    job::CHECKS,
    job_state::CHECKS,
    cronjob::CHECKS,
    hpa::CHECKS,
    hpa_shape::CHECKS,
    scaler::CHECKS,
    pdb::CHECKS,
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
    secret_tls::CHECKS,
    secret::CHECKS,
    config_use::CHECKS,
    cert_manager::CHECKS,
    helm::CHECKS,
    rbac::CHECKS,
    rbac_reach::CHECKS,
    service_account::CHECKS,
    signing_request::CHECKS,
    namespace::CHECKS,
    object::CHECKS,
    drift::CHECKS,
    drift_reach::CHECKS,
    event::CHECKS,
    quota::CHECKS,
    limit_range::CHECKS,
    node::CHECKS,
    node_condition::CHECKS,
    node_place::CHECKS,
    node_load::CHECKS,
    node_events::CHECKS,
    node_version::CHECKS,
    control_plane::CHECKS,
    cluster_addons::CHECKS,
    cluster_version::CHECKS,
    cluster_certificate::CHECKS,
    cluster_size::CHECKS,
    cluster_load::CHECKS,
    webhook::CHECKS,
    webhook_refusal::CHECKS,
    crd::CHECKS,
    custom_resource::CHECKS,
    olm::CHECKS,
    olm_one::CHECKS,
    policy_report::CHECKS,
    prometheus::CHECKS,
    cilium::CHECKS,
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
    let chosen = all().filter(|check| check.set.is_in(set));
    chosen.flat_map(|check| check.data).map(|(resource, _)| *resource).collect()
}
