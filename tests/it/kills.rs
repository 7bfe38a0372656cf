//! The story again, with the bot killed wherever it can be: after every commit, and between every effect outside and
//! the commit that would have told of it. Nothing acknowledged is lost, the cluster is changed once, and no message is
//! doubled but one that was in flight where the platform has no idempotency key.
//!
//! The bot is this test binary started again as a child. A life ends at its first commit, which is on the disk by then
//! and which nobody in the process has heard of; or at the first effect that no life has died for, acknowledgements
//! among them: the gates in front of platform and API server hold the answer back until the process is dead. So one
//! story has every kill in it, most of them on top of another one, and that it comes to its end is the proof that the
//! bot recovers from each. A story for each kill would show one crash at a time, and there would have to be as many
//! stories as there are kills.
//!
//! Only a repair cannot go on like this: who dies after the commit of the intent cannot know how far the write came, and
//! must not send it again. So it is asked for twice. The first one dies after its intent, and people are told that it was
//! not carried out; the second is spared until the API server has done the write.

use crate::world::{
    World,
    bot::Outside,
    chat::{Chat, Seen, Who},
    checkout::{BAD_IMAGE, break_checkout},
    eventually,
    gate::Gate,
    lives::{Death, Ended, Lives, Sweep, child},
    model::{Script, Turn},
};
use chrono::TimeDelta;
use control_plane::Identity;
use roundsman::{
    inbox::{INBOX, PARKED, SEEN},
    outbox::{
        DEAD, OUTBOX,
        state::{DeadReason, Delivery},
    },
    repair::{AuditEvent, Entry, PROPOSALS, audit},
    store::{Direction, Keys, Store},
};
use std::collections::BTreeSet;

/// What people do in the story: subscribe, ask why, ask for a repair, approve it without the right to, approve it; and
/// ask and approve again.
const ACTS: usize = 7;
/// What the bot posts in it: the confirmation, a report, the answer, a card, a refusal, another card, and the report after
/// the repair.
const POSTS: usize = 7;

async fn all_kills(test: &'static str, chat: Chat) {
    let script = Script::for_every_question(vec![
        Turn::call("why", serde_json::json!({ "object": "deployment/checkout" })).after("checkout"),
        Turn::say("checkout cannot pull registry.example/checkout-missing:1.5.0 since the last rollout [1].")
            .after("checkout-missing"),
    ])
    .await;
    let lives = Lives::default();
    let plane = crate::world::plane().await;
    let platform = Gate::before(&chat.url(), &lives).await;
    let cluster = Gate::before_cluster(&plane.kubeconfig(Identity::Writer), &lives).await;
    let files = tempfile::tempdir().unwrap();
    let writer = files.path().join("writer.kubeconfig");
    std::fs::write(&writer, cluster.kubeconfig()).unwrap();
    let outside =
        Outside { chat: platform.url(), reader: plane.kubeconfig(Identity::Reader), writer, model: Some(script.url()) };
    let mut world = World::before_its_bot(chat, &outside).await;
    break_checkout(&world).await;

    let folder = world.bot.settings.folder.path();
    std::fs::write(folder.join("roundsman.toml"), &world.bot.settings.text).unwrap();
    let sweep = lives.begin(test, folder, world.time.clock.clone());
    story(&world, &lives, &sweep).await;
    let ended = sweep.end();
    script.finished();

    // A life that nobody kills has nothing left to do but to look at the proposals when they would expire.
    let store = world.bot.start(world.time.clock.clone()).await;
    world.time.advance(TimeDelta::minutes(20));
    let left = || store.count(&INBOX, &Keys::all()).unwrap() + store.count(&OUTBOX, &Keys::all()).unwrap();
    let nothing_left = || left() == 0 && world.chat.all_acknowledged();
    eventually("an empty inbox and an empty outbox", async || nothing_left().then_some(())).await;
    world.bot.drain().await;
    assert_eq!(left(), 0);
    nothing_was_lost(&store);
    the_audit_tells_all(&store);
    every_message_stands_once(&world.chat, &ended);
    let writes = world.writes();
    assert!(writes.len() == 1 && writes[0].succeeded(), "one effect on the cluster: {writes:#?}");
    let after_commit = ended.deaths.iter().filter(|(_, death)| *death == Death::AfterCommit).count();
    assert!(after_commit >= 25 && ended.deaths.len() - after_commit >= 10, "{:#?}", ended.deaths);
}

