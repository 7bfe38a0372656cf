//! What each kind of update becomes.

use super::{Identity, Received, read};
use chrono::{DateTime, Utc};
use contract::{
    Actor, ChannelRef, CommandName, Inbound, InboundId, InboundKind, Membership, MessageRef, Platform, Receipt, Token,
    UserId,
};
use serde_json::{Value, json};
use teloxide::types::CallbackQueryId;

const NOW: &str = "2026-01-05T09:00:00Z";

fn me() -> Identity {
    Identity { id: 99, username: "Roundsman_bot".into() }
}

fn received(update: Value) -> Received {
    read(super::update(&update).unwrap(), &me(), NOW.parse().unwrap())
}

fn date() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn private() -> Value {
    json!({ "id": 7, "type": "private", "first_name": "Ada" })
}

fn group() -> Value {
    json!({ "id": -5, "type": "supergroup", "title": "Ops", "is_forum": true })
}

fn ada() -> Value {
    json!({ "id": 7, "is_bot": false, "first_name": "Ada", "last_name": "L" })
}

/// A message of Ada's with more fields.
fn message(chat: Value, text: &str, more: Value) -> Received {
    let mut message = json!({ "message_id": 12, "date": 1_700_000_000, "chat": chat, "from": ada(), "text": text });
    for (key, value) in more.as_object().unwrap() {
        message[key] = value.clone();
    }
    received(json!({ "update_id": 3, "message": message }))
}

fn kind(received: Received) -> Option<InboundKind> {
    assert_eq!(received.press, None);
    received.inbound.map(|inbound| inbound.kind)
}

fn place(id: &str) -> ChannelRef {
    ChannelRef::new(Platform::Telegram, id)
}

fn command(kind: Option<InboundKind>) -> Option<CommandName> {
    match kind {
        Some(InboundKind::Command(invocation)) => Some(invocation.command),
        _ => None,
    }
}

fn mention(offset: usize, length: usize) -> Value {
    json!({ "entities": [{ "type": "mention", "offset": offset, "length": length }] })
}

#[test]
fn a_private_text_is_whole() {
    let expected = Inbound {
        id: InboundId::from("3"),
        at: date(),
        channel: place("7"),
        actor: Actor::Person { id: UserId::from("7"), name: "Ada L".into() },
        reply_to: None,
        receipt: None,
        message: Some(MessageRef { channel: place("7"), id: "12".into() }),
        kind: InboundKind::Text("why is cart down?".into()),
    };
    let received = message(private(), " why is cart down? ", json!({}));
    assert_eq!(received, Received { inbound: Some(expected), press: None });
}

#[test]
fn commands_are_read_everywhere_unless_they_are_another_bots() {
    for chat in [private(), group()] {
        let read = |text: &str| command(kind(message(chat.clone(), text, json!({}))));
        assert_eq!(read("/inspect prod"), Some(CommandName::Inspect));
        assert_eq!(read("/inspect@roundsman_BOT prod"), Some(CommandName::Inspect));
        assert_eq!(read("/inspect@other_bot prod"), None);
    }
}

