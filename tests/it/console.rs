//! The demo as somebody sees it who has just started it: in a real Chromium, by the link that it prints. Pictures of the
//! steps are left in the target's `tmp/story`.

use crate::world::Time;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use console::{Config, Console, Room, SignIn, testing::Browser};
use roundsman::{
    app::Running,
    cli::{ConsoleOrder, Opened, Platforms, demo},
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
}

impl Visit {
    async fn start() -> Self {
        let (time, folder) = (Time::starting_now(), tempfile::tempdir().unwrap());
        let cluster = demo::cluster(&time.clock).unwrap();
        let (running, opened) = demo::start(folder.path(), 0, time.clock.clone(), cluster, platforms()).await.unwrap();
        let browser = Browser::start().await.unwrap();
        browser.open(&opened.link.unwrap()).await.unwrap();
        browser.wait_for_text("Connected").await.unwrap();
        Self { browser, time, running, seen: 0, _folder: folder }
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
            let console = Console::bind(Config {
                listen: order.listen,
                rooms: order.rooms.into_iter().map(|(id, title)| Room { id, title }).collect(),
                sign_in: SignIn::OneTimeLink { name: "owner".to_owned() },
                log_path: order.log,
                ..Config::default()
            })?;
            let (url, link) = (console.url(), console.one_time_link());
            Ok(Opened { adapter: Arc::new(console), url, link })
        },
    }
}

fn next_nine_in_berlin(now: DateTime<Utc>) -> DateTime<Utc> {
    let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
    let today = now.with_timezone(&Berlin).date_naive();
    let days = [today, today.succ_opt().unwrap()];
    days.iter().map(|day| day.and_time(nine).and_local_timezone(Berlin).unwrap().to_utc()).find(|at| *at > now).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_link_to_the_repair() {
    let mut visit = Visit::start().await;
    // The report waits, before anybody asked.
    visit.reads(&["demo", "critical in Deployment shop/checkout", "9 new"]).await;
    visit.picture("1-report").await;

    visit.browser.say("/subscribe demo daily 09:00 Europe/Berlin").await.unwrap();
    visit.reads(&["daily 09:00 Europe/Berlin", "Next: "]).await;

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

    // In the morning the report comes by itself.
    let due = next_nine_in_berlin(visit.time.now());
    visit.time.advance(due - visit.time.now());
    visit.reads(&["demo", &due.format("%Y-%m-%d %H:%M UTC").to_string(), "8 known"]).await;
    visit.picture("6-in-the-morning").await;
    visit.browser.say("/inspect").await.unwrap();
    visit.reads(&["demo", "critical in ", "8 known"]).await;
    assert_eq!(visit.browser.complaints().await.unwrap(), Vec::<String>::new());
    visit.running.drain().await;
}
