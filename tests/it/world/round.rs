//! A bot over the embedded cluster, with a Telegram group: for what does not need a real server.

use super::{
    Time,
    bot::platforms,
    chat::{Chat, Seen, Who},
};
use contract::{Platform, UserId};
use http::{Method, Request};
use roundsman::{
    agent::{Agent, Prompts},
    app::{self, Parts, Running},
    channel::{Access, ChannelGrant, People},
    cluster::{Cluster, init_tls},
    config::TelegramSettings,
    demo::{Demo, Identity, Story},
    inspection::{archive::Retention, attention::StandingOrders},
    repair::Policy,
    store::{Options, Store},
};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;

/// The bot's name for the cluster.
pub(crate) const CLUSTER: &str = "demo";

pub(crate) struct Round {
    pub(crate) chat: Chat,
    pub(crate) time: Time,
    demo: Demo,
    folder: TempDir,
    running: Option<Running>,
}

impl Round {
    /// A bot that is ready, over a cluster with these stories; alice may silence findings, bob may only ask.
    pub(crate) async fn new(stories: &[Story]) -> Self {
        init_tls();
        let time = Time::starting_now();
        let clock = time.clock.clone();
        let demo = Demo::start(move || clock.now(), stories).unwrap();
        let chat = Chat::telegram().await;
        let mut round = Self { chat, time, demo, folder: tempfile::tempdir().unwrap(), running: None };
        round.start(StandingOrders::default()).await;
        round
    }

    /// Ends the bot and starts it again over the same store, with another configuration.
    pub(crate) async fn restart(&mut self, standing: StandingOrders) {
        self.running.take().unwrap().drain().await;
        self.start(standing).await;
    }

    async fn start(&mut self, standing: StandingOrders) {
        let telegram =
            TelegramSettings { token: SecretString::from(self.chat.token()), api_url: Some(self.chat.url()) };
        let grant = ChannelGrant {
            name: "ops".to_owned(),
            clusters: vec![CLUSTER.to_owned()],
            people: People::Everyone,
            may_mute: ["alice".to_owned()].into(),
        };
        let person = |id: String, name: &str| ((Platform::Telegram, UserId(id)), name.to_owned());
        let store_dir = self.folder.path().join("store");
        let open = move || Store::open(&store_dir, Options::default()).unwrap();
        let cluster = Cluster::from_client(CLUSTER, self.demo.client(Identity::Reader)).with_secrets();
        let parts = Parts {
            store: tokio::task::spawn_blocking(open).await.unwrap(),
            clock: self.time.clock.clone(),
            clusters: vec![Arc::new(cluster)],
            alert_labels: [].into(),
            adapters: vec![(platforms().telegram)(&telegram).unwrap()],
            access: Access {
                channels: [((Platform::Telegram, self.chat.channel()), grant)].into(),
                people: [person(self.chat.alice(), "alice"), person(self.chat.bob(), "bob")].into(),
            },
            policy: Policy::default(),
            standing,
            retention: Retention::default(),
            agent: Agent::new(None, Prompts::load(None).unwrap()).unwrap(),
            time_zone: None,
            api: None,
        };
        self.running = Some(app::start(parts).await.unwrap());
        self.chat.ready().await;
    }

    /// Writes a command and waits for the answer to it.
    pub(crate) async fn ask(&self, who: Who, word: &str, arguments: &[(&str, &str)]) -> Seen {
        let before = self.latest(who);
        self.chat.command(who, word, arguments);
        self.answer(who, before, word).await
    }

    /// Presses a button and waits for the answer to it.
    pub(crate) async fn press(&self, who: Who, message: &Seen, label: &str) -> Seen {
        let before = self.latest(who);
        self.chat.press(who, message, label);
        self.answer(who, before, label).await
    }

    /// Inspects the cluster and waits for the report.
    pub(crate) async fn inspect(&self) -> Seen {
        self.ask(Who::Alice, "inspect", &[]).await
    }

    /// The number of the last message, to wait for later ones.
    pub(crate) fn latest(&self, who: Who) -> i64 {
        self.chat.seen_by(who).iter().filter_map(|seen| seen.id.parse().ok()).max().unwrap_or_default()
    }

    pub(crate) async fn answer(&self, who: Who, before: i64, what: &str) -> Seen {
        self.chat.wait(who, what, |seen| seen.id.parse::<i64>().is_ok_and(|id| id > before)).await
    }

    /// Changes an object as the cluster's admin does.
    pub(crate) async fn patch(&self, path: &str, patch: &Value) {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(path)
            .header("content-type", "application/merge-patch+json")
            .body(serde_json::to_vec(patch).unwrap())
            .unwrap();
        self.demo.client(Identity::Admin).request::<Value>(request).await.unwrap();
    }
}
