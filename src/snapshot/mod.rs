//! One read of one cluster as plain values: what checks and cause chains look at, and what could not be read.

mod amount;
mod cilium;
mod common;
mod condition;
mod config;
mod event;
mod extension;
mod from_objects;
mod gateway;
mod hosts;
mod image;
mod lean;
mod meta;
mod network;
mod node;
mod node_selector;
mod operator;
mod pod;
mod pod_spec;
mod presence;
pub(crate) mod protobuf;
mod quantity;
mod quick;
mod rbac;
mod resource;
mod secret;
mod secret_meta;
mod selector;
mod source;
mod storage;
mod text;
mod uid;
mod volume;
mod workload;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use cilium::*;
pub use common::{List, Shared};
pub use condition::{Condition, Conditions, Statement};
pub use config::*;
pub use event::Event;
pub use extension::*;
pub use from_objects::BadObject;
pub use gateway::*;
pub use hosts::Hosts;
pub use image::ImageRef;
pub use meta::{
    Annotations, ConditionsOnly, IntOrString, LAST_APPLIED, Labels, LocalObjectReference, ObjectMeta, ObjectReference,
    OwnerReference,
};
pub use network::*;
pub use node::*;
pub use node_selector::{NodeSelector, NodeSelectorTerm};
pub use operator::*;
pub use pod::*;
pub use pod_spec::PodSpec;
pub use presence::{Address, Present};
pub use protobuf::Malformed;
pub use quantity::{NotAQuantity, Quantities, Quantity};
pub use quick::{Hashing, QuickMap, QuickSet};
pub use rbac::*;
pub use resource::{ApiResource, Origin, Resource};
pub use secret::{PrivateKey, Registries, Secret, SecretData};
pub use secret_meta::SecretMeta;
pub use selector::{LabelSelector, LabelSelectorRequirement, selects};
pub use source::*;
pub use storage::*;
pub use text::{Interner, Str};
pub use uid::Uid;
pub use volume::*;
pub use workload::*;

