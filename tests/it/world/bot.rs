//! The bot of a story: built from a configuration file as `roundsman run` builds it, on another clock.

use super::chat::Chat;
use control_plane::{ControlPlane, Identity};
use roundsman::{
    app::{self, Parts, Running},
    cli::{ConsoleOrder, Opened, Platforms, run::build},
    clock::Clock,
    config::Config,
    store::{Options, Store},
};
use secrecy::ExposeSecret;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// The name that people use for the story's cluster.
pub(crate) const CLUSTER: &str = "prod";
/// The API's bearer token.
pub(crate) const API_TOKEN: &str = "story-api-token";

/// What a bot is started from; the folder goes with it.
pub(crate) struct Settings {
    pub(crate) folder: TempDir,
    pub(crate) text: String,
}

/// Where the bot finds what lies outside of it.
pub(crate) struct Outside {
    /// The platform's API.
    pub(crate) chat: String,
    /// The kubeconfigs of its two identities.
    pub(crate) reader: PathBuf,
    pub(crate) writer: PathBuf,
    /// The model's API, where it has one.
    pub(crate) model: Option<String>,
}

impl Outside {
    /// Nothing between the bot and what it talks to.
    pub(crate) fn of(plane: &ControlPlane, chat: &Chat, model: Option<String>) -> Self {
        let (reader, writer) = (plane.kubeconfig(Identity::Reader), plane.kubeconfig(Identity::Writer));
        Self { chat: chat.url(), reader, writer, model }
    }
}

/// A configuration for the story's chat and namespace: alice approves, bob only reads, nobody else is listed.
pub(crate) fn settings(chat: &Chat, outside: &Outside, namespace: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("chat-token"), chat.token()).unwrap();
    std::fs::write(folder.path().join("api-token"), API_TOKEN).unwrap();
    let model = |url: &String| format!("[model]\nbase_url = \"{url}\"\nname = \"scripted\"\n");
    let model = outside.model.as_ref().map_or_else(String::new, model);
    let platform = chat.platform();
    let text = format!(
        r#"
data_dir = "data"

[[cluster]]
name = "{CLUSTER}"
kubeconfig = "{reader}"
writer = {{ kubeconfig = "{writer}" }}

[{platform}]
token_file = "chat-token"
api_url = "{url}"

[api]
listen = "127.0.0.1:0"
[[api.token]]
name = "story"
token_file = "api-token"
[[api.route]]
channel = "ops"

{model}
[[person]]
name = "alice"
{platform} = "{alice}"
[[person]]
name = "bob"
{platform} = "{bob}"

[[channel]]
name = "ops"
platform = "{platform}"
id = "{channel}"
clusters = ["{CLUSTER}"]
people = ["alice", "bob"]
may_mute = ["alice"]

[repair]
enabled = true
[[repair.rule]]
namespaces = ["{namespace}"]
actions = ["restart_rollout", "undo_rollout", "scale", "delete_pod"]
approvers = ["alice"]
"#,
        reader = outside.reader.display(),
        writer = outside.writer.display(),
        url = outside.chat,
        alice = chat.alice(),
        bob = chat.bob(),
        channel = chat.channel(),
    );
    Settings { folder, text }
}

/// A bot that runs in this process, once it is started.
pub(crate) struct Bot {
    pub(crate) settings: Settings,
    pub(crate) running: Option<Running>,
}

impl Bot {
    /// One that is not started.
    pub(crate) fn asleep(settings: Settings) -> Self {
        Self { settings, running: None }
    }

    /// Starts it, and gives the store that it works on.
    pub(crate) async fn start(&mut self, clock: Clock) -> Store {
        let Settings { text, folder } = &self.settings;
        let (running, store) = run(text, folder.path(), clock, Options::default()).await;
        self.running = Some(running);
        store
    }

    /// Ends the bot well.
    pub(crate) async fn drain(&mut self) {
        self.running.take().unwrap().drain().await;
    }
}

/// Starts a bot from the text of a configuration.
pub(crate) async fn run(text: &str, folder: &Path, clock: Clock, options: Options) -> (Running, Store) {
    let parts = parts(text, folder, clock, options).await;
    let store = parts.store.clone();
    (app::start(parts).await.unwrap(), store)
}

/// What a bot is made of, for a story that puts another cluster in.
pub(crate) async fn parts(text: &str, folder: &Path, clock: Clock, options: Options) -> Parts {
    roundsman::cluster::init_tls();
    let config = Config::parse(text, folder, &|_| None).unwrap();
    build(config, platforms(), clock, options).await.unwrap()
}

/// The platforms as the binary opens them, without Telegram's pace: the fake's people do not wait.
fn platforms() -> Platforms {
    Platforms {
        telegram: |settings| {
            let mut config = telegram::Config::new(telegram::BotToken::new(settings.token.expose_secret()));
            config.api_url.clone_from(&settings.api_url);
            config.pacing = telegram::Pacing::Off;
            config.backoff = telegram::Backoff {
                first: std::time::Duration::from_millis(20),
                most: std::time::Duration::from_millis(200),
            };
            let clock = telegram::Clock::new(|| Clock::system().now());
            Ok(Arc::new(telegram::Telegram::new(config, clock)?))
        },
        discord: |settings| {
            let mut config = discord::Config::new(settings.token.expose_secret());
            config.api_url.clone_from(&settings.api_url);
            config.reconnect = std::time::Duration::from_millis(50);
            Ok(Arc::new(discord::Discord::new(config)?))
        },
        console: |order: ConsoleOrder| {
            anyhow::bail!("no story of this file opens {}", order.listen) as anyhow::Result<Opened>
        },
    }
}
