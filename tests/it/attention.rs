//! What stays out of a report, and what comes back.

use crate::words::cluster;
use chrono::{DateTime, TimeDelta, Utc};
use roundsman::finding::{FindingState, Note, Severity};
use roundsman::finding::{Level, kept_out::Kind};
use roundsman::forms::json;
use roundsman::inspection::attention::{Change, Flapping, Rule, Silence, What};
use roundsman::inspection::{History, Memory, Settings, inspect};
use roundsman::report::Report;
use roundsman::snapshot::{Annotations, Labels, Namespace, Resource, Snapshot, Unread, Why};
use roundsman::texts;

fn look(snapshot: &Snapshot, history: &History, silences: &[Silence]) -> Report {
    let settings = Settings { silences: silences.to_vec(), ..Settings::default() };
    let report = inspect(snapshot, history, &settings);
    // The next inspection reads it from the disk.
    json::parse(&json::write(&report).unwrap()).unwrap()
}

fn first(snapshot: &Snapshot) -> Report {
    look(snapshot, &History::default(), &[])
}

fn later(snapshot: &Snapshot, hours: i64) -> Snapshot {
    let mut snapshot = snapshot.clone();
    snapshot.taken_at += TimeDelta::hours(hours);
    snapshot
}

fn silence(what: What, until: Option<DateTime<Utc>>) -> Silence {
    let at = "2026-11-23T09:00:00Z".parse().unwrap();
    Silence { id: "m-1".to_owned(), what, by: "alice".to_owned(), why: None, at, until }
}

fn rule(rule: Rule) -> Silence {
    silence(What::Rule(rule), None)
}

/// The finding at the top of a report, silenced as it is there.
fn worst(report: &Report, until: Option<DateTime<Utc>>) -> Silence {
    let trees = report.trees();
    let tree = &trees[0];
    let root = tree.root;
    let level = Level::with_all(root, tree.explains.iter().copied());
    let (target, title) = (root.target.clone(), root.title.clone());
    silence(What::Finding { fingerprint: root.fingerprint.clone(), target, title, level }, until)
}

/// One more pod of the same workload in the same trouble.
fn one_more_pod(snapshot: &Snapshot, name: &str) -> Snapshot {
    let mut snapshot = snapshot.clone();
    let mut pod = snapshot.pods.iter().find(|pod| pod.meta.name == "cart-1-x").unwrap().clone();
    pod.meta.name = name.into();
    pod.meta.uid = name.into();
    snapshot.pods.push(pod);
    snapshot
}

fn told(report: &Report) -> Vec<String> {
    report.findings.iter().map(|finding| format!("{} {}", finding.id, finding.target.name)).collect()
}

fn kept_out(report: &Report) -> Vec<(Kind, usize)> {
    report.kept_out_counts().into_iter().collect()
}

#[test]
fn what_is_acknowledged_stays_out_with_all_that_it_explains_and_is_counted() {
    let snapshot = cluster(&["out-of-memory"]);
    let report = first(&snapshot);
    let ack = worst(&report, None);
    let second = look(&later(&snapshot, 1), &History::since(&report), std::slice::from_ref(&ack));
    assert_eq!((told(&second), kept_out(&second)), (Vec::<String>::new(), vec![(Kind::Acknowledged, 1)]));
    assert_eq!((second.score, second.worst()), (100, None));
    assert!(second.changes.resolved.is_empty(), "it is not solved: {:?}", second.changes);
    let line = contract::plain(&texts::report::chat(&second, None));
    assert!(line.contains("all is well") && line.contains("Kept out: 1 acknowledged."), "{line}");
    // Told again, it is what it was and not new.
    let third = look(&later(&snapshot, 2), &History::since(&second), &[]);
    assert_eq!((third.changes.new, third.changes.ongoing, third.changes.returned), (0, 1, 1));
    assert_eq!(third.findings[0].first_seen, report.taken_at);
}

#[test]
fn what_grows_worse_comes_back_and_says_so_until_it_shrinks() {
    let snapshot = cluster(&["out-of-memory"]);
    let report = first(&snapshot);
    let ack = [worst(&report, None)];
    let second = look(&later(&snapshot, 1), &History::since(&report), &ack);
    let grown = one_more_pod(&snapshot, "cart-1-y");
    let third = look(&later(&grown, 2), &History::since(&second), &ack);
    assert_eq!((third.changes.returned, kept_out(&third)), (1, Vec::new()));
    let line = contract::plain(&texts::report::chat(&third, None));
    assert!(line.contains("acknowledged by alice, worse since: critical on 1 object then"), "{line}");
    // Still worse, still told, but it does not come back a second time.
    let fourth = look(&later(&grown, 3), &History::since(&third), &ack);
    assert_eq!((fourth.changes.returned, fourth.changes.ongoing, kept_out(&fourth)), (0, 1, Vec::new()));
    let fifth = look(&later(&snapshot, 4), &History::since(&fourth), &ack);
    assert_eq!((fifth.changes.ongoing, kept_out(&fifth)), (0, vec![(Kind::Acknowledged, 1)]));
}

