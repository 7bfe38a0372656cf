//! Routes of the Gateway API: attached to a Gateway that takes them, and leading to Services that are there.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::Entity;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    Gateways, GrpcRoutes, HttpRoutes, Namespaces, ReferenceGrants, Services, TcpRoutes, TlsRoutes,
};
use crate::snapshot::{Gateway, GatewayRef, Labels, Listener, Route, Service};
use crate::texts::findings::gateway as texts;
use std::collections::{BTreeSet, HashMap};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("httproute/parent-missing"),
        kind: "HTTPRoute",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HttpRoutes, Walked), (Gateways, Complete), (Services, Detail)],
        gate: None,
        means: "No Gateway carries the route, so nobody is led by it.",
        advice: "Correct parentRefs, or create the Gateway.",
        find: parent_missing,
    },
    Check {
        id: CheckId::new("httproute/not-allowed"),
        kind: "HTTPRoute",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(HttpRoutes, Walked), (Gateways, Walked), (Namespaces, Complete)],
        gate: None,
        means: "The Gateway does not take the route, so nobody is led by it.",
        advice: "Allow the namespace in the listener's allowedRoutes, or move the route.",
        find: not_allowed,
    },
    Check {
        id: CheckId::new("httproute/backend-missing"),
        kind: "HTTPRoute",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HttpRoutes, Walked), (Services, Complete), (ReferenceGrants, Part)],
        gate: None,
        means: "The route leads to a Service that is not there or not allowed: visitors get 500.",
        advice: "Create the Service, correct its name, or allow the reference with a ReferenceGrant.",
        find: backend_missing,
    },
    Check {
        id: CheckId::new("httproute/backend-port"),
        kind: "HTTPRoute",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HttpRoutes, Walked), (Services, Walked)],
        gate: None,
        means: "The Service has no such port: visitors get 500.",
        advice: "Correct the port in the route, or add it to the Service.",
        find: backend_port,
    },
    Check {
        id: CheckId::new("httproute/status-rejected"),
        kind: "Route",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(HttpRoutes, Walked), (GrpcRoutes, Walked), (TlsRoutes, Walked), (TcpRoutes, Walked)],
        gate: Some("5m"),
        means: "The Gateway's controller refuses the route or a part of it.",
        advice: "The condition's message says what it does not like.",
        find: rejected,
    },
];

fn living<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Route> {
    scene.snapshot.http_routes.iter().filter(|route| route.meta.deletion_timestamp.is_none())
}

/// The namespace that a reference of `route` points into.
fn namespace<'a>(reference: &'a GatewayRef, route: &'a Route) -> &'a str {
    if reference.namespace.is_empty() { &route.meta.namespace } else { &reference.namespace }
}

fn is_kind(reference: &GatewayRef, kind: &str, default: &str) -> bool {
    if reference.kind.is_empty() { kind == default } else { reference.kind == kind }
}

fn gateways<'a>(scene: &Scene<'a>) -> HashMap<(&'a str, &'a str), &'a Gateway> {
    let key = |gateway: &'a Gateway| (gateway.meta.namespace.as_str(), gateway.meta.name.as_str());
    scene.snapshot.gateways.iter().map(|gateway| (key(gateway), gateway)).collect()
}

fn service<'a>(scene: &Scene<'a>, namespace: &str, name: &str) -> Option<&'a Service> {
    match scene.graph.object(scene.graph.find("Service", namespace, name)?).entity {
        Some(Entity::Service(service)) => Some(service),
        _ => None,
    }
}

