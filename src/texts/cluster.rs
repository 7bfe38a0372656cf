//! What people are told when a cluster cannot be reached.

use crate::{
    cluster::{Obstacle, Unreachable},
    redact,
};
use std::{fmt::Display, path::Path, process::Output};

/// Names that are listed at most, where one of them may be meant.
const NAMED: usize = 20;

/// Said while that takes its time, on one line that is written again and again.
pub(crate) fn looking_at(cluster: &str, seconds: u64) -> String {
    format!("Looking at {cluster}: {seconds} s …")
}

/// Why a cluster cannot be inspected, and where to look.
pub fn unreachable(error: &Unreachable) -> String {
    let Unreachable { cluster, server, obstacle, detail } = error;
    let at = server.as_deref().map(|server| format!(" at {server}")).unwrap_or_default();
    let (what, next) = match obstacle {
        Obstacle::Configuration => return format!("Cannot use {cluster}: {detail}."),
        Obstacle::NoSuchNamespace => return format!("Cannot inspect cluster {cluster}{at}: {detail}."),
        Obstacle::NoSuchHost => {
            ("its host name is unknown", "Check the server address in the kubeconfig, and the VPN.")
        }
        Obstacle::Refused => ("the connection is refused", "Is the API server running, and is this the right address?"),
        Obstacle::Tls => (
            "it shows no certificate that is trusted",
            "Check server and certificate-authority in the kubeconfig, and whether something stands between.",
        ),
        Obstacle::Unauthorized => ("it does not accept our credentials", "Log in again, or renew the token."),
        Obstacle::Forbidden => (
            "it lets us in but allows no list",
            "Bind the reader role to this identity (deploy/rbac/reader.yaml), or name the one namespace that it may read.",
        ),
        Obstacle::TimedOut => ("it does not answer in time", "Check the network, and the API server's load."),
        Obstacle::NotKubernetes => ("what answers is no Kubernetes API server", "Check the server address."),
        Obstacle::Failing => ("it fails to answer", "Check the API server's health."),
    };
    format!("Cannot inspect cluster {cluster}{at}: {what}. {next} ({detail})")
}

pub(crate) fn no_kubeconfig(path: &Path, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("there is no file {}; name the kubeconfig, or set KUBECONFIG", path.display())
        }
        _ => format!("{} cannot be read: {error}", path.display()),
    }
}

/// The parser quotes the lines around the mistake, and a kubeconfig holds tokens: only its first line is shown.
pub(crate) fn malformed_kubeconfig(path: Option<&Path>, error: &str) -> String {
    let file = path.map_or_else(|| "the kubeconfig".to_owned(), |path| path.display().to_string());
    let first = error.lines().next().unwrap_or_default();
    format!("{file} is no kubeconfig: {}", first.trim_start_matches("error: "))
}

pub(crate) fn no_current_context(contexts: &[&str]) -> String {
    if contexts.is_empty() {
        return "the kubeconfig has no contexts; name another one, or set KUBECONFIG".to_owned();
    }
    format!("the kubeconfig has no current context; name one of {}", listed(contexts))
}

pub(crate) fn no_such_context(named: &str, contexts: &[&str]) -> String {
    format!("the kubeconfig has no context {named:?}; it has {}", listed(contexts))
}

/// A context leads to a `cluster` or a `user` that is not there.
pub(crate) fn dangling_context(context: &str, what: &str, named: &str) -> String {
    format!("its context {context:?} names the {what} {named:?}, which the kubeconfig does not have")
}

pub(crate) fn no_pod(error: impl Display) -> String {
    format!("this is no pod with a service account ({error}); name a kubeconfig context instead")
}

pub(crate) fn login_not_started(command: &str, hint: Option<&str>, error: &std::io::Error) -> String {
    let hint = hint.map(|hint| format!(". {}", hint.trim().trim_end_matches('.'))).unwrap_or_default();
    format!("the login command {command:?} of the kubeconfig cannot be run: {error}{hint}")
}

/// What it printed as its result may hold a token; what it said on stderr is for people.
pub(crate) fn login_failed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let said = last.map(|line| format!(": {}", redact::text(line).trim_end_matches('.'))).unwrap_or_default();
    format!("the login command of the kubeconfig failed ({}){said}", output.status)
}

pub(crate) fn login_unclear() -> String {
    "the login command of the kubeconfig printed no credentials".to_owned()
}

pub(crate) fn login_too_slow(seconds: u64) -> String {
    format!("the login command of the kubeconfig has not ended within {seconds} s")
}

pub(crate) fn no_such_namespace(named: &str, namespaces: &[&str]) -> String {
    format!("it has no namespace {named:?}; it has {}", listed(namespaces))
}

fn listed(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| (*name).to_owned()).collect();
    match names.len().saturating_sub(NAMED) {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => {
            shown.push(format!("{more} more"));
            shown.join(", ")
        }
    }
}

/// Why the certificate of an API server is not seen.
pub(crate) const BEHIND_A_PROXY: &str = "the server is reached through a proxy, so its certificate cannot be seen";
/// Why a kubelet is not asked.
pub(crate) const NODE_NOT_READY: &str = "the node is not ready";
/// Why a kubelet's certificate is not seen.
pub(crate) const NODE_WITHOUT_ADDRESS: &str = "the node tells no internal address";

/// Why a Prometheus or Alertmanager tells nothing.
pub(crate) const NO_SUCH_API: &str = "404: it has no such API; is the address right?";

/// Nobody may ask EKS.
pub(crate) const NO_AWS_CREDENTIALS: &str =
    "no AWS credentials that work; give this ServiceAccount a role that may eks:DescribeCluster, or set AWS_PROFILE";

/// EKS does not know the cluster.
pub(crate) fn no_such_eks_cluster(name: &str, region: &str) -> String {
    format!("EKS has no cluster {name} in {region}; is the ARN right?")
}

/// `2 of 30 kubelets did not tell: node-1: 403 Forbidden`
pub(crate) fn silent_kubelets(silent: usize, nodes: usize, first: &str) -> String {
    format!("{silent} of {nodes} kubelets did not tell: {first}")
}

/// What a Prometheus works with that does not take its newest configuration.
pub(crate) fn old_configuration(taken: Option<chrono::DateTime<chrono::Utc>>) -> String {
    match taken {
        Some(taken) => format!("it still works with the configuration of {}", super::time::moment(taken)),
        None => "it still works with an older configuration".to_owned(),
    }
}
