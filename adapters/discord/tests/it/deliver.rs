//! What goes out: where it appears, who sees it, and that it appears once.

use crate::world::World;
use contract::{
    Adapter, Block, Body, ChannelRef, DeliveryError, MessageRef, OutboundKind, Platform, Receipt, Visibility,
    conformance,
};
use discord::fake::{FakeDiscord, Fault, Scope};
use std::time::Duration;

#[tokio::test]
async fn every_body_of_the_suite_is_delivered() {
    let world = World::new().await;
    for (name, bodies) in conformance::bodies(&world.adapter.limits()) {
        for body in bodies {
            let outbound = world.post(body);
            let standing = world.deliver(&outbound).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            let posted = world.fake.message(&standing.id).unwrap();
            assert!(!posted.pings, "{name}");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn what_a_log_says_is_read_as_it_was_written() {
    let world = World::new().await;
    let nasty = "# <b>&amp; *_[]()~`>#+-=|{}.! @everyone <@1> \\ </pre>\n1. > x_y";
    let body = Body::text(nasty).with(Block::Heading(nasty.into())).with(Block::code(nasty));
    let standing = world.deliver(&world.post(body)).await.unwrap();
    let text = world.fake.message(&standing.id).unwrap().text();
    assert!(text.starts_with(nasty), "{text}");
    world.finish().await;
}

#[tokio::test]
async fn files_and_pictures_are_attached_and_an_edit_takes_them_away() {
    let world = World::new().await;
    let body = Body::text("The report")
        .with(Block::File {
            name: "report.txt".into(),
            media_type: "text/plain".into(),
            bytes: b"all\r\n--of it".to_vec(),
        })
        .with(Block::Image { name: "score.png".into(), alt: "Score by day".into(), bytes: vec![0x89, 0, 255] });
    let standing = world.deliver(&world.post(body)).await.unwrap();
    let files = world.fake.message(&standing.id).unwrap().files;
    let seen: Vec<_> =
        files.iter().map(|file| (file.name.as_str(), file.description.as_str(), file.bytes.len())).collect();
    assert_eq!(seen, [("report.txt", "", 12), ("score.png", "Score by day", 3)]);
    let edit = OutboundKind::Edit { message: standing.clone() };
    world.deliver(&world.to(&world.ops, edit, Body::text("The report is old"))).await.unwrap();
    let edited = world.fake.message(&standing.id).unwrap();
    assert_eq!((edited.text().as_str(), edited.files.len()), ("The report is old", 0));
    world.finish().await;
}

#[tokio::test]
async fn a_message_that_is_sent_again_stands_there_once() {
    let world = World::new().await;
    let outbound = world.post(Body::text("Once"));
    world.fake.fail_next("POST /channels", Fault::CutAfter);
    let cut = world.deliver(&outbound).await.unwrap_err();
    assert!(matches!(cut, DeliveryError::Transient(_)), "{cut:?}");
    let standing = world.deliver(&outbound).await.unwrap();
    assert_eq!(world.deliver(&outbound).await.unwrap(), standing);
    assert_eq!(world.fake.messages(&world.ops).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_reply_is_one_and_a_reply_to_nothing_is_a_plain_post() {
    let world = World::new().await;
    let asked = world.fake.mention(&world.alice, &world.ops, "why?");
    let inbound = world.intake.inbound(0).await;
    let standing = world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("Because."))).await.unwrap();
    let answer = world.fake.message(&standing.id).unwrap();
    assert_eq!(answer.reply_to, Some(asked));
    assert!(!answer.pings, "nobody's phone rings for an answer");
    let gone = MessageRef { channel: ChannelRef::new(Platform::Discord, world.ops.clone()), id: "1".into() };
    let kind = OutboundKind::Post { reply_to: Some(gone.clone()) };
    let plain = world.deliver(&world.to(&world.ops, kind, Body::text("Still here."))).await.unwrap();
    assert_eq!(world.fake.message(&plain.id).unwrap().reply_to, None);
    world
        .deliver(&world.to(&world.ops, OutboundKind::Retract { message: plain.clone() }, Body::default()))
        .await
        .unwrap();
    world.deliver(&world.to(&world.ops, OutboundKind::Retract { message: gone }, Body::default())).await.unwrap();
    assert!(world.fake.message(&plain.id).is_none());
    world.finish().await;
}

#[tokio::test]
async fn the_second_part_of_an_answer_does_not_overwrite_the_first() {
    let world = World::new().await;
    world.slash("help", &[]);
    let inbound = world.intake.inbound(0).await;
    let parts =
        ["part 1", "part 2", "part 3"].map(|text| world.answer(&inbound, Visibility::Channel, Body::text(text)));
    for part in &parts {
        world.deliver(part).await.unwrap();
    }
    for part in &parts {
        // A crash after sending: the same rows come again, to a process that has forgotten everything.
        world.deliver(part).await.unwrap();
    }
    let posts = world.fake.posts(&world.ops);
    assert_eq!(posts.iter().map(|post| post.text()).collect::<Vec<_>>(), ["part 1", "part 2", "part 3"]);
    assert_eq!(posts[1].reply_to.as_ref(), Some(&posts[0].id), "together in the channel");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_waits_for_its_first_response() {
    let world = World::new().await;
    world.fake.hold("/callback");
    world.slash("help", &[]);
    let inbound = world.intake.inbound(0).await;
    let outbound = world.answer(&inbound, Visibility::Channel, Body::text("Here."));
    let (delivered, ()) = tokio::join!(world.deliver(&outbound), async {
        let door = |fake: &FakeDiscord| fake.calls().iter().any(|call| call.path.ends_with("/callback")).then_some(());
        world.fake.until("the callback at the door", door).await;
        world.chat().await;
        world.fake.release("/callback");
    });
    let standing = delivered.unwrap();
    assert_eq!(world.fake.messages(&world.ops).len(), 1);
    assert_eq!(world.fake.message(&standing.id).unwrap().nonce, None, "it is the interaction's own message");
    world.finish().await;
}

#[tokio::test]
async fn a_private_answer_to_a_command_is_not_seen_by_the_channel() {
    let world = World::new().await;
    let interaction = world.slash("approve", &[("proposal", "r-1")]);
    let inbound = world.intake.inbound(0).await;
    world.fake.until("deferred", |fake| fake.response(&interaction)).await;
    let outbound = world.answer(&inbound, Visibility::Private, Body::text("You may not approve."));
    // The connection breaks after "thinking" was taken away; the row comes again.
    world.fake.fail_next("DELETE", Fault::CutAfter);
    assert!(matches!(world.deliver(&outbound).await, Err(DeliveryError::Transient(_))));
    world.deliver(&outbound).await.unwrap();
    assert_eq!(world.fake.ephemeral(&world.alice).len(), 1);
    assert_eq!(world.fake.ephemeral(&world.alice)[0].text(), "You may not approve.");
    assert!(world.fake.messages(&world.ops).is_empty());
    assert_eq!(world.fake.thinking(&world.ops), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_private_answer_does_not_take_a_public_one_away() {
    let world = World::new().await;
    world.slash("fix", &[("action", "undo"), ("object", "deployment/a")]);
    let inbound = world.intake.inbound(0).await;
    world.deliver(&world.answer(&inbound, Visibility::Channel, Body::text("For all"))).await.unwrap();
    world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("For you"))).await.unwrap();
    assert_eq!(world.fake.messages(&world.ops)[0].text(), "For all");
    assert_eq!(world.fake.ephemeral(&world.alice)[0].text(), "For you");
    world.finish().await;
}

#[tokio::test]
async fn a_refused_press_is_told_only_to_who_pressed() {
    let world = World::new().await;
    let card = world.deliver(&world.post(Body::text("Card"))).await.unwrap();
    let mallory = world.fake.user("mallory");
    world.fake.press_raw(&mallory, &card.id, "x");
    let inbound = world.intake.inbound(0).await;
    world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("You may not."))).await.unwrap();
    assert_eq!(world.fake.ephemeral(&mallory)[0].text(), "You may not.");
    assert_eq!(world.fake.messages(&world.ops).len(), 1);
    world.deliver(&world.answer(&inbound, Visibility::Channel, Body::text("Somebody tried."))).await.unwrap();
    assert_eq!(world.fake.messages(&world.ops)[1].reply_to, Some(card.id));
    world.finish().await;
}

#[tokio::test]
async fn after_fifteen_minutes_the_answer_goes_to_the_channel_and_the_private_one_to_the_person() {
    let world = World::new().await;
    let interaction = world.slash("inspect", &[]);
    let inbound = world.intake.inbound(0).await;
    world.fake.until("deferred", |fake| fake.response(&interaction)).await;
    world.fake.advance(Duration::from_secs(15 * 60 + 1));
    let report = world.answer(&inbound, Visibility::Channel, Body::text("Late report"));
    let standing = world.deliver(&report).await.unwrap();
    assert_eq!(world.deliver(&report).await.unwrap(), standing);
    assert_eq!(world.fake.posts(&world.ops).len(), 1);
    world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("Late secret"))).await.unwrap();
    assert_eq!(world.fake.posts(&world.ops).len(), 1);
    assert_eq!(world.fake.posts(&world.fake.direct(&world.alice))[0].text(), "Late secret");

    world.fake.close_direct(&world.alice);
    let refused = world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("Later"))).await.unwrap_err();
    assert!(matches!(refused, DeliveryError::Rejected(_)), "{refused:?}");
    assert_eq!(world.fake.posts(&world.ops).len(), 1, "better not said than said to all");
    world.finish().await;
}

