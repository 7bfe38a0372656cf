//! What follows a repair that came to no good end: it is offered to be taken back, or to be planned again; and two
//! repairs of one object are not under way at once.

use crate::world::{
    chat::{Chat, Seen, Who},
    embedded::Embedded,
};
use chrono::TimeDelta;
use roundsman::demo::Story;
use serde_json::json;
use std::time::Duration;

/// The id that stands on a card.
fn id_on(card: &Seen) -> String {
    let mut words = card.text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.find(|word| word.len() == 7 && word.starts_with("r-")).unwrap().to_owned()
}

/// A card for the undo of checkout, to a revision where one is named, asked for by bob.
async fn undo(world: &Embedded, revision: Option<&str>) -> Seen {
    let mut arguments = vec![("action", "undo"), ("object", "deployment/checkout"), ("namespace", "shop")];
    arguments.extend(revision.map(|revision| ("revision", revision)));
    world.ask(Who::Bob, "fix", &arguments, "Waits for approval").await
}

async fn approved(world: &Embedded, card: &Seen) {
    world.chat.press(Who::Alice, card, "Approve");
    world.until(Who::Alice, card, "Done and verified").await;
}

async fn what_did_not_help_is_taken_back(chat: Chat) {
    let world = Embedded::new(chat, None).await;
    let cure = undo(&world, None).await;
    approved(&world, &cure).await;

    // Back to the broken revision: it is carried out, and it does not get ready within its time.
    let mistake = undo(&world, Some("3")).await;
    world.chat.press(Who::Alice, &mistake, "Approve");
    world.until(Who::Alice, &mistake, "Done, being verified").await;
    world.time.advance(TimeDelta::minutes(31));
    let failed = world.until(Who::Alice, &mistake, "Failed").await;
    assert_eq!(failed.labels, ["Take it back…"], "{}", failed.text);
    assert!(failed.text.contains("/fix undo deployment/checkout -n shop --revision"), "{}", failed.text);

    // Nothing happens by itself: it is a new proposal, by who pressed, for somebody else to approve.
    let back = world.press(Who::Bob, &failed, "Take it back…", "Waits for approval").await;
    assert!(back.text.contains(&format!("It takes {} back, which did not help.", id_on(&mistake))), "{}", back.text);
    assert!(back.text.contains("Asked for by bob"), "{}", back.text);
    approved(&world, &back).await;
    world.drain().await;
}

async fn what_expired_is_planned_again(chat: Chat) {
    let world = Embedded::new(chat, None).await;
    let card = undo(&world, None).await;
    world.time.advance(TimeDelta::minutes(16));
    let expired = world.until(Who::Bob, &card, "Expired").await;
    let again = world.press(Who::Alice, &expired, "Plan again…", "Waits for approval").await;
    assert!(again.text.contains("planned again") && again.text.contains("Asked for by alice"), "{}", again.text);

    // Alice asked for it this time, so she may not approve it.
    world
        .after(Who::Alice, "a refusal", "somebody else has to approve", || {
            world.chat.press(Who::Alice, &again, "Approve");
        })
        .await;
    world.drain().await;
}

async fn what_resolves_by_itself_is_not_approved_any_more(chat: Chat) {
    let world = Embedded::with(chat, None, |setup| setup.stories = vec![Story::Checkout]).await;
    let report = world.ask(Who::Bob, "inspect", &[], "Score").await;
    let card = world.press(Who::Bob, &report, "Fix 1…", "Waits for approval").await;
    // A colleague corrects the image by hand.
    let image = json!({ "name": "checkout", "image": "registry.example.com/shop/checkout:2.7.1" });
    let patch = json!({ "spec": { "template": { "spec": { "containers": [image] } } } });
    world.meanwhile("/apis/apps/v1/namespaces/shop/deployments/checkout", &patch).await;
    world.time.advance(TimeDelta::minutes(5));
    world.ask(Who::Bob, "inspect", &[], "Resolved since the last inspection").await;
    let dropped = world.until(Who::Bob, &card, "What it was meant to cure is gone").await;
    assert_eq!(dropped.labels, Vec::<String>::new());
    let id = id_on(&card);
    let id = [("proposal", id.as_str())];
    world.ask(Who::Alice, "approve", &id, "already dropped").await;
    world.ask(Who::Alice, "proposals", &id, "dropped: What it was meant to cure is gone").await;
    world.drain().await;
}

async fn one_repair_of_an_object_at_a_time(chat: Chat) {
    let world = Embedded::new(chat, None).await;
    let first = undo(&world, None).await;
    let arguments = [("action", "restart"), ("object", "deployment/checkout"), ("namespace", "shop")];
    let second = world.ask(Who::Bob, "fix", &arguments, "Restart rollout").await;
    world.chat.press(Who::Alice, &first, "Approve");
    world.until(Who::Alice, &first, "Done, being verified").await;
    let busy = format!("Another repair of the same object is under way: {}", id_on(&first));
    world.after(Who::Alice, "a refusal", &busy, || world.chat.press(Who::Alice, &second, "Approve")).await;
    world.until(Who::Alice, &first, "Done and verified").await;

    // Now it is its turn; and what it was planned from is not so any more.
    world.chat.press(Who::Alice, &second, "Approve");
    let superseded = world.until(Who::Alice, &second, "Not carried out").await;
    assert_eq!(superseded.labels, ["Plan again…"]);
    world.drain().await;
}

