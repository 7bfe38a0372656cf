//! The Operator Lifecycle Manager's second life: catalogs and extensions of the whole cluster.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{ClusterCatalogs, ClusterExtensions};
use crate::snapshot::{ImageRef, OlmOne};
use crate::texts::findings::operator as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("olm/clustercatalog-broken"),
        kind: "ClusterCatalog",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(ClusterCatalogs, Walked)],
        gate: Some("5m"),
        means: "Extensions from this catalog can be neither installed nor upgraded.",
        advice: "Correct the image reference, or look why it cannot be pulled.",
        find: catalog,
    },
    Check {
        id: CheckId::new("olm/clusterextension-broken"),
        kind: "ClusterExtension",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(ClusterExtensions, Walked)],
        gate: Some("5m"),
        means: "The operator is not installed, or not in the version that was asked for.",
        advice: "The condition's message says what is missing: a version, rights of its ServiceAccount, or a policy.",
        find: extension,
    },
];

/// Adds what conditions say: that something is still under way, which says why, and the one that must be true.
fn conditions(scene: &Scene<'_>, object: &OlmOne, wanted: &str, evidence: &mut Vec<Evidence>) -> Option<String> {
    let conditions = &object.status.conditions;
    let wanted = conditions.get(wanted).filter(|condition| condition.status != "True");
    let progressing = conditions.get("Progressing").filter(|condition| condition.reason != "Succeeded");
    let mut title = None;
    for condition in progressing.into_iter().chain(wanted) {
        let since = condition.last_transition_time.or(object.meta.creation_timestamp);
        if scene.is_settled(since) {
            evidence.push(Evidence::since(
                format!("conditions[{}].reason", condition.type_),
                &*condition.reason,
                since,
            ));
            let said = || texts::olm_condition(&condition.type_, &condition.reason, &condition.message);
            title = title.or_else(|| Some(said()));
        }
    }
    title
}

fn living(objects: &[OlmOne]) -> impl Iterator<Item = &OlmOne> {
    objects.iter().filter(|object| object.meta.deletion_timestamp.is_none())
}

fn catalog(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(&scene.snapshot.cluster_catalogs).filter_map(|catalog| {
        let conditions = &catalog.status.conditions;
        // availabilityMode: Unavailable.
        if conditions.get("Serving").is_some_and(|serving| serving.reason == "UserSpecifiedUnavailable") {
            return None;
        }
        let mut evidence = Vec::new();
        let image = catalog.spec.source.image.as_ref().map_or("", |image| image.reference.as_str());
        let mut title = ImageRef::parse(image).is_none().then(|| texts::bad_image(image));
        if title.is_some() {
            evidence.push(Evidence::new("spec.source.image.ref", image));
        }
        let said = self::conditions(scene, catalog, "Serving", &mut evidence);
        title = title.or(said);
        let resolved = catalog.status.resolved_source.as_ref().and_then(|source| source.image.as_ref());
        let resolved = resolved.map_or("", |image| image.reference.as_str());
        let pinned = ImageRef::parse(resolved).is_some_and(|image| image.digest.is_some());
        if !pinned && scene.is_settled(catalog.meta.creation_timestamp) {
            evidence.push(Evidence::new("status.resolvedSource.image.ref", texts::written(resolved)));
            title = title.or_else(|| Some(texts::unresolved(resolved)));
        }
        Some(Draft::about(target("ClusterCatalog", &catalog.meta), Severity::Medium, title?, evidence))
    });
    drafts.collect()
}

/// What `upgradeConstraintPolicy` can be.
const POLICIES: &[&str] = &["", "CatalogProvided", "SelfCertified"];

fn extension(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(&scene.snapshot.cluster_extensions).filter_map(|extension| {
        let source = &extension.spec.source;
        let mut evidence = Vec::new();
        let mut title = None;
        if source.source_type != "Catalog" {
            evidence.push(Evidence::new("spec.source.sourceType", texts::written(&source.source_type)));
            title = Some(texts::bad_source_type(&source.source_type));
        }
        let policy = source.catalog.as_ref().map_or("", |catalog| catalog.upgrade_constraint_policy.as_str());
        if !POLICIES.contains(&policy) {
            evidence.push(Evidence::new("spec.source.catalog.upgradeConstraintPolicy", policy));
            title = title.or_else(|| Some(texts::bad_policy(policy)));
        }
        let said = conditions(scene, extension, "Installed", &mut evidence);
        let title = title.or(said)?;
        Some(Draft::about(target("ClusterExtension", &extension.meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}
