//! The child's side: a bot whose time comes by its standard input, and which says when it has committed and when it has
//! nothing to do.

use crate::world::bot;
use chrono::{DateTime, Utc};
use roundsman::{
    clock::Clock,
    health::Health,
    inbox::INBOX,
    outbox::OUTBOX,
    store::{Direction, Keys, Options, Store},
};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

/// The child's folder.
pub(super) const FOLDER: &str = "ROUNDSMAN_TEST_BOT";
/// What a child says.
pub(super) const COMMITTED: &str = "the bot has committed";
pub(super) const IDLE: &str = "the bot is idle";
pub(super) const BUSY: &str = "the bot is busy";
/// What it is told, besides the time.
pub(super) const GO_ON: &str = "go on";

/// Between two looks at whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The folder of the bot that this process is called to be; none: it is the test.
#[expect(clippy::disallowed_methods, reason = "how the parent tells its child what it is")]
pub(crate) fn called() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Is the bot, until it is killed.
pub(crate) async fn live(folder: &Path) {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let text = std::fs::read_to_string(folder.join("roundsman.toml")).unwrap();
    let mut told = BufReader::new(std::io::stdin()).lines().map_while(Result::ok);
    let (clock, hand) = Clock::manual(told.next().unwrap().parse().unwrap());
    let (go_on, spared) = mpsc::channel();
    std::thread::spawn(move || {
        for word in told {
            match word.parse::<DateTime<Utc>>() {
                Ok(now) => hand.set(now),
                Err(_) => go_on.send(()).unwrap(),
            }
        }
        // Nobody is left who would kill it.
        std::process::exit(1);
    });
    let spared = Mutex::new(spared);
    let on_commit: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(move |_| {
        say(COMMITTED);
        // Either SIGKILL comes now, or the word that it is spared.
        spared.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap();
    });
    let options = Options { on_commit: Some(on_commit), ..Options::default() };
    let (running, store) = bot::run(&text, folder, clock.clone(), options).await;
    let mut every = tokio::time::interval(LOOK_EVERY);
    loop {
        every.tick().await;
        say(if is_idle(&store, &clock, &running.health) { IDLE } else { BUSY });
    }
}

/// Not println: what the test harness captures would stay in this process.
fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word}").unwrap();
    out.flush().unwrap();
}

/// Connected to its platform, nothing to send, and nothing to do but what waits for its time.
fn is_idle(store: &Store, clock: &Clock, health: &Health) -> bool {
    let connected = health.shown().parts.iter().any(|(name, part)| !name.contains(' ') && part.up);
    let waiting = store.scan(&INBOX, &Keys::all(), 1_000, Direction::Ascending).unwrap();
    let done = waiting.iter().all(|(_, item)| item.not_before.is_some_and(|at| at > clock.now()));
    connected && done && store.count(&OUTBOX, &Keys::all()).unwrap() == 0
}
