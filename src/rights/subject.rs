//! What each resource is read for: what reads together is granted together, with one reason.

use crate::snapshot::Resource;

/// In the order in which the rules are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Pods,
    Logs,
    Events,
    Nodes,
    Namespaces,
    Workloads,
    Limits,
    Network,
    Gateways,
    Addresses,
    Storage,
    References,
    Autoscaler,
    Cluster,
    Health,
    Rights,
    Usage,
    Operators,
    Custom,
    Secrets,
    Kubelets,
    /// Nothing that the API server would have to allow.
    Elsewhere,
}

impl Subject {
    /// The subject of a resource.
    pub fn of(resource: Resource) -> Self {
        match resource {
            Resource::Pods => Self::Pods,
            Resource::Events => Self::Events,
            Resource::Nodes | Resource::Leases => Self::Nodes,
            Resource::Namespaces => Self::Namespaces,
            Resource::Deployments
            | Resource::ReplicaSets
            | Resource::StatefulSets
            | Resource::DaemonSets
            | Resource::Jobs
            | Resource::CronJobs => Self::Workloads,
            Resource::HorizontalPodAutoscalers
            | Resource::PodDisruptionBudgets
            | Resource::ResourceQuotas
            | Resource::LimitRanges => Self::Limits,
            Resource::Services
            | Resource::EndpointSlices
            | Resource::Ingresses
            | Resource::IngressClasses
            | Resource::NetworkPolicies => Self::Network,
            Resource::GatewayClasses
            | Resource::Gateways
            | Resource::HttpRoutes
            | Resource::GrpcRoutes
            | Resource::TlsRoutes
            | Resource::TcpRoutes
            | Resource::ReferenceGrants => Self::Gateways,
            Resource::IpAddresses | Resource::ServiceCidrs => Self::Addresses,
            Resource::PersistentVolumeClaims
            | Resource::PersistentVolumes
            | Resource::StorageClasses
            | Resource::VolumeAttachments
            | Resource::VolumeSnapshots
            | Resource::CsiNodes
            | Resource::CsiDrivers => Self::Storage,
            Resource::ServiceAccounts | Resource::ConfigMaps => Self::References,
            Resource::CustomResourceDefinitions
            | Resource::ApiServices
            | Resource::MutatingWebhookConfigurations
            | Resource::ValidatingWebhookConfigurations
            | Resource::CertificateSigningRequests => Self::Cluster,
            Resource::Roles | Resource::ClusterRoles | Resource::RoleBindings | Resource::ClusterRoleBindings => {
                Self::Rights
            }
            Resource::NodeMetrics | Resource::PodMetrics => Self::Usage,
            Resource::Certificates
            | Resource::Issuers
            | Resource::ClusterIssuers
            | Resource::Orders
            | Resource::Challenges
            | Resource::ScaledObjects
            | Resource::NodeClaims
            | Resource::Applications
            | Resource::Kustomizations
            | Resource::HelmReleases
            | Resource::GitRepositories
            | Resource::HelmRepositories
            | Resource::HelmCharts
            | Resource::OciRepositories
            | Resource::Buckets
            | Resource::CatalogSources
            | Resource::ClusterServiceVersions
            | Resource::Subscriptions
            | Resource::InstallPlans
            | Resource::OperatorGroups
            | Resource::ClusterCatalogs
            | Resource::ClusterExtensions
            | Resource::PolicyReports
            | Resource::ClusterPolicyReports
            | Resource::CiliumIdentities
            | Resource::CiliumEndpoints
            | Resource::CiliumNetworkPolicies
            | Resource::CiliumClusterwideNetworkPolicies => Self::Operators,
            Resource::Secrets => Self::Secrets,
            Resource::HealthChecks | Resource::DeprecatedApis | Resource::EtcdStatuses => Self::Health,
            Resource::AutoscalerStatuses => Self::Autoscaler,
            Resource::LogErrors => Self::Logs,
            Resource::NodeSummaries | Resource::VolumeUses => Self::Kubelets,
            Resource::CustomResources => Self::Custom,
            Resource::Credentials
            | Resource::KubeletCertificates
            | Resource::RequestStats
            | Resource::ServedApis
            | Resource::CpuThrottlings
            | Resource::ScrapeTargets
            | Resource::PrometheusStatuses
            | Resource::Alerts
            | Resource::ProviderIssues => Self::Elsewhere,
        }
    }
}
