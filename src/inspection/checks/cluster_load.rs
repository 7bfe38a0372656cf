//! What the API server has to carry: events without end, and objects that become more and more.

use super::check::row::*;
use super::control_plane::cluster;
use super::scene::{Draft, Scene, event_evidence};
use crate::finding::{Evidence, Severity, Target};
use crate::inspection::history;
use crate::snapshot::Event;
use crate::snapshot::Resource::{
    ConfigMaps, CustomResources, Events, Jobs, Namespaces, Pods, ReplicaSets, Secrets, Services,
};
use crate::texts::findings::cluster as texts;
use chrono::TimeDelta;
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/event-storm"),
        kind: "Event",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Events, Walked), (Pods, Detail)],
        gate: Some("500 warnings an hour, 100 of one kind"),
        means: "Something fails again and again, and its events load etcd and hide the others.",
        advice: "Look at what the event is about, and stop what repeats it.",
        find: event_storm,
    },
    Check {
        id: CheckId::new("cluster/object-growth"),
        kind: "Cluster",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[
            (Pods, Walked),
            (ReplicaSets, Walked),
            (ConfigMaps, Walked),
            (Jobs, Walked),
            (Namespaces, Walked),
            (Services, Walked),
            (CustomResources, Walked),
            (Events, Detail),
            (Secrets, Detail),
        ],
        gate: Some("20 % in a day"),
        means: "Lists get slow and etcd full: something makes objects and nobody takes them away.",
        advice: "Find who makes them (kubectl get --sort-by=.metadata.creationTimestamp), and give them an end.",
        find: object_growth,
    },
];

const HOUR: TimeDelta = TimeDelta::hours(1);

/// How often it came in the last hour, as far as its counter tells.
fn per_hour(scene: &Scene<'_>, event: &Event) -> i64 {
    let recent = event.last_seen.filter(|last| scene.now - *last < HOUR);
    let Some(last) = recent else { return 0 };
    let lasted = event.first_seen.map_or(TimeDelta::zero(), |first| last - first).max(HOUR);
    i64::from(event.count) * HOUR.num_seconds() / lasted.num_seconds()
}

fn event_storm(scene: &Scene<'_>) -> Vec<Draft> {
    let mut reasons: BTreeMap<&str, i64> = BTreeMap::new();
    let mut worst: BTreeMap<Target, (i64, &Event)> = BTreeMap::new();
    for event in &scene.snapshot.events {
        let times = per_hour(scene, event);
        if event.type_ == "Warning" && times > 0 {
            *reasons.entry(event.reason.as_str()).or_default() += times;
        }
        if times > scene.thresholds.repeated_event {
            let about = about(scene, event);
            let known = worst.entry(about).or_insert((times, event));
            if times > known.0 {
                *known = (times, event);
            }
        }
    }
    let single = worst.into_iter().map(|(about, (times, event))| {
        let involved = &event.involved_object;
        let object = Target {
            kind: involved.kind.as_str().to_owned(),
            namespace: (!involved.namespace.is_empty()).then(|| involved.namespace.as_str().to_owned()),
            name: involved.name.as_str().to_owned(),
        };
        let evidence = vec![event_evidence(event), Evidence::new("count", event.count.to_string())];
        let title = texts::repeated_event(&event.reason, times);
        Draft { objects: vec![object.into()], ..Draft::about(about, Severity::Medium, title, evidence) }
    });
    let mut drafts: Vec<Draft> = single.collect();
    let all: i64 = reasons.values().sum();
    if all > scene.thresholds.warning_events {
        let mut reasons: Vec<(&str, i64)> = reasons.into_iter().collect();
        reasons.sort_by_key(|(reason, times)| (std::cmp::Reverse(*times), *reason));
        reasons.truncate(5);
        let evidence =
            reasons.iter().map(|(reason, times)| Evidence::new(format!("warnings {reason}"), times.to_string()));
        let evidence = evidence.collect();
        let title = texts::event_storm(all, reasons.first().map_or("", |(reason, _)| reason));
        drafts.push(Draft::about(cluster(scene), Severity::Medium, title, evidence));
    }
    drafts
}

/// Whom an event is about: the workload of its object.
fn about(scene: &Scene<'_>, event: &Event) -> Target {
    let object = &event.involved_object;
    let (kind, namespace, name) = (object.kind.as_str(), object.namespace.as_str(), object.name.as_str());
    match scene.graph.find(kind, namespace, name) {
        Some(id) => scene.graph.object(scene.graph.owner(id)).target(),
        None if namespace.is_empty() => Target::cluster_wide(kind, name),
        None => Target::namespaced(kind, namespace, name),
    }
}

/// So many of a kind a cluster was never meant to hold. Namespaces, Services and Pods by Kubernetes' own scalability
/// thresholds; the others by what a list of them costs in memory and time.
const MOST: &[(&str, u64)] = &[
    ("Pod", 150_000),
    ("ReplicaSet", 50_000),
    ("ConfigMap", 30_000),
    ("Secret", 30_000),
    ("Service", 10_000),
    ("Namespace", 10_000),
    ("Job", 10_000),
    ("CustomResource", 20_000),
    ("Event", 100_000),
];

/// Of less than that a day's work can be a fifth.
const MANY: u64 = 1_000;

fn object_growth(scene: &Scene<'_>) -> Vec<Draft> {
    let remembered = scene.history.memory();
    let now = history::counts(scene.snapshot, remembered.and_then(|memory| memory.counts.as_ref()));
    let before = remembered.and_then(|memory| Some((memory.taken_at, memory.counts.as_ref()?)));
    let drafts = MOST.iter().filter_map(|(kind, most)| {
        let count = now.get(*kind).copied()?;
        // Events live for an hour: how many there are says how the last hour was.
        let grown = before.filter(|_| *kind != "Event" && count >= MANY).and_then(|(at, counts)| {
            let had = counts.get(*kind).copied().filter(|had| *had > 0 && *had < count)?;
            let hours = u64::try_from((scene.now - at).num_hours()).unwrap_or_default().max(24);
            let percent_a_day = (count - had) * 100 * 24 / (had * hours);
            (percent_a_day >= scene.thresholds.growth).then_some((had, percent_a_day, at))
        });
        let too_many = count * 100 > *most * scene.thresholds.objects;
        if !too_many && grown.is_none() {
            return None;
        }
        let mut evidence = vec![Evidence::new(format!("{kind} objects"), count.to_string())];
        evidence.extend(grown.map(|(had, _, at)| Evidence::since("before", had.to_string(), Some(at))));
        let title = texts::object_growth(kind, count, grown.map(|(_, percent, _)| percent));
        let container = Some((*kind).to_owned());
        Some(Draft { container, ..Draft::about(cluster(scene), Severity::Low, title, evidence) })
    });
    drafts.collect()
}
