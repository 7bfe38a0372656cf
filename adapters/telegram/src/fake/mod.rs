//! A Bot API server on the loopback, for tests: it keeps the real one's limits, speaks its sentences, and fails on
//! demand. It delivers everything that is said in a chat, as the real one does to a bot that is an admin.

mod form;
mod html;
mod json;
mod methods;
mod refusal;
mod server;
mod world;

pub use world::{FakeButton, FakeFile, FakeMessage};

use crate::{Backoff, BotToken, Config, Pacing};
use chrono::{DateTime, TimeZone, Utc};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use world::{Author, Bot, Kind, World};

/// The only token that the fake accepts.
pub const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/// The bot's name.
pub const BOT_USERNAME: &str = "roundsman_bot";
/// How long a test waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What goes wrong with the next call of a method.
#[derive(Debug, Clone)]
pub enum Fault {
    /// 429, and so for everything to this chat (or to all) until the seconds are over: see [`FakeTelegram::advance`].
    RetryAfter {
        /// As in `parameters.retry_after`.
        seconds: u64,
        /// Every chat.
        everything: bool,
    },
    /// 400 `can't parse entities`.
    CannotParse,
    /// The bot is out of the chat from now on: 403.
    Kicked,
    /// The group becomes a supergroup just before: 400 with `migrate_to_chat_id`.
    Migrate,
    /// Any other refusal.
    Refuse {
        /// `error_code`.
        code: u16,
        /// `description`.
        description: String,
    },
    /// 409: somebody else polls.
    Conflict,
    /// 500 in the Bot API's own form.
    ServerError,
    /// 502 of a gateway, in HTML.
    BadGateway,
    /// The connection breaks and nothing was done.
    DropBefore,
    /// It was done and the connection breaks.
    DropAfter,
    /// It takes so long.
    Delay(Duration),
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct FakeTelegram {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    changed: watch::Sender<u64>,
}

impl Shared {
    fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_modify(|version| *version += 1);
        result
    }
}

impl FakeTelegram {
    /// A server without rates.
    #[must_use]
    pub async fn start() -> Self {
        Self::serve(false).await
    }

