//! Claims, volumes and their classes.

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{ObjectMeta, ObjectReference};
use super::pod::ResourceRequirements;
use super::quantity::Quantities;
use super::text::Str;

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
    }

    pub struct PersistentVolumeStatus {
        phase: Str = 1,
        reason: Str = 3,
        message: Str = 2,
    }

    pub struct StorageClass {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        provisioner: Str = 2,
        reclaim_policy: Str = 4,
        volume_binding_mode: Str = 7,
        allow_volume_expansion: bool = 6,
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
