//! Ingresses that lead to Services that are not there.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::backends;
use crate::inspection::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Ingresses, Services};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("ingress/backend-missing"),
    kind: "Ingress",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Ingresses, Walked), (Services, Complete)],
    gate: None,
    means: "The Ingress sends to a Service that does not exist: visitors get 503.",
    advice: "Create the Service or correct its name in the Ingress.",
    find: backend_missing,
}];

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
        if missing.is_empty() || ingress.meta.deletion_timestamp.is_some() {
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
