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

/// The API server's audit log has no change of this story's namespace by the bot.
fn untouched(world: &World, after: &str) {
    assert_eq!(world.writes(), [], "a write after: {after}");
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
    for word in ["whoami", "help", "findings", "subscriptions", "proposals", "events"] {
        world.chat.command(Who::Mallory, word, &[]);
    }

    // Bob may read and ask for a repair; he is no approver.
    let card = with_card(&world, Who::Bob).await;
    let approve = world.chat.data(&card, "Approve");
    world.chat.press(Who::Bob, &card, "Approve");
    world.chat.wait(Who::Bob, "not an approver", mentions(&["you may not decide", "alice"])).await;
    world.chat.command(Who::Bob, "approve", &[("proposal", &proposal_id(&card))]);
    world.chat.wait_for(Who::Bob, 2, "not by command either", mentions(&["you may not decide", "alice"])).await;
    untouched(&world, "not an approver");
    // Mallory's press has no answer at all any more.
    world.chat.press(Who::Mallory, &card, "Approve");

    // Alice may approve, but not what she asked for herself.
    let own = with_card(&world, Who::Alice).await;
    world.chat.press(Who::Alice, &own, "Approve");
    world.chat.wait(Who::Alice, "self-approval is off", mentions(&["somebody else has to approve"])).await;
    untouched(&world, "self-approval");

    // A word never approves.
    world.chat.reply(Who::Alice, &card, "yes, approve it");
    world.chat.wait(Who::Alice, "an answer and no approval", mentions(&["no model is configured"])).await;
    untouched(&world, "free text");

    // Forged callback data: of nothing, and of another card's id.
    for forged in ["AAAAAAAAAAAAAAAAAAAAAA", &proposal_id(&card)] {
        world.chat.press_raw(Who::Alice, &card, forged);
    }
    world.chat.wait_for(Who::Alice, 2, "the dead buttons", mentions(&["button is too old"])).await;
    untouched(&world, "forged callback data");

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
    untouched(&world, "the object changed meanwhile");

    // A decision is made once: the second click is told so, also when its button is no longer shown.
    world.chat.press_raw(Who::Alice, &card, &approve);
    world.chat.wait(Who::Alice, "already dropped", mentions(&["this was already dropped"])).await;
    let card = with_card(&world, Who::Bob).await;
    let approve = world.chat.data(&card, "Approve");
    world.chat.press(Who::Alice, &card, "Reject");
    world.chat.wait(Who::Alice, "rejected", |seen| seen.id == card.id && seen.text.contains("Rejected by alice")).await;
    world.chat.press_raw(Who::Alice, &card, &approve);
    world.chat.wait(Who::Alice, "already rejected", mentions(&["already rejected by alice"])).await;
    world.chat.command(Who::Alice, "approve", &[("proposal", &proposal_id(&card))]);
    world.chat.wait_for(Who::Alice, 2, "already rejected", mentions(&["already rejected by alice"])).await;
    untouched(&world, "the second click");

    // Too late.
    let card = with_card(&world, Who::Bob).await;
    let approve = world.chat.data(&card, "Approve");
    world.time.advance(TimeDelta::minutes(16));
    world.chat.wait(Who::Alice, "expired", |seen| seen.id == card.id && seen.text.contains("Expired at")).await;
    world.chat.press_raw(Who::Alice, &card, &approve);
    world.chat.wait(Who::Alice, "told that it expired", mentions(&["too late"])).await;
    untouched(&world, "expired");

    assert_eq!(refusals(&world), 1, "one refusal and nothing else");
    if let Chat::Discord { .. } = &world.chat {
        let public =
            world.chat.seen_by(Who::Mallory).into_iter().filter(|seen| seen.text.contains("you may not decide"));
        assert_eq!(public.count(), 0, "a refusal is between the bot and who it refuses");
    }
    world.end().await;
}

