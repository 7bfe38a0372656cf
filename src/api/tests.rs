use super::{Api, router};
use crate::{
    channel::{Access, ChannelGrant, People},
    clock::{Clock, ManualClock},
    config::{ApiSettings, ApiToken, Route},
    forms,
    health::{Health, Phase},
    inbox::{self, Inbox, Work},
    inspection::archive::{Listener, REPORTS, RUNS, Scope, Stored},
    report::Report,
    requests::{self, Received},
    store::{Commit, Options, Store},
};
use axum::{Router, body::Body, http::Request};
use chrono::TimeDelta;
use contract::Platform;
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tower::ServiceExt;

struct Stand {
    router: Router,
    store: Store,
    inbox: Inbox,
    health: Health,
    hand: ManualClock,
    _dir: TempDir,
}

fn stand() -> Stand {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let (clock, hand) = Clock::manual("2026-11-23T09:00:00Z".parse().unwrap());
    let inbox = Inbox::open(store.clone(), clock.clone()).unwrap();
    let health = Health::default();
    let token = |name: &str, clusters: &[&str]| ApiToken {
        name: name.to_owned(),
        token: SecretString::from(format!("{name}-token")),
        clusters: clusters.iter().map(|name| (*name).to_owned()).collect(),
    };
    let listed = |name: &str, id: &str, cluster: &str| {
        let clusters = vec![cluster.to_owned()];
        let grant = ChannelGrant { name: name.to_owned(), clusters, people: People::Everyone, may_mute: [].into() };
        ((Platform::Telegram, id.to_owned()), grant)
    };
    let route = |cluster: &str, team: &str, channel: &str| Route {
        cluster: Some(cluster.to_owned()),
        labels: vec![("team".to_owned(), team.to_owned())],
        channel: channel.to_owned(),
    };
    let api = Api {
        settings: ApiSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tokens: vec![token("all", &[]), token("stage", &["stage"])],
            routes: vec![route("prod", "shop", "ops"), route("stage", "stage-team", "stage-ops")],
        },
        store: store.clone(),
        inbox: inbox.clone(),
        access: Access {
            channels: [listed("ops", "-1", "prod"), listed("stage-ops", "-2", "stage")].into(),
            people: [].into(),
        },
        clusters: [("prod".into(), "production".into()), ("stage".into(), "stage".into())].into(),
        health: health.clone(),
        clock,
    };
    Stand { router: router(api), store, inbox, health, hand, _dir: dir }
}

impl Stand {
    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: impl Into<Body>) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Status, media type and text of what is there.
    async fn get(&self, path: &str, accept: &str) -> (u16, String, String) {
        let request = Request::get(path).header("authorization", "Bearer all-token").header("accept", accept);
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let media_type = headers["content-type"].to_str().unwrap().to_owned();
        (status, media_type, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, Some("all-token"), body.to_string()).await
    }
}

fn alerts(labels: Value) -> Value {
    json!({ "version": "4", "groupKey": "g", "alerts": [{ "status": "firing", "labels": labels,
        "annotations": { "summary": "pods crash" }, "startsAt": "2026-11-23T09:00:00Z", "fingerprint": "f" }] })
}

#[tokio::test]
async fn nobody_gets_in_without_a_known_token() {
    let stand = stand();
    for token in [None, Some("wrong"), Some("all-token2"), Some("")] {
        let (status, body) = stand.call("GET", "/api/v1/reports/prod", token, Body::empty()).await;
        assert_eq!(status, 401, "{token:?}");
        assert!(body["error"].is_string());
    }
}

#[tokio::test]
async fn an_inspection_is_accepted_stored_and_joined() {
    let stand = stand();
    let (status, first) = stand.post("/api/v1/inspections", json!({ "cluster": "prod" })).await;
    assert_eq!(status, 202);
    let (_, second) = stand.post("/api/v1/inspections", json!({ "cluster": "prod" })).await;
    assert_ne!(first["id"], second["id"]);
    // One inspection for both.
    assert_eq!(stand.inbox.waiting(10).unwrap().len(), 1);
    let run = stand.store.get(&RUNS, Scope::daily("prod").key()).unwrap().unwrap();
    let asked: Vec<&Listener> = run.audience.iter().collect();
    assert_eq!(asked.len(), 2);
    let (status, looked) =
        stand.call("GET", first["location"].as_str().unwrap(), Some("all-token"), Body::empty()).await;
    assert_eq!((status, &looked["outcome"]), (200, &Value::Null));
}

