//! Nodes, what they can attach, and leases.

use chrono::{DateTime, Utc};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::ObjectMeta;
use super::quantity::Quantities;
use super::text::Str;

lean! {
    pub struct Node {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: NodeSpec = 2,
        status: NodeStatus = 3,
    }

    pub struct NodeSpec {
        unschedulable: bool = 4,
        taints: Vec<Taint> = 5,
        #[serde(rename = "providerID")] provider_id: Str = 3,
        #[serde(rename = "podCIDR")] pod_cidr: Str = 1,
    }

    pub struct Taint {
        key: Str = 1,
        value: Str = 2,
        effect: Str = 3,
        time_added: Option<DateTime<Utc>> = 4,
    }

    pub struct NodeStatus {
        capacity: Quantities = 1,
        allocatable: Quantities = 2,
        conditions: Conditions = 4,
        node_info: NodeInfo = 7,
        addresses: Vec<NodeAddress> = 5,
        daemon_endpoints: NodeDaemonEndpoints = 6,
    }

    pub struct NodeDaemonEndpoints {
        kubelet_endpoint: DaemonEndpoint = 1,
    }

    pub struct DaemonEndpoint {
        #[serde(rename = "Port")] port: i32 = 1,
    }

    pub struct NodeInfo {
        kubelet_version: Str = 7,
        kube_proxy_version: Str = 8,
        #[serde(rename = "bootID")] boot_id: Str = 3,
        operating_system: Str = 9,
        container_runtime_version: Str = 6,
        kernel_version: Str = 4,
        os_image: Str = 5,
        architecture: Str = 10,
    }

    pub struct NodeAddress {
        #[serde(rename = "type")] type_: Str = 1,
        address: Str = 2,
    }

    /// A heartbeat: of a node in `kube-node-lease`, of a controller that was elected leader elsewhere.
    pub struct Lease {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: LeaseSpec = 2,
    }

    pub struct LeaseSpec {
        holder_identity: Str = 1,
        lease_duration_seconds: Option<i32> = 2,
        renew_time: Option<DateTime<Utc>> = 4,
    }

    pub struct CsiNode {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: CsiNodeSpec = 2,
    }

    pub struct CsiNodeSpec {
        drivers: Vec<CsiNodeDriver> = 1,
    }

    pub struct CsiNodeDriver {
        name: Str = 1,
        allocatable: Option<CsiNodeAllocatable> = 4,
    }

    pub struct CsiNodeAllocatable {
        /// How many volumes of the driver the node can hold; absent means no limit.
        count: Option<i32> = 1,
    }
}
