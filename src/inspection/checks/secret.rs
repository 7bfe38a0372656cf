//! Secrets that do not do what their type says, and tokens that never expire.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Secrets;
use crate::snapshot::{Registries, Secret};
use crate::texts::findings::{self, config as texts};
use chrono::{DateTime, NaiveDate, Utc};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("secret/pull-secret-invalid"),
        kind: "Secret",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Secrets, Walked)],
        gate: None,
        means: "Pods that rely on it pull without credentials: images of a private registry are refused.",
        advice: "Make it anew with kubectl create secret docker-registry.",
        find: pull_secret_invalid,
    },
    Check {
        id: CheckId::new("secret/legacy-sa-token"),
        kind: "Secret",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Secrets, Walked)],
        gate: None,
        means: "Who has read it once has the account's rights until the Secret is deleted.",
        advice: "Let whoever uses it ask for tokens that expire (kubectl create token), then delete it.",
        find: legacy_token,
    },
];

fn pull_secret_invalid(scene: &Scene<'_>) -> Vec<Draft> {
    let pull = scene.snapshot.secrets.iter().filter_map(|secret| {
        let key = match secret.type_.as_str() {
            "kubernetes.io/dockerconfigjson" => "data[.dockerconfigjson]",
            "kubernetes.io/dockercfg" => "data[.dockercfg]",
            _ => return None,
        };
        let (title, said) = match secret.data.registries() {
            Registries::Named => return None,
            Registries::None => (texts::no_registries(), texts::no_credentials()),
            Registries::Unreadable => (texts::unreadable_registries(), texts::unreadable()),
            Registries::Unknown => (texts::unreadable_registries(), findings::none()),
        };
        let evidence = vec![Evidence::since(key, said, secret.meta.creation_timestamp)];
        Some(Draft::about(target("Secret", &secret.meta), Severity::Low, title, evidence))
    });
    pull.collect()
}

fn legacy_token(scene: &Scene<'_>) -> Vec<Draft> {
    let tokens = scene.snapshot.secrets.iter().filter(|secret| secret.type_ == "kubernetes.io/service-account-token");
    let draft = |secret: &Secret| {
        let account = secret.meta.annotations.get("kubernetes.io/service-account.name");
        let account = account.map(|name| name.as_str()).unwrap_or_default();
        // The API server writes down the day on which it last saw the token.
        let used = secret.meta.labels.get("kubernetes.io/legacy-token-last-used");
        let mut evidence = vec![Evidence::since("type", secret.type_.as_str(), secret.meta.creation_timestamp)];
        let said = used.map_or_else(findings::none, |used| used.as_str().to_owned());
        evidence.push(Evidence::new("labels[kubernetes.io/legacy-token-last-used]", said));
        let idle = used.and_then(|used| day(used)).map(|used| scene.age(used));
        let title = texts::legacy_token(account, idle);
        Draft::about(target("Secret", &secret.meta), Severity::Low, title, evidence)
    };
    tokens.map(draft).collect()
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    let day: NaiveDate = text.parse().ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
}
