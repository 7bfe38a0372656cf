//! Secrets of every form, planted in a real cluster: none of them reaches the model, the store's files, the log or the
//! chat, and neither do the bot's own tokens. The bot is the real binary, with a log of everything that it can log.

use crate::world::{
    bot::{self, API_TOKEN, Outside},
    chat::{Chat, Who},
    console::{self, Visitor},
    model::{Script, Turn},
    plane,
    process::Process,
    shapes::Covered,
};
use control_plane::{ContainerLogs, ControlPlane, Identity};
use serde_json::json;
use std::path::Path;

/// The planted ones, each in a place of its own; what stands before the dash is no word of theirs.
const PLANTED: [(&str, &str); 17] = [
    ("the data of a Secret", "s3cr3t-data"),
    ("the same in base64", "czNjcjN0LWRhdGE="),
    ("a private key", "MIIs3cr3tpem"),
    ("the signature of a JWT", "s3cr3tJwtSignature"),
    ("a bearer header", "s3cr3t-bearer"),
    ("a basic header", "czNjcjN0OmJhc2lj"),
    ("the credentials of a URL in a log", "s3cr3t-logurl"),
    ("the credentials of a URL in an environment", "s3cr3t-envurl"),
    ("a value with a sensitive name", "s3cr3t-env"),
    ("the argument of a flag", "s3cr3t-flag"),
    ("a value in a ConfigMap", "s3cr3t-config"),
    ("a message of an event", "s3cr3t-event"),
    ("what a person pasted", "s3cr3t-pasted"),
    ("what an alert quoted", "s3cr3t-alert"),
    ("the reason of an acknowledgement", "s3cr3t-ack"),
    ("the reason of a mute", "s3cr3t-mute"),
    ("what was typed into the web chat", "s3cr3t-typed"),
];

const MODEL_KEY: &str = "model-key-0123456789";

/// What the container prints.
const LOG: &str = "\
INFO starting
DEBUG GET /session header Authorization: Bearer s3cr3t-bearer
DEBUG proxy-authorization: Basic czNjcjN0OmJhc2lj
INFO token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.s3cr3tJwtSignature0123456789
WARN cannot connect to postgres://web:s3cr3t-logurl@db:5432/shop
-----BEGIN PRIVATE KEY-----
MIIs3cr3tpem
-----END PRIVATE KEY-----
ERROR giving up";

fn planted(image: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Secret
metadata: {{ name: db }}
stringData: {{ password: s3cr3t-data }}
---
apiVersion: v1
kind: Secret
metadata: {{ name: tls-web }}
stringData:
  key.pem: |
    -----BEGIN PRIVATE KEY-----
    MIIs3cr3tpem
    -----END PRIVATE KEY-----
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: settings }}
data: {{ DB_PASSWORD: s3cr3t-config }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: web }}
spec:
  replicas: 1
  progressDeadlineSeconds: 5
  selector: {{ matchLabels: {{ app: web }} }}
  template:
    metadata: {{ labels: {{ app: web }} }}
    spec:
      containers:
      - name: web
        image: {image}
        args: ["--token", "s3cr3t-flag", "--db=amqp://web:s3cr3t-envurl@mq"]
        env:
        - {{ name: DB_PASSWORD, value: s3cr3t-env }}
        - {{ name: DB_URL, value: "postgres://web:s3cr3t-envurl@db/shop" }}
        - {{ name: FROM_SECRET, valueFrom: {{ secretKeyRef: {{ name: db, key: password }} }} }}
---
apiVersion: v1
kind: Event
metadata: {{ name: web.planted }}
involvedObject: {{ apiVersion: apps/v1, kind: Deployment, name: web, namespace: NAMESPACE }}
type: Warning
reason: Planted
message: "cannot log in with password=s3cr3t-event"
firstTimestamp: "TIME"
lastTimestamp: "TIME"
count: 1
"#
    )
}

