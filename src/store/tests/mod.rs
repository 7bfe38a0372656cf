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
    commit(&store, |c| {
        c.put(&PEOPLE, "ada", &person("Ada", "L")).append(audit)
    })
    .await
    .unwrap();
    assert_eq!(*store.commits_watch().borrow(), 1);

    let mut again = Commit::new();
    again.insert(&NOTES, "audit", &note("twice"));
    let outcome = commit(&store, |c| c.remove(&PEOPLE, "ada").append(again)).await;
    assert!(
        matches!(outcome, Err(CommitError::Conflict { table: "notes", .. })),
        "{outcome:?}"
    );
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
    assert!(
        matches!(
            outcome,
            Err(CommitError::TooLarge {
                limit: STEP_LIMIT,
                ..
            })
        ),
        "{outcome:?}"
    );
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
<<<<<<< HEAD
async fn a_big_record_goes_into_a_blob_and_nobody_notices() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.put(&NOTES, "big", &big()).put(&NOTES, "small", &note("s"))).await.unwrap();
    assert_eq!(blob_files(&dir), 1);
    drop(store);

    let store = open(&dir);
    let read = store.get(&NOTES, "big").unwrap().unwrap();
    assert_eq!(*read, big());
    commit(&store, |c| c.replace(&NOTES, "big", &read, &note("small now"))).await.unwrap();
    let again = commit(&store, |c| c.replace(&NOTES, "big", &read, &big())).await;
    assert!(matches!(again, Err(CommitError::Conflict { .. })));
}

#[tokio::test]
async fn a_record_that_is_too_big_is_refused_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let huge = note("x".repeat(BLOB_LIMIT));
    let outcome = commit(&store, |c| c.put(&NOTES, "a", &note("a")).put(&NOTES, "huge", &huge)).await;
    assert!(matches!(outcome, Err(CommitError::TooLarge { table: "notes", limit: BLOB_LIMIT, .. })), "{outcome:?}");
    assert!(store.get(&NOTES, "a").unwrap().is_none());
}

#[tokio::test]
async fn a_missing_blob_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    commit(&store, |c| c.put(&NOTES, "big", &big())).await.unwrap();
    let file = std::fs::read_dir(dir.path().join("store/blobs")).unwrap().next().unwrap().unwrap();
    std::fs::remove_file(file.path()).unwrap();
    let blob = file.file_name().into_string().unwrap();
    let error = store.get(&NOTES, "big").unwrap_err();
    assert_eq!(error, ReadError::MissingBlob { table: "notes", key: "big".to_owned(), blob });
}

#[tokio::test]
async fn only_blobs_that_nothing_mentions_are_collected() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let chart = store.put_blob(b"a chart".to_vec()).await.unwrap();
    let inner = store.put_blob(b"mentioned by a record that is a blob itself".to_vec()).await.unwrap();
    let waste = store.put_blob(b"waste".to_vec()).await.unwrap();
    commit(&store, |c| {
        c.put(&NOTES, "with chart", &Note { chart: Some(chart.clone()), ..note("small") });
        c.put(&NOTES, "big", &Note { chart: Some(inner.clone()), ..big() })
    })
    .await
    .unwrap();
    assert_eq!(store.collect_blobs(Duration::from_secs(600)).await.unwrap(), 0);
    assert_eq!(store.collect_blobs(Duration::ZERO).await.unwrap(), 1);
    assert!(matches!(store.blob(&waste).await, Err(BlobError::Missing { .. })));
    assert_eq!(store.blob(&chart).await.unwrap(), b"a chart");

    commit(&store, |c| c.remove(&NOTES, "with chart").put(&NOTES, "big", &note("small now"))).await.unwrap();
    assert_eq!(store.collect_blobs(Duration::ZERO).await.unwrap(), 3);
    assert_eq!(blob_files(&dir), 0);
}

#[tokio::test]
=======
>>>>>>> room/st
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
<<<<<<< HEAD

#[tokio::test]
async fn a_directory_that_is_in_use_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&dir);
    let options = Options { lock_wait: Duration::from_millis(120), ..Options::default() };
    let error = Store::open(&dir.path().join("store"), options).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("stop the other one"), "{error}");
    drop(first);
    open(&dir);
}

