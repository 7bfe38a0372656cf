//! CSI drivers, attachments and snapshots.

use super::check::row::*;
use super::scene::{Draft, Scene, target};
use crate::diagnosis::{Entity, Relation};
use crate::finding::{Evidence, ObjectRef, Severity, Target};
use crate::snapshot::Resource::{
    CsiDrivers, CsiNodes, Nodes, PersistentVolumes, Pods, VolumeAttachments, VolumeSnapshots,
};
use crate::snapshot::{PersistentVolume, Pod, VolumeAttachment};
use crate::texts::findings::storage as texts;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("csi/driver-missing-on-node"),
        kind: "CSINode",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(CsiNodes, Complete), (PersistentVolumes, Walked), (CsiDrivers, Detail), (Pods, Detail)],
        gate: None,
        means: "Pods on this node cannot mount their volumes.",
        advice: "Look at the driver's DaemonSet pod on this node.",
        find: driver_missing,
    },
    Check {
        id: CheckId::new("csi/attachment-stuck"),
        kind: "VolumeAttachment",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(VolumeAttachments, Walked), (Nodes, Part)],
        gate: Some("10m"),
        means: "The pod that needs the volume waits, or the next one cannot have it.",
        advice: "The message is the driver's; where the node is gone, delete the attachment once it is certain that nobody writes.",
        find: attachment_stuck,
    },
    Check {
        id: CheckId::new("csi/volume-limit"),
        kind: "CSINode",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(CsiNodes, Walked), (VolumeAttachments, Walked)],
        gate: Some("90 %"),
        means: "Soon no more pods with volumes fit on this node.",
        advice: "Spread such pods over more nodes, or use larger machines that take more volumes.",
        find: volume_limit,
    },
    Check {
        id: CheckId::new("snapshot/failed"),
        kind: "VolumeSnapshot",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(VolumeSnapshots, Walked)],
        gate: Some("1h"),
        means: "There is no backup where one is expected.",
        advice: "The error is the driver's; look whether its snapshotter runs and the class exists.",
        find: snapshot_failed,
    },
];

fn volumes<'a>(scene: &Scene<'a>) -> HashMap<&'a str, &'a PersistentVolume> {
    scene.snapshot.persistent_volumes.iter().map(|volume| (volume.meta.name.as_str(), volume)).collect()
}

/// The CSI drivers that a pod's volumes need.
fn drivers<'a>(scene: &Scene<'a>, pod: &'a Pod) -> HashSet<&'a str> {
    let inline = pod.spec.volumes.iter().filter_map(|volume| volume.csi.as_ref()).map(|csi| csi.driver.as_str());
    let mut needed: HashSet<&str> = inline.collect();
    let Some(id) = scene.graph.pod_id(pod) else { return needed };
    let claims = scene.graph.depends_on(id).filter(|(relation, _)| *relation == Relation::Mounts);
    let bound = claims.flat_map(|(_, claim)| scene.graph.depends_on(claim));
    needed.extend(bound.filter_map(|(_, volume)| match scene.graph.object(volume).entity {
        Some(Entity::PersistentVolume(volume)) => volume.spec.csi.as_ref().map(|csi| csi.driver.as_str()),
        _ => None,
    }));
    needed
}

fn driver_missing(scene: &Scene<'_>) -> Vec<Draft> {
    let there: HashMap<&str, HashSet<&str>> = scene
        .snapshot
        .csi_nodes
        .iter()
        .map(|node| (node.meta.name.as_str(), node.spec.drivers.iter().map(|driver| driver.name.as_str()).collect()))
        .collect();
    let mut lacking: BTreeMap<(&str, &str), Vec<&Pod>> = BTreeMap::new();
    for pod in scene.live_pods().filter(|pod| !pod.spec.volumes.is_empty()) {
        let Some(known) = there.get(pod.spec.node_name.as_str()) else { continue };
        for driver in drivers(scene, pod).into_iter().filter(|driver| !known.contains(driver)) {
            lacking.entry((pod.spec.node_name.as_str(), driver)).or_default().push(pod);
        }
    }
    let draft = |((node, driver), mut pods): ((&str, &str), Vec<&Pod>)| {
        pods.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let installed = scene.snapshot.csi_drivers.iter().any(|known| known.meta.name == driver);
        let evidence = vec![
            Evidence::new("drivers of the node", there.get(node).map_or(0, HashSet::len).to_string()),
            Evidence::new("CSIDriver object", if installed { "there" } else { "not there" }),
        ];
        let objects = pods.iter().map(|pod| ObjectRef::from(target("Pod", &pod.meta))).collect();
        let this = Target::cluster_wide("Node", node);
        let title = texts::driver_missing(driver, pods.len());
        Draft { objects, container: Some(driver.to_owned()), ..Draft::about(this, Severity::High, title, evidence) }
    };
    lacking.into_iter().map(draft).collect()
}

