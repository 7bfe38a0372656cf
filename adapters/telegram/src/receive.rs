//! An update of Telegram's in the core's words. Pure: what is for us and what it means, nothing is sent.

use crate::prune::prune;
use chrono::{DateTime, Utc};
use contract::{
    Actor, ChannelRef, CommandName, Inbound, InboundId, InboundKind, Invocation, Membership, MessageRef, ParseError,
    Platform, Receipt, Token, UserId,
};
use serde::Deserialize;
use serde_json::Value;
use teloxide::types::{
    CallbackQuery, CallbackQueryId, Chat, ChatMemberUpdated, MaybeInaccessibleMessage, Message, MessageEntity,
    MessageEntityKind, Update, UpdateKind, User,
};

/// What we need to know of ourselves (`getMe`).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: u64,
    pub(crate) username: String,
}

/// What an update is to us.
#[derive(Debug, PartialEq)]
pub(crate) struct Received {
    /// For the core; `None` when it is not meant for us.
    pub(crate) inbound: Option<Inbound>,
    /// The press whose spinner has to stop, once the inbound is stored.
    pub(crate) press: Option<CallbackQueryId>,
}

impl Received {
    const NOTHING: Self = Self { inbound: None, press: None };

    fn of(inbound: Option<Inbound>) -> Self {
        Self { inbound, press: None }
    }
}

/// An update out of what `getUpdates` answered. By way of text, because teloxide's `Update` borrows its keys, which a
/// JSON value does not lend: every kind would be an unknown one.
pub(crate) fn update(value: &Value) -> serde_json::Result<Update> {
    serde_json::from_str(&prune(value).to_string())
}

/// Reads an update; `now` dates what Telegram does not date.
pub(crate) fn read(update: Update, me: &Identity, now: DateTime<Utc>) -> Received {
    let id = InboundId(update.id.0.to_string());
    match update.kind {
        UpdateKind::Message(message) => Received::of(from_message(id, &message, me)),
        UpdateKind::CallbackQuery(query) => from_press(id, query, now),
        UpdateKind::MyChatMember(change) => Received::of(from_membership(id, &change)),
        // Not asked for (`allowed_updates`), but what was waiting before we asked still comes.
        UpdateKind::EditedMessage(_)
        | UpdateKind::ChannelPost(_)
        | UpdateKind::EditedChannelPost(_)
        | UpdateKind::BusinessConnection(_)
        | UpdateKind::BusinessMessage(_)
        | UpdateKind::EditedBusinessMessage(_)
        | UpdateKind::DeletedBusinessMessages(_)
        | UpdateKind::MessageReaction(_)
        | UpdateKind::MessageReactionCount(_)
        | UpdateKind::InlineQuery(_)
        | UpdateKind::ChosenInlineResult(_)
        | UpdateKind::ShippingQuery(_)
        | UpdateKind::PreCheckoutQuery(_)
        | UpdateKind::PurchasedPaidMedia(_)
        | UpdateKind::Poll(_)
        | UpdateKind::PollAnswer(_)
        | UpdateKind::ChatMember(_)
        | UpdateKind::ChatJoinRequest(_)
        | UpdateKind::ChatBoost(_)
        | UpdateKind::RemovedChatBoost(_)
        | UpdateKind::Error(_) => Received::NOTHING,
    }
}

fn from_message(id: InboundId, message: &Message, me: &Identity) -> Option<Inbound> {
    let channel = channel_of(message);
    let kind = match message.migrate_to_chat_id() {
        Some(new) => InboundKind::Moved { to: ChannelRef::new(Platform::Telegram, new.0.to_string()) },
        None => meaning(message, me)?,
    };
    let reply_to =
        replied_to(message).map(|replied| MessageRef { channel: channel.clone(), id: replied.id.0.to_string() });
    Some(Inbound {
        id,
        at: message.date,
        actor: sender(message)?,
        reply_to,
        receipt: None,
        message: Some(MessageRef { channel: channel.clone(), id: message.id.0.to_string() }),
        channel,
        kind,
    })
}

/// What the message says to us; `None` when it is between other people.
fn meaning(message: &Message, me: &Identity) -> Option<InboundKind> {
    let text = message.text()?;
    let entities = message.entities().unwrap_or_default();
    let (text, mentioned) = without_mentions(text, entities, me);
    let text = text.trim();
    let reply_to_us =
        replied_to(message).is_some_and(|replied| replied.from.as_ref().is_some_and(|author| author.id.0 == me.id));
    let addressed = message.chat.is_private() || mentioned || reply_to_us;
    if text.starts_with('/') {
        let head = text.split_whitespace().next().unwrap_or(text);
        let named = head.split_once('@').map(|(_, name)| name);
        if named.is_some_and(|name| !name.eq_ignore_ascii_case(&me.username)) {
            return None;
        }
        let addressed = addressed || named.is_some();
        return match contract::parse(text) {
            Ok(invocation) => Some(InboundKind::Command(invocation)),
            Err(ParseError::NotACommand) => addressed.then(|| InboundKind::Text(text.to_owned())),
            // In a group it is most likely another bot's command.
            Err(ParseError::Unknown { suggestion: None, .. }) if !addressed => None,
            Err(
                problem @ (ParseError::Unknown { .. }
                | ParseError::Missing { .. }
                | ParseError::UnknownOption { .. }
                | ParseError::NoValue { .. }
                | ParseError::Extra { .. }),
            ) => Some(InboundKind::Misread { problem: problem.to_string() }),
        };
    }
    if text.is_empty() {
        // Only our name: somebody asks what there is to ask.
        return mentioned.then(|| Invocation::new(CommandName::Help, []).ok().map(InboundKind::Command)).flatten();
    }
    addressed.then(|| InboundKind::Text(text.to_owned()))
}

