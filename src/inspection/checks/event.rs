//! Warnings that no other check has an explanation for.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence};
use crate::finding::{Evidence, Finding, ObjectRef, Severity, Target};
use crate::snapshot::Event;
use crate::snapshot::Resource::Events;
use crate::texts::findings::event as texts;
use chrono::{DateTime, TimeDelta, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

const UNEXPLAINED: CheckId = CheckId::new("event/unexplained-warning");

pub(super) const CHECKS: &[Check] = &[Check {
    id: UNEXPLAINED,
    kind: "Event",
    severity: Severity::Low,
    set: Set::Daily,
    data: &[(Events, Walked)],
    gate: Some("5m"),
    means: "A part of the cluster complains, and nobody knows yet whether anybody is hurt.",
    advice: "Read the message: it names what is refused, missing or slow.",
    find: warnings,
}];

/// So many of them are told, the most frequent first.
const MOST: usize = 10;

/// Warnings that checks of their own look for: what those do not report is over, too new or too rare.
const JUDGED: &[&str] = &[
    "BackOff",
    "BackoffLimitExceeded",
    "ContainerGCFailed",
    "DeadlineExceeded",
    "Evicted",
    "EvictionThresholdMet",
    "Failed",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "FailedMapVolume",
    "FailedMount",
    "FailedScheduling",
    "FailedToScaleUpGroup",
    "FreeDiskSpaceFailed",
    "ImageGCFailed",
    "NodeNotReady",
    "NotTriggerScaleUp",
    "OOMKilling",
    "Preempted",
    "ProvisioningFailed",
    "Rebooted",
    "ScaleUpFailed",
    "SystemOOM",
    "Unhealthy",
];
/// Kinds of which checks of their own tell that their pods are not made.
const MAKERS: &[&str] = &["DaemonSet", "Job", "ReplicaSet", "StatefulSet"];
/// Kinds whose warnings are all told by one check.
const TOLD: &[&str] = &["CronJob", "Service"];

/// The warnings of one reason about one owner.
#[derive(Debug)]
struct Warning<'a> {
    reason: &'a str,
    count: i64,
    first: DateTime<Utc>,
    lasts: TimeDelta,
    newest: &'a Event,
}

fn warnings(scene: &Scene<'_>) -> Vec<Draft> {
    let mut owners: BTreeMap<Target, BTreeMap<&str, Vec<&Event>>> = BTreeMap::new();
    let warnings = scene.snapshot.events.iter().filter(|event| {
        let kind = event.involved_object.kind.as_str();
        let told = TOLD.contains(&kind) || event.reason == "FailedCreate" && MAKERS.contains(&kind);
        let judged = JUDGED.contains(&event.reason.as_str()) || told;
        event.type_ == "Warning" && scene.is_news(event.last_seen) && !judged
    });
    for event in warnings {
        owners.entry(owner(scene, event)).or_default().entry(event.reason.as_str()).or_default().push(event);
    }
    let mut drafts: Vec<(i64, Draft)> = owners.into_iter().filter_map(|owner| draft(scene, owner)).collect();
    drafts.sort_by(|(many, a), (few, b)| few.cmp(many).then_with(|| a.target.cmp(&b.target)));
    drafts.into_iter().map(|(_, draft)| draft).collect()
}

fn draft(scene: &Scene<'_>, (owner, reasons): (Target, BTreeMap<&str, Vec<&Event>>)) -> Option<(i64, Draft)> {
    let mut objects: Vec<ObjectRef> = Vec::new();
    let mut warnings: Vec<Warning<'_>> = Vec::new();
    for (reason, events) in reasons {
        // A healthy rollout warns for a moment.
        if let Some(warning) = warning(reason, &events).filter(|warning| warning.lasts > scene.thresholds.settle) {
            objects.extend(events.iter().map(|event| ObjectRef::from(about(event))));
            warnings.push(warning);
        }
    }
    objects.sort();
    objects.dedup();
    warnings.sort_by_key(|warning| Reverse(warning.count));
    let (most, others) = warnings.split_first()?;
    let others: Vec<&str> = others.iter().map(|other| other.reason).collect();
    let title = texts::unexplained(most.reason, most.count, most.lasts, &most.newest.message, &others);
    let mut evidence = Vec::new();
    for Warning { reason, count, first, newest, .. } in &warnings {
        evidence.push(event_evidence(newest));
        evidence.push(Evidence::since(format!("events {reason}"), count.to_string(), Some(*first)));
    }
    let count = warnings.iter().map(|warning| warning.count).sum();
    Some((count, Draft { objects, ..Draft::about(owner, Severity::Low, title, evidence) }))
}

fn warning<'a>(reason: &'a str, events: &[&'a Event]) -> Option<Warning<'a>> {
    let newest = *events.iter().max_by_key(|event| event.last_seen)?;
    let first = events.iter().filter_map(|event| event.first_seen).min()?;
    let count = events.iter().map(|event| i64::from(event.count)).sum();
    Some(Warning { reason, count, first, lasts: newest.last_seen? - first, newest })
}

/// The object of an event.
fn about(event: &Event) -> Target {
    let object = &event.involved_object;
    match object.namespace.as_str() {
        "" => Target::cluster_wide(object.kind.as_str(), object.name.as_str()),
        namespace => Target::namespaced(object.kind.as_str(), namespace, object.name.as_str()),
    }
}

/// The workload of that object, or itself.
fn owner(scene: &Scene<'_>, event: &Event) -> Target {
    let object = &event.involved_object;
    match scene.graph.find(&object.kind, &object.namespace, &object.name) {
        Some(id) => scene.graph.object(scene.graph.owner(id)).target(),
        None if object.kind == "Pod" => scene.owner_of_name(&object.namespace, &object.name),
        None => about(event),
    }
}

/// Takes away the warnings about what another finding is about, and all but the most frequent of the rest.
pub(crate) fn keep_unexplained(findings: &mut Vec<Finding>) {
    if findings.iter().all(|finding| finding.id != UNEXPLAINED) {
        return;
    }
    let explain = findings.iter().filter(|finding| explains(finding));
    let objects = explain.flat_map(|finding| {
        std::iter::once(finding.target.clone()).chain(finding.objects.iter().map(ObjectRef::target))
    });
    let explained: HashSet<Target> = objects.collect();
    let mut told = 0;
    findings.retain(|finding| {
        if finding.id != UNEXPLAINED {
            return true;
        }
        let known = explained.contains(&finding.target)
            || finding.objects.iter().any(|object| explained.contains(&object.target()));
        told += usize::from(!known);
        !known && told <= MOST
    });
}

/// Disorder and change explain no trouble.
fn explains(finding: &Finding) -> bool {
    let set = super::find(&finding.id).map(|check| check.set);
    let drift = finding.id.as_str().starts_with("drift/");
    finding.id != UNEXPLAINED && !drift && set.is_some_and(|set| set != Set::Hygiene)
}