#[test]
fn a_rule_covers_each_finding_by_itself_and_never_hides_what_follows_from_it() {
    let snapshot = cluster(&["out-of-memory"]);
    let mute = [rule(Rule { checks: vec!["pod/oom-*".into()], ..Rule::default() })];
    let report = look(&snapshot, &History::default(), &mute);
    assert_eq!(kept_out(&report), [(Kind::Muted, 1)]);
    let root = report.trees()[0].root;
    assert_eq!((root.id.as_str(), root.caused_by.as_ref()), ("pod/crash-loop", None));
    assert_eq!(report.trees().len(), 1, "{:?}", told(&report));
    // A symptom that is muted is only left out of the tree: it is no root that would be counted.
    let mute = [rule(Rule { checks: vec!["pod/crash-loop".into()], ..Rule::default() })];
    let report = look(&snapshot, &History::default(), &mute);
    let unavailable = report.findings.iter().find(|finding| finding.id == "deployment/unavailable").unwrap();
    assert_eq!(unavailable.caused_by.as_ref(), Some(&report.trees()[0].root.fingerprint));
    assert_eq!((report.trees().len(), kept_out(&report), report.kept_out.len()), (1, Vec::new(), 1));
}

#[test]
fn a_rule_means_namespaces_names_and_labels_together() {
    let mut snapshot = cluster(&["out-of-memory", "wrong-selector", "node-down"]);
    for deployment in &mut snapshot.deployments {
        deployment.meta.labels = [("team", "fruit")].into_iter().collect::<Labels>();
    }
    let count = |rule_: Rule| look(&snapshot, &History::default(), &[rule(rule_)]).kept_out.len();
    let all = first(&snapshot).findings.len();
    let shop = || vec!["shop".into()];
    let of_deployments = first(&snapshot).findings.iter().filter(|finding| finding.target.kind == "Deployment").count();
    let carts = first(&snapshot).findings.iter().filter(|finding| finding.target.name == "cart").count();
    let trouble = first(&snapshot);
    let in_shop = trouble.findings.iter().filter(|finding| finding.target.namespace.as_deref() == Some("shop"));
    let in_shop = in_shop.count();
    assert!(0 < carts && carts < of_deployments && of_deployments < in_shop && in_shop < all);
    assert_eq!(count(Rule { namespaces: shop(), ..Rule::default() }), in_shop);
    assert_eq!(count(Rule { namespaces: vec!["lab-*".into()], ..Rule::default() }), 0);
    assert_eq!(count(Rule { namespaces: shop(), names: vec!["cart*".into()], ..Rule::default() }), carts);
    let labels = [("team".to_owned(), "fruit".into())].into();
    assert_eq!(count(Rule { labels, ..Rule::default() }), of_deployments);
    let labels = [("team".to_owned(), "veg*".into())].into();
    assert_eq!(count(Rule { labels, ..Rule::default() }), 0);
}

#[test]
fn what_has_no_namespace_is_only_meant_where_none_is_named() {
    let snapshot = cluster(&["node-down"]);
    let everywhere = rule(Rule { namespaces: vec!["*".into()], ..Rule::default() });
    let report = look(&snapshot, &History::default(), &[everywhere]);
    assert!(report.findings.iter().all(|finding| finding.target.kind == "Node"), "{:?}", told(&report));
    let node = rule(Rule { checks: vec!["node/*".into()], ..Rule::default() });
    let report = look(&snapshot, &History::default(), &[node]);
    assert!(report.findings.iter().all(|finding| finding.target.kind != "Node"), "{:?}", told(&report));
}

#[test]
fn a_mute_measures_by_the_last_report_and_what_outgrows_it_comes_back() {
    let snapshot = cluster(&["out-of-memory"]);
    let report = first(&snapshot);
    let mute = [rule(Rule { namespaces: vec!["shop".into()], ..Rule::default() })];
    // Grown between the report in which somebody saw it and the first inspection that minds the mute.
    let grown = look(&later(&one_more_pod(&snapshot, "cart-1-y"), 1), &History::since(&report), &mute);
    let worse: Vec<&str> = grown.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert!(worse.contains(&"pod/oom-killed") && !worse.contains(&"deployment/unavailable"), "{worse:?}");
    let Note::Worse { kind: Kind::Muted, was, .. } = &grown.findings[0].notes[0] else {
        panic!("{:?}", grown.findings[0].notes)
    };
    assert_eq!(was.objects, 1);
    // Without a report before there is nothing to measure by: it is as bad as it is now.
    let at_once = look(&one_more_pod(&snapshot, "cart-1-y"), &History::default(), &mute);
    assert_eq!(told(&at_once), Vec::<String>::new());
    let later = look(&later(&one_more_pod(&snapshot, "cart-1-y"), 1), &History::since(&at_once), &mute);
    assert_eq!(told(&later), Vec::<String>::new());
}

