//! The rounds end to end, on a real control plane and a chat: subscribe, report, question, approved repair, resolved.

use crate::world::{
    World,
    chat::{Chat, Who},
    model::{Script, Turn},
};
use chrono::TimeDelta;

/// A Deployment whose second revision cannot be pulled, behind a Service.
pub(crate) const CHECKOUT_GOOD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout }
spec:
  replicas: 2
  progressDeadlineSeconds: 5
  strategy: { type: Recreate }
  selector: { matchLabels: { app: checkout } }
  template:
    metadata: { labels: { app: checkout } }
    spec:
      containers: [{ name: app, image: registry.example/checkout:1.4.1, ports: [{ containerPort: 8080 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: checkout }
spec:
  selector: { app: checkout }
  ports: [{ port: 80, targetPort: 8080 }]
";

/// The image that cannot be pulled.
pub(crate) const BAD_IMAGE: &str = "registry.example/checkout-missing:1.5.0";

async fn whole_round(chat: Chat) {
    let script = Script::start(vec![
        Turn::call("why", serde_json::json!({ "object": "deployment/checkout" })).after("checkout"),
        Turn::call(
            "propose",
            serde_json::json!({ "action": "undo_rollout", "object": "deployment/checkout", "reason": "1.4.1 worked" }),
        )
        .after("ImagePullBackOff"),
        Turn::say("checkout cannot pull registry.example/checkout-missing:1.5.0 since the last rollout [1]."),
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
    assert!(report.text.lines().next().unwrap().contains("prod"), "{}", report.text);

    // A reply asks why; the scripted model calls tools and proposes.
    world.chat.reply(Who::Bob, &report, &format!("why is checkout in {} failing?", world.namespace));
    let answer = world.chat.wait(Who::Bob, "the answer", |seen| seen.text.contains("cannot pull")).await;
    assert!(answer.text.contains("prod"), "the answer names its cluster: {}", answer.text);
    script.finished();

    // The card has diff and dry run; a person with the right to do so approves it.
    let card = world.chat.wait(Who::Bob, "the card", |seen| seen.labels.iter().any(|label| label == "Approve")).await;
    assert!(card.text.contains(BAD_IMAGE) && card.text.contains("checkout:1.4.1"), "the diff: {}", card.text);
    assert_eq!(world.writes(), [], "nothing is written before it is approved");
    world.chat.press(Who::Alice, &card, "Approve");

    // One write, verified, and the report after it says resolved.
    world
        .chat
        .wait(Who::Alice, "the verified card", |seen| seen.id == card.id && seen.text.contains("Verified"))
        .await;
    let writes = world.writes();
    assert_eq!(writes.len(), 1, "{writes:#?}");
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    let after = world
        .chat
        .wait(Who::Alice, "the report after the repair", |seen| {
            seen.text.to_lowercase().contains("resolved") && seen.text.contains("checkout") && seen.id != card.id
        })
        .await;
    assert!(after.text.contains("prod"));
    let mut bot = world.bot;
    bot.drain().await;
}

/// Rolls out a good revision, then a bad one, and waits until the trouble is old enough to be reported.
pub(crate) async fn break_checkout(world: &World) {
    world.apply(CHECKOUT_GOOD).await;
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    world.apply(&CHECKOUT_GOOD.replace("registry.example/checkout:1.4.1", BAD_IMAGE)).await;
    world
        .until(&["deployment", "checkout"], "/status/conditions", |conditions| {
            conditions.as_array().is_some_and(|all| all.iter().any(|one| one["reason"] == "ProgressDeadlineExceeded"))
        })
        .await;
    world
        .until(&["pods", "-l", "app=checkout"], "/items/0/status/containerStatuses/0/state/waiting/reason", |reason| {
            reason == "ImagePullBackOff"
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    whole_round(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    whole_round(Chat::discord().await).await;
}
