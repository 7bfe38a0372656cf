//! Deployments: one ReplicaSet per pod template, rolled from the old to the new one within surge and unavailability.
//! A template that was there before gets its old ReplicaSet back with a new revision: that is what an undo is.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::demo::events::{self, Note};
use crate::demo::json::{
    annotation, count, deleting, map, name, namespace, number, owned_by, put, text, truth, uid, when,
};
use crate::demo::names;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;

use super::{deployment_status, pods};

const COMPONENT: &str = "deployment-controller";
pub(in crate::demo) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_PATH: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

pub(super) fn run(simulation: &mut Simulation, within: &str) {
    for deployment in simulation.objects.list(Kind::Deployment, Some(within)) {
        reconcile(simulation, &deployment);
    }
}

pub(super) fn sets_of(simulation: &Simulation, deployment: &Value) -> Vec<Arc<Value>> {
    let mut sets = simulation.objects.list(Kind::ReplicaSet, Some(namespace(deployment)));
    sets.retain(|set| owned_by(set, uid(deployment)));
    sets.sort_by_key(|set| when(set, "/metadata/creationTimestamp"));
    sets
}

fn revision(set: &Value) -> i64 {
    annotation(set, REVISION).parse().unwrap_or_default()
}

fn reconcile(simulation: &mut Simulation, deployment: &Value) {
    let wanted = &deployment["spec"]["template"];
    let is_new = |set: &Arc<Value>| names::same_template(&set["spec"]["template"], wanted);
    let paused = truth(deployment, "/spec/paused");
    let mut progress = None;
    if let Some(found) = find_new(simulation, deployment, is_new) {
        name_revision(simulation, deployment, &found);
    } else if !paused {
        progress = Some(create_new(simulation, deployment));
    }
    let sets = sets_of(simulation, deployment);
    let (new, old): (Vec<_>, Vec<_>) = sets.into_iter().partition(is_new);
    if let [new] = new.as_slice() {
        if text(deployment, "/spec/strategy/type") == "Recreate" {
            recreate(simulation, deployment, new, &old);
        } else if !paused || old.iter().all(|set| count(set, "/spec/replicas") == 0) {
            roll(simulation, deployment, new, &old);
        }
    }
    clean_up(simulation, deployment, &old);
    deployment_status::report(simulation, deployment, is_new, progress);
}

fn find_new(simulation: &Simulation, deployment: &Value, is_new: impl Fn(&Arc<Value>) -> bool) -> Option<Arc<Value>> {
    sets_of(simulation, deployment).into_iter().find(|set| is_new(set))
}

/// The next revision for a set, unless it already has the last one; the deployment shows it too.
fn name_revision(simulation: &mut Simulation, deployment: &Value, set: &Value) {
    let highest = sets_of(simulation, deployment)
        .iter()
        .filter(|other| uid(other) != uid(set))
        .map(|other| revision(other))
        .max()
        .unwrap_or_default();
    let own = revision(set);
    let next = if own > highest { own } else { highest + 1 };
    if next != own {
        let mut history: Vec<String> = annotation(set, "deployment.kubernetes.io/revision-history")
            .split(',')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        history.push(own.to_string());
        simulation.objects.edit(Kind::ReplicaSet, namespace(set), name(set), |set| {
            put(set, REVISION_PATH, json!(next.to_string()));
            put(set, "/metadata/annotations/deployment.kubernetes.io~1revision-history", json!(history.join(",")));
        });
    }
    simulation.objects.edit(Kind::Deployment, namespace(deployment), name(deployment), |deployment| {
        put(deployment, REVISION_PATH, json!(next.to_string()));
    });
}

fn create_new(simulation: &mut Simulation, deployment: &Value) -> String {
    let template = names::without_hash(&deployment["spec"]["template"]);
    let hash = names::template_hash(&template);
    let own = format!("{}-{hash}", name(deployment));
    let highest = sets_of(simulation, deployment).iter().map(|set| revision(set)).max().unwrap_or_default();
    let mut labelled = template;
    put(&mut labelled, "/metadata/labels/pod-template-hash", json!(hash));
    let mut selector = deployment["spec"]["selector"].clone();
    put(&mut selector, "/matchLabels/pod-template-hash", json!(hash));
    let mut annotations = json!({
        REVISION: (highest + 1).to_string(),
        "deployment.kubernetes.io/desired-replicas": count(deployment, "/spec/replicas").to_string(),
        "deployment.kubernetes.io/max-replicas": (count(deployment, "/spec/replicas") + surge(deployment)).to_string(),
    });
    for (key, value) in map(deployment, "/metadata/annotations").into_iter().flatten() {
        if key != "kubectl.kubernetes.io/last-applied-configuration" && !key.starts_with("deployment.kubernetes.io/") {
            annotations[key] = value.clone();
        }
    }
    let mut spec = json!({ "replicas": 0, "selector": selector, "template": labelled });
    if let Some(seconds) = number(deployment, "/spec/minReadySeconds") {
        put(&mut spec, "/minReadySeconds", json!(seconds));
    }
    let value = json!({
        "metadata": {
            "name": own, "namespace": namespace(deployment), "labels": labelled_labels(&selector), "annotations": annotations,
            "ownerReferences": [pods::owner_reference(deployment)],
        },
        "spec": spec, "status": { "replicas": 0 },
    });
    let now = simulation.now;
    if let Some(set) = simulation.objects.insert(Kind::ReplicaSet, value, now) {
        name_revision(simulation, deployment, &set);
    }
    own
}