async fn story(world: &World, lives: &Lives, sweep: &Sweep) {
    let chat = &world.chat;
    sweep.quiet().await;
    let schedule = format!("daily {} UTC", (world.time.now() + TimeDelta::hours(2)).format("%H:%M"));
    chat.command(Who::Alice, "subscribe", &[("cluster", "prod"), ("schedule", &schedule)]);
    let confirmed = |seen: &Seen| seen.text.contains(&schedule);
    chat.wait(Who::Alice, "the confirmation", confirmed).await;
    sweep.quiet().await;

    world.time.advance(TimeDelta::hours(2));
    let reported = |seen: &Seen| seen.text.contains(&world.namespace) && seen.text.contains("checkout");
    chat.wait(Who::Alice, "the report", reported).await;
    sweep.quiet().await;

    let report = last(chat, reported);
    chat.reply(Who::Bob, &report, &format!("why is checkout in {} failing?", world.namespace));
    chat.wait(Who::Bob, "the answer", |seen| seen.text.contains("cannot pull")).await;
    sweep.quiet().await;

    // Bob may not, and is told so; on Discord in private, once his press is acknowledged.
    let card = ask_for_repair(world, sweep).await;
    if let Chat::Discord { .. } = chat {
        lives.aim("/callback");
    }
    chat.press(Who::Bob, &card, "Approve");
    chat.wait(Who::Bob, "the refusal", refused).await;
    sweep.quiet().await;

    // The first repair dies after its intent: nobody does what may have been done.
    chat.press(Who::Alice, &card, "Approve");
    chat.wait(Who::Alice, "the card that tells of no repair", |seen| {
        seen.id == card.id && seen.text.contains("I was interrupted before it was carried out")
    })
    .await;
    sweep.quiet().await;
    assert_eq!(world.writes(), [], "what died before its write is not made up for");

    // The second dies between the write and the commit of its result.
    if let Chat::Discord { .. } = chat {
        // Its command is acknowledged this time, and so is answered in another way.
        lives.aim("/callback");
    }
    let card = ask_for_repair(world, sweep).await;
    lives.aim("/deployments/checkout");
    chat.press(Who::Alice, &card, "Approve");
    sweep.hit().await;
    chat.wait(Who::Alice, "the verified card", |seen| seen.id == card.id && seen.text.contains("Done and verified"))
        .await;
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    chat.wait(Who::Alice, "the report after the repair", |seen| {
        seen.text.to_lowercase().contains("resolved") && seen.text.contains("checkout") && seen.id != card.id
    })
    .await;
    sweep.quiet().await;
}

/// Asks for the cure and gives its card, the copy that the bot knows of.
async fn ask_for_repair(world: &World, sweep: &Sweep) -> Seen {
    let (chat, namespace) = (&world.chat, world.namespace.as_str());
    let known: BTreeSet<String> = chat.seen_by(Who::Bob).into_iter().map(|seen| seen.id).collect();
    let is_card = |seen: &Seen| !known.contains(&seen.id) && seen.labels.iter().any(|label| label == "Approve");
    let arguments = [("action", "undo"), ("object", "deployment/checkout"), ("namespace", namespace)];
    chat.command(Who::Bob, "fix", &arguments);
    let card = chat.wait(Who::Bob, "the card", is_card).await;
    assert!(card.text.contains(BAD_IMAGE) && card.text.contains("checkout:1.4.1"), "the diff: {}", card.text);
    sweep.quiet().await;
    last(chat, is_card)
}

fn refused(seen: &Seen) -> bool {
    seen.text.contains("Who may: alice")
}

/// Of several copies the one whose sending came to its end.
fn last(chat: &Chat, wanted: impl Fn(&Seen) -> bool) -> Seen {
    chat.seen_by(Who::Alice).into_iter().rfind(|seen| wanted(seen)).unwrap()
}

/// Everything that people did was taken in once, and is done.
fn nothing_was_lost(store: &Store) {
    assert_eq!(store.count(&SEEN, &Keys::all()).unwrap(), ACTS);
    assert_eq!(store.count(&PARKED, &Keys::all()).unwrap(), 0);
    for (_, row) in store.scan(&DEAD, &Keys::all(), 1_000, Direction::Ascending).unwrap() {
        let superseded = matches!(&row.delivery, Delivery::Dead { reason: DeadReason::Superseded, .. });
        assert!(superseded, "only an edit that a later one replaced is not sent: {row:#?}");
    }
}

