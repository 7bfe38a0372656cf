//! Receiving: at least once, in order, acknowledged only after it was stored.

use crate::room::{Inbox, Running, adapter, buttons, message, post, room};
use contract::{Actor, Adapter, Body, Connection, GRAMMAR, InboundKind, Token};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use telegram::{
    BotToken, Config, SetupError, Telegram,
    fake::{FakeTelegram, Fault},
};

fn texts(inbox: &Inbox) -> Vec<String> {
    let text = |kind: InboundKind| match kind {
        InboundKind::Text(text) => text,
        other => format!("{other:?}"),
    };
    inbox.stored().into_iter().map(|inbound| text(inbound.kind)).collect()
}

#[tokio::test]
async fn a_conversation_with_a_button() {
    let (fake, adapter, ada) = room().await;
    let inbox = Inbox::new();
    let running = Running::start(Arc::clone(&adapter), Arc::clone(&inbox));
    fake.say(ada, ada, "is prod well?");
    let question = inbox.wait_for(1).await.remove(0);
    assert_eq!(question.kind, InboundKind::Text("is prod well?".into()));
    assert_eq!(question.at, fake.now());
    let card = adapter.deliver(&post(ada, Body::text("no").with(buttons(&["Details"])))).await.unwrap();
    let press = fake.press(ada, ada, card.id.parse().unwrap(), "Details");
    let pressed = inbox.wait_for(2).await.remove(1);
    assert_eq!(pressed.kind, InboundKind::Press { token: Token::from("token-of-Details") });
    assert_eq!(pressed.reply_to, Some(card));
    assert!(fake.wait_until(|fake| fake.is_answered(&press)).await);
    assert!(fake.wait_until(|fake| fake.pending() == 0).await, "everything is acknowledged in the end");
    running.stop().await.unwrap();
    assert_eq!(inbox.connections(), [Connection::Up]);
}

