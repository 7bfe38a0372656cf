//! What the adapter is told at start.

use chrono::{DateTime, Utc};
use std::{fmt, sync::Arc, time::Duration};
use thiserror::Error;

/// The current time. A function, so that the core's clock decides it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// A clock that asks this function.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The bot's token. It is part of every URL, so URLs are never logged either.
#[derive(Clone, PartialEq, Eq)]
pub struct BotToken(String);

impl BotToken {
    /// A token as @BotFather gives it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `<digits>:<letters, digits, _ and ->`: anything else would also change the URL's path.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.0.split_once(':').is_some_and(|(id, secret)| {
            !id.is_empty()
                && id.bytes().all(|byte| byte.is_ascii_digit())
                && !secret.is_empty()
                && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        })
    }
}

impl fmt::Debug for BotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BotToken(…)")
    }
}

/// How the adapter connects.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bot's token.
    pub token: BotToken,
    /// Another Bot API server than `https://api.telegram.org`: a self-hosted one, or a fake.
    pub api_url: Option<String>,
    /// How long one `getUpdates` waits for something to happen.
    pub poll_timeout: Duration,
    /// How long any other request may take, upload included.
    pub request_timeout: Duration,
    /// How long to wait after a failure of receiving.
    pub backoff: Backoff,
    /// Whether to keep below Telegram's rates by ourselves.
    pub pacing: Pacing,
}

impl Config {
    /// The values for the real Telegram.
    pub fn new(token: BotToken) -> Self {
        Self {
            token,
            api_url: None,
            poll_timeout: Duration::from_secs(50),
            request_timeout: Duration::from_secs(60),
            backoff: Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) },
            pacing: Pacing::Telegram,
        }
    }
}

/// A wait that doubles with every failure in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// Never longer than this.
    pub most: Duration,
}

impl Backoff {
    pub(crate) fn after(self, failures: u32) -> Duration {
        let factor = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }
}

/// Telegram's rates, kept before Telegram refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// 1 message a second to a chat, 20 a minute to a group, 30 a second over all.
    Telegram,
    /// Only Telegram's own refusals count (a self-hosted server, tests).
    Off,
}

/// Why the adapter cannot even be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The token cannot be one.
    #[error("the Telegram token does not look like 123456789:AbCd…; copy it again from @BotFather")]
    Token,
    /// The URL cannot be one.
    #[error("{url:?} is not the URL of a Bot API server: {problem}")]
    ApiUrl {
        /// As configured.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client for Telegram could not be built: {0}")]
    Client(String),
}

#[cfg(test)]
mod tests {
    use super::{Backoff, BotToken, Config};
    use std::time::Duration;

    #[test]
    fn the_token_is_not_shown() {
        let config = Config::new(BotToken::new("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"));
        assert!(!format!("{config:?}").contains("AAHdq"), "{config:?}");
    }

    #[test]
    fn a_token_that_would_change_the_path_is_refused() {
        for (token, well_formed) in
            [("1:a_-Z", true), ("", false), ("1:", false), (":a", false), ("x:a", false), ("1:a/../b", false)]
        {
            assert_eq!(BotToken::new(token).is_well_formed(), well_formed, "{token}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_most() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(5) };
        let waits: Vec<u64> = [1, 2, 3, 4, 100].map(|failures| backoff.after(failures).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }
}
