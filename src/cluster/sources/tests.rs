//! What asking the sources does with servers that are healthy, ill, strict, slow or odd.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Sources;
use crate::cluster::fake::{Answer, Asked, cluster, pod, version};
use crate::cluster::{Limits, ReadRequest};
use crate::signals::{Endpoint, fake};
use crate::snapshot::{Origin, Resource, Scope, Snapshot, State, Why};

fn only(resources: &[Resource]) -> ReadRequest {
    let all = ReadRequest::new("2026-11-23T09:00:00Z".parse().unwrap());
    ReadRequest { resources: resources.iter().copied().collect(), ..all }
}

fn failed(snapshot: &Snapshot, resource: Resource) -> &str {
    match snapshot.state_of(resource) {
        State::Unread(Why::Failed(why)) => why,
        other => panic!("{resource}: {other:?}"),
    }
}

const SICK: &str = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n";

#[tokio::test]
async fn a_server_that_is_ill_says_what_is_ill_and_is_asked_once() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/readyz" => Answer::text(SICK).status(500),
            "/livez" => Answer::text("ok"),
            _ => Answer::items([]),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::HealthChecks, Resource::RequestStats])).await.unwrap();
    assert!(snapshot.has_read(Resource::HealthChecks));
    let checks: Vec<(&str, &str, bool)> =
        snapshot.health_checks.iter().map(|check| (&*check.endpoint, &*check.meta.name, check.ok)).collect();
    assert_eq!(checks, [("readyz", "ping", true), ("readyz", "etcd", false), ("livez", "livez", true)]);
    assert_eq!(log.lock().unwrap().len(), 3, "the version, and each endpoint once");
    let [stats] = snapshot.request_stats.as_slice() else { panic!("{:?}", snapshot.request_stats) };
    assert_eq!((stats.requests, stats.throttled, stats.retried), (3, 0, 0));
    assert_eq!(snapshot.reads.objects, 0, "what is no object is not counted as one");
}

#[tokio::test(start_paused = true)]
async fn how_the_server_answered_is_told() {
    let times = std::sync::atomic::AtomicU32::new(0);
    let (cluster, _log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 | 1 => Answer::refusal(429, "too many"),
            2 => Answer::text(r#"{"kind":"PodList","items":["#).breaks(),
            _ => Answer::items([pod("a")]),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods, Resource::RequestStats])).await.unwrap();
    let stats = &snapshot.request_stats[0];
    assert_eq!((stats.requests, stats.throttled, stats.retried), (5, 2, 3));
}

