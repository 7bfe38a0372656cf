//! The console as a browser sees it: who gets in, what is accepted when, and what a reader is sent.

mod support;

use contract::{
    Actor, Adapter, Block, Body, Button, ButtonStyle, ChannelRef, CommandName, DeliveryError, InboundKind, MessageRef,
    OutboundKind, Platform, Token, UserId, Visibility,
};
use reqwest12::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Core, Event, Person, World, alice, config, ops, people, with_log};

fn summaries(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::summary).collect()
}

fn card() -> Body {
    Body::text("Undo the rollout of checkout?").with(Block::Buttons(vec![
        Button { label: "Approve".into(), token: Token::from("approve-1"), style: ButtonStyle::Danger },
        Button { label: "Reject".into(), token: Token::from("reject-1"), style: ButtonStyle::Neutral },
    ]))
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let world = World::new(config());
    let link = world.console.one_time_link().unwrap();
    let mut person = world.person();

    assert_eq!(person.get("/session").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let peek = person.http.request(Method::HEAD, &link).send().await.unwrap();
    assert!(!peek.headers().contains_key("set-cookie"), "a link preview must not spend the link");
    let guess = person.http.get(&link).header("sec-purpose", "prefetch;prerender").send().await.unwrap();
    assert!(!guess.headers().contains_key("set-cookie"), "a browser's guess must not spend the link");

    let first = person.http.get(&link).send().await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    person.take_cookie(&first);
    let session: Value = person.get("/session").send().await.unwrap().json().await.unwrap();
    assert_eq!(session["name"], "owner");
    assert_eq!(session["rooms"][0], json!({ "id": "ops", "title": "Operations" }));

    let second = world.person().http.get(&link).send().await.unwrap();
    assert_eq!(second.status(), StatusCode::FORBIDDEN);
    assert!(!second.headers().contains_key("set-cookie"));
    assert!(second.text().await.unwrap().contains("works once"));

    let mut stream = person.follow(None).await;
    stream.until_ready().await;
    assert_eq!(person.post("/sign-out", &json!({})).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(stream.next().await, None, "signing out ends the open streams");
    assert_eq!(person.get("/session").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_does_not() {
    let world = World::new(console::Config { sign_in: alice(), ..config() });
    assert_eq!(world.console.one_time_link(), None);
    let mut person = world.person();
    let attempt =
        |name: &str, password: &str| person.post("/sign-in", &json!({ "name": name, "password": password })).send();
    for (name, password) in [("alice", "wrong"), ("bob", "open sesame"), ("alice", ""), ("", "")] {
        let refused = attempt(name, password).await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["problem"], "Name or password is wrong.", "the same words whoever asks");
    }
    let good = attempt("alice", "open sesame").await.unwrap();
    assert_eq!(good.status(), StatusCode::NO_CONTENT);
    person.take_cookie(&good);
    let session: Value = person.get("/session").send().await.unwrap().json().await.unwrap();
    assert_eq!(session["name"], "alice");

    for _ in 0..6 {
        person.post("/sign-in", &json!({ "name": "alice", "password": "wrong" })).send().await.unwrap();
    }
    let stopped = person.post("/sign-in", &json!({ "name": "alice", "password": "open sesame" })).send().await.unwrap();
    assert_eq!(stopped.status(), StatusCode::TOO_MANY_REQUESTS, "guessing is stopped, also with the right one");
    assert_eq!(person.get("/session").send().await.unwrap().status(), StatusCode::OK, "who is in stays in");
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_told_without_a_session() {
    let mut world = World::new(config());
    let message = world.post(card()).await;
    let stranger = world.person();
    let file = format!("/rooms/ops/files/{}/0", message.id);
    for path in ["/session", "/commands", "/rooms/ops/events", "/rooms/none/events", &file] {
        let refused = stranger.get(path).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!refused.text().await.unwrap().contains("checkout"));
    }
    let press = json!({ "message": message.id, "token": "approve-1" });
    for (path, body) in [("/rooms/ops/messages", json!({ "text": "hi" })), ("/rooms/ops/press", press)] {
        assert_eq!(stranger.post(path, &body).send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let page = stranger.get("/").send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("chat.js") && !page.contains("checkout"));
    assert_eq!(world.core.seen(), vec![]);
    world.stop().await;
}

#[tokio::test]
async fn a_room_is_there_for_its_readers_only() {
    let mut rooms = config().rooms;
    rooms[0].readers = Some(["alice".to_owned()].into());
    let mut world = World::new(console::Config { sign_in: people(&["alice", "eve"]), rooms, ..config() });
    let report =
        Block::File { name: "report.html".into(), media_type: "text/html".into(), bytes: b"checkout".to_vec() };
    let message = world.post(card().with(report)).await;
    let (alice, eve) = (world.person().sign_in("alice").await, world.person().sign_in("eve").await);

    let rooms = async |person: &Person| {
        let session: Value = person.get("/session").send().await.unwrap().json().await.unwrap();
        session["rooms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|room| room["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(rooms(&alice).await, ["ops", "shop"]);
    assert_eq!(rooms(&eve).await, ["shop"], "the other one is open to everybody");

    // Whatever she asks of it, the answer is the one of a room that does not exist.
    let press = json!({ "message": message.id, "token": "approve-1" });
    for (what, body) in [
        ("events".to_owned(), None),
        (format!("files/{}/0", message.id), None),
        ("messages".to_owned(), Some(json!({ "text": "hi" }))),
        ("press".to_owned(), Some(press)),
    ] {
        let ask = async |person: &Person, room: &str| {
            let path = format!("/rooms/{room}/{what}");
            let request = match &body {
                None => person.get(&path),
                Some(body) => person.post(&path, body),
            };
            request.send().await.unwrap()
        };
        let (refused, nowhere) = (ask(&eve, "ops").await, ask(&eve, "none").await);
        assert_eq!((refused.status(), nowhere.status()), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{what}");
        assert_eq!(refused.text().await.unwrap(), nowhere.text().await.unwrap(), "{what}");
        assert_eq!(ask(&alice, "ops").await.status(), StatusCode::OK, "{what}");
    }
    let offered: Vec<Actor> = world.core.seen().into_iter().map(|inbound| inbound.actor).collect();
    let by_alice = Actor::Person { id: UserId::from("alice"), name: "alice".into() };
    assert_eq!(offered, [by_alice.clone(), by_alice], "nothing of eve's has reached the core");
    world.stop().await;
}

#[tokio::test]
async fn foreign_pages_and_foreign_names_are_refused() {
    let world = World::new(config());
    let person = world.signed_in().await;
    let body = json!({ "text": "delete everything" });
    let path = "/rooms/ops/messages";
    let refused = [
        ("no origin", person.post_bare(path, &body).header("x-roundsman", "1")),
        (
            "foreign origin",
            person.post_bare(path, &body).header("origin", "https://evil.example").header("x-roundsman", "1"),
        ),
        ("origin null", person.post_bare(path, &body).header("origin", "null").header("x-roundsman", "1")),
        (
            "another port",
            person.post_bare(path, &body).header("origin", "http://127.0.0.1:1").header("x-roundsman", "1"),
        ),
        ("no own header", person.post_bare(path, &body).header("origin", &person.url)),
        ("another site", person.post(path, &body).header("sec-fetch-site", "same-site")),
    ];
    for (what, request) in refused {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{what}");
    }
    for path in ["/", "/session", "/rooms/ops/events", "/assets/chat.js"] {
        let rebound = person.get(path).header("host", "evil.example").send().await.unwrap();
        assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    assert_eq!(world.core.seen(), vec![]);
    assert_eq!(person.say("hello").await.status(), StatusCode::OK);
    world.stop().await;
}

#[tokio::test]
async fn every_answer_forbids_what_the_page_does_not_need() {
    let world = World::new(config());
    let person = world.signed_in().await;
    for path in ["/", "/assets/chat.js", "/none", "/session"] {
        let headers = person.get(path).send().await.unwrap().headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["x-frame-options"], "DENY");
    }
    for page in ["chat.html", "sign-in.html", "link.html", "spent.html", "welcome.html"] {
        let text = std::fs::read_to_string(format!("{}/assets/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(!text.contains("style=") && !text.contains("onclick") && !text.contains("//"), "{page}");
    }
    world.stop().await;
}

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
