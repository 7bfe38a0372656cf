//! One object of the graph: read, known to be absent, or only heard of.

use crate::finding::{ObjectRef, Target};
use crate::snapshot::{
    ApiService, ConfigMap, CronJob, CustomResourceDefinition, DaemonSet, Deployment, HorizontalPodAutoscaler, Ingress,
    Job, Namespace, Node, ObjectMeta, Origin, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget,
    ReplicaSet, Resource, ResourceQuota, Secret, Service, Snapshot, StatefulSet, StorageClass, WebhookConfiguration,
};

macro_rules! entities {
    ($( $kind:ident: $type:ident in $field:ident ),* $(,)?) => {
        /// An object of the snapshot that the graph holds.
        #[derive(Debug, Clone, Copy)]
        pub enum Entity<'a> {
            $(
                #[doc = concat!("A ", stringify!($kind), ".")]
                $kind(&'a $type),
            )*
            /// Of a kind that nothing is tied to by what it holds.
            Other(Resource, &'a ObjectMeta),
        }

        impl<'a> Entity<'a> {
            /// Every object of the snapshot that the graph holds, kind by kind.
            pub(crate) fn all(snapshot: &'a Snapshot) -> impl Iterator<Item = Self> {
                let others = others()
                    .flat_map(|resource| snapshot.metas(resource).map(move |meta| Self::Other(resource, meta)));
                std::iter::empty() $( .chain(snapshot.$field.iter().map(Self::$kind)) )* .chain(others)
            }

            /// Kubernetes' kind.
            pub fn kind(self) -> &'static str {
                match self {
                    $( Self::$kind(_) => stringify!($kind), )*
                    Self::Other(resource, _) => resource.api().kind,
                }
            }

            /// Its metadata.
            pub fn meta(self) -> &'a ObjectMeta {
                match self {
                    $( Self::$kind(object) => &object.meta, )*
                    Self::Other(_, meta) => meta,
                }
            }
        }

        /// The kinds that the graph ties.
        pub(crate) const KINDS: &[&str] = &[ $( stringify!($kind) ),* ];
    };
}

entities! {
    Node: Node in nodes,
    Namespace: Namespace in namespaces,
    Pod: Pod in pods,
    ReplicaSet: ReplicaSet in replica_sets,
    Deployment: Deployment in deployments,
    StatefulSet: StatefulSet in stateful_sets,
    DaemonSet: DaemonSet in daemon_sets,
    Job: Job in jobs,
    CronJob: CronJob in cron_jobs,
    Service: Service in services,
    Ingress: Ingress in ingresses,
    ConfigMap: ConfigMap in config_maps,
    Secret: Secret in secrets,
    PersistentVolumeClaim: PersistentVolumeClaim in persistent_volume_claims,
    PersistentVolume: PersistentVolume in persistent_volumes,
    StorageClass: StorageClass in storage_classes,
    ResourceQuota: ResourceQuota in resource_quotas,
    MutatingWebhookConfiguration: WebhookConfiguration in mutating_webhook_configurations,
    ValidatingWebhookConfiguration: WebhookConfiguration in validating_webhook_configurations,
    CustomResourceDefinition: CustomResourceDefinition in custom_resource_definitions,
    APIService: ApiService in api_services,
    HorizontalPodAutoscaler: HorizontalPodAutoscaler in horizontal_pod_autoscalers,
    PodDisruptionBudget: PodDisruptionBudget in pod_disruption_budgets,
}

/// The lists whose objects people can ask about besides. What stands for another object (events, slices, leases, measured
/// use, one endpoint for each pod) is told with that.
pub(super) fn others() -> impl Iterator<Item = Resource> {
    Resource::ALL.iter().copied().filter(|resource| {
        let stands_for = matches!(
            resource,
            Resource::Events
                | Resource::EndpointSlices
                | Resource::Leases
                | Resource::IpAddresses
                | Resource::NodeMetrics
                | Resource::PodMetrics
                | Resource::CiliumEndpoints
                | Resource::CiliumIdentities
        );
        !stands_for && resource.origin() != Origin::Source && !KINDS.contains(&resource.api().kind)
    })
}

/// Every kind that people can ask about.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().copied().chain(others().map(|resource| resource.api().kind))
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
