//! Certificates and tokens that run out: the one that a server shows on its port, and our own in the kubeconfig.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use chrono::{DateTime, TimeDelta, Utc};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::{Gathered, Round};
use crate::snapshot::{Credential, ObjectMeta, Resource, Why};
use crate::texts::cluster as texts;

/// For the connection and the handshake together.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// A token that was made for less is renewed by who made it.
const LONG_LIVED: TimeDelta = TimeDelta::days(30);
/// Certificates are a few kilobytes; a chain of them is no megabyte.
const LARGEST_FILE: u64 = 1 << 20;

/// The way into a cluster, as far as something on it can run out.
#[derive(Clone)]
pub(in crate::cluster) struct Door {
    pub(in crate::cluster) host: String,
    pub(in crate::cluster) port: u16,
    /// What the server's certificate is for, where that is not the host.
    pub(in crate::cluster) server_name: Option<String>,
    /// Between us and the server.
    pub(in crate::cluster) proxied: bool,
    pub(in crate::cluster) certificate: Option<Pem>,
    pub(in crate::cluster) token: Option<SecretString>,
}

/// Where our certificate is.
#[derive(Clone)]
pub(in crate::cluster) enum Pem {
    File(PathBuf),
    /// In the kubeconfig, as base64.
    Inline(String),
}

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    // Without a door the cluster is in this process.
    let Some(door) = round.cluster.entrance.door.get() else { return into.settle(Resource::Credentials, Ok(())) };
    let mut result = Ok(());
    let shown = if door.proxied {
        Err(texts::BEHIND_A_PROXY.to_owned())
    } else {
        shown_by(&door.host, door.port, door.server_name.as_deref()).await
    };
    let name = format!("{}:{}", door.host, door.port);
    match shown.and_then(|der| credential(&der, &name, "APIServer")) {
        Ok(credential) => into.objects.credentials.push(credential),
        Err(why) => result = Err(Why::Failed(why)),
    }
    match door.certificate.as_ref().map(|pem| own(pem, "kubeconfig")) {
        Some(Ok(credential)) => into.objects.credentials.push(credential),
        Some(Err(why)) => result = Err(Why::Failed(why)),
        None => {}
    }
    into.objects.credentials.extend(door.token.as_ref().and_then(|token| of_token(token.expose_secret())));
    into.settle(Resource::Credentials, result);
}

/// The certificate that a server shows to whoever connects. Nothing else is sent over the connection.
pub(super) async fn shown_by(host: &str, port: u16, name: Option<&str>) -> Result<CertificateDer<'static>, String> {
    let name = ServerName::try_from(name.unwrap_or(host).to_owned()).map_err(|error| error.to_string())?;
    let looking = async {
        let stream = TcpStream::connect((host, port)).await?;
        let stream = TlsConnector::from(onlooker()?).connect(name, stream).await?;
        let (_, session) = stream.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first).cloned();
        leaf.map(CertificateDer::into_owned).ok_or_else(|| std::io::Error::other("it shows no certificate"))
    };
    match timeout(HANDSHAKE, looking).await {
        Ok(shown) => shown.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no TLS handshake within {} s", HANDSHAKE.as_secs())),
    }
}

/// A client that looks at any certificate: also one that has expired is to be seen.
fn onlooker() -> std::io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// What a certificate says of itself.
pub(super) fn credential(der: &[u8], name: &str, holder: &str) -> Result<Credential, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    Ok(Credential {
        meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
        holder: holder.into(),
        not_after: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0),
        subject: certificate.subject().to_string().as_str().into(),
    })
}

/// Our own, read anew each time: others renew it.
fn own(pem: &Pem, name: &str) -> Result<Credential, String> {
    let text = match pem {
        Pem::Inline(data) => {
            base64::engine::general_purpose::STANDARD.decode(data.trim()).map_err(|error| error.to_string())?
        }
        Pem::File(path) => {
            let size = std::fs::metadata(path).map(|known| known.len());
            let text = match size {
                Ok(size) if size > LARGEST_FILE => Err(std::io::Error::other("it is too large")),
                _ => std::fs::read(path),
            };
            text.map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let (_, pem) = x509_parser::pem::parse_x509_pem(&text).map_err(|error| error.to_string())?;
    credential(&pem.contents, name, "Client")
}

/// A token that says when it ends. One that lives for days only is renewed by who made it.
fn of_token(token: &str) -> Option<Credential> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
        iat: i64,
        #[serde(default)]
        sub: String,
    }
    let payload = token.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let (issued, ends): (DateTime<Utc>, DateTime<Utc>) =
        (DateTime::from_timestamp(claims.iat, 0)?, DateTime::from_timestamp(claims.exp, 0)?);
    (ends - issued >= LONG_LIVED).then(|| Credential {
        meta: ObjectMeta { name: "token".into(), ..ObjectMeta::default() },
        holder: "Client".into(),
        not_after: Some(ends),
        subject: claims.sub.as_str().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims))
    }

    #[test]
    fn a_token_that_lives_long_tells_its_end_and_others_do_not() {
        let ends = |claims: &str| of_token(&token(claims)).map(|credential| credential.not_after.unwrap().timestamp());
        assert_eq!(
            ends(r#"{"iat":1700000000,"exp":1731536000,"sub":"system:serviceaccount:a:b"}"#),
            Some(1_731_536_000)
        );
        assert_eq!(ends(r#"{"iat":1700000000,"exp":1700086400}"#), None);
        assert_eq!(ends(r#"{"iat":1700000000}"#), None);
        assert_eq!(ends(r#"{"iat":0,"exp":9223372036854775807}"#), None);
        for text in ["", "opaque", "a.b.c", "..", "a.%%%.c"] {
            assert_eq!(of_token(text), None, "{text}");
        }
    }

    #[test]
    fn our_certificate_is_found_in_the_kubeconfig_and_in_a_file() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2031, 2, 3);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "alice");
        let pem = parameters.self_signed(&key).unwrap().pem();
        let inline = Pem::Inline(base64::engine::general_purpose::STANDARD.encode(&pem));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &pem).unwrap();
        for place in [inline, Pem::File(file.path().to_owned())] {
            let credential = own(&place, "kubeconfig").unwrap();
            assert_eq!(credential.not_after.unwrap().to_rfc3339(), "2031-02-03T00:00:00+00:00");
            assert!(credential.subject.contains("CN=alice") && credential.holder == "Client");
        }
        for wrong in [Pem::Inline("%%".into()), Pem::Inline(String::new()), Pem::File("/nowhere/at.all".into())] {
            own(&wrong, "kubeconfig").unwrap_err();
        }
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_or_nothing_is_told_and_not_waited_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let talking = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await
        };
        let said = tokio::select! {
            said = shown_by("127.0.0.1", port, None) => said.unwrap_err(),
            () = talking => unreachable!(),
        };
        assert!(said.contains("InvalidContentType") || said.contains("corrupt"), "{said}");
        assert!(shown_by("127.0.0.1", 1, None).await.unwrap_err().contains("refused"));
        shown_by("not a host", 1, None).await.unwrap_err();
    }
}
