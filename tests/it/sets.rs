//! The hygiene checks beside the daily ones: asked for in a chat, on a schedule and by the API, each with a history of its
//! own; and the numbers of the configuration, which count for every question too.

use crate::world::{
    bot::API_TOKEN,
    chat::{Chat, Seen, Who},
    embedded::Embedded,
    eventually,
};
use chrono::TimeDelta;
use roundsman::demo::Story;
use serde_json::{Value, json};

const HYGIENE: (&str, &str) = ("set", "hygiene");

/// Nothing in a report is said to have changed since the last one.
#[track_caller]
fn nothing_changed(report: &Seen) {
    let text = &report.text;
    assert!(text.contains("(known") && !text.contains("(new") && !text.contains(" new"), "{text}");
    assert!(!text.contains("Resolved since") && !text.contains("not looked at again"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_set_of_checks_has_a_history_of_its_own() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    let none = "no report of prod (hygiene checks) yet. /inspect prod --set hygiene makes one.";
    world.ask(Who::Alice, "findings", &[HYGIENE], none).await;
    world.ask(Who::Alice, "inspect", &[], "(new").await;
    let hygiene = world.ask(Who::Alice, "inspect", &[HYGIENE], "prod (hygiene checks), ").await;
    assert!(hygiene.text.contains("(new") && !hygiene.text.contains("Resolved since"), "{}", hygiene.text);

    nothing_changed(&world.ask(Who::Alice, "inspect", &[], "prod, ").await);
    nothing_changed(&world.ask(Who::Alice, "inspect", &[HYGIENE], "prod (hygiene checks), ").await);

    // What is shown is the daily one, where nobody asks for another.
    world.ask(Who::Alice, "findings", &[], "prod, ").await;
    world.ask(Who::Alice, "findings", &[HYGIENE], "prod (hygiene checks), ").await;
    world.ask(Who::Alice, "score", &[], "prod, ").await;
    world.ask(Who::Alice, "score", &[HYGIENE], "prod (hygiene checks), ").await;
    world.ask(Who::Alice, "trend", &[HYGIENE], "This is the first day that I know.").await;
    world.ask(Who::Alice, "trend", &[("set", "all")], "no report of prod (all checks) yet").await;
    let unknown = "unknown set \"weekly\": one of daily, hygiene, all";
    world.ask(Who::Alice, "inspect", &[("set", "weekly")], unknown).await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snoozed_finding_of_the_hygiene_checks_is_looked_for_by_them() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    world.ask(Who::Alice, "inspect", &[HYGIENE], "prod (hygiene checks), ").await;
    world.ask(Who::Alice, "snooze", &[("finding", "1"), ("until", "1h")], "alice snoozed").await;
    world
        .after(Who::Alice, "the end of the snooze", "and it is still so", || {
            world.time.advance(TimeDelta::hours(1));
        })
        .await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_other_checks_is_served_by_another_inspection() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    let at = world.time.now() + TimeDelta::hours(1);
    let schedule = format!("daily {} UTC", at.format("%H:%M"));
    let daily = [("cluster", "prod"), ("schedule", schedule.as_str())];
    world.ask(Who::Alice, "subscribe", &daily, "Done: prod is reported here").await;
    let weekly = [daily[0], daily[1], HYGIENE];
    world.ask(Who::Alice, "subscribe", &weekly, "Done: prod (hygiene checks) is reported here").await;
    world.ask(Who::Alice, "subscribe", &weekly, "Already so: prod (hygiene checks)").await;
    let list = world.ask(Who::Alice, "subscriptions", &[], "1. prod ").await;
    assert!(list.text.contains("2. prod (hygiene checks) daily"), "{}", list.text);

    world.hold();
    world.chat.command(Who::Alice, "inspect", &[HYGIENE]);
    world.held().await;
    let http = reqwest::Client::new();
    let post = async |order: Value| {
        let order = http.post(format!("{}/api/v1/inspections", world.api())).bearer_auth(API_TOKEN).json(&order);
        let answer = order.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, made) = post(json!({ "cluster": "prod", "set": "hygiene" })).await;
    assert_eq!(status, 202);
    let (status, refused) = post(json!({ "cluster": "prod", "set": "weekly" })).await;
    assert!(status == 422 && refused["error"].as_str().unwrap().contains("unknown variant"), "{refused}");
    world
        .commits(|| {
            world.time.advance(TimeDelta::hours(1));
        })
        .await;
    world.release();
    eventually("a daily report, and two of hygiene", async || {
        let both = (world.count(Who::Alice, "prod, 20"), world.count(Who::Alice, "prod (hygiene checks), 20"));
        (both == (1, 2)).then_some(())
    })
    .await;
    assert_eq!(world.inspections(), 2, "one for the daily checks, and one for all who wait for the others");

    let get = async |path: &str| -> Value {
        let asked = http.get(format!("{}{path}", world.api())).bearer_auth(API_TOKEN).send().await.unwrap();
        asked.json().await.unwrap()
    };
    let report = eventually("the report by the API", async || {
        let report = get(made["location"].as_str().unwrap()).await["outcome"]["result"]["report"].clone();
        (!report.is_null()).then_some(report)
    })
    .await;
    assert_eq!(report["set"], "hygiene");
    assert_eq!(get("/api/v1/reports/prod?set=hygiene").await, report);
    assert_eq!(get("/api/v1/reports/prod").await["set"], Value::Null);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_goes_by_the_numbers_of_the_configuration() {
    let stories = vec![Story::Certificate];
    let mut world = Embedded::with(Chat::telegram().await, None, |setup| setup.stories = stories).await;
    let secret = [("object", "secret/admin-tls"), ("namespace", "shop")];
    let question = [("question", "what is wrong with admin-tls?")];
    world.ask(Who::Alice, "why", &secret, "the certificate expires in").await;
    world.ask(Who::Alice, "ask", &question, "the certificate expires in").await;

    // Nine days are enough where they are changed by hand.
    let days = "certificate_critical_days = 1, certificate_high_days = 2, certificate_medium_days = 3";
    world.configure(&format!("\n[[change]]\nthresholds = {{ {days} }}\n")).await;
    let report = world.ask(Who::Alice, "inspect", &[], "prod, ").await;
    assert!(!report.text.contains("admin"), "{}", report.text);
    world.ask(Who::Alice, "why", &secret, "Secret shop/admin-tls is healthy").await;
    let answer = world.ask(Who::Alice, "ask", &question, "No model is configured").await;
    assert!(!answer.text.contains("expires"), "{}", answer.text);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_without_a_button_is_reached_by_its_number_and_marked_when_it_is_silenced() {
    let world = Embedded::new(Chat::telegram().await, None).await;
    let report = world.ask(Who::Alice, "inspect", &[], "prod, ").await;
    let last =
        world.chat.wait(Who::Alice, "the way to the others", |seen| seen.text.contains("By their numbers")).await;
    assert!(last.text.contains("By their numbers: /why 4, /fix 4, /ack 4."), "{}", last.text);
    let target = |text: &str, number: usize| {
        let line = text.lines().find(|line| line.starts_with(&format!("{number}. "))).unwrap().to_owned();
        line.split_once(": ").unwrap().0.rsplit(' ').next().unwrap().to_owned()
    };
    let first = target(&report.text, 1);
    let name = first.rsplit('/').next().unwrap();
    world.ask(Who::Alice, "why", &[("object", "1")], name).await;
    world.ask(Who::Alice, "fix", &[("action", "1")], "Waits for approval").await;
    world.ask(Who::Alice, "fix", &[("action", "99")], "I do not know \"99\" in it").await;
    world.ask(Who::Alice, "fix", &[("action", "undo"), ("namespace", "shop")], "Name the object too").await;

    world.ask(Who::Alice, "ack", &[("finding", "2")], "alice acknowledged").await;
    let marked = world.ask(Who::Alice, "findings", &[], "acknowledged since by alice").await;
    let lines = marked.text.lines().filter(|line| line.contains("acknowledged since by alice"));
    let lines: Vec<&str> = lines.collect();
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("2. ")), "{lines:?}");
    world.chat.wait(Who::Alice, "their count", |seen| seen.text.contains("1 of them is silenced since")).await;
    world.drain().await;
}
