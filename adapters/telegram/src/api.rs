//! One request to the Bot API. Not teloxide's own sender: that one forgets `error_code`, sleeps ten seconds on every
//! 5xx and cannot tell a request that never left from one whose answer was lost.

use crate::config::{BotToken, Config, SetupError};
use reqwest12::{Client, Url, header::CONTENT_TYPE, multipart::Form};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;
use teloxide::requests::Payload;

const OFFICIAL: &str = "https://api.telegram.org";
/// A connection that takes longer will not come.
const CONNECT: Duration = Duration::from_secs(10);
/// How much later than asked for a long poll may answer before the connection counts as dead.
const POLL_SLACK: Duration = Duration::from_secs(15);

#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    base: String,
    token: BotToken,
    timeout: Duration,
}

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The Bot API understood it and said no.
    Refused(Refusal),
    /// Nothing reached the server.
    NotSent(String),
    /// It left, and no readable answer came back: it may have been done.
    Lost(String),
}

/// The Bot API's `ok: false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) retry_after: Option<u64>,
    pub(crate) migrate_to: Option<i64>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(&refusal.description),
            Self::NotSent(text) | Self::Lost(text) => f.write_str(text),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    result: Option<Value>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Self, SetupError> {
        if !config.token.is_well_formed() {
            return Err(SetupError::Token);
        }
        let base = config.api_url.as_deref().unwrap_or(OFFICIAL);
        let refuse = |problem: String| SetupError::ApiUrl { url: base.to_owned(), problem };
        let url = Url::parse(base).map_err(|error| refuse(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("it must begin with http:// or https://".to_owned()));
        }
        let mut builder = Client::builder().connect_timeout(CONNECT);
        // A proxy of the environment leads out of this machine; a server on this machine is not behind it.
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| SetupError::Client(error.to_string()))?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            token: config.token.clone(),
            timeout: config.request_timeout,
        })
    }

    /// Sends a request without files. `T` is what we need of the answer, which is less than teloxide's type of it: a
    /// new field of Telegram's must not make a message look undelivered.
    pub(crate) async fn call<P, T>(&self, payload: &P) -> Result<T, Failure>
    where
        P: Payload + Serialize + Sync,
        T: DeserializeOwned,
    {
        let body = serde_json::to_vec(payload).map_err(|error| Failure::NotSent(error.to_string()))?;
        let timeout = match payload.timeout_hint() {
            Some(waits) => waits + self.timeout.min(POLL_SLACK),
            None => self.timeout,
        };
        let request =
            self.client.post(self.url(P::NAME)).timeout(timeout).header(CONTENT_TYPE, "application/json").body(body);
        Self::answer(request).await
    }

    /// Sends a request that carries a file.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, method: &str, form: Form) -> Result<T, Failure> {
        Self::answer(self.client.post(self.url(method)).timeout(self.timeout).multipart(form)).await
    }

    fn url(&self, method: &str) -> String {
        format!("{}/bot{}/{method}", self.base, self.token.reveal())
    }

    async fn answer<T: DeserializeOwned>(request: reqwest12::RequestBuilder) -> Result<T, Failure> {
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(broken)?;
        let envelope: Envelope = match serde_json::from_slice(&bytes) {
            Ok(envelope) => envelope,
            // A gateway in front of the Bot API: nobody knows how far the request came.
            Err(_) => return Err(Failure::Lost(format!("HTTP {} without a Bot API answer", status.as_u16()))),
        };
        if !envelope.ok {
            let parameters = envelope.parameters.unwrap_or(Parameters { retry_after: None, migrate_to_chat_id: None });
            return Err(Failure::Refused(Refusal {
                code: envelope.error_code.unwrap_or(status.as_u16()),
                description: envelope.description.unwrap_or_else(|| format!("HTTP {}", status.as_u16())),
                retry_after: parameters.retry_after,
                migrate_to: parameters.migrate_to_chat_id,
            }));
        }
        serde_json::from_value(envelope.result.unwrap_or_default())
            .map_err(|error| Failure::Lost(format!("unexpected answer: {error}")))
    }
}

/// The URL is taken out of the error because the token is in it.
fn broken(error: reqwest12::Error) -> Failure {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    if not_sent { Failure::NotSent(text) } else { Failure::Lost(text) }
}