fn attachment_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let nodes: Option<HashSet<&str>> = scene
        .snapshot
        .has_read(Nodes)
        .then(|| scene.snapshot.nodes.iter().map(|node| node.meta.name.as_str()).collect());
    let volumes = volumes(scene);
    let drafts = scene.snapshot.volume_attachments.iter().filter_map(|attachment| {
        let VolumeAttachment { meta, spec, status } = attachment;
        let (volume, node) = (spec.source.persistent_volume_name.as_str(), spec.node_name.as_str());
        let age = meta.creation_timestamp.map(|since| scene.age(since));
        let gone = nodes.as_ref().is_some_and(|nodes| !nodes.contains(node));
        let (title, fact) = if let Some(error) = &status.attach_error {
            (
                texts::attach_error(volume, node, &error.message),
                Evidence::since("status.attachError", error.message.as_str(), error.time),
            )
        } else if let Some(error) = &status.detach_error {
            (
                texts::detach_error(volume, node, &error.message),
                Evidence::since("status.detachError", error.message.as_str(), error.time),
            )
        } else if gone {
            (texts::attached_to_nowhere(volume, node), Evidence::since("spec.nodeName", node, meta.creation_timestamp))
        } else {
            let age = age.filter(|age| !status.attached && *age > scene.thresholds.deletion)?;
            (
                texts::attach_slow(volume, node, age),
                Evidence::since("status.attached", "false", meta.creation_timestamp),
            )
        };
        let claim = volumes.get(volume).and_then(|volume| volume.spec.claim_ref.as_ref());
        let mut evidence = vec![fact, Evidence::new("spec.attacher", spec.attacher.as_str())];
        evidence.extend(claim.map(|claim| Evidence::new("claim", format!("{}/{}", claim.namespace, claim.name))));
        Some(Draft::about(target("VolumeAttachment", meta), Severity::Medium, title, evidence))
    });
    drafts.collect()
}

fn volume_limit(scene: &Scene<'_>) -> Vec<Draft> {
    let mut attached: HashMap<(&str, &str), usize> = HashMap::new();
    for attachment in &scene.snapshot.volume_attachments {
        *attached.entry((attachment.spec.node_name.as_str(), attachment.spec.attacher.as_str())).or_default() += 1;
    }
    let per_driver =
        scene.snapshot.csi_nodes.iter().flat_map(|node| node.spec.drivers.iter().map(move |driver| (node, driver)));
    let drafts = per_driver.filter_map(|(node, driver)| {
        let most = driver.allocatable.as_ref()?.count.filter(|most| *most > 0)?;
        let count = attached.get(&(node.meta.name.as_str(), driver.name.as_str())).copied().unwrap_or_default();
        if count * 100 < usize::try_from(most).ok()? * usize::from(scene.thresholds.attachments) {
            return None;
        }
        let evidence = vec![Evidence::new(format!("volumes of {}", driver.name), format!("{count} / {most}"))];
        let this = Target::cluster_wide("Node", node.meta.name.as_str());
        let title = texts::volume_limit(&driver.name, count, most);
        let container = Some(driver.name.as_str().to_owned());
        Some(Draft { container, ..Draft::about(this, Severity::Low, title, evidence) })
    });
    drafts.collect()
}

fn snapshot_failed(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.volume_snapshots.iter().filter_map(|snapshot| {
        let since = snapshot.meta.creation_timestamp;
        let error = snapshot.status.error.as_ref();
        let slow = snapshot.status.ready_to_use == Some(false)
            && since.is_none_or(|since| scene.age(since) > scene.thresholds.snapshot);
        if (error.is_none() && !slow) || snapshot.status.ready_to_use == Some(true) {
            return None;
        }
        let fact = match error {
            Some(error) => Evidence::since("status.error", error.message.as_str(), error.time),
            None => Evidence::since("status.readyToUse", "false", since),
        };
        let title = texts::snapshot_failed(error.map(|error| error.message.as_str()));
        Some(Draft::about(target("VolumeSnapshot", &snapshot.meta), Severity::Medium, title, vec![fact]))
    });
    drafts.collect()
}
