//! What the bot's identities have to be allowed, computed from what it asks for: the lists of its checks, what people can look
//! at from a chat, the requests of its repairs. `roundsman rbac` prints it, and nothing else says it.

mod manifest;
mod way;

use crate::cluster;
use crate::inspection::{self, CheckSet};
use crate::repair::{self, ActionKind};
use crate::snapshot::Resource;
use crate::texts::rights as texts;
use std::collections::{BTreeMap, BTreeSet};

pub use manifest::{Names, manifest};
pub use way::{Subject, Way};

/// What is printed and bound apart from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Reading, without Secrets.
    Reader,
    /// Secrets, for the reading identity.
    Secrets,
    /// What kubelets tell through the API server, for the reading identity.
    Kubelet,
    /// Approved repairs, by an identity of their own.
    Writer,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Secrets, Self::Kubelet, Self::Writer];
}

/// What the identities are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The checks that run.
    pub set: CheckSet,
    /// Whether people look at objects and logs from a chat.
    pub chat: bool,
    /// The repairs that can be approved.
    pub actions: BTreeSet<ActionKind>,
}

impl Default for Needs {
    /// Everything.
    fn default() -> Self {
        Self { set: CheckSet::All, chat: true, actions: ActionKind::ALL.into() }
    }
}

/// One rule of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What needs it, for people.
    pub why: &'static str,
    pub verbs: Vec<&'static str>,
    pub what: Allowed,
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Resources of one group.
    Resources { group: &'static str, plurals: Vec<String>, reach: Reach },
    /// Paths that name no resource.
    Paths(Vec<&'static str>),
}

/// Where a rule has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// In every namespace that is looked at.
    Namespaces,
    /// In the cluster as a whole, whatever is looked at.
    Cluster,
    /// For one object.
    Object { namespace: &'static str, name: &'static str },
}

/// The rules of a part.
pub fn rules(part: Part, needs: &Needs) -> Vec<Rule> {
    match part {
        Part::Reader => reader(needs),
        Part::Secrets => listed(&[Resource::Secrets].into(), needs),
        Part::Kubelet => vec![Rule {
            why: texts::KUBELET,
            verbs: vec!["get"],
            what: resources("", vec!["nodes/proxy".to_owned()], Reach::Cluster),
        }],
        Part::Writer => writer(needs),
    }
}

fn reader(needs: &Needs) -> Vec<Rule> {
    let read = inspection::reads(needs.set);
    let mut rules = listed(&read.iter().copied().filter(|resource| *resource != Resource::Secrets).collect(), needs);
    let mut paths = BTreeSet::new();
    for &resource in &read {
        match Way::to(resource) {
            Way::Paths(of_it) => paths.extend(of_it),
            Way::ConfigMap(namespace, name) => rules.push(Rule {
                why: texts::AUTOSCALER,
                verbs: vec!["get"],
                what: resources("", vec!["configmaps".to_owned()], Reach::Object { namespace, name }),
            }),
            // The logs of failing containers are read where somebody looks; kubelets are a part of their own.
            Way::List(_) | Way::PodLog | Way::NodeProxy | Way::Free => {}
        }
    }
    if needs.chat {
        let what = resources("", vec!["pods/log".to_owned()], Reach::Namespaces);
        rules.push(Rule { why: texts::LOGS, verbs: vec!["get"], what });
    }
    if !paths.is_empty() {
        rules.push(Rule { why: texts::PATHS, verbs: vec!["get"], what: Allowed::Paths(paths.into_iter().collect()) });
    }
    let read: BTreeSet<(&str, &str)> = read.iter().map(|list| (list.api().group, list.plural())).collect();
    if needs.chat {
        let more = cluster::usual_kinds().filter(|(group, plural, _)| !read.contains(&(*group, *plural)));
        for (group, plural, namespaced) in more {
            let reach = if namespaced { Reach::Namespaces } else { Reach::Cluster };
            let what = resources(group, vec![plural.to_owned()], reach);
            rules.push(Rule { why: texts::LOOKED_AT, verbs: vec!["get", "list"], what });
        }
    }
    let unlisted = repair::reads(&needs.actions).filter(|own| !read.contains(own));
    rules.extend(unlisted.map(|(group, plural)| Rule {
        why: texts::REVISIONS,
        verbs: vec!["list"],
        what: resources(group, vec![plural.to_owned()], Reach::Namespaces),
    }));
    rules
}

/// A rule for each subject, group and reach of these lists.
fn listed(read: &BTreeSet<Resource>, needs: &Needs) -> Vec<Rule> {
    let mut rules: BTreeMap<(Subject, &str, bool), Vec<String>> = BTreeMap::new();
    for &resource in read {
        let Way::List(subject) = Way::to(resource) else { continue };
        let api = resource.api();
        // They tell of nodes, in a namespace of their own.
        let in_namespaces = api.namespaced && resource != Resource::Leases;
        rules.entry((subject, api.group, !in_namespaces)).or_default().push(api.plural.to_owned());
    }
    // One object is asked for when somebody looks at it, or at what it hangs on.
    let looked_at = needs.chat || !needs.actions.is_empty();
    let verbs = if looked_at { vec!["get", "list"] } else { vec!["list"] };
    let rule = |((subject, group, whole), plurals)| {
        let reach = if whole { Reach::Cluster } else { Reach::Namespaces };
        Rule { why: texts::why(subject), verbs: verbs.clone(), what: resources(group, plurals, reach) }
    };
    rules.into_iter().map(rule).collect()
}

/// What each action's request needs.
fn writer(needs: &Needs) -> Vec<Rule> {
    let mut rules: BTreeMap<(&str, &str), (BTreeSet<String>, Vec<ActionKind>)> = BTreeMap::new();
    for &action in &needs.actions {
        for (verb, group, plural) in repair::writes(action) {
            let (plurals, actions) = rules.entry((group, verb)).or_default();
            plurals.insert(plural.to_owned());
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
    }
    let rule = |((group, verb), (plurals, actions)): (_, (BTreeSet<String>, Vec<ActionKind>))| Rule {
        why: texts::repairs(&actions),
        verbs: vec![verb],
        what: resources(group, plurals.into_iter().collect(), Reach::Namespaces),
    };
    rules.into_iter().map(rule).collect()
}

fn resources(group: &'static str, plurals: Vec<String>, reach: Reach) -> Allowed {
    Allowed::Resources { group, plurals, reach }
}
