//! Requests for certificates that nobody answers.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::CertificateSigningRequest;
use crate::snapshot::Resource::CertificateSigningRequests;
use crate::texts::findings::{self, rights as texts};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("csr/pending"),
    kind: "CSR",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(CertificateSigningRequests, Walked)],
    gate: Some("10m"),
    means: "A kubelet without a certificate cannot join, or its logs and metrics are not reached.",
    advice: "If you know who asks, kubectl certificate approve it; see whether what approves and signs them runs.",
    find: pending,
}];

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Approval,
    Signature,
    /// The signer tried and gave up.
    Success,
}

fn lacks(scene: &Scene<'_>, request: &CertificateSigningRequest) -> Option<Lacks> {
    let conditions = &request.status.conditions;
    // A condition of a request holds by being there; only some say so.
    let is = |type_: &str| conditions.get(type_).is_some_and(|condition| condition.status != "False");
    let old = scene.age(request.meta.creation_timestamp?) > scene.thresholds.deletion;
    match (is("Failed"), is("Denied"), is("Approved")) {
        (true, _, _) => Some(Lacks::Success),
        (false, true, _) => None,
        (false, false, false) => old.then_some(Lacks::Approval),
        (false, false, true) => (old && !request.status.certificate.0).then_some(Lacks::Signature),
    }
}

/// The node that asks, where its kubelet does; it asks again and again, each time by another request.
fn asker(request: &CertificateSigningRequest) -> Target {
    match request.spec.username.strip_prefix("system:node:") {
        Some(node) => Target::cluster_wide("Node", node),
        None => target("CertificateSigningRequest", &request.meta),
    }
}

fn pending(scene: &Scene<'_>) -> Vec<Draft> {
    let mut waiting: BTreeMap<Target, Vec<(&CertificateSigningRequest, Lacks)>> = BTreeMap::new();
    for request in &scene.snapshot.certificate_signing_requests {
        if let Some(lacks) = lacks(scene, request) {
            waiting.entry(asker(request)).or_default().push((request, lacks));
        }
    }
    let draft = |(this, mut requests): (Target, Vec<(&CertificateSigningRequest, Lacks)>)| {
        requests.sort_by_key(|(request, _)| (request.meta.creation_timestamp, request.meta.name.as_str()));
        let (oldest, lacks) = *requests.first()?;
        let since = oldest.meta.creation_timestamp;
        let failed = oldest.status.conditions.get("Failed");
        let fact = match (lacks, failed) {
            (Lacks::Success, Some(failed)) => {
                Evidence::since("conditions[Failed]", failed.message.as_str(), failed.last_transition_time)
            }
            (Lacks::Signature, _) => Evidence::since("status.certificate", findings::none(), since),
            (Lacks::Approval | Lacks::Success, _) => Evidence::since("status.conditions", findings::none(), since),
        };
        let age = scene.age(since?);
        let user = oldest.spec.username.as_str();
        let title = match lacks {
            Lacks::Approval => texts::unapproved(requests.len(), user, age),
            Lacks::Signature => texts::unsigned(requests.len(), user, age),
            Lacks::Success => texts::signing_failed(user, failed.map(|failed| failed.message.as_str())),
        };
        let evidence = vec![fact, Evidence::new("spec.signerName", oldest.spec.signer_name.as_str())];
        let objects = requests.iter().map(|(request, _)| target("CertificateSigningRequest", &request.meta).into());
        Some(Draft { objects: objects.collect(), ..Draft::about(this, Severity::Medium, title, evidence) })
    };
    waiting.into_iter().filter_map(draft).collect()
}
