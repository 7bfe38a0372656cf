//! The bot of a story: built from a configuration file as `roundsman run` builds it, on another clock.

use super::chat::Chat;
use control_plane::{ControlPlane, Identity};
use roundsman::{
    app::{self, Running},
    cli::{ConsoleOrder, Opened, Platforms, run::build},
    clock::Clock,
    config::Config,
    store::Options,
};
use secrecy::ExposeSecret;
use std::{path::Path, sync::Arc};
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

/// A configuration for the story's chat and namespace: alice approves, bob only reads, nobody else is listed.
pub(crate) fn settings(plane: &ControlPlane, chat: &Chat, model: Option<&str>, namespace: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("chat-token"), chat.token()).unwrap();
    std::fs::write(folder.path().join("api-token"), API_TOKEN).unwrap();
    let reader = plane.kubeconfig(Identity::Reader);
    let writer = plane.kubeconfig(Identity::Writer);
    let model = model.map_or_else(String::new, |url| format!("[model]\nbase_url = \"{url}\"\nname = \"scripted\"\n"));
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
        reader = reader.display(),
        writer = writer.display(),
        url = chat.url(),
        alice = chat.alice(),
        bob = chat.bob(),
        channel = chat.channel(),
    );
    Settings { folder, text }
}

/// A bot that runs in this process.
pub(crate) struct Bot {
    /// Keeps the folder.
    _settings: Settings,
    pub(crate) running: Option<Running>,
}

impl Bot {
    pub(crate) async fn start(settings: Settings, clock: Clock) -> Self {
        let running = run(&settings.text, settings.folder.path(), clock, Options::default()).await;
        Self { _settings: settings, running: Some(running) }
    }

    /// Ends the bot well.
    pub(crate) async fn drain(&mut self) {
        self.running.take().unwrap().drain().await;
    }
}

/// Starts a bot from the text of a configuration.
pub(crate) async fn run(text: &str, folder: &Path, clock: Clock, store: Options) -> Running {
    roundsman::cluster::init_tls();
    let config = Config::parse(text, folder, &|_| None).unwrap();
    let parts = build(config, platforms(), clock, store).await.unwrap();
    app::start(parts).await.unwrap()
}

/// The platforms as the binary opens them, without Telegram's pace: the fake's people do not wait.
pub(crate) fn platforms() -> Platforms {
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
