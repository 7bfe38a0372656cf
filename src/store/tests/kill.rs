//! Nothing that was acknowledged is lost, and no commit is torn, however often the process is killed.
//!
//! The test runs itself as the child that writes; the environment tells the child its directory.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

const KILLS: u64 = 30;
const CHILD_DIR: &str = "ROUNDSMAN_STORE_KILL_DIR";
const THIS_TEST: &str = "store::tests::kill::killed_writers_lose_nothing_that_they_acknowledged";

const LEFT: Table<Note> = Table::new("left");
const RIGHT: Table<Note> = Table::new("right");

/// Every fourth pair has a big half, so that kills also fall between a blob and its reference.
fn text(n: u64) -> String {
    if n.is_multiple_of(4) { format!("{n} {}", "x".repeat(20_000)) } else { n.to_string() }
}

/// Writes pairs, starting after what is there, and acknowledges each, until it is killed.
async fn write_until_killed(dir: PathBuf) {
    let store = Store::open(&dir, Options::default()).unwrap();
    let mut n = store.count(&LEFT, &Keys::all()).unwrap() as u64;
    loop {
        commit(&store, |c| {
            c.insert(&LEFT, n, &note(text(n))).insert(&RIGHT, n, &note(text(n))).put(
                &PEOPLE,
                "last",
                &person("pair", &n.to_string()),
            )
        })
        .await
        .unwrap();
        // Not println: what the test harness captures would stay in this process.
        writeln!(std::io::stdout().lock(), "acknowledged {n}").unwrap();
        n += 1;
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the child learns its directory from the parent")]
async fn killed_writers_lose_nothing_that_they_acknowledged() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        return write_until_killed(dir.into()).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let mut acknowledged = None;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", THIS_TEST])
            .env(CHILD_DIR, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Kill after a number of acknowledgements that differs each time; the write under way is at a random point.
        let mut left = 1 + kill * 7 % 12;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let take = |line: String| line.split_once("acknowledged ").map(|(_, n)| n.parse::<u64>().unwrap());
        while left > 0 {
            let line = lines.next().expect("the child ended by itself").unwrap();
            if let Some(n) = take(line) {
                acknowledged = Some(n);
                left -= 1;
            }
        }
        child.kill().unwrap();
        // What it acknowledged before the signal came counts as well.
        for line in lines {
            acknowledged = take(line.unwrap()).or(acknowledged);
        }
        assert!(!child.wait().unwrap().success());

        let store = open(&dir);
        let pairs = store.count(&LEFT, &Keys::all()).unwrap() as u64;
        let last = acknowledged.unwrap();
        assert!(pairs == last + 1 || pairs == last + 2, "{pairs} pairs, the last acknowledged is {last}");
        assert_eq!(store.count(&RIGHT, &Keys::all()).unwrap() as u64, pairs, "a commit was torn");
        assert_eq!(store.get(&PEOPLE, "last").unwrap().unwrap().family, (pairs - 1).to_string());
        for n in 0..pairs {
            for table in [&LEFT, &RIGHT] {
                assert_eq!(store.get(table, n).unwrap().unwrap().text, text(n));
            }
        }
    }
}
