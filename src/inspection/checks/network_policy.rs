//! NetworkPolicies: what they cover, and what they cut off.

use super::by_label::{ByLabel, EVERYWHERE};
use super::check::row::*;
use super::scene::{Draft, Scene, Sighting, is_live, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{Namespaces, NetworkPolicies, Pods};
use crate::snapshot::{
    IntOrString, Labels, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, Pod,
};
use crate::texts::findings::network_policy as texts;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("networkpolicy/selects-nothing"),
        kind: "NetworkPolicy",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(NetworkPolicies, Walked), (Pods, Complete)],
        gate: None,
        means: "What it was written for is not protected, or is gone.",
        advice: "Compare its podSelector with the pods' labels.",
        find: selects_nothing,
    },
    Check {
        id: CheckId::new("networkpolicy/peer-matches-nothing"),
        kind: "NetworkPolicy",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(NetworkPolicies, Walked), (Pods, Complete), (Namespaces, Complete)],
        gate: None,
        means: "A rule that shall let somebody in or out lets nobody.",
        advice: "Compare the peer's selectors with the labels of namespaces and pods.",
        find: peer_matches_nothing,
    },
    Check {
        id: CheckId::new("networkpolicy/allow-or-deny-all"),
        kind: "NetworkPolicy",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(NetworkPolicies, Walked)],
        gate: None,
        means: "It decides for the whole namespace.",
        advice: "Deny-all is a good base; allow-all undoes every other policy of the namespace.",
        find: allow_or_deny_all,
    },
    Check {
        id: CheckId::new("networkpolicy/dns-blocked"),
        kind: "NetworkPolicy",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(NetworkPolicies, Walked), (Pods, Complete), (Namespaces, Part)],
        gate: None,
        means: "The pods cannot look up any name, so hardly any connection of theirs works.",
        advice: "Allow egress to the cluster's DNS on port 53, UDP and TCP.",
        find: dns_blocked,
    },
    Check {
        id: CheckId::new("pod/no-network-policy"),
        kind: "Pod",
        severity: Severity::Info,
        set: Set::Hygiene,
        data: &[(NetworkPolicies, Complete), (Pods, Walked)],
        gate: None,
        means: "Every pod of the cluster can talk to them.",
        advice: "Begin with a policy that denies all, and allow what is needed.",
        find: no_network_policy,
    },
];

/// The pods that are to run, by namespace.
fn by_namespace<'a>(scene: &Scene<'a>) -> HashMap<&'a str, Vec<&'a Pod>> {
    let mut pods: HashMap<&str, Vec<&Pod>> = HashMap::new();
    for pod in scene.live_pods() {
        pods.entry(pod.meta.namespace.as_str()).or_default().push(pod);
    }
    pods
}

fn namespaces<'a>(scene: &Scene<'a>) -> HashMap<&'a str, &'a Labels> {
    let namespaces = scene.snapshot.namespaces.iter();
    namespaces.map(|namespace| (namespace.meta.name.as_str(), &namespace.meta.labels)).collect()
}

fn living<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a NetworkPolicy> {
    scene.snapshot.network_policies.iter().filter(|policy| policy.meta.deletion_timestamp.is_none())
}

fn selects_nothing(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = by_namespace(scene);
    let drafts = living(scene).filter_map(|policy| {
        // In a namespace without pods nothing is missed.
        let here = pods.get(policy.meta.namespace.as_str())?;
        if here.iter().any(|pod| policy.spec.pod_selector.matches(&pod.meta.labels)) {
            return None;
        }
        let evidence = vec![Evidence::since("pods matched", "0", policy.meta.creation_timestamp)];
        Some(Draft::about(target("NetworkPolicy", &policy.meta), Severity::Low, texts::selects_nothing(), evidence))
    });
    drafts.collect()
}

/// Every peer of a policy with where it stands.
fn peers(policy: &NetworkPolicy) -> impl Iterator<Item = (String, &NetworkPolicyPeer)> {
    let ingress = policy.spec.ingress.iter().enumerate().flat_map(|(at, rule)| {
        rule.from.iter().enumerate().map(move |(peer, from)| (format!("ingress[{at}].from[{peer}]"), from))
    });
    let egress = policy.spec.egress.iter().enumerate().flat_map(|(at, rule)| {
        rule.to.iter().enumerate().map(move |(peer, to)| (format!("egress[{at}].to[{peer}]"), to))
    });
    ingress.chain(egress)
}

