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
mod rest;
mod rules;
mod state;

pub use state::{Button, Call, File, Message};

use chrono::{DateTime, TimeDelta, Utc};
use gateway::Frame;
use serde_json::{Value, json};
use state::{Interaction, State};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

/// The token of the fake's bot.
pub const TOKEN: &str = "fake-discord-token";
/// A story that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that goes wrong with one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The request is refused with this status, and has no effect.
    Status(u16),
    /// 429 with Discord's headers.
    RateLimited {
        /// How long to wait.
        after: Duration,
        /// Whose limit it is.
        scope: Scope,
    },
    /// The request succeeds, and is the last one that its bucket allows for this long.
    LastOfBucket {
        /// Until the bucket is full again.
        after: Duration,
    },
    /// The request has its effect; the answer breaks off.
    CutAfter,
    /// The request has no effect; the answer breaks off.
    CutBefore,
}

/// Discord's `X-RateLimit-Scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The bot, on this route.
    User,
    /// The bot, everywhere.
    Global,
    /// Everybody, on this resource.
    Shared,
}

/// How the gateway's connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// Opcode 7: connect again and resume.
    Reconnect,
    /// Opcode 9 with `d: true`: the session can be resumed.
    InvalidResumable,
    /// Opcode 9 with `d: false`: identify again.
    Invalid,
    /// A close frame with this code; 1000 and 1001 and 4009 end the session, too.
    Close(u16),
    /// A close frame without a code.
    CloseWithoutCode,
    /// The TCP connection ends without a word.
    Cut,
}

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

    // What people do. Each returns the id of what came to be: an interaction, or a message.

    /// A slash command with options in Discord's types: what the registered command has as boolean comes as such.
    pub fn slash(&self, user: &str, channel: &str, command: &str, options: &[(&str, &str)]) -> String {
        self.shared.with(|state| {
            let registered = state.commands.values().flatten().find(|known| known["name"] == command);
            let known = registered.map_or(Value::Null, |known| known["options"].clone());
            let options: Vec<Value> = options
                .iter()
                .map(|(name, value)| {
                    let option = known.as_array().into_iter().flatten().find(|option| option["name"] == *name);
                    match option.and_then(|option| option["type"].as_u64()) {
                        Some(5) => json!({ "name": name, "type": 5, "value": *value == "true" }),
                        _ => json!({ "name": name, "type": 3, "value": value }),
                    }
                })
                .collect();
            let id = state.snowflake();
            let data = json!({ "id": id.to_string(), "name": command, "type": 1, "options": options });
            interact(state, 2, number(user), number(channel), data, None)
        })
    }

    /// A press on the button with this label.
    pub fn press(&self, user: &str, message: &str, label: &str) -> String {
        let found = self.message(message);
        let Some(button) = found.as_ref().and_then(|message| message.button(label)) else {
            panic!("no button \"{label}\" on {found:#?}")
        };
        self.press_raw(user, message, &button.custom_id)
    }

    /// What a forged client sends: a press that carries anything.
    pub fn press_raw(&self, user: &str, message: &str, custom_id: &str) -> String {
        self.shared.with(|state| {
            let Some(message) = state.message(message).cloned() else { panic!("no message {message}") };
            let data = json!({ "component_type": 2, "custom_id": custom_id });
            interact(state, 3, number(user), number(&message.channel), data, Some(&message))
        })
    }

    /// A message that is not meant for the bot (in a direct channel it is).
    pub fn say(&self, user: &str, channel: &str, text: &str) -> String {
        self.shared.with(|state| say(state, user, channel, text, None, false, false))
    }

    /// A message that mentions the bot.
    pub fn mention(&self, user: &str, channel: &str, text: &str) -> String {
        let me = self.me();
        self.shared.with(|state| say(state, user, channel, &format!("<@{me}> {text}"), None, false, false))
    }

    /// A reply with the mention on, as Discord's clients do by themselves.
    pub fn reply(&self, user: &str, message: &str, text: &str) -> String {
        self.shared.with(|state| reply(state, user, message, text, true))
    }

    /// A reply with the mention switched off: the bot sees that it is one, and not what it says.
    pub fn reply_quietly(&self, user: &str, message: &str, text: &str) -> String {
        self.shared.with(|state| reply(state, user, message, text, false))
    }

    /// A message of a webhook, which mentions the bot.
    pub fn webhook(&self, channel: &str, text: &str) -> String {
        let me = self.me();
        self.shared.with(|state| {
            let user = state.snowflake().to_string();
            say(state, &user, channel, &format!("<@{me}> {text}"), None, false, true)
        })
    }

    // What is to be seen.

    /// What everybody in the channel sees, in order, without the "thinking" ones.
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        self.select(|message| message.channel == channel && message.only_for.is_none() && !message.loading)
    }

    /// What the bot wrote of it.
    pub fn posts(&self, channel: &str) -> Vec<Message> {
        let me = self.me();
        self.messages(channel).into_iter().filter(|message| message.author == me).collect()
    }

    /// What only this person saw, in order.
    pub fn ephemeral(&self, user: &str) -> Vec<Message> {
        self.select(|message| message.only_for.as_deref() == Some(user) && !message.loading)
    }

    /// How many "thinking" messages everybody in the channel sees.
    pub fn thinking(&self, channel: &str) -> usize {
        self.select(|message| message.channel == channel && message.loading && message.only_for.is_none()).len()
    }

    /// The message with this id, whoever sees it.
    pub fn message(&self, id: &str) -> Option<Message> {
        self.shared.with_quietly(|state| state.message(id).cloned())
    }

    /// The type of the first response to an interaction.
    pub fn response(&self, interaction: &str) -> Option<u64> {
        self.shared.with_quietly(|state| state.interactions.get(&number(interaction)).and_then(|known| known.response))
    }

    /// The registered commands: the guild's, or the global ones.
    pub fn commands(&self, guild: Option<&str>) -> Vec<Value> {
        self.shared.with_quietly(|state| state.commands.get(&guild.map(str::to_owned)).cloned().unwrap_or_default())
    }

    /// Every request that came in, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.with_quietly(|state| state.calls.clone())
    }

    /// In which channels the bot was shown as typing, in order.
    pub fn typing(&self) -> Vec<String> {
        self.shared.with_quietly(|state| state.typing.clone())
    }

    /// How many sessions were begun (IDENTIFY) and how many were gone on with (RESUME).
    pub fn sessions(&self) -> (u32, u32) {
        self.shared.with_quietly(|state| (state.gateway.identifies, state.gateway.resumes))
    }

    /// How many heartbeats came.
    pub fn heartbeats(&self) -> u32 {
        self.shared.with_quietly(|state| state.gateway.heartbeats)
    }

    // Waiting, for a state and never for a time.

    /// Waits until the bot is connected and its commands are registered.
    pub async fn wait_ready(&self) {
        self.until("the bot is ready", |fake| {
            let ready = fake.shared.with_quietly(|state| state.gateway.is_ready() && !state.commands.is_empty());
            ready.then_some(())
        })
        .await;
    }

    /// Waits until everybody in the channel sees such a message.
    pub async fn wait_for(&self, channel: &str, matches: impl Fn(&Message) -> bool) -> Message {
        self.until("a message in the channel", |fake| fake.messages(channel).into_iter().find(&matches)).await
    }

    /// Waits until this person alone sees such a message.
    pub async fn wait_ephemeral(&self, user: &str, matches: impl Fn(&Message) -> bool) -> Message {
        self.until("an ephemeral message", |fake| fake.ephemeral(user).into_iter().find(&matches)).await
    }

    /// Waits until the look at the fake brings something.
    ///
    /// # Panics
    /// When it does not within half a minute, with everything that is to be seen.
    pub async fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                changed.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => {
                let calls: Vec<String> =
                    self.calls().iter().map(|call| format!("{} {} {}", call.method, call.path, call.status)).collect();
                panic!("waited in vain for: {what}\n{:#?}\n{calls:#?}", self.select(|_| true))
            }
        }
    }

    // What goes wrong.

    /// The next request whose `METHOD /path` (without `/api/v10`) contains `route` meets this fault.
    pub fn fail_next(&self, route: &str, fault: Fault) {
        self.shared.with(|state| state.faults.push((route.to_owned(), fault)));
    }

    /// Requests whose `METHOD /path` contains `route` wait at the door.
    pub fn hold(&self, route: &str) {
        self.shared.with(|state| state.held.push(route.to_owned()));
    }

    /// They wait no longer.
    pub fn release(&self, route: &str) {
        self.shared.with(|state| state.held.retain(|held| held != route));
    }

    /// The next dispatch comes twice.
    pub fn duplicate_next(&self) {
        self.shared.with(|state| state.gateway.duplicate += 1);
    }

    /// The next dispatch never comes.
    pub fn lose_next(&self) {
        self.shared.with(|state| state.gateway.lose += 1);
    }

    /// Breaks the gateway's connection.
    pub fn break_gateway(&self, how: Break) {
        self.shared.with(|state| {
            let gateway = &mut state.gateway;
            match how {
                Break::Reconnect => gateway.end(Frame::Json(json!({ "op": 7, "d": null }))),
                Break::InvalidResumable => gateway.end(Frame::Json(json!({ "op": 9, "d": true }))),
                Break::Invalid => {
                    gateway.forget();
                    gateway.end(Frame::Json(json!({ "op": 9, "d": false })));
                }
                Break::Close(code) => {
                    if matches!(code, 1000 | 1001 | 4009) {
                        gateway.forget();
                    }
                    gateway.end(Frame::Close(Some(code)));
                }
                Break::CloseWithoutCode => gateway.end(Frame::Close(None)),
                Break::Cut => gateway.end(Frame::Cut),
            }
        });
    }

    /// The next IDENTIFY or RESUME is answered by this close code (4004 bad token, 4014 disallowed intents).
    pub fn refuse_identify(&self, code: u16) {
        self.shared.with(|state| state.gateway.refuse = Some(code));
    }

    /// From the next connection on, heartbeats are asked for this often, and not acknowledged while `silent`.
    pub fn heartbeats_every(&self, interval: Duration) {
        self.shared.with(|state| {
            state.gateway.heartbeat = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        });
    }

    /// Heartbeats are not acknowledged any more.
    pub fn ignore_heartbeats(&self) {
        self.shared.with(|state| state.gateway.silent = true);
    }

    /// Heartbeats are acknowledged again.
    pub fn acknowledge_heartbeats(&self) {
        self.shared.with(|state| state.gateway.silent = false);
    }

    /// READY does not come before [`FakeDiscord::release_ready`].
    pub fn hold_ready(&self) {
        self.shared.with(|state| state.gateway.hold_ready = true);
    }

    /// READY comes now.
    pub fn release_ready(&self) {
        let url = self.shared.gateway_url.clone();
        self.shared.with(|state| {
            state.gateway.hold_ready = false;
            gateway::ready(state, &url);
        });
    }

    /// The token that is taken from now on; [`TOKEN`] is not, if it is another one.
    pub fn change_token(&self, token: &str) {
        self.shared.with(|state| token.clone_into(&mut state.token));
    }

    fn select(&self, wanted: impl Fn(&Message) -> bool) -> Vec<Message> {
        self.shared.with_quietly(|state| state.messages.iter().filter(|message| wanted(message)).cloned().collect())
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

fn interact(state: &mut State, kind: u8, user: u64, channel: u64, data: Value, message: Option<&Message>) -> String {
    let id = state.snowflake();
    let token = format!("interaction-token-{id}");
    let guild = state.channels.get(&channel).and_then(|channel| channel.guild);
    let mut event = json!({
        "id": id.to_string(), "application_id": state.application.to_string(), "type": kind, "data": data,
        "channel_id": channel.to_string(), "token": token, "version": 1, "app_permissions": "2147483647",
        "locale": "en-US", "entitlements": [], "authorizing_integration_owners": {},
        "attachment_size_limit": 10_485_760,
    });
    match guild {
        Some(guild) => {
            event["guild_id"] = json!(guild.to_string());
            event["member"] = state.member_json(user);
        }
        None => event["user"] = state.user_json(user),
    }
    if let Some(message) = message {
        event["message"] = state.message_json(message);
    }
    let original = message.map(|message| message.id.clone());
    let at = state.now;
    let interaction = Interaction { token, kind, user, channel, at, response: None, original };
    state.interactions.insert(id, interaction);
    state.gateway.dispatch("INTERACTION_CREATE", &event);
    id.to_string()
}

fn reply(state: &mut State, user: &str, message: &str, text: &str, pings: bool) -> String {
    let Some(channel) = state.message(message).map(|message| message.channel.clone()) else {
        panic!("no message {message}")
    };
    say(state, user, &channel, text, Some(message), pings, false)
}

fn say(
    state: &mut State,
    user: &str,
    channel: &str,
    text: &str,
    reply_to: Option<&str>,
    pings: bool,
    webhook: bool,
) -> String {
    let mut message = state.blank(number(channel), number(user));
    text.clone_into(&mut message.content);
    message.reply_to = reply_to.map(str::to_owned);
    message.pings = pings;
    let mut event = state.message_json(&message);
    if webhook {
        event["webhook_id"] = json!(user);
    }
    let id = message.id.clone();
    state.messages.push(message);
    state.gateway.dispatch("MESSAGE_CREATE", &event);
    id
}
