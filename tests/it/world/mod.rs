//! The words that stories are written in: a bot over real parts, a chat with people in it, and a clock to move.

pub(crate) mod bot;
pub(crate) mod chat;
pub(crate) mod checkout;
pub(crate) mod console;
pub(crate) mod embedded;
pub(crate) mod front;
pub(crate) mod gate;
pub(crate) mod lives;
pub(crate) mod model;
pub(crate) mod process;
pub(crate) mod server;
pub(crate) mod shapes;

use bot::{Bot, Outside};
use chat::Chat;
use chrono::{DateTime, TimeDelta, Utc};
use control_plane::{ControlPlane, Cursor, Identity};
use roundsman::clock::{Clock, ManualClock};
use std::time::Duration;

/// Nothing in a story takes longer than this, however busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a state by looking at it again and again; panics with what was waited for.
pub(crate) async fn eventually<T>(what: &str, state: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_with(state).await.unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// The same, for who has more to say when it was in vain.
pub(crate) async fn eventually_with<T>(mut state: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let looking = async {
        let mut every = tokio::time::interval(Duration::from_millis(50));
        loop {
            every.tick().await;
            if let Some(found) = state().await {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.ok()
}

/// The shared control plane, started off the runtime's threads because it blocks.
pub(crate) async fn plane() -> &'static ControlPlane {
    tokio::task::spawn_blocking(ControlPlane::shared).await.unwrap()
}

/// A bot on a real control plane, with one chat.
pub(crate) struct World {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) namespace: String,
    pub(crate) chat: Chat,
    pub(crate) time: Time,
    pub(crate) bot: Bot,
    began: Cursor,
    _covered: shapes::Covered,
}

impl World {
    /// A bot that is ready, in a fresh namespace, with this chat and these people in it.
    pub(crate) async fn new(chat: Chat, model: Option<String>) -> Self {
        Self::with(chat, model, |text| text).await
    }

    /// The same with another configuration.
    pub(crate) async fn with(chat: Chat, model: Option<String>, change: impl FnOnce(String) -> String) -> Self {
        let outside = Outside::of(plane().await, &chat, model);
        let mut world = Self::before_its_bot(chat, &outside).await;
        world.bot.settings.text = change(std::mem::take(&mut world.bot.settings.text));
        world.bot.start(world.time.clock.clone()).await;
        world.chat.ready().await;
        world
    }

    /// The same with the bot not started.
    pub(crate) async fn before_its_bot(chat: Chat, outside: &Outside) -> Self {
        let plane = plane().await;
        let namespace = tokio::task::spawn_blocking(|| plane.namespace("story")).await.unwrap();
        let bot = Bot::asleep(bot::settings(&chat, outside, &namespace));
        let began = plane.audit().cursor();
        Self { plane, namespace, chat, time: Time::starting_now(), bot, began, _covered: shapes::Covered::on(plane) }
    }

    /// Ends the bot well, and takes the story's trouble out of the reports of the others.
    pub(crate) async fn end(mut self) {
        self.bot.drain().await;
        let (plane, namespace) = (self.plane, self.namespace.clone());
        let delete = move || plane.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
        tokio::task::spawn_blocking(delete).await.unwrap();
    }

    /// Applies objects to the story's namespace as the cluster's admin.
    pub(crate) async fn apply(&self, yaml: &str) {
        let (plane, namespace, yaml) = (self.plane, self.namespace.clone(), yaml.to_owned());
        tokio::task::spawn_blocking(move || plane.apply(&namespace, &yaml)).await.unwrap();
    }

    /// Waits until a field of an object, by JSON pointer, is so.
    pub(crate) async fn until(&self, what: &[&str], pointer: &str, wanted: impl Fn(&serde_json::Value) -> bool) {
        let plane = self.plane;
        eventually(&format!("{what:?} {pointer}"), async || {
            let (namespace, what) = (self.namespace.clone(), what.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            let got = tokio::task::spawn_blocking(move || {
                plane.get(&namespace, &what.iter().map(String::as_str).collect::<Vec<_>>())
            });
            let got = got.await.unwrap();
            got.pointer(pointer).filter(|value| wanted(value)).map(|_| ())
        })
        .await;
    }

    /// The changes of the cluster that the bot made or tried in this story's namespace, dry runs left out.
    pub(crate) fn writes(&self) -> Vec<control_plane::Request> {
        let audit = self.plane.audit();
        let mut writes = audit.writes(self.began, Identity::Writer);
        writes.extend(audit.writes(self.began, Identity::Reader));
        writes.retain(|request| request.namespace == self.namespace);
        writes
    }
}

/// The bot's clock: it goes on with real time from wherever it was put.
pub(crate) struct Time {
    pub(crate) clock: Clock,
    hand: ManualClock,
    _ticking: tokio::task::JoinSet<()>,
}

impl Time {
    pub(crate) fn starting_now() -> Self {
        let (clock, hand) = Clock::manual(Clock::system().now());
        let ticking_hand = hand.clone();
        let mut ticking = tokio::task::JoinSet::new();
        ticking.spawn(async move {
            let step = Duration::from_millis(100);
            let mut every = tokio::time::interval(step);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                ticking_hand.advance(TimeDelta::milliseconds(100));
            }
        });
        Self { clock, hand, _ticking: ticking }
    }

    /// Moves the bot's clock on.
    pub(crate) fn advance(&self, by: TimeDelta) -> DateTime<Utc> {
        self.hand.advance(by)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
