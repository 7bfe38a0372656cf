//! Discord: slash commands, mentions and buttons come in by the gateway, messages go out by REST.
//!
//! serenity reads the gateway and knows the models; the requests are our own, because a rate limit must
//! come back to the outbox instead of being waited for here.

mod commands;
mod deliver;
#[cfg(feature = "fake")]
pub mod fake;
mod gateway;
mod hush;
mod inbound;
mod limiter;
mod markdown;
mod receipt;
mod receive;
mod refusal;
mod render;
mod route;
mod sender;
mod texts;

use contract::{
    Adapter, AdapterFailure, BoxFuture, ChannelRef, DeliveryError, Intake, Limits, MessageRef, Outbound, Platform,
    Stop, Unit,
};
use receive::Acknowledgements;
use sender::Sender;
use std::{fmt, sync::Arc, time::Duration};
use thiserror::Error;

/// What the adapter needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bot's token, from the developer portal.
    pub token: BotToken,
    /// Where the API is, without the path; `None`: `https://discord.com`. The gateway is where this API says it is.
    pub api_url: Option<String>,
    /// Guilds in which the commands appear at once. Empty: the commands are global.
    pub guilds: Vec<String>,
    /// How long to wait before connecting again; doubled after each failure, up to two minutes. Discord allows one
    /// IDENTIFY in five seconds, so [`Config::new`] says five seconds.
    pub reconnect: Duration,
    /// How long a session may take to become ready before it is given up.
    pub ready_within: Duration,
}

impl Config {
    /// The usual values with this token.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: BotToken(token.into()),
            api_url: None,
            guilds: Vec::new(),
            reconnect: Duration::from_secs(5),
            ready_within: Duration::from_secs(60),
        }
    }
}

/// The bot's token. Its `Debug` does not show it.
#[derive(Clone)]
pub struct BotToken(pub String);

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BotToken(…)")
    }
}

/// Why the adapter cannot be made from its configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The token cannot stand in an HTTP header: it is empty, or has line feeds or other control characters.
    #[error("the Discord token is empty or has characters that no token has; copy it again")]
    Token,
    /// The API's address is not an http or https URL.
    #[error("the Discord API address \"{0}\" is not an http or https URL")]
    ApiUrl(String),
    /// A guild's id is not a number.
    #[error("\"{0}\" is not a guild id: it is the number that Discord copies with \"Copy Server ID\"")]
    Guild(String),
    /// No HTTP client could be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// The Discord adapter.
#[derive(Debug)]
pub struct Discord {
    config: Config,
    sender: Arc<Sender>,
    acknowledgements: Arc<Acknowledgements>,
}

impl Discord {
    /// Checks the configuration; connects nowhere.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        if let Some(guild) = config.guilds.iter().find(|guild| guild.parse::<u64>().is_err()) {
            return Err(ConfigError::Guild(guild.clone()));
        }
        let sender = Sender::new(config.api_url.as_deref(), &config.token)?;
        Ok(Self { config, sender: Arc::new(sender), acknowledgements: Arc::default() })
    }
}

impl Adapter for Discord {
    fn platform(&self) -> Platform {
        Platform::Discord
    }

    fn limits(&self) -> Limits {
        Limits {
            text: render::TEXT,
            unit: Unit::Chars,
            buttons: render::ROWS * render::BUTTONS_IN_ROW,
            token_bytes: 100,
            // Two files of the full size stay under the 25 MiB of one request.
            files: 2,
            file_bytes: 10 * 1024 * 1024,
            edits: true,
        }
    }

    fn run<'a>(&'a self, intake: &'a dyn Intake, stop: Stop) -> BoxFuture<'a, Result<(), AdapterFailure>> {
        Box::pin(receive::run(self, intake, stop))
    }

    fn deliver<'a>(&'a self, message: &'a Outbound) -> BoxFuture<'a, Result<MessageRef, DeliveryError>> {
        Box::pin(deliver::deliver(&self.sender, &self.acknowledgements, message))
    }

    fn working<'a>(&'a self, channel: &'a ChannelRef) -> BoxFuture<'a, ()> {
        Box::pin(deliver::working(&self.sender, channel))
    }
}
