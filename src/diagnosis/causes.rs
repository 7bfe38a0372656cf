//! Folds symptoms under what causes them.

use super::calls::{exceeded_quota, refusing_webhook};
use super::explanations::{
    Tie::{
        self, Account, Api, Asks, Claim, Component, Consumer, Container, Cordon, Denied, Depends, Inside, Listed, Node,
        Pods, PodsAtThatTime, Quota, Silent, Taint, Webhook, Workload,
    },
    explanations,
};
use super::graph::{Graph, ObjectId};
use super::object::Entity;
use super::obstacle::{Obstacle, obstacles};
use super::pull_failure::PullFailure;
use super::relations::Relation;
use super::rollout::newest_replica_set;
use crate::finding::{Finding, Fingerprint, Severity};
use crate::report::score;
use crate::snapshot::{Pod, selects};
use chrono::TimeDelta;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// How much earlier than its cause an effect may be noticed: clocks and controllers differ by that.
const SLACK: TimeDelta = TimeDelta::minutes(2);

/// Sets `caused_by` of every finding that another one explains. Never in a ring: the effect that would close one stays
/// a root.
pub fn link(graph: &Graph<'_>, findings: &mut [Finding]) {
    let index = Index::new(graph, findings);
    let mut causes: Vec<Option<usize>> = vec![None; findings.len()];
    for effect in 0..findings.len() {
        let cause = index.cause_of(effect);
        let mut at = cause;
        while let Some(place) = at.filter(|place| *place != effect) {
            at = causes[place];
        }
        causes[effect] = if at.is_none() { cause } else { None };
    }
    let prints: Vec<Option<Fingerprint>> =
        causes.into_iter().map(|cause| cause.map(|cause| findings[cause].fingerprint.clone())).collect();
    for (finding, cause) in findings.iter_mut().zip(prints) {
        finding.caused_by = cause;
    }
}

/// The worst roots first, each followed by what it explains.
pub fn order(findings: &mut Vec<Finding>) {
    let severities = score::severities(findings);
    let mut pending: Vec<Finding> = std::mem::take(findings);
    pending.sort_by(|a, b| {
        let severity = |finding: &Finding| severities.get(&finding.fingerprint).copied().unwrap_or(finding.severity);
        let key = |finding: &Finding| (Reverse(severity(finding)), Reverse(finding.objects.len()));
        key(a).cmp(&key(b)).then_with(|| (&a.target, &a.id, &a.fingerprint).cmp(&(&b.target, &b.id, &b.fingerprint)))
    });
    let mut children: HashMap<Fingerprint, Vec<Finding>> = HashMap::new();
    let mut stack: Vec<Finding> = Vec::new();
    for finding in pending {
        match finding.caused_by.clone() {
            Some(cause) => children.entry(cause).or_default().push(finding),
            None => stack.push(finding),
        }
    }
    stack.reverse();
    while let Some(finding) = stack.pop() {
        let explained = children.remove(&finding.fingerprint).unwrap_or_default();
        stack.extend(explained.into_iter().rev());
        findings.push(finding);
    }
}

struct Index<'g, 'a> {
    graph: &'g Graph<'a>,
    findings: &'g [Finding],
    /// The pods that each finding is about, sorted.
    pods: Vec<Vec<ObjectId>>,
    by_pod: HashMap<ObjectId, Vec<usize>>,
    by_target: HashMap<&'g crate::finding::Target, Vec<usize>>,
    /// By check and namespace: what is tied neither by pods nor by its owner is at least in the same namespace.
    by_check: HashMap<(&'g str, Option<&'g str>), Vec<usize>>,
}

impl<'g, 'a> Index<'g, 'a> {
    fn new(graph: &'g Graph<'a>, findings: &'g [Finding]) -> Self {
        let pods: Vec<Vec<ObjectId>> = findings.iter().map(|finding| affected_pods(graph, finding)).collect();
        let mut by_pod: HashMap<ObjectId, Vec<usize>> = HashMap::new();
        let mut by_target: HashMap<_, Vec<usize>> = HashMap::new();
        let mut by_check: HashMap<(&str, Option<&str>), Vec<usize>> = HashMap::new();
        for (place, finding) in findings.iter().enumerate() {
            by_target.entry(&finding.target).or_default().push(place);
            by_check.entry((finding.id.as_str(), finding.target.namespace.as_deref())).or_default().push(place);
            for pod in &pods[place] {
                by_pod.entry(*pod).or_default().push(place);
            }
        }
        Self { graph, findings, pods, by_pod, by_target, by_check }
    }

