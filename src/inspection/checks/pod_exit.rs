//! Containers that ended badly and stay ended.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, container_statuses, is_live};
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::Pods;
use crate::snapshot::{Pod, Terminated};
use crate::texts::findings::{end_of_run, pod as texts};

pub(super) const CHECKS: &[Check] = &[Check {
    id: CheckId::new("pod/exit-nonzero"),
    kind: "Pod",
    severity: Severity::Medium,
    set: Set::Daily,
    data: &[(Pods, Walked)],
    gate: Some("24h for a pod that is over"),
    means: "The container failed, and its restart policy does not start it again: what it did is not done.",
    advice: "Read its log; then delete the pod, or make it again.",
    find: exit_nonzero,
}];

pub(super) fn exit_nonzero(scene: &Scene<'_>) -> Vec<Draft> {
    let sightings = scene.snapshot.pods.iter().filter(|pod| is_left_alone(pod)).flat_map(|pod| {
        container_statuses(pod).filter_map(move |status| {
            let end = status.state.terminated.as_deref().filter(|end| end.exit_code != 0)?;
            let is_news = scene.is_news(end.finished_at);
            // A memory kill and a lost container have checks of their own.
            let other = (end.reason == "OOMKilled" && is_news) || end.reason == "ContainerStatusUnknown";
            let counts = (is_live(pod) || is_news) && !other;
            counts.then_some(Sighting { pod, container: Some(status.name.as_str()), what: end })
        })
    });
    let draft = |group: Group<'_, &Terminated>| {
        let latest = group.most(|sighting| sighting.what.finished_at)?;
        let end = latest.what;
        let mut evidence = vec![
            Evidence::since("state.terminated.exitCode", end.exit_code.to_string(), end.finished_at),
            Evidence::new("spec.restartPolicy", policy(latest.pod)),
        ];
        if !end.reason.is_empty() {
            evidence.insert(1, Evidence::new("state.terminated.reason", &*end.reason));
        }
        if !end.message.is_empty() {
            evidence.push(Evidence::new("state.terminated.message", &*end.message));
        }
        let title = texts::exit_nonzero(group.sightings.len(), &end_of_run(end));
        Some(group.draft(Severity::Medium, title, evidence))
    };
    scene.by_owner(sightings).into_iter().filter_map(draft).collect()
}

/// Pods whose ended containers nobody starts again, and that were not ended by somebody else: by a Job that counts
/// failures, by an eviction, by a node that shut down, by a deletion.
fn is_left_alone(pod: &Pod) -> bool {
    let of_job = pod.meta.controller().is_some_and(|owner| owner.kind == "Job");
    let over = matches!(&*pod.status.reason, "" | "DeadlineExceeded");
    let disrupted = pod.status.conditions.is("DisruptionTarget", "True");
    let stays = !is_live(pod) || policy(pod) == "Never";
    pod.meta.deletion_timestamp.is_none() && stays && over && !of_job && !disrupted
}

fn policy(pod: &Pod) -> &str {
    if pod.spec.restart_policy.is_empty() { "Always" } else { &pod.spec.restart_policy }
}
