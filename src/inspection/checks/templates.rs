//! What is going to run: the pod template of every workload, and the pods that no template stands for.

use super::check::Role::{self, Walked};
use super::scene::{Draft, Scene, target};
use crate::diagnosis::{Entity, ObjectId, Relation};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{CronJobs, DaemonSets, Deployments, Jobs, Pods, StatefulSets};
use crate::snapshot::{Container, Labels, ObjectMeta, Pod, PodSpec, Resource};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Where templates are.
pub(super) const READS: &[(Resource, Role)] = &[
    (Pods, Walked),
    (Deployments, Walked),
    (StatefulSets, Walked),
    (DaemonSets, Walked),
    (CronJobs, Walked),
    (Jobs, Walked),
];

/// How a kind of pod is to be: a workload's template, or a pod as it is.
#[derive(Debug)]
pub(super) struct Template<'a> {
    /// Whom a finding is about.
    pub(super) owner: Target,
    /// Where it is written.
    pub(super) place: Target,
    pub(super) labels: &'a Labels,
    pub(super) spec: &'a PodSpec,
}

/// A container of a template, and where that names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) container: &'a Container,
    list: &'static str,
}

/// Something in a template that is not as it should be.
#[derive(Debug)]
pub(super) struct Flaw {
    /// In which container, where it is about one.
    pub(super) container: Option<String>,
    /// What the title names: an image, a port.
    pub(super) named: String,
    /// Fields and what they say.
    pub(super) facts: Vec<(String, String)>,
}

impl<'a> Scene<'a> {
    /// Every template, and every pod that none stands for; collected once.
    pub(super) fn templates(&self) -> &[Template<'a>] {
        self.templates.get_or_init(|| self.collect_templates())
    }

    fn collect_templates(&self) -> Vec<Template<'a>> {
        let snapshot = self.snapshot;
        let mut templates = Vec::new();
        let mut add = |kind, meta: &'a ObjectMeta, labels, spec| {
            let place = target(kind, meta);
            let Some(id) = self.graph.find_target(&place) else { return };
            if meta.deletion_timestamp.is_none() && !self.is_stood_for(id) {
                templates.push(Template {
                    owner: self.graph.object(self.graph.owner(id)).target(),
                    place,
                    labels,
                    spec,
                });
            }
        };
        for each in &snapshot.deployments {
            add("Deployment", &each.meta, &each.spec.template.meta.labels, &each.spec.template.spec);
        }
        for each in &snapshot.stateful_sets {
            add("StatefulSet", &each.meta, &each.spec.template.meta.labels, &each.spec.template.spec);
        }
        for each in &snapshot.daemon_sets {
            add("DaemonSet", &each.meta, &each.spec.template.meta.labels, &each.spec.template.spec);
        }
        for each in &snapshot.cron_jobs {
            let template = &each.spec.job_template.spec.template;
            add("CronJob", &each.meta, &template.meta.labels, &template.spec);
        }
        for each in &snapshot.jobs {
            let conditions = &each.status.conditions;
            if !conditions.is("Complete", "True") && !conditions.is("Failed", "True") {
                add("Job", &each.meta, &each.spec.template.meta.labels, &each.spec.template.spec);
            }
        }
        for each in self.live_pods().filter(|pod| !is_mirror(pod)) {
            add("Pod", &each.meta, &each.meta.labels, &each.spec);
        }
        templates
    }

    /// Whether the template of a workload above says how the object is made.
    fn is_stood_for(&self, id: ObjectId) -> bool {
        let above = |at: ObjectId| {
            let mut owners = self.graph.dependents(at).filter(|(relation, _)| *relation == Relation::Owns);
            owners.next().map(|(_, owner)| owner)
        };
        let has_template = |id: ObjectId| {
            let entity = self.graph.object(id).entity;
            matches!(
                entity,
                Some(
                    Entity::Deployment(_)
                        | Entity::StatefulSet(_)
                        | Entity::DaemonSet(_)
                        | Entity::Job(_)
                        | Entity::CronJob(_)
                )
            )
        };
        // A real chain of owners is at most three long; references can form a ring.
        std::iter::successors(above(id), |owner| above(*owner)).take(4).any(has_template)
    }
}

