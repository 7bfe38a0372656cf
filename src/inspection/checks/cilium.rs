//! Cilium's own objects, which can be left behind when its operator or an agent fails.

use super::check::row::*;
use super::scene::{Draft, Scene, is_live, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    CiliumClusterwideNetworkPolicies, CiliumEndpoints, CiliumIdentities, CiliumNetworkPolicies, Namespaces, Nodes,
    Pods, ServiceAccounts,
};
use crate::snapshot::{CiliumEndpoint, CiliumNetworkPolicy, CiliumRule, LabelSelector, Labels, Pod};
use crate::texts::findings::cilium as texts;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cilium/identity-stale"),
        kind: "CiliumIdentity",
        severity: Severity::Low,
        set: Set::Extra,
        data: &[(CiliumIdentities, Walked), (CiliumEndpoints, Complete), (Namespaces, Part), (ServiceAccounts, Part)],
        gate: Some("7d"),
        means: "Identities that nobody uses fill the policy maps of every node.",
        advice: "Look whether the Cilium operator runs: it takes them away.",
        find: identity_stale,
    },
    Check {
        id: CheckId::new("cilium/endpoint-broken"),
        kind: "CiliumEndpoint",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(CiliumEndpoints, Walked), (Pods, Complete), (Nodes, Part)],
        gate: Some("5m"),
        means: "Other nodes send to an address that nobody has any more, or apply the wrong policy to it.",
        advice: "Look at the Cilium agent of its node; delete the endpoint if its pod is gone.",
        find: endpoint_broken,
    },
    Check {
        id: CheckId::new("cilium/policy-matches-nothing"),
        kind: "CiliumNetworkPolicy",
        severity: Severity::Low,
        set: Set::Extra,
        data: &[
            (CiliumNetworkPolicies, Walked),
            (CiliumClusterwideNetworkPolicies, Walked),
            (Pods, Complete),
            (Nodes, Complete),
            (Namespaces, Complete),
        ],
        gate: None,
        means: "The rule protects nobody or lets nobody in: a wrong label, or what it was for is gone.",
        advice: "Compare the selector with the labels of the pods (or nodes) that it is meant for.",
        find: policy_matches_nothing,
    },
];

const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";

fn security_label<'a>(labels: &'a Labels, name: &str) -> Option<&'a str> {
    labels.get(&format!("k8s:{name}")).map(|value| value.as_str())
}

fn identity_stale(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    // With endpoint slices there are no endpoints to be seen.
    if snapshot.cilium_endpoints.is_empty() {
        return Vec::new();
    }
    let used: HashSet<i64> =
        snapshot.cilium_endpoints.iter().filter_map(|each| Some(each.status.identity.as_ref()?.id)).collect();
    let namespaces: Option<HashSet<&str>> = snapshot
        .has_read(Namespaces)
        .then(|| snapshot.namespaces.iter().map(|namespace| namespace.meta.name.as_str()).collect());
    let accounts: Option<HashSet<(&str, &str)>> = snapshot.has_read(ServiceAccounts).then(|| {
        let accounts = snapshot.service_accounts.iter();
        accounts.map(|account| (account.meta.namespace.as_str(), account.meta.name.as_str())).collect()
    });
    let old = snapshot.cilium_identities.iter().filter(|identity| {
        identity.meta.deletion_timestamp.is_none()
            && scene.is_older(identity.meta.creation_timestamp, scene.thresholds.left_over)
    });
    let mut stale: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for identity in old {
        let namespace = security_label(&identity.security_labels, NAMESPACE).unwrap_or_default();
        let account = security_label(&identity.security_labels, ACCOUNT);
        let name = identity.meta.name.as_str();
        let gone = namespaces.as_ref().is_some_and(|known| !namespace.is_empty() && !known.contains(namespace));
        let nobody =
            accounts.as_ref().zip(account).is_some_and(|(known, account)| !known.contains(&(namespace, account)));
        let unused = name.parse().is_ok_and(|id: i64| !used.contains(&id));
        let why = if gone {
            texts::no_namespace(namespace)
        } else if nobody {
            texts::no_account(account.unwrap_or_default())
        } else if unused {
            texts::no_endpoint()
        } else {
            continue;
        };
        stale.entry(namespace).or_default().push((name, why));
    }
    let drafts = stale.into_iter().map(|(namespace, mut identities)| {
        identities.sort();
        let objects = identities.iter().map(|(name, _)| Target::cluster_wide("CiliumIdentity", *name).into());
        let objects = objects.collect();
        let evidence = identities.iter().map(|(name, why)| Evidence::new(*name, why.as_str())).collect();
        let title = texts::identity_stale(identities.len());
        Draft { objects, ..Draft::about(Target::cluster_wide("Namespace", namespace), Severity::Low, title, evidence) }
    });
    drafts.collect()
}

