//! Something between the bot and the real API server that spoils single answers: a proxy on its last legs.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use control_plane::ControlPlane;
use futures::{StreamExt, stream};
use http::{StatusCode, header, request::Parts};
use std::sync::Arc;
use tokio::task::JoinSet;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Its first half arrives, then the connection ends.
    BreaksOff,
    /// This comes instead, as if all were well.
    Page(&'static str),
    /// This status, with this message.
    Refusal(u16, &'static str),
}

/// Listens without TLS and passes on what comes, with its credentials. It ends when it is dropped.
pub(crate) struct Front {
    url: String,
    _serving: JoinSet<()>,
}

struct Shared {
    server: String,
    client: reqwest::Client,
    faults: Vec<(&'static str, Fault)>,
}

impl Front {
    /// `faults`: how the path of a request ends, and what becomes of its answer.
    pub(crate) async fn before(plane: &ControlPlane, faults: &[(&'static str, Fault)]) -> Self {
        roundsman::cluster::init_tls();
        let authority = reqwest::Certificate::from_pem(plane.ca_pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
        let shared = Arc::new(Shared { server: plane.url(), client, faults: faults.to_vec() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(shared);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, _serving: serving }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    // What comes here is read only: no body.
    let (request, _) = request.into_parts();
    let fault = shared.faults.iter().find(|(end, _)| request.uri.path().ends_with(end)).map(|(_, fault)| *fault);
    match fault {
        None => {
            let (status, body) = shared.pass_on(&request).await;
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Some(Fault::BreaksOff) => {
            let (_, body) = shared.pass_on(&request).await;
            let half = stream::iter([Ok(body.slice(..body.len() / 2))]);
            let end = stream::once(async {
                // What came before is sent first.
                tokio::task::yield_now().await;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            });
            Response::new(Body::from_stream(half.chain(end)))
        }
        Some(Fault::Page(page)) => page.into_response(),
        Some(Fault::Refusal(status, message)) => {
            let body = serde_json::json!({ "kind": "Status", "status": "Failure", "message": message, "code": status });
            (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
        }
    }
}

impl Shared {
    async fn pass_on(&self, request: &Parts) -> (StatusCode, Bytes) {
        let mut onward = self.client.request(request.method.clone(), format!("{}{}", self.server, request.uri));
        for name in [header::AUTHORIZATION, header::ACCEPT] {
            if let Some(value) = request.headers.get(&name) {
                onward = onward.header(name, value);
            }
        }
        let response = onward.send().await.unwrap();
        (response.status(), response.bytes().await.unwrap())
    }
}
