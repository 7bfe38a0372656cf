//! What is delivered, kept and read again.

use crate::{
    card, summaries,
    support::{Core, Person, World, config, ops, with_log},
};
use contract::{
    Adapter, Block, Body, ChannelRef, DeliveryError, InboundKind, MessageRef, OutboundKind, Platform, Token, Visibility,
};
use reqwest12::StatusCode;
use serde_json::{Value, json};
#[tokio::test]
async fn a_reader_who_comes_back_gets_what_was_missed_and_nothing_else() {
    let mut world = World::new(config());
    let person = world.signed_in().await;
    let mut stream = person.follow(None).await;
    let first = world.post(Body::text("first")).await;
    let second = world.post(Body::text("second")).await;
    let third = world.post(Body::text("third")).await;
    let mut seen = stream.until_ready().await;
    while seen.len() < 3 {
        seen.push(stream.next().await.unwrap());
    }
    drop(stream);
    let last = seen[2].id.clone();

    world.edit(&first, Body::text("first, changed")).await;
    let retract = world.outbound(OutboundKind::Retract { message: second.clone() }, Body::default());
    world.console.deliver(&retract).await.unwrap();
    world.post(Body::text("fourth")).await;
    let missed = person.follow(Some(&last)).await.until_ready().await;
    let told: Vec<_> = missed.iter().map(|event| (event.name.as_str(), event.summary())).collect();
    assert_eq!(told, [("edit", "first, changed"), ("retract", ""), ("message", "fourth")]);
    assert_eq!(missed[0].data["place"], seen[0].data["place"], "an edit keeps its place");
    assert_eq!(missed[1].data["removed"], true);
    assert!(missed[0].data["edited"].is_string());

    let foreign = person.follow(Some("ffffffff-99")).await.until_ready().await;
    assert_eq!(foreign[0].name, "reset", "ids of another log: begin again");
    assert_eq!(foreign.len(), 5);

    let gone = world.outbound(OutboundKind::Edit { message: second }, Body::text("x"));
    assert!(matches!(world.console.deliver(&gone).await, Err(DeliveryError::Rejected(_))));
    let reply = world.outbound(OutboundKind::Post { reply_to: Some(third.clone()) }, Body::text("answer"));
    world.console.deliver(&reply).await.unwrap();
    assert_eq!(person.history().await.last().unwrap().data["reply_to"], third.id);
    world.stop().await;
}

#[tokio::test]
async fn working_is_shown_and_stays_out_of_the_history() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let mut stream = person.follow(None).await;
    stream.until_ready().await;
    world.console.working(&ops()).await;
    assert_eq!(stream.next().await.unwrap().name, "working");
    assert_eq!(person.history().await, vec![]);
    world.stop().await;
}

#[tokio::test]
async fn the_same_delivery_twice_is_one_message_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let mut world = World::new(with_log(&log));
    let post = world.outbound(OutboundKind::Post { reply_to: None }, Body::text("report"));
    let message = world.console.deliver(&post).await.unwrap();
    assert_eq!(world.console.deliver(&post).await.unwrap(), message);
    let edit = world.outbound(OutboundKind::Edit { message: message.clone() }, Body::text("report, edited"));
    world.console.deliver(&edit).await.unwrap();
    world.edit(&message, Body::text("report, edited again")).await;
    world.console.deliver(&edit).await.unwrap();
    world.kill().await;

    let world = World::new(with_log(&log));
    assert_eq!(world.console.deliver(&post).await.unwrap(), message);
    let person = world.signed_in().await;
    assert_eq!(summaries(&person.history().await), ["report, edited again"], "an old edit does not come back");
    world.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_the_messages_and_offers_again_what_was_not_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let mut world = World::new(with_log(&log));
    let person = world.signed_in().await;
    world.post(card()).await;
    person.say("accepted").await;
    let known = world.core.seen();
    world.core.gate(false);
    {
        let draft = json!({ "text": "caught in between", "key": "k9" });
        let mut saying = std::pin::pin!(person.post("/rooms/ops/messages", &draft).send());
        tokio::select! {
            _ = &mut saying => panic!("acknowledged before the commit"),
            () = world.core.wait_for_offers(2) => {}
        }
    }
    world.kill().await;

    let core = Core::new();
    core.refuse(true);
    let world = World::with_core(with_log(&log), core);
    world.core.wait_for_offers(1).await;
    let person = world.signed_in().await;
    assert_eq!(summaries(&person.history().await), ["Undo the rollout of checkout?", "accepted"]);
    world.core.refuse(false);
    let seen = world.core.wait_for(1).await;
    assert_eq!(seen[0].kind, InboundKind::Text("caught in between".into()));
    assert!(known.iter().all(|inbound| inbound.id != seen[0].id), "ids are never used twice");
    let draft = json!({ "text": "caught in between", "key": "k9" });
    let again = person.post("/rooms/ops/messages", &draft).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK, "the page asks again with the same key");
    assert_eq!(world.core.seen().len(), 1);
    let history = person.history().await;
    assert_eq!(summaries(&history), ["Undo the rollout of checkout?", "accepted", "caught in between"]);
    world.stop().await;

    let world = World::new(with_log(&log));
    world.stop().await;
}

