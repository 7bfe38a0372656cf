//! Services, the endpoints behind them, and the Ingresses in front.

use super::lean::lean;
use super::meta::{ConditionsOnly, IntOrString, Labels, ObjectMeta, ObjectReference};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    pub struct Service {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ServiceSpec,
        status: LoadBalanced,
    }

    pub struct ServiceSpec {
        /// Empty when the endpoints are kept by somebody else.
        selector: Labels,
        ports: Vec<ServicePort>,
        #[serde(rename = "type")] type_: Str,
        #[serde(rename = "clusterIP")] cluster_ip: Str,
        external_name: Str,
        publish_not_ready_addresses: bool,
        load_balancer_class: Str,
        external_traffic_policy: Str,
        internal_traffic_policy: Str,
        #[serde(rename = "externalIPs")] external_ips: Vec<Str>,
    }

    pub struct ServicePort {
        name: Str,
        port: i32,
        /// Absent means the same number as `port`.
        target_port: Option<IntOrString>,
        node_port: i32,
        protocol: Str,
        app_protocol: Str,
    }

    /// `status` of a Service or Ingress: the addresses that the outside reaches it by.
    pub struct LoadBalanced {
        load_balancer: LoadBalancerStatus,
    }

    pub struct LoadBalancerStatus {
        ingress: Vec<LoadBalancerIngress>,
    }

    pub struct LoadBalancerIngress {
        ip: Str,
        hostname: Str,
        ports: Vec<PortStatus>,
    }

    pub struct PortStatus {
        port: i32,
        protocol: Str,
        error: Str,
    }

    pub struct EndpointSlice {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        address_type: Str,
        endpoints: Vec<Endpoint>,
        ports: Vec<EndpointPort>,
    }

    pub struct Endpoint {
        addresses: Vec<Str>,
        conditions: EndpointConditions,
        target_ref: Option<ObjectReference>,
        node_name: Str,
    }

    /// Absent means unknown, which consumers read as ready (and serving), not terminating.
    pub struct EndpointConditions {
        ready: Option<bool>,
        serving: Option<bool>,
        terminating: Option<bool>,
    }

    pub struct EndpointPort {
        name: Str,
        port: Option<i32>,
        protocol: Str,
    }

    pub struct Ingress {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: IngressSpec,
        status: LoadBalanced,
    }

    pub struct IngressSpec {
        ingress_class_name: Str,
        default_backend: Option<IngressBackend>,
        rules: Vec<IngressRule>,
        tls: Vec<IngressTls>,
    }

    pub struct IngressRule {
        host: Str,
        http: Option<HttpIngressRule>,
    }

    pub struct HttpIngressRule {
        paths: Vec<HttpIngressPath>,
    }

    pub struct HttpIngressPath {
        path: Str,
        path_type: Str,
        backend: IngressBackend,
    }

    pub struct IngressBackend {
        service: Option<IngressServiceBackend>,
        resource: Option<ObjectReference>,
    }

    pub struct IngressServiceBackend {
        name: Str,
        port: ServiceBackendPort,
    }

    /// One of the two; a number of 0 means by name.
    pub struct ServiceBackendPort {
        name: Str,
        number: i32,
    }

    pub struct IngressTls {
        hosts: Vec<Str>,
        secret_name: Str,
    }

    pub struct IngressClass {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: IngressClassSpec,
    }

    pub struct IngressClassSpec {
        controller: Str,
    }

    pub struct NetworkPolicy {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: NetworkPolicySpec,
    }

    pub struct NetworkPolicySpec {
        /// Empty selects every pod of the namespace.
        pod_selector: LabelSelector,
        policy_types: Vec<Str>,
        ingress: Vec<NetworkPolicyIngressRule>,
        egress: Vec<NetworkPolicyEgressRule>,
    }

    pub struct NetworkPolicyIngressRule {
        ports: Vec<NetworkPolicyPort>,
        /// Empty allows everybody.
        from: Vec<NetworkPolicyPeer>,
    }

    pub struct NetworkPolicyEgressRule {
        ports: Vec<NetworkPolicyPort>,
        /// Empty allows everybody.
        to: Vec<NetworkPolicyPeer>,
    }

    pub struct NetworkPolicyPort {
        protocol: Str,
        port: Option<IntOrString>,
        end_port: Option<i32>,
    }

    pub struct NetworkPolicyPeer {
        pod_selector: Option<LabelSelector>,
        namespace_selector: Option<LabelSelector>,
        ip_block: Option<IpBlock>,
    }

    pub struct IpBlock {
        cidr: Str,
        except: Vec<Str>,
    }

    /// A cluster IP in use.
    pub struct IpAddress {
        #[serde(rename = "metadata")] meta: ObjectMeta,
    }

    pub struct ServiceCidr {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ServiceCidrSpec,
        status: ConditionsOnly,
    }

    pub struct ServiceCidrSpec {
        cidrs: Vec<Str>,
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
