//! Namespaces and what is configured in them. Of Secrets only names, types and public certificates are ever kept.

use std::fmt;

use base64::Engine;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::condition::Conditions;
use super::lean::lean;
use super::meta::{LocalObjectReference, ObjectMeta};
use super::protobuf::{Malformed, Repeats, Value, Wire, entries};
use super::quantity::Quantities;
use super::text::Str;

lean! {
    pub struct Namespace {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        status: NamespaceStatus = 3,
    }

    pub struct NamespaceStatus {
        phase: Str = 1,
        conditions: Conditions = 2,
    }

    /// Read as metadata; values are never kept.
    pub struct ConfigMap {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
    }

    /// Read only when switched on. Keys and values are dropped while decoding, except for the certificate of a TLS Secret.
    pub struct Secret {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        /// Empty where only metadata was read: then it is not `kubernetes.io/tls`.
        #[serde(rename = "type")] type_: Str = 3,
        #[serde(rename = "data")] certificate: Certificate = 2,
    }

    pub struct ServiceAccount {
        #[serde(rename = "metadata")] meta: ObjectMeta = 1,
        image_pull_secrets: Vec<LocalObjectReference> = 3,
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

/// The `tls.crt` of a Secret, PEM as stored; everything else in `data` was skipped unread.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificate(Option<Box<[u8]>>);

impl Certificate {
    /// The PEM text, one certificate or a chain.
    pub fn pem(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// A Secret of another type may use the same key for something private: only public PEM blocks stay.
    fn public(pem: Option<impl Into<Box<[u8]>>>) -> Self {
        Self(pem.map(Into::into).filter(|pem| !contains(pem, b"PRIVATE KEY")))
    }
}

impl Wire for Certificate {
    fn read<'a>(&mut self, value: Value<'a>, more: &mut Repeats<'_, 'a>) -> Result<(), Malformed> {
        entries(value, more, |key, value| {
            if key == b"tls.crt" {
                *self = Self::public(Some(value));
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.as_ref().map_or(0, |pem| pem.len()))
    }
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Data;
        impl<'de> Visitor<'de> for Data {
            type Value = Certificate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the data of a Secret")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Certificate, A::Error> {
                let mut pem = None;
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if key == "tls.crt" {
                        let text: Option<std::borrow::Cow<'de, str>> = map.next_value()?;
                        // What is no base64 is no certificate either: the check says so, the list is still read.
                        pem = text
                            .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).ok());
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Certificate::public(pem))
            }
        }
        deserializer.deserialize_map(Data)
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(data: serde_json::Value) -> Secret {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "web-tls", "namespace": "shop"}, "type": "kubernetes.io/tls", "data": data,
        }))
        .unwrap()
    }

    #[test]
    fn only_the_certificate_stays() {
        let secret = secret(serde_json::json!({"tls.crt": "UEVN", "tls.key": "c2VjcmV0"}));
        assert_eq!(secret.certificate.pem(), Some(&b"PEM"[..]));
        assert!(!format!("{secret:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn a_private_key_in_the_wrong_place_is_dropped_and_nonsense_is_no_error() {
        let key = base64::engine::general_purpose::STANDARD.encode("-----BEGIN RSA PRIVATE KEY-----");
        assert_eq!(secret(serde_json::json!({ "tls.crt": key })).certificate.pem(), None);
        assert_eq!(secret(serde_json::json!({"tls.crt": "%%"})).certificate.pem(), None);
        assert_eq!(secret(serde_json::json!({"tls.crt": null})).certificate.pem(), None);
        assert_eq!(secret(serde_json::Value::Null).certificate.pem(), None);
    }
}
