//! What to do about a finding: where several remedies fit, the one that cures the cause comes first, and says why.

use super::graph::Graph;
use super::look::{command, container};
use super::object::Entity;
use super::relations::{Relation, config_refs};
use super::rollout::{Rollback, rollback};
use crate::inspection::finding::{ActionHint, Finding, ObjectRef, Remedy, Target};
use crate::texts::cures as texts;

/// A remedy, and why it stands where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cure {
    /// What to do.
    pub remedy: Remedy,
    /// Why this, and not another.
    pub why: String,
}

impl Cure {
    /// The command that shows more, and what a person then does.
    fn look(finding: &Finding) -> Self {
        let advice = crate::inspection::checks::find(&finding.id).map(|check| check.advice).unwrap_or_default();
        Self { remedy: Remedy::command(texts::advice(advice), command(finding)), why: texts::why_look() }
    }

    fn act(title: String, action: ActionHint, why: String) -> Self {
        Self { remedy: Remedy::action(title, action), why }
    }
}

/// The remedies of a finding. Changes are proposed at the root only: at a symptom they cure nothing.
pub fn remedies(graph: &Graph<'_>, finding: &Finding) -> Vec<Remedy> {
    let cures = cures(graph, finding).into_iter().map(|cure| cure.remedy);
    cures.filter(|remedy| finding.is_root() || remedy.as_action().is_none()).collect()
}

/// Everything that fits, the cure of the cause first.
pub fn cures(graph: &Graph<'_>, finding: &Finding) -> Vec<Cure> {
    let look = Cure::look(finding);
    match finding.id.as_str() {
        "pod/image-pull" => {
            let mut cures = Vec::new();
            // A restart pulls the same name again, so it is not even offered.
            let back =
                rollback(graph, finding).filter(|back| back.serves || back.image_change(container(finding)).is_some());
            cures.extend(back.map(|back| undo(finding, &back)));
            cures.push(look);
            cures
        }
        "pod/crash-loop" | "pod/not-ready" | "deployment/rollout-stuck" => {
            let back = rollback(graph, finding).filter(|back| back.serves || back.fresh);
            let mut cures: Vec<Cure> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures.extend(fresh_start(graph, finding));
            cures
        }
        "pod/oom-killed" => {
            let back = rollback(graph, finding).filter(|back| back.serves);
            let mut cures: Vec<Cure> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures.extend(restart(finding, texts::why_restart_after_oom()));
            cures
        }
        "pod/create-error" | "pod/missing-config-ref" => {
            let back = rollback(graph, finding).filter(|back| needs_less(graph, back, finding));
            let mut cures: Vec<Cure> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures
        }
        "pod/unschedulable" => {
            let back = rollback(graph, finding).filter(|back| back.serves && asks_otherwise(back));
            let mut cures: Vec<Cure> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures.extend(fewer(graph, &finding.target));
            cures
        }
        "replicaset/create-failed" => {
            let mut cures = vec![look];
            cures.extend(fewer(graph, &finding.target));
            cures
        }
        "quota/near-limit" => {
            let mut cures = vec![look];
            let blocked = graph.find_target(&finding.target).into_iter().flat_map(|quota| graph.dependents(quota));
            let blocked = blocked.filter(|(relation, _)| *relation == Relation::LimitedBy);
            let blocked = blocked.map(|(_, set)| graph.object(graph.owner(set)).target());
            cures.extend(blocked.filter_map(|workload| fewer(graph, &workload)));
            cures
        }
        "deployment/unavailable" => {
            let mut cures = vec![look];
            cures.extend(restart(finding, texts::why_restart()));
            cures
        }
        "statefulset/degraded" | "daemonset/not-ready" => {
            let mut cures = vec![look];
            cures.extend(fresh_start(graph, finding));
            cures
        }
        _ => vec![look],
    }
}

fn undo(finding: &Finding, back: &Rollback<'_>) -> Cure {
    let action = ActionHint::UndoRollout { target: finding.target.clone(), to_revision: Some(back.revision) };
    let change = back.image_change(container(finding));
    Cure::act(texts::undo(back.revision), action, texts::why_undo(back.revision, back.serves, change))
}

/// Whether the revision before does without the ConfigMaps and Secrets that are missing.
fn needs_less(graph: &Graph<'_>, back: &Rollback<'_>, finding: &Finding) -> bool {
    let namespace = finding.target.namespace.as_deref().unwrap_or_default();
    let missing = |set: &crate::snapshot::ReplicaSet| {
        let refs = config_refs(&set.spec.template.spec);
        let absent = refs.iter().filter(|each| !each.optional).filter(|each| {
            graph.find(each.kind, namespace, each.name).is_none_or(|id| graph.object(id).entity.is_none())
        });
        absent.count()
    };
    missing(back.previous) < missing(back.newest)
}

/// Whether the scheduler has to look for something else than before.
fn asks_otherwise(back: &Rollback<'_>) -> bool {
    let (new, old) = (&back.newest.spec.template.spec, &back.previous.spec.template.spec);
    let places = new.node_selector != old.node_selector || new.affinity != old.affinity;
    places || new.tolerations != old.tolerations || requests(back.newest) != requests(back.previous)
}

fn requests(set: &crate::snapshot::ReplicaSet) -> Vec<(String, String)> {
    let containers = set.spec.template.spec.containers.iter();
    let each = containers.flat_map(|container| {
        let requests = container.resources.requests.iter();
        requests.map(|(name, amount)| (format!("{}/{name}", container.name), amount.as_str().to_owned()))
    });
    each.collect()
}

/// New pods: one if only one of several is ill, else all.
fn fresh_start(graph: &Graph<'_>, finding: &Finding) -> Option<Cure> {
    let ill: Vec<&ObjectRef> = finding.objects.iter().filter(|object| object.kind == "Pod").collect();
    let all = graph.find_target(&finding.target).map(|id| graph.pods(id).len()).unwrap_or_default();
    match ill.as_slice() {
        // Who owns itself is not made again.
        [pod] if all > 1 && finding.target.kind != "Pod" && finding.target.kind != "Job" => {
            let action = ActionHint::DeletePod { target: pod.target() };
            Some(Cure::act(texts::delete_pod(&pod.name), action, texts::why_delete_pod(all - 1)))
        }
        _ => restart(finding, texts::why_restart()),
    }
}

fn restart(finding: &Finding, why: String) -> Option<Cure> {
    let restartable = matches!(finding.target.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
    let action = ActionHint::RestartRollout { target: finding.target.clone() };
    restartable.then(|| Cure::act(texts::restart(), action, why))
}

/// As many replicas as there are, where more are asked for than can be.
fn fewer(graph: &Graph<'_>, workload: &Target) -> Option<Cure> {
    let (asked, ready) = match graph.object(graph.find_target(workload)?).entity? {
        Entity::Deployment(deployment) => (deployment.spec.replicas.unwrap_or(1), deployment.status.ready_replicas),
        Entity::StatefulSet(set) => (set.spec.replicas.unwrap_or(1), set.status.ready_replicas),
        _ => return None,
    };
    let action = ActionHint::Scale { target: workload.clone(), replicas: ready };
    (ready > 0 && ready < asked)
        .then(|| Cure::act(texts::scale(&workload.name, ready), action, texts::why_fewer(asked)))
}