fn parent_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let known = gateways(scene);
    let services_known = scene.snapshot.has_read(Services);
    let drafts = living(scene).filter_map(|route| {
        let missing = route.spec.parent_refs.iter().filter(|parent| {
            let namespace = namespace(parent, route);
            if is_kind(parent, "Gateway", "Gateway") {
                !known.contains_key(&(namespace, parent.name.as_str()))
            } else {
                // A mesh hangs routes on Services; other parents are unknown to us.
                parent.kind == "Service" && services_known && service(scene, namespace, &parent.name).is_none()
            }
        });
        let name = |parent: &GatewayRef| {
            let kind = if parent.kind.is_empty() { "Gateway" } else { parent.kind.as_str() };
            format!("{kind} {}/{}", namespace(parent, route), parent.name)
        };
        let parents: Vec<String> = missing.map(name).collect();
        let since = route.meta.creation_timestamp;
        let evidence =
            parents.iter().map(|parent| Evidence::since("spec.parentRefs", parent.as_str(), since)).collect();
        (!parents.is_empty()).then(|| {
            let title = texts::parent_missing(&parents);
            Draft::about(target("HTTPRoute", &route.meta), Severity::High, title, evidence)
        })
    });
    drafts.collect()
}

fn not_allowed(scene: &Scene<'_>) -> Vec<Draft> {
    let known = gateways(scene);
    let labels: HashMap<&str, &Labels> = scene
        .snapshot
        .namespaces
        .iter()
        .map(|namespace| (namespace.meta.name.as_str(), &namespace.meta.labels))
        .collect();
    let drafts = living(scene).filter_map(|route| {
        let (mut closed, mut evidence) = (Vec::new(), Vec::new());
        for parent in route.spec.parent_refs.iter().filter(|parent| is_kind(parent, "Gateway", "Gateway")) {
            let Some(gateway) = known.get(&(namespace(parent, route), parent.name.as_str())) else { continue };
            let listeners = gateway
                .spec
                .listeners
                .iter()
                .filter(|listener| parent.section_name.is_empty() || listener.name == parent.section_name.as_str());
            let refusals: Vec<Option<String>> =
                listeners.map(|listener| refusal(listener, gateway, route, &labels)).collect();
            if !refusals.is_empty() && refusals.iter().all(Option::is_some) {
                closed.push(format!("Gateway {}/{}", gateway.meta.namespace, gateway.meta.name));
                evidence.extend(refusals.into_iter().flatten().map(|why| Evidence::new("allowedRoutes", why)));
            }
        }
        (!closed.is_empty()).then(|| {
            let title = texts::not_allowed(&closed);
            Draft::about(target("HTTPRoute", &route.meta), Severity::Medium, title, evidence)
        })
    });
    drafts.collect()
}

/// Why a listener does not take the route, if it does not.
fn refusal(listener: &Listener, gateway: &Gateway, route: &Route, labels: &HashMap<&str, &Labels>) -> Option<String> {
    let allowed = listener.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
    let from = allowed.map(|allowed| allowed.from.as_str()).filter(|from| !from.is_empty()).unwrap_or("Same");
    let takes = match from {
        "All" => true,
        "Same" => route.meta.namespace == gateway.meta.namespace,
        "Selector" => {
            let selector = allowed.and_then(|allowed| allowed.selector.as_ref());
            let own = labels.get(route.meta.namespace.as_str());
            selector.zip(own).is_some_and(|(selector, own)| selector.matches(own))
        }
        _ => false,
    };
    (!takes).then(|| texts::allowed_from(&listener.name, from))
}

/// The Services that a route sends to.
fn backends(route: &Route) -> impl Iterator<Item = &GatewayRef> {
    let backends = route.spec.rules.iter().flat_map(|rule| &rule.backend_refs);
    let core = |backend: &&GatewayRef| backend.group.as_ref().is_none_or(|group| group.is_empty());
    backends.filter(core).filter(|backend| is_kind(backend, "Service", "Service"))
}

