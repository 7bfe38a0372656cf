//! What the fake Discord remembers, and how it shows it on the wire.

use super::{Fault, gateway::Gateway};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const DISCORD_EPOCH: i64 = 1_420_070_400_000;
/// How long a nonce is remembered. Discord says "a few minutes".
const NONCE_MINUTES: i64 = 5;
const PRESS_FLAG: u64 = 1 << 6;
const LOADING_FLAG: u64 = 1 << 7;

/// A message as somebody who looks at the channel has it before them.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The channel's id.
    pub channel: String,
    /// The author's id.
    pub author: String,
    /// The content as it was sent, with its markdown.
    pub content: String,
    /// The embeds as they were sent.
    pub embeds: Vec<Value>,
    /// The action rows as they were sent.
    pub components: Vec<Value>,
    /// The files.
    pub files: Vec<File>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// The idempotency key.
    pub nonce: Option<String>,
    /// Who alone sees it, when it is ephemeral.
    pub only_for: Option<String>,
    /// "The bot is thinking…": no content yet.
    pub loading: bool,
    /// How often it was edited.
    pub edits: u32,
    /// Whether it would have made somebody's phone ring: it has a mention, and mentions are allowed.
    pub pings: bool,
    pub(super) at: DateTime<Utc>,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// File name.
    pub name: String,
    /// The alternative text.
    pub description: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// A button of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What it carries.
    pub custom_id: String,
    /// Discord's number: 1 primary, 2 secondary, 3 success, 4 danger.
    pub style: u64,
}

impl Message {
    /// What a person reads: content and embeds without the marks for bold, code and escapes.
    pub fn text(&self) -> String {
        let raw = self.raw().replace('\u{200b}', "");
        let mut text = String::new();
        let (mut fenced, mut coded) = (false, false);
        let mut rest = raw.as_str();
        while let Some(character) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("```") {
                fenced = !fenced;
                // The language stands on the line of the opening fence.
                rest = if fenced { after.split_once('\n').map_or("", |(_, code)| code) } else { after };
                continue;
            }
            rest = &rest[character.len_utf8()..];
            match character {
                '`' if !fenced => coded = !coded,
                '*' if !fenced && !coded => {}
                '\\' if !fenced && !coded && rest.starts_with(|next: char| next.is_ascii_punctuation()) => {
                    text.push_str(&rest[..1]);
                    rest = &rest[1..];
                }
                _ => text.push(character),
            }
        }
        text
    }

    /// Content and embeds as they were sent.
    pub fn raw(&self) -> String {
        let embeds = self.embeds.iter().flat_map(|embed| [&embed["title"], &embed["description"]]);
        let parts: Vec<&str> = [self.content.as_str()]
            .into_iter()
            .chain(embeds.filter_map(Value::as_str))
            .filter(|part| !part.is_empty())
            .collect();
        parts.join("\n")
    }

    /// The buttons, row by row.
    pub fn buttons(&self) -> Vec<Button> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.components
            .iter()
            .flat_map(|row| row["components"].as_array().into_iter().flatten())
            .map(|button| Button {
                label: text(&button["label"]),
                custom_id: text(&button["custom_id"]),
                style: button["style"].as_u64().unwrap_or_default(),
            })
            .collect()
    }

    /// The button with this label.
    pub fn button(&self, label: &str) -> Option<Button> {
        self.buttons().into_iter().find(|button| button.label == label)
    }
}

/// One REST request that came in.
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `POST`.
    pub method: String,
    /// Without `/api/v10`.
    pub path: String,
    /// The JSON body (of a form: its `payload_json`).
    pub body: Value,
    /// The status that was answered; 0 while there is none.
    pub status: u16,
}

#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) bot: bool,
    /// Takes no direct messages from the bot.
    pub(super) closed: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) name: String,
    /// `None` for a direct one.
    pub(super) guild: Option<u64>,
    pub(super) with: Option<u64>,
    /// The bot may not see it (any more).
    pub(super) forbidden: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Interaction {
    pub(super) token: String,
    /// 2 command, 3 component.
    pub(super) kind: u8,
    pub(super) user: u64,
    pub(super) channel: u64,
    pub(super) at: DateTime<Utc>,
    /// The type of the first response.
    pub(super) response: Option<u64>,
    /// The message that `@original` names.
    pub(super) original: Option<String>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) now: DateTime<Utc>,
    ids: u64,
    pub(super) token: String,
    pub(super) application: u64,
    pub(super) me: u64,
    pub(super) guild: u64,
    pub(super) users: BTreeMap<u64, User>,
    pub(super) channels: BTreeMap<u64, Channel>,
    pub(super) messages: Vec<Message>,
    pub(super) interactions: BTreeMap<u64, Interaction>,
    /// By guild; `None` is everywhere.
    pub(super) commands: BTreeMap<Option<String>, Vec<Value>>,
    pub(super) calls: Vec<Call>,
    pub(super) faults: Vec<(String, Fault)>,
    pub(super) held: Vec<String>,
    pub(super) typing: Vec<String>,
    pub(super) gateway: Gateway,
}

impl State {
    pub(super) fn new(token: &str, now: DateTime<Utc>) -> Self {
        let mut state = Self {
            now,
            ids: 0,
            token: token.to_owned(),
            application: 0,
            me: 0,
            guild: 0,
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            messages: Vec::new(),
            interactions: BTreeMap::new(),
            commands: BTreeMap::new(),
            calls: Vec::new(),
            faults: Vec::new(),
            held: Vec::new(),
            typing: Vec::new(),
            gateway: Gateway::default(),
        };
        state.application = state.snowflake();
        state.guild = state.snowflake();
        state.me = state.snowflake();
        state.users.insert(state.me, User { name: "roundsman".into(), bot: true, closed: false });
        state
    }

