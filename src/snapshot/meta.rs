//! What every object carries: names, labels, owners, conditions.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::lean::lean;
use super::text::Str;

lean! {
    /// `metadata`. `managedFields` and most annotations are never kept.
    pub struct ObjectMeta {
        name: Str,
        namespace: Str,
        uid: Str,
        labels: Labels,
        annotations: Annotations,
        owner_references: Vec<OwnerReference>,
        finalizers: Vec<Str>,
        creation_timestamp: Option<DateTime<Utc>>,
        deletion_timestamp: Option<DateTime<Utc>>,
        generation: i64,
    }

    /// One entry of `metadata.ownerReferences`.
    pub struct OwnerReference {
        api_version: Str,
        kind: Str,
        name: Str,
        uid: Str,
        controller: bool,
    }

    /// A reference to another object, as events and endpoints use it.
    pub struct ObjectReference {
        kind: Str,
        namespace: Str,
        name: Str,
        uid: Str,
        field_path: Str,
    }

    /// A reference by name inside the same namespace.
    pub struct LocalObjectReference {
        name: Str,
    }

    /// One condition of any kind; `status` is `True`, `False` or `Unknown`.
    pub struct Condition {
        #[serde(rename = "type")] type_: Str,
        status: Str,
        reason: Str,
        message: Str,
        last_transition_time: Option<DateTime<Utc>>,
        /// Deployments say here when the rollout last made progress.
        last_update_time: Option<DateTime<Utc>>,
        /// Nodes say here when they were last heard.
        last_heartbeat_time: Option<DateTime<Utc>>,
    }
}

impl ObjectMeta {
    /// The owner that controls this object, if one does.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }
}

lean! {
    /// The `status` of kinds of which only the conditions matter.
    pub struct ConditionsOnly {
        conditions: Conditions,
        observed_generation: i64,
    }
}

/// Conditions, found by type and never by index.
#[derive(Debug, Clone, Default, PartialEq, serde::Deserialize)]
pub struct Conditions(pub Vec<Condition>);

impl Conditions {
    /// The condition of that type.
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == type_)
    }
    /// Whether the condition of that type exists and has that status.
    pub fn is(&self, type_: &str, status: &str) -> bool {
        self.get(type_).is_some_and(|condition| condition.status == status)
    }
    /// All of them, in the server's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Condition> {
        self.0.iter()
    }
}

/// Key/value pairs sorted by key: smaller than a map, and there are few of them per object.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Box<[(Str, Str)]>);

impl Labels {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Str> {
        let at = self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }
    /// Whether the key is there, with any value.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
    /// Pairs in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Str)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<K: Into<Str>, V: Into<Str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Str, Str)> = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|a, b| a.0 == b.0);
        Self(pairs.into_boxed_slice())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs { keep: |_| true }).map(Self)
    }
}

/// The annotations that checks ask for; the others (a whole manifest in `last-applied-configuration`) are dropped while decoding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations(Labels);

const KEPT_ANNOTATIONS: &[&str] = &[
    "kubernetes.io/config.mirror",
    "kubernetes.io/ingress.class",
    "nginx.ingress.kubernetes.io/canary",
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/restartedAt",
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
    "ingressclass.kubernetes.io/is-default-class",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "volume.beta.kubernetes.io/storage-class",
    "kubernetes.io/service-account.name",
    "helm.sh/resource-policy",
    "cert-manager.io/certificate-name",
    "roundsman.dev/ignore",
];

impl Annotations {
    /// The value of a kept annotation.
    pub fn get(&self, key: &str) -> Option<&Str> {
        self.0.get(key)
    }
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Str)> {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keep = |key: &str| KEPT_ANNOTATIONS.contains(&key);
        deserializer.deserialize_map(Pairs { keep }).map(|pairs| Self(Labels(pairs)))
    }
}

struct Pairs {
    keep: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Pairs {
    type Value = Box<[(Str, Str)]>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Str>()? {
            if (self.keep)(&key) {
                let value: Option<Str> = map.next_value()?;
                pairs.push((key, value.unwrap_or_default()));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        pairs.sort();
        Ok(pairs.into_boxed_slice())
    }
}

/// A port or a budget given as a number or as a name or percentage.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    Int(i32),
    String(Str),
}

impl Default for IntOrString {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::String(name) => f.write_str(name),
        }
    }
}
