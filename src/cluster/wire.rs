//! GET requests to one API server: paced, counted, tried again where the server asks for it, and every refusal sorted.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::obstacle::Obstacle;
use super::split::MAGIC;
use crate::snapshot::protobuf::bytes_of;
use crate::snapshot::{ObjectMeta, RequestStats, Why};

/// Answers that are not lists (a version, an error) are read up to here.
const LARGEST_SMALL_BODY: usize = 8 << 20;
/// How often a request is sent again after 429, and after a server-side failure.
const RETRIES_WHEN_THROTTLED: u32 = 6;
const RETRIES_WHEN_FAILING: u32 = 2;
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Requests whose times are kept.
const MOST_TIMED: usize = 4096;

pub(super) const JSON: &str = "application/json";
pub(super) const TEXT: &str = "text/plain";
/// The media type of Kubernetes' protobuf.
pub(super) const PROTOBUF_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// Protobuf, and JSON from whoever has no other.
pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf,application/json";

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

impl From<Refused> for Why {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(_) => Self::Forbidden,
            Refused::NotFound => Self::NotServed,
            Refused::Unauthorized | Refused::Gone | Refused::Status(..) | Refused::Transport(..) => {
                Self::Failed(refused.to_string())
            }
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
    throttled: AtomicU64,
    retried: AtomicU64,
    /// The times until each answer began.
    timed: std::sync::Mutex<Vec<Duration>>,
}

impl Wire {
    pub(super) fn new(client: kube::Client, requests_per_second: Option<u32>) -> Self {
        Self {
            client,
            interval: requests_per_second.map(|rate| Duration::from_secs(1) / rate.max(1)),
            next_start: Mutex::new(Instant::now()),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            timed: std::sync::Mutex::default(),
        }
    }

    /// How the server answered so far, where it did so by itself.
    pub(super) fn stats(&self) -> RequestStats {
        let mut timed = self.timed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        timed.sort_unstable();
        let p95 = timed.get((timed.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
        let number = |counter: &AtomicU64| i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        RequestStats {
            meta: ObjectMeta { name: "requests".into(), ..ObjectMeta::default() },
            requests: number(&self.requests),
            p95_ms: i64::try_from(p95.as_millis()).unwrap_or(i64::MAX),
            throttled: number(&self.throttled),
            retried: number(&self.retried),
        }
    }

    /// Says that a request is sent again by who sent it.
    pub(super) fn note_retry(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
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
            let own = !is_relayed(path);
            if own && status == StatusCode::TOO_MANY_REQUESTS {
                self.throttled.fetch_add(1, Ordering::Relaxed);
            }
            let refused = self.refusal(response).await;
            let Some(wait) = wait else { return Err(refused) };
            if own {
                self.note_retry();
            }
            tracing::debug!(path, %status, ?wait, "asking again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends a GET once, for who wants to know what a failing server says: the body of a 5xx is still unread too.
    pub(super) async fn get_once(&self, path: &str, accept: &str) -> Result<Response<Body>, Refused> {
        let response = self.send(path, accept).await?;
        if response.status().is_success() || response.status().is_server_error() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
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
        let begun = Instant::now();
        let response = self.client.send(request).await.map_err(|error| transport(&error))?;
        let mut timed = self.timed.lock().unwrap_or_else(PoisonError::into_inner);
        if timed.len() < MOST_TIMED && !is_relayed(path) {
            timed.push(begun.elapsed());
        }
        drop(timed);
        Ok(response)
    }

    async fn refusal(&self, response: Response<Body>) -> Refused {
        let code = response.status();
        let body = self.small_body(response).await.unwrap_or_default();
        let message = said(&body).filter(|message| !message.is_empty()).unwrap_or_else(|| plain(code, &body));
        match code {
            StatusCode::UNAUTHORIZED => Refused::Unauthorized,
            StatusCode::FORBIDDEN => Refused::Forbidden(message),
            StatusCode::NOT_FOUND => Refused::NotFound,
            StatusCode::GONE => Refused::Gone,
            other => Refused::Status(other.as_u16(), message),
        }
    }
}

/// Whether somebody behind the API server answers, whose trouble is not its own: a kubelet, or metrics-server.
fn is_relayed(path: &str) -> bool {
    path.contains("/proxy/") || path.contains("/log?") || path.starts_with("/apis/metrics.k8s.io/")
}

/// The message of a `Status`, which comes in the form that was asked for.
fn said(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    let Some(unknown) = body.strip_prefix(MAGIC) else {
        return serde_json::from_slice(body).ok().map(|status: Status| status.message);
    };
    // `runtime.Unknown.raw`, and in it `Status.message`.
    let message = bytes_of(unknown, 2).and_then(|status| bytes_of(status, 3)).ok()?;
    Some(String::from_utf8_lossy(message).into_owned())
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
