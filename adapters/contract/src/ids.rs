//! The names of things on a platform: opaque to the core, exact for the adapter that made them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A chat platform. Closed on purpose: a new platform makes every place that has to think break the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Telegram, by its Bot API.
    Telegram,
    /// Discord, by its gateway and REST API.
    Discord,
    /// The local web chat.
    Console,
}

impl Platform {
    /// The lower-case name used in configuration and keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Discord => "discord",
            Self::Console => "console",
        }
    }

    /// Whether a channel of this platform can have this id: Telegram and Discord count theirs, and a console's room is
    /// a part of addresses.
    pub fn is_channel_id(self, id: &str) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        match self {
            Self::Telegram => id.parse::<i64>().is_ok(),
            Self::Discord => id.parse::<u64>().is_ok(),
            Self::Console => (1..=32).contains(&id.len()) && id.chars().all(plain),
        }
    }

    /// Whether a person on this platform can have this id.
    pub fn is_user_id(self, id: &str) -> bool {
        match self {
            Self::Telegram | Self::Discord => id.parse::<u64>().is_ok(),
            Self::Console => !id.is_empty(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// The platform's own id of one thing that happened (Telegram `update_id`, Discord interaction or message id):
    /// the key by which a repeated delivery is recognised.
    InboundId
}
text_id! {
    /// The core's id of one message to send: 128 bits as 22 characters of base64url (Discord's nonce holds 25).
    OutboundId
}
text_id! {
    /// A person's id on the platform (Telegram user id, Discord user snowflake, console login name).
    UserId
}
text_id! {
    /// What a button carries: opaque, single use, meaningless without the row behind it. At most 64 bytes
    /// (Telegram `callback_data`).
    Token
}
text_id! {
    /// The adapter's private means to answer one inbound (Discord interaction id and token, Telegram callback query
    /// id). The core stores it and hands it back, and never looks inside.
    Receipt
}

/// A place where people and the bot talk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChannelRef {
    /// The platform.
    pub platform: Platform,
    /// Telegram chat id, Discord channel id, console room name.
    pub id: String,
    /// Telegram forum topic (`message_thread_id`) or Discord thread, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

impl ChannelRef {
    /// A channel without a thread.
    pub fn new(platform: Platform, id: impl Into<String>) -> Self {
        Self { platform, id: id.into(), thread: None }
    }
}

impl fmt::Display for ChannelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.platform, self.id)?;
        match &self.thread {
            Some(thread) => write!(f, "/{thread}"),
            None => Ok(()),
        }
    }
}

/// One message on a platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// Where it stands.
    pub channel: ChannelRef,
    /// The platform's id of it.
    pub id: String,
}

/// Who did it. Somebody without a user id (an anonymous group admin, a channel post) is a variant of its own, so that
/// every policy has to decide about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person with an id of the platform's.
    Person {
        /// The platform's id: what roles are bound to.
        id: UserId,
        /// The display name: for people to read, never for a decision.
        name: String,
    },
    /// Somebody who wrote as the group or the channel itself: no id, so no rights.
    Anonymous {
        /// What the platform shows as the sender.
        name: String,
    },
}

impl Actor {
    /// The name to show.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { name, .. } | Self::Anonymous { name } => name,
        }
    }

    /// The id, where there is one.
    pub fn id(&self) -> Option<&UserId> {
        match self {
            Self::Person { id, .. } => Some(id),
            Self::Anonymous { .. } => None,
        }
    }
}
