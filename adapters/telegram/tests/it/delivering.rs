//! Bringing out: what people see, and what each failure asks the core to do.

use crate::room::{adapter, buttons, channel, edit, message, outbound, post, refused, room};
use contract::{
    Adapter, Block, Body, ChannelRef, DeliveryError, MessageRef, Outbound, OutboundKind, Receipt, Span, Visibility,
    conformance, split,
};
use std::time::Duration;
use telegram::{
    Config, LIMITS, Pacing,
    fake::{FakeTelegram, Fault},
};

fn file(text: &str, name: &str, bytes: &[u8]) -> Body {
    Body::text(text).with(Block::File { name: name.into(), media_type: "text/plain".into(), bytes: bytes.to_vec() })
}

#[tokio::test]
async fn every_conformance_body_arrives() {
    let (fake, adapter, ada) = room().await;
    let mut sent = 0;
    for (name, bodies) in conformance::bodies(&LIMITS) {
        for body in bodies {
            sent += 1;
            if let Err(error) = adapter.deliver(&post(ada, body)).await {
                panic!("{name}: {error}");
            }
        }
    }
    let messages = fake.messages(ada);
    assert_eq!(messages.len(), sent);
    assert!(messages.iter().any(|message| message.text == "<b>&amp; *_[]()~`>#+-=|{}.! @everyone <@1> \\ </pre>"));
}

#[tokio::test]
async fn a_long_text_is_split_at_the_limit_and_nothing_is_lost() {
    let (fake, adapter, ada) = room().await;
    let text = "😀<&".repeat(5_000);
    for body in split(&Body::new([Block::Paragraph(vec![Span::Strong(text.clone())])]), &LIMITS) {
        adapter.deliver(&post(ada, body)).await.unwrap();
    }
    let arrived: Vec<String> = fake.messages(ada).into_iter().map(|message| message.text).collect();
    assert_eq!(arrived.concat(), text);
    assert!(arrived[0].encode_utf16().count() > 4_000, "no message is wasted: {}", arrived[0].len());
}

#[tokio::test]
async fn an_edit_changes_text_and_buttons_and_may_change_nothing() {
    let (fake, adapter, ada) = room().await;
    let card = adapter.deliver(&post(ada, Body::text("approve?").with(buttons(&["Approve", "Reject"])))).await.unwrap();
    assert_eq!(fake.messages(ada)[0].labels(), ["Approve", "Reject"]);
    let done = edit(card.clone(), Body::text("approved by Ada"));
    for _ in 0..2 {
        assert_eq!(adapter.deliver(&done).await, Ok(card.clone()), "\"not modified\" is a success");
    }
    let message = fake.messages(ada).remove(0);
    assert_eq!(
        (message.text.as_str(), message.labels(), message.edits.clone()),
        ("approved by Ada", vec![], vec!["approve?".to_owned()])
    );
    let unknown = edit(MessageRef { id: "4040".into(), ..card }, Body::text("x"));
    assert!(matches!(refused(&adapter, &unknown).await, DeliveryError::Rejected(_)));
}

#[tokio::test]
async fn a_reply_stands_under_its_message_or_alone() {
    let (fake, adapter, ada) = room().await;
    let ops = fake.forum("Ops");
    let topic = fake.topic(ops);
    let asked = fake.say_in(ops, topic, ada, "/findings");
    let to = ChannelRef { thread: Some(topic.to_string()), ..channel(ops) };
    for (replied, expected) in
        [(message(ops, asked), Some(asked)), (message(ops, 9_999), None), (message(ada, asked), None)]
    {
        let answer = OutboundKind::Answer {
            receipt: Some(Receipt::from("q")),
            reply_to: Some(replied),
            visibility: Visibility::Private,
        };
        adapter.deliver(&outbound(to.clone(), answer, Body::text("two findings"))).await.unwrap();
        let last = fake.messages(ops).pop().unwrap();
        assert_eq!((last.reply_to, last.thread), (expected, Some(topic)));
    }
}

#[tokio::test]
async fn a_message_is_taken_away_once_or_is_gone_already() {
    let (fake, adapter, ada) = room().await;
    let note = adapter.deliver(&post(ada, Body::text("working…"))).await.unwrap();
    let retract = outbound(channel(ada), OutboundKind::Retract { message: note.clone() }, Body::default());
    for _ in 0..2 {
        assert_eq!(adapter.deliver(&retract).await, Ok(note.clone()));
    }
    assert!(fake.messages(ada)[0].deleted);
}

