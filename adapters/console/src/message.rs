//! What the console stores: one line of the log, and what all lines together say (pure).

use chrono::{DateTime, Utc};
use contract::{Body, Token};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Deliveries whose repetition is recognised; far more than the core keeps in flight.
const DELIVERIES: usize = 10_000;
/// Bytes of messages that a room keeps, measured by their lines in the log.
const ROOM_BYTES: usize = 64 << 20;

/// One line of the log. Numbers count up over the whole log and are never used again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The first line: ids of this log begin with `epoch`, so that ids of a log that was lost never come back.
    Opened { format: u32, epoch: String, number: u64 },
    /// A person wrote. Not shown before it is accepted.
    Said { number: u64, at: DateTime<Utc>, room: String, said: Said },
    /// A person pressed a button.
    Pressed { number: u64, at: DateTime<Utc>, room: String, press: Press },
    /// The core has it.
    Accepted { number: u64, of: u64 },
    /// The core did not take it, and the person was told so.
    Withdrawn { of: u64 },
    /// The bot wrote.
    Posted { number: u64, at: DateTime<Utc>, room: String, outbound: String, post: Post },
    /// The bot changed a message.
    Edited { number: u64, at: DateTime<Utc>, room: String, outbound: String, of: u64, body: Body },
    /// The bot took a message away.
    Retracted { number: u64, at: DateTime<Utc>, room: String, outbound: String, of: u64 },
    /// A whole message, where the log was rewritten.
    Kept { room: String, message: Message },
    /// A press that waits, where the log was rewritten.
    Waiting { number: u64, at: DateTime<Utc>, room: String, press: Press },
    /// A delivery of the past, where the log was rewritten.
    Delivered { outbound: String, of: u64 },
}

/// What a person wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) who: String,
    pub(crate) text: String,
    pub(crate) reply_to: Option<u64>,
    /// Made by the page for one draft, so that sending it again after a lost answer is the same message.
    pub(crate) key: Option<String>,
    pub(crate) offer: Offer,
}

/// How far the core has taken what a person wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Offer {
    /// In the log, and to be offered.
    Pending,
    /// Committed by the core.
    Accepted,
    /// Refused, and the person knows.
    Withdrawn,
}

/// A pressed button.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Press {
    pub(crate) who: String,
    pub(crate) message: u64,
    pub(crate) token: Token,
}

/// A message of the bot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) reply_to: Option<u64>,
    /// The one person who may see it.
    pub(crate) only: Option<String>,
    pub(crate) body: Body,
}

/// A message as it stands now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Its id and its place in the room.
    pub(crate) place: u64,
    /// The number of its last change: where a reader who has seen less goes on.
    pub(crate) changed: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) edited: Option<DateTime<Utc>>,
    pub(crate) content: Content,
    #[serde(skip)]
    bytes: usize,
}

/// Whose, and what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    /// A person's.
    Said(Said),
    /// The bot's.
    Posted(Post),
    /// The bot's, taken away.
    Removed { reply_to: Option<u64>, only: Option<String> },
}

impl Message {
    /// Whether this person may see it (now).
    pub(crate) fn is_visible_to(&self, person: &str) -> bool {
        match &self.content {
            Content::Said(said) => said.offer == Offer::Accepted,
            Content::Posted(Post { only, .. }) | Content::Removed { only, .. } => {
                only.as_deref().is_none_or(|only| only == person)
            }
        }
    }
}

/// A room's messages by place.
#[derive(Debug, Default)]
pub(crate) struct RoomState {
    messages: BTreeMap<u64, Message>,
    by_change: BTreeMap<u64, u64>,
    bytes: usize,
}

impl RoomState {
    pub(crate) fn get(&self, place: u64) -> Option<&Message> {
        self.messages.get(&place)
    }

    /// What changed after this number, in the order of the changes.
    pub(crate) fn since(&self, number: u64) -> impl Iterator<Item = &Message> {
        self.by_change.range(number.saturating_add(1)..).filter_map(|(_, place)| self.messages.get(place))
    }

    pub(crate) fn find_key(&self, who: &str, key: &str) -> Option<(u64, Offer)> {
        self.messages.values().rev().find_map(|message| match &message.content {
            Content::Said(said) if said.who == who && said.key.as_deref() == Some(key) => {
                Some((message.place, said.offer))
            }
            Content::Said(_) | Content::Posted(_) | Content::Removed { .. } => None,
        })
    }

    fn insert(&mut self, mut message: Message, bytes: usize, kept: usize) {
        message.bytes = bytes;
        self.bytes += bytes;
        self.by_change.insert(message.changed, message.place);
        if let Some(old) = self.messages.insert(message.place, message) {
            self.bytes -= old.bytes;
        }
        while self.messages.len() > kept || (self.bytes > ROOM_BYTES && self.messages.len() > 1) {
            let Some((_, dropped)) = self.messages.pop_first() else { break };
            self.by_change.remove(&dropped.changed);
            self.bytes -= dropped.bytes;
        }
    }

    fn change(&mut self, place: u64, number: u64, bytes: usize, change: impl FnOnce(&mut Message)) {
        let Some(message) = self.messages.get_mut(&place) else { return };
        self.by_change.remove(&message.changed);
        message.changed = number;
        if bytes > 0 {
            self.bytes = self.bytes - message.bytes + bytes;
            message.bytes = bytes;
        }
        change(message);
        self.by_change.insert(number, place);
    }
}