fn backend_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let grants_known = scene.snapshot.has_read(ReferenceGrants);
    let drafts = living(scene).filter_map(|route| {
        let (mut missing, mut foreign) = (BTreeSet::new(), BTreeSet::new());
        for backend in backends(route) {
            let namespace = namespace(backend, route);
            let name = format!("{namespace}/{}", backend.name);
            if service(scene, namespace, &backend.name).is_none() {
                missing.insert(name);
            } else if namespace != route.meta.namespace.as_str() && grants_known && !granted(scene, route, backend) {
                foreign.insert(name);
            }
        }
        let missing: Vec<String> = missing.into_iter().collect();
        let foreign: Vec<String> = foreign.into_iter().collect();
        let title = if missing.is_empty() { texts::not_granted(&foreign) } else { texts::backend_missing(&missing) };
        let since = route.meta.creation_timestamp;
        let absent = missing.iter().map(|name| Evidence::since("backendRefs", format!("Service {name}"), since));
        let closed =
            foreign.iter().map(|name| Evidence::since("backendRefs (no ReferenceGrant)", name.as_str(), since));
        let evidence: Vec<Evidence> = absent.chain(closed).collect();
        (!evidence.is_empty()).then(|| Draft::about(target("HTTPRoute", &route.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

fn granted(scene: &Scene<'_>, route: &Route, backend: &GatewayRef) -> bool {
    let grants = scene.snapshot.reference_grants.iter().filter(|grant| grant.meta.namespace == backend.namespace);
    grants.into_iter().any(|grant| {
        let from =
            grant.spec.from.iter().any(|peer| peer.kind == "HTTPRoute" && peer.namespace == route.meta.namespace);
        let named = |name: &str| name.is_empty() || backend.name == name;
        from && grant.spec.to.iter().any(|peer| peer.kind == "Service" && named(&peer.name))
    })
}

fn backend_port(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|route| {
        let mut wrong = BTreeSet::new();
        for backend in backends(route) {
            let namespace = namespace(backend, route);
            let Some(service) = service(scene, namespace, &backend.name) else { continue };
            let asked = backend.port.unwrap_or_default();
            if !service.spec.ports.iter().any(|port| port.port == asked) {
                wrong.insert(format!("{namespace}/{}:{asked}", backend.name));
            }
        }
        let wrong: Vec<String> = wrong.into_iter().collect();
        let evidence = wrong.iter().map(|port| Evidence::new("backendRefs.port", port.as_str())).collect();
        (!wrong.is_empty()).then(|| {
            Draft::about(target("HTTPRoute", &route.meta), Severity::High, texts::backend_port(&wrong), evidence)
        })
    });
    drafts.collect()
}

fn rejected(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let routes = [
        ("HTTPRoute", &snapshot.http_routes),
        ("GRPCRoute", &snapshot.grpc_routes),
        ("TLSRoute", &snapshot.tls_routes),
        ("TCPRoute", &snapshot.tcp_routes),
    ];
    let all = routes.into_iter().flat_map(|(kind, routes)| routes.iter().map(move |route| (kind, route)));
    let drafts = all.filter(|(_, route)| route.meta.deletion_timestamp.is_none()).filter_map(|(kind, route)| {
        let (mut reasons, mut evidence) = (Vec::new(), Vec::new());
        for parent in &route.status.parents {
            for type_ in ["Accepted", "ResolvedRefs"] {
                let condition = parent.conditions.get(type_).filter(|condition| condition.status == "False");
                let Some(condition) = condition.filter(|condition| scene.is_settled(condition.last_transition_time))
                else {
                    continue;
                };
                let said = if condition.message.is_empty() { &condition.reason } else { &condition.message };
                reasons.push(said.as_str().to_owned());
                let field = format!("parents[{}].conditions[{type_}]", parent.parent_ref.name);
                evidence.push(Evidence::since(field, condition.reason.as_str(), condition.last_transition_time));
            }
        }
        reasons.dedup();
        (!reasons.is_empty())
            .then(|| Draft::about(target(kind, &route.meta), Severity::High, texts::rejected(&reasons), evidence))
    });
    drafts.collect()
}
