//! ConfigMaps and Secrets that are left over, empty, or about to be too large.

use super::check::row::*;
use super::helm::is_release;
use super::references::{Unseen, referred};
use super::scene::{Draft, Scene, is_system, target};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{
    Buckets, Certificates, ClusterIssuers, ConfigMaps, CronJobs, CustomResourceDefinitions, CustomResources,
    DaemonSets, Deployments, Gateways, GitRepositories, HelmReleases, HelmRepositories, Ingresses, Issuers, Jobs,
    Kustomizations, OciRepositories, PersistentVolumes, Pods, ReplicaSets, ScaledObjects, Secrets, ServiceAccounts,
    StatefulSets, StorageClasses,
};
use crate::snapshot::{ConfigMap, ObjectMeta, Secret};
use crate::texts::findings::{self, config as texts};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("configmap/unused"),
        kind: "ConfigMap",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[
            (ConfigMaps, Walked),
            (Pods, Complete),
            (ReplicaSets, Complete),
            (Deployments, Complete),
            (StatefulSets, Complete),
            (DaemonSets, Complete),
            (Jobs, Complete),
            (CronJobs, Complete),
        ],
        gate: Some("7d"),
        means: "It is left over, or the workload that should use it names another one.",
        advice: "Delete it, unless a program reads it through the API.",
        find: unused_config_map,
    },
    Check {
        id: CheckId::new("configmap/empty"),
        kind: "ConfigMap",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(ConfigMaps, Walked)],
        gate: None,
        means: "Whoever mounts it finds no file, and may run with what it takes for granted.",
        advice: "Fill it, or delete it.",
        find: empty,
    },
    Check {
        id: CheckId::new("configmap/near-size-limit"),
        kind: "ConfigMap",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(ConfigMaps, Walked)],
        gate: Some("900KiB"),
        means: "From 1024 KiB on the API server refuses every change of it, in the middle of a release.",
        advice: "Split it, or put the data into an image or a volume.",
        find: near_size_limit,
    },
    Check {
        id: CheckId::new("secret/unused"),
        kind: "Secret",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[
            (Secrets, Walked),
            (Pods, Complete),
            (ReplicaSets, Complete),
            (Deployments, Complete),
            (StatefulSets, Complete),
            (DaemonSets, Complete),
            (Jobs, Complete),
            (CronJobs, Complete),
            (ServiceAccounts, Complete),
            (Ingresses, Complete),
            (PersistentVolumes, Complete),
            (StorageClasses, Complete),
            (Gateways, Detail),
            (Certificates, Detail),
            (Issuers, Detail),
            (ClusterIssuers, Detail),
            (ScaledObjects, Detail),
            (CustomResourceDefinitions, Detail),
            (CustomResources, Detail),
            (GitRepositories, Detail),
            (HelmRepositories, Detail),
            (OciRepositories, Detail),
            (Buckets, Detail),
            (HelmReleases, Detail),
            (Kustomizations, Detail),
        ],
        gate: Some("7d"),
        means: "Credentials that nobody needs can still be stolen.",
        advice: "Delete it, unless a program or an operator reads it through the API.",
        find: unused_secret,
    },
];

/// ConfigMaps that Kubernetes and its extensions put into every namespace.
const EVERYWHERE: &[&str] = &["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"];
/// What makes a ConfigMap a lock for leader elections.
const LOCK: &str = "control-plane.alpha.kubernetes.io/leader";

/// Since when something has been lying around that nobody looks after and that is old enough to be left over.
fn left_over(scene: &Scene<'_>, meta: &ObjectMeta) -> Option<i64> {
    let age = scene.age(meta.creation_timestamp?);
    let kept = !meta.owner_references.is_empty() || is_system(&meta.namespace) || meta.deletion_timestamp.is_some();
    (!kept && age > scene.thresholds.left_over).then(|| age.num_days())
}

