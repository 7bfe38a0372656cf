//! The volumes of a pod, as far as they name other objects or the node.

use super::lean::lean;
use super::meta::LocalObjectReference;
use super::presence::Present;
use super::storage::SecretReference;
use super::text::Str;

lean! {
    pub struct Volume {
        name: Str = 1,
        config_map: Option<Box<VolumeRef>> = 2/19,
        secret: Option<Box<SecretVolume>> = 2/6,
        persistent_volume_claim: Option<Box<ClaimVolume>> = 2/10,
        projected: Option<Box<Projected>> = 2/26,
        /// A claim made for this pod; it is called `<pod>-<volume>`.
        ephemeral: Option<Present> = 2/29,
        host_path: Option<HostPath> = 2/1,
        empty_dir: Option<Present> = 2/2,
        csi: Option<Box<CsiVolume>> = 2/28,
        azure_file: Option<Box<AzureFile>> = 2/18,
        cephfs: Option<Box<CephFs>> = 2/14,
        flex_volume: Option<Box<FlexVolume>> = 2/12,
        iscsi: Option<Box<Iscsi>> = 2/8,
        rbd: Option<Box<Rbd>> = 2/11,
    }

    pub struct CsiVolume {
        driver: Str = 1,
        node_publish_secret_ref: Option<LocalObjectReference> = 5,
    }

    // Drivers inside of Kubernetes, in pods and in persistent volumes: they log in with a Secret. Only the latter name its
    // namespace.
    pub struct AzureFile {
        secret_name: Str = 1,
        secret_namespace: Str = 4,
    }

    pub struct CephFs {
        secret_ref: Option<SecretReference> = 5,
    }

    pub struct FlexVolume {
        secret_ref: Option<SecretReference> = 3,
    }

    pub struct Iscsi {
        secret_ref: Option<SecretReference> = 10,
    }

    pub struct Rbd {
        secret_ref: Option<SecretReference> = 7,
    }

    pub struct HostPath {
        path: Str = 1,
        #[serde(rename = "type")] type_: Str = 2,
    }

    /// A ConfigMap volume, and ConfigMaps and Secrets inside of a projected one.
    pub struct VolumeRef {
        name: Str = 1/1,
        optional: bool = 4,
        items: Vec<KeyToPath> = 2,
    }

    pub struct SecretVolume {
        secret_name: Str = 1,
        optional: bool = 4,
        items: Vec<KeyToPath> = 2,
    }

    pub struct KeyToPath {
        key: Str = 1,
        path: Str = 2,
    }

    pub struct ClaimVolume {
        claim_name: Str = 1,
        read_only: bool = 2,
    }

    pub struct Projected {
        sources: Vec<ProjectedSource> = 1,
    }

    pub struct ProjectedSource {
        config_map: Option<VolumeRef> = 3,
        secret: Option<VolumeRef> = 1,
    }
}

impl Volume {
    /// The Secret that its driver logs in with, by the field that names the driver.
    pub fn driver_secret(&self) -> Option<(&'static str, &Str)> {
        let azure = self.azure_file.as_ref().map(|azure| ("volumes.azureFile", &azure.secret_name));
        let csi = self.csi.as_ref().and_then(|csi| csi.node_publish_secret_ref.as_ref());
        let inside = [
            ("volumes.cephfs", self.cephfs.as_ref().and_then(|volume| volume.secret_ref.as_ref())),
            ("volumes.flexVolume", self.flex_volume.as_ref().and_then(|volume| volume.secret_ref.as_ref())),
            ("volumes.iscsi", self.iscsi.as_ref().and_then(|volume| volume.secret_ref.as_ref())),
            ("volumes.rbd", self.rbd.as_ref().and_then(|volume| volume.secret_ref.as_ref())),
        ];
        let inside = inside.into_iter().find_map(|(field, secret)| Some((field, &secret?.name)));
        azure.or(csi.map(|secret| ("volumes.csi", &secret.name))).or(inside)
    }
}
