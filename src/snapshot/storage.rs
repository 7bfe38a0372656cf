//! Claims, volumes and their classes.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::{Conditions, Labels, ObjectMeta, ObjectReference};
use super::pod::{Present, ResourceRequirements};
use super::quantity::Quantities;
use super::selector::LabelSelectorRequirement;
use super::text::Str;

lean! {
    pub struct PersistentVolumeClaim {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PersistentVolumeClaimSpec,
        status: PersistentVolumeClaimStatus,
    }

    pub struct PersistentVolumeClaimSpec {
        access_modes: Vec<Str>,
        resources: ResourceRequirements,
        /// `None` asks for the default class, `Some("")` for no class.
        storage_class_name: Option<Str>,
        volume_name: Str,
        volume_mode: Str,
    }

    pub struct PersistentVolumeClaimStatus {
        phase: Str,
        capacity: Quantities,
        conditions: Conditions,
        /// By resource, e.g. `storage`: `ControllerResizeInProgress`, `NodeResizeInfeasible`, …
        allocated_resource_statuses: Labels,
    }

    pub struct PersistentVolume {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: PersistentVolumeSpec,
        status: PersistentVolumeStatus,
    }

    pub struct PersistentVolumeSpec {
        capacity: Quantities,
        access_modes: Vec<Str>,
        claim_ref: Option<ObjectReference>,
        storage_class_name: Str,
        persistent_volume_reclaim_policy: Str,
        csi: Option<Box<CsiSource>>,
        local: Option<Present>,
        node_affinity: Option<Box<VolumeNodeAffinity>>,
    }

    pub struct CsiSource {
        driver: Str,
        volume_handle: Str,
    }

    pub struct VolumeNodeAffinity {
        required: Option<NodeSelector>,
    }

    /// Terms are ORed.
    pub struct NodeSelector {
        node_selector_terms: Vec<NodeSelectorTerm>,
    }

    /// Expressions are ANDed.
    pub struct NodeSelectorTerm {
        match_expressions: Vec<LabelSelectorRequirement>,
        match_fields: Vec<LabelSelectorRequirement>,
    }

    pub struct PersistentVolumeStatus {
        phase: Str,
        reason: Str,
        message: Str,
        last_phase_transition_time: Option<DateTime<Utc>>,
    }

    pub struct StorageClass {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        provisioner: Str,
        reclaim_policy: Str,
        volume_binding_mode: Str,
        allow_volume_expansion: bool,
    }

    pub struct VolumeAttachment {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: VolumeAttachmentSpec,
        status: VolumeAttachmentStatus,
    }

    pub struct VolumeAttachmentSpec {
        attacher: Str,
        node_name: Str,
        source: VolumeAttachmentSource,
    }

    pub struct VolumeAttachmentSource {
        persistent_volume_name: Str,
    }

    pub struct VolumeAttachmentStatus {
        attached: bool,
        attach_error: Option<VolumeError>,
        detach_error: Option<VolumeError>,
    }

    pub struct VolumeError {
        time: Option<DateTime<Utc>>,
        message: Str,
    }

    pub struct CsiDriver {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CsiDriverSpec,
    }

    pub struct CsiDriverSpec {
        attach_required: Option<bool>,
    }

    /// Of the external snapshotter.
    pub struct VolumeSnapshot {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        status: VolumeSnapshotStatus,
    }

    pub struct VolumeSnapshotStatus {
        ready_to_use: Option<bool>,
        error: Option<VolumeError>,
    }
}

impl StorageClass {
    /// Whether claims without a class get this one.
    pub fn is_default(&self) -> bool {
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| self.meta.annotations.get(key).is_some_and(|value| *value == "true"))
    }
}
