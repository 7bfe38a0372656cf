//! One identity on one cluster: found in a kubeconfig or a pod, checked, and made into a client.

use std::path::Path;
use std::time::Duration;

use kube::client::AuthError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::connect::Access;
use super::sources::tls::{Door, Pem};
use crate::texts::cluster as texts;

/// For the kubeconfig's login command, which may ask a person for a second factor.
const LOGIN: Duration = Duration::from_secs(60);

/// A way into a cluster.
pub(super) struct Identity {
    name: String,
    config: kube::Config,
}

impl Identity {
    pub(super) async fn load(access: &Access) -> Result<Self, String> {
        match access {
            Access::InCluster => {
                let config = kube::Config::incluster().map_err(texts::no_pod)?;
                Ok(Self { name: "in-cluster".to_owned(), config })
            }
            Access::Kubeconfig { path, context } => {
                let (file, name) = found(path.as_deref(), context.as_deref())?;
                let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
                let config = kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|e| chain(&e))?;
                Ok(Self { name, config })
            }
        }
    }

    /// The context's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn server(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// What of it can run out.
    pub(super) fn door(&self) -> Option<Door> {
        let url = &self.config.cluster_url;
        // Without TLS there is nothing to look at.
        let host = url.host().filter(|_| url.scheme_str() == Some("https"))?;
        let auth = &self.config.auth_info;
        let inline = auth.client_certificate_data.clone().map(Pem::Inline);
        Some(Door {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_u16().unwrap_or(443),
            server_name: self.config.tls_server_name.clone(),
            proxied: self.config.proxy_url.is_some(),
            certificate: inline.or_else(|| auth.client_certificate.clone().map(|path| Pem::File(path.into()))),
            token: auth.token.clone(),
        })
    }

    /// A client that never sends a request twice by itself: reading decides in `wire`, and writing must not.
    pub(super) async fn client(self) -> Result<kube::Client, String> {
        self.log_in(LOGIN).await
    }

    /// Runs the kubeconfig's login command, if it has one, off the runtime's threads: it blocks for as long as it likes.
    async fn log_in(self, patience: Duration) -> Result<kube::Client, String> {
        let mut config = self.config;
        config.default_retry = false;
        let exec = config.auth_info.exec.clone();
        let runtime = tokio::runtime::Handle::current();
        let building = tokio::task::spawn_blocking(move || {
            let _entered = runtime.enter();
            kube::Client::try_from(config)
        });
        match tokio::time::timeout(patience, building).await {
            Err(_) => Err(texts::login_too_slow(patience.as_secs())),
            Ok(Err(panicked)) => Err(panicked.to_string()),
            Ok(Ok(Ok(client))) => Ok(client),
            Ok(Ok(Err(kube::Error::Auth(AuthError::AuthExecStart(error))))) => {
                let (command, hint) = exec.map(|exec| (exec.command, exec.install_hint)).unwrap_or_default();
                Err(texts::login_not_started(&command.unwrap_or_default(), hint.as_deref(), &error))
            }
            Ok(Ok(Err(kube::Error::Auth(error)))) => Err(refused(&error)),
            Ok(Ok(Err(error))) => Err(chain(&error)),
        }
    }
}

/// Why there are no credentials, without what the login command printed.
pub(super) fn refused(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => texts::login_failed(out),
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => texts::login_unclear(),
        other => chain(other),
    }
}

impl Access {
    /// Whether the kubeconfig is there and has what is named of it. A pod's service account is there only in the pod.
    ///
    /// # Errors
    /// What is missing.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::InCluster => Ok(()),
            Self::Kubeconfig { path, context } => found(path.as_deref(), context.as_deref()).map(drop),
        }
    }
}

/// The kubeconfig, and the name of the context in it that is meant.
fn found(path: Option<&Path>, context: Option<&str>) -> Result<(Kubeconfig, String), String> {
    let file = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let file = file.map_err(|error| not_read(path, &error))?;
    let name = context_of(&file, context)?;
    Ok((file, name))
}

/// The context that is meant, if it leads to a cluster and a user.
fn context_of(file: &Kubeconfig, named: Option<&str>) -> Result<String, String> {
    let contexts: Vec<&str> = file.contexts.iter().map(|context| context.name.as_str()).collect();
    let name = named.or(file.current_context.as_deref()).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| texts::no_current_context(&contexts))?;
    let context = file.contexts.iter().find(|context| context.name == name);
    let context = context.ok_or_else(|| texts::no_such_context(name, &contexts))?;
    if let Some(context) = &context.context {
        if !file.clusters.iter().any(|known| known.name == context.cluster) {
            return Err(texts::dangling_context(name, "cluster", &context.cluster));
        }
        // Without this it would be asked as nobody, and refused everything.
        if let Some(user) = context.user.as_deref().filter(|user| !user.is_empty())
            && !file.auth_infos.iter().any(|known| known.name == user)
        {
            return Err(texts::dangling_context(name, "user", user));
        }
    }
    Ok(name.to_owned())
}

fn not_read(path: Option<&Path>, error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, path) => texts::no_kubeconfig(path, error),
        KubeconfigError::Parse(error) => texts::malformed_kubeconfig(path, &error.to_string()),
        other => chain(other),
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{Identity, LOGIN};
    use crate::cluster::init_tls;
    use kube::config::{KubeConfigOptions, Kubeconfig};
    use serde_json::json;
    use std::time::Duration;

    /// A context whose user logs in by this shell script.
    async fn logging_in_by(script: &str) -> Identity {
        init_tls();
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/bin/sh",
            "args": ["-c", script],
            "interactiveMode": "Never",
        });
        let file = json!({
            "current-context": "prod",
            "contexts": [{ "name": "prod", "context": { "cluster": "prod", "user": "me" } }],
            "clusters": [{ "name": "prod", "cluster": { "server": "https://127.0.0.1:1" } }],
            "users": [{ "name": "me", "user": { "exec": exec } }],
        });
        let file: Kubeconfig = serde_json::from_value(file).unwrap();
        let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        Identity { name: "prod".to_owned(), config }
    }

    async fn refusal(script: &str, patience: Duration) -> String {
        logging_in_by(script).await.log_in(patience).await.err().unwrap()
    }

    #[tokio::test]
    async fn a_login_command_says_why_it_failed_and_its_output_stays_with_it() {
        let script = "echo '{\"token\": \"s3cret\"}'; echo 'The SSO session has expired.' >&2; exit 3";
        let said = "the login command of the kubeconfig failed (exit status: 3): The SSO session has expired";
        assert_eq!(refusal(script, LOGIN).await, said);
        let said = "the login command of the kubeconfig printed no credentials";
        assert_eq!(refusal("echo hello", LOGIN).await, said);
    }

    #[tokio::test]
    async fn a_login_command_that_does_not_end_is_not_waited_for() {
        let said = refusal("exec sleep 1", Duration::from_millis(20)).await;
        assert_eq!(said, "the login command of the kubeconfig has not ended within 0 s");
    }
}
