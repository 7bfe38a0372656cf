//! The Telegram adapter: the Bot API on one side, the contract on the other, nothing of Telegram beyond this crate.
//!
//! teloxide gives the types of updates and requests. The poll loop and the sender are ours: teloxide's dispatcher
//! acknowledges an update before it is handled, and its sender drops `error_code` and sleeps ten seconds on a 5xx.

mod api;
mod config;
mod deliver;
#[cfg(feature = "fake")]
pub mod fake;
mod pace;
mod poll;
mod prune;
mod receive;
mod refusal;
mod render;
mod texts;

pub use config::{Backoff, BotToken, Clock, Config, Pacing, SetupError};

use api::Api;
use contract::{
    Adapter, AdapterFailure, BoxFuture, ChannelRef, DeliveryError, Intake, Limits, MessageRef, Outbound, Platform,
    Stop, Unit,
};
use deliver::Halves;
use pace::Pacer;

/// What one Telegram message holds (Bot API 10.1, `sendMessage`, `sendDocument`, `InlineKeyboardButton`).
///
/// A caption holds less than a text (1024 UTF-16 units): a message with a file and a longer text becomes two on the
/// platform, the text and the file as a reply to it.
pub const LIMITS: Limits = Limits {
    text: 4096,
    unit: Unit::Utf16,
    buttons: 100,
    token_bytes: 64,
    files: 1,
    file_bytes: 50_000_000,
    edits: true,
};

/// The bot on Telegram.
#[derive(Debug)]
pub struct Telegram {
    api: Api,
    config: Config,
    clock: Clock,
    pacer: Pacer,
    halves: Halves,
}

impl Telegram {
    /// The adapter; it does not connect before [`Adapter::run`]. `clock` dates what Telegram does not date (presses).
    ///
    /// # Errors
    /// When the token or the URL cannot be one.
    pub fn new(config: Config, clock: Clock) -> Result<Self, SetupError> {
        let api = Api::new(&config)?;
        let pacer = Pacer::new(config.pacing);
        Ok(Self { api, config, clock, pacer, halves: Halves::default() })
    }
}

impl Adapter for Telegram {
    fn platform(&self) -> Platform {
        Platform::Telegram
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn run<'a>(&'a self, intake: &'a dyn Intake, stop: Stop) -> BoxFuture<'a, Result<(), AdapterFailure>> {
        Box::pin(poll::run(&self.api, &self.config, &self.clock, intake, stop))
    }

    fn deliver<'a>(&'a self, message: &'a Outbound) -> BoxFuture<'a, Result<MessageRef, DeliveryError>> {
        Box::pin(self.bring_out(message))
    }

    fn working<'a>(&'a self, channel: &'a ChannelRef) -> BoxFuture<'a, ()> {
        Box::pin(self.show_typing(channel))
    }
}
