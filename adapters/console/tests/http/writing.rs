//! What people write and press, on its way to the core.

use crate::{
    card, summaries,
    support::{World, config, ops, with_log},
};
use contract::{Actor, Body, CommandName, InboundKind, Token, UserId};
use reqwest12::StatusCode;
use serde_json::{Value, json};
#[tokio::test]
async fn a_message_is_accepted_only_after_the_commit() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let mut stream = person.follow(None).await;
    stream.until_ready().await;
    world.core.gate(false);
    let mut saying = std::pin::pin!(person.say("  why is checkout failing?  "));
    tokio::select! {
        _ = &mut saying => panic!("acknowledged before the commit"),
        () = world.core.wait_for_offers(1) => {}
    }
    assert_eq!(person.history().await, vec![], "not shown before the commit");
    world.core.gate(true);
    let answer: Value = saying.await.json().await.unwrap();
    let shown = stream.next().await.unwrap();
    assert_eq!(
        (shown.name.as_str(), &shown.data["id"], shown.summary()),
        ("message", &answer["id"], "why is checkout failing?")
    );

    let seen = world.core.seen();
    let [inbound] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(inbound.kind, InboundKind::Text("why is checkout failing?".into()));
    assert_eq!(inbound.channel, ops());
    assert_eq!(inbound.actor, Actor::Person { id: UserId::from("owner"), name: "owner".into() });
    assert_eq!(inbound.message.as_ref().unwrap().id, answer["id"]);
    world.stop().await;
}

#[tokio::test]
async fn what_the_core_does_not_take_is_an_error_and_is_not_offered_later() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let world = World::new(with_log(&log));
    let person = world.signed_in().await;
    world.core.refuse(true);
    let refused = person.post("/rooms/ops/messages", &json!({ "text": "hello", "key": "k1" })).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["problem"], "The bot could not store this. Nothing was sent; try again in a moment.");
    assert_eq!(person.history().await, vec![]);
    world.kill().await;

    let world = World::new(with_log(&log));
    let person = world.signed_in().await;
    person.say("something else").await;
    let texts: Vec<_> = world.core.seen().into_iter().map(|inbound| inbound.kind).collect();
    assert_eq!(texts, [InboundKind::Text("something else".into())], "the person was told that it was not sent");
    let again = person.post("/rooms/ops/messages", &json!({ "text": "hello", "key": "k1" })).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(summaries(&person.history().await), ["something else", "hello"]);
    world.stop().await;
}

#[tokio::test]
async fn the_same_draft_sent_twice_is_one_message() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let draft = json!({ "text": "hello", "key": "k1" });
    let first: Value = person.post("/rooms/ops/messages", &draft).send().await.unwrap().json().await.unwrap();
    let second: Value = person.post("/rooms/ops/messages", &draft).send().await.unwrap().json().await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.core.seen().len(), 1);
    assert_eq!(person.history().await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_slash_makes_a_command_and_a_reply_names_its_message() {
    let mut world = World::new(config());
    let person = world.signed_in().await;
    let report = world.post(Body::text("3 findings")).await;
    person.say("/why deployment/checkout -n shop").await;
    person.say("/whi deployment/checkout").await;
    person.say("/var/log is full").await;
    let reply = json!({ "text": "since when?", "reply_to": report.id });
    person.post("/rooms/ops/messages", &reply).send().await.unwrap();
    let seen = world.core.seen();
    let InboundKind::Command(command) = &seen[0].kind else { panic!("{seen:?}") };
    assert_eq!((command.command, command.get("namespace")), (CommandName::Why, Some("shop")));
    let InboundKind::Misread { problem } = &seen[1].kind else { panic!("{seen:?}") };
    assert!(problem.contains("/why"), "{problem}");
    assert_eq!(seen[2].kind, InboundKind::Text("/var/log is full".into()));
    assert_eq!(seen[3].reply_to, Some(report));
    let gone = json!({ "text": "and this?", "reply_to": "nothing-7" });
    let refused = person.post("/rooms/ops/messages", &gone).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    world.stop().await;
}

#[tokio::test]
async fn what_people_write_is_cleaned_before_it_is_kept_shown_and_handed_in() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let clean: console::Clean = |text| text.replace("hunter2", "***").into();
    let world = World::new(console::Config { clean, ..with_log(&log) });
    let person = world.signed_in().await;
    person.say("I use hunter2").await;
    person.say("/ack 1 hunter2").await;
    assert_eq!(summaries(&person.history().await), ["I use ***", "/ack 1 ***"]);
    let seen = world.core.seen();
    assert_eq!(seen[0].kind, InboundKind::Text("I use ***".into()));
    assert!(matches!(&seen[1].kind, InboundKind::Command(command) if command.get("why") == Some("***")), "{seen:?}");
    world.stop().await;
    let kept = std::fs::read_to_string(log).unwrap();
    assert!(kept.contains("***") && !kept.contains("hunter2"), "{kept}");
}

#[tokio::test]
async fn what_is_empty_too_long_or_not_a_message_is_refused() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let cases = [
        (json!({ "text": " \n " }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "text": "x".repeat(16_001) }), StatusCode::PAYLOAD_TOO_LARGE),
        (json!({ "text": "x".repeat(200_000) }), StatusCode::PAYLOAD_TOO_LARGE),
        (json!({ "say": "x" }), StatusCode::UNPROCESSABLE_ENTITY),
    ];
    for (body, status) in cases {
        let answer = person.post("/rooms/ops/messages", &body).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
    let elsewhere = person.post("/rooms/none/messages", &json!({ "text": "x" })).send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
    assert_eq!(world.core.seen(), vec![]);
    world.stop().await;
}

#[tokio::test]
async fn a_press_names_its_message_and_only_buttons_that_are_there_can_be_pressed() {
    let mut world = World::new(config());
    let person = world.signed_in().await;
    let message = world.post(card()).await;
    let press = |token: &str| person.post("/rooms/ops/press", &json!({ "message": message.id, "token": token })).send();
    assert_eq!(press("forged").await.unwrap().status(), StatusCode::CONFLICT);
    assert_eq!(press("approve-1").await.unwrap().status(), StatusCode::OK);
    let seen = world.core.seen();
    let [inbound] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(inbound.kind, InboundKind::Press { token: Token::from("approve-1") });
    assert_eq!((inbound.reply_to.as_ref(), inbound.message.as_ref()), (Some(&message), None));

    world.edit(&message, Body::text("Approved by owner.")).await;
    assert_eq!(press("approve-1").await.unwrap().status(), StatusCode::CONFLICT, "the edit took the button away");
    assert_eq!(world.core.seen().len(), 1);
    world.stop().await;
}
