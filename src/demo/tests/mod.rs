//! The demo seen from outside: through `kube::Client`, with the clock in the test's hand.

mod api;
mod repairs;
mod stories;
mod watches;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use super::{Demo, Identity, Story};

/// A demo with a clock that stands still until the test moves it.
struct World {
    demo: Demo,
    now: Arc<Mutex<DateTime<Utc>>>,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    code: u16,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

impl World {
    fn with(stories: &[Story]) -> Self {
        let now = Arc::new(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let clock = Arc::clone(&now);
        let demo = Demo::start(move || *clock.lock().unwrap(), stories).unwrap();
        Self { demo, now }
    }

    fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    async fn send(&self, identity: Identity, method: Method, uri: &str, kind: &str, body: &Value) -> Reply {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let mut request = Request::builder().method(method).uri(uri);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let response = self.demo.client(identity).send(request.body(Body::from(body)).unwrap()).await.unwrap();
        let code = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Reply { code, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, uri: &str) -> Reply {
        self.send(Identity::Reader, Method::GET, uri, "", &Value::Null).await
    }

    /// The object at a path, which has to be there.
    async fn object(&self, uri: &str) -> Value {
        let reply = self.get(uri).await;
        assert_eq!(reply.code, 200, "{uri}: {}", reply.body);
        reply.json()
    }

    async fn items(&self, uri: &str) -> Vec<Value> {
        self.object(uri).await["items"].as_array().unwrap().clone()
    }

    async fn patch(&self, identity: Identity, uri: &str, patch: &Value) -> Reply {
        let kind = if patch.is_array() { "application/json-patch+json" } else { "application/merge-patch+json" };
        self.send(identity, Method::PATCH, uri, kind, patch).await
    }

    async fn delete(&self, identity: Identity, uri: &str, options: &Value) -> Reply {
        self.send(identity, Method::DELETE, uri, "application/json", options).await
    }
}

/// The condition of a type.
fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    super::json::condition(object, kind).unwrap_or_else(|| panic!("no condition {kind} in {object}"))
}

/// The waiting reason of a pod's first container.
fn waiting(pod: &Value) -> &str {
    super::json::text(pod, "/status/containerStatuses/0/state/waiting/reason")
}
