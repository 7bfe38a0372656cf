//! What every cluster needs beside its control plane: names, network, storage, metrics, and the APIs that others serve.

use super::check::row::*;
use super::control_plane::cluster;
use super::scene::{Draft, Scene, target, unready};
use super::service::{dark_since, selected};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    ApiServices, DaemonSets, Deployments, EndpointSlices, HorizontalPodAutoscalers, Pods, ServedApis, Services,
    StatefulSets,
};
use crate::snapshot::{ObjectMeta, Pod, Service, selects};
use crate::texts::findings::cluster as texts;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("cluster/dns-down"),
        kind: "Cluster",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Services, Walked), (EndpointSlices, Complete), (Deployments, Walked), (Pods, Detail)],
        gate: Some("5m"),
        means: "No pod finds another one by its name any more.",
        advice: "Look at the CoreDNS pods: their log, their ConfigMap, the nodes that they run on.",
        find: dns_down,
    },
    Check {
        id: CheckId::new("cluster/addon-down"),
        kind: "Cluster",
        severity: Severity::Critical,
        set: Set::Daily,
        data: &[(Deployments, Walked), (DaemonSets, Walked), (StatefulSets, Walked), (Pods, Detail)],
        gate: Some("5m, 50 %"),
        means: "What the whole cluster stands on does not work: network, storage, the way in, or measurements.",
        advice: "Look at its pods; what they say is true for everybody who needs them.",
        find: addon_down,
    },
    Check {
        id: CheckId::new("cluster/apiservice-unavailable"),
        kind: "APIService",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(ApiServices, Walked)],
        gate: Some("5m"),
        means: "Its API is gone: discovery gets slow, namespaces cannot be deleted, and who needs the API stands still.",
        advice: "Look at the Service and the pods behind it; delete the APIService if they were removed for good.",
        find: apiservice_unavailable,
    },
    Check {
        id: CheckId::new("cluster/metrics-server-missing"),
        kind: "Cluster",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(ServedApis, Complete), (HorizontalPodAutoscalers, Walked), (ApiServices, Detail)],
        gate: None,
        means: "Nobody knows what nodes and pods use: no kubectl top, no autoscaling by CPU or memory.",
        advice: "Install metrics-server.",
        find: metrics_server_missing,
    },
];

/// The Service that resolves the cluster's names: kubeadm's, k3s' and the clouds', RKE2's, OpenShift's.
fn dns_service<'a>(scene: &Scene<'a>) -> Option<&'a Service> {
    let candidates = scene.snapshot.services.iter().filter(|service| {
        let meta = &service.meta;
        let labelled = meta.labels.get("k8s-app").is_some_and(|app| app == "kube-dns");
        match meta.namespace.as_str() {
            // NodeLocal DNSCache has one of its own, for the same pods.
            "kube-system" => meta.name == "kube-dns" || (labelled && meta.name != "kube-dns-upstream"),
            "openshift-dns" => meta.name == "dns-default",
            _ => false,
        }
    });
    let selecting = candidates.filter(|service| !service.spec.selector.is_empty());
    selecting.min_by_key(|service| (service.meta.name != "kube-dns", service.meta.name.as_str()))
}

fn dns_down(scene: &Scene<'_>) -> Vec<Draft> {
    let Some(service) = dns_service(scene) else { return Vec::new() };
    let this = target("Service", &service.meta);
    let Some(id) = scene.graph.find_target(&this) else { return Vec::new() };
    let endpoints = || scene.graph.slices(id).iter().flat_map(|slice| &slice.endpoints);
    let ready = endpoints().filter(|endpoint| endpoint.conditions.is_ready() && !endpoint.addresses.is_empty()).count();
    let made_for = scene.snapshot.deployments.iter().filter(|deployment| {
        deployment.meta.namespace == service.meta.namespace
            && selects(&service.spec.selector, &deployment.spec.template.meta.labels)
    });
    let desired: i32 = made_for.map(|deployment| deployment.spec.replicas.unwrap_or(1)).sum();
    let desired = usize::try_from(desired).unwrap_or_default().max(endpoints().count());
    let pods: Vec<&Pod> = selected(scene, id).collect();
    let since = if ready == 0 {
        dark_since(service, &pods)
    } else {
        pods.iter().filter_map(|pod| unready(pod)).flatten().max().max(service.meta.creation_timestamp)
    };
    if ready > 0 && ready >= desired || !scene.is_settled(since) {
        return Vec::new();
    }
    let severity = if ready == 0 { Severity::Critical } else { Severity::High };
    let evidence = vec![Evidence::since("endpoints ready", format!("{ready} / {desired}"), since)];
    vec![Draft::about(this, severity, texts::dns_down(ready, desired), evidence)]
}

/// What an add-on is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addon {
    /// Pods get addresses and reach each other.
    Network,
    /// Services lead to pods.
    Proxy,
    /// Volumes are made and mounted.
    Storage,
    /// The way in from outside.
    Ingress,
    /// `kubectl top` and autoscaling.
    Metrics,
}

/// Add-ons by what their makers call them, as their name or in a label.
const ADDONS: &[(Addon, &[&str])] = &[
    (
        Addon::Network,
        &[
            "aws-node",
            "azure-cns",
            "anetd",
            "antrea-agent",
            "calico-node",
            "canal",
            "cilium",
            "flannel",
            "kindnet",
            "kube-flannel-ds",
            "kube-router",
            "ovnkube-node",
            "weave-net",
        ],
    ),
    (Addon::Proxy, &["kube-proxy"]),
    (
        Addon::Ingress,
        &[
            "aws-load-balancer-controller",
            "contour",
            "envoy-gateway",
            "haproxy-ingress",
            "ingress-nginx",
            "ingress-nginx-controller",
            "kong",
            "nginx-ingress",
            "traefik",
        ],
    ),
    (Addon::Metrics, &["metrics-server"]),
];

