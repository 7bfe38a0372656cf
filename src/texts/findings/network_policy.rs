//! Titles about NetworkPolicies.

use super::{pods, verb};

pub(crate) fn selects_nothing() -> String {
    "it selects no pod, so it protects nothing".to_owned()
}

pub(crate) fn peer_matches_nothing(count: usize) -> String {
    format!("{count} of its peers {} nothing that is there", verb(count, "matches", "match"))
}

pub(crate) fn for_all(rules: &[&str]) -> String {
    format!("for every pod of the namespace: {}", rules.join(", "))
}

pub(crate) fn all_ingress() -> &'static str {
    "all incoming traffic is allowed"
}

pub(crate) fn no_ingress() -> &'static str {
    "all incoming traffic is denied unless another policy allows it"
}

pub(crate) fn all_egress() -> &'static str {
    "all outgoing traffic is allowed"
}

pub(crate) fn no_egress() -> &'static str {
    "all outgoing traffic is denied unless another policy allows it"
}

pub(crate) fn dns_blocked(count: usize) -> String {
    format!("{} may send out, but not to the cluster's DNS: names are not found", pods(count))
}

pub(crate) fn uncovered(count: usize) -> String {
    format!("no policy covers {}: they take traffic from everywhere", pods(count))
}
