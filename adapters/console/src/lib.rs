//! The local web chat: a chat platform of its own, which keeps its messages itself and serves the page to read them.
//!
//! [`Console::bind`] takes the port and reads the log, [`Console::url`] and [`Console::one_time_link`] say where to
//! go, and [`contract::Adapter::run`] serves until stop. What a person does is on the disk before the core is asked
//! to accept it and visible only afterwards; what the bot says is on the disk before `deliver` returns. A browser
//! reads by server-sent events that are made from what is stored, so a lost connection loses nothing.
//!
//! - `config`: what it is told at start
//! - `message`, `log`, `chat`: the lines of the log, the log on disk, and what happens to a message
//! - `intake`: from the page to the core
//! - `session`, `guard`: who may, and from where
//! - `http`, `feed`, `wire`: the requests, the live stream, the JSON
//! - `assets/`: the page, without a build step and without anything from elsewhere

mod chat;
mod config;
mod feed;
mod guard;
mod http;
mod intake;
mod log;
mod message;
mod session;
mod shared;
#[cfg(feature = "testing")]
pub mod testing;
mod texts;
mod wire;

pub use config::{BindError, Clean, Clock, Config, Link, Room, SignIn, User};
pub use session::hash_password;

use chat::Chat;
use contract::{
    Adapter, AdapterFailure, BoxFuture, ChannelRef, Connection, DeliveryError, Intake, Limits, MessageRef, Outbound,
    Platform, Stop, Unit,
};
use futures::stream::{FuturesUnordered, StreamExt};
use session::Door;
use shared::Shared;
use std::{
    future::IntoFuture,
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc, watch};

/// What one message holds. Nothing forces these numbers but a readable page and a log of bearable size.
const LIMITS: Limits = Limits {
    text: 32_000,
    unit: Unit::Chars,
    buttons: 25,
    token_bytes: 64,
    files: 10,
    file_bytes: 4 << 20,
    edits: true,
};
/// Jobs that wait, jobs at work, and open event streams.
const QUEUE: usize = 64;
const AT_WORK: usize = 16;
const READERS: usize = 128;
/// How long requests may take to finish after stop.
const DRAIN: Duration = Duration::from_secs(5);

/// The web chat.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
    shared: Arc<Shared>,
}

impl Console {
    /// Takes the port and reads the message log.
    ///
    /// # Errors
    /// When the configuration cannot work, the port is taken, or the log cannot be read.
    pub fn bind(config: Config) -> Result<Self, BindError> {
        config::check(&config)?;
        let listener = listen(config.listen)?;
        let address = listener.local_addr().map_err(|cause| BindError::Listen { address: config.listen, cause })?;
        let public = config.public_url.as_deref();
        let shared = Shared {
            door: Door::new(config.sign_in.clone()),
            hosts: Arc::new(guard::Hosts::new(address, public)),
            // Cookies do not know ports: two consoles on one machine must not sign each other out.
            cookie: format!("roundsman_{}", address.port()),
            secure_cookie: public.is_some_and(|url| url.starts_with("https://")),
            jobs: Mutex::new(None),
            closing: watch::Sender::new(false),
            readers: Arc::new(Semaphore::new(READERS)),
            chat: Arc::new(Chat::open(config)?),
        };
        Ok(Self { address, listener: Mutex::new(Some(listener)), shared: Arc::new(shared) })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open, without a slash at its end.
    pub fn url(&self) -> String {
        match &self.shared.chat.config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.address),
        }
    }

    /// A fresh link that signs in once; the latest eight that are unused are good. `None` where people sign in by
    /// password.
    pub fn one_time_link(&self) -> Option<String> {
        Some(format!("{}/sign-in/{}", self.url(), self.shared.door.link()?))
    }

    async fn serve(&self, intake: &dyn Intake, stop: Stop) -> Result<(), AdapterFailure> {
        let failed = |text: String| AdapterFailure(format!("the console cannot listen on {}: {text}", self.address));
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let listener = match listener {
            Some(listener) => listener,
            None => listen(self.address).map_err(|error| failed(error.to_string()))?,
        };
        let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| failed(error.to_string()))?;

        let (sender, mut jobs) = mpsc::channel(QUEUE);
        *self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        self.shared.closing.send_replace(false);
        let chat = &self.shared.chat;
        let mut again: FuturesUnordered<_> = chat
            .pending()
            .into_iter()
            .map(|number| intake::offer_again(Arc::clone(chat), intake, stop.clone(), number))
            .collect();
        let mut at_work = FuturesUnordered::new();

        let shared = Arc::clone(&self.shared);
        let stopping = stop.clone();
        let app = http::router(Arc::clone(&self.shared)).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, app).with_graceful_shutdown(async move {
            stopping.stopped().await;
            shared.closing.send_replace(true);
        });
        let mut server = pin!(server.into_future());
        let mut drained = pin!(async {
            stop.stopped().await;
            tokio::time::sleep(DRAIN).await;
        });
        intake.connection(Connection::Up);
        let mut serving = true;
        let outcome = loop {
            tokio::select! {
                // What has come in is brought to the core before the end of the server counts.
                biased;
                Some(()) = at_work.next(), if !at_work.is_empty() => {}
                Some(job) = jobs.recv(), if at_work.len() < AT_WORK => {
                    at_work.push(intake::work(Arc::clone(chat), intake, job));
                }
                Some(()) = again.next(), if !again.is_empty() => {}
                ended = &mut server, if serving => {
                    serving = false;
                    *self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    if let Err(error) = ended {
                        break Err(failed(error.to_string()));
                    }
                }
                () = &mut drained => break Ok(()),
                else => break Ok(()),
            }
            if !serving && at_work.is_empty() && again.is_empty() && jobs.is_empty() {
                break Ok(());
            }
        };
        *self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        intake.connection(Connection::Down("stopped".into()));
        outcome
    }
}

impl Drop for Console {
    /// Requests that are still open end, and the log is free at once for whoever opens it next.
    fn drop(&mut self) {
        self.shared.closing.send_replace(true);
        self.shared.chat.close();
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, BindError> {
    let failed = |cause| BindError::Listen { address, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

impl Adapter for Console {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn run<'a>(&'a self, intake: &'a dyn Intake, stop: Stop) -> BoxFuture<'a, Result<(), AdapterFailure>> {
        Box::pin(self.serve(intake, stop))
    }

    fn deliver<'a>(&'a self, message: &'a Outbound) -> BoxFuture<'a, Result<MessageRef, DeliveryError>> {
        Box::pin(async move {
            let message = message.clone();
            let delivered = intake::blocking(&self.shared.chat, move |chat| chat.deliver(&message)).await;
            delivered.unwrap_or_else(|error| Err(DeliveryError::Ambiguous(error.to_string())))
        })
    }

    fn working<'a>(&'a self, channel: &'a ChannelRef) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if self.shared.chat.room(&channel.id).is_some() {
                self.shared.chat.set_working(&channel.id);
            }
        })
    }
}
