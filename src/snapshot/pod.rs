//! Pods, as far as checks and cause chains look at them.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::Labels;
use super::meta::{Conditions, IntOrString, LocalObjectReference, ObjectMeta};
use super::quantity::Quantities;
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    pub struct Pod {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PodSpec,
        status: PodStatus,
    }

    pub struct PodTemplate {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PodSpec,
    }

    pub struct PodSpec {
        node_name: Str,
        containers: Vec<Container>,
        init_containers: Vec<Container>,
        volumes: Vec<Volume>,
        service_account_name: Str,
        image_pull_secrets: Vec<LocalObjectReference>,
        node_selector: Labels,
        affinity: Option<Box<Affinity>>,
        tolerations: Vec<Toleration>,
        restart_policy: Str,
        priority_class_name: Str,
        host_network: bool,
        #[serde(rename = "hostPID")] host_pid: bool,
        #[serde(rename = "hostIPC")] host_ipc: bool,
        security_context: Option<Box<PodSecurityContext>>,
        automount_service_account_token: Option<bool>,
        topology_spread_constraints: Vec<TopologySpreadConstraint>,
        termination_grace_period_seconds: Option<i64>,
        active_deadline_seconds: Option<i64>,
        scheduling_gates: Vec<LocalObjectReference>,
        readiness_gates: Vec<ReadinessGate>,
    }

    pub struct PodSecurityContext {
        run_as_non_root: Option<bool>,
        run_as_user: Option<i64>,
    }

    pub struct TopologySpreadConstraint {
        topology_key: Str,
        max_skew: i32,
        when_unsatisfiable: Str,
    }

    pub struct ReadinessGate {
        condition_type: Str,
    }

    /// Only whether there are any: what they demand is explained from the scheduler's message.
    pub struct Affinity {
        node_affinity: Option<Present>,
        pod_affinity: Option<Present>,
        pod_anti_affinity: Option<Present>,
    }

    /// A part whose presence matters, not its content.
    pub struct Present {}

    pub struct Container {
        name: Str,
        image: Str,
        image_pull_policy: Str,
        /// `Always` on an init container makes it a sidecar.
        restart_policy: Str,
        ports: Vec<ContainerPort>,
        env: Vec<EnvVar>,
        env_from: Vec<EnvFromSource>,
        resources: ResourceRequirements,
        volume_mounts: Vec<VolumeMount>,
        liveness_probe: Option<Box<Probe>>,
        readiness_probe: Option<Box<Probe>>,
        startup_probe: Option<Box<Probe>>,
        security_context: Option<Box<SecurityContext>>,
    }

    pub struct SecurityContext {
        privileged: Option<bool>,
        run_as_non_root: Option<bool>,
        run_as_user: Option<i64>,
        allow_privilege_escalation: Option<bool>,
        capabilities: Option<Box<Capabilities>>,
    }

    pub struct Capabilities {
        add: Vec<Str>,
        drop: Vec<Str>,
    }

    pub struct ContainerPort {
        name: Str,
        container_port: i32,
        host_port: i32,
        protocol: Str,
    }

    /// Values of variables are never kept: they may be passwords.
    pub struct EnvVar {
        name: Str,
        value_from: Option<Box<EnvVarSource>>,
    }

    pub struct EnvVarSource {
        config_map_key_ref: Option<KeySelector>,
        secret_key_ref: Option<KeySelector>,
    }

    /// One key of a ConfigMap or Secret.
    pub struct KeySelector {
        name: Str,
        key: Str,
        optional: bool,
    }

    pub struct EnvFromSource {
        config_map_ref: Option<OptionalRef>,
        secret_ref: Option<OptionalRef>,
    }

    /// A whole ConfigMap or Secret.
    pub struct OptionalRef {
        name: Str,
        optional: bool,
    }

    pub struct ResourceRequirements {
        limits: Quantities,
        requests: Quantities,
    }

    pub struct VolumeMount {
        name: Str,
        mount_path: Str,
        sub_path: Str,
        read_only: bool,
    }

    pub struct Probe {
        http_get: Option<HttpGet>,
        tcp_socket: Option<TcpSocket>,
        grpc: Option<Present>,
        exec: Option<Present>,
        initial_delay_seconds: Option<i32>,
        period_seconds: Option<i32>,
        timeout_seconds: Option<i32>,
        failure_threshold: Option<i32>,
        success_threshold: Option<i32>,
    }

    pub struct HttpGet {
        path: Str,
        port: IntOrString,
        scheme: Str,
    }

    pub struct TcpSocket {
        port: IntOrString,
    }

    pub struct Volume {
        name: Str,
        config_map: Option<Box<VolumeRef>>,
        secret: Option<Box<SecretVolume>>,
        persistent_volume_claim: Option<Box<ClaimVolume>>,
        projected: Option<Box<Projected>>,
        /// A claim made for this pod; it is called `<pod>-<volume>`.
        ephemeral: Option<Present>,
        host_path: Option<HostPath>,
        empty_dir: Option<Present>,
        csi: Option<Box<CsiVolume>>,
    }

    pub struct CsiVolume {
        driver: Str,
    }

    pub struct HostPath {
        path: Str,
        #[serde(rename = "type")] type_: Str,
    }

    /// A ConfigMap volume, and ConfigMaps and Secrets inside of a projected one.
    pub struct VolumeRef {
        name: Str,
        optional: bool,
        items: Vec<KeyToPath>,
    }

    pub struct SecretVolume {
        secret_name: Str,
        optional: bool,
        items: Vec<KeyToPath>,
    }

    pub struct KeyToPath {
        key: Str,
        path: Str,
    }

    pub struct ClaimVolume {
        claim_name: Str,
        read_only: bool,
    }

    pub struct Projected {
        sources: Vec<ProjectedSource>,
    }

    pub struct ProjectedSource {
        config_map: Option<VolumeRef>,
        secret: Option<VolumeRef>,
    }

    pub struct Toleration {
        key: Str,
        operator: Str,
        value: Str,
        effect: Str,
        toleration_seconds: Option<i64>,
    }

    pub struct PodStatus {
        phase: Str,
        reason: Str,
        message: Str,
        conditions: Conditions,
        container_statuses: Vec<ContainerStatus>,
        init_container_statuses: Vec<ContainerStatus>,
        start_time: Option<DateTime<Utc>>,
        nominated_node_name: Str,
        qos_class: Str,
        #[serde(rename = "podIP")] pod_ip: Str,
    }

    pub struct ContainerStatus {
        name: Str,
        ready: bool,
        started: Option<bool>,
        restart_count: i32,
        image: Str,
        #[serde(rename = "imageID")] image_id: Str,
        state: ContainerState,
        last_state: ContainerState,
    }

    /// At most one of the three; none means waiting.
    pub struct ContainerState {
        waiting: Option<Box<Waiting>>,
        running: Option<Running>,
        terminated: Option<Box<Terminated>>,
    }

    pub struct Waiting {
        reason: Str,
        message: Str,
    }

    pub struct Running {
        started_at: Option<DateTime<Utc>>,
    }

    pub struct Terminated {
        exit_code: i32,
        signal: i32,
        reason: Str,
        message: Str,
        started_at: Option<DateTime<Utc>>,
        finished_at: Option<DateTime<Utc>>,
    }

    /// Pods allowed to be down at the same time.
    pub struct PodDisruptionBudget {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PodDisruptionBudgetSpec,
        status: PodDisruptionBudgetStatus,
    }

    pub struct PodDisruptionBudgetSpec {
        selector: Option<LabelSelector>,
        min_available: Option<IntOrString>,
        max_unavailable: Option<IntOrString>,
    }

    pub struct PodDisruptionBudgetStatus {
        current_healthy: i32,
        desired_healthy: i32,
        disruptions_allowed: i32,
        expected_pods: i32,
        observed_generation: i64,
        conditions: Conditions,
    }
}
