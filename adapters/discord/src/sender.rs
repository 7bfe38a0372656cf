//! One request to Discord's REST API, and what its answer means. Nothing is retried or waited for here.

use crate::{
    BotToken, ConfigError,
    limiter::{Limiter, Rate, Wait},
};
use contract::DeliveryError;
use reqwest12::{
    Client, Method, Response, Url,
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
/// A first response is void after three seconds; waiting longer for it helps nobody.
const CALLBACK: Duration = Duration::from_secs(3);
/// Anything else, with an upload of 20 MiB in mind.
const REQUEST: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("DiscordBot (roundsman, ", env!("CARGO_PKG_VERSION"), ")");

/// Sends requests with the bot's token.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    base: String,
    authorization: HeaderValue,
    limiter: Mutex<Limiter>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    method: Method,
    path: String,
    /// What Discord counts together: method, kind and channel (or webhook), without message ids.
    bucket: String,
    /// Interaction routes carry their own token in the path, and do not take the bot's.
    authorized: bool,
    within: Duration,
}

impl Route {
    fn bot(method: Method, path: String, bucket: String) -> Self {
        Self { method, path, bucket, authorized: true, within: REQUEST }
    }

    pub(crate) fn gateway() -> Self {
        Self::bot(Method::GET, "/gateway/bot".into(), "gateway".into())
    }

    pub(crate) fn put_commands(application: &str, guild: Option<&str>) -> Self {
        let path = match guild {
            Some(guild) => format!("/applications/{application}/guilds/{guild}/commands"),
            None => format!("/applications/{application}/commands"),
        };
        Self::bot(Method::PUT, path, "commands".into())
    }

    pub(crate) fn post(channel: &str) -> Self {
        Self::bot(Method::POST, format!("/channels/{channel}/messages"), format!("post {channel}"))
    }

    pub(crate) fn edit(channel: &str, message: &str) -> Self {
        Self::bot(Method::PATCH, format!("/channels/{channel}/messages/{message}"), format!("edit {channel}"))
    }

    pub(crate) fn delete(channel: &str, message: &str) -> Self {
        Self::bot(Method::DELETE, format!("/channels/{channel}/messages/{message}"), format!("delete {channel}"))
    }

    pub(crate) fn typing(channel: &str) -> Self {
        Self::bot(Method::POST, format!("/channels/{channel}/typing"), format!("typing {channel}"))
    }

    pub(crate) fn open_direct() -> Self {
        Self::bot(Method::POST, "/users/@me/channels".into(), "direct".into())
    }

    pub(crate) fn callback(interaction: &str, token: &str) -> Self {
        Self {
            method: Method::POST,
            path: format!("/interactions/{interaction}/{token}/callback"),
            bucket: format!("callback {interaction}"),
            authorized: false,
            within: CALLBACK,
        }
    }

    fn webhook(method: Method, application: &str, token: &str, rest: &str) -> Self {
        let bucket = format!("{method} webhook {token}{rest}");
        let path = format!("/webhooks/{application}/{token}{rest}");
        Self { method, path, bucket, authorized: false, within: REQUEST }
    }

    pub(crate) fn original(method: Method, application: &str, token: &str) -> Self {
        Self::webhook(method, application, token, "/messages/@original")
    }

    pub(crate) fn follow_up(application: &str, token: &str) -> Self {
        // `wait` is implied for interactions, and harmless.
        Self::webhook(Method::POST, application, token, "?wait=true")
    }
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// Why a request brought no answer of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    /// Rate limited, by an answer or by what earlier answers said.
    Wait(Wait),
    /// Discord said no.
    Api(ApiError),
    /// No whole answer came.
    Transport {
        /// The request may have had its effect.
        sent: bool,
        /// What broke; without the URL, which may hold an interaction's token.
        why: String,
    },
}

/// A refusal in Discord's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    /// Discord's own error code, 0 where it gave none.
    pub(crate) code: u64,
    pub(crate) message: String,
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