    /// The next id: by the fake's clock, and never the same.
    pub(super) fn snowflake(&mut self) -> u64 {
        self.ids += 1;
        let milliseconds = u64::try_from(self.now.timestamp_millis() - DISCORD_EPOCH).unwrap_or_default();
        (milliseconds << 22) | (self.ids & 0x3f_ffff)
    }

    pub(super) fn user_named(&mut self, name: &str) -> u64 {
        if let Some((id, _)) = self.users.iter().find(|(_, user)| user.name == name) {
            return *id;
        }
        let id = self.snowflake();
        self.users.insert(id, User { name: name.to_owned(), bot: false, closed: false });
        id
    }

    pub(super) fn channel_named(&mut self, name: &str) -> u64 {
        if let Some((id, _)) = self.channels.iter().find(|(_, channel)| channel.name == name) {
            return *id;
        }
        let id = self.snowflake();
        let channel = Channel { name: name.to_owned(), guild: Some(self.guild), with: None, forbidden: false };
        self.channels.insert(id, channel);
        id
    }

    pub(super) fn direct_with(&mut self, user: u64) -> u64 {
        if let Some((id, _)) = self.channels.iter().find(|(_, channel)| channel.with == Some(user)) {
            return *id;
        }
        let id = self.snowflake();
        self.channels.insert(id, Channel { name: format!("@{user}"), guild: None, with: Some(user), forbidden: false });
        id
    }

    pub(super) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    pub(super) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    /// A message of the bot with this nonce, while Discord would remember it.
    pub(super) fn with_nonce(&self, nonce: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| {
            message.nonce.as_deref() == Some(nonce)
                && message.author == self.me.to_string()
                && (self.now - message.at).num_minutes() < NONCE_MINUTES
        })
    }

    pub(super) fn blank(&mut self, channel: u64, author: u64) -> Message {
        Message {
            id: self.snowflake().to_string(),
            channel: channel.to_string(),
            author: author.to_string(),
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            files: Vec::new(),
            reply_to: None,
            nonce: None,
            only_for: None,
            loading: false,
            edits: 0,
            pings: false,
            at: self.now,
        }
    }

    pub(super) fn user_json(&self, id: u64) -> Value {
        let user = self.users.get(&id);
        let name = user.map_or("nobody", |user| user.name.as_str());
        json!({
            "id": id.to_string(), "username": name, "discriminator": "0", "global_name": name, "avatar": null,
            "bot": user.is_some_and(|user| user.bot),
        })
    }

    pub(super) fn member_json(&self, id: u64) -> Value {
        let mut member = self.partial_member_json();
        member["user"] = self.user_json(id);
        member["permissions"] = json!("2147483647");
        member
    }

    fn partial_member_json(&self) -> Value {
        json!({
            "nick": null, "avatar": null, "roles": [], "joined_at": timestamp(self.now), "premium_since": null,
            "deaf": false, "mute": false, "flags": 0, "pending": false, "communication_disabled_until": null,
        })
    }

    /// The message on the wire. `full`: with the content; without the privileged intent a bot gets it only where it
    /// is meant.
    pub(super) fn message_json(&self, message: &Message) -> Value {
        let author: u64 = message.author.parse().unwrap_or_default();
        let channel = message.channel.parse().ok().and_then(|id: u64| self.channels.get(&id));
        let guild = channel.and_then(|channel| channel.guild);
        let mut flags = 0;
        if message.only_for.is_some() {
            flags |= PRESS_FLAG;
        }
        if message.loading {
            flags |= LOADING_FLAG;
        }
        let answered = message.reply_to.as_deref().and_then(|id| self.message(id));
        let mut mentions: Vec<u64> =
            self.users.keys().copied().filter(|id| message.content.contains(&format!("<@{id}>"))).collect();
        if let Some(other) = answered.filter(|_| message.pings) {
            mentions.extend(other.author.parse::<u64>().ok());
        }
        mentions.dedup();
        let meant = author == self.me || guild.is_none() || mentions.contains(&self.me);
        let embeds = message.embeds.iter().map(|embed| {
            let mut embed = embed.clone();
            embed["type"] = json!("rich");
            embed
        });
        let mut value = json!({
            "id": message.id, "channel_id": message.channel, "type": if answered.is_some() { 19 } else { 0 },
            "author": self.user_json(author), "content": if meant { message.content.as_str() } else { "" },
            "timestamp": timestamp(message.at), "edited_timestamp": null, "tts": false, "mention_everyone": false,
            "mentions": mentions.iter().map(|id| self.user_json(*id)).collect::<Vec<_>>(), "mention_roles": [],
            "attachments": [], "embeds": if meant { embeds.collect() } else { Vec::new() },
            "components": message.components, "pinned": false, "flags": flags,
        });
        if let Some(nonce) = &message.nonce {
            value["nonce"] = json!(nonce);
        }
        if let Some(guild) = guild {
            value["guild_id"] = json!(guild.to_string());
            value["member"] = self.partial_member_json();
        }
        if let Some(other) = answered {
            value["message_reference"] = json!({ "type": 0, "channel_id": other.channel, "message_id": other.id });
            value["referenced_message"] = self.message_json(&Message { reply_to: None, ..other.clone() });
        }
        value
    }
}

pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, false)
}
