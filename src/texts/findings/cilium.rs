//! Titles about Cilium's objects.

use super::{few, verb};

pub(crate) fn no_namespace(namespace: &str) -> String {
    format!("namespace {namespace} does not exist")
}

pub(crate) fn no_account(account: &str) -> String {
    format!("ServiceAccount {account} does not exist")
}

pub(crate) fn no_endpoint() -> String {
    "no endpoint has it".to_owned()
}

pub(crate) fn identity_stale(count: usize) -> String {
    format!("{count} {} left over", verb(count, "identity is", "identities are"))
}

pub(crate) fn no_pod() -> String {
    "Cilium keeps endpoints of pods that do not exist any more".to_owned()
}

pub(crate) fn pod_over(phase: &str) -> String {
    format!("Cilium keeps endpoints of pods that do not run any more ({phase})")
}

pub(crate) fn unknown_node(node: &str) -> String {
    format!("Cilium leads to it by {node}, which is no node's address")
}

pub(crate) fn policy_matches_nothing(places: &[String]) -> String {
    format!("{} {} nothing", few(places), verb(places.len(), "matches", "match"))
}
