//! The certificates of Ingresses: there, and for the hosts that they serve.

use super::certificate::{Certificate, leaf};
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::Entity;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Ingresses, Secrets};
use crate::snapshot::{Ingress, IngressTls};
use crate::texts::findings::{self, ingress as texts};
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("ingress/tls-secret-missing"),
        kind: "Ingress",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (Secrets, Complete)],
        gate: Some("5m"),
        means: "Visitors get a certificate that their browser does not accept.",
        advice: "Create the Secret, or find out why nothing (such as cert-manager) has made it.",
        find: secret_missing,
    },
    Check {
        id: CheckId::new("ingress/tls-host-mismatch"),
        kind: "Ingress",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Ingresses, Walked), (Secrets, Walked)],
        gate: None,
        means: "Visitors of these hosts get a certificate for another name.",
        advice: "Have the certificate issued for these hosts too, or name another Secret.",
        find: host_mismatch,
    },
];

fn secret_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.ingresses.iter().filter_map(|ingress| {
        let since = ingress.meta.creation_timestamp;
        // Who asks for a certificate with the Ingress gets it a moment later.
        if ingress.meta.deletion_timestamp.is_some() || !scene.is_settled(since) {
            return None;
        }
        let named = ingress.spec.tls.iter().map(|tls| tls.secret_name.as_str()).filter(|name| !name.is_empty());
        let absent = |name: &&str| {
            let id = scene.graph.find("Secret", &ingress.meta.namespace, name);
            id.is_none_or(|id| scene.graph.object(id).entity.is_none())
        };
        let mut missing: Vec<&str> = named.filter(absent).collect();
        missing.sort_unstable();
        missing.dedup();
        let evidence =
            missing.iter().map(|name| Evidence::since("spec.tls.secretName", findings::absent("Secret", name), since));
        let evidence: Vec<Evidence> = evidence.collect();
        let title = texts::tls_secret_missing(&missing);
        (!missing.is_empty()).then(|| Draft::about(target("Ingress", &ingress.meta), Severity::High, title, evidence))
    });
    drafts.collect()
}

fn host_mismatch(scene: &Scene<'_>) -> Vec<Draft> {
    let living = scene.snapshot.ingresses.iter().filter(|ingress| ingress.meta.deletion_timestamp.is_none());
    let drafts = living.filter_map(|ingress| {
        let mut hosts = Vec::new();
        let mut evidence = Vec::new();
        for tls in ingress.spec.tls.iter().filter(|tls| !tls.hosts.is_empty()) {
            let Some(certificate) = certificate(scene, ingress, tls) else { continue };
            let named = tls.hosts.iter().map(|host| host.as_str());
            let uncovered: Vec<&str> = named.filter(|host| !host.is_empty() && !certificate.covers(host)).collect();
            if !uncovered.is_empty() {
                let value = texts::certificate_for(&tls.secret_name, &certificate.names);
                evidence.push(Evidence::new(format!("spec.tls.hosts {}", uncovered.join(", ")), value));
                hosts.extend(uncovered);
            }
        }
        let uncovered = uncovered_rules(scene, ingress);
        if let Some((hosts, certificates)) = &uncovered {
            let field = format!("spec.rules.host {}", hosts.join(", "));
            evidence.extend(certificates.iter().map(|certificate| Evidence::new(field.as_str(), certificate.as_str())));
        }
        hosts.extend(uncovered.into_iter().flat_map(|(hosts, _)| hosts));
        (!hosts.is_empty()).then(|| {
            let title = texts::tls_host_mismatch(&hosts);
            Draft::about(target("Ingress", &ingress.meta), Severity::Medium, title, evidence)
        })
    });
    drafts.collect()
}

/// What is shown for an entry. What cannot be read as a certificate is secret/tls-invalid's to say.
fn certificate(scene: &Scene<'_>, ingress: &Ingress, tls: &IngressTls) -> Option<Certificate> {
    let id = scene.graph.find("Secret", &ingress.meta.namespace, &tls.secret_name)?;
    match scene.graph.object(id).entity {
        Some(Entity::Secret(secret)) => secret.data.pem().and_then(leaf),
        _ => None,
    }
}

/// The hosts of rules that none of the certificates of entries without hosts is for, and what those are for. Such an
/// entry stands for the hosts that no other one names.
fn uncovered_rules<'a>(scene: &Scene<'_>, ingress: &'a Ingress) -> Option<(Vec<&'a str>, Vec<String>)> {
    let (open, named): (Vec<&IngressTls>, Vec<&IngressTls>) =
        ingress.spec.tls.iter().partition(|tls| tls.hosts.is_empty());
    let shown: Option<Vec<Certificate>> = open.iter().map(|tls| certificate(scene, ingress, tls)).collect();
    let shown = shown.filter(|shown| !shown.is_empty())?;
    let named: HashSet<&str> = named.iter().flat_map(|tls| &tls.hosts).map(|host| host.as_str()).collect();
    let hosts = ingress.spec.rules.iter().map(|rule| rule.host.as_str());
    let open_hosts = hosts.filter(|host| !host.is_empty() && !named.contains(host));
    let mut uncovered: Vec<&str> =
        open_hosts.filter(|host| !shown.iter().any(|certificate| certificate.covers(host))).collect();
    uncovered.sort_unstable();
    uncovered.dedup();
    let said = open.iter().zip(&shown).map(|(tls, shown)| texts::certificate_for(&tls.secret_name, &shown.names));
    (!uncovered.is_empty()).then(|| (uncovered, said.collect()))
}
