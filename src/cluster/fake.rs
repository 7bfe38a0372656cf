//! An API server made of one function, for tests of what goes over the wire.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

use super::Cluster;
use crate::demo::covered::Covered;
use crate::demo::{Identity, Shape};

type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// One answer of the fake.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    chunks: Vec<Bytes>,
    end: End,
}

enum End {
    Proper,
    /// The body never ends.
    Stalls,
    /// The connection breaks.
    Breaks,
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::text(&value.to_string())
    }
    pub(crate) fn text(text: &str) -> Self {
        let chunks = text.as_bytes().chunks(37).map(Bytes::copy_from_slice).collect();
        Self { status: 200, headers: Vec::new(), chunks, end: End::Proper }
    }
    pub(crate) fn items(items: impl IntoIterator<Item = Value>) -> Self {
        Self::page(items, "")
    }
    pub(crate) fn page(items: impl IntoIterator<Item = Value>, token: &str) -> Self {
        let items: Vec<_> = items.into_iter().collect();
        Self::json(&json!({"kind": "AnyList", "apiVersion": "v1", "metadata": {"continue": token}, "items": items}))
    }
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        let body =
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status});
        Self { status, ..Self::json(&body) }
    }
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
    pub(crate) fn chunks(chunks: Vec<Bytes>) -> Self {
        Self { status: 200, headers: Vec::new(), chunks, end: End::Proper }
    }
    pub(crate) fn stalls(self) -> Self {
        Self { end: End::Stalls, ..self }
    }
    pub(crate) fn breaks(self) -> Self {
        Self { end: End::Breaks, ..self }
    }

    fn response(self) -> Response<UnsyncBoxBody<Bytes, BodyError>> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let frames = stream::iter(self.chunks).map(|chunk| Ok(Frame::data(chunk)));
        let body: UnsyncBoxBody<Bytes, BodyError> = match self.end {
            End::Proper => StreamBody::new(frames).boxed_unsync(),
            End::Stalls => StreamBody::new(frames.chain(stream::pending())).boxed_unsync(),
            End::Breaks => {
                let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                let error: BodyError = reset.into();
                StreamBody::new(frames.chain(stream::iter([Err(error)]))).boxed_unsync()
            }
        };
        response.body(body).unwrap()
    }
}

/// One request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) accept: String,
}

/// All requests, in order; when it goes, all of them have to be covered.
pub(crate) struct Log {
    asked: Arc<Mutex<Vec<Asked>>>,
    _covered: Covered,
}

impl Deref for Log {
    type Target = Mutex<Vec<Asked>>;
    fn deref(&self) -> &Self::Target {
        &self.asked
    }
}

/// A cluster called `test` whose server is `answer`.
pub(crate) fn cluster(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Cluster, Log) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let shapes = Arc::new(Mutex::new(Vec::new()));
    let (seen, shaped) = (Arc::clone(&asked), Arc::clone(&shapes));
    let answer = Arc::new(answer);
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let asked = take_apart(&request);
        let uri = request.uri().to_string();
        shaped.lock().unwrap().push(Shape::noted(
            Identity::Reader,
            request.method().clone(),
            &uri,
            "",
            &asked.accept,
            &[],
        ));
        seen.lock().unwrap().push(asked.clone());
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(answer(&asked).response()) }
    });
    let log = Log { asked, _covered: Covered::by(move || shapes.lock().unwrap().clone()) };
    (Cluster::from_client("test", kube::Client::new(service, "default")), log)
}

fn take_apart(request: &Request<kube::client::Body>) -> Asked {
    let query = request.uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Asked {
        path: request.uri().path().to_owned(),
        query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        accept: request.headers().get("accept").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default(),
    }
}

/// `GET /version` of a server of that minor version, and a discovery without extensions; nothing for other paths.
pub(crate) fn version(asked: &Asked, minor: u32) -> Option<Answer> {
    let version = json!({"major": "1", "minor": format!("{minor}+"), "gitVersion": format!("v1.{minor}.2")});
    match asked.path.as_str() {
        "/version" => Some(Answer::json(&version)),
        "/apis" => Some(Answer::json(&json!({"kind": "APIGroupDiscoveryList", "items": []}))),
        _ => None,
    }
}

/// A pod of the namespace `shop`.
pub(crate) fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "managedFields": [{"manager": "x"}]},
           "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "acme/c:1"}]}, "status": {"phase": "Running"}})
}
