//! GET requests to one API server: paced, counted, tried again where the server asks for it, and every refusal sorted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::obstacle::Obstacle;

/// Answers that are not lists (a version, an error) are read up to here.
const LARGEST_SMALL_BODY: usize = 8 << 20;
/// How often a request is sent again after 429, and after a server-side failure.
const RETRIES_WHEN_THROTTLED: u32 = 6;
const RETRIES_WHEN_FAILING: u32 = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(15);

pub(super) const JSON: &str = "application/json";

/// A request that brought no answer to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// 401
    Unauthorized,
    /// 403, in the server's words.
    Forbidden(String),
    /// 404: no such API or object.
    NotFound,
    /// 410: a continue token or resource version is too old.
    Gone,
    /// Any other status.
    Status(u16, String),
    /// No answer, or it broke off.
    Transport(Obstacle, String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("401: the server does not accept these credentials"),
            Self::Forbidden(message) => write!(f, "403: {message}"),
            Self::NotFound => f.write_str("404: not found"),
            Self::Gone => f.write_str("410: the list changed too much while it was read"),
            Self::Status(status, message) => write!(f, "{status}: {message}"),
            Self::Transport(_, detail) => f.write_str(detail),
        }
    }
}

/// One API server and how it is asked.
pub(super) struct Wire {
    client: kube::Client,
    /// The shortest time between the starts of two requests.
    interval: Option<Duration>,
    next_start: Mutex<Instant>,
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Wire {
    pub(super) fn new(client: kube::Client, requests_per_second: Option<u32>) -> Self {
        Self {
            client,
            interval: requests_per_second.map(|rate| Duration::from_secs(1) / rate.max(1)),
            next_start: Mutex::new(Instant::now()),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Sends a GET until there is an answer worth having; the body of a success is still unread. The caller sets the deadline.
    pub(super) async fn get(&self, path: &str, accept: &str) -> Result<Response<Body>, Refused> {
        let (mut throttled, mut failing) = (0, 0);
        loop {
            let response = self.send(path, accept).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let status = response.status();
            let wait = match status {
                StatusCode::TOO_MANY_REQUESTS => wait(response.headers(), &mut throttled, RETRIES_WHEN_THROTTLED),
                StatusCode::INTERNAL_SERVER_ERROR
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => wait(response.headers(), &mut failing, RETRIES_WHEN_FAILING),
                _ => None,
            };
            let refused = self.refusal(response).await;
            let Some(wait) = wait else { return Err(refused) };
            tracing::debug!(path, %status, ?wait, "asking again");
            tokio::time::sleep(wait).await;
        }
    }

    /// A GET whose answer is small, as JSON.
    pub(super) async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        accept: &str,
    ) -> Result<T, Refused> {
        let body = self.small_body(self.get(path, accept).await?).await?;
        serde_json::from_slice(&body).map_err(|e| Refused::Status(200, format!("the answer makes no sense: {e}")))
    }

    /// The next piece of a body; nothing at its end.
    pub(super) async fn chunk(&self, body: &mut Body) -> Result<Option<bytes::Bytes>, Refused> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broke_off(&error))?;
            if let Ok(data) = frame.into_data() {
                self.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// A whole body, up to a few megabytes.
    pub(super) async fn small_body(&self, response: Response<Body>) -> Result<Vec<u8>, Refused> {
        let mut body = response.into_body();
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk(&mut body).await? {
            if whole.len() + chunk.len() > LARGEST_SMALL_BODY {
                return Err(Refused::Status(200, "the answer is too large".to_owned()));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }

    async fn send(&self, path: &str, accept: &str) -> Result<Response<Body>, Refused> {
        if let Some(interval) = self.interval {
            let start = {
                let mut next = self.next_start.lock().await;
                let start = (*next).max(Instant::now());
                *next = start + interval;
                start
            };
            tokio::time::sleep_until(start).await;
        }
        let request = Request::get(path).header(header::ACCEPT, accept).body(Body::empty());
        let request = request.map_err(|error| Refused::Status(0, format!("{path} is not a request: {error}")))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.client.send(request).await.map_err(|error| transport(&error))
    }

    async fn refusal(&self, response: Response<Body>) -> Refused {
        #[derive(Deserialize, Default)]
        struct Status {
            #[serde(default)]
            message: String,
        }
        let code = response.status();
        let body = self.small_body(response).await.unwrap_or_default();
        let said: Status = serde_json::from_slice(&body).unwrap_or_default();
        let message = if said.message.is_empty() { plain(code, &body) } else { said.message };
        match code {
            StatusCode::UNAUTHORIZED => Refused::Unauthorized,
            StatusCode::FORBIDDEN => Refused::Forbidden(message),
            StatusCode::NOT_FOUND => Refused::NotFound,
            StatusCode::GONE => Refused::Gone,
            other => Refused::Status(other.as_u16(), message),
        }
    }
}

/// What the server or something before it says without a `Status`: a line of text, but no page.
fn plain(code: StatusCode, body: &[u8]) -> String {
    const LONGEST: usize = 200;
    let line = std::str::from_utf8(body).ok().map(str::trim);
    let line = line.filter(|line| (1..=LONGEST).contains(&line.len()) && !line.contains(['<', '{', '\n']));
    line.or(code.canonical_reason()).unwrap_or("no reason given").to_owned()
}

fn transport(error: &kube::Error) -> Refused {
    let (obstacle, detail) = Obstacle::of(error);
    Refused::Transport(obstacle, detail)
}

fn broke_off(error: &kube::Error) -> Refused {
    let (obstacle, detail) = Obstacle::of(error);
    Refused::Transport(obstacle, format!("the answer broke off: {detail}"))
}

/// How long to wait before asking again, if that was not done too often.
fn wait(headers: &HeaderMap, attempts: &mut u32, limit: u32) -> Option<Duration> {
    let asked = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let own = Duration::from_millis(500) * 2_u32.saturating_pow(*attempts);
    *attempts += 1;
    (*attempts <= limit).then(|| asked.map_or(own, Duration::from_secs).min(LONGEST_WAIT))
}
