//! The garbage collector: what belongs to an owner that is gone goes too.

use std::collections::BTreeSet;

use crate::demo::json::{controller, deleting, name, namespace, text, uid};
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::pods;

/// The kinds that own others.
pub(super) const OWNERS: &[Kind] =
    &[Kind::Deployment, Kind::ReplicaSet, Kind::StatefulSet, Kind::DaemonSet, Kind::CronJob, Kind::Job, Kind::Service];

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    if !simulation.objects.forget_removals() {
        return;
    }
    let all = simulation.objects.everything();
    let alive: BTreeSet<&str> = all.iter().map(|(_, object)| uid(object)).collect();
    for (kind, object) in &all {
        let Some(owner) = controller(object) else {
            continue;
        };
        // Static pods belong to a node by name; their reference is not a stored uid.
        if alive.contains(text(owner, "/uid")) || text(owner, "/kind") == "Node" || deleting(object) {
            continue;
        }
        if *kind == Kind::Pod {
            pods::delete(simulation, object, None);
        } else {
            simulation.objects.remove(*kind, namespace(object), name(object));
        }
    }
}
