//! Writes a synthetic cluster into a real API server: each object, then its status.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};
use synthetic::{Object, Plan};

use crate::lists::client;

const AT_ONCE: usize = 64;
const ATTEMPTS: u32 = 6;

/// Kinds whose status is taken only through `/status`, and is worth it.
const WITH_STATUS: &[&str] = &[
    "Pod",
    "Node",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Ingress",
    "PodDisruptionBudget",
];

/// Creates everything; returns a line about it.
pub(crate) async fn fill(kubeconfig: &Path, plan: &Plan) -> String {
    let writer = Writer { client: client(kubeconfig).await, uids: Mutex::default() };
    let begun = Instant::now();
    let (mut objects, mut pods, mut faults) = (0, 0, 0);
    let mut told = Instant::now();
    for batch in plan.batches() {
        objects += batch.objects.len();
        (pods, faults) = (pods + batch.pods, faults + batch.faults.len());
        for wave in batch.objects.chunk_by(|a, b| a.wave == b.wave) {
            futures::stream::iter(wave).for_each_concurrent(AT_ONCE, |object| writer.create(object)).await;
        }
        if told.elapsed() > Duration::from_secs(20) {
            crate::child::say(&format!("  {pods} of {} pods after {} s", plan.pods, begun.elapsed().as_secs()));
            told = Instant::now();
        }
    }
    format!(
        "{pods} pods on {} nodes, {objects} objects, {faults} faults: created in {} s",
        plan.nodes(),
        begun.elapsed().as_secs()
    )
}

struct Writer {
    client: kube::Client,
    /// Our uids and the server's.
    uids: Mutex<HashMap<String, String>>,
}

impl Writer {
    async fn create(&self, object: &Object) {
        let mut value = object.value.clone();
        let own = value["metadata"]["uid"].take();
        self.rename(&mut value);
        let status = value.as_object_mut().and_then(|fields| fields.remove("status"));
        let Some(created) = self.send(Method::POST, &object.path, "application/json", &value).await else { return };
        if let (Some(own), Some(uid)) = (own.as_str(), created["metadata"]["uid"].as_str()) {
            self.uids.lock().unwrap().insert(own.to_owned(), uid.to_owned());
        }
        let kind = value["kind"].as_str().unwrap_or_default();
        if let Some(status) = status.filter(|_| WITH_STATUS.contains(&kind)) {
            let path = format!("{}/{}/status", object.path, value["metadata"]["name"].as_str().unwrap());
            self.send(Method::PATCH, &path, "application/merge-patch+json", &json!({"status": status})).await;
        }
    }

    /// Puts the server's uids where ours are.
    fn rename(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::String(uid) if name == "uid" => {
                            if let Some(known) = self.uids.lock().unwrap().get(uid.as_str()) {
                                *uid = known.clone();
                            }
                        }
                        other => self.rename(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The answer; nothing if the object exists already.
    async fn send(&self, method: Method, path: &str, media: &str, body: &Value) -> Option<Value> {
        let text = body.to_string();
        for attempt in 1.. {
            let request = Request::builder().method(method.clone()).uri(path).header(header::CONTENT_TYPE, media);
            let request = request.body(Body::from(text.clone().into_bytes())).unwrap();
            let answer = match self.client.send(request).await {
                Ok(response) => {
                    let status = response.status();
                    response
                        .into_body()
                        .collect()
                        .await
                        .map(|body| (status, body.to_bytes()))
                        .map_err(|e| e.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            match answer {
                Ok((status, body)) if status.is_success() => return serde_json::from_slice(&body).ok(),
                Ok((StatusCode::CONFLICT, _)) if method == Method::POST => return None,
                Ok((status, body)) if !is_busy(status, &body) => {
                    panic!("{method} {path}: {status} {}\n{text}", String::from_utf8_lossy(&body))
                }
                other => assert!(attempt < ATTEMPTS, "{method} {path}: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
        }
        None
    }
}

/// Whether the same may be taken a little later. A Service for which etcd is too slow is answered as if it were wrong.
fn is_busy(status: StatusCode, body: &[u8]) -> bool {
    let etcd = status == StatusCode::UNPROCESSABLE_ENTITY && String::from_utf8_lossy(body).contains("etcdserver: ");
    etcd || status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}
