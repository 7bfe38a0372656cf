//! cert-manager: certificates that are not issued, and why.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::Resource::{Certificates, Challenges, ClusterIssuers, Issuers, Orders};
use crate::snapshot::{AcmeOrder, CertManagerCertificate, Condition, CustomResource};
use crate::texts::findings::config as texts;
use chrono::SecondsFormat;
use std::collections::{BTreeMap, HashMap};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cert-manager/certificate-not-ready"),
        kind: "Certificate",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Certificates, Walked)],
        gate: Some("5m, 1h"),
        means: "The name has no valid certificate, or keeps the old one until that expires.",
        advice: "cmctl status certificate shows the request, the order and the challenge that it waits for.",
        find: certificate_not_ready,
    },
    Check {
        id: CheckId::new("cert-manager/issuer-not-ready"),
        kind: "Issuer",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Issuers, Walked), (ClusterIssuers, Walked), (Certificates, Detail)],
        gate: Some("5m"),
        means: "No certificate that it is to issue is issued or renewed.",
        advice: "The message names what is missing: its account, its credentials, or the way to its server.",
        find: issuer_not_ready,
    },
    Check {
        id: CheckId::new("cert-manager/challenge-stuck"),
        kind: "Challenge",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Orders, Walked), (Challenges, Walked)],
        gate: Some("30m"),
        means: "The issuer is not shown that the name is yours, so it issues nothing.",
        advice: "Try what it tries: the path over HTTP from outside, or the TXT record in DNS.",
        find: challenge_stuck,
    },
];

/// What a condition `Ready` says against it for longer than a moment.
fn unready<'a>(scene: &Scene<'_>, ready: Option<&'a Condition>) -> Option<&'a Condition> {
    ready.filter(|ready| ready.status != "True" && scene.is_settled(ready.last_transition_time))
}

/// Kind and name of who is to issue it.
fn issuer(certificate: &CertManagerCertificate) -> (&str, &str) {
    let issuer = &certificate.spec.issuer_ref;
    (if issuer.kind.is_empty() { "Issuer" } else { issuer.kind.as_str() }, issuer.name.as_str())
}

fn certificate_not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.certificates.iter().filter_map(|certificate| {
        let status = &certificate.status;
        let overdue = status.renewal_time.filter(|at| scene.age(*at) > scene.thresholds.renewal);
        let left = status.not_after.map(|end| end - scene.now);
        let (title, fact) = match (unready(scene, status.conditions.get("Ready")), overdue) {
            (Some(ready), _) => {
                let fact = Evidence::since("conditions[Ready]", ready.message.as_str(), ready.last_transition_time);
                (texts::certificate_not_ready(&ready.message), fact)
            }
            (None, Some(due)) => {
                let written = due.to_rfc3339_opts(SecondsFormat::Secs, true);
                let fact = Evidence::since("status.renewalTime", written, Some(due));
                (texts::renewal_overdue(scene.age(due), left), fact)
            }
            (None, None) => return None,
        };
        let mut evidence = vec![fact];
        let end = status.not_after.map(|end| end.to_rfc3339_opts(SecondsFormat::Secs, true));
        evidence.extend(end.map(|end| Evidence::new("status.notAfter", end)));
        let (kind, name) = issuer(certificate);
        evidence.push(Evidence::new("spec.issuerRef", format!("{kind} {name}")));
        let mut draft = Draft::about(target("Certificate", &certificate.meta), Severity::High, title, evidence);
        let secret = certificate.spec.secret_name.as_str();
        if !secret.is_empty() {
            draft.objects.push(Target::namespaced("Secret", certificate.meta.namespace.as_str(), secret).into());
        }
        Some(draft)
    });
    drafts.collect()
}

fn issuer_not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let mut waiting: HashMap<(&str, &str, &str), Vec<&CertManagerCertificate>> = HashMap::new();
    for certificate in &scene.snapshot.certificates {
        let (kind, name) = issuer(certificate);
        let namespace = if kind == "ClusterIssuer" { "" } else { certificate.meta.namespace.as_str() };
        waiting.entry((kind, namespace, name)).or_default().push(certificate);
    }
    let draft = |(kind, issuer): (&'static str, &CustomResource)| {
        let ready = unready(scene, issuer.status.conditions.get("Ready"))?;
        let key = (kind, issuer.meta.namespace.as_str(), issuer.meta.name.as_str());
        let certificates = waiting.get(&key).map(Vec::as_slice).unwrap_or_default();
        let fact = Evidence::since("conditions[Ready]", ready.message.as_str(), ready.last_transition_time);
        let title = texts::issuer_not_ready(&ready.message, certificates.len());
        let mut draft = Draft::about(target(kind, &issuer.meta), Severity::High, title, vec![fact]);
        draft.objects.extend(certificates.iter().map(|each| target("Certificate", &each.meta).into()));
        Some(draft)
    };
    let cluster = scene.snapshot.cluster_issuers.iter().map(|issuer| ("ClusterIssuer", issuer));
    let issuers = scene.snapshot.issuers.iter().map(|issuer| ("Issuer", issuer));
    cluster.chain(issuers).filter_map(draft).collect()
}

