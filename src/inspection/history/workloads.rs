//! What is remembered of workloads: what they run, how many of it, and which configuration they mount.

use super::memory::key;
use crate::diagnosis::config_refs;
use crate::snapshot::{ObjectMeta, PodTemplate, Resource, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The lists that must be complete, or a workload that is not seen would look removed.
pub(super) const READS: &[Resource] = &[
    Resource::Deployments,
    Resource::StatefulSets,
    Resource::DaemonSets,
    Resource::CronJobs,
    Resource::HorizontalPodAutoscalers,
];

/// One workload.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownWorkload {
    /// The images of the template, by container.
    pub images: BTreeMap<String, String>,
    /// How many were asked for; None for what has no such number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Whether an autoscaler asks for them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub autoscaled: bool,
    /// Whether it is suspended: a CronJob.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// What changes with each rollout: a Deployment's revision, a StatefulSet's update revision, the generation of
    /// the others.
    pub revision: String,
}

/// A ConfigMap or Secret that workloads use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownConfig {
    /// Another one means that it holds something else; of a Secret, that it was written.
    pub digest: String,
    /// The workloads that use it, by [`key`], with their revision then.
    pub used_by: BTreeMap<String, String>,
}

pub(super) fn of(snapshot: &Snapshot) -> BTreeMap<String, KnownWorkload> {
    let scaled: BTreeSet<(&str, &str, &str)> = snapshot
        .horizontal_pod_autoscalers
        .iter()
        .map(|autoscaler| {
            let target = &autoscaler.spec.scale_target_ref;
            (target.kind.as_str(), autoscaler.meta.namespace.as_str(), target.name.as_str())
        })
        .collect();
    let known = |workload: Workload<'_>| {
        let Workload { kind, meta, template, replicas, suspended, revision } = workload;
        let known = KnownWorkload {
            images: images(template),
            replicas,
            autoscaled: scaled.contains(&(kind, meta.namespace.as_str(), meta.name.as_str())),
            suspended,
            revision,
        };
        (key(kind, meta), known)
    };
    workloads(snapshot).map(known).collect()
}

/// The ConfigMaps and Secrets that workloads use. What leader elections and the like write all the time is not among
/// them. Where Secrets cannot be read, what was known of them `before`.
pub(super) fn configs(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<String, KnownConfig>>,
) -> BTreeMap<String, KnownConfig> {
    let maps = snapshot.config_maps.iter();
    let maps =
        maps.map(|map| (key("ConfigMap", &map.meta), format!("{:016x}", map.data.digest() ^ map.binary_data.digest())));
    // Of a legacy token the API server writes down every day that it was used.
    let secrets = snapshot.secrets.iter().filter(|secret| secret.type_ != "kubernetes.io/service-account-token");
    let versioned = secrets.filter(|secret| !secret.meta.resource_version.is_empty());
    let secrets = versioned.map(|secret| (key("Secret", &secret.meta), String::from(&secret.meta.resource_version)));
    let digests: BTreeMap<String, String> = maps.chain(secrets).collect();
    let mut configs: BTreeMap<String, KnownConfig> = BTreeMap::new();
    for workload in workloads(snapshot) {
        for used in config_refs(&workload.template.spec) {
            let config = format!("{}/{}/{}", used.kind, workload.meta.namespace, used.name);
            let Some(digest) = digests.get(&config) else { continue };
            let known = configs.entry(config).or_default();
            known.digest.clone_from(digest);
            known.used_by.insert(key(workload.kind, workload.meta), workload.revision.clone());
        }
    }
    if !snapshot.has_read(Resource::Secrets) {
        let known = before.into_iter().flatten().filter(|(config, _)| config.starts_with("Secret/"));
        for (config, known) in known {
            configs.entry(config.clone()).or_insert_with(|| known.clone());
        }
    }
    configs
}

/// What the kinds of workloads have in common.
struct Workload<'a> {
    kind: &'static str,
    meta: &'a ObjectMeta,
    template: &'a PodTemplate,
    replicas: Option<i32>,
    suspended: bool,
    revision: String,
}

