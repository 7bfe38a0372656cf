//! Whoever may not, does not: every refusal leaves the cluster untouched, and the API server's audit log proves it.

use crate::world::{
    World,
    chat::{Chat, Seen, Who},
    checkout::{CHECKOUT_GOOD, break_checkout},
};
use chrono::TimeDelta;

/// A broken checkout and the card of its cure.
async fn with_card(world: &World, who: Who) -> Seen {
    let before: Vec<String> = world.chat.seen_by(who).into_iter().map(|seen| seen.id).collect();
    world.chat.command(
        who,
        "fix",
        &[("action", "undo"), ("object", "deployment/checkout"), ("namespace", &world.namespace)],
    );
    world
        .chat
        .wait(who, "the card", |seen| !before.contains(&seen.id) && seen.labels.iter().any(|label| label == "Approve"))
        .await
}

fn mentions<'a>(words: &'a [&'a str]) -> impl Fn(&Seen) -> bool + 'a {
    move |seen| words.iter().all(|word| seen.text.to_lowercase().contains(word))
}

async fn all_refusals(chat: Chat) {
    let world = World::new(chat, None).await;
    break_checkout(&world).await;

    // Somebody who is not listed: one refusal with their id, for reading too, then silence.
    world.chat.command(Who::Mallory, "inspect", &[("cluster", "prod")]);
    world.chat.wait(Who::Mallory, "the one refusal", mentions(&["only people who are listed"])).await;
    let refusals = |world: &World| {
        let seen = world.chat.seen_by(Who::Mallory);
        seen.iter().filter(|seen| seen.text.contains("only people who are listed")).count()
    };
    world.chat.command(Who::Mallory, "whoami", &[]);

    // Bob may read and ask for a repair; he is no approver.
    let card = with_card(&world, Who::Bob).await;
    world.chat.press(Who::Bob, &card, "Approve");
    world.chat.wait(Who::Bob, "not an approver", mentions(&["alice"])).await;
    // Mallory's press has no answer at all any more.
    world.chat.press(Who::Mallory, &card, "Approve");

    // Alice may approve, but not what she asked for herself.
    let own = with_card(&world, Who::Alice).await;
    world.chat.press(Who::Alice, &own, "Approve");
    world.chat.wait(Who::Alice, "self-approval is off", mentions(&["somebody else has to approve"])).await;

    // Forged callback data, and data of another kind.
    world.chat.press_raw(Who::Alice, &card, "AAAAAAAAAAAAAAAAAAAAAA");
    world.chat.wait(Who::Alice, "the dead button", mentions(&["button is too old"])).await;

    // The object changes meanwhile: what was approved is not what would happen now.
    world
        .apply(&CHECKOUT_GOOD.replace("registry.example/checkout:1.4.1", "registry.example/checkout-missing:1.6.0"))
        .await;
    world.chat.press(Who::Alice, &card, "Approve");
    world
        .chat
        .wait(Who::Alice, "the card says that it changed", |seen| {
            seen.id == card.id && seen.text.contains("Not carried out")
        })
        .await;

    // A decision is made once: the second click is told so.
    let card = with_card(&world, Who::Bob).await;
    world.chat.press(Who::Alice, &card, "Reject");
    world.chat.wait(Who::Alice, "rejected", |seen| seen.id == card.id && seen.text.contains("Rejected by alice")).await;
    world.chat.command(Who::Alice, "approve", &[("proposal", &proposal_id(&card))]);
    world.chat.wait(Who::Alice, "already rejected", mentions(&["already rejected by alice"])).await;

    // Too late.
    let card = with_card(&world, Who::Bob).await;
    world.time.advance(TimeDelta::minutes(16));
    world.chat.wait(Who::Alice, "expired", |seen| seen.id == card.id && seen.text.contains("Expired at")).await;
    world.chat.command(Who::Alice, "approve", &[("proposal", &proposal_id(&card))]);
    world.chat.wait(Who::Alice, "told that it expired", |seen| seen.text.contains("Too late")).await;

    assert_eq!(refusals(&world), 1, "one refusal and nothing else");
    assert_eq!(world.writes(), [], "no write in any refusal");
    let mut bot = world.bot;
    bot.drain().await;
}

/// The id that stands on a card, for `/approve`.
fn proposal_id(card: &Seen) -> String {
    let word = card
        .text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .find(|word| word.len() == 7 && word.starts_with("r-"));
    word.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_telegram() {
    all_refusals(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_discord() {
    all_refusals(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_chat_gets_one_refusal() {
    let chat = Chat::telegram().await;
    let world = World::new(chat, None).await;
    let Chat::Telegram { fake, people, .. } = &world.chat else { unreachable!() };
    let elsewhere = fake.supergroup("elsewhere");
    fake.say(elsewhere, people[0], "/inspect prod");
    let seen = fake.wait_for(elsewhere, |messages| !messages.is_empty()).await;
    assert!(
        seen[0].text.contains("I do not serve this chat") && seen[0].text.contains(&elsewhere.to_string()),
        "{}",
        seen[0].text
    );
    fake.say(elsewhere, people[0], "/findings prod");
    fake.say(elsewhere, people[0], "/inspect prod");
    // The listed chat is answered after them, so they have been dealt with.
    world.chat.command(Who::Alice, "whoami", &[]);
    world.chat.wait(Who::Alice, "whoami", |seen| seen.text.contains("known as alice")).await;
    assert!(fake.wait_until(|fake| fake.pending() == 0).await);
    assert_eq!(fake.messages(elsewhere).len(), 1);
}
