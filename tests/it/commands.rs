//! Every command of the grammar and every button, as people use them on each platform, over the embedded cluster.

use crate::world::{
    chat::{Chat, Seen, Who},
    embedded::Embedded,
    eventually,
    model::{Script, Turn},
};
use contract::GRAMMAR;
use std::collections::BTreeSet;

/// Says all of it, in the order in which somebody gets to know the bot.
async fn everything(chat: Chat) {
    let world = Embedded::new(chat, None).await;
    let mut walked = BTreeSet::new();
    talking_about_itself(&world, &mut walked).await;
    subscribing(&world, &mut walked).await;
    looking(&world, &mut walked).await;
    report_and_its_buttons(&world, &mut walked).await;
    keeping_findings_out(&world, &mut walked).await;
    repairing(&world, &mut walked).await;
    asking(&world, &mut walked).await;
    let all: BTreeSet<&str> = GRAMMAR.iter().map(|spec| spec.word).collect();
    assert_eq!(walked, all, "a command that nobody tried");
    world.drain().await;
}

type Walked = BTreeSet<&'static str>;

/// Alice writes a command and is answered with this.
async fn says(world: &Embedded, walked: &mut Walked, line: (&'static str, &[(&str, &str)]), text: &str) -> Seen {
    let (word, arguments) = line;
    walked.insert(word);
    world.ask(Who::Alice, word, arguments, text).await
}

fn holds(seen: &Seen, parts: &[&str]) {
    for part in parts {
        assert!(seen.text.contains(part), "{part:?} is missing in:\n{}", seen.text);
    }
}

async fn talking_about_itself(world: &Embedded, walked: &mut Walked) {
    let whoami = says(world, walked, ("whoami", &[]), "known as alice").await;
    holds(&whoami, &[&world.chat.channel(), &world.chat.alice(), world.chat.platform()]);

    let help = says(world, walked, ("help", &[]), "I inspect clusters").await;
    let lines: Vec<String> = GRAMMAR.iter().map(contract::CommandSpec::synopsis).collect();
    eventually("a line for every command", async || {
        let seen: String = world.chat.seen_by(Who::Alice).into_iter().map(|seen| seen.text).collect();
        lines.iter().all(|line| seen.contains(line.as_str())).then_some(())
    })
    .await;
    holds(&help, &["This channel sees the cluster prod."]);

    says(world, walked, ("cancel", &[]), "Nothing is being worked on here.").await;

    // What cannot be read is answered with what to write.
    world
        .after(Who::Alice, "a suggestion", "Did you mean /inspect?", || world.chat.write(Who::Alice, "/inspct prod"))
        .await;
    world.after(Who::Alice, "a usage", "/why OBJECT", || world.chat.write(Who::Alice, "/why")).await;
}

async fn subscribing(world: &Embedded, walked: &mut Walked) {
    let daily = "daily 09:00 Europe/Berlin";
    let line: [(&str, &str); 2] = [("cluster", "prod"), ("schedule", daily)];
    says(world, walked, ("subscriptions", &[]), "Nothing is posted here on a schedule.").await;
    let done = says(world, walked, ("subscribe", &line), "Done: prod is reported here").await;
    holds(&done, &[daily, "Next: ", "09:00 Europe/Berlin"]);
    says(world, walked, ("subscribe", &line), "Already so: prod").await;
    let wrong = [("cluster", "prod"), ("schedule", "daily 25:00")];
    says(world, walked, ("subscribe", &wrong), "\"25:00\" is not a time").await;
    let elsewhere = [("cluster", "moon"), ("schedule", daily)];
    says(world, walked, ("subscribe", &elsewhere), "I know no cluster \"moon\" here. This channel sees prod.").await;
    let quiet = [("cluster", "prod"), ("schedule", "cron 0 9 * * 1-5 UTC"), ("only-changes", "true")];
    says(world, walked, ("subscribe", &quiet), "only when something changed").await;
    let list = says(world, walked, ("subscriptions", &[]), "prod daily").await;
    holds(&list, &["1. prod", "2. prod", daily, "only changes", "next "]);
    says(world, walked, ("unsubscribe", &[("cluster", "prod")]), "more than one report of prod").await;
    says(world, walked, ("unsubscribe", &[("cluster", "2")]), "Stopped: prod").await;
    says(world, walked, ("unsubscribe", &[("cluster", "prod")]), "Stopped: prod").await;
    says(world, walked, ("unsubscribe", &[("cluster", "prod")]), "Nothing here is called \"prod\"").await;
}

async fn looking(world: &Embedded, walked: &mut Walked) {
    let checkout = [("object", "deployment/checkout"), ("namespace", "shop")];
    let why = says(world, walked, ("why", &checkout), "checkout").await;
    holds(&why, &["2.8.0"]);
    assert!(why.labels.contains(&"Fix…".to_owned()), "{:?}\n{}", why.labels, why.text);
    let missing = [("object", "deployment/nowhere"), ("namespace", "shop")];
    says(world, walked, ("why", &missing), "nowhere").await;

    let described = says(world, walked, ("describe", &checkout), "checkout").await;
    holds(&described, &["Deployment", "shop"]);
    let cart = [("object", "deployment/cart"), ("namespace", "shop"), ("tail", "5")];
    says(world, walked, ("logs", &cart), "cart").await;
    let previous = [("object", "deployment/cart"), ("namespace", "shop"), ("previous", "true")];
    says(world, walked, ("logs", &previous), "cart").await;
    says(world, walked, ("logs", &[("object", "cart"), ("tail", "many")]), "--tail needs a number").await;
    says(world, walked, ("events", &checkout), "checkout").await;
    says(world, walked, ("events", &[("namespace", "shop")]), "shop").await;
    says(world, walked, ("events", &[]), "prod").await;
}

async fn report_and_its_buttons(world: &Embedded, walked: &mut Walked) {
    says(world, walked, ("findings", &[("cluster", "prod")]), "There is no report of prod yet.").await;
    let report = says(world, walked, ("inspect", &[("cluster", "prod")]), "Score ").await;
    let first = report.text.lines().next().unwrap();
    assert!(first.contains("prod") && first.contains("critical"), "{first}");
    holds(&report, &["checkout"]);
    // A platform with shorter messages has the buttons on the last of them.
    let has = |seen: &Seen, label: &str| seen.labels.iter().any(|known| known == label);
    let last = world.chat.wait(Who::Alice, "the report's buttons", |seen| has(seen, "Details 1")).await;
    let details = world.press(Who::Alice, &last, "Details 1", "What to do:").await;
    holds(&details, &["prod"]);
    world.press(Who::Alice, &last, "Explain 1", "No model is configured").await;
    world.press(Who::Alice, &last, "All findings", "certificate").await;
    says(world, walked, ("findings", &[]), "checkout").await;

    // A reply goes on from the report.
    world
        .after(Who::Bob, "an answer", "checkout", || world.chat.reply(Who::Bob, &report, "why is checkout failing?"))
        .await;
}

async fn keeping_findings_out(world: &Embedded, walked: &mut Walked) {
    says(world, walked, ("muted", &[]), "Nothing is silenced in prod.").await;
    let ack = says(world, walked, ("ack", &[("finding", "8"), ("why", "renewing it")]), "(renewing it)").await;
    says(world, walked, ("snooze", &[("finding", "7"), ("until", "4h the vendor is at it")]), "(the vendor is at it)")
        .await;
    let mute = [("check", "node/*"), ("why", "it is being replaced")];
    says(world, walked, ("mute", &mute), "(it is being replaced)").await;
    let muted = says(world, walked, ("muted", &[]), "Silenced in prod:").await;
    holds(&muted, &["acknowledged", "snoozed", "muted", "by alice"]);
    let id = ack.text.split_whitespace().skip_while(|word| *word != "/unmute").nth(1).unwrap();
    says(world, walked, ("unmute", &[("id", id)]), "is told again.").await;
    // Who may talk here may not yet silence what the others are told.
    world.ask(Who::Bob, "ack", &[("finding", "1")], "add \"bob\" to may_mute").await;

    says(world, walked, ("score", &[]), "points went").await;
    walked.insert("trend");
    world.chat.command(Who::Alice, "trend", &[]);
    world.chat.wait(Who::Alice, "the picture", |seen| seen.file("prod-trend.png").is_some()).await;
}

async fn repairing(world: &Embedded, walked: &mut Walked) {
    says(world, walked, ("proposals", &[]), "No repairs were proposed here yet.").await;
    let undo = [("action", "undo"), ("object", "deployment/checkout"), ("namespace", "shop")];
    let card = says(world, walked, ("fix", &undo), "Waits for approval").await;
    holds(&card, &["Undo rollout of deployment/checkout in shop", "Why this:", "Risk: ", "Asked for by alice"]);
    assert_eq!(card.labels, ["Approve", "Reject"]);
    world.chat.press(Who::Alice, &card, "Reject");
    world.until(Who::Alice, &card, "Rejected by alice").await;

    // By the button of a cause, and decided by commands.
    let why = says(world, walked, ("why", &undo[1..]), "2.8.0").await;
    let card = world.press(Who::Bob, &why, "Fix…", "Waits for approval").await;
    let list = says(world, walked, ("proposals", &[]), "waits for approval").await;
    let id = list.text.split_whitespace().find(|word| card.text.contains(word) && word.starts_with("r-")).unwrap();
    holds(&list, &["rejected by alice", "/approve ID"]);
    says(world, walked, ("reject", &[("proposal", "r-nope2")]), "There is no proposal r-nope2 in this channel.").await;
    walked.insert("approve");
    world.chat.command(Who::Alice, "approve", &[("proposal", id)]);
    world.until(Who::Alice, &card, "Done and verified").await;

    // What cannot be is said, with what to write instead.
    for (arguments, text) in [
        (&[("action", "undo"), ("object", "deployment/checkout")][..], "Name the namespace too: -n NAMESPACE"),
        (&[("action", "burn"), ("object", "deployment/checkout"), ("namespace", "shop")], "is not an action"),
        (&[("action", "scale"), ("object", "deployment/cart"), ("namespace", "shop")], "Say how many: --replicas N"),
        (&[("action", "restart"), ("object", "secret/x"), ("namespace", "shop")], "I cannot repair a secret"),
    ] {
        says(world, walked, ("fix", arguments), text).await;
    }
}

async fn asking(world: &Embedded, walked: &mut Walked) {
    let question = [("question", "why does the cart restart?")];
    let answer = says(world, walked, ("ask", &question), "cart").await;
    holds(&answer, &["prod", "No model is configured"]);
    world
        .after(Who::Alice, "an answer", "payments", || {
            world.chat.reply(Who::Alice, &answer, "and what about payments-api?");
        })
        .await;
}

/// A question that is being worked on is stopped by who may talk here, and what comes after it is not.
async fn cancelling(chat: Chat) {
    let script = Script::start(vec![Turn::say("Too late."), Turn::say("The second answer.")]).await;
    script.hold();
    let world = Embedded::new(chat, Some(script.url())).await;
    world.chat.command(Who::Alice, "ask", &[("question", "why?")]);
    script.asked(1).await;
    // Commands do not wait behind the question, nor does what stops it.
    world.ask(Who::Bob, "whoami", &[], "known as bob").await;
    world.ask(Who::Bob, "cancel", &[], "Stopped.").await;
    let stopped = |seen: &Seen| seen.text.contains("Stopped before I had an answer");
    world.chat.wait(Who::Alice, "the end of the question", stopped).await;
    script.release();
    world.ask(Who::Alice, "ask", &[("question", "and why?")], "The second answer.").await;
    world.ask(Who::Alice, "cancel", &[], "Nothing is being worked on here.").await;
    assert_eq!(world.count(Who::Alice, "Too late."), 0);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_can_be_stopped_on_telegram() {
    cancelling(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_can_be_stopped_on_discord() {
    cancelling(Chat::discord().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_and_button_on_telegram() {
    everything(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_and_button_on_discord() {
    everything(Chat::discord().await).await;
}
