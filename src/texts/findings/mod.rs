//! The one-line titles of findings: what is wrong, without the name of whom (the target stands beside it).

pub(crate) mod autoscaling;
pub(crate) mod budget;
pub(crate) mod cilium;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod container;
pub(crate) mod drift;
pub(crate) mod event;
pub(crate) mod extension;
pub(crate) mod gateway;
pub(crate) mod ingress;
pub(crate) mod job;
pub(crate) mod monitoring;
pub(crate) mod namespace;
pub(crate) mod network_policy;
pub(crate) mod node;
pub(crate) mod operator;
pub(crate) mod pod;
pub(crate) mod rights;
pub(crate) mod service;
pub(crate) mod storage;
pub(crate) mod workload;

use super::time;
use crate::diagnosis::{Obstacle, PullFailure};
use crate::inspection::history::Restarted;
use crate::snapshot::Terminated;
use chrono::TimeDelta;

/// `1 pod`, `3 pods`.
pub(super) fn pods(count: usize) -> String {
    if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") }
}

pub(super) fn verb<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `a, b, c and 4 more`.
pub(super) fn few<T: AsRef<str>>(names: &[T]) -> String {
    const NAMED: usize = 3;
    let named = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=NAMED => named,
        more => format!("{named} and {} more", more - NAMED),
    }
}

/// The value of a field that is not set.
pub(crate) fn none() -> String {
    "(none)".to_owned()
}

/// All nodes, where they are in no pool.
pub(crate) fn all_nodes() -> String {
    "(all)".to_owned()
}

/// A long text of the cluster's, cut for a title: its first line, at most so many characters.
pub(super) fn brief(text: &str) -> String {
    const LONGEST: usize = 120;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let cut: String = line.chars().take(LONGEST - 1).collect();
    format!("{}…", cut.trim_end())
}

pub(crate) fn unschedulable(count: usize, obstacles: &[(Obstacle, u32)]) -> String {
    let fits = format!("{} {} on no node", pods(count), verb(count, "fits", "fit"));
    let named: Vec<String> = obstacles.iter().map(|(obstacle, nodes)| self::obstacle(obstacle, *nodes)).collect();
    if named.is_empty() { fits } else { format!("{fits}: {}", named.join(", ")) }
}

fn obstacle(obstacle: &Obstacle, nodes: u32) -> String {
    let what = match obstacle {
        Obstacle::Resource(resource) => format!("not enough {resource}"),
        Obstacle::Pods => "too many pods on the node".to_owned(),
        Obstacle::Taint(taint) if taint.is_empty() => "a taint that it does not tolerate".to_owned(),
        Obstacle::Taint(taint) => format!("taint {taint} is not tolerated"),
        Obstacle::Affinity => "affinity or node selector does not match".to_owned(),
        Obstacle::Topology => "topology spread does not allow it".to_owned(),
        Obstacle::Volume => "its volume is missing, not bound or elsewhere".to_owned(),
        Obstacle::Port => "the host port is taken".to_owned(),
        Obstacle::Cordoned => "the node is cordoned".to_owned(),
        Obstacle::Quota => "a quota does not allow it".to_owned(),
    };
    match nodes {
        0 => what,
        1 => format!("{what} (1 node)"),
        nodes => format!("{what} ({nodes} nodes)"),
    }
}

pub(crate) fn image_pull(count: usize, image: &str, failure: PullFailure) -> String {
    let why = match failure {
        PullFailure::NotFound => "the registry has no such image or tag",
        PullFailure::Denied => "the registry denies access (wrong name or missing pull secret)",
        PullFailure::RateLimited => "the registry limits the number of pulls",
        PullFailure::Network => "the registry cannot be reached",
        PullFailure::BadName => "that is no valid image name",
        PullFailure::NeverPull => "it is not on the node and may not be pulled (imagePullPolicy: Never)",
        PullFailure::Signature => "its signature is not accepted",
        PullFailure::Unknown => "the pull fails",
    };
    format!("{} cannot get image {image}: {why}", pods(count))
}

pub(crate) fn create_error(count: usize, reason: &str, missing: Option<&str>) -> String {
    match missing {
        Some(missing) => format!("the container of {} cannot be created: {missing} does not exist", pods(count)),
        None => format!("the container of {} cannot be created: {reason}", pods(count)),
    }
}

pub(crate) fn missing_key(rest: &str) -> String {
    format!("key {rest}")
}

