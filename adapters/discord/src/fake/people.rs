//! What people do on the fake Discord. Each act returns the id of what came to be: an interaction, or a message.

use super::{
    FakeDiscord, number,
    state::{Interaction, Message, State},
};
use serde_json::{Value, json};

impl FakeDiscord {
    /// A slash command with options in Discord's types: what the registered command has as boolean comes as such.
    pub fn slash(&self, user: &str, channel: &str, command: &str, options: &[(&str, &str)]) -> String {
        self.shared.with(|state| {
            let registered = state.commands.values().flatten().find(|known| known["name"] == command);
            let known = registered.map_or(Value::Null, |known| known["options"].clone());
            let options: Vec<Value> = options
                .iter()
                .map(|(name, value)| {
                    let option = known.as_array().into_iter().flatten().find(|option| option["name"] == *name);
                    match option.and_then(|option| option["type"].as_u64()) {
                        Some(5) => json!({ "name": name, "type": 5, "value": *value == "true" }),
                        _ => json!({ "name": name, "type": 3, "value": value }),
                    }
                })
                .collect();
            let id = state.snowflake();
            let data = json!({ "id": id.to_string(), "name": command, "type": 1, "options": options });
            interact(state, 2, number(user), number(channel), data, None)
        })
    }

    /// A press on the button with this label.
    pub fn press(&self, user: &str, message: &str, label: &str) -> String {
        let found = self.message(message);
        let Some(button) = found.as_ref().and_then(|message| message.button(label)) else {
            panic!("no button \"{label}\" on {found:#?}")
        };
        self.press_raw(user, message, &button.custom_id)
    }

    /// What a forged client sends: a press that carries anything.
    pub fn press_raw(&self, user: &str, message: &str, custom_id: &str) -> String {
        self.shared.with(|state| {
            let Some(message) = state.message(message).cloned() else { panic!("no message {message}") };
            let data = json!({ "component_type": 2, "custom_id": custom_id });
            interact(state, 3, number(user), number(&message.channel), data, Some(&message))
        })
    }

    /// A message that is not meant for the bot (in a direct channel it is).
    pub fn say(&self, user: &str, channel: &str, text: &str) -> String {
        self.shared.with(|state| say(state, user, channel, text, None, false, false))
    }

    /// A message that mentions the bot.
    pub fn mention(&self, user: &str, channel: &str, text: &str) -> String {
        let me = self.me();
        self.shared.with(|state| say(state, user, channel, &format!("<@{me}> {text}"), None, false, false))
    }

    /// A reply with the mention on, as Discord's clients do by themselves.
    pub fn reply(&self, user: &str, message: &str, text: &str) -> String {
        self.shared.with(|state| reply(state, user, message, text, true))
    }

    /// A reply with the mention switched off: the bot sees that it is one, and not what it says.
    pub fn reply_quietly(&self, user: &str, message: &str, text: &str) -> String {
        self.shared.with(|state| reply(state, user, message, text, false))
    }

    /// A message of a webhook, which mentions the bot.
    pub fn webhook(&self, channel: &str, text: &str) -> String {
        let me = self.me();
        self.shared.with(|state| {
            let user = state.snowflake().to_string();
            say(state, &user, channel, &format!("<@{me}> {text}"), None, false, true)
        })
    }
}

fn interact(state: &mut State, kind: u8, user: u64, channel: u64, data: Value, message: Option<&Message>) -> String {
    let id = state.snowflake();
    let token = format!("interaction-token-{id}");
    let guild = state.channels.get(&channel).and_then(|channel| channel.guild);
    let mut event = json!({
        "id": id.to_string(), "application_id": state.application.to_string(), "type": kind, "data": data,
        "channel_id": channel.to_string(), "token": token, "version": 1, "app_permissions": "2147483647",
        "locale": "en-US", "entitlements": [], "authorizing_integration_owners": {},
        "attachment_size_limit": 10_485_760,
    });
    match guild {
        Some(guild) => {
            event["guild_id"] = json!(guild.to_string());
            event["member"] = state.member_json(user);
        }
        None => event["user"] = state.user_json(user),
    }
    if let Some(message) = message {
        event["message"] = state.message_json(message);
    }
    let original = message.map(|message| message.id.clone());
    let at = state.now;
    let interaction = Interaction { token, kind, user, channel, at, response: None, original };
    state.interactions.insert(id, interaction);
    state.gateway.dispatch("INTERACTION_CREATE", &event);
    id.to_string()
}

fn reply(state: &mut State, user: &str, message: &str, text: &str, pings: bool) -> String {
    let Some(channel) = state.message(message).map(|message| message.channel.clone()) else {
        panic!("no message {message}")
    };
    say(state, user, &channel, text, Some(message), pings, false)
}

fn say(
    state: &mut State,
    user: &str,
    channel: &str,
    text: &str,
    reply_to: Option<&str>,
    pings: bool,
    webhook: bool,
) -> String {
    let mut message = state.blank(number(channel), number(user));
    text.clone_into(&mut message.content);
    message.reply_to = reply_to.map(str::to_owned);
    message.pings = pings;
    let mut event = state.message_json(&message);
    if webhook {
        event["webhook_id"] = json!(user);
    }
    let id = message.id.clone();
    state.messages.push(message);
    state.gateway.dispatch("MESSAGE_CREATE", &event);
    id
}
