//! Roles and bindings that lead nowhere.

use super::check::row::*;
use super::rights::{RoleName, bindings, given, roles, written};
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{ClusterRoleBindings, ClusterRoles, RoleBindings, Roles, ServiceAccounts};
use crate::snapshot::{Role as Rules, RoleBinding, Scope};
use crate::texts::findings::rights as texts;
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("rbac/dangling-role"),
        kind: "RoleBinding",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(ClusterRoleBindings, Walked), (RoleBindings, Walked), (Roles, Complete), (ClusterRoles, Complete)],
        gate: None,
        means: "Whoever relies on these rights is refused; a role of that name made later gives them unseen.",
        advice: "Create the role, or delete the binding.",
        find: dangling_role,
    },
    Check {
        id: CheckId::new("rbac/dangling-subject"),
        kind: "RoleBinding",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(ClusterRoleBindings, Walked), (RoleBindings, Walked), (ServiceAccounts, Complete)],
        gate: None,
        means: "A service account of that name made later has these rights unseen.",
        advice: "Take the subject out of the binding.",
        find: dangling_subject,
    },
    Check {
        id: CheckId::new("rbac/unused-role"),
        kind: "Role",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Roles, Walked), (ClusterRoles, Walked), (ClusterRoleBindings, Complete), (RoleBindings, Complete)],
        gate: Some("7d"),
        means: "It is left over, or the binding was forgotten.",
        advice: "Delete it, or bind it.",
        find: unused_role,
    },
];

fn dangling_role(scene: &Scene<'_>) -> Vec<Draft> {
    let known: HashSet<RoleName<'_>> =
        roles(scene).map(|(kind, role)| (kind, role.meta.namespace.as_str(), role.meta.name.as_str())).collect();
    let lost = bindings(scene).filter(|(_, binding)| !known.contains(&given(binding)));
    let draft = |(kind, binding): (&str, &RoleBinding)| {
        let role = format!("{} {}", binding.role_ref.kind, binding.role_ref.name);
        let title = texts::dangling_role(&role);
        let evidence = vec![Evidence::since("roleRef", role, binding.meta.creation_timestamp)];
        Draft::about(target(kind, &binding.meta), Severity::Medium, title, evidence)
    };
    lost.map(draft).collect()
}

fn dangling_subject(scene: &Scene<'_>) -> Vec<Draft> {
    let accounts = scene.snapshot.service_accounts.iter();
    let known: HashSet<(&str, &str)> =
        accounts.map(|account| (account.meta.namespace.as_str(), account.meta.name.as_str())).collect();
    let drafts = bindings(scene).filter(|(_, binding)| !binding.is_built_in()).filter_map(|(kind, binding)| {
        let accounts = binding.subjects.iter().filter(|subject| subject.kind == "ServiceAccount");
        let lost = accounts.filter(|account| {
            let key = (account.namespace.as_str(), account.name.as_str());
            scene.snapshot.covers(&account.namespace) && !known.contains(&key)
        });
        let lost: Vec<String> = lost.map(written).collect();
        let since = binding.meta.creation_timestamp;
        let evidence = lost.iter().map(|lost| Evidence::since("subjects", lost.as_str(), since)).collect();
        let title = texts::dangling_subject(&lost);
        (!lost.is_empty()).then(|| Draft::about(target(kind, &binding.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}

fn unused_role(scene: &Scene<'_>) -> Vec<Draft> {
    let used: HashSet<RoleName<'_>> = bindings(scene).map(|(_, binding)| given(binding)).collect();
    let aggregated = scene.snapshot.cluster_roles.iter().filter_map(|role| role.aggregation_rule.as_ref());
    let aggregated: Vec<_> = aggregated.flat_map(|rule| &rule.cluster_role_selectors).collect();
    let drafts = roles(scene).filter_map(|(kind, role)| {
        let since = role.meta.creation_timestamp?;
        let days = scene.age(since).num_days();
        // A ClusterRole can be bound in a namespace that was not asked for.
        let seen = kind == "Role" || scene.snapshot.scope == Scope::AllNamespaces;
        let part = kind == "ClusterRole" && aggregated.iter().any(|selector| selector.matches(&role.meta.labels));
        let kept = Rules::is_built_in(role) || part || role.aggregation_rule.is_some();
        let bound = used.contains(&(kind, role.meta.namespace.as_str(), role.meta.name.as_str()));
        if !seen || kept || bound || scene.age(since) <= scene.thresholds.left_over {
            return None;
        }
        let evidence = vec![Evidence::since("bindings", "0", Some(since))];
        Some(Draft::about(target(kind, &role.meta), Severity::Info, texts::unused_role(days), evidence))
    });
    drafts.collect()
}