fn endpoint_broken(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let addresses: Option<HashSet<&str>> = snapshot.has_read(Nodes).then(|| {
        let addresses = snapshot.nodes.iter().flat_map(|node| &node.status.addresses);
        addresses.map(|address| address.address.as_str()).collect()
    });
    // What is no pod's (a machine outside, an ingress) has nobody to be compared with.
    let of_pods = |endpoint: &&CiliumEndpoint| {
        endpoint.meta.owner_references.iter().all(|owner| owner.kind == "Pod")
            && endpoint.meta.deletion_timestamp.is_none()
    };
    let mut broken: BTreeMap<(Target, String), Vec<&CiliumEndpoint>> = BTreeMap::new();
    for endpoint in snapshot.cilium_endpoints.iter().filter(of_pods) {
        let (namespace, name) = (endpoint.meta.namespace.as_str(), endpoint.meta.name.as_str());
        let pod = scene.graph.find("Pod", namespace, name).and_then(|id| scene.graph.as_pod(id));
        let node = endpoint.status.networking.as_ref().map_or("", |networking| networking.node.as_str());
        let unknown_node = addresses.as_ref().is_some_and(|known| !node.is_empty() && !known.contains(node));
        let why = match pod {
            None => texts::no_pod(),
            Some(pod) if !is_live(pod) && pod.meta.deletion_timestamp.is_none() => texts::pod_over(&pod.status.phase),
            Some(_) if unknown_node => texts::unknown_node(node),
            Some(_) => continue,
        };
        if scene.is_settled(endpoint.meta.creation_timestamp) {
            broken.entry((scene.owner_of_name(namespace, name), why)).or_default().push(endpoint);
        }
    }
    let drafts = broken.into_iter().map(|((owner, why), endpoints)| {
        let objects: Vec<ObjectRef> =
            endpoints.iter().map(|endpoint| target("CiliumEndpoint", &endpoint.meta).into()).collect();
        let first = endpoints.first();
        let node = first.and_then(|endpoint| endpoint.status.networking.as_ref()).map(|networking| &networking.node);
        let mut evidence = vec![Evidence::new("endpoints", endpoints.len().to_string())];
        evidence.extend(node.map(|node| Evidence::new("status.networking.node", node.as_str())));
        Draft { objects, ..Draft::about(owner, Severity::Medium, why, evidence) }
    });
    drafts.collect()
}

/// Namespace, account and labels: by these Cilium tells pods apart.
type Identity<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// What can be selected: the labels of pods as Cilium sees them, one set for each workload, and those of nodes.
struct Selectable {
    pods: HashMap<String, Vec<Labels>>,
    nodes: Vec<Labels>,
}

impl Selectable {
    fn of(scene: &Scene<'_>) -> Self {
        let namespaces = scene.snapshot.namespaces.iter();
        let namespaces: HashMap<&str, &Labels> =
            namespaces.map(|namespace| (namespace.meta.name.as_str(), &namespace.meta.labels)).collect();
        let mut seen: HashSet<Identity<'_>> = HashSet::new();
        let mut pods: HashMap<String, Vec<Labels>> = HashMap::new();
        for pod in scene.live_pods() {
            let namespace = pod.meta.namespace.as_str();
            let own = pod.meta.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            if seen.insert((namespace, pod.spec.service_account_name.as_str(), own)) {
                let labels = as_cilium_sees(pod, namespaces.get(namespace).copied());
                pods.entry(namespace.to_owned()).or_default().push(labels);
            }
        }
        Self { pods, nodes: scene.snapshot.nodes.iter().map(|node| node.meta.labels.clone()).collect() }
    }

    /// Whether a selector reaches a pod: of its policy's namespace, unless it names others or the policy has none.
    fn reaches(&self, selector: &LabelSelector, namespace: &str) -> bool {
        let Some(plain) = plain(selector) else { return true };
        let names = |key: &str| key == NAMESPACE || key.starts_with(OF_NAMESPACE);
        let elsewhere = plain.match_labels.iter().any(|(key, _)| names(key))
            || plain.match_expressions.iter().any(|each| names(&each.key));
        let mut everywhere = self.pods.values().flatten();
        if namespace.is_empty() || elsewhere {
            return everywhere.any(|labels| plain.matches(labels));
        }
        self.pods.get(namespace).is_some_and(|pods| pods.iter().any(|labels| plain.matches(labels)))
    }

