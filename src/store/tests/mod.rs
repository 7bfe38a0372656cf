//! The store against a real directory: every test opens sled on the disk, and most open it twice.

mod blobs;
mod dump;
mod kill;
mod opening;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A record that has had two versions: version 1 had `name` as one text, version 2 splits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Person {
    given: String,
    family: String,
}

impl Record for Person {
    const VERSION: u16 = 2;

    fn migrate(version: u16, value: Value) -> Result<Value, MigrateError> {
        match (version, value["name"].as_str().and_then(|name| name.split_once(' '))) {
            (1, Some((given, family))) => Ok(json!({ "given": given, "family": family })),
            (1, None) => Err(MigrateError::new("version 1 without a name of two words")),
            (other, _) => Err(MigrateError::new(format!("version {other} was never released"))),
        }
    }
}

/// A record of any size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chart: Option<BlobRef>,
}

impl Record for Note {
    const VERSION: u16 = 1;
}

const PEOPLE: Table<Person> = Table::new("people");
const NOTES: Table<Note> = Table::new("notes");

fn person(given: &str, family: &str) -> Person {
    Person { given: given.to_owned(), family: family.to_owned() }
}

fn note(text: impl Into<String>) -> Note {
    Note { text: text.into(), chart: None }
}

fn big() -> Note {
    note("0123456789abcdef".repeat(5000))
}

fn open(dir: &TempDir) -> Store {
    let options = Options { lock_wait: Duration::from_secs(5), ..Options::default() };
    Store::open(&dir.path().join("store"), options).unwrap()
}

/// Commits what `steps` adds.
async fn commit(store: &Store, steps: impl FnOnce(&mut Commit) -> &mut Commit) -> Result<(), CommitError> {
    let mut commit = Commit::new();
    steps(&mut commit);
    store.commit(commit).await
}

fn blob_files(dir: &TempDir) -> usize {
    std::fs::read_dir(dir.path().join("store/blobs")).unwrap().count()
}

#[tokio::test]
async fn what_was_committed_is_there_after_every_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..5u64 {
        let store = open(&dir);
        assert_eq!(store.count(&NOTES, &Keys::all()).unwrap(), i as usize);
        commit(&store, |c| {
            c.insert(&NOTES, i, &note(format!("note {i}"))).put(&PEOPLE, "last", &person("P", &i.to_string()))
        })
        .await
        .unwrap();
        drop(store);
        let store = open(&dir);
        assert_eq!(store.get(&NOTES, i).unwrap().unwrap().text, format!("note {i}"));
        assert_eq!(store.get(&PEOPLE, "last").unwrap().unwrap().family, i.to_string());
    }
}

#[tokio::test]
async fn insert_refuses_a_key_that_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.insert(&NOTES, "a", &note("first"))).await.unwrap();
    let again = commit(&store, |c| c.insert(&NOTES, "a", &note("second"))).await;
    assert_eq!(again, Err(CommitError::Conflict { table: "notes", key: "a".to_owned() }));
    assert_eq!(store.get(&NOTES, "a").unwrap().unwrap().text, "first");
}

#[tokio::test]
async fn only_one_of_two_who_read_the_same_record_can_replace_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.put(&NOTES, "a", &note("0"))).await.unwrap();
    let mine = store.get(&NOTES, "a").unwrap().unwrap();
    let theirs = store.get(&NOTES, "a").unwrap().unwrap();
    commit(&store, |c| c.replace(&NOTES, "a", &theirs, &note("theirs"))).await.unwrap();

    let conflict = Err(CommitError::Conflict { table: "notes", key: "a".to_owned() });
    assert_eq!(commit(&store, |c| c.replace(&NOTES, "a", &mine, &note("mine"))).await, conflict);
    assert_eq!(commit(&store, |c| c.remove_expected(&NOTES, "a", &mine)).await, conflict);
    assert_eq!(commit(&store, |c| c.expect(&NOTES, "a", &mine)).await, conflict);
    assert_eq!(commit(&store, |c| c.expect_absent(&NOTES, "a")).await, conflict);
    assert_eq!(store.get(&NOTES, "a").unwrap().unwrap().text, "theirs");

    let now = store.get(&NOTES, "a").unwrap().unwrap();
    commit(&store, |c| c.expect(&NOTES, "a", &now).remove_expected(&NOTES, "a", &now)).await.unwrap();
    assert_eq!(commit(&store, |c| c.replace(&NOTES, "a", &now, &note("late"))).await, conflict);
    assert!(store.get(&NOTES, "a").unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_count_up_at_once_none_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.put(&NOTES, "sum", &note("0"))).await.unwrap();
    let mut counting = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        counting.spawn(async move {
            for _ in 0..5 {
                loop {
                    let sum = store.get(&NOTES, "sum").unwrap().unwrap();
                    let more = note((sum.text.parse::<u32>().unwrap() + 1).to_string());
                    match commit(&store, |c| c.replace(&NOTES, "sum", &sum, &more)).await {
                        Ok(()) => break,
                        Err(CommitError::Conflict { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
    }
    counting.join_all().await;
    assert_eq!(store.get(&NOTES, "sum").unwrap().unwrap().text, "40");
}

#[tokio::test]
async fn a_conflict_anywhere_leaves_nothing_of_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.put(&NOTES, "taken", &note("x")).put(&NOTES, "stays", &note("y"))).await.unwrap();
    let before = *store.commits_watch().borrow();
    let outcome = commit(&store, |c| {
        c.put(&NOTES, "new", &note("1")).remove(&NOTES, "stays").put(&PEOPLE, "ada", &person("Ada", "L")).insert(
            &NOTES,
            "taken",
            &note("2"),
        )
    })
    .await;
    assert_eq!(outcome, Err(CommitError::Conflict { table: "notes", key: "taken".to_owned() }));
    let nothing_happened = |store: &Store| {
        assert!(store.get(&NOTES, "new").unwrap().is_none());
        assert!(store.get(&NOTES, "stays").unwrap().is_some());
        assert!(store.get(&PEOPLE, "ada").unwrap().is_none());
    };
    nothing_happened(&store);
    assert_eq!(*store.commits_watch().borrow(), before);
    drop(store);
    nothing_happened(&open(&dir));
}

#[tokio::test]
async fn a_later_step_sees_what_an_earlier_one_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.insert(&NOTES, "a", &note("1")).remove(&NOTES, "a").insert(&NOTES, "a", &note("2")))
        .await
        .unwrap();
    assert_eq!(store.get(&NOTES, "a").unwrap().unwrap().text, "2");
}

#[tokio::test]
async fn commits_of_several_modules_are_applied_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut audit = Commit::new();
    audit.insert(&NOTES, "audit", &note("ada approved"));
    commit(&store, |c| c.put(&PEOPLE, "ada", &person("Ada", "L")).append(audit)).await.unwrap();
    assert_eq!(*store.commits_watch().borrow(), 1);

    let mut again = Commit::new();
    again.insert(&NOTES, "audit", &note("twice"));
    let outcome = commit(&store, |c| c.remove(&PEOPLE, "ada").append(again)).await;
    assert!(matches!(outcome, Err(CommitError::Conflict { table: "notes", .. })), "{outcome:?}");
    assert!(store.get(&PEOPLE, "ada").unwrap().is_some());
}