async fn a_restart_that_only_buys_time(chat: Chat) {
    let world = Embedded::with(chat, None, |setup| setup.stories = vec![Story::Cart]).await;
    let report = world.ask(Who::Bob, "inspect", &[], "Score").await;
    assert!(!report.labels.contains(&"Fix 1…".to_owned()), "{:?}", report.labels);
    let details = world.press(Who::Bob, &report, "Details 1", "What to do:").await;
    assert!(details.text.contains("only buys time: the memory fills again"), "{}", details.text);
    let card = world.press(Who::Bob, &report, "Restart 1 anyway…", "Waits for approval").await;
    for part in ["Why this: only buys time: the memory fills again", "the trouble can come back"] {
        assert!(card.text.contains(part), "{part}: {}", card.text);
    }
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "I wait whether they stay so for 67 s").await;

    // It looks well, and nobody says so yet.
    let early = world.ask(Who::Bob, "inspect", &[], "Too early to call it gone").await;
    assert!(early.text.contains("Deployment shop/cart") && !early.text.contains("Resolved"), "{}", early.text);
    // Who decides again is answered although it is not over.
    let decided = [("proposal", &*id_on(&card))];
    world.ask(Who::Alice, "approve", &decided, "alice").await;

    world.time.advance(TimeDelta::seconds(50));
    world.until(Who::Alice, &card, "has ended after 45s: OOMKilled").await;
    world.time.advance(TimeDelta::minutes(31));
    let failed = world.until(Who::Alice, &card, "Failed").await;
    assert!(failed.text.contains("in time it did not have the effect"), "{}", failed.text);
    let report = world.ask(Who::Bob, "inspect", &[], "too much memory").await;
    assert!(!report.text.contains("Resolved"), "{}", report.text);
    world.drain().await;
}

async fn what_a_person_asks_for_is_measured_by_the_findings_too(chat: Chat) {
    let world = Embedded::with(chat, None, |setup| setup.stories = vec![Story::Cart]).await;
    let restart = [("action", "restart"), ("object", "deployment/cart"), ("namespace", "shop")];
    let card = world.ask(Who::Bob, "fix", &restart, "Waits for approval").await;
    assert!(card.text.contains("Why this: only buys time: the memory fills again"), "{}", card.text);
    let scale = [("action", "scale"), ("object", "deployment/cart"), ("namespace", "shop"), ("replicas", "3")];
    let card = world.ask(Who::Bob, "fix", &scale, "Waits for approval").await;
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "Done, being verified").await;
    world.time.advance(TimeDelta::minutes(31));
    world.until(Who::Alice, &card, "Failed").await;
    world.drain().await;
}

async fn what_cannot_be_looked_at_again_is_not_called_verified(chat: Chat) {
    let world = Embedded::with(chat, None, |setup| setup.stories = vec![Story::Checkout]).await;
    let card = undo(&world, None).await;
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "Done, being verified").await;
    world.break_off();
    world.until(Who::Alice, &card, "I cannot look at it right now").await;
    world.time.advance(TimeDelta::minutes(31));
    world.until(Who::Alice, &card, "Done, but not verified").await;
    world.release();
    world.drain().await;
}

/// What is being verified is taken up again by the next bot.
async fn a_stop_does_not_wait_for_the_verification(chat: Chat) {
    let mut world = Embedded::with(chat, None, |setup| setup.stories = vec![Story::Cart]).await;
    let restart = [("action", "restart"), ("object", "deployment/cart"), ("namespace", "shop")];
    let card = world.ask(Who::Bob, "fix", &restart, "Waits for approval").await;
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "Done, being verified").await;
    let slept = tokio::time::timeout(Duration::from_secs(10), world.sleep(TimeDelta::minutes(31))).await;
    slept.expect("the bot ends at once");
    world.until(Who::Alice, &card, "Failed").await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_help_is_taken_back_on_telegram() {
    what_did_not_help_is_taken_back(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_help_is_taken_back_on_discord() {
    what_did_not_help_is_taken_back(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_is_planned_again_on_telegram() {
    what_expired_is_planned_again(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_is_planned_again_on_discord() {
    what_expired_is_planned_again(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_resolves_by_itself_is_not_approved_any_more_on_telegram() {
    what_resolves_by_itself_is_not_approved_any_more(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_repair_of_an_object_at_a_time_on_telegram() {
    one_repair_of_an_object_at_a_time(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_that_only_buys_time_on_telegram() {
    a_restart_that_only_buys_time(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_that_only_buys_time_on_discord() {
    a_restart_that_only_buys_time(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_asks_for_is_measured_by_the_findings_too_on_telegram() {
    what_a_person_asks_for_is_measured_by_the_findings_too(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_looked_at_again_is_not_called_verified_on_telegram() {
    what_cannot_be_looked_at_again_is_not_called_verified(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_the_verification_on_telegram() {
    a_stop_does_not_wait_for_the_verification(Chat::telegram().await).await;
}
