//! The closed list of what an inspection reads, and the one table that ties each list to its API and its place in a snapshot.

use serde::{Deserialize, Deserializer};

use super::Snapshot;
use super::cilium::{CiliumEndpoint, CiliumIdentity, CiliumNetworkPolicy};
use super::config::{ConfigMap, LimitRange, Namespace, ResourceQuota, ServiceAccount};
use super::event::Event;
use super::extension::{ApiService, CustomResourceDefinition, WebhookConfiguration};
use super::gateway::{Gateway, GatewayClass, ReferenceGrant, Route};
use super::meta::ObjectMeta;
use super::network::{EndpointSlice, Ingress, IngressClass, IpAddress, NetworkPolicy, Service, ServiceCidr};
use super::node::{CsiNode, Lease, Node};
use super::operator::{
    AcmeOrder, Application, CatalogSource, CertManagerCertificate, CustomResource, OlmOne, OperatorGroup, Phased,
    PolicyReport, ScaledObject, Subscription,
};
use super::pod::{Pod, PodDisruptionBudget};
use super::protobuf::{Item, Malformed};
use super::rbac::{CertificateSigningRequest, Role, RoleBinding};
use super::secret::Secret;
use super::source::{
    Alert, AutoscalerStatus, CpuThrottling, Credential, DeprecatedApi, EtcdStatus, HealthCheck, LogErrors, NodeMetrics,
    NodeSummary, PodMetrics, PrometheusStatus, ProviderIssue, RequestStats, ScrapeTarget, ServedApi, VolumeUse,
};
use super::storage::{
    CsiDriver, PersistentVolume, PersistentVolumeClaim, StorageClass, VolumeAttachment, VolumeSnapshot,
};
use super::workload::{CronJob, DaemonSet, Deployment, HorizontalPodAutoscaler, Job, ReplicaSet, StatefulSet};

/// Where a resource lives in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiResource {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub plural: &'static str,
    pub kind: &'static str,
    pub namespaced: bool,
}

macro_rules! resources {
    ($( $variant:ident, $type:ident, $kind:literal, $field:ident, $group:literal, $version:literal, $plural:literal, $namespaced:literal; )*) => {
        /// One list of an inspection.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Resource { $( $variant ),* }

        impl Resource {
            /// All of them, in the order in which they are asked for: the largest lists first.
            pub const ALL: &[Self] = &[ $( Self::$variant ),* ];

            /// Group, version and names.
            pub const fn api(self) -> ApiResource {
                match self { $( Self::$variant => ApiResource {
                    group: $group, version: $version, plural: $plural, kind: $kind, namespaced: $namespaced,
                } ),* }
            }

            /// Whether its objects can be read from protobuf; custom resources have JSON only.
            pub const fn has_protobuf(self) -> bool {
                match self { $( Self::$variant => <$type as Item>::NUMBERED ),* }
            }
        }

        impl Snapshot {
            /// Decodes one object of `resource` and keeps it.
            pub fn push<'de, D: Deserializer<'de>>(&mut self, resource: Resource, object: D) -> Result<(), D::Error> {
                match resource { $( Resource::$variant => self.$field.push($type::deserialize(object)?) ),* }
                Ok(())
            }

            /// Decodes one object of `resource` as protobuf and keeps it.
            pub fn push_protobuf(&mut self, resource: Resource, object: &[u8]) -> Result<(), Malformed> {
                match resource { $( Resource::$variant => self.$field.push(Item::decode(object)?) ),* }
                Ok(())
            }

            /// Moves the objects of one resource over from another snapshot.
            pub fn take(&mut self, resource: Resource, from: &mut Self) {
                match resource { $( Resource::$variant => append(&mut self.$field, &mut from.$field) ),* }
            }

            /// Gives back the memory that a list reserved for growing and did not use.
            pub fn shrink(&mut self, resource: Resource) {
                match resource { $( Resource::$variant => self.$field.shrink_to_fit() ),* }
            }

            /// The metadata of the objects of a resource.
            pub fn metas(&self, resource: Resource) -> Box<dyn Iterator<Item = &ObjectMeta> + '_> {
                match resource { $( Resource::$variant => Box::new(self.$field.iter().map(|object| -> &ObjectMeta { &object.meta })) ),* }
            }

            /// How many objects of a resource there are.
            pub fn count(&self, resource: Resource) -> usize {
                match resource { $( Resource::$variant => self.$field.len() ),* }
            }
        }
    };
}

