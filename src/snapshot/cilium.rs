//! Cilium's own objects (cilium.io/v2).

use super::lean::lean;
use super::meta::{Labels, ObjectMeta};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    /// Labels that share one security identity.
    pub struct CiliumIdentity {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        #[serde(rename = "security-labels")] security_labels: Labels,
    }

    /// One per pod, of the same name.
    pub struct CiliumEndpoint {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        status: CiliumEndpointStatus,
    }

    pub struct CiliumEndpointStatus {
        state: Str,
        identity: Option<CiliumEndpointIdentity>,
        networking: Option<CiliumNetworking>,
    }

    pub struct CiliumEndpointIdentity {
        id: i64,
    }

    pub struct CiliumNetworking {
        /// The address of the node.
        node: Str,
    }

    /// A CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy: one spec, or several in `specs`.
    pub struct CiliumNetworkPolicy {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: Option<CiliumRule>,
        specs: Vec<CiliumRule>,
    }

    pub struct CiliumRule {
        endpoint_selector: Option<LabelSelector>,
        node_selector: Option<LabelSelector>,
        ingress: Vec<CiliumPeers>,
        egress: Vec<CiliumPeers>,
    }

    pub struct CiliumPeers {
        from_endpoints: Vec<LabelSelector>,
        to_endpoints: Vec<LabelSelector>,
    }
}
