//! One request of the writing identity and its answer: sent once, never again, and every refusal sorted by what is known
//! about its effect.

use super::{Cluster, Obstacle};
use crate::repair::{FIELD_MANAGER, Request, Verb};
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

/// Answers are one object each.
const LARGEST_ANSWER: usize = 8 << 20;

/// Why a request brought no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// There is no writing identity.
    NoWriter,
    /// 404: no such object.
    NotFound,
    /// 401 or 403, in the server's words.
    Forbidden(String),
    /// 409: the object is not the expected one any more.
    Conflict(String),
    /// Any other 4xx: the server does not take the change.
    Invalid(String),
    /// It never reached the server.
    NotSent(String),
    /// It may have reached the server, and no answer says what came of it.
    Unclear(String),
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoWriter => f.write_str("there is no identity for repairs"),
            Self::NotFound => f.write_str("not found"),
            Self::Forbidden(said)
            | Self::Conflict(said)
            | Self::Invalid(said)
            | Self::NotSent(said)
            | Self::Unclear(said) => f.write_str(said),
        }
    }
}

/// Whether the server keeps what it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Real,
    /// `dryRun=All`
    Dry,
}

impl Run {
    fn query(self) -> &'static str {
        match self {
            Self::Real => "",
            Self::Dry => "&dryRun=All",
        }
    }
}

impl Cluster {
    pub(super) async fn send(&self, request: &Request, run: Run) -> Result<Value, Denied> {
        let query = format!("fieldManager={FIELD_MANAGER}{}", run.query());
        let mut body = request.body.clone();
        let (method, media, query) = match request.verb {
            Verb::MergePatch => (Method::PATCH, "application/merge-patch+json", query),
            Verb::JsonPatch => (Method::PATCH, "application/json-patch+json", query),
            Verb::Delete => {
                // A DELETE with a body is judged by the body alone: a dry run that only the query names would be real.
                if run == Run::Dry {
                    body["dryRun"] = serde_json::json!(["All"]);
                }
                (Method::DELETE, "application/json", run.query().trim_start_matches('&').to_owned())
            }
        };
        let uri = if query.is_empty() { request.path.clone() } else { format!("{}?{query}", request.path) };
        self.exchange(method, &uri, media, &body).await
    }

    pub(super) async fn exchange(&self, method: Method, uri: &str, media: &str, body: &Value) -> Result<Value, Denied> {
        let client = self.writer.as_ref().ok_or(Denied::NoWriter)?;
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, media)
            .header(header::ACCEPT, "application/json")
            .body(Body::from(body.to_string().into_bytes()))
            .map_err(|error| Denied::NotSent(format!("{uri} is not a request: {error}")))?;
        let exchange = async {
            let response = client.send(request).await.map_err(|error| unsent_or_unclear(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
            let body = body.map_err(|error| Denied::Unclear(format!("the answer broke off: {error}")))?.to_bytes();
            judge(status, &body)
        };
        match timeout(self.limits.request_timeout, exchange).await {
            Ok(result) => result,
            Err(_) => Err(Denied::Unclear(format!("no answer within {} s", self.limits.request_timeout.as_secs()))),
        }
    }
}

fn judge(status: StatusCode, body: &[u8]) -> Result<Value, Denied> {
    if status.is_success() {
        // It happened, whatever the answer looks like.
        return Ok(serde_json::from_slice(body).unwrap_or(Value::Null));
    }
    let said: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let said = said.pointer("/message").and_then(Value::as_str).filter(|message| !message.is_empty());
    let said = said.or(status.canonical_reason()).unwrap_or("no reason given");
    // A webhook may quote what it does not like.
    let said = crate::redact::text(said).into_owned();
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Denied::Forbidden(said),
        StatusCode::NOT_FOUND => Denied::NotFound,
        StatusCode::CONFLICT => Denied::Conflict(said),
        status if status.is_server_error() => Denied::Unclear(said),
        _ => Denied::Invalid(said),
    })
}

fn unsent_or_unclear(error: &kube::Error) -> Denied {
    let (obstacle, said) = Obstacle::of(error);
    match obstacle {
        Obstacle::Configuration
        | Obstacle::NoSuchNamespace
        | Obstacle::NoSuchHost
        | Obstacle::Refused
        | Obstacle::Tls
        | Obstacle::Unauthorized => Denied::NotSent(said),
        Obstacle::Forbidden | Obstacle::TimedOut | Obstacle::NotKubernetes | Obstacle::Failing => Denied::Unclear(said),
    }
}

#[cfg(test)]
mod tests {
    use super::{Denied, Run};
    use crate::cluster::Cluster;
    use crate::repair::{Request, Verb};
    use http_body_util::{BodyExt, Full};
    use kube::client::Body;
    use serde_json::{Value, json};
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    type Seen = Arc<Mutex<Vec<(String, Value)>>>;

    /// A cluster whose server answers every write with this status, and what it was sent.
    fn answering(status: u16, said: &'static str) -> (Cluster, Seen) {
        let seen = Seen::default();
        let log = Arc::clone(&seen);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let log = Arc::clone(&log);
            async move {
                let line = format!("{} {}", request.method(), request.uri());
                let body = request.into_body().collect().await.unwrap().to_bytes();
                log.lock().unwrap().push((line, serde_json::from_slice(&body).unwrap()));
                let body = Full::new(bytes::Bytes::from_static(said.as_bytes()));
                Ok::<_, Infallible>(http::Response::builder().status(status).body(body).unwrap())
            }
        });
        let client = kube::Client::new(service, "default");
        (Cluster::from_client("test", client.clone()).with_writer(client), seen)
    }

    fn delete() -> Request {
        let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "u1"}});
        Request { verb: Verb::Delete, path: "/api/v1/namespaces/shop/pods/api-1".into(), body }
    }

    /// The API server ignores the query of a DELETE that has a body: without this the rehearsal would be the real thing.
    #[tokio::test]
    async fn a_rehearsed_deletion_says_so_in_its_body() {
        let (cluster, seen) = answering(200, "{}");
        cluster.rehearse(&delete()).await.unwrap();
        cluster.send(&delete(), Run::Real).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0].1["dryRun"], json!(["All"]));
        assert_eq!(seen[0].0, "DELETE /api/v1/namespaces/shop/pods/api-1?dryRun=All");
        assert_eq!(seen[1], ("DELETE /api/v1/namespaces/shop/pods/api-1".to_owned(), delete().body));
    }

    #[tokio::test]
    async fn every_refusal_says_what_is_known_about_the_effect_and_nothing_is_sent_twice() {
        let said = r#"{"kind": "Status", "message": "no"}"#;
        let no = || "no".to_owned();
        let table = [
            (401, Denied::Forbidden(no())),
            (403, Denied::Forbidden(no())),
            (404, Denied::NotFound),
            (409, Denied::Conflict(no())),
            (422, Denied::Invalid(no())),
            (429, Denied::Invalid(no())),
            (500, Denied::Unclear(no())),
            (503, Denied::Unclear(no())),
            (504, Denied::Unclear(no())),
        ];
        for (status, expected) in table {
            let (cluster, seen) = answering(status, said);
            assert_eq!(cluster.send(&delete(), Run::Real).await, Err(expected), "{status}");
            assert_eq!(seen.lock().unwrap().len(), 1, "{status}");
        }
    }
}