/// The chain holds, and it has each step of each repair once.
fn the_audit_tells_all(store: &Store) {
    let mut entries = audit::before(store, None, 1_000).unwrap();
    entries.reverse();
    audit::verify_chain(&entries).unwrap();
    let told: Vec<(String, &str)> = entries.iter().map(step).collect();
    let (first, second) = (&told[0].0, &told[told.len() - 1].0);
    let expected: Vec<(String, &str)> = ["proposed", "refused", "decided", "executing", "executed not_done"]
        .map(|step| (first.clone(), step))
        .into_iter()
        .chain(["proposed", "decided", "executing", "executed done", "verified"].map(|step| (second.clone(), step)))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<u64>>());
    assert_eq!(store.count(&PROPOSALS, &Keys::all()).unwrap(), 2);
}

fn step(entry: &Entry) -> (String, &'static str) {
    use roundsman::repair::Outcome;
    let (proposal, step) = match &entry.event {
        AuditEvent::Proposed { proposal, .. } => (proposal.as_str(), "proposed"),
        AuditEvent::Decided { proposal, .. } => (proposal.as_str(), "decided"),
        AuditEvent::Refused { proposal, .. } => (proposal.as_str(), "refused"),
        AuditEvent::ForeignPress { .. } => ("", "foreign press"),
        AuditEvent::Expired { proposal, .. } => (proposal.as_str(), "expired"),
        AuditEvent::Resolved { proposal, .. } => (proposal.as_str(), "resolved"),
        AuditEvent::Executing { proposal, .. } => (proposal.as_str(), "executing"),
        AuditEvent::Executed { proposal, result, .. } => {
            let result = match result {
                Outcome::Done { .. } => "executed done",
                Outcome::Changed { .. } => "executed changed",
                Outcome::Refused { .. } => "executed refused",
                Outcome::NotDone { .. } => "executed not_done",
                Outcome::Unclear { .. } => "executed unclear",
            };
            (proposal.as_str(), result)
        }
        AuditEvent::Verified { proposal, .. } => (proposal.as_str(), "verified"),
    };
    (proposal.to_owned(), step)
}

/// Every message once, but for what the platform has no idempotency key for: all on Telegram, on Discord what one person
/// alone sees. Of these every sending is a message; it was only sent again by another life, after one that died with it
/// in flight, and none died with more than one.
fn every_message_stands_once(chat: &Chat, ended: &Ended) {
    let stands = chat.seen_by(Who::Bob);
    let with_key = ended.lives_with(|line| line.starts_with("POST /api/v10/channels/"));
    let without = ended.lives_with(|line| line.contains("/SendMessage") || line.starts_with("POST /api/v10/webhooks/"));
    let posts = match chat {
        Chat::Telegram { .. } => POSTS,
        // Each of the two reports is one message, or two where the cluster of the run has much to tell: of those with a
        // key each is counted once. The second card took the place of "thinking".
        Chat::Discord { .. } => with_key.len() + 2,
    };
    match chat {
        Chat::Telegram { .. } => assert_eq!((with_key.len(), without.len()), (0, posts)),
        Chat::Discord { .. } => {
            assert!((POSTS..=POSTS + 2).contains(&posts), "{with_key:#?}");
            assert_eq!(without.len(), 1);
        }
    }
    let killed_over = |lives: &Vec<u32>| lives.len() >= 2;
    assert!(with_key.values().chain(without.values()).all(killed_over), "{with_key:#?}\n{without:#?}");
    let in_flight: Vec<u32> = without.values().flat_map(|lives| &lives[..lives.len() - 1]).copied().collect();
    assert_eq!(stands.len(), posts + in_flight.len(), "{stands:#?}");
    assert_eq!(
        in_flight.iter().collect::<BTreeSet<_>>().len(),
        in_flight.len(),
        "one message for one kill: {without:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    match child::called() {
        Some(folder) => child::live(&folder).await,
        None => all_kills("kills::on_telegram", Chat::telegram().await).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    match child::called() {
        Some(folder) => child::live(&folder).await,
        None => all_kills("kills::on_discord", Chat::discord().await).await,
    }
}
