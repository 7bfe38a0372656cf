//! The closed list of what an inspection reads, and the one table that ties each list to its API and its place in a snapshot.

use serde::{Deserialize, Deserializer};

use super::Snapshot;
use super::config::{ConfigMap, Namespace, ResourceQuota, Secret, ServiceAccount};
use super::event::Event;
use super::network::{EndpointSlice, Ingress, IngressClass, Service};
use super::node::{Lease, Node};
use super::pod::{Pod, PodDisruptionBudget};
use super::protobuf::{Item, Malformed};
use super::storage::{PersistentVolume, PersistentVolumeClaim, StorageClass};
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
    ($( $variant:ident, $type:ident, $field:ident, $group:literal, $version:literal, $plural:literal, $namespaced:literal; )*) => {
        /// One list of an inspection.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Resource { $( $variant ),* }

        impl Resource {
            /// All of them, in the order in which they are asked for: the largest lists first.
            pub const ALL: &[Self] = &[ $( Self::$variant ),* ];

            /// Group, version and names.
            pub const fn api(self) -> ApiResource {
                match self { $( Self::$variant => ApiResource {
                    group: $group, version: $version, plural: $plural, kind: stringify!($type), namespaced: $namespaced,
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
                match resource { $( Resource::$variant => self.$field.append(&mut from.$field) ),* }
            }

            /// Gives back the memory that a list reserved for growing and did not use.
            pub fn shrink(&mut self, resource: Resource) {
                match resource { $( Resource::$variant => self.$field.shrink_to_fit() ),* }
            }

            /// How many objects of a resource there are.
            pub fn count(&self, resource: Resource) -> usize {
                match resource { $( Resource::$variant => self.$field.len() ),* }
            }
        }
    };
}

resources! {
    Pods, Pod, pods, "", "v1", "pods", true;
    Events, Event, events, "", "v1", "events", true;
    ReplicaSets, ReplicaSet, replica_sets, "apps", "v1", "replicasets", true;
    Deployments, Deployment, deployments, "apps", "v1", "deployments", true;
    EndpointSlices, EndpointSlice, endpoint_slices, "discovery.k8s.io", "v1", "endpointslices", true;
    Services, Service, services, "", "v1", "services", true;
    ConfigMaps, ConfigMap, config_maps, "", "v1", "configmaps", true;
    Secrets, Secret, secrets, "", "v1", "secrets", true;
    Nodes, Node, nodes, "", "v1", "nodes", false;
    Jobs, Job, jobs, "batch", "v1", "jobs", true;
    CronJobs, CronJob, cron_jobs, "batch", "v1", "cronjobs", true;
    StatefulSets, StatefulSet, stateful_sets, "apps", "v1", "statefulsets", true;
    DaemonSets, DaemonSet, daemon_sets, "apps", "v1", "daemonsets", true;
    Ingresses, Ingress, ingresses, "networking.k8s.io", "v1", "ingresses", true;
    IngressClasses, IngressClass, ingress_classes, "networking.k8s.io", "v1", "ingressclasses", false;
    PersistentVolumeClaims, PersistentVolumeClaim, persistent_volume_claims, "", "v1", "persistentvolumeclaims", true;
    PersistentVolumes, PersistentVolume, persistent_volumes, "", "v1", "persistentvolumes", false;
    StorageClasses, StorageClass, storage_classes, "storage.k8s.io", "v1", "storageclasses", false;
    ResourceQuotas, ResourceQuota, resource_quotas, "", "v1", "resourcequotas", true;
    HorizontalPodAutoscalers, HorizontalPodAutoscaler, horizontal_pod_autoscalers, "autoscaling", "v2", "horizontalpodautoscalers", true;
    PodDisruptionBudgets, PodDisruptionBudget, pod_disruption_budgets, "policy", "v1", "poddisruptionbudgets", true;
    ServiceAccounts, ServiceAccount, service_accounts, "", "v1", "serviceaccounts", true;
    Namespaces, Namespace, namespaces, "", "v1", "namespaces", false;
    Leases, Lease, leases, "coordination.k8s.io", "v1", "leases", true;
}

impl Resource {
    /// The resource that a kind of object belongs to, whatever version of its group it is written in.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        Self::ALL.iter().copied().find(|resource| {
            let api = resource.api();
            api.kind == kind && (api.group == group || (*resource == Self::Events && group == "events.k8s.io"))
        })
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