    /// A server that enforces 1 message a second to a chat, 20 a minute to a group and 30 a second over all.
    #[must_use]
    pub async fn start_paced() -> Self {
        Self::serve(true).await
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    async fn serve(paced: bool) -> Self {
        let now = Utc.with_ymd_and_hms(2026, 1, 5, 9, 0, 0).single().unwrap_or_default();
        let shared = Arc::new(Shared { world: Mutex::new(World::new(now, paced)), changed: watch::Sender::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let router = server::router(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the fake Bot API stopped");
            }
        });
        Self { url: format!("http://{address}"), shared, _server: server }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A configuration for [`crate::Telegram::new`] that talks to this server and waits as little as possible.
    pub fn config(&self) -> Config {
        Config {
            api_url: Some(self.url.clone()),
            poll_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(10),
            backoff: Backoff { first: Duration::from_millis(10), most: Duration::from_millis(100) },
            pacing: Pacing::Off,
            ..Config::new(BotToken::new(TOKEN))
        }
    }

    /// A person; the id is also that of their private chat with the bot.
    pub fn person(&self, name: &str) -> i64 {
        self.shared.change(|world| world.add_person(name))
    }

    /// A basic group that the bot is in.
    pub fn group(&self, title: &str) -> i64 {
        self.shared.change(|world| world.new_chat(Kind::Group, title))
    }

    /// A supergroup that the bot is in.
    pub fn supergroup(&self, title: &str) -> i64 {
        self.shared.change(|world| world.new_chat(Kind::Supergroup, title))
    }

    /// A supergroup with topics.
    pub fn forum(&self, title: &str) -> i64 {
        self.shared.change(|world| world.new_chat(Kind::Forum, title))
    }

    /// A topic in a forum.
    pub fn topic(&self, forum: i64) -> i64 {
        self.shared.change(|world| {
            let id = world.new_message_id();
            world.chat(forum).topics.insert(id);
            id
        })
    }

    /// A person writes; the message's id.
    pub fn say(&self, chat: i64, person: i64, text: &str) -> i64 {
        self.shared.change(|world| world.say(chat, Author::Person(person), text, None, None))
    }

    /// A person writes in a topic.
    pub fn say_in(&self, forum: i64, topic: i64, person: i64, text: &str) -> i64 {
        self.shared.change(|world| world.say(forum, Author::Person(person), text, None, Some(topic)))
    }

    /// A person answers a message.
    pub fn reply(&self, chat: i64, person: i64, to: i64, text: &str) -> i64 {
        self.shared.change(|world| {
            let thread = world.chat(chat).messages.iter().find(|message| message.id == to).and_then(|to| to.thread);
            world.say(chat, Author::Person(person), text, Some(to), thread)
        })
    }

    /// An admin writes as the group itself.
    pub fn say_anonymously(&self, chat: i64, text: &str) -> i64 {
        self.shared.change(|world| world.say(chat, Author::Anonymous, text, None, None))
    }

    /// A person presses the button with this label; the id of the callback query.
    #[expect(clippy::panic, reason = "a test that presses a button that is not there has failed")]
    pub fn press(&self, person: i64, chat: i64, message: i64, label: &str) -> String {
        let data = self.shared.read(|world| {
            let message = world.chats.get(&chat)?.messages.iter().find(|other| other.id == message)?;
            message.buttons.iter().flatten().find(|key| key.label == label).map(|key| key.data.clone())
        });
        match data {
            Some(data) => self.press_raw(person, chat, message, &data),
            None => panic!("no button {label:?} on message {message} of {chat}: {:?}", self.messages(chat)),
        }
    }

    /// A person's client sends any `callback_data`, as real clients can.
    pub fn press_raw(&self, person: i64, chat: i64, message: i64, data: &str) -> String {
        self.shared.change(|world| world.press(person, chat, message, data))
    }

    /// The spinner of this press was stopped.
    pub fn is_answered(&self, query: &str) -> bool {
        self.shared.read(|world| world.queries.get(query).is_some_and(|query| query.answered))
    }

    /// Every press that is not answered yet is too old to be.
    pub fn expire_presses(&self) {
        self.shared.change(|world| world.queries.values_mut().for_each(|query| query.open = false));
    }

    /// The bot is added (again) by a person.
    pub fn add_bot(&self, chat: i64, by: i64) {
        self.shared.change(|world| {
            world.chat(chat).bot = Bot::Present;
            world.membership(chat, by, "left", "member");
        });
    }

    /// The bot is kicked, or blocked in a private chat, by a person.
    pub fn kick_bot(&self, chat: i64, by: i64) {
        self.shared.change(|world| {
            world.chat(chat).bot = Bot::Out;
            world.membership(chat, by, "member", "kicked");
        });
    }

    /// The bot may stay and not write.
    pub fn mute_bot(&self, chat: i64) {
        self.shared.change(|world| world.chat(chat).bot = Bot::Muted);
    }

    /// The group becomes a supergroup; its new id.
    pub fn migrate(&self, chat: i64) -> i64 {
        self.shared.change(|world| world.migrate(chat))
    }

    /// Any update, such as one of a kind that nobody knows; its id.
    pub fn raw_update(&self, kind: &str, value: Value) -> i64 {
        self.shared.change(|world| world.push_update(kind, value))
    }

    /// From now on every answer to `getUpdates` holds each update twice.
    pub fn duplicate_updates(&self) {
        self.shared.change(|world| world.duplicate_updates = true);
    }

    /// The next call of the method (any case) goes wrong; several faults come one after another.
    pub fn fail_next(&self, method: &str, fault: Fault) {
        self.shared.change(|world| world.faults.entry(method.to_lowercase()).or_default().push_back(fault));
    }

    /// How often the method (any case) was called, failures included.
    pub fn calls(&self, method: &str) -> usize {
        self.shared.read(|world| world.calls.get(&method.to_lowercase()).copied().unwrap_or(0))
    }

    /// The bot's messages in the chat, oldest first, with those that were deleted.
    pub fn messages(&self, chat: i64) -> Vec<FakeMessage> {
        self.shared.read(|world| bots(world, chat))
    }

    /// Waits until the bot's messages in the chat are as wanted, and returns them.
    #[expect(clippy::panic, reason = "a test that waits in vain has failed")]
    pub async fn wait_for(&self, chat: i64, wanted: impl Fn(&[FakeMessage]) -> bool) -> Vec<FakeMessage> {
        if self.wait_until(|fake| wanted(&fake.messages(chat))).await {
            return self.messages(chat);
        }
        panic!("not in {PATIENCE:?}; the bot's messages in {chat} are {:#?}", self.messages(chat))
    }

    /// Waits until something is so here; `false` when it does not become so in half a minute.
    pub async fn wait_until(&self, wanted: impl Fn(&Self) -> bool) -> bool {
        let mut changed = self.shared.changed.subscribe();
        let become_so = async {
            while !wanted(self) {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, become_so).await.is_ok()
    }

    /// The highest update id that was acknowledged by asking for the next one.
    pub fn acknowledged(&self) -> i64 {
        self.shared.read(|world| world.acknowledged)
    }

    /// Updates that wait to be acknowledged.
    pub fn pending(&self) -> usize {
        self.shared.read(|world| world.updates.len())
    }

    /// How often "typing" was shown in the chat.
    pub fn actions(&self, chat: i64) -> usize {
        self.shared.read(|world| world.chats.get(&chat).map_or(0, |chat| chat.actions))
    }

    /// The command menu: word and description.
    pub fn commands(&self) -> Vec<(String, String)> {
        self.shared.read(|world| world.commands.clone())
    }

    /// The time that messages carry. It stands still until it is set or advanced.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.read(|world| world.now)
    }

    /// Sets the time that messages carry.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.shared.change(|world| world.now = now);
    }

    /// Lets time pass, for the rates and waits too.
    pub fn advance(&self, by: Duration) {
        self.shared.change(|world| world.advance(by));
    }
}

fn bots(world: &World, chat: i64) -> Vec<FakeMessage> {
    let messages = world.chats.get(&chat).map(|chat| chat.messages.as_slice()).unwrap_or_default();
    messages.iter().filter(|message| message.author == Author::Bot).cloned().collect()
}
