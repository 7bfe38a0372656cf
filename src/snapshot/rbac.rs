//! Who may do what, and requests for certificates.

use chrono::{DateTime, Utc};

use super::lean::lean;
use super::meta::{Conditions, ObjectMeta};
use super::pod::Present;
use super::text::Str;

lean! {
    /// A Role or ClusterRole.
    pub struct Role {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        rules: Vec<PolicyRule>,
        /// A ClusterRole that is put together from others.
        aggregation_rule: Option<Present>,
    }

    pub struct PolicyRule {
        verbs: Vec<Str>,
        api_groups: Vec<Str>,
        resources: Vec<Str>,
        resource_names: Vec<Str>,
        #[serde(rename = "nonResourceURLs")] non_resource_urls: Vec<Str>,
    }

    /// A RoleBinding or ClusterRoleBinding.
    pub struct RoleBinding {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        subjects: Vec<Subject>,
        role_ref: RoleRef,
    }

    /// `kind` is `User`, `Group` or `ServiceAccount`.
    pub struct Subject {
        kind: Str,
        name: Str,
        namespace: Str,
    }

    /// `kind` is `Role` or `ClusterRole`.
    pub struct RoleRef {
        kind: Str,
        name: Str,
    }

    pub struct CertificateSigningRequest {
        #[serde(rename = "metadata")] meta: ObjectMeta,
        spec: CertificateSigningRequestSpec,
        status: CertificateSigningRequestStatus,
    }

    pub struct CertificateSigningRequestSpec {
        signer_name: Str,
        username: Str,
        expiration_seconds: Option<i32>,
    }

    pub struct CertificateSigningRequestStatus {
        conditions: Conditions,
        /// Whether one was issued; what it says does not matter.
        certificate: Issued,
    }
}

/// Whether a field holds anything; its content is dropped while decoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Issued(pub bool);

impl<'de> serde::Deserialize<'de> for Issued {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self(!text.is_empty()))
    }
}

impl Role {
    /// Whether it came with Kubernetes or one of its distributions.
    pub fn is_built_in(&self) -> bool {
        self.meta.labels.contains_key("kubernetes.io/bootstrapping") || self.meta.name.starts_with("system:")
    }
}

impl RoleBinding {
    /// Whether it came with Kubernetes or one of its distributions.
    pub fn is_built_in(&self) -> bool {
        self.meta.labels.contains_key("kubernetes.io/bootstrapping") || self.meta.name.starts_with("system:")
    }

    /// When it was made.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.meta.creation_timestamp
    }
}
