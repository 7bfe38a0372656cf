//! `describe`: one object of any kind as YAML, with its owners and its events.

use super::{Bench, Found, ToolError, object, schema, tell};
use crate::{agent::model::ToolSpec, cluster::Cluster, texts};
use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent) struct Arguments {
    pub(super) cluster: Option<String>,
    kind: String,
    name: String,
    namespace: Option<String>,
}

pub(super) fn spec() -> ToolSpec {
    use schema::{Need::Must, Of::Text};
    ToolSpec {
        name: "describe",
        description: "One object of any kind: its owners and events, then its YAML. Values of Secrets and of sensitive names are left out.",
        parameters: schema::strict(&[
            ("kind", Text, Must, "As kubectl takes it."),
            ("name", Text, Must, "The object's name."),
            schema::NAMESPACE,
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster, bench: &Bench<'_>) -> Result<Found, ToolError> {
    let Arguments { kind, name, namespace, cluster: _ } = arguments;
    let described = cluster.describe(kind, namespace.as_deref(), name, bench.means.clock.now()).await;
    let described = described.map_err(|error| tell(error.to_string()))?;
    Ok(Found::new(object(&described.kind, described.namespace.as_deref(), name), texts::agent::described(&described)))
}
