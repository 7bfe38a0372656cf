//! Containers that end when they should not: crash loops, memory kills, restarts.

use super::check::row::*;
use super::pod_start::{Wait, wait};
use super::scene::{Draft, Group, Scene, Sighting, container, container_statuses, event_evidence};
use crate::finding::{Evidence, Severity};
use crate::inspection::history::Restarted;
use crate::snapshot::Resource::{Events, Jobs, Pods};
use crate::snapshot::{ContainerStatus, Event, Pod, Terminated};
use crate::texts::findings as texts;
use chrono::TimeDelta;
use std::collections::HashSet;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/crash-loop"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("3 restarts and under 10m of running, between two waits"),
        means: "The container ends soon after each start; the kubelet waits longer and longer between tries.",
        advice: "Read the log of the last run and its exit code; go back to the last revision if this one never ran.",
        find: crash_loop,
    },
    Check {
        id: CheckId::new("pod/oom-killed"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("24h"),
        means: "The container used more memory than its limit and was killed; it will happen again under the same load.",
        advice: "Raise the memory limit or find what fills the memory. A restart only buys time.",
        find: oom_killed,
    },
    Check {
        id: CheckId::new("pod/restart-spike"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Jobs, Detail), (Events, Detail)],
        gate: Some("3 restarts, 24h"),
        means: "The container keeps restarting; each time its work in progress is lost.",
        advice: "Read the log of the last run and its exit code.",
        find: restart_spike,
    },
    Check {
        id: CheckId::new("pod/restart-count-high"),
        kind: "Pod",
        severity: Severity::Low,
        set: Set::Daily,
        data: &[(Pods, Walked), (Jobs, Detail)],
        gate: Some("more than 5 restarts, 7d"),
        means: "The container restarts now and then; whoever talks to it just then is cut off.",
        advice: "Read the log of the last run and its exit code; look for what the restarts have in common.",
        find: restart_count_high,
    },
];

/// Whether a finding of this check shows only once a container has run and ended: after a restart it is not there, and
/// proves nothing by that.
pub(in crate::inspection) fn shows_after_a_run(id: &CheckId) -> bool {
    CHECKS.iter().any(|check| check.id == *id)
}

