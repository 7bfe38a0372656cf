//! Watches: the change log seen through one caller's selectors, as the lines of a stream.

use serde_json::{Value, json};

use super::events;
use super::json::{put, text};
use super::read::{selectors, shown, stored};
use super::request::{Call, Form, Target};
use super::resources::{Kind, Resource};
use super::select::{Fields, Labels};
use super::simulation::Simulation;
use super::status::{Failure, expired, not_acceptable};

/// One open watch: where it is in the log, and what it lets through.
#[derive(Debug)]
pub(super) struct Watch {
    row: &'static Resource,
    within: Option<String>,
    labels: Labels,
    fields: Fields,
    form: Form,
    start: Start,
    bookmarks: bool,
    ended: bool,
    /// Seconds after which the server closes the stream.
    pub(super) timeout: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Everything that is there, then the changes; with a bookmark between them if asked.
    Initial {
        bookmark: bool,
    },
    After(u64),
}

impl Watch {
    pub(super) fn open(row: &'static Resource, target: &Target, call: &Call) -> Result<Self, Failure> {
        let (labels, fields) = selectors(row, call)?;
        let form = call.form();
        if matches!(form, Form::Unknown | Form::AggregatedDiscovery) {
            return Err(not_acceptable());
        }
        let start = match call.query("resourceVersion").and_then(|version| version.parse::<u64>().ok()) {
            Some(version) if version > 0 && !call.flag("sendInitialEvents") => Start::After(version),
            Some(_) | None => Start::Initial { bookmark: call.flag("sendInitialEvents") },
        };
        Ok(Self {
            row,
            within: target.namespace.clone(),
            labels,
            fields,
            form,
            start,
            bookmarks: call.flag("allowWatchBookmarks"),
            ended: false,
            timeout: call.query("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(1800),
        })
    }

    /// Whether the stream is over after what [`Watch::poll`] returned.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The lines since the last call.
    pub(super) fn poll(&mut self, simulation: &Simulation) -> Vec<Value> {
        let version = simulation.objects.version();
        let mut lines = Vec::new();
        match self.start {
            Start::Initial { bookmark } => {
                for object in stored(simulation, self.row, self.within.as_deref()) {
                    if self.lets_through(&object) {
                        lines.extend(self.line("ADDED", object));
                    }
                }
                if bookmark {
                    lines.push(self.bookmark(version, true));
                }
            }
            Start::After(seen) => match simulation.objects.since(seen) {
                Ok(changes) => {
                    for change in changes {
                        let before = change.before.as_deref().and_then(|object| self.view(change.kind, object));
                        let after = change.after.as_deref().and_then(|object| self.view(change.kind, object));
                        match (before, after) {
                            (None, Some(object)) => lines.extend(self.line("ADDED", object)),
                            (Some(_), Some(object)) => lines.extend(self.line("MODIFIED", object)),
                            (Some(mut object), None) => {
                                put(&mut object, "/metadata/resourceVersion", json!(change.version.to_string()));
                                lines.extend(self.line("DELETED", object));
                            }
                            (None, None) => {}
                        }
                    }
                }
                Err(oldest) => {
                    if let Failure::Status(status, _) = expired(seen, oldest) {
                        lines.push(json!({ "type": "ERROR", "object": *status }));
                    }
                    self.ended = true;
                }
            },
        }
        self.start = Start::After(version);
        lines
    }

    /// The last line of a watch that its time-out ends: where to go on.
    pub(super) fn farewell(&self) -> Option<Value> {
        match self.start {
            Start::After(version) if self.bookmarks => Some(self.bookmark(version, false)),
            Start::After(_) | Start::Initial { .. } => None,
        }
    }

    fn view(&self, kind: Kind, object: &Value) -> Option<Value> {
        let object = match (self.row.id, kind) {
            (Kind::EventsV1Event, Kind::Event) => events::as_v1(object),
            (wanted, kind) if wanted == kind => object.clone(),
            (_, _) => return None,
        };
        self.lets_through(&object).then_some(object)
    }

    fn lets_through(&self, object: &Value) -> bool {
        let here = self.within.as_deref().is_none_or(|within| within == text(object, "/metadata/namespace"));
        here && self.labels.matches(object) && self.fields.matches(object)
    }

    fn line(&self, kind: &str, object: Value) -> Option<Value> {
        Some(json!({ "type": kind, "object": shown(object, self.form).ok()? }))
    }

    fn bookmark(&self, version: u64, initial: bool) -> Value {
        let (kind, api_version) = match self.form {
            Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            Form::Whole | Form::AggregatedDiscovery | Form::Unknown => (self.row.kind, self.row.api_version()),
        };
        let mut metadata = json!({ "resourceVersion": version.to_string() });
        if initial {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        json!({ "type": "BOOKMARK", "object": { "kind": kind, "apiVersion": api_version, "metadata": metadata } })
    }
}
