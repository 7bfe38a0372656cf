//! The chat itself: what happens to a message, each change on disk before anybody hears of it. Blocking; callers on
//! the runtime go through `spawn_blocking`.

use crate::{
    config::{BindError, Config, Room},
    log::Log,
    message::{Content, Entry, Message, Offer, Post, Press, RoomState, Said, State},
    texts,
};
use contract::{
    Actor, Body, ChannelRef, DeliveryError, Inbound, InboundId, InboundKind, MessageRef, Outbound, OutboundKind,
    ParseError, Platform, Receipt, Token, UserId, Visibility, parse,
};
use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// The rooms and their log.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) config: Config,
    /// Held over the write to the disk; whoever writes also applies.
    log: Mutex<Log>,
    /// Held for moments only.
    state: Mutex<State>,
    /// When the bot was last said to be at work, as a count, by room.
    working: Mutex<BTreeMap<String, u64>>,
    changed: watch::Sender<()>,
}

/// What a person's message became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// To be offered to the core under this number.
    Offer(u64),
    /// The core has had it since before.
    Known(u64),
}

/// Why something that a person did was refused before it was stored.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The message it is about is not there, or not for this person.
    NoMessage,
    /// The message has no such button any more.
    NoButton,
    /// The disk.
    Disk(io::Error),
    /// The core did not take it.
    Intake(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Chat {
    pub(crate) fn open(config: Config) -> Result<Self, BindError> {
        let (log, state) = Log::open(config.log_path.as_deref(), config.kept)?;
        Ok(Self {
            config,
            log: Mutex::new(log),
            state: Mutex::new(state),
            working: Mutex::default(),
            changed: watch::Sender::new(()),
        })
    }

    /// Lets the log's file and its lock go.
    pub(crate) fn close(&self) {
        *lock(&self.log) = Log::Closed;
    }

    pub(crate) fn room(&self, id: &str) -> Option<&Room> {
        self.config.rooms.iter().find(|room| room.id == id)
    }

    /// The id of a number of this log.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.state().epoch)
    }

    /// Wakes up after every change; what changed is read from the state.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Looks at a room.
    pub(crate) fn read<T>(&self, room: &str, look: impl FnOnce(&RoomState, &Names) -> T) -> T {
        let state = self.state();
        let names = Names { epoch: state.epoch.clone(), number: state.number };
        match state.rooms.get(room) {
            Some(room) => look(room, &names),
            None => look(&RoomState::default(), &names),
        }
    }

    /// Wakes everybody who waits for changes, for instance because a session has ended.
    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
    }

    pub(crate) fn set_working(&self, room: &str) {
        *lock(&self.working).entry(room.to_owned()).or_default() += 1;
        self.wake();
    }

    pub(crate) fn working(&self, room: &str) -> u64 {
        lock(&self.working).get(room).copied().unwrap_or_default()
    }

    /// Stores what a person wrote. The same key again is the same message.
    pub(crate) fn say(
        &self,
        room: &str,
        who: &str,
        text: String,
        reply_to: Option<&str>,
        key: Option<String>,
    ) -> Result<Stored, Refusal> {
        let mut log = lock(&self.log);
        let number = {
            let state = self.state();
            let here = state.rooms.get(room);
            if let Some((number, offer)) = key.as_deref().zip(here).and_then(|(key, here)| here.find_key(who, key)) {
                return Ok(match offer {
                    Offer::Accepted => Stored::Known(number),
                    Offer::Pending | Offer::Withdrawn => Stored::Offer(number),
                });
            }
            state.number + 1
        };
        let reply_to = match reply_to {
            Some(id) => Some(self.visible(room, who, id).ok_or(Refusal::NoMessage)?),
            None => None,
        };
        let text = (self.config.clean)(&text).into_owned();
        let said = Said { who: who.to_owned(), text, reply_to, key, offer: Offer::Pending };
        self.write(&mut log, Entry::Said { number, at: self.config.clock.now(), room: room.to_owned(), said })?;
        Ok(Stored::Offer(number))
    }

    /// Stores a press of a button that the person can see.
    pub(crate) fn press(&self, room: &str, who: &str, message: &str, token: Token) -> Result<Stored, Refusal> {
        let mut log = lock(&self.log);
        let place = self.visible(room, who, message).ok_or(Refusal::NoMessage)?;
        let number = {
            let state = self.state();
            let body = state.rooms.get(room).and_then(|room| room.get(place)).and_then(Message::body);
            if !body.is_some_and(|body| has_button(body, &token)) {
                return Err(Refusal::NoButton);
            }
            state.number + 1
        };
        let press = Press { who: who.to_owned(), message: place, token };
        self.write(&mut log, Entry::Pressed { number, at: self.config.clock.now(), room: room.to_owned(), press })?;
        Ok(Stored::Offer(number))
    }

    /// The core has it.
    pub(crate) fn accepted(&self, of: u64) -> io::Result<()> {
        let mut log = lock(&self.log);
        let number = self.state().number + 1;
        self.write(&mut log, Entry::Accepted { number, of })
    }

    /// The core did not take it and the person is told.
    pub(crate) fn withdrawn(&self, of: u64) -> io::Result<()> {
        let mut log = lock(&self.log);
        self.write(&mut log, Entry::Withdrawn { of })
    }

    /// What the core does not have yet, oldest first.
    pub(crate) fn pending(&self) -> Vec<u64> {
        self.state().pending()
    }

    /// The inbound of this number: always the same.
    pub(crate) fn inbound(&self, number: u64) -> Option<Inbound> {
        let state = self.state();
        let id = InboundId(format!("{}-{number}", state.epoch));
        let reference = |room: &str, place: u64| MessageRef {
            channel: ChannelRef::new(Platform::Console, room),
            id: format!("{}-{place}", state.epoch),
        };
        let person = |who: &str| Actor::Person { id: UserId::from(who), name: who.to_owned() };
        if let Some((at, room, press)) = state.presses.get(&number) {
            return Some(Inbound {
                id,
                at: *at,
                channel: ChannelRef::new(Platform::Console, room.clone()),
                actor: person(&press.who),
                reply_to: Some(reference(room, press.message)),
                receipt: Some(Receipt(press.who.clone())),
                message: None,
                kind: InboundKind::Press { token: press.token.clone() },
            });
        }
        let (room, message) = state.rooms.iter().find_map(|(id, room)| Some((id, room.get(number)?)))?;
        let Content::Said(said) = &message.content else { return None };
        Some(Inbound {
            id,
            at: message.at,
            channel: ChannelRef::new(Platform::Console, room.clone()),
            actor: person(&said.who),
            reply_to: said.reply_to.map(|place| reference(room, place)),
            receipt: Some(Receipt(said.who.clone())),
            message: Some(reference(room, number)),
            kind: kind(&said.text),
        })
    }

    /// Brings out one message of the core's; the same id again changes nothing.
    pub(crate) fn deliver(&self, message: &Outbound) -> Result<MessageRef, DeliveryError> {
        if message.to.platform != Platform::Console {
            return Err(DeliveryError::Rejected(texts::NOT_OURS.into()));
        }
        let room = &message.to.id;
        if self.room(room).is_none() || message.to.thread.is_some() {
            return Err(DeliveryError::ChannelGone(texts::no_room(room)));
        }
        let mut log = lock(&self.log);
        let reference =
            |place: u64| MessageRef { channel: message.to.clone(), id: format!("{}-{place}", self.state().epoch) };
        let known = self.state().delivered(message.id.as_str());
        if let Some(place) = known {
            return Ok(reference(place));
        }
        let number = self.state().number + 1;
        let at = self.config.clock.now();
        let (place, entry) = self.entry(message, number, at)?;
        self.write(&mut log, entry).map_err(|error| DeliveryError::Transient(error.to_string()))?;
        Ok(reference(place))
    }

    fn entry(
        &self,
        message: &Outbound,
        number: u64,
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<(u64, Entry), DeliveryError> {
        let room = message.to.id.clone();
        let outbound = message.id.as_str().to_owned();
        let body = message.body.clone();
        let state = self.state();
        // A message that is gone is answered plainly.
        let standing = |reply_to: &Option<MessageRef>| {
            let place = state.place(&reply_to.as_ref()?.id)?;
            state.rooms.get(&room)?.get(place).map(|_| place)
        };
        let ours = |reference: &MessageRef| {
            let place = state.place(&reference.id).filter(|_| reference.channel == message.to);
            let found = place.and_then(|place| state.rooms.get(&room)?.get(place));
            match found.map(|found| &found.content) {
                Some(Content::Posted(_)) => Ok(place.unwrap_or_default()),
                Some(Content::Removed { .. }) | None => Err(DeliveryError::Rejected(texts::GONE.into())),
                Some(Content::Said(_)) => Err(DeliveryError::Rejected(texts::NOT_OURS.into())),
            }
        };
        Ok(match &message.kind {
            OutboundKind::Post { reply_to } => {
                let post = Post { reply_to: standing(reply_to), only: None, body };
                (number, Entry::Posted { number, at, room, outbound, post })
            }
            OutboundKind::Answer { receipt, reply_to, visibility } => {
                let only = match (visibility, receipt) {
                    (Visibility::Channel, _) => None,
                    (Visibility::Private, Some(receipt)) => Some(receipt.as_str().to_owned()),
                    (Visibility::Private, None) => return Err(DeliveryError::Rejected(texts::TO_NOBODY.into())),
                };
                let post = Post { reply_to: standing(reply_to), only, body };
                (number, Entry::Posted { number, at, room, outbound, post })
            }
            OutboundKind::Edit { message } => {
                let of = ours(message)?;
                (of, Entry::Edited { number, at, room, outbound, of, body })
            }
            OutboundKind::Retract { message } => {
                let of = ours(message)?;
                (of, Entry::Retracted { number, at, room, outbound, of })
            }
        })
    }

    fn write(&self, log: &mut Log, entry: Entry) -> io::Result<()> {
        let bytes = log.append(&entry)?;
        {
            let mut state = self.state();
            state.apply(entry, bytes, self.config.kept);
            if let Err(error) = log.tidy(&state) {
                // What was to be stored is stored; the log only stays longer than it needs to be.
                tracing::warn!(%error, "the console's message log could not be rewritten");
            }
        }
        self.wake();
        Ok(())
    }

    fn visible(&self, room: &str, who: &str, id: &str) -> Option<u64> {
        let state = self.state();
        let place = state.place(id)?;
        state.rooms.get(room)?.get(place).filter(|message| message.is_visible_to(who)).map(|message| message.place)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// How the messages of this log are called.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) epoch: String,
    /// The last number used.
    pub(crate) number: u64,
}

impl Names {
    pub(crate) fn id(&self, place: u64) -> String {
        format!("{}-{place}", self.epoch)
    }

    /// The number in an id of this log.
    pub(crate) fn number_in(&self, id: &str) -> Option<u64> {
        number_in(&self.epoch, id)
    }
}

fn number_in(epoch: &str, id: &str) -> Option<u64> {
    id.strip_prefix(epoch)?.strip_prefix('-')?.parse().ok()
}

impl State {
    fn place(&self, id: &str) -> Option<u64> {
        number_in(&self.epoch, id)
    }
}

impl Message {
    pub(crate) fn body(&self) -> Option<&Body> {
        match &self.content {
            Content::Posted(post) => Some(&post.body),
            Content::Said(_) | Content::Removed { .. } => None,
        }
    }
}

fn has_button(body: &Body, token: &Token) -> bool {
    body.blocks.iter().any(|block| match block {
        contract::Block::Buttons(buttons) => buttons.iter().any(|button| button.token == *token),
        contract::Block::Heading(_)
        | contract::Block::Paragraph(_)
        | contract::Block::List(_)
        | contract::Block::Code { .. }
        | contract::Block::Table { .. }
        | contract::Block::Evidence(_)
        | contract::Block::Image { .. }
        | contract::Block::File { .. } => false,
    })
}

/// In the console everything is meant for the bot; a slash makes it a command.
fn kind(text: &str) -> InboundKind {
    if !text.starts_with('/') {
        return InboundKind::Text(text.to_owned());
    }
    match parse(text) {
        Ok(invocation) => InboundKind::Command(invocation),
        Err(ParseError::NotACommand) => InboundKind::Text(text.to_owned()),
        Err(
            problem @ (ParseError::Unknown { .. }
            | ParseError::Missing { .. }
            | ParseError::UnknownOption { .. }
            | ParseError::NoValue { .. }
            | ParseError::Extra { .. }),
        ) => InboundKind::Misread { problem: problem.to_string() },
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
