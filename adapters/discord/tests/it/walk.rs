//! One walk through everything: a command, its answer, a card with buttons, a press, the card's last state.

use crate::world::World;
use contract::{
    Actor, Block, Body, Button, ButtonStyle, ChannelRef, CommandName, InboundKind, MessageRef, OutboundKind, Platform,
    Token, Visibility,
};

fn card(state: &str, buttons: &[(&str, &str, ButtonStyle)]) -> Body {
    let buttons: Vec<Button> = buttons
        .iter()
        .map(|(label, token, style)| Button { label: (*label).into(), token: Token::from(*token), style: *style })
        .collect();
    let body = Body::new([Block::Heading("Undo checkout?".into()), Block::paragraph(state)]);
    if buttons.is_empty() { body } else { body.with(Block::Buttons(buttons)) }
}

#[tokio::test]
async fn from_a_command_to_a_decision() {
    let world = World::new().await;
    let channel = ChannelRef::new(Platform::Discord, world.ops.clone());

    let interaction =
        world.slash("fix", &[("action", "undo"), ("object", "deployment/checkout"), ("namespace", "shop")]);
    let command = world.intake.inbound(0).await;
    assert_eq!(command.id.as_str(), interaction);
    assert_eq!(command.channel, channel);
    assert_eq!(command.actor, Actor::Person { id: world.alice.as_str().into(), name: "alice".into() });
    assert_eq!(command.at, world.fake.now());
    let InboundKind::Command(invocation) = &command.kind else { panic!("{command:?}") };
    assert_eq!(invocation.command, CommandName::Fix);
    assert_eq!(invocation.to_string(), "/fix undo deployment/checkout --namespace shop");
    world.fake.until("deferred", |fake| fake.response(&interaction)).await;
    assert_eq!(world.fake.thinking(&world.ops), 1);

    let buttons = [("Approve", "token-approve", ButtonStyle::Danger), ("Reject", "token-reject", ButtonStyle::Neutral)];
    let answer = world.answer(&command, Visibility::Channel, card("One replica set back.", &buttons));
    let standing = world.deliver(&answer).await.unwrap();
    let posted = world.fake.message(&standing.id).unwrap();
    assert_eq!(posted.text(), "Undo checkout?\nOne replica set back.");
    assert_eq!(world.fake.thinking(&world.ops), 0);
    assert_eq!(posted.button("Approve").unwrap().style, 4);

    let press = world.fake.press(&world.alice, &standing.id, "Approve");
    let pressed = world.intake.inbound(1).await;
    assert_eq!(pressed.id.as_str(), press);
    assert_eq!(pressed.kind, InboundKind::Press { token: Token::from("token-approve") });
    assert_eq!(pressed.reply_to, Some(MessageRef { channel, id: standing.id.clone() }));
    world.fake.until("deferred update", |fake| fake.response(&press).filter(|kind| *kind == 6)).await;

    let edit = OutboundKind::Edit { message: standing.clone() };
    world.deliver(&world.to(&world.ops, edit, card("Approved by alice.", &[]))).await.unwrap();
    let settled = world.fake.message(&standing.id).unwrap();
    assert_eq!(settled.text(), "Undo checkout?\nApproved by alice.");
    assert_eq!(settled.buttons(), []);
    assert_eq!(world.fake.messages(&world.ops).len(), 1, "one message from beginning to end");
    world.finish().await;
}