#[test]
fn what_was_meant_as_a_command_says_what_to_write() {
    let problem = |text: &str, chat: Value| match kind(message(chat, text, json!({}))) {
        Some(InboundKind::Misread { problem }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(problem("/inspct prod", group()).contains("/inspect"));
    assert!(problem("/why", group()).contains("object is missing"));
    assert!(problem("/zzzzzzzzzz", private()).contains("/help"));
    assert!(problem("/zzzzzzzzzz@roundsman_bot", group()).contains("/help"));
    assert_eq!(kind(message(group(), "/zzzzzzzzzz", json!({}))), None, "another bot's command");
}

#[test]
fn a_group_is_heard_only_where_we_are_meant() {
    assert_eq!(kind(message(group(), "lunch?", json!({}))), None);
    let reply = |author: u64| {
        json!({ "reply_to_message": { "message_id": 4, "date": 1, "chat": group(), "text": "report",
            "from": { "id": author, "is_bot": true, "first_name": "R" } } })
    };
    let to_us = message(group(), "and since when?", reply(99)).inbound.unwrap();
    assert_eq!(to_us.kind, InboundKind::Text("and since when?".into()));
    assert_eq!(to_us.reply_to, Some(MessageRef { channel: place("-5"), id: "4".into() }));
    assert_eq!(kind(message(group(), "and since when?", reply(98))), None);
    assert_eq!(
        kind(message(group(), "/path/to/x is full", reply(99))),
        Some(InboundKind::Text("/path/to/x is full".into()))
    );
}

#[test]
fn a_mention_is_removed_wherever_it_stands() {
    let text = |text: &str, more: Value| kind(message(group(), text, more));
    let said = |text: &str| Some(InboundKind::Text(text.into()));
    assert_eq!(text("@roundsman_bot why?", mention(0, 14)), said("why?"));
    assert_eq!(text("@roundsman_bot, why?", mention(0, 14)), said("why?"));
    assert_eq!(text("😀 so @roundsman_bot why?", mention(6, 14)), said("😀 so why?"));
    assert_eq!(text("why, @roundsman_bot", mention(5, 14)), said("why,"));
    assert_eq!(text("@other_bot why?", mention(0, 10)), None);
    assert_eq!(command(text("@roundsman_bot", mention(0, 14))), Some(CommandName::Help));
    assert_eq!(command(text("@roundsman_bot /findings", mention(0, 14))), Some(CommandName::Findings));
    assert_eq!(text("@roundsman_bot", mention(0, 400)), None, "an entity outside of the text");
    let by_id = json!({ "entities": [{ "type": "text_mention", "offset": 0, "length": 4,
        "user": { "id": 99, "is_bot": true, "first_name": "R" } }] });
    assert_eq!(text("Dear why?", by_id), said("why?"));
}

#[test]
fn whoever_writes_as_the_group_has_no_id() {
    let anonymous = json!({ "sender_chat": group(), "from": { "id": 1_087_968_824, "is_bot": true,
        "first_name": "Group", "username": "GroupAnonymousBot" } });
    let inbound = message(group(), "/approve r-1", anonymous).inbound.unwrap();
    assert_eq!(inbound.actor, Actor::Anonymous { name: "Ops".into() });
}

#[test]
fn other_bots_are_not_heard() {
    let bot = json!({ "from": { "id": 55, "is_bot": true, "first_name": "Echo" } });
    assert_eq!(message(private(), "hello", bot).inbound, None);
}

#[test]
fn a_forum_topic_is_the_thread_and_its_opening_is_not_answered() {
    let topic = json!({ "message_thread_id": 40, "is_topic_message": true,
        "reply_to_message": { "message_id": 40, "date": 1, "chat": group(), "message_thread_id": 40,
            "is_topic_message": true, "from": { "id": 99, "is_bot": true, "first_name": "R" },
            "forum_topic_created": { "name": "t", "icon_color": 1 } } });
    let inbound = message(group(), "/findings", topic.clone()).inbound.unwrap();
    assert_eq!(inbound.channel, ChannelRef { thread: Some("40".into()), ..place("-5") });
    assert_eq!(inbound.reply_to, None);
    assert_eq!(message(group(), "lunch?", topic).inbound, None);
    // A chain of replies outside of a forum is no place.
    let chain = json!({ "message_thread_id": 40 });
    assert_eq!(message(group(), "/findings", chain).inbound.unwrap().channel, place("-5"));
}

fn press(message: Value, data: Value) -> Received {
    let mut query = json!({ "id": "q1", "from": ada(), "chat_instance": "c", "message": message });
    query["data"] = data;
    received(json!({ "update_id": 4, "callback_query": query }))
}

#[test]
fn a_press_is_its_token_even_on_a_message_that_telegram_hides() {
    let standing = json!({ "message_id": 12, "date": 5, "chat": group(), "text": "card",
        "message_thread_id": 40, "is_topic_message": true });
    let hidden = json!({ "message_id": 12, "date": 0, "chat": group() });
    let topic = ChannelRef { thread: Some("40".into()), ..place("-5") };
    for (message, channel) in [(standing, topic), (hidden, place("-5"))] {
        let expected = Inbound {
            id: InboundId::from("4"),
            at: NOW.parse().unwrap(),
            channel: channel.clone(),
            actor: Actor::Person { id: UserId::from("7"), name: "Ada L".into() },
            reply_to: Some(MessageRef { channel, id: "12".into() }),
            receipt: Some(Receipt::from("q1")),
            message: None,
            kind: InboundKind::Press { token: Token::from("forged or not") },
        };
        let press = press(message, json!("forged or not"));
        assert_eq!(press, Received { inbound: Some(expected), press: Some(CallbackQueryId("q1".into())) });
    }
}

#[test]
fn a_press_without_message_is_only_answered() {
    let nothing = Received { inbound: None, press: Some(CallbackQueryId("q1".into())) };
    assert_eq!(press(Value::Null, json!("x")), nothing);
}

#[test]
fn membership_changes_and_new_rights_do_not() {
    let change = |old: &str, new: &str| {
        let member = |status: &str| {
            let mut member = json!({ "status": status, "user": { "id": 99, "is_bot": true, "first_name": "R" } });
            if status == "kicked" {
                member["until_date"] = json!(0);
            }
            member
        };
        let change = json!({ "chat": group(), "from": ada(), "date": 1_700_000_000,
            "old_chat_member": member(old), "new_chat_member": member(new) });
        kind(received(json!({ "update_id": 5, "my_chat_member": change })))
    };
    assert_eq!(change("left", "member"), Some(InboundKind::Membership(Membership::Joined)));
    assert_eq!(change("member", "kicked"), Some(InboundKind::Membership(Membership::Left)));
    assert_eq!(change("member", "left"), Some(InboundKind::Membership(Membership::Left)));
    assert_eq!(change("left", "kicked"), None);
}

#[test]
fn added_as_an_administrator_is_joined() {
    let user = json!({ "id": 99, "is_bot": true, "first_name": "R" });
    let change = json!({ "chat": group(), "from": ada(), "date": 1_700_000_000,
        "old_chat_member": { "user": user, "status": "left" },
        "new_chat_member": { "user": user, "status": "administrator", "can_be_edited": false,
            "can_manage_chat": true, "can_change_info": true, "can_delete_messages": true,
            "can_invite_users": true, "can_restrict_members": true, "can_pin_messages": true,
            "can_manage_topics": false, "can_promote_members": false, "can_manage_video_chats": true,
            "can_post_stories": false, "can_edit_stories": false, "can_delete_stories": false,
            "can_read_thoughts": true, "is_anonymous": false } });
    let received = received(json!({ "update_id": 5, "my_chat_member": change }));
    assert_eq!(kind(received), Some(InboundKind::Membership(Membership::Joined)));
}

#[test]
fn what_telegram_adds_later_does_not_hide_a_text() {
    let new = json!({
        "entities": [{ "type": "thought", "offset": 0, "length": 3 }, { "type": "mention", "offset": 4, "length": 14 }],
        "quote": { "text": "x", "position": 0, "entities": [{ "type": "thought", "offset": 0, "length": 1 }] },
        "reply_to_message": { "message_id": 4, "date": 1, "chat": group(), "thought": { "deep": true },
            "from": { "id": 99, "is_bot": true, "first_name": "R" }, "text": 7 },
        "external_reply": { "origin": { "type": "thought" } },
    });
    let inbound = message(group(), "why @roundsman_bot now?", new).inbound.unwrap();
    assert_eq!(inbound.kind, InboundKind::Text("why now?".into()));
    assert_eq!(inbound.reply_to.unwrap().id, "4");
    let under_a_picture = json!({ "text": null, "photo": [{ "thought": 1 }], "caption": "@roundsman_bot why?",
        "caption_entities": [{ "type": "mention", "offset": 0, "length": 14 }] });
    assert_eq!(kind(message(group(), "", under_a_picture)), Some(InboundKind::Text("why?".into())));
}

#[test]
fn a_group_that_moved_says_where_to() {
    let service = json!({ "message_id": 9, "date": 1_700_000_000, "chat": { "id": -6, "type": "group", "title": "Ops" },
        "from": ada(), "migrate_to_chat_id": -1001 });
    let inbound = received(json!({ "update_id": 6, "message": service })).inbound.unwrap();
    assert_eq!(inbound.channel, place("-6"));
    assert_eq!(inbound.kind, InboundKind::Moved { to: place("-1001") });
}

#[test]
fn pictures_stickers_and_unknown_kinds_are_nothing() {
    let sticker = json!({ "message_id": 9, "date": 1, "chat": private(), "from": ada(),
        "new_chat_title": "x" });
    for update in [
        json!({ "update_id": 6, "message": sticker }),
        json!({ "update_id": 7, "telepathy": { "thought": 1 } }),
        json!({ "update_id": 8, "message": { "half": true } }),
    ] {
        assert_eq!(received(update), Received::NOTHING);
    }
}
