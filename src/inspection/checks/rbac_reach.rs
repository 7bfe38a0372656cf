//! Bindings that give too much, or to everybody.

use super::check::row::*;
use super::rights::{RoleName, bindings, given, roles, written};
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::inspection::history;
use crate::snapshot::Resource::{ClusterRoleBindings, ClusterRoles, RoleBindings, Roles};
use crate::snapshot::{RoleBinding, Str, Subject};
use crate::texts::findings::rights as texts;
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("rbac/wildcard"),
        kind: "Role",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: &[(Roles, Walked), (ClusterRoles, Walked), (ClusterRoleBindings, Walked), (RoleBindings, Walked)],
        gate: None,
        means: "It also allows what did not exist when it was written.",
        advice: "Name the verbs and resources that are needed.",
        find: wildcard,
    },
    Check {
        id: CheckId::new("rbac/cluster-admin"),
        kind: "ClusterRoleBinding",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: &[(ClusterRoleBindings, Walked)],
        gate: None,
        means: "Who has these credentials has the cluster and every Secret in it.",
        advice: "Give the rights that are needed; keep cluster-admin for emergencies.",
        find: cluster_admin,
    },
    Check {
        id: CheckId::new("rbac/anonymous"),
        kind: "ClusterRoleBinding",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(ClusterRoleBindings, Walked), (RoleBindings, Walked)],
        gate: None,
        means: "Nobody has to be trusted to use these rights.",
        advice: "Delete the binding, then look into the audit log who has used it.",
        find: anonymous,
    },
];

fn wildcard(scene: &Scene<'_>) -> Vec<Draft> {
    let mut holders: HashMap<RoleName<'_>, Vec<&Subject>> = HashMap::new();
    for (_, binding) in bindings(scene) {
        holders.entry(given(binding)).or_default().extend(&binding.subjects);
    }
    let drafts = roles(scene).filter(|(_, role)| !role.is_built_in()).filter_map(|(kind, role)| {
        let holders = holders.get(&(kind, role.meta.namespace.as_str(), role.meta.name.as_str()))?;
        let every = |list: &[Str]| list.iter().any(|entry| entry == "*");
        let rules = role.rules.iter().filter(|rule| !rule.resources.is_empty());
        let wide = rules.filter(|rule| every(&rule.verbs) || every(&rule.resources));
        // The widest rule is the one to show.
        let rule = wide.max_by_key(|rule| usize::from(every(&rule.verbs)) + usize::from(every(&rule.resources)))?;
        let list = |list: &[Str]| list.iter().map(Str::as_str).collect::<Vec<_>>().join(", ");
        let holders: Vec<String> = holders.iter().copied().map(written).collect();
        let title = texts::wildcard(every(&rule.verbs), every(&rule.resources), &holders);
        let evidence = vec![
            Evidence::since("rules.verbs", list(&rule.verbs), role.meta.creation_timestamp),
            Evidence::new("rules.resources", list(&rule.resources)),
            Evidence::new("rules.apiGroups", list(&rule.api_groups)),
        ];
        (!holders.is_empty()).then(|| Draft::about(target(kind, &role.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

fn cluster_admin(scene: &Scene<'_>) -> Vec<Draft> {
    let before = scene.history.memory().and_then(|memory| memory.admins.as_ref());
    let drafts = scene.snapshot.cluster_role_bindings.iter().filter_map(|binding| {
        let admin = binding.role_ref.kind == "ClusterRole" && binding.role_ref.name == "cluster-admin";
        let foreign = binding.subjects.iter().filter(|subject| !subject.name.starts_with("system:"));
        let subjects: Vec<String> = foreign.map(written).collect();
        if !admin || binding.is_built_in() || subjects.is_empty() {
            return None;
        }
        let known = before.map(|before| before.get(&history::key("ClusterRoleBinding", &binding.meta)));
        let is_new = |subject: &str| known.is_some_and(|known| known.is_none_or(|known| !known.contains(subject)));
        let new: Vec<&str> = subjects.iter().filter(|subject| is_new(subject)).map(String::as_str).collect();
        let severity = if new.is_empty() { Severity::Medium } else { Severity::High };
        let evidence = vec![
            Evidence::since("roleRef", "ClusterRole cluster-admin", binding.meta.creation_timestamp),
            Evidence::new("subjects", subjects.join(", ")),
        ];
        let title = texts::cluster_admin(&subjects, &new);
        Some(Draft::about(target("ClusterRoleBinding", &binding.meta), severity, title, evidence))
    });
    drafts.collect()
}

/// Who is everybody.
const EVERYBODY: &[&str] = &["system:anonymous", "system:unauthenticated", "system:authenticated"];

fn anonymous(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = bindings(scene).filter(|(_, binding)| !is_usual(binding)).filter_map(|(kind, binding)| {
        let everybody = binding.subjects.iter().filter(|subject| EVERYBODY.contains(&subject.name.as_str()));
        // Who need not even sign in is worse.
        let who = everybody.min_by_key(|subject| subject.name == "system:authenticated")?;
        let role = format!("{} {}", binding.role_ref.kind, binding.role_ref.name);
        let title = texts::anonymous(&who.name, &role);
        let since = binding.meta.creation_timestamp;
        let evidence = vec![Evidence::since("subjects", written(who), since), Evidence::new("roleRef", role)];
        Some(Draft::about(target(kind, &binding.meta), Severity::Critical, title, evidence))
    });
    drafts.collect()
}

/// What Kubernetes lets everybody see because it is no secret: discovery, its version, what is needed to join.
fn is_usual(binding: &RoleBinding) -> bool {
    const ROLES: &[&str] = &[
        "system:discovery",
        "system:basic-user",
        "system:public-info-viewer",
        "system:service-account-issuer-discovery",
        "kubeadm:bootstrap-signer-clusterinfo",
    ];
    binding.is_built_in() || ROLES.contains(&binding.role_ref.name.as_str())
}