/// The cluster in which everything is planted: a workload that runs, then one whose new image cannot be pulled.
fn plant(plane: &ControlPlane, namespace: &str, now: &str) {
    let fill = |image: &str| planted(image).replace("NAMESPACE", namespace).replace("TIME", now);
    plane.apply(namespace, &fill("registry.example/web:1"));
    plane.kubectl(&["rollout", "status", "deployment/web", "-n", namespace, "--timeout=100s"]);
    plane.set_logs(namespace, "web", &ContainerLogs { current: LOG, previous: LOG });
    plane.apply(namespace, &fill("registry.example/web-missing:2"));
    control_plane::eventually("the new pod's trouble", || {
        let pods = plane.get(namespace, &["pods", "-l", "app=web"]).to_string();
        pods.contains("ImagePullBackOff").then_some(())
    });
}

/// Every file below, with what is in it.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_reaches_model_store_log_or_chat() {
    roundsman::cluster::init_tls();
    let plane = plane().await;
    let now = roundsman::clock::Clock::system().now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let namespace = tokio::task::spawn_blocking(move || {
        let namespace = plane.namespace("secrets");
        plant(plane, &namespace, &now);
        namespace
    })
    .await
    .unwrap();
    let call = |tool: &str, kind: &str, name: &str| {
        Turn::call(tool, json!({ "kind": kind, "name": name, "namespace": namespace }))
    };
    let script = Script::start(vec![
        call("describe", "secret", "db"),
        call("describe", "deployment", "web"),
        call("describe", "configmap", "settings"),
        call("logs", "deployment", "web"),
        call("events", "deployment", "web"),
        Turn::call("why", json!({ "object": "deployment/web", "namespace": namespace })),
        // The model itself may have seen one elsewhere.
        Turn::say("The image is missing [1]. I know that password=s3cr3t-data and postgres://web:s3cr3t-envurl@db.")
            .after("I use password=[redacted]")
            .after("FROM_SECRET")
            .after("postgres://web:[redacted]@db/shop")
            .after("giving up")
            .after("Planted"),
    ])
    .await;

    let _covered = Covered::on(plane);
    let chat = Chat::telegram().await;
    let reader = plane.kubeconfig(Identity::SecretsReader);
    let outside = Outside { reader, ..Outside::of(plane, &chat, Some(script.url())) };
    let settings = bot::settings(&chat, &outside, &namespace);
    let folder = settings.folder;
    let text = settings.text.replace("name = \"scripted\"", "name = \"scripted\"\napi_key_file = \"model-key\"");
    let text = text.replace("[telegram]", "secrets = true\n[telegram]");
    let text = text.replace("name = \"alice\"\n", "name = \"alice\"\nconsole = \"alice\"\n");
    let room = "[[channel]]\nname = \"console\"\nplatform = \"console\"\nid = \"rounds\"\npeople = [\"alice\"]\nmay_mute = [\"alice\"]\n";
    let text = text + &console::configured(&["alice"]) + room;
    std::fs::write(folder.path().join("model-key"), MODEL_KEY).unwrap();
    std::fs::write(folder.path().join("roundsman.toml"), text).unwrap();
    let process = Process::run(folder.path(), "trace");
    chat.ready().await;

    let here = namespace.as_str();
    let on = |object: &'static str| [("object", object), ("namespace", here)];
    chat.command(Who::Alice, "inspect", &[("cluster", "prod")]);
    chat.wait(Who::Alice, "the report", |seen| seen.text.contains("web-missing")).await;
    for (word, object, says) in [
        ("describe", "secret/db", "Secret"),
        ("describe", "deployment/web", "FROM_SECRET"),
        ("describe", "configmap/settings", "settings"),
        ("logs", "deployment/web", "giving up"),
        ("events", "deployment/web", "Planted"),
        ("why", "deployment/web", "web-missing"),
    ] {
        let before = chat.seen_by(Who::Alice).len();
        chat.command(Who::Alice, word, &on(object));
        chat.wait(Who::Alice, &format!("/{word} {object}"), |seen| {
            seen.text.contains(says) && chat.seen_by(Who::Alice).len() > before
        })
        .await;
    }
    let undo = [("action", "undo"), ("object", "deployment/web"), ("namespace", here)];
    chat.command(Who::Bob, "fix", &undo);
    chat.wait(Who::Bob, "the card", |seen| seen.text.contains("Waits for approval")).await;
    chat.command(Who::Alice, "ask", &[("question", "why does web fail? I use password=s3cr3t-pasted")]);
    chat.wait(Who::Alice, "the answer", |seen| seen.text.contains("The image is missing")).await;
    script.finished();
    let batch = json!({ "alerts": [{ "status": "firing", "labels": { "alertname": "Planted" },
        "annotations": { "summary": "GET https://bob:s3cr3t-alert@api/ fails" }, "startsAt": "2026-11-23T09:00:00Z" }] });
    let alerts = format!("{}/api/v1/alerts", process.api().await);
    let posted = reqwest::Client::new().post(alerts).bearer_auth(API_TOKEN).json(&batch).send().await.unwrap();
    assert_eq!(posted.status().as_u16(), 202);
    chat.wait(Who::Alice, "the alert", |seen| seen.text.contains("1 alert firing")).await;
    chat.command(Who::Alice, "ack", &[("finding", "1"), ("why", "it waits for password=s3cr3t-ack")]);
    chat.wait(Who::Alice, "the acknowledgement", |seen| seen.text.contains("(it waits for password=[redacted])")).await;
    chat.command(Who::Alice, "mute", &[("check", "pod/restart-*"), ("why", "until password=s3cr3t-mute is there")]);
    chat.wait(Who::Alice, "the mute", |seen| seen.text.contains("(until password=[redacted] is there)")).await;
    let visitor = Visitor::sign_in(&process.console().await, "alice").await;
    visitor.say("rounds", "/mute pod/oom-* password=s3cr3t-typed").await;
    visitor.sees("rounds", "(password=[redacted])").await;
    let shown = visitor.reads("rounds").await;
    assert!(shown.contains("/mute pod/oom-* password=[redacted]"), "what was typed is shown: {shown}");
    process.terminate();
    let log = process.log();
    assert_eq!(process.ended().await.code(), Some(0));

    let said: String = chat.seen_by(Who::Alice).into_iter().map(|seen| seen.text + "\n").collect();
    let asked = serde_json::to_string(&script.requests()).unwrap();
    let mut kept = Vec::new();
    files(&folder.path().join("data"), &mut kept);
    assert!(said.contains("[redacted]") && asked.contains("[redacted]"), "nothing had to be taken out:\n{said}");
    assert!(log.contains("TRACE"), "the log was to hold everything");
    let mut leaks = Vec::new();
    for (what, secret) in PLANTED {
        let mut leaked = |place: &str, bytes: &[u8]| {
            if holds(bytes, secret) {
                leaks.push(format!("{what} ({secret}) in {place}"));
            }
        };
        leaked("the model's requests", asked.as_bytes());
        leaked("the chat", said.as_bytes());
        leaked("the web chat", shown.as_bytes());
        leaked("the log", log.as_bytes());
        kept.iter().for_each(|(path, bytes)| leaked(path, bytes));
    }
    let own = [chat.token(), API_TOKEN, MODEL_KEY, plane.token(Identity::SecretsReader), plane.token(Identity::Writer)];
    for token in own {
        for (place, bytes) in
            [("the log", log.as_bytes()), ("the chat", said.as_bytes()), ("the model", asked.as_bytes())]
        {
            if holds(bytes, token) {
                leaks.push(format!("a token of the bot's own, {token}, in {place}"));
            }
        }
        leaks
            .extend(kept.iter().filter(|(_, bytes)| holds(bytes, token)).map(|(path, _)| format!("{token} in {path}")));
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}
