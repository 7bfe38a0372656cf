//! Callers of the HTTP API and people in a chat, over the embedded cluster.

use crate::world::{
    bot::API_TOKEN,
    chat::{Chat, Who},
    embedded::Embedded,
    eventually,
};
use serde_json::{Value, json};

struct Caller<'a> {
    http: reqwest::Client,
    world: &'a Embedded,
}

impl Caller<'_> {
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.world.api());
        let answer = self.http.post(url).bearer_auth(API_TOKEN).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let asked = self.http.get(format!("{}{path}", self.world.api())).bearer_auth(API_TOKEN).send();
        asked.await.unwrap().json().await.unwrap()
    }

    /// Waits for what comes of a request.
    async fn outcome(&self, made: &Value) -> Value {
        let location = made["location"].as_str().unwrap();
        eventually(location, async || {
            let outcome = self.get(location).await["outcome"]["result"].clone();
            (!outcome.is_null()).then_some(outcome)
        })
        .await
    }
}

async fn callers_are_answered(chat: Chat) {
    let world = Embedded::new(chat, None).await;
    let caller = Caller { http: reqwest::Client::new(), world: &world };

    let (status, made) = caller.post("/inspections", &json!({ "cluster": "prod" })).await;
    assert_eq!(status, 202);
    let report = caller.outcome(&made).await;
    assert_eq!(report["report"]["schema"], "roundsman/report/v1");
    assert_eq!(caller.get("/api/v1/reports/prod").await["score"], report["report"]["score"]);

    let question = json!({ "cluster": "prod", "question": "why does the cart restart?" });
    let (status, made) = caller.post("/questions", &question).await;
    assert_eq!(status, 202);
    let answer = caller.outcome(&made).await;
    assert!(answer["answer"].as_str().unwrap().contains("cart"), "{answer}");

    // An alert is posted where its route says, with the chain of causes of what it names.
    let batch = json!({ "version": "4", "groupKey": "g", "alerts": [{ "status": "firing",
        "labels": { "alertname": "KubeDeploymentReplicasMismatch", "namespace": "shop", "deployment": "checkout" },
        "annotations": { "summary": "replicas are missing" }, "startsAt": "2026-11-23T09:00:00Z" }] });
    let (status, made) = caller.post("/alerts", &batch).await;
    assert_eq!(status, 202);
    let post =
        world.chat.wait(Who::Bob, "the alert", |seen| seen.text.contains("KubeDeploymentReplicasMismatch")).await;
    assert!(post.text.contains("1 alert firing") && post.text.contains("replicas are missing"), "{}", post.text);
    let said = caller.outcome(&made).await;
    assert!(said["answer"].as_str().unwrap().contains("2.8.0"), "{said}");
    // Alertmanager delivers it again: the same request, and no second post.
    assert_eq!(caller.post("/alerts", &batch).await, (202, made));

    // A reply to the post goes on from there.
    world.after(Who::Bob, "an answer", "2.8.0", || world.chat.reply(Who::Bob, &post, "since when?")).await;
    assert_eq!(world.count(Who::Bob, "KubeDeploymentReplicasMismatch"), 1);
    world.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_answered_and_alerts_are_posted_on_telegram() {
    callers_are_answered(Chat::telegram().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_answered_and_alerts_are_posted_on_discord() {
    callers_are_answered(Chat::discord().await).await;
}
