//! From a kubeconfig context or a pod's service account to a `Cluster`; nothing is sent yet.

use std::path::PathBuf;
use std::sync::{Arc, Once};

use kube::config::{KubeConfigOptions, Kubeconfig};

use super::wire::Wire;
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
    /// The name that people use; without one, the context's.
    pub name: Option<String>,
    pub reader: Access,
    /// The identity for approved repairs, if there is one.
    pub writer: Option<Access>,
    pub limits: Limits,
}

impl ClusterConfig {
    /// A cluster that is only read, under the usual limits.
    pub fn reading(reader: Access) -> Self {
        Self { name: None, reader, writer: None, limits: Limits::default() }
    }
}

impl Cluster {
    /// Builds the clients. Whether the server answers shows at the first request.
    pub async fn connect(config: &ClusterConfig) -> Result<Self, Unreachable> {
        init_tls();
        let reader = Identity::load(&config.reader).await.map_err(|detail| unusable(config, None, detail))?;
        let name = config.name.clone().unwrap_or_else(|| reader.name.clone());
        let server = reader.config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = reader.client().map_err(|detail| unusable(config, Some(&name), detail))?;
        let writer = match &config.writer {
            Some(access) => {
                let writer = Identity::load(access).await.and_then(Identity::client);
                Some(writer.map_err(|detail| unusable(config, Some(&name), detail))?)
            }
            None => None,
        };
        let wire = Arc::new(Wire::new(client.clone(), config.limits.requests_per_second));
        Ok(Self {
            name: Arc::from(name),
            server: Some(Arc::from(server)),
            reader: client,
            writer,
            limits: config.limits.clone(),
            wire,
        })
    }
}

fn unusable(config: &ClusterConfig, name: Option<&str>, detail: String) -> Unreachable {
    let context = match &config.reader {
        Access::Kubeconfig { context: Some(context), .. } => context.as_str(),
        Access::Kubeconfig { context: None, .. } => "(current context)",
        Access::InCluster => "in-cluster",
    };
    let cluster = name.or(config.name.as_deref()).unwrap_or(context).to_owned();
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
