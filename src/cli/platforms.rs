//! What the commands need of the platforms, without naming their crates.

use crate::config::{ConsoleUser, DiscordSettings, TelegramSettings};
use contract::Adapter;
use std::{borrow::Cow, collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc};

/// How each platform is opened; given by the binary.
#[derive(Debug, Clone, Copy)]
pub struct Platforms {
    /// Telegram.
    pub telegram: fn(&TelegramSettings) -> anyhow::Result<Arc<dyn Adapter>>,
    /// Discord.
    pub discord: fn(&DiscordSettings) -> anyhow::Result<Arc<dyn Adapter>>,
    /// The web console; listens when this returns.
    pub console: fn(ConsoleOrder) -> anyhow::Result<Opened>,
}

/// How the web console shall be.
#[derive(Debug)]
pub struct ConsoleOrder {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that browsers use, where a proxy stands in front.
    pub public_url: Option<String>,
    /// Its rooms.
    pub rooms: Vec<ConsoleRoom>,
    /// Who can sign in by password; `None`: a one-time link for the person `owner`.
    pub users: Option<Vec<ConsoleUser>>,
    /// The file that keeps its messages.
    pub log: Option<PathBuf>,
    /// Takes secrets out of what people write, before it is kept there.
    pub clean: fn(&str) -> Cow<'_, str>,
}

/// A channel of the web console.
#[derive(Debug)]
pub struct ConsoleRoom {
    /// The channel's id.
    pub id: String,
    /// What people read.
    pub title: String,
    /// The login names of those who see it; `None`: everybody who can sign in.
    pub readers: Option<BTreeSet<String>>,
}

/// A console that listens.
#[derive(Debug)]
pub struct Opened {
    /// The adapter.
    pub adapter: Arc<dyn Adapter>,
    /// Its address.
    pub url: String,
    /// The link that signs in once, where that is how one signs in.
    pub link: Option<String>,
}
