//! Titles about nodes.

use super::{brief, verb};
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn disk_pressure(known: bool) -> String {
    if known {
        "the node runs out of disk space: it deletes images and evicts pods".to_owned()
    } else {
        "the node does not say whether it has enough disk space".to_owned()
    }
}

pub(crate) fn pid_pressure(known: bool) -> String {
    if known {
        "the node runs out of process ids: nothing new can be started on it".to_owned()
    } else {
        "the node does not say whether it has enough process ids".to_owned()
    }
}

pub(crate) fn network_unavailable(known: bool) -> String {
    if known {
        "the node's network is not set up: its pods reach nobody".to_owned()
    } else {
        "the node does not say whether its network is set up".to_owned()
    }
}

pub(crate) fn problem(condition: &str, status: &str, message: &str) -> String {
    let problem = format!("the node reports {condition}={status}");
    if message.is_empty() { problem } else { format!("{problem}: {}", brief(message)) }
}

pub(crate) fn flapping(times: usize, window: TimeDelta) -> String {
    format!("its readiness changed {times} times in {}", time::span(window))
}

pub(crate) fn lease_stale(age: TimeDelta) -> String {
    format!("it calls itself ready, but its kubelet has not been heard for {}", time::span(age))
}

pub(crate) fn cordoned(age: Option<TimeDelta>) -> String {
    match age {
        Some(age) => format!("it is cordoned for {}: it takes no new pods", time::span(age)),
        None => "it is cordoned: it takes no new pods".to_owned(),
    }
}

pub(crate) fn taint_untolerated(taint: &str) -> String {
    format!("no pod tolerates its taint {taint}, so nothing new runs on it")
}

pub(crate) fn unexpected_taint(taints: &[&str]) -> String {
    format!("it carries {} {}", verb(taints.len(), "the taint", "the taints"), taints.join(", "))
}

pub(crate) fn cpu_high(percent: i128) -> String {
    format!("{percent} % of its CPU is used")
}

pub(crate) fn memory_high(percent: i128) -> String {
    format!("{percent} % of its memory is used")
}

pub(crate) fn no_metrics() -> String {
    "the metrics server knows nothing of it: no usage, and autoscalers miss its pods".to_owned()
}

pub(crate) fn requests_full(shares: &[String]) -> String {
    format!("requests take {}: hardly a new pod fits", shares.join(" and "))
}

pub(crate) fn share(resource: &str, percent: i128) -> String {
    format!("{percent} % of its {resource}")
}

pub(crate) fn limits_overcommit(percent: i128) -> String {
    format!("the memory limits of its pods add up to {percent} % of what it has")
}

pub(crate) fn pod_capacity(count: usize, most: i128) -> String {
    format!("{count} of at most {most} pods run on it")
}

pub(crate) fn disk_usage(filesystem: &str, percent: i64, inodes: bool) -> String {
    if inodes {
        format!("{percent} % of the inodes of {filesystem} are used")
    } else {
        format!("{filesystem} is {percent} % full")
    }
}

pub(crate) fn system_oom(count: i32) -> String {
    match count {
        1 => "the node itself ran out of memory, and the kernel killed a process".to_owned(),
        count => format!("the node itself ran out of memory {count} times, and the kernel killed processes"),
    }
}

pub(crate) fn housekeeping(reason: &str, message: &str) -> String {
    let what = match reason {
        "EvictionThresholdMet" => "the kubelet evicts pods to win room",
        _ => "the kubelet cannot clean up",
    };
    format!("{what}: {}", brief(message))
}

pub(crate) fn rebooted(message: Option<&str>) -> String {
    match message {
        Some(message) => format!("it was started again: {}", brief(message)),
        None => "it was started again since the last inspection".to_owned(),
    }
}

pub(crate) fn added() -> String {
    "it is new since the last inspection".to_owned()
}

pub(crate) fn gone() -> String {
    "it was there at the last inspection and is gone".to_owned()
}

pub(crate) fn version_behind(who: &str, version: &str, server: &str, minors: u32) -> String {
    format!("its {who} {version} is {minors} minor versions behind the API server's {server}")
}

pub(crate) fn version_ahead(who: &str, version: &str, server: &str) -> String {
    format!("its {who} {version} is newer than the API server's {server}, which is not supported")
}

pub(crate) fn version_mix(pool: &str, what: &[&str]) -> String {
    let pool = if pool.is_empty() { "the nodes".to_owned() } else { format!("the nodes of {pool}") };
    format!("{pool} differ in {}", what.join(", "))
}

pub(crate) fn runtime_old(what: &str, found: &str, least: &str) -> String {
    format!("its {what} {found} is out of support (at least {least})")
}

pub(crate) fn dockershim(runtime: &str) -> String {
    format!("its container runtime {runtime} is not supported by Kubernetes any more")
}

pub(crate) fn cgroup_v1() -> String {
    "it uses cgroup v1, which Kubernetes leaves behind".to_owned()
}