#[tokio::test]
async fn the_command_menu_is_the_grammar() {
    let (fake, adapter, _) = room().await;
    let running = Running::start(adapter, Inbox::new());
    assert!(fake.wait_until(|fake| fake.commands().len() == GRAMMAR.len()).await);
    running.stop().await.unwrap();
    let words: Vec<String> = fake.commands().into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, GRAMMAR.iter().map(|spec| spec.word).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_menu_stops_nothing() {
    let (fake, adapter, ada) = room().await;
    fake.fail_next(
        "setMyCommands",
        Fault::Refuse { code: 400, description: "Bad Request: BOT_COMMAND_INVALID".into() },
    );
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    fake.say(ada, ada, "hello");
    inbox.wait_for(1).await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_stored_is_offered_again_and_nothing_overtakes_it() {
    let (fake, adapter, ada) = room().await;
    fake.say(ada, ada, "first");
    fake.say(ada, ada, "second");
    let inbox = Inbox::refusing(2);
    let running = Running::start(adapter, Arc::clone(&inbox));
    inbox.wait_for(2).await;
    running.stop().await.unwrap();
    assert_eq!(texts(&inbox), ["first", "second"]);
    let offered: Vec<String> = inbox.offered().into_iter().map(|inbound| inbound.id.0).collect();
    assert_eq!(offered.len(), 4);
    assert!(offered[..3].iter().all(|id| *id == offered[0]), "{offered:?}");
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_stored() {
    let (fake, adapter, ada) = room().await;
    fake.say(ada, ada, "first");
    let inbox = Inbox::refusing(usize::MAX);
    let running = Running::start(adapter, Arc::clone(&inbox));
    inbox.until(|inbox| inbox.offered().len() >= 3).await;
    assert_eq!((fake.acknowledged(), fake.pending()), (0, 1));
    running.stop().await.unwrap();
    assert_eq!(fake.pending(), 1, "a stop acknowledges nothing either");
}

#[tokio::test]
async fn killed_between_storing_and_acknowledging_it_comes_again_under_the_same_id() {
    let (fake, adapter, ada) = room().await;
    fake.say(ada, ada, "once or twice");
    let first = Inbox::new();
    // The second question would acknowledge; it hangs until the kill.
    fake.fail_next("getUpdates", Fault::Delay(Duration::ZERO));
    fake.fail_next("getUpdates", Fault::Delay(Duration::from_secs(600)));
    let running = Running::start(Arc::clone(&adapter), Arc::clone(&first));
    let stored = first.wait_for(1).await;
    assert!(fake.wait_until(|fake| fake.calls("getUpdates") == 2).await);
    running.kill().await;
    assert_eq!(fake.pending(), 1);
    let second = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&second));
    assert_eq!(second.wait_for(1).await, stored);
    assert!(fake.wait_until(|fake| fake.pending() == 0).await);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_press_is_answered_only_after_it_is_stored() {
    let (fake, adapter, ada) = room().await;
    let card = adapter.deliver(&post(ada, Body::text("card").with(buttons(&["Fix…"])))).await.unwrap();
    let press = fake.press(ada, ada, card.id.parse().unwrap(), "Fix…");
    let inbox = Inbox::refusing(3);
    let running = Running::start(adapter, Arc::clone(&inbox));
    inbox.until(|inbox| inbox.offered().len() >= 3).await;
    assert_eq!(fake.calls("answerCallbackQuery"), 0);
    inbox.wait_for(1).await;
    assert!(fake.wait_until(|fake| fake.is_answered(&press)).await);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_press_that_is_too_old_to_answer_still_counts() {
    let (fake, adapter, ada) = room().await;
    fake.press_raw(ada, ada, 77, "forged");
    fake.expire_presses();
    fake.say(ada, ada, "after it");
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    let stored = inbox.wait_for(2).await;
    assert!(fake.wait_until(|fake| fake.calls("answerCallbackQuery") == 1 && fake.pending() == 0).await);
    running.stop().await.unwrap();
    // Forged data is passed on: only the core knows what it once gave out.
    assert_eq!(stored[0].kind, InboundKind::Press { token: Token::from("forged") });
    assert_eq!(stored[0].reply_to, Some(message(ada, 77)));
}

#[tokio::test]
async fn an_update_that_nobody_can_read_does_not_block_the_others() {
    let (fake, adapter, ada) = room().await;
    fake.raw_update("telepathy", json!({ "thought": 42 }));
    fake.raw_update("message", json!({ "some fields are missing": true }));
    fake.say(ada, ada, "hello");
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    inbox.wait_for(1).await;
    assert!(fake.wait_until(|fake| fake.pending() == 0).await);
    running.stop().await.unwrap();
    assert_eq!(texts(&inbox), ["hello"]);
}

#[tokio::test]
async fn a_repeated_update_keeps_its_id() {
    let (fake, adapter, ada) = room().await;
    fake.duplicate_updates();
    fake.say(ada, ada, "hello");
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    let stored = inbox.wait_for(2).await;
    running.stop().await.unwrap();
    assert_eq!(stored[0], stored[1], "the core knows it by its id");
}

#[tokio::test]
async fn groups_topics_and_anonymous_admins() {
    let (fake, adapter, ada) = room().await;
    let ops = fake.forum("Ops");
    let topic = fake.topic(ops);
    fake.say(ops, ada, "lunch?");
    fake.say_in(ops, topic, ada, "/findings prod");
    fake.say_anonymously(ops, "/approve r-1");
    fake.say(ops, ada, "@roundsman_bot why is cart down?");
    fake.kick_bot(ops, ada);
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    let stored = inbox.wait_for(4).await;
    assert!(fake.wait_until(|fake| fake.pending() == 0).await);
    running.stop().await.unwrap();
    assert_eq!(inbox.stored().len(), 4, "lunch is not ours");
    assert_eq!(stored[0].channel.thread, Some(topic.to_string()));
    assert_eq!(stored[1].actor, Actor::Anonymous { name: "Ops".into() });
    assert_eq!(stored[2].kind, InboundKind::Text("why is cart down?".into()));
    assert!(matches!(stored[3].kind, InboundKind::Membership(contract::Membership::Left)));
}

#[tokio::test]
async fn every_loss_of_the_connection_is_told_once_and_mended() {
    let (fake, adapter, ada) = room().await;
    for fault in [
        Fault::Conflict,
        Fault::Conflict,
        Fault::ServerError,
        Fault::BadGateway,
        Fault::DropAfter,
        Fault::Refuse {
            code: 409,
            description: "Conflict: can't use getUpdates method while webhook is active".into(),
        },
    ] {
        fake.fail_next("getUpdates", fault);
    }
    fake.say(ada, ada, "hello");
    let inbox = Inbox::new();
    let running = Running::start(adapter, Arc::clone(&inbox));
    inbox.wait_for(1).await;
    running.stop().await.unwrap();
    let told: Vec<String> = inbox
        .connections()
        .into_iter()
        .map(|connection| match connection {
            Connection::Up => "up".to_owned(),
            Connection::Down(why) => why,
        })
        .collect();
    let expected =
        ["another program receives", "Internal Server Error", "HTTP 502", "cannot be reached", "webhook is set", "up"];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told:?} should say {expected:?}");
    }
    assert!(told.iter().all(|text| !text.contains("AAHdq")), "the token must not be told: {told:?}");
}

#[tokio::test]
async fn two_pollers_notice_each_other() {
    let (fake, adapter, _) = room().await;
    let inbox = Inbox::new();
    let running = Running::start(Arc::clone(&adapter), Arc::clone(&inbox));
    inbox.until(|inbox| inbox.connections() == [Connection::Up]).await;
    let other = Inbox::new();
    let second = Running::start(adapter, Arc::clone(&other));
    inbox.until(|inbox| matches!(inbox.connections().get(1), Some(Connection::Down(why)) if why.contains("another program"))).await;
    running.kill().await;
    second.kill().await;
    drop(fake);
}

#[tokio::test]
async fn a_refused_token_ends_it_with_what_to_do() {
    let (fake, _, _) = room().await;
    let config = Config { token: BotToken::new("1:wrong"), ..fake.config() };
    let inbox = Inbox::new();
    let failure = Running::start(adapter(config), Arc::clone(&inbox)).end().await.unwrap_err();
    assert!(failure.to_string().contains("@BotFather"), "{failure}");
    assert!(matches!(&inbox.connections()[..], [Connection::Down(_)]));
}

#[tokio::test]
async fn a_platform_that_is_down_at_start_is_waited_for() {
    let gone = {
        let fake = FakeTelegram::start().await;
        fake.config()
    };
    let inbox = Inbox::new();
    let running = Running::start(adapter(gone), Arc::clone(&inbox));
    inbox.until(|inbox| matches!(inbox.connections().first(), Some(Connection::Down(why)) if why.contains("cannot be reached"))).await;
    running.stop().await.unwrap();
}

#[test]
fn a_setup_that_cannot_work_is_refused_at_once() {
    let clock = || telegram::Clock::new(chrono::DateTime::<chrono::Utc>::default);
    let refused = |config: Config| Telegram::new(config, clock()).unwrap_err();
    assert_eq!(refused(Config::new(BotToken::new("no token"))), SetupError::Token);
    for url in ["", "not a url", "ftp://x"] {
        let config = Config { api_url: Some(url.into()), ..Config::new(BotToken::new("1:a")) };
        assert!(matches!(refused(config), SetupError::ApiUrl { .. }), "{url}");
    }
}