#[tokio::test]
async fn a_press_that_was_not_accepted_is_offered_again_and_one_that_was_refused_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let mut world = World::new(with_log(&log));
    let person = world.signed_in().await;
    let message = world.post(card()).await;
    let press = |token: &str| person.post("/rooms/ops/press", &json!({ "message": message.id, "token": token })).send();
    world.core.refuse(true);
    assert_eq!(press("reject-1").await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    world.core.gate(false);
    {
        let mut pressing = std::pin::pin!(press("approve-1"));
        tokio::select! {
            _ = &mut pressing => panic!("acknowledged before the commit"),
            () = world.core.wait_for_offers(2) => {}
        }
    }
    world.kill().await;
    let world = World::new(with_log(&log));
    let seen = world.core.wait_for(1).await;
    assert_eq!(seen[0].kind, InboundKind::Press { token: Token::from("approve-1") });
    assert_eq!(
        (&seen[0].reply_to, seen[0].receipt.as_ref().map(contract::Receipt::as_str)),
        (&Some(message), Some("owner"))
    );
    world.stop().await;
    let world = World::new(with_log(&log));
    world.signed_in().await.say("hello").await;
    assert_eq!(world.core.seen().len(), 1, "what was accepted is not offered again");
    world.stop().await;
}

#[tokio::test]
async fn times_come_from_the_configured_clock() {
    let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let mut world = World::new(console::Config { clock: console::Clock::new(move || now), ..config() });
    let person = world.signed_in().await;
    world.post(Body::text("report")).await;
    person.say("hello").await;
    assert_eq!(world.core.seen()[0].at, now);
    let history = person.history().await;
    assert!(history.iter().all(|event| event.data["at"] == "2023-11-14T22:13:20Z"), "{history:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_room_keeps_its_latest_messages() {
    let mut world = World::new(console::Config { kept: 3, ..config() });
    for number in 1..=5 {
        world.post(Body::text(format!("message {number}"))).await;
    }
    let person = world.signed_in().await;
    assert_eq!(summaries(&person.history().await), ["message 3", "message 4", "message 5"]);
    world.stop().await;
}

#[tokio::test]
async fn a_private_answer_is_seen_by_the_person_who_asked_only() {
    let mut world = World::new(config());
    let owner = world.signed_in().await;
    owner.say("/approve r-1").await;
    let asked = world.core.seen().remove(0);
    let private =
        |receipt| OutboundKind::Answer { receipt, reply_to: asked.message.clone(), visibility: Visibility::Private };
    let other = world.outbound(private(Some(contract::Receipt::from("bob"))), Body::text("for bob"));
    world.console.deliver(&other).await.unwrap();
    let own = world.outbound(private(asked.receipt.clone()), Body::text("for the owner"));
    world.console.deliver(&own).await.unwrap();
    let nobody = world.outbound(private(None), Body::text("for nobody"));
    assert!(matches!(world.console.deliver(&nobody).await, Err(DeliveryError::Rejected(_))));
    let history = owner.history().await;
    assert_eq!(summaries(&history), ["/approve r-1", "for the owner"]);
    assert_eq!(history[1].data["private"], true);
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_said() {
    let mut world = World::new(config());
    let mut message = world.outbound(OutboundKind::Post { reply_to: None }, Body::text("x"));
    message.to = ChannelRef::new(Platform::Console, "none");
    assert!(matches!(world.console.deliver(&message).await, Err(DeliveryError::ChannelGone(_))));
    let unknown = MessageRef { channel: ops(), id: "ffffffff-1".into() };
    let edit = world.outbound(OutboundKind::Edit { message: unknown }, Body::text("x"));
    assert!(matches!(world.console.deliver(&edit).await, Err(DeliveryError::Rejected(_))));
    world.stop().await;
}

#[tokio::test]
async fn every_body_of_the_conformance_suite_is_brought_out() {
    let mut world = World::new(config());
    let mut delivered = 0;
    for (name, bodies) in contract::conformance::bodies(&world.console.limits()) {
        for body in bodies {
            let message = world.outbound(OutboundKind::Post { reply_to: None }, body);
            world.console.deliver(&message).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            delivered += 1;
        }
    }
    let person = world.signed_in().await;
    let history = person.history().await;
    assert_eq!(history.len(), delivered);
    world.stop().await;
}

#[tokio::test]
async fn files_are_downloads_and_pictures_are_shown() {
    let mut world = World::new(config());
    let person = world.signed_in().await;
    let png = b"\x89PNG\r\n\x1a\nrest".to_vec();
    let message = world
        .post_blocks([
            Block::paragraph("The whole report"),
            Block::File {
                name: "../re\"port\r\n.html".into(),
                media_type: "text/html".into(),
                bytes: b"<script>alert(1)</script>".to_vec(),
            },
            Block::Image { name: "chart.png".into(), alt: "chart".into(), bytes: png.clone() },
            Block::Image { name: "no.png".into(), alt: "no".into(), bytes: b"<svg onload=x>".to_vec() },
        ])
        .await;
    let history = person.history().await;
    let href = |block: usize| history[0].data["blocks"][block]["href"].as_str().unwrap().to_owned();
    assert_eq!(href(1), format!("/rooms/ops/files/{}/0", message.id));
    let report = person.get(&href(1)).send().await.unwrap();
    assert_eq!(report.headers()["content-disposition"], "attachment; filename=\".._re_port__.html\"");
    assert!(report.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(report.bytes().await.unwrap(), b"<script>alert(1)</script>".as_slice());
    let chart = person.get(&href(2)).send().await.unwrap();
    assert_eq!(chart.headers()["content-type"], "image/png");
    assert_eq!(chart.bytes().await.unwrap(), png.as_slice());
    let fake = person.get(&href(3)).send().await.unwrap();
    assert_eq!(fake.headers()["content-type"], "application/octet-stream", "what is no picture is not shown as one");
    let none = person.get(&format!("/rooms/ops/files/{}/7", message.id)).send().await.unwrap();
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    let elsewhere = person.get(&format!("/rooms/shop/files/{}/0", message.id)).send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND, "a file belongs to its room");
    world.stop().await;
}

#[tokio::test]
async fn the_commands_for_the_menu_come_from_the_grammar() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let commands: Vec<Value> = person.get("/commands").send().await.unwrap().json().await.unwrap();
    assert_eq!(commands.len(), contract::GRAMMAR.len());
    for (command, spec) in commands.iter().zip(contract::GRAMMAR) {
        assert_eq!(command["word"], spec.word);
        assert_eq!(command["synopsis"], spec.synopsis());
    }
    world.stop().await;
}

#[tokio::test]
async fn stop_ends_open_streams_and_lets_the_port_go() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let mut stream = person.follow(None).await;
    stream.until_ready().await;
    let address = world.console.address();
    world.stop().await;
    assert_eq!(stream.next().await, None);
    World::new(console::Config { listen: address, ..config() }).stop().await;
}

#[tokio::test]
async fn a_console_that_is_dropped_ends_its_streams_and_lets_its_log_go() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("chat.jsonl");
    let console = console::Console::bind(with_log(&log)).unwrap();
    let core = Core::new();
    let (_stop, stopped) = contract::StopHandle::new();
    let mut person = Person::of(&console);
    let link = console.one_time_link().unwrap();
    let mut stream = tokio::select! {
        _ = console.run(&*core, stopped) => panic!("ended by itself"),
        stream = async {
            let answer = person.http.get(link).send().await.unwrap();
            person.take_cookie(&answer);
            let mut stream = person.follow(None).await;
            stream.until_ready().await;
            stream
        } => stream,
    };
    drop(console);
    assert_eq!(stream.next().await, None);
    World::new(with_log(&log)).stop().await;
}
