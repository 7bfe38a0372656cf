//! Whether a repair helped: one predicate per action, as `kubectl rollout status` sees it, and then a while in which
//! nothing restarts.

use super::{
    action::{Action, Kind, Target},
    carry::{marker, replicas},
    proposal::{Proposal, State, Verdict},
    revisions::{number, template_of, text},
    surroundings::{is_ready, owner_path, selected_by},
};
use crate::{
    cluster::{Cluster, NotSeen, Peek},
    texts::repair::plan,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// So long every new container has to run before it counts, by the server's clock.
const SETTLED: TimeDelta = TimeDelta::seconds(5);

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// For the card; the same words as long as nothing changes.
    pub progress: String,
    /// None: look again.
    pub verdict: Option<Verdict>,
}

/// What the objects say.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// Not yet; what is missing.
    Waiting(String),
    Well,
    /// It cannot get there any more.
    Wrong(String),
}

/// Looks once at what a repair changed.
pub async fn look(cluster: &Cluster, proposal: &Proposal, now: DateTime<Utc>) -> Look {
    let State::Verifying { deadline, execution, .. } = &proposal.state else {
        return Look { progress: proposal.progress.clone().unwrap_or_default(), verdict: None };
    };
    let seen = match &proposal.action {
        Action::DeletePod { target, owner } => {
            replaced(cluster, target, owner_path(&target.namespace, owner).as_deref(), now).await
        }
        action @ (Action::RestartRollout { target, .. }
        | Action::UndoRollout { target, .. }
        | Action::Scale { target, .. }) => rolled_out(cluster, action, target, execution, now).await,
    };
    let late = now >= *deadline;
    match seen.unwrap_or_else(|said| Seen::Waiting(plan::not_yet(&said))) {
        Seen::Well => Look { progress: plan::ALL_WELL.to_owned(), verdict: Some(Verdict::Succeeded) },
        Seen::Wrong(what) => {
            let why = plan::went_wrong(&what);
            Look { progress: what, verdict: Some(Verdict::Failed { why }) }
        }
        Seen::Waiting(missing) => {
            let verdict = late.then(|| Verdict::Failed { why: plan::ran_out(&missing) });
            Look { progress: missing, verdict }
        }
    }
}

/// The same look when the inspection still finds what the repair was meant to cure.
pub fn still_found(proposal: &Proposal, title: &str, now: DateTime<Utc>) -> Look {
    let missing = plan::still_found(title);
    let late = match &proposal.state {
        State::Verifying { deadline, .. } => now >= *deadline,
        State::Proposed
        | State::Approved { .. }
        | State::Executing { .. }
        | State::Succeeded { .. }
        | State::Failed { .. }
        | State::Unknown { .. }
        | State::Rejected { .. }
        | State::Expired { .. }
        | State::Superseded { .. } => false,
    };
    let verdict = late.then(|| Verdict::Failed { why: plan::ran_out(&missing) });
    Look { progress: missing, verdict }
}

async fn rolled_out(
    cluster: &Cluster,
    action: &Action,
    target: &Target,
    execution: &str,
    now: DateTime<Utc>,
) -> Result<Seen, String> {
    let live = match cluster.peek(&target.path()).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return Ok(Seen::Wrong(plan::gone(&target.to_string()))),
        Err(NotSeen::Unable(said)) => return Err(said),
    };
    if let Some(wrong) = overtaken(action, target, execution, &live) {
        return Ok(Seen::Wrong(wrong));
    }
    let pods = pods(cluster, target, &live).await?;
    let seen = match target.kind {
        Kind::Deployment => deployment(action, &live),
        Kind::StatefulSet => stateful_set(action, &live),
        Kind::DaemonSet => daemon_set(&live),
        Kind::Pod => Seen::Well,
    };
    Ok(steady(seen, &pods, now))
}

/// Whether somebody else has changed the object since, so that looking on would prove nothing.
fn overtaken(action: &Action, target: &Target, execution: &str, live: &Value) -> Option<String> {
    let changed = text(live, "/metadata/uid") != target.uid
        || !(marker(live).is_empty() || marker(live) == execution)
        || match action {
            Action::UndoRollout { earlier, .. } => template_of(live) != *earlier,
            Action::Scale { to, .. } => replicas(live) != i64::from(*to),
            Action::RestartRollout { .. } | Action::DeletePod { .. } => false,
        };
    changed.then(|| plan::changed(&target.to_string()))
}

