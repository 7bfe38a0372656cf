//! Titles about clusters as a whole.

use super::{brief, few, verb};
use crate::inspection::checks::Addon;
use crate::texts::time;
use chrono::{NaiveDate, TimeDelta};
use std::cmp::Ordering;

pub(crate) fn not_ready(names: &[&str], passing: bool) -> String {
    let what = format!("{} {}", few(names), verb(names.len(), "fails", "fail"));
    if passing {
        format!("the API server is starting or stopping: {what}")
    } else {
        format!("the API server is not well: {what}")
    }
}

pub(crate) fn milliseconds(count: i64) -> String {
    format!("{count} ms")
}

pub(crate) fn slow(p95_ms: Option<i64>, throttled: i64, retried: i64) -> String {
    let mut facts = Vec::new();
    facts.extend(p95_ms.map(|p95| format!("1 in 20 answers takes more than {:.1} s", p95 as f64 / 1000.0)));
    if throttled > 0 {
        facts.push(format!("it turned {throttled} of our requests away"));
    }
    if retried > 0 && throttled == 0 {
        facts.push(format!("{retried} of our requests had to be asked again"));
    }
    format!("the API server is slow: {}", facts.join(", "))
}

pub(crate) fn component_down(component: &str, down: usize, all: usize) -> String {
    match (down, all) {
        (1, 1) => format!("{component} is down"),
        (down, all) if down == all => format!("{component} is down: none of {all} is ready"),
        (down, all) => format!("{down} of {all} {component} pods {} down", verb(down, "is", "are")),
    }
}

pub(crate) fn component_restarted(component: &str, containers: usize, ago: TimeDelta) -> String {
    let ago = time::span(ago);
    match containers {
        1 => format!("{component} was restarted {ago} ago"),
        count => format!("{component} was restarted in {count} places, the last time {ago} ago"),
    }
}

pub(crate) fn ago(age: TimeDelta) -> String {
    format!("{} ago", time::span(age))
}

pub(crate) fn leader_stale(silent: TimeDelta) -> String {
    format!("its leader has not been heard for {}", time::span(silent))
}

const MIB: i64 = 1 << 20;

pub(crate) fn of_quota(bytes: i64, quota: i64) -> String {
    format!("{}Mi of {}Mi", bytes / MIB, quota / MIB)
}

pub(crate) fn of_default_quota(bytes: i64, quota: i64) -> String {
    format!("{} (the default quota; nobody tells the one that is set)", of_quota(bytes, quota))
}

pub(crate) fn etcd_full(percent: i64) -> String {
    format!("etcd's database takes {percent} % of its quota")
}

pub(crate) fn etcd_full_by_default(percent: i64) -> String {
    format!("etcd's database takes {percent} % of the quota that it has where none is set")
}

pub(crate) fn etcd_restless(changes: i64) -> String {
    format!("etcd changed its leader {changes} times in an hour")
}

pub(crate) fn dns_down(ready: usize, desired: usize) -> String {
    match ready {
        0 => "nobody resolves names: no DNS server is ready".to_owned(),
        ready => format!("{ready} of {desired} DNS servers ready"),
    }
}

pub(crate) fn addon_down(addon: Addon, ready: i32, desired: i32) -> String {
    let what = match addon {
        Addon::Network => "pods get no network",
        Addon::Proxy => "Services lead nowhere",
        Addon::Storage => "volumes cannot be made or mounted",
        Addon::Ingress => "nobody gets in from outside",
        Addon::Metrics => "nobody measures nodes and pods",
    };
    match ready {
        0 if desired == 1 => format!("{what}: its only pod is not ready"),
        0 => format!("{what}: none of {desired} pods is ready"),
        ready => format!("{what} in places: {ready} of {desired} pods ready"),
    }
}

pub(crate) fn apiservice_unavailable(group: &str, message: &str) -> String {
    let what = match group {
        "metrics.k8s.io" => "no metrics of nodes and pods, so autoscalers stand still".to_owned(),
        "custom.metrics.k8s.io" | "external.metrics.k8s.io" => "autoscalers do not get their metrics".to_owned(),
        group => format!("the API {group} does not answer"),
    };
    if message.is_empty() { what } else { format!("{what}: {}", brief(message)) }
}