fn peer_matches_nothing(scene: &Scene<'_>) -> Vec<Draft> {
    let (mut pods, mut spaces, namespaces) = (ByLabel::default(), ByLabel::default(), namespaces(scene));
    for pod in scene.live_pods() {
        pods.add(&[EVERYWHERE, pod.meta.namespace.as_str()], &pod.meta.labels, pod);
    }
    for (&name, &labels) in &namespaces {
        spaces.add(&[EVERYWHERE], labels, name);
    }
    let matches =
        |policy: &NetworkPolicy, peer: &NetworkPolicyPeer| match (&peer.namespace_selector, &peer.pod_selector) {
            (None, None) => true,
            (None, Some(selector)) => pods.matching(&policy.meta.namespace, selector).next().is_some(),
            (Some(chosen), None) => spaces.matching(EVERYWHERE, chosen).next().is_some(),
            (Some(chosen), Some(selector)) => pods
                .matching(EVERYWHERE, selector)
                .any(|pod| namespaces.get(pod.meta.namespace.as_str()).is_some_and(|labels| chosen.matches(labels))),
        };
    let drafts = living(scene).filter_map(|policy| {
        let empty = peers(policy).filter(|(_, peer)| peer.ip_block.is_none() && !matches(policy, peer));
        let evidence: Vec<Evidence> = empty.map(|(place, _)| Evidence::new(format!("spec.{place}"), "0")).collect();
        (!evidence.is_empty()).then(|| {
            let title = texts::peer_matches_nothing(evidence.len());
            Draft::about(target("NetworkPolicy", &policy.meta), Severity::Low, title, evidence)
        })
    });
    drafts.collect()
}

/// Whether a policy decides about that direction: Kubernetes fills `policyTypes` in, hand-written objects may lack it.
fn decides(policy: &NetworkPolicy, direction: &str) -> bool {
    match policy.spec.policy_types.as_slice() {
        [] => direction == "Ingress" || !policy.spec.egress.is_empty(),
        types => types.iter().any(|each| each == direction),
    }
}

fn allow_or_deny_all(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = living(scene).filter(|policy| policy.spec.pod_selector.is_empty()).filter_map(|policy| {
        let mut rules = Vec::new();
        if decides(policy, "Ingress") {
            let open = policy.spec.ingress.iter().any(|rule| rule.from.is_empty() && rule.ports.is_empty());
            rules.extend(open.then(texts::all_ingress));
            rules.extend(policy.spec.ingress.is_empty().then(texts::no_ingress));
        }
        if decides(policy, "Egress") {
            let open = policy.spec.egress.iter().any(|rule| rule.to.is_empty() && rule.ports.is_empty());
            rules.extend(open.then(texts::all_egress));
            rules.extend(policy.spec.egress.is_empty().then(texts::no_egress));
        }
        let types: Vec<&str> = policy.spec.policy_types.iter().map(|each| each.as_str()).collect();
        let evidence = vec![
            Evidence::since("spec.podSelector", "{}", policy.meta.creation_timestamp),
            Evidence::new("spec.policyTypes", types.join(", ")),
        ];
        (!rules.is_empty()).then(|| {
            Draft::about(target("NetworkPolicy", &policy.meta), Severity::Info, texts::for_all(&rules), evidence)
        })
    });
    drafts.collect()
}

/// Where NodeLocal DNSCache listens by default.
const NODE_LOCAL_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

/// Whether a pod is part of NodeLocal DNSCache.
fn is_cache(pod: &Pod) -> bool {
    pod.meta.labels.get("k8s-app").is_some_and(|app| app == "node-local-dns")
}

fn dns_blocked(scene: &Scene<'_>) -> Vec<Draft> {
    let servers: Vec<&Pod> = scene
        .live_pods()
        .filter(|pod| pod.meta.labels.get("k8s-app").is_some_and(|app| app == "kube-dns" || app == "coredns"))
        .collect();
    // Where nobody knows who answers, nobody can say that he is not reached.
    if servers.is_empty() {
        return Vec::new();
    }
    // Everything lies in `0.0.0.0/0`: the cache counts where there is one.
    let cached = scene.live_pods().any(is_cache).then_some(NODE_LOCAL_DNS);
    let addresses: Vec<IpAddr> = servers.iter().filter_map(|server| server.status.pod_ip.0).chain(cached).collect();
    let servers = Servers { pods: servers, addresses };
    let namespaces = namespaces(scene);
    let mut restricting: HashMap<&str, Vec<&NetworkPolicy>> = HashMap::new();
    for policy in living(scene).filter(|policy| decides(policy, "Egress")) {
        restricting.entry(policy.meta.namespace.as_str()).or_default().push(policy);
    }
    let sightings = scene.live_pods().filter(|pod| !pod.spec.host_network).filter_map(|pod| {
        let here = restricting.get(pod.meta.namespace.as_str())?;
        let policies: Vec<&NetworkPolicy> =
            here.iter().copied().filter(|policy| policy.spec.pod_selector.matches(&pod.meta.labels)).collect();
        let mut rules = policies.iter().flat_map(|policy| &policy.spec.egress).peekable();
        // Without any rule everything is denied, and that is meant.
        rules.peek()?;
        let reached = rules.any(|rule| reaches(rule, pod, &servers, &namespaces));
        (!reached && is_live(pod)).then_some(Sighting { pod, container: None, what: policies })
    });
    let drafts = scene.by_owner(sightings).into_iter().map(|group| {
        let policies = group.sightings.iter().flat_map(|sighting| &sighting.what);
        let mut names: Vec<&str> = policies.map(|policy| policy.meta.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let evidence =
            vec![Evidence::new("NetworkPolicies", names.join(", ")), Evidence::new("egress to port 53", "0")];
        let title = texts::dns_blocked(group.sightings.len());
        group.draft(Severity::Medium, title, evidence)
    });
    drafts.collect()
}

/// Who answers the cluster's questions for names, and where.
#[derive(Debug)]
struct Servers<'a> {
    pods: Vec<&'a Pod>,
    addresses: Vec<IpAddr>,
}

