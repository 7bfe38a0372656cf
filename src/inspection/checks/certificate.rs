//! What a certificate says, as far as checks look at it.

use chrono::{DateTime, Utc};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

/// One certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: DateTime<Utc>,
    /// The distinguished name; empty in many of today's.
    pub(super) subject: String,
    /// The distinguished name of who signed it.
    pub(super) issuer: String,
    /// The DNS names that it is for, lower case.
    pub(super) names: Vec<String>,
    /// The length of an RSA key.
    pub(super) rsa_bits: Option<usize>,
    /// Whether it is signed by way of a hash that can be forged.
    pub(super) is_forgeable: bool,
}

/// Signatures over MD5 and SHA-1: `md5WithRSAEncryption`, `sha1WithRSAEncryption` (two of them), `ecdsa-with-SHA1`.
const FORGEABLE: &[&str] = &["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.3.14.3.2.29", "1.2.840.10045.4.1"];

/// The first certificate of a PEM text: the one that the server shows as its own. Nothing if it cannot be read.
pub(super) fn leaf(pem: &[u8]) -> Option<Certificate> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    certificate(&pem)
}

/// Every certificate of a PEM text, in its order. Nothing if one of them cannot be read.
pub(super) fn chain(pem: &[u8]) -> Option<Vec<Certificate>> {
    Pem::iter_from_buffer(pem).map(|pem| certificate(&pem.ok()?)).collect()
}

fn certificate(pem: &Pem) -> Option<Certificate> {
    let certificate = pem.parse_x509().ok()?;
    let at = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0);
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|extension| &extension.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let rsa_bits = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()),
        _ => None,
    };
    Some(Certificate {
        not_before: at(certificate.validity().not_before)?,
        not_after: at(certificate.validity().not_after)?,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names.collect(),
        rsa_bits,
        is_forgeable: FORGEABLE.contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str()),
    })
}

/// Until when a bundle of authorities is trusted: as long as the last of them is valid. Nothing if none can be read.
pub(super) fn trusted_until(bundle: &[u8]) -> Option<DateTime<Utc>> {
    let pems = x509_parser::pem::Pem::iter_from_buffer(bundle).map_while(Result::ok);
    let ends = pems.filter_map(|pem| {
        let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
        DateTime::from_timestamp(end, 0)
    });
    ends.max()
}

impl Certificate {
    /// Whether a client that asks for `host` accepts it. A wildcard stands for one label (RFC 6125, 6.4.3); a host of
    /// `*.example.com` is covered by the same wildcard only.
    pub(super) fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            _ if *name == host => true,
            Some(parent) => host.split_once('.').is_some_and(|(first, rest)| first != "*" && rest == parent),
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let names = ["shop.acme.io", "*.apps.acme.io"].map(str::to_owned).to_vec();
        let certificate = Certificate { names, ..Certificate::default() };
        for (host, covered) in [
            ("shop.acme.io", true),
            ("SHOP.acme.io", true),
            ("www.shop.acme.io", false),
            ("a.apps.acme.io", true),
            ("a.b.apps.acme.io", false),
            ("apps.acme.io", false),
            ("*.apps.acme.io", true),
            ("*.acme.io", false),
        ] {
            assert_eq!(certificate.covers(host), covered, "{host}");
        }
    }
}
