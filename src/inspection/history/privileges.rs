//! What is remembered of rights: who can do everything, and which rules lead there.

use super::memory::key;
use crate::snapshot::{PolicyRule, Resource, Role, RoleBinding, Snapshot, Str};
use std::collections::{BTreeMap, BTreeSet};

/// The lists that must be complete: a role without its binding, or a binding without its role, says nothing.
pub(super) const READS: &[Resource] =
    &[Resource::Roles, Resource::ClusterRoles, Resource::RoleBindings, Resource::ClusterRoleBindings];

/// The role that can do everything.
const ADMIN: &str = "cluster-admin";

/// What each role gives that leads to any right, and to whom bindings give such a role; what came with Kubernetes is
/// left out.
pub(super) fn of(snapshot: &Snapshot) -> BTreeMap<String, BTreeSet<String>> {
    let roles = snapshot.roles.iter().map(|role| ("Role", role));
    let roles = roles.chain(snapshot.cluster_roles.iter().map(|role| ("ClusterRole", role)));
    let (mut found, mut strong) = (BTreeMap::new(), BTreeSet::new());
    for (kind, role) in roles {
        let grants: BTreeSet<String> = role.rules.iter().filter_map(grant).collect();
        if !grants.is_empty() {
            strong.insert(key(kind, &role.meta));
            found.extend((!Role::is_built_in(role)).then(|| (key(kind, &role.meta), grants)));
        }
    }
    for (kind, binding) in bindings(snapshot).filter(|(_, binding)| !binding.is_built_in()) {
        if strong.contains(&role_of(binding)) {
            found.insert(key(kind, &binding.meta), subjects(binding));
        }
    }
    found
}

/// Bindings to cluster-admin: to whom.
pub(super) fn admins(snapshot: &Snapshot) -> BTreeMap<String, BTreeSet<String>> {
    let admins = bindings(snapshot).filter(|(_, binding)| {
        binding.role_ref.kind == "ClusterRole" && binding.role_ref.name == ADMIN && !binding.is_built_in()
    });
    admins.map(|(kind, binding)| (key(kind, &binding.meta), subjects(binding))).collect()
}

fn bindings(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, &RoleBinding)> {
    let bindings = snapshot.role_bindings.iter().map(|binding| ("RoleBinding", binding));
    bindings.chain(snapshot.cluster_role_bindings.iter().map(|binding| ("ClusterRoleBinding", binding)))
}

/// The key of the role that a binding gives.
fn role_of(binding: &RoleBinding) -> String {
    let role = &binding.role_ref;
    if role.kind == "Role" {
        format!("Role/{}/{}", binding.meta.namespace, role.name)
    } else {
        format!("ClusterRole/{}", role.name)
    }
}

/// `ServiceAccount shop/deployer`, `Group developers`.
fn subjects(binding: &RoleBinding) -> BTreeSet<String> {
    let name = |subject: &crate::snapshot::Subject| {
        if subject.namespace.is_empty() {
            format!("{} {}", subject.kind, subject.name)
        } else {
            format!("{} {}/{}", subject.kind, subject.namespace, subject.name)
        }
    };
    binding.subjects.iter().map(name).collect()
}

/// `escalate, bind on clusterroles`, where a rule gives a wildcard or a verb that leads to any right.
fn grant(rule: &PolicyRule) -> Option<String> {
    let strong: BTreeSet<&str> = rule
        .verbs
        .iter()
        .map(Str::as_str)
        .filter(|verb| matches!(*verb, "*" | "escalate" | "impersonate" | "bind"))
        .collect();
    let wild = rule.resources.iter().any(|resource| *resource == "*");
    if strong.is_empty() && !wild {
        return None;
    }
    let verbs: Vec<&str> =
        if strong.is_empty() { rule.verbs.iter().map(Str::as_str).collect() } else { strong.into_iter().collect() };
    let on = if rule.resources.is_empty() { &rule.non_resource_urls } else { &rule.resources };
    let on: BTreeSet<&str> = on.iter().map(Str::as_str).collect();
    Some(format!("{} on {}", verbs.join(", "), on.into_iter().collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{admins, of};
    use crate::snapshot::Snapshot;
    use chrono::DateTime;
    use serde_json::json;

    #[test]
    fn what_leads_to_any_right_is_remembered_and_the_rest_is_not() {
        let rbac = |kind: &str, name: &str, more: serde_json::Value| {
            let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
                "metadata": {"name": name, "namespace": if kind.starts_with("Cluster") { "" } else { "shop" }}});
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            object
        };
        let rule = |verbs: &[&str], resources: &[&str]| json!({"rules": [{"verbs": verbs, "resources": resources}]});
        let binding = |role: &str, who: &str| {
            let (kind, name) = role.split_once('/').unwrap();
            json!({"roleRef": {"kind": kind, "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": who, "namespace": "shop"}]})
        };
        let snapshot = Snapshot::from_objects(
            DateTime::UNIX_EPOCH,
            vec![
                rbac("ClusterRole", "cluster-admin", rule(&["*"], &["*"])),
                rbac("ClusterRole", "system:node", rule(&["*"], &["*"])),
                rbac("ClusterRole", "granter", rule(&["get", "escalate", "bind"], &["clusterroles"])),
                rbac("Role", "reads-all", rule(&["get", "list"], &["*"])),
                rbac("Role", "harmless", rule(&["get", "delete"], &["pods"])),
                rbac("RoleBinding", "reads", binding("Role/reads-all", "viewer")),
                rbac("RoleBinding", "plain", binding("Role/harmless", "viewer")),
                rbac("ClusterRoleBinding", "root", binding("ClusterRole/cluster-admin", "deployer")),
                rbac("ClusterRoleBinding", "system:root", binding("ClusterRole/cluster-admin", "own")),
            ],
        )
        .unwrap();
        let found: Vec<String> = of(&snapshot).into_iter().map(|(key, what)| format!("{key}: {what:?}")).collect();
        assert_eq!(
            found,
            [
                r#"ClusterRole/cluster-admin: {"* on *"}"#,
                r#"ClusterRole/granter: {"bind, escalate on clusterroles"}"#,
                r#"ClusterRoleBinding/root: {"ServiceAccount shop/deployer"}"#,
                r#"Role/shop/reads-all: {"get, list on *"}"#,
                r#"RoleBinding/shop/reads: {"ServiceAccount shop/viewer"}"#,
            ]
        );
        assert_eq!(admins(&snapshot).keys().collect::<Vec<_>>(), ["ClusterRoleBinding/root"]);
    }
}
