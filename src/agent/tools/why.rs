//! `why`: the cause chain of one object, computed from the objects alone.

use super::{Bench, Found, ToolError, object, schema, tell};
use crate::{
    agent::{Root, model::ToolSpec},
    cluster::Cluster,
    diagnosis::{self, Verdict},
    texts,
};
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
        name: "why",
        description: "Why an object is as it is: the chain of causes from it down to the root, computed from the objects of the cluster, with the facts and what would cure it. Says so if it is healthy, or what may be meant if it does not exist.",
        parameters: schema::strict(&[
            ("kind", Text, Must, "As kubectl takes it: deployment, pod, service, node, ..."),
            ("name", Text, Must, "The object's name."),
            schema::NAMESPACE,
            schema::CLUSTER,
        ]),
    }
}

pub(super) async fn run(arguments: &Arguments, cluster: &Cluster, bench: &Bench<'_>) -> Result<Found, ToolError> {
    let Arguments { kind, name, namespace, cluster: _ } = arguments;
    let surveyed = bench.survey.of(cluster, bench.means).await.map_err(tell)?;
    let namespace = namespace.as_deref();
    let chain = diagnosis::why(&surveyed.snapshot, &surveyed.report, kind, namespace.unwrap_or_default(), name);
    // Of what does not exist it is only guessed what was meant.
    let root = chain.root.as_ref().filter(|_| chain.verdict == Verdict::Explained);
    let root = root.and_then(|root| surveyed.report.find(root));
    let root = root.map(|finding| Root { cluster: cluster.name().to_owned(), finding: finding.clone() });
    Ok(Found {
        source: format!("cause chain of {}", object(kind, namespace, name)),
        text: contract::plain(&texts::why::chain(&chain)),
        root,
    })
}
