//! Titles about Deployments, ReplicaSets, StatefulSets, DaemonSets and what they have in common.

use super::{brief, pods, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) use super::{pod_not_ready, pod_not_there};

/// The value of a field at the last inspection.
pub(crate) fn last_time(field: &str) -> String {
    format!("{field} at the last inspection")
}

pub(crate) fn inspections() -> String {
    "inspections that saw it".to_owned()
}

/// `3 pods`, as a value.
pub(crate) fn count(count: usize) -> String {
    pods(count)
}

fn one_of(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

pub(crate) fn degraded(available: i32, desired: i32) -> String {
    format!("only {available} of {desired} replicas {} available", if available == 1 { "is" } else { "are" })
}

pub(crate) fn replica_failure(reason: &str, message: &str) -> String {
    match (reason, crate::diagnosis::exceeded_quota(message)) {
        (_, Some(quota)) => format!("no more pods may be made: quota {quota} is exceeded"),
        ("FailedDelete", None) => format!("pods cannot be deleted: {}", brief(message)),
        (_, None) => format!("pods cannot be created: {}", brief(message)),
    }
}

pub(crate) fn surplus_replicas(replicas: i32, desired: i32) -> String {
    format!("{replicas} replicas are there, {desired} were asked for")
}

pub(crate) fn generation_stale(changes: i64) -> String {
    format!("its last {} had no effect: no controller has looked at it", one_of(changes, "change", "changes"))
}

pub(crate) fn paused(age: TimeDelta) -> String {
    format!("its rollout is paused for {}", time::span(age))
}

pub(crate) fn scaled_to_zero(before: Option<i32>) -> String {
    match before {
        Some(before) => format!("it was scaled from {before} to 0 since the last inspection"),
        None => "it is scaled to 0".to_owned(),
    }
}

pub(crate) fn no_matching_pods() -> String {
    "not one pod of it exists".to_owned()
}

pub(crate) fn missing_service_account(account: &str) -> String {
    format!("its service account {account} does not exist: no new pod can be made")
}

pub(crate) fn one_place(count: usize, place: &str, name: &str) -> String {
    format!("all of its {} run in one place: {place} {name}", pods(count))
}

pub(crate) fn image_skew(image: &str, contents: usize) -> String {
    format!("its pods run {contents} different images under the one name {image}")
}

pub(crate) fn single_replica(service: &str, routed: bool) -> String {
    let from = if routed { "from outside " } else { "" };
    format!("its only replica answers {from}for Service {service}")
}

pub(crate) fn no_spread(replicas: i32) -> String {
    format!("nothing spreads its {replicas} replicas over nodes")
}

pub(crate) fn old_replica_sets(count: usize) -> String {
    format!("{count} ReplicaSets of earlier revisions are kept")
}

pub(crate) fn unready_set(ready: i32, desired: i32) -> String {
    format!("{ready} of {desired} replicas ready")
}

fn shares(shares: &[(&str, u64)]) -> String {
    shares.iter().map(|(resource, share)| format!("{share} % of its {resource}")).collect::<Vec<_>>().join(" and ")
}

pub(crate) fn over_requested(used: &[(&str, u64)]) -> String {
    format!("it never used more than {} requests", shares(used))
}

pub(crate) fn under_requested(used: &[(&str, u64)]) -> String {
    format!("it uses {} requests", shares(used))
}

pub(crate) fn set_rollout_stuck(updated: i32, to_update: i32, blocking: Option<&str>) -> String {
    let stuck = format!("the rollout does not go on: {updated} of {to_update} replicas have the new revision");
    blocking.map_or(stuck.clone(), |pod| format!("{stuck}; {pod} is not ready"))
}

pub(crate) fn create_blocked(message: &str) -> String {
    format!("its first pod cannot be made: {}", brief(message))
}

pub(crate) fn missing_service(name: &str) -> String {
    format!("its Service {name} does not exist: its pods have no names")
}

pub(crate) fn missing_storage_class(classes: &str) -> String {
    format!("its volumes want storage class {classes}, which does not exist")
}

pub(crate) fn orphan_claims(count: usize) -> String {
    let claims = one_of(count as i64, "claim", "claims");
    format!("{claims} of replicas that it does not have any more {} kept", verb(count, "is", "are"))
}

pub(crate) fn partition_left(partition: i32, replicas: i32) -> String {
    if partition >= replicas {
        "its rollout is held back: no replica gets the new revision".to_owned()
    } else {
        format!("its rollout is held back: replicas below {partition} keep the old revision")
    }
}

pub(crate) fn misscheduled(count: i32) -> String {
    let nodes = one_of(count.into(), "node", "nodes");
    format!("it runs on {nodes} where it should not")
}

pub(crate) fn daemon_rollout_stuck(old: i32, on_delete: bool) -> String {
    let nodes =
        format!("{} {} the old revision", one_of(old.into(), "node", "nodes"), if old == 1 { "has" } else { "have" });
    if on_delete {
        format!("{nodes} until somebody deletes the pods")
    } else {
        format!("the rollout does not go on: {nodes}")
    }
}

pub(crate) fn node_uncovered(nodes: &[&str]) -> String {
    const NAMED: usize = 3;
    let named = nodes.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match nodes.len().saturating_sub(NAMED) {
        0 => format!("no pod of it was made for {named}"),
        more => format!("no pod of it was made for {named} and {more} more"),
    }
}
