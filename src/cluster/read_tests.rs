//! What reading does with servers that are old, strict, slow, broken or large.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::fake::{Answer, Asked, cluster, pod, version};
use super::{Limits, Obstacle, ReadRequest, Unreachable};
use crate::snapshot::{Origin, Resource, Scope, Snapshot, State, Why};

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn everything() -> ReadRequest {
    ReadRequest::new(now())
}

fn only(resources: &[Resource]) -> ReadRequest {
    ReadRequest { resources: resources.iter().copied().collect(), ..everything() }
}

#[tokio::test]
async fn a_modern_server_is_read_from_its_watch_cache_with_one_list_per_kind() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/pods" => Answer::items([pod("a"), pod("b")]),
            "/apis/discovery.k8s.io/v1/endpointslices" => Answer::refusal(404, "not here"),
            _ => Answer::items([]),
        })
    });
    let snapshot = cluster.read(&everything()).await.unwrap();

    assert_eq!(snapshot.pods.iter().map(|pod| pod.meta.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((snapshot.cluster.as_str(), snapshot.version.as_deref()), ("test", Some("v1.37.2")));
    assert_eq!(snapshot.state_of(Resource::EndpointSlices), State::Unread(&Why::NotServed));
    assert_eq!(snapshot.state_of(Resource::Secrets), State::Unread(&Why::SwitchedOff));
    assert_eq!(snapshot.state_of(Resource::Gateways), State::Unread(&Why::NotServed));
    assert_eq!(snapshot.state_of(Resource::Alerts), State::Unread(&Why::NotConfigured));

    let log = log.lock().unwrap();
    let of_itself = [
        "/version",
        "/apis",
        "/readyz",
        "/livez",
        "/metrics",
        "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status",
    ];
    let lists: Vec<&Asked> = log.iter().filter(|asked| !of_itself.contains(&asked.path.as_str())).collect();
    let built_in = Resource::ALL.iter().filter(|resource| resource.origin() == Origin::BuiltIn).count();
    assert_eq!(lists.len(), built_in - 1, "what is not installed costs no request, and Secrets are off");
    assert!(lists.iter().all(|asked| asked.query.get("resourceVersion").is_some_and(|v| v == "0")));
    assert!(lists.iter().all(|asked| !asked.query.contains_key("limit")));
    assert!(lists.iter().all(|asked| !asked.path.contains("secrets")));
    let metadata = |asked: &&&Asked| asked.accept.contains("as=PartialObjectMetadataList");
    assert_eq!(
        lists.iter().filter(metadata).map(|asked| asked.path.as_str()).collect::<Vec<_>>(),
        ["/apis/networking.k8s.io/v1/ipaddresses"]
    );
    assert_eq!(snapshot.reads.requests, log.len() as u64);
    assert_eq!(snapshot.reads.objects, 2);
    assert!(snapshot.reads.bytes > 500);
}

#[tokio::test]
async fn an_old_server_is_read_in_pages() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 32).unwrap_or_else(|| match asked.query.get("continue").map(String::as_str) {
            None => Answer::page([pod("a")], "to/b="),
            Some("to%2Fb%3D") => Answer::page([pod("b")], "c"),
            Some(_) => Answer::items([pod("c")]),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!(snapshot.pods.len(), 3);
    assert!(snapshot.has_read(Resource::Pods));
    let log = log.lock().unwrap();
    assert!(log[1..].iter().all(|asked| asked.query["limit"] == "500" && !asked.query.contains_key("resourceVersion")));
}

#[tokio::test]
async fn a_token_that_ran_out_makes_the_list_be_read_again_at_once_without_doubles() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 30).unwrap_or_else(|| match (asked.query.get("continue"), asked.query.get("limit")) {
            (None, Some(_)) => Answer::page([pod("a")], "old"),
            (Some(_), _) => Answer::refusal(410, "The provided continue parameter is too old"),
            (None, None) => Answer::items([pod("a"), pod("b")]),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!((snapshot.pods.len(), snapshot.reads.objects), (2, 2));
    assert!(snapshot.has_read(Resource::Pods));
    assert_eq!(log.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_that_refuses_the_watch_cache_is_read_in_pages_and_endless_pages_end() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match (asked.path.as_str(), asked.query.get("limit")) {
            (_, None) => Answer::refusal(400, "resourceVersion is not supported"),
            ("/api/v1/pods", Some(_)) => Answer::items([pod("a")]),
            (_, Some(_)) => Answer::page([], "again"),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods, Resource::Nodes])).await.unwrap();
    assert_eq!(snapshot.pods.len(), 1);
    let endless = Why::Failed("200: the pages do not end".to_owned());
    assert_eq!(snapshot.state_of(Resource::Nodes), State::Unread(&endless));
}

