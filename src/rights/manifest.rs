//! Rules as the YAML that `kubectl apply` takes: roles, what binds them, and the accounts that they are bound to.

use super::{Allowed, Needs, Part, Reach, Rule, rules};
use crate::texts::rights as texts;
use std::collections::BTreeMap;

/// How things are called, and where the rights hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Begins the name of every role, and is the reading account's.
    pub name: String,
    /// Where the accounts are.
    pub namespace: String,
    /// The namespaces that are looked at; empty: all.
    pub only_in: Vec<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self { name: "roundsman".to_owned(), namespace: "roundsman".to_owned(), only_in: Vec::new() }
    }
}

impl Names {
    fn role(&self, part: Part) -> String {
        let suffix = match part {
            Part::Reader => "reader",
            Part::Secrets => "reader-secrets",
            Part::Kubelet => "reader-kubelet",
            Part::Writer => "writer",
        };
        format!("{}-{suffix}", self.name)
    }

    fn account(&self, part: Part) -> String {
        match part {
            Part::Reader | Part::Secrets | Part::Kubelet => self.name.clone(),
            Part::Writer => format!("{}-writer", self.name),
        }
    }
}

/// The objects of these parts, each part with what is to be known about it.
pub fn manifest(parts: &[Part], needs: &Needs, names: &Names) -> String {
    let parts: Vec<String> = parts.iter().map(|part| one(*part, needs, names)).collect();
    parts.join("---\n")
}

fn one(part: Part, needs: &Needs, names: &Names) -> String {
    let mut objects = Vec::new();
    let Names { namespace, .. } = names;
    if part == Part::Reader {
        objects.push(format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {namespace}\n"));
    }
    if matches!(part, Part::Reader | Part::Writer) {
        let account = names.account(part);
        let head = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n";
        objects.push(format!("{head}  name: {account}\n  namespace: {namespace}\n"));
    }
    let rules = rules(part, needs);
    let (mut everywhere, mut inside): (Vec<&Rule>, BTreeMap<&str, Vec<&Rule>>) = (Vec::new(), BTreeMap::new());
    for rule in &rules {
        match &rule.what {
            Allowed::Resources { reach: Reach::Object { namespace, .. }, .. } => {
                if !(names.only_in.is_empty() && is_covered(rule, &rules)) {
                    inside.entry(namespace).or_default().push(rule);
                }
            }
            Allowed::Resources { reach: Reach::Namespaces, .. } if !names.only_in.is_empty() => {
                for namespace in &names.only_in {
                    inside.entry(namespace).or_default().push(rule);
                }
            }
            Allowed::Resources { reach: Reach::Namespaces | Reach::Cluster, .. } | Allowed::Paths(_) => {
                everywhere.push(rule);
            }
        }
    }
    if !everywhere.is_empty() {
        objects.extend(role(part, names, None, &everywhere));
    }
    for (namespace, rules) in inside {
        objects.extend(role(part, names, Some(namespace), &rules));
    }
    format!("{}{}", comment("", &texts::about(part)), objects.join("---\n"))
}

/// Whether another rule lets the same be done to every object of the kind.
fn is_covered(rule: &Rule, by: &[Rule]) -> bool {
    let Allowed::Resources { group, plurals, .. } = &rule.what else { return false };
    let covers = |other: &Rule| match &other.what {
        Allowed::Resources { group: same, plurals: more, reach: Reach::Namespaces | Reach::Cluster } => {
            same == group && plurals.iter().all(|plural| more.contains(plural))
        }
        Allowed::Resources { reach: Reach::Object { .. }, .. } | Allowed::Paths(_) => false,
    };
    by.iter().any(|other| covers(other) && rule.verbs.iter().all(|verb| other.verbs.contains(verb)))
}

/// A role, and the binding that gives it to the part's account.
fn role(part: Part, names: &Names, inside: Option<&str>, rules: &[&Rule]) -> [String; 2] {
    let (kind, place) = match inside {
        None => ("ClusterRole", String::new()),
        Some(namespace) => ("Role", format!("\n  namespace: {namespace}")),
    };
    let (name, account) = (names.role(part), names.account(part));
    let head = |kind: &str| {
        format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}{place}\n")
    };
    let binding = format!(
        "{}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\nsubjects:\n  \
         - kind: ServiceAccount\n    name: {account}\n    namespace: {}\n",
        head(&format!("{kind}Binding")),
        names.namespace,
    );
    let mut role = format!("{}rules:\n", head(kind));
    let mut said = "";
    for rule in rules {
        // Rules of several groups can have one reason.
        if rule.why != said {
            role.push_str(&comment("  ", rule.why));
            said = rule.why;
        }
        role.push_str(&written(rule));
    }
    [role, binding]
}

fn written(rule: &Rule) -> String {
    let listed = |words: &[&str]| -> String {
        let quoted = |word: &&str| {
            if word.is_empty() || word.starts_with('/') { format!("{word:?}") } else { (*word).to_owned() }
        };
        words.iter().map(quoted).collect::<Vec<_>>().join(", ")
    };
    let what = match &rule.what {
        Allowed::Resources { group, plurals, reach } => {
            let plurals: Vec<&str> = plurals.iter().map(String::as_str).collect();
            let named = match reach {
                Reach::Object { name, .. } => format!("    resourceNames: [{name}]\n"),
                Reach::Namespaces | Reach::Cluster => String::new(),
            };
            format!("apiGroups: [{}]\n    resources: [{}]\n{named}", listed(&[group]), listed(&plurals))
        }
        Allowed::Paths(paths) => format!("nonResourceURLs: [{}]\n", listed(paths)),
    };
    format!("  - {what}    verbs: [{}]\n", listed(&rule.verbs))
}

fn comment(indent: &str, text: &str) -> String {
    let line = |line: &str| format!("{indent}# {line}").trim_end().to_owned() + "\n";
    text.lines().map(line).collect()
}
