//! What a check looks at, and the form in which it says what it found.

use super::templates::Template;
use crate::diagnosis::{Entity, Graph, ObjectId};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::inspection::attention::Thresholds;
use crate::inspection::history::{History, Memory};
use crate::snapshot::{Container, ContainerStatus, Event, Node, ObjectMeta, Pod, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

/// `kubectl apply` makes what belongs together one after another: what lacks another object may get it in a moment.
pub(super) const WHILE_APPLYING: TimeDelta = TimeDelta::minutes(1);

/// Everything that a check may know.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What was read.
    pub snapshot: &'a Snapshot,
    /// How it hangs together.
    pub graph: &'a Graph<'a>,
    /// What the last inspection said.
    pub history: &'a History,
    /// From which numbers on to report.
    pub thresholds: &'a Thresholds,
    /// The moment that the snapshot stands for.
    pub now: DateTime<Utc>,
    pub(super) templates: OnceCell<Vec<Template<'a>>>,
    present: OnceCell<Memory>,
}

/// A finding before it has a fingerprint, a history and a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// How bad.
    pub severity: Severity,
    /// The owner that it is about.
    pub target: Target,
    /// The container, where it is about one: part of the fingerprint.
    pub container: Option<String>,
    /// Every object that shows it.
    pub objects: Vec<ObjectRef>,
    /// One line for people.
    pub title: String,
    /// The facts.
    pub evidence: Vec<Evidence>,
}

impl Draft {
    /// A draft about one object that shows it by itself.
    pub(super) fn about(target: Target, severity: Severity, title: String, evidence: Vec<Evidence>) -> Self {
        Self { severity, objects: vec![target.clone().into()], target, container: None, title, evidence }
    }
}

/// One pod (and container) that shows a condition.
#[derive(Debug)]
pub(super) struct Sighting<'a, T> {
    pub(super) pod: &'a Pod,
    pub(super) container: Option<&'a str>,
    pub(super) what: T,
}

/// The pods of one owner that show the same in the same container, by name.
#[derive(Debug)]
pub(super) struct Group<'a, T> {
    pub(super) owner: Target,
    pub(super) owner_id: Option<ObjectId>,
    pub(super) container: Option<&'a str>,
    pub(super) sightings: Vec<Sighting<'a, T>>,
}