#[test]
fn a_snooze_ends_and_says_so_once() {
    let snapshot = cluster(&["out-of-memory"]);
    let report = first(&snapshot);
    let snooze = [worst(&report, Some(snapshot.taken_at + TimeDelta::hours(4)))];
    let during = look(&later(&snapshot, 3), &History::since(&report), &snooze);
    assert_eq!(kept_out(&during), [(Kind::Snoozed, 1)]);
    let after = look(&later(&snapshot, 4), &History::since(&during), &snooze);
    assert_eq!((after.changes.returned, kept_out(&after)), (1, Vec::new()));
    let line = contract::plain(&texts::report::chat(&after, None));
    assert!(line.contains("snoozed by alice until now"), "{line}");
    let again = look(&later(&snapshot, 5), &History::since(&after), &[]);
    assert!(again.changes.returned == 0 && again.findings.iter().all(|finding| finding.notes.is_empty()));
}

#[test]
fn what_objects_say_of_themselves_counts() {
    let annotate = |list: &str| -> Annotations {
        serde_json::from_value(serde_json::json!({ "roundsman.dev/ignore": list })).unwrap()
    };
    let snapshot = cluster(&["out-of-memory"]);
    let all = first(&snapshot).findings.len();
    let on_deployment = |list: &str| {
        let mut snapshot = snapshot.clone();
        snapshot.deployments[0].meta.annotations = annotate(list);
        first(&snapshot)
    };
    let report = on_deployment("*");
    assert_eq!(
        (told(&report), kept_out(&report)),
        (vec!["service/no-endpoints cart".to_owned()], vec![(Kind::Ignored, 1)])
    );
    assert_eq!(report.kept_out[0].because.silence, "Deployment shop/cart");
    assert_eq!(on_deployment("pod/oom-killed, pod/crash-*").kept_out.len(), 2);
    assert_eq!(on_deployment("pod/oom, node/*").findings.len(), all);
    let on_pods = |snapshot: Snapshot| {
        let mut snapshot = snapshot;
        snapshot.pods[0].meta.annotations = annotate("*");
        first(&snapshot)
    };
    let ignored = on_pods(snapshot.clone()).kept_out.len();
    assert!(0 < ignored && ignored < all, "what pods show, not what their Deployment does");
    assert_eq!(on_pods(one_more_pod(&snapshot, "cart-1-y")).kept_out.len(), 0, "one of two says nothing for both");
    let mut namespace = Namespace::default();
    namespace.meta.name = "shop".into();
    namespace.meta.annotations = annotate("*");
    let mut whole = snapshot.clone();
    whole.namespaces.push(namespace);
    assert_eq!(first(&whole).kept_out.len(), all);
    // Who asks why, or means to look at it all the same, sees it.
    let settings = Settings { tells_ignored: true, ..Settings::default() };
    assert_eq!(inspect(&whole, &History::default(), &settings).findings.len(), all);
}

#[test]
fn what_is_solved_is_told_if_somebody_waited_for_it() {
    let (trouble, healthy) = (cluster(&["out-of-memory"]), cluster(&["healthy"]));
    let report = first(&trouble);
    let resolved = |silences: &[Silence]| {
        let silenced = look(&later(&trouble, 1), &History::since(&report), silences);
        assert!(silenced.findings.is_empty());
        let gone = look(&later(&healthy, 2), &History::since(&silenced), silences);
        assert!(gone.kept_out.is_empty());
        gone.changes.resolved.len()
    };
    assert_eq!(resolved(&[worst(&report, None)]), 1);
    assert_eq!(resolved(&[worst(&report, Some(trouble.taken_at + TimeDelta::days(1)))]), 1);
    assert_eq!(resolved(&[rule(Rule { namespaces: vec!["shop".into()], ..Rule::default() })]), 0);
}

