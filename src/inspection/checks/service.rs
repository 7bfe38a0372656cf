//! Services that lead nowhere.

use super::check::row::*;
use super::scene::{Draft, Scene, container_statuses, is_live, target};
use crate::diagnosis::{ObjectId, Relation};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Deployments, EndpointSlices, Pods, Services, StatefulSets};
use crate::snapshot::{IntOrString, Labels, Pod, Service, selects};
use crate::texts::findings as texts;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("service/no-endpoints"),
        kind: "Service",
        severity: Severity::High,
        set: Set::Daily,
        data: &[
            (Services, Walked),
            (EndpointSlices, Complete),
            (Pods, Detail),
            (Deployments, Detail),
            (StatefulSets, Detail),
        ],
        gate: Some("5m"),
        means: "Nobody answers behind the Service: callers get connection errors.",
        advice: "Look at the pods that it selects, and at its selector.",
        find: no_endpoints,
    },
    Check {
        id: CheckId::new("service/selector-no-pods"),
        kind: "Service",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Services, Walked), (Pods, Complete), (Deployments, Detail), (StatefulSets, Detail)],
        gate: Some("5m"),
        means: "The Service's selector matches no pod: a wrong label, or nothing deployed.",
        advice: "Compare the selector with the labels of the pods that should serve.",
        find: selector_no_pods,
    },
    Check {
        id: CheckId::new("service/target-port-mismatch"),
        kind: "Service",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Services, Walked), (Pods, Complete)],
        gate: None,
        means: "The Service sends to a port that its pods do not offer.",
        advice: "Correct the Service's targetPort or the container's port.",
        find: target_port_mismatch,
    },
];

pub(super) fn no_endpoints(scene: &Scene<'_>) -> Vec<Draft> {
    let workloads = Workloads::of(scene);
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let endpoints = || scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
        if endpoints().any(|endpoint| endpoint.conditions.is_ready() && !endpoint.addresses.is_empty()) {
            return None;
        }
        let pods: Vec<&Pod> = selected(scene, id).collect();
        let since = dark_since(service, &pods);
        if !scene.is_settled(since) {
            return None;
        }
        let on_purpose = workloads.scaled(service) == Scaled::ToZero;
        let severity = if on_purpose { Severity::Info } else { Severity::High };
        let evidence = vec![
            Evidence::since("endpoints ready", format!("0 / {}", endpoints().count()), since),
            Evidence::new("spec.selector", selector(&service.spec.selector)),
        ];
        let ready = pods.iter().filter(|pod| pod.status.conditions.is("Ready", "True")).count();
        let title = texts::no_endpoints(pods.len(), ready, on_purpose);
        Some(Draft::about(target("Service", &service.meta), severity, title, evidence))
    });
    drafts.collect()
}

pub(super) fn selector_no_pods(scene: &Scene<'_>) -> Vec<Draft> {
    let workloads = Workloads::of(scene);
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let any = scene.graph.depends_on(id).any(|(relation, _)| relation == Relation::Selects);
        let since = service.meta.creation_timestamp;
        // A selector that fits a workload without replicas is right: that nobody answers is no-endpoints' to say.
        if any || !scene.is_settled(since) || workloads.scaled(service) == Scaled::ToZero {
            return None;
        }
        let labels = selector(&service.spec.selector);
        let evidence =
            vec![Evidence::since("spec.selector", labels.as_str(), since), Evidence::new("pods matched", "0")];
        Some(Draft::about(target("Service", &service.meta), Severity::High, texts::selector_no_pods(&labels), evidence))
    });
    drafts.collect()
}

pub(super) fn target_port_mismatch(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let pods: Vec<&Pod> = selected(scene, id).filter(|pod| is_live(pod)).collect();
        if pods.is_empty() {
            return None;
        }
        let mut offered: Vec<String> = pods.iter().flat_map(|pod| ports(pod)).map(|port| port.written()).collect();
        offered.sort();
        offered.dedup();
        let mut severity = Severity::Low;
        let mut evidence = Vec::new();
        let mut wrong = Vec::new();
        for port in &service.spec.ports {
            let (asked, missing) = match &port.target_port {
                Some(IntOrString::String(name)) => {
                    let missing = !pods.iter().any(|pod| ports(pod).any(|offer| offer.name == name.as_str()));
                    severity = if missing { Severity::High } else { severity };
                    (name.as_str().to_owned(), missing)
                }
                // A declared number is only a note: what is not declared can still be listened on. So no pod may be
                // without declarations, and it is advice.
                Some(IntOrString::Int(number)) => (number.to_string(), unlikely(&pods, *number)),
                None => (port.port.to_string(), unlikely(&pods, port.port)),
            };
            if missing {
                evidence.push(Evidence::new("spec.ports.targetPort", asked.as_str()));
                wrong.push(asked);
            }
        }
        if wrong.is_empty() {
            return None;
        }
        evidence.push(Evidence::new("containers' ports", offered.join(", ")));
        let title = texts::target_port_mismatch(&wrong, &offered, severity == Severity::High);
        Some(Draft::about(target("Service", &service.meta), severity, title, evidence))
    });
    drafts.collect()
}

