//! The revisions of a Deployment: which one is new, which one was before, and whether that one was well.

use super::graph::{Graph, ObjectId};
use super::object::Entity;
use super::relations::Relation;
use crate::finding::Finding;
use crate::snapshot::ReplicaSet;
use chrono::TimeDelta;
use std::cmp::Reverse;

/// A way back: the revision before the current one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rollback<'a> {
    /// The current revision.
    pub(crate) newest: &'a ReplicaSet,
    /// The one before.
    pub(crate) previous: &'a ReplicaSet,
    /// Its number.
    pub(crate) revision: i64,
    /// Whether pods of it still serve, which proves that it is well.
    pub(crate) serves: bool,
    /// Whether the current revision is so new that what is wrong most likely came with it.
    pub(crate) fresh: bool,
}

/// How long after a rollout trouble is put down to it.
const FRESH: TimeDelta = TimeDelta::hours(24);

/// The ReplicaSets of a Deployment with their revisions, the newest first.
fn revisions<'a>(graph: &Graph<'a>, deployment: ObjectId) -> Vec<(ObjectId, &'a ReplicaSet, i64)> {
    let owned = graph.depends_on(deployment).filter(|(relation, _)| *relation == Relation::Owns);
    let mut sets: Vec<(ObjectId, &ReplicaSet, i64)> = owned
        .filter_map(|(_, id)| match graph.object(id).entity {
            Some(Entity::ReplicaSet(set)) => Some((id, set, revision(set))),
            _ => None,
        })
        .collect();
    sets.sort_by_key(|(_, set, revision)| Reverse((*revision, set.meta.creation_timestamp)));
    sets
}

fn revision(set: &ReplicaSet) -> i64 {
    let written = set.meta.annotations.get("deployment.kubernetes.io/revision");
    written.and_then(|written| written.parse().ok()).unwrap_or(0)
}

/// The ReplicaSet of the current revision.
pub(crate) fn newest_replica_set<'a>(graph: &Graph<'a>, deployment: ObjectId) -> Option<(ObjectId, &'a ReplicaSet)> {
    revisions(graph, deployment).first().map(|(id, set, _)| (*id, *set))
}

/// The way back from what a finding says about a Deployment, if every pod that shows it is of the current revision.
pub(crate) fn rollback<'a>(graph: &Graph<'a>, finding: &Finding) -> Option<Rollback<'a>> {
    let deployment = graph.find_target(&finding.target).filter(|_| finding.target.kind == "Deployment")?;
    let revisions = revisions(graph, deployment);
    let [(newest_id, newest, _), (_, previous, revision), ..] = revisions.as_slice() else { return None };
    let pods = finding.objects.iter().filter(|object| object.kind == "Pod");
    let mut pods = pods.filter_map(|object| graph.find_target(&object.target()));
    let newest_pods = graph.pods(*newest_id);
    if !pods.all(|pod| newest_pods.contains(&pod)) {
        return None;
    }
    let age = newest.meta.creation_timestamp.map(|created| graph.snapshot().taken_at - created);
    Some(Rollback {
        newest,
        previous,
        revision: *revision,
        serves: previous.status.ready_replicas > 0,
        fresh: age.is_some_and(|age| age <= FRESH),
    })
}

impl Rollback<'_> {
    /// The image of that container then and now, if it differs.
    pub(crate) fn image_change(&self, container: Option<&str>) -> Option<(&str, &str)> {
        let now = &self.newest.spec.template.spec;
        let then = &self.previous.spec.template.spec;
        let all = |spec: &'_ crate::snapshot::PodSpec| -> Vec<(String, String)> {
            let both = spec.init_containers.iter().chain(&spec.containers);
            both.map(|each| (each.name.as_str().to_owned(), each.image.as_str().to_owned())).collect()
        };
        let changed = |name: &str| {
            let image =
                |list: &[(String, String)]| list.iter().find(|(n, _)| n == name).map(|(_, image)| image.clone());
            image(&all(then)) != image(&all(now))
        };
        let containers = now.init_containers.iter().chain(&now.containers);
        let mut containers = containers.filter(|each| container.is_none_or(|name| each.name == name));
        let new = containers.find(|each| changed(&each.name))?;
        let old = then.init_containers.iter().chain(&then.containers).find(|each| each.name == new.name)?;
        Some((old.image.as_str(), new.image.as_str()))
    }
}
