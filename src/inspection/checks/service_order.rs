//! Services that work, and could be kept better.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use super::service::{ports, selected, selecting};
use crate::diagnosis::Entity;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{EndpointSlices, Pods, Services};
use crate::snapshot::{IntOrString, Pod};
use crate::texts::findings::{self, service as texts};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("service/single-endpoint"),
        kind: "Service",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(EndpointSlices, Walked), (Services, Walked)],
        gate: None,
        means: "Every restart and every drained node is an outage for its callers.",
        advice: "Run at least two replicas on different nodes.",
        find: single_endpoint,
    },
    Check {
        id: CheckId::new("service/nodeport"),
        kind: "Service",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Services, Walked)],
        gate: None,
        means: "It can be reached from outside of the cluster.",
        advice: "If that is not meant, make it a ClusterIP behind an Ingress or a Gateway.",
        find: nodeport,
    },
    Check {
        id: CheckId::new("service/port-style"),
        kind: "Service",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Services, Walked), (Pods, Walked)],
        gate: None,
        means: "Nobody can see from the manifests whether the port is right.",
        advice: "Declare the container's port with a name, and let the Service point to the name.",
        find: port_style,
    },
    Check {
        id: CheckId::new("endpointslice/orphan"),
        kind: "EndpointSlice",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(EndpointSlices, Walked), (Services, Complete)],
        gate: None,
        means: "It is left over; nobody reads it.",
        advice: "Delete it, unless something outside of Kubernetes keeps it.",
        find: orphan_slice,
    },
];

fn single_endpoint(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let endpoints = scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
        let mut ready = endpoints.filter(|each| each.conditions.is_ready() && !each.addresses.is_empty());
        let only = ready.next().filter(|_| ready.next().is_none())?;
        let pod = only.target_ref.as_ref().map(|pod| pod.name.as_str()).unwrap_or_default();
        let evidence = vec![Evidence::new("endpoints ready", "1"), Evidence::new("pod", pod)];
        Some(Draft::about(target("Service", &service.meta), Severity::Low, texts::single_endpoint(), evidence))
    });
    drafts.collect()
}

fn nodeport(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.services.iter().filter_map(|service| {
        let kind = service.spec.type_.as_str();
        if !matches!(kind, "NodePort" | "LoadBalancer") || service.meta.deletion_timestamp.is_some() {
            return None;
        }
        let number = |port: &crate::snapshot::ServicePort| if kind == "NodePort" { port.node_port } else { port.port };
        let ports: Vec<String> = service.spec.ports.iter().map(|port| format!("port {}", number(port))).collect();
        let mut evidence = vec![Evidence::since("spec.type", kind, service.meta.creation_timestamp)];
        if service.spec.external_traffic_policy != "Local" {
            evidence.push(Evidence::new("spec.externalTrafficPolicy", texts::everywhere()));
        }
        Some(Draft::about(target("Service", &service.meta), Severity::Info, texts::exposed(kind, &ports), evidence))
    });
    drafts.collect()
}

fn port_style(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let pods: Vec<&Pod> = selected(scene, id).collect();
        let undeclared = !pods.is_empty() && pods.iter().all(|pod| ports(pod).next().is_none());
        let numbered = service.spec.ports.iter().filter_map(|port| match &port.target_port {
            Some(IntOrString::String(_)) => None,
            Some(IntOrString::Int(number)) => Some(*number),
            None => Some(port.port),
        });
        let numbered: Vec<i32> = numbered.collect();
        (undeclared && !numbered.is_empty()).then(|| {
            let evidence =
                numbered.iter().map(|number| Evidence::new("spec.ports.targetPort", number.to_string())).collect();
            let title = texts::port_style(numbered.len());
            Draft::about(target("Service", &service.meta), Severity::Info, title, evidence)
        })
    });
    drafts.collect()
}

fn orphan_slice(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.endpoint_slices.iter().filter_map(|slice| {
        let service = slice.service_name();
        let id = service.and_then(|service| scene.graph.find("Service", &slice.meta.namespace, service));
        let there = id.is_some_and(|id| matches!(scene.graph.object(id).entity, Some(Entity::Service(_))));
        if there || !slice.meta.owner_references.is_empty() || slice.meta.deletion_timestamp.is_some() {
            return None;
        }
        let service = service.map(|service| service.as_str());
        let label = Evidence::since(
            "labels[kubernetes.io/service-name]",
            service.map_or_else(findings::none, str::to_owned),
            slice.meta.creation_timestamp,
        );
        let title = texts::orphan_slice(service);
        Some(Draft::about(target("EndpointSlice", &slice.meta), Severity::Low, title, vec![label]))
    });
    drafts.collect()
}
