//! `roundsman` as people start it: the configuration that is wrong, the world that is down, the signal that ends it, the
//! directory that is taken.

use crate::world::{
    bot::{self, Outside},
    chat::{Chat, Who},
    embedded::NOWHERE,
    eventually,
    model::{Script, Turn},
    process::{Process, roundsman},
};
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

/// Nobody listens there.
const CLOSED: &str = "http://127.0.0.1:1";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a configuration for this chat, whose cluster is down.
fn folder(chat: &Chat, model: Option<&str>) -> TempDir {
    let nowhere = PathBuf::from("nowhere.kubeconfig");
    let model = model.map(str::to_owned);
    let outside = Outside { chat: chat.url(), reader: nowhere.clone(), writer: nowhere.clone(), model };
    let settings = bot::settings(chat, &outside, "*");
    std::fs::write(settings.folder.path().join(nowhere), NOWHERE).unwrap();
    std::fs::write(settings.folder.path().join("roundsman.toml"), settings.text).unwrap();
    settings.folder
}

#[tokio::test]
async fn check_config_says_every_mistake_at_once_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("roundsman.toml"), text).unwrap();
    write(
        r#"data_dir = "data"
time_zone = "Berlin"
[[cluster]]
name = "prod"
[telegram]
token_file = "missing"
[[channel]]
name = "ops"
platform = "irc"
id = "-1"
people = ["nobody"]
[repair]
enabled = true
"#,
    );
    let checked = roundsman(folder.path(), &["check-config"]).await;
    let said = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(2), "{said}");
    for (line, words) in [
        (2, "is not an IANA time zone"),
        (3, "say how to reach it"),
        (6, "cannot be read"),
        (9, "\"irc\" is not a platform"),
        (11, "there is no [[person]] called \"nobody\""),
        (12, "nothing is allowed"),
    ] {
        let line = format!("line {line}: ");
        assert!(said.lines().any(|said| said.contains(&line) && said.contains(words)), "{line}{words}:\n{said}");
    }
    // `run` says the same and does not begin.
    let run = roundsman(folder.path(), &["run"]).await;
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("6 mistakes"), "{}", text(&run.stderr));
    assert!(!folder.path().join("data").exists());

    let right = self::folder(&Chat::telegram().await, None);
    let checked = roundsman(right.path(), &["check-config"]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    assert!(text(&checked.stdout).contains("roundsman.toml is fine."), "{}", text(&checked.stdout));
    let missing = roundsman(right.path(), &["check-config", "--config", "nowhere.toml"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stdout).contains("there is no such file"), "{}", text(&missing.stdout));
}

