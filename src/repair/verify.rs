//! Whether a repair helped: one predicate per action, as `kubectl rollout status` sees it, and then a while in which
//! nothing restarts.

use super::{
    action::{Action, Kind, Target},
    carry::{marker, replicas},
    endpoints::without_endpoints,
    pods::{Pods, ends, pods, started, stuck},
    proposal::Proposal,
    revisions::{number, template_of, text},
    settle,
    state::{State, Verdict},
    surroundings::{is_ready, owner_path},
};
use crate::{
    cluster::{Cluster, NotSeen},
    texts::repair::plan,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

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

/// What an inspection says of what a repair was meant to cure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recheck {
    Gone,
    /// Under this title.
    Still(String),
    /// It could not be looked at, and why.
    Unseen(String),
}

/// Looks once at what a repair changed.
pub async fn look(cluster: &Cluster, proposal: &Proposal, now: DateTime<Utc>) -> Look {
    let State::Verifying { execution, .. } = &proposal.state else {
        return Look { progress: proposal.progress.clone().unwrap_or_default(), verdict: None };
    };
    let looked = match &proposal.action {
        Action::DeletePod { target, owner } => {
            replaced(cluster, target, owner_path(&target.namespace, owner).as_deref()).await
        }
        action @ (Action::RestartRollout { target, .. }
        | Action::UndoRollout { target, .. }
        | Action::Scale { target, .. }) => rolled_out(cluster, action, target, execution).await,
    };
    let seen = match looked {
        Ok((seen, pods)) => proven(cluster, proposal, seen, &pods, now).await,
        Err(said) => Err(said),
    };
    match seen {
        Ok(Seen::Well) => Look { progress: plan::ALL_WELL.to_owned(), verdict: Some(Verdict::Succeeded) },
        Ok(Seen::Wrong(what)) => {
            let why = plan::went_wrong(&what);
            Look { progress: what, verdict: Some(Verdict::Failed { why }) }
        }
        Ok(Seen::Waiting(missing)) => missed(proposal, missing, now),
        Err(said) => unseen(proposal, plan::not_yet(&said), now),
    }
}

/// The look at a repair whose objects are well, once an inspection has been made too.
pub fn rechecked(proposal: &Proposal, recheck: &Recheck, now: DateTime<Utc>) -> Look {
    match recheck {
        Recheck::Still(title) => missed(proposal, plan::still_found(title), now),
        Recheck::Unseen(why) => unseen(proposal, plan::not_checked_again(why), now),
        Recheck::Gone => {
            let before = proposal.longest_run.map(|run| TimeDelta::seconds(run.into()));
            let unproven = before.filter(|run| !proposal.trouble.is_empty() && settle::is_too_long_to_wait_for(*run));
            let verdict = match unproven {
                Some(run) => Verdict::Unproven { why: plan::may_come_back(settle::settle(before), run) },
                None => Verdict::Succeeded,
            };
            Look { progress: plan::ALL_WELL.to_owned(), verdict: Some(verdict) }
        }
    }
}

/// It is not there yet; after the deadline it failed.
fn missed(proposal: &Proposal, missing: String, now: DateTime<Utc>) -> Look {
    let verdict = is_late(proposal, now).then(|| Verdict::Failed { why: plan::ran_out(&missing) });
    Look { progress: missing, verdict }
}

/// It could not be seen; after the deadline nobody knows.
fn unseen(proposal: &Proposal, why: String, now: DateTime<Utc>) -> Look {
    let verdict = is_late(proposal, now).then(|| Verdict::Unproven { why: why.clone() });
    Look { progress: why, verdict }
}

fn is_late(proposal: &Proposal, now: DateTime<Utc>) -> bool {
    match &proposal.state {
        State::Verifying { deadline, .. } => now >= *deadline,
        State::Proposed
        | State::Approved { .. }
        | State::Executing { .. }
        | State::Succeeded { .. }
        | State::Unproven { .. }
        | State::Failed { .. }
        | State::Unknown { .. }
        | State::Rejected { .. }
        | State::Expired { .. }
        | State::Superseded { .. } => false,
    }
}

