//! Certificates that run out.

use super::certificate::leaf;
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::Relation;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Secrets;
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("secret/tls-expiring"),
    kind: "Secret",
    severity: Severity::Critical,
    set: Set::Daily,
    data: &[(Secrets, Walked)],
    gate: Some("30d, 14d, 3d"),
    means: "When the certificate expires, every client refuses the connection.",
    advice: "Renew it, and find out why nothing renewed it by itself.",
    find: expiring,
}];

pub(super) fn expiring(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts =
        scene.snapshot.secrets.iter().filter(|secret| secret.type_ == "kubernetes.io/tls").filter_map(|secret| {
            let leaf = leaf(secret.data.pem()?)?;
            let left = leaf.not_after - scene.now;
            let severity = scene.thresholds.certificate(left)?;
            let this = target("Secret", &secret.meta);
            let written = leaf.not_after.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            let mut evidence = vec![Evidence::new("certificate.notAfter", written)];
            if !leaf.subject.is_empty() {
                evidence.push(Evidence::new("certificate.subject", leaf.subject));
            }
            let id = scene.graph.find_target(&this);
            let users =
                id.into_iter().flat_map(|id| scene.graph.dependents(id)).filter(|(tie, _)| *tie == Relation::Refers);
            let mut users: Vec<String> = users
                .map(|(_, user)| scene.graph.object(user))
                .filter(|user| user.kind == "Ingress")
                .map(|user| user.name.to_owned())
                .collect();
            users.sort();
            if !users.is_empty() {
                evidence.push(Evidence::new("used by Ingress", users.join(", ")));
            }
            Some(Draft::about(this, severity, texts::certificate(left), evidence))
        });
    drafts.collect()
}