/// How a container's last run ended: `exit code 1 (Error)`, `exit code 137 (SIGKILL, OOMKilled)`.
pub(crate) fn end_of_run(end: &Terminated) -> String {
    let signal = match (end.signal, end.exit_code) {
        (0, code) if code > 128 => code - 128,
        (signal, _) => signal,
    };
    let meaning = match (signal, end.exit_code) {
        (6, _) => "SIGABRT",
        (9, _) => "SIGKILL",
        (11, _) => "SIGSEGV",
        (15, _) => "SIGTERM",
        (0, 126) => "command cannot be executed",
        (0, 127) => "command not found",
        _ => "",
    };
    let reason = if end.reason == "Error" && !meaning.is_empty() { "" } else { end.reason.as_str() };
    let notes: Vec<&str> = [meaning, reason].into_iter().filter(|note| !note.is_empty()).collect();
    if notes.is_empty() {
        format!("exit code {}", end.exit_code)
    } else {
        format!("exit code {} ({})", end.exit_code, notes.join(", "))
    }
}

/// What kills containers that a probe finds dead; `probe` is Kubernetes' word, such as `liveness`.
pub(crate) fn killed_by_probe(probe: &str) -> String {
    format!("killed because the {probe} probe fails")
}

pub(crate) fn crash_loop(count: usize, end: Option<&str>, restarts: i32) -> String {
    let crashes = format!("{} {} again and again", pods(count), verb(count, "crashes", "crash"));
    match end {
        Some(end) => format!("{crashes}: {end}, {restarts} restarts"),
        None => format!("{crashes}: {restarts} restarts"),
    }
}

pub(crate) fn oom_killed(count: usize, limit: Option<&str>) -> String {
    let killed = format!("{} {} killed for using too much memory", pods(count), verb(count, "was", "were"));
    match limit {
        Some(limit) => format!("{killed} (limit {limit})"),
        None => format!("{killed} (no limit set: the node had none left)"),
    }
}

pub(crate) fn no_limit() -> String {
    "none".to_owned()
}

pub(crate) fn restarts_since_last(now: i32, before: i32) -> String {
    format!("{now} ({before} at the last inspection)")
}

pub(crate) fn restart_spike(count: usize, restarts: i32, since: Option<Restarted>, end: Option<&str>) -> String {
    let often = match since {
        Some(Restarted { more, within: Some(within), .. }) => format!("{more} times in {}", time::span(within)),
        Some(Restarted { more, within: None, .. }) => format!("{more} times since the last inspection"),
        None => format!("{restarts} times, the last time within a day"),
    };
    let restarted = format!("{} restarted {often}", pods(count));
    end.map_or(restarted.clone(), |end| format!("{restarted}: {end}"))
}

pub(crate) fn not_ready(count: usize, probe: Option<&str>) -> String {
    let running = format!("{} {} but {} not ready", pods(count), verb(count, "runs", "run"), verb(count, "is", "are"));
    probe.map_or(running.clone(), |probe| format!("{running}: {}", brief(probe)))
}

pub(crate) fn absent(kind: &str, name: &str) -> String {
    format!("{kind} {name} does not exist")
}

pub(crate) fn missing_config_ref(count: usize, names: &[String], runs: bool) -> String {
    let (names, there) = (names.join(", "), verb(names.len(), "does not exist", "do not exist"));
    if runs {
        format!("{} {} now, but cannot start again: {names} {there}", pods(count), verb(count, "runs", "run"))
    } else {
        format!("{} cannot start: {names} {there}", pods(count))
    }
}

pub(crate) fn unavailable(replicas: i32) -> String {
    match replicas {
        1 => "its only replica is not available".to_owned(),
        replicas => format!("none of {replicas} replicas is available"),
    }
}

pub(crate) fn rollout_stuck(available: i32, desired: i32) -> String {
    format!("the rollout does not finish; {available} of {desired} replicas available")
}

pub(crate) fn create_failed(message: &str) -> String {
    let why = crate::diagnosis::exceeded_quota(message);
    match why {
        Some(quota) => format!("no more pods may be made: quota {quota} is exceeded"),
        None => format!("pods cannot be created: {}", brief(message)),
    }
}

pub(crate) fn pod_not_ready() -> String {
    "not ready".to_owned()
}

pub(crate) fn pod_not_there() -> String {
    "does not exist".to_owned()
}

pub(crate) fn degraded(ready: i32, desired: i32, blocking: Option<&str>, refusal: Option<&str>) -> String {
    let short = format!("{ready} of {desired} replicas ready");
    let short = blocking.map_or(short.clone(), |pod| format!("{short}; {pod} is the first that is not"));
    refused(short, refusal)
}

pub(crate) fn daemonset_not_ready(ready: i32, desired: i32, nodes: &[String], refusal: Option<&str>) -> String {
    let short = format!("ready on {ready} of {desired} nodes");
    let short = if nodes.is_empty() { short } else { format!("{short}; not on {}", few(nodes)) };
    refused(short, refusal)
}

