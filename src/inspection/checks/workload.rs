//! Workloads of any kind: pods that are not theirs to find, identities that are missing, replicas in one place.

use super::check::row::*;
use super::node_condition::is_ready;
use super::node_place::is_open_to;
use super::scene::{Draft, Group, Scene, Sighting};
use super::workloads;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{DaemonSets, Deployments, Nodes, Pods, ReplicaSets, ServiceAccounts, StatefulSets};
use crate::snapshot::{ImageRef, Node, Pod};
use crate::texts::findings::workload as texts;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("workload/no-matching-pods"),
        kind: "Workload",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Walked), (Pods, Complete)],
        gate: Some("5m"),
        means: "It should run, and not one pod of it has been made.",
        advice: "Look at its events: who makes its pods says there what hinders it.",
        find: no_matching_pods,
    },
    Check {
        id: CheckId::new("workload/missing-service-account"),
        kind: "Workload",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Deployments, Walked), (StatefulSets, Walked), (DaemonSets, Walked), (ServiceAccounts, Complete)],
        gate: None,
        means: "No pod of it can be made: those that run stay until they stop.",
        advice: "Create the service account, or correct its name in the template.",
        find: missing_service_account,
    },
    Check {
        id: CheckId::new("workload/one-node"),
        kind: "Workload",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Pods, Complete), (Nodes, Complete), (ReplicaSets, Detail)],
        gate: None,
        means: "One node or zone that fails takes all of its replicas with it.",
        advice: "Spread it with a topology spread constraint or an anti-affinity, then restart it.",
        find: one_place,
    },
    Check {
        id: CheckId::new("workload/image-skew"),
        kind: "Workload",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Pods, Walked), (ReplicaSets, Detail), (Nodes, Detail)],
        gate: None,
        means: "The tag was moved: which version answers depends on the node.",
        advice: "Name the image by its digest, or never push a tag twice.",
        find: image_skew,
    },
];

fn no_matching_pods(scene: &Scene<'_>) -> Vec<Draft> {
    let wanting = workloads::all(scene).filter(|each| each.replicas.is_some_and(|replicas| replicas > 0));
    let drafts = wanting.filter(|each| each.made == 0 && scene.is_settled(each.meta.creation_timestamp));
    let drafts = drafts.filter_map(|each| {
        let this = each.target();
        // Pods that another controller owns do not count: who selects does not own.
        let none = scene.graph.find_target(&this).is_some_and(|id| scene.graph.pods(id).is_empty());
        let replicas = each.replicas.unwrap_or_default();
        let evidence = vec![Evidence::since("pods", format!("0 / {replicas}"), each.meta.creation_timestamp)];
        none.then(|| Draft::about(this, Severity::Medium, texts::no_matching_pods(), evidence))
    });
    drafts.collect()
}

fn missing_service_account(scene: &Scene<'_>) -> Vec<Draft> {
    let accounts = scene.snapshot.service_accounts.iter();
    let known: HashSet<(&str, &str)> =
        accounts.map(|account| (account.meta.namespace.as_str(), account.meta.name.as_str())).collect();
    let drafts = workloads::all(scene).filter_map(|each| {
        let account = each.template.spec.service_account_name.as_str();
        // The default one is made with its namespace.
        let named = !account.is_empty() && account != "default";
        if !named || known.contains(&(each.meta.namespace.as_str(), account)) {
            return None;
        }
        let evidence = vec![Evidence::new("template.spec.serviceAccountName", account)];
        Some(Draft::about(each.target(), Severity::High, texts::missing_service_account(account), evidence))
    });
    drafts.collect()
}

const ZONE: &str = "topology.kubernetes.io/zone";

/// Nodes that take any pod.
fn open_nodes<'a>(scene: &Scene<'a>) -> Vec<&'a Node> {
    let open = |node: &&Node| {
        let reserved = node.spec.taints.iter().any(|taint| taint.effect != "PreferNoSchedule");
        is_ready(node) && !node.spec.unschedulable && !reserved
    };
    scene.snapshot.nodes.iter().filter(open).collect()
}

fn zone(node: &Node) -> &str {
    node.meta.labels.get(ZONE).map_or("", |zone| zone)
}

