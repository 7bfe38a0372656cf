//! Claims that get no volume.

use super::check::row::*;
use super::scene::{Draft, Scene, event_evidence, is_live, target};
use crate::diagnosis::{Entity, Relation};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, PersistentVolumeClaims, Pods, StorageClasses};
use crate::snapshot::{PersistentVolumeClaim, Resource, StorageClass};
use crate::texts::findings as texts;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pvc/pending"),
    kind: "PVC",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(PersistentVolumeClaims, Walked), (Events, Detail), (StorageClasses, Part), (Pods, Part)],
    gate: Some("5m"),
    means: "The claim has no volume, so no pod that mounts it can start.",
    advice: "Check the storage class and its provisioner; its event says what is missing.",
    find: pending,
}];

pub(super) fn pending(scene: &Scene<'_>) -> Vec<Draft> {
    let drafts = scene.snapshot.persistent_volume_claims.iter().filter_map(|claim| {
        let since = claim.meta.creation_timestamp;
        let gone = claim.meta.deletion_timestamp.is_some();
        if claim.status.phase != "Pending" || gone || !scene.is_settled(since) {
            return None;
        }
        let this = target("PersistentVolumeClaim", &claim.meta);
        let id = scene.graph.find_target(&this)?;
        let mut users = scene.graph.dependents(id).filter(|(relation, _)| *relation == Relation::Mounts);
        let used = users.any(|(_, user)| scene.graph.as_pod(user).is_some_and(is_live));
        let why = reason(scene, claim);
        // Nobody has asked for it yet, and the class gives volumes only to pods: it waits as it should.
        let waits = matches!(why, Reason::WaitsForConsumer) && !used && scene.snapshot.has_read(Resource::Pods);
        let severity = if waits { Severity::Info } else { Severity::High };
        let class = claim.spec.storage_class_name.as_ref().map(|class| class.as_str());
        let mut evidence = vec![
            Evidence::since("status.phase", "Pending", since),
            Evidence::new("spec.storageClassName", class.map_or_else(texts::default_class, str::to_owned)),
        ];
        // The control plane says again and again that it waits, after the provisioner has said why.
        let refusal = scene.event(Some(id), |event| event.type_ == "Warning" && scene.is_news(event.last_seen));
        let event = refusal.or_else(|| scene.event(Some(id), |_| true));
        evidence.extend(event.map(event_evidence));
        let title = match (&why, class) {
            (Reason::NoSuchClass, Some(class)) => texts::pvc_without_class(class),
            (Reason::NoDefault, _) => texts::pvc_without_default(),
            _ => texts::pvc_pending(waits, event.map(|event| event.message.as_str())),
        };
        Some(Draft::about(this, severity, title, evidence))
    });
    drafts.collect()
}

enum Reason {
    NoSuchClass,
    NoDefault,
    WaitsForConsumer,
    Unknown,
}

fn reason(scene: &Scene<'_>, claim: &PersistentVolumeClaim) -> Reason {
    if !scene.snapshot.has_read(Resource::StorageClasses) {
        return Reason::Unknown;
    }
    let class: Option<&StorageClass> = match claim.spec.storage_class_name.as_ref() {
        // The empty class asks for a volume that somebody has made by hand.
        Some(name) if name.is_empty() => return Reason::Unknown,
        Some(name) => match scene.graph.find("StorageClass", "", name).and_then(|id| scene.graph.object(id).entity) {
            Some(Entity::StorageClass(class)) => Some(class),
            _ => return Reason::NoSuchClass,
        },
        None => match scene.snapshot.storage_classes.iter().find(|class| class.is_default()) {
            Some(class) => Some(class),
            None => return Reason::NoDefault,
        },
    };
    match class {
        Some(class) if class.volume_binding_mode == "WaitForFirstConsumer" => Reason::WaitsForConsumer,
        _ => Reason::Unknown,
    }
}
