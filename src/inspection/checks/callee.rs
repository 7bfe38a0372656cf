//! Whether anybody answers behind a Service that the API server itself calls: for a webhook, a conversion.

use super::scene::Scene;
use super::service::{dark_since, selected};
use crate::diagnosis::Entity;
use crate::snapshot::Resource::{EndpointSlices, Services};
use crate::snapshot::{Pod, Scope, ServiceReference};
use chrono::{DateTime, Utc};

/// What is there behind a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee {
    /// No such Service.
    Missing,
    /// A Service of which no endpoint is ready.
    Silent {
        /// How many endpoints there are.
        endpoints: usize,
        /// Since when, as far as its pods tell.
        since: Option<DateTime<Utc>>,
    },
    /// Somebody answers, or nobody can tell.
    Answers,
}

impl Callee {
    /// What is behind that Service. What was not read is given the benefit of the doubt.
    pub(super) fn of(scene: &Scene<'_>, service: &ServiceReference) -> Self {
        let snapshot = scene.snapshot;
        let seen = match &snapshot.scope {
            Scope::AllNamespaces => true,
            Scope::Namespace(scope) => service.namespace == scope.as_str(),
        };
        if !seen || !snapshot.has_read(Services) {
            return Self::Answers;
        }
        let id = scene.graph.find("Service", &service.namespace, &service.name);
        let known = id.and_then(|id| Some((id, scene.graph.object(id).entity?)));
        let Some((id, Entity::Service(found))) = known else { return Self::Missing };
        if found.spec.type_ == "ExternalName" || !snapshot.has_read(EndpointSlices) {
            return Self::Answers;
        }
        let endpoints = || scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
        if endpoints().any(|endpoint| endpoint.conditions.is_ready() && !endpoint.addresses.is_empty()) {
            return Self::Answers;
        }
        let pods: Vec<&Pod> = selected(scene, id).collect();
        Self::Silent { endpoints: endpoints().count(), since: dark_since(found, &pods) }
    }
}

/// `namespace/name`.
pub(super) fn written(service: &ServiceReference) -> String {
    format!("{}/{}", service.namespace, service.name)
}
