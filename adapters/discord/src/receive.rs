//! From the gateway to the intake, in order; a first response goes to Discord only after the intake has committed.

use crate::{
    Discord, commands,
    gateway::{Arrival, Ended, Session},
    inbound,
    receipt::Interaction,
    refusal::{CallError, code},
    route::Route,
    sender::Sender,
    texts,
};
use contract::{AdapterFailure, Connection, Inbound, Intake, Stop};
use serde::Deserialize;
use serde_json::json;
use serenity::model::id::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Events that may wait for the store. More than that within the seconds that an interaction lives is an attack.
const QUEUE: usize = 1_024;
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// First responses under way at once; each takes three seconds at most.
const ACKNOWLEDGING: usize = 64;
/// Between two attempts to store the same inbound.
const STORE_AGAIN: Duration = Duration::from_millis(250);
/// Attempts to register the commands, at most two minutes apart.
const REGISTRATIONS: u32 = 8;

/// The first responses that are on their way. An answer must not overtake its own: Discord knows no such interaction
/// before.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements(Mutex<HashMap<String, watch::Sender<()>>>);

impl Acknowledgements {
    /// The first of a doubled event counts.
    fn expect(&self, interaction: &str) {
        self.lock().entry(interaction.to_owned()).or_insert_with(|| watch::Sender::new(()));
    }

    fn done(&self, interaction: &str) {
        self.lock().remove(interaction);
    }

    /// Waits until the interaction's first response is through, or has failed.
    pub(crate) async fn settled(&self, interaction: &str) {
        let Some(mut pending) = self.lock().get(interaction).map(watch::Sender::subscribe) else { return };
        // Nothing is ever sent: the end of the sender is the news. No response is worth more than its three seconds.
        let end = timeout(Duration::from_secs(5), pending.changed()).await;
        tracing::trace!(?end, interaction, "first response settled");
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct GatewayAddress {
    url: String,
    session_start_limit: SessionStartLimit,
}

/// Discord allows a thousand sessions a day, and resets the token of a bot that begins more.
#[derive(Deserialize)]
struct SessionStartLimit {
    remaining: u64,
    /// Milliseconds.
    reset_after: u64,
}

enum Outcome {
    Stopped,
    Ended(Ended),
}

pub(crate) async fn run(discord: &Discord, intake: &dyn Intake, stop: Stop) -> Result<(), AdapterFailure> {
    let mut receiver = Receiver {
        discord,
        intake,
        stop: &stop,
        me: None,
        up: false,
        wait: Duration::ZERO,
        acknowledging: JoinSet::new(),
        registering: JoinSet::new(),
        registered: false,
    };
    let mut wait = discord.config.reconnect;
    let result = loop {
        match receiver.session().await {
            Outcome::Stopped => break Ok(()),
            Outcome::Ended(Ended::Refused(text)) => {
                intake.connection(Connection::Down(text.to_owned()));
                break Err(AdapterFailure(text.to_owned()));
            }
            Outcome::Ended(Ended::Lost(why)) => {
                tracing::warn!(%why, "Discord gateway lost");
                intake.connection(Connection::Down(why));
            }
        }
        wait = if receiver.up { discord.config.reconnect } else { (wait * 2).min(LONGEST_WAIT) };
        tokio::select! {
            () = sleep(wait.max(receiver.wait)) => {}
            () = stop.stopped() => break Ok(()),
        }
    };
    // What is committed is acknowledged also while stopping; each takes three seconds at most.
    while receiver.acknowledging.join_next().await.is_some() {}
    result
}

struct Receiver<'a> {
    discord: &'a Discord,
    intake: &'a dyn Intake,
    stop: &'a Stop,
    /// Our own user, known from READY.
    me: Option<UserId>,
    /// Whether the last session became ready.
    up: bool,
    /// How long Discord wants no new session.
    wait: Duration,
    acknowledging: JoinSet<()>,
    registering: JoinSet<bool>,
    /// Whether the commands are with Discord; once in a process is enough.
    registered: bool,
}

impl Receiver<'_> {
    async fn session(&mut self) -> Outcome {
        self.up = false;
        self.wait = Duration::ZERO;
        let sender = &self.discord.sender;
        let address: GatewayAddress = match sender.get(Route::gateway()).await {
            Ok(address) => address,
            Err(CallError::Api(error)) if error.status == 401 => {
                return Outcome::Ended(Ended::Refused(texts::TOKEN_REFUSED));
            }
            Err(error) => return Outcome::Ended(Ended::Lost(format!("no gateway address: {}", error.repeatable()))),
        };
        if address.session_start_limit.remaining == 0 {
            self.wait = Duration::from_millis(address.session_start_limit.reset_after);
            return Outcome::Ended(Ended::Lost(texts::NO_SESSION_LEFT.to_owned()));
        }
        let (arrivals, mut queue) = mpsc::channel(QUEUE);
        let mut session = Session::open(address.url, sender.base(), &self.discord.config.token, arrivals);
        let deadline = Instant::now() + self.discord.config.ready_within;
        loop {
            tokio::select! {
                arrival = queue.recv() => match arrival {
                    Some(arrival) => self.take(arrival).await,
                    // The session is over, and what came before its end is handed in.
                    None => return Outcome::Ended(session.ended().await),
                },
                Some(note) = session.note() => tracing::warn!(note, "Discord gateway"),
                Some(_) = self.acknowledging.join_next() => {}
                Some(outcome) = self.registering.join_next() => self.registered = outcome.unwrap_or(false),
                () = sleep_until(deadline), if !self.up => {
                    return Outcome::Ended(Ended::Lost(texts::NOT_READY.to_owned()));
                }
                () = self.stop.stopped() => return Outcome::Stopped,
            }
        }
    }

