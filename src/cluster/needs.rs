//! What an identity has to be allowed for each thing that an inspection reads, in one place.

use super::Sources;
use crate::snapshot::{Origin, Resource};

/// One thing to be allowed, as a rule of RBAC tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A verb on a resource; a subresource is written as in `nodes/proxy`.
    Resource {
        verb: &'static str,
        /// Empty for the core group.
        group: String,
        resource: String,
        /// The namespace and name, where only one object is meant.
        object: Option<(&'static str, &'static str)>,
    },
    /// GET of a path that names no resource.
    Path(&'static str),
}

impl Need {
    fn of(verb: &'static str, group: &str, resource: &str) -> Self {
        Self::Resource { verb, group: group.to_owned(), resource: resource.to_owned(), object: None }
    }
}

/// What reading `resource` needs in a cluster with these sources; nothing where it is not read from the API server.
pub fn needs(resource: Resource, sources: &Sources) -> Vec<Need> {
    let api = resource.api();
    if resource.origin() != Origin::Source {
        return vec![Need::of("list", api.group, api.plural)];
    }
    let kubelets = || if sources.kubelet_summary { vec![Need::of("get", "", "nodes/proxy")] } else { Vec::new() };
    match resource {
        Resource::HealthChecks => vec![Need::Path("/readyz"), Need::Path("/livez")],
        Resource::DeprecatedApis | Resource::EtcdStatuses => vec![Need::Path("/metrics")],
        Resource::AutoscalerStatuses => vec![Need::Resource {
            verb: "get",
            group: String::new(),
            resource: "configmaps".to_owned(),
            object: Some(("kube-system", "cluster-autoscaler-status")),
        }],
        Resource::CustomResources => {
            sources.custom_resources.iter().map(|kind| Need::of("list", &kind.group, &kind.plural)).collect()
        }
        Resource::NodeSummaries | Resource::VolumeUses => kubelets(),
        Resource::LogErrors if sources.logs => vec![Need::of("get", "", "pods/log")],
        // Discovery is everybody's, and the others are read from elsewhere.
        _ => Vec::new(),
    }
}
