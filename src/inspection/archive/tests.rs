//! What is kept, for how long, and that what an earlier release kept is still read.

use super::{DAYS, Listener, REPORTS, RUNS, Retention, Scope, history, keep, latest, trend};
use crate::finding::{FindingState, Severity};
use crate::inspection::{Day, Inspected, Memory, Settings, inspect};
use crate::report::CheckSet;
use crate::report::Report;
use crate::snapshot::Snapshot;
use crate::store::{Commit, Direction, Keys, Options, Store};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

const PROD: Scope<'_> = Scope { cluster: "prod", namespace: None, set: CheckSet::Daily };

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
    let history = history(store, PROD).unwrap();
    let snapshot = snapshot(at, restarts);
    let report = inspect(&snapshot, &history, &Settings::default());
    let memory = Memory::of(&snapshot, history.memory()).and(&report);
    let day = Day::of(&report).measured(&snapshot, history.memory(), &memory);
    let mut commit = Commit::new();
    keep(store, &mut commit, PROD, &Inspected { report, memory, day }, retention).unwrap();
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
    let trend = trend(&store, PROD).unwrap();
    assert_eq!(trend.days.len(), 31);
    assert!(trend.days.windows(2).all(|pair| pair[0].date < pair[1].date));
    let day = trend.days.last().unwrap();
    assert_eq!((day.date.to_string().as_str(), day.inspections, day.restarts), ("2026-12-10", 2, 4));
    assert_eq!((day.score, day.capacity.pods), (100, 1));
    // What is kept again by a later commit of the same inspection counts once.
    let last = latest(&store, PROD).unwrap().unwrap().report;
    let mut commit = Commit::new();
    let again = Inspected { report: last, memory: Memory::default(), day: day.clone() };
    keep(&store, &mut commit, PROD, &again, retention).unwrap();
    assert!(commit.is_empty());
    // One memory, whatever has been.
    let history = history(&store, PROD).unwrap();
    assert_eq!(history.memory().unwrap().taken_at, begin + TimeDelta::hours(12 * 79));
}

#[tokio::test]
async fn a_namespace_has_days_and_a_memory_of_its_own() {
    let (_dir, store) = store();
    let at: DateTime<Utc> = "2026-11-01T06:00:00Z".parse().unwrap();
    inspected(&store, at, 7, Retention::default()).await;
    let shop = Scope { namespace: Some("shop"), ..PROD };
    assert!(history(&store, shop).unwrap().memory().is_none());
    assert_eq!(trend(&store, shop).unwrap().days, []);
    assert_eq!(store.count(&DAYS, &Keys::under(PROD.key())).unwrap(), 1);
}

/// A StatefulSet that uses a tenth of what it asks for, and who may do everything.
fn idle(at: DateTime<Utc>, restarts: i32, admins: &[&str]) -> Snapshot {
    let owner = serde_json::json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "s1", "controller": true}]);
    let meta = serde_json::json!({"namespace": "shop", "name": "db-0", "uid": "u1", "ownerReferences": owner});
    let mut objects = vec![
        serde_json::json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"namespace": "shop", "name": "db", "uid": "s1"}}),
        serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta,
            "spec": {"containers": [{"name": "db", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "db", "restartCount": restarts}]}}),
        serde_json::json!({"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
            "metadata": {"namespace": "shop", "name": "db-0"},
            "containers": [{"name": "db", "usage": {"cpu": "100m", "memory": "900Mi"}}]}),
    ];
    objects.extend(admins.iter().map(|admin| {
        serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": admin}, "subjects": [{"kind": "User", "name": admin}],
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}})
    }));
    Snapshot { cluster: "prod".to_owned(), ..Snapshot::from_objects(at, objects).unwrap() }
}

/// One inspection by some of the checks, as the conductor keeps it.
async fn inspected_by(store: &Store, snapshot: &Snapshot, set: CheckSet) -> Report {
    let history = history(store, PROD.with(set)).unwrap();
    let report = inspect(snapshot, &history, &Settings { set, ..Settings::default() });
    let memory = Memory::of(snapshot, history.memory()).and(&report);
    let day = Day::of(&report).measured(snapshot, history.memory(), &memory);
    let mut commit = Commit::new();
    let inspected = Inspected { report: report.clone(), memory, day };
    keep(store, &mut commit, PROD.with(set), &inspected, Retention::default()).unwrap();
    store.commit(commit).await.unwrap();
    report
}

