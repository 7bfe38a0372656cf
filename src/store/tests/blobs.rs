//! Records and files that are too big for the tree.

use super::*;

#[tokio::test]
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