impl<'a, T> Group<'a, T> {
    /// The finding about this group.
    pub(super) fn draft(self, severity: Severity, title: String, evidence: Vec<Evidence>) -> Draft {
        let reference = |sighting: &Sighting<'_, T>| ObjectRef {
            kind: "Pod".to_owned(),
            namespace: Some(sighting.pod.meta.namespace.as_str().to_owned()),
            name: sighting.pod.meta.name.as_str().to_owned(),
            container: sighting.container.map(str::to_owned),
        };
        Draft {
            severity,
            objects: self.sightings.iter().map(reference).collect(),
            target: self.owner,
            container: self.container.map(str::to_owned),
            title,
            evidence,
        }
    }

    /// The sighting with the greatest `key`; the first pod by name among equals.
    pub(super) fn most<K: Ord>(&self, key: impl Fn(&Sighting<'a, T>) -> K) -> Option<&Sighting<'a, T>> {
        self.sightings.iter().rev().max_by_key(|sighting| key(sighting))
    }
}

impl<'a> Scene<'a> {
    /// The scene of a snapshot.
    pub fn new(graph: &'a Graph<'a>, history: &'a History, thresholds: &'a Thresholds) -> Self {
        let snapshot = graph.snapshot();
        let now = snapshot.taken_at;
        let (templates, present) = (OnceCell::new(), OnceCell::new());
        Self { snapshot, graph, history, thresholds, now, templates, present }
    }

    /// What there is now in the words of what is remembered of the last inspection: the two sides of a drift.
    pub fn present(&self) -> &Memory {
        self.present.get_or_init(|| Memory::of(self.snapshot, self.history.memory()))
    }

    /// Whether it is so for longer than a healthy rollout takes. What has no time is old.
    pub(super) fn is_settled(&self, since: Option<DateTime<Utc>>) -> bool {
        self.is_older(since, self.thresholds.settle)
    }

    /// Whether it is so for longer than that. What has no time is old.
    pub(super) fn is_older(&self, since: Option<DateTime<Utc>>, than: TimeDelta) -> bool {
        since.is_none_or(|since| self.now - since > than)
    }

    /// Whether it happened recently enough to be news. What has no time is not.
    pub(super) fn is_news(&self, at: Option<DateTime<Utc>>) -> bool {
        at.is_some_and(|at| self.now - at <= self.thresholds.window)
    }

    /// How long ago.
    pub(super) fn age(&self, since: DateTime<Utc>) -> TimeDelta {
        self.now - since
    }

    /// Pods that are to run: neither on their way out nor finished.
    pub(super) fn live_pods(&self) -> impl Iterator<Item = &'a Pod> {
        self.snapshot.pods.iter().filter(|pod| is_live(pod))
    }

    /// Sightings by owner and container, in the order of their names.
    pub(super) fn by_owner<T>(&self, sightings: impl IntoIterator<Item = Sighting<'a, T>>) -> Vec<Group<'a, T>> {
        let mut groups: BTreeMap<(Target, Option<&'a str>), Vec<Sighting<'a, T>>> = BTreeMap::new();
        for sighting in sightings {
            let owner = self.graph.owner_of(sighting.pod);
            groups.entry((owner, sighting.container)).or_default().push(sighting);
        }
        let group = |((owner, container), mut sightings): (_, Vec<Sighting<'a, T>>)| {
            sightings.sort_by(|a, b| a.pod.meta.name.cmp(&b.pod.meta.name));
            Group { owner_id: self.graph.find_target(&owner), owner, container, sightings }
        };
        groups.into_iter().map(group).collect()
    }

    /// Whether the pod belongs to a Job that has got its work done: what happened on the way is over.
    pub(super) fn is_done(&self, pod: &Pod) -> bool {
        if pod.status.phase == "Succeeded" {
            return true;
        }
        let Some(owner) = pod.meta.controller().filter(|owner| owner.kind == "Job") else { return false };
        let id = self.graph.find("Job", &pod.meta.namespace, &owner.name);
        let entity = id.and_then(|id| self.graph.object(id).entity);
        matches!(entity, Some(Entity::Job(job)) if job.status.conditions.is("Complete", "True"))
    }

    /// The node of that name, if it was read.
    pub(super) fn node(&self, name: &str) -> Option<&'a Node> {
        match self.graph.object(self.graph.find("Node", "", name)?).entity {
            Some(Entity::Node(node)) => Some(node),
            _ => None,
        }
    }

    /// The workload of a pod that is gone, by its name: `api-5d8f-x2v4k` was made by `api-5d8f`. The pod itself where
    /// nothing is called so.
    pub(super) fn owner_of_name(&self, namespace: &str, pod: &str) -> Target {
        let find = |name: &str, kinds: &[&str]| kinds.iter().find_map(|kind| self.graph.find(kind, namespace, name));
        let maker = pod.rsplit_once('-').map(|(maker, _)| maker);
        let id = maker.and_then(|maker| find(maker, &["ReplicaSet", "StatefulSet", "DaemonSet", "Job"]));
        let above = || find(maker?.rsplit_once('-')?.0, &["Deployment"]);
        match id.or_else(above) {
            Some(id) => self.graph.object(self.graph.owner(id)).target(),
            None => Target::namespaced("Pod", namespace, pod),
        }
    }

    /// The pods of an object that are to run.
    pub(super) fn live_pods_of(&self, id: ObjectId) -> impl Iterator<Item = &'a Pod> {
        self.graph.pods(id).into_iter().filter_map(|pod| self.graph.as_pod(pod)).filter(|pod| is_live(pod))
    }

    /// Whether a container of it was started so lately that nobody knows yet how it will run.
    pub(in crate::inspection) fn has_just_started(&self, target: &Target) -> bool {
        let pods = self.graph.find_target(target).into_iter().flat_map(|id| self.live_pods_of(id));
        let mut started = pods.map(|pod| {
            let running = pod.status.container_statuses.iter().filter_map(|status| status.state.running.as_ref());
            running.filter_map(|running| running.started_at).max().or(pod.meta.creation_timestamp)
        });
        started.any(|since| !self.is_settled(since))
    }

    /// The newest event of an object that `wanted` accepts.
    pub(super) fn event(&self, id: Option<ObjectId>, wanted: impl Fn(&Event) -> bool) -> Option<&'a Event> {
        self.graph.events(id?).iter().copied().find(|event| wanted(event))
    }

    /// The events about a kind of object, by namespace and name, each newest first: for kinds that the graph does not hold.
    pub(super) fn events_about(&self, kind: &str) -> HashMap<(&'a str, &'a str), Vec<&'a Event>> {
        let mut events: HashMap<_, Vec<&Event>> = HashMap::new();
        for event in self.snapshot.events.iter().filter(|event| event.involved_object.kind == kind) {
            let about = &event.involved_object;
            events.entry((about.namespace.as_str(), about.name.as_str())).or_default().push(event);
        }
        for events in events.values_mut() {
            events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        }
        events
    }

    /// The newest event that says why pods of that object are not made.
    pub(super) fn refusal(&self, id: Option<ObjectId>) -> Option<&'a Event> {
        self.event(id, |event| event.reason == "FailedCreate" && self.is_news(event.last_seen))
    }

    /// The newest event of a pod that `wanted` accepts.
    pub(super) fn pod_event(&self, pod: &Pod, wanted: impl Fn(&Event) -> bool) -> Option<&'a Event> {
        self.event(self.graph.pod_id(pod), wanted)
    }
}

/// Whether a pod is to run: neither on its way out nor finished.
pub(super) fn is_live(pod: &Pod) -> bool {
    pod.meta.deletion_timestamp.is_none() && pod.status.phase != "Succeeded" && pod.status.phase != "Failed"
}

/// Since when a live pod is not ready; nothing for one that is.
#[expect(clippy::option_option, reason = "ready; not ready since an unknown time; not ready since then")]
pub(super) fn unready(pod: &Pod) -> Option<Option<DateTime<Utc>>> {
    let ready = pod.status.conditions.get("Ready");
    let since = ready.and_then(|ready| ready.last_transition_time).or(pod.meta.creation_timestamp);
    (is_live(pod) && ready.is_none_or(|ready| ready.status != "True")).then_some(since)
}

/// Whether Kubernetes itself lives in that namespace: its node agents have to reach into their nodes.
pub(super) fn is_system(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease")
}

/// Init containers, then the others.
pub(super) fn container_statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses)
}

/// The container of that name, init or not.
pub(super) fn container<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    pod.spec.init_containers.iter().chain(&pod.spec.containers).find(|container| container.name == name)
}

/// An object of a namespace as a finding names it.
pub(super) fn target(kind: &str, meta: &ObjectMeta) -> Target {
    Target {
        kind: kind.to_owned(),
        namespace: (!meta.namespace.is_empty()).then(|| meta.namespace.as_str().to_owned()),
        name: meta.name.as_str().to_owned(),
    }
}

/// The evidence of an event: its message, since it was first seen.
pub(super) fn event_evidence(event: &Event) -> Evidence {
    Evidence::since(format!("event {}", event.reason), event.message.as_str(), event.first_seen)
}
