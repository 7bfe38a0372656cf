//! What the fake knows: people, chats, messages, presses, updates, rates. No HTTP here.

use super::{
    Fault,
    json::{bot_json, entities},
    refusal::Refusal,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

pub(super) const BOT_ID: i64 = 110_201_543;
pub(super) const ANONYMOUS_ADMIN: i64 = 1_087_968_824;

/// One message as the chat shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeMessage {
    /// Its id in the chat.
    pub id: i64,
    /// The forum topic it stands in.
    pub thread: Option<i64>,
    /// What people see: the text, or the caption of the file.
    pub text: String,
    /// The text as it was sent, with its markup.
    pub html: String,
    /// The rows of buttons.
    pub buttons: Vec<Vec<FakeButton>>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// The picture or the file.
    pub file: Option<FakeFile>,
    /// What people saw before each edit, oldest first.
    pub edits: Vec<String>,
    /// It was taken away.
    pub deleted: bool,
    pub(super) author: Author,
    pub(super) date: DateTime<Utc>,
}

impl FakeMessage {
    /// The labels of all buttons, in reading order.
    pub fn labels(&self) -> Vec<&str> {
        self.buttons.iter().flatten().map(|button| button.label.as_str()).collect()
    }
}

/// A button under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeButton {
    /// What it says.
    pub label: String,
    /// Its `callback_data`.
    pub data: String,
}

/// What was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeFile {
    /// Sent by `sendPhoto`, not by `sendDocument`.
    pub is_photo: bool,
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    Bot,
    Person(i64),
    Anonymous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Private,
    Group,
    Supergroup,
    Forum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bot {
    Present,
    /// Kicked from the group, or blocked by the person.
    Out,
    /// May read, may not write.
    Muted,
}

#[derive(Debug)]
pub(super) struct Chat {
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) bot: Bot,
    pub(super) moved_to: Option<i64>,
    pub(super) topics: HashSet<i64>,
    pub(super) messages: Vec<FakeMessage>,
    pub(super) actions: usize,
    sent: VecDeque<Duration>,
    frozen_until: Duration,
}

#[derive(Debug)]
pub(super) struct Query {
    pub(super) open: bool,
    pub(super) answered: bool,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) people: BTreeMap<i64, String>,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) queries: HashMap<String, Query>,
    pub(super) faults: HashMap<String, VecDeque<Fault>>,
    pub(super) calls: HashMap<String, usize>,
    pub(super) commands: Vec<(String, String)>,
    pub(super) updates: VecDeque<(i64, Value)>,
    pub(super) duplicate_updates: bool,
    pub(super) allowed_updates: Option<Vec<String>>,
    pub(super) poller: u64,
    pub(super) webhook: Option<String>,
    pub(super) now: DateTime<Utc>,
    pub(super) paced: bool,
    pub(super) acknowledged: i64,
    next_update: i64,
    next_message: i64,
    next_chat: i64,
    next_query: i64,
    started: Instant,
    advanced: Duration,
    frozen_until: Duration,
    sent: VecDeque<Duration>,
}

impl World {
    pub(super) fn new(now: DateTime<Utc>, paced: bool) -> Self {
        Self {
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            queries: HashMap::new(),
            faults: HashMap::new(),
            calls: HashMap::new(),
            commands: Vec::new(),
            updates: VecDeque::new(),
            duplicate_updates: false,
            allowed_updates: None,
            poller: 0,
            webhook: None,
            now,
            paced,
            acknowledged: 0,
            next_update: 700_001,
            next_message: 1,
            next_chat: 1,
            next_query: 1,
            started: Instant::now(),
            advanced: Duration::ZERO,
            frozen_until: Duration::ZERO,
            sent: VecDeque::new(),
        }
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.advanced += by;
        self.now += by;
    }

    /// Real time and what was advanced: only rates go by it.
    fn elapsed(&self) -> Duration {
        self.started.elapsed() + self.advanced
    }

    pub(super) fn add_person(&mut self, name: &str) -> i64 {
        let id = 5001 + self.people.len() as i64;
        self.people.insert(id, name.to_owned());
        self.add_chat(id, Kind::Private, name);
        id
    }

    pub(super) fn new_chat(&mut self, kind: Kind, title: &str) -> i64 {
        let number = self.next_chat;
        self.next_chat += 1;
        let id = match kind {
            Kind::Private | Kind::Group => -(4000 + number),
            Kind::Supergroup | Kind::Forum => -1_001_000_000_000 - number,
        };
        self.add_chat(id, kind, title);
        id
    }

    fn add_chat(&mut self, id: i64, kind: Kind, title: &str) {
        let chat = Chat {
            kind,
            title: title.to_owned(),
            bot: Bot::Present,
            moved_to: None,
            topics: HashSet::new(),
            messages: Vec::new(),
            actions: 0,
            sent: VecDeque::new(),
            frozen_until: Duration::ZERO,
        };
        self.chats.insert(id, chat);
    }