#[test]
fn what_could_not_be_looked_at_again_stays_out() {
    let snapshot = cluster(&["out-of-memory"]);
    let report = first(&snapshot);
    let ack = [worst(&report, None)];
    let second = look(&later(&snapshot, 1), &History::since(&report), &ack);
    let mut blind = later(&cluster(&[]), 2);
    blind.unread.extend(Resource::ALL.iter().map(|resource| Unread { resource: *resource, why: Why::TimedOut }));
    let third = look(&blind, &History::since(&second), &ack);
    assert_eq!(kept_out(&third), [(Kind::Acknowledged, 1)]);
    assert!(third.changes.resolved.is_empty() && third.changes.not_rechecked.is_empty());
    let fourth = look(&later(&snapshot, 3), &History::since(&third), &[]);
    assert_eq!((fourth.changes.new, fourth.findings[0].first_seen), (0, report.taken_at));
}

#[test]
fn severities_and_numbers_are_others_where_the_configuration_says_so() {
    let mut snapshot = cluster(&["out-of-memory"]);
    // The same pod by itself in another namespace.
    let mut alone = snapshot.pods[0].clone();
    alone.meta.namespace = "lab".into();
    alone.meta.owner_references.clear();
    snapshot.pods.push(alone);
    // It runs again, and nobody knows for how long it did before: not a crash loop, but a spike.
    for status in snapshot.pods.iter_mut().flat_map(|pod| &mut pod.status.container_statuses) {
        status.state = roundsman::snapshot::ContainerState::default();
    }
    let restarts = |changes: Vec<Change>| {
        let report = inspect(&snapshot, &History::default(), &Settings { changes, ..Settings::default() });
        let spikes = report.findings.into_iter().filter(|finding| finding.id == "pod/restart-spike");
        let place = |target: roundsman::finding::Target| target.namespace.unwrap();
        let mut spikes: Vec<_> = spikes.map(|finding| (place(finding.target), finding.severity)).collect();
        spikes.sort();
        spikes
    };
    let (lab, shop) = ("lab".to_owned(), "shop".to_owned());
    let number = |namespaces: &[&str], restarts| Change {
        namespaces: namespaces.iter().map(|name| (*name).into()).collect(),
        thresholds: vec![("restarts", restarts)],
        ..Change::default()
    };
    let severity =
        |checks: &str, severity| Change { checks: vec![checks.into()], severity: Some(severity), ..Change::default() };
    assert_eq!(restarts(vec![]), [(lab.clone(), Severity::High), (shop.clone(), Severity::High)]);
    assert_eq!(restarts(vec![number(&["lab*"], 10)]), [(shop.clone(), Severity::High)]);
    assert_eq!(restarts(vec![number(&[], 10)]), []);
    // The later one wins.
    assert_eq!(restarts(vec![number(&[], 10), number(&["shop"], 9)]), [(shop.clone(), Severity::High)]);
    let low = severity("pod/*", Severity::Low);
    assert_eq!(restarts(vec![low.clone()]), [(lab, Severity::Low), (shop.clone(), Severity::Low)]);
    let medium = Change { namespaces: vec!["shop".into()], ..severity("pod/restart-spike", Severity::Medium) };
    assert_eq!(restarts(vec![low, medium])[1], (shop, Severity::Medium));
}

#[test]
fn what_comes_and_goes_is_called_flapping() {
    let (trouble, healthy) = (cluster(&["out-of-memory"]), cluster(&["healthy"]));
    let settings = Settings { flapping: Flapping { times: 3, within: TimeDelta::hours(24) }, ..Settings::default() };
    let mut history = History::default();
    let mut notes = Vec::new();
    // It is there, gone, and there again, every two hours; at last it stays.
    for (hours, snapshot) in [&trouble, &healthy, &trouble, &healthy, &trouble, &trouble].into_iter().enumerate() {
        let snapshot = later(snapshot, 2 * hours as i64);
        let report = inspect(&snapshot, &history, &settings);
        let memory = Memory::of(&snapshot, history.memory()).and(&report);
        // That another cluster stands there each time is a drift.
        let root = report.findings.iter().find(|finding| !finding.id.as_str().starts_with("drift/"));
        notes.push(root.map(|root| (root.state, root.notes.clone())));
        history =
            History::since(&report).with_memory(serde_json::from_value(serde_json::to_value(memory).unwrap()).unwrap());
    }
    let flapping = vec![Note::Flapping { times: 3, hours: 24 }];
    let (new, known) = (FindingState::New, FindingState::Ongoing);
    assert_eq!(
        notes,
        [Some((new, vec![])), None, Some((new, vec![])), None, Some((new, flapping.clone())), Some((known, flapping))]
    );
    // A day of rest, and it is forgotten.
    let calm = later(&trouble, 34);
    let report = inspect(&calm, &history, &settings);
    assert!(report.findings.iter().all(|finding| finding.notes.is_empty()));
}