#[tokio::test(start_paused = true)]
async fn who_answers_behind_the_server_does_not_count_as_the_server() {
    let (cluster, _log) = cluster(|asked| {
        let metrics = json!([{"resource": "nodes", "responseKind": {"kind": "NodeMetrics"}, "scope": "Cluster"}]);
        let group =
            json!({"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "resources": metrics}]});
        match asked.path.as_str() {
            "/apis" => Answer::json(&json!({"kind": "APIGroupDiscoveryList", "items": [group]})),
            "/apis/metrics.k8s.io/v1beta1/nodes" => Answer::refusal(503, "no endpoints"),
            _ => version(asked, 37).unwrap_or_else(|| Answer::items([])),
        }
    });
    let snapshot = cluster.read(&only(&[Resource::NodeMetrics, Resource::RequestStats])).await.unwrap();
    assert_eq!(failed(&snapshot, Resource::NodeMetrics), "503: no endpoints");
    assert_eq!((snapshot.request_stats[0].requests, snapshot.request_stats[0].retried), (5, 0));
}

#[tokio::test]
async fn what_is_forbidden_or_absent_is_a_gap_of_its_own() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/readyz" | "/livez" => Answer::text("[+]ping ok\nreadyz check passed\n"),
            "/metrics" => Answer::refusal(403, "forbidden: User \"x\" cannot get path \"/metrics\""),
            "/api/v1/pods" => Answer::items([pod("a")]),
            _ => Answer::refusal(404, "not found"),
        })
    });
    let sources =
        [Resource::HealthChecks, Resource::DeprecatedApis, Resource::EtcdStatuses, Resource::AutoscalerStatuses];
    let more =
        [Resource::Pods, Resource::Credentials, Resource::Alerts, Resource::CustomResources, Resource::NodeSummaries];
    let snapshot = cluster.read(&only(&[&sources[..], &more].concat())).await.unwrap();
    assert_eq!((snapshot.pods.len(), snapshot.health_checks.len()), (1, 2));
    for forbidden in [Resource::DeprecatedApis, Resource::EtcdStatuses] {
        assert_eq!(snapshot.state_of(forbidden), State::Unread(&Why::Forbidden));
    }
    assert_eq!(snapshot.state_of(Resource::AutoscalerStatuses), State::Unread(&Why::NotServed));
    assert!(snapshot.has_read(Resource::Credentials), "a server in this process has no port");
    for unknown in [Resource::Alerts, Resource::CustomResources, Resource::NodeSummaries] {
        assert_eq!(snapshot.state_of(unknown), State::Unread(&Why::NotConfigured));
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_stalls_or_never_ends_takes_its_own_time_and_no_more() {
    let line = Bytes::from(vec![b'x'; 1 << 20]);
    let (cluster, _log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/metrics" => Answer::chunks(vec![line.clone(); 200]),
            "/readyz" => Answer::text("[+]ping ok\n").stalls(),
            "/api/v1/pods" => Answer::items([pod("a")]),
            _ => Answer::text("ok"),
        })
    });
    let cluster = cluster.with_limits(Limits { request_timeout: Duration::from_secs(7), ..Limits::default() });
    let begun = tokio::time::Instant::now();
    let wanted = [Resource::Pods, Resource::HealthChecks, Resource::DeprecatedApis];
    let snapshot = cluster.read(&only(&wanted)).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 7);
    assert_eq!(snapshot.state_of(Resource::HealthChecks), State::Unread(&Why::TimedOut));
    assert_eq!(failed(&snapshot, Resource::DeprecatedApis), "200: the metrics do not end");
    assert!(snapshot.has_read(Resource::Pods));
}

/// Widgets, in a cluster that serves them and nothing else beside Kubernetes.
fn widgets(asked: &Asked) -> Option<Answer> {
    let widgets = json!({"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced"});
    let gizmos = json!({"resource": "gizmos", "responseKind": {"kind": "Gizmo"}, "scope": "Cluster"});
    let versions = json!([{"version": "v2", "resources": [widgets, gizmos]}]);
    let groups = json!([{"metadata": {"name": "acme.example"}, "versions": versions}]);
    let discovery = json!({"kind": "APIGroupDiscoveryList", "items": groups});
    (asked.path == "/apis").then(|| Answer::json(&discovery))
}

#[tokio::test]
async fn named_custom_resources_are_read_and_each_that_is_not_is_named() {
    let (cluster, log) = cluster(|asked| {
        widgets(asked).or_else(|| version(asked, 37)).unwrap_or_else(|| match asked.path.as_str() {
            "/apis/acme.example/v2/namespaces/shop/widgets" => {
                let condition = json!({"type": "Ready", "status": "False", "reason": "Broken"});
                Answer::items([json!({"apiVersion": "acme.example/v2", "kind": "Widget",
                    "metadata": {"name": "w", "namespace": "shop"}, "spec": {"huge": ["x"]}, "status": {"conditions": [condition]}})])
            }
            "/api/v1/namespaces" => Answer::items([json!({"metadata": {"name": "shop"}})]),
            _ => Answer::refusal(403, "no"),
        })
    });
    let named = ["widgets.acme.example", "gizmos.acme.example", "gears.acme.example"];
    let custom_resources = named.map(|name| name.parse().unwrap()).to_vec();
    let cluster = cluster.with_sources(Sources { custom_resources, ..Sources::default() });
    let request = only(&[Resource::CustomResources, Resource::Namespaces]);
    let snapshot = cluster.read(&request.in_scope(Scope::Namespace("shop".to_owned()))).await.unwrap();
    let [widget] = snapshot.custom_resources.as_slice() else { panic!("{:?}", snapshot.custom_resources) };
    assert_eq!((&*widget.kind, &*widget.meta.name), ("Widget", "w"));
    assert!(widget.status.conditions.is("Ready", "False"));
    let why = failed(&snapshot, Resource::CustomResources);
    assert_eq!(why, "gizmos.acme.example: forbidden; gears.acme.example: the cluster does not have it");
    assert_eq!(log.lock().unwrap().len(), 5);
}

