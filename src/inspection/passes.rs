//! The checks, run with the numbers that count where they look: once as usual, and once more for each part of the
//! cluster that has numbers of its own.

use super::attention::{Change, Settings};
use super::checks::{Check, Draft, Scene};
use crate::diagnosis::Graph;
use std::collections::BTreeSet;

/// What the check finds.
pub(super) fn find(check: &Check, scene: &Scene<'_>, settings: &Settings) -> Vec<Draft> {
    let changes: Vec<&Change> =
        settings.changes.iter().filter(|change| change.changes_numbers() && change.covers_check(&check.id)).collect();
    if changes.is_empty() {
        return (check.find)(scene);
    }
    let with = |changes: &[&Change]| {
        let mut thresholds = scene.thresholds.clone();
        changes.iter().for_each(|change| change.apply(&mut thresholds));
        (check.find)(&Scene::new(scene.graph, scene.history, &thresholds))
    };
    // A namespace is told by the changes that count in it; those in which the same count are looked at together.
    let counting = |namespace: Option<&str>| -> Vec<&Change> {
        changes.iter().copied().filter(|change| change.covers(&check.id, namespace)).collect()
    };
    let mut drafts = Vec::new();
    let mut done: Vec<Vec<&Change>> = Vec::new();
    for namespace in namespaces(scene.graph) {
        let here = counting(namespace);
        if !done.contains(&here) {
            let found = with(&here);
            drafts.extend(found.into_iter().filter(|draft| counting(draft.target.namespace.as_deref()) == here));
            done.push(here);
        }
    }
    drafts
}

/// Every namespace that an object is in, and none for what is in none.
fn namespaces<'a>(graph: &Graph<'a>) -> BTreeSet<Option<&'a str>> {
    let namespaces = graph.objects().map(|(_, object)| (!object.namespace.is_empty()).then_some(object.namespace));
    namespaces.chain([None]).collect()
}
