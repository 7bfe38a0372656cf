//! Nodes and their leases.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::{Conditions, ObjectMeta};
use super::quantity::Quantities;
use super::text::Str;

lean! {
    pub struct Node {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: NodeSpec,
        status: NodeStatus,
    }

    pub struct NodeSpec {
        unschedulable: bool,
        taints: Vec<Taint>,
        #[serde(rename = "providerID")] provider_id: Str,
    }

    pub struct Taint {
        key: Str,
        value: Str,
        effect: Str,
        time_added: Option<DateTime<Utc>>,
    }

    pub struct NodeStatus {
        capacity: Quantities,
        allocatable: Quantities,
        conditions: Conditions,
        node_info: NodeInfo,
        addresses: Vec<NodeAddress>,
    }

    pub struct NodeInfo {
        kubelet_version: Str,
        container_runtime_version: Str,
        kernel_version: Str,
        os_image: Str,
        architecture: Str,
    }

    pub struct NodeAddress {
        #[serde(rename = "type")] type_: Str,
        address: Str,
    }

    /// A heartbeat; only those of `kube-node-lease` are read.
    pub struct Lease {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: LeaseSpec,
    }

    pub struct LeaseSpec {
        holder_identity: Str,
        lease_duration_seconds: Option<i32>,
        renew_time: Option<DateTime<Utc>>,
    }
}
