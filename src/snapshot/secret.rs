//! Secrets, read only when that is switched on: names, types and public certificates are ever kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer};

use super::config::{Entries, decoded, texts_and_bytes};
use super::lean::lean;
use super::meta::ObjectMeta;
use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::text::Str;

lean! {
    /// Read only when switched on. Values are dropped while decoding, except for the certificate of a TLS Secret.
    pub struct Secret {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        /// Empty where only metadata was read.
        #[serde(rename = "type")] type_: Str = 3,
        data: SecretData = 2,
    }
}

/// What is kept of a Secret's `data`: which keys there are, and of a TLS Secret the public certificate.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretData {
    keys: Box<[Str]>,
    pem: Option<Box<[u8]>>,
}

impl SecretData {
    /// Keys and decoded values in any order; the values are dropped here.
    pub fn of<'v>(entries: impl IntoIterator<Item = (Str, &'v [u8])>) -> Self {
        let mut pem = None;
        let keep = |(key, value): (Str, &[u8])| {
            // A Secret of another type may use the same key for something private: only public PEM blocks stay.
            if key == "tls.crt" && !value.is_empty() && !contains(value, b"PRIVATE KEY") {
                pem = Some(Box::from(value));
            }
            key
        };
        let keys = entries.into_iter().map(keep).collect();
        Self { keys, pem }
    }
    /// Whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }
    /// Keys in the server's order.
    pub fn keys(&self) -> impl Iterator<Item = &Str> {
        self.keys.iter()
    }
    /// The PEM text of `tls.crt`, one certificate or a chain.
    pub fn pem(&self) -> Option<&[u8]> {
        self.pem.as_deref()
    }
}

impl fmt::Debug for SecretData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretData({:?}, certificate: {} bytes)", self.keys, self.pem.as_ref().map_or(0, |pem| pem.len()))
    }
}

impl<'de> Deserialize<'de> for SecretData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = decoded(deserializer.deserialize_map(Entries)?);
        Ok(Self::of(values.iter().map(|(key, value)| (key.clone(), value.as_slice()))))
    }
}

impl Wire for SecretData {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        *self = Self::of(texts_and_bytes(value, more)?);
        Ok(())
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use base64::Engine;

    fn secret(data: serde_json::Value) -> Secret {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "web-tls", "namespace": "shop"}, "type": "kubernetes.io/tls", "data": data,
        }))
        .unwrap()
    }

    #[test]
    fn only_the_certificate_stays() {
        let secret = secret(serde_json::json!({"tls.crt": "UEVN", "tls.key": "c2VjcmV0"}));
        assert_eq!(secret.data.pem(), Some(&b"PEM"[..]));
        assert!(secret.data.contains("tls.key"));
        assert!(!format!("{secret:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn a_private_key_in_the_wrong_place_is_dropped_and_nonsense_is_no_error() {
        let key = base64::engine::general_purpose::STANDARD.encode("-----BEGIN RSA PRIVATE KEY-----");
        assert_eq!(secret(serde_json::json!({ "tls.crt": key })).data.pem(), None);
        assert_eq!(secret(serde_json::json!({"tls.crt": "%%"})).data.pem(), None);
        assert_eq!(secret(serde_json::json!({"tls.crt": null})).data.pem(), None);
        assert_eq!(secret(serde_json::Value::Null).data.pem(), None);
    }
}
