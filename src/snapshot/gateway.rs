//! The Gateway API (gateway.networking.k8s.io).

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{ConditionsOnly, ObjectMeta};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    pub struct GatewayClass {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: GatewayClassSpec,
        status: ConditionsOnly,
    }

    pub struct GatewayClassSpec {
        controller_name: Str,
    }

    pub struct Gateway {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: GatewaySpec,
        status: GatewayStatus,
    }

    pub struct GatewaySpec {
        gateway_class_name: Str,
        listeners: Vec<Listener>,
    }

    pub struct Listener {
        name: Str,
        hostname: Str,
        port: i32,
        protocol: Str,
        tls: Option<Box<ListenerTls>>,
        allowed_routes: Option<Box<AllowedRoutes>>,
    }

    pub struct ListenerTls {
        certificate_refs: Vec<GatewayRef>,
    }

    /// Absent means the Gateway's own namespace.
    pub struct AllowedRoutes {
        namespaces: Option<RouteNamespaces>,
    }

    /// `from` is `All`, `Selector`, `Same` (the default) or `None`.
    pub struct RouteNamespaces {
        from: Str,
        selector: Option<LabelSelector>,
    }

    pub struct GatewayStatus {
        conditions: Conditions,
        listeners: Vec<ListenerStatus>,
    }

    pub struct ListenerStatus {
        name: Str,
        attached_routes: i32,
        conditions: Conditions,
    }

    /// An HTTPRoute, GRPCRoute, TLSRoute or TCPRoute.
    pub struct Route {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: RouteSpec,
        status: RouteStatus,
    }

    pub struct RouteSpec {
        parent_refs: Vec<GatewayRef>,
        hostnames: Vec<Str>,
        rules: Vec<RouteRule>,
    }

    pub struct RouteRule {
        backend_refs: Vec<GatewayRef>,
    }

    /// A reference across kinds and namespaces. An absent kind is `Gateway` for a parent, `Service` for a backend, `Secret`
    /// for a certificate; an absent namespace is that of the object itself.
    pub struct GatewayRef {
        group: Option<Str>,
        kind: Str,
        namespace: Str,
        name: Str,
        section_name: Str,
        port: Option<i32>,
    }

    pub struct RouteStatus {
        parents: Vec<RouteParentStatus>,
    }

    pub struct RouteParentStatus {
        parent_ref: GatewayRef,
        controller_name: Str,
        conditions: Conditions,
    }

    pub struct ReferenceGrant {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: ReferenceGrantSpec,
    }

    pub struct ReferenceGrantSpec {
        from: Vec<GrantPeer>,
        to: Vec<GrantPeer>,
    }

    pub struct GrantPeer {
        group: Str,
        kind: Str,
        namespace: Str,
        name: Str,
    }
}
