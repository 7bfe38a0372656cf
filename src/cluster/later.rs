//! A cluster that cannot be connected to yet: the kubeconfig is not there, a login has expired. Each request tries anew, so
//! that it is a cluster like any other as soon as a person has mended that.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kube::client::Body;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connect::Access;
use super::identity::Identity;
use super::sources::tls::Door;

/// Between two attempts: a login command may cost somebody a request, or a person a question.
const AGAIN: Duration = Duration::from_secs(15);

/// Why there is no way in so far.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotYet(pub(super) String);

/// How the reading identity gets in, as soon as that is known.
#[derive(Default)]
pub(super) struct Entrance {
    /// The server's address.
    pub(super) server: OnceLock<String>,
    /// Absent where the server is in this process, and where there is no TLS.
    pub(super) door: OnceLock<Door>,
}

impl Entrance {
    pub(super) fn of(identity: &Identity) -> Self {
        let entrance = Self::default();
        entrance.note(identity);
        entrance
    }

    fn note(&self, identity: &Identity) {
        self.server.get_or_init(|| identity.server());
        if let Some(door) = identity.door() {
            self.door.get_or_init(|| door);
        }
    }
}

struct Later {
    access: Access,
    /// Of the reading identity alone.
    entrance: Option<Arc<Entrance>>,
    state: Mutex<State>,
}

enum State {
    Untried,
    Failed { at: Instant, why: NotYet },
    In(kube::Client),
}

/// A client that connects at its first request, and tries again at a later one where that fails.
pub(super) fn client(access: Access, entrance: Option<Arc<Entrance>>) -> kube::Client {
    let later = Arc::new(Later { access, entrance, state: Mutex::new(State::Untried) });
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let later = Arc::clone(&later);
        async move { Ok::<_, tower::BoxError>(later.client().await?.send(request).await?) }
    });
    kube::Client::new(service, "default")
}

impl Later {
    async fn client(&self) -> Result<kube::Client, NotYet> {
        let mut state = self.state.lock().await;
        match &*state {
            State::In(client) => return Ok(client.clone()),
            State::Failed { at, why } if at.elapsed() < AGAIN => return Err(why.clone()),
            State::Untried | State::Failed { .. } => {}
        }
        match self.connect().await {
            Ok(client) => {
                *state = State::In(client.clone());
                Ok(client)
            }
            Err(why) => {
                *state = State::Failed { at: Instant::now(), why: why.clone() };
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<kube::Client, NotYet> {
        let identity = Identity::load(&self.access).await.map_err(NotYet)?;
        if let Some(entrance) = &self.entrance {
            entrance.note(&identity);
        }
        identity.client().await.map_err(NotYet)
    }
}

#[cfg(test)]
mod tests {
    use super::AGAIN;
    use crate::cluster::{Access, Cluster, ClusterConfig, Obstacle, Sources};
    use serde_json::json;
    use std::path::Path;
    use std::time::Duration;

    fn config(kubeconfig: &Path) -> ClusterConfig {
        let access = Access::Kubeconfig { path: Some(kubeconfig.to_owned()), context: None };
        ClusterConfig {
            name: "prod".to_owned(),
            reader: access.clone(),
            writer: Some(access),
            secrets: false,
            sources: Sources::default(),
            deadline: Duration::from_secs(5),
        }
    }

    async fn obstacle(cluster: &Cluster) -> (Obstacle, String) {
        let unreachable = cluster.version().await.unwrap_err();
        (unreachable.obstacle, unreachable.detail)
    }

    #[tokio::test]
    async fn a_kubeconfig_that_appears_later_is_used_then() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kubeconfig");
        let cluster = Cluster::connect_later(config(&file));
        assert!(cluster.may_write() && cluster.server().is_none());
        let (kind, said) = obstacle(&cluster).await;
        assert!(kind == Obstacle::Configuration && said.contains("kubeconfig"), "{kind:?} {said}");

        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let context = json!({
            "current-context": "prod",
            "contexts": [{ "name": "prod", "context": { "cluster": "prod", "user": "me" } }],
            "clusters": [{ "name": "prod", "cluster": { "server": format!("https://{server}") } }],
            "users": [{ "name": "me", "user": {} }],
        });
        std::fs::write(&file, context.to_string()).unwrap();
        assert_eq!(obstacle(&cluster).await.0, Obstacle::Configuration, "not tried again at once");
        tokio::time::pause();
        tokio::time::advance(AGAIN).await;
        tokio::time::resume();
        assert_eq!(obstacle(&cluster).await.0, Obstacle::Refused);
        assert_eq!(cluster.server(), Some(format!("https://{server}").as_str()));
    }
}
