//! The rounds end to end, on a real control plane and a chat: subscribe, report, question, approved repair, resolved.

use crate::world::{
    World,
    chat::{Chat, Who},
    checkout::{BAD_IMAGE, break_checkout},
    model::{Script, Turn},
};
use chrono::TimeDelta;

async fn whole_round(chat: Chat) {
    let script = Script::start(vec![
        Turn::call("why", serde_json::json!({ "object": "deployment/checkout" })).after("checkout"),
        Turn::say("checkout cannot pull registry.example/checkout-missing:1.5.0 since the last rollout [1].")
            .after("checkout-missing"),
    ])
    .await;
    let world = World::new(chat, Some(script.url())).await;
    break_checkout(&world).await;

    // Subscribe; nothing comes before its time.
    let at = world.time.now() + TimeDelta::hours(2);
    let schedule = format!("daily {} UTC", at.format("%H:%M"));
    world.chat.command(Who::Alice, "subscribe", &[("cluster", "prod"), ("schedule", &schedule)]);
    let confirmed = world.chat.wait(Who::Alice, "the confirmation", |seen| seen.text.contains(&schedule)).await;
    assert!(!confirmed.text.contains("checkout"), "{}", confirmed.text);

    // The time comes: the report names the planted fault.
    world.time.advance(TimeDelta::hours(2));
    let report = world
        .chat
        .wait(Who::Alice, "the report", |seen| seen.text.contains(&world.namespace) && seen.text.contains("checkout"))
        .await;
    world.chat.wait(Who::Alice, "its first line", |seen| seen.text.starts_with("prod, ")).await;

    // A reply asks why; the scripted model calls tools and answers.
    world.chat.reply(Who::Bob, &report, &format!("why is checkout in {} failing?", world.namespace));
    let answer = world.chat.wait(Who::Bob, "the answer", |seen| seen.text.contains("cannot pull")).await;
    assert!(answer.text.contains("prod"), "the answer names its cluster: {}", answer.text);
    script.finished();

    // Fix: the remedy that cures the cause, planned on the server, which rehearses it.
    let checkout = [("object", "deployment/checkout"), ("namespace", world.namespace.as_str())];
    world.chat.command(Who::Bob, "why", &checkout);
    let why = world.chat.wait(Who::Bob, "the cause", |seen| seen.labels.iter().any(|label| label == "Fix…")).await;
    world.chat.press(Who::Bob, &why, "Fix…");

    // The card has diff and dry run; a person with the right to do so approves it.
    let card = world.chat.wait(Who::Bob, "the card", |seen| seen.labels.iter().any(|label| label == "Approve")).await;
    assert!(card.text.contains(BAD_IMAGE) && card.text.contains("checkout:1.4.1"), "the diff: {}", card.text);
    assert_eq!(world.writes(), [], "nothing is written before it is approved");
    world.chat.press(Who::Alice, &card, "Approve");

    // One write, verified, and the report after it says resolved.
    world
        .chat
        .wait(Who::Alice, "the verified card", |seen| seen.id == card.id && seen.text.contains("Done and verified"))
        .await;
    let writes = world.writes();
    assert_eq!(writes.len(), 1, "{writes:#?}");
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    // A platform with shorter messages names the cluster in the first of them.
    world
        .chat
        .wait(Who::Alice, "the report after the repair", |seen| {
            seen.text.to_lowercase().contains("resolved") && seen.text.contains("checkout") && seen.id != card.id
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    whole_round(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    whole_round(Chat::discord().await).await;
}