#[tokio::test]
async fn a_file_carries_a_short_text_and_follows_a_long_one() {
    let (fake, adapter, ada) = room().await;
    let short =
        adapter.deliver(&post(ada, file("the report", "r.txt", b"all").with(buttons(&["Details"])))).await.unwrap();
    let long_text = "é".repeat(1_025);
    let long = post(ada, file(&long_text, "r.txt", b"more").with(buttons(&["Details"])));
    let text = adapter.deliver(&long).await.unwrap();
    let messages = fake.messages(ada);
    let seen = |place: usize| {
        let message = &messages[place];
        let file = message.file.as_ref().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        (message.text.clone(), file, message.labels().join(" "))
    };
    assert_eq!(seen(0), ("the report".to_owned(), Some("all".to_owned()), "Details".to_owned()));
    assert_eq!(seen(1), (long_text.clone(), None, "Details".to_owned()));
    assert_eq!(seen(2), (String::new(), Some("more".to_owned()), String::new()));
    assert_eq!(text.id, messages[1].id.to_string(), "the text is what can be edited");
    assert_eq!(messages[2].reply_to, Some(messages[1].id));
    // The caption and the text are both edited as what they are.
    for (standing, place) in [(short, 0), (text, 1)] {
        adapter.deliver(&edit(standing.clone(), Body::text("edited"))).await.unwrap();
        adapter.deliver(&edit(standing, file("edited again", "r.txt", b"all"))).await.unwrap();
        assert_eq!(fake.messages(ada)[place].text, "edited again");
    }
    let too_long = edit(message(ada, messages[0].id), Body::text(long_text));
    assert!(matches!(refused(&adapter, &too_long).await, DeliveryError::Rejected(why) if why.contains("1024")));
}

#[tokio::test]
async fn a_text_whose_file_failed_is_not_doubled() {
    let (fake, adapter, ada) = room().await;
    let long = post(ada, file(&"x".repeat(2_000), "r.txt", b"all"));
    fake.fail_next("sendDocument", Fault::ServerError);
    assert!(matches!(refused(&adapter, &long).await, DeliveryError::Transient(_)));
    adapter.deliver(&long).await.unwrap();
    assert_eq!(fake.messages(ada).len(), 2);
    assert_eq!(fake.calls("sendMessage"), 1);
}

#[tokio::test]
async fn a_picture_that_telegram_does_not_like_goes_as_a_file() {
    let (fake, adapter, ada) = room().await;
    let picture = |bytes: &[u8]| {
        post(ada, Body::new([Block::Image { name: "m.png".into(), alt: "memory".into(), bytes: bytes.to_vec() }]))
    };
    adapter.deliver(&picture(b"\x89PNG rest")).await.unwrap();
    adapter.deliver(&picture(b"GIF")).await.unwrap();
    let photos: Vec<bool> = fake.messages(ada).into_iter().map(|message| message.file.unwrap().is_photo).collect();
    assert_eq!(photos, [true, false]);
}

#[tokio::test]
async fn refused_formatting_goes_out_as_plain_text() {
    let (fake, adapter, ada) = room().await;
    fake.fail_next("sendMessage", Fault::CannotParse);
    let marked_up = post(ada, Body::new([Block::Heading("a < b".into())]));
    assert!(matches!(refused(&adapter, &marked_up).await, DeliveryError::Malformed(_)));
    let plain = Outbound { body: Body::text(contract::plain(&marked_up.body)), ..marked_up };
    adapter.deliver(&plain).await.unwrap();
    assert_eq!(fake.messages(ada)[0].html, "a < b");
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let (fake, adapter, ada) = room().await;
    let hello = post(ada, Body::text("hello"));
    fake.fail_next("sendMessage", Fault::ServerError);
    assert!(matches!(refused(&adapter, &hello).await, DeliveryError::Transient(_)));
    fake.fail_next("sendMessage", Fault::BadGateway);
    assert!(matches!(refused(&adapter, &hello).await, DeliveryError::Ambiguous(_)));
    fake.fail_next("sendMessage", Fault::DropBefore);
    assert!(matches!(refused(&adapter, &hello).await, DeliveryError::Ambiguous(_)));
    assert_eq!(fake.messages(ada), []);
    fake.fail_next("sendMessage", Fault::DropAfter);
    assert!(matches!(refused(&adapter, &hello).await, DeliveryError::Ambiguous(_)));
    assert_eq!(fake.messages(ada).len(), 1, "that one did arrive");
    fake.fail_next("editMessageText", Fault::DropAfter);
    let change = edit(message(ada, fake.messages(ada)[0].id), Body::text("changed"));
    assert!(matches!(refused(&adapter, &change).await, DeliveryError::Transient(_)), "an edit can be repeated");
    let empty = refused(&adapter, &post(ada, Body::default())).await;
    assert!(matches!(empty, DeliveryError::Rejected(_)));
    let nowhere =
        outbound(ChannelRef::new(contract::Platform::Telegram, "general"), hello.kind.clone(), hello.body.clone());
    assert!(matches!(refused(&adapter, &nowhere).await, DeliveryError::Rejected(_)));
    assert!(matches!(refused(&adapter, &post(4_040, Body::text("x"))).await, DeliveryError::ChannelGone(_)));
}

