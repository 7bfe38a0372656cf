//! Namespaces and what is configured in them.

use std::fmt;

use base64::Engine;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{LocalObjectReference, ObjectMeta, ObjectReference};
use super::protobuf::{Malformed, Repeats, Value, Wire, entries};
use super::quantity::Quantities;
use super::text::Str;

lean! {
    pub struct Namespace {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: NamespaceSpec = 2,
        status: NamespaceStatus = 3,
    }

    pub struct NamespaceSpec {
        finalizers: Vec<Str> = 1,
    }

    pub struct NamespaceStatus {
        phase: Str = 1,
        conditions: Conditions = 2,
    }

    /// Values are never kept.
    pub struct ConfigMap {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        data: Keys = 2,
        binary_data: BinaryKeys = 3,
        immutable: bool = 4,
    }

    pub struct ServiceAccount {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        image_pull_secrets: Vec<LocalObjectReference> = 3,
        secrets: Vec<ObjectReference> = 2,
        automount_service_account_token: Option<bool> = 4,
    }

    pub struct LimitRange {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        spec: LimitRangeSpec = 2,
    }

    pub struct LimitRangeSpec {
        limits: Vec<LimitRangeItem> = 1,
    }

    /// `type` is `Pod`, `Container` or `PersistentVolumeClaim`.
    pub struct LimitRangeItem {
        #[serde(rename = "type")] type_: Str = 1,
        max: Quantities = 2,
        min: Quantities = 3,
        default: Quantities = 4,
        default_request: Quantities = 5,
    }

    pub struct ResourceQuota {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        status: ResourceQuotaStatus = 3,
    }

    pub struct ResourceQuotaStatus {
        hard: Quantities = 1,
        used: Quantities = 2,
    }
}

/// The keys of a ConfigMap with the length of their values, and a digest that changes when a value does. The values are
/// dropped while decoding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    entries: Box<[(Str, u32)]>,
    digest: u64,
}

impl Keys {
    /// Whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.entries.iter().any(|(known, _)| known == key)
    }
    /// Keys in the server's order, with the length of their values in bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, u32)> {
        self.entries.iter().map(|(key, length)| (key, *length))
    }
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// The same for the same keys and values.
    pub fn digest(&self) -> u64 {
        self.digest
    }
    /// Keys and values in any order.
    pub fn of<'v>(entries: impl IntoIterator<Item = (Str, &'v [u8])>) -> Self {
        let mut digest = 0;
        let of_one = |(key, value): (Str, &[u8])| {
            digest ^= fnv(fnv(FNV_BASIS, key.as_bytes()), value);
            (key, u32::try_from(value.len()).unwrap_or(u32::MAX))
        };
        let entries = entries.into_iter().map(of_one).collect();
        Self { entries, digest }
    }
}

/// The same of values that JSON shows as base64: lengths and digest are those of the bytes themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BinaryKeys(Keys);

impl std::ops::Deref for BinaryKeys {
    type Target = Keys;
    fn deref(&self) -> &Keys {
        &self.0
    }
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: the same on every machine and in every release, because digests are stored.
fn fnv(basis: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(basis, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = deserializer.deserialize_map(Entries)?;
        Ok(Self::of(values.iter().map(|(key, value)| (Str::from(key.as_ref()), value.as_bytes()))))
    }
}

impl<'de> Deserialize<'de> for BinaryKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = decoded(deserializer.deserialize_map(Entries)?);
        Ok(Self(Keys::of(values.iter().map(|(key, value)| (key.clone(), value.as_slice())))))
    }
}

impl Wire for Keys {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = Self::of(texts_and_bytes(value, more)?);
        Ok(())
    }
}

impl Wire for BinaryKeys {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        self.0.read(value, more)
    }
}

pub(super) type Borrowed<'de> = std::borrow::Cow<'de, str>;

/// What is no base64 is no certificate either: the check says so, the list is still read.
pub(super) fn decoded(values: Vec<(Borrowed<'_>, Borrowed<'_>)>) -> Vec<(Str, Vec<u8>)> {
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    values.iter().map(|(key, value)| (Str::from(key.as_ref()), decode(value))).collect()
}

pub(super) fn texts_and_bytes<'a>(
    first: Value<'a>,
    more: &mut Repeats<'_, 'a>,
) -> Result<Vec<(Str, &'a [u8])>, Malformed> {
    let mut found = Vec::new();
    entries(first, more, |key, value| {
        found.push((Str::from_utf8_lossy(key), value));
        Ok(())
    })?;
    Ok(found)
}

/// A map of texts, borrowed where the input allows it; null is the empty text.
pub(super) struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Borrowed<'de>, Borrowed<'de>)>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Borrowed<'de>, Option<Borrowed<'de>>>()? {
            entries.push((key, value.unwrap_or_default()));
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_config_map_the_keys_stay_and_a_digest_tells_a_change() {
        let read = |json: &str| serde_json::from_str::<Keys>(json).unwrap();
        let keys = read(r#"{"a": "1", "b": "lo\nng"}"#);
        assert_eq!(keys.iter().map(|(key, length)| (key.as_str(), length)).collect::<Vec<_>>(), [("a", 1), ("b", 5)]);
        assert_eq!(keys.digest(), read(r#"{"b": "lo\nng", "a": "1"}"#).digest());
        assert_ne!(keys.digest(), read(r#"{"a": "2", "b": "lo\nng"}"#).digest());
    }
}
