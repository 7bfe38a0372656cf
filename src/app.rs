//! Config -> build -> run -> drain with a deadline: the parts as supervised, named tasks.

use crate::{
    agent::Agent,
    api::{self, Api},
    channel::Access,
    clock::Clock,
    cluster::Cluster,
    conductor::{Conductor, Desk, Rounds, Upkeep},
    config::{ApiSettings, Route},
    health::{Health, Phase},
    inbox::Inbox,
    inspection::{archive::Retention, attention::StandingOrders},
    intake::Door,
    outbox::{Outbox, Worker},
    repair::Policy,
    schedule::Ticker,
    store::Store,
};
use anyhow::Context;
use contract::{Adapter, Connection, Intake, Platform, Stop, StopHandle};
use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
    time::timeout,
};

/// For what is under way to end, before it is left to the next start.
const DRAIN: Duration = Duration::from_secs(20);
/// For what is said last to go out.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Between two looks at whether a cluster answers.
const CLUSTER_EVERY: Duration = Duration::from_secs(30);

/// Everything that a running bot is made of.
#[derive(Debug)]
pub struct Parts {
    /// Everything that survives.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// The clusters.
    pub clusters: Vec<Arc<Cluster>>,
    /// The `cluster` label of alerts, by cluster name, where it differs.
    pub alert_labels: BTreeMap<String, String>,
    /// The platforms.
    pub adapters: Vec<Arc<dyn Adapter>>,
    /// Who is listed.
    pub access: Access,
    /// What may be repaired.
    pub policy: Policy,
    /// What the configuration says about all inspections.
    pub standing: StandingOrders,
    /// How long reports are kept.
    pub retention: Retention,
    /// Who answers questions.
    pub agent: Agent,
    /// The zone of schedules that name none.
    pub time_zone: Option<chrono_tz::Tz>,
    /// The HTTP API, where configured.
    pub api: Option<ApiSettings>,
}

/// A bot that runs. Dropping it stops everything at once; [`Running::drain`] lets it end well.
pub struct Running {
    /// How the parts are.
    pub health: Health,
    /// Where the API listens, where there is one.
    pub api: Option<SocketAddr>,
    doors: (StopHandle, JoinSet<()>),
    conductor: (StopHandle, JoinSet<()>),
    delivery: (StopHandle, JoinSet<()>),
}

/// A part that broke off by a mistake of its own. What is committed is safe; only a new start makes the part work again.
#[derive(Debug, thiserror::Error)]
#[error("{part} broke off: {error}")]
pub struct Broken {
    part: &'static str,
    error: JoinError,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("health", &self.health).field("api", &self.api).finish_non_exhaustive()
    }
}

/// Builds the parts and starts them.
///
/// # Errors
/// When the store cannot be read or the API's address is taken; a platform or a cluster that is down is no error, it
/// is shown and tried again.
pub async fn start(parts: Parts) -> anyhow::Result<Running> {
    let Parts {
        store,
        clock,
        clusters,
        alert_labels,
        adapters,
        access,
        policy,
        standing,
        retention,
        agent,
        time_zone,
        api,
    } = parts;
    let health = Health::default();
    let adapters: BTreeMap<Platform, Arc<dyn Adapter>> =
        adapters.into_iter().map(|adapter| (adapter.platform(), adapter)).collect();
    let limits = adapters.iter().map(|(platform, adapter)| (*platform, adapter.limits())).collect();
    let inbox = Inbox::open(store.clone(), clock.clone()).context("opening the inbox")?;
    let outbox = Outbox::open(&store, clock.clone(), limits).context("opening the outbox")?;
    let routes: Vec<Route> = api.as_ref().map(|api| api.routes.clone()).unwrap_or_default();
    let names: Vec<String> = clusters.iter().map(|cluster| cluster.name().to_owned()).collect();
    let desk = Arc::new(Desk {
        store: store.clone(),
        clock: clock.clone(),
        inbox: inbox.clone(),
        outbox,
        access: access.clone(),
        clusters: clusters.iter().map(|cluster| (cluster.name().to_owned(), Arc::clone(cluster))).collect(),
        policy,
        agent,
        time_zone,
        adapters: adapters.clone(),
        standing,
        retention,
        routes,
        cancels: Mutex::default(),
    });

    let (doors_handle, doors_stop) = StopHandle::new();
    let (conductor_handle, conductor_stop) = StopHandle::new();
    let (delivery_handle, delivery_stop) = StopHandle::new();
    let (mut doors, mut conductor, mut delivery) = (JoinSet::new(), JoinSet::new(), JoinSet::new());

    let worker = Worker::new(store.clone(), clock.clone(), adapters.clone(), health.clone());
    delivery.spawn(worker.run(delivery_stop));
    conductor.spawn(Conductor::new(Arc::clone(&desk)).run(conductor_stop));
    let ticker = Ticker::start(clock.clone()).await.context("starting the clock of the schedules")?;
    doors.spawn(Rounds::new(Arc::clone(&desk)).run(ticker, doors_stop.clone()));
    doors.spawn(Upkeep::new(desk, health.clone()).run(doors_stop.clone()));
    for cluster in clusters {
        doors.spawn(watch_cluster(cluster, health.clone(), clock.clone(), doors_stop.clone()));
    }
    for adapter in adapters.into_values() {
        let door = Door {
            platform: adapter.platform(),
            inbox: inbox.clone(),
            store: store.clone(),
            health: health.clone(),
            clock: clock.clone(),
        };
        doors.spawn(receive(adapter, door, doors_stop.clone()));
    }
    let api = match api {
        Some(settings) => {
            let clusters = names
                .into_iter()
                .map(|name| (name.clone(), alert_labels.get(&name).cloned().unwrap_or(name)))
                .collect();
            let listen = settings.listen;
            let listener =
                TcpListener::bind(listen).await.with_context(|| format!("the API cannot listen on {listen}"))?;
            let address = listener.local_addr()?;
            let api = Api { settings, store, inbox, access, clusters, health: health.clone(), clock: clock.clone() };
            doors.spawn(serve(listener, api, doors_stop));
            Some(address)
        }
        None => None,
    };
    health.phase(Phase::Ready);
    Ok(Running {
        health,
        api,
        doors: (doors_handle, doors),
        conductor: (conductor_handle, conductor),
        delivery: (delivery_handle, delivery),
    })
}

