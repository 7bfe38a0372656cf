//! Events: written the way recorders do (repeats are counted, old ones expire), shown in both event APIs.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::json::{count, name, namespace, put, stamp, stamp_micro, take, text, uid, when};
use super::names;
use super::resources::Kind;
use super::simulation::Simulation;

/// How long the API server keeps an event after its last occurrence (`--event-ttl`).
const KEPT: TimeDelta = TimeDelta::hours(1);

/// How serious an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Normal,
    Warning,
}

/// What a component says about an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    pub(super) level: Level,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    /// `kubelet`, `deployment-controller`, …
    pub(super) component: &'a str,
    /// The node of the component, if it has one.
    pub(super) host: &'a str,
    /// The container it is about, if it is about one.
    pub(super) container: &'a str,
    /// What the component did, where it speaks the newer event API: that one counts repeats as a series.
    pub(super) action: &'a str,
}

impl<'a> Note<'a> {
    pub(super) fn normal(component: &'a str, reason: &'a str, message: &'a str) -> Self {
        Self { level: Level::Normal, reason, message, component, host: "", container: "", action: "" }
    }

    pub(super) fn warning(component: &'a str, reason: &'a str, message: &'a str) -> Self {
        Self { level: Level::Warning, ..Self::normal(component, reason, message) }
    }

    /// By a component that speaks the newer event API.
    pub(super) fn doing(mut self, action: &'a str) -> Self {
        self.action = action;
        self
    }

    pub(super) fn at(mut self, host: &'a str, container: &'a str) -> Self {
        self.host = host;
        self.container = container;
        self
    }
}

/// Where the events about an object live.
fn place(about: &Value) -> &str {
    if namespace(about).is_empty() { "default" } else { namespace(about) }
}

/// Writes an event about an object, or counts it up if it has been said before.
pub(super) fn record(simulation: &mut Simulation, about: &Value, note: Note<'_>) {
    let place = place(about);
    let seed = format!("{}/{}/{}/{}/{}", uid(about), note.reason, note.message, note.component, note.container);
    let event = format!("{}.{}", name(about), &names::hex(&seed)[..16]);
    let now = simulation.now;
    if simulation.objects.has(Kind::Event, place, &event) {
        return simulation.objects.edit(Kind::Event, place, &event, |value| repeat(value, now));
    }
    let mut involved = json!({
        "kind": about["kind"], "apiVersion": about["apiVersion"], "name": name(about), "uid": uid(about),
        "resourceVersion": about["metadata"]["resourceVersion"],
    });
    if !namespace(about).is_empty() {
        put(&mut involved, "/namespace", json!(namespace(about)));
    }
    if !note.container.is_empty() {
        put(&mut involved, "/fieldPath", json!(format!("spec.containers{{{}}}", note.container)));
    }
    let mut source = json!({ "component": note.component });
    if !note.host.is_empty() {
        put(&mut source, "/host", json!(note.host));
    }
    let mut value = json!({
        "metadata": { "name": event, "namespace": place },
        "involvedObject": involved,
        "reason": note.reason,
        "message": note.message,
        "source": source,
        "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "count": 1,
        "type": match note.level { Level::Normal => "Normal", Level::Warning => "Warning" },
        "eventTime": null,
        "reportingComponent": note.component,
        "reportingInstance": note.host,
    });
    if !note.action.is_empty() {
        for (field, new) in [
            ("/eventTime", stamp_micro(now)),
            ("/firstTimestamp", Value::Null),
            ("/lastTimestamp", Value::Null),
            ("/source", json!({})),
            ("/action", json!(note.action)),
            ("/reportingInstance", json!(note.component)),
        ] {
            put(&mut value, field, new);
        }
        take(&mut value, "", "count");
    }
    simulation.objects.insert(Kind::Event, value, now);
}

/// Notes that an event was said once more.
fn repeat(event: &mut Value, now: DateTime<Utc>) {
    if event["eventTime"].is_null() {
        let times = count(event, "/count");
        put(event, "/count", json!(times + 1));
        return put(event, "/lastTimestamp", stamp(now));
    }
    let times = count(event, "/series/count").max(1);
    put(event, "/series", json!({ "count": times + 1, "lastObservedTime": stamp_micro(now) }));
}

/// When an event was said last.
fn said(event: &Value) -> Option<DateTime<Utc>> {
    ["/lastTimestamp", "/series/lastObservedTime", "/eventTime"].into_iter().find_map(|field| when(event, field))
}

/// When this was last said about an object.
pub(super) fn last(simulation: &Simulation, about: &Value, reason: &str) -> Option<DateTime<Utc>> {
    let (place, about) = (place(about), uid(about));
    let events = simulation.objects.list(Kind::Event, Some(place));
    let mine =
        events.iter().filter(|event| text(event, "/involvedObject/uid") == about && text(event, "/reason") == reason);
    mine.filter_map(|event| said(event)).max()
}

/// Drops the events that nobody has repeated for an hour; looks once a minute, as the real server's leases do.
pub(super) fn expire(simulation: &mut Simulation) {
    if simulation.expired.is_some_and(|last| simulation.now < last + TimeDelta::minutes(1)) {
        return;
    }
    simulation.expired = Some(simulation.now);
    let limit = simulation.now - KEPT;
    for event in simulation.objects.all(Kind::Event) {
        if said(&event).is_some_and(|last| last < limit) {
            simulation.objects.remove(Kind::Event, namespace(&event), name(&event));
        }
    }
}

/// A stored event in the form of `events.k8s.io/v1`.
pub(super) fn as_v1(event: &Value) -> Value {
    let mut newer = json!({
        "kind": "Event", "apiVersion": "events.k8s.io/v1",
        "metadata": event["metadata"],
        "eventTime": event["eventTime"],
        "reportingController": event["reportingComponent"],
        "reportingInstance": event["reportingInstance"],
        "reason": event["reason"],
        "regarding": event["involvedObject"],
        "note": text(event, "/message"),
        "type": event["type"],
        "deprecatedSource": event["source"],
        "deprecatedFirstTimestamp": event["firstTimestamp"],
        "deprecatedLastTimestamp": event["lastTimestamp"],
    });
    for (field, older) in [("/deprecatedCount", "count"), ("/series", "series"), ("/action", "action")] {
        if let Some(value) = event.get(older) {
            put(&mut newer, field, value.clone());
        }
    }
    newer
}
