//! What is kept, for how long, and that what an earlier release kept is still read.

use super::{DAYS, Listener, REPORTS, RUNS, Retention, history, keep, latest, run_key, trend};
use crate::inspection::{Day, Inspected, Memory, Settings, inspect};
use crate::snapshot::Snapshot;
use crate::store::{Commit, Direction, Keys, Options, Store};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    (dir, store)
}

/// A container that has restarted so often by then.
fn snapshot(at: DateTime<Utc>, restarts: i32) -> Snapshot {
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "shop", "name": "api", "uid": "u1"},
        "status": {"containerStatuses": [{"name": "api", "restartCount": restarts}]}});
    Snapshot { cluster: "prod".to_owned(), ..Snapshot::from_objects(at, vec![pod]).unwrap() }
}

/// One inspection, as the conductor keeps it.
async fn inspected(store: &Store, at: DateTime<Utc>, restarts: i32, retention: Retention) {
    let history = history(store, "prod", None).unwrap();
    let snapshot = snapshot(at, restarts);
    let report = inspect(&snapshot, &history, &Settings::default());
    let memory = Memory::of(&snapshot, history.memory()).and(&report);
    let day = Day::of(&report).measured(&snapshot, history.memory(), &memory);
    let mut commit = Commit::new();
    keep(store, &mut commit, None, &Inspected { report, memory, day }, retention).unwrap();
    store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn reports_thin_out_and_days_stay() {
    let (_dir, store) = store();
    let retention = Retention { report_days: 20, trend_days: 30 };
    let begin: DateTime<Utc> = "2026-11-01T06:00:00Z".parse().unwrap();
    // Twice a day for forty days, and two restarts between any two inspections.
    for half_day in 0..80 {
        inspected(&store, begin + TimeDelta::hours(12 * half_day), 2 * half_day as i32, retention).await;
    }
    let reports = store.keys(&REPORTS, &Keys::all(), usize::MAX, Direction::Ascending).unwrap();
    // Nine days with both of theirs (the first of them reaches into the ninth), eleven with the last one.
    assert_eq!(reports.len(), 17 + 12, "{reports:?}");
    let trend = trend(&store, "prod", None).unwrap();
    assert_eq!(trend.days.len(), 31);
    assert!(trend.days.windows(2).all(|pair| pair[0].date < pair[1].date));
    let day = trend.days.last().unwrap();
    assert_eq!((day.date.to_string().as_str(), day.inspections, day.restarts), ("2026-12-10", 2, 4));
    assert_eq!((day.score, day.capacity.pods), (100, 1));
    // What is kept again by a later commit of the same inspection counts once.
    let last = latest(&store, "prod", None).unwrap().unwrap().report;
    let mut commit = Commit::new();
    let again = Inspected { report: last, memory: Memory::default(), day: day.clone() };
    keep(&store, &mut commit, None, &again, retention).unwrap();
    assert!(commit.is_empty());
    // One memory, whatever has been.
    let history = history(&store, "prod", None).unwrap();
    assert_eq!(history.memory().unwrap().taken_at, begin + TimeDelta::hours(12 * 79));
}

#[tokio::test]
async fn a_namespace_has_days_and_a_memory_of_its_own() {
    let (_dir, store) = store();
    let at: DateTime<Utc> = "2026-11-01T06:00:00Z".parse().unwrap();
    inspected(&store, at, 7, Retention::default()).await;
    assert!(history(&store, "prod", Some("shop")).unwrap().memory().is_none());
    assert_eq!(trend(&store, "prod", Some("shop")).unwrap().days, []);
    assert_eq!(store.count(&DAYS, &Keys::under(run_key("prod", None))).unwrap(), 1);
}

#[test]
fn what_the_first_release_kept_is_still_known() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store/v1/reports.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    std::fs::create_dir(&path).unwrap();
    Store::import(&path, std::io::BufReader::new(std::fs::File::open(golden).unwrap())).unwrap();
    let store = Store::open(&path, Options::default()).unwrap();

    let report = latest(&store, "prod", None).unwrap().unwrap().report;
    assert!(report.kept_out.is_empty() && report.findings[0].notes.is_empty());
    let history = history(&store, "prod", None).unwrap();
    let restarted = history.restarted(&"u1".into(), "api", 42, report.taken_at + TimeDelta::days(1)).unwrap();
    assert_eq!((restarted.before, restarted.more), (40, 2));
    let memory = Memory { restarts: history.memory().unwrap().restarts.clone(), ..Memory::default() };
    assert_eq!(history.memory(), Some(&memory), "nothing else is known, so that nothing looks drifted");
    let run = store.get(&RUNS, run_key("prod", None)).unwrap().unwrap();
    assert!(matches!(run.audience.as_slice(), [Listener::Subscription { .. }, Listener::Request { .. }]));
}