#[tokio::test]
async fn a_commit_with_too_many_steps_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let mut many = Commit::new();
    for n in 0..=STEP_LIMIT as u64 {
        many.put(&NOTES, n, &note("x"));
    }
    let outcome = store.commit(many).await;
    assert!(matches!(outcome, Err(CommitError::TooLarge { limit: STEP_LIMIT, .. })), "{outcome:?}");
    assert_eq!(store.count(&NOTES, &Keys::all()).unwrap(), 0);
}

#[tokio::test]
async fn scans_go_in_order_and_stay_in_their_range_and_table() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| {
        for channel in ["ops", "ops-2", "dev"] {
            for n in [1u64, 2, 10] {
                c.put(&NOTES, (channel, n), &note(format!("{channel} {n}")));
            }
        }
        c.put(&PEOPLE, ("ops", 1u64), &person("not", "a note"))
    })
    .await
    .unwrap();
    let texts = |keys: Keys, limit, direction| -> Vec<String> {
        let rows = store.scan(&NOTES, &keys, limit, direction).unwrap();
        rows.into_iter().map(|(_, note)| note.into_value().text).collect()
    };
    let ops = || Keys::under("ops");
    assert_eq!(texts(ops(), 10, Direction::Ascending), ["ops 1", "ops 2", "ops 10"]);
    assert_eq!(texts(ops(), 2, Direction::Descending), ["ops 10", "ops 2"]);
    assert_eq!(texts(ops().after(("ops", 1u64)), 10, Direction::Ascending), ["ops 2", "ops 10"]);
    assert_eq!(texts(ops().from(("ops", 2u64)), 1, Direction::Ascending), ["ops 2"]);
    assert_eq!(texts(ops().before(("ops", 2u64)), 10, Direction::Ascending), ["ops 1"]);
    assert_eq!(texts(ops().up_to(("ops", 2u64)), 10, Direction::Descending), ["ops 2", "ops 1"]);
    assert_eq!(texts(Keys::all().after("x").before("a"), 10, Direction::Ascending), [""; 0]);
    assert_eq!(store.count(&NOTES, &Keys::all()).unwrap(), 9);
    let (key, _) = store.scan(&NOTES, &ops(), 1, Direction::Ascending).unwrap().remove(0);
    assert_eq!(key_parts(&key), ["ops", "00000000000000000001"]);
    assert!(store.get(&NOTES, key).unwrap().is_some());
}

#[tokio::test]
async fn the_observer_and_the_watchers_learn_of_each_commit_that_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let on_commit: Arc<dyn Fn(u64) + Send + Sync> = {
        let seen = Arc::clone(&seen);
        Arc::new(move |n| seen.lock().unwrap().push(n))
    };
    let options = Options { on_commit: Some(on_commit), ..Options::default() };
    let store = Store::open(&dir.path().join("store"), options).unwrap();
    let mut commits = store.commits_watch();
    commit(&store, |c| c.insert(&NOTES, "a", &note("1"))).await.unwrap();
    commits.changed().await.unwrap();
    assert_eq!(*commits.borrow_and_update(), 1);
    commit(&store, |c| c.insert(&NOTES, "a", &note("2"))).await.unwrap_err();
    store.commit(Commit::new()).await.unwrap();
    assert!(!commits.has_changed().unwrap());
    commit(&store, |c| c.insert(&NOTES, "b", &note("2"))).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [1, 2]);
}