fn observed(live: &Value) -> bool {
    number(live, "/status/observedGeneration") >= number(live, "/metadata/generation")
}

fn deployment(action: &Action, live: &Value) -> Seen {
    if !observed(live) {
        return Seen::Waiting(plan::NOT_OBSERVED.to_owned());
    }
    let status = |field: &str| number(live, &format!("/status/{field}"));
    let wanted = replicas(live);
    if let Action::Scale { .. } = action {
        return scaled(wanted, status("replicas"), status("availableReplicas"));
    }
    if status("updatedReplicas") < wanted {
        return Seen::Waiting(plan::updated(status("updatedReplicas"), wanted));
    }
    if status("replicas") > status("updatedReplicas") {
        return Seen::Waiting(plan::old_left(status("replicas") - status("updatedReplicas")));
    }
    if status("availableReplicas") < status("updatedReplicas") {
        return Seen::Waiting(plan::available(status("availableReplicas"), wanted));
    }
    Seen::Well
}

fn stateful_set(action: &Action, live: &Value) -> Seen {
    if !observed(live) {
        return Seen::Waiting(plan::NOT_OBSERVED.to_owned());
    }
    let status = |field: &str| number(live, &format!("/status/{field}"));
    let wanted = replicas(live);
    if let Action::Scale { .. } = action {
        return scaled(wanted, status("replicas"), status("readyReplicas"));
    }
    let partition = number(live, "/spec/updateStrategy/rollingUpdate/partition");
    let to_update = (wanted - partition).max(0);
    let all_updated = text(live, "/status/updateRevision") == text(live, "/status/currentRevision");
    if status("updatedReplicas") < to_update && !all_updated {
        return Seen::Waiting(plan::updated(status("updatedReplicas"), to_update));
    }
    if status("readyReplicas") < wanted {
        return Seen::Waiting(plan::ready(status("readyReplicas"), wanted));
    }
    Seen::Well
}

fn daemon_set(live: &Value) -> Seen {
    if !observed(live) {
        return Seen::Waiting(plan::NOT_OBSERVED.to_owned());
    }
    let status = |field: &str| number(live, &format!("/status/{field}"));
    let wanted = status("desiredNumberScheduled");
    if status("updatedNumberScheduled") < wanted {
        return Seen::Waiting(plan::updated(status("updatedNumberScheduled"), wanted));
    }
    if status("numberAvailable") < wanted {
        return Seen::Waiting(plan::available(status("numberAvailable"), wanted));
    }
    Seen::Well
}

fn scaled(wanted: i64, there: i64, ready: i64) -> Seen {
    if there != wanted {
        return Seen::Waiting(plan::pods_left(there, wanted));
    }
    if ready < wanted {
        return Seen::Waiting(plan::ready(ready, wanted));
    }
    Seen::Well
}

/// A deleted pod: it is gone, and its owner has all its pods again.
async fn replaced(cluster: &Cluster, target: &Target, owner: Option<&str>, now: DateTime<Utc>) -> Result<Seen, String> {
    match cluster.peek(&target.path()).await {
        // A StatefulSet makes its pod again under the same name.
        Ok(peek) if text(&peek.value, "/metadata/uid") == target.uid => {
            return Ok(Seen::Waiting(plan::pod_going(&target.name)));
        }
        Ok(_) | Err(NotSeen::NotFound) => {}
        Err(NotSeen::Unable(said)) => return Err(said),
    }
    let Some(owner) = owner else { return Ok(Seen::Well) };
    let live = match cluster.peek(owner).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return Ok(Seen::Wrong(plan::gone(owner.rsplit('/').next().unwrap_or(owner)))),
        Err(NotSeen::Unable(said)) => return Err(said),
    };
    let wanted = match live.pointer("/status/desiredNumberScheduled").and_then(Value::as_i64) {
        Some(scheduled) => scheduled,
        None => replicas(&live),
    };
    let pods = pods(cluster, target, &live).await?;
    let uid = text(&live, "/metadata/uid");
    let ready = pods.all.iter().filter(|pod| {
        super::revisions::controller(pod).is_some_and(|controller| controller.uid == uid) && is_ready(pod)
    });
    let ready = i64::try_from(ready.count()).unwrap_or(i64::MAX);
    let seen = if ready < wanted {
        let gone = plan::pod_gone(&target.name);
        Seen::Waiting(format!("{gone} {}", plan::ready(ready, wanted)))
    } else {
        Seen::Well
    };
    Ok(steady(seen, &pods, now))
}

