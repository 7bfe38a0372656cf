//! Services as they are served: endpoints that fell out, load balancers that do not come, addresses that run out.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, target};
use super::service::selecting;
use crate::finding::{Evidence, Severity, Target};
use crate::snapshot::Resource::{EndpointSlices, Events, IpAddresses, Nodes, Pods, ServiceCidrs, Services};
use crate::snapshot::{Endpoint, Node, Pod};
use crate::texts::findings::{self, service as texts};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("service/endpoints-not-ready"),
        kind: "Service",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(EndpointSlices, Walked), (Services, Walked), (Pods, Detail)],
        gate: Some("5m, 50 %"),
        means: "The others carry the load of those that fell out.",
        advice: "Look at the pods that are not ready.",
        find: endpoints_not_ready,
    },
    Check {
        id: CheckId::new("service/lb-pending"),
        kind: "Service",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Services, Walked), (Events, Detail)],
        gate: Some("10m"),
        means: "Nobody reaches it from outside.",
        advice: "The cloud's controller says in its event what is missing: quota, subnet, rights, or it does not run.",
        find: lb_pending,
    },
    Check {
        id: CheckId::new("service/warning-events"),
        kind: "Service",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Events, Walked), (Services, Detail)],
        gate: Some("24h"),
        means: "A controller has trouble with it; what it serves may be out of date.",
        advice: "The event says who failed at what.",
        find: warning_events,
    },
    Check {
        id: CheckId::new("service/local-policy-uncovered"),
        kind: "Service",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Services, Walked), (EndpointSlices, Complete), (Nodes, Complete)],
        gate: None,
        means: "What arrives on such a node is dropped instead of being sent on.",
        advice: "Run it on every node that is asked, or set the policy to Cluster.",
        find: local_policy_uncovered,
    },
    Check {
        id: CheckId::new("service/clusterip-space"),
        kind: "ServiceCIDR",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(IpAddresses, Walked), (ServiceCidrs, Walked), (Events, Detail)],
        gate: Some("85 %"),
        means: "When the addresses are used up no Service can be made any more.",
        advice: "Delete Services that nobody uses, or add a ServiceCIDR.",
        find: clusterip_space,
    },
];

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.is_ready() && !endpoint.addresses.is_empty()
}

fn endpoints_not_ready(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = selecting(scene).filter_map(|(id, service)| {
        // A pod on its way out is not missed: its successor has come or is on its way.
        let there = |endpoint: &&Endpoint| endpoint.conditions.terminating != Some(true);
        let endpoints: Vec<&Endpoint> =
            scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints).filter(there).collect();
        let pod = |endpoint: &Endpoint| {
            let pod = endpoint.target_ref.as_ref()?;
            scene.graph.as_pod(scene.graph.find("Pod", &service.meta.namespace, &pod.name)?)
        };
        let since = |pod: Option<&Pod>| {
            let ready = pod.and_then(|pod| pod.status.conditions.get("Ready"));
            ready.and_then(|ready| ready.last_transition_time).or(pod.and_then(|pod| pod.meta.creation_timestamp))
        };
        let down: Vec<_> = endpoints
            .iter()
            .filter(|endpoint| !is_ready(endpoint))
            .map(|endpoint| (endpoint, since(pod(endpoint))))
            .filter(|(_, since)| scene.is_settled(*since))
            .collect();
        // That nobody at all is left is no-endpoints' to say.
        if down.is_empty() || !endpoints.iter().any(|endpoint| is_ready(endpoint)) {
            return None;
        }
        let severity = if down.len() * 2 >= endpoints.len() { Severity::High } else { Severity::Medium };
        let longest = down.iter().filter_map(|(_, since)| *since).min();
        let names = down.iter().filter_map(|(endpoint, _)| endpoint.target_ref.as_ref());
        let mut names: Vec<&str> = names.map(|pod| pod.name.as_str()).collect();
        names.sort_unstable();
        let ready = format!("{} / {}", endpoints.len() - down.len(), endpoints.len());
        let mut evidence = vec![Evidence::since("endpoints ready", ready, longest)];
        if !names.is_empty() {
            evidence.push(Evidence::new("not ready", names.join(", ")));
        }
        let title = texts::endpoints_not_ready(down.len(), endpoints.len());
        Some(Draft::about(target("Service", &service.meta), severity, title, evidence))
    });
    drafts.collect()
}

fn lb_pending(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.services.iter().filter_map(|service| {
        let since = service.meta.creation_timestamp;
        let age = since.map(|since| scene.age(since)).filter(|age| *age > scene.thresholds.address)?;
        let pending = service.spec.type_ == "LoadBalancer"
            && service.status.load_balancer.ingress.is_empty()
            && service.meta.deletion_timestamp.is_none();
        if !pending {
            return None;
        }
        let this = target("Service", &service.meta);
        let event = scene.event(scene.graph.find_target(&this), |event| event.type_ == "Warning");
        let mut evidence = vec![Evidence::since("status.loadBalancer.ingress", findings::none(), since)];
        if !service.spec.load_balancer_class.is_empty() {
            evidence.push(Evidence::new("spec.loadBalancerClass", service.spec.load_balancer_class.as_str()));
        }
        evidence.extend(event.map(event_evidence));
        let title = texts::lb_pending(age, event.map(|event| event.message.as_str()));
        Some(Draft::about(this, Severity::High, title, evidence))
    });
    drafts.collect()
}

