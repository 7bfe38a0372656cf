//! `logs`: the end of a container's log, current or of the run before the last restart.

use super::{Found, ToolError, schema, tell};
use crate::{
    agent::model::ToolSpec,
    cluster::{Cluster, LogRequest},
    texts,
};
use serde::Deserialize;

/// Lines when none are asked for, and at most.
const LINES: (u16, u16) = (60, 400);

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent) struct Arguments {
    pub(super) cluster: Option<String>,
    name: String,
    kind: Option<String>,
    namespace: Option<String>,
    container: Option<String>,
    previous: Option<bool>,
    lines: Option<u16>,
}

pub(super) fn spec() -> ToolSpec {
    use schema::{
        Need::{May, Must},
        Of::{Number, Switch, Text},
    };
    ToolSpec {
        name: "logs",
        description: "The last lines of a container's log. For a workload or Service the pod in trouble is chosen, and in a pod the container in trouble. If there is no log, it says why.",
        parameters: schema::strict(&[
            ("name", Text, Must, "The name of the pod, or of what owns pods."),
            ("kind", Text, May, "Pod if null."),
            schema::NAMESPACE,
            ("container", Text, May, "The one in trouble if null."),
            ("previous", Switch, May, "The run before the last restart: why it crashed."),
            ("lines", Number, May, "How many, up to 400; 60 if null."),
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster) -> Result<Found, ToolError> {
    let request = LogRequest {
        kind: arguments.kind.as_deref().unwrap_or("pod"),
        name: &arguments.name,
        namespace: arguments.namespace.as_deref(),
        container: arguments.container.as_deref(),
        previous: arguments.previous.unwrap_or_default(),
        tail_lines: i64::from(arguments.lines.unwrap_or(LINES.0).clamp(1, LINES.1)),
    };
    let log = cluster.logs_of(&request).await.map_err(|error| tell(error.to_string()))?;
    let run = if log.previous { ", previous run" } else { "" };
    Ok(Found::new(
        format!("log of pod {}/{}, container {}{run}", log.namespace, log.pod, log.container),
        texts::agent::log(&log),
    ))
}