#[tokio::test]
async fn a_directory_is_waited_for_while_its_owner_is_stopping() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&dir);
    let path = dir.path().join("store");
    let (started, waits) = std::sync::mpsc::channel();
    let second = std::thread::spawn(move || {
        started.send(()).unwrap();
        Store::open(&path, Options { lock_wait: Duration::from_secs(20), ..Options::default() })
    });
    waits.recv().unwrap();
    drop(first);
    assert!(second.join().unwrap().is_ok());
}

/// A store of 200 records of 4 KiB, closed.
async fn filled() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    for i in 0..200u64 {
        commit(&store, |c| c.put(&NOTES, i % 150, &note("x".repeat(4000)))).await.unwrap();
    }
    dir
}

fn flip(file: &Path, bytes: std::ops::Range<usize>) {
    let mut content = std::fs::read(file).unwrap();
    content[bytes].iter_mut().for_each(|byte| *byte ^= 0x55);
    std::fs::write(file, content).unwrap();
}

fn assert_damaged(dir: &TempDir, what: &str) {
    let opened = Store::open(&dir.path().join("store"), Options::default());
    let error = opened.map(|store| store.count(&NOTES, &Keys::all())).expect_err(what);
    assert!(matches!(error, OpenError::Corrupt { .. }), "{what}: {error:?}");
    assert!(error.to_string().contains("import the last export"), "{error}");
}

#[tokio::test]
async fn damage_anywhere_is_an_error_and_neither_a_panic_nor_an_emptier_store() {
    let sound = filled().await;
    let copy = || {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (sound.path().join("store"), dir.path().join("store"));
        std::fs::create_dir_all(to.join("state")).unwrap();
        std::fs::copy(from.join("commits"), to.join("commits")).unwrap();
        for file in std::fs::read_dir(from.join("state")).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), to.join("state").join(file.file_name())).unwrap();
            }
        }
        dir
    };
    assert_eq!(open(&copy()).count(&NOTES, &Keys::all()).unwrap(), 150);

    let settings = copy();
    flip(&settings.path().join("store/state/conf"), 0..4);
    assert_damaged(&settings, "sled's settings");

    let gone = copy();
    std::fs::remove_dir_all(gone.path().join("store/state")).unwrap();
    assert_damaged(&gone, "no database");

    let size = std::fs::metadata(sound.path().join("store/state/db")).unwrap().len() as usize;
    let mut noticed = 0;
    for part in 0..12 {
        let dir = copy();
        let from = size / 12 * part;
        flip(&dir.path().join("store/state/db"), from..from + 3000);
        // Where nothing lived that still counts, all records have to be there.
        match Store::open(&dir.path().join("store"), Options::default()) {
            Ok(store) => {
                let rows = store.scan(&NOTES, &Keys::all(), 1000, Direction::Ascending).unwrap();
                assert_eq!(rows.len(), 150, "part {part}");
                assert!(rows.iter().all(|(_, note)| note.text.len() == 4000), "part {part}");
            }
            Err(error) => {
                assert!(matches!(error, OpenError::Corrupt { .. }), "part {part}: {error:?}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0, "no part of the file mattered");
}

#[tokio::test]
async fn a_store_of_a_newer_layout_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    store.inner.disk.write_schema(2).unwrap();
    drop(store);
    let error = Store::open(&dir.path().join("store"), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::NewerSchema { found: 2, known: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_record_of_a_newer_release_is_refused_by_name() {
    /// What a later release makes of a note.
    #[derive(Serialize, Deserialize)]
    struct LaterNote {
        paragraphs: Vec<String>,
    }
    impl Record for LaterNote {
        const VERSION: u16 = 9;
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let later: Table<LaterNote> = Table::new("notes");
    commit(&store, |c| c.put(&later, "a", &LaterNote { paragraphs: vec![] })).await.unwrap();
    let error = store.get(&NOTES, "a").unwrap_err();
    assert_eq!(error, ReadError::Newer { table: "notes", key: "a".to_owned(), found: 9, known: 1 });
    assert!(store.scan(&NOTES, &Keys::all(), 10, Direction::Ascending).is_err());
}
=======
>>>>>>> room/st
