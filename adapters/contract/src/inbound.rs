//! What comes in from a platform.

use crate::{Actor, ChannelRef, InboundId, Invocation, MessageRef, Receipt, Token};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One thing that somebody did on a platform, in the core's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// The platform's own id: the dedupe key within the platform.
    pub id: InboundId,
    /// When it happened, by the platform's clock where it says so.
    pub at: DateTime<Utc>,
    /// Where.
    pub channel: ChannelRef,
    /// Who.
    pub actor: Actor,
    /// The message it answers, where it is a reply (for a press: the message that carries the button).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageRef>,
    /// How the adapter can answer exactly this one later, where the platform has such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// The message that this inbound itself is, where it is one (so that the answer can be a reply to it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRef>,
    /// What.
    pub kind: InboundKind,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundKind {
    /// A command that the grammar understands.
    Command(Invocation),
    /// Something that was meant as a command and could not be read; the text says what to write instead.
    Misread {
        /// The sentence for the person.
        problem: String,
    },
    /// Free text meant for the bot: a reply to it, a mention, or a direct message. The mention itself is removed.
    Text(String),
    /// A button.
    Press {
        /// What the button carried. Looked up on this side; the platform's clients can forge it.
        token: Token,
    },
    /// The bot was added to, or removed from, the channel.
    Membership(Membership),
    /// The channel has a new id (Telegram: group became a supergroup).
    Moved {
        /// The new place.
        to: ChannelRef,
    },
}

/// What became of the bot's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// Added.
    Joined,
    /// Removed or blocked.
    Left,
}