#[tokio::test]
async fn what_is_forbidden_is_a_named_gap_and_the_rest_is_read() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/nodes" => Answer::refusal(403, "nodes is forbidden"),
            "/api/v1/pods" => Answer::items([pod("a")]),
            _ => Answer::items([]),
        })
    });
    let snapshot = cluster.read(&everything()).await.unwrap();
    assert_eq!(snapshot.state_of(Resource::Nodes), State::Unread(&Why::Forbidden));
    assert_eq!(snapshot.pods.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttling_server_is_given_the_time_that_it_asks_for() {
    let asked_for_pods = AtomicU32::new(0);
    let (cluster, _log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| match asked_for_pods.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::refusal(429, "too many").header("retry-after", "7"),
            1 => Answer::refusal(429, "too many").header("retry-after", "3600"),
            2 => Answer::refusal(503, "starting"),
            _ => Answer::items([pod("a")]),
        })
    });
    let begun = tokio::time::Instant::now();
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!((snapshot.pods.len(), snapshot.reads.requests), (1, 5));
    let waited = begun.elapsed().as_secs_f64();
    assert!((22.5..22.6).contains(&waited), "7 s as asked, 15 s at most, half a second of our own: {waited}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_slow_list_and_keeps_what_came() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/pods" => Answer::text(r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}},{"meta"#).stalls(),
            _ => Answer::items([json!({"metadata": {"name": "n1"}})]),
        })
    });
    let cluster = cluster.with_limits(Limits { deadline: Duration::from_secs(9), ..Limits::default() });
    let begun = tokio::time::Instant::now();
    let snapshot = cluster.read(&only(&[Resource::Pods, Resource::Nodes])).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 9);
    assert_eq!(snapshot.state_of(Resource::Pods), State::Unread(&Why::TimedOut));
    assert_eq!((snapshot.pods.len(), snapshot.nodes.len()), (1, 1));
    assert_eq!(snapshot.duration.as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_unreachable_after_the_deadline() {
    let (cluster, _log) = cluster(|_| Answer::text("{").stalls());
    let error = cluster.read(&everything()).await.unwrap_err();
    assert_eq!(error.obstacle, Obstacle::TimedOut);
}

#[tokio::test]
async fn broken_answers_fail_their_list_only() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/pods" => Answer::text(r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}}"#),
            "/api/v1/nodes" => Answer::text("<html>gateway</html>"),
            "/api/v1/services" => Answer::text(r#"{"kind":"ServiceList","items":[}]"#),
            "/api/v1/events" => Answer::text(r#"{"kind":"Status","status":"Success"}"#),
            "/api/v1/configmaps" => {
                Answer::items([json!({"metadata": {"name": 5}}), json!({"metadata": {"name": "ok"}})])
            }
            _ => Answer::items([]),
        })
    });
    let snapshot = cluster.read(&everything()).await.unwrap();
    let failed = |resource| matches!(snapshot.state_of(resource), State::Unread(Why::Failed(_)));
    for resource in [Resource::Pods, Resource::Nodes, Resource::Services, Resource::Events, Resource::ConfigMaps] {
        assert!(failed(resource), "{resource}");
    }
    assert_eq!(snapshot.config_maps.len(), 1, "one odd object does not hide the others");
    assert!(snapshot.has_read(Resource::Deployments));
}

#[tokio::test]
async fn a_connection_that_breaks_once_is_no_gap() {
    let times = AtomicU32::new(0);
    let (cluster, _log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| match times.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::text(r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}},"#).breaks(),
            _ => Answer::items([pod("a"), pod("b")]),
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!((snapshot.pods.len(), snapshot.unread.len() + 1), (2, Resource::ALL.len()));
}

