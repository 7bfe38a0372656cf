//! Keeping findings out of the reports from a chat, end to end: asked for, counted, outgrown, over, taken back.

use crate::world::{chat::Who, eventually, round::Round};
use chrono::TimeDelta;
use roundsman::demo::Story;
use roundsman::inspection::attention::{Rule, Silence, StandingOrders, What};
use serde_json::json;

const CHECKOUT: &str = "/apis/apps/v1/namespaces/shop/deployments/checkout";

/// The id that a text names as the one to take a silence back with.
fn id_in(text: &str) -> String {
    let at = text.find("m-").unwrap_or_else(|| panic!("no id in {text}"));
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// The number that a finding has in a report.
fn number(report: &str, target: &str) -> String {
    let line = report.lines().find(|line| line.contains(target) && line.contains(". "));
    let line = line.unwrap_or_else(|| panic!("no {target} in {report}"));
    line.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

/// Whether anything is kept out in this way, by a report's own count.
fn keeps_out(report: &str, how: &str) -> bool {
    let counts = report.split_once("Kept out: ").map(|(_, counts)| counts.split('.').next().unwrap_or_default());
    counts.is_some_and(|counts| counts.contains(how))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mute_is_counted_outgrown_listed_and_taken_back() {
    let mut round = Round::new(&[Story::Checkout, Story::Search]).await;
    let report = round.inspect().await;
    assert!(report.text.contains("Deployment shop/checkout") && report.text.contains("Service shop/search"));

    // Who may not is told so, and nothing is muted.
    let mute = [("check", "*"), ("namespace", "shop"), ("name", "checkout"), ("why", "moved next week")];
    let refused = round.ask(Who::Bob, "mute", &mute).await;
    assert!(refused.text.contains("You may not silence findings here") && refused.text.contains("may_mute"));
    assert!(round.ask(Who::Bob, "muted", &[]).await.text.contains("Nothing is silenced in demo"));

    // A rule without a limit, or about no check, is refused as well.
    assert!(round.ask(Who::Alice, "mute", &[("check", "*")]).await.text.contains("would silence everything"));
    assert!(round.ask(Who::Alice, "mute", &[("check", "pod/nonsense")]).await.text.contains("No check is called"));

    let muted = round.ask(Who::Alice, "mute", &mute).await;
    assert!(muted.text.contains("alice muted every check in shop, named checkout (moved next week)"), "{}", muted.text);
    let quiet = round.inspect().await;
    assert!(!quiet.text.contains("checkout") && keeps_out(&quiet.text, "muted"), "{}", quiet.text);
    assert!(quiet.text.contains("Service shop/search"), "{}", quiet.text);

    let whole = round.ask(Who::Alice, "findings", &[]).await;
    assert!(whole.text.contains("(muted by alice)"), "{}", whole.text);

    // Twice as many pods in trouble: it comes back, and says what was muted.
    round.patch(CHECKOUT, &json!({"spec": {"replicas": 6}})).await;
    round.time.advance(TimeDelta::minutes(10));
    let worse = round.inspect().await;
    assert!(worse.text.contains("6 pods cannot get image"), "{}", worse.text);
    assert!(worse.text.contains("muted by alice, worse since: high on 3 objects then"), "{}", worse.text);

    // What was asked for outlives the bot; it is listed with who, why and until when.
    round.restart(StandingOrders::default()).await;
    let list = round.ask(Who::Bob, "muted", &[]).await;
    assert!(list.text.contains("by alice on ") && list.text.contains("moved next week; for good"), "{}", list.text);
    let id = id_in(&list.text);
    assert!(round.ask(Who::Bob, "unmute", &[("id", &id)]).await.text.contains("may not"));
    assert!(round.ask(Who::Alice, "unmute", &[("id", &id)]).await.text.contains("is told again"));
    assert!(round.ask(Who::Alice, "unmute", &[("id", &id)]).await.text.contains("Nothing here is silenced under"));
    let back = round.inspect().await;
    assert!(back.text.contains("Deployment shop/checkout") && !back.text.contains("Kept out"), "{}", back.text);
    assert!(!back.text.contains("worse since"), "{}", back.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_is_acknowledged_by_its_button_and_taken_back_by_another() {
    let round = Round::new(&[Story::Checkout, Story::Search]).await;
    let report = round.inspect().await;
    assert!(report.labels.iter().any(|label| label == "Snooze 2"), "{:?}", report.labels);
    assert!(round.press(Who::Bob, &report, "Ack 1").await.text.contains("You may not silence findings here"));

    let acknowledged = round.press(Who::Alice, &report, "Ack 1").await;
    assert!(acknowledged.text.contains("alice acknowledged Deployment shop/checkout: "), "{}", acknowledged.text);
    let quiet = round.inspect().await;
    assert!(quiet.text.contains("Kept out: 1 acknowledged."), "{}", quiet.text);
    assert!(!quiet.text.contains("Deployment shop/checkout"), "{}", quiet.text);

    let undone = round.press(Who::Alice, &acknowledged, "Undo").await;
    assert!(undone.text.contains("Deployment shop/checkout") && undone.text.contains("is told again"));
    let told = round.inspect().await;
    assert!(told.text.contains("Deployment shop/checkout"), "{}", told.text);

    // By its number in the report that was shown here.
    let finding = number(&told.text, "Service shop/search");
    let service = round.ask(Who::Alice, "ack", &[("finding", &finding), ("why", "being renamed")]).await;
    assert!(service.text.contains("alice acknowledged Service shop/search: "), "{}", service.text);
    assert!(service.text.contains("(being renamed)"), "{}", service.text);
    let unknown = round.ask(Who::Alice, "ack", &[("finding", "99")]).await;
    assert!(unknown.text.contains("I do not know \"99\" in it"), "{}", unknown.text);

    // What is solved is not acknowledged any more: it would be told if it came back.
    round.patch("/api/v1/namespaces/shop/services/search", &json!({"spec": {"selector": {"app": "search"}}})).await;
    round.time.advance(TimeDelta::minutes(10));
    let solved = round.inspect().await;
    assert!(solved.text.contains("Resolved since the last inspection") && solved.text.contains("shop/search"));
    assert!(round.ask(Who::Alice, "muted", &[]).await.text.contains("Nothing is silenced in demo"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snooze_is_over_and_it_is_said_whether_it_is_still_so() {
    let round = Round::new(&[Story::Checkout, Story::Search]).await;
    let report = round.inspect().await;
    let how_long = round.press(Who::Alice, &report, "Snooze 1").await;
    assert_eq!(how_long.labels, ["1 hour", "4 hours", "1 day", "1 week"]);
    let snoozed = round.press(Who::Alice, &how_long, "4 hours").await;
    assert!(snoozed.text.contains("alice snoozed Deployment shop/checkout: "), "{}", snoozed.text);
    let finding = number(&report.text, "Service shop/search");
    let mistaken = round.ask(Who::Alice, "snooze", &[("finding", &finding), ("until", "soon")]).await;
    assert!(mistaken.text.contains("\"soon\" is no time"), "{}", mistaken.text);
    round.ask(Who::Alice, "snooze", &[("finding", &finding), ("until", "5h the team is asleep")]).await;
    round.time.advance(TimeDelta::hours(3));
    assert!(round.inspect().await.text.contains("Kept out: 2 snoozed."));

    // The time comes, and the bot looks by itself.
    let before = round.latest(Who::Alice);
    round.time.advance(TimeDelta::hours(1));
    let still = round.answer(Who::Alice, before, "the end of the snooze").await;
    assert!(still.text.contains("alice snoozed this until now, and it is still so"), "{}", still.text);
    assert!(still.text.contains("Deployment shop/checkout"), "{}", still.text);
    assert_eq!(still.labels, ["Ack", "Snooze"]);
    let told = round.inspect().await;
    assert!(told.text.contains("Deployment shop/checkout") && told.text.contains("Kept out: 1 snoozed."));

    // The other one is mended before its time.
    round.patch("/api/v1/namespaces/shop/services/search", &json!({"spec": {"selector": {"app": "search"}}})).await;
    let before = round.latest(Who::Alice);
    round.time.advance(TimeDelta::hours(2));
    let solved = round.answer(Who::Alice, before, "the end of the other snooze").await;
    assert!(solved.text.contains("it is solved: Service shop/search"), "{}", solved.text);
    eventually("nothing silenced", async || {
        round.ask(Who::Alice, "muted", &[]).await.text.contains("Nothing is silenced").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn annotations_and_the_configuration_count_as_well() {
    let mut round = Round::new(&[Story::Checkout, Story::Search]).await;
    let ignore = json!({"metadata": {"annotations": {"roundsman.dev/ignore": "service/*, pod/crash-loop"}}});
    round.patch("/api/v1/namespaces/shop/services/search", &ignore).await;
    let report = round.inspect().await;
    assert!(keeps_out(&report.text, "1 ignored by annotation"), "{}", report.text);
    assert!(!report.text.contains("Service shop/search"), "{}", report.text);
    assert!(report.text.contains("Deployment shop/checkout"), "{}", report.text);

    let mute = Silence {
        id: "c-lab01".to_owned(),
        what: What::Rule(Rule { namespaces: vec!["sho*".into()], ..Rule::default() }),
        by: "the configuration".to_owned(),
        why: Some("nobody works there".to_owned()),
        at: round.time.now(),
        until: None,
    };
    round.restart(StandingOrders { mutes: vec![(vec!["de*".into()], mute)], ..StandingOrders::default() }).await;
    let report = round.inspect().await;
    assert!(!report.text.contains(" shop/"), "{}", report.text);
    assert!(keeps_out(&report.text, "muted, 1 ignored by annotation"), "{}", report.text);
    let list = round.ask(Who::Alice, "muted", &[]).await;
    assert!(list.text.contains("by the configuration") && list.text.contains("nobody works there"), "{}", list.text);
    let refused = round.ask(Who::Alice, "unmute", &[("id", "c-lab01")]).await;
    assert!(refused.text.contains("is a [[mute]] of the configuration"), "{}", refused.text);
}