impl<'a> Template<'a> {
    pub(super) fn namespace(&self) -> &str {
        self.place.namespace.as_deref().unwrap_or_default()
    }

    /// Whether its pods end by themselves: those of Jobs, and others that are not started again.
    pub(super) fn ends(&self) -> bool {
        matches!(&*self.spec.restart_policy, "OnFailure" | "Never")
    }

    /// The containers that stay while the pod does: its own, and sidecars.
    pub(super) fn lasting(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        self.all().filter(|place| place.list == "containers" || place.container.restart_policy == "Always")
    }

    /// Every container, init containers first.
    pub(super) fn all(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        let init = self.spec.init_containers.iter().map(|container| Place { container, list: "initContainers" });
        init.chain(self.own())
    }

    /// The pod's own containers.
    pub(super) fn own(&self) -> impl Iterator<Item = Place<'a>> + use<'a> {
        self.spec.containers.iter().map(|container| Place { container, list: "containers" })
    }
}

impl<'a> Place<'a> {
    /// `containers[api].image`.
    pub(super) fn field(&self, name: &str) -> String {
        format!("{}[{}].{name}", self.list, self.container.name)
    }

    /// The flaw of one field.
    pub(super) fn flaw(&self, named: impl Into<String>, field: &str, value: impl Into<String>) -> Flaw {
        self.flaws(named, [(field, value.into())])
    }

    /// The flaw of several fields.
    pub(super) fn flaws<'f>(
        &self,
        named: impl Into<String>,
        facts: impl IntoIterator<Item = (&'f str, String)>,
    ) -> Flaw {
        let facts = facts.into_iter().map(|(field, value)| (self.field(field), value)).collect();
        Flaw { container: Some(String::from(&self.container.name)), named: named.into(), facts }
    }
}

fn is_mirror(pod: &Pod) -> bool {
    pod.meta.annotations.contains_key("kubernetes.io/config.mirror")
        || pod.meta.controller().is_some_and(|owner| owner.kind == "Node")
}

/// One finding per owner from what `look` sees in its templates. `title` is given the number of containers (one, where
/// it is not about containers) and what they name.
pub(super) fn flaws<'a>(
    scene: &Scene<'a>,
    severity: Severity,
    look: impl Fn(&Template<'a>) -> Vec<Flaw>,
    title: impl Fn(usize, &[&str]) -> String,
) -> Vec<Draft> {
    let mut found: BTreeMap<&Target, Vec<(&Target, Flaw)>> = BTreeMap::new();
    for template in scene.templates() {
        for flaw in look(template) {
            found.entry(&template.owner).or_default().push((&template.place, flaw));
        }
    }
    let draft = |(owner, flaws): (&Target, Vec<(&Target, Flaw)>)| {
        let mut objects = Vec::new();
        let mut evidence = Vec::new();
        let mut seen = HashSet::new();
        for (place, flaw) in &flaws {
            objects.push(ObjectRef { container: flaw.container.clone(), ..ObjectRef::from((*place).clone()) });
            let fresh = flaw.facts.iter().filter(|fact| seen.insert(*fact));
            evidence.extend(fresh.map(|(field, value)| Evidence::new(field.as_str(), value.as_str())));
        }
        objects.dedup();
        let containers: HashSet<Option<&str>> = flaws.iter().map(|(_, flaw)| flaw.container.as_deref()).collect();
        let named: BTreeSet<&str> = flaws.iter().map(|(_, flaw)| flaw.named.as_str()).collect();
        let title = title(containers.len(), &named.into_iter().collect::<Vec<_>>());
        Draft { objects, ..Draft::about(owner.clone(), severity, title, evidence) }
    };
    found.into_iter().map(draft).collect()
}
