//! One object as people and the model may see it, and lists that begin with their totals.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Cluster;
use super::ask::{LookError, array, number, text};
use super::events::{EventLine, EventsRequest};
use super::list::encode;
use super::wire::JSON;
use crate::redact;
use crate::snapshot::LAST_APPLIED;

/// Owners are followed so far up.
const TALLEST: usize = 5;

/// An object with its surroundings; everything in it is redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    pub cluster: String,
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
    /// Without managedFields and last-applied-configuration.
    pub object: Value,
    /// Controllers from the direct one upwards, as `ReplicaSet/api-7d9f`.
    pub owners: Vec<String>,
    /// Its own and its descendants' events, the newest first; nothing where they may not be read.
    pub events: Vec<EventLine>,
    pub now: DateTime<Utc>,
}

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest<'a> {
    /// As people say it: `po`, `deployments`, `Certificate`.
    pub kind: &'a str,
    /// Absent: all namespaces.
    pub namespace: Option<&'a str>,
    /// As kubectl's `-l`.
    pub labels: Option<&'a str>,
    /// As kubectl's `--field-selector`.
    pub fields: Option<&'a str>,
    /// Rows shown at most; totals count everything.
    pub limit: usize,
}

/// A list, totals first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub cluster: String,
    pub kind: String,
    pub namespace: Option<String>,
    pub total: usize,
    /// How many are in which state, e.g. `Running` 17, `CrashLoopBackOff` 2.
    pub by_status: BTreeMap<String, usize>,
    /// What is in trouble first, then by namespace and name.
    pub rows: Vec<Row>,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub namespace: Option<String>,
    pub name: String,
    pub created: Option<DateTime<Utc>>,
    /// One word or two, as kubectl shows it.
    pub status: String,
    /// E.g. `ready 1/2, 7 restarts, on node-1`.
    pub detail: String,
    pub in_trouble: bool,
}

impl Cluster {
    /// An object, redacted, without the fields that only machines read.
    ///
    /// # Errors
    /// When it is not there or may not be read.
    pub async fn get(&self, kind: &str, namespace: Option<&str>, name: &str) -> Result<Value, LookError> {
        Ok(presentable(self.find(kind, namespace, name).await?.object))
    }

    /// An object with its owners and events.
    ///
    /// # Errors
    /// When it is not there or may not be read.
    pub async fn describe(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Described, LookError> {
        let found = self.find(kind, namespace, name).await?;
        let owners = self.owners(&found.object).await;
        let request = EventsRequest { namespace: found.namespace.as_deref(), ..EventsRequest::at(now) };
        let events = match self.events_about(&found, &request).await {
            Ok(events) => events.lines,
            Err(error) => {
                tracing::debug!(%error, "described without events");
                Vec::new()
            }
        };
        Ok(Described {
            cluster: self.name().to_owned(),
            kind: found.kind.kind,
            namespace: found.namespace,
            name: name.to_owned(),
            object: presentable(found.object),
            owners,
            events,
            now,
        })
    }

    async fn owners(&self, object: &Value) -> Vec<String> {
        let mut owners = Vec::new();
        let mut current = object.clone();
        while owners.len() < TALLEST {
            let references = array(&current, "/metadata/ownerReferences");
            let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool).unwrap_or_default();
            let Some(owner) = references.iter().find(controls) else { break };
            let (kind, name) = (text(owner, "/kind").to_owned(), text(owner, "/name").to_owned());
            let group = text(owner, "/apiVersion").split_once('/').map(|(group, _)| group);
            let wanted = group.map_or_else(|| kind.clone(), |group| format!("{kind}.{group}"));
            let namespace = text(&current, "/metadata/namespace").to_owned();
            owners.push(format!("{kind}/{name}"));
            match self.find(&wanted, Some(&namespace).filter(|n| !n.is_empty()).map(String::as_str), &name).await {
                Ok(found) => current = found.object,
                Err(_) => break,
            }
        }
        owners
    }

    /// A list with its totals.
    ///
    /// # Errors
    /// When the kind is unknown or may not be listed.
    pub async fn list(&self, request: &ListRequest<'_>) -> Result<Listing, LookError> {
        let kind = self.kind(request.kind).await?;
        let mut query = vec!["resourceVersion=0".to_owned()];
        query.extend(request.labels.map(|labels| format!("labelSelector={}", encode(labels))));
        query.extend(request.fields.map(|fields| format!("fieldSelector={}", encode(fields))));
        let path = format!("{}?{}", kind.path(request.namespace, None), query.join("&"));
        let mut by_status: BTreeMap<String, usize> = BTreeMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let keep = request.limit.clamp(1, 500);
        let total = self
            .scan(&path, JSON, |object| {
                let row = Row::of(&kind.kind, &object);
                *by_status.entry(row.status.clone()).or_default() += 1;
                rows.push(row);
                // Only the worst so many are needed: the rest is dropped now and then, not kept until the end.
                if rows.len() >= keep * 4 {
                    worst_first(&mut rows, keep);
                }
            })
            .await?;
        worst_first(&mut rows, keep);
        Ok(Listing {
            cluster: self.name().to_owned(),
            kind: kind.kind,
            namespace: request.namespace.map(str::to_owned),
            total,
            by_status,
            rows,
        })
    }
}

