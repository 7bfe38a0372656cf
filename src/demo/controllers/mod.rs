//! The controllers: each derives its outcome from the stored objects, one kind per file, without memory of its own.
//! (The kubelets remember what their machines do, as real ones have to.)

pub(super) mod cronjob;
pub(super) mod daemonset;
pub(super) mod deployment;
pub(super) mod endpoints;
pub(super) mod garbage;
pub(super) mod job;
pub(super) mod kubelet;
pub(super) mod namespace;
pub(super) mod node;
pub(super) mod pod_status;
pub(super) mod pods;
pub(super) mod quota;
pub(super) mod replicaset;
pub(super) mod scheduler;
pub(super) mod statefulset;
pub(super) mod volume;

use super::events;
use super::simulation::Simulation;

/// Every controller once; the simulation repeats this until nothing changes.
pub(super) fn pass(simulation: &mut Simulation) {
    namespace::run(simulation);
    cronjob::run(simulation);
    job::run(simulation);
    deployment::run(simulation);
    statefulset::run(simulation);
    daemonset::run(simulation);
    replicaset::run(simulation);
    volume::run(simulation);
    node::run(simulation);
    scheduler::run(simulation);
    kubelet::run(simulation);
    endpoints::run(simulation);
    quota::run(simulation);
    garbage::run(simulation);
    events::expire(simulation);
}
