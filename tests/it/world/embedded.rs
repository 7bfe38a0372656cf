//! A bot over the embedded cluster with its stories: no control plane to wait for, and a clock that the cluster shares.

use super::{
    Time,
    bot::{self, CLUSTER},
    chat::{Chat, Seen, Who},
};
use roundsman::{
    app::{self, Running},
    cluster::Cluster,
    demo::{Demo, Identity, Story},
    store::Options,
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

/// A kubeconfig that leads nowhere: the configuration has to name one, and the embedded cluster takes its place.
const NOWHERE: &str = "
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{ name: nowhere, context: { cluster: nowhere, user: nobody } }]
clusters: [{ name: nowhere, cluster: { server: 'http://127.0.0.1:1' } }]
users: [{ name: nobody, user: {} }]
";

/// A bot on the embedded cluster, with one chat. Its policy covers every namespace.
pub(crate) struct Embedded {
    pub(crate) chat: Chat,
    pub(crate) time: Time,
    pub(crate) demo: Demo,
    /// Where everything is kept: the store is under `data`.
    pub(crate) folder: TempDir,
    running: Option<Running>,
}

impl Embedded {
    pub(crate) async fn new(chat: Chat, model: Option<String>) -> Self {
        Self::with(chat, model, |text| text).await
    }

    /// With another configuration than usual.
    pub(crate) async fn with(chat: Chat, model: Option<String>, change: impl FnOnce(String) -> String) -> Self {
        let nowhere = Path::new("nowhere.kubeconfig");
        let settings = bot::settings_for([nowhere, nowhere], &chat, model.as_deref(), "*");
        let folder = settings.folder;
        std::fs::write(folder.path().join(nowhere), NOWHERE).unwrap();
        let time = Time::starting_now();
        let clock = time.clock.clone();
        let demo = Demo::start(move || clock.now(), &Story::ALL).unwrap();
        let cluster = Cluster::from_client(CLUSTER, demo.client(Identity::Reader)).with_secrets();
        let cluster = cluster.with_writer(demo.client(Identity::Writer));
        let mut parts = bot::parts(&change(settings.text), folder.path(), time.clock.clone(), Options::default()).await;
        parts.clusters = vec![Arc::new(cluster)];
        let running = Some(app::start(parts).await.unwrap());
        chat.ready().await;
        Self { chat, time, demo, folder, running }
    }

    /// Where the API listens.
    pub(crate) fn api(&self) -> String {
        format!("http://{}/api/v1", self.running.as_ref().unwrap().api.unwrap())
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

    /// Ends the bot well.
    pub(crate) async fn drain(mut self) -> TempDir {
        self.running.take().unwrap().drain().await;
        self.folder
    }
}
