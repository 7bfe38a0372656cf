//! Claims, volumes and their classes.

use chrono::{DateTime, Utc};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{Labels, ObjectMeta, ObjectReference};
use super::node_selector::NodeSelector;
use super::pod::ResourceRequirements;
use super::presence::Present;
use super::quantity::Quantities;
use super::text::Str;
use super::volume::{AzureFile, CephFs, FlexVolume, Iscsi, Rbd};

lean! {
    pub struct PersistentVolumeClaim {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PersistentVolumeClaimSpec = 2,
        status: PersistentVolumeClaimStatus = 3,
    }

    pub struct PersistentVolumeClaimSpec {
        access_modes: Vec<Str> = 1,
        resources: ResourceRequirements = 2,
        /// `None` asks for the default class, `Some("")` for no class.
        storage_class_name: Option<Str> = 5,
        volume_name: Str = 3,
        volume_mode: Str = 6,
    }

    pub struct PersistentVolumeClaimStatus {
        phase: Str = 1,
        capacity: Quantities = 3,
        conditions: Conditions = 4,
        /// By resource, e.g. `storage`: `ControllerResizeInProgress`, `NodeResizeInfeasible`, …
        allocated_resource_statuses: Labels = 7,
    }

    pub struct PersistentVolume {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: PersistentVolumeSpec = 2,
        status: PersistentVolumeStatus = 3,
    }

    pub struct PersistentVolumeSpec {
        capacity: Quantities = 1,
        access_modes: Vec<Str> = 3,
        claim_ref: Option<ObjectReference> = 4,
        storage_class_name: Str = 6,
        persistent_volume_reclaim_policy: Str = 5,
        csi: Option<Box<CsiSource>> = 2/22,
        azure_file: Option<Box<AzureFile>> = 2/13,
        cephfs: Option<Box<CephFs>> = 2/9,
        flex_volume: Option<Box<FlexVolume>> = 2/12,
        iscsi: Option<Box<Iscsi>> = 2/7,
        rbd: Option<Box<Rbd>> = 2/6,
        local: Option<Present> = 2/20,
        node_affinity: Option<Box<VolumeNodeAffinity>> = 9,
    }

    pub struct CsiSource {
        driver: Str = 1,
        volume_handle: Str = 2,
        controller_publish_secret_ref: Option<SecretReference> = 6,
        node_stage_secret_ref: Option<SecretReference> = 7,
        node_publish_secret_ref: Option<SecretReference> = 8,
        controller_expand_secret_ref: Option<SecretReference> = 9,
        node_expand_secret_ref: Option<SecretReference> = 10,
    }

    pub struct SecretReference {
        name: Str = 1,
        namespace: Str = 2,
    }

    pub struct VolumeNodeAffinity {
        required: Option<NodeSelector> = 1,
    }

    pub struct PersistentVolumeStatus {
        phase: Str = 1,
        reason: Str = 3,
        message: Str = 2,
        last_phase_transition_time: Option<DateTime<Utc>> = 4,
    }

    pub struct StorageClass {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        provisioner: Str = 2,
        /// Of its driver; those of `csi.storage.k8s.io/` name Secrets.
        parameters: Labels = 3,
        reclaim_policy: Str = 4,
        volume_binding_mode: Str = 7,
        allow_volume_expansion: bool = 6,
    }

    pub struct VolumeAttachment {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: VolumeAttachmentSpec = 2,
        status: VolumeAttachmentStatus = 3,
    }

    pub struct VolumeAttachmentSpec {
        attacher: Str = 1,
        node_name: Str = 3,
        source: VolumeAttachmentSource = 2,
    }

    pub struct VolumeAttachmentSource {
        persistent_volume_name: Str = 1,
    }

    pub struct VolumeAttachmentStatus {
        attached: bool = 1,
        attach_error: Option<VolumeError> = 3,
        detach_error: Option<VolumeError> = 4,
    }

    pub struct VolumeError {
        time: Option<DateTime<Utc>> = 1,
        message: Str = 2,
    }

    pub struct CsiDriver {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: CsiDriverSpec = 2,
    }

    pub struct CsiDriverSpec {
        attach_required: Option<bool> = 1,
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

impl PersistentVolumeSpec {
    /// Namespace and name of every Secret that the volume's driver logs in with.
    pub fn driver_secrets(&self) -> impl Iterator<Item = (&Str, &Str)> {
        let csi = self.csi.iter().flat_map(|csi| {
            [
                &csi.controller_publish_secret_ref,
                &csi.node_stage_secret_ref,
                &csi.node_publish_secret_ref,
                &csi.controller_expand_secret_ref,
                &csi.node_expand_secret_ref,
            ]
        });
        let inside = [
            self.cephfs.as_ref().map(|volume| &volume.secret_ref),
            self.flex_volume.as_ref().map(|volume| &volume.secret_ref),
            self.iscsi.as_ref().map(|volume| &volume.secret_ref),
            self.rbd.as_ref().map(|volume| &volume.secret_ref),
        ];
        let named = csi.chain(inside.into_iter().flatten()).flatten().map(|secret| (&secret.namespace, &secret.name));
        named.chain(self.azure_file.iter().map(|azure| (&azure.secret_namespace, &azure.secret_name)))
    }
}
