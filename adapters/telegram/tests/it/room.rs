//! What the stories share: an adapter that runs against a fake, and an intake that remembers.

use contract::{
    Adapter, AdapterFailure, Block, Body, BoxFuture, Button, ButtonStyle, ChannelRef, Connection, DeliveryError,
    Inbound, Intake, IntakeError, MessageRef, Outbound, OutboundId, OutboundKind, Platform, Stop, StopHandle, Token,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use telegram::{Clock, Config, Telegram, fake::FakeTelegram};
use tokio::{sync::watch, task::JoinSet};

/// An intake in memory. `refuse` many offers fail before one is stored.
#[derive(Debug)]
pub(crate) struct Inbox {
    stored: Mutex<Vec<Inbound>>,
    offered: Mutex<Vec<Inbound>>,
    connections: Mutex<Vec<Connection>>,
    refuse: AtomicUsize,
    changed: watch::Sender<()>,
}

impl Inbox {
    pub(crate) fn new() -> Arc<Self> {
        Self::refusing(0)
    }

    pub(crate) fn refusing(offers: usize) -> Arc<Self> {
        Arc::new(Self {
            stored: Mutex::default(),
            offered: Mutex::default(),
            connections: Mutex::default(),
            refuse: AtomicUsize::new(offers),
            changed: watch::Sender::new(()),
        })
    }

    pub(crate) fn stored(&self) -> Vec<Inbound> {
        self.stored.lock().unwrap().clone()
    }

    pub(crate) fn offered(&self) -> Vec<Inbound> {
        self.offered.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.connections.lock().unwrap().clone()
    }

    /// Waits until so many are stored, and returns them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Inbound> {
        self.until(|inbox| inbox.stored().len() >= count).await;
        self.stored()
    }

    pub(crate) async fn until(&self, wanted: impl Fn(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        let become_so = async {
            while !wanted(self) {
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), become_so).await;
        assert!(waited.is_ok(), "waited in vain: {self:#?}");
    }
}

impl Intake for Inbox {
    fn accept<'a>(&'a self, inbound: Inbound) -> BoxFuture<'a, Result<(), IntakeError>> {
        Box::pin(async move {
            self.offered.lock().unwrap().push(inbound.clone());
            let refused =
                self.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            if !refused {
                self.stored.lock().unwrap().push(inbound);
            }
            self.changed.send_replace(());
            if refused { Err(IntakeError("the disk is full".into())) } else { Ok(()) }
        })
    }

    fn connection(&self, connection: Connection) {
        self.connections.lock().unwrap().push(connection);
        self.changed.send_replace(());
    }
}

pub(crate) fn adapter(config: Config) -> Arc<Telegram> {
    let clock = Clock::new(|| "2026-01-05T09:00:00Z".parse().unwrap());
    Arc::new(Telegram::new(config, clock).unwrap())
}

/// An adapter that is running.
pub(crate) struct Running {
    stop: Option<StopHandle>,
    tasks: JoinSet<Result<(), AdapterFailure>>,
}

impl Running {
    pub(crate) fn start(adapter: Arc<Telegram>, inbox: Arc<Inbox>) -> Self {
        let (handle, stop): (StopHandle, Stop) = StopHandle::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { adapter.run(inbox.as_ref(), stop).await });
        Self { stop: Some(handle), tasks }
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<(), AdapterFailure> {
        drop(self.stop.take());
        self.end().await
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(mut self) -> Result<(), AdapterFailure> {
        self.tasks.join_next().await.unwrap().unwrap()
    }

    /// Takes it away in the middle of whatever it does.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

pub(crate) fn channel(chat: i64) -> ChannelRef {
    ChannelRef::new(Platform::Telegram, chat.to_string())
}

pub(crate) fn message(chat: i64, id: i64) -> MessageRef {
    MessageRef { channel: channel(chat), id: id.to_string() }
}

pub(crate) fn outbound(to: ChannelRef, kind: OutboundKind, body: Body) -> Outbound {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Outbound { id: OutboundId(format!("{:022}", NEXT.fetch_add(1, Ordering::SeqCst))), to, kind, body }
}

pub(crate) fn post(chat: i64, body: Body) -> Outbound {
    outbound(channel(chat), OutboundKind::Post { reply_to: None }, body)
}

pub(crate) fn edit(message: MessageRef, body: Body) -> Outbound {
    outbound(message.channel.clone(), OutboundKind::Edit { message }, body)
}

pub(crate) fn buttons(labels: &[&str]) -> Block {
    let button = |label: &&str| Button {
        label: (*label).to_owned(),
        token: Token(format!("token-of-{label}")),
        style: ButtonStyle::Neutral,
    };
    Block::Buttons(labels.iter().map(button).collect())
}

/// A fake, its adapter, and one person with a private chat.
pub(crate) async fn room() -> (FakeTelegram, Arc<Telegram>, i64) {
    let fake = FakeTelegram::start().await;
    let adapter = adapter(fake.config());
    let ada = fake.person("Ada");
    (fake, adapter, ada)
}

pub(crate) async fn refused(adapter: &Telegram, outbound: &Outbound) -> DeliveryError {
    match adapter.deliver(outbound).await {
        Ok(message) => panic!("delivered as {message:?}"),
        Err(error) => error,
    }
}
