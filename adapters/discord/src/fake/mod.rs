//! A Discord for tests: REST and gateway on the loopback, people who write and press, the platform's limits, and the
//! faults it has. It is as strict as Discord where a bot could be wrong, and has a clock that the test moves.
//!
//! ```no_run
//! # async fn story() {
//! let discord = discord::fake::FakeDiscord::start().await;
//! let (alice, ops) = (discord.user("alice"), discord.channel("ops"));
//! // … run the adapter with `discord.config()` …
//! discord.wait_ready().await;
//! discord.slash(&alice, &ops, "inspect", &[("cluster", "prod")]);
//! let report = discord.wait_for(&ops, |message| message.text().contains("prod")).await;
//! discord.press(&alice, &report.id, "Details");
//! # }
//! ```
#![expect(clippy::panic, reason = "a test that waits for what never comes, or presses what is not there, is to end")]

mod form;
mod gateway;
mod interactions;
mod look;
mod people;
mod rest;
mod rules;
mod state;
mod trouble;

pub use state::{Button, Call, File, Message};
pub use trouble::{Break, Fault, Scope};

use chrono::{DateTime, TimeDelta, Utc};
use state::State;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// The token of the fake's bot.
pub const TOKEN: &str = "fake-discord-token";

pub(crate) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    gateway_url: String,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("gateway_url", &self.gateway_url).finish_non_exhaustive()
    }
}

impl Shared {
    fn with_quietly<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let outcome = self.with_quietly(act);
        self.changed.send_modify(|version| *version += 1);
        outcome
    }
}

/// The fake; dropping it ends its servers.
#[derive(Debug)]
pub struct FakeDiscord {
    shared: Arc<Shared>,
    api_url: String,
    _servers: JoinSet<()>,
}

impl FakeDiscord {
    /// Starts at 2026-01-05 09:00 UTC by its own clock.
    pub async fn start() -> Self {
        let now = DateTime::from_timestamp(1_767_603_600, 0).unwrap_or_default();
        Self::start_at(now).await
    }

    /// Starts with its clock at this time.
    pub async fn start_at(now: DateTime<Utc>) -> Self {
        let (rest, rest_address) = listen().await;
        let (gateway, gateway_address) = listen().await;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(TOKEN, now)),
            changed: watch::Sender::new(0),
            gateway_url: format!("ws://{gateway_address}"),
        });
        let mut servers = JoinSet::new();
        servers.spawn(rest::serve(rest, Arc::clone(&shared)));
        servers.spawn(gateway::serve(gateway, Arc::clone(&shared)));
        Self { shared, api_url: format!("http://{rest_address}"), _servers: servers }
    }

    /// Where its REST API is, without `/api/v10`.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// A configuration for an adapter that talks to this fake, and does not wait long to connect again.
    pub fn config(&self) -> crate::Config {
        crate::Config {
            api_url: Some(self.api_url.clone()),
            reconnect: Duration::from_millis(10),
            ..crate::Config::new(TOKEN)
        }
    }

    // The clock.

    /// The fake's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.with_quietly(|state| state.now)
    }

    /// Sets the clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.shared.with(|state| state.now = now);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.shared.with(|state| state.now += TimeDelta::from_std(by).unwrap_or_default());
    }

    // People and places.

    /// The id of the person with this name; they come into being when first named.
    pub fn user(&self, name: &str) -> String {
        self.shared.with(|state| state.user_named(name).to_string())
    }

    /// The id of the guild's channel with this name; it comes into being when first named.
    pub fn channel(&self, name: &str) -> String {
        self.shared.with(|state| state.channel_named(name).to_string())
    }

    /// The id of the direct channel between a person and the bot.
    pub fn direct(&self, user: &str) -> String {
        self.shared.with(|state| state.direct_with(number(user)).to_string())
    }

    /// The guild's id.
    pub fn guild(&self) -> String {
        self.shared.with_quietly(|state| state.guild.to_string())
    }

    /// The bot's user id.
    pub fn me(&self) -> String {
        self.shared.with_quietly(|state| state.me.to_string())
    }

    /// The application's id.
    pub fn application(&self) -> String {
        self.shared.with_quietly(|state| state.application.to_string())
    }

    /// Takes the bot's right to see the channel away.
    pub fn forbid(&self, channel: &str) {
        self.shared.with(|state| {
            if let Some(channel) = state.channels.get_mut(&number(channel)) {
                channel.forbidden = true;
            }
        });
    }

    /// The person takes no direct messages from the bot.
    pub fn close_direct(&self, user: &str) {
        self.shared.with(|state| {
            if let Some(user) = state.users.get_mut(&number(user)) {
                user.closed = true;
            }
        });
    }
}

async fn listen() -> (TcpListener, std::net::SocketAddr) {
    match TcpListener::bind("127.0.0.1:0").await {
        Ok(listener) => match listener.local_addr() {
            Ok(address) => (listener, address),
            Err(error) => panic!("no address: {error}"),
        },
        Err(error) => panic!("no port on the loopback: {error}"),
    }
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}
