//! Init containers and sidecars that hold up the containers after them.

use super::check::row::*;
use super::pod_start::{Wait, wait};
use super::scene::{Draft, Group, Scene, Sighting};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Pods;
use crate::snapshot::{Container, ContainerStatus, Pod};
use crate::texts::findings::pod::InitTrouble;
use crate::texts::findings::{end_of_run, pod as texts};
use chrono::{DateTime, Utc};
use std::cmp::Reverse;

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/init-stuck"),
    kind: "Pod",
    severity: Severity::High,
    set: Set::Daily,
    data: &[(Pods, Walked)],
    gate: Some("15m"),
    means: "The pod's own containers start only after its init containers, and one of those does not get done.",
    advice: "Read the log of that init container: mostly it waits for something that does not come.",
    find: init_stuck,
}];

pub(super) fn init_stuck(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.live_pods().filter_map(|pod| {
        let (status, trouble, since) = trouble(scene, pod)?;
        Some(Sighting { pod, container: Some(status.name.as_str()), what: (status, trouble, since) })
    });
    let draft = |group: Group<'_, (&ContainerStatus, InitTrouble, Option<DateTime<Utc>>)>| {
        let longest = group.most(|sighting| Reverse(sighting.what.2))?;
        let (status, trouble, since) = &longest.what;
        let mut evidence = vec![match (&status.state.terminated, &status.state.running) {
            (Some(end), _) => Evidence::since("state.terminated.exitCode", end.exit_code.to_string(), *since),
            (None, Some(_)) => Evidence::since("state", "running", *since),
            (None, None) => Evidence::since("state", "waiting", *since),
        }];
        if matches!(trouble, InitTrouble::Sidecar) {
            evidence.push(Evidence::new("started", "false"));
        }
        let title = texts::init_stuck(group.sightings.len(), &status.name, trouble);
        Some(group.draft(Severity::High, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// The init container that is next, what is wrong with it, and since when. What crashes again and again, cannot be
/// pulled or not be created is said by the checks of that.
fn trouble<'a>(scene: &Scene<'_>, pod: &'a Pod) -> Option<(&'a ContainerStatus, InitTrouble, Option<DateTime<Utc>>)> {
    if pod.status.conditions.is("Initialized", "True") {
        return None;
    }
    let (container, status) = next(pod)?;
    let sidecar = is_sidecar(container);
    if let Some(end) = status.state.terminated.as_deref() {
        let killed = end.reason == "OOMKilled" && scene.is_news(end.finished_at);
        let failed = end.exit_code != 0 && !sidecar && !killed && scene.is_settled(started_at(pod));
        return failed.then(|| (status, InitTrouble::Failed(end_of_run(end)), end.finished_at));
    }
    if let Some(running) = &status.state.running {
        let trouble = if sidecar { InitTrouble::Sidecar } else { InitTrouble::Slow };
        let slow = scene.is_older(running.started_at, scene.thresholds.init);
        return slow.then_some((status, trouble, running.started_at));
    }
    let reason = status.state.waiting.as_deref().map_or("", |waiting| &*waiting.reason);
    let ended = pod.status.init_container_statuses.iter().filter_map(|status| status.state.terminated.as_deref());
    // Before the first one, it is the pod that does not begin.
    let since = ended.filter_map(|end| end.finished_at).max()?;
    let slow = wait(reason) == Wait::Beginning && scene.is_older(Some(since), scene.thresholds.init);
    slow.then_some((status, InitTrouble::Waiting, Some(since)))
}

fn started_at(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.status.start_time.or(pod.meta.creation_timestamp)
}

/// The first init container that is neither done nor, as a sidecar, up.
fn next(pod: &Pod) -> Option<(&Container, &ContainerStatus)> {
    let mut containers = pod.spec.init_containers.iter().filter_map(|container| {
        let statuses = &pod.status.init_container_statuses;
        Some((container, statuses.iter().find(|status| status.name == container.name)?))
    });
    containers.find(|(container, status)| {
        let done = status.state.terminated.as_deref().is_some_and(|end| end.exit_code == 0);
        if is_sidecar(container) { status.started != Some(true) } else { !done }
    })
}

/// Whether it stays beside the pod's own containers.
fn is_sidecar(container: &Container) -> bool {
    container.restart_policy == "Always"
}