async fn ready(api: &str) -> Option<(u16, Value)> {
    let answer = reqwest::get(format!("{api}/readyz")).await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_everything_down_it_starts_says_so_and_ends_well() {
    roundsman::cluster::init_tls();
    let chat = Chat::telegram().await;
    let folder = folder(&chat, None);
    let file = folder.path().join("roundsman.toml");
    let down = std::fs::read_to_string(&file).unwrap().replace(&chat.url(), CLOSED);
    let discord = format!("[discord]\ntoken_file = \"chat-token\"\napi_url = \"{CLOSED}\"\n");
    // Of a third nobody knows yet how to reach it.
    let lost = "[[cluster]]\nname = \"lost\"\nkubeconfig = \"not-there.kubeconfig\"\n";
    std::fs::write(&file, format!("{down}\n{discord}\n{lost}")).unwrap();

    let process = Process::run(folder.path(), "roundsman=info");
    let api = process.api().await;
    const DOWN: [&str; 4] = ["telegram", "discord", "cluster prod", "cluster lost"];
    let parts = eventually("parts that are down", async || {
        let (status, body) = ready(&api).await?;
        assert_eq!((status, &body["phase"]), (200, &"ready".into()), "{body}");
        let parts = body["parts"].as_object()?.clone();
        let down = |part: &str| parts.get(part).is_some_and(|part| part["up"] == false);
        DOWN.iter().all(|part| down(part)).then_some(parts)
    })
    .await;
    assert!(parts["cluster lost"]["detail"].as_str().unwrap().contains("not-there.kubeconfig"), "{parts:?}");
    for part in DOWN {
        assert!(!parts[part]["detail"].as_str().unwrap().is_empty(), "{parts:?}");
    }
    for words in ["part=\"cluster prod\"", "part=\"telegram\"", "part=\"discord\""] {
        process.says(words).await;
    }
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_takes_nothing_more_in_and_finishes_what_is_under_way() {
    roundsman::cluster::init_tls();
    let script = Script::start(vec![Turn::say("The answer that was under way.")]).await;
    script.hold();
    let chat = Chat::telegram().await;
    let folder = folder(&chat, Some(&script.url()));
    let process = Process::run(folder.path(), "roundsman=info");
    chat.ready().await;
    chat.command(Who::Alice, "ask", &[("question", "why?")]);
    script.asked(1).await;

    let api = process.api().await;
    process.terminate();
    process.says("draining").await;
    eventually("that the API takes nothing more", async || ready(&api).await.is_none().then_some(())).await;
    script.release();
    assert_eq!(process.ended().await.code(), Some(0));
    // It was answered by the process that was asked, before it ended.
    let answers = |chat: &Chat| {
        let seen = chat.seen_by(Who::Alice);
        seen.iter().filter(|seen| seen.text.contains("The answer that was under way.")).count()
    };
    assert_eq!(answers(&chat), 1);

    // What is said while nobody runs is answered after the next start, and nothing is said twice.
    chat.command(Who::Alice, "whoami", &[]);
    let process = Process::run(folder.path(), "roundsman=info");
    chat.wait(Who::Alice, "whoami", |seen| seen.text.contains("known as alice")).await;
    assert_eq!(answers(&chat), 1);
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_has_one_owner_can_be_moved_and_says_when_it_is_damaged() {
    roundsman::cluster::init_tls();
    let chat = Chat::telegram().await;
    let folder = folder(&chat, None);
    let process = Process::run(folder.path(), "roundsman=info");
    chat.ready().await;
    let daily = [("cluster", "prod"), ("schedule", "daily 09:00 UTC")];
    chat.command(Who::Alice, "subscribe", &daily);
    chat.wait(Who::Alice, "the confirmation", |seen| seen.text.contains("Done: prod")).await;

    let export = ["export", "--data-dir", "data", "all.jsonl"];
    let (second, exported) = tokio::join!(roundsman(folder.path(), &["run"]), roundsman(folder.path(), &export));
    for refused in [second, exported] {
        assert_eq!(refused.status.code(), Some(2));
        let said = text(&refused.stderr);
        assert!(said.contains("is in use by another process"), "{said}");
    }
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0));

    let exported = roundsman(folder.path(), &export).await;
    assert_eq!(exported.status.code(), Some(0), "{}", text(&exported.stderr));

    // Damage is an error with what to do, not an empty start.
    let database = folder.path().join("data/store/state/db");
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[256..1024].fill(0x5a);
    std::fs::write(&database, bytes).unwrap();
    let damaged = roundsman(folder.path(), &["run"]).await;
    assert_eq!(damaged.status.code(), Some(2));
    let said = text(&damaged.stderr);
    assert!(said.contains("is damaged") && said.contains("roundsman import"), "{said}");

    // Moved aside, and made anew from the export: the subscription is there.
    std::fs::rename(folder.path().join("data"), folder.path().join("damaged")).unwrap();
    let imported = roundsman(folder.path(), &["import", "--data-dir", "data", "all.jsonl"]).await;
    assert_eq!(imported.status.code(), Some(0), "{}", text(&imported.stderr));
    let process = Process::run(folder.path(), "roundsman=info");
    chat.command(Who::Alice, "subscriptions", &[]);
    chat.wait(Who::Alice, "what was kept", |seen| seen.text.contains("prod daily 09:00 UTC – next")).await;
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0));
}
