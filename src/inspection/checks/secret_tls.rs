//! TLS Secrets that no server can use, or that clients should not trust.

use super::certificate::{Certificate, chain};
use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Secrets;
use crate::snapshot::{PrivateKey, Secret};
use crate::texts::findings::{self, config as texts};
use chrono::SecondsFormat;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("secret/tls-invalid"),
        kind: "Secret",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Secrets, Walked)],
        gate: None,
        means: "A server that uses it does not start, goes on with an old one, or shows one that clients refuse.",
        advice: "Write certificate, chain and key anew from whoever issued them.",
        find: invalid,
    },
    Check {
        id: CheckId::new("secret/tls-weak"),
        kind: "Secret",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Secrets, Walked)],
        gate: Some("2048 bits, 398d"),
        means: "Strict clients refuse it already, and more of them will.",
        advice: "Have it issued anew: RSA from 2048 bits or ECDSA, SHA-256, for a year at most.",
        find: weak,
    },
];

/// The shortest RSA key that is still trusted.
const RSA_BITS: usize = 2048;
/// The longest validity that browsers take from a public issuer, in days.
const LONGEST: i64 = 398;
/// Organisations that issue for the public, as they name themselves.
const PUBLIC: &[&str] = &[
    "O=Let's Encrypt",
    "O=DigiCert",
    "O=Sectigo",
    "O=GlobalSign",
    "O=Google Trust Services",
    "O=Amazon",
    "O=GoDaddy",
    "O=Entrust",
    "O=ZeroSSL",
    "O=IdenTrust",
    "O=Buypass",
    "O=SSL Corp",
    "O=Actalis",
    "O=Certum",
];

fn tls<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Secret> {
    scene.snapshot.secrets.iter().filter(|secret| secret.type_ == "kubernetes.io/tls")
}

fn invalid(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = tls(scene).filter_map(|secret| {
        let (title, evidence) = flaw(scene, secret)?;
        Some(Draft::about(target("Secret", &secret.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

/// What is wrong first: what comes after it cannot be told.
fn flaw(scene: &Scene<'_>, secret: &Secret) -> Option<(String, Vec<Evidence>)> {
    let Some(pem) = secret.data.pem() else {
        return Some((texts::no_certificate(), vec![Evidence::new("data[tls.crt]", findings::none())]));
    };
    let chain = chain(pem).filter(|chain| !chain.is_empty());
    let Some(chain) = chain else {
        return Some((texts::unreadable_certificate(), vec![Evidence::new("data[tls.crt]", texts::unreadable())]));
    };
    let subject = |certificate: &Certificate| certificate.names.first().unwrap_or(&certificate.subject).clone();
    let leaf = chain.first().map(subject).unwrap_or_default();
    match secret.data.private_key() {
        PrivateKey::Foreign => {
            let evidence = vec![
                Evidence::new("certificate.subject", leaf),
                Evidence::new("data[tls.key]", texts::of_another_certificate()),
            ];
            return Some((texts::foreign_key(), evidence));
        }
        PrivateKey::Unreadable => {
            return Some((texts::no_private_key(), vec![Evidence::new("data[tls.key]", texts::unreadable())]));
        }
        PrivateKey::Fits | PrivateKey::Unknown => {}
    }
    let mut pairs = chain.iter().zip(chain.iter().skip(1)).enumerate();
    let broken = pairs.find(|(_, (below, above))| below.issuer != above.subject);
    if let Some((place, (below, above))) = broken {
        let evidence = vec![
            Evidence::new(format!("certificate[{place}].issuer"), below.issuer.as_str()),
            Evidence::new(format!("certificate[{}].subject", place + 1), above.subject.as_str()),
        ];
        return Some((texts::broken_chain(), evidence));
    }
    let first = chain.first().filter(|leaf| leaf.not_before > scene.now)?;
    let written = first.not_before.to_rfc3339_opts(SecondsFormat::Secs, true);
    let evidence = vec![Evidence::new("certificate.notBefore", written), Evidence::new("certificate.subject", leaf)];
    Some((texts::not_yet_valid(first.not_before - scene.now), evidence))
}

fn weak(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = tls(scene).filter_map(|secret| {
        let chain = chain(secret.data.pem()?)?;
        let mut weaknesses = Vec::new();
        let mut evidence = Vec::new();
        if let Some(bits) = chain.iter().filter_map(|each| each.rsa_bits).min().filter(|bits| *bits < RSA_BITS) {
            weaknesses.push(texts::short_key(bits));
            evidence.push(Evidence::new("certificate.publicKey", texts::rsa(bits)));
        }
        // Nobody checks what a root says of itself: it is trusted by being known.
        if let Some(forgeable) = chain.iter().find(|each| each.is_forgeable && each.issuer != each.subject) {
            weaknesses.push(texts::forgeable());
            evidence.push(Evidence::new("certificate.issuer", forgeable.issuer.as_str()));
        }
        let leaf = chain.first()?;
        let validity = leaf.not_after - leaf.not_before;
        let public = PUBLIC.iter().any(|issuer| leaf.issuer.contains(issuer));
        if public && validity > chrono::TimeDelta::days(LONGEST) {
            weaknesses.push(texts::valid_too_long(validity.num_days()));
            let until = leaf.not_after.to_rfc3339_opts(SecondsFormat::Secs, true);
            evidence.push(Evidence::since("certificate.notAfter", until, Some(leaf.not_before)));
        }
        let title = texts::weak(&weaknesses);
        (!weaknesses.is_empty()).then(|| Draft::about(target("Secret", &secret.meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}
