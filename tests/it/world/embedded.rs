//! A bot over the embedded cluster with its stories: no control plane to wait for, and a clock that the cluster shares.

use super::{
    Time,
    bot::{self, CLUSTER, Outside},
    chat::{Chat, Seen, Who},
};
use chrono::TimeDelta;
use contract::Adapter;
use http::Request;
use kube::client::Body;
use roundsman::{
    app::{self, Running},
    cluster::Cluster,
    demo::{Demo, Identity, Story},
    store::Options,
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;
use tokio::sync::watch;

/// A kubeconfig that leads nowhere: the configuration has to name one, and the embedded cluster takes its place.
pub(crate) const NOWHERE: &str = "
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{ name: nowhere, context: { cluster: nowhere, user: nobody } }]
clusters: [{ name: nowhere, cluster: { server: 'http://127.0.0.1:1' } }]
users: [{ name: nobody, user: {} }]
";

/// How a bot is set up, where it is not as usual.
pub(crate) struct Setup {
    /// The configuration.
    pub(crate) text: String,
    pub(crate) stories: Vec<Story>,
    /// What stands between the core and its platform.
    pub(crate) wrap: fn(Arc<dyn Adapter>) -> Arc<dyn Adapter>,
}

/// A bot on the embedded cluster, with one chat. Its policy covers every namespace.
pub(crate) struct Embedded {
    pub(crate) chat: Chat,
    pub(crate) time: Time,
    /// Where everything is kept: the store is under `data`.
    pub(crate) folder: TempDir,
    demo: Demo,
    door: Arc<Door>,
    commits: watch::Sender<u64>,
    setup: Setup,
    running: Option<Running>,
}

/// Through which every request of the reader goes.
struct Door {
    state: watch::Sender<State>,
    /// Lists of all pods: one for each inspection.
    inspections: AtomicUsize,
    /// Requests that came since it was closed.
    waiting: watch::Sender<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Held,
    Broken,
}

impl Embedded {
    pub(crate) async fn new(chat: Chat, model: Option<String>) -> Self {
        Self::with(chat, model, |_| {}).await
    }

    pub(crate) async fn with(chat: Chat, model: Option<String>, change: impl FnOnce(&mut Setup)) -> Self {
        let nowhere = PathBuf::from("nowhere.kubeconfig");
        let outside = Outside { chat: chat.url(), reader: nowhere.clone(), writer: nowhere.clone(), model };
        let settings = bot::settings(&chat, &outside, "*");
        let mut setup = Setup { text: settings.text, stories: Story::ALL.to_vec(), wrap: |adapter| adapter };
        change(&mut setup);
        let folder = settings.folder;
        std::fs::write(folder.path().join(&nowhere), NOWHERE).unwrap();
        let time = Time::starting_now();
        let clock = time.clock.clone();
        let demo = Demo::start(move || clock.now(), &setup.stories).unwrap();
        let door = Door {
            state: watch::Sender::new(State::Open),
            inspections: AtomicUsize::new(0),
            waiting: watch::Sender::new(0),
        };
        let mut world = Self {
            chat,
            time,
            folder,
            demo,
            door: Arc::new(door),
            commits: watch::Sender::new(0),
            setup,
            running: None,
        };
        world.start().await;
        world.chat.ready().await;
        world
    }

    async fn start(&mut self) {
        let clock = self.time.clock.clone();
        let commits = self.commits.clone();
        let on_commit = move |_| commits.send_modify(|commits| *commits += 1);
        let options = Options { on_commit: Some(Arc::new(on_commit)), ..Options::default() };
        let mut parts = bot::parts(&self.setup.text, self.folder.path(), clock, options).await;
        let writer = self.demo.client(Identity::Writer);
        let reader = through(&self.door, self.demo.client(Identity::Reader));
        let cluster = Cluster::from_client(CLUSTER, reader).with_secrets().with_writer(writer);
        parts.clusters = vec![Arc::new(cluster)];
        parts.adapters = parts.adapters.into_iter().map(self.setup.wrap).collect();
        self.running = Some(app::start(parts).await.unwrap());
    }

    /// Ends the bot well, and starts it again after so much time.
    pub(crate) async fn sleep(&mut self, time: TimeDelta) {
        self.running.take().unwrap().drain().await;
        self.time.advance(time);
        self.start().await;
    }

