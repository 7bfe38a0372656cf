//! Nodes, what they can attach, and leases.

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
        #[serde(rename = "podCIDR")] pod_cidr: Str,
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
        kube_proxy_version: Str,
        #[serde(rename = "bootID")] boot_id: Str,
        operating_system: Str,
        container_runtime_version: Str,
        kernel_version: Str,
        os_image: Str,
        architecture: Str,
    }

    pub struct NodeAddress {
        #[serde(rename = "type")] type_: Str,
        address: Str,
    }

    /// A heartbeat: of a node in `kube-node-lease`, of a controller that was elected leader elsewhere.
    pub struct Lease {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: LeaseSpec,
    }

    pub struct LeaseSpec {
        holder_identity: Str,
        lease_duration_seconds: Option<i32>,
        renew_time: Option<DateTime<Utc>>,
    }

    pub struct CsiNode {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CsiNodeSpec,
    }

    pub struct CsiNodeSpec {
        drivers: Vec<CsiNodeDriver>,
    }

    pub struct CsiNodeDriver {
        name: Str,
        allocatable: Option<CsiNodeAllocatable>,
    }

    pub struct CsiNodeAllocatable {
        /// How many volumes of the driver the node can hold; absent means no limit.
        count: Option<i32>,
    }
}