fn report() -> Report {
    let text = json!({ "schema": "roundsman/report/v1", "cluster": "prod", "taken_at": "2026-01-02T03:04:05Z",
        "duration_ms": 12, "score": 100, "grade": "A", "findings": [], "changes": { "new": 0, "ongoing": 0, "resolved": [] },
        "gaps": [], "ran": ["pod/crash-loop"], "reads": { "requests": 20, "bytes": 4096, "objects": 7 } });
    forms::json::parse(&text.to_string()).unwrap()
}

#[tokio::test]
async fn a_report_comes_in_the_form_that_is_asked_for() {
    let stand = stand();
    let report = report();
    let mut commit = Commit::new();
    let key = ("prod".to_owned(), String::new(), report.taken_at);
    commit.put(&REPORTS, key, &Stored { report: report.clone(), restarts: None });
    let (_, made) = stand.post("/api/v1/inspections", json!({ "cluster": "prod" })).await;
    let inspection = made["location"].as_str().unwrap();
    // Not done yet: the request, whatever the form.
    assert_eq!(stand.get(&format!("{inspection}?form=html"), "*/*").await.0, 202);
    requests::answer_inspection(
        &stand.store,
        &mut commit,
        made["id"].as_str().unwrap(),
        Ok(&report),
        Clock::system().now(),
    )
    .unwrap();
    stand.store.commit(commit).await.unwrap();

    for path in ["/api/v1/reports/prod", inspection] {
        for (query, accept, media_type, beginning) in [
            ("?form=html", "*/*", "text/html; charset=utf-8", "<!DOCTYPE html>"),
            ("", "text/html,*/*;q=0.8", "text/html; charset=utf-8", "<!DOCTYPE html>"),
            ("?form=markdown", "text/html", "text/markdown; charset=utf-8", "# prod, "),
            ("?form=junit&fail_on=low", "*/*", "application/xml", "<?xml "),
            ("", "text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8", "# HELP roundsman_"),
            ("", "text/plain", "text/plain; charset=utf-8", "prod, 2026-01-02 03:04 UTC: all is well"),
            ("", "*/*", "application/json", "{"),
        ] {
            let (status, found, text) = stand.get(&format!("{path}{query}"), accept).await;
            assert_eq!((status, found.as_str()), (200, media_type), "{path}{query} {accept}");
            assert!(text.starts_with(beginning), "{path}{query} {accept}: {text}");
        }
        for query in ["?form=pdf", "?form=junit&fail_on=urgent", "?from=html"] {
            let (status, _, text) = stand.get(&format!("{path}{query}"), "*/*").await;
            assert_eq!(status, 422, "{query}: {text}");
        }
    }
    let (_, asked) = stand.post("/api/v1/questions", json!({ "cluster": "prod", "question": "why?" })).await;
    let elsewhere = format!("/api/v1/inspections/{}?form=html", asked["id"].as_str().unwrap());
    assert_eq!(stand.get(&elsewhere, "*/*").await.0, 404, "a question is no inspection");
}

#[tokio::test]
async fn a_failed_inspection_says_why_there_is_no_report() {
    let stand = stand();
    let (_, made) = stand.post("/api/v1/inspections", json!({ "cluster": "prod" })).await;
    let mut commit = Commit::new();
    let id = made["id"].as_str().unwrap();
    requests::answer_inspection(&stand.store, &mut commit, id, Err("no route to host"), Clock::system().now()).unwrap();
    stand.store.commit(commit).await.unwrap();
    let (status, _, text) = stand.get(&format!("/api/v1/inspections/{id}?form=html"), "*/*").await;
    assert_eq!(status, 409);
    assert!(text.contains("no route to host"), "{text}");
}