/// A second click on what is approved, and under way or done: one write, whoever presses and how often.
async fn one_write_for_many_clicks(chat: Chat) {
    let world = World::new(chat, None).await;
    break_checkout(&world).await;
    let card = with_card(&world, Who::Bob).await;
    let approve = world.chat.data(&card, "Approve");
    for _ in 0..3 {
        world.chat.press_raw(Who::Alice, &card, &approve);
    }
    world.chat.wait_for(Who::Alice, 2, "already decided", mentions(&["this was already", "by alice"])).await;
    world.chat.wait(Who::Alice, "done", |seen| seen.id == card.id && seen.text.contains("Done and verified")).await;
    world.chat.press_raw(Who::Alice, &card, &approve);
    world.chat.wait_for(Who::Alice, 3, "already carried out", mentions(&["this was already", "by alice"])).await;
    assert_eq!(world.writes().len(), 1, "{:#?}", world.writes());

    // The audit tells it all to who may read here.
    world.chat.command(Who::Bob, "proposals", &[("proposal", &proposal_id(&card))]);
    let told = world.chat.wait(Who::Bob, "the audit", mentions(&["proposed by bob", "approved by alice"])).await;
    for step in ["refused to alice", "begun as", "patch /apis/apps/v1/namespaces/", "the server took it", "succeeded"] {
        assert!(told.text.contains(step), "{step:?} is missing in:\n{}", told.text);
    }
    world.end().await;
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

/// Another listed channel: what belongs to one is not decided in the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_counts_in_its_own_channel_only() {
    let chat = Chat::telegram().await;
    let Chat::Telegram { fake, people, .. } = &chat else { unreachable!() };
    let (dev, alice) = (fake.supergroup("dev"), people[0]);
    let listed =
        format!("[[channel]]\nname = \"dev\"\nplatform = \"telegram\"\nid = \"{dev}\"\npeople = [\"alice\"]\n");
    let world = World::with(chat, None, |text| text + &listed).await;
    break_checkout(&world).await;
    let card = with_card(&world, Who::Bob).await;
    let approve = world.chat.data(&card, "Approve");
    let Chat::Telegram { fake, .. } = &world.chat else { unreachable!() };

    // The data of the button, from a message of the other channel; and the id by command.
    fake.say(dev, alice, "/whoami");
    let there = fake.wait_for(dev, |messages| messages.len() == 1).await;
    fake.press_raw(alice, dev, there[0].id, &approve);
    fake.wait_for(dev, |messages| messages.iter().any(|one| one.text.contains("button is too old"))).await;
    fake.say(dev, alice, &format!("/approve {}", proposal_id(&card)));
    fake.wait_for(dev, |messages| messages.iter().any(|one| one.text.contains("There is no proposal"))).await;
    fake.say(dev, alice, "/proposals");
    fake.wait_for(dev, |messages| messages.iter().any(|one| one.text.contains("No repairs were proposed here"))).await;
    untouched(&world, "a foreign channel");
    world.end().await;
}

/// A channel that answers everybody who can write there: reading is one thing, deciding another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_name_reads_where_everyone_may_and_decides_nowhere() {
    let open = |text: String| text.replace("people = [\"alice\", \"bob\"]", "people = \"everyone\"");
    let world = World::with(Chat::telegram().await, None, open).await;
    break_checkout(&world).await;
    let card = with_card(&world, Who::Bob).await;
    let Chat::Telegram { fake, group, .. } = &world.chat else { unreachable!() };
    fake.say_anonymously(*group, &format!("/approve {}", proposal_id(&card)));
    world.chat.wait(Who::Alice, "anonymous", mentions(&["i cannot see who you are"])).await;
    fake.say_anonymously(*group, &format!("/reject {}", proposal_id(&card)));
    world.chat.wait_for(Who::Alice, 2, "anonymous", mentions(&["i cannot see who you are"])).await;
    fake.say_anonymously(*group, "/whoami");
    world.chat.wait(Who::Alice, "reading", mentions(&["without an id of your own you cannot approve"])).await;
    world.chat.press(Who::Mallory, &card, "Approve");
    world.chat.wait(Who::Mallory, "no approver", mentions(&["mallory, you may not decide"])).await;
    world.chat.press(Who::Mallory, &card, "Reject");
    world.chat.wait_for(Who::Mallory, 2, "not even to reject", mentions(&["mallory, you may not decide"])).await;
    untouched(&world, "anonymous and unlisted");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_write_for_many_clicks_on_telegram() {
    one_write_for_many_clicks(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_write_for_many_clicks_on_discord() {
    one_write_for_many_clicks(Chat::discord().await).await;
}
