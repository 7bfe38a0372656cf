//! `list`: which objects there are, totals first, those in trouble first; or what an inspection finds now.

use super::{Bench, Found, ToolError, schema, tell};
use crate::{
    agent::model::ToolSpec,
    cluster::{Cluster, ListRequest},
    texts,
};
use serde::Deserialize;

/// Rows when none are asked for, and at most.
const ROWS: (u16, u16) = (30, 80);

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::agent) struct Arguments {
    pub(super) cluster: Option<String>,
    kind: String,
    namespace: Option<String>,
    labels: Option<String>,
    fields: Option<String>,
    limit: Option<u16>,
}

pub(super) fn spec() -> ToolSpec {
    use schema::{
        Need::{May, Must},
        Of::{Number, Text},
    };
    ToolSpec {
        name: "list",
        description: "Lists objects of a kind with status and age: totals by status first, then those in trouble, then the rest. Kind \"findings\" gives what an inspection of the whole cluster finds wrong now.",
        parameters: schema::strict(&[
            (
                "kind",
                Text,
                Must,
                "As kubectl takes it: pods, deploy, nodes, certificates.cert-manager.io; or findings.",
            ),
            schema::NAMESPACE,
            ("labels", Text, May, "A label selector such as app=checkout."),
            ("fields", Text, May, "A field selector such as spec.nodeName=worker-1."),
            ("limit", Number, May, "Rows at most, up to 80."),
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster, bench: &Bench<'_>) -> Result<Found, ToolError> {
    if matches!(arguments.kind.to_lowercase().as_str(), "finding" | "findings") {
        let surveyed = bench.survey.of(cluster, bench.means).await.map_err(tell)?;
        return Ok(Found::new(
            "findings of an inspection".to_owned(),
            texts::agent::findings(&surveyed.report, arguments.namespace.as_deref()),
        ));
    }
    let request = ListRequest {
        kind: &arguments.kind,
        namespace: arguments.namespace.as_deref(),
        labels: arguments.labels.as_deref(),
        fields: arguments.fields.as_deref(),
        limit: usize::from(arguments.limit.unwrap_or(ROWS.0).clamp(1, ROWS.1)),
    };
    let listing = cluster.list(&request).await.map_err(|error| tell(error.to_string()))?;
    let place = arguments.namespace.as_ref().map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
    Ok(Found::new(
        format!("list of {}{place}", arguments.kind),
        contract::plain(&texts::look::listing(&listing, bench.means.clock.now())),
    ))
}
