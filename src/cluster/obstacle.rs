//! What stands between us and an API server, told apart so that a person knows where to look.

use std::error::Error;
use std::io;

use kube::client::AuthError;

use super::later::NotYet;

/// Why a cluster cannot be inspected at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::texts::cluster::unreachable(self))]
pub struct Unreachable {
    /// The cluster's name in the configuration, or the kubeconfig context.
    pub cluster: String,
    /// The server's address, where it is known.
    pub server: Option<String>,
    pub obstacle: Obstacle,
    /// In the words of the part that failed.
    pub detail: String,
}

/// The kinds of obstacles, by what a person does about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The kubeconfig is missing, unreadable or does not have the context.
    Configuration,
    /// The cluster answers, and does not have the namespace that it shall be inspected in.
    NoSuchNamespace,
    /// The host name is unknown.
    NoSuchHost,
    /// Nothing listens, or the way is closed.
    Refused,
    /// Certificates do not fit, or what answers does not speak TLS.
    Tls,
    /// 401
    Unauthorized,
    /// Every single list is forbidden.
    Forbidden,
    TimedOut,
    /// Something answers, but it is no Kubernetes API server.
    NotKubernetes,
    /// The server answers with failures, or the connection broke.
    Failing,
}

impl Obstacle {
    /// Sorts a client error, which is a chain of boxed causes, by its innermost known cause.
    pub(super) fn of(error: &kube::Error) -> (Self, String) {
        let mut causes: Vec<String> = Vec::new();
        let mut obstacle = Self::Failing;
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(cause) = next {
            if let Some(NotYet(why)) = cause.downcast_ref() {
                return (Self::Configuration, why.clone());
            }
            if let Some(error) = cause.downcast_ref::<AuthError>() {
                return (Self::Unauthorized, super::identity::refused(error));
            }
            let said = cause.to_string();
            if let Some(found) = sort(cause, &said) {
                obstacle = found;
            }
            // Most layers repeat the text of the one below: the innermost words are enough.
            causes.retain(|outer| !outer.contains(&said));
            causes.push(said);
            next = cause.source();
        }
        (obstacle, causes.join(": "))
    }
}

fn sort(cause: &(dyn Error + 'static), said: &str) -> Option<Obstacle> {
    if cause.downcast_ref::<rustls::Error>().is_some() {
        return Some(Obstacle::Tls);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        if of_tls(error) {
            return Some(Obstacle::Tls);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => return Some(Obstacle::Refused),
            io::ErrorKind::TimedOut => return Some(Obstacle::TimedOut),
            _ => {}
        }
    }
    // The resolver's error is private to the connector; its text is all there is.
    (said.starts_with("dns error") || said.contains("failed to lookup address")).then_some(Obstacle::NoSuchHost)
}

/// What an I/O error wraps is not among its sources, and the connector wraps one in another.
fn of_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>() || inner.downcast_ref::<io::Error>().is_some_and(of_tls))
}