#[tokio::test]
async fn an_interaction_that_was_stored_too_late_is_answered_all_the_same() {
    let world = World::new().await;
    world.intake.hold(true);
    world.slash("help", &[]);
    world.intake.offered(1).await;
    world.fake.advance(Duration::from_secs(4));
    world.intake.hold(false);
    let inbound = world.intake.inbound(0).await;
    world.deliver(&world.answer(&inbound, Visibility::Channel, Body::text("Here."))).await.unwrap();
    assert_eq!(world.fake.posts(&world.ops)[0].text(), "Here.");
    world.finish().await;
}

#[tokio::test]
async fn a_rate_limit_comes_back_and_is_not_tried_against() {
    let world = World::new().await;
    let outbound = world.post(Body::text("Patience"));
    let after = Duration::from_millis(1_500);
    world.fake.fail_next("POST /channels", Fault::RateLimited { after, scope: Scope::Shared });
    assert_eq!(world.deliver(&outbound).await, Err(DeliveryError::RetryAfter { after, everything: false }));
    let sent = world.fake.calls().len();
    let early = world.deliver(&outbound).await.unwrap_err();
    assert!(matches!(early, DeliveryError::RetryAfter { everything: false, .. }), "{early:?}");
    assert_eq!(world.fake.calls().len(), sent, "Discord was not asked again");

    let other = world.fake.channel("other");
    let elsewhere = || world.to(&other, OutboundKind::Post { reply_to: None }, Body::text("Hello"));
    world.fake.fail_next("POST /channels", Fault::LastOfBucket { after });
    world.deliver(&elsewhere()).await.unwrap();
    assert!(matches!(world.deliver(&elsewhere()).await, Err(DeliveryError::RetryAfter { everything: false, .. })));

    let third = world.fake.channel("third");
    let global = || world.to(&third, OutboundKind::Post { reply_to: None }, Body::text("Hello"));
    world.fake.fail_next("POST /channels", Fault::RateLimited { after, scope: Scope::Global });
    assert_eq!(world.deliver(&global()).await, Err(DeliveryError::RetryAfter { after, everything: true }));
    let edit =
        OutboundKind::Edit { message: MessageRef { channel: ChannelRef::new(Platform::Discord, "1"), id: "1".into() } };
    let held = world.deliver(&world.to("1", edit, Body::text("x"))).await;
    assert!(matches!(held, Err(DeliveryError::RetryAfter { everything: true, .. })), "{held:?}");
    world.finish().await;
}

