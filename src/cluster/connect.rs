//! From a kubeconfig context or a pod's service account to a `Cluster`; nothing is sent yet.

use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

use super::{Cluster, Limits, Obstacle, Unreachable};

/// Installs the one TLS provider. Every constructor of a client calls it, and `main` first of all.
pub fn init_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only when somebody installed a provider before, and then that one serves.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// How a cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A context of a kubeconfig: without a path `$KUBECONFIG` or `~/.kube/config`, without a context the current one.
    Kubeconfig { path: Option<PathBuf>, context: Option<String> },
    /// The service account of the pod that we run in.
    InCluster,
}

/// One configured cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    /// The name that people use.
    pub name: String,
    pub reader: Access,
    /// The identity for approved repairs, if there is one.
    pub writer: Option<Access>,
    /// Whether inspections read Secrets: names, types and certificates.
    pub secrets: bool,
    /// For everything that one inspection reads together.
    pub deadline: Duration,
}

impl Cluster {
    /// Builds the clients. Whether the server answers shows at the first request.
    ///
    /// # Errors
    /// When the kubeconfig or the service account cannot be used.
    pub async fn connect(config: ClusterConfig) -> Result<Self, Unreachable> {
        init_tls();
        let unusable = |detail| unusable(config.name.clone(), detail);
        let reader = Identity::load(&config.reader).await.map_err(unusable)?;
        let server = reader.server();
        let mut cluster = Self::from_client(&config.name, reader.client().map_err(unusable)?).at(&server);
        if let Some(access) = &config.writer {
            let writer = Identity::load(access).await.and_then(Identity::client);
            cluster = cluster.with_writer(writer.map_err(unusable)?);
        }
        if config.secrets {
            cluster = cluster.with_secrets();
        }
        Ok(cluster.with_limits(Limits { deadline: config.deadline, ..Limits::default() }))
    }

    /// The cluster of a kubeconfig context, called as the context is; without a context the current one.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn of_context(path: Option<PathBuf>, context: Option<String>) -> Result<Self, Unreachable> {
        init_tls();
        let name = context.clone().unwrap_or_else(|| "of the current context".to_owned());
        let identity = Identity::load(&Access::Kubeconfig { path, context }).await;
        let identity = identity.map_err(|detail| unusable(name, detail))?;
        let (name, server) = (identity.name.clone(), identity.server());
        let client = identity.client().map_err(|detail| unusable(name.clone(), detail))?;
        Ok(Self::from_client(&name, client).at(&server))
    }

    fn at(self, server: &str) -> Self {
        Self { server: Some(Arc::from(server)), ..self }
    }
}

fn unusable(cluster: String, detail: String) -> Unreachable {
    Unreachable { cluster, server: None, obstacle: Obstacle::Configuration, detail }
}

/// A way into a cluster, found in a file or a pod.
struct Identity {
    name: String,
    config: kube::Config,
}

impl Identity {
    async fn load(access: &Access) -> Result<Self, String> {
        match access {
            Access::InCluster => {
                let config = kube::Config::incluster().map_err(|e| {
                    format!("this is no pod with a service account ({e}); name a kubeconfig context instead")
                })?;
                Ok(Self { name: "in-cluster".to_owned(), config })
            }
            Access::Kubeconfig { path, context } => {
                let file = match path {
                    Some(path) => Kubeconfig::read_from(path),
                    None => Kubeconfig::read(),
                };
                let file = file.map_err(|e| chain(&e))?;
                let name = context.clone().or_else(|| file.current_context.clone()).filter(|name| !name.is_empty());
                let Some(name) = name else {
                    return Err(format!(
                        "the kubeconfig has no current context; use --context with one of {}",
                        contexts(&file)
                    ));
                };
                if !file.contexts.iter().any(|known| known.name == name) {
                    return Err(format!("the kubeconfig has no context {name:?}; it has {}", contexts(&file)));
                }
                let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
                let config = kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|e| chain(&e))?;
                Ok(Self { name, config })
            }
        }
    }

    fn server(&self) -> String {
        self.config.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// A client that never sends a request twice by itself: reading decides in `wire`, and writing must not.
    fn client(self) -> Result<kube::Client, String> {
        let mut config = self.config;
        config.default_retry = false;
        kube::Client::try_from(config).map_err(|e| chain(&e))
    }
}

fn contexts(file: &Kubeconfig) -> String {
    let names: Vec<_> = file.contexts.iter().take(20).map(|context| context.name.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
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
