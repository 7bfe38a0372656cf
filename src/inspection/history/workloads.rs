//! What is remembered of workloads: what they run, how many of it, and which configuration they mount.

use super::memory::key;
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

/// A ConfigMap or Secret that is mounted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownConfig {
    /// A hash of what it holds, or its resource version where only metadata was read.
    pub version: String,
    /// The workloads that mount it, with their revision then.
    pub mounted_by: BTreeMap<String, String>,
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
    let known = |kind: &str, meta: &ObjectMeta, template: &PodTemplate, replicas: Option<i32>, revision: &str| {
        let workload = KnownWorkload {
            images: images(template),
            replicas,
            autoscaled: scaled.contains(&(kind, meta.namespace.as_str(), meta.name.as_str())),
            suspended: false,
            revision: revision.to_owned(),
        };
        (key(kind, meta), workload)
    };
    let deployments = snapshot.deployments.iter().map(|deployment| {
        let meta = &deployment.meta;
        let revision = meta.annotations.get("deployment.kubernetes.io/revision").map_or("", |revision| revision);
        let replicas = deployment.spec.replicas.unwrap_or(1);
        known("Deployment", meta, &deployment.spec.template, Some(replicas), revision)
    });
    let stateful_sets = snapshot.stateful_sets.iter().map(|set| {
        let replicas = set.spec.replicas.unwrap_or(1);
        known("StatefulSet", &set.meta, &set.spec.template, Some(replicas), &set.status.update_revision)
    });
    let daemon_sets = snapshot
        .daemon_sets
        .iter()
        .map(|set| known("DaemonSet", &set.meta, &set.spec.template, None, &set.meta.generation.to_string()));
    let cron_jobs = snapshot.cron_jobs.iter().map(|cron_job| {
        let (meta, spec) = (&cron_job.meta, &cron_job.spec);
        let template = &spec.job_template.spec.template;
        let (key, workload) = known("CronJob", meta, template, None, &meta.generation.to_string());
        (key, KnownWorkload { suspended: spec.suspend, ..workload })
    });
    deployments.chain(stateful_sets).chain(daemon_sets).chain(cron_jobs).collect()
}

fn images(template: &PodTemplate) -> BTreeMap<String, String> {
    let containers = template.spec.init_containers.iter().chain(&template.spec.containers);
    containers.map(|container| (String::from(&container.name), String::from(&container.image))).collect()
}