fn node(name: &str, ready: &str) -> Value {
    json!({"metadata": {"name": name}, "status": {
        "conditions": [{"type": "Ready", "status": ready}],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}})
}

#[tokio::test]
async fn kubelets_are_asked_and_those_that_do_not_tell_are_counted() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/nodes" => Answer::items([node("n1", "True"), node("n2", "True"), node("n3", "Unknown")]),
            "/api/v1/nodes/n1/proxy/stats/summary" => Answer::json(&json!({
                "node": {"fs": {"capacityBytes": 100, "availableBytes": 5}},
                "pods": [{"podRef": {"name": "db-0", "namespace": "shop"},
                    "volume": [{"pvcRef": {"name": "data", "namespace": "shop"}, "capacityBytes": 10, "availableBytes": 1}]}]})),
            "/api/v1/nodes/n2/proxy/stats/summary" => Answer::text("<html>").status(502),
            _ => Answer::refusal(404, "not found"),
        })
    });
    let cluster = cluster.with_sources(Sources { kubelet_summary: true, ..Sources::default() });
    let wanted = [Resource::Nodes, Resource::NodeSummaries, Resource::VolumeUses, Resource::KubeletCertificates];
    let snapshot = cluster.read(&only(&wanted)).await.unwrap();
    assert_eq!(snapshot.node_summaries[0].filesystems[0].used_bytes, 95);
    assert_eq!((&*snapshot.volume_uses[0].meta.name, snapshot.volume_uses[0].used.used_bytes), ("data", 9));
    for resource in [Resource::NodeSummaries, Resource::VolumeUses] {
        let why = failed(&snapshot, resource);
        assert!(why.starts_with("2 of 3 kubelets did not tell: n") && !why.contains("html"), "{why}");
    }
    assert!(failed(&snapshot, Resource::KubeletCertificates).starts_with("3 of 3 kubelets did not tell: "));
    assert!(!log.lock().unwrap().iter().any(|asked| asked.path.contains("n3")));
}

#[tokio::test]
async fn logs_are_read_of_those_that_fail_and_the_others_cost_no_request() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/pods" => {
                let mut crashing = pod("a");
                crashing["status"]["containerStatuses"] = json!([{"name": "c", "restartCount": 4,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]);
                Answer::items([crashing, pod("b")])
            }
            "/api/v1/namespaces/shop/pods/a/log" => {
                Answer::text("INFO starting\nERROR no database at postgres://shop:s3cr3t@db/shop\n\u{fffd}\n")
            }
            _ => Answer::refusal(404, "not found"),
        })
    });
    let cluster = cluster.with_sources(Sources { logs: true, ..Sources::default() });
    let snapshot = cluster.read(&only(&[Resource::Pods, Resource::LogErrors])).await.unwrap();
    let [errors] = snapshot.log_errors.as_slice() else { panic!("{:?}", snapshot.log_errors) };
    assert_eq!((&*errors.meta.name, &*errors.container, errors.lines, errors.errors), ("a", "c", 3, 1));
    assert!(errors.sample.contains("no database") && !errors.sample.contains("s3cr3t"), "{}", errors.sample);
    let log = log.lock().unwrap();
    let asked = log.last().unwrap();
    assert_eq!((asked.query["previous"].as_str(), asked.query["limitBytes"].as_str(), log.len()), ("true", "65536", 3));
}

