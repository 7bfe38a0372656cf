//! What follows a repair that came to no good end: it is offered to be taken back, or to be planned again; and two
//! repairs of one object are not under way at once.

use crate::world::{
    chat::{Chat, Seen, Who},
    embedded::Embedded,
};
use chrono::TimeDelta;

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
async fn one_repair_of_an_object_at_a_time_on_telegram() {
    one_repair_of_an_object_at_a_time(Chat::telegram().await).await;
}