/// What may leave: secrets taken out, and without the fields that only machines read.
fn presentable(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    redact::value(&mut object);
    object
}

fn worst_first(rows: &mut Vec<Row>, keep: usize) {
    rows.sort_by(|a, b| (!a.in_trouble, &a.namespace, &a.name).cmp(&(!b.in_trouble, &b.namespace, &b.name)));
    rows.truncate(keep);
}

impl Row {
    fn of(kind: &str, object: &Value) -> Self {
        let (status, detail, in_trouble) = match kind {
            "Pod" => pod(object),
            "Deployment" | "StatefulSet" | "ReplicaSet" => {
                let wanted = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
                replicas(number(object, "/status/readyReplicas"), wanted)
            }
            "DaemonSet" => {
                replicas(number(object, "/status/numberReady"), number(object, "/status/desiredNumberScheduled"))
            }
            "Job" => job(object),
            "Event" => (text(object, "/reason").to_owned(), text(object, "/message").to_owned(), false),
            "Node" => node(object),
            _ => other(object),
        };
        let namespace = text(object, "/metadata/namespace");
        Self {
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            name: text(object, "/metadata/name").to_owned(),
            created: text(object, "/metadata/creationTimestamp").parse().ok(),
            status: redact::text(&status).into_owned(),
            detail: redact::text(&detail).into_owned(),
            in_trouble,
        }
    }
}

fn pod(object: &Value) -> (String, String, bool) {
    let main = array(object, "/status/containerStatuses");
    let all = || array(object, "/status/initContainerStatuses").iter().chain(main);
    let ready = main.iter().filter(|status| status.get("ready") == Some(&Value::Bool(true))).count();
    let restarts: i64 = all().map(|status| number(status, "/restartCount")).sum();
    let phase = text(object, "/status/phase");
    // A container that has not started yet, or that ended badly, says more than the phase.
    let waiting = all()
        .map(|status| text(status, "/state/waiting/reason"))
        .find(|reason| !matches!(*reason, "" | "ContainerCreating" | "PodInitializing"));
    let ended = all()
        .filter(|status| number(status, "/state/terminated/exitCode") != 0)
        .map(|status| text(status, "/state/terminated/reason"))
        .next();
    let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
    let reason = Some(text(object, "/status/reason")).filter(|reason| !reason.is_empty());
    let status = if deleted { "Terminating" } else { waiting.or(ended).or(reason).unwrap_or(phase) };
    let unready = phase == "Running" && ready < main.len();
    let node = text(object, "/spec/nodeName");
    let place = if node.is_empty() { "on no node".to_owned() } else { format!("on {node}") };
    let detail = format!("ready {ready}/{}, {restarts} restarts, {place}", array(object, "/spec/containers").len());
    (status.to_owned(), detail, !matches!(status, "Running" | "Succeeded" | "Terminating") || unready)
}

fn replicas(ready: i64, wanted: i64) -> (String, String, bool) {
    let status = match (ready, wanted) {
        (_, 0) => "scaled to 0",
        (ready, wanted) if ready >= wanted => "ready",
        (0, _) => "none ready",
        _ => "partly ready",
    };
    (status.to_owned(), format!("ready {ready}/{wanted}"), ready < wanted)
}

fn job(object: &Value) -> (String, String, bool) {
    let status = ["Failed", "Complete", "Suspended"]
        .into_iter()
        .find(|type_| condition(object, type_).is_some_and(|c| text(c, "/status") == "True"));
    let detail =
        format!("{} succeeded, {} failed", number(object, "/status/succeeded"), number(object, "/status/failed"));
    (status.unwrap_or("Running").to_owned(), detail, status == Some("Failed"))
}

fn node(object: &Value) -> (String, String, bool) {
    let ready = condition(object, "Ready").is_some_and(|condition| text(condition, "/status") == "True");
    let cordoned = object.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    let status = match (ready, cordoned) {
        (true, false) => "Ready",
        (true, true) => "Ready, cordoned",
        (false, _) => "NotReady",
    };
    (status.to_owned(), text(object, "/status/nodeInfo/kubeletVersion").to_owned(), !ready)
}

/// Kinds that nobody knows in advance say how they are in a phase or in a Ready condition.
fn other(object: &Value) -> (String, String, bool) {
    let phase = text(object, "/status/phase");
    if !phase.is_empty() {
        return (phase.to_owned(), String::new(), matches!(phase, "Pending" | "Failed" | "Lost" | "Error"));
    }
    let Some(condition) = condition(object, "Ready").or_else(|| condition(object, "Available")) else {
        return ("exists".to_owned(), String::new(), false);
    };
    let ready = text(condition, "/status") == "True";
    let status = if ready { "Ready" } else { "not Ready" };
    (status.to_owned(), text(condition, "/message").to_owned(), !ready)
}

pub(super) fn condition<'a>(object: &'a Value, type_: &str) -> Option<&'a Value> {
    array(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == type_)
}