#[tokio::test]
async fn a_token_sees_only_its_clusters() {
    let stand = stand();
    let order = json!({ "cluster": "prod" }).to_string();
    let (status, body) = stand.call("POST", "/api/v1/inspections", Some("stage-token"), order).await;
    assert_eq!(status, 422, "{body}");
    let (_, made) = stand.post("/api/v1/questions", json!({ "cluster": "prod", "question": "why?" })).await;
    let (status, _) = stand.call("GET", made["location"].as_str().unwrap(), Some("stage-token"), Body::empty()).await;
    assert_eq!(status, 404);
    let (status, _) = stand.call("GET", "/api/v1/audit", Some("stage-token"), Body::empty()).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn alerts_find_their_cluster_and_channel() {
    let stand = stand();
    let batch = alerts(json!({ "alertname": "KubePodCrashLooping", "cluster": "production", "team": "shop" }));
    let (status, made) = stand.post("/api/v1/alerts", batch).await;
    assert_eq!(status, 202, "{made}");
    let request = requests::load(&stand.store, made["id"].as_str().unwrap()).unwrap().unwrap();
    let Received::Alerts { cluster, channel, batch } = &request.received else { panic!("{request:?}") };
    assert_eq!((cluster.as_str(), channel.id.as_str(), batch.alerts.len()), ("prod", "-1", 1));
    assert!(matches!(stand.inbox.waiting(1).unwrap()[0].1.work, Work::Alerts { .. }));

    for (labels, reason) in [
        (json!({ "cluster": "moon", "team": "shop" }), "names no configured cluster"),
        (json!({ "team": "shop" }), "several are configured"),
        (json!({ "cluster": "prod" }), "no [[api.route]] fits"),
    ] {
        let (status, body) = stand.post("/api/v1/alerts", alerts(labels)).await;
        assert_eq!(status, 422);
        assert!(body["error"].as_str().unwrap().contains(reason), "{body}");
    }
}

#[tokio::test]
async fn a_batch_of_several_clusters_is_sorted_by_the_labels_of_each_alert() {
    let stand = stand();
    let mut batch = alerts(json!({ "alertname": "A", "cluster": "prod", "team": "shop" }));
    let other = json!({ "status": "firing", "labels": { "alertname": "B", "cluster": "stage", "team": "shop" } });
    batch["alerts"].as_array_mut().unwrap().push(other.clone());
    // One of them belongs nowhere, so none is taken.
    let (status, body) = stand.post("/api/v1/alerts", batch.clone()).await;
    assert_eq!(status, 422, "{body}");
    assert_eq!(stand.inbox.waiting(10).unwrap().len(), 0);

    batch["alerts"][1]["labels"]["team"] = json!("stage-team");
    let (status, made) = stand.post("/api/v1/alerts", batch).await;
    assert_eq!(status, 202, "{made}");
    let mut places = Vec::new();
    for location in made["locations"].as_array().unwrap() {
        let id = location.as_str().unwrap().rsplit('/').next().unwrap();
        let request = requests::load(&stand.store, id).unwrap().unwrap();
        let Received::Alerts { cluster, channel, batch } = &request.received else { panic!("{request:?}") };
        places.push((cluster.clone(), channel.id.clone(), batch.alerts[0].name().to_owned()));
    }
    assert_eq!(places, [("prod".into(), "-1".into(), "A".into()), ("stage".into(), "-2".into(), "B".into())]);
}

#[tokio::test]
async fn a_batch_that_is_delivered_again_is_the_same_request() {
    let stand = stand();
    let labels = json!({ "alertname": "A", "cluster": "prod", "team": "shop" });
    let (_, first) = stand.post("/api/v1/alerts", alerts(labels.clone())).await;
    let (status, again) = stand.post("/api/v1/alerts", alerts(labels.clone())).await;
    assert_eq!((status, &again), (202, &first));
    assert_eq!(stand.inbox.waiting(10).unwrap().len(), 1, "posted once");

    // What became of it is news, and an hour later it is a reminder.
    let mut resolved = alerts(labels.clone());
    resolved["alerts"][0]["status"] = json!("resolved");
    let (_, news) = stand.post("/api/v1/alerts", resolved).await;
    assert_ne!(news["id"], first["id"]);
    stand.hand.advance(TimeDelta::minutes(61));
    let (_, reminder) = stand.post("/api/v1/alerts", alerts(labels)).await;
    assert_ne!(reminder["id"], first["id"]);
    assert_eq!(stand.inbox.waiting(10).unwrap().len(), 3);
}

#[tokio::test]
async fn what_callers_quote_is_stored_without_its_secrets() {
    let stand = stand();
    let order = json!({ "cluster": "prod", "question": "why does password=s3cr3t not work?" });
    let (_, question) = stand.post("/api/v1/questions", order).await;
    let mut batch = alerts(json!({ "cluster": "prod", "team": "shop" }));
    batch["alerts"][0]["annotations"]["summary"] = json!("GET https://bob:s3cr3t@api/ fails");
    let (_, alerts) = stand.post("/api/v1/alerts", batch).await;
    for made in [question, alerts] {
        let (status, body) =
            stand.call("GET", made["location"].as_str().unwrap(), Some("all-token"), Body::empty()).await;
        assert_eq!(status, 200);
        assert!(!body.to_string().contains("s3cr3t") && body.to_string().contains("[redacted]"), "{body}");
    }
}

#[tokio::test]
async fn while_too_much_waits_nothing_is_accepted() {
    let stand = stand();
    let mut commit = Commit::new();
    for number in 0..inbox::CAPACITY {
        stand.inbox.add(&mut commit, format!("lane {number}"), Work::Repair { proposal: "r-aaaaa".into() });
    }
    stand.store.commit(commit).await.unwrap();
    for (path, body) in [
        ("/api/v1/inspections", json!({ "cluster": "prod" })),
        ("/api/v1/questions", json!({ "cluster": "prod", "question": "why?" })),
        ("/api/v1/alerts", alerts(json!({ "cluster": "prod", "team": "shop" }))),
    ] {
        let (status, answer) = stand.post(path, body).await;
        assert_eq!(status, 503, "{path}");
        assert!(answer["error"].as_str().unwrap().contains("try again later"), "{answer}");
    }
    let (_, ready) = stand.call("GET", "/readyz", None, Body::empty()).await;
    assert_eq!(ready["waiting"]["inbox"], inbox::CAPACITY);
}

#[tokio::test]
async fn bad_bodies_are_refused_with_a_reason() {
    let stand = stand();
    for (path, body) in [
        ("/api/v1/inspections", "{".to_owned()),
        ("/api/v1/inspections", json!({ "cluster": "prod", "colour": "red" }).to_string()),
        ("/api/v1/questions", json!({ "cluster": "prod", "question": " " }).to_string()),
        ("/api/v1/alerts", json!({ "alerts": [] }).to_string()),
    ] {
        let (status, answer) = stand.call("POST", path, Some("all-token"), body).await;
        assert_eq!(status, 422, "{path}");
        assert!(answer["error"].is_string(), "{path}");
    }
    let (status, answer) = stand.call("POST", "/api/v1/alerts", Some("all-token"), vec![b' '; 2 * 1024 * 1024]).await;
    assert_eq!(status, 413);
    assert!(answer["error"].as_str().unwrap().contains("larger than"), "{answer}");
    assert_eq!(stand.inbox.waiting(10).unwrap().len(), 0, "nothing refused was stored");
}

#[tokio::test]
async fn ready_tells_about_the_parts() {
    let stand = stand();
    assert_eq!(stand.call("GET", "/livez", None, Body::empty()).await.0, 200);
    assert_eq!(stand.call("GET", "/readyz", None, Body::empty()).await.0, 503);
    stand.health.phase(Phase::Ready);
    stand.health.part("cluster prod", false, "connection refused", Clock::system().now());
    let (status, body) = stand.call("GET", "/readyz", None, Body::empty()).await;
    assert_eq!(status, 200);
    assert_eq!(body["parts"]["cluster prod"]["up"], false);
}
