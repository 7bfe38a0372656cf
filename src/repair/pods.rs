//! The pods of a workload as a repair sees them: which there are, why one is stuck, how long their containers ran.

use super::{
    action::{Kind, Target},
    revisions::text,
    surroundings::selected_by,
};
use crate::cluster::{Cluster, NotSeen, Peek};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// What the kubelet says of containers that it lost with its node: they did not end by themselves.
const LOST: [&str; 2] = ["Unknown", "ContainerStatusUnknown"];

/// The pods that a selector selects and that are not on their way out.
pub(super) struct Pods {
    pub(super) all: Vec<Value>,
    pub(super) server_time: Option<DateTime<Utc>>,
}

impl Pods {
    pub(super) fn none() -> Self {
        Self { all: Vec::new(), server_time: None }
    }
}

/// A container that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) pod: String,
    pub(super) reason: String,
    pub(super) at: DateTime<Utc>,
    pub(super) ran: TimeDelta,
}

/// The pods of the workload that `live` is.
pub(super) async fn pods(cluster: &Cluster, target: &Target, live: &Value) -> Result<Pods, String> {
    let path = format!("{}{}", Kind::Pod.path(&target.namespace), selected_by(live));
    match cluster.peek(&path).await {
        Ok(Peek { mut value, server_time }) => {
            let mut all = match value.pointer_mut("/items").map(Value::take) {
                Some(Value::Array(items)) => items,
                Some(_) | None => Vec::new(),
            };
            all.retain(|pod| pod.pointer("/metadata/deletionTimestamp").is_none());
            Ok(Pods { all, server_time })
        }
        Err(NotSeen::NotFound) => Ok(Pods::none()),
        Err(NotSeen::Unable(said)) => Err(said),
    }
}

fn statuses<'a>(pod: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    pod.pointer(&format!("/status/{field}")).and_then(Value::as_array).into_iter().flatten()
}

/// When the containers of a pod were started, as far as they run.
pub(super) fn started(pod: &Value) -> impl Iterator<Item = DateTime<Utc>> {
    statuses(pod, "containerStatuses").filter_map(|one| text(one, "/state/running/startedAt").parse().ok())
}

/// The last ends of a pod's containers. That an init container is over is as it should be, that it began again is not.
pub(super) fn ends(pod: &Value) -> impl Iterator<Item = End> {
    let before = ["initContainerStatuses", "containerStatuses"].into_iter();
    let before = before.flat_map(|field| statuses(pod, field)).map(|status| (status, "/lastState/terminated"));
    let now = statuses(pod, "containerStatuses").map(|status| (status, "/state/terminated"));
    before.chain(now).filter_map(|(status, place)| {
        let end = status.pointer(place)?;
        let at: DateTime<Utc> = text(end, "/finishedAt").parse().ok()?;
        // What could not be started is said to have started in 1970.
        let began = text(end, "/startedAt").parse::<DateTime<Utc>>().ok();
        let began = began.filter(|began| *began > DateTime::UNIX_EPOCH);
        let reason = text(end, "/reason").to_owned();
        let ran = began.map_or(TimeDelta::zero(), |began| (at - began).max(TimeDelta::zero()));
        (!LOST.contains(&reason.as_str())).then(|| End { pod: text(pod, "/metadata/name").to_owned(), reason, at, ran })
    })
}

/// Why a pod does not start, in Kubernetes' own word.
pub(super) fn stuck(pod: &Value) -> Option<String> {
    const PASSING: [&str; 2] = ["ContainerCreating", "PodInitializing"];
    let containers = ["initContainerStatuses", "containerStatuses"].into_iter();
    let mut waiting = containers.flat_map(|field| statuses(pod, field)).map(|one| text(one, "/state/waiting/reason"));
    if let Some(reason) = waiting.find(|reason| !reason.is_empty() && !PASSING.contains(reason)) {
        return Some(reason.to_owned());
    }
    let unscheduled = statuses(pod, "conditions")
        .find(|condition| text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False");
    unscheduled.map(|condition| text(condition, "/message").to_owned()).filter(|message| !message.is_empty())
}
