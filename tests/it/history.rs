//! What becomes of findings from one inspection to the next.

use crate::words::cluster;
use chrono::TimeDelta;
use roundsman::finding::FindingState;
use roundsman::forms::json;
use roundsman::inspection::{History, RestartCounts, Settings, inspect};
use roundsman::report::Report;
use roundsman::snapshot::{ContainerState, ContainerStatus, Resource, Running, Scope, Snapshot, Unread, Why};

fn later(mut snapshot: Snapshot) -> Snapshot {
    snapshot.taken_at += TimeDelta::minutes(30);
    snapshot
}

fn again(snapshot: &Snapshot, last: &Report) -> Report {
    inspect(snapshot, &History::since(last), &Settings::default())
}

fn titles(list: &[roundsman::report::Resolved]) -> Vec<String> {
    list.iter().map(|each| format!("{} {}", each.id, each.target)).collect()
}

#[test]
fn what_stays_is_ongoing_since_it_was_first_seen() {
    let snapshot = cluster(&["bad-image", "out-of-memory"]);
    let first = inspect(&snapshot, &History::default(), &Settings::default());
    assert_eq!((first.changes.new, first.changes.ongoing), (2, 0));
    // The last report can come from a file.
    let first = json::parse(&json::write(&first).unwrap()).unwrap();
    let second = again(&later(snapshot), &first);
    assert_eq!((second.changes.new, second.changes.ongoing), (0, 2));
    assert!(
        second
            .findings
            .iter()
            .all(|finding| finding.state == FindingState::Ongoing && finding.first_seen == first.taken_at)
    );
    assert!(second.changes.resolved.is_empty() && second.changes.not_rechecked.is_empty());
}

#[test]
fn another_pod_of_the_same_workload_is_the_same_finding() {
    let mut snapshot = cluster(&["out-of-memory"]);
    let first = inspect(&snapshot, &History::default(), &Settings::default());
    for pod in &mut snapshot.pods {
        pod.meta.name = "cart-1-anew".into();
        pod.meta.uid = "another".into();
    }
    let second = again(&later(snapshot), &first);
    assert_eq!((second.changes.new, second.changes.ongoing), (0, 1));
}

#[test]
fn what_is_gone_is_resolved_by_its_root_only() {
    let first = inspect(&cluster(&["bad-image", "out-of-memory"]), &History::default(), &Settings::default());
    let second = again(&later(cluster(&["out-of-memory"])), &first);
    assert_eq!(titles(&second.changes.resolved), ["pod/image-pull Deployment shop/checkout"]);
    assert_eq!(second.changes.ongoing, 1);
}

#[test]
fn what_could_not_be_looked_at_again_is_not_resolved_and_not_forgotten() {
    let first = inspect(&cluster(&["out-of-memory", "wrong-selector"]), &History::default(), &Settings::default());
    let mut unreadable = later(cluster(&["healthy"]));
    unreadable.unread.push(Unread { resource: Resource::Pods, why: Why::TimedOut });
    let second = again(&unreadable, &first);
    assert!(second.changes.resolved.is_empty(), "{:?}", second.changes);
    assert_eq!(second.changes.not_rechecked.len(), 2);
    let gap = second.gaps.iter().find(|gap| gap.what == "list pods").unwrap();
    assert_eq!(gap.why, "not answered in time");
    assert!(gap.checks.iter().any(|check| *check == "pod/oom-killed"));
    // It comes back as what it was, not as new.
    let third = again(&later(later(cluster(&["out-of-memory"]))), &second);
    assert_eq!(third.findings[0].first_seen, first.taken_at);
    assert_eq!(titles(&third.changes.resolved), ["service/selector-no-pods Service shop/search"]);
}

#[test]
fn what_shows_only_after_a_run_is_not_resolved_by_a_restart() {
    let first = inspect(&cluster(&["out-of-memory"]), &History::default(), &Settings::default());
    let mut restarted = later(cluster(&["out-of-memory"]));
    let begun = restarted.taken_at - TimeDelta::seconds(20);
    for pod in &mut restarted.pods {
        let running = Running { started_at: Some(begun) };
        let state = ContainerState { running: Some(running), ..Default::default() };
        let status = ContainerStatus { name: "cart".into(), ready: true, state, ..Default::default() };
        pod.meta.name = "cart-1-anew".into();
        pod.meta.creation_timestamp = Some(begun);
        pod.status.container_statuses = vec![status];
    }
    let second = again(&restarted, &first);
    assert_eq!(titles(&second.changes.too_early), ["pod/oom-killed Deployment shop/cart"]);
    assert_eq!(titles(&second.changes.resolved), Vec::<String>::new());
    let words = contract::plain(&roundsman::texts::report::chat(&second, None));
    assert!(
        words.contains("Too early to call it gone, the containers have only just been started: Deployment shop/cart")
    );

    // Killed again, it is the same finding; still running later, it is gone.
    let third = again(&later(later(cluster(&["out-of-memory"]))), &second);
    assert_eq!((third.changes.new, third.findings[0].first_seen), (0, first.taken_at));
    let third = again(&later(restarted), &second);
    assert_eq!(titles(&third.changes.resolved), ["pod/oom-killed Deployment shop/cart"]);
}

#[test]
fn another_namespace_resolves_nothing_here() {
    let first = inspect(&cluster(&["out-of-memory"]), &History::default(), &Settings::default());
    let mut elsewhere = later(cluster(&[]));
    elsewhere.scope = Scope::Namespace("lab".to_owned());
    assert_eq!(again(&elsewhere, &first).changes.not_rechecked.len(), 1);
    elsewhere.scope = Scope::Namespace("shop".to_owned());
    assert_eq!(again(&elsewhere, &first).changes.resolved.len(), 1);
}

#[test]
fn a_list_that_broke_off_still_shows_what_arrived() {
    let mut half = cluster(&["out-of-memory"]);
    half.unread.push(Unread { resource: Resource::Pods, why: Why::Failed("connection reset".to_owned()) });
    let report = inspect(&half, &History::default(), &Settings::default());
    assert!(report.findings.iter().any(|finding| finding.id == "pod/crash-loop"));
    assert!(report.findings.iter().all(|finding| finding.id != "service/selector-no-pods"));
}

#[test]
fn an_api_that_the_cluster_does_not_have_is_no_gap() {
    let mut snapshot = cluster(&["healthy"]);
    snapshot.unread = vec![Unread { resource: Resource::Ingresses, why: Why::NotServed }];
    assert!(inspect(&snapshot, &History::default(), &Settings::default()).gaps.is_empty());
}

#[test]
fn restarts_are_measured_against_the_counts_of_the_last_time() {
    let mut snapshot = cluster(&["healthy"]);
    let count = |snapshot: &mut Snapshot, count: i32| {
        let mut status = roundsman::snapshot::ContainerStatus { name: "api".into(), ..Default::default() };
        status.restart_count = count;
        snapshot.pods[0].status.container_statuses = vec![status];
    };
    count(&mut snapshot, 40);
    let counts = RestartCounts::of(&snapshot);
    let stored: RestartCounts = serde_json::from_str(&serde_json::to_string(&counts).unwrap()).unwrap();
    count(&mut snapshot, 42);
    let history = History::default().with_restarts(stored.clone());
    assert!(inspect(&snapshot, &history, &Settings::default()).findings.is_empty());
    count(&mut snapshot, 43);
    let history = History::default().with_restarts(stored);
    assert_eq!(inspect(&snapshot, &history, &Settings::default()).findings[0].id, "pod/restart-spike");
}