resources! {
    Pods, Pod, "Pod", pods, "", "v1", "pods", true;
    Events, Event, "Event", events, "", "v1", "events", true;
    ReplicaSets, ReplicaSet, "ReplicaSet", replica_sets, "apps", "v1", "replicasets", true;
    Deployments, Deployment, "Deployment", deployments, "apps", "v1", "deployments", true;
    EndpointSlices, EndpointSlice, "EndpointSlice", endpoint_slices, "discovery.k8s.io", "v1", "endpointslices", true;
    Services, Service, "Service", services, "", "v1", "services", true;
    ConfigMaps, ConfigMap, "ConfigMap", config_maps, "", "v1", "configmaps", true;
    Secrets, Secret, "Secret", secrets, "", "v1", "secrets", true;
    Nodes, Node, "Node", nodes, "", "v1", "nodes", false;
    Jobs, Job, "Job", jobs, "batch", "v1", "jobs", true;
    CronJobs, CronJob, "CronJob", cron_jobs, "batch", "v1", "cronjobs", true;
    StatefulSets, StatefulSet, "StatefulSet", stateful_sets, "apps", "v1", "statefulsets", true;
    DaemonSets, DaemonSet, "DaemonSet", daemon_sets, "apps", "v1", "daemonsets", true;
    Ingresses, Ingress, "Ingress", ingresses, "networking.k8s.io", "v1", "ingresses", true;
    IngressClasses, IngressClass, "IngressClass", ingress_classes, "networking.k8s.io", "v1", "ingressclasses", false;
    PersistentVolumeClaims, PersistentVolumeClaim, "PersistentVolumeClaim", persistent_volume_claims, "", "v1", "persistentvolumeclaims", true;
    PersistentVolumes, PersistentVolume, "PersistentVolume", persistent_volumes, "", "v1", "persistentvolumes", false;
    StorageClasses, StorageClass, "StorageClass", storage_classes, "storage.k8s.io", "v1", "storageclasses", false;
    ResourceQuotas, ResourceQuota, "ResourceQuota", resource_quotas, "", "v1", "resourcequotas", true;
    HorizontalPodAutoscalers, HorizontalPodAutoscaler, "HorizontalPodAutoscaler", horizontal_pod_autoscalers, "autoscaling", "v2", "horizontalpodautoscalers", true;
    PodDisruptionBudgets, PodDisruptionBudget, "PodDisruptionBudget", pod_disruption_budgets, "policy", "v1", "poddisruptionbudgets", true;
    ServiceAccounts, ServiceAccount, "ServiceAccount", service_accounts, "", "v1", "serviceaccounts", true;
    Namespaces, Namespace, "Namespace", namespaces, "", "v1", "namespaces", false;
    Leases, Lease, "Lease", leases, "coordination.k8s.io", "v1", "leases", true;
    LimitRanges, LimitRange, "LimitRange", limit_ranges, "", "v1", "limitranges", true;
    NetworkPolicies, NetworkPolicy, "NetworkPolicy", network_policies, "networking.k8s.io", "v1", "networkpolicies", true;
    IpAddresses, IpAddress, "IPAddress", ip_addresses, "networking.k8s.io", "v1", "ipaddresses", false;
    ServiceCidrs, ServiceCidr, "ServiceCIDR", service_cidrs, "networking.k8s.io", "v1", "servicecidrs", false;
    VolumeAttachments, VolumeAttachment, "VolumeAttachment", volume_attachments, "storage.k8s.io", "v1", "volumeattachments", false;
    CsiNodes, CsiNode, "CSINode", csi_nodes, "storage.k8s.io", "v1", "csinodes", false;
    CsiDrivers, CsiDriver, "CSIDriver", csi_drivers, "storage.k8s.io", "v1", "csidrivers", false;
    Roles, Role, "Role", roles, "rbac.authorization.k8s.io", "v1", "roles", true;
    ClusterRoles, Role, "ClusterRole", cluster_roles, "rbac.authorization.k8s.io", "v1", "clusterroles", false;
    RoleBindings, RoleBinding, "RoleBinding", role_bindings, "rbac.authorization.k8s.io", "v1", "rolebindings", true;
    ClusterRoleBindings, RoleBinding, "ClusterRoleBinding", cluster_role_bindings, "rbac.authorization.k8s.io", "v1", "clusterrolebindings", false;
    CertificateSigningRequests, CertificateSigningRequest, "CertificateSigningRequest", certificate_signing_requests, "certificates.k8s.io", "v1", "certificatesigningrequests", false;
    CustomResourceDefinitions, CustomResourceDefinition, "CustomResourceDefinition", custom_resource_definitions, "apiextensions.k8s.io", "v1", "customresourcedefinitions", false;
    ApiServices, ApiService, "APIService", api_services, "apiregistration.k8s.io", "v1", "apiservices", false;
    MutatingWebhookConfigurations, WebhookConfiguration, "MutatingWebhookConfiguration", mutating_webhook_configurations, "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", false;
    ValidatingWebhookConfigurations, WebhookConfiguration, "ValidatingWebhookConfiguration", validating_webhook_configurations, "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", false;
    VolumeSnapshots, VolumeSnapshot, "VolumeSnapshot", volume_snapshots, "snapshot.storage.k8s.io", "v1", "volumesnapshots", true;
    GatewayClasses, GatewayClass, "GatewayClass", gateway_classes, "gateway.networking.k8s.io", "v1", "gatewayclasses", false;
    Gateways, Gateway, "Gateway", gateways, "gateway.networking.k8s.io", "v1", "gateways", true;
    HttpRoutes, Route, "HTTPRoute", http_routes, "gateway.networking.k8s.io", "v1", "httproutes", true;
    GrpcRoutes, Route, "GRPCRoute", grpc_routes, "gateway.networking.k8s.io", "v1", "grpcroutes", true;
    TlsRoutes, Route, "TLSRoute", tls_routes, "gateway.networking.k8s.io", "v1alpha2", "tlsroutes", true;
    TcpRoutes, Route, "TCPRoute", tcp_routes, "gateway.networking.k8s.io", "v1alpha2", "tcproutes", true;
    ReferenceGrants, ReferenceGrant, "ReferenceGrant", reference_grants, "gateway.networking.k8s.io", "v1beta1", "referencegrants", true;
    NodeMetrics, NodeMetrics, "NodeMetrics", node_metrics, "metrics.k8s.io", "v1beta1", "nodes", false;
    PodMetrics, PodMetrics, "PodMetrics", pod_metrics, "metrics.k8s.io", "v1beta1", "pods", true;
    Certificates, CertManagerCertificate, "Certificate", certificates, "cert-manager.io", "v1", "certificates", true;
    Issuers, CustomResource, "Issuer", issuers, "cert-manager.io", "v1", "issuers", true;
    ClusterIssuers, CustomResource, "ClusterIssuer", cluster_issuers, "cert-manager.io", "v1", "clusterissuers", false;
    Orders, AcmeOrder, "Order", orders, "acme.cert-manager.io", "v1", "orders", true;
    Challenges, AcmeOrder, "Challenge", challenges, "acme.cert-manager.io", "v1", "challenges", true;
    ScaledObjects, ScaledObject, "ScaledObject", scaled_objects, "keda.sh", "v1alpha1", "scaledobjects", true;
    NodeClaims, CustomResource, "NodeClaim", node_claims, "karpenter.sh", "v1", "nodeclaims", false;
    Applications, Application, "Application", applications, "argoproj.io", "v1alpha1", "applications", true;
    Kustomizations, CustomResource, "Kustomization", kustomizations, "kustomize.toolkit.fluxcd.io", "v1", "kustomizations", true;
    HelmReleases, CustomResource, "HelmRelease", helm_releases, "helm.toolkit.fluxcd.io", "v2", "helmreleases", true;
    GitRepositories, CustomResource, "GitRepository", git_repositories, "source.toolkit.fluxcd.io", "v1", "gitrepositories", true;
    HelmRepositories, CustomResource, "HelmRepository", helm_repositories, "source.toolkit.fluxcd.io", "v1", "helmrepositories", true;
    HelmCharts, CustomResource, "HelmChart", helm_charts, "source.toolkit.fluxcd.io", "v1", "helmcharts", true;
    OciRepositories, CustomResource, "OCIRepository", oci_repositories, "source.toolkit.fluxcd.io", "v1", "ocirepositories", true;
    Buckets, CustomResource, "Bucket", buckets, "source.toolkit.fluxcd.io", "v1", "buckets", true;
    CatalogSources, CatalogSource, "CatalogSource", catalog_sources, "operators.coreos.com", "v1alpha1", "catalogsources", true;
    ClusterServiceVersions, Phased, "ClusterServiceVersion", cluster_service_versions, "operators.coreos.com", "v1alpha1", "clusterserviceversions", true;
    Subscriptions, Subscription, "Subscription", subscriptions, "operators.coreos.com", "v1alpha1", "subscriptions", true;
    InstallPlans, Phased, "InstallPlan", install_plans, "operators.coreos.com", "v1alpha1", "installplans", true;
    OperatorGroups, OperatorGroup, "OperatorGroup", operator_groups, "operators.coreos.com", "v1", "operatorgroups", true;
    ClusterCatalogs, OlmOne, "ClusterCatalog", cluster_catalogs, "olm.operatorframework.io", "v1", "clustercatalogs", false;
    ClusterExtensions, OlmOne, "ClusterExtension", cluster_extensions, "olm.operatorframework.io", "v1", "clusterextensions", false;
    PolicyReports, PolicyReport, "PolicyReport", policy_reports, "wgpolicyk8s.io", "v1alpha2", "policyreports", true;
    ClusterPolicyReports, PolicyReport, "ClusterPolicyReport", cluster_policy_reports, "wgpolicyk8s.io", "v1alpha2", "clusterpolicyreports", false;
    CiliumIdentities, CiliumIdentity, "CiliumIdentity", cilium_identities, "cilium.io", "v2", "ciliumidentities", false;
    CiliumEndpoints, CiliumEndpoint, "CiliumEndpoint", cilium_endpoints, "cilium.io", "v2", "ciliumendpoints", true;
    CiliumNetworkPolicies, CiliumNetworkPolicy, "CiliumNetworkPolicy", cilium_network_policies, "cilium.io", "v2", "ciliumnetworkpolicies", true;
    CiliumClusterwideNetworkPolicies, CiliumNetworkPolicy, "CiliumClusterwideNetworkPolicy", cilium_clusterwide_network_policies, "cilium.io", "v2", "ciliumclusterwidenetworkpolicies", false;
    CustomResources, CustomResource, "CustomResource", custom_resources, "roundsman.dev", "v1", "customresources", true;
    HealthChecks, HealthCheck, "HealthCheck", health_checks, "roundsman.dev", "v1", "healthchecks", false;
    DeprecatedApis, DeprecatedApi, "DeprecatedAPI", deprecated_apis, "roundsman.dev", "v1", "deprecatedapis", false;
    EtcdStatuses, EtcdStatus, "EtcdStatus", etcd_statuses, "roundsman.dev", "v1", "etcdstatuses", false;
    Credentials, Credential, "Credential", credentials, "roundsman.dev", "v1", "credentials", false;
    KubeletCertificates, Credential, "KubeletCertificate", kubelet_certificates, "roundsman.dev", "v1", "kubeletcertificates", false;
    RequestStats, RequestStats, "RequestStats", request_stats, "roundsman.dev", "v1", "requeststats", false;
    ServedApis, ServedApi, "ServedAPI", served_apis, "roundsman.dev", "v1", "servedapis", false;
    AutoscalerStatuses, AutoscalerStatus, "AutoscalerStatus", autoscaler_statuses, "roundsman.dev", "v1", "autoscalerstatuses", true;
    NodeSummaries, NodeSummary, "NodeSummary", node_summaries, "roundsman.dev", "v1", "nodesummaries", false;
    VolumeUses, VolumeUse, "VolumeUse", volume_uses, "roundsman.dev", "v1", "volumeuses", true;
    CpuThrottlings, CpuThrottling, "CPUThrottling", cpu_throttlings, "roundsman.dev", "v1", "cputhrottlings", true;
    ScrapeTargets, ScrapeTarget, "ScrapeTarget", scrape_targets, "roundsman.dev", "v1", "scrapetargets", false;
    PrometheusStatuses, PrometheusStatus, "PrometheusStatus", prometheus_statuses, "roundsman.dev", "v1", "prometheusstatuses", false;
    Alerts, Alert, "Alert", alerts, "roundsman.dev", "v1", "alerts", false;
    ProviderIssues, ProviderIssue, "ProviderIssue", provider_issues, "roundsman.dev", "v1", "providerissues", false;
    LogErrors, LogErrors, "LogErrors", log_errors, "roundsman.dev", "v1", "logerrors", true;
}

