//! Who gets in, and what the server tells to whom.

use crate::{
    card,
    support::{Person, World, alice, config, people},
};
use contract::{Actor, Block, UserId};
use reqwest12::{Method, StatusCode};
use serde_json::{Value, json};
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
