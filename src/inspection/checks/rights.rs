//! Who has been given what: bindings, the roles that they give, and whom they give them to.

use super::scene::Scene;
use crate::snapshot::{Pod, Role as Rules, RoleBinding, Subject};
use std::collections::{BTreeMap, HashSet};

/// Kind, namespace and name of a role.
pub(super) type RoleName<'a> = (&'a str, &'a str, &'a str);

/// Namespace and name of a service account.
pub(super) type Account<'a> = (&'a str, &'a str);

/// Every binding with its kind.
pub(super) fn bindings<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'static str, &'a RoleBinding)> {
    let cluster = scene.snapshot.cluster_role_bindings.iter().map(|binding| ("ClusterRoleBinding", binding));
    cluster.chain(scene.snapshot.role_bindings.iter().map(|binding| ("RoleBinding", binding)))
}

/// Every role with its kind.
pub(super) fn roles<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'static str, &'a Rules)> {
    let cluster = scene.snapshot.cluster_roles.iter().map(|role| ("ClusterRole", role));
    cluster.chain(scene.snapshot.roles.iter().map(|role| ("Role", role)))
}

/// The role that a binding gives.
pub(super) fn given(binding: &RoleBinding) -> RoleName<'_> {
    let namespace = if binding.role_ref.kind == "ClusterRole" { "" } else { binding.meta.namespace.as_str() };
    (binding.role_ref.kind.as_str(), namespace, binding.role_ref.name.as_str())
}

/// `ServiceAccount shop/deployer`, `Group developers`.
pub(super) fn written(subject: &Subject) -> String {
    match subject.kind.as_str() {
        "ServiceAccount" => format!("ServiceAccount {}/{}", subject.namespace, subject.name),
        kind => format!("{kind} {}", subject.name),
    }
}

/// Which accounts bindings give rights to, beyond what everybody has from the start.
#[derive(Debug, Default)]
pub(super) struct Rights<'a> {
    accounts: HashSet<Account<'a>>,
    /// Those of whose accounts all have rights.
    namespaces: HashSet<&'a str>,
    everywhere: bool,
}

impl<'a> Rights<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Self {
        let mut rights = Self::default();
        for (_, binding) in bindings(scene) {
            for subject in &binding.subjects {
                match (subject.kind.as_str(), subject.name.as_str()) {
                    ("ServiceAccount", name) => drop(rights.accounts.insert((&subject.namespace, name))),
                    ("User", user) => rights.accounts.extend(account_of(user)),
                    _ if binding.is_built_in() => {}
                    (_, "system:authenticated" | "system:serviceaccounts") => rights.everywhere = true,
                    (_, group) => rights.namespaces.extend(group.strip_prefix("system:serviceaccounts:")),
                }
            }
        }
        rights
    }

    /// Whether the account itself is named.
    pub(super) fn names(&self, account: Account<'_>) -> bool {
        self.accounts.contains(&account)
    }

    /// Whether the account itself is named, or a group that it is in.
    pub(super) fn has(&self, account: Account<'_>) -> bool {
        self.names(account) || self.everywhere || self.namespaces.contains(account.0)
    }
}

/// The account that a user name stands for: `system:serviceaccount:shop:deployer`.
fn account_of(user: &str) -> Option<Account<'_>> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The pods that are to run, by account. The API server fills it in; mirror pods have none.
pub(super) fn pods<'a>(scene: &Scene<'a>) -> BTreeMap<Account<'a>, Vec<&'a Pod>> {
    let mut pods: BTreeMap<Account<'_>, Vec<&Pod>> = BTreeMap::new();
    for pod in scene.live_pods().filter(|pod| !pod.spec.service_account_name.is_empty()) {
        pods.entry((&pod.meta.namespace, &pod.spec.service_account_name)).or_default().push(pod);
    }
    for pods in pods.values_mut() {
        pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
    }
    pods
}
