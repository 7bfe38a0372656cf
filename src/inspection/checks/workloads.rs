//! Deployments, StatefulSets and DaemonSets in one view, and which selectors reach which labels.

use super::scene::{Scene, target};
use crate::finding::Target;
use crate::snapshot::{LabelSelector, Labels, ObjectMeta, PodTemplate, selects};
use std::collections::HashMap;

/// What makes pods from a template and keeps them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Workload<'a> {
    pub(super) kind: &'static str,
    pub(super) meta: &'a ObjectMeta,
    pub(super) template: &'a PodTemplate,
    /// As many as were asked for; None for a DaemonSet, which has as many as there are nodes for it.
    pub(super) replicas: Option<i32>,
    /// As many as its controller counts.
    pub(super) made: i32,
}

impl Workload<'_> {
    pub(super) fn target(&self) -> Target {
        target(self.kind, self.meta)
    }
}

/// All of them that are not on their way out.
pub(super) fn all<'a>(scene: &Scene<'a>) -> impl Iterator<Item = Workload<'a>> {
    let snapshot = scene.snapshot;
    let deployments = snapshot.deployments.iter().map(|each| Workload {
        kind: "Deployment",
        meta: &each.meta,
        template: &each.spec.template,
        replicas: Some(each.spec.replicas.unwrap_or(1)),
        made: each.status.replicas,
    });
    let stateful_sets = snapshot.stateful_sets.iter().map(|each| Workload {
        kind: "StatefulSet",
        meta: &each.meta,
        template: &each.spec.template,
        replicas: Some(each.spec.replicas.unwrap_or(1)),
        made: each.status.replicas,
    });
    let daemon_sets = snapshot.daemon_sets.iter().map(|each| Workload {
        kind: "DaemonSet",
        meta: &each.meta,
        template: &each.spec.template,
        replicas: None,
        made: each.status.current_number_scheduled,
    });
    let all = deployments.chain(stateful_sets).chain(daemon_sets);
    all.filter(|workload| workload.meta.deletion_timestamp.is_none())
}

/// Those that have a number of replicas, by kind, namespace and name.
pub(super) fn scalable<'a>(scene: &Scene<'a>) -> HashMap<(&'static str, &'a str, &'a str), Workload<'a>> {
    let sized = all(scene).filter(|workload| workload.replicas.is_some());
    sized.map(|each| ((each.kind, each.meta.namespace.as_str(), each.meta.name.as_str()), each)).collect()
}

/// Namespace, key and value of a label.
type Label<'a> = (&'a str, &'a str, &'a str);

/// Whose selectors reach some labels, without trying every selector on every object.
#[derive(Debug)]
pub(super) struct Selectors<'a> {
    by_label: HashMap<Label<'a>, Vec<(Rule<'a>, usize)>>,
    by_namespace: HashMap<&'a str, Vec<(Rule<'a>, usize)>>,
}

#[derive(Debug, Clone, Copy)]
enum Rule<'a> {
    Full(&'a LabelSelector),
    Plain(&'a Labels),
}

impl<'a> Selectors<'a> {
    /// Of full selectors, each with its namespace; an empty one reaches everything in it.
    pub(super) fn full(selectors: impl IntoIterator<Item = (&'a str, Option<&'a LabelSelector>)>) -> Self {
        let rules = selectors.into_iter();
        Self::of(rules.map(|(namespace, selector)| (namespace, selector.map(Rule::Full))))
    }

    /// Of plain ones, as Services have them; an empty one reaches nothing.
    pub(super) fn plain(selectors: impl IntoIterator<Item = (&'a str, &'a Labels)>) -> Self {
        let rules = selectors.into_iter();
        Self::of(rules.map(|(namespace, labels)| (namespace, (!labels.is_empty()).then_some(Rule::Plain(labels)))))
    }

    fn of(rules: impl Iterator<Item = (&'a str, Option<Rule<'a>>)>) -> Self {
        let mut selectors = Self { by_label: HashMap::new(), by_namespace: HashMap::new() };
        for (index, (namespace, rule)) in rules.enumerate() {
            let Some(rule) = rule else { continue };
            let labels = match rule {
                Rule::Full(selector) => &selector.match_labels,
                Rule::Plain(labels) => labels,
            };
            let bucket = match labels.iter().next() {
                Some((key, value)) => selectors.by_label.entry((namespace, key.as_str(), value.as_str())).or_default(),
                None => selectors.by_namespace.entry(namespace).or_default(),
            };
            bucket.push((rule, index));
        }
        selectors
    }

    /// The places of the selectors that reach these labels, in their order.
    pub(super) fn reaching(&self, namespace: &str, labels: &Labels) -> Vec<usize> {
        let keyed =
            labels.iter().filter_map(|(key, value)| self.by_label.get(&(namespace, key.as_str(), value.as_str())));
        let candidates = keyed.chain(self.by_namespace.get(namespace)).flatten();
        let reaching = candidates.filter(|(rule, _)| match rule {
            Rule::Full(selector) => selector.matches(labels),
            Rule::Plain(plain) => selects(plain, labels),
        });
        let mut places: Vec<usize> = reaching.map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }
}
