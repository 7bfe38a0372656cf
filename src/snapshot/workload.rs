//! The kinds that own pods, and the autoscaler that sizes them.

use chrono::{DateTime, Utc};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{IntOrString, ObjectMeta};
use super::pod::PodTemplate;
use super::selector::LabelSelector;
use super::storage::PersistentVolumeClaimSpec;
use super::text::Str;

lean! {
    pub struct Deployment {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: DeploymentSpec = 2,
        status: DeploymentStatus = 3,
    }

    pub struct DeploymentSpec {
        /// The server fills in 1; `None` only in hand-written objects.
        replicas: Option<i32> = 1,
        selector: LabelSelector = 2,
        template: PodTemplate = 3,
        paused: bool = 7,
        strategy: DeploymentStrategy = 4,
        min_ready_seconds: i32 = 5,
        progress_deadline_seconds: Option<i32> = 9,
        revision_history_limit: Option<i32> = 6,
    }

    pub struct DeploymentStrategy {
        #[serde(rename = "type")] type_: Str = 1,
        rolling_update: Option<RollingUpdate> = 2,
    }

    pub struct RollingUpdate {
        max_unavailable: Option<IntOrString> = 1,
        max_surge: Option<IntOrString> = 2,
    }

    pub struct DeploymentStatus {
        observed_generation: i64 = 1,
        replicas: i32 = 2,
        updated_replicas: i32 = 3,
        ready_replicas: i32 = 7,
        available_replicas: i32 = 4,
        unavailable_replicas: i32 = 5,
        conditions: Conditions = 6 via Conditions::read_of_deployment,
    }

    pub struct ReplicaSet {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: ReplicaSetSpec = 2,
        status: ReplicaSetStatus = 3,
    }

    pub struct ReplicaSetSpec {
        replicas: Option<i32> = 1,
        selector: LabelSelector = 2,
        template: PodTemplate = 3,
        min_ready_seconds: i32 = 4,
    }

    pub struct ReplicaSetStatus {
        observed_generation: i64 = 3,
        replicas: i32 = 1,
        ready_replicas: i32 = 4,
        available_replicas: i32 = 5,
        conditions: Conditions = 6 via Conditions::read_without_probe,
    }

    pub struct StatefulSet {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: StatefulSetSpec = 2,
        status: StatefulSetStatus = 3,
    }

    pub struct StatefulSetSpec {
        replicas: Option<i32> = 1,
        selector: LabelSelector = 2,
        service_name: Str = 5,
        template: PodTemplate = 3,
        update_strategy: StatefulSetStrategy = 7,
        pod_management_policy: Str = 6,
        volume_claim_templates: Vec<ClaimTemplate> = 4,
        ordinals: Option<Ordinals> = 11,
        persistent_volume_claim_retention_policy: Option<ClaimRetentionPolicy> = 10,
        revision_history_limit: Option<i32> = 8,
    }

    pub struct StatefulSetStrategy {
        #[serde(rename = "type")] type_: Str = 1,
        rolling_update: Option<RollingPartition> = 2,
    }

    pub struct RollingPartition {
        /// Pods with a lower ordinal keep the old revision.
        partition: Option<i32> = 1,
        max_unavailable: Option<IntOrString> = 2,
    }

    pub struct ClaimTemplate {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PersistentVolumeClaimSpec = 2,
    }

    /// `Retain` or `Delete`; absent means `Retain`.
    pub struct ClaimRetentionPolicy {
        when_deleted: Str = 1,
        when_scaled: Str = 2,
    }

    pub struct Ordinals {
        start: i32 = 1,
    }

    pub struct StatefulSetStatus {
        observed_generation: i64 = 1,
        replicas: i32 = 2,
        ready_replicas: i32 = 3,
        available_replicas: i32 = 11,
        current_replicas: i32 = 4,
        updated_replicas: i32 = 5,
        current_revision: Str = 6,
        update_revision: Str = 7,
        conditions: Conditions = 10 via Conditions::read_without_probe,
    }

    pub struct DaemonSet {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: DaemonSetSpec = 2,
        status: DaemonSetStatus = 3,
    }

    pub struct DaemonSetSpec {
        selector: LabelSelector = 1,
        template: PodTemplate = 2,
        update_strategy: DeploymentStrategy = 3,
        min_ready_seconds: i32 = 4,
    }

    pub struct DaemonSetStatus {
        observed_generation: i64 = 5,
        desired_number_scheduled: i32 = 3,
        current_number_scheduled: i32 = 1,
        updated_number_scheduled: i32 = 6,
        number_ready: i32 = 4,
        number_available: i32 = 7,
        number_unavailable: i32 = 8,
        number_misscheduled: i32 = 2,
        conditions: Conditions = 10 via Conditions::read_without_probe,
    }

    pub struct Job {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: JobSpec = 2,
        status: JobStatus = 3,
    }

    pub struct JobSpec {
        completions: Option<i32> = 2,
        parallelism: Option<i32> = 1,
        backoff_limit: Option<i32> = 7,
        active_deadline_seconds: Option<i64> = 3,
        ttl_seconds_after_finished: Option<i32> = 8,
        suspend: bool = 10,
        selector: Option<LabelSelector> = 4,
        template: PodTemplate = 6,
    }

    pub struct JobStatus {
        active: i32 = 4,
        succeeded: i32 = 5,
        failed: i32 = 6,
        ready: i32 = 9,
        start_time: Option<DateTime<Utc>> = 2,
        completion_time: Option<DateTime<Utc>> = 3,
        conditions: Conditions = 1,
    }

    pub struct CronJob {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: CronJobSpec = 2,
        status: CronJobStatus = 3,
    }

    pub struct CronJobSpec {
        schedule: Str = 1,
        time_zone: Str = 8,
        suspend: bool = 4,
        concurrency_policy: Str = 3,
        starting_deadline_seconds: Option<i64> = 2,
        job_template: JobTemplate = 5,
    }

    pub struct JobTemplate {
        spec: JobSpec = 2,
    }

    pub struct CronJobStatus {
        active: Vec<super::meta::ObjectReference> = 1,
        last_schedule_time: Option<DateTime<Utc>> = 4,
        last_successful_time: Option<DateTime<Utc>> = 5,
    }

    pub struct HorizontalPodAutoscaler {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: HorizontalPodAutoscalerSpec = 2,
        status: HorizontalPodAutoscalerStatus = 3,
    }

    pub struct HorizontalPodAutoscalerSpec {
        scale_target_ref: ScaleTargetRef = 1,
        min_replicas: Option<i32> = 2,
        max_replicas: i32 = 3,
        metrics: Vec<MetricSpec> = 4,
    }

    /// What it scales by: `Resource`, `ContainerResource`, `Pods`, `Object` or `External`.
    pub struct MetricSpec {
        #[serde(rename = "type")] type_: Str = 1,
        resource: Option<ResourceMetric> = 4,
        container_resource: Option<ResourceMetric> = 7,
    }

    pub struct ResourceMetric {
        name: Str = 1,
        /// Of `ContainerResource` only.
        container: Str = 3,
        target: MetricTarget = 2,
    }

    pub struct MetricTarget {
        #[serde(rename = "type")] type_: Str = 1,
        average_utilization: Option<i32> = 4,
    }

    /// What was measured of it.
    pub struct MetricStatus {
        #[serde(rename = "type")] type_: Str = 1,
        resource: Option<ResourceMetricStatus> = 4,
        container_resource: Option<ResourceMetricStatus> = 7,
    }

    pub struct ResourceMetricStatus {
        name: Str = 1,
        /// Of `ContainerResource` only.
        container: Str = 3,
        current: MetricValue = 2,
    }

    pub struct MetricValue {
        average_utilization: Option<i32> = 3,
    }

    pub struct ScaleTargetRef {
        api_version: Str = 3,
        kind: Str = 1,
        name: Str = 2,
    }

    pub struct HorizontalPodAutoscalerStatus {
        current_replicas: i32 = 3,
        desired_replicas: i32 = 4,
        last_scale_time: Option<DateTime<Utc>> = 2,
        current_metrics: Vec<MetricStatus> = 5,
        conditions: Conditions = 6 via Conditions::read_without_probe,
    }
}