    fn has_node(&self, selector: &LabelSelector) -> bool {
        plain(selector).is_none_or(|plain| self.nodes.iter().any(|labels| plain.matches(labels)))
    }
}

fn as_cilium_sees(pod: &Pod, namespace: Option<&Labels>) -> Labels {
    let own = pod.meta.labels.iter().map(|(key, value)| (key.as_str().to_owned(), value.as_str().to_owned()));
    let account = pod.spec.service_account_name.as_str();
    let account = if account.is_empty() { "default" } else { account };
    let given = [(NAMESPACE, pod.meta.namespace.as_str()), (ACCOUNT, account)];
    let given = given.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let inherited = namespace.into_iter().flat_map(Labels::iter);
    let inherited = inherited.map(|(key, value)| (format!("{OF_NAMESPACE}{key}"), value.as_str().to_owned()));
    own.chain(given).chain(inherited).collect()
}

/// A selector without the sources of its keys; nothing where it selects what is no pod or node (`reserved:host`), or by
/// what nobody sees from here (`cidr:`, the name of a cluster).
fn plain(selector: &LabelSelector) -> Option<LabelSelector> {
    let key = |key: &str| {
        let (source, name) = key.split_once(':').unwrap_or(("any", key));
        let seen = matches!(source, "k8s" | "any") && !name.starts_with("io.cilium.k8s.policy.cluster");
        seen.then(|| name.to_owned())
    };
    let labels = selector.match_labels.iter().map(|(name, value)| Some((key(name)?, value.as_str().to_owned())));
    let match_labels = labels.collect::<Option<Vec<_>>>()?.into_iter().collect();
    let expressions = selector.match_expressions.iter().map(|each| {
        let mut each = each.clone();
        each.key = key(&each.key)?.into();
        Some(each)
    });
    Some(LabelSelector { match_labels, match_expressions: expressions.collect::<Option<Vec<_>>>()? })
}

/// Every selector of a rule that reaches nothing, by where it stands.
fn empty_selectors(rule: &CiliumRule, namespace: &str, all: &Selectable) -> Vec<String> {
    let mut empty = Vec::new();
    if rule.endpoint_selector.as_ref().is_some_and(|selector| !all.reaches(selector, namespace)) {
        empty.push("endpointSelector".to_owned());
    }
    if rule.node_selector.as_ref().is_some_and(|selector| !all.has_node(selector)) {
        empty.push("nodeSelector".to_owned());
    }
    let ingress = rule.ingress.iter().enumerate().flat_map(|(at, peers)| {
        peers
            .from_endpoints
            .iter()
            .enumerate()
            .map(move |(peer, from)| (format!("ingress[{at}].fromEndpoints[{peer}]"), from))
    });
    let egress = rule.egress.iter().enumerate().flat_map(|(at, peers)| {
        peers.to_endpoints.iter().enumerate().map(move |(peer, to)| (format!("egress[{at}].toEndpoints[{peer}]"), to))
    });
    let peers = ingress.chain(egress).filter(|(_, selector)| !all.reaches(selector, namespace));
    empty.extend(peers.map(|(place, _)| place));
    empty
}

fn policy_matches_nothing(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    if snapshot.cilium_network_policies.is_empty() && snapshot.cilium_clusterwide_network_policies.is_empty() {
        return Vec::new();
    }
    let all = Selectable::of(scene);
    let namespaced = snapshot.cilium_network_policies.iter().map(|policy| ("CiliumNetworkPolicy", policy));
    let wide = snapshot.cilium_clusterwide_network_policies.iter();
    let wide = wide.map(|policy| ("CiliumClusterwideNetworkPolicy", policy));
    let drafts = namespaced.chain(wide).filter_map(|(kind, policy)| {
        let CiliumNetworkPolicy { meta, spec, specs } = policy;
        let rules = spec.iter().chain(specs);
        let empty: Vec<String> = rules.flat_map(|rule| empty_selectors(rule, &meta.namespace, &all)).collect();
        if empty.is_empty() || meta.deletion_timestamp.is_some() {
            return None;
        }
        let title = texts::policy_matches_nothing(&empty);
        let evidence = empty.iter().map(|place| Evidence::new(format!("{place} matched"), "0")).collect();
        Some(Draft::about(target(kind, meta), Severity::Low, title, evidence))
    });
    drafts.collect()
}