fn workloads(snapshot: &Snapshot) -> impl Iterator<Item = Workload<'_>> {
    let deployments = snapshot.deployments.iter().map(|deployment| Workload {
        kind: "Deployment",
        meta: &deployment.meta,
        template: &deployment.spec.template,
        replicas: Some(deployment.spec.replicas.unwrap_or(1)),
        suspended: false,
        revision: deployment
            .meta
            .annotations
            .get("deployment.kubernetes.io/revision")
            .map(String::from)
            .unwrap_or_default(),
    });
    let stateful_sets = snapshot.stateful_sets.iter().map(|set| Workload {
        kind: "StatefulSet",
        meta: &set.meta,
        template: &set.spec.template,
        replicas: Some(set.spec.replicas.unwrap_or(1)),
        suspended: false,
        revision: String::from(&set.status.update_revision),
    });
    let daemon_sets = snapshot.daemon_sets.iter().map(|set| Workload {
        kind: "DaemonSet",
        meta: &set.meta,
        template: &set.spec.template,
        replicas: None,
        suspended: false,
        revision: set.meta.generation.to_string(),
    });
    let cron_jobs = snapshot.cron_jobs.iter().map(|cron_job| Workload {
        kind: "CronJob",
        meta: &cron_job.meta,
        template: &cron_job.spec.job_template.spec.template,
        replicas: None,
        suspended: cron_job.spec.suspend,
        revision: cron_job.meta.generation.to_string(),
    });
    deployments.chain(stateful_sets).chain(daemon_sets).chain(cron_jobs)
}

fn images(template: &PodTemplate) -> BTreeMap<String, String> {
    let containers = template.spec.init_containers.iter().chain(&template.spec.containers);
    containers.map(|container| (String::from(&container.name), String::from(&container.image))).collect()
}

#[cfg(test)]
mod tests {
    use super::{configs, of};
    use crate::snapshot::{Resource, Snapshot, Unread, Why};
    use chrono::DateTime;
    use serde_json::json;

    #[test]
    fn images_replicas_and_configuration_are_told_by_workload() {
        let meta = |name: &str| {
            json!({"namespace": "shop", "name": name,
            "annotations": {"deployment.kubernetes.io/revision": "7"}})
        };
        let objects = vec![
            json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": meta("api"), "spec": {"replicas": 3,
                "template": {"spec": {"initContainers": [{"name": "migrate", "image": "api:1"}],
                    "containers": [{"name": "api", "image": "api:1", "envFrom": [{"configMapRef": {"name": "api"}}, {"secretRef": {"name": "db"}}]}]}}}}),
            json!({"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2", "metadata": meta("api"),
                "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}}}),
            json!({"kind": "CronJob", "apiVersion": "batch/v1", "metadata": meta("report"), "spec": {"suspend": true}}),
            json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta("api"), "data": {"port": "80"}}),
            json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta("leader"), "data": {"holder": "a"}}),
            json!({"kind": "Secret", "apiVersion": "v1", "type": "Opaque", "data": {"password": "bm9uZQ=="},
                "metadata": {"namespace": "shop", "name": "db", "resourceVersion": "47"}}),
        ];
        let snapshot = Snapshot::from_objects(DateTime::UNIX_EPOCH, objects).unwrap();
        let workloads = serde_json::to_value(of(&snapshot)).unwrap();
        assert_eq!(
            workloads,
            json!({
                "Deployment/shop/api": {"images": {"api": "api:1", "migrate": "api:1"}, "replicas": 3,
                    "autoscaled": true, "revision": "7"},
                "CronJob/shop/report": {"images": {}, "suspended": true, "revision": "0"},
            })
        );
        let known = configs(&snapshot, None);
        assert_eq!(known.keys().collect::<Vec<_>>(), ["ConfigMap/shop/api", "Secret/shop/db"]);
        assert_eq!(known["ConfigMap/shop/api"].used_by["Deployment/shop/api"], "7");
        assert_eq!(known["Secret/shop/db"].digest, "47");
        let mut blind = snapshot.clone();
        blind.secrets.clear();
        blind.unread.push(Unread { resource: Resource::Secrets, why: Why::SwitchedOff });
        assert_eq!(configs(&blind, Some(&known)), known);
    }
}
