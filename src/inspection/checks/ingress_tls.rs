//! The certificates of Ingresses: there, and for the hosts that they serve.

use super::certificate::leaf;
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::Entity;
use crate::inspection::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Ingresses, Secrets};
use crate::texts::findings::{self, ingress as texts};

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
    let drafts = scene.snapshot.ingresses.iter().filter_map(|ingress| {
        let mut hosts = Vec::new();
        let mut evidence = Vec::new();
        for tls in &ingress.spec.tls {
            let id = scene.graph.find("Secret", &ingress.meta.namespace, &tls.secret_name);
            let Some(Entity::Secret(secret)) = id.and_then(|id| scene.graph.object(id).entity) else { continue };
            // What cannot be read as a certificate is secret/tls-invalid's to say.
            let Some(certificate) = secret.data.pem().and_then(leaf) else { continue };
            let uncovered: Vec<&str> = tls
                .hosts
                .iter()
                .map(|host| host.as_str())
                .filter(|host| !host.is_empty() && !certificate.covers(host))
                .collect();
            if !uncovered.is_empty() {
                let value = texts::certificate_for(&tls.secret_name, &certificate.names);
                evidence.push(Evidence::new(format!("spec.tls.hosts {}", uncovered.join(", ")), value));
                hosts.extend(uncovered);
            }
        }
        let gone = ingress.meta.deletion_timestamp.is_some();
        (!hosts.is_empty() && !gone).then(|| {
            let title = texts::tls_host_mismatch(&hosts);
            Draft::about(target("Ingress", &ingress.meta), Severity::Medium, title, evidence)
        })
    });
    drafts.collect()
}