pub(super) fn crash_loop(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().flat_map(|pod| {
        let looping = container_statuses(pod).filter(move |status| is_looping(scene, status));
        looping.map(move |status| Sighting { pod, container: Some(status.name.as_str()), what: status })
    });
    let draft = |group: Group<'_, &ContainerStatus>| {
        // What waits says it best.
        let worst = group.most(|sighting| (sighting.what.state.waiting.is_some(), sighting.what.restart_count))?;
        let last = last_end(worst.what);
        let mut evidence = Vec::new();
        match &worst.what.state.running {
            Some(running) => evidence.push(Evidence::since("state", "running", running.started_at)),
            None if worst.what.state.terminated.is_some() => {}
            None => evidence.push(Evidence::new("state.waiting.reason", "CrashLoopBackOff")),
        }
        evidence.extend(last.map(end_evidence).into_iter().flatten());
        evidence.push(Evidence::new("restartCount", worst.what.restart_count.to_string()));
        let severity = if is_all(scene, &group) { Severity::Critical } else { Severity::High };
        let (end, kill) = end(scene, worst.pod, &worst.what.name, last.map(|(_, end)| end));
        evidence.extend(kill.map(event_evidence));
        let title = texts::crash_loop(group.sightings.len(), end.as_deref(), worst.what.restart_count);
        Some(group.draft(severity, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// The kubelet counts its waits anew after a run of twice the longest of them, which is five minutes.
const STEADY: TimeDelta = TimeDelta::minutes(10);

/// Whether a container crashes again and again: it waits for its next start, or is between two waits, because neither
/// its last run nor this one has lasted long enough to end them.
fn is_looping(scene: &Scene<'_>, status: &ContainerStatus) -> bool {
    if let Some(waiting) = status.state.waiting.as_deref() {
        return wait(&waiting.reason) == Wait::Crash;
    }
    let Some((_, end)) = last_end(status).filter(|(_, end)| end.exit_code != 0) else { return false };
    let since = status.state.running.as_ref().map_or(end.finished_at, |running| running.started_at);
    let lasted = end.started_at.zip(end.finished_at).map(|(start, end)| end - start);
    status.restart_count >= scene.thresholds.restarts
        && lasted.is_some_and(|lasted| lasted < STEADY)
        && since.is_some_and(|since| scene.age(since) < STEADY)
}

/// How the last run ended, and where that stands: the kubelet moves it as soon as it looks at the container again.
fn last_end(status: &ContainerStatus) -> Option<(&'static str, &Terminated)> {
    let now = status.state.terminated.as_deref().map(|end| ("state", end));
    now.or_else(|| Some(("lastState", status.last_state.terminated.as_deref()?)))
}

/// Whether every replica of a workload that is to serve shows it. What nobody replicates has no others to lose.
fn is_all(scene: &Scene<'_>, group: &Group<'_, &ContainerStatus>) -> bool {
    let replicated = matches!(group.owner.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet");
    let Some(owner) = group.owner_id.filter(|_| replicated) else { return false };
    let shown: HashSet<&str> = group.sightings.iter().map(|sighting| sighting.pod.meta.name.as_str()).collect();
    scene.live_pods_of(owner).all(|pod| shown.contains(pod.meta.name.as_str()))
}

pub(super) fn oom_killed(scene: &Scene<'_>) -> Vec<Draft> {
    let pods = scene.snapshot.pods.iter().filter(|pod| pod.meta.deletion_timestamp.is_none());
    let sightings = pods.flat_map(|pod| {
        container_statuses(pod).filter_map(move |status| {
            let kill = [&status.state, &status.last_state].into_iter().filter_map(|state| state.terminated.as_deref());
            let kill = kill.filter(|end| end.reason == "OOMKilled").max_by_key(|end| end.finished_at)?;
            let is_news = scene.is_news(kill.finished_at) && !scene.is_done(pod);
            is_news.then_some(Sighting { pod, container: Some(status.name.as_str()), what: (status, kill) })
        })
    });
    let draft = |group: Group<'_, (&ContainerStatus, &Terminated)>| {
        let latest = group.most(|sighting| sighting.what.1.finished_at)?;
        let (status, kill) = latest.what;
        let limit = container(latest.pod, &status.name).and_then(|container| container.resources.limits.get("memory"));
        let limit = limit.map(|limit| limit.as_str().to_owned());
        let field = if status.state.terminated.is_some() { "state" } else { "lastState" };
        let evidence = vec![
            Evidence::since(format!("{field}.terminated.reason"), "OOMKilled", kill.finished_at),
            Evidence::new("resources.limits.memory", limit.clone().unwrap_or_else(texts::no_limit)),
            Evidence::new("restartCount", status.restart_count.to_string()),
        ];
        let title = texts::oom_killed(group.sightings.len(), limit.as_deref());
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

pub(super) fn restart_spike(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().flat_map(|pod| {
        container_statuses(pod).filter_map(move |status| {
            // A crash loop says the same, and more.
            let other = !is_looping(scene, status) && !scene.is_done(pod);
            let spike = spike(scene, pod, status).filter(|_| other)?;
            Some(Sighting { pod, container: Some(status.name.as_str()), what: (status, spike) })
        })
    });
    let draft = |group: Group<'_, (&ContainerStatus, Spike)>| {
        let worst = group.most(|sighting| sighting.what.0.restart_count)?;
        let (status, Spike { since }) = worst.what;
        let last = last_end(status);
        let count = match since {
            Some(since) => texts::restarts_since_last(status.restart_count, since.before),
            None => status.restart_count.to_string(),
        };
        let mut evidence = vec![Evidence::new("restartCount", count)];
        evidence.extend(last.map(end_evidence).into_iter().flatten());
        let (end, kill) = end(scene, worst.pod, &status.name, last.map(|(_, end)| end));
        evidence.extend(kill.map(event_evidence));
        let title = texts::restart_spike(group.sightings.len(), status.restart_count, since, end.as_deref());
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// Restarts that are too many for so short a time.
#[derive(Debug, Clone, Copy)]
struct Spike {
    /// What was added since the last inspection, where it is measured against that.
    since: Option<Restarted>,
}

fn spike(scene: &Scene<'_>, pod: &Pod, status: &ContainerStatus) -> Option<Spike> {
    let least = scene.thresholds.restarts;
    let Some(since) = scene.history.restarted(&pod.meta.uid, &status.name, status.restart_count, scene.now) else {
        // Nobody has counted: often, and the last time just now.
        let recent = last_end(status).is_some_and(|(_, end)| scene.is_news(end.finished_at));
        return (status.restart_count >= least && recent).then_some(Spike { since: None });
    };
    since.reaches(least, scene.thresholds.window).then_some(Spike { since: Some(since) })
}

pub(super) fn restart_count_high(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().flat_map(|pod| {
        container_statuses(pod).filter_map(move |status| {
            let last = status.last_state.terminated.as_deref()?;
            let since = last.finished_at.filter(|at| scene.age(*at) < scene.thresholds.restarts_window);
            let many = status.restart_count > scene.thresholds.restarts_total && since.is_some();
            // A crash loop and a spike say the same, and more.
            let said = is_looping(scene, status) || spike(scene, pod, status).is_some();
            let counts = many && !said && !scene.is_done(pod);
            counts.then_some(Sighting { pod, container: Some(status.name.as_str()), what: (status, last) })
        })
    });
    let draft = |group: Group<'_, (&ContainerStatus, &Terminated)>| {
        let worst = group.most(|sighting| sighting.what.0.restart_count)?;
        let (status, last) = worst.what;
        let mut evidence = vec![Evidence::new("restartCount", status.restart_count.to_string())];
        evidence.extend(end_evidence(("lastState", last)));
        let (count, end) = (group.sightings.len(), texts::end_of_run(last));
        let title = texts::pod::restart_count_high(count, status.restart_count, &end);
        Some(group.draft(Severity::Low, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// How a container ended, and the event of the kubelet that killed it for a probe: its exit code then looks like a memory
/// kill or a crash, and is neither.
fn end<'a>(
    scene: &Scene<'a>,
    pod: &Pod,
    container: &str,
    last: Option<&Terminated>,
) -> (Option<String>, Option<&'a Event>) {
    let said =
        |event: &Event, probe: &str| event.message.starts_with(&format!("Container {container} failed {probe} probe"));
    for probe in ["liveness", "startup"] {
        if let Some(kill) = scene.pod_event(pod, |event| event.reason == "Killing" && said(event, probe)) {
            return (Some(texts::killed_by_probe(probe)), Some(kill));
        }
    }
    (last.map(texts::end_of_run), None)
}

fn end_evidence((state, end): (&str, &Terminated)) -> [Evidence; 2] {
    [
        Evidence::since(format!("{state}.terminated.reason"), end.reason.as_str(), end.finished_at),
        Evidence::since(format!("{state}.terminated.exitCode"), end.exit_code.to_string(), end.finished_at),
    ]
}