    /// The best explanation: the one that covers most of the pods that suffer, then the most immediate, then the worst.
    fn cause_of(&self, effect: usize) -> Option<usize> {
        let rules = explanations(self.findings[effect].id.as_str());
        if rules.is_empty() {
            return None;
        }
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for place in self.pods[effect].iter().filter_map(|pod| self.by_pod.get(pod)).flatten() {
            *shared.entry(*place).or_default() += 1;
        }
        let candidates = rules.iter().copied().flatten().enumerate().flat_map(|(rank, (id, tie))| {
            let possible = self.possible(effect, id, *tie, &shared);
            possible.into_iter().filter_map(move |(cause, covers)| {
                (cause != effect && self.fits(effect, cause, *tie, covers)).then_some((covers, Reverse(rank), cause))
            })
        });
        let best = candidates.max_by_key(|(covers, rank, cause)| {
            (*covers, *rank, self.findings[*cause].severity, Reverse(&self.findings[*cause].fingerprint))
        });
        best.map(|(_, _, cause)| cause)
    }

    /// Findings of the check `id` that may be tied so, and how many of the pods that suffer each one covers.
    fn possible(&self, effect: usize, id: &str, tie: Tie, shared: &HashMap<usize, usize>) -> Vec<(usize, usize)> {
        let everything = self.pods[effect].len().max(1);
        let same_target = || self.by_target.get(&self.findings[effect].target).into_iter().flatten();
        let of_check = |namespace| self.by_check.get(&(id, namespace)).into_iter().flatten();
        let namespace = self.findings[effect].target.namespace.as_deref();
        let is_it = |place: &&usize| self.findings[**place].id == *id;
        match tie {
            Tie::Target | Container | Silent => same_target().filter(is_it).map(|place| (*place, everything)).collect(),
            Pods | PodsAtThatTime | Node | Claim | Denied => {
                let shared = shared.iter().filter(|(place, _)| self.findings[**place].id == *id);
                shared.map(|(place, covers)| (*place, *covers)).collect()
            }
            Consumer => {
                let shared = shared.iter().filter(|(place, _)| self.findings[**place].id == *id);
                shared.map(|(place, _)| (*place, everything)).collect()
            }
            Depends | Asks => {
                let id = self.graph.find_target(&self.findings[effect].target);
                let needed = id.into_iter().flat_map(|id| self.graph.depends_on(id));
                let fits = |relation: Relation| matches!(tie, Depends) || relation == Relation::Asks;
                let needed = needed.filter(|(relation, _)| fits(*relation));
                let mut needed: Vec<ObjectId> = needed.map(|(_, needed)| needed).collect();
                needed.sort_unstable();
                needed.dedup();
                let about =
                    |needed: ObjectId| self.by_target.get(&self.graph.object(needed).target()).into_iter().flatten();
                needed.into_iter().flat_map(about).filter(is_it).map(|place| (*place, everything)).collect()
            }
            Taint(_) | Cordon | Inside | Webhook | Api | Component => {
                of_check(None).map(|place| (*place, everything)).collect()
            }
            Listed => {
                let here = of_check(namespace).filter(|_| namespace.is_some());
                of_check(None).chain(here).map(|place| (*place, everything)).collect()
            }
            Quota | Workload | Account => of_check(namespace).map(|place| (*place, everything)).collect(),
        }
    }

