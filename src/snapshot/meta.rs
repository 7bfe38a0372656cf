//! What every object carries: names, labels, owners, conditions.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::common::List;
use super::condition::Conditions;
use super::lean::lean;
use super::protobuf::{Malformed, Repeats, Value, Wire, each_field, entries};
use super::text::Str;
use super::uid::Uid;

lean! {
    /// `metadata`. `managedFields` and most annotations are never kept.
    pub struct ObjectMeta {
        name: Str = 1,
        namespace: Str = 3,
        uid: Uid = 5,
        labels: Labels = 11,
        annotations: Annotations = 12,
        owner_references: List<OwnerReference> = 13,
        finalizers: List<Str> = 14,
        creation_timestamp: Option<DateTime<Utc>> = 8,
        deletion_timestamp: Option<DateTime<Utc>> = 9,
        generation: i64 = 7,
    }

    /// One entry of `metadata.ownerReferences`.
    pub struct OwnerReference {
        api_version: Str = 5,
        kind: Str = 1,
        name: Str = 3,
        uid: Uid = 4,
        controller: bool = 6,
    }

    /// A reference to another object, as events and endpoints use it.
    pub struct ObjectReference {
        kind: Str = 1,
        namespace: Str = 2,
        name: Str = 3,
        uid: Uid = 4,
        field_path: Str = 7,
    }

    /// A reference by name inside the same namespace.
    pub struct LocalObjectReference {
        name: Str = 1,
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
        conditions: Conditions = 1,
        observed_generation: i64,
    }
}

/// Key/value pairs sorted by key: smaller than a map, and there are few of them per object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels(List<(Str, Str)>);

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
        Self(pairs.into())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs { keep: |_| true }).map(|pairs| Self(pairs.into()))
    }
}

impl Wire for Labels {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.0.read_common(value, more, |first, more| pairs(|_| true, first, more))
    }
}

fn pairs<'a>(
    keep: fn(&str) -> bool,
    first: Value<'a>,
    more: &mut Repeats<'_, 'a>,
) -> Result<Vec<(Str, Str)>, Malformed> {
    let mut pairs = Vec::with_capacity(1 + more.count()?);
    entries(first, more, |key, value| {
        if std::str::from_utf8(key).is_ok_and(keep) {
            pairs.push((Str::from_utf8_lossy(key), Str::from_utf8_lossy(value)));
        }
        Ok(())
    })?;
    pairs.sort();
    Ok(pairs)
}

/// The annotations that checks ask for; the others are dropped while decoding, and of the manifest in
/// `last-applied-configuration` all but its `apiVersion`, if that is not a stable one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations(Labels);

const KEPT_ANNOTATIONS: &[&str] = &[
    "kubernetes.io/config.mirror",
    "kubernetes.io/ingress.class",
    "nginx.ingress.kubernetes.io/canary",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/proxy-ssl-secret",
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/restartedAt",
    LAST_APPLIED,
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

/// The manifest that `kubectl apply` was last given.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Keeps of a manifest its version, if that is one that will be taken away.
fn shorten(annotations: &mut Vec<(Str, Str)>) {
    annotations.retain_mut(|(key, value)| {
        if *key != LAST_APPLIED {
            return true;
        }
        // kubectl writes it in one line, its keys sorted.
        let version = value.strip_prefix("{\"apiVersion\":\"").and_then(|rest| rest.split_once('"'));
        let passing = version.map(|(version, _)| version).filter(|it| it.contains("alpha") || it.contains("beta"));
        let version = passing.map(Str::from);
        let keeps = version.is_some();
        *value = version.unwrap_or_default();
        keeps
    });
}

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
        let mut kept = deserializer.deserialize_map(Pairs { keep })?;
        shorten(&mut kept);
        Ok(Self(Labels(kept.into())))
    }
}

impl Wire for Annotations {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let mut kept = pairs(|key| KEPT_ANNOTATIONS.contains(&key), value, more)?;
        shorten(&mut kept);
        kept.shrink_to_fit();
        self.0 = Labels(kept.into());
        Ok(())
    }
}

struct Pairs {
    keep: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(Str, Str)>;
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
        Ok(pairs)
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

impl Wire for IntOrString {
    fn read<'a>(&mut self, value: Value<'a>, _: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        let (mut is_string, mut int, mut string) = (false, 0, Str::default());
        each_field(value.bytes()?, |number, value, more| match number {
            1 => is_string.read(value, more),
            2 => int.read(value, more),
            3 => string.read(value, more),
            _ => Ok(()),
        })?;
        *self = if is_string { Self::String(string) } else { Self::Int(int) };
        Ok(())
    }
}
