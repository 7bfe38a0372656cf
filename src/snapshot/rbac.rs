//! Who may do what, and requests for certificates.

use super::condition::Conditions;
use super::lean::lean;
use super::meta::ObjectMeta;
use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::selector::LabelSelector;
use super::text::Str;

lean! {
    /// A Role or ClusterRole.
    pub struct Role {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        rules: Vec<PolicyRule> = 2,
        /// A ClusterRole that is put together from others.
        aggregation_rule: Option<AggregationRule> = 3,
    }

    /// Which ClusterRoles are its parts.
    pub struct AggregationRule {
        cluster_role_selectors: Vec<LabelSelector> = 1,
    }

    pub struct PolicyRule {
        verbs: Vec<Str> = 1,
        api_groups: Vec<Str> = 2,
        resources: Vec<Str> = 3,
        resource_names: Vec<Str> = 4,
        #[serde(rename = "nonResourceURLs")] non_resource_urls: Vec<Str> = 5,
    }

    /// A RoleBinding or ClusterRoleBinding.
    pub struct RoleBinding {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        subjects: Vec<Subject> = 2,
        role_ref: RoleRef = 3,
    }

    /// `kind` is `User`, `Group` or `ServiceAccount`.
    pub struct Subject {
        kind: Str = 1,
        name: Str = 3,
        namespace: Str = 4,
    }

    /// `kind` is `Role` or `ClusterRole`.
    pub struct RoleRef {
        kind: Str = 2,
        name: Str = 3,
    }

    pub struct CertificateSigningRequest {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: CertificateSigningRequestSpec = 2,
        status: CertificateSigningRequestStatus = 3,
    }

    pub struct CertificateSigningRequestSpec {
        signer_name: Str = 7,
        username: Str = 2,
        expiration_seconds: Option<i32> = 8,
    }

    pub struct CertificateSigningRequestStatus {
        conditions: Conditions = 1 via Conditions::read_of_request,
        /// Whether one was issued; what it says does not matter.
        certificate: Issued = 2,
    }
}

/// Whether a field holds anything; its content is dropped while decoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issued(pub bool);

impl Wire for Issued {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.0 = !value.bytes()?.is_empty();
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for Issued {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self(!text.is_empty()))
    }
}

/// Whether it came with Kubernetes or one of its distributions.
fn is_built_in(meta: &ObjectMeta) -> bool {
    meta.labels.contains_key("kubernetes.io/bootstrapping")
        || meta.name.starts_with("system:")
        || meta.name.starts_with("kubeadm:")
}

impl Role {
    /// Whether it came with Kubernetes or one of its distributions.
    pub fn is_built_in(&self) -> bool {
        is_built_in(&self.meta)
    }
}

impl RoleBinding {
    /// Whether it came with Kubernetes or one of its distributions.
    pub fn is_built_in(&self) -> bool {
        is_built_in(&self.meta)
    }
}
