//! One request to Discord's REST API. Nothing is retried or waited for here.

use crate::{
    BotToken, ConfigError,
    limiter::{Limiter, Rate},
    refusal::{ApiError, CallError},
    route::Route,
};
use reqwest12::{
    Client, Response, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    multipart::{Form, Part},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

const DISCORD: &str = "https://discord.com";
const USER_AGENT: &str = concat!("DiscordBot (roundsman, ", env!("CARGO_PKG_VERSION"), ")");

/// Sends requests with the bot's token.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    base: String,
    authorization: HeaderValue,
    limiter: Mutex<Limiter>,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    global: bool,
    retry_after: Option<f64>,
}

impl Sender {
    pub(crate) fn new(api_url: Option<&str>, token: &BotToken) -> Result<Self, ConfigError> {
        let base = api_url.unwrap_or(DISCORD).trim_end_matches('/').to_owned();
        let url = Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(host) = url.as_ref().and_then(Url::host_str) else {
            return Err(ConfigError::ApiUrl(base));
        };
        if token.0.trim().is_empty() {
            return Err(ConfigError::Token);
        }
        let mut authorization =
            HeaderValue::from_str(&format!("Bot {}", token.0.trim())).map_err(|_| ConfigError::Token)?;
        authorization.set_sensitive(true);
        let mut client = Client::builder();
        // A proxy from the environment is for the way out, not for this machine.
        if host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) || host == "localhost" {
            client = client.no_proxy();
        }
        let client = client
            .user_agent(USER_AGENT)
            .connect_timeout(Duration::from_secs(5))
            // A redirect would carry the token to another place.
            .redirect(reqwest12::redirect::Policy::none())
            .build()
            .map_err(|error| ConfigError::Client(error.to_string()))?;
        Ok(Self { client, base, authorization, limiter: Mutex::default() })
    }

    /// The API's address, for serenity's own client.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A request without a body; the answer's body is not looked at.
    pub(crate) async fn call(&self, route: Route) -> Result<(), CallError> {
        self.send::<()>(&route, None, Vec::new()).await.map(drop)
    }

    /// A request with a body; the answer's body is not looked at.
    pub(crate) async fn tell(&self, route: Route, body: &impl Serialize) -> Result<(), CallError> {
        self.send(&route, Some(body), Vec::new()).await.map(drop)
    }

    /// A request without a body, for its answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, route: Route) -> Result<T, CallError> {
        read(&self.send::<()>(&route, None, Vec::new()).await?)
    }

    /// A request with a body and files, for its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        route: Route,
        body: &impl Serialize,
        uploads: Vec<Upload>,
    ) -> Result<T, CallError> {
        read(&self.send(&route, Some(body), uploads).await?)
    }

    async fn send<B: Serialize>(
        &self,
        route: &Route,
        body: Option<&B>,
        uploads: Vec<Upload>,
    ) -> Result<Vec<u8>, CallError> {
        let unsent = |why: String| CallError::Transport { sent: false, why };
        if let Some(wait) = self.limiter().wait(&route.bucket, Instant::now()) {
            return Err(CallError::Wait(wait));
        }
        let url = format!("{}/api/v10{}", self.base, route.path);
        let mut request = self.client.request(route.method.clone(), url).timeout(route.within);
        if route.authorized {
            request = request.header(AUTHORIZATION, self.authorization.clone());
        }
        if let Some(body) = body {
            request = if uploads.is_empty() {
                request.json(body)
            } else {
                let text = serde_json::to_string(body).map_err(|error| unsent(error.to_string()))?;
                request.multipart(form(text, uploads).map_err(|error| unsent(error.to_string()))?)
            };
        }
        let broken = |error: reqwest12::Error| {
            let sent = !error.is_connect() && !error.is_builder();
            CallError::Transport { sent, why: chain(&error.without_url()) }
        };
        let response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut rate = rate(&response);
        let bytes = response.bytes().await.map_err(broken)?;
        if (200..300).contains(&status) {
            self.limiter().note(&route.bucket, &rate, Instant::now());
            return Ok(bytes.into());
        }
        let body: Option<ErrorBody> = serde_json::from_slice(&bytes).ok();
        let by_discord = body.is_some();
        let body = body.unwrap_or_default();
        if status == 429 {
            // What stands before Discord answers without JSON, and means everything that comes from this address.
            rate.global |= body.global || !by_discord;
            rate.retry_after = body.retry_after.or(rate.retry_after);
            return Err(CallError::Wait(self.limiter().refused(&route.bucket, &rate, Instant::now())));
        }
        let mut message = body.message;
        if !body.errors.is_null() {
            message = format!("{message} {}", body.errors);
        }
        Err(CallError::Api(ApiError { status, code: body.code, message }))
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(bytes)
        .map_err(|error| CallError::Transport { sent: true, why: format!("Discord's answer cannot be read: {error}") })
}

fn form(body: String, uploads: Vec<Upload>) -> reqwest12::Result<Form> {
    let mut form = Form::new().part("payload_json", Part::text(body).mime_str("application/json")?);
    for (index, upload) in uploads.into_iter().enumerate() {
        let part = Part::bytes(upload.bytes).file_name(upload.name);
        form = form.part(format!("files[{index}]"), part.mime_str(&upload.media_type)?);
    }
    Ok(form)
}

fn rate(response: &Response) -> Rate {
    let headers: &HeaderMap = response.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| text(name).and_then(|value| value.parse::<f64>().ok());
    Rate {
        remaining: text("x-ratelimit-remaining").and_then(|value| value.parse().ok()),
        reset_after: number("x-ratelimit-reset-after"),
        retry_after: number("retry-after"),
        global: text("x-ratelimit-global") == Some("true") || text("x-ratelimit-scope") == Some("global"),
    }
}

/// The error with its causes: reqwest's own text says only that sending failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Sender;
    use crate::{BotToken, ConfigError};

    #[test]
    fn a_token_that_is_none_and_an_address_that_is_none_are_refused() {
        let token = |text: &str| Sender::new(None, &BotToken(text.into()));
        assert!(matches!(token(" "), Err(ConfigError::Token)));
        assert!(matches!(token("a\nb"), Err(ConfigError::Token)));
        assert!(token("abc\n").is_ok(), "the line feed at the end of a file");
        for address in ["discord.com", "ftp://discord.com", ""] {
            assert!(matches!(Sender::new(Some(address), &BotToken("x".into())), Err(ConfigError::ApiUrl(_))));
        }
        assert!(!format!("{:?}", token("s3cret")).contains("s3cret"));
        let adapter = crate::Discord::new(crate::Config::new("s3cret")).unwrap();
        assert!(!format!("{adapter:?}").contains("s3cret"));
    }
}
