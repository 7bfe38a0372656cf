//! Versions of kubelets, runtimes and kernels, and the kubelets' own certificates.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Node;
use crate::snapshot::Resource::{Events, KubeletCertificates, Nodes};
use crate::texts::findings::{self, node as texts};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("node/version-skew"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Nodes, Walked)],
        gate: Some("3 minor versions"),
        means: "The API server and the kubelet are not tested together; the next upgrade breaks the node.",
        advice: "Upgrade the node (Kubernetes: version skew policy).",
        find: version_skew,
    },
    Check {
        id: CheckId::new("node/version-mix"),
        kind: "Node",
        severity: Severity::Low,
        set: Set::Hygiene,
        data: &[(Nodes, Walked)],
        gate: None,
        means: "The same pod behaves differently depending on where it runs.",
        advice: "Finish the upgrade of the pool.",
        find: version_mix,
    },
    Check {
        id: CheckId::new("node/runtime-eol"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Hygiene,
        data: &[(Nodes, Walked), (Events, Detail)],
        gate: None,
        means: "No security fixes any more, and newer kubelets refuse to run with it.",
        advice: "Upgrade the node's image.",
        find: runtime_eol,
    },
    Check {
        id: CheckId::new("node/kubelet-cert-expiring"),
        kind: "Node",
        severity: Severity::Medium,
        set: Set::Extra,
        data: &[(KubeletCertificates, Walked)],
        gate: Some("14d"),
        means: "When it expires, logs, exec and metrics of this node are gone.",
        advice: "Look whether the kubelet's serving certificate is rotated, and whether its requests are approved.",
        find: kubelet_certificate,
    },
];

/// Major and minor number of `v1.37.2-eks-1`.
pub(super) fn minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split(['.', '-', '+']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn version_skew(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(server) = scene.snapshot.version.as_deref() else { return Vec::new() };
    let Some((_, server_minor)) = minor(server) else { return Vec::new() };
    // Since 1.28 the kubelet may be three minor versions behind.
    let allowed = if server_minor < 28 { 2 } else { 3 };
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let info = &node.status.node_info;
        let components = [("kubelet", info.kubelet_version.as_str()), ("kube-proxy", info.kube_proxy_version.as_str())];
        let worst = components.into_iter().find_map(|(who, version)| {
            let (_, own) = minor(version)?;
            if own > server_minor {
                return Some((Severity::High, texts::version_ahead(who, version, server), who, version));
            }
            let behind = server_minor - own;
            (behind > allowed)
                .then(|| (Severity::Medium, texts::version_behind(who, version, server, behind), who, version))
        });
        let (severity, title, who, version) = worst?;
        let evidence =
            vec![Evidence::new(format!("{who} version"), version), Evidence::new("API server version", server)];
        Some(Draft::about(target("Node", &node.meta), severity, title, evidence))
    });
    drafts.collect()
}

/// Labels that say which pool a node belongs to.
const POOLS: &[&str] = &[
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "karpenter.sh/nodepool",
    "node.kubernetes.io/instance-group",
    "kops.k8s.io/instancegroup",
];

pub(super) fn pool(node: &Node) -> &str {
    let label = POOLS.iter().find_map(|label| node.meta.labels.get(label));
    let control = node.meta.labels.contains_key("node-role.kubernetes.io/control-plane");
    label.map(|label| label.as_str()).unwrap_or(if control { "control-plane" } else { "" })
}

fn version_mix(scene: &Scene<'_>) -> Vec<Draft> {
    let mut pools: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in &scene.snapshot.nodes {
        pools.entry(pool(node)).or_default().push(node);
    }
    let drafts = pools.into_iter().filter_map(|(pool, nodes)| {
        let of = |field: fn(&Node) -> &str| -> BTreeSet<&str> {
            nodes.iter().map(|node| field(node)).filter(|value| !value.is_empty()).collect()
        };
        let kinds = [
            ("kubelet", of(|node| &node.status.node_info.kubelet_version)),
            ("container runtime", of(|node| &node.status.node_info.container_runtime_version)),
            ("kernel", of(|node| &node.status.node_info.kernel_version)),
            ("operating system", of(|node| &node.status.node_info.os_image)),
        ];
        let mixed: Vec<_> = kinds.iter().filter(|(_, values)| values.len() > 1).collect();
        let what: Vec<&str> = mixed.iter().map(|(what, _)| *what).collect();
        let evidence = mixed
            .iter()
            .map(|(what, values)| Evidence::new(*what, values.iter().copied().collect::<Vec<_>>().join(", ")))
            .collect();
        (!what.is_empty()).then(|| {
            let mut objects: Vec<ObjectRef> = nodes.iter().map(|node| target("Node", &node.meta).into()).collect();
            objects.sort();
            let name = if pool.is_empty() { findings::all_nodes() } else { pool.to_owned() };
            let this = Target::cluster_wide("NodePool", name);
            let title = texts::version_mix(pool, &what);
            Draft { objects, ..Draft::about(this, Severity::Low, title, evidence) }
        })
    });
    drafts.collect()
}

/// The oldest release that is still supported, by November 2026: containerd 1.7 (until 2.3 follows 2.0 LTS), CRI-O as the
/// oldest supported Kubernetes minor, Linux 5.4 as the oldest long-term kernel that distributions still maintain.
const LEAST: &[(&str, &str, (u32, u32))] =
    &[("containerd", "container runtime", (1, 7)), ("cri-o", "container runtime", (1, 34))];
const LEAST_KERNEL: (u32, u32) = (5, 4);

fn runtime_eol(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.nodes.iter().filter_map(|node| {
        let info = &node.status.node_info;
        let runtime = info.container_runtime_version.as_str();
        let this = target("Node", &node.meta);
        let (name, version) = runtime.split_once("://").unwrap_or((runtime, ""));
        let least = |least: (u32, u32)| format!("{}.{}", least.0, least.1);
        let old = LEAST.iter().find(|(known, _, _)| *known == name).and_then(|(name, what, oldest)| {
            let found = minor(version).filter(|found| found < oldest)?;
            Some(texts::runtime_old(what, &format!("{name} {}.{}", found.0, found.1), &least(*oldest)))
        });
        let kernel =
            minor(&info.kernel_version).filter(|found| info.operating_system != "windows" && *found < LEAST_KERNEL);
        let kernel = kernel.map(|_| texts::runtime_old("kernel", &info.kernel_version, &least(LEAST_KERNEL)));
        let cgroup = scene.event(scene.graph.find_target(&this), |event| event.reason == "CgroupV1");
        let title = if name == "docker" {
            texts::dockershim(runtime)
        } else {
            old.or(kernel).or(cgroup.map(|_| texts::cgroup_v1()))?
        };
        let evidence = vec![
            Evidence::new("status.nodeInfo.containerRuntimeVersion", runtime),
            Evidence::new("status.nodeInfo.kernelVersion", info.kernel_version.as_str()),
        ];
        Some(Draft::about(this, Severity::Medium, title, evidence))
    });
    drafts.collect()
}

fn kubelet_certificate(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.kubelet_certificates.iter().filter_map(|certificate| {
        let not_after = certificate.not_after?;
        let left = not_after - scene.now;
        if left > scene.thresholds.certificate_high {
            return None;
        }
        let written = not_after.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let evidence = vec![Evidence::new("certificate.notAfter", written)];
        let this = Target::cluster_wide("Node", certificate.meta.name.as_str());
        Some(Draft::about(this, Severity::Medium, findings::certificate(left), evidence))
    });
    drafts.collect()
}
