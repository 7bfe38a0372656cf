//! The certificates by which the API server and we know each other.

use super::check::row::*;
use super::control_plane::cluster;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Credential;
use crate::snapshot::Resource::Credentials;
use crate::texts::findings::{self, cluster as texts};
use chrono::{SecondsFormat, TimeDelta};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/apiserver-cert-expiring"),
        kind: "Cluster",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Credentials, Walked)],
        gate: Some("7d, 30d"),
        means: "When it expires nobody reaches the cluster any more: no node, no controller, no person.",
        advice: "Renew it (kubeadm certs renew apiserver) and restart the API server.",
        find: api_server,
    },
    Check {
        id: CheckId::new("cluster/client-cert-expiring"),
        kind: "Cluster",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Credentials, Walked)],
        gate: Some("14d"),
        means: "When it expires this cluster is not inspected any more.",
        advice: "Put a new certificate or token into the kubeconfig that roundsman uses.",
        find: client,
    },
];

/// The credentials of a holder, with how long they are still valid.
fn held<'a>(scene: &Scene<'a>, holder: &'static str) -> impl Iterator<Item = (&'a Credential, TimeDelta, Evidence)> {
    let now = scene.now;
    let held = scene.snapshot.credentials.iter().filter(move |credential| credential.holder == holder);
    held.filter_map(move |credential| {
        let not_after = credential.not_after?;
        let written = not_after.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some((credential, not_after - now, Evidence::new("notAfter", written)))
    })
}

fn draft(scene: &Scene<'_>, credential: &Credential, severity: Severity, title: String, end: Evidence) -> Draft {
    let mut evidence = vec![end];
    if !credential.subject.is_empty() {
        evidence.push(Evidence::new("subject", credential.subject.as_str()));
    }
    let container = Some(credential.meta.name.as_str().to_owned());
    Draft { container, ..Draft::about(cluster(scene), severity, title, evidence) }
}

fn api_server(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = held(scene, "APIServer").filter_map(|(credential, left, end)| {
        let severity = if left <= scene.thresholds.certificate_api {
            Severity::Critical
        } else if left <= scene.thresholds.certificate_medium {
            Severity::Medium
        } else {
            return None;
        };
        Some(draft(scene, credential, severity, findings::certificate(left), end))
    });
    drafts.collect()
}

fn client(scene: &Scene<'_>) -> Vec<Draft> {
    let ends = held(scene, "Client").filter(|(_, left, _)| *left <= scene.thresholds.certificate_high);
    let drafts = ends
        .map(|(credential, left, end)| draft(scene, credential, Severity::High, texts::client_credential(left), end));
    drafts.collect()
}
