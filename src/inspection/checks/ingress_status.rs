//! What controllers say about Ingresses, and Ingresses that stand in each other's way.

use super::check::row::*;
use super::ingress_class::class_of;
use super::scene::{Draft, Scene, target};
use crate::inspection::finding::{Evidence, ObjectRef, Severity};
use crate::snapshot::Ingress;
use crate::snapshot::Resource::Ingresses;
use crate::texts::findings::{self, ingress as texts};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("ingress/no-address"),
        kind: "Ingress",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Ingresses, Walked)],
        gate: Some("10m"),
        means: "No controller has taken it up, so what it publishes can probably not be reached.",
        advice: "Look whether the controller of its class runs, and at its log.",
        find: no_address,
    },
    Check {
        id: CheckId::new("ingress/lb-port-error"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Ingresses, Walked)],
        gate: None,
        means: "The load balancer does not listen on a port that visitors use.",
        advice: "The error is the load balancer provider's: correct the port or the provider's settings.",
        find: lb_port_error,
    },
    Check {
        id: CheckId::new("ingress/duplicate-host-path"),
        kind: "Ingress",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Ingresses, Walked)],
        gate: None,
        means: "Two Ingresses claim the same address: which of them answers can change with every restart.",
        advice: "Keep the path in one of them.",
        find: duplicate_host_path,
    },
    Check {
        id: CheckId::new("ingress/port-style"),
        kind: "Ingress",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(Ingresses, Walked)],
        gate: None,
        means: "When the Service's port number changes, the Ingress is forgotten.",
        advice: "Name the Service's port instead of its number.",
        find: port_style,
    },
];

fn living<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Ingress> {
    scene.snapshot.ingresses.iter().filter(|ingress| ingress.meta.deletion_timestamp.is_none())
}

fn no_address(scene: &Scene<'_>) -> Vec<Draft> {
    let waiting = living(scene).filter(|ingress| ingress.status.load_balancer.ingress.is_empty());
    // Where no Ingress at all has an address the controller does not write one (host network, an external balancer).
    let somebody = living(scene).any(|ingress| !ingress.status.load_balancer.ingress.is_empty());
    let waiting = waiting.filter(|ingress| somebody || class_of(ingress).is_some());
    let draft = |ingress: &Ingress| {
        let since = ingress.meta.creation_timestamp;
        let evidence = vec![Evidence::since("status.loadBalancer", findings::none(), since)];
        let overdue = since.is_some_and(|since| scene.age(since) > scene.thresholds.address);
        overdue.then(|| Draft::about(target("Ingress", &ingress.meta), Severity::Medium, texts::no_address(), evidence))
    };
    waiting.filter_map(draft).collect()
}

fn lb_port_error(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|ingress| {
        let ports = ingress.status.load_balancer.ingress.iter().flat_map(|address| &address.ports);
        let failed: Vec<_> = ports.filter(|port| !port.error.is_empty()).collect();
        let errors: Vec<String> = failed.iter().map(|port| format!("port {} ({})", port.port, port.error)).collect();
        let evidence = failed.iter().map(|port| {
            Evidence::new(format!("status.loadBalancer.ingress.ports[{}].error", port.port), port.error.as_str())
        });
        let evidence: Vec<Evidence> = evidence.collect();
        (!errors.is_empty()).then(|| {
            Draft::about(target("Ingress", &ingress.meta), Severity::High, texts::lb_port_error(&errors), evidence)
        })
    });
    drafts.collect()
}

/// Class, host and path of one route.
type Place<'a> = (&'a str, &'a str, &'a str, &'a str);

fn duplicate_host_path(scene: &Scene<'_>) -> Vec<Draft> {
    let mut claims: BTreeMap<Place<'_>, Vec<&Ingress>> = BTreeMap::new();
    for ingress in living(scene) {
        let class = class_of(ingress).map_or("", |(_, class)| class.as_str());
        for rule in &ingress.spec.rules {
            for path in rule.http.iter().flat_map(|http| &http.paths) {
                let path_type = if path.path_type == "Exact" { "Exact" } else { "Prefix" };
                let claimers = claims.entry((class, rule.host.as_str(), path.path.as_str(), path_type)).or_default();
                // One Ingress that says the same twice is its own business.
                if claimers.last().is_none_or(|last| !std::ptr::eq(*last, ingress)) {
                    claimers.push(ingress);
                }
            }
        }
    }
    let mut drafts: BTreeMap<_, Draft> = BTreeMap::new();
    for ((_, host, path, _), mut claimers) in claims.into_iter().filter(|(_, claimers)| claimers.len() > 1) {
        claimers.sort_by_key(|ingress| (ingress.meta.creation_timestamp, &ingress.meta.namespace, &ingress.meta.name));
        // A canary shares its route on purpose.
        claimers.retain(|ingress| !ingress.meta.annotations.contains_key("nginx.ingress.kubernetes.io/canary"));
        let [first, others @ ..] = claimers.as_slice() else { continue };
        if others.is_empty() {
            continue;
        }
        let host = if host.is_empty() { texts::any_host() } else { host.to_owned() };
        let route = format!("{host}{path}");
        let names: Vec<String> =
            others.iter().map(|other| format!("{}/{}", other.meta.namespace, other.meta.name)).collect();
        let this = target("Ingress", &first.meta);
        let evidence = Evidence::new(format!("spec.rules {route}"), names.join(", "));
        let draft = drafts.entry(this.clone()).or_insert_with(|| {
            Draft::about(this, Severity::Medium, texts::duplicate_host_path(&route, &names), Vec::new())
        });
        draft.evidence.push(evidence);
        let others = others.iter().map(|other| ObjectRef::from(target("Ingress", &other.meta)));
        draft.objects.extend(others);
        draft.objects.sort();
        draft.objects.dedup();
    }
    drafts.into_values().collect()
}

fn port_style(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter_map(|ingress| {
        let services = crate::diagnosis::backends(ingress).filter_map(|backend| backend.service.as_ref());
        let numbered: Vec<_> = services.filter(|service| service.port.name.is_empty()).collect();
        let evidence = numbered
            .iter()
            .map(|service| Evidence::new(format!("backend.service {}", service.name), service.port.number.to_string()));
        let evidence: Vec<Evidence> = evidence.collect();
        (!numbered.is_empty()).then(|| {
            let title = texts::port_style(numbered.len());
            Draft::about(target("Ingress", &ingress.meta), Severity::Info, title, evidence)
        })
    });
    drafts.collect()
}