const METRICS: &str = "apiserver_storage_size_bytes{storage_cluster_id=\"etcd-0\"} 5e+06\n";

#[tokio::test]
async fn a_prometheus_that_is_gone_is_a_gap_in_what_it_alone_knows() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/metrics" => Answer::text(METRICS),
            _ => Answer::items([]),
        })
    });
    let gone = Some(Endpoint::at("http://127.0.0.1:1"));
    let sources = Sources { prometheus: gone.clone(), alertmanager: gone, ..Sources::default() };
    let both = cluster.clone().with_sources(Sources { kubelet_summary: true, ..sources.clone() });
    let measured = [
        Resource::VolumeUses,
        Resource::CpuThrottlings,
        Resource::ScrapeTargets,
        Resource::PrometheusStatuses,
        Resource::Alerts,
    ];
    let wanted = [&measured[..], &[Resource::EtcdStatuses, Resource::Nodes]].concat();
    let snapshot = cluster.with_sources(sources).read(&only(&wanted)).await.unwrap();
    for resource in measured {
        assert!(failed(&snapshot, resource).contains("refused"), "{resource}");
    }
    assert!(snapshot.has_read(Resource::EtcdStatuses));
    assert_eq!(snapshot.etcd_statuses[0].db_bytes, 5_000_000);
    // Kubelets know it at first hand: then Prometheus is not asked for it.
    assert!(both.read(&only(&wanted)).await.unwrap().has_read(Resource::VolumeUses));
}

#[tokio::test]
async fn what_prometheus_and_alertmanager_tell_is_in_the_snapshot() {
    let alert = r#"[{"labels":{"alertname":"Down","pod":"db-0"},"startsAt":"2026-11-23T08:00:00Z"}]"#;
    let etcd = r#"{"data":{"result":[
        {"metric":{"__name__":"etcd_mvcc_db_total_size_in_bytes","instance":"a"},"value":[1,"90"]},
        {"metric":{"__name__":"etcd_server_quota_backend_bytes","instance":"a"},"value":[1,"100"]},
        {"metric":{"leader_changes":"yes","instance":"a"},"value":[1,"2.3"]}]}}"#;
    let (alertmanager, prometheus) = (fake::json(alert).await, fake::json(etcd).await);
    let (cluster, log) = cluster(|asked| version(asked, 37).unwrap_or_else(|| Answer::items([])));
    let cluster = cluster.with_sources(Sources {
        alertmanager: Some(alertmanager.endpoint.clone()),
        prometheus: Some(prometheus.endpoint.clone()),
        ..Sources::default()
    });
    let snapshot = cluster.read(&only(&[Resource::Alerts, Resource::EtcdStatuses])).await.unwrap();
    assert_eq!(snapshot.alerts[0].meta.name, "Down");
    let [etcd] = snapshot.etcd_statuses.as_slice() else { panic!("{:?}", snapshot.unread) };
    assert_eq!((&*etcd.meta.name, etcd.db_bytes, etcd.quota_bytes, etcd.leader_changes), ("a", 90, 100, 2));
    assert_eq!(log.lock().unwrap().len(), 1, "/metrics has nothing to add");
    assert_eq!((alertmanager.asked.lock().unwrap().len(), prometheus.asked.lock().unwrap().len()), (1, 1));
}

#[test]
fn every_fact_has_somebody_who_brings_it() {
    let errands = || super::Errand::BESIDE.iter().chain(super::Errand::AFTER);
    for resource in Resource::ALL.iter().filter(|resource| resource.origin() == Origin::Source) {
        // These come by themselves.
        let otherwise = [Resource::ServedApis, Resource::RequestStats].contains(resource);
        assert_ne!(errands().any(|errand| errand.brings().contains(resource)), otherwise, "{resource}");
    }
}