#[tokio::test]
async fn what_is_measured_is_everybodys_and_what_is_compared_is_each_sets_own() {
    let (_dir, store) = store();
    let at = |hours: i64| "2026-11-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours);
    let severity = |report: &Report, id: &str, name: &str| {
        let found = report.findings.iter().find(|finding| finding.id == id && finding.target.name == name);
        found.map(|finding| finding.severity)
    };
    let hygiene = inspected_by(&store, &idle(at(0), 1, &["eve"]), CheckSet::Hygiene).await;
    assert_eq!(severity(&hygiene, "rbac/cluster-admin", "eve"), Some(Severity::Medium), "nobody knows since when");
    for (hours, restarts) in [(1, 2), (12, 2), (26, 3)] {
        let daily = inspected_by(&store, &idle(at(hours), restarts, &["eve", "mallory"]), CheckSet::Daily).await;
        assert!(daily.findings.iter().all(|finding| finding.id != "workload/over-requested"));
    }
    let hygiene = inspected_by(&store, &idle(at(27), 3, &["eve", "mallory"]), CheckSet::Hygiene).await;
    assert_eq!(severity(&hygiene, "workload/over-requested", "db"), Some(Severity::Low), "{:?}", hygiene.findings);
    let admins = ["eve", "mallory"].map(|name| severity(&hygiene, "rbac/cluster-admin", name));
    assert_eq!(admins, [Some(Severity::Medium), Some(Severity::High)], "the daily checks saw mallory first");

    // Restarts that the hygiene checks counted meanwhile are no less the day's.
    inspected_by(&store, &idle(at(28), 8, &[]), CheckSet::Hygiene).await;
    inspected_by(&store, &idle(at(29), 9, &[]), CheckSet::Daily).await;
    let days = trend(&store, PROD).unwrap().days;
    assert_eq!(days.iter().map(|day| (day.inspections, day.restarts)).collect::<Vec<_>>(), [(2, 0), (2, 7)]);
    let usage = history(&store, PROD).unwrap().memory().unwrap().usage.clone().unwrap();
    assert_eq!(usage["StatefulSet/shop/db"].len(), 7, "every inspection measures");

    // The first of all checks together calls nothing new that one of them has told, and nothing resolved.
    let all = inspected_by(&store, &idle(at(30), 9, &["eve"]), CheckSet::All).await;
    let state = |id: &str| all.findings.iter().find(|finding| finding.id == id).map(|finding| finding.state);
    assert_eq!(state("workload/over-requested"), Some(FindingState::Ongoing), "{:?}", all.findings);
    assert_eq!(state("rbac/cluster-admin"), Some(FindingState::New), "{:?}", all.findings);
    assert_eq!(all.changes.resolved, []);
}

#[test]
fn what_the_first_release_kept_is_still_known() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/store/v1/reports.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    std::fs::create_dir(&path).unwrap();
    Store::import(&path, std::io::BufReader::new(std::fs::File::open(golden).unwrap())).unwrap();
    let store = Store::open(&path, Options::default()).unwrap();

    let report = latest(&store, PROD).unwrap().unwrap().report;
    assert!(report.kept_out.is_empty() && report.findings[0].notes.is_empty());
    let history = history(&store, PROD).unwrap();
    let restarted = history.restarted(&"u1".into(), "api", 42, report.taken_at + TimeDelta::days(1)).unwrap();
    assert_eq!((restarted.before, restarted.more), (40, 2));
    let memory = Memory { restarts: history.memory().unwrap().restarts.clone(), ..Memory::default() };
    assert_eq!(history.memory(), Some(&memory), "nothing else is known, so that nothing looks drifted");
    let run = store.get(&RUNS, PROD.key()).unwrap().unwrap();
    assert!(matches!(run.audience.as_slice(), [Listener::Subscription { .. }, Listener::Request { .. }]));
}
