//! From a kubeconfig context or a pod's service account to a `Cluster`; nothing is sent to its server yet.

use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

use super::identity::Identity;
use super::later::{self, Entrance};
use super::{Cluster, Limits, Obstacle, Sources, Unreachable};

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
    /// What it offers beside its lists.
    pub sources: Sources,
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
        let unusable = |detail| unusable(format!("cluster {}", config.name), detail);
        let reader = Identity::load(&config.reader).await.map_err(unusable)?;
        let entrance = Arc::new(Entrance::of(&reader));
        let client = reader.client().await.map_err(unusable)?;
        let writer = match &config.writer {
            Some(access) => {
                let writer = Identity::load(access).await.map_err(unusable)?;
                Some(writer.client().await.map_err(unusable)?)
            }
            None => None,
        };
        Ok(Self::assemble(config, client, writer, entrance))
    }

    /// The same where the kubeconfig or the service account cannot be used yet: every request tries again, and fails with the
    /// reason until then.
    pub fn connect_later(config: ClusterConfig) -> Self {
        init_tls();
        let entrance = Arc::new(Entrance::default());
        let client = later::client(config.reader.clone(), Some(Arc::clone(&entrance)));
        let writer = config.writer.clone().map(|access| later::client(access, None));
        Self::assemble(config, client, writer, entrance)
    }

    fn assemble(
        config: ClusterConfig,
        reader: kube::Client,
        writer: Option<kube::Client>,
        entrance: Arc<Entrance>,
    ) -> Self {
        let limits = Limits { deadline: config.deadline, ..Limits::default() };
        let cluster = Self { writer, secrets: config.secrets, entrance, ..Self::from_client(&config.name, reader) };
        cluster.with_sources(config.sources).with_limits(limits)
    }

    /// The cluster of a kubeconfig context, called as the context is; without a context the current one.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn of_context(path: Option<PathBuf>, context: Option<String>) -> Result<Self, Unreachable> {
        init_tls();
        let named = context.as_ref().map_or("the current context".to_owned(), |context| format!("cluster {context}"));
        let identity = Identity::load(&Access::Kubeconfig { path, context }).await;
        let identity = identity.map_err(|detail| unusable(named, detail))?;
        let (name, entrance) = (identity.name().to_owned(), Arc::new(Entrance::of(&identity)));
        let client = identity.client().await.map_err(|detail| unusable(format!("cluster {name}"), detail))?;
        Ok(Self { entrance, ..Self::from_client(&name, client) })
    }
}

fn unusable(cluster: String, detail: String) -> Unreachable {
    Unreachable { cluster, server: None, obstacle: Obstacle::Configuration, detail }
}
