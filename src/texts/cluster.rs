//! What people are told when a cluster cannot be reached.

use crate::cluster::{Obstacle, Unreachable};

/// Why a cluster cannot be inspected, and where to look.
pub fn unreachable(error: &Unreachable) -> String {
    let Unreachable { cluster, server, obstacle, detail } = error;
    let at = server.as_deref().map(|server| format!(" at {server}")).unwrap_or_default();
    let (what, next) = match obstacle {
        Obstacle::Configuration => return format!("Cannot use cluster {cluster}: {detail}"),
        Obstacle::NoSuchHost => {
            ("its host name is unknown", "Check the server address in the kubeconfig, and the VPN.")
        }
        Obstacle::Refused => ("the connection is refused", "Is the API server running, and is this the right address?"),
        Obstacle::Tls => ("its certificate is not trusted", "Check the certificate authority in the kubeconfig."),
        Obstacle::Unauthorized => ("it does not accept our credentials", "Log in again, or renew the token."),
        Obstacle::Forbidden => ("it lets us in but allows no list", "Bind the reader role to this identity."),
        Obstacle::TimedOut => ("it does not answer in time", "Check the network, and the API server's load."),
        Obstacle::NotKubernetes => ("what answers is no Kubernetes API server", "Check the server address."),
        Obstacle::Failing => ("it fails to answer", "Check the API server's health."),
    };
    format!("Cannot inspect cluster {cluster}{at}: {what}. {next} ({detail})")
}
