//! Takes out of an update everything that we do not read, before teloxide's types see it.
//!
//! Telegram adds kinds of entities, chats' features and message contents several times a year. teloxide reads a message
//! with one unknown entity, or in reply to something unknown, as an empty message: its text would be lost in silence.

use serde_json::{Map, Value, json};

const CHAT: &[&str] = &["id", "type", "title", "username", "first_name", "last_name", "is_forum"];
const USER: &[&str] = &["id", "is_bot", "first_name", "last_name", "username"];
const MESSAGE: &[&str] = &["message_id", "message_thread_id", "is_topic_message", "date", "migrate_to_chat_id"];
const QUERY: &[&str] = &["id", "chat_instance", "data"];
/// The entities that decide whether a text is for us.
const ENTITIES: &[&str] = &["mention", "text_mention"];

/// The update without what we do not read. One of a kind that we do not read is returned as it is.
pub(crate) fn prune(update: &Value) -> Value {
    let mut pruned = update.clone();
    if let Some(message) = update.get("message") {
        pruned["message"] = self::message(message);
    }
    if let Some(query) = update.get("callback_query").and_then(Value::as_object) {
        let mut kept = kept(query, QUERY);
        copy(query, &mut kept, "from", |user| only(user, USER));
        copy(query, &mut kept, "message", message);
        pruned["callback_query"] = Value::Object(kept);
    }
    pruned
}

fn message(value: &Value) -> Value {
    let Some(message) = value.as_object() else { return value.clone() };
    let mut kept = kept(message, MESSAGE);
    copy(message, &mut kept, "from", |user| only(user, USER));
    copy(message, &mut kept, "chat", |chat| only(chat, CHAT));
    copy(message, &mut kept, "sender_chat", |chat| only(chat, CHAT));
    // Of the message that is answered only who wrote it and which it was.
    copy(message, &mut kept, "reply_to_message", |replied| {
        let mut replied = self::message(replied);
        if let Some(fields) = replied.as_object_mut() {
            fields.remove("reply_to_message");
            fields.remove("text");
            fields.remove("entities");
        }
        replied
    });
    // Words under a picture are words; the picture itself we do not read.
    for (words, marks) in [("text", "entities"), ("caption", "caption_entities")] {
        if let Some(text) = message.get(words) {
            kept.insert("text".to_owned(), text.clone());
            kept.insert("entities".to_owned(), entities(message.get(marks)));
        }
    }
    Value::Object(kept)
}

fn entities(value: Option<&Value>) -> Value {
    let known =
        |entity: &&Value| entity.get("type").and_then(Value::as_str).is_some_and(|kind| ENTITIES.contains(&kind));
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    json!(list.iter().filter(known).collect::<Vec<_>>())
}

fn kept(object: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    object.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn only(value: &Value, names: &[&str]) -> Value {
    value.as_object().map_or_else(|| value.clone(), |object| Value::Object(kept(object, names)))
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, name: &str, prune: impl Fn(&Value) -> Value) {
    if let Some(value) = from.get(name) {
        to.insert(name.to_owned(), prune(value));
    }
}
