//! One object of the graph: read, known to be absent, or only heard of.

use crate::inspection::finding::{ObjectRef, Target};
use crate::snapshot::{
    ConfigMap, CronJob, DaemonSet, Deployment, Ingress, Job, Namespace, Node, ObjectMeta, PersistentVolume,
    PersistentVolumeClaim, Pod, ReplicaSet, ResourceQuota, Secret, Service, Snapshot, StatefulSet, StorageClass,
};

macro_rules! entities {
    ($( $kind:ident in $field:ident ),* $(,)?) => {
        /// An object of the snapshot that the graph holds.
        #[derive(Debug, Clone, Copy)]
        pub enum Entity<'a> { $(
            #[doc = concat!("A ", stringify!($kind), ".")]
            $kind(&'a $kind),
        )* }

        impl<'a> Entity<'a> {
            /// Every object of the snapshot that the graph holds, kind by kind.
            pub(crate) fn all(snapshot: &'a Snapshot) -> impl Iterator<Item = Self> {
                std::iter::empty() $( .chain(snapshot.$field.iter().map(Self::$kind)) )*
            }

            /// Kubernetes' kind.
            pub fn kind(self) -> &'static str {
                match self { $( Self::$kind(_) => stringify!($kind), )* }
            }

            /// Its metadata.
            pub fn meta(self) -> &'a ObjectMeta {
                match self { $( Self::$kind(object) => &object.meta, )* }
            }
        }

        /// The kinds that the graph holds.
        pub(crate) const KINDS: &[&str] = &[ $( stringify!($kind) ),* ];
    };
}

entities! {
    Node in nodes, Namespace in namespaces, Pod in pods, ReplicaSet in replica_sets, Deployment in deployments,
    StatefulSet in stateful_sets, DaemonSet in daemon_sets, Job in jobs, CronJob in cron_jobs, Service in services,
    Ingress in ingresses, ConfigMap in config_maps, Secret in secrets,
    PersistentVolumeClaim in persistent_volume_claims, PersistentVolume in persistent_volumes,
    StorageClass in storage_classes, ResourceQuota in resource_quotas,
}

/// One object: what it is called, and what was read of it.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Kubernetes' kind.
    pub kind: &'a str,
    /// Empty for what has no namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// None for what another object names and the snapshot does not hold: see [`super::Graph::is_absent`].
    pub entity: Option<Entity<'a>>,
}

impl Object<'_> {
    /// The object as a finding names it.
    pub fn target(&self) -> Target {
        Target {
            kind: self.kind.to_owned(),
            namespace: (!self.namespace.is_empty()).then(|| self.namespace.to_owned()),
            name: self.name.to_owned(),
        }
    }

    /// The object as a finding lists it.
    pub fn reference(&self) -> ObjectRef {
        self.target().into()
    }
}
