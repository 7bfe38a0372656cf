//! The control plane's own certificate authority, one serving certificate, and the key that signs ServiceAccount tokens.
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// Writes `ca.crt`, `server.crt`, `server.key`, `service-account.key` and `service-account.pub`; returns the authority as PEM.
/// kwok serves with the same certificate: both listen on the loopback only.
pub(crate) fn write(dir: &Path) -> anyhow::Result<String> {
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.distinguished_name.push(DnType::CommonName, "control plane for tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let ca_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let names = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes.default", "kubernetes"];
    let mut server = CertificateParams::new(names.map(String::from).to_vec())?;
    server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let server_pem = server.signed_by(&server_key, &issuer)?.pem();

    let accounts_key = KeyPair::generate()?;

    let files = [
        ("ca.crt", ca_pem.clone()),
        ("server.crt", server_pem),
        ("server.key", server_key.serialize_pem()),
        ("service-account.key", accounts_key.serialize_pem()),
        ("service-account.pub", accounts_key.public_key_pem()),
    ];
    for (name, text) in files {
        fs::write(dir.join(name), text).with_context(|| format!("{name} cannot be written"))?;
    }
    Ok(ca_pem)
}