/// The pods that a selector selects and that are not on their way out.
struct Pods {
    all: Vec<Value>,
    server_time: Option<DateTime<Utc>>,
}

async fn pods(cluster: &Cluster, target: &Target, live: &Value) -> Result<Pods, String> {
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
        Err(NotSeen::NotFound) => Ok(Pods { all: Vec::new(), server_time: None }),
        Err(NotSeen::Unable(said)) => Err(said),
    }
}

/// What the pods add: those that are stuck are named, and those that have just started are not yet believed.
fn steady(seen: Seen, pods: &Pods, now: DateTime<Utc>) -> Seen {
    match seen {
        Seen::Wrong(_) => seen,
        Seen::Waiting(missing) => {
            // The newest first: that is the one that the change made.
            let mut newest: Vec<&Value> = pods.all.iter().collect();
            newest.sort_by_key(|pod| std::cmp::Reverse(text(pod, "/metadata/creationTimestamp").to_owned()));
            match newest.into_iter().find_map(|pod| Some((text(pod, "/metadata/name"), stuck(pod)?))) {
                Some((pod, why)) => Seen::Waiting(format!("{missing} {}", plan::stuck(pod, &why))),
                None => Seen::Waiting(missing),
            }
        }
        Seen::Well => {
            let by_then = pods.server_time.unwrap_or(now) - SETTLED;
            let fresh = pods.all.iter().flat_map(started).any(|started| started > by_then);
            if fresh { Seen::Waiting(plan::steady(SETTLED.num_seconds())) } else { Seen::Well }
        }
    }
}

/// When the containers of a pod were started, as far as they run.
fn started(pod: &Value) -> Vec<DateTime<Utc>> {
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    containers.into_iter().flatten().filter_map(|one| text(one, "/state/running/startedAt").parse().ok()).collect()
}

/// Why a pod does not start, in Kubernetes' own word.
fn stuck(pod: &Value) -> Option<String> {
    const PASSING: [&str; 2] = ["ContainerCreating", "PodInitializing"];
    for field in ["initContainerStatuses", "containerStatuses"] {
        let containers = pod.pointer(&format!("/status/{field}")).and_then(Value::as_array);
        for container in containers.into_iter().flatten() {
            let reason = text(container, "/state/waiting/reason");
            if !reason.is_empty() && !PASSING.contains(&reason) {
                return Some(reason.to_owned());
            }
        }
    }
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let unscheduled = conditions
        .into_iter()
        .flatten()
        .find(|condition| text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False");
    unscheduled.map(|condition| text(condition, "/message").to_owned()).filter(|message| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Look, still_found};
    use crate::repair::{Proposal, State, Verdict, samples};
    use chrono::TimeDelta;

    #[test]
    fn what_it_was_meant_to_cure_and_is_still_there_is_waited_for_and_then_a_failure() {
        let (since, deadline) = (samples::now(), samples::now() + TimeDelta::minutes(3));
        let state = State::Verifying { by: "bob".into(), since, deadline, execution: "x".into() };
        let proposal = Proposal { state, ..samples::proposal(samples::undo()) };
        let Look { progress, verdict } = still_found(&proposal, "2 pods crash", since);
        assert!(progress.contains("still there: 2 pods crash.") && verdict.is_none(), "{progress}");
        match still_found(&proposal, "2 pods crash", deadline).verdict {
            Some(Verdict::Failed { why }) => assert!(why.contains("2 pods crash"), "{why}"),
            verdict => panic!("{verdict:?}"),
        }
    }
}
