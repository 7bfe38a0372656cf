//! Pods, as far as checks and cause chains look at them.

use chrono::{DateTime, Utc};

use super::common::List;
use super::condition::Conditions;
use super::hosts::Hosts;
use super::lean::lean;
use super::meta::{IntOrString, Labels, LocalObjectReference, ObjectMeta};
use super::node_selector::NodeSelector;
use super::pod_spec::PodSpec;
use super::presence::{Address, Present};
use super::quantity::Quantities;
use super::selector::LabelSelector;
use super::text::Str;
use super::volume::Volume;

lean! {
    pub struct Pod {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PodSpec = 2,
        status: PodStatus = 3,
    }

    pub struct PodTemplate {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PodSpec = 2,
    }

    /// What a pod runs, and with what.
    pub struct PodContents {
        /// In a pod it is taken out from here.
        node_name: Str = 10,
        containers: Vec<Container> = 2,
        init_containers: Vec<Container> = 20,
        volumes: Vec<Volume> = 1,
        service_account_name: Str = 8,
        image_pull_secrets: Vec<LocalObjectReference> = 15,
        node_selector: Labels = 7,
        affinity: Option<Box<Affinity>> = 18,
        tolerations: Vec<Toleration> = 22,
        restart_policy: Str = 3,
        priority_class_name: Str = 24,
        host_network: bool = 11,
        #[serde(rename = "hostPID")] host_pid: bool = 12,
        #[serde(rename = "hostIPC")] host_ipc: bool = 13,
        security_context: Option<Box<PodSecurityContext>> = 14,
        automount_service_account_token: Option<bool> = 21,
        topology_spread_constraints: Vec<TopologySpreadConstraint> = 33,
        termination_grace_period_seconds: Option<i64> = 4,
        active_deadline_seconds: Option<i64> = 5,
        scheduling_gates: Vec<LocalObjectReference> = 38,
        readiness_gates: Vec<ReadinessGate> = 28,
        /// Who is to give it a node.
        scheduler_name: Str = 19,
        /// Of the pod as a whole; the containers then need none of their own.
        resources: ResourceRequirements = 40,
    }

    /// The server makes an empty one where none is written.
    pub struct PodSecurityContext {
        run_as_non_root: Option<bool> = 3,
        run_as_user: Option<i64> = 2,
        run_as_group: Option<i64> = 6,
        fs_group: Option<i64> = 5,
        supplemental_groups: Vec<i64> = 4,
        sysctls: Vec<Present> = 7,
        seccomp_profile: Option<Present> = 10,
        app_armor_profile: Option<Present> = 11,
        se_linux_options: Option<Present> = 1,
        windows_options: Option<Present> = 8,
    }

    pub struct TopologySpreadConstraint {
        topology_key: Str = 2,
        max_skew: i32 = 1,
        when_unsatisfiable: Str = 3,
    }

    pub struct ReadinessGate {
        condition_type: Str = 1,
    }

    /// Of those to other pods only whether there are any: what they demand is explained from the scheduler's message.
    pub struct Affinity {
        node_affinity: Option<NodeAffinity> = 1,
        pod_affinity: Option<Present> = 2,
        pod_anti_affinity: Option<Present> = 3,
    }

    /// What is only preferred keeps a pod from no node.
    pub struct NodeAffinity {
        #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")] required: Option<NodeSelector> = 1,
    }

    pub struct Container {
        name: Str = 1,
        image: Str = 2,
        command: Hosts = 3 via Hosts::read_texts,
        args: Hosts = 4 via Hosts::read_texts,
        image_pull_policy: Str = 14,
        /// `Always` on an init container makes it a sidecar.
        restart_policy: Str = 24,
        ports: Vec<ContainerPort> = 6,
        env: Vec<EnvVar> = 7,
        env_from: Vec<EnvFromSource> = 19,
        resources: ResourceRequirements = 8,
        volume_mounts: Vec<VolumeMount> = 9,
        liveness_probe: Option<Box<Probe>> = 10,
        readiness_probe: Option<Box<Probe>> = 11,
        startup_probe: Option<Box<Probe>> = 22,
        security_context: Option<Box<SecurityContext>> = 15,
    }

    pub struct SecurityContext {
        privileged: Option<bool> = 2,
        run_as_non_root: Option<bool> = 5,
        run_as_user: Option<i64> = 4,
        allow_privilege_escalation: Option<bool> = 7,
        capabilities: Option<Box<Capabilities>> = 1,
        read_only_root_filesystem: Option<bool> = 6,
        run_as_group: Option<i64> = 8,
        seccomp_profile: Option<Present> = 11,
        app_armor_profile: Option<Present> = 12,
        se_linux_options: Option<Present> = 3,
        windows_options: Option<Present> = 10,
    }

    pub struct Capabilities {
        add: Vec<Str> = 1,
        drop: Vec<Str> = 2,
    }

    pub struct ContainerPort {
        name: Str = 1,
        container_port: i32 = 3,
        host_port: i32 = 2,
        protocol: Str = 4,
    }

    /// Values of variables are never kept, because they may be passwords; only the hosts that they name.
    pub struct EnvVar {
        name: Str = 1,
        value: Hosts = 2,
        value_from: Option<Box<EnvVarSource>> = 3,
    }

    pub struct EnvVarSource {
        config_map_key_ref: Option<KeySelector> = 3,
        secret_key_ref: Option<KeySelector> = 4,
    }

    /// One key of a ConfigMap or Secret.
    pub struct KeySelector {
        name: Str = 1/1,
        key: Str = 2,
        optional: bool = 3,
    }

    pub struct EnvFromSource {
        config_map_ref: Option<OptionalRef> = 2,
        secret_ref: Option<OptionalRef> = 3,
    }

    /// A whole ConfigMap or Secret.
    pub struct OptionalRef {
        name: Str = 1/1,
        optional: bool = 2,
    }

    pub struct ResourceRequirements {
        limits: Quantities = 1,
        requests: Quantities = 2,
    }

    pub struct VolumeMount {
        name: Str = 1,
        mount_path: Str = 3,
        sub_path: Str = 4,
        read_only: bool = 2,
    }

    pub struct Probe {
        http_get: Option<HttpGet> = 1/2,
        tcp_socket: Option<TcpSocket> = 1/3,
        grpc: Option<GrpcAction> = 1/4,
        exec: Option<ExecAction> = 1/1,
        /// Of these the server fills in all but the first: 0 is what it says itself.
        initial_delay_seconds: i32 = 2,
        period_seconds: i32 = 4,
        timeout_seconds: i32 = 3,
        failure_threshold: i32 = 6,
        success_threshold: i32 = 5,
    }

    pub struct HttpGet {
        path: Str = 1,
        port: IntOrString = 2,
        scheme: Str = 4,
    }

    pub struct TcpSocket {
        port: IntOrString = 1,
    }

    pub struct GrpcAction {
        port: i32 = 1,
        service: Str = 2,
    }

    /// Compared with another one, never shown: it may hold a password.
    pub struct ExecAction {
        command: Vec<Str> = 1,
    }

    pub struct Toleration {
        key: Str = 1,
        operator: Str = 2,
        value: Str = 3,
        effect: Str = 4,
        toleration_seconds: Option<i64> = 5,
    }

    pub struct PodStatus {
        phase: Str = 1,
        reason: Str = 4,
        message: Str = 3,
        conditions: Conditions = 2,
        container_statuses: Vec<ContainerStatus> = 8,
        init_container_statuses: List<ContainerStatus> = 10,
        start_time: Option<DateTime<Utc>> = 7,
        nominated_node_name: Str = 11,
        qos_class: Str = 9,
        #[serde(rename = "podIP")] pod_ip: Address = 6,
    }

    pub struct ContainerStatus {
        name: Str = 1,
        ready: bool = 4,
        started: Option<bool> = 9,
        restart_count: i32 = 5,
        image: Str = 6,
        #[serde(rename = "imageID")] image_id: Str = 7,
        state: ContainerState = 2,
        last_state: ContainerState = 3,
    }

    /// At most one of the three; none means waiting.
    pub struct ContainerState {
        waiting: Option<Box<Waiting>> = 1,
        running: Option<Running> = 2,
        terminated: Option<Box<Terminated>> = 3,
    }

    pub struct Waiting {
        reason: Str = 1,
        message: Str = 2,
    }

    pub struct Running {
        started_at: Option<DateTime<Utc>> = 1,
    }

    pub struct Terminated {
        exit_code: i32 = 1,
        signal: i32 = 2,
        reason: Str = 3,
        message: Str = 4,
        started_at: Option<DateTime<Utc>> = 5,
        finished_at: Option<DateTime<Utc>> = 6,
    }

    /// Pods allowed to be down at the same time.
    pub struct PodDisruptionBudget {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PodDisruptionBudgetSpec = 2,
        status: PodDisruptionBudgetStatus = 3,
    }

    pub struct PodDisruptionBudgetSpec {
        selector: Option<LabelSelector> = 2,
        min_available: Option<IntOrString> = 1,
        max_unavailable: Option<IntOrString> = 3,
    }

    pub struct PodDisruptionBudgetStatus {
        current_healthy: i32 = 4,
        desired_healthy: i32 = 5,
        disruptions_allowed: i32 = 3,
        expected_pods: i32 = 6,
        observed_generation: i64 = 1,
        conditions: Conditions = 7,
    }
}