#[tokio::test]
async fn a_chat_that_is_lost_or_moved() {
    let (fake, adapter, ada) = room().await;
    let gone = |error: DeliveryError| matches!(error, DeliveryError::ChannelGone(_));
    let (muted, kicked, group) = (fake.supergroup("Muted"), fake.supergroup("Kicked"), fake.group("Group"));
    fake.mute_bot(muted);
    assert!(gone(refused(&adapter, &post(muted, Body::text("x"))).await));
    fake.fail_next("sendMessage", Fault::Kicked);
    assert!(gone(refused(&adapter, &post(kicked, Body::text("x"))).await));
    fake.kick_bot(ada, ada);
    assert!(gone(refused(&adapter, &post(ada, Body::text("x"))).await));
    let closed = ChannelRef { thread: Some("404".into()), ..channel(group) };
    let lost_topic = outbound(closed, OutboundKind::Post { reply_to: None }, Body::text("x"));
    assert!(gone(refused(&adapter, &lost_topic).await));
    fake.fail_next("sendMessage", Fault::Migrate);
    let DeliveryError::Moved(to) = refused(&adapter, &post(group, Body::text("x"))).await else { panic!("not moved") };
    let again = outbound(to.clone(), OutboundKind::Post { reply_to: None }, Body::text("x"));
    adapter.deliver(&again).await.unwrap();
    assert_eq!(fake.messages(to.id.parse().unwrap()).len(), 1);
}

#[tokio::test]
async fn nothing_was_sent_where_nobody_listens_and_slowness_is_ambiguous() {
    let fake = FakeTelegram::start().await;
    let ada = fake.person("Ada");
    let impatient = adapter(Config { request_timeout: Duration::from_millis(200), ..fake.config() });
    fake.fail_next("sendMessage", Fault::Delay(Duration::from_secs(60)));
    let hello = post(ada, Body::text("hello"));
    assert!(matches!(refused(&impatient, &hello).await, DeliveryError::Ambiguous(_)));
    let unheard = adapter(fake.config());
    drop(fake);
    let error = refused(&unheard, &hello).await;
    assert!(matches!(&error, DeliveryError::Transient(why) if !why.contains("AAHdq")), "{error}");
}

#[tokio::test]
async fn a_flood_waits_for_the_chat_or_for_everything() {
    let (fake, adapter, ada) = room().await;
    let bob = fake.person("Bob");
    fake.fail_next("sendMessage", Fault::RetryAfter { seconds: 30, everything: true });
    let wait = |error: DeliveryError| match error {
        DeliveryError::RetryAfter { after, everything } => (after.as_secs(), everything),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(refused(&adapter, &post(ada, Body::text("x"))).await), (30, false));
    assert_eq!(wait(refused(&adapter, &post(bob, Body::text("x"))).await), (30, true));
    fake.advance(Duration::from_secs(30));
    adapter.deliver(&post(ada, Body::text("x"))).await.unwrap();
}

#[tokio::test]
async fn our_own_pace_keeps_telegram_from_refusing() {
    let fake = FakeTelegram::start_paced().await;
    let ops = fake.supergroup("Ops");
    let paced = adapter(Config { pacing: Pacing::Telegram, ..fake.config() });
    paced.deliver(&post(ops, Body::text("one"))).await.unwrap();
    let error = refused(&paced, &post(ops, Body::text("two"))).await;
    assert!(matches!(error, DeliveryError::RetryAfter { after, everything: false } if after <= Duration::from_secs(1)));
    assert_eq!(fake.calls("sendMessage"), 1, "the second was not even tried");
}

#[tokio::test]
async fn typing_is_shown_and_its_failure_is_not() {
    let (fake, adapter, ada) = room().await;
    adapter.working(&channel(ada)).await;
    adapter.working(&channel(4_040)).await;
    assert_eq!((fake.actions(ada), fake.calls("sendChatAction")), (1, 2));
}
