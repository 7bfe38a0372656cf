//! Reports on a schedule, whatever comes in between: a pause of the bot, a time that nobody was there for, people who ask
//! for the same at once, and a cluster in which nothing changes.

use crate::world::{
    bot::API_TOKEN,
    chat::{Chat, Who},
    embedded::Embedded,
    eventually,
};
use chrono::TimeDelta;
use roundsman::demo::Story;
use serde_json::{Value, json};
use telegram::fake::Fault;

/// Subscribes to a daily report that is due in an hour; its words say when.
async fn due_in_an_hour(world: &Embedded, only_changes: bool) -> String {
    let at = world.time.now() + TimeDelta::hours(1);
    let schedule = format!("daily {} UTC", at.format("%H:%M"));
    let mut arguments = vec![("cluster", "prod"), ("schedule", schedule.as_str())];
    if only_changes {
        arguments.push(("only-changes", "true"));
    }
    world.ask(Who::Alice, "subscribe", &arguments, "Done: prod is reported here").await;
    at.format("%a %Y-%m-%d %H:%M UTC").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_comes_back_within_the_grace_posts_once_and_says_that_it_is_late() {
    let mut world = Embedded::new(Chat::telegram().await, None).await;
    let due = due_in_an_hour(&world, false).await;
    world.sleep(TimeDelta::minutes(150)).await;
    let report = world.chat.wait(Who::Alice, "the late report", |seen| seen.text.contains("This report is late")).await;
    assert!(report.text.contains(&format!("it was due {due}")), "{}", report.text);
    assert!(report.text.contains("checkout"), "{}", report.text);
    // Another start in the same hour finds it done.
    world.sleep(TimeDelta::minutes(1)).await;
    world.ask(Who::Alice, "whoami", &[], "known as alice").await;
    assert_eq!(world.count(Who::Alice, "This report is late"), 1);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_missed_for_too_long_is_left_out_and_said_in_the_next_report() {
    let mut world = Embedded::with(Chat::telegram().await, None, |setup| setup.stories = vec![Story::Checkout]).await;
    let due = due_in_an_hour(&world, false).await;
    world.sleep(TimeDelta::hours(5)).await;
    // Too late for that one: nothing is posted, and the next one is announced.
    world.ask(Who::Alice, "subscriptions", &[], "next ").await;
    assert_eq!(world.inspections(), 0);
    world.time.advance(TimeDelta::hours(20));
    let report = world.chat.wait(Who::Alice, "the next report", |seen| seen.text.contains("Score")).await;
    assert!(report.text.contains(&format!("The report due {due} was missed")), "{}", report.text);

    // Said once.
    world.time.advance(TimeDelta::hours(24));
    let after =
        world.chat.wait(Who::Alice, "the one after", |seen| seen.id != report.id && seen.text.contains("Score"));
    assert!(!after.await.text.contains("missed"));
    world.drain().await;
}

/// One that the platform refuses for good, and one in whose place the channel is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_never_arrives_is_missed_and_a_message_that_does_ends_a_pause() {
    let world = Embedded::with(Chat::telegram().await, None, |setup| setup.stories = vec![Story::Checkout]).await;
    let Chat::Telegram { fake, .. } = &world.chat else { unreachable!() };
    let refuse = |code, description: &str| {
        fake.fail_next("sendMessage", Fault::Refuse { code, description: description.to_owned() });
    };
    let first = due_in_an_hour(&world, false).await;
    refuse(400, "Bad Request: message text is empty");
    world.time.advance(TimeDelta::hours(1));
    eventually("that it is given up", async || (given_up(&world).await == 1).then_some(())).await;

    refuse(403, "Forbidden: bot is not a member of the supergroup chat");
    world.time.advance(TimeDelta::hours(24));
    eventually("that the channel is given up", async || (given_up(&world).await > 1).then_some(())).await;
    let inspected = world.inspections();
    // Nothing is due in a channel that is gone, until something arrives there.
    world.time.advance(TimeDelta::hours(24));
    world.ask(Who::Alice, "subscriptions", &[], "was paused").await;
    assert_eq!(world.inspections(), inspected);
    world.ask(Who::Alice, "subscriptions", &[], "next ").await;
    let report = world.chat.wait(Who::Alice, "the next report", |seen| seen.text.contains("Score")).await;
    assert!(report.text.contains(&format!("2 reports were missed, the first due {first}")), "{}", report.text);
    world.drain().await;
}

/// Messages that were given up.
async fn given_up(world: &Embedded) -> u64 {
    let ready: Value = reqwest::get(format!("{}/readyz", world.api())).await.unwrap().json().await.unwrap();
    ready["waiting"]["dead"].as_u64().unwrap_or_else(|| panic!("{ready}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_while_an_inspection_runs_joins_it() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    due_in_an_hour(&world, false).await;
    world.hold();
    world.chat.command(Who::Alice, "inspect", &[("cluster", "prod")]);
    world.held().await;
    // A colleague, a caller of the API, and the schedule.
    world.chat.command(Who::Bob, "inspect", &[]);
    let http = reqwest::Client::new();
    let order = http.post(format!("{}/api/v1/inspections", world.api())).bearer_auth(API_TOKEN);
    let made: Value = order.json(&json!({ "cluster": "prod" })).send().await.unwrap().json().await.unwrap();
    world.ask(Who::Bob, "whoami", &[], "known as bob").await;
    world
        .commits(|| {
            world.time.advance(TimeDelta::hours(1));
        })
        .await;
    world.release();

    let location = made["location"].as_str().unwrap();
    crate::world::eventually("the report by the API", async || {
        let asked = http.get(format!("{}{location}", world.api())).bearer_auth(API_TOKEN).send().await.unwrap();
        let request: Value = asked.json().await.unwrap();
        request["outcome"]["result"]["report"]["score"].as_u64()
    })
    .await;
    crate::world::eventually("three reports in the chat", async || {
        (world.count(Who::Alice, "Score ") == 3).then_some(())
    })
    .await;
    assert_eq!(world.inspections(), 1, "one inspection for all of them");
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_for_changes_only_is_silent_while_nothing_changes() {
    let world = Embedded::with(Chat::telegram().await, None, |setup| setup.stories = vec![Story::Checkout]).await;
    due_in_an_hour(&world, true).await;
    world.time.advance(TimeDelta::hours(1));
    let news = world.chat.wait(Who::Alice, "the news", |seen| seen.text.contains("Score ")).await;
    assert!(news.text.contains("new"), "{}", news.text);

    // A day on, everything is as it was: the inspection is made and nobody is told.
    world.time.advance(TimeDelta::hours(24));
    crate::world::eventually("the second inspection", async || (world.inspections() >= 2).then_some(())).await;
    crate::world::eventually("the second report", async || {
        let answer = world.ask(Who::Alice, "findings", &[], "Score ").await;
        answer.text.contains("(known").then_some(())
    })
    .await;
    let second = world.chat.seen_by(Who::Alice).into_iter();
    let second = second.filter(|seen| seen.text.contains("Score ") && seen.text.contains("(known"));
    let second: Vec<String> = second.map(|seen| seen.text).collect();
    assert_eq!(second.len(), 1, "the answer to /findings and nothing else: {second:#?}");

    // What is resolved is a change.
    let undo = [("action", "undo"), ("object", "deployment/checkout"), ("namespace", "shop")];
    let card = world.ask(Who::Bob, "fix", &undo, "Waits for approval").await;
    world.chat.press(Who::Alice, &card, "Approve");
    world.until(Who::Alice, &card, "Done and verified").await;
    let after = world.chat.wait(Who::Alice, "the report after", |seen| seen.text.contains("Looked again")).await;
    assert!(after.text.contains("Resolved since the last inspection"), "{}", after.text);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inspection_that_cannot_be_made_is_posted_as_such() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    due_in_an_hour(&world, false).await;
    world.break_off();
    world.time.advance(TimeDelta::hours(1));
    let failed = world.chat.wait(Who::Alice, "the failed report", |seen| seen.text.contains("could not be inspected"));
    assert!(failed.await.text.contains("prod"));
    world.drain().await;
}