impl Running {
    /// Resolves when a part breaks off; never while all goes well.
    pub async fn broken(&mut self) -> Broken {
        let (doors, conductor, delivery) = (&mut self.doors.1, &mut self.conductor.1, &mut self.delivery.1);
        let (part, error) = tokio::select! {
            error = panicked(doors) => ("intake", error),
            error = panicked(conductor) => ("the conductor", error),
            error = panicked(delivery) => ("delivery", error),
        };
        Broken { part, error }
    }

    /// Takes nothing in any more, lets what is under way end within a limit, and says what is left to say.
    pub async fn drain(self) {
        self.health.phase(Phase::Draining);
        for (name, (stop, mut tasks), limit) in [
            ("intake", self.doors, DRAIN / 4),
            ("conductor", self.conductor, DRAIN),
            ("delivery", self.delivery, LAST_WORDS),
        ] {
            stop.stop();
            let ended = timeout(limit, async { while tasks.join_next().await.is_some() {} }).await;
            if ended.is_err() {
                tracing::warn!(part = name, "did not end in time; what is left is done after the next start");
            }
        }
    }
}

/// A task may end by itself, such as an adapter whose token is refused; only a panic is a mistake.
async fn panicked(tasks: &mut JoinSet<()>) -> JoinError {
    loop {
        match tasks.join_next().await {
            Some(Ok(())) => {}
            Some(Err(error)) => return error,
            None => std::future::pending().await,
        }
    }
}

async fn receive(adapter: Arc<dyn Adapter>, door: Door, stop: Stop) {
    if let Err(failure) = adapter.run(&door, stop).await {
        // A person has to mend it (a refused token); the rest of the bot goes on.
        door.connection(Connection::Down(failure.to_string()));
    }
}

async fn serve(listener: TcpListener, api: Api, stop: Stop) {
    let (health, clock) = (api.health.clone(), api.clock.clone());
    let serving = axum::serve(listener, api::router(api)).with_graceful_shutdown(async move { stop.stopped().await });
    if let Err(error) = serving.await {
        health.part("api", false, &error.to_string(), clock.now());
    }
}

/// Keeps the health of a cluster: shown, never fatal.
async fn watch_cluster(cluster: Arc<Cluster>, health: Health, clock: Clock, stop: Stop) {
    let part = format!("cluster {}", cluster.name());
    loop {
        match cluster.version().await {
            Ok(version) => health.part(&part, true, &version, clock.now()),
            Err(error) => health.part(&part, false, &error.to_string(), clock.now()),
        }
        tokio::select! {
            () = tokio::time::sleep(CLUSTER_EVERY) => {}
            () = stop.stopped() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::panicked;
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn a_panic_is_told_from_an_end() {
        let mut tasks = JoinSet::new();
        tasks.spawn(async {});
        tasks.spawn(async { panic!("a mistake") });
        assert!(panicked(&mut tasks).await.is_panic());
        let ended = tokio::time::timeout(std::time::Duration::ZERO, panicked(&mut tasks)).await;
        assert!(ended.is_err(), "nothing is wrong with what has ended");
    }
}