pub(crate) fn metrics_server_missing(waiting: usize) -> String {
    match waiting {
        0 => "no metrics server: use of nodes and pods is not known".to_owned(),
        1 => "no metrics server, and an autoscaler needs it".to_owned(),
        count => format!("no metrics server, and {count} autoscalers need it"),
    }
}

/// A day; `found` says how the version stands to those whose day is known.
pub(crate) fn last_day(day: NaiveDate, found: Ordering) -> String {
    match found {
        Ordering::Less => format!("before {day}"),
        Ordering::Equal => day.to_string(),
        Ordering::Greater => format!("about {day}"),
    }
}

pub(crate) fn version_eol(version: &str, last_day: &str) -> String {
    format!("Kubernetes {version} is out of support; its last day was {last_day}")
}

pub(crate) fn patch_behind(version: &str, newest: &str) -> String {
    format!("{version} runs, {newest} is there")
}

pub(crate) fn deprecated_api(resource: &str, group_version: &str, removed: &str) -> String {
    let asked = format!("somebody still asks for {resource} of {group_version}");
    if removed.is_empty() { asked } else { format!("{asked}, which {removed} takes away") }
}

/// Manifests in an API version that Kubernetes takes away, or has taken.
pub(crate) fn old_manifest(count: usize, kind: &str, version: &str, gone: bool, release: u32) -> String {
    let written = match count {
        1 => format!("the manifest of 1 {kind} is written in {version}"),
        count => format!("the manifests of {count} objects of kind {kind} are written in {version}"),
    };
    let when = if gone { "took" } else { "takes" };
    let fails = if gone { ": the next apply fails" } else { "" };
    format!("{written}, which 1.{release} {when} away{fails}")
}

pub(crate) fn client_credential(left: TimeDelta) -> String {
    if left <= TimeDelta::zero() {
        format!("our own credential expired {} ago", time::span(-left))
    } else {
        format!("our own credential expires in {}", time::span(left))
    }
}

/// `1200m of 4000m`, `512Mi of 8192Mi`; both in thousand-millionths.
pub(crate) fn amount(resource: &str, part: i128, whole: i128) -> String {
    let (unit, suffix) = if resource == "cpu" { (1_000_000, "m") } else { (1_000_000_000 << 20, "Mi") };
    format!("{}{suffix} of {}{suffix}", part / unit, whole / unit)
}

pub(crate) fn capacity(full: &[String], lost: &[(&str, &str)]) -> String {
    let mut said = Vec::new();
    if !full.is_empty() {
        said.push(format!("requests take {}", full.join(" and ")));
    }
    let resources: Vec<&str> = lost.iter().map(|(resource, _)| *resource).collect();
    said.extend(lost.first().map(|(_, node)| {
        format!("if node {node} is lost its pods fit nowhere else (not enough {})", resources.join(", "))
    }));
    said.join("; ")
}

pub(crate) fn single_control_plane(node: &str) -> String {
    format!("one node alone, {node}, is the whole control plane")
}

pub(crate) fn zone_imbalance(counts: &[(&str, usize)]) -> String {
    let counts: Vec<String> = counts.iter().map(|(zone, count)| format!("{zone} {count}")).collect();
    format!("its nodes are uneven over the zones: {}", counts.join(", "))
}

pub(crate) fn repeated_event(reason: &str, times: i64) -> String {
    format!("the event {reason} comes {times} times an hour")
}

pub(crate) fn event_storm(all: i64, reason: &str) -> String {
    format!("{all} warnings in the last hour, most of them {reason}")
}

pub(crate) fn object_growth(kind: &str, count: u64, percent_a_day: Option<u64>) -> String {
    match percent_a_day {
        Some(percent) => format!("{count} objects of kind {kind}, {percent} % more in a day"),
        None => format!("{count} objects of kind {kind}: more than a cluster should hold"),
    }
}