    fn fits(&self, effect: usize, cause: usize, tie: Tie, covers: usize) -> bool {
        let pods = &self.pods[effect];
        let (effect, of, cause) = (&self.findings[effect], pods.len(), &self.findings[cause]);
        let most = covers * 2 >= of && of > 0;
        // What hurts only at the next start explains nothing that hurts now.
        let acts = cause.severity >= Severity::High || cause.id != *"pod/missing-config-ref";
        match tie {
            Tie::Target | Depends => true,
            Inside => cause.target.kind == "Namespace" && effect.target.namespace.as_ref() == Some(&cause.target.name),
            Listed => {
                let lists = |cause: &Finding, effect: &Finding| {
                    cause.objects.iter().any(|object| object.target() == effect.target)
                };
                lists(cause, effect) || lists(effect, cause)
            }
            Asks => began(cause, |lost, began| began + SLACK >= lost, effect),
            Webhook => {
                let known = cause.evidence.iter().filter(|fact| fact.field == "webhooks");
                let refusing = self.refusing(effect);
                known.flat_map(|fact| fact.value.split(", ")).any(|webhook| refusing.contains(&webhook))
            }
            Api => {
                let group = cause.target.name.split_once('.').map_or("", |(_, group)| group);
                !group.is_empty() && effect.evidence.iter().any(|fact| fact.value.contains(group))
            }
            Component => cause.objects.iter().any(|object| object.name.starts_with(effect.target.name.as_str())),
            Container => container(effect) == container(cause),
            Pods => most && acts,
            PodsAtThatTime => most && began(cause, |at, began| at + SLACK >= began, effect),
            Node => most && began(cause, |lost, began| began + SLACK >= lost, effect),
            Taint(taints) => {
                let named = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Taint(taint) if taints.iter().any(|known| taint.starts_with(known)));
                let before = began(cause, |lost, began| began + SLACK >= lost, effect);
                before && obstacles_of(effect).iter().any(named) && self.could_take(cause, pods)
            }
            Cordon => obstacles_of(effect).first() == Some(&Obstacle::Cordoned),
            Quota => {
                let same_namespace = cause.target.namespace == effect.target.namespace;
                let refused = self.refusals(effect).iter().any(|quota| *quota == cause.target.name);
                same_namespace && refused
            }
            Claim => obstacles_of(effect).contains(&Obstacle::Volume),
            Consumer => {
                let waits = self.graph.find_target(&effect.target).is_some_and(|claim| self.waits_for_consumer(claim));
                waits && !obstacles_of(cause).contains(&Obstacle::Volume)
            }
            Workload => self.is_made_for(effect, cause),
            Silent => effect.evidence.iter().any(|fact| fact.value == "Unknown"),
            Denied => {
                most && effect.evidence.iter().any(|fact| PullFailure::of("", &[&fact.value]) == PullFailure::Denied)
            }
            Account => {
                let is_it = |pod: &Pod| pod.spec.service_account_name == cause.target.name;
                pods.iter().any(|pod| self.graph.as_pod(*pod).is_some_and(is_it))
            }
        }
    }

    /// Whether the node would be large enough for any of the pods, were it well and empty.
    fn could_take(&self, node: &Finding, pods: &[ObjectId]) -> bool {
        let node = self.graph.find_target(&node.target).and_then(|id| self.graph.object(id).entity);
        let Some(Entity::Node(node)) = node else { return true };
        let takes = |pod: &Pod| {
            ["cpu", "memory"].iter().all(|resource| {
                let whole = node.status.allocatable.get(resource);
                whole.is_none_or(|whole| pod.spec.amount(resource, |each| &each.requests) <= whole.nano())
            })
        };
        pods.is_empty() || pods.iter().any(|pod| self.graph.as_pod(*pod).is_some_and(takes))
    }

    /// The quotas that refuse a workload's pods, by its evidence or its events.
    fn refusals(&self, finding: &Finding) -> Vec<&str> {
        let mut quotas: Vec<&str> = Vec::new();
        for object in &finding.objects {
            let Some(id) = self.graph.find_target(&object.target()) else { continue };
            let limits = self.graph.depends_on(id).filter(|(relation, _)| *relation == Relation::LimitedBy);
            quotas.extend(limits.map(|(_, quota)| self.graph.object(quota).name));
            let events = self.graph.events(id).iter().filter(|event| event.reason == "FailedCreate");
            quotas.extend(events.filter_map(|event| exceeded_quota(&event.message)));
        }
        quotas
    }

    /// The webhooks that refuse what a finding is about, by its evidence or its events.
    fn refusing(&self, finding: &'g Finding) -> Vec<&str> {
        let said = finding.evidence.iter().map(|fact| fact.value.as_str());
        let ids = finding.objects.iter().filter_map(|object| self.graph.find_target(&object.target()));
        let events = ids.flat_map(|id| self.graph.events(id)).filter(|event| event.reason == "FailedCreate");
        said.chain(events.map(|event| event.message.as_str())).filter_map(refusing_webhook).collect()
    }

    fn waits_for_consumer(&self, claim: ObjectId) -> bool {
        let named = self.graph.depends_on(claim).find(|(_, to)| self.graph.object(*to).kind == "StorageClass");
        let class = match named.and_then(|(_, class)| self.graph.object(class).entity) {
            Some(Entity::StorageClass(class)) => Some(class),
            Some(_) | None => self.graph.snapshot().storage_classes.iter().find(|class| class.is_default()),
        };
        class.is_some_and(|class| class.volume_binding_mode == "WaitForFirstConsumer")
    }

    /// Whether the Service of the effect selects what the workload of the cause would make.
    fn is_made_for(&self, effect: &Finding, cause: &Finding) -> bool {
        let entity = |finding: &Finding| self.graph.object(self.graph.find_target(&finding.target)?).entity;
        let Some(Entity::Service(service)) = entity(effect) else { return false };
        let labels = match entity(cause) {
            Some(Entity::Deployment(deployment)) => &deployment.spec.template.meta.labels,
            Some(Entity::StatefulSet(set)) => &set.spec.template.meta.labels,
            _ => return false,
        };
        effect.target.namespace == cause.target.namespace && selects(&service.spec.selector, labels)
    }
}

