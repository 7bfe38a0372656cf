//! `events`: what happened lately to an object and what belongs to it, or the warnings of a namespace or the cluster.

use super::{Bench, Found, ToolError, object, schema, tell};
use crate::{
    agent::model::ToolSpec,
    cluster::{Cluster, EventsRequest},
    texts,
};
use chrono::TimeDelta;
use serde::Deserialize;

/// How far back at most; servers keep events for an hour by default.
const MOST_HOURS: u16 = 24 * 7;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent) struct Arguments {
    pub(super) cluster: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    hours: Option<u16>,
}

pub(super) fn spec() -> ToolSpec {
    use schema::{
        Need::May,
        Of::{Number, Text},
    };
    ToolSpec {
        name: "events",
        description: "Events, the newest first: of one object and what belongs to it (kind and name), or without a name the warnings of a namespace or of the whole cluster.",
        parameters: schema::strict(&[
            ("kind", Text, May, "With name: the object's kind."),
            ("name", Text, May, "With kind: the object's name."),
            schema::NAMESPACE,
            ("hours", Number, May, "How far back; 24 if null."),
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster, bench: &Bench<'_>) -> Result<Found, ToolError> {
    let about = match (&arguments.kind, &arguments.name) {
        (Some(kind), Some(name)) => Some((kind.as_str(), name.as_str())),
        (None, Some(name)) => Some(("pod", name.as_str())),
        (Some(kind), None) => return Err(tell(format!("events of a {kind} need its name"))),
        (None, None) => None,
    };
    let mut request = EventsRequest::at(bench.means.clock.now());
    request.namespace = arguments.namespace.as_deref();
    if let Some(hours) = arguments.hours {
        request.window = TimeDelta::hours(i64::from(hours.clamp(1, MOST_HOURS)));
    }
    let events = cluster.events(about, &request).await.map_err(|error| tell(error.to_string()))?;
    let source = match about {
        Some((kind, name)) => format!("events of {}", object(kind, request.namespace, name)),
        None => match request.namespace {
            Some(namespace) => format!("warnings in namespace {namespace}"),
            None => "warnings of the cluster".to_owned(),
        },
    };
    Ok(Found::new(source, contract::plain(&texts::look::events(&events))))
}
