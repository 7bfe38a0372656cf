//! Titles about what extends the API server: admission webhooks and custom resource definitions.

use super::{brief, few};
use crate::inspection::checks::Distrust;
use crate::texts::time;
use chrono::TimeDelta;

pub(crate) fn service_missing(service: &str) -> String {
    format!("Service {service} does not exist")
}

pub(crate) fn nobody_behind(service: &str) -> String {
    format!("nobody answers behind Service {service}")
}

/// What becomes of requests that nobody answers for.
pub(crate) fn not_answering(closed: bool, refused: &[&str], why: &str) -> String {
    let everything = refused.iter().any(|resource| *resource == "*" || *resource == "*/*");
    match (closed, refused) {
        (false, _) => format!("it is passed over: {why}"),
        (true, []) => format!("requests are refused: {why}"),
        (true, _) if everything => format!("requests of every kind are refused: {why}"),
        (true, refused) => format!("requests for {} are refused: {why}", few(refused)),
    }
}

pub(crate) fn distrusted(distrust: Distrust) -> String {
    match distrust {
        Distrust::Empty => "it cannot be trusted: its caBundle is empty".to_owned(),
        Distrust::Unreadable => "it cannot be trusted: its caBundle holds no certificate".to_owned(),
        Distrust::Ends { left, .. } if left <= TimeDelta::zero() => {
            format!("it cannot be trusted: its caBundle expired {} ago", time::span(-left))
        }
        Distrust::Ends { left, .. } => format!("its caBundle expires in {}", time::span(left)),
    }
}

pub(crate) fn fail_closed(broad: bool, slowest: Option<i32>) -> Option<String> {
    let broad = broad.then(|| "it stands before everything, kube-system too, and refuses when it is down".to_owned());
    let slow = slowest.map(|seconds| format!("every request it looks at can wait {seconds} s for it"));
    match (broad, slow) {
        (Some(broad), Some(slow)) => Some(format!("{broad}; {slow}")),
        (broad, slow) => broad.or(slow),
    }
}

pub(crate) fn rejections(objects: usize, message: &str) -> String {
    let whose = if objects == 1 { "what one object needs".to_owned() } else { format!("what {objects} objects need") };
    let refused = if message.contains("denied the request") { "it refused" } else { "it could not be asked about" };
    format!("{refused} {whose}: {}", brief(reason(message)))
}

/// What the webhook itself says, after the words of those who asked it.
fn reason(message: &str) -> &str {
    let denied = message.split_once("denied the request: ").map(|(_, reason)| reason);
    let unanswered = || message.split_once("failed calling webhook ")?.1.split_once(": ").map(|(_, reason)| reason);
    denied.or_else(unanswered).unwrap_or(message)
}

pub(crate) fn set() -> String {
    "set".to_owned()
}

pub(crate) fn terminating(why: &str) -> String {
    let stuck = "it is being deleted and does not come to an end";
    if why.is_empty() { stuck.to_owned() } else { format!("{stuck}: {}", brief(why)) }
}

pub(crate) fn names_taken(message: &str) -> String {
    format!("its names are not accepted: {}", brief(message))
}

pub(crate) fn not_established(message: &str) -> String {
    let not = "the API server does not serve it";
    if message.is_empty() { not.to_owned() } else { format!("{not}: {}", brief(message)) }
}

pub(crate) fn conversion_broken(why: &str) -> String {
    format!("its objects cannot be converted between versions: {why}")
}

pub(crate) fn conversion_distrusted(distrust: Distrust) -> String {
    match distrust {
        Distrust::Ends { left, .. } if left > TimeDelta::zero() => {
            format!("what converts its objects between versions is trusted for {} more", time::span(left))
        }
        Distrust::Ends { .. } | Distrust::Empty | Distrust::Unreadable => conversion_broken(&distrusted(distrust)),
    }
}

pub(crate) fn stored_version_unserved(versions: &[&str]) -> String {
    format!("objects may be stored as {}, which is not served any more", versions.join(", "))
}
