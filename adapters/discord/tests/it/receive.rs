//! What comes in: in whose words, in which order, and when it is acknowledged.

use crate::world::World;
use contract::{Actor, CommandName, GRAMMAR, InboundKind, Token};
use discord::fake::{FakeDiscord, Fault, Scope};
use std::time::Duration;

fn text(kind: &InboundKind) -> &str {
    match kind {
        InboundKind::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test]
async fn the_commands_are_the_grammar() {
    let world = World::new().await;
    let commands = world.fake.commands(None);
    let words: Vec<&str> = commands.iter().map(|command| command["name"].as_str().unwrap()).collect();
    assert_eq!(words, GRAMMAR.iter().map(|spec| spec.word).collect::<Vec<_>>());
    let logs = commands.iter().find(|command| command["name"] == "logs").unwrap();
    let previous = logs["options"].as_array().unwrap().iter().find(|option| option["name"] == "previous").unwrap();
    assert_eq!((previous["type"].as_u64(), previous["required"].as_bool()), (Some(5), Some(false)));

    world.slash("logs", &[("object", "deployment/cart"), ("previous", "true"), ("tail", "20")]);
    world.slash("logs", &[("object", "deployment/cart"), ("previous", "false")]);
    let inbounds = world.intake.inbounds(2).await;
    let lines: Vec<String> = inbounds
        .iter()
        .map(|inbound| match &inbound.kind {
            InboundKind::Command(invocation) => invocation.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lines, ["/logs deployment/cart --previous --tail 20", "/logs deployment/cart"]);
    world.finish().await;
}

#[tokio::test]
async fn in_a_named_guild_the_commands_appear_at_once() {
    let world = World::prepared(|fake, config| config.guilds = vec![fake.guild()]).await;
    world.fake.wait_ready().await;
    assert_eq!(world.fake.commands(Some(&world.fake.guild())).len(), GRAMMAR.len());
    assert!(world.fake.commands(None).is_empty());
    world.finish().await;
}

#[tokio::test]
async fn registration_is_tried_again_until_discord_takes_it() {
    let world = World::starting(|fake| {
        let after = Duration::from_millis(5);
        fake.fail_next("PUT", Fault::RateLimited { after, scope: Scope::User });
    })
    .await;
    world.fake.wait_ready().await;
    world.finish().await;
}

#[tokio::test]
async fn what_is_meant_for_the_bot_comes_in_and_nothing_else() {
    let world = World::new().await;
    let (fake, alice, ops) = (&world.fake, &world.alice, &world.ops);
    fake.say(alice, ops, "good morning");
    fake.webhook(ops, "deployed");
    let mentioned = fake.mention(alice, ops, "why is checkout failing?");
    let first = world.intake.inbound(0).await;
    assert_eq!(text(&first.kind), "why is checkout failing?");
    assert_eq!(first.id.as_str(), mentioned);
    assert_eq!(first.message.as_ref().unwrap().id, mentioned);
    assert_eq!((first.receipt, first.reply_to), (None, None));

    let posted = world.deliver(&world.post(contract::Body::text("Report"))).await.unwrap();
    fake.reply(alice, &posted.id, "and the other one?");
    let second = world.intake.inbound(1).await;
    assert_eq!(text(&second.kind), "and the other one?");
    assert_eq!(second.reply_to.unwrap().id, posted.id);

    fake.reply_quietly(alice, &posted.id, "unseen");
    let third = world.intake.inbound(2).await;
    let InboundKind::Misread { problem } = third.kind else { panic!("{third:?}") };
    assert!(problem.contains("/ask"), "{problem}");

    let direct = fake.direct(alice);
    fake.say(alice, &direct, "hello");
    let fourth = world.intake.inbound(3).await;
    assert_eq!((text(&fourth.kind), fourth.channel.id), ("hello", direct));
    world.finish().await;
}

#[tokio::test]
async fn a_written_command_is_one_and_an_unreadable_one_says_what_to_write() {
    let world = World::new().await;
    world.fake.mention(&world.alice, &world.ops, "/why deployment/checkout -n shop");
    world.fake.mention(&world.alice, &world.ops, "/inspct prod");
    world.slash("why", &[]);
    world.slash("dance", &[]);
    let inbounds = world.intake.inbounds(4).await;
    assert!(matches!(&inbounds[0].kind, InboundKind::Command(invocation) if invocation.command == CommandName::Why));
    let problems: Vec<&str> = inbounds[1..]
        .iter()
        .map(|inbound| match &inbound.kind {
            InboundKind::Misread { problem } => problem.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(problems[0].contains("/inspect"), "{problems:?}");
    assert!(problems[1].contains("object is missing"), "{problems:?}");
    assert!(problems[2].contains("/dance"), "{problems:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_forged_press_comes_in_as_what_it_carries() {
    let world = World::new().await;
    let posted = world.deliver(&world.post(contract::Body::text("Card"))).await.unwrap();
    let mallory = world.fake.user("mallory");
    world.fake.press_raw(&mallory, &posted.id, "approve:everything");
    let inbound = world.intake.inbound(0).await;
    assert_eq!(inbound.kind, InboundKind::Press { token: Token::from("approve:everything") });
    assert_eq!(inbound.actor, Actor::Person { id: mallory.as_str().into(), name: "mallory".into() });
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_stored() {
    let world = World::new().await;
    world.intake.hold(true);
    world.intake.refuse(2);
    let interaction = world.slash("help", &[]);
    let mention = world.fake.mention(&world.alice, &world.ops, "later");
    world.intake.offered(1).await;
    assert_eq!(world.fake.response(&interaction), None, "not yet stored");
    world.intake.hold(false);
    let inbounds = world.intake.inbounds(2).await;
    let ids: Vec<&str> = inbounds.iter().map(|inbound| inbound.id.as_str()).collect();
    assert_eq!(ids, [interaction.as_str(), mention.as_str()], "offered again, and in order");
    assert_eq!(world.fake.until("deferred", |fake| fake.response(&interaction)).await, 5);
    world.finish().await;
}

#[tokio::test]
async fn events_keep_their_order() {
    let world = World::new().await;
    let sent: Vec<String> =
        (0..200).map(|number| world.fake.mention(&world.alice, &world.ops, &format!("{number}"))).collect();
    let inbounds = world.intake.inbounds(sent.len()).await;
    let heard: Vec<&str> = inbounds.iter().map(|inbound| inbound.id.as_str()).collect();
    assert_eq!(heard, sent);
    world.finish().await;
}

#[tokio::test]
async fn a_doubled_dispatch_has_the_same_id_and_a_lost_one_leaves_no_trace() {
    let world = World::new().await;
    world.fake.duplicate_next();
    let twice = world.slash("help", &[]);
    world.fake.lose_next();
    world.slash("help", &[]);
    let after = world.slash("help", &[]);
    let inbounds = world.intake.inbounds(3).await;
    let ids: Vec<&str> = inbounds.iter().map(|inbound| inbound.id.as_str()).collect();
    assert_eq!(ids, [twice.as_str(), twice.as_str(), after.as_str()]);
    world.fake.until("both answered", |fake| fake.response(&twice).and(fake.response(&after))).await;
    world.finish().await;
}

#[tokio::test]
async fn a_first_response_that_does_not_get_through_is_tried_again() {
    let world = World::new().await;
    for fault in [Fault::Status(502), Fault::CutBefore, Fault::CutAfter] {
        world.fake.fail_next("/callback", fault.clone());
        let interaction = world.slash("help", &[]);
        let response = world.fake.until("deferred", |fake| fake.response(&interaction)).await;
        assert_eq!(response, 5, "{fault:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn stopping_leaves_nothing_unacknowledged() {
    let world = World::new().await;
    world.fake.hold("/callback");
    let interaction = world.slash("help", &[]);
    world.fake.until("the callback at the door", callback).await;
    let fake = world
        .finish_while(async |world| {
            world.chat().await;
            assert_eq!(world.fake.response(&interaction), None);
            world.fake.release("/callback");
        })
        .await;
    assert_eq!(fake.response(&interaction), Some(5));
}

fn callback(fake: &FakeDiscord) -> Option<()> {
    fake.calls().iter().any(|call| call.path.ends_with("/callback")).then_some(())
}
