//! One gateway session on serenity's shard runner, with its habits that do not suit us taken away:
//!
//! * serenity's client falls back to the public gateway when it cannot ask for the address. Here the address is a
//!   parameter, and the shard manager that the runner insists on has lost the queue with which it would start shards
//!   by itself.
//! * Event handlers get each event in a task of its own, so in any order. A collector's callback runs in the runner
//!   itself: the events go into one bounded queue in the order of the gateway.
//! * It logs whole events with the tokens that are in them: see [`crate::hush`].
//! * After a WebSocket close without a code the runner spins without a pause until its next heartbeat. It has a
//!   thread of its own, so nothing else stands still meanwhile.

use crate::{BotToken, hush::Hush, texts};
use serenity::{
    gateway::{
        CollectorCallback, GatewayError, Shard, ShardManager, ShardManagerOptions, ShardMessenger, ShardRunner,
        ShardRunnerOptions,
    },
    http::HttpBuilder,
    model::{
        application::Interaction,
        channel::Message,
        event::Event,
        gateway::{GatewayIntents, ShardInfo},
        id::{ShardId, UserId},
    },
    prelude::{RwLock, SerenityError, TypeMap},
};
use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

/// No MESSAGE_CONTENT: it is privileged, and mentions and direct messages have their content without it.
fn intents() -> GatewayIntents {
    GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES
}

/// Notes that may wait for the log.
const NOTES: usize = 16;
const CONNECT: Duration = Duration::from_secs(15);
/// The runner wakes twice a second when all is well; it stands still when a connection attempt hangs.
const PULSE: Duration = Duration::from_secs(30);

/// What came in, in the gateway's order.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A fresh session.
    Ready {
        me: UserId,
        application: String,
    },
    /// The session goes on after an interruption.
    Resumed,
    Message(Box<Message>),
    Interaction(Box<Interaction>),
    /// One of the two before, in a form that serenity does not understand.
    Unreadable(String),
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Open another one after a while; the text says why.
    Lost(String),
    /// A person must mend it; the text says how.
    Refused(&'static str),
}

/// A running session; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Session {
    ended: oneshot::Receiver<Ended>,
    notes: mpsc::Receiver<String>,
    _quit: oneshot::Sender<()>,
}

impl Session {
    /// Connects to the gateway at `url`.
    pub(crate) fn open(url: String, api: &str, token: &BotToken, arrivals: mpsc::Sender<Arrival>) -> Self {
        let (quit, quitting) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let (api, token) = (api.to_owned(), token.0.trim().to_owned());
        let (note, notes) = mpsc::channel(NOTES);
        let work = move || match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(session(url, &api, &token, arrivals, quitting)),
            Err(error) => Ended::Lost(error.to_string()),
        };
        let spawned = thread::Builder::new().name("discord-gateway".into()).spawn(move || {
            // Nobody listens any more after a stop.
            drop(end.send(tracing::subscriber::with_default(Hush::new(note), work)));
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread for the Discord gateway");
        }
        Self { ended, notes, _quit: quit }
    }

    /// The next thing that went wrong and did not end the session, for the log.
    pub(crate) async fn note(&mut self) -> Option<String> {
        self.notes.recv().await
    }

    /// Resolves when the session is over.
    pub(crate) async fn ended(&mut self) -> Ended {
        (&mut self.ended).await.unwrap_or_else(|_| Ended::Lost(texts::SILENT.to_owned()))
    }
}