const NAMES: &[&str] = &["app.kubernetes.io/name", "k8s-app", "app", "name"];

fn addon(meta: &ObjectMeta) -> Option<Addon> {
    let labels = NAMES.iter().filter_map(|label| meta.labels.get(label)).map(|name| name.as_str());
    let mut names = labels.chain([meta.name.as_str()]);
    names.find_map(|name| {
        let known = ADDONS.iter().find(|(_, names)| names.contains(&name)).map(|(addon, _)| *addon);
        known.or_else(|| name.split('-').any(|part| part == "csi" || part == "pdcsi").then_some(Addon::Storage))
    })
}

fn addon_down(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    let deployments = snapshot
        .deployments
        .iter()
        .map(|each| ("Deployment", &each.meta, each.status.ready_replicas, each.spec.replicas.unwrap_or(1)));
    let sets = snapshot
        .stateful_sets
        .iter()
        .map(|each| ("StatefulSet", &each.meta, each.status.ready_replicas, each.spec.replicas.unwrap_or(1)));
    let daemons = snapshot
        .daemon_sets
        .iter()
        .map(|each| ("DaemonSet", &each.meta, each.status.number_ready, each.status.desired_number_scheduled));
    let all = deployments.chain(sets).chain(daemons).filter(|(_, meta, ..)| meta.deletion_timestamp.is_none());
    let drafts = all.filter_map(|(kind, meta, ready, desired)| {
        let addon = addon(meta)?;
        // Less than half missing is for its own check to say.
        if desired <= 0 || ready * 2 >= desired {
            return None;
        }
        let this = target(kind, meta);
        let id = scene.graph.find_target(&this)?;
        let mut down: Vec<_> = scene.live_pods_of(id).filter_map(|pod| Some((pod, unready(pod)?))).collect();
        down.sort_by(|a, b| a.0.meta.name.cmp(&b.0.meta.name));
        let since = down.iter().filter_map(|(_, since)| *since).max().max(meta.creation_timestamp);
        if !scene.is_settled(since) {
            return None;
        }
        let severity = match addon {
            // Without measurements nothing is scaled, but what runs goes on.
            Addon::Metrics => Severity::High,
            Addon::Network | Addon::Proxy | Addon::Storage | Addon::Ingress => Severity::Critical,
        };
        let evidence = vec![Evidence::since("pods ready", format!("{ready} / {desired}"), since)];
        let mut objects = vec![ObjectRef::from(this.clone())];
        objects.extend(down.iter().map(|(pod, _)| ObjectRef::from(target("Pod", &pod.meta))));
        let title = texts::addon_down(addon, ready, desired);
        Some(Draft { objects, ..Draft::about(this, severity, title, evidence) })
    });
    drafts.collect()
}

fn apiservice_unavailable(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.api_services.iter().filter_map(|api| {
        let available = api.status.conditions.get("Available").filter(|available| available.status == "False")?;
        if api.meta.deletion_timestamp.is_some() || !scene.is_settled(available.last_transition_time) {
            return None;
        }
        let mut evidence =
            vec![Evidence::since("conditions[Available].reason", &*available.reason, available.last_transition_time)];
        if !available.message.is_empty() {
            evidence.push(Evidence::new("conditions[Available].message", &*available.message));
        }
        let this = target("APIService", &api.meta);
        let mut objects = vec![ObjectRef::from(this.clone())];
        if let Some(service) = &api.spec.service {
            objects.push(Target::namespaced("Service", service.namespace.as_str(), service.name.as_str()).into());
        }
        let title = texts::apiservice_unavailable(&api.spec.group, &available.message);
        Some(Draft { objects, ..Draft::about(this, Severity::High, title, evidence) })
    });
    drafts.collect()
}

const METRICS: &str = "metrics.k8s.io";

fn metrics_server_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let snapshot = scene.snapshot;
    // Every API server serves something: where nothing is known, nobody has asked.
    let asked = !snapshot.served_apis.is_empty();
    let served = snapshot.served_apis.iter().any(|api| api.group == METRICS);
    // One that is installed and does not answer is missing from discovery too.
    let installed = snapshot.api_services.iter().any(|api| api.spec.group == METRICS);
    if !asked || served || installed {
        return Vec::new();
    }
    let waiting = snapshot.horizontal_pod_autoscalers.iter().filter(|scaler| {
        let of_pods = |kind: &str| kind == "Resource" || kind == "ContainerResource";
        scaler.spec.metrics.iter().any(|metric| of_pods(&metric.type_))
    });
    let mut waiting: Vec<ObjectRef> =
        waiting.map(|scaler| ObjectRef::from(target("HorizontalPodAutoscaler", &scaler.meta))).collect();
    waiting.sort();
    let mut evidence = vec![Evidence::new(METRICS, "not served")];
    if !waiting.is_empty() {
        evidence.push(Evidence::new("autoscalers that need it", waiting.len().to_string()));
    }
    let title = texts::metrics_server_missing(waiting.len());
    let mut draft = Draft::about(cluster(scene), Severity::Low, title, evidence);
    draft.objects.extend(waiting);
    vec![draft]
}
