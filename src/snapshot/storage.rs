//! Claims, volumes and their classes.

use super::lean::lean;
use super::meta::{Conditions, ObjectMeta, ObjectReference};
use super::pod::ResourceRequirements;
use super::quantity::Quantities;
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
    }

    pub struct PersistentVolumeStatus {
        phase: Str,
        reason: Str,
        message: Str,
    }

    pub struct StorageClass {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        provisioner: Str,
        reclaim_policy: Str,
        volume_binding_mode: Str,
        allow_volume_expansion: bool,
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
