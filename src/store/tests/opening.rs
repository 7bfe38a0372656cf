//! Directories that cannot be opened: in use, damaged, or written by a newer release.

use super::*;

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
