//! Pods that need a ConfigMap or Secret that does not exist.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, WHILE_APPLYING};
use crate::diagnosis::{ConfigRef, config_refs};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{ConfigMaps, Pods, Secrets};
use crate::snapshot::{Pod, Resource};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/missing-config-ref"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked), (ConfigMaps, Part), (Secrets, Part)],
    gate: Some("1m"),
    means: "The pod needs a ConfigMap or Secret that does not exist: it cannot start, or not start again.",
    advice: "Create it, or correct the name in the workload.",
    find: missing,
}];

pub(super) fn missing(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let missing = missing_of(scene, pod);
        let settled = scene.is_older(pod.meta.creation_timestamp, WHILE_APPLYING);
        (!missing.is_empty() && settled).then_some(Sighting { pod, container: None, what: missing })
    });
    let draft = |group: Group<'_, Vec<ConfigRef<'_>>>| {
        let mut refs: Vec<ConfigRef<'_>> = group.sightings.iter().flat_map(|sighting| sighting.what.clone()).collect();
        refs.sort_by_key(|each| (each.kind, each.name, each.field));
        refs.dedup_by_key(|each| (each.kind, each.name, each.field));
        let since = group.sightings.iter().filter_map(|sighting| sighting.pod.meta.creation_timestamp).min();
        let evidence =
            refs.iter().map(|each| Evidence::since(each.field, texts::absent(each.kind, each.name), since)).collect();
        let mut names: Vec<String> = refs.iter().map(|each| format!("{} {}", each.kind, each.name)).collect();
        names.dedup();
        // A pod that runs has what it read at its start: it is hurt only when it starts again.
        let runs = group.sightings.iter().all(|sighting| sighting.pod.status.phase == "Running");
        let severity = if runs { Severity::Medium } else { Severity::High };
        let title = texts::missing_config_ref(group.sightings.len(), &names, runs);
        Some(group.draft(severity, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

fn missing_of<'a>(scene: &Scene<'a>, pod: &'a Pod) -> Vec<ConfigRef<'a>> {
    let mut refs = config_refs(&pod.spec);
    refs.retain(|each| {
        let read = match each.kind {
            "Secret" => Resource::Secrets,
            _ => Resource::ConfigMaps,
        };
        let there = scene.graph.find(each.kind, &pod.meta.namespace, each.name);
        let there = there.is_some_and(|id| scene.graph.object(id).entity.is_some());
        !each.optional && !there && scene.snapshot.has_read(read)
    });
    refs
}
