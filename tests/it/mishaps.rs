//! What goes wrong on the way and is survived: a bug in one item, a group that gets another id, more proposals than
//! anybody can keep apart.

use crate::world::{
    chat::{Chat, Who},
    embedded::Embedded,
    eventually,
};
use chrono::TimeDelta;
use contract::{
    Adapter, AdapterFailure, BoxFuture, ChannelRef, DeliveryError, Intake, Limits, MessageRef, Outbound, Platform, Stop,
};
use std::sync::Arc;

/// A platform that panics whenever the bot shows that it is at work.
#[derive(Debug)]
struct Fragile(Arc<dyn Adapter>);

impl Adapter for Fragile {
    fn platform(&self) -> Platform {
        self.0.platform()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    fn run<'a>(&'a self, intake: &'a dyn Intake, stop: Stop) -> BoxFuture<'a, Result<(), AdapterFailure>> {
        self.0.run(intake, stop)
    }

    fn deliver<'a>(&'a self, message: &'a Outbound) -> BoxFuture<'a, Result<MessageRef, DeliveryError>> {
        self.0.deliver(message)
    }

    fn working<'a>(&'a self, _channel: &'a ChannelRef) -> BoxFuture<'a, ()> {
        panic!("the bug of this story")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_that_panics_is_given_up_with_a_word_and_nothing_else_stops() {
    let fragile: fn(Arc<dyn Adapter>) -> Arc<dyn Adapter> = |adapter| Arc::new(Fragile(adapter));
    let world = Embedded::with(Chat::telegram().await, None, |setup| setup.wrap = fragile).await;
    world.chat.command(Who::Alice, "inspect", &[("cluster", "prod")]);
    world.chat.command(Who::Alice, "why", &[("object", "deployment/checkout"), ("namespace", "shop")]);
    // Each try waits longer than the one before; other commands do not wait for it.
    eventually("that it is given up", async || {
        world.time.advance(TimeDelta::seconds(20));
        (world.count(Who::Alice, "the bug of this story") == 2).then_some(())
    })
    .await;
    assert_eq!(world.count(Who::Alice, "prod could not be inspected: a bug"), 1);
    assert_eq!(world.count(Who::Alice, "I could not do that and gave up"), 1);
    world.ask(Who::Alice, "whoami", &[], "known as alice").await;
    let ready = reqwest::get(format!("{}/readyz", world.api())).await.unwrap();
    let ready: serde_json::Value = ready.json().await.unwrap();
    assert_eq!((&ready["waiting"]["parked"], &ready["waiting"]["inbox"]), (&2.into(), &0.into()), "{ready}");
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_became_a_supergroup_is_served_on() {
    let mut chat = Chat::telegram().await;
    let Chat::Telegram { fake, group, .. } = &mut chat else { unreachable!() };
    *group = fake.group("ops");
    let mut world = Embedded::new(chat, None).await;
    let at = world.time.now() + TimeDelta::hours(1);
    let schedule = format!("daily {} UTC", at.format("%H:%M"));
    world.ask(Who::Alice, "subscribe", &[("cluster", "prod"), ("schedule", &schedule)], "Done: prod").await;

    let Chat::Telegram { fake, group, .. } = &mut world.chat else { unreachable!() };
    *group = fake.migrate(*group);
    // It is listed by its old id, and the platform itself said that it moved.
    world.ask(Who::Alice, "subscriptions", &[], &schedule).await;
    world.time.advance(TimeDelta::hours(1));
    world.chat.wait(Who::Alice, "the report in the new group", |seen| seen.text.contains("Score")).await;
    world.sleep(TimeDelta::zero()).await;
    world.ask(Who::Bob, "whoami", &[], "known as bob").await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_and_subscriptions_have_an_end() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    let restart = [("action", "restart"), ("object", "deployment/checkout"), ("namespace", "shop")];
    for _ in 0..20 {
        world.ask(Who::Bob, "fix", &restart, "Waits for approval").await;
    }
    world.ask(Who::Bob, "fix", &restart, "20 proposals wait for a decision here already").await;
    for minute in 0..50 {
        let schedule = format!("cron {minute} 9 * * * UTC");
        world.ask(Who::Bob, "subscribe", &[("cluster", "prod"), ("schedule", &schedule)], "Done: prod").await;
    }
    let one_more = [("cluster", "prod"), ("schedule", "daily 10:00 UTC")];
    world.ask(Who::Bob, "subscribe", &one_more, "50 reports are subscribed here already").await;
    world.drain().await;
}