#[tokio::test]
async fn one_namespace_is_asked_for_by_path_and_the_cluster_wide_kinds_stay() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
            "/api/v1/namespaces" => Answer::items([json!({"metadata": {"name": "shop"}})]),
            _ => Answer::items([]),
        })
    });
    let request = everything().in_scope(Scope::Namespace("shop".to_owned()));
    let snapshot = cluster.read(&request).await.unwrap();
    assert_eq!(snapshot.scope, Scope::Namespace("shop".to_owned()));
    let log = log.lock().unwrap();
    let has = |path: &str| log.iter().any(|asked| asked.path == path);
    assert!(has("/api/v1/namespaces/shop/pods") && has("/apis/apps/v1/namespaces/shop/deployments"));
    assert!(has("/api/v1/nodes") && has("/apis/storage.k8s.io/v1/storageclasses"));
    assert!(!has("/api/v1/pods"));
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_not_a_healthy_one() {
    async fn in_shpo(namespaces: fn() -> Answer) -> Result<Snapshot, Unreachable> {
        let (cluster, _log) = cluster(move |asked| {
            version(asked, 37).unwrap_or_else(|| match asked.path.as_str() {
                "/api/v1/namespaces" => namespaces(),
                _ => Answer::items([]),
            })
        });
        cluster.read(&everything().in_scope(Scope::Namespace("shpo".to_owned()))).await
    }
    let error = in_shpo(|| Answer::items([json!({"metadata": {"name": "shop"}})])).await.unwrap_err();
    assert_eq!(error.obstacle, Obstacle::NoSuchNamespace);
    assert!(error.to_string().ends_with("it has no namespace \"shpo\"; it has shop."), "{error}");
    // Where nobody may see the namespaces, nobody can tell.
    in_shpo(|| Answer::refusal(403, "no")).await.unwrap();
}

#[tokio::test]
async fn of_secrets_only_names_types_keys_and_certificates_are_kept() {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let (certificate, key) = (encoded("CERTIFICATE"), encoded("PRIVATE"));
    let (cluster, log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| {
            let meta = |name: &str| json!({"metadata": {"name": name, "namespace": "shop", "uid": name}});
            if asked.query["fieldSelector"] == "type%3Dhelm.sh%2Frelease.v1" {
                Answer::items([meta("release")])
            } else {
                let mut tls = meta("web-tls");
                tls["type"] = json!("kubernetes.io/tls");
                tls["data"] = json!({"tls.crt": certificate, "tls.key": key});
                Answer::items([tls])
            }
        })
    });
    let request = ReadRequest { resources: [Resource::Secrets].into(), ..everything() };
    let snapshot = cluster.read(&request).await.unwrap();
    let kept: Vec<_> =
        snapshot.secrets.iter().map(|s| (s.meta.name.as_str(), s.type_.as_str(), s.data.pem())).collect();
    assert_eq!(kept, [("web-tls", "kubernetes.io/tls", Some(&b"CERTIFICATE"[..])), ("release", "", None)]);
    assert!(snapshot.secrets[0].data.contains("tls.key"));
    assert_eq!(snapshot.reads.objects, 2);
    let log = log.lock().unwrap();
    assert!(log[1].accept.contains("as=PartialObjectMetadataList"), "a release may be large");
    assert_eq!(log[2].query["fieldSelector"], "type%21%3Dhelm.sh%2Frelease.v1");
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_apart() {
    for (status, obstacle) in
        [(401, Obstacle::Unauthorized), (403, Obstacle::Forbidden), (404, Obstacle::NotKubernetes)]
    {
        let (cluster, _log) = cluster(move |_| Answer::refusal(status, "no"));
        let error = cluster.read(&everything()).await.unwrap_err();
        assert_eq!(error.obstacle, obstacle, "{error}");
        assert!(error.to_string().contains("cluster test"), "{error}");
    }
    let (listing_not, _log) = cluster(|asked| version(asked, 37).unwrap_or_else(|| Answer::refusal(401, "no")));
    assert_eq!(listing_not.read(&everything()).await.unwrap_err().obstacle, Obstacle::Unauthorized);
    let (portal, _portal_log) = cluster(|_| Answer::text("<html>Sign in to the network</html>"));
    assert_eq!(portal.read(&everything()).await.unwrap_err().obstacle, Obstacle::NotKubernetes);
}

