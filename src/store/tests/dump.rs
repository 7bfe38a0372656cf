//! Exports: round trips, refusals, and the files of released versions, which must import for ever.

use std::fs::{self, File};
use std::io::BufReader;

use super::*;

fn import(text: &str) -> (TempDir, Result<Dumped, DumpError>) {
    let dir = tempfile::tempdir().unwrap();
    let outcome = Store::import(&dir.path().join("store"), text.as_bytes());
    (dir, outcome)
}

async fn exported() -> String {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir);
    let chart = store.put_blob(b"a chart".to_vec()).await.unwrap();
    store.put_blob(b"waste".to_vec()).await.unwrap();
    commit(&store, |c| {
        c.put(&PEOPLE, "ada", &person("Ada", "Lovelace")).put(&NOTES, "big", &big()).put(
            &NOTES,
            ("ops", 7u64),
            &Note { chart: Some(chart), ..note("zwölf ≥ elf\n") },
        )
    })
    .await
    .unwrap();
    let mut text = Vec::new();
    assert_eq!(store.export(&mut text).unwrap(), Dumped { rows: 3, blobs: 2 });
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn an_export_comes_back_whole() {
    let text = exported().await;
    let (dir, outcome) = import(&text);
    assert_eq!(outcome.unwrap(), Dumped { rows: 3, blobs: 2 });
    let store = open(&dir);
    assert_eq!(*store.get(&PEOPLE, "ada").unwrap().unwrap(), person("Ada", "Lovelace"));
    assert_eq!(*store.get(&NOTES, "big").unwrap().unwrap(), big());
    let small = store.get(&NOTES, ("ops", 7u64)).unwrap().unwrap();
    assert_eq!(small.text, "zwölf ≥ elf\n");
    assert_eq!(store.blob(small.chart.as_ref().unwrap()).await.unwrap(), b"a chart");

    let mut again = Vec::new();
    store.export(&mut again).unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), text);
}

#[tokio::test]
async fn an_import_needs_an_empty_directory() {
    let text = exported().await;
    let (dir, first) = import(&text);
    first.unwrap();
    let again = Store::import(&dir.path().join("store"), text.as_bytes());
    assert!(matches!(again, Err(DumpError::NotEmpty { .. })), "{again:?}");
}

#[tokio::test]
async fn a_damaged_export_is_refused_and_leaves_no_store_that_opens() {
    let text = exported().await;
    let lines: Vec<&str> = text.lines().collect();
    let without = |skip: usize| -> String {
        lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, line)| format!("{line}\n")).collect()
    };
    let cut = without(lines.len() - 1);
    let lost_row = without(lines.len() - 2);
    let no_header = without(0);
    let broken = text.replace("Lovelace", "Love\"lace");
    let wrong_blob = text.replace(r#""base64":"YSBjaGFydA=="#, r#""base64":"YSBjaGVydA=="#);
    assert_ne!(wrong_blob, text);
    for (what, text) in
        [("cut", cut), ("lost row", lost_row), ("no header", no_header), ("broken", broken), ("blob", wrong_blob)]
    {
        let (dir, outcome) = import(&text);
        let error = outcome.unwrap_err();
        let expected = if what == "cut" {
            matches!(error, DumpError::CutOff)
        } else {
            matches!(error, DumpError::Malformed { .. })
        };
        assert!(expected, "{what}: {error:?}");
        let opened = Store::open(&dir.path().join("store"), Options::default());
        assert!(matches!(opened, Err(OpenError::Corrupt { .. })), "{what}: {opened:?}");
    }
    let (_dir, newer) = import(&text.replace(r#""schema":1"#, r#""schema":2"#));
    assert!(matches!(newer, Err(DumpError::Newer { found: 2, known: 1 })), "{newer:?}");
}

/// The export of the first layout, with a record of an old version in it. Never change the file: it stands for what
/// lies on the disks of those who run the release.
#[tokio::test]
async fn exports_of_the_first_layout_import_for_ever() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store/v1/export.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    fs::create_dir(&path).unwrap();
    let dumped = Store::import(&path, BufReader::new(File::open(golden).unwrap())).unwrap();
    assert_eq!(dumped, Dumped { rows: 4, blobs: 1 });

    let store = open(&dir);
    assert_eq!(*store.get(&PEOPLE, "ada").unwrap().unwrap(), person("Ada", "Lovelace"));
    assert_eq!(*store.get(&PEOPLE, "grace").unwrap().unwrap(), person("Grace", "Hopper"));
    let error = store.get(&PEOPLE, "prince").unwrap_err();
    let detail = "version 1 without a name of two words".to_owned();
    assert_eq!(error, ReadError::Malformed { table: "people", key: "prince".to_owned(), detail });
    let small = store.get(&NOTES, ("ops", 7u64)).unwrap().unwrap();
    assert_eq!(store.blob(small.chart.as_ref().unwrap()).await.unwrap(), b"a chart");

    // A migrated record can be replaced like any other, and is of the current version from then on.
    let ada = store.get(&PEOPLE, "ada").unwrap().unwrap();
    commit(&store, |c| c.replace(&PEOPLE, "ada", &ada, &person("Ada", "King"))).await.unwrap();
    assert_eq!(store.get(&PEOPLE, "ada").unwrap().unwrap().family, "King");
}