async fn session(
    url: String,
    api: &str,
    token: &str,
    arrivals: mpsc::Sender<Arrival>,
    quitting: oneshot::Receiver<()>,
) -> Ended {
    let url = Arc::new(serenity::prelude::Mutex::new(url));
    // The runner hands this client to event handlers; there are none, and no request is made with it.
    let http = Arc::new(HttpBuilder::new(token).proxy(api).ratelimiter_disabled(true).build());
    let data = Arc::new(RwLock::new(TypeMap::new()));
    let Some(manager) = idle_manager(&url, &http, &data) else {
        return Ended::Lost("no runtime for the shard manager".to_owned());
    };
    let info = ShardInfo { id: ShardId(0), total: 1 };
    let shard = match timeout(CONNECT, Shard::new(Arc::clone(&url), token, info, intents(), None)).await {
        Ok(Ok(shard)) => shard,
        Ok(Err(error)) => return Ended::Lost(format!("no connection to the Discord gateway: {error}")),
        Err(_) => return Ended::Lost("no connection to the Discord gateway: no answer".to_owned()),
    };
    let mut runner = ShardRunner::new(ShardRunnerOptions {
        data,
        event_handlers: Vec::new(),
        raw_event_handlers: Vec::new(),
        manager: Arc::clone(&manager),
        shard,
        http,
    });
    let messenger = ShardMessenger::new(&runner);
    messenger.add_collector(CollectorCallback(Box::new(move |event| collect(event, &url, &arrivals))));
    // When the session cannot be resumed, the runner asks the manager for a new one and waits for the old one's end
    // first: it is told here, so that `run` returns at once.
    manager.shutdown_finished(ShardId(0));

    let pulse = Arc::new(Mutex::new(Instant::now()));
    let beat = Arc::clone(&pulse);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut run = pin!(runner.run());
        poll_fn(|context| {
            *beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            match run.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(ended(outcome)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    });
    let mut watch = interval(PULSE / 4);
    watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut quitting = pin!(quitting);
    loop {
        tokio::select! {
            outcome = tasks.join_next() => {
                return match outcome {
                    Some(Ok(ended)) => ended,
                    Some(Err(_)) | None => Ended::Lost(texts::SILENT.to_owned()),
                };
            }
            // Without a close frame: the runner would take the server's answer to it for an interruption, and resume.
            _ = &mut quitting => return Ended::Lost("stopped".to_owned()),
            _ = watch.tick() => {
                let last = *pulse.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() > PULSE {
                    return Ended::Lost(texts::SILENT.to_owned());
                }
            }
        }
    }
}

/// A shard manager whose queue lived on a runtime that is gone: it can start nothing.
fn idle_manager(
    url: &Arc<serenity::prelude::Mutex<String>>,
    http: &Arc<serenity::http::Http>,
    data: &Arc<RwLock<TypeMap>>,
) -> Option<Arc<ShardManager>> {
    let nowhere = runtime::Builder::new_current_thread().build().ok()?;
    let manager = {
        let _entered = nowhere.enter();
        let (manager, _results) = ShardManager::new(ShardManagerOptions {
            data: Arc::clone(data),
            event_handlers: Vec::new(),
            raw_event_handlers: Vec::new(),
            shard_index: 0,
            shard_init: 0,
            shard_total: 1,
            ws_url: Arc::clone(url),
            http: Arc::clone(http),
            intents: intents(),
            presence: None,
        });
        manager
    };
    nowhere.shutdown_background();
    Some(manager)
}

/// Puts what concerns us into the queue; `false` ends the collecting.
fn collect(event: &Event, url: &serenity::prelude::Mutex<String>, arrivals: &mpsc::Sender<Arrival>) -> bool {
    let arrival = match event {
        Event::Ready(ready) => {
            // serenity reads the address for resuming and does not use it. The runner is here, not at connecting, so
            // the lock is free.
            if let Ok(mut url) = url.try_lock() {
                url.clone_from(&ready.ready.resume_gateway_url);
            }
            let application = ready.ready.application.id.to_string();
            Arrival::Ready { me: ready.ready.user.id, application }
        }
        Event::Resumed(_) => Arrival::Resumed,
        Event::MessageCreate(event) => Arrival::Message(Box::new(event.message.clone())),
        Event::InteractionCreate(event) => Arrival::Interaction(Box::new(event.interaction.clone())),
        // serenity makes this of what it does not know, and of what it cannot read.
        Event::Unknown(event) if matches!(event.kind.as_str(), "MESSAGE_CREATE" | "INTERACTION_CREATE") => {
            Arrival::Unreadable(event.kind.clone())
        }
        _ => return true,
    };
    match arrivals.try_send(arrival) {
        Ok(()) => true,
        Err(mpsc::error::TrySendError::Full(_)) => {
            tracing::error!("too many Discord events wait for the store; one is lost");
            true
        }
        Err(mpsc::error::TrySendError::Closed(_)) => false,
    }
}

fn ended(outcome: Result<(), SerenityError>) -> Ended {
    match outcome {
        Ok(()) => Ended::Lost(texts::RECONNECTING.to_owned()),
        Err(SerenityError::Gateway(GatewayError::InvalidAuthentication)) => Ended::Refused(texts::TOKEN_REFUSED),
        Err(SerenityError::Gateway(GatewayError::InvalidGatewayIntents | GatewayError::DisallowedGatewayIntents)) => {
            Ended::Refused(texts::INTENTS_REFUSED)
        }
        Err(error) => Ended::Lost(error.to_string()),
    }
}
