//! A client that notes what is sent over it and can lose writes, for tests of what happens to repairs.

use http::{Request, Response};
use kube::client::Body;
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};

/// What happens to a real write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wire {
    #[default]
    Fine,
    /// The server does it, and the answer never arrives.
    LosesAnswers,
    /// Nothing arrives.
    LosesRequests,
}

/// Everything that was sent, as `METHOD URI`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spy {
    sent: Arc<Mutex<Vec<String>>>,
    wire: Arc<Mutex<Wire>>,
}

impl Spy {
    /// The same client, watched.
    pub(crate) fn on(&self, client: kube::Client) -> kube::Client {
        let spy = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, wire) = (client.clone(), *spy.wire.lock().unwrap());
            let line = format!("{} {}", request.method(), request.uri());
            let write = is_write(&line);
            spy.sent.lock().unwrap().push(line);
            async move {
                let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
                if write && wire == Wire::LosesRequests {
                    return Err(broken());
                }
                let response: Response<Body> = client.send(request).await.map_err(io::Error::other)?;
                if write && wire == Wire::LosesAnswers { Err(broken()) } else { Ok(response) }
            }
        });
        kube::Client::new(service, "default")
    }

    pub(crate) fn wire(&self, wire: Wire) {
        *self.wire.lock().unwrap() = wire;
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    /// What would change something: no reading, no access reviews, no dry runs.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.sent().into_iter().filter(|line| is_write(line)).collect()
    }
}

fn is_write(line: &str) -> bool {
    !line.starts_with("GET") && !line.contains("dryRun=All") && !line.contains("selfsubjectaccessreviews")
}

/// Somebody else's request, which has to succeed; a body is a merge patch.
pub(crate) async fn as_somebody(client: &kube::Client, method: &str, path: &str, body: &Value) {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/merge-patch+json")
        .body(Body::from(bytes))
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert!(response.status().is_success(), "{method} {path}: {}", response.status());
}