    /// Adds to the configuration and starts the bot again.
    pub(crate) async fn configure(&mut self, more: &str) {
        self.setup.text.push_str(more);
        self.sleep(TimeDelta::zero()).await;
    }

    /// Changes an object as the cluster's admin does.
    pub(crate) async fn patch(&self, path: &str, patch: &serde_json::Value) {
        let request = Request::patch(path)
            .header("content-type", "application/merge-patch+json")
            .body(serde_json::to_vec(patch).unwrap())
            .unwrap();
        self.demo.client(Identity::Admin).request::<serde_json::Value>(request).await.unwrap();
    }

    /// Ends the bot well.
    pub(crate) async fn drain(mut self) -> TempDir {
        self.running.take().unwrap().drain().await;
        self.folder
    }

    /// Where the API listens.
    pub(crate) fn api(&self) -> String {
        format!("http://{}", self.running.as_ref().unwrap().api.unwrap())
    }

    /// Does something and waits until something was committed.
    pub(crate) async fn commits(&self, act: impl FnOnce()) {
        let mut commits = self.commits.subscribe();
        let before = *commits.borrow();
        act();
        let waiting = commits.wait_for(|commits| *commits > before);
        tokio::time::timeout(super::PATIENCE, waiting).await.expect("nothing was committed").unwrap();
    }

    /// The cluster does not answer until [`Embedded::release`].
    pub(crate) fn hold(&self) {
        self.door.waiting.send_replace(0);
        self.door.state.send_replace(State::Held);
    }

    /// Nothing gets through to the cluster until [`Embedded::release`].
    pub(crate) fn break_off(&self) {
        self.door.state.send_replace(State::Broken);
    }

    /// Waits until somebody waits for the cluster.
    pub(crate) async fn held(&self) {
        self.door.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.unwrap();
    }

    pub(crate) fn release(&self) {
        self.door.state.send_replace(State::Open);
    }

    /// How often all pods were listed.
    pub(crate) fn inspections(&self) -> usize {
        self.door.inspections.load(Ordering::Relaxed)
    }

    /// Writes a command and waits for what comes of it: a message that was not there and says this.
    pub(crate) async fn ask(&self, who: Who, word: &str, arguments: &[(&str, &str)], says: &str) -> Seen {
        self.after(who, &format!("/{word} {arguments:?} says {says:?}"), says, || {
            self.chat.command(who, word, arguments);
        })
        .await
    }

    /// Presses a button and waits for what comes of it: a message that was not there and says this.
    pub(crate) async fn press(&self, who: Who, message: &Seen, label: &str, says: &str) -> Seen {
        self.after(who, &format!("{label:?} says {says:?}"), says, || self.chat.press(who, message, label)).await
    }

    /// Does something and waits for a new message that says this.
    pub(crate) async fn after(&self, who: Who, what: &str, says: &str, act: impl FnOnce()) -> Seen {
        let before: Vec<String> = self.chat.seen_by(who).into_iter().map(|seen| seen.id).collect();
        act();
        self.chat.wait(who, what, |seen| !before.contains(&seen.id) && seen.text.contains(says)).await
    }

    /// Waits until a message of before says this.
    pub(crate) async fn until(&self, who: Who, message: &Seen, says: &str) -> Seen {
        self.chat.wait(who, says, |seen| seen.id == message.id && seen.text.contains(says)).await
    }

    /// How many messages that this person sees say this.
    pub(crate) fn count(&self, who: Who, says: &str) -> usize {
        self.chat.seen_by(who).iter().filter(|seen| seen.text.contains(says)).count()
    }
}

/// The same client, behind a door.
fn through(door: &Arc<Door>, client: kube::Client) -> kube::Client {
    let door = Arc::clone(door);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (door, client) = (Arc::clone(&door), client.clone());
        async move {
            if request.uri().path() == "/api/v1/pods" {
                door.inspections.fetch_add(1, Ordering::Relaxed);
            }
            door.waiting.send_modify(|waiting| *waiting += 1);
            let state = *door.state.subscribe().wait_for(|state| *state != State::Held).await.unwrap();
            if state == State::Broken {
                return Err(tower::BoxError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)));
            }
            Ok(client.send(request).await?)
        }
    });
    kube::Client::new(service, "default")
}
