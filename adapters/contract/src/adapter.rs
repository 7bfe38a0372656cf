//! The one trait that a platform implements, and the one it is given.

use crate::{ChannelRef, Inbound, MessageRef, Outbound, Platform, Stop};
use std::{future::Future, pin::Pin, time::Duration};
use thiserror::Error;

/// A boxed future, so that both traits can be used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A chat platform.
pub trait Adapter: Send + Sync + std::fmt::Debug {
    /// Which.
    fn platform(&self) -> Platform;

    /// What one message of the platform holds; the core splits by it.
    fn limits(&self) -> Limits;

    /// Receives until stop, and connects again by itself for as long as that makes sense. An inbound is acknowledged
    /// to the platform only after [`Intake::accept`] has returned `Ok`. Returns early only with a failure that a
    /// person must mend (a refused token).
    fn run<'a>(&'a self, intake: &'a dyn Intake, stop: Stop) -> BoxFuture<'a, Result<(), AdapterFailure>>;

    /// Brings one message out, once, without retries of its own. Messages to one channel come one after another.
    fn deliver<'a>(&'a self, message: &'a Outbound) -> BoxFuture<'a, Result<MessageRef, DeliveryError>>;

    /// Shows that the bot is at work in the channel (Telegram `sendChatAction`, Discord typing), once. Best effort:
    /// nothing depends on it.
    fn working<'a>(&'a self, channel: &'a ChannelRef) -> BoxFuture<'a, ()>;
}

/// Where an adapter hands in what it received.
pub trait Intake: Send + Sync {
    /// Stores the inbound; `Ok` means committed and flushed (or known from before): now acknowledge it.
    fn accept<'a>(&'a self, inbound: Inbound) -> BoxFuture<'a, Result<(), IntakeError>>;

    /// Tells how the connection to the platform is, for /readyz and the operators.
    fn connection(&self, connection: Connection);
}

/// How the connection to a platform is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Receiving.
    Up,
    /// Not receiving, trying again; the text says why.
    Down(String),
}

/// The inbound could not be stored: do not acknowledge it, offer it again later.
#[derive(Debug, Error)]
#[error("not stored: {0}")]
pub struct IntakeError(pub String);

/// The adapter cannot go on and trying again would not help.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct AdapterFailure(pub String);

/// Why a message was not delivered, as what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeliveryError {
    /// Wait, then send again: this channel, or everything on the platform.
    #[error("asked to wait {} s ({})", after.as_secs(), if *everything { "whole platform" } else { "this channel" })]
    RetryAfter {
        /// How long.
        after: Duration,
        /// The limit is the bot's, not the channel's.
        everything: bool,
    },
    /// It did not arrive; send again after a while.
    #[error("did not arrive: {0}")]
    Transient(String),
    /// It may or may not have arrived (the connection broke after sending).
    #[error("may have arrived: {0}")]
    Ambiguous(String),
    /// The platform does not accept the formatting: send again as plain text, once.
    #[error("formatting refused: {0}")]
    Malformed(String),
    /// The platform will never accept this message.
    #[error("refused: {0}")]
    Rejected(String),
    /// The channel is gone, or the bot has no right to write there any more.
    #[error("channel is gone: {0}")]
    ChannelGone(String),
    /// The channel has a new id: rewrite the destination and send again.
    #[error("channel moved to {0}")]
    Moved(ChannelRef),
}

/// What one message of a platform holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the text, measured by [`crate::measure`].
    pub text: usize,
    /// In which unit.
    pub unit: Unit,
    /// Buttons in one message.
    pub buttons: usize,
    /// Bytes of a button's token.
    pub token_bytes: usize,
    /// Files and pictures in one message.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: usize,
    /// Whether a message that stands can be changed.
    pub edits: bool,
}

/// How a platform counts text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units (Telegram).
    Utf16,
    /// Unicode scalar values (Discord).
    Chars,
}
