//! One object or one short list as it is, for who plans and verifies a repair: with the reading identity, undecorated.

use super::Cluster;
use super::wire::{JSON, Refused};
use chrono::{DateTime, Utc};
use http::header;
use serde_json::Value;
use tokio::time::timeout;

/// What was read.
#[derive(Debug, Clone)]
pub struct Peek {
    pub value: Value,
    /// The server's own time of the answer, where it says so: ages are told by the clock that wrote the times.
    pub server_time: Option<DateTime<Utc>>,
}

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSeen {
    NotFound,
    /// In words.
    Unable(String),
}

impl Cluster {
    /// Reads `path`, with its query.
    ///
    /// # Errors
    /// When it is not there, or cannot be read in time.
    pub async fn peek(&self, path: &str) -> Result<Peek, NotSeen> {
        let reading = async {
            let response = self.wire.get(path, JSON).await?;
            let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
            let server_time = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
            let body = self.wire.small_body(response).await?;
            let value = serde_json::from_slice(&body)
                .map_err(|error| Refused::Status(200, format!("the answer makes no sense: {error}")))?;
            Ok(Peek { value, server_time: server_time.map(|time| time.with_timezone(&Utc)) })
        };
        match timeout(self.limits.request_timeout, reading).await {
            Ok(Ok(peek)) => Ok(peek),
            Ok(Err(Refused::NotFound)) => Err(NotSeen::NotFound),
            Ok(Err(refused)) => Err(NotSeen::Unable(crate::redact::text(&refused.to_string()).into_owned())),
            Err(_) => Err(NotSeen::Unable(format!("no answer within {} s", self.limits.request_timeout.as_secs()))),
        }
    }
}