fn warning_events(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.services.iter().filter_map(|service| {
        let this = target("Service", &service.meta);
        let id = scene.graph.find_target(&this)?;
        let event = scene.event(Some(id), |event| event.type_ == "Warning" && scene.is_news(event.last_seen))?;
        // What keeps the load balancer away is said with it.
        let pending = service.spec.type_ == "LoadBalancer" && service.status.load_balancer.ingress.is_empty();
        if pending || ADDRESS_FAILURES.contains(&event.reason.as_str()) {
            return None;
        }
        let mut evidence = vec![event_evidence(event)];
        if event.count > 1 {
            evidence.push(Evidence::new("count", event.count.to_string()));
        }
        Some(Draft::about(this, Severity::Medium, texts::warning_event(&event.message), evidence))
    });
    drafts.collect()
}

fn local_policy_uncovered(scene: &Scene<'_>) -> Vec<Draft> {
    // Where a workload could be: a node that is lost, cordoned or reserved is no place to miss it on.
    let could_run = |node: &&Node| {
        let reserved = node.spec.taints.iter().any(|taint| taint.effect != "PreferNoSchedule");
        node.status.conditions.is("Ready", "True") && !node.spec.unschedulable && !reserved
    };
    let nodes: BTreeSet<&str> =
        scene.snapshot.nodes.iter().filter(could_run).map(|node| node.meta.name.as_str()).collect();
    let drafts = selecting(scene).filter_map(|(id, service)| {
        let published = matches!(service.spec.type_.as_str(), "NodePort" | "LoadBalancer");
        let (policy, severity) = if service.spec.internal_traffic_policy == "Local" {
            ("internalTrafficPolicy", Severity::Medium)
        } else if published && service.spec.external_traffic_policy == "Local" {
            // A load balancer asks each node first and leaves such nodes out.
            let left_out = service.spec.type_ == "LoadBalancer";
            ("externalTrafficPolicy", if left_out { Severity::Info } else { Severity::Medium })
        } else {
            return None;
        };
        let endpoints = scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
        let covered: HashSet<&str> =
            endpoints.filter(|each| is_ready(each)).map(|each| each.node_name.as_str()).collect();
        let uncovered: Vec<&str> = nodes.iter().copied().filter(|node| !covered.contains(node)).collect();
        if covered.is_empty() || uncovered.is_empty() {
            return None;
        }
        let named = uncovered.iter().take(10).copied().collect::<Vec<_>>().join(", ");
        let evidence = vec![
            Evidence::since(format!("spec.{policy}"), "Local", service.meta.creation_timestamp),
            Evidence::new("nodes without a ready endpoint", named),
        ];
        let title = texts::uncovered(policy, uncovered.len(), nodes.len());
        Some(Draft::about(target("Service", &service.meta), severity, title, evidence))
    });
    drafts.collect()
}

/// What the API server's allocators say of a Service that they have no address for.
const ADDRESS_FAILURES: &[&str] = &["ClusterIPNotAllocated", "ClusterIPOutOfRange", "ClusterIPAllocationFailed"];

fn clusterip_space(scene: &Scene<'_>) -> Vec<Draft> {
    let addresses: Vec<IpAddr> =
        scene.snapshot.ip_addresses.iter().filter_map(|address| address.meta.name.parse().ok()).collect();
    let mut drafts: BTreeMap<&str, Draft> = BTreeMap::new();
    for cidr in &scene.snapshot.service_cidrs {
        for range in cidr.spec.cidrs.iter().filter_map(|range| Range::parse(range)) {
            let used = addresses.iter().filter(|address| range.holds(**address)).count() as u64;
            let Some(size) = range.size().filter(|size| used * 100 >= size * u64::from(scene.thresholds.addresses))
            else {
                continue;
            };
            let evidence = vec![Evidence::new("IPAddresses", format!("{used} / {size}"))];
            let draft = Draft::about(
                target("ServiceCIDR", &cidr.meta),
                Severity::Medium,
                texts::address_space(used, size),
                evidence,
            );
            drafts.insert(cidr.meta.name.as_str(), draft);
        }
    }
    let failure = scene
        .snapshot
        .events
        .iter()
        .find(|event| ADDRESS_FAILURES.contains(&event.reason.as_str()) && scene.is_news(event.last_seen));
    if let Some(event) = failure {
        let name = scene.snapshot.service_cidrs.first().map_or("kubernetes", |cidr| cidr.meta.name.as_str());
        let draft = drafts.entry(name).or_insert_with(|| {
            let this = Target::cluster_wide("ServiceCIDR", name);
            Draft::about(this, Severity::Medium, texts::address_failure(&event.message), Vec::new())
        });
        draft.severity = Severity::High;
        draft.evidence.push(event_evidence(event));
    }
    drafts.into_values().collect()
}

/// A range of addresses such as `10.0.0.0/16`.
struct Range {
    base: IpAddr,
    prefix: u32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        Some(Self { base: base.parse().ok()?, prefix: prefix.parse().ok()? })
    }

    fn holds(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(self.prefix)).unwrap_or_default();
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(self.prefix)).unwrap_or_default();
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    /// How many addresses it has for Services; nothing for one that cannot run out.
    fn size(&self) -> Option<u64> {
        let bits = if self.base.is_ipv4() { 32 } else { 128 };
        let free = u32::checked_sub(bits, self.prefix).filter(|free| *free <= 32)?;
        // Of IPv4 the first address is the network's and the last for broadcast.
        Some((1_u64 << free).saturating_sub(if bits == 32 { 2 } else { 1 }))
    }
}