async fn rolled_out(
    cluster: &Cluster,
    action: &Action,
    target: &Target,
    execution: &str,
) -> Result<(Seen, Pods), String> {
    let wrong = |what: String| Ok((Seen::Wrong(what), Pods::none()));
    let live = match cluster.peek(&target.path()).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => return wrong(plan::gone(&target.to_string())),
        Err(NotSeen::Unable(said)) => return Err(said),
    };
    if let Some(what) = overtaken(action, target, execution, &live) {
        return wrong(what);
    }
    let pods = pods(cluster, target, &live).await?;
    let seen = match target.kind {
        Kind::Deployment => deployment(action, &live),
        Kind::StatefulSet => stateful_set(action, &live),
        Kind::DaemonSet => daemon_set(&live),
        Kind::Pod => Seen::Well,
    };
    Ok((seen, pods))
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
async fn replaced(cluster: &Cluster, target: &Target, owner: Option<&str>) -> Result<(Seen, Pods), String> {
    match cluster.peek(&target.path()).await {
        // A StatefulSet makes its pod again under the same name.
        Ok(peek) if text(&peek.value, "/metadata/uid") == target.uid => {
            return Ok((Seen::Waiting(plan::pod_going(&target.name)), Pods::none()));
        }
        Ok(_) | Err(NotSeen::NotFound) => {}
        Err(NotSeen::Unable(said)) => return Err(said),
    }
    let Some(owner) = owner else { return Ok((Seen::Well, Pods::none())) };
    let live = match cluster.peek(owner).await {
        Ok(peek) => peek.value,
        Err(NotSeen::NotFound) => {
            let gone = plan::gone(owner.rsplit('/').next().unwrap_or(owner));
            return Ok((Seen::Wrong(gone), Pods::none()));
        }
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
    Ok((seen, pods))
}

/// What the pods add, and the Services in front of them.
async fn proven(
    cluster: &Cluster,
    proposal: &Proposal,
    seen: Seen,
    pods: &Pods,
    now: DateTime<Utc>,
) -> Result<Seen, String> {
    let now = pods.server_time.unwrap_or(now);
    let before = proposal.longest_run.map(|run| TimeDelta::seconds(run.into()));
    let settle = settle::settle(before.max(settle::longest_run(&pods.all, now)));
    let seen = steady(seen, &pods.all, settle, now);
    if seen != Seen::Well {
        return Ok(seen);
    }
    let namespace = &proposal.action.target().namespace;
    let unreached = without_endpoints(cluster, namespace, &pods.all).await?;
    Ok(unreached.map_or(Seen::Well, |service| Seen::Waiting(plan::no_endpoints(&service))))
}

/// What the pods add: those that are stuck are named, and those that have just started are not yet believed.
fn steady(seen: Seen, pods: &[Value], settle: TimeDelta, now: DateTime<Utc>) -> Seen {
    match seen {
        Seen::Wrong(_) => seen,
        Seen::Waiting(missing) => {
            // The newest first: that is the one that the change made.
            let mut newest: Vec<&Value> = pods.iter().collect();
            newest.sort_by_key(|pod| std::cmp::Reverse(text(pod, "/metadata/creationTimestamp").to_owned()));
            match newest.into_iter().find_map(|pod| Some((text(pod, "/metadata/name"), stuck(pod)?))) {
                Some((pod, why)) => Seen::Waiting(format!("{missing} {}", plan::stuck(pod, &why))),
                None => Seen::Waiting(missing),
            }
        }
        Seen::Well => {
            let since = now - settle;
            let ended = pods.iter().flat_map(ends).filter(|end| end.at > since).max_by_key(|end| end.at);
            match ended {
                Some(end) => Seen::Waiting(plan::ended_again(&end.pod, &end.reason, end.ran)),
                None if pods.iter().flat_map(started).any(|started| started > since) => {
                    Seen::Waiting(plan::steady(settle.num_seconds()))
                }
                None => Seen::Well,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Recheck, Seen, rechecked, steady};
    use crate::{
        finding::{CheckId, Fingerprint},
        repair::{Proposal, State, Trouble, Verdict, samples},
    };
    use chrono::{DateTime, TimeDelta, Utc};
    use serde_json::{Value, json};

    fn deadline() -> DateTime<Utc> {
        samples::now() + TimeDelta::minutes(3)
    }

    fn verifying() -> Proposal {
        let state =
            State::Verifying { by: "bob".into(), since: samples::now(), deadline: deadline(), execution: "x".into() };
        let trouble = Trouble { check: CheckId::new("pod/oom-killed"), fingerprint: Fingerprint::from("00") };
        Proposal { state, trouble: vec![trouble], ..samples::proposal(samples::undo()) }
    }

    #[test]
    fn what_it_was_meant_to_cure_and_is_still_there_is_waited_for_and_then_a_failure() {
        let still = Recheck::Still("2 pods crash".into());
        let Look { progress, verdict } = rechecked(&verifying(), &still, samples::now());
        assert!(progress.contains("still there: 2 pods crash.") && verdict.is_none(), "{progress}");
        match rechecked(&verifying(), &still, deadline()).verdict {
            Some(Verdict::Failed { why }) => assert!(why.contains("2 pods crash"), "{why}"),
            verdict => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn what_could_not_be_checked_again_is_not_verified() {
        let unseen = Recheck::Unseen("list pods: forbidden".into());
        assert_eq!(rechecked(&verifying(), &unseen, samples::now()).verdict, None);
        match rechecked(&verifying(), &unseen, deadline()).verdict {
            Some(Verdict::Unproven { why }) => {
                assert!(why.contains("could not be checked again (list pods: forbidden)"), "{why}");
            }
            verdict => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn what_lasted_longer_before_than_anybody_waits_for_is_not_verified() {
        let after = |run| Proposal { longest_run: Some(run), ..verifying() };
        let verdict = |proposal: &Proposal| rechecked(proposal, &Recheck::Gone, samples::now()).verdict;
        assert_eq!(verdict(&after(45)), Some(Verdict::Succeeded));
        match verdict(&after(7_200)) {
            Some(Verdict::Unproven { why }) => assert!(why.contains("2h") && why.contains("10m"), "{why}"),
            verdict => panic!("{verdict:?}"),
        }
        let nothing_to_cure = Proposal { trouble: Vec::new(), ..after(7_200) };
        assert_eq!(verdict(&nothing_to_cure), Some(Verdict::Succeeded));
    }

    #[test]
    fn pods_are_believed_when_they_have_run_for_long_enough_without_an_end() {
        let now = samples::now();
        let settle = TimeDelta::seconds(60);
        let before = |seconds| (now - TimeDelta::seconds(seconds)).to_rfc3339();
        let pod = |status: Value| json!({"metadata": {"name": "cart-x"}, "status": {"containerStatuses": [status]}});
        let since = |seconds| pod(json!({"state": {"running": {"startedAt": before(seconds)}}}));
        assert_eq!(steady(Seen::Well, &[since(61), since(90)], settle, now), Seen::Well);
        match steady(Seen::Well, &[since(61), since(59)], settle, now) {
            Seen::Waiting(missing) => assert!(missing.contains("for 60 s"), "{missing}"),
            seen => panic!("{seen:?}"),
        }
        let killed = json!({"state": {"running": {"startedAt": before(10)}},
            "lastState": {"terminated": {"reason": "OOMKilled", "startedAt": before(55), "finishedAt": before(10)}}});
        match steady(Seen::Well, &[since(61), pod(killed)], settle, now) {
            Seen::Waiting(missing) => assert!(missing.contains("cart-x") && missing.contains("OOMKilled"), "{missing}"),
            seen => panic!("{seen:?}"),
        }
    }
}
