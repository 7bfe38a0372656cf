//! Events of an object and of what belongs to it, of a namespace, or of the cluster: the newest first, redacted.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Cluster;
use super::ask::{Found, LookError, METADATA, array, text};
use super::kinds::built_in;
use super::wire::JSON;
use crate::redact;
use crate::snapshot::{Event, Uid};

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsRequest<'a> {
    pub now: DateTime<Utc>,
    /// Absent: all namespaces.
    pub namespace: Option<&'a str>,
    /// How far back.
    pub window: TimeDelta,
    /// Lines at most; the total counts everything.
    pub limit: usize,
}

impl EventsRequest<'_> {
    /// The last day of all namespaces, up to 40 lines.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now, namespace: None, window: TimeDelta::hours(24), limit: 40 }
    }
}

/// Events, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    pub cluster: String,
    /// `Deployment/checkout`, if they are about one object and what belongs to it.
    pub about: Option<String>,
    pub namespace: Option<String>,
    pub lines: Vec<EventLine>,
    /// How many there were inside of the window.
    pub total: usize,
    /// Without an object only warnings are shown; the normal course of things is long.
    pub warnings_only: bool,
    pub now: DateTime<Utc>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    pub namespace: Option<String>,
    /// `Pod/api-7d9f-x`
    pub object: String,
    pub warning: bool,
    pub reason: String,
    pub message: String,
    pub count: i32,
    pub first_seen: Option<DateTime<Utc>>,
    pub last_seen: Option<DateTime<Utc>>,
}

impl Cluster {
    /// What happened lately: to one object (kind, name) and what belongs to it, or the warnings of a namespace or the cluster.
    ///
    /// # Errors
    /// When the object is not there, or events may not be read.
    pub async fn recent_events(
        &self,
        object: Option<(&str, &str)>,
        namespace: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Events, LookError> {
        self.events(object, &EventsRequest { namespace, ..EventsRequest::at(now) }).await
    }

    /// The same with a window and a limit of one's own.
    ///
    /// # Errors
    /// When the object is not there, or events may not be read.
    pub async fn events(&self, object: Option<(&str, &str)>, request: &EventsRequest<'_>) -> Result<Events, LookError> {
        match object {
            Some((kind, name)) => {
                let found = self.find(kind, request.namespace, name).await?;
                self.events_about(&found, request).await
            }
            None => {
                let events = self.read_events(request.namespace, request, |event| event.type_ == "Warning").await?;
                Ok(self.sorted(events, None, request))
            }
        }
    }

    pub(super) async fn events_about(&self, found: &Found, request: &EventsRequest<'_>) -> Result<Events, LookError> {
        let family = self.family(found).await;
        let name = text(&found.object, "/metadata/name").to_owned();
        let kind = found.kind.kind.as_str();
        // The kubelet writes a node's name where its uid belongs.
        let by_name = kind == "Node";
        let events = self.read_events(found.namespace.as_deref(), request, |event| {
            let about = &event.involved_object;
            family.contains(&about.uid)
                || ((by_name || about.uid.is_empty()) && about.kind == kind && about.name == name)
        });
        let events = events.await?;
        let request = EventsRequest { namespace: found.namespace.as_deref(), ..request.clone() };
        Ok(self.sorted(events, Some(format!("{kind}/{name}")), &request))
    }

    async fn read_events(
        &self,
        namespace: Option<&str>,
        request: &EventsRequest<'_>,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Event>, LookError> {
        let Some(kind) = built_in("events") else { return Ok(Vec::new()) };
        let path = format!("{}?resourceVersion=0", kind.path(namespace, None));
        let earliest = request.now - request.window;
        let mut events = Vec::new();
        self.scan(&path, JSON, |object| {
            if let Ok(event) = serde_json::from_value::<Event>(object)
                && event.last_seen.is_none_or(|last| last >= earliest)
                && wanted(&event)
            {
                events.push(event);
            }
        })
        .await?;
        Ok(events)
    }

    fn sorted(&self, mut events: Vec<Event>, about: Option<String>, request: &EventsRequest<'_>) -> Events {
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        let total = events.len();
        events.truncate(request.limit);
        Events {
            cluster: self.name().to_owned(),
            warnings_only: about.is_none(),
            about,
            namespace: request.namespace.map(str::to_owned),
            lines: events.iter().map(EventLine::of).collect(),
            total,
            now: request.now,
        }
    }

    /// The object's uid and those of all that it owns. What may not be listed is left out.
    async fn family(&self, found: &Found) -> HashSet<Uid> {
        let uid = |object: &Value| Uid::from(text(object, "/metadata/uid"));
        let mut family: HashSet<Uid> = [uid(&found.object)].into();
        family.remove(&Uid::default());
        let below: &[&str] = match found.kind.kind.as_str() {
            "Deployment" => &["replicasets", "pods"],
            "CronJob" => &["jobs", "pods"],
            "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => &["pods"],
            _ => &[],
        };
        for plural in below {
            let Some(kind) = built_in(plural) else { continue };
            let path = format!("{}?resourceVersion=0", kind.path(found.namespace.as_deref(), None));
            let mut children = Vec::new();
            let listed = self.scan(&path, METADATA, |object| children.push(object)).await;
            if let Err(error) = listed {
                tracing::debug!(%error, plural, "events without those of its children");
            }
            let owned = |child: &&Value| {
                array(child, "/metadata/ownerReferences")
                    .iter()
                    .any(|owner| family.contains(&text(owner, "/uid").into()))
            };
            let owned: Vec<Uid> = children.iter().filter(owned).map(uid).collect();
            family.extend(owned);
        }
        family
    }
}

impl EventLine {
    fn of(event: &Event) -> Self {
        let about = &event.involved_object;
        Self {
            namespace: (!about.namespace.is_empty()).then(|| about.namespace.as_str().to_owned()),
            object: format!("{}/{}", about.kind, about.name),
            warning: event.type_ == "Warning",
            reason: event.reason.as_str().to_owned(),
            message: redact::text(&event.message).into_owned(),
            count: event.count,
            first_seen: event.first_seen,
            last_seen: event.last_seen,
        }
    }
}
