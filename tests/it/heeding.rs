//! Keeping findings out of the reports from a chat, end to end: asked for, counted, outgrown, over, taken back.

use crate::world::{
    chat::{Chat, Seen, Who},
    embedded::Embedded,
};
use chrono::TimeDelta;
use roundsman::demo::Story;
use serde_json::json;

const CHECKOUT: &str = "/apis/apps/v1/namespaces/shop/deployments/checkout";
const SEARCH: &str = "/api/v1/namespaces/shop/services/search";

async fn world() -> Embedded {
    let stories = vec![Story::Checkout, Story::Search];
    Embedded::with(Chat::telegram().await, None, |setup| setup.stories = stories).await
}

async fn inspect(world: &Embedded) -> Seen {
    world.ask(Who::Alice, "inspect", &[], "Score").await
}

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
    let mut world = world().await;
    let report = inspect(&world).await;
    assert!(report.text.contains("Deployment shop/checkout") && report.text.contains("Service shop/search"));

    // Who may not is told so, and nothing is muted.
    let mute = [("check", "*"), ("namespace", "shop"), ("name", "checkout"), ("why", "moved next week")];
    let refused = world.ask(Who::Bob, "mute", &mute, "You may not silence findings here").await;
    assert!(refused.text.contains("add \"bob\" to may_mute"), "{}", refused.text);
    world.ask(Who::Bob, "muted", &[], "Nothing is silenced in prod").await;

    // A rule without a limit, or about no check, is refused as well.
    world.ask(Who::Alice, "mute", &[("check", "*")], "would silence everything").await;
    world.ask(Who::Alice, "mute", &[("check", "pod/nonsense")], "No check is called").await;

    world.ask(Who::Alice, "mute", &mute, "alice muted every check in shop, named checkout (moved next week)").await;
    let quiet = inspect(&world).await;
    assert!(!quiet.text.contains("checkout") && keeps_out(&quiet.text, "muted"), "{}", quiet.text);
    assert!(quiet.text.contains("Service shop/search"), "{}", quiet.text);
    world.ask(Who::Bob, "findings", &[], "(muted by alice)").await;

    // Twice as many pods in trouble: it comes back, and says what was muted.
    world.patch(CHECKOUT, &json!({"spec": {"replicas": 6}})).await;
    world.time.advance(TimeDelta::minutes(10));
    let worse = inspect(&world).await;
    assert!(worse.text.contains("6 pods cannot get image"), "{}", worse.text);
    assert!(worse.text.contains("muted by alice, worse since: high on 3 objects then"), "{}", worse.text);

    // What was asked for outlives the bot; it is listed with who, why and until when.
    world.sleep(TimeDelta::minutes(1)).await;
    let list = world.ask(Who::Bob, "muted", &[], "by alice on ").await;
    assert!(list.text.contains("moved next week; for good"), "{}", list.text);
    let id = id_in(&list.text);
    world.ask(Who::Bob, "unmute", &[("id", &id)], "You may not silence findings here").await;
    world.ask(Who::Alice, "unmute", &[("id", &id)], "is told again").await;
    world.ask(Who::Alice, "unmute", &[("id", &id)], "Nothing here is silenced under").await;
    let back = inspect(&world).await;
    assert!(back.text.contains("Deployment shop/checkout") && !back.text.contains("Kept out"), "{}", back.text);
    assert!(!back.text.contains("worse since"), "{}", back.text);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_is_acknowledged_by_its_button_and_taken_back_by_another() {
    let world = world().await;
    let report = inspect(&world).await;
    assert!(report.labels.iter().any(|label| label == "Snooze 2"), "{:?}", report.labels);
    world.press(Who::Bob, &report, "Ack 1", "You may not silence findings here").await;

    let acknowledged = world.press(Who::Alice, &report, "Ack 1", "alice acknowledged Deployment shop/checkout: ").await;
    let quiet = inspect(&world).await;
    assert!(quiet.text.contains("Kept out: 1 acknowledged."), "{}", quiet.text);
    assert!(!quiet.text.contains("Deployment shop/checkout"), "{}", quiet.text);

    world.press(Who::Alice, &acknowledged, "Undo", "is told again").await;
    let told = inspect(&world).await;
    assert!(told.text.contains("Deployment shop/checkout"), "{}", told.text);

    // By its number in the report that was shown here.
    let finding = number(&told.text, "Service shop/search");
    let ack = [("finding", finding.as_str()), ("why", "being renamed")];
    let service = world.ask(Who::Alice, "ack", &ack, "alice acknowledged Service shop/search: ").await;
    assert!(service.text.contains("(being renamed)"), "{}", service.text);
    world.ask(Who::Alice, "ack", &[("finding", "99")], "I do not know \"99\" in it").await;

    // What is solved is not acknowledged any more: it would be told if it came back.
    world.patch(SEARCH, &json!({"spec": {"selector": {"app": "search"}}})).await;
    world.time.advance(TimeDelta::minutes(10));
    let solved = inspect(&world).await;
    assert!(solved.text.contains("Resolved since the last inspection"), "{}", solved.text);
    world.ask(Who::Alice, "muted", &[], "Nothing is silenced in prod").await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snooze_is_over_and_it_is_said_whether_it_is_still_so() {
    let world = world().await;
    let report = inspect(&world).await;
    let how_long = world.press(Who::Alice, &report, "Snooze 1", "For how long").await;
    assert_eq!(how_long.labels, ["1 hour", "4 hours", "1 day", "1 week"]);
    world.press(Who::Alice, &how_long, "4 hours", "alice snoozed Deployment shop/checkout: ").await;
    let finding = number(&report.text, "Service shop/search");
    world.ask(Who::Alice, "snooze", &[("finding", &finding), ("until", "soon")], "\"soon\" is no time").await;
    let until = [("finding", finding.as_str()), ("until", "5h the team is asleep")];
    world.ask(Who::Alice, "snooze", &until, "alice snoozed Service shop/search: ").await;
    world.time.advance(TimeDelta::hours(3));
    world.ask(Who::Alice, "inspect", &[], "Kept out: 2 snoozed.").await;

    // The time comes, and the bot looks by itself.
    let says = "alice snoozed this until now, and it is still so";
    let still = world
        .after(Who::Alice, "the end of the snooze", says, || {
            world.time.advance(TimeDelta::hours(1));
        })
        .await;
    assert!(still.text.contains("Deployment shop/checkout"), "{}", still.text);
    assert_eq!(still.labels, ["Ack", "Snooze"]);
    let told = inspect(&world).await;
    assert!(told.text.contains("Deployment shop/checkout"), "{}", told.text);
    assert!(told.text.contains("Kept out: 1 snoozed."), "{}", told.text);

    // The other one is mended before its time.
    world.patch(SEARCH, &json!({"spec": {"selector": {"app": "search"}}})).await;
    world
        .after(Who::Alice, "the end of the other snooze", "it is solved: Service shop/search", || {
            world.time.advance(TimeDelta::hours(2));
        })
        .await;
    world.ask(Who::Alice, "muted", &[], "Nothing is silenced").await;
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn annotations_and_the_configuration_count_as_well() {
    let mut world = world().await;
    let ignore = json!({"metadata": {"annotations": {"roundsman.dev/ignore": "service/*, pod/crash-loop"}}});
    world.patch(SEARCH, &ignore).await;
    let report = inspect(&world).await;
    assert!(keeps_out(&report.text, "1 ignored by annotation"), "{}", report.text);
    assert!(!report.text.contains("Service shop/search"), "{}", report.text);
    assert!(report.text.contains("Deployment shop/checkout"), "{}", report.text);

    let mute = "\n[[mute]]\nclusters = [\"pro*\"]\nnamespaces = [\"sho*\"]\nwhy = \"nobody works there\"\n";
    world.configure(mute).await;
    let report = world.ask(Who::Alice, "inspect", &[], "muted, 1 ignored by annotation.").await;
    assert!(!report.text.contains(" shop/"), "{}", report.text);
    let list = world.ask(Who::Alice, "muted", &[], "by the configuration").await;
    assert!(list.text.contains("nobody works there") && !list.text.contains("1970"), "{}", list.text);
    let id = list.text.split_once("c-").unwrap().1.split(' ').next().unwrap();
    let refused = "is a [[mute]] of the configuration";
    world.ask(Who::Alice, "unmute", &[("id", &format!("c-{id}"))], refused).await;
    world.drain().await;
}