/// What the log says, folded line by line.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) epoch: String,
    /// The last number used.
    pub(crate) number: u64,
    pub(crate) rooms: BTreeMap<String, RoomState>,
    /// Presses that the core does not have yet.
    pub(crate) presses: BTreeMap<u64, (DateTime<Utc>, String, Press)>,
    delivered: HashMap<String, u64>,
    delivered_order: VecDeque<String>,
}

impl State {
    /// The message that an outbound became.
    pub(crate) fn delivered(&self, outbound: &str) -> Option<u64> {
        self.delivered.get(outbound).copied()
    }

    /// Takes one line in. `bytes` is the line's length, `kept` the messages that a room keeps.
    pub(crate) fn apply(&mut self, entry: Entry, bytes: usize, kept: usize) {
        match entry {
            Entry::Opened { format: _, epoch, number } => {
                self.epoch = epoch;
                self.number = self.number.max(number);
            }
            Entry::Said { number, at, room, said } => {
                self.number = number;
                let content = Content::Said(said);
                let message = Message { place: number, changed: number, at, edited: None, content, bytes };
                self.room(room).insert(message, bytes, kept);
            }
            Entry::Pressed { number, at, room, press } | Entry::Waiting { number, at, room, press } => {
                self.number = self.number.max(number);
                self.presses.insert(number, (at, room, press));
            }
            Entry::Accepted { number, of } => {
                self.number = number;
                self.presses.remove(&of);
                self.offer(of, Offer::Accepted, number);
            }
            Entry::Withdrawn { of } => {
                self.presses.remove(&of);
                self.offer(of, Offer::Withdrawn, of);
            }
            Entry::Posted { number, at, room, outbound, post } => {
                self.number = number;
                self.remember(outbound, number);
                let content = Content::Posted(post);
                let message = Message { place: number, changed: number, at, edited: None, content, bytes };
                self.room(room).insert(message, bytes, kept);
            }
            Entry::Edited { number, at, room, outbound, of, body } => {
                self.number = number;
                self.remember(outbound, of);
                self.room(room).change(of, number, bytes, |message| {
                    message.edited = Some(at);
                    if let Content::Posted(post) = &mut message.content {
                        post.body = body;
                    }
                });
            }
            Entry::Retracted { number, at, room, outbound, of } => {
                self.number = number;
                self.remember(outbound, of);
                self.room(room).change(of, number, bytes, |message| {
                    message.edited = Some(at);
                    if let Content::Posted(Post { reply_to, only, .. }) = &mut message.content {
                        message.content = Content::Removed { reply_to: *reply_to, only: only.take() };
                    }
                });
            }
            Entry::Kept { room, message } => {
                self.number = self.number.max(message.changed);
                self.room(room).insert(message, bytes, kept);
            }
            Entry::Delivered { outbound, of } => self.remember(outbound, of),
        }
    }

    /// The fewest lines that say the same.
    pub(crate) fn lines(&self, format: u32) -> impl Iterator<Item = Entry> + '_ {
        let opened = Entry::Opened { format, epoch: self.epoch.clone(), number: self.number };
        let messages = self.rooms.iter().flat_map(|(room, state)| {
            state.messages.values().map(|message| Entry::Kept { room: room.clone(), message: message.clone() })
        });
        let waiting = self.presses.iter().map(|(number, (at, room, press))| Entry::Waiting {
            number: *number,
            at: *at,
            room: room.clone(),
            press: press.clone(),
        });
        let delivered = self.delivered_order.iter().filter_map(|outbound| {
            Some(Entry::Delivered { outbound: outbound.clone(), of: self.delivered(outbound)? })
        });
        [opened].into_iter().chain(messages).chain(waiting).chain(delivered)
    }

    /// Bytes of the messages kept.
    pub(crate) fn bytes(&self) -> usize {
        self.rooms.values().map(|room| room.bytes).sum()
    }

    /// What people wrote and the core does not have yet, oldest first.
    pub(crate) fn pending(&self) -> Vec<u64> {
        let said = self
            .rooms
            .values()
            .flat_map(|room| room.messages.values())
            .filter(|message| matches!(&message.content, Content::Said(said) if said.offer == Offer::Pending));
        let mut pending: Vec<u64> = said.map(|message| message.place).chain(self.presses.keys().copied()).collect();
        pending.sort_unstable();
        pending
    }

    fn room(&mut self, id: String) -> &mut RoomState {
        self.rooms.entry(id).or_default()
    }

    fn offer(&mut self, of: u64, offer: Offer, number: u64) {
        for room in self.rooms.values_mut() {
            room.change(of, number, 0, |message| {
                if let Content::Said(said) = &mut message.content {
                    said.offer = offer;
                }
            });
        }
    }

    fn remember(&mut self, outbound: String, of: u64) {
        if self.delivered.insert(outbound.clone(), of).is_none() {
            self.delivered_order.push_back(outbound);
        }
        while self.delivered_order.len() > DELIVERIES {
            if let Some(oldest) = self.delivered_order.pop_front() {
                self.delivered.remove(&oldest);
            }
        }
    }
}
