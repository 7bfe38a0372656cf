//! The story again, with the bot killed after every single commit: nothing accepted is lost, at most one effect.
//!
//! The bot is this test binary started again as a child, with its clock on a pipe. After each commit it says so and
//! stands still, and gets SIGKILL; then the next one starts on the same folder.

use crate::world::{
    PATIENCE, World,
    bot::{self, Settings},
    chat::{Chat, Who},
    checkout::{BAD_IMAGE, break_checkout},
};
use chrono::{DateTime, TimeDelta, Utc};
use roundsman::{clock::Clock, store::Options};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The child's folder.
const FOLDER: &str = "ROUNDSMAN_TEST_BOT";

/// The child: runs only when the story below starts it.
#[test]
#[expect(clippy::disallowed_methods, reason = "how the parent tells this child what it is")]
fn bot_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run_child(Path::new(&folder)));
}

async fn run_child(folder: &Path) {
    let text = std::fs::read_to_string(folder.join("roundsman.toml")).unwrap();
    let mut lines = BufReader::new(std::io::stdin()).lines();
    let mut next = move || lines.next().and_then(Result::ok).and_then(|line| line.parse::<DateTime<Utc>>().ok());
    let (clock, hand) = Clock::manual(next().unwrap());
    let on_commit: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(|_| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "committed").unwrap();
        out.flush().unwrap();
        // The parent's SIGKILL comes now.
        loop {
            std::thread::park();
        }
    });
    let options = Options { on_commit: Some(on_commit), ..Options::default() };
    let running = bot::run(&text, folder, clock, options).await;
    tokio::task::spawn_blocking(move || {
        while let Some(now) = next() {
            hand.set(now);
        }
    })
    .await
    .unwrap();
    running.drain().await;
}

/// Starts children one after another, each killed at its first commit, until told to end. Gives how many were killed.
fn sweep(folder: &Path, now: impl Fn() -> DateTime<Utc>, over: &AtomicBool, killed: &AtomicUsize) {
    while !over.load(Ordering::SeqCst) {
        let mut child = start(folder);
        let mut input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, hears) = std::sync::mpsc::channel();
        let listener = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.contains("committed") && said.send(()).is_err() {
                    return;
                }
            }
        });
        loop {
            if writeln!(input, "{}", now().to_rfc3339()).is_err() || over.load(Ordering::SeqCst) {
                break;
            }
            match hears.recv_timeout(Duration::from_millis(50)) {
                Ok(()) => {
                    killed.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        // SIGKILL: no destructor, no last word.
        child.kill().unwrap();
        child.wait().unwrap();
        listener.join().unwrap();
    }
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::bot_process", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_commit_of_the_story() {
    let mut world = World::new(Chat::telegram().await, None).await;
    break_checkout(&world).await;
    // From here on the bot is the children.
    world.bot.drain().await;
    let Settings { folder, text } = &world.bot.settings;
    let folder = folder.path().to_owned();
    std::fs::write(folder.join("roundsman.toml"), text).unwrap();
    let (over, killed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let sweeping = {
        let (over, killed, clock, folder) =
            (Arc::clone(&over), Arc::clone(&killed), world.time.clock.clone(), folder.clone());
        tokio::task::spawn_blocking(move || sweep(&folder, || clock.now(), &over, &killed))
    };
    let result = tokio::time::timeout(PATIENCE * 5, story(&world)).await;
    over.store(true, Ordering::SeqCst);
    sweeping.await.unwrap();
    result.unwrap();

    let killed = killed.load(Ordering::SeqCst);
    assert!(killed >= 10, "only {killed} commits were hit");
    let writes = world.writes();
    assert_eq!(writes.len(), 1, "at most one effect: {writes:#?}");
}

async fn story(world: &World) {
    let chat = &world.chat;
    let at = world.time.now() + TimeDelta::hours(2);
    let schedule = format!("daily {} UTC", at.format("%H:%M"));
    chat.command(Who::Alice, "subscribe", &[("cluster", "prod"), ("schedule", &schedule)]);
    chat.wait(Who::Alice, "the confirmation", |seen| seen.text.contains(&schedule)).await;
    world.time.advance(TimeDelta::hours(2));
    let report = chat
        .wait(Who::Alice, "the report", |seen| seen.text.contains(&world.namespace) && seen.text.contains("checkout"))
        .await;
    chat.reply(Who::Bob, &report, &format!("why is checkout in {} failing?", world.namespace));
    chat.wait(Who::Bob, "the answer", |seen| seen.text.contains(BAD_IMAGE) && seen.id != report.id).await;
    chat.command(
        Who::Bob,
        "fix",
        &[("action", "undo"), ("object", "deployment/checkout"), ("namespace", &world.namespace)],
    );
    let card = chat.wait(Who::Bob, "the card", |seen| seen.labels.iter().any(|label| label == "Approve")).await;
    chat.press(Who::Alice, &card, "Approve");
    chat.wait(Who::Alice, "the end of the repair", |seen| {
        seen.id == card.id && seen.text.contains("Done and verified")
    })
    .await;
    world.until(&["deployment", "checkout"], "/status/availableReplicas", |value| value == 2).await;
    chat.wait(Who::Alice, "the report after it", |seen| {
        seen.text.to_lowercase().contains("resolved") && seen.text.contains("checkout") && seen.id != card.id
    })
    .await;
}
