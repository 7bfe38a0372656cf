//! Where the requests go that we send to Discord.

use reqwest12::Method;
use std::time::Duration;

/// A first response is void after three seconds; waiting longer for it helps nobody.
const CALLBACK: Duration = Duration::from_secs(3);
/// Anything else, with an upload of 20 MiB in mind.
const REQUEST: Duration = Duration::from_secs(30);

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What Discord counts together: method, kind and channel (or webhook), without message ids.
    pub(crate) bucket: String,
    /// Interaction routes carry their own token in the path, and do not take the bot's.
    pub(crate) authorized: bool,
    /// How long it may take.
    pub(crate) within: Duration,
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