fn unused_config_map(scene: &Scene<'_>) -> Vec<Draft> {
    let referred = referred(scene);
    let drafts = scene.snapshot.config_maps.iter().filter_map(|map| {
        let days = left_over(scene, &map.meta)?;
        let name = map.meta.name.as_str();
        let used = referred.contains(&("ConfigMap", map.meta.namespace.as_str(), name));
        let known = EVERYWHERE.contains(&name) || map.meta.annotations.contains_key(LOCK);
        if used || known || is_found_by_label(map) {
            return None;
        }
        let evidence = vec![Evidence::since("used by", "0", map.meta.creation_timestamp)];
        Some(Draft::about(target("ConfigMap", &map.meta), Severity::Info, texts::unused_config_map(days), evidence))
    });
    drafts.collect()
}

/// Whether a sidecar collects it by a label, as Grafana's does: such labels are flags without a prefix.
fn is_found_by_label(map: &ConfigMap) -> bool {
    let mut labels = map.meta.labels.iter();
    labels.any(|(key, value)| !key.contains('/') && matches!(value.as_str(), "" | "1" | "true"))
        || map.meta.labels.get("app.kubernetes.io/part-of").is_some_and(|part| *part == "argocd")
}

fn empty(scene: &Scene<'_>) -> Vec<Draft> {
    let empty = scene.snapshot.config_maps.iter().filter(|map| {
        let lock = map.meta.annotations.contains_key(LOCK);
        map.data.is_empty() && map.binary_data.is_empty() && !lock && !is_system(&map.meta.namespace)
    });
    let draft = |map: &ConfigMap| {
        let evidence = vec![Evidence::since("data", findings::none(), map.meta.creation_timestamp)];
        Draft::about(target("ConfigMap", &map.meta), Severity::Info, texts::empty_config_map(), evidence)
    };
    empty.map(draft).collect()
}

fn near_size_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.config_maps.iter().filter_map(|map| {
        let values = || map.data.iter().chain(map.binary_data.iter());
        let size: u64 = values().map(|(_, length)| u64::from(length)).sum();
        let kibibytes = size / 1024;
        let (largest, length) = values().max_by_key(|(_, length)| *length)?;
        (kibibytes >= scene.thresholds.config_map_size).then(|| {
            let evidence = vec![
                Evidence::new("data", texts::kibibytes(kibibytes)),
                Evidence::new(format!("data[{largest}]"), texts::kibibytes(u64::from(length) / 1024)),
            ];
            let title = texts::near_size_limit(kibibytes);
            Draft::about(target("ConfigMap", &map.meta), Severity::Low, title, evidence)
        })
    });
    drafts.collect()
}

fn unused_secret(scene: &Scene<'_>) -> Vec<Draft> {
    let (referred, unseen) = (referred(scene), Unseen::of(scene.snapshot));
    let drafts = scene.snapshot.secrets.iter().filter_map(|secret| {
        let days = left_over(scene, &secret.meta)?;
        let used = referred.contains(&("Secret", secret.meta.namespace.as_str(), secret.meta.name.as_str()));
        if used || unseen.covers(secret) || is_found_by_kind(secret) {
            return None;
        }
        let evidence = vec![
            Evidence::new("type", secret.type_.as_str()),
            Evidence::since("used by", "0", secret.meta.creation_timestamp),
        ];
        Some(Draft::about(target("Secret", &secret.meta), Severity::Info, texts::unused_secret(days), evidence))
    });
    drafts.collect()
}

/// Whether those who use it find it by what it is: tokens, Helm's releases, what cert-manager and others keep for
/// themselves.
fn is_found_by_kind(secret: &Secret) -> bool {
    let meta = &secret.meta;
    let of_a_tool = |key: &str| key.starts_with("cert-manager.io/") || key.starts_with("controller.cert-manager.io/");
    let own = meta.labels.iter().chain(meta.annotations.iter()).any(|(key, _)| of_a_tool(key));
    // cert-manager's account at an ACME server: a key without a certificate.
    let account = secret.data.contains("tls.key") && secret.data.keys().count() == 1;
    let labelled = meta.labels.iter().any(|(key, _)| key.contains("argocd.argoproj.io/"));
    let type_ = secret.type_.as_str();
    let token = matches!(type_, "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token");
    // Without a type only its metadata was read.
    type_.is_empty() || token || type_.starts_with("helm.sh/") || is_release(secret) || own || account || labelled
}
