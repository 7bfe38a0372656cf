//! How the reading identity gets at what an inspection reads, for every resource: what has a list needs `list`, and what is no
//! list of the API server's needs something else or nothing.

use crate::snapshot::Resource;

/// The request behind a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Its list, which belongs to this subject.
    List(Subject),
    /// Paths that name no resource.
    Paths(&'static [&'static str]),
    /// The log of a pod.
    PodLog,
    /// One ConfigMap: its namespace and name.
    ConfigMap(&'static str, &'static str),
    /// A kubelet, through the API server.
    NodeProxy,
    /// Nothing that needs a right: another server is asked, or a document that everybody may read.
    Free,
}

/// What lists are read for, together; in the order in which the rules are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Pods,
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
    Cluster,
    Rights,
    Usage,
    Operators,
    Secrets,
}

impl Way {
    /// The way to a resource.
    pub fn to(resource: Resource) -> Self {
        match resource {
            Resource::Pods => Self::List(Subject::Pods),
            Resource::Events => Self::List(Subject::Events),
            Resource::Nodes | Resource::Leases => Self::List(Subject::Nodes),
            Resource::Namespaces => Self::List(Subject::Namespaces),
            Resource::Deployments
            | Resource::ReplicaSets
            | Resource::StatefulSets
            | Resource::DaemonSets
            | Resource::Jobs
            | Resource::CronJobs => Self::List(Subject::Workloads),
            Resource::HorizontalPodAutoscalers
            | Resource::PodDisruptionBudgets
            | Resource::ResourceQuotas
            | Resource::LimitRanges => Self::List(Subject::Limits),
            Resource::Services
            | Resource::EndpointSlices
            | Resource::Ingresses
            | Resource::IngressClasses
            | Resource::NetworkPolicies => Self::List(Subject::Network),
            Resource::GatewayClasses
            | Resource::Gateways
            | Resource::HttpRoutes
            | Resource::GrpcRoutes
            | Resource::TlsRoutes
            | Resource::TcpRoutes
            | Resource::ReferenceGrants => Self::List(Subject::Gateways),
            Resource::IpAddresses | Resource::ServiceCidrs => Self::List(Subject::Addresses),
            Resource::PersistentVolumeClaims
            | Resource::PersistentVolumes
            | Resource::StorageClasses
            | Resource::VolumeAttachments
            | Resource::VolumeSnapshots
            | Resource::CsiNodes
            | Resource::CsiDrivers => Self::List(Subject::Storage),
            Resource::ServiceAccounts | Resource::ConfigMaps => Self::List(Subject::References),
            Resource::CustomResourceDefinitions
            | Resource::ApiServices
            | Resource::MutatingWebhookConfigurations
            | Resource::ValidatingWebhookConfigurations
            | Resource::CertificateSigningRequests => Self::List(Subject::Cluster),
            Resource::Roles | Resource::ClusterRoles | Resource::RoleBindings | Resource::ClusterRoleBindings => {
                Self::List(Subject::Rights)
            }
            Resource::NodeMetrics | Resource::PodMetrics => Self::List(Subject::Usage),
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
            | Resource::CiliumClusterwideNetworkPolicies => Self::List(Subject::Operators),
            Resource::Secrets => Self::List(Subject::Secrets),
            Resource::HealthChecks => Self::Paths(&["/livez", "/readyz"]),
            Resource::DeprecatedApis | Resource::EtcdStatuses => Self::Paths(&["/metrics"]),
            Resource::AutoscalerStatuses => Self::ConfigMap("kube-system", "cluster-autoscaler-status"),
            Resource::LogErrors => Self::PodLog,
            Resource::NodeSummaries | Resource::VolumeUses => Self::NodeProxy,
            // The identity's own certificate, its own timing, discovery, TLS, Prometheus, Alertmanager; and kinds that the
            // configuration names, for which it has to be given rights by name.
            Resource::Credentials
            | Resource::KubeletCertificates
            | Resource::RequestStats
            | Resource::ServedApis
            | Resource::CustomResources
            | Resource::CpuThrottlings
            | Resource::ScrapeTargets
            | Resource::PrometheusStatuses
            | Resource::Alerts => Self::Free,
        }
    }
}