/// Discord's error codes that decide something here.
pub(crate) mod code {
    pub(crate) const UNKNOWN_CHANNEL: u64 = 10_003;
    pub(crate) const UNKNOWN_MESSAGE: u64 = 10_008;
    pub(crate) const UNKNOWN_WEBHOOK: u64 = 10_015;
    pub(crate) const UNKNOWN_INTERACTION: u64 = 10_062;
    pub(crate) const ALREADY_ACKNOWLEDGED: u64 = 40_060;
    pub(crate) const CANNOT_MESSAGE_USER: u64 = 50_007;
    pub(crate) const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
    pub(crate) const INVALID_FORM_BODY: u64 = 50_035;
}

impl CallError {
    /// The interaction can be answered no longer (15 minutes are over), or never could (no first response).
    pub(crate) fn is_void_interaction(&self) -> bool {
        matches!(self, Self::Api(error) if matches!(
            error.code,
            code::UNKNOWN_WEBHOOK | code::INVALID_WEBHOOK_TOKEN | code::UNKNOWN_INTERACTION
        ))
    }

    /// The same request may succeed at once.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Api(error) => error.status >= 500,
            Self::Wait(_) => false,
        }
    }

    /// The message is not there (any more).
    pub(crate) fn is_unknown_message(&self) -> bool {
        matches!(self, Self::Api(error) if error.code == code::UNKNOWN_MESSAGE)
    }

    /// What the outbox shall do about it, where sending the same again can do no harm.
    pub(crate) fn repeatable(self) -> DeliveryError {
        match self {
            Self::Wait(wait) => wait.into(),
            Self::Transport { why, .. } => DeliveryError::Transient(why),
            Self::Api(error) => error.into(),
        }
    }

    /// The same for a request that has its effect twice when it is sent twice.
    pub(crate) fn unrepeatable(self) -> DeliveryError {
        match self {
            Self::Transport { sent: true, why } => DeliveryError::Ambiguous(why),
            other => other.repeatable(),
        }
    }
}

impl From<ApiError> for DeliveryError {
    fn from(error: ApiError) -> Self {
        let text = format!("Discord answered {} ({}): {}", error.status, error.code, error.message);
        match (error.status, error.code) {
            // A person mends that, and what waits until then is still to be said.
            (401, _) => Self::Transient(crate::texts::TOKEN_REFUSED.to_owned()),
            (_, code::INVALID_FORM_BODY) => Self::Malformed(text),
            (_, code::UNKNOWN_MESSAGE | code::CANNOT_MESSAGE_USER) => Self::Rejected(text),
            // Without a code it is not Discord that speaks, but what stands before it.
            (403, 0) | (500.., _) => Self::Transient(text),
            (403, _) | (404, code::UNKNOWN_CHANNEL) => Self::ChannelGone(text),
            (_, _) => Self::Rejected(text),
        }
    }
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
    use super::{ApiError, CallError, Sender};
    use crate::{BotToken, ConfigError};
    use contract::DeliveryError;

    fn api(status: u16, code: u64) -> DeliveryError {
        CallError::Api(ApiError { status, code, message: "no".into() }).repeatable()
    }

    #[test]
    fn a_refusal_says_what_to_do_next() {
        assert!(matches!(api(401, 0), DeliveryError::Transient(text) if text.contains("token")));
        assert!(matches!(api(403, 50_001), DeliveryError::ChannelGone(_)));
        assert!(matches!(api(404, 10_003), DeliveryError::ChannelGone(_)));
        assert!(matches!(api(404, 10_008), DeliveryError::Rejected(_)));
        assert!(matches!(api(403, 50_007), DeliveryError::Rejected(_)));
        assert!(matches!(api(400, 50_035), DeliveryError::Malformed(_)));
        assert!(matches!(api(400, 50_006), DeliveryError::Rejected(_)));
        assert!(matches!(api(502, 0), DeliveryError::Transient(_)));
        assert!(matches!(api(403, 0), DeliveryError::Transient(_)), "a page of the network before Discord");
        let cut = CallError::Transport { sent: true, why: "cut".into() };
        assert!(matches!(cut.clone().repeatable(), DeliveryError::Transient(_)));
        assert!(matches!(cut.unrepeatable(), DeliveryError::Ambiguous(_)));
    }

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
