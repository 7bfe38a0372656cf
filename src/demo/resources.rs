//! The table of resources: routing, discovery, selectors and list headers all come from these rows.

/// Every kind that the demo cluster serves; `kind as usize` is its row in [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Namespace,
    Node,
    Pod,
    Service,
    ConfigMap,
    Secret,
    ServiceAccount,
    PersistentVolume,
    PersistentVolumeClaim,
    ResourceQuota,
    LimitRange,
    Event,
    Endpoints,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    ControllerRevision,
    Job,
    CronJob,
    Ingress,
    IngressClass,
    NetworkPolicy,
    EndpointSlice,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    StorageClass,
    VolumeAttachment,
    CsiNode,
    CsiDriver,
    Lease,
    PriorityClass,
    Role,
    RoleBinding,
    ClusterRole,
    ClusterRoleBinding,
    ValidatingWebhookConfiguration,
    MutatingWebhookConfiguration,
    CustomResourceDefinition,
    ApiService,
    CertificateSigningRequest,
    EventsV1Event,
    SelfSubjectAccessReview,
    SelfSubjectRulesReview,
}

/// Whether objects of a kind live in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Namespaced,
    Cluster,
}

/// What a kind can do beyond being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verbs {
    /// Everything that a stored object can do.
    Stored,
    /// A question that is answered and not kept.
    CreateOnly,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) id: Kind,
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    pub(super) kind: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) scope: Scope,
    pub(super) verbs: Verbs,
    pub(super) subresources: &'static [&'static str],
    /// Field selectors beyond `metadata.name` and `metadata.namespace`.
    pub(super) fields: &'static [&'static str],
}

/// The verbs of a stored kind, in the order that discovery lists them.
pub(super) const STORED: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
const EVENTS_V1_FIELDS: &[&str] = &[
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
];
const POD_FIELDS: &[&str] = &[
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
];

const fn row(
    id: Kind,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Resource {
    Resource {
        id,
        group,
        version,
        plural,
        kind,
        short: &[],
        scope: Scope::Namespaced,
        verbs: Verbs::Stored,
        subresources: &[],
        fields: &[],
    }
}

impl Resource {
    const fn cluster(mut self) -> Self {
        self.scope = Scope::Cluster;
        self
    }
    const fn short(mut self, short: &'static [&'static str]) -> Self {
        self.short = short;
        self
    }
    const fn sub(mut self, subresources: &'static [&'static str]) -> Self {
        self.subresources = subresources;
        self
    }
    const fn fields(mut self, fields: &'static [&'static str]) -> Self {
        self.fields = fields;
        self
    }
    const fn asked(mut self) -> Self {
        self.verbs = Verbs::CreateOnly;
        self.scope = Scope::Cluster;
        self
    }

    /// `apps/v1`, or `v1` in the core group.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, or `pods` in the core group: the form of error messages.
    pub(super) fn qualified(&self) -> String {
        qualified(self.plural, self.group)
    }

    pub(super) fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The singular name that discovery shows.
    pub(super) fn singular(&self) -> String {
        self.kind.to_lowercase()
    }
}

/// `deployments.apps`, or `pods` in the core group.
pub(super) fn qualified(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}

