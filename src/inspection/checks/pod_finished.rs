//! Finished pods that nobody clears away.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting};
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::Pod;
use crate::snapshot::Resource::Pods;
use crate::texts::findings::pod as texts;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/finished-pile-up"),
    kind: "Pod",
    severity: Severity::Low,
    set: Set::Hygiene,
    data: &[(Pods, Walked)],
    gate: Some("more than 20"),
    means: "Pods that are over stay until the whole cluster has 12500 of them: they hide what matters and cost the API server memory.",
    advice: "Delete them once somebody has seen why they ended; find what keeps making them.",
    find: finished_pile_up,
}];

pub(super) fn finished_pile_up(scene: &Scene<'_>) -> Vec<Draft> {
    let most = scene.thresholds.finished_pods;
    let finished = scene.snapshot.pods.iter().filter(|pod| is_left_over(pod));
    let groups = scene.by_owner(finished.map(|pod| Sighting { pod, container: None, what: () }));
    let mut drafts = Vec::new();
    let mut rest: BTreeMap<&str, Vec<Sighting<'_, ()>>> = BTreeMap::new();
    for group in groups {
        if group.sightings.len() > most {
            drafts.push(draft(group));
        } else {
            for sighting in group.sightings {
                rest.entry(&sighting.pod.meta.namespace).or_default().push(sighting);
            }
        }
    }
    for (namespace, mut sightings) in rest.into_iter().filter(|(_, sightings)| sightings.len() > most) {
        sightings.sort_by(|a, b| a.pod.meta.name.cmp(&b.pod.meta.name));
        let owner = Target::cluster_wide("Namespace", namespace);
        drafts.push(draft(Group { owner_id: scene.graph.find_target(&owner), owner, container: None, sightings }));
    }
    drafts
}

fn draft(group: Group<'_, ()>) -> Draft {
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for sighting in &group.sightings {
        *ends.entry(end(sighting.pod)).or_default() += 1;
    }
    let mut ends: Vec<(&str, usize)> = ends.into_iter().collect();
    ends.sort_by_key(|(end, count)| (std::cmp::Reverse(*count), *end));
    let evidence = ends.iter().map(|(end, count)| Evidence::new(format!("pods {end}"), count.to_string())).collect();
    let title = texts::finished_pile_up(group.sightings.len(), ends.first().map_or("", |(end, _)| end));
    group.draft(Severity::Low, title, evidence)
}

/// `Evicted`, or else `Failed` or `Succeeded`.
fn end(pod: &Pod) -> &str {
    if pod.status.reason.is_empty() { &pod.status.phase } else { &pod.status.reason }
}

/// Those of Jobs are kept on purpose, for as long as their Job is.
fn is_left_over(pod: &Pod) -> bool {
    let finished = matches!(&*pod.status.phase, "Succeeded" | "Failed");
    let of_job = pod.meta.controller().is_some_and(|owner| owner.kind == "Job");
    finished && !of_job && pod.meta.deletion_timestamp.is_none()
}