fn container(finding: &Finding) -> Option<&str> {
    finding.objects.first().and_then(|object| object.container.as_deref())
}

/// What keeps the pods of an unschedulable finding off the nodes.
fn obstacles_of(finding: &Finding) -> Vec<Obstacle> {
    let said = |field: &str| field.contains("PodScheduled") || field.starts_with("event");
    let messages = finding.evidence.iter().filter(|fact| said(&fact.field));
    messages.flat_map(|fact| obstacles(&fact.value)).map(|(obstacle, _)| obstacle).collect()
}

/// Compares the times of cause and effect; where one has none, nothing speaks against it.
fn began(
    cause: &Finding,
    holds: impl Fn(chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) -> bool,
    effect: &Finding,
) -> bool {
    match (cause.since(), effect.since()) {
        (Some(cause), Some(effect)) => holds(cause, effect),
        _ => true,
    }
}

/// The pods that a finding is about: those that it lists; of a workload or Service those that are not ready; of a stuck
/// rollout those of the new revision.
fn affected_pods(graph: &Graph<'_>, finding: &Finding) -> Vec<ObjectId> {
    let ids = || finding.objects.iter().filter_map(|object| graph.find_target(&object.target()));
    let listed: Vec<ObjectId> = ids().filter(|id| graph.object(*id).kind == "Pod").collect();
    let mut pods = if listed.is_empty() {
        let roots: Vec<ObjectId> = match finding.id.as_str() {
            "deployment/rollout-stuck" => {
                let newest = graph.find_target(&finding.target).and_then(|id| newest_replica_set(graph, id));
                newest.map(|(id, _)| id).or_else(|| graph.find_target(&finding.target)).into_iter().collect()
            }
            _ => ids().collect(),
        };
        let only_unready = matches!(finding.id.as_str().split('/').next(), Some("deployment" | "service"));
        let unready = |pod: &ObjectId| !only_unready || graph.as_pod(*pod).is_some_and(is_unready);
        roots.into_iter().flat_map(|id| graph.pods(id)).filter(unready).collect()
    } else {
        listed
    };
    pods.sort_unstable();
    let mut seen = HashSet::new();
    pods.retain(|pod| seen.insert(*pod));
    pods
}

fn is_unready(pod: &Pod) -> bool {
    let finished = pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
    !finished && pod.meta.deletion_timestamp.is_none() && !pod.status.conditions.is("Ready", "True")
}