fn labelled_labels(selector: &Value) -> Value {
    selector.get("matchLabels").cloned().unwrap_or_else(|| json!({}))
}

/// A count or a percentage of the replicas, rounded up for the surge and down for the unavailable.
fn share(deployment: &Value, field: &str, up: bool) -> i64 {
    let value = &deployment["spec"]["strategy"]["rollingUpdate"][field];
    let percent = value.as_str().and_then(|words| words.strip_suffix('%')).and_then(|words| words.parse::<i64>().ok());
    let part = percent.map(|percent| percent * count(deployment, "/spec/replicas"));
    match part {
        Some(part) if up => (part + 99) / 100,
        Some(part) => part / 100,
        None => value.as_i64().unwrap_or_default(),
    }
}

fn surge(deployment: &Value) -> i64 {
    if text(deployment, "/spec/strategy/type") == "Recreate" { 0 } else { share(deployment, "maxSurge", true) }
}

pub(super) fn unavailable(deployment: &Value) -> i64 {
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        return 0;
    }
    let unavailable = share(deployment, "maxUnavailable", false);
    if unavailable == 0 && surge(deployment) == 0 { 1 } else { unavailable.min(count(deployment, "/spec/replicas")) }
}

fn scale(simulation: &mut Simulation, deployment: &Value, set: &Value, to: i64) {
    let from = count(set, "/spec/replicas");
    if from == to {
        return;
    }
    let desired = count(deployment, "/spec/replicas");
    let most = desired + surge(deployment);
    simulation.objects.edit(Kind::ReplicaSet, namespace(set), name(set), |set| {
        put(set, "/spec/replicas", json!(to));
        put(set, "/metadata/annotations/deployment.kubernetes.io~1desired-replicas", json!(desired.to_string()));
        put(set, "/metadata/annotations/deployment.kubernetes.io~1max-replicas", json!(most.to_string()));
    });
    let direction = if to > from { "up" } else { "down" };
    let message = format!("Scaled {direction} replica set {} from {from} to {to}", name(set));
    events::record(simulation, deployment, Note::normal(COMPONENT, "ScalingReplicaSet", &message));
}

fn recreate(simulation: &mut Simulation, deployment: &Value, new: &Value, old: &[Arc<Value>]) {
    for set in old {
        scale(simulation, deployment, set, 0);
    }
    let old_pods_gone = old.iter().all(|set| pods::of(simulation, set).iter().all(|pod| pods::finished(pod)));
    if old_pods_gone {
        scale(simulation, deployment, new, count(deployment, "/spec/replicas"));
    }
}

fn roll(simulation: &mut Simulation, deployment: &Value, new: &Value, old: &[Arc<Value>]) {
    let desired = count(deployment, "/spec/replicas");
    let replicas = |set: &Value| count(set, "/spec/replicas");
    let old_replicas: i64 = old.iter().map(|set| replicas(set)).sum();
    let room = desired + surge(deployment) - old_replicas - replicas(new);
    if replicas(new) > desired {
        return scale(simulation, deployment, new, desired);
    }
    if replicas(new) < desired && room > 0 {
        return scale(simulation, deployment, new, replicas(new) + room.min(desired - replicas(new)));
    }
    let least = desired - unavailable(deployment);
    let new_unavailable = replicas(new) - count(new, "/status/availableReplicas");
    let spare = old_replicas + replicas(new) - least - new_unavailable;
    // First the old pods that serve nobody, then as many of the others as the new ones can stand in for.
    for set in old {
        let broken = replicas(set) - count(set, "/status/availableReplicas");
        let gone = broken.min(spare);
        if gone > 0 {
            return scale(simulation, deployment, set, replicas(set) - gone);
        }
    }
    let available: i64 = old.iter().map(|set| count(set, "/status/availableReplicas")).sum::<i64>()
        + count(new, "/status/availableReplicas");
    let mut may_go = (available - least).max(0).min(spare.max(0));
    for set in old {
        let gone = replicas(set).min(may_go);
        if gone > 0 {
            may_go -= gone;
            scale(simulation, deployment, set, replicas(set) - gone);
        }
    }
}

/// Old sets beyond the history limit go, the oldest first.
fn clean_up(simulation: &mut Simulation, deployment: &Value, old: &[Arc<Value>]) {
    let kept = usize::try_from(count(deployment, "/spec/revisionHistoryLimit")).unwrap_or_default();
    let mut idle: Vec<_> = old
        .iter()
        .filter(|set| count(set, "/spec/replicas") == 0 && count(set, "/status/replicas") == 0 && !deleting(set))
        .collect();
    idle.sort_by_key(|set| revision(set));
    for set in idle.iter().take(idle.len().saturating_sub(kept)) {
        simulation.objects.remove(Kind::ReplicaSet, namespace(set), name(set));
    }
}
