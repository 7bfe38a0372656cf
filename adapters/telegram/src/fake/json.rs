//! The fake's things as the Bot API writes them.

use super::world::{ANONYMOUS_ADMIN, Author, BOT_ID, Kind, World};
use serde_json::{Value, json};

impl World {
    pub(super) fn person_json(&self, id: i64) -> Value {
        let name = self.people.get(&id).map_or("Nobody", String::as_str);
        json!({ "id": id, "is_bot": false, "first_name": name })
    }

    pub(super) fn chat_json(&mut self, id: i64) -> Value {
        let chat = self.chat(id);
        match chat.kind {
            Kind::Private => json!({ "id": id, "type": "private", "first_name": chat.title }),
            Kind::Group => json!({ "id": id, "type": "group", "title": chat.title }),
            Kind::Supergroup => json!({ "id": id, "type": "supergroup", "title": chat.title }),
            Kind::Forum => json!({ "id": id, "type": "supergroup", "title": chat.title, "is_forum": true }),
        }
    }

    pub(super) fn message_json(&mut self, chat_id: i64, id: i64) -> Value {
        let chat = self.chat_json(chat_id);
        let is_forum = self.chat(chat_id).kind == Kind::Forum;
        let Some(message) = self.chat(chat_id).messages.iter().find(|message| message.id == id).cloned() else {
            return json!({ "message_id": id, "date": 0, "chat": chat });
        };
        let mut value = json!({ "message_id": id, "date": message.date.timestamp(), "chat": chat });
        value["from"] = match message.author {
            Author::Bot => bot_json(),
            Author::Person(person) => self.person_json(person),
            Author::Anonymous => {
                value["sender_chat"] = value["chat"].clone();
                json!({ "id": ANONYMOUS_ADMIN, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot" })
            }
        };
        match &message.file {
            Some(file) if file.is_photo => {
                value["photo"] = json!([{ "file_id": "p", "file_unique_id": "p", "file_size": file.bytes.len(),
                    "width": 90, "height": 90 }]);
                value["caption"] = json!(message.text);
            }
            Some(file) => {
                value["document"] = json!({ "file_id": "d", "file_unique_id": "d", "file_size": file.bytes.len(),
                    "file_name": file.name });
                value["caption"] = json!(message.text);
            }
            None => value["text"] = json!(message.text),
        }
        if let Some(thread) = message.thread {
            value["message_thread_id"] = json!(thread);
            if is_forum {
                value["is_topic_message"] = json!(true);
            }
        }
        if !message.buttons.is_empty() {
            let rows: Vec<Vec<Value>> = message
                .buttons
                .iter()
                .map(|row| row.iter().map(|key| json!({ "text": key.label, "callback_data": key.data })).collect())
                .collect();
            value["reply_markup"] = json!({ "inline_keyboard": rows });
        }
        match message.reply_to {
            Some(replied) => value["reply_to_message"] = self.message_json(chat_id, replied),
            // In a topic everything answers the message that opened it.
            None => {
                if let Some(thread) = message.thread.filter(|_| is_forum) {
                    value["reply_to_message"] = json!({
                        "message_id": thread, "date": message.date.timestamp(), "chat": self.chat_json(chat_id),
                        "message_thread_id": thread, "is_topic_message": true, "from": bot_json(),
                        "forum_topic_created": { "name": "topic", "icon_color": 7_322_096 },
                    });
                }
            }
        }
        value
    }
}

pub(super) fn bot_json() -> Value {
    json!({ "id": BOT_ID, "is_bot": true, "first_name": "Roundsman", "username": super::BOT_USERNAME })
}

/// What the server finds in a text that a person wrote: commands and mentions.
pub(super) fn entities(text: &str) -> Value {
    let mut found = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let name: String =
            bare.chars().skip(1).take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '@').collect();
        let kind = match bare.chars().next() {
            Some('/') if !name.is_empty() => Some("bot_command"),
            Some('@') if name.len() >= 4 => Some("mention"),
            _ => None,
        };
        if let Some(kind) = kind {
            found.push(json!({ "type": kind, "offset": offset, "length": name.len() + 1 }));
        }
        offset += word.encode_utf16().count();
    }
    json!(found)
}