/// One read of one cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The cluster's name in the configuration, or the kubeconfig context.
    pub cluster: String,
    /// When the reading began.
    pub taken_at: DateTime<Utc>,
    /// The API server's version, e.g. `v1.37.2`.
    pub version: Option<String>,
    pub scope: Scope,
    pub pods: Vec<Pod>,
    pub events: Vec<Event>,
    pub replica_sets: Vec<ReplicaSet>,
    pub deployments: Vec<Deployment>,
    pub endpoint_slices: Vec<EndpointSlice>,
    pub services: Vec<Service>,
    pub config_maps: Vec<ConfigMap>,
    pub secrets: Vec<Secret>,
    pub nodes: Vec<Node>,
    pub jobs: Vec<Job>,
    pub cron_jobs: Vec<CronJob>,
    pub stateful_sets: Vec<StatefulSet>,
    pub daemon_sets: Vec<DaemonSet>,
    pub ingresses: Vec<Ingress>,
    pub ingress_classes: Vec<IngressClass>,
    pub persistent_volume_claims: Vec<PersistentVolumeClaim>,
    pub persistent_volumes: Vec<PersistentVolume>,
    pub storage_classes: Vec<StorageClass>,
    pub resource_quotas: Vec<ResourceQuota>,
    pub horizontal_pod_autoscalers: Vec<HorizontalPodAutoscaler>,
    pub pod_disruption_budgets: Vec<PodDisruptionBudget>,
    pub service_accounts: Vec<ServiceAccount>,
    pub namespaces: Vec<Namespace>,
    pub leases: Vec<Lease>,
    pub limit_ranges: Vec<LimitRange>,
    pub network_policies: Vec<NetworkPolicy>,
    pub ip_addresses: Vec<IpAddress>,
    pub service_cidrs: Vec<ServiceCidr>,
    pub volume_attachments: Vec<VolumeAttachment>,
    pub csi_nodes: Vec<CsiNode>,
    pub csi_drivers: Vec<CsiDriver>,
    pub roles: Vec<Role>,
    pub cluster_roles: Vec<Role>,
    pub role_bindings: Vec<RoleBinding>,
    pub cluster_role_bindings: Vec<RoleBinding>,
    pub certificate_signing_requests: Vec<CertificateSigningRequest>,
    pub custom_resource_definitions: Vec<CustomResourceDefinition>,
    pub api_services: Vec<ApiService>,
    pub mutating_webhook_configurations: Vec<WebhookConfiguration>,
    pub validating_webhook_configurations: Vec<WebhookConfiguration>,
    pub volume_snapshots: Vec<VolumeSnapshot>,
    pub gateway_classes: Vec<GatewayClass>,
    pub gateways: Vec<Gateway>,
    pub http_routes: Vec<Route>,
    pub grpc_routes: Vec<Route>,
    pub tls_routes: Vec<Route>,
    pub tcp_routes: Vec<Route>,
    pub reference_grants: Vec<ReferenceGrant>,
    pub node_metrics: Vec<NodeMetrics>,
    pub pod_metrics: Vec<PodMetrics>,
    pub certificates: Vec<CertManagerCertificate>,
    pub issuers: Vec<CustomResource>,
    pub cluster_issuers: Vec<CustomResource>,
    pub orders: Vec<AcmeOrder>,
    pub challenges: Vec<AcmeOrder>,
    pub scaled_objects: Vec<ScaledObject>,
    pub node_claims: Vec<CustomResource>,
    pub applications: Vec<Application>,
    pub kustomizations: Vec<CustomResource>,
    pub helm_releases: Vec<CustomResource>,
    pub git_repositories: Vec<CustomResource>,
    pub helm_repositories: Vec<CustomResource>,
    pub helm_charts: Vec<CustomResource>,
    pub oci_repositories: Vec<CustomResource>,
    pub buckets: Vec<CustomResource>,
    pub catalog_sources: Vec<CatalogSource>,
    pub cluster_service_versions: Vec<Phased>,
    pub subscriptions: Vec<Subscription>,
    pub install_plans: Vec<Phased>,
    pub operator_groups: Vec<OperatorGroup>,
    pub cluster_catalogs: Vec<OlmOne>,
    pub cluster_extensions: Vec<OlmOne>,
    pub policy_reports: Vec<PolicyReport>,
    pub cluster_policy_reports: Vec<PolicyReport>,
    pub cilium_identities: Vec<CiliumIdentity>,
    pub cilium_endpoints: Vec<CiliumEndpoint>,
    pub cilium_network_policies: Vec<CiliumNetworkPolicy>,
    pub cilium_clusterwide_network_policies: Vec<CiliumNetworkPolicy>,
    pub custom_resources: Vec<CustomResource>,
    pub health_checks: Vec<HealthCheck>,
    pub deprecated_apis: Vec<DeprecatedApi>,
    pub etcd_statuses: Vec<EtcdStatus>,
    pub credentials: Vec<Credential>,
    pub kubelet_certificates: Vec<Credential>,
    pub request_stats: Vec<RequestStats>,
    pub served_apis: Vec<ServedApi>,
    pub autoscaler_statuses: Vec<AutoscalerStatus>,
    pub node_summaries: Vec<NodeSummary>,
    pub volume_uses: Vec<VolumeUse>,
    pub cpu_throttlings: Vec<CpuThrottling>,
    pub scrape_targets: Vec<ScrapeTarget>,
    pub prometheus_statuses: Vec<PrometheusStatus>,
    pub alerts: Vec<Alert>,
    pub provider_issues: Vec<ProviderIssue>,
    pub log_errors: Vec<LogErrors>,
    /// What was not, or not completely, read. Objects that arrived before a list broke off are kept as evidence.
    pub unread: Vec<Unread>,
    pub reads: Reads,
    pub duration: Duration,
}

/// How much of the cluster was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    AllNamespaces,
    /// One namespace, and what belongs to the cluster as a whole.
    Namespace(String),
}

/// A list that is missing or incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub resource: Resource,
    pub why: Why,
}

/// Why a list is missing or incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The identity may not list it.
    Forbidden,
    /// The cluster does not have this API: its checks do not apply, and that is no gap.
    NotServed,
    /// Not asked for by configuration (Secrets).
    SwitchedOff,
    /// No such source is configured or found: its checks wait for one, and that is no fault.
    NotConfigured,
    /// The deadline came first.
    TimedOut,
    /// In the server's or the decoder's words.
    Failed(String),
}

/// Whether a list can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// Complete.
    Read,
    /// Missing or incomplete: nothing may be concluded from what is absent.
    Unread(&'a Why),
}

/// What the reading cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reads {
    pub requests: u64,
    /// Of response bodies, after decompression.
    pub bytes: u64,
    pub objects: u64,
}

impl Snapshot {
    /// Whether a list can be relied on.
    pub fn state_of(&self, resource: Resource) -> State<'_> {
        self.unread
            .iter()
            .find(|unread| unread.resource == resource)
            .map_or(State::Read, |unread| State::Unread(&unread.why))
    }

    /// Whether that namespace was asked for.
    pub fn covers(&self, namespace: &str) -> bool {
        match &self.scope {
            Scope::AllNamespaces => true,
            Scope::Namespace(only) => only == namespace,
        }
    }

    /// Whether a list is complete.
    pub fn has_read(&self, resource: Resource) -> bool {
        self.state_of(resource) == State::Read
    }
}
