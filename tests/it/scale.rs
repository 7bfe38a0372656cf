//! Synthetic clusters behind an API server in memory: every planted fault is found, and work grows with the cluster, not faster.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::Full;
use roundsman::cluster::Cluster;
use roundsman::inspection::{self, History, Order, Settings, inspect};
use roundsman::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::sync::Arc;
use synthetic::{Fault, Plan};

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// Lists by their path, over all namespaces.
fn lists(plan: &Plan) -> BTreeMap<String, Vec<Value>> {
    let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in plan.batches().flat_map(|batch| batch.objects) {
        let path = match object.path.split_once("/namespaces/") {
            Some((root, rest)) => format!("{root}/{}", rest.split('/').nth(1).unwrap()),
            None => object.path,
        };
        lists.entry(path).or_default().push(object.value);
    }
    lists
}

/// A cluster whose server has these lists, all others empty.
fn serve(lists: BTreeMap<String, Vec<Value>>) -> Cluster {
    let body =
        |items: &[Value]| json!({"kind": "AnyList", "apiVersion": "v1", "metadata": {}, "items": items}).to_string();
    let bodies: BTreeMap<String, Bytes> =
        lists.iter().map(|(path, items)| (path.clone(), body(items).into())).collect();
    let bodies = Arc::new(bodies);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let bodies = Arc::clone(&bodies);
        async move {
            let path = request.uri().path();
            let body = match bodies.get(path) {
                Some(body) => body.clone(),
                None if path == "/version" => {
                    json!({"major": "1", "minor": "37", "gitVersion": "v1.37.2"}).to_string().into()
                }
                None => json!({"kind": "AnyList", "items": []}).to_string().into(),
            };
            Ok::<_, Infallible>(http::Response::new(Full::new(body)))
        }
    });
    Cluster::from_client("synthetic", kube::Client::new(service, "default"))
}

fn found(report: &roundsman::report::Report) -> BTreeSet<(String, String)> {
    let name =
        |finding: &roundsman::finding::Finding| (finding.id.as_str().to_owned(), crate::checks::path(&finding.target));
    report.findings.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_fault_is_found_and_a_healthy_cluster_is_healthy() {
    for seed in [1, 2] {
        let plan = Plan { faults_one_in: 5, ..Plan::new(seed, 500, now()) };
        let planted: Vec<Fault> = plan.batches().flat_map(|batch| batch.faults).collect();
        assert!(planted.len() > 10, "{planted:?}");
        let inspected =
            inspection::run(&serve(lists(&plan)), &Order::daily(None), &History::default(), now()).await.unwrap();
        let found = found(&inspected.report);
        let missed: Vec<&Fault> =
            planted.iter().filter(|fault| !found.contains(&(fault.check.to_owned(), fault.target.clone()))).collect();
        assert!(missed.is_empty(), "not found: {missed:#?}\nfound: {found:#?}");

        let healthy = lists(&plan.healthy());
        assert_eq!(healthy["/api/v1/pods"].len(), 500);
        let inspected =
            inspection::run(&serve(healthy), &Order::daily(None), &History::default(), now()).await.unwrap();
        let said: Vec<_> =
            inspected.report.findings.iter().map(|f| (&f.id, crate::checks::path(&f.target), &f.title)).collect();
        assert!(said.is_empty(), "{said:#?}");
    }
}

/// CPU of this thread alone, which the load of the machine does not change.
fn cpu_of(work: impl FnOnce()) -> u64 {
    let nanos = || -> u64 {
        let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split(' ').next().unwrap().parse().unwrap()
    };
    let before = nanos();
    work();
    nanos() - before
}

#[test]
fn four_times_the_cluster_is_about_four_times_the_work() {
    let cost = |pods: usize| {
        // Half of everything is broken: findings, and not only objects, are many.
        let plan = Plan { faults_one_in: 2, ..Plan::new(7, pods, now()) };
        let objects = plan.batches().flat_map(|batch| batch.objects).map(|object| object.value);
        let snapshot = Snapshot::from_objects(now(), objects).unwrap();
        let mut findings = 0;
        let cpu = cpu_of(|| findings = inspect(&snapshot, &History::default(), &Settings::default()).findings.len());
        println!("{pods} pods: {findings} findings, {} ms", cpu / 1_000_000);
        cpu
    };
    let (small, large) = (cost(700), cost(2800));
    assert!(large < small * 8, "{small} ns, then {large} ns for four times as much: that is no straight line");
}
