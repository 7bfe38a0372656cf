//! What people call a kind (`po`, `deploy`, `Deployment`, `certificates.cert-manager.io`) and where the API has it.

use super::Cluster;
use super::ask::LookError;
use super::list::encode;

/// A kind of object as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Empty for the core group.
    pub group: String,
    pub version: String,
    /// As in the path: `deployments`.
    pub plural: String,
    /// As in manifests: `Deployment`.
    pub kind: String,
    pub namespaced: bool,
}

impl Kind {
    /// `apps/v1` or `v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The path of the list, or of one object.
    pub(super) fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let mut path = format!("{root}/{}", self.api_version());
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str(&format!("/namespaces/{}", encode(namespace)));
        }
        path.push_str(&format!("/{}", self.plural));
        if let Some(name) = name {
            path.push_str(&format!("/{}", encode(name)));
        }
        path
    }

    fn is_called(&self, wanted: &str, short: &[impl AsRef<str>]) -> bool {
        let (name, group) = wanted.split_once('.').map_or((wanted, None), |(name, group)| (name, Some(group)));
        let in_group =
            group.is_none_or(|group| group == self.group || format!("{}.{}", self.version, self.group) == group);
        let called =
            [self.plural.as_str()].into_iter().chain(short.iter().map(AsRef::as_ref)).any(|known| known == name);
        in_group && (called || self.kind.eq_ignore_ascii_case(name))
    }
}

/// Group, version, plural, kind, namespaced, short names.
type BuiltIn = (&'static str, &'static str, &'static str, &'static str, bool, &'static [&'static str]);

/// Known without asking the server first.
const BUILT_IN: &[BuiltIn] = &[
    ("", "v1", "pods", "Pod", true, &["po"]),
    ("", "v1", "services", "Service", true, &["svc"]),
    ("", "v1", "nodes", "Node", false, &["no"]),
    ("", "v1", "namespaces", "Namespace", false, &["ns"]),
    ("", "v1", "configmaps", "ConfigMap", true, &["cm"]),
    ("", "v1", "secrets", "Secret", true, &[]),
    ("", "v1", "events", "Event", true, &["ev"]),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, &["pvc"]),
    ("", "v1", "persistentvolumes", "PersistentVolume", false, &["pv"]),
    ("", "v1", "resourcequotas", "ResourceQuota", true, &["quota"]),
    ("", "v1", "limitranges", "LimitRange", true, &["limits"]),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, &["sa"]),
    ("", "v1", "replicationcontrollers", "ReplicationController", true, &["rc"]),
    ("apps", "v1", "deployments", "Deployment", true, &["deploy"]),
    ("apps", "v1", "replicasets", "ReplicaSet", true, &["rs"]),
    ("apps", "v1", "statefulsets", "StatefulSet", true, &["sts"]),
    ("apps", "v1", "daemonsets", "DaemonSet", true, &["ds"]),
    ("batch", "v1", "jobs", "Job", true, &[]),
    ("batch", "v1", "cronjobs", "CronJob", true, &["cj"]),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true, &["ing"]),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, &[]),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, &["netpol"]),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, &[]),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, &["sc"]),
    ("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, &["hpa"]),
    ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, &["pdb"]),
    ("coordination.k8s.io", "v1", "leases", "Lease", true, &[]),
    ("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, &["pc"]),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", true, &[]),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, &[]),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, &["crd", "crds"]),
];

/// Group, plural and whether it is in namespaces, of the kinds that can be looked at without asking the server what it has.
/// Secrets are not among them: who may look at those is decided apart.
pub fn usual_kinds() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let kinds = BUILT_IN.iter().map(|&(group, _, plural, _, namespaced, _)| (group, plural, namespaced));
    kinds.filter(|(_, plural, _)| *plural != "secrets")
}

/// The usual kind of that name, without asking anybody.
pub(super) fn built_in(wanted: &str) -> Option<Kind> {
    BUILT_IN.iter().find_map(|&(group, version, plural, kind, namespaced, short)| {
        let found = Kind {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
        };
        found.is_called(wanted, short).then_some(found)
    })
}

impl Cluster {
    /// The kind that a person means; what is not among the usual ones is looked up in the cluster.
    ///
    /// # Errors
    /// When the cluster has no such kind, or cannot be asked.
    pub async fn kind(&self, wanted: &str) -> Result<Kind, LookError> {
        let wanted = wanted.trim().to_ascii_lowercase();
        if let Some(kind) = built_in(&wanted) {
            return Ok(kind);
        }
        let served = self.within(self.served_kinds()).await?;
        if let Some((kind, _)) = served.iter().find(|(kind, short)| kind.is_called(&wanted, short)) {
            return Ok(kind.clone());
        }
        let mut similar: Vec<String> = served
            .iter()
            .filter(|(kind, _)| {
                kind.plural.contains(&wanted) || (wanted.len() > 3 && wanted.contains(&kind.kind.to_ascii_lowercase()))
            })
            .map(|(kind, _)| kind.kind.clone())
            .collect();
        similar.sort();
        similar.dedup();
        similar.truncate(5);
        Err(LookError::UnknownKind { kind: wanted, similar })
    }
}
