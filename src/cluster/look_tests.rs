//! What single questions answer, and what they say when there is no answer.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::fake::{Answer, Asked, Log, cluster};
use super::{Cluster, ListRequest, LogError, LogRequest, LookError};

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// A namespace `shop` with a Deployment whose second pod crash-loops, and a pod of the same name elsewhere.
fn shop() -> Shop {
    let (cluster, _log) = cluster(answer);
    Shop { cluster, _log }
}

struct Shop {
    cluster: Cluster,
    _log: Log,
}

impl std::ops::Deref for Shop {
    type Target = Cluster;
    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

fn answer(asked: &Asked) -> Answer {
    let owner = |kind: &str, uid: &str| json!([{"kind": kind, "apiVersion": "apps/v1", "name": format!("of-{uid}"), "uid": uid, "controller": true}]);
    let deployment = json!({"kind": "Deployment", "apiVersion": "apps/v1",
        "metadata": {"name": "api", "namespace": "shop", "uid": "d1", "managedFields": [{"manager": "kubectl"}],
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "kept"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "api"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]},
                 "template": {"spec": {"containers": [{"name": "c", "env": [{"name": "DB_PASSWORD", "value": "s3cr3t"}]}]}}},
        "status": {"readyReplicas": 1}});
    let replica_set = json!({"kind": "ReplicaSet", "metadata": {"name": "api-7d", "namespace": "shop", "uid": "r1", "ownerReferences": owner("Deployment", "d1")}});
    let pod = |name: &str, uid: &str, statuses: Value| {
        json!({"metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": owner("ReplicaSet", "r1")},
               "spec": {"nodeName": "n1", "containers": [{"name": "c"}, {"name": "proxy"}]},
               "status": {"phase": "Running", "containerStatuses": statuses}})
    };
    let healthy = json!([{"name": "c", "ready": true, "state": {"running": {}}}, {"name": "proxy", "ready": true, "state": {"running": {}}}]);
    let crashing = json!([{"name": "proxy", "ready": true, "state": {"running": {}}},
        {"name": "c", "ready": false, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]);
    let pulling =
        json!([{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}}]);
    let mut waiting = pod("pulling", "p3", pulling);
    waiting["metadata"]["ownerReferences"] = json!([]);
    let mut pending = waiting.clone();
    pending["metadata"]["name"] = json!("pending");
    pending["spec"]["nodeName"] = Value::Null;
    pending["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes fit"}]});
    let pods = [pod("api-7d-a", "p1", healthy.clone()), pod("api-7d-b", "p2", crashing), waiting, pending];
    let event = |uid: &str, reason: &str, at: &str| {
        json!({"metadata": {"name": reason}, "type": "Warning", "reason": reason, "message": "password=s3cr3t", "lastTimestamp": at,
               "involvedObject": {"kind": "Pod", "namespace": "shop", "name": uid, "uid": uid}})
    };
    let field = asked.query.get("fieldSelector").map(String::as_str).unwrap_or_default();
    match asked.path.as_str() {
        "/api" => Answer::json(&json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => Answer::json(&json!({"kind": "APIGroupList", "groups": [
            {"name": "acme.io", "preferredVersion": {"groupVersion": "acme.io/v1"}}, {"name": "down.io", "preferredVersion": {"groupVersion": "down.io/v1"}}]})),
        "/apis/acme.io/v1" => {
            Answer::json(&json!({"kind": "APIResourceList", "groupVersion": "acme.io/v1", "resources": [
            {"name": "widgets", "singularName": "widget", "kind": "Widget", "namespaced": true, "shortNames": ["wd"]},
            {"name": "widgets/status", "singularName": "", "kind": "Widget", "namespaced": true}]}))
        }
        "/api/v1" => Answer::json(&json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": []})),
        "/apis/apps/v1/namespaces/shop/deployments/api" => Answer::json(&deployment),
        "/apis/apps/v1/namespaces/shop/replicasets" => Answer::items([replica_set]),
        "/apis/apps/v1/deployments" if field.ends_with("%3Dapi") => Answer::items([deployment]),
        "/api/v1/pods" if field.ends_with("%3Dtwin") => {
            Answer::items([json!({"metadata": {"namespace": "b"}}), json!({"metadata": {"namespace": "a"}})])
        }
        "/api/v1/pods" if !field.is_empty() => Answer::items([]),
        "/api/v1/namespaces/shop/pods" | "/api/v1/pods" => match asked.query.get("labelSelector").map(String::as_str) {
            Some("app%3Dapi%2Ctier%20in%20%28a%2Cb%29") => Answer::items(pods[..2].to_vec()),
            Some(_) => Answer::items([]),
            None => Answer::items(pods),
        },
        "/api/v1/namespaces/shop/events" | "/api/v1/events" => Answer::items([
            event("p2", "BackOff", "2026-11-23T08:50:00Z"),
            event("other", "Alien", "2026-11-23T08:51:00Z"),
            event("d1", "Newest", "2026-11-23T08:59:00Z"),
            event("p2", "Old", "2026-11-20T08:50:00Z"),
        ]),
        "/api/v1/namespaces/shop/secrets/db" => {
            Answer::refusal(403, "secrets \"db\" is forbidden: User \"bot\" cannot get")
        }
        "/api/v1/namespaces/shop/pods/api-7d-b/log" if asked.query.contains_key("previous") => {
            Answer::refusal(400, "previous terminated container \"c\" in pod \"api-7d-b\" not found")
        }
        "/api/v1/namespaces/shop/pods/api-7d-b/log" => {
            assert_eq!((asked.query["container"].as_str(), asked.query["tailLines"].as_str()), ("c", "3"));
            assert!(asked.query.contains_key("limitBytes"));
            Answer::text("one\n\u{1b}[31mtoken=s3cr3t\u{1b}[0m\nthree\r\n")
        }
        "/api/v1/namespaces/shop/pods/pulling/log" => {
            Answer::refusal(400, "container \"c\" is waiting to start: trying and failing")
        }
        "/api/v1/namespaces/shop/pods/pending/log" => Answer::refusal(400, "pod pending does not have a host assigned"),
        path => match path
            .strip_prefix("/api/v1/namespaces/shop/pods/")
            .and_then(|name| pods.iter().find(|pod| pod["metadata"]["name"] == *name))
        {
            Some(pod) => Answer::json(pod),
            None => Answer::refusal(404, "not found"),
        },
    }
}

fn log<'a>(kind: &'a str, name: &'a str) -> LogRequest<'a> {
    LogRequest { kind, name, namespace: Some("shop"), container: None, previous: false, tail_lines: 3 }
}

#[tokio::test]
async fn kinds_go_by_any_name_and_custom_ones_by_discovery() {
    let cluster = shop();
    for (said, plural) in [
        ("po", "pods"),
        ("Deployment", "deployments"),
        ("deployments.apps", "deployments"),
        ("SVC", "services"),
        ("ingress", "ingresses"),
        ("networkpolicy", "networkpolicies"),
        ("wd", "widgets"),
        ("Widget.acme.io", "widgets"),
    ] {
        assert_eq!(cluster.kind(said).await.unwrap().plural, plural, "{said}");
    }
    let unknown = cluster.kind("widge").await.unwrap_err();
    assert_eq!(unknown, LookError::UnknownKind { kind: "widge".into(), similar: vec!["Widget".into()] });
    assert_eq!(unknown.to_string(), "This cluster has no kind \"widge\". Did you mean Widget?");
}

#[tokio::test]
async fn an_object_is_described_without_secrets_with_what_happened_below_it() {
    let described = shop().describe("deploy", None, "api", now()).await.unwrap();
    let text = described.object.to_string();
    assert!(!text.contains("s3cr3t") && !text.contains("managedFields") && !text.contains("last-applied"), "{text}");
    assert!(text.contains("\"note\":\"kept\"") && text.contains("DB_PASSWORD"));
    assert_eq!(described.namespace.as_deref(), Some("shop"));
    let reasons: Vec<&str> = described.events.iter().map(|event| event.reason.as_str()).collect();
    assert_eq!(reasons, ["Newest", "BackOff"], "its own and its pods', newest first, not old or foreign ones");
    assert!(described.events.iter().all(|event| event.message == "password=[redacted]"));
    let pod = shop().describe("pod", Some("shop"), "api-7d-a", now()).await.unwrap();
    assert_eq!(pod.owners, ["ReplicaSet/of-r1"]);
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_said_with_what_to_do() {
    let cluster = shop();
    let gone = cluster.get("pod", Some("shop"), "api-7d").await.unwrap_err();
    assert_eq!(gone.to_string(), "There is no Pod api-7d in namespace shop. Did you mean api-7d-a, api-7d-b?");
    let twin = cluster.get("pod", None, "twin").await.unwrap_err();
    assert_eq!(twin.to_string(), "Pod twin exists in several namespaces: a, b. Say which one with -n.");
    let forbidden = cluster.get("secret", Some("shop"), "db").await.unwrap_err();
    assert!(forbidden.to_string().starts_with("Not allowed: secrets \"db\" is forbidden"), "{forbidden}");
}

#[tokio::test]
async fn a_list_begins_with_its_totals_and_shows_trouble_first() {
    let request = ListRequest { kind: "pods", namespace: Some("shop"), limit: 2, ..ListRequest::default() };
    let list = shop().list(&request).await.unwrap();
    let totals: Vec<_> = list.by_status.iter().map(|(status, count)| (status.as_str(), *count)).collect();
    assert_eq!(
        (list.total, totals),
        (4, vec![("CrashLoopBackOff", 1), ("ImagePullBackOff", 1), ("Pending", 1), ("Running", 1)])
    );
    let rows: Vec<_> = list.rows.iter().map(|row| (row.name.as_str(), row.detail.as_str())).collect();
    assert_eq!(rows, [("api-7d-b", "ready 1/2, 7 restarts, on n1"), ("pending", "ready 0/2, 0 restarts, on no node")]);
}

#[tokio::test]
async fn warnings_of_a_namespace_are_newest_first() {
    let events = shop().recent_events(None, Some("shop"), now()).await.unwrap();
    assert_eq!(
        events.lines.iter().map(|line| line.reason.as_str()).collect::<Vec<_>>(),
        ["Newest", "Alien", "BackOff"]
    );
    assert!(events.warnings_only && events.total == 3);
}

#[tokio::test]
async fn a_log_comes_from_the_container_in_trouble_and_is_redacted() {
    // The second asks for a pod of the workload's name, as people do.
    for (kind, namespace) in [("deployment", Some("shop")), ("pod", Some("shop")), ("deploy", None)] {
        let request = LogRequest { namespace, ..log(kind, "api") };
        let tail = shop().logs_of(&request).await.unwrap();
        assert_eq!((tail.pod.as_str(), tail.container.as_str(), tail.others), ("api-7d-b", "c", 2));
        assert_eq!(tail.lines, ["one", "token=[redacted]", "three"]);
        assert!(tail.cut);
    }
}

#[tokio::test]
async fn why_there_is_no_log_is_said() {
    let cluster = shop();
    let refused = async |request: LogRequest<'_>| cluster.logs_of(&request).await.unwrap_err();
    let previous = refused(LogRequest { previous: true, ..log("deployment", "api") }).await;
    assert_eq!(previous, LogError::NoPrevious { pod: "api-7d-b".into(), container: "c".into() });
    let pulling = refused(log("pod", "pulling")).await;
    assert_eq!(
        pulling.to_string(),
        "Container c of pulling has not started (ImagePullBackOff), so there is no log. no such tag"
    );
    let pending = refused(log("pod", "pending")).await;
    assert_eq!(pending.to_string(), "Pod pending is on no node yet, so there is no log. 0/3 nodes fit");
    let other = refused(LogRequest { container: Some("x"), ..log("pod", "pulling") }).await;
    assert_eq!(other.to_string(), "Pod pulling has no container x; it has c, proxy.");
    assert!(matches!(refused(log("pod", "nothing-like-it")).await, LogError::Look(LookError::NotFound { .. })));
}
