//! The rounds end to end, on a real control plane and a chat: subscribe, report, question, approved repair, resolved.

use crate::world::{
    World,
    chat::{Chat, Who},
    checkout::{BAD_IMAGE, break_checkout},
    embedded::Embedded,
    model::{Script, Turn},
};
use chrono::TimeDelta;
use roundsman::demo::Story;
use serde_json::json;

async fn whole_round(chat: Chat) {
    let script = Script::start(vec![
        Turn::call("why", json!({ "object": "deployment/checkout" })).after("checkout"),
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

    // Fix under the model's answer: the remedy that cures the cause, planned on the server, which rehearses it.
    world.chat.press(Who::Bob, &answer, "Fix…");

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
    // A platform with shorter messages says so in a later one than the head of the list.
    let resolved = |line: &str| line.contains(&format!("{}/checkout", world.namespace)) && line.contains("(known for");
    world
        .chat
        .wait(Who::Alice, "the report after the repair", |seen| seen.id != card.id && seen.text.lines().any(resolved))
        .await;
    world.end().await;
}

/// The model proposes; the card is for people.
async fn what_the_model_proposes(chat: Chat) {
    let undo = json!({ "action": "undo_rollout", "kind": "Deployment", "name": "checkout", "namespace": "shop",
        "reason": "Its image cannot be pulled since the last rollout." });
    let script = Script::start(vec![
        Turn::call("why", json!({ "object": "deployment/checkout", "namespace": "shop" })),
        Turn::call("propose", undo).after("2.8.0"),
        Turn::say("checkout cannot pull its image [1]; I proposed to go back [2].").after("to revision 2"),
    ])
    .await;
    let world = Embedded::with(chat, Some(script.url()), |setup| setup.stories = vec![Story::Checkout]).await;
    world.ask(Who::Bob, "inspect", &[], "Score").await;
    world.chat.command(Who::Bob, "ask", &[("question", "please repair checkout")]);
    let answer = world.chat.wait(Who::Bob, "the answer", |seen| seen.text.contains("I proposed to go back")).await;
    script.finished();
    assert_eq!(answer.labels, Vec::<String>::new(), "the card is the button: {}", answer.text);
    let card = world.chat.wait(Who::Bob, "the card", |seen| seen.text.contains("Waits for approval")).await;
    for part in ["Undo rollout of deployment/checkout in shop to revision 2", "Its image cannot", "Asked for by bob"] {
        assert!(card.text.contains(part), "{part}: {}", card.text);
    }
    // Who asked the model has asked for it, and may not approve it.
    world.after(Who::Bob, "a refusal", "Who may: alice", || world.chat.press(Who::Bob, &card, "Approve")).await;
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "Done and verified").await;
    world.chat.wait(Who::Alice, "the report after it", |seen| seen.text.contains("Resolved since")).await;
    world.drain().await;
}

/// What a chain of causes ends at has its button under the answer, also where nobody replied to a report.
async fn fix_under_an_answer(chat: Chat) {
    let script = Script::start(vec![
        Turn::call("why", json!({ "object": "deployment/checkout", "namespace": "shop" })),
        Turn::say("checkout cannot pull its image [1].").after("2.8.0"),
    ])
    .await;
    let world = Embedded::with(chat, Some(script.url()), |setup| setup.stories = vec![Story::Checkout]).await;
    world.chat.command(Who::Bob, "ask", &[("question", "what is wrong?")]);
    let answer = world.chat.wait(Who::Bob, "the answer", |seen| seen.text.contains("cannot pull its image")).await;
    script.finished();
    let card = world.press(Who::Bob, &answer, "Fix…", "Waits for approval").await;
    assert!(card.text.contains("Why this: the trouble came with"), "{}", card.text);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_proposes_on_telegram() {
    what_the_model_proposes(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_model_proposes_on_discord() {
    what_the_model_proposes(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fix_under_an_answer_on_telegram() {
    fix_under_an_answer(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fix_under_an_answer_on_discord() {
    fix_under_an_answer(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    whole_round(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    whole_round(Chat::discord().await).await;
}
