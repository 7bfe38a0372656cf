//! The gateway breaks in every way that Discord documents, and the adapter is there again, or says why not.

use crate::{log::Log, world::World};
use contract::Connection;
use discord::fake::{Break, Fault};
use serde_json::json;
use std::time::{Duration, Instant};

async fn still_hears(world: &World) {
    let number = world.intake.count();
    let id = world.fake.mention(&world.alice, &world.ops, "still there?");
    assert_eq!(world.intake.inbound(number).await.id.as_str(), id);
}

/// Waits for so many sessions (IDENTIFY, RESUME) and that the last one is up.
async fn sessions(world: &World, wanted: (u32, u32)) {
    world.fake.until("a session", |fake| (fake.sessions() == wanted).then_some(())).await;
    let ups = (wanted.0 + wanted.1) as usize;
    let is_up = |connection: &&Connection| **connection == Connection::Up;
    world.intake.connected(|connections| connections.iter().filter(is_up).count() >= ups).await;
}

#[tokio::test]
async fn an_interrupted_session_goes_on_and_nothing_is_lost() {
    let world = World::new().await;
    for (number, how) in
        [Break::Reconnect, Break::InvalidResumable, Break::Close(4000), Break::Cut].into_iter().enumerate()
    {
        world.fake.break_gateway(how);
        // Said while nobody listens: it is replayed.
        let missed = world.fake.mention(&world.alice, &world.ops, "meanwhile");
        assert_eq!(world.intake.inbound(number).await.id.as_str(), missed, "{how:?}");
        sessions(&world, (1, u32::try_from(number).unwrap() + 1)).await;
    }
    let downs = world.intake.connections().iter().filter(|connection| **connection != Connection::Up).count();
    assert_eq!(downs, 0, "resumed without a word");
    world.finish().await;
}

#[tokio::test]
async fn an_invalid_session_is_begun_anew_and_the_commands_are_not_registered_again() {
    let world = World::new().await;
    let begun = Instant::now();
    for (number, how) in [Break::Invalid, Break::Close(1001), Break::Close(4009)].into_iter().enumerate() {
        world.fake.break_gateway(how);
        let wanted = u32::try_from(number).unwrap() + 2;
        world.fake.until("a new session", |fake| (fake.sessions().0 == wanted).then_some(())).await;
        let ups = |connections: &[Connection]| connections.iter().filter(|it| **it == Connection::Up).count();
        world.intake.connected(|connections| ups(connections) == wanted as usize).await;
        still_hears(&world).await;
    }
    // serenity by itself would wait five seconds for each old session's end.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(matches!(&world.intake.connections()[1], Connection::Down(why) if !why.is_empty()));
    let registered = world.fake.calls().iter().filter(|call| call.method == "PUT").count();
    assert_eq!(registered, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_close_without_a_code_stops_nothing_else() {
    // serenity's runner notices it only at its next heartbeat, and spins until then.
    let world = World::starting(|fake| fake.heartbeats_every(Duration::from_millis(500))).await;
    world.fake.wait_ready().await;
    world.fake.break_gateway(Break::CloseWithoutCode);
    let standing = world.deliver(&world.post(contract::Body::text("Meanwhile"))).await.unwrap();
    assert!(world.fake.message(&standing.id).is_some());
    world.fake.until("connected again", |fake| (fake.sessions() != (1, 0)).then_some(())).await;
    world.fake.wait_ready().await;
    still_hears(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn a_connection_without_heartbeat_acknowledgement_is_given_up() {
    let world = World::starting(|fake| {
        fake.heartbeats_every(Duration::from_millis(50));
        fake.ignore_heartbeats();
    })
    .await;
    world.fake.until("a heartbeat", |fake| (fake.heartbeats() > 0).then_some(())).await;
    world.fake.acknowledge_heartbeats();
    world.fake.until("another session", |fake| (fake.sessions().0 >= 2).then_some(())).await;
    world.fake.wait_ready().await;
    world.finish().await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_nothing_and_its_token_is_not_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new().await;
    world.fake.dispatch("INTERACTION_CREATE", &json!({ "type": 2, "id": "1", "token": "s3cret" }));
    world.fake.dispatch("SOMETHING_NEW", &json!({ "token": "s3cret" }));
    world.fake.send_frame(json!({ "op": 0, "t": "INTERACTION_CREATE", "d": { "token": "s3cret" } }));
    still_hears(&world).await;
    let slash = world.slash("help", &[]);
    world.fake.until("deferred", |fake| fake.response(&slash)).await;
    log.wait_for("cannot be read").await;
    log.wait_for("Err deserializing").await;
    world.finish().await;
    let text = log.text();
    assert!(!text.contains("s3cret") && !text.contains("interaction-token"), "{text}");
}

#[tokio::test]
async fn it_is_up_only_when_discord_says_ready() {
    let world = World::starting(|fake| fake.hold_ready()).await;
    world.fake.until("an identify", |fake| (fake.sessions().0 == 1).then_some(())).await;
    assert_eq!(world.intake.connections(), []);
    world.fake.release_ready();
    world.intake.connected(|connections| connections == [Connection::Up]).await;
    world.finish().await;
}

#[tokio::test]
async fn a_session_that_does_not_become_ready_is_given_up() {
    let world = World::prepared(|fake, config| {
        fake.hold_ready();
        config.ready_within = Duration::from_millis(50);
    })
    .await;
    world.fake.until("a second identify", |fake| (fake.sessions().0 >= 2).then_some(())).await;
    let connections = world.intake.connected(|connections| !connections.is_empty()).await;
    assert!(matches!(&connections[0], Connection::Down(why) if why.contains("ready")), "{connections:?}");
    world.finish().await;
}

#[tokio::test]
async fn without_an_address_it_waits_and_asks_nobody_else() {
    let world = World::starting(|fake| {
        fake.fail_next("GET /gateway/bot", Fault::Status(500));
        fake.fail_next("GET /gateway/bot", Fault::CutBefore);
    })
    .await;
    world.fake.wait_ready().await;
    let asked = world.fake.calls().iter().filter(|call| call.path == "/gateway/bot").count();
    assert_eq!(asked, 3);
    assert!(world.fake.calls().iter().all(|call| call.path != "/gateway"), "serenity's own question is never put");
    let connections = world.intake.connected(|connections| connections.contains(&Connection::Up)).await;
    assert!(matches!(connections[..], [Connection::Down(_), Connection::Down(_), Connection::Up]), "{connections:?}");
    world.finish().await;
}

#[tokio::test]
async fn when_no_session_is_left_none_is_begun() {
    let world = World::starting(|fake| fake.exhaust_sessions(Duration::from_millis(20))).await;
    let connections = world.intake.connected(|connections| connections.len() >= 3).await;
    assert!(connections.iter().all(|it| matches!(it, Connection::Down(why) if why.contains("no more sessions"))));
    assert_eq!(world.fake.sessions(), (0, 0));
    world.fake.restore_sessions();
    world.fake.wait_session(1).await;
    world.finish().await;
}

#[tokio::test]
async fn what_a_person_must_mend_ends_it_with_words() {
    for (code, word) in [(4004, "token"), (4014, "intents"), (4013, "intents")] {
        let mut world = World::starting(|fake| fake.refuse_identify(code)).await;
        let failure = world.ended().await.unwrap_err();
        assert!(failure.0.contains(word), "{failure}");
        assert!(matches!(world.intake.connections().last(), Some(Connection::Down(_))));
    }
    let mut world = World::starting(|fake| fake.change_token("another")).await;
    assert!(world.ended().await.unwrap_err().0.contains("token"));
}
