//! Objects whose manifest is written in a version that Kubernetes takes away: the next `kubectl apply` of it fails.
//!
//! What `metadata.managedFields` says besides is not asked: an entry stays there for years after its writer has moved on, and
//! of a version that is still served the API server's metrics say who asks for it today.

use super::control_plane::cluster;
use super::node_version::minor;
use super::scene::{Draft, Scene};
use crate::finding::{Evidence, Severity};
use crate::snapshot::LAST_APPLIED;
use crate::texts::findings::cluster as texts;
use std::collections::BTreeMap;

/// Kinds and the versions of them that Kubernetes has taken away, with the minor version that did: Kubernetes' deprecated API
/// migration guide, as of 1.37.
const TAKEN_AWAY: &[(u32, &str, &[&str])] = &[
    (26, "autoscaling/v2beta2", &["HorizontalPodAutoscaler"]),
    (25, "autoscaling/v2beta1", &["HorizontalPodAutoscaler"]),
    (25, "batch/v1beta1", &["CronJob"]),
    (25, "policy/v1beta1", &["PodDisruptionBudget"]),
    (22, "admissionregistration.k8s.io/v1beta1", &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]),
    (22, "apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"]),
    (22, "apiregistration.k8s.io/v1beta1", &["APIService"]),
    (22, "extensions/v1beta1", &["Ingress"]),
    (22, "networking.k8s.io/v1beta1", &["Ingress"]),
    (22, "rbac.authorization.k8s.io/v1beta1", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]),
    (22, "storage.k8s.io/v1beta1", &["StorageClass"]),
    (16, "apps/v1beta1", &["Deployment", "StatefulSet"]),
    (16, "apps/v1beta2", &["Deployment", "StatefulSet", "DaemonSet"]),
    (16, "extensions/v1beta1", &["Deployment", "DaemonSet"]),
];

/// So many objects are named as evidence.
const NAMED: usize = 3;

/// One finding for each kind in each such version.
pub(super) fn old_manifests(scene: &Scene<'_>) -> Vec<Draft> {
    let server = scene.snapshot.version.as_deref().and_then(minor);
    let mut found: BTreeMap<(&str, &str, u32), Vec<String>> = BTreeMap::new();
    for (_, object) in scene.graph.objects() {
        let applied = object.entity.and_then(|entity| entity.meta().annotations.get(LAST_APPLIED));
        let Some(version) = applied.map(|version| version.as_str()) else { continue };
        let taken = TAKEN_AWAY.iter().find(|(_, old, kinds)| *old == version && kinds.contains(&object.kind));
        if let Some((release, ..)) = taken {
            let name = match object.namespace {
                "" => object.name.to_owned(),
                namespace => format!("{namespace}/{}", object.name),
            };
            found.entry((object.kind, version, *release)).or_default().push(name);
        }
    }
    let drafts = found.into_iter().map(|((kind, version, release), mut names)| {
        names.sort_unstable();
        let next = server.is_none_or(|(major, minor)| (1, release) == (major, minor + 1));
        let severity = if next { Severity::High } else { Severity::Medium };
        let gone = server.is_some_and(|server| (1, release) <= server);
        let mut evidence = vec![Evidence::new("removed in", format!("1.{release}"))];
        evidence
            .extend(names.iter().take(NAMED).map(|name| Evidence::new("last applied as", format!("{kind} {name}"))));
        let title = texts::old_manifest(names.len(), kind, version, gone, release);
        let container = Some(format!("{kind} of {version}"));
        Draft { container, ..Draft::about(cluster(scene), severity, title, evidence) }
    });
    drafts.collect()
}