#[tokio::test]
async fn refusals_say_what_to_do_next() {
    let world = World::new().await;
    world.fake.fail_next("POST /channels", Fault::Status(503));
    assert!(matches!(world.deliver(&world.post(Body::text("x"))).await, Err(DeliveryError::Transient(_))));
    let nowhere = world.to("42", OutboundKind::Post { reply_to: None }, Body::text("x"));
    assert!(matches!(world.deliver(&nowhere).await, Err(DeliveryError::ChannelGone(_))));
    let standing = world.deliver(&world.post(Body::text("x"))).await.unwrap();
    world
        .deliver(&world.to(&world.ops, OutboundKind::Retract { message: standing.clone() }, Body::default()))
        .await
        .unwrap();
    let edit = world.to(&world.ops, OutboundKind::Edit { message: standing }, Body::text("y"));
    assert!(matches!(world.deliver(&edit).await, Err(DeliveryError::Rejected(_))));
    assert!(matches!(world.deliver(&world.post(Body::default())).await, Err(DeliveryError::Rejected(_))));
    let mut wide = world.post(Body::text("x"));
    wide.id.0 = "n".repeat(26);
    assert!(matches!(world.deliver(&wide).await, Err(DeliveryError::Malformed(_))));
    let mut foreign = world.post(Body::text("An answer without a way back"));
    let receipt = Some(Receipt::from("telegram:1"));
    foreign.kind = OutboundKind::Answer { receipt, reply_to: None, visibility: Visibility::Channel };
    world.deliver(&foreign).await.unwrap();
    world.slash("help", &[]);
    let inbound = world.intake.inbound(0).await;
    world.fake.fail_next("POST /webhooks", Fault::CutAfter);
    let cut = world.deliver(&world.answer(&inbound, Visibility::Private, Body::text("psst"))).await.unwrap_err();
    assert!(matches!(cut, DeliveryError::Ambiguous(_)), "a follow-up has no nonce: {cut:?}");
    world.fake.forbid(&world.ops);
    assert!(matches!(world.deliver(&world.post(Body::text("x"))).await, Err(DeliveryError::ChannelGone(_))));
    world.fake.change_token("another");
    let refused = world.deliver(&world.post(Body::text("x"))).await.unwrap_err();
    assert!(
        matches!(&refused, DeliveryError::Transient(text) if text.contains("token")),
        "kept until the token is right: {refused:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn the_bot_is_shown_at_work() {
    let world = World::new().await;
    world.adapter.working(&ChannelRef::new(Platform::Discord, world.ops.clone())).await;
    assert_eq!(world.fake.typing(), [world.ops.as_str()]);
    world.finish().await;
}