/// Services whose endpoints Kubernetes makes from a selector. Those without one are somebody else's: leader election,
/// external addresses, names elsewhere.
pub(super) fn selecting<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (ObjectId, &'a Service)> {
    let graph = scene.graph;
    scene.snapshot.services.iter().filter_map(move |service| {
        let led = service.meta.annotations.contains_key("control-plane.alpha.kubernetes.io/leader");
        let selecting = !service.spec.selector.is_empty() && service.spec.type_ != "ExternalName" && !led;
        let id = graph.find("Service", &service.meta.namespace, &service.meta.name)?;
        (selecting && service.meta.deletion_timestamp.is_none()).then_some((id, service))
    })
}

pub(super) fn selected<'a>(scene: &Scene<'a>, service: ObjectId) -> impl Iterator<Item = &'a Pod> {
    let graph = scene.graph;
    let selected = graph.depends_on(service).filter(|(relation, _)| *relation == Relation::Selects);
    selected.filter_map(move |(_, pod)| graph.as_pod(pod))
}

/// Since when nobody has answered: since the last of the pods stopped being ready or came. A container that waits in an
/// error is no rollout under way, so its pod counts from the beginning.
pub(super) fn dark_since(service: &Service, pods: &[&Pod]) -> Option<DateTime<Utc>> {
    let since = |pod: &&Pod| {
        let stuck = container_statuses(pod).any(|status| {
            let waiting = status.state.waiting.as_deref().map(|waiting| waiting.reason.as_str());
            waiting.is_some_and(|reason| !matches!(reason, "" | "ContainerCreating" | "PodInitializing"))
        });
        let ready = pod.status.conditions.get("Ready").and_then(|ready| ready.last_transition_time);
        if stuck { pod.meta.creation_timestamp } else { ready.or(pod.meta.creation_timestamp) }
    };
    pods.iter().filter_map(since).max().max(service.meta.creation_timestamp)
}

#[derive(PartialEq, Eq)]
pub(super) enum Scaled {
    /// Every workload that the selector is made for has no replicas on purpose.
    ToZero,
    /// Some has, or there is none.
    Up,
}

/// Per namespace the labels of each workload's pods, and how many replicas it is to have.
pub(super) struct Workloads<'a>(HashMap<&'a str, Vec<(&'a Labels, Option<i32>)>>);

impl<'a> Workloads<'a> {
    pub(super) fn of(scene: &Scene<'a>) -> Self {
        let deployments = scene.snapshot.deployments.iter();
        let deployments =
            deployments.map(|each| (&each.meta.namespace, &each.spec.template.meta.labels, each.spec.replicas));
        let sets = scene.snapshot.stateful_sets.iter();
        let sets = sets.map(|each| (&each.meta.namespace, &each.spec.template.meta.labels, each.spec.replicas));
        let mut workloads: HashMap<&str, Vec<_>> = HashMap::new();
        for (namespace, labels, replicas) in deployments.chain(sets) {
            workloads.entry(namespace.as_str()).or_default().push((labels, replicas));
        }
        Self(workloads)
    }

    pub(super) fn scaled(&self, service: &Service) -> Scaled {
        let here = self.0.get(service.meta.namespace.as_str()).into_iter().flatten();
        let mut fitting = here.filter(|(labels, _)| selects(&service.spec.selector, labels)).peekable();
        let on_purpose = fitting.peek().is_some() && fitting.all(|(_, replicas)| *replicas == Some(0));
        if on_purpose { Scaled::ToZero } else { Scaled::Up }
    }
}

/// A port that a pod declares.
pub(super) struct Port<'a> {
    name: &'a str,
    number: i32,
}

impl Port<'_> {
    fn written(&self) -> String {
        if self.name.is_empty() { self.number.to_string() } else { format!("{} ({})", self.name, self.number) }
    }
}

pub(super) fn ports(pod: &Pod) -> impl Iterator<Item = Port<'_>> {
    // Sidecars are init containers that stay.
    let sidecars = pod.spec.init_containers.iter().filter(|container| container.restart_policy == "Always");
    let containers = pod.spec.containers.iter().chain(sidecars);
    containers.flat_map(|container| &container.ports).map(|port| Port { name: &port.name, number: port.container_port })
}

fn unlikely(pods: &[&Pod], number: i32) -> bool {
    pods.iter().all(|pod| ports(pod).next().is_some() && ports(pod).all(|port| port.number != number))
}

fn selector(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