fn from_press(id: InboundId, query: CallbackQuery, now: DateTime<Utc>) -> Received {
    let press = Some(query.id.clone());
    // Without data it is a game's button, without a message an inline one: we have neither.
    let (Some(data), Some(message)) = (query.data, query.message) else {
        return Received { inbound: None, press };
    };
    let channel = match &message {
        MaybeInaccessibleMessage::Regular(message) => channel_of(message),
        MaybeInaccessibleMessage::Inaccessible(message) => place(&message.chat),
    };
    let inbound = Inbound {
        id,
        at: now,
        actor: person(&query.from),
        reply_to: Some(MessageRef { channel: channel.clone(), id: message.id().0.to_string() }),
        channel,
        receipt: Some(Receipt(query.id.0)),
        message: None,
        kind: InboundKind::Press { token: Token(data) },
    };
    Received { inbound: Some(inbound), press }
}

fn from_membership(id: InboundId, change: &ChatMemberUpdated) -> Option<Inbound> {
    let membership = match (change.old_chat_member.kind.is_present(), change.new_chat_member.kind.is_present()) {
        (false, true) => Membership::Joined,
        (true, false) => Membership::Left,
        // New rights, the same membership.
        (true, true) | (false, false) => return None,
    };
    Some(Inbound {
        id,
        at: change.date,
        channel: place(&change.chat),
        actor: person(&change.from),
        reply_to: None,
        receipt: None,
        message: None,
        kind: InboundKind::Membership(membership),
    })
}

fn place(chat: &Chat) -> ChannelRef {
    ChannelRef::new(Platform::Telegram, chat.id.0.to_string())
}

fn channel_of(message: &Message) -> ChannelRef {
    // Outside of forums the field names a chain of replies, which is no place to post to.
    let thread = message.thread_id.filter(|_| message.is_topic_message).map(|thread| thread.0.0.to_string());
    ChannelRef { thread, ..place(&message.chat) }
}

/// The message that this one answers. Every message in a forum topic "replies" to the one that opened the topic; that
/// is not an answer to it.
fn replied_to(message: &Message) -> Option<&Message> {
    let replied = message.reply_to_message()?;
    let opens_topic = message.is_topic_message && message.thread_id.is_some_and(|thread| thread.0 == replied.id);
    (!opens_topic).then_some(replied)
}

/// Who wrote it. `None` for other bots: bots that answer each other never end.
fn sender(message: &Message) -> Option<Actor> {
    // First, because then `from` is only a stand-in account that all anonymous admins share.
    if let Some(chat) = &message.sender_chat {
        let name = chat.title().or_else(|| chat.username()).unwrap_or_default().to_owned();
        return Some(Actor::Anonymous { name });
    }
    message.from.as_ref().filter(|user| !user.is_bot).map(person)
}

fn person(user: &User) -> Actor {
    Actor::Person { id: UserId(user.id.0.to_string()), name: user.full_name() }
}

/// The text without the mentions of us, and whether there was one.
fn without_mentions(text: &str, entities: &[MessageEntity], me: &Identity) -> (String, bool) {
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for entity in entities {
        let Some((from, to)) = byte_range(text, entity).filter(|(from, _)| *from >= end) else { continue };
        let ours = match &entity.kind {
            MessageEntityKind::Mention => {
                text[from..to].strip_prefix('@').is_some_and(|name| name.eq_ignore_ascii_case(&me.username))
            }
            MessageEntityKind::TextMention { user } => user.id.0 == me.id,
            _ => false,
        };
        if ours {
            kept.push_str(text[end..from].trim_end());
            if !kept.is_empty() {
                kept.push(' ');
            }
            end = to + (text[to..].len() - text[to..].trim_start_matches([' ', ',', ':']).len());
        }
    }
    if end == 0 {
        return (text.to_owned(), false);
    }
    kept.push_str(&text[end..]);
    (kept, true)
}

/// An entity's place in bytes; Telegram counts UTF-16 units. `None` if it does not lie in the text.
fn byte_range(text: &str, entity: &MessageEntity) -> Option<(usize, usize)> {
    let at = |wanted: usize| {
        let mut units = 0;
        for (byte, character) in text.char_indices() {
            if units >= wanted {
                return (units == wanted).then_some(byte);
            }
            units += character.len_utf16();
        }
        (units == wanted).then_some(text.len())
    };
    Some((at(entity.offset)?, at(entity.offset.checked_add(entity.length)?)?))
}

#[cfg(test)]
mod tests;
