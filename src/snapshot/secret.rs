//! Secrets, read only when that is switched on: names, types, public certificates and a few facts are ever kept.

use std::collections::BTreeMap;
use std::fmt;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::config::{Entries, decoded, texts_and_bytes};
use super::lean::lean;
use super::protobuf::{Malformed, Repeats, Value, Wire};
use super::secret_meta::SecretMeta;
use super::text::Str;

lean! {
    /// Read only when switched on. Values are dropped while decoding, except for the certificate of a TLS Secret.
    pub struct Secret {
        #[serde(rename = "metadata")] meta: SecretMeta = 1,
        /// Empty where only metadata was read.
        #[serde(rename = "type")] type_: Str = 3,
        data: SecretData = 2,
    }
}

/// What is kept of a Secret's `data`: which keys there are, of a TLS Secret the public certificate, and what was to be
/// known of values before they were dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretData {
    keys: Box<[Str]>,
    pem: Option<Box<[u8]>>,
    private_key: PrivateKey,
    registries: Registries,
}

/// What the private key of a TLS Secret is to its certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PrivateKey {
    /// There is nothing to compare, or it is of a kind that we cannot compare.
    #[default]
    Unknown,
    /// It belongs to the certificate.
    Fits,
    /// It belongs to another one.
    Foreign,
    /// It is no private key.
    Unreadable,
}

/// What a pull secret says of registries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Registries {
    /// It is no pull secret.
    #[default]
    Unknown,
    /// It has credentials for at least one.
    Named,
    /// It has credentials for none.
    None,
    /// It is not in the form that the kubelet reads.
    Unreadable,
}

