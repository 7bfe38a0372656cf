//! The web chat: the demo as somebody sees it who has just started it, in a real Chromium, by the link that it prints
//! (pictures of the steps are left in the target's `tmp/story`), and whom a configured one shows what.

use crate::world::{
    Time,
    console::{Visitor, configured},
    embedded::NOWHERE,
    process::Process,
    shapes::Covered,
};
use chrono::TimeDelta;
use chrono_tz::Europe::Berlin;
use console::{Config, Console, Room, SignIn, testing::Browser};
use roundsman::{
    app::Running,
    cli::{ConsoleOrder, ConsoleRoom, Opened, Platforms, demo},
};
use serde_json::json;
use std::{path::PathBuf, sync::Arc};

/// A demo that runs, on a clock that can be moved, and somebody who has opened its link.
struct Visit {
    browser: Browser,
    time: Time,
    running: Running,
    /// Messages of the bot's.
    seen: u64,
    _folder: tempfile::TempDir,
    _covered: Covered,
}

impl Visit {
    async fn start() -> Self {
        let (time, folder) = (Time::starting_now(), tempfile::tempdir().unwrap());
        let embedded = demo::embedded(&time.clock).unwrap();
        let (cluster, _covered) = (demo::cluster(&embedded), Covered::of(&embedded));
        let (running, opened) = demo::start(folder.path(), 0, time.clock.clone(), cluster, platforms()).await.unwrap();
        let browser = Browser::start().await.unwrap();
        browser.open(&opened.link.unwrap()).await.unwrap();
        browser.wait_for_text("Connected").await.unwrap();
        Self { browser, time, running, seen: 0, _folder: folder, _covered }
    }

    async fn sees(&self, text: &str) {
        self.browser.wait_for_text(text).await.unwrap();
    }

    /// A message of the bot's comes, the newest then, that holds all of this.
    async fn reads(&mut self, words: &[&str]) {
        let script = "const all = [...document.querySelectorAll('.posted')]; const said = all.at(-1)?.innerText ?? ''; \
            return all.length > arguments[0] && arguments[1].every((word) => said.includes(word))";
        let seen = self.browser.wait_until(script, json!([self.seen, words])).await;
        seen.unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let count = self.browser.script("return document.querySelectorAll('.posted').length", json!([])).await;
        self.seen = count.unwrap().as_u64().unwrap();
    }

    async fn picture(&self, name: &str) {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("story");
        std::fs::create_dir_all(&directory).unwrap();
        self.browser.pictures(&directory, name).await.unwrap();
    }
}

/// The console as the binary opens it; the demo has no other platform.
fn platforms() -> Platforms {
    Platforms {
        telegram: |_| anyhow::bail!("the demo has no Telegram"),
        discord: |_| anyhow::bail!("the demo has no Discord"),
        console: |order: ConsoleOrder| {
            let room = |room: ConsoleRoom| Room { id: room.id, title: room.title, readers: room.readers };
            let console = Console::bind(Config {
                listen: order.listen,
                rooms: order.rooms.into_iter().map(room).collect(),
                sign_in: SignIn::OneTimeLink { name: "owner".to_owned() },
                log_path: order.log,
                clean: order.clean,
                ..Config::default()
            })?;
            let (url, link) = (console.url(), console.one_time_link());
            Ok(Opened { adapter: Arc::new(console), url, link })
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_link_to_the_repair() {
    let mut visit = Visit::start().await;
    // The report waits, before anybody asked.
    visit.reads(&["demo", "critical in Deployment shop/checkout", " new."]).await;
    visit.picture("1-report").await;

    let due = visit.time.now() + TimeDelta::hours(1);
    let daily = format!("daily {} Europe/Berlin", due.with_timezone(&Berlin).format("%H:%M"));
    visit.browser.say(&format!("/subscribe demo {daily}")).await.unwrap();
    visit.reads(&[&daily, "Next: "]).await;

    visit.browser.say("why is checkout failing?").await.unwrap();
    visit.reads(&["No model is configured", "shop/checkout", "2.8.0", "Undo the rollout"]).await;
    visit.picture("2-answer").await;

    visit.browser.click("Fix…").await.unwrap();
    visit.reads(&["Why this: the trouble came with image", "checkout:2.7.1", "rehearsed", "Approve", "Reject"]).await;
    visit.picture("3-card").await;
    visit.browser.click("Approve").await.unwrap();
    visit.sees("Approved by owner").await;
    visit.picture("4-approved").await;
    visit.time.advance(TimeDelta::minutes(2));
    visit.sees("Done and verified").await;
    visit
        .reads(&["Looked again after the repair", "Resolved since the last inspection", "Deployment shop/checkout"])
        .await;
    visit.picture("5-resolved").await;

    // When it is due, the report comes by itself.
    visit.time.advance(due - visit.time.now());
    visit.reads(&["demo", &due.format("%Y-%m-%d %H:%M UTC").to_string(), " known"]).await;
    visit.picture("6-due").await;
    visit.browser.say("/inspect").await.unwrap();
    visit.reads(&["demo", "critical in ", " known"]).await;
    assert_eq!(visit.browser.complaints().await.unwrap(), Vec::<String>::new());
    visit.running.drain().await;
}

/// Two rooms; eve is listed in one of them, where she has asked, and may sign in to nothing more.
const ROOMS: &str = r#"
data_dir = "data"
[[cluster]]
name = "prod"
kubeconfig = "nowhere.kubeconfig"
[[person]]
name = "alice"
console = "alice"
[[person]]
name = "eve"
console = "eve"
[[channel]]
name = "Rounds"
platform = "console"
id = "rounds"
people = ["alice"]
[[channel]]
name = "Lobby"
platform = "console"
id = "lobby"
people = "everyone"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_listed_in_a_room_does_not_see_it() {
    roundsman::cluster::init_tls();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nowhere.kubeconfig"), NOWHERE).unwrap();
    let text = format!("{ROOMS}{}", configured(&["alice", "eve"]));
    std::fs::write(folder.path().join("roundsman.toml"), text).unwrap();
    let process = Process::run(folder.path(), "roundsman=info");
    let url = process.console().await;
    let (alice, eve) = (Visitor::sign_in(&url, "alice").await, Visitor::sign_in(&url, "eve").await);
    assert_eq!(alice.rooms().await, ["lobby", "rounds"]);
    assert_eq!(eve.rooms().await, ["lobby"]);

    alice.say("rounds", "/whoami").await;
    alice.sees("rounds", "known as alice").await;
    let nowhere = eve.get("/rooms/none/events").await;
    assert_eq!(nowhere.0, 404);
    assert_eq!(eve.get("/rooms/rounds/events").await, nowhere);
    assert_eq!(eve.post("/rooms/rounds/messages", &json!({ "text": "/whoami" })).await, nowhere);
    eve.say("lobby", "/whoami").await;
    eve.sees("lobby", "known as eve").await;
    assert!(!alice.reads("rounds").await.contains("eve"), "nothing of hers came into the room, not even a refusal");
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0));
}
