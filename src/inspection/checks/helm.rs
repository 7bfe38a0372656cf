//! Helm's releases, which it keeps as Secrets: what it is at stands in their labels.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::Resource::Secrets;
use crate::snapshot::Secret;
use crate::texts::findings::config as texts;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("helm/release-stuck"),
    kind: "Secret",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(Secrets, Walked)],
    gate: Some("30m"),
    means: "Half of the change may be in place, and while it is pending Helm refuses the next one.",
    advice: "See helm history; go back with helm rollback to the last revision that was deployed, then upgrade again.",
    find: release_stuck,
}];

fn release_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let mut newest: BTreeMap<(&str, &str), (u32, &Secret)> = BTreeMap::new();
    for secret in scene.snapshot.secrets.iter().filter(|secret| is_release(secret)) {
        let Some((name, revision)) = label(secret, "name").zip(label(secret, "version")) else { continue };
        let Ok(revision) = revision.parse() else { continue };
        let release = newest.entry((secret.meta.namespace.as_str(), name)).or_insert((revision, secret));
        if release.0 < revision {
            *release = (revision, secret);
        }
    }
    let drafts = newest.into_iter().filter_map(|((namespace, name), (revision, secret))| {
        let status = label(secret, "status")?;
        let since = since(secret)?;
        let age = scene.age(since);
        let title = match status {
            "failed" => texts::release_failed(revision),
            _ if status.starts_with("pending-") && age > scene.thresholds.release => texts::release_stuck(status, age),
            _ => return None,
        };
        let evidence = vec![
            Evidence::since("labels[status]", status, Some(since)),
            Evidence::new("labels[version]", revision.to_string()),
        ];
        // The release is what lasts: each of its revisions has a Secret of its own.
        let this = Target::namespaced("HelmRelease", namespace, name);
        let objects = vec![target("Secret", &secret.meta).into()];
        Some(Draft { objects, ..Draft::about(this, Severity::Medium, title, evidence) })
    });
    drafts.collect()
}

/// Whether Helm keeps a revision of a release in it.
pub(super) fn is_release(secret: &Secret) -> bool {
    secret.meta.name.starts_with("sh.helm.release.v1.") && label(secret, "owner") == Some("helm")
}

fn label<'a>(secret: &'a Secret, name: &str) -> Option<&'a str> {
    secret.meta.labels.get(name).map(|value| value.as_str())
}

/// When Helm last wrote it, which it says as seconds since 1970.
fn since(secret: &Secret) -> Option<DateTime<Utc>> {
    let written = label(secret, "modifiedAt").or_else(|| label(secret, "createdAt"));
    let written = written.and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    written.or(secret.meta.creation_timestamp)
}