/// With why the pods that are missing are not made.
fn refused(short: String, refusal: Option<&str>) -> String {
    refusal.map_or(short.clone(), |refusal| format!("{short}: {}", brief(refusal)))
}

fn job_reason(reason: &str) -> String {
    match reason {
        "BackoffLimitExceeded" => "its pods failed too often".to_owned(),
        "DeadlineExceeded" => "it took longer than its deadline".to_owned(),
        "PodFailurePolicy" => "a pod failed in a way that its policy does not retry".to_owned(),
        "MaxFailedIndexesExceeded" => "too many of its indexes failed".to_owned(),
        "" => "no reason given".to_owned(),
        other => other.to_owned(),
    }
}

pub(crate) fn job_failed(reason: &str) -> String {
    format!("the Job gave up: {}", job_reason(reason))
}

pub(crate) fn last_run_failed(reason: &str, last_success: Option<TimeDelta>) -> String {
    let failed = format!("the newest run failed: {}", job_reason(reason));
    match last_success {
        Some(ago) => format!("{failed}; last success {} ago", time::span(ago)),
        None => format!("{failed}; it has never succeeded"),
    }
}

/// `ready` of the `pods` are ready, and get nothing from the Service all the same.
pub(crate) fn no_endpoints(count: usize, ready: usize, on_purpose: bool) -> String {
    match (count, ready, on_purpose) {
        (.., true) => "nobody answers: its workload is scaled to 0".to_owned(),
        (0, ..) => "nobody answers: it has no pods".to_owned(),
        (1, 0, _) => "nobody answers: its only pod is not ready".to_owned(),
        (1, ..) => "nobody answers: it sends nothing to its only pod, which is ready".to_owned(),
        (count, 0, _) => format!("nobody answers: none of its {count} pods is ready"),
        (_, ready, _) => {
            format!("nobody answers: it sends nothing to the {} that {} ready", pods(ready), verb(ready, "is", "are"))
        }
    }
}

pub(crate) fn selector_no_pods(selector: &str) -> String {
    format!("its selector {selector} matches no pod")
}

pub(crate) fn target_port_mismatch(wrong: &[String], offered: &[String], named: bool) -> String {
    let offered = if offered.is_empty() { "no named ports".to_owned() } else { offered.join(", ") };
    let ports = wrong.join(", ");
    if named {
        format!("it sends to port {ports}, which its pods do not have; they offer {offered}")
    } else {
        format!("it sends to port {ports}, which its pods do not declare; they declare {offered}")
    }
}

pub(crate) fn backend_missing(names: &[&str]) -> String {
    let services = if names.len() == 1 { "Service" } else { "Services" };
    let (names, verb) = (names.join(", "), verb(names.len(), "does not exist", "do not exist"));
    format!("it sends to {services} {names}, which {verb}")
}

pub(crate) fn default_class() -> String {
    "(the default class)".to_owned()
}

pub(crate) fn pvc_without_class(class: &str) -> String {
    format!("no volume: storage class {class} does not exist")
}

pub(crate) fn pvc_without_default() -> String {
    "no volume: it names no storage class and the cluster has no default one".to_owned()
}

pub(crate) fn pvc_pending(waits: bool, event: Option<&str>) -> String {
    match (waits, event) {
        (true, _) => "waits for the first pod that uses it".to_owned(),
        (false, Some(event)) => format!("no volume: {}", brief(event)),
        (false, None) => "no volume yet, and no event says why".to_owned(),
    }
}

pub(crate) fn node_not_ready(reports: bool, count: usize) -> String {
    let says = if reports { "is not ready" } else { "does not report any more" };
    format!("the node {says}; {} on it", pods(count))
}

pub(crate) fn memory_pressure(known: bool) -> String {
    if known {
        "the node runs out of memory and evicts pods".to_owned()
    } else {
        "the node does not say whether it has enough memory".to_owned()
    }
}

/// Resources with how much of them is used, 1.0 being all.
pub(crate) fn near_limit(resources: &[(&str, f64)]) -> String {
    let used: Vec<String> =
        resources.iter().map(|(resource, ratio)| format!("{resource} {:.0} %", (ratio * 100.0).floor())).collect();
    format!("quota nearly used up: {}", used.join(", "))
}

pub(crate) fn certificate(left: TimeDelta) -> String {
    if left <= TimeDelta::zero() {
        format!("the certificate expired {} ago", time::span(-left))
    } else {
        format!("the certificate expires in {}", time::span(left))
    }
}