    async fn take(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Ready { me, application } => {
                self.me = Some(me);
                self.up = true;
                self.intake.connection(Connection::Up);
                if !self.registered && self.registering.is_empty() {
                    let guilds = self.discord.config.guilds.clone();
                    self.registering.spawn(register(Arc::clone(&self.discord.sender), application, guilds));
                }
            }
            Arrival::Resumed => self.intake.connection(Connection::Up),
            Arrival::Unreadable(event) => tracing::error!(event, "a Discord event cannot be read, and is lost"),
            Arrival::Message(message) => {
                if let Some(inbound) = self.me.and_then(|me| inbound::message(&message, me)) {
                    self.store(inbound).await;
                }
            }
            Arrival::Interaction(interaction) => {
                if let Some((receipt, inbound)) = inbound::interaction(&interaction) {
                    let pending = &self.discord.acknowledgements;
                    pending.expect(&receipt.id);
                    if self.store(inbound).await {
                        if self.acknowledging.len() >= ACKNOWLEDGING {
                            self.acknowledging.join_next().await;
                        }
                        let sender = Arc::clone(&self.discord.sender);
                        self.acknowledging.spawn(acknowledge(sender, Arc::clone(pending), receipt));
                    } else {
                        pending.done(&receipt.id);
                    }
                }
            }
        }
    }

    /// Offers the inbound until it is stored; `false` when stopped before. What comes after it waits, in order.
    async fn store(&self, inbound: Inbound) -> bool {
        loop {
            match self.intake.accept(inbound.clone()).await {
                Ok(()) => return true,
                Err(error) => tracing::warn!(%error, "Discord event waits for the store"),
            }
            tokio::select! {
                () = sleep(STORE_AGAIN) => {}
                () = self.stop.stopped() => return false,
            }
        }
    }
}

/// The first response: "thinking" for a command, nothing to see for a button. It is tried twice, because without it
/// the interaction is void.
async fn acknowledge(sender: Arc<Sender>, pending: Arc<Acknowledgements>, interaction: Interaction) {
    let body = json!({ "type": interaction.kind.deferred() });
    let respond = || sender.tell(Route::callback(&interaction.id, &interaction.token), &body);
    let outcome = match respond().await {
        Err(error) if error.may_pass() => respond().await,
        outcome => outcome,
    };
    match outcome {
        Ok(()) => {}
        // The same event came twice, or the first attempt was heard.
        Err(CallError::Api(error)) if error.code == code::ALREADY_ACKNOWLEDGED => {}
        // Too late or not through: the answer goes another way.
        Err(error) => {
            tracing::warn!(?error, interaction = %interaction.id, "no first response to a Discord interaction")
        }
    }
    pending.done(&interaction.id);
}

/// Overwrites the commands in each guild, or globally; `false` when Discord would not have them.
async fn register(sender: Arc<Sender>, application: String, guilds: Vec<String>) -> bool {
    let commands = commands::commands();
    let places = if guilds.is_empty() { vec![None] } else { guilds.iter().map(Some).collect() };
    for guild in places {
        let mut wait = Duration::from_secs(1);
        let mut left = REGISTRATIONS;
        loop {
            let route = Route::put_commands(&application, guild.map(String::as_str));
            wait = match sender.tell(route, &commands).await {
                Ok(()) => break,
                Err(CallError::Wait(asked)) => asked.after,
                Err(CallError::Api(error)) if error.status < 500 => {
                    tracing::error!(?error, ?guild, "Discord refuses the slash commands");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(?error, ?guild, "slash commands not registered yet");
                    (wait * 2).min(LONGEST_WAIT)
                }
            };
            left -= 1;
            if left == 0 {
                return false;
            }
            sleep(wait).await;
        }
    }
    true
}