    pub(super) fn chat(&mut self, id: i64) -> &mut Chat {
        // A test that names a chat that it did not make learns so from the missing message.
        self.chats.entry(id).or_insert_with(|| Chat {
            kind: Kind::Group,
            title: "never made".to_owned(),
            bot: Bot::Out,
            moved_to: None,
            topics: HashSet::new(),
            messages: Vec::new(),
            actions: 0,
            sent: VecDeque::new(),
            frozen_until: Duration::ZERO,
        })
    }

    pub(super) fn new_message_id(&mut self) -> i64 {
        let id = self.next_message;
        self.next_message += 1;
        id
    }

    pub(super) fn push_update(&mut self, kind: &str, value: Value) -> i64 {
        let id = self.next_update;
        self.next_update += 1;
        let mut update = json!({ "update_id": id });
        update[kind] = value;
        self.updates.push_back((id, update));
        id
    }

    /// A message of a person (or of an anonymous admin), and the update of it.
    pub(super) fn say(
        &mut self,
        chat: i64,
        author: Author,
        text: &str,
        reply_to: Option<i64>,
        thread: Option<i64>,
    ) -> i64 {
        let id = self.new_message_id();
        let message = FakeMessage {
            id,
            thread,
            text: text.to_owned(),
            html: text.to_owned(),
            buttons: Vec::new(),
            reply_to,
            file: None,
            edits: Vec::new(),
            deleted: false,
            author,
            date: self.now,
        };
        self.chat(chat).messages.push(message);
        let mut value = self.message_json(chat, id);
        value["entities"] = entities(text);
        self.push_update("message", value);
        id
    }

    pub(super) fn press(&mut self, person: i64, chat: i64, message: i64, data: &str) -> String {
        let id = format!("43821{:06}", self.next_query);
        self.next_query += 1;
        self.queries.insert(id.clone(), Query { open: true, answered: false });
        let stands = self.chat(chat).messages.iter().any(|other| other.id == message && !other.deleted);
        let message = if stands {
            self.message_json(chat, message)
        } else {
            json!({ "message_id": message, "date": 0, "chat": self.chat_json(chat) })
        };
        let query = json!({
            "id": id,
            "from": self.person_json(person),
            "message": message,
            "chat_instance": "-3141592653589793",
            "data": data,
        });
        self.push_update("callback_query", query);
        id
    }

    pub(super) fn membership(&mut self, chat: i64, by: i64, from: &str, to: &str) {
        let member = |status: &str| {
            let user = bot_json();
            match status {
                "kicked" => json!({ "status": status, "user": user, "until_date": 0 }),
                _ => json!({ "status": status, "user": user }),
            }
        };
        let change = json!({
            "chat": self.chat_json(chat),
            "from": self.person_json(by),
            "date": self.now.timestamp(),
            "old_chat_member": member(from),
            "new_chat_member": member(to),
        });
        self.push_update("my_chat_member", change);
    }

    /// The group becomes a supergroup: both chats say so, and the old one refuses from now on.
    pub(super) fn migrate(&mut self, chat: i64) -> i64 {
        let title = self.chat(chat).title.clone();
        let new = self.new_chat(Kind::Supergroup, &title);
        self.chat(chat).moved_to = Some(new);
        for (place, key, other) in [(chat, "migrate_to_chat_id", new), (new, "migrate_from_chat_id", chat)] {
            let mut message = json!({
                "message_id": self.new_message_id(),
                "date": self.now.timestamp(),
                "chat": self.chat_json(place),
                "from": { "id": ANONYMOUS_ADMIN, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot" },
                "sender_chat": self.chat_json(place),
            });
            message[key] = json!(other);
            self.push_update("message", message);
        }
        new
    }

    /// Whether one more message may go to the chat now; counts it if so.
    pub(super) fn admit(&mut self, chat: i64, counts: bool) -> Result<(), Refusal> {
        let now = self.elapsed();
        let frozen = self.frozen_until.max(self.chat(chat).frozen_until);
        if frozen > now {
            return Err(Refusal::flood(frozen - now));
        }
        if !self.paced || !counts {
            return Ok(());
        }
        let second = Duration::from_secs(1);
        let minute = Duration::from_secs(60);
        self.sent.retain(|at| now - *at < second);
        if self.sent.len() >= 30 {
            return Err(Refusal::flood(second));
        }
        let place = self.chat(chat);
        place.sent.retain(|at| now - *at < minute);
        if let Some(last) = place.sent.back().filter(|at| now - **at < second) {
            return Err(Refusal::flood(*last + second - now));
        }
        if place.kind != Kind::Private
            && place.sent.len() >= 20
            && let Some(first) = place.sent.front()
        {
            return Err(Refusal::flood(*first + minute - now));
        }
        place.sent.push_back(now);
        self.sent.push_back(now);
        Ok(())
    }

    pub(super) fn freeze(&mut self, chat: Option<i64>, seconds: u64) {
        let until = self.elapsed() + Duration::from_secs(seconds);
        match chat {
            Some(chat) => self.chat(chat).frozen_until = until,
            None => self.frozen_until = until,
        }
    }

    pub(super) fn take_fault(&mut self, method: &str) -> Option<Fault> {
        self.faults.get_mut(method)?.pop_front()
    }
}
