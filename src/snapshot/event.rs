//! Events, of both APIs: core/v1 and events.k8s.io tell the same with other field names.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::lean::lean;
use super::meta::{ObjectMeta, ObjectReference};
use super::protobuf::{Item, Malformed, Message};
use super::text::Str;

/// One event, normalised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    pub meta: ObjectMeta,
    /// The object that it is about: `involvedObject` or `regarding`.
    pub involved_object: ObjectReference,
    /// `Normal` or `Warning`.
    pub type_: Str,
    pub reason: Str,
    /// `message` or `note`.
    pub message: Str,
    pub first_seen: Option<DateTime<Utc>>,
    /// The latest time that any of its fields names.
    pub last_seen: Option<DateTime<Utc>>,
    /// How often, at least 1.
    pub count: i32,
    /// The component that reported it.
    pub source: Str,
}

lean! {
    /// The fields of both APIs side by side; lists are those of core/v1, so that its fields alone have numbers.
    pub struct WireEvent {
        metadata: ObjectMeta = 1,
        involved_object: Option<ObjectReference> = 2,
        regarding: Option<ObjectReference>,
        #[serde(rename = "type")] type_: Str = 9,
        reason: Str = 3,
        message: Str = 4,
        note: Str,
        first_timestamp: Option<DateTime<Utc>> = 6,
        deprecated_first_timestamp: Option<DateTime<Utc>>,
        last_timestamp: Option<DateTime<Utc>> = 7,
        deprecated_last_timestamp: Option<DateTime<Utc>>,
        event_time: Option<DateTime<Utc>> = 10,
        count: i32 = 8,
        deprecated_count: i32,
        series: Option<WireSeries> = 11,
        source: WireSource = 5,
        deprecated_source: WireSource,
        reporting_component: Str = 14,
        reporting_controller: Str,
    }

    pub struct WireSeries {
        count: i32 = 1,
        last_observed_time: Option<DateTime<Utc>> = 2,
    }

    pub struct WireSource {
        component: Str = 1,
    }
}

impl From<WireEvent> for Event {
    fn from(wire: WireEvent) -> Self {
        let series_count = wire.series.as_ref().map_or(0, |series| series.count);
        let series_time = wire.series.as_ref().and_then(|series| series.last_observed_time);
        let times = [wire.last_timestamp, wire.deprecated_last_timestamp, series_time, wire.event_time];
        let firsts = [wire.first_timestamp, wire.deprecated_first_timestamp, wire.event_time];
        let last_seen = times.into_iter().flatten().max().or(wire.metadata.creation_timestamp);
        let sources = [
            wire.source.component,
            wire.deprecated_source.component,
            wire.reporting_component,
            wire.reporting_controller,
        ];
        Self {
            involved_object: wire.involved_object.or(wire.regarding).unwrap_or_default(),
            type_: wire.type_,
            reason: wire.reason,
            message: if wire.message.is_empty() { wire.note } else { wire.message },
            first_seen: firsts.into_iter().flatten().min().or(wire.metadata.creation_timestamp).or(last_seen),
            last_seen,
            count: wire.count.max(wire.deprecated_count).max(series_count).max(1),
            source: sources.into_iter().find(|source| !source.is_empty()).unwrap_or_default(),
            meta: wire.metadata,
        }
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WireEvent::deserialize(deserializer).map(Self::from)
    }
}

impl Item for Event {
    const NUMBERED: bool = true;
    fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut wire = WireEvent::default();
        wire.merge(message)?;
        Ok(wire.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_apis_read_alike() {
        let core: Event = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "a.1", "namespace": "shop"}, "type": "Warning", "reason": "BackOff", "message": "Back-off",
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "a", "uid": "u1"}, "count": 7,
            "firstTimestamp": "2026-11-23T08:00:00Z", "lastTimestamp": "2026-11-23T09:00:00Z", "eventTime": null,
            "source": {"component": "kubelet"},
        }))
        .unwrap();
        let new: Event = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "a.1", "namespace": "shop"}, "type": "Warning", "reason": "BackOff", "note": "Back-off",
            "regarding": {"kind": "Pod", "namespace": "shop", "name": "a", "uid": "u1"},
            "eventTime": "2026-11-23T08:00:00.000000Z",
            "series": {"count": 7, "lastObservedTime": "2026-11-23T09:00:00.000000Z"}, "reportingController": "kubelet",
        }))
        .unwrap();
        assert_eq!(core, new);
        assert_eq!(core.count, 7);
    }

    #[test]
    fn an_event_without_times_has_the_one_of_its_creation() {
        let event: Event =
            serde_json::from_value(serde_json::json!({"metadata": {"creationTimestamp": "2026-11-23T08:00:00Z"}}))
                .unwrap();
        assert_eq!(event.last_seen, event.meta.creation_timestamp);
        assert_eq!((event.count, event.first_seen), (1, event.last_seen));
    }
}