/// All resources; the row of a kind is at `kind as usize` (a test holds it).
#[rustfmt::skip] // a table is read line by line
pub(super) static TABLE: &[Resource] = &[
    row(Kind::Namespace, "", "v1", "namespaces", "Namespace").cluster().short(&["ns"]).sub(&["status"]).fields(&["status.phase"]),
    row(Kind::Node, "", "v1", "nodes", "Node").cluster().short(&["no"]).sub(&["status"]).fields(&["spec.unschedulable"]),
    row(Kind::Pod, "", "v1", "pods", "Pod").short(&["po"]).sub(&["log", "status"]).fields(POD_FIELDS),
    row(Kind::Service, "", "v1", "services", "Service").short(&["svc"]).sub(&["status"]).fields(&["spec.clusterIP", "spec.type"]),
    row(Kind::ConfigMap, "", "v1", "configmaps", "ConfigMap").short(&["cm"]),
    row(Kind::Secret, "", "v1", "secrets", "Secret").fields(&["type"]),
    row(Kind::ServiceAccount, "", "v1", "serviceaccounts", "ServiceAccount").short(&["sa"]),
    row(Kind::PersistentVolume, "", "v1", "persistentvolumes", "PersistentVolume").cluster().short(&["pv"]).sub(&["status"]),
    row(Kind::PersistentVolumeClaim, "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim").short(&["pvc"]).sub(&["status"]),
    row(Kind::ResourceQuota, "", "v1", "resourcequotas", "ResourceQuota").short(&["quota"]).sub(&["status"]),
    row(Kind::LimitRange, "", "v1", "limitranges", "LimitRange").short(&["limits"]),
    row(Kind::Event, "", "v1", "events", "Event").short(&["ev"]).fields(EVENT_FIELDS),
    row(Kind::Endpoints, "", "v1", "endpoints", "Endpoints").short(&["ep"]),
    row(Kind::Deployment, "apps", "v1", "deployments", "Deployment").short(&["deploy"]).sub(&["scale", "status"]),
    row(Kind::ReplicaSet, "apps", "v1", "replicasets", "ReplicaSet").short(&["rs"]).sub(&["scale", "status"]).fields(&["status.replicas"]),
    row(Kind::StatefulSet, "apps", "v1", "statefulsets", "StatefulSet").short(&["sts"]).sub(&["scale", "status"]),
    row(Kind::DaemonSet, "apps", "v1", "daemonsets", "DaemonSet").short(&["ds"]).sub(&["status"]),
    row(Kind::ControllerRevision, "apps", "v1", "controllerrevisions", "ControllerRevision"),
    row(Kind::Job, "batch", "v1", "jobs", "Job").sub(&["status"]).fields(&["status.successful"]),
    row(Kind::CronJob, "batch", "v1", "cronjobs", "CronJob").short(&["cj"]).sub(&["status"]),
    row(Kind::Ingress, "networking.k8s.io", "v1", "ingresses", "Ingress").short(&["ing"]).sub(&["status"]),
    row(Kind::IngressClass, "networking.k8s.io", "v1", "ingressclasses", "IngressClass").cluster(),
    row(Kind::NetworkPolicy, "networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy").short(&["netpol"]),
    row(Kind::EndpointSlice, "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    row(Kind::HorizontalPodAutoscaler, "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler").short(&["hpa"]).sub(&["status"]),
    row(Kind::PodDisruptionBudget, "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget").short(&["pdb"]).sub(&["status"]),
    row(Kind::StorageClass, "storage.k8s.io", "v1", "storageclasses", "StorageClass").cluster().short(&["sc"]),
    row(Kind::VolumeAttachment, "storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment").cluster().sub(&["status"]),
    row(Kind::CsiNode, "storage.k8s.io", "v1", "csinodes", "CSINode").cluster(),
    row(Kind::CsiDriver, "storage.k8s.io", "v1", "csidrivers", "CSIDriver").cluster(),
    row(Kind::Lease, "coordination.k8s.io", "v1", "leases", "Lease"),
    row(Kind::PriorityClass, "scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass").cluster().short(&["pc"]),
    row(Kind::Role, "rbac.authorization.k8s.io", "v1", "roles", "Role"),
    row(Kind::RoleBinding, "rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    row(Kind::ClusterRole, "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole").cluster(),
    row(Kind::ClusterRoleBinding, "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding").cluster(),
    row(Kind::ValidatingWebhookConfiguration, "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration").cluster(),
    row(Kind::MutatingWebhookConfiguration, "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration").cluster(),
    row(Kind::CustomResourceDefinition, "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition").cluster().short(&["crd"]).sub(&["status"]),
    row(Kind::ApiService, "apiregistration.k8s.io", "v1", "apiservices", "APIService").cluster().sub(&["status"]),
    row(Kind::CertificateSigningRequest, "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest").cluster().short(&["csr"]).sub(&["status"]),
    row(Kind::EventsV1Event, "events.k8s.io", "v1", "events", "Event").short(&["ev"]).fields(EVENTS_V1_FIELDS),
    row(Kind::SelfSubjectAccessReview, "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview").asked(),
    row(Kind::SelfSubjectRulesReview, "authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview").asked(),
];

impl Kind {
    /// The row of this kind.
    pub(super) fn row(self) -> &'static Resource {
        &TABLE[self as usize]
    }

    /// Kinds whose `metadata.generation` counts changes of their spec.
    pub(super) fn has_generation(self) -> bool {
        matches!(
            self,
            Self::Deployment
                | Self::ReplicaSet
                | Self::StatefulSet
                | Self::DaemonSet
                | Self::Job
                | Self::CronJob
                | Self::Ingress
                | Self::IngressClass
                | Self::NetworkPolicy
                | Self::HorizontalPodAutoscaler
                | Self::PodDisruptionBudget
                | Self::EndpointSlice
                | Self::Pod
                | Self::CustomResourceDefinition
        )
    }
}

/// The row that a path names.
pub(super) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    TABLE.iter().find(|row| row.group == group && row.version == version && row.plural == plural)
}

/// The row of an object, by its `apiVersion` and `kind`.
pub(super) fn of_object(api_version: &str, kind: &str) -> Option<&'static Resource> {
    TABLE.iter().find(|row| row.kind == kind && row.api_version() == api_version)
}

/// The API groups in the order of the table, the core group left out.
pub(super) fn groups() -> Vec<(&'static str, &'static str)> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for row in TABLE.iter().filter(|row| !row.group.is_empty()) {
        if !seen.contains(&(row.group, row.version)) {
            seen.push((row.group, row.version));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_its_own_row() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.id as usize, index, "{}", row.kind);
            assert_eq!(find(row.group, row.version, row.plural).map(|found| found.id), Some(row.id));
        }
    }
}