/// What an order or a challenge has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Done,
    Waits,
    Failed,
}

fn progress(order: &AcmeOrder) -> Progress {
    match order.status.state.as_str() {
        "valid" => Progress::Done,
        "invalid" | "errored" | "expired" => Progress::Failed,
        _ => Progress::Waits,
    }
}

/// The certificate that an order is for, which lasts while orders come and go.
fn certificate(order: &AcmeOrder) -> Target {
    match order.meta.annotations.get("cert-manager.io/certificate-name") {
        Some(name) => Target::namespaced("Certificate", order.meta.namespace.as_str(), name.as_str()),
        None => target("Order", &order.meta),
    }
}

fn challenge_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let mut newest: BTreeMap<Target, &AcmeOrder> = BTreeMap::new();
    for order in &scene.snapshot.orders {
        let latest = newest.entry(certificate(order)).or_insert(order);
        if latest.meta.creation_timestamp < order.meta.creation_timestamp {
            *latest = order;
        }
    }
    let known: HashMap<(&str, &str), Target> =
        newest.iter().map(|(target, order)| (name(order), target.clone())).collect();
    let orders = newest.into_iter().map(|(target, order)| (target, "Order", order));
    // What is left of an order before the newest one does not matter any more.
    let of_known = |challenge: &AcmeOrder| match challenge.meta.controller() {
        Some(order) if scene.snapshot.has_read(Orders) => {
            known.get(&(challenge.meta.namespace.as_str(), order.name.as_str())).cloned()
        }
        Some(_) | None => Some(target("Challenge", &challenge.meta)),
    };
    let challenges = scene.snapshot.challenges.iter();
    let challenges = challenges.filter_map(|challenge| Some((of_known(challenge)?, "Challenge", challenge)));
    let mut stuck: BTreeMap<Target, Vec<(&str, &AcmeOrder)>> = BTreeMap::new();
    for (target, kind, each) in orders.chain(challenges) {
        let waits = || scene.is_older(each.meta.creation_timestamp, scene.thresholds.challenge);
        if progress(each) == Progress::Failed || (progress(each) == Progress::Waits && waits()) {
            stuck.entry(target).or_default().push((kind, each));
        }
    }
    stuck.into_iter().filter_map(|(this, members)| draft(scene, this, &members)).collect()
}

fn name(order: &AcmeOrder) -> (&str, &str) {
    (order.meta.namespace.as_str(), order.meta.name.as_str())
}

fn draft(scene: &Scene<'_>, this: Target, members: &[(&str, &AcmeOrder)]) -> Option<Draft> {
    // A challenge says more than its order, which waits for it.
    let (_, telling) =
        members.iter().max_by_key(|(kind, each)| (*kind == "Challenge", !each.status.reason.is_empty()))?;
    let failed = members.iter().any(|(_, each)| progress(each) == Progress::Failed);
    let since = members.iter().filter_map(|(_, each)| each.meta.creation_timestamp).min();
    let mut evidence = Vec::new();
    for (kind, each) in members {
        let created = each.meta.creation_timestamp;
        evidence.push(Evidence::since(
            format!("{} status.state", kind.to_lowercase()),
            each.status.state.as_str(),
            created,
        ));
        let reason = Some(each.status.reason.as_str()).filter(|reason| !reason.is_empty());
        evidence.extend(reason.map(|reason| Evidence::new(format!("{} status.reason", kind.to_lowercase()), reason)));
    }
    let spec = &telling.spec;
    let host = if spec.dns_name.is_empty() { spec.dns_names.first() } else { Some(&spec.dns_name) };
    let host = host.map(|host| host.as_str()).unwrap_or_default();
    let waited = since.filter(|_| !failed).map(|since| scene.age(since));
    let title = texts::challenge_stuck(host, waited, &telling.status.reason);
    let objects = members.iter().map(|(kind, each)| target(kind, &each.meta).into()).collect();
    Some(Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) })
}
