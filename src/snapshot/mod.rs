//! One read of one cluster as plain values: what checks and cause chains look at, and what could not be read.

mod condition;
mod config;
mod event;
mod from_objects;
mod image;
mod lean;
mod meta;
mod network;
mod node;
mod pod;
pub(crate) mod protobuf;
mod quantity;
mod resource;
mod selector;
mod storage;
mod text;
mod workload;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use condition::{Condition, Conditions};
pub use config::{
    Certificate, ConfigMap, Namespace, NamespaceStatus, ResourceQuota, ResourceQuotaStatus, Secret, ServiceAccount,
};
pub use event::Event;
pub use from_objects::BadObject;
pub use image::ImageRef;
pub use meta::{Annotations, IntOrString, Labels, LocalObjectReference, ObjectMeta, ObjectReference, OwnerReference};
pub use network::*;
pub use node::*;
pub use pod::*;
pub use protobuf::Malformed;
pub use quantity::{NotAQuantity, Quantities, Quantity};
pub use resource::{ApiResource, Resource};
pub use selector::{LabelSelector, LabelSelectorRequirement, selects};
pub use storage::*;
pub use text::{Interner, Str};
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
    /// Node heartbeats, from the namespace `kube-node-lease`.
    pub leases: Vec<Lease>,
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

    /// Whether a list is complete.
    pub fn has_read(&self, resource: Resource) -> bool {
        self.state_of(resource) == State::Read
    }
}
