//! The configured clusters: how each is reached, and what reading it may cost. Every call names its cluster by holding one.

mod ask;
mod connect;
mod decode;
mod discovery;
mod events;
mod exchange;
mod identity;
mod kinds;
mod later;
mod list;
mod logs;
pub mod needs;
mod objects;
mod obstacle;
mod peek;
mod read;
mod rehearse;
mod sources;
mod split;
mod wire;
mod write;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod look_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
pub(crate) mod spied;

use std::sync::Arc;
use std::time::Duration;

pub use ask::LookError;
pub use connect::{Access, ClusterConfig, init_tls};
pub use events::{EventLine, Events, EventsRequest};
pub use exchange::Denied;
pub use kinds::{Kind, usual_kinds};
pub use logs::{LogError, LogRequest, LogTail};
pub use objects::{Described, ListRequest, Listing, Row};
pub use obstacle::{Obstacle, Unreachable};
pub use peek::{NotSeen, Peek};
pub use read::ReadRequest;
pub use sources::{GroupResource, Sources};

use later::Entrance;
use wire::Wire;

/// What one inspection or question may cost the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Lists read at the same time.
    pub concurrency: usize,
    /// For everything that one inspection reads together.
    pub deadline: Duration,
    /// For one request of a question: an object, its events, a log tail.
    pub request_timeout: Duration,
    /// Objects per page, where a server has to be read in pages.
    pub page: u32,
    /// Own cap beside the server's; none by default, because an inspection is some twenty-five requests.
    pub requests_per_second: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 5,
            deadline: Duration::from_secs(60),
            request_timeout: Duration::from_secs(20),
            page: 500,
            requests_per_second: None,
        }
    }
}

/// One cluster, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    name: Arc<str>,
    /// How the reading identity gets in.
    entrance: Arc<Entrance>,
    reader: kube::Client,
    /// The identity that carries out approved repairs; never retried by the client, and absent where repairs are off.
    writer: Option<kube::Client>,
    /// Whether inspections read Secrets here: names, types and certificates.
    secrets: bool,
    sources: Arc<Sources>,
    limits: Limits,
    wire: Arc<Wire>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name)
            .field("server", &self.server())
            .field("may_write", &self.writer.is_some())
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster behind a client that exists already, read-only: the demo's service, a test's.
    pub fn from_client(name: &str, client: kube::Client) -> Self {
        let limits = Limits::default();
        let wire = Arc::new(Wire::new(client.clone(), limits.requests_per_second));
        Self {
            name: Arc::from(name),
            entrance: Arc::default(),
            reader: client,
            writer: None,
            secrets: false,
            sources: Arc::default(),
            limits,
            wire,
        }
    }

    /// The same cluster with an identity for approved repairs.
    #[must_use]
    pub fn with_writer(self, client: kube::Client) -> Self {
        Self { writer: Some(client), ..self }
    }

    /// The same cluster, whose Secrets inspections read too: names, types and certificates.
    #[must_use]
    pub fn with_secrets(self) -> Self {
        Self { secrets: true, ..self }
    }

    /// The same cluster with what it offers beside its lists.
    #[must_use]
    pub fn with_sources(self, sources: Sources) -> Self {
        Self { sources: Arc::new(sources), ..self }
    }

    /// The same cluster under other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        let wire = Arc::new(Wire::new(self.reader.clone(), limits.requests_per_second));
        Self { limits, wire, ..self }
    }

    /// The name that people use for it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's address, where it is known.
    pub fn server(&self) -> Option<&str> {
        self.entrance.server.get().map(String::as_str)
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether inspections read Secrets here.
    pub fn reads_secrets(&self) -> bool {
        self.secrets
    }

    /// Whether approved repairs can be carried out here.
    pub fn may_write(&self) -> bool {
        self.writer.is_some()
    }

    fn unreachable(&self, obstacle: Obstacle, detail: impl Into<String>) -> Unreachable {
        Unreachable {
            cluster: self.name.as_ref().to_owned(),
            server: self.server().map(str::to_owned),
            obstacle,
            detail: detail.into(),
        }
    }
}
