//! What serenity read, in the core's words. Pure: no request is made here.

use crate::{
    receipt::{Interaction as Receipt, Kind},
    texts,
};
use chrono::{DateTime, Utc};
use contract::{
    Actor, ChannelRef, GRAMMAR, Inbound, InboundId, InboundKind, Invocation, MessageRef, Platform, Token, UserId,
};
use serenity::model::{
    application::{CommandData, CommandDataOptionValue, CommandInteraction, ComponentInteraction, Interaction},
    channel::{Message, MessageType},
    id::{ChannelId, MessageId, UserId as Snowflake},
    user::User,
};

/// Milliseconds of the Unix epoch at which Discord's ids begin.
const DISCORD_EPOCH: i64 = 1_420_070_400_000;

/// A slash command or a button; `None` for what this bot does not offer (autocomplete, modals).
pub(crate) fn interaction(interaction: &Interaction) -> Option<(Receipt, Inbound)> {
    match interaction {
        Interaction::Command(command) => Some(slash(command)),
        Interaction::Component(press) => Some(button(press)),
        _ => None,
    }
}

fn slash(command: &CommandInteraction) -> (Receipt, Inbound) {
    let receipt = Receipt {
        kind: Kind::Command,
        application: command.application_id.to_string(),
        id: command.id.to_string(),
        user: command.user.id.to_string(),
        token: command.token.clone(),
    };
    let nick = command.member.as_ref().and_then(|member| member.nick.as_deref());
    let inbound = Inbound {
        id: InboundId(command.id.to_string()),
        at: at(command.id.get()),
        channel: channel(command.channel_id),
        actor: person(&command.user, nick),
        reply_to: None,
        receipt: Some(receipt.receipt()),
        message: None,
        kind: invocation(&command.data),
    };
    (receipt, inbound)
}

fn button(press: &ComponentInteraction) -> (Receipt, Inbound) {
    let receipt = Receipt {
        kind: Kind::Press,
        application: press.application_id.to_string(),
        id: press.id.to_string(),
        user: press.user.id.to_string(),
        token: press.token.clone(),
    };
    let nick = press.member.as_ref().and_then(|member| member.nick.as_deref());
    let inbound = Inbound {
        id: InboundId(press.id.to_string()),
        at: at(press.id.get()),
        channel: channel(press.channel_id),
        actor: person(&press.user, nick),
        reply_to: Some(reference(press.channel_id, press.message.id)),
        receipt: Some(receipt.receipt()),
        message: None,
        kind: InboundKind::Press { token: Token(press.data.custom_id.clone()) },
    };
    (receipt, inbound)
}

/// A message that is meant for the bot: a direct message, one that mentions it, or a reply to one of its own.
pub(crate) fn message(message: &Message, me: Snowflake) -> Option<Inbound> {
    let by_a_person = !message.author.bot && !message.author.system && message.webhook_id.is_none();
    let written = matches!(message.kind, MessageType::Regular | MessageType::InlineReply);
    let direct = message.guild_id.is_none();
    let mentioned = message.mentions.iter().any(|user| user.id == me);
    let answers_me = message.referenced_message.as_ref().is_some_and(|other| other.author.id == me);
    if !by_a_person || !written || !(direct || mentioned || answers_me) {
        return None;
    }
    let nick = message.member.as_ref().and_then(|member| member.nick.as_deref());
    let reply_to = message
        .message_reference
        .as_ref()
        .and_then(|reference| reference.message_id.map(|id| self::reference(reference.channel_id, id)));
    Some(Inbound {
        id: InboundId(message.id.to_string()),
        at: at(message.id.get()),
        channel: channel(message.channel_id),
        actor: person(&message.author, nick),
        reply_to,
        receipt: None,
        message: Some(reference(message.channel_id, message.id)),
        kind: text(&without_mention(&message.content, me)),
    })
}

fn text(text: &str) -> InboundKind {
    if text.is_empty() {
        return InboundKind::Misread { problem: texts::UNREADABLE.to_owned() };
    }
    if !text.starts_with('/') {
        return InboundKind::Text(text.to_owned());
    }
    // "@bot /why …" is what people write who know the command but not Discord's menu.
    match contract::parse(text) {
        Ok(invocation) => InboundKind::Command(invocation),
        Err(error) => InboundKind::Misread { problem: error.to_string() },
    }
}

fn without_mention(content: &str, me: Snowflake) -> String {
    content.replace(&format!("<@{me}>"), "").replace(&format!("<@!{me}>"), "").trim().to_owned()
}

fn invocation(data: &CommandData) -> InboundKind {
    let Some(spec) = GRAMMAR.iter().find(|spec| spec.word == data.name) else {
        return InboundKind::Misread { problem: texts::unknown_command(&data.name) };
    };
    let given = data.options.iter().filter_map(|option| {
        let value = match &option.value {
            CommandDataOptionValue::String(text) => text.clone(),
            CommandDataOptionValue::Boolean(on) => on.to_string(),
            CommandDataOptionValue::Integer(number) => number.to_string(),
            CommandDataOptionValue::Number(number) => number.to_string(),
            // The grammar asks for none of the other types.
            _ => return None,
        };
        Some((option.name.clone(), value))
    });
    match Invocation::new(spec.name, given) {
        Ok(invocation) => InboundKind::Command(invocation),
        Err(error) => InboundKind::Misread { problem: error.to_string() },
    }
}

fn person(user: &User, nick: Option<&str>) -> Actor {
    let name = nick.or(user.global_name.as_deref()).unwrap_or(&user.name);
    Actor::Person { id: UserId(user.id.to_string()), name: name.to_owned() }
}

fn channel(id: ChannelId) -> ChannelRef {
    ChannelRef::new(Platform::Discord, id.to_string())
}

fn reference(channel: ChannelId, message: MessageId) -> MessageRef {
    MessageRef { channel: self::channel(channel), id: message.to_string() }
}

/// When an id was made; every one of Discord's ids says so.
fn at(id: u64) -> DateTime<Utc> {
    let milliseconds = i64::try_from(id >> 22).unwrap_or_default() + DISCORD_EPOCH;
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}
