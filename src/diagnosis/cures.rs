//! What to do about a finding: where several remedies fit, the one that cures the cause comes first, and says why.

use super::graph::Graph;
use super::look::{command, container};
use super::object::Entity;
use super::relations::{Relation, config_refs};
use super::rollout::{Rollback, rollback};
use crate::finding::{ActionHint, Effect, Finding, ObjectRef, Remedy, Target};
use crate::texts::cures as texts;

/// The change to propose for a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposed<'a> {
    /// What.
    pub action: &'a ActionHint,
    /// Why this, and not another.
    pub why: Option<&'a str>,
    /// What it does about the cause.
    pub effect: Effect,
}

/// Which change is proposed wherever one is: the first that cures the cause; where none does, the first that relieves.
pub fn proposed(finding: &Finding) -> Option<Proposed<'_>> {
    let changes = || {
        finding.remedies.iter().filter_map(|remedy| {
            let action = remedy.as_action()?;
            Some(Proposed { action, why: remedy.why.as_deref(), effect: remedy.effect })
        })
    };
    changes().find(|change| change.effect == Effect::Cures).or_else(|| changes().next())
}

/// The remedies of a finding; `advice` is what its check says in general. Changes are proposed at the root only: at a symptom
/// they cure nothing.
pub fn remedies(graph: &Graph<'_>, finding: &Finding, advice: &str) -> Vec<Remedy> {
    let look = Remedy::command(texts::advice(advice), command(finding));
    let cures = cures(graph, finding, look).into_iter();
    cures.filter(|remedy| finding.is_root() || remedy.as_action().is_none()).collect()
}

/// Everything that fits, the cure of the cause first. `look` is the command that shows more, and what a person then does.
fn cures(graph: &Graph<'_>, finding: &Finding, look: Remedy) -> Vec<Remedy> {
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
            let mut cures: Vec<Remedy> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures.extend(fresh_start(graph, finding));
            cures
        }
        "pod/oom-killed" => {
            let back = rollback(graph, finding).filter(|back| back.serves);
            let mut cures: Vec<Remedy> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures.extend(
                restart(finding, texts::restart_after_oom(), texts::why_restart_after_oom()).map(Remedy::as_relief),
            );
            cures
        }
        "pod/create-error" | "pod/missing-config-ref" => {
            let back = rollback(graph, finding).filter(|back| needs_less(graph, back, finding));
            let mut cures: Vec<Remedy> = back.map(|back| undo(finding, &back)).into_iter().collect();
            cures.push(look);
            cures
        }
        "pod/unschedulable" => {
            let back = rollback(graph, finding).filter(|back| back.serves && asks_otherwise(back));
            let mut cures: Vec<Remedy> = back.map(|back| undo(finding, &back)).into_iter().collect();
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
            cures.extend(restart(finding, texts::restart(), texts::why_restart()));
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

fn undo(finding: &Finding, back: &Rollback<'_>) -> Remedy {
    let action = ActionHint::UndoRollout { target: finding.target.clone(), to_revision: Some(back.revision) };
    let change = back.image_change(container(finding));
    Remedy::action(texts::undo(back.revision), action).because(texts::why_undo(back.revision, back.serves, change))
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
fn fresh_start(graph: &Graph<'_>, finding: &Finding) -> Option<Remedy> {
    let ill: Vec<&ObjectRef> = finding.objects.iter().filter(|object| object.kind == "Pod").collect();
    let all = graph.find_target(&finding.target).map(|id| graph.pods(id).len()).unwrap_or_default();
    match ill.as_slice() {
        // Who owns itself is not made again.
        [pod] if all > 1 && finding.target.kind != "Pod" && finding.target.kind != "Job" => {
            let action = ActionHint::DeletePod { target: pod.target() };
            Some(Remedy::action(texts::delete_pod(&pod.name), action).because(texts::why_delete_pod(all - 1)))
        }
        _ => restart(finding, texts::restart(), texts::why_restart()),
    }
}

fn restart(finding: &Finding, title: String, why: String) -> Option<Remedy> {
    let restartable = matches!(finding.target.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
    let action = ActionHint::RestartRollout { target: finding.target.clone() };
    restartable.then(|| Remedy::action(title, action).because(why))
}

/// As many replicas as there are, where more are asked for than can be.
fn fewer(graph: &Graph<'_>, workload: &Target) -> Option<Remedy> {
    let (asked, ready) = match graph.object(graph.find_target(workload)?).entity? {
        Entity::Deployment(deployment) => (deployment.spec.replicas.unwrap_or(1), deployment.status.ready_replicas),
        Entity::StatefulSet(set) => (set.spec.replicas.unwrap_or(1), set.status.ready_replicas),
        _ => return None,
    };
    let action = ActionHint::Scale { target: workload.clone(), replicas: ready };
    (ready > 0 && ready < asked).then(|| {
        Remedy::action(texts::scale(&workload.name, ready), action).because(texts::why_fewer(asked)).as_relief()
    })
}

#[cfg(test)]
mod tests {
    use super::{Proposed, proposed};
    use crate::finding::{ActionHint, Effect, Finding, Remedy, Target};
    use serde_json::json;

    fn finding(remedies: Vec<Remedy>) -> Finding {
        let finding = json!({ "id": "pod/oom-killed", "fingerprint": "00", "severity": "high", "state": "new",
            "first_seen": "2026-11-23T09:00:00Z", "target": { "kind": "Deployment", "namespace": "shop", "name": "cart" },
            "objects": [], "title": "1 pod was killed", "evidence": [], "remedies": [] });
        Finding { remedies, ..serde_json::from_value(finding).unwrap() }
    }

    #[test]
    fn what_cures_is_proposed_before_what_relieves_wherever_it_stands() {
        let cart = || Target::namespaced("Deployment", "shop", "cart");
        let look = || Remedy::command("look", "kubectl get pods");
        let restart = ActionHint::RestartRollout { target: cart() };
        let relief = || Remedy::action("restart", restart.clone()).because("only buys time").as_relief();
        let undo = ActionHint::UndoRollout { target: cart(), to_revision: Some(1) };
        let cure = || Remedy::action("undo", undo.clone()).because("it came with the image");

        let only_look = finding(vec![look()]);
        assert_eq!(proposed(&only_look), None);
        let only_relief = finding(vec![look(), relief()]);
        let why = Some("only buys time");
        assert_eq!(proposed(&only_relief), Some(Proposed { action: &restart, why, effect: Effect::Relieves }));
        let both = finding(vec![relief(), look(), cure()]);
        let why = Some("it came with the image");
        assert_eq!(proposed(&both), Some(Proposed { action: &undo, why, effect: Effect::Cures }));
    }
}