/// Whether a rule lets a pod ask one of the servers.
fn reaches(
    rule: &NetworkPolicyEgressRule,
    from: &Pod,
    servers: &Servers<'_>,
    namespaces: &HashMap<&str, &Labels>,
) -> bool {
    let port = rule.ports.is_empty() || rule.ports.iter().any(is_dns);
    let to = |peer: &NetworkPolicyPeer| match &peer.ip_block {
        Some(block) => servers.addresses.iter().any(|address| {
            within(*address, &block.cidr) && !block.except.iter().any(|except| within(*address, except))
        }),
        None => servers.pods.iter().any(|server| {
            let namespace = match &peer.namespace_selector {
                // Who may not read the namespaces gives the policy the benefit of the doubt.
                Some(selector) => {
                    namespaces.get(server.meta.namespace.as_str()).is_none_or(|labels| selector.matches(labels))
                }
                None => server.meta.namespace == from.meta.namespace,
            };
            namespace && peer.pod_selector.as_ref().is_none_or(|selector| selector.matches(&server.meta.labels))
        }),
    };
    port && (rule.to.is_empty() || rule.to.iter().any(to))
}

fn is_dns(port: &NetworkPolicyPort) -> bool {
    match (&port.port, port.end_port) {
        (None, _) => true,
        (Some(IntOrString::Int(first)), Some(last)) => (*first..=last).contains(&53),
        (Some(IntOrString::Int(number)), None) => *number == 53 || *number == 5353,
        (Some(IntOrString::String(name)), _) => name.starts_with("dns"),
    }
}

/// Whether an address lies in a block such as `10.0.0.0/8` or `fd00::/8`.
fn within(address: IpAddr, cidr: &str) -> bool {
    let Some((base, prefix)) = cidr.split_once('/') else { return false };
    let (Ok(base), Ok(prefix)) = (base.parse::<IpAddr>(), prefix.parse::<u32>()) else { return false };
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or_default();
    base.is_ipv4() == address.is_ipv4() && bits(base) & mask == bits(address) & mask
}

/// An address as the first bits of a number.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn no_network_policy(scene: &Scene<'_>) -> Vec<Draft> {
    let mut policies: HashMap<&str, Vec<&NetworkPolicy>> = HashMap::new();
    for policy in living(scene) {
        policies.entry(policy.meta.namespace.as_str()).or_default().push(policy);
    }
    let uncovered = by_namespace(scene).into_iter().filter(|(namespace, _)| !namespace.starts_with("kube-"));
    let mut drafts: BTreeMap<&str, Draft> = BTreeMap::new();
    for (namespace, pods) in uncovered {
        let here = policies.get(namespace).map(Vec::as_slice).unwrap_or_default();
        let covers = |pod: &Pod| here.iter().any(|policy| policy.spec.pod_selector.matches(&pod.meta.labels));
        let mut open: Vec<&Pod> = pods.into_iter().filter(|pod| !pod.spec.host_network && !covers(pod)).collect();
        if open.is_empty() {
            continue;
        }
        open.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let evidence = vec![Evidence::new("NetworkPolicies", here.len().to_string())];
        let objects = open.iter().map(|pod| ObjectRef::from(target("Pod", &pod.meta))).collect();
        let this = Target::cluster_wide("Namespace", namespace);
        let title = texts::uncovered(open.len());
        drafts.insert(namespace, Draft { objects, ..Draft::about(this, Severity::Info, title, evidence) });
    }
    drafts.into_values().collect()
}