/// `k8s\0`, the type, and a list of pods that have a name each.
fn protobuf_pods(names: &[&str], token: &str) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let item = |name: &&str| field(2, &field(1, &field(1, name.as_bytes())));
    let list = [field(1, &field(3, token.as_bytes())), names.iter().flat_map(item).collect()].concat();
    [b"k8s\0".to_vec(), field(1, &field(2, b"PodList")), field(2, &list), field(3, b""), field(4, b"")].concat()
}

#[tokio::test]
async fn a_server_that_has_protobuf_is_read_in_it_page_by_page() {
    let (cluster, log) = cluster(|asked| {
        version(asked, 30).unwrap_or_else(|| {
            let (names, token): (&[&str], _) =
                if asked.query.contains_key("continue") { (&["c"], "") } else { (&["a", "b"], "more") };
            let body = protobuf_pods(names, token);
            let chunks = body.chunks(3).map(Bytes::copy_from_slice).collect();
            Answer::chunks(chunks).header("content-type", "application/vnd.kubernetes.protobuf")
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!(snapshot.pods.iter().map(|pod| pod.meta.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(snapshot.has_read(Resource::Pods));
    assert_eq!(log.lock().unwrap()[1].accept, "application/vnd.kubernetes.protobuf,application/json");
}

#[tokio::test]
async fn broken_protobuf_fails_its_list_and_a_refusal_in_it_is_understood() {
    let (cluster, _log) = cluster(|asked| {
        version(asked, 37).unwrap_or_else(|| {
            let answer = match asked.path.as_str() {
                "/api/v1/pods" => Answer::chunks(vec![protobuf_pods(&["a"], "")[..20].to_vec().into()]),
                "/api/v1/nodes" => {
                    Answer::chunks(vec![Bytes::from_static(b"k8s\0\x0a\x08\x12\x06Status\x12\x02\x0a\x00")])
                }
                "/api/v1/services" => {
                    let refusal =
                        Bytes::from_static(b"k8s\0\x0a\x08\x12\x06Status\x12\x06\x1a\x04busy\x1a\x00\x22\x00");
                    Answer::chunks(vec![refusal]).status(409)
                }
                _ => Answer::chunks(vec![protobuf_pods(&[], "").into()]),
            };
            answer.header("content-type", "application/vnd.kubernetes.protobuf")
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods, Resource::Nodes, Resource::Services, Resource::Events])).await;
    let snapshot = snapshot.unwrap();
    let why = |resource| match snapshot.state_of(resource) {
        State::Unread(Why::Failed(why)) => why.as_str(),
        other => panic!("{resource}: {other:?}"),
    };
    assert_eq!(why(Resource::Pods), "200: the answer broke off in the middle");
    assert_eq!(why(Resource::Nodes), "200: the answer is a \"Status\" and no list");
    assert_eq!(why(Resource::Services), "409: busy");
    assert!(snapshot.has_read(Resource::Events));
}

#[tokio::test]
async fn equal_texts_of_a_large_list_are_kept_once() {
    let item = Bytes::from(pod("p").to_string().replace("acme/c:1", &format!("acme/{}:1", "x".repeat(200))) + ",");
    let last = Bytes::from(pod("last").to_string() + r#"],"kind":"PodList"}"#);
    let (cluster, _log) = cluster(move |asked| {
        version(asked, 37).unwrap_or_else(|| {
            let mut chunks = vec![Bytes::from_static(br#"{"items":["#)];
            chunks.extend(std::iter::repeat_n(item.clone(), 20_000));
            chunks.push(last.clone());
            Answer::chunks(chunks)
        })
    });
    let snapshot = cluster.read(&only(&[Resource::Pods])).await.unwrap();
    assert_eq!(snapshot.pods.len(), 20_001);
    assert!(snapshot.reads.bytes > 6_000_000);
    let first = snapshot.pods[0].spec.containers[0].image.as_str();
    assert!(snapshot.pods[..20_000].iter().all(|pod| std::ptr::eq(pod.spec.containers[0].image.as_str(), first)));
    assert_eq!(snapshot.pods.capacity(), snapshot.pods.len());
}
