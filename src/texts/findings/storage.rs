//! Titles about claims, volumes, their classes and drivers.

use super::{brief, pods, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn provisioning_failed(message: &str) -> String {
    format!("no volume could be made: {}", brief(message))
}

pub(crate) fn lost(volume: &str) -> String {
    format!("its volume {volume} is gone, and what was on it")
}

pub(crate) fn nearly_full(percent: u64) -> String {
    format!("the volume is {percent} % full")
}

pub(crate) fn inodes_nearly_full(percent: u64) -> String {
    format!("the volume has used {percent} % of its inodes: no more files, whatever space is left")
}

pub(crate) fn fills_in(left: TimeDelta) -> String {
    format!("at the present rate the volume is full in {}", time::span(left))
}

pub(crate) fn of_capacity(used: i64, capacity: i64) -> String {
    format!("{} of {}", bytes(used), bytes(capacity))
}

/// `1.5 GiB`, as storage is bought and requested.
pub(crate) fn bytes(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes.max(0) as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS.get(unit).copied().unwrap_or_default())
}

pub(crate) fn resize_stuck(condition: &str, message: &str) -> String {
    let failed = |who: &str| {
        let failed = format!("{who} cannot grow it");
        if message.is_empty() { failed } else { format!("{failed}: {}", brief(message)) }
    };
    match condition {
        "FileSystemResizePending" => "its file system is grown when a pod mounts it again, and none has".to_owned(),
        "ControllerResizeError" | "ControllerResizeInfeasible" => failed("the driver"),
        "NodeResizeError" | "NodeResizeInfeasible" => failed("the node"),
        _ => "it is being grown, and does not get there".to_owned(),
    }
}

pub(crate) fn unused(days: i64) -> String {
    format!("no pod and no workload has used it; it is {days} days old")
}

pub(crate) fn terminating(users: &[String]) -> String {
    match users.len() {
        0 => "it is being deleted and does not go, though no pod uses it".to_owned(),
        count => format!("it is being deleted, but {} still {} it", pods(count), verb(count, "uses", "use")),
    }
}

pub(crate) fn used_on_many(nodes: usize) -> String {
    format!("one node at a time may mount it, and pods on {nodes} nodes want it")
}

pub(crate) fn used_by_many(count: usize) -> String {
    format!("one pod alone may mount it, and {count} want it")
}

pub(crate) fn small(size: &str) -> String {
    format!("it asks for {size} only")
}

pub(crate) fn classless() -> String {
    "it names no storage class: what it gets depends on the cluster's default".to_owned()
}

pub(crate) fn volume_failed(message: &str) -> String {
    let failed = "it could not be cleaned up or given back";
    if message.is_empty() { failed.to_owned() } else { format!("{failed}: {}", brief(message)) }
}

pub(crate) fn volume_released(days: i64, size: &str) -> String {
    format!("its claim is gone for {days} days; {size} are kept and paid for")
}

pub(crate) fn volume_available() -> String {
    "no claim has taken it".to_owned()
}

pub(crate) fn volume_pending() -> String {
    "it is not ready for a claim yet".to_owned()
}

pub(crate) fn volume_small(size: &str) -> String {
    format!("it holds {size} only")
}

pub(crate) fn volume_terminating(finalizers: &str) -> String {
    format!("it is being deleted and does not go; finalizers: {finalizers}")
}

pub(crate) fn node_gone(node: &str, ready: bool) -> String {
    if ready {
        format!("it lives on node {node}, which is gone, and so is what is on it")
    } else {
        format!("it lives on node {node}, which is not ready")
    }
}

pub(crate) fn no_default(count: usize) -> String {
    format!(
        "{count} {} no class, and no class is the default: no volume is made",
        verb(count, "claim names", "claims name")
    )
}

pub(crate) fn many_defaults(classes: &[&str]) -> String {
    format!("{} classes are the default at once: {}", classes.len(), classes.join(", "))
}

pub(crate) fn class_missing(count: usize) -> String {
    format!("it does not exist, and {count} {} for it", verb(count, "claim waits", "claims wait"))
}

pub(crate) fn removed_provisioner(provisioner: &str) -> String {
    format!("its provisioner {provisioner} is not part of Kubernetes any more: it makes no volumes")
}

pub(crate) fn driver_missing(driver: &str, count: usize) -> String {
    format!(
        "its CSI driver {driver} is not there, and {} on it {} volumes of it",
        pods(count),
        verb(count, "needs", "need")
    )
}

pub(crate) fn attach_error(volume: &str, node: &str, message: &str) -> String {
    format!("volume {volume} cannot be attached to {node}: {}", brief(message))
}

pub(crate) fn detach_error(volume: &str, node: &str, message: &str) -> String {
    format!("volume {volume} cannot be detached from {node}: {}", brief(message))
}

pub(crate) fn attach_slow(volume: &str, node: &str, age: TimeDelta) -> String {
    format!("volume {volume} is being attached to {node} for {}", time::span(age))
}

pub(crate) fn attached_to_nowhere(volume: &str, node: &str) -> String {
    format!("volume {volume} is still attached to {node}, which is gone")
}

pub(crate) fn volume_limit(driver: &str, attached: usize, most: i32) -> String {
    format!("{attached} of at most {most} volumes of {driver} are attached")
}

pub(crate) fn snapshot_failed(message: Option<&str>) -> String {
    match message {
        Some(message) => format!("the snapshot failed: {}", brief(message)),
        None => "the snapshot is not ready to use yet".to_owned(),
    }
}