fn one_place(scene: &Scene<'_>) -> Vec<Draft> {
    let open = open_nodes(scene);
    let nodes: HashMap<&str, &Node> = scene.snapshot.nodes.iter().map(|node| (node.meta.name.as_str(), node)).collect();
    let placed = scene.live_pods().filter(|pod| pod.status.conditions.is("Ready", "True"));
    let placed = placed.map(|pod| Sighting { pod, container: None, what: pod.spec.node_name.as_str() });
    let replicated = scene
        .by_owner(placed)
        .into_iter()
        .filter(|group| matches!(group.owner.kind.as_str(), "Deployment" | "StatefulSet"));
    let drafts = replicated.filter_map(|group| {
        let first = group.sightings.first().filter(|_| group.sightings.len() > 1)?;
        let spec = &first.pod.spec;
        let on: BTreeSet<&str> = group.sightings.iter().map(|sighting| sighting.what).collect();
        let zones: BTreeSet<&str> = on.iter().filter_map(|name| nodes.get(name)).map(|node| zone(node)).collect();
        // Looked through only where it matters, and only until there is a choice: there are as many workloads as nodes.
        let fitting = || open.iter().filter(|node| is_open_to(spec, node));
        let elsewhere = |here: &str| fitting().map(|node| zone(node)).any(|zone| !zone.is_empty() && zone != here);
        let (place, name) = match (on.first(), zones.first()) {
            (Some(node), _) if on.len() == 1 && fitting().nth(1).is_some() => ("node", *node),
            (_, Some(zone)) if zones.len() == 1 && !zone.is_empty() && elsewhere(zone) => ("zone", *zone),
            _ => return None,
        };
        let evidence = vec![Evidence::new(place, name), Evidence::new("ready pods", group.sightings.len().to_string())];
        let title = texts::one_place(group.sightings.len(), place, name);
        Some(group.draft(Severity::Medium, title, evidence))
    });
    drafts.collect()
}

/// What an image is for sure: the part that a mirror does not change.
fn digest(image_id: &str) -> &str {
    image_id.rsplit_once('@').map_or(image_id, |(_, digest)| digest)
}

fn image_skew(scene: &Scene<'_>) -> Vec<Draft> {
    let architectures: HashMap<&str, &str> = scene
        .snapshot
        .nodes
        .iter()
        .map(|node| (node.meta.name.as_str(), node.status.node_info.architecture.as_str()))
        .collect();
    // The same revision: what its controller stamps on the pods of one template.
    let revision = |pod: &Pod| {
        let stamps = ["pod-template-hash", "controller-revision-hash"];
        stamps.iter().find_map(|stamp| pod.meta.labels.get(stamp)).map(|hash| hash.as_str().to_owned())
    };
    let running = scene.live_pods().filter(|pod| pod.meta.controller().is_some()).flat_map(|pod| {
        let statuses = pod.status.container_statuses.iter();
        statuses
            .filter(|status| !status.image_id.is_empty() && status.state.running.is_some())
            .map(move |status| Sighting { pod, container: Some(status.name.as_str()), what: status })
    });
    let mut drafts = Vec::new();
    for group in scene.by_owner(running) {
        let mut kinds: BTreeMap<(Option<String>, &str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
        for sighting in &group.sightings {
            let spec = sighting.pod.spec.containers.iter().find(|container| container.name == sighting.what.name);
            let image = spec.map_or("", |container| container.image.as_str());
            // A digest cannot be moved.
            if ImageRef::parse(image).is_none_or(|image| image.digest.is_some()) {
                continue;
            }
            // An image for several architectures has an id for each.
            let architecture = architectures.get(sighting.pod.spec.node_name.as_str()).copied().unwrap_or_default();
            let ids = kinds.entry((revision(sighting.pod), image, architecture)).or_default();
            *ids.entry(digest(&sighting.what.image_id)).or_default() += 1;
        }
        let Some(((_, image, _), ids)) = kinds.into_iter().find(|(_, ids)| ids.len() > 1) else { continue };
        drafts.push(skewed(group, image, &ids));
    }
    drafts
}

fn skewed<T>(group: Group<'_, T>, image: &str, ids: &BTreeMap<&str, usize>) -> Draft {
    let evidence = ids.iter().map(|(id, pods)| Evidence::new(format!("imageID {id}"), texts::count(*pods))).collect();
    let title = texts::image_skew(image, ids.len());
    group.draft(Severity::Low, title, evidence)
}