/// A list that comes first is not copied: of the largest ones there would be two for a moment.
fn append<T>(list: &mut Vec<T>, more: &mut Vec<T>) {
    if list.is_empty() {
        std::mem::swap(list, more);
    } else {
        list.append(more);
    }
}

/// Where a resource comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A list that every API server of a supported version has.
    BuiltIn,
    /// A list that is there if somebody has installed it: looked up by discovery.
    Extension,
    /// No list of the API server's: see `source.rs`.
    Source,
}

/// The group of what is no list of the API server's.
const SOURCES: &str = "roundsman.dev";

impl Resource {
    /// Where it comes from.
    pub fn origin(self) -> Origin {
        match self.api().group {
            SOURCES => Origin::Source,
            "" | "apps" | "batch" | "policy" | "autoscaling" => Origin::BuiltIn,
            "gateway.networking.k8s.io" | "snapshot.storage.k8s.io" | "metrics.k8s.io" => Origin::Extension,
            group if group.ends_with(".k8s.io") => Origin::BuiltIn,
            _ => Origin::Extension,
        }
    }

    /// The resource that a kind of object belongs to, whatever version of its group it is written in.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let known = Self::ALL.iter().copied().find(|resource| {
            let api = resource.api();
            api.kind == kind && (api.group == group || (*resource == Self::Events && group == "events.k8s.io"))
        });
        // Groups with a dot of their own belong to somebody's custom resources.
        let custom = group.contains('.') && !group.ends_with(".k8s.io") && group != SOURCES;
        known.or(custom.then_some(Self::CustomResources))
    }

    /// The lower-case plural, as `kubectl` names it.
    pub fn plural(self) -> &'static str {
        self.api().plural
    }
}

impl std::fmt::Display for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.plural())
    }
}