impl SecretData {
    /// Keys and decoded values in any order; the values are dropped here.
    pub fn of<'v>(entries: impl IntoIterator<Item = (Str, &'v [u8])>) -> Self {
        let entries: Vec<(Str, &[u8])> = entries.into_iter().collect();
        let value = |wanted: &str| entries.iter().find(|(key, _)| key == wanted).map(|(_, value)| *value);
        let pem = value("tls.crt").and_then(public);
        let private_key = match (&pem, value("tls.key")) {
            (Some(pem), Some(key)) => private_key(pem, key),
            (None, _) | (_, None) => PrivateKey::Unknown,
        };
        let registries = match (value(".dockerconfigjson"), value(".dockercfg")) {
            (Some(config), _) => registries(serde_json::from_slice::<DockerConfig>(config).map(|config| config.auths)),
            (None, Some(auths)) => registries(serde_json::from_slice(auths)),
            (None, None) => Registries::Unknown,
        };
        Self { keys: entries.into_iter().map(|(key, _)| key).collect(), pem, private_key, registries }
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
    /// What `tls.key` is to the certificate.
    pub fn private_key(&self) -> PrivateKey {
        self.private_key
    }
    /// What `.dockerconfigjson`, or its older form, says.
    pub fn registries(&self) -> Registries {
        self.registries
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

/// What may be kept of a PEM text. A Secret of another type may use the same key for something private, and some servers
/// take their key from the same file: of such a text the certificates alone stay.
fn public(pem: &[u8]) -> Option<Box<[u8]>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    if pem.is_empty() {
        return None;
    }
    if !pem.windows(b"PRIVATE KEY".len()).any(|window| window == b"PRIVATE KEY") {
        return Some(pem.into());
    }
    let text = std::str::from_utf8(pem).ok()?;
    let blocks = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    let kept: String = blocks.map(|(block, _)| format!("{BEGIN}{block}{END}\n")).collect();
    (!kept.is_empty()).then(|| kept.into_bytes().into_boxed_slice())
}

fn private_key(pem: &[u8], key: &[u8]) -> PrivateKey {
    let Ok(key) = PrivateKeyDer::from_pem_slice(key) else { return PrivateKey::Unreadable };
    let certificate = x509_parser::pem::parse_x509_pem(pem).ok();
    let certificate = certificate.as_ref().and_then(|(_, pem)| pem.parse_x509().ok());
    let key = any_supported_type(&key).ok();
    match (certificate, key.as_ref().and_then(|key| key.public_key())) {
        (Some(certificate), Some(public)) if certificate.public_key().raw == public.as_ref() => PrivateKey::Fits,
        (Some(_), Some(_)) => PrivateKey::Foreign,
        (None, _) | (_, None) => PrivateKey::Unknown,
    }
}

/// Credentials by registry; what they are does not matter.
type Auths = BTreeMap<String, BTreeMap<String, IgnoredAny>>;

#[derive(serde::Deserialize)]
struct DockerConfig {
    #[serde(default)]
    auths: Auths,
}

fn registries(auths: serde_json::Result<Auths>) -> Registries {
    match auths {
        Ok(auths) if auths.values().any(|credentials| !credentials.is_empty()) => Registries::Named,
        Ok(_) => Registries::None,
        Err(_) => Registries::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::{PrivateKey, Registries, Secret};
    use base64::Engine;
    use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, SignatureAlgorithm};

    fn secret(data: serde_json::Value) -> Secret {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "web-tls", "namespace": "shop"}, "type": "kubernetes.io/tls", "data": data,
        }))
        .unwrap()
    }

    fn base64(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
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
        let key = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n";
        let certificate = "-----BEGIN CERTIFICATE-----\nUEVN\n-----END CERTIFICATE-----\n";
        assert_eq!(secret(serde_json::json!({ "tls.crt": base64(key) })).data.pem(), None);
        let both = base64(&format!("{certificate}{key}"));
        assert_eq!(secret(serde_json::json!({ "tls.crt": both })).data.pem(), Some(certificate.as_bytes()));
        assert_eq!(secret(serde_json::json!({"tls.crt": "%%"})).data.pem(), None);
        assert_eq!(secret(serde_json::json!({"tls.crt": null})).data.pem(), None);
        assert_eq!(secret(serde_json::Value::Null).data.pem(), None);
    }

    #[test]
    fn whose_key_it_is_is_known_without_keeping_it() {
        let pair = |algorithm: &'static SignatureAlgorithm| {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["shop.acme.io".to_owned()]).unwrap().self_signed(&key);
            (certificate.unwrap().pem(), key.serialize_pem())
        };
        let ((certificate, key), (_, other)) = (pair(&rcgen::PKCS_ECDSA_P256_SHA256), pair(&PKCS_ED25519));
        let of = |certificate: &str, key: &str| {
            let data = serde_json::json!({"tls.crt": base64(certificate), "tls.key": base64(key)});
            secret(data).data.private_key()
        };
        assert_eq!(of(&certificate, &key), PrivateKey::Fits);
        assert_eq!(of(&certificate, &other), PrivateKey::Foreign);
        assert_eq!(of(&certificate, "secret"), PrivateKey::Unreadable);
        assert_eq!(of("no certificate", &key), PrivateKey::Unknown);
        assert_eq!(of("", &key), PrivateKey::Unknown);
    }

    #[test]
    fn of_a_pull_secret_it_is_known_whether_it_has_any_credentials() {
        let of = |key: &str, value: &str| secret(serde_json::json!({ key: base64(value) })).data.registries();
        let auths = r#"{"ghcr.io": {"auth": "dTpw"}}"#;
        assert_eq!(of(".dockerconfigjson", &format!(r#"{{"auths": {auths}}}"#)), Registries::Named);
        assert_eq!(of(".dockercfg", auths), Registries::Named);
        assert_eq!(of(".dockerconfigjson", r#"{"auths": {"ghcr.io": {}}}"#), Registries::None);
        assert_eq!(of(".dockerconfigjson", "{}"), Registries::None);
        assert_eq!(of(".dockerconfigjson", r#"{"auths": ["ghcr.io"]}"#), Registries::Unreadable);
        assert_eq!(of(".dockerconfigjson", "dTpw"), Registries::Unreadable);
        assert_eq!(of("password", "dTpw"), Registries::Unknown);
    }
}
