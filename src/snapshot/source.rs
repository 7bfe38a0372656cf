//! What is not a list of the API server's own objects: measured use, health, certificates on the wire, Prometheus, kubelets.
//! Each fact is an object of the group `roundsman.dev`, so that it is kept, counted, missed and written down like any other.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::{Labels, ObjectMeta};
use super::quantity::Quantities;
use super::text::Str;

lean! {
    /// What a node uses (metrics.k8s.io).
    pub struct NodeMetrics {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        timestamp: Option<DateTime<Utc>>,
        usage: Quantities,
    }

    /// What a pod's containers use (metrics.k8s.io).
    pub struct PodMetrics {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        timestamp: Option<DateTime<Utc>>,
        containers: Vec<ContainerMetrics>,
    }

    pub struct ContainerMetrics {
        name: Str,
        usage: Quantities,
    }

    /// One line of `/readyz?verbose` or `/livez?verbose`; the name is the check's, such as `etcd`.
    pub struct HealthCheck {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        /// `readyz` or `livez`.
        endpoint: Str,
        ok: bool,
        message: Str,
    }

    /// `apiserver_requested_deprecated_apis` that were asked for, from the API server's `/metrics`; the name is `plural.group/version`.
    pub struct DeprecatedApi {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        group: Str,
        version: Str,
        resource: Str,
        /// The release that does not serve it any more, such as `1.39`.
        removed_release: Str,
    }

    /// etcd as far as the API server's `/metrics` or Prometheus tell.
    pub struct EtcdStatus {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        db_bytes: i64,
        /// 0 where nobody tells it.
        quota_bytes: i64,
        /// In the last hour.
        leader_changes: i64,
    }

    /// A certificate or token as its holder shows it.
    pub struct Credential {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        /// `APIServer` (on its port), `Kubelet` (on port 10250; the name is the node's) or `Client` (ours, in the kubeconfig).
        holder: Str,
        not_after: Option<DateTime<Utc>>,
        subject: Str,
    }

    /// How the API server answered this very inspection.
    pub struct RequestStats {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        requests: i64,
        /// The time until the answer began, of 95 in 100 requests, in milliseconds.
        p95_ms: i64,
        /// Answers 429.
        throttled: i64,
        retried: i64,
    }

    /// One API that discovery tells of; the name is `plural.group`.
    pub struct ServedApi {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        group: Str,
        version: Str,
        resource: Str,
        #[serde(rename = "servedKind")] kind: Str,
        namespaced: bool,
        /// Whether it has the subresource `scale`.
        scale: bool,
    }

    /// A kubelet's `/stats/summary`; the name is the node's.
    pub struct NodeSummary {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        /// `nodefs`, `imagefs`.
        filesystems: Vec<FilesystemUse>,
        pods: Vec<PodSummary>,
    }

    pub struct PodSummary {
        namespace: Str,
        name: Str,
        ephemeral_storage: Option<FilesystemUse>,
    }

    /// How full a claim's volume is, from a kubelet or Prometheus; named like the claim.
    pub struct VolumeUse {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        used: FilesystemUse,
    }

    pub struct FilesystemUse {
        name: Str,
        used_bytes: i64,
        capacity_bytes: i64,
        inodes_used: i64,
        inodes: i64,
    }

    /// A container that was throttled, from Prometheus; named like the pod.
    pub struct CpuThrottling {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        container: Str,
        /// Of the periods of the last hour, in percent.
        percent: f64,
    }

    /// A scrape target that is down, from Prometheus.
    pub struct ScrapeTarget {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        job: Str,
        instance: Str,
        labels: Labels,
        last_error: Str,
        since: Option<DateTime<Utc>>,
    }

    /// A Prometheus configuration as Prometheus itself reports it.
    pub struct PrometheusStatus {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        /// `prometheus_config_last_reload_successful`.
        reload_successful: bool,
        scrape_pools: i64,
        error: Str,
        /// Those that find targets and keep none.
        dropping: Vec<DroppingPool>,
    }

    /// A scrape pool of Prometheus of which the relabeling drops every target.
    pub struct DroppingPool {
        name: Str,
        dropped: u64,
    }

    /// An alert that fires, from Alertmanager.
    pub struct Alert {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        labels: Labels,
        summary: Str,
        starts_at: Option<DateTime<Utc>>,
    }

    /// An issue that the cloud provider reports about the cluster (EKS: `DescribeCluster`, `health.issues`).
    pub struct ProviderIssue {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        code: Str,
        message: Str,
        /// What it is about: subnets, security groups, roles, keys.
        resource_ids: Vec<Str>,
    }

    /// The last lines of a failing container's log that look like errors; named like the pod.
    pub struct LogErrors {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        container: Str,
        /// How many lines were read.
        lines: i64,
        /// How many of them look like errors.
        errors: i64,
        /// The newest of them, redacted.
        sample: Str,
    }

    /// The `cluster-autoscaler-status` ConfigMap.
    pub struct AutoscalerStatus {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        /// `Healthy`, `Unhealthy`, …
        health: Str,
        /// `InProgress`, `NoActivity`, `Backoff`, …
        scale_up: Str,
        message: Str,
        last_transition_time: Option<DateTime<Utc>>,
    }
}
