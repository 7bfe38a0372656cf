//! Ingresses that lead nowhere: no such Service, no such port, nobody behind it.

use super::check::row::*;
use super::scene::{Draft, Scene, WHILE_APPLYING, target};
use super::service::{Scaled, Workloads};
use crate::diagnosis::{Entity, backends};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Deployments, EndpointSlices, Ingresses, Services, StatefulSets};
use crate::snapshot::{Ingress, Service, ServiceBackendPort};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("ingress/backend-missing"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (Services, Complete)],
        gate: Some("1m"),
        means: "The Ingress sends to a Service that does not exist: visitors get 503.",
        advice: "Create the Service or correct its name in the Ingress.",
        find: backend_missing,
    },
    Check {
        id: CheckId::new("ingress/backend-port"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (Services, Walked)],
        gate: None,
        means: "The Service has no such port, so the controller has nowhere to send: visitors get 503.",
        advice: "Correct the port in the Ingress, or add it to the Service.",
        find: backend_port,
    },
    Check {
        id: CheckId::new("ingress/backend-down"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[
            (Ingresses, Walked),
            (EndpointSlices, Complete),
            (Services, Walked),
            (Deployments, Detail),
            (StatefulSets, Detail),
        ],
        gate: Some("5m"),
        means: "Nobody answers behind the Ingress: visitors get 503.",
        advice: "Look at the pods of the Service that is named.",
        find: backend_down,
    },
];

pub(super) fn backend_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.ingresses.iter().filter_map(|ingress| {
        let names =
            backends(ingress).filter_map(|backend| backend.service.as_ref()).map(|service| service.name.as_str());
        let absent = |name: &&str| {
            let id = scene.graph.find("Service", &ingress.meta.namespace, name);
            id.is_none_or(|id| scene.graph.object(id).entity.is_none())
        };
        let mut missing: Vec<&str> = names.filter(absent).collect();
        missing.sort_unstable();
        missing.dedup();
        let settled = scene.is_older(ingress.meta.creation_timestamp, WHILE_APPLYING);
        if missing.is_empty() || !settled || ingress.meta.deletion_timestamp.is_some() {
            return None;
        }
        let hosts = |name: &str| {
            let rules = ingress.spec.rules.iter().filter(|rule| {
                let paths = rule.http.iter().flat_map(|http| &http.paths);
                paths.filter_map(|path| path.backend.service.as_ref()).any(|service| service.name == name)
            });
            let hosts: Vec<&str> = rules.map(|rule| rule.host.as_str()).filter(|host| !host.is_empty()).collect();
            hosts.join(", ")
        };
        let since = ingress.meta.creation_timestamp;
        let evidence = missing.iter().map(|name| {
            let field = match hosts(name) {
                hosts if hosts.is_empty() => "backend.service.name".to_owned(),
                hosts => format!("backend.service.name ({hosts})"),
            };
            Evidence::since(field, texts::absent("Service", name), since)
        });
        let evidence = evidence.collect();
        let title = texts::backend_missing(&missing);
        Some(Draft::about(target("Ingress", &ingress.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

/// The Services that an Ingress sends to and that are there, each once, with how it names their ports.
fn present<'a>(scene: &Scene<'a>, ingress: &'a Ingress) -> Vec<(&'a Service, Vec<&'a ServiceBackendPort>)> {
    let mut found: Vec<(&Service, Vec<&ServiceBackendPort>)> = Vec::new();
    for backend in backends(ingress).filter_map(|backend| backend.service.as_ref()) {
        let id = scene.graph.find("Service", &ingress.meta.namespace, &backend.name);
        let Some(Entity::Service(service)) = id.and_then(|id| scene.graph.object(id).entity) else { continue };
        match found.iter_mut().find(|(known, _)| std::ptr::eq(*known, service)) {
            Some((_, ports)) if !ports.contains(&&backend.port) => ports.push(&backend.port),
            Some(_) => {}
            None => found.push((service, vec![&backend.port])),
        }
    }
    found
}

fn backend_port(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.ingresses.iter().filter_map(|ingress| {
        let (mut wrong, mut evidence) = (Vec::new(), Vec::new());
        for (service, ports) in present(scene, ingress) {
            let offered = service.spec.ports.iter().map(|port| match port.name.as_str() {
                "" => port.port.to_string(),
                name => format!("{} ({name})", port.port),
            });
            let offered = offered.collect::<Vec<_>>().join(", ");
            for port in ports.into_iter().filter(|port| !offers(service, port)) {
                let asked = if port.name.is_empty() { port.number.to_string() } else { port.name.as_str().to_owned() };
                let field = format!("backend.service {}:{asked}", service.meta.name);
                evidence.push(Evidence::new(field, texts::ingress::not_on_service(&offered)));
                wrong.push(asked);
            }
        }
        let gone = ingress.meta.deletion_timestamp.is_some();
        (!wrong.is_empty() && !gone).then(|| {
            let title = texts::ingress::backend_port(&wrong);
            Draft::about(target("Ingress", &ingress.meta), Severity::High, title, evidence)
        })
    });
    drafts.collect()
}

fn offers(service: &Service, asked: &ServiceBackendPort) -> bool {
    service.spec.ports.iter().any(|port| match asked.name.as_str() {
        "" => port.port == asked.number,
        name => port.name == name,
    })
}

fn backend_down(scene: &Scene<'_>) -> Vec<Draft> {
    let workloads = Workloads::of(scene);
    let drafts = scene.snapshot.ingresses.iter().filter_map(|ingress| {
        let since = ingress.meta.creation_timestamp;
        if ingress.meta.deletion_timestamp.is_some() || !scene.is_settled(since) {
            return None;
        }
        let down = |service: &&Service| {
            // A name elsewhere has no endpoints; a Service that has just been made has none yet.
            let named = service.spec.type_ == "ExternalName";
            let id = scene.graph.find("Service", &service.meta.namespace, &service.meta.name);
            let slices = id.map(|id| scene.graph.slices(id)).unwrap_or_default();
            let mut endpoints = slices.iter().flat_map(|slice| &slice.endpoints);
            let anybody = endpoints.any(|each| each.conditions.is_ready() && !each.addresses.is_empty());
            !named && !anybody && scene.is_settled(service.meta.creation_timestamp)
        };
        let services: Vec<&Service> =
            present(scene, ingress).into_iter().map(|(service, _)| service).filter(down).collect();
        let on_purpose = services.iter().all(|service| workloads.scaled(service) == Scaled::ToZero);
        let severity = if on_purpose { Severity::Low } else { Severity::High };
        let mut names: Vec<&str> = services.iter().map(|service| service.meta.name.as_str()).collect();
        names.sort_unstable();
        let evidence = names.iter().map(|name| Evidence::new(format!("endpoints ready of Service {name}"), "0"));
        let evidence: Vec<Evidence> = evidence.collect();
        (!names.is_empty()).then(|| {
            let title = texts::ingress::backend_down(&names);
            Draft::about(target("Ingress", &ingress.meta), severity, title, evidence)
        })
    });
    drafts.collect()
}
