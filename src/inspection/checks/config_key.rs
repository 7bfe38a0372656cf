//! Pods that need a key which their ConfigMap or Secret does not have.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting};
use crate::diagnosis::{Entity, KeyRef, config_keys};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Pod;
use crate::snapshot::Resource::{ConfigMaps, Pods, Secrets};
use crate::texts::findings::pod as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/missing-config-key"),
    kind: "Pod",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(Pods, Walked), (ConfigMaps, Part), (Secrets, Part)],
    gate: None,
    means: "The pod cannot start, or not start again, without that key.",
    advice: "Add the key, or correct its name in the workload.",
    find: missing_config_key,
}];

pub(super) fn missing_config_key(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let mut missing = config_keys(&pod.spec);
        missing.retain(|each| !each.optional && lacks(scene, pod, each));
        (!missing.is_empty()).then_some(Sighting { pod, container: None, what: missing })
    });
    let draft = |group: Group<'_, Vec<KeyRef<'_>>>| {
        let mut refs: Vec<KeyRef<'_>> = group.sightings.iter().flat_map(|sighting| sighting.what.clone()).collect();
        refs.sort_by_key(|each| (each.kind, each.name, each.key, each.field));
        refs.dedup();
        let since = group.sightings.iter().filter_map(|sighting| sighting.pod.meta.creation_timestamp).min();
        let mut keys: Vec<String> = Vec::new();
        let mut evidence = Vec::new();
        for each in refs {
            let key = texts::key_of(each.key, each.kind, each.name);
            evidence.push(Evidence::since(each.field, texts::absent_key(&key), since));
            keys.push(key);
        }
        keys.dedup();
        let title = texts::missing_config_key(group.sightings.len(), &keys);
        group.draft(Severity::Medium, title, evidence)
    };
    scene.by_owner(sightings).into_iter().map(draft).collect()
}

/// Whether the ConfigMap or Secret is there without the key; that it is not there at all is said by another check.
fn lacks(scene: &Scene<'_>, pod: &Pod, each: &KeyRef<'_>) -> bool {
    let Some(id) = scene.graph.find(each.kind, &pod.meta.namespace, each.name) else { return false };
    match scene.graph.object(id).entity {
        Some(Entity::ConfigMap(map)) => !map.data.contains(each.key) && !map.binary_data.contains(each.key),
        // Without a type only its metadata was read.
        Some(Entity::Secret(secret)) => !secret.type_.is_empty() && !secret.data.contains(each.key),
        _ => false,
    }
}
