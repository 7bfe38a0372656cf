//! The kinds that own pods, and the autoscaler that sizes them.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::{Conditions, IntOrString, ObjectMeta};
use super::pod::PodTemplate;
use super::selector::LabelSelector;
use super::storage::PersistentVolumeClaimSpec;
use super::text::Str;

lean! {
    pub struct Deployment {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: DeploymentSpec,
        status: DeploymentStatus,
    }

    pub struct DeploymentSpec {
        /// The server fills in 1; `None` only in hand-written objects.
        replicas: Option<i32>,
        selector: LabelSelector,
        template: PodTemplate,
        paused: bool,
        strategy: DeploymentStrategy,
        min_ready_seconds: i32,
        progress_deadline_seconds: Option<i32>,
        revision_history_limit: Option<i32>,
    }

    pub struct DeploymentStrategy {
        #[serde(rename = "type")] type_: Str,
        rolling_update: Option<RollingUpdate>,
    }

    pub struct RollingUpdate {
        max_unavailable: Option<IntOrString>,
        max_surge: Option<IntOrString>,
        /// StatefulSets only.
        partition: Option<i32>,
    }

    pub struct DeploymentStatus {
        observed_generation: i64,
        replicas: i32,
        updated_replicas: i32,
        ready_replicas: i32,
        available_replicas: i32,
        unavailable_replicas: i32,
        conditions: Conditions,
    }

    pub struct ReplicaSet {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ReplicaSetSpec,
        status: ReplicaSetStatus,
    }

    pub struct ReplicaSetSpec {
        replicas: Option<i32>,
        selector: LabelSelector,
        template: PodTemplate,
        min_ready_seconds: i32,
    }

    pub struct ReplicaSetStatus {
        observed_generation: i64,
        replicas: i32,
        ready_replicas: i32,
        available_replicas: i32,
        conditions: Conditions,
    }

    pub struct StatefulSet {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: StatefulSetSpec,
        status: StatefulSetStatus,
    }

    pub struct StatefulSetSpec {
        replicas: Option<i32>,
        selector: LabelSelector,
        service_name: Str,
        template: PodTemplate,
        update_strategy: DeploymentStrategy,
        pod_management_policy: Str,
        volume_claim_templates: Vec<ClaimTemplate>,
        ordinals: Option<Ordinals>,
        persistent_volume_claim_retention_policy: Option<ClaimRetentionPolicy>,
        revision_history_limit: Option<i32>,
    }

    pub struct ClaimTemplate {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PersistentVolumeClaimSpec,
    }

    /// `Retain` or `Delete`; absent means `Retain`.
    pub struct ClaimRetentionPolicy {
        when_deleted: Str,
        when_scaled: Str,
    }

    pub struct Ordinals {
        start: i32,
    }

    pub struct StatefulSetStatus {
        observed_generation: i64,
        replicas: i32,
        ready_replicas: i32,
        available_replicas: i32,
        current_replicas: i32,
        updated_replicas: i32,
        current_revision: Str,
        update_revision: Str,
        conditions: Conditions,
    }

    pub struct DaemonSet {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: DaemonSetSpec,
        status: DaemonSetStatus,
    }

    pub struct DaemonSetSpec {
        selector: LabelSelector,
        template: PodTemplate,
        update_strategy: DeploymentStrategy,
        min_ready_seconds: i32,
    }

    pub struct DaemonSetStatus {
        observed_generation: i64,
        desired_number_scheduled: i32,
        current_number_scheduled: i32,
        updated_number_scheduled: i32,
        number_ready: i32,
        number_available: i32,
        number_unavailable: i32,
        number_misscheduled: i32,
        conditions: Conditions,
    }

    pub struct Job {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: JobSpec,
        status: JobStatus,
    }

    pub struct JobSpec {
        completions: Option<i32>,
        parallelism: Option<i32>,
        backoff_limit: Option<i32>,
        active_deadline_seconds: Option<i64>,
        ttl_seconds_after_finished: Option<i32>,
        suspend: bool,
        selector: Option<LabelSelector>,
        template: PodTemplate,
    }

    pub struct JobStatus {
        active: i32,
        succeeded: i32,
        failed: i32,
        ready: i32,
        start_time: Option<DateTime<Utc>>,
        completion_time: Option<DateTime<Utc>>,
        conditions: Conditions,
    }

    pub struct CronJob {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CronJobSpec,
        status: CronJobStatus,
    }

    pub struct CronJobSpec {
        schedule: Str,
        time_zone: Str,
        suspend: bool,
        concurrency_policy: Str,
        starting_deadline_seconds: Option<i64>,
        job_template: JobTemplate,
    }

    pub struct JobTemplate {
        spec: JobSpec,
    }

    pub struct CronJobStatus {
        active: Vec<super::meta::ObjectReference>,
        last_schedule_time: Option<DateTime<Utc>>,
        last_successful_time: Option<DateTime<Utc>>,
    }

    pub struct HorizontalPodAutoscaler {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: HorizontalPodAutoscalerSpec,
        status: HorizontalPodAutoscalerStatus,
    }

    pub struct HorizontalPodAutoscalerSpec {
        scale_target_ref: ScaleTargetRef,
        min_replicas: Option<i32>,
        max_replicas: i32,
        metrics: Vec<MetricSpec>,
    }

    /// What it scales by: `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    pub struct MetricSpec {
        #[serde(rename = "type")] type_: Str,
        resource: Option<ResourceMetric>,
        container_resource: Option<ResourceMetric>,
    }

    pub struct ResourceMetric {
        name: Str,
        /// Of `ContainerResource` only.
        container: Str,
        /// In `spec`.
        target: MetricValue,
        /// In `status`.
        current: MetricValue,
    }

    pub struct MetricValue {
        #[serde(rename = "type")] type_: Str,
        average_utilization: Option<i32>,
    }

    pub struct ScaleTargetRef {
        api_version: Str,
        kind: Str,
        name: Str,
    }

    pub struct HorizontalPodAutoscalerStatus {
        current_replicas: i32,
        desired_replicas: i32,
        last_scale_time: Option<DateTime<Utc>>,
        current_metrics: Vec<MetricSpec>,
        conditions: Conditions,
    }
}
