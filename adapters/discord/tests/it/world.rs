//! An adapter that runs against a fake Discord, and an intake that remembers.

use contract::{
    Adapter, AdapterFailure, Body, BoxFuture, ChannelRef, Connection, DeliveryError, Inbound, Intake, IntakeError,
    MessageRef, Outbound, OutboundId, OutboundKind, Platform, Stop, StopHandle, Visibility,
};
use discord::{Config, Discord, fake::FakeDiscord};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Heard {
    accepted: Vec<Inbound>,
    offered: u32,
    connections: Vec<Connection>,
    refuse: u32,
    held: bool,
}

/// An intake that keeps what it accepts, and can be told not to.
pub(crate) struct Recorder {
    heard: watch::Sender<Heard>,
}

impl Recorder {
    async fn until<T>(&self, what: &str, look: impl Fn(&Heard) -> Option<T>) -> T {
        let mut changed = self.heard.subscribe();
        let found = timeout(PATIENCE, changed.wait_for(|heard| look(heard).is_some())).await;
        let heard = found.unwrap_or_else(|_| panic!("waited in vain for {what}")).unwrap();
        look(&heard).unwrap()
    }

    /// The first `count` inbounds.
    pub(crate) async fn inbounds(&self, count: usize) -> Vec<Inbound> {
        self.until("inbounds", |heard| (heard.accepted.len() >= count).then(|| heard.accepted.clone())).await
    }

    pub(crate) async fn inbound(&self, number: usize) -> Inbound {
        self.inbounds(number + 1).await.swap_remove(number)
    }

    pub(crate) fn count(&self) -> usize {
        self.heard.borrow().accepted.len()
    }

    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.heard.borrow().connections.clone()
    }

    pub(crate) async fn connected(&self, wanted: impl Fn(&[Connection]) -> bool) -> Vec<Connection> {
        self.until("a connection", |heard| wanted(&heard.connections).then(|| heard.connections.clone())).await
    }

    /// The next offers are refused.
    pub(crate) fn refuse(&self, times: u32) {
        self.heard.send_modify(|heard| heard.refuse = times);
    }

    pub(crate) async fn offered(&self, times: u32) {
        self.until("an offer", |heard| (heard.offered >= times).then_some(())).await;
    }

    /// Offers wait before they are accepted.
    pub(crate) fn hold(&self, held: bool) {
        self.heard.send_modify(|heard| heard.held = held);
    }
}

impl Intake for Recorder {
    fn accept<'a>(&'a self, inbound: Inbound) -> BoxFuture<'a, Result<(), IntakeError>> {
        Box::pin(async move {
            self.heard.send_modify(|heard| heard.offered += 1);
            let mut heard = self.heard.subscribe();
            heard.wait_for(|heard| !heard.held).await.map(drop).unwrap();
            let mut refused = false;
            self.heard.send_modify(|heard| {
                refused = heard.refuse > 0;
                heard.refuse = heard.refuse.saturating_sub(1);
                if !refused {
                    heard.accepted.push(inbound);
                }
            });
            if refused { Err(IntakeError("the disk is full".into())) } else { Ok(()) }
        })
    }

    fn connection(&self, connection: Connection) {
        self.heard.send_modify(|heard| heard.connections.push(connection));
    }
}

pub(crate) struct World {
    pub(crate) fake: FakeDiscord,
    pub(crate) adapter: Arc<Discord>,
    pub(crate) intake: Arc<Recorder>,
    pub(crate) alice: String,
    pub(crate) ops: String,
    stop: StopHandle,
    running: JoinSet<Result<(), AdapterFailure>>,
    outbounds: AtomicU32,
}

impl World {
    /// Connected, with commands registered.
    pub(crate) async fn new() -> Self {
        let world = Self::starting(|_| {}).await;
        world.fake.wait_ready().await;
        world.intake.connected(|connections| connections.contains(&Connection::Up)).await;
        world
    }

    /// Running, after the fake and the configuration were prepared.
    pub(crate) async fn prepared(prepare: impl FnOnce(&FakeDiscord, &mut Config)) -> Self {
        let fake = FakeDiscord::start().await;
        let mut config = fake.config();
        prepare(&fake, &mut config);
        let adapter = Arc::new(Discord::new(config).unwrap());
        let intake = Arc::new(Recorder { heard: watch::Sender::default() });
        let (stop, stopped) = StopHandle::new();
        let mut running = JoinSet::new();
        running.spawn(run(Arc::clone(&adapter), Arc::clone(&intake), stopped));
        let (alice, ops) = (fake.user("alice"), fake.channel("ops"));
        Self { fake, adapter, intake, alice, ops, stop, running, outbounds: AtomicU32::default() }
    }

    pub(crate) async fn starting(prepare: impl FnOnce(&FakeDiscord)) -> Self {
        Self::prepared(|fake, _| prepare(fake)).await
    }

    /// How `run` ended by itself.
    pub(crate) async fn ended(&mut self) -> Result<(), AdapterFailure> {
        timeout(PATIENCE, self.running.join_next()).await.unwrap().unwrap().unwrap()
    }

    /// Says stop, and waits for the end.
    pub(crate) async fn finish(mut self) {
        self.stop.stop();
        self.ended().await.unwrap();
    }

    /// The same, with something that happens after stop was said; the fake stays for a last look.
    pub(crate) async fn finish_while(mut self, act: impl AsyncFnOnce(&Self)) -> FakeDiscord {
        self.stop.stop();
        act(&self).await;
        self.ended().await.unwrap();
        self.fake
    }

    /// Some requests elsewhere, one after another: what should not have waited has arrived after them.
    pub(crate) async fn chat(&self) {
        let lounge = self.fake.channel("lounge");
        for _ in 0..5 {
            self.deliver(&self.to(&lounge, OutboundKind::Post { reply_to: None }, Body::text("…"))).await.unwrap();
        }
    }

    pub(crate) fn slash(&self, command: &str, options: &[(&str, &str)]) -> String {
        self.fake.slash(&self.alice, &self.ops, command, options)
    }

    pub(crate) fn to(&self, channel: &str, kind: OutboundKind, body: Body) -> Outbound {
        let number = self.outbounds.fetch_add(1, Ordering::Relaxed);
        let to = ChannelRef::new(Platform::Discord, channel);
        Outbound { id: OutboundId(format!("outbound-{number:013}")), to, kind, body }
    }

    pub(crate) fn post(&self, body: Body) -> Outbound {
        self.to(&self.ops, OutboundKind::Post { reply_to: None }, body)
    }

    pub(crate) fn answer(&self, inbound: &Inbound, visibility: Visibility, body: Body) -> Outbound {
        let kind = OutboundKind::Answer {
            receipt: inbound.receipt.clone(),
            reply_to: inbound.message.clone().or_else(|| inbound.reply_to.clone()),
            visibility,
        };
        self.to(&inbound.channel.id, kind, body)
    }

    pub(crate) async fn deliver(&self, outbound: &Outbound) -> Result<MessageRef, DeliveryError> {
        self.adapter.deliver(outbound).await
    }
}

async fn run(adapter: Arc<Discord>, intake: Arc<Recorder>, stop: Stop) -> Result<(), AdapterFailure> {
    adapter.run(intake.as_ref(), stop).await
}
