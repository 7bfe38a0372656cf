//! What goes out to a platform: a document that every platform renders in its own way.

use crate::{ChannelRef, MessageRef, OutboundId, Receipt, Token};
use serde::{Deserialize, Serialize};

/// One platform message. The core has split the body before, by [`crate::Limits`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// The core's id of it, and the platform's idempotency key where there is one.
    pub id: OutboundId,
    /// Where to.
    pub to: ChannelRef,
    /// A new message, a change of one, or an answer to an inbound.
    pub kind: OutboundKind,
    /// What it says.
    pub body: Body,
}

/// What the message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboundKind {
    /// A new message.
    Post {
        /// The message it replies to, so that it stands in the same thread. If that message is gone, post plainly.
        reply_to: Option<MessageRef>,
    },
    /// The new content of a message of ours; buttons that the new body does not have disappear.
    Edit {
        /// Which.
        message: MessageRef,
    },
    /// Take a message of ours away.
    Retract {
        /// Which.
        message: MessageRef,
    },
    /// The answer to one inbound, by its receipt where the platform has such a thing (Discord interaction), else a
    /// reply to its message, else a plain post.
    Answer {
        /// The inbound's receipt.
        receipt: Option<Receipt>,
        /// The inbound's message.
        reply_to: Option<MessageRef>,
        /// Who may see it. Only a wish where the platform cannot hide it (Telegram groups).
        visibility: Visibility,
    },
}

/// Who may see an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The whole channel.
    Channel,
    /// Only the person who asked, where the platform can (Discord: ephemeral).
    Private,
}

/// A platform-neutral document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// In reading order.
    pub blocks: Vec<Block>,
}

impl Body {
    /// A body of these blocks.
    pub fn new(blocks: impl IntoIterator<Item = Block>) -> Self {
        Self { blocks: blocks.into_iter().collect() }
    }

    /// A body of one plain paragraph.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new([Block::paragraph(text)])
    }

    /// This body with one more block at its end.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A short line that stands out.
    Heading(String),
    /// A paragraph; a line feed inside a span is a line break.
    Paragraph(Vec<Span>),
    /// Items, each with a bullet.
    List(Vec<Vec<Span>>),
    /// Preformatted text: logs, manifests, diffs.
    Code {
        /// For highlighting where the platform has it: `diff`, `yaml`, `json`, or empty.
        language: String,
        /// The text, with line feeds.
        text: String,
    },
    /// A small table; platforms without tables show it preformatted.
    Table {
        /// Column names.
        header: Vec<String>,
        /// Cells, one vector a row.
        rows: Vec<Vec<String>>,
    },
    /// Facts: field and value.
    Evidence(Vec<Reading>),
    /// A picture, sent as such.
    Image {
        /// File name with its ending.
        name: String,
        /// What it shows, for those who cannot see it.
        alt: String,
        /// The file's bytes (PNG or JPEG).
        #[serde(with = "crate::outbound::bytes")]
        bytes: Vec<u8>,
    },
    /// A file to download.
    File {
        /// File name with its ending.
        name: String,
        /// Such as `text/plain`.
        media_type: String,
        /// The file's bytes.
        #[serde(with = "crate::outbound::bytes")]
        bytes: Vec<u8>,
    },
    /// Buttons in one row; adapters wrap rows by [`crate::Limits`].
    Buttons(Vec<Button>),
}

impl Block {
    /// A paragraph of plain text.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Span::Plain(text.into())])
    }

    /// Preformatted text without a language.
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code { language: String::new(), text: text.into() }
    }
}

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// As it is.
    Plain(String),
    /// Bold.
    Strong(String),
    /// Less important: italic or small where the platform has it.
    Muted(String),
    /// Monospaced.
    Code(String),
    /// A link.
    Link {
        /// What is shown.
        text: String,
        /// Where it leads: http or https.
        url: String,
    },
}

impl Span {
    /// The characters without the style.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Strong(text) | Self::Muted(text) | Self::Code(text) => text,
            Self::Link { text, .. } => text,
        }
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What was read, such as `lastState.terminated.reason`.
    pub field: String,
    /// What it said.
    pub value: String,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says, at most 38 characters to be readable everywhere.
    pub label: String,
    /// What comes back in [`crate::InboundKind::Press`].
    pub token: Token,
    /// How it looks.
    pub style: ButtonStyle,
}

/// How a button looks where the platform can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonStyle {
    /// Looks at something.
    Neutral,
    /// The expected next step.
    Primary,
    /// Changes a cluster.
    Danger,
}

/// Bytes as base64 text, so that a stored row stays readable JSON. Written out here because the contract has no other
/// use for an encoding library.
pub(crate) mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for place in 0..4 {
                if place <= chunk.len() {
                    let index = (word >> (18 - 6 * place)) & 63;
                    text.push(char::from(ALPHABET[index as usize]));
                } else {
                    text.push('=');
                }
            }
        }
        serializer.serialize_str(&text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
        let (mut word, mut bits) = (0u32, 0u32);
        for character in text.bytes().filter(|byte| *byte != b'=') {
            let Some(value) = ALPHABET.iter().position(|known| *known == character) else {
                return Err(D::Error::custom("not base64"));
            };
            word = word << 6 | value as u32;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((word >> bits) as u8);
                word &= (1 << bits) - 1;
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn file_bytes_survive_storage() {
        for length in 0..10u8 {
            let bytes: Vec<u8> = (0..length).map(|place| place.wrapping_mul(97) ^ 0xa5).collect();
            let block = Block::File { name: "a.txt".into(), media_type: "text/plain".into(), bytes };
            let stored = serde_json::to_string(&block).unwrap();
            assert_eq!(serde_json::from_str::<Block>(&stored).unwrap(), block);
        }
    }
}
