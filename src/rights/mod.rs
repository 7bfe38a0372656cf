//! What the bot's identities have to be allowed, computed from what it asks for: the lists of its checks, what people can look
//! at from a chat, the requests of its repairs. `roundsman rbac` prints it, and nothing else says it.

mod manifest;
mod subject;

use crate::cluster::{
    self, Sources,
    needs::{Need, needs as needs_of},
};
use crate::inspection::{self};
use crate::repair::{self, ActionKind};
use crate::report::CheckSet;
use crate::snapshot::{Origin, Resource};
use crate::texts::rights as texts;
use std::collections::{BTreeMap, BTreeSet};

pub use manifest::{Names, manifest};
pub use subject::Subject;

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
    /// What the checks read beside lists.
    pub sources: Sources,
}

impl Default for Needs {
    /// Everything that needs no configuration.
    fn default() -> Self {
        Self { set: CheckSet::All, chat: true, actions: ActionKind::ALL.into(), sources: Sources::default() }
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
    Resources { group: String, plurals: Vec<String>, reach: Reach },
    /// Paths that name no resource.
    Paths(Vec<&'static str>),
}

/// Where a rule has to hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
        Part::Secrets => read(needs, |subject| subject == Subject::Secrets),
        Part::Kubelet => {
            let sources = Sources { kubelet_summary: true, ..needs.sources.clone() };
            read(&Needs { sources, ..needs.clone() }, |subject| subject == Subject::Kubelets)
        }
        Part::Writer => writer(needs),
    }
}

fn reader(needs: &Needs) -> Vec<Rule> {
    let mut rules = read(needs, |subject| !matches!(subject, Subject::Secrets | Subject::Kubelets));
    let allowed = |rules: &[Rule], wanted: (&str, &str)| {
        rules.iter().any(|rule| match &rule.what {
            Allowed::Resources { group, plurals, reach: Reach::Namespaces | Reach::Cluster } => {
                *group == wanted.0 && plurals.iter().any(|plural| plural == wanted.1)
            }
            Allowed::Resources { reach: Reach::Object { .. }, .. } | Allowed::Paths(_) => false,
        })
    };
    if needs.chat {
        let more = cluster::usual_kinds().map(|(group, plural, namespaced)| {
            let reach = if namespaced { Reach::Namespaces } else { Reach::Cluster };
            (texts::LOOKED_AT, vec!["get", "list"], (group, plural), reach)
        });
        let logs = (texts::why(Subject::Logs), vec!["get"], ("", "pods/log"), Reach::Namespaces);
        for (why, verbs, (group, plural), reach) in std::iter::once(logs).chain(more) {
            if !allowed(&rules, (group, plural)) {
                rules.push(Rule { why, verbs, what: resources(group, vec![plural.to_owned()], reach) });
            }
        }
    }
    for (group, plural) in repair::reads(&needs.actions) {
        if !allowed(&rules, (group, plural)) {
            let what = resources(group, vec![plural.to_owned()], Reach::Namespaces);
            rules.push(Rule { why: texts::REVISIONS, verbs: vec!["list"], what });
        }
    }
    rules
}

/// A rule for each subject, group, reach and verb of what checks read.
fn read(needs: &Needs, wanted: impl Fn(Subject) -> bool) -> Vec<Rule> {
    let mut rules: BTreeMap<(Subject, String, Reach, &str), Vec<String>> = BTreeMap::new();
    let mut paths: BTreeMap<Subject, BTreeSet<&str>> = BTreeMap::new();
    let read = inspection::reads(needs.set).into_iter().map(|resource| (resource, Subject::of(resource)));
    for (resource, subject) in read.filter(|(_, subject)| wanted(*subject)) {
        for need in needs_of(resource, &needs.sources) {
            match need {
                Need::Path(path) => drop(paths.entry(subject).or_default().insert(path)),
                Need::Resource { verb, group, resource: plural, object } => {
                    let plurals = rules.entry((subject, group, reach(resource, object), verb)).or_default();
                    if !plurals.contains(&plural) {
                        plurals.push(plural);
                    }
                }
            }
        }
    }
    let mut rules: Vec<(Subject, Rule)> = rules
        .into_iter()
        .map(|((subject, group, reach, verb), plurals)| {
            // One object is asked for when somebody looks at it, or at what it hangs on.
            let looked_at = verb == "list" && (needs.chat || !needs.actions.is_empty());
            let verbs = if looked_at { vec!["get", "list"] } else { vec![verb] };
            (subject, Rule { why: texts::why(subject), verbs, what: resources(&group, plurals, reach) })
        })
        .collect();
    rules.extend(paths.into_iter().map(|(subject, paths)| {
        let what = Allowed::Paths(paths.into_iter().collect());
        (subject, Rule { why: texts::why(subject), verbs: vec!["get"], what })
    }));
    rules.sort_by_key(|(subject, _)| *subject);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// Leases tell of nodes, in a namespace of their own; of kinds that a configuration names nobody knows where they are.
fn reach(resource: Resource, object: Option<(&'static str, &'static str)>) -> Reach {
    match (object, resource, resource.origin()) {
        (Some((namespace, name)), _, _) => Reach::Object { namespace, name },
        (None, Resource::Leases, _) => Reach::Cluster,
        (None, Resource::LogErrors, _) => Reach::Namespaces,
        (None, _, Origin::Source) => Reach::Cluster,
        (None, _, Origin::BuiltIn | Origin::Extension) => {
            if resource.api().namespaced {
                Reach::Namespaces
            } else {
                Reach::Cluster
            }
        }
    }
}

/// What each action's request needs: a rule for each group and verb.
fn writer(needs: &Needs) -> Vec<Rule> {
    let requests = needs.actions.iter().flat_map(|action| repair::writes(*action).map(move |write| (*action, write)));
    let requests: Vec<(ActionKind, (&str, &str, &str))> = requests.collect();
    let sorts: BTreeSet<(&str, &str)> = requests.iter().map(|(_, (verb, group, _))| (*group, *verb)).collect();
    let rule = |(group, verb)| {
        let same = || requests.iter().filter(move |(_, request)| (request.1, request.0) == (group, verb));
        let plurals: BTreeSet<&str> = same().map(|(_, (_, _, plural))| *plural).collect();
        let actions: BTreeSet<ActionKind> = same().map(|(action, _)| *action).collect();
        let plurals = plurals.into_iter().map(str::to_owned).collect();
        Rule { why: texts::repairs(&actions), verbs: vec![verb], what: resources(group, plurals, Reach::Namespaces) }
    };
    sorts.into_iter().map(rule).collect()
}

fn resources(group: &str, plurals: Vec<String>, reach: Reach) -> Allowed {
    Allowed::Resources { group: group.to_owned(), plurals, reach }
}
