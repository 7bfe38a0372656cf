//! Services, the endpoints behind them, and the Ingresses in front.

use super::lean::lean;
use super::meta::{ConditionsOnly, IntOrString, Labels, ObjectMeta};
use super::presence::Present;
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    pub struct Service {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: ServiceSpec = 2,
        status: LoadBalanced = 3,
    }

    pub struct ServiceSpec {
        /// Empty when the endpoints are kept by somebody else.
        selector: Labels = 2,
        ports: Vec<ServicePort> = 1,
        #[serde(rename = "type")] type_: Str = 4,
        #[serde(rename = "clusterIP")] cluster_ip: Str = 3,
        external_name: Str = 10,
        publish_not_ready_addresses: bool = 13,
        load_balancer_class: Str = 21,
        external_traffic_policy: Str = 11,
        internal_traffic_policy: Str = 22,
        #[serde(rename = "externalIPs")] external_ips: Vec<Str> = 5,
    }

    pub struct ServicePort {
        name: Str = 1,
        port: i32 = 3,
        /// Absent means the same number as `port`.
        target_port: Option<IntOrString> = 4,
        node_port: i32 = 5,
        protocol: Str = 2,
        app_protocol: Str = 6,
    }

    /// `status` of a Service or Ingress: the addresses that the outside reaches it by.
    pub struct LoadBalanced {
        load_balancer: LoadBalancerStatus = 1,
    }

    pub struct LoadBalancerStatus {
        ingress: Vec<LoadBalancerIngress> = 1,
    }

    pub struct LoadBalancerIngress {
        ip: Str = 1,
        hostname: Str = 2,
        ports: Vec<PortStatus> = 4,
    }

    pub struct PortStatus {
        port: i32 = 1,
        protocol: Str = 2,
        error: Str = 3,
    }

    pub struct EndpointSlice {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        address_type: Str = 4,
        endpoints: Vec<Endpoint> = 2,
        ports: Vec<EndpointPort> = 3,
    }

    pub struct Endpoint {
        addresses: Vec<Present> = 1,
        conditions: EndpointConditions = 2,
        target_ref: Option<EndpointTarget> = 4,
        node_name: Str = 6,
    }

    /// The object behind an address, in the slice's namespace.
    pub struct EndpointTarget {
        kind: Str = 1,
        name: Str = 3,
    }

    /// Absent means unknown, which consumers read as ready (and serving), not terminating.
    pub struct EndpointConditions {
        ready: Option<bool> = 1,
        serving: Option<bool> = 2,
        terminating: Option<bool> = 3,
    }

    pub struct EndpointPort {
        name: Str = 1,
        port: Option<i32> = 3,
        protocol: Str = 2,
    }

    pub struct Ingress {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: IngressSpec = 2,
        status: LoadBalanced = 3,
    }

    pub struct IngressSpec {
        ingress_class_name: Str = 4,
        default_backend: Option<IngressBackend> = 1,
        rules: Vec<IngressRule> = 3,
        tls: Vec<IngressTls> = 2,
    }

    pub struct IngressRule {
        host: Str = 1,
        http: Option<HttpIngressRule> = 2/1,
    }

    pub struct HttpIngressRule {
        paths: Vec<HttpIngressPath> = 1,
    }

    pub struct HttpIngressPath {
        path: Str = 1,
        path_type: Str = 3,
        backend: IngressBackend = 2,
    }

    pub struct IngressBackend {
        service: Option<IngressServiceBackend> = 4,
        resource: Option<TypedReference> = 3,
    }

    /// A reference to any kind of object in the same namespace.
    pub struct TypedReference {
        kind: Str = 2,
        name: Str = 3,
    }

    pub struct IngressServiceBackend {
        name: Str = 1,
        port: ServiceBackendPort = 2,
    }

    /// One of the two; a number of 0 means by name.
    pub struct ServiceBackendPort {
        name: Str = 1,
        number: i32 = 2,
    }

    pub struct IngressTls {
        hosts: Vec<Str> = 1,
        secret_name: Str = 2,
    }

    pub struct IngressClass {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: IngressClassSpec = 2,
    }

    pub struct IngressClassSpec {
        controller: Str = 1,
    }

    pub struct NetworkPolicy {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: NetworkPolicySpec = 2,
    }

    pub struct NetworkPolicySpec {
        /// Empty selects every pod of the namespace.
        pod_selector: LabelSelector = 1,
        policy_types: Vec<Str> = 4,
        ingress: Vec<NetworkPolicyIngressRule> = 2,
        egress: Vec<NetworkPolicyEgressRule> = 3,
    }

    pub struct NetworkPolicyIngressRule {
        ports: Vec<NetworkPolicyPort> = 1,
        /// Empty allows everybody.
        from: Vec<NetworkPolicyPeer> = 2,
    }

    pub struct NetworkPolicyEgressRule {
        ports: Vec<NetworkPolicyPort> = 1,
        /// Empty allows everybody.
        to: Vec<NetworkPolicyPeer> = 2,
    }

    pub struct NetworkPolicyPort {
        protocol: Str = 1,
        port: Option<IntOrString> = 2,
        end_port: Option<i32> = 3,
    }

    pub struct NetworkPolicyPeer {
        pod_selector: Option<LabelSelector> = 1,
        namespace_selector: Option<LabelSelector> = 2,
        ip_block: Option<IpBlock> = 3,
    }

    pub struct IpBlock {
        cidr: Str = 1,
        except: Vec<Str> = 2,
    }

    /// A cluster IP in use.
    pub struct IpAddress {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
    }

    pub struct ServiceCidr {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: ServiceCidrSpec = 2,
        status: ConditionsOnly = 3,
    }

    pub struct ServiceCidrSpec {
        cidrs: Vec<Str> = 1,
    }
}

impl EndpointSlice {
    /// The Service it belongs to.
    pub fn service_name(&self) -> Option<&Str> {
        self.meta.labels.get("kubernetes.io/service-name")
    }
}

impl EndpointConditions {
    /// As consumers read it: unknown is ready.
    pub fn is_ready(&self) -> bool {
        self.ready.unwrap_or(true)
    }
}
