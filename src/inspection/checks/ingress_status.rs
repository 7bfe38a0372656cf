//! What controllers say about Ingresses, and Ingresses that stand in each other's way.

use super::check::row::*;
use super::ingress_class::class_of;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Ingress;
use crate::snapshot::Resource::Ingresses;
use crate::texts::findings::{self, ingress as texts};
use chrono::{DateTime, Utc};
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
    let created = |ingress: &Ingress| ingress.meta.creation_timestamp;
    let is_overdue = |since: DateTime<Utc>| scene.age(since) > scene.thresholds.address;
    let mut by_class: BTreeMap<Option<&str>, Vec<&Ingress>> = BTreeMap::new();
    for ingress in waiting.filter(|ingress| created(ingress).is_some_and(is_overdue)) {
        by_class.entry(class_of(ingress).map(|(_, class)| class.as_str())).or_default().push(ingress);
    }
    let none = |ingress: &Ingress| Evidence::since("status.loadBalancer", findings::none(), created(ingress));
    let drafts = by_class.into_iter().flat_map(|(class, waiting)| match class {
        Some(class) if waiting.len() > 1 && !is_served(scene, class) => {
            let mut objects: Vec<ObjectRef> = waiting.iter().map(|each| target("Ingress", &each.meta).into()).collect();
            objects.sort();
            let oldest = waiting.iter().min_by_key(|ingress| created(ingress)).map(|ingress| none(ingress));
            let title = texts::no_addresses(waiting.len());
            let evidence = oldest.into_iter().collect();
            let draft = Draft::about(Target::cluster_wide("IngressClass", class), Severity::Medium, title, evidence);
            vec![Draft { objects, ..draft }]
        }
        _ => {
            let one = |ingress: &&Ingress| {
                let this = target("Ingress", &ingress.meta);
                Draft::about(this, Severity::Medium, texts::no_address(), vec![none(ingress)])
            };
            waiting.iter().map(one).collect()
        }
    });
    drafts.collect()
}

/// Whether an Ingress of that class has an address: then its controller writes them.
fn is_served(scene: &Scene<'_>, class: &str) -> bool {
    living(scene).any(|ingress| {
        !ingress.status.load_balancer.ingress.is_empty() && class_of(ingress).is_some_and(|(_, its)| its == class)
    })
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
