//! Containers that never start: the image does not come, or the container cannot be created.

use super::check::row::*;
use super::scene::{Draft, Group, Scene, Sighting, container_statuses, event_evidence};
use crate::diagnosis::PullFailure;
use crate::finding::{Evidence, Severity};
use crate::snapshot::Resource::{Events, Pods};
use crate::snapshot::{ContainerStatus, Event, Waiting};
use crate::texts::findings::{self as texts, pod};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: CheckId::new("pod/image-pull"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: None,
        means: "The image does not arrive on the node, so the container never starts.",
        advice: "Go back to the last revision, or correct the image's name, tag or pull secret. A restart does not help.",
        find: image_pull,
    },
    Check {
        id: CheckId::new("pod/create-error"),
        kind: "Pod",
        severity: Severity::High,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: None,
        means: "The container cannot be created: what it needs is missing, or its start hook fails.",
        advice: "Create the ConfigMap, Secret or key that the message names, or correct the reference.",
        find: create_error,
    },
    Check {
        id: CheckId::new("pod/waiting-other"),
        kind: "Pod",
        severity: Severity::Medium,
        set: Set::Daily,
        data: &[(Pods, Walked), (Events, Detail)],
        gate: Some("10m"),
        means: "The container does not start, for a reason that is rare.",
        advice: "Read the message and the events of the pod; the reason's name is the word to search for.",
        find: waiting_other,
    },
];

const PULL: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

const CREATE: &[&str] = &[
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
];

/// What a container waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Its turn.
    Beginning,
    /// Its image.
    Image,
    /// To be created.
    Creation,
    /// The time after a crash.
    Crash,
    /// Something that this version does not know.
    Other,
}

/// What the reason of a waiting container stands for.
pub(super) fn wait(reason: &str) -> Wait {
    match reason {
        "" | "ContainerCreating" | "PodInitializing" => Wait::Beginning,
        "CrashLoopBackOff" => Wait::Crash,
        reason if PULL.contains(&reason) => Wait::Image,
        reason if CREATE.contains(&reason) => Wait::Creation,
        _ => Wait::Other,
    }
}

pub(super) fn image_pull(scene: &Scene<'_>) -> Vec<Draft> {
    let draft = |group: Group<'_, Stuck<'_>>| {
        let first = group.sightings.first()?;
        let Stuck { status, waiting } = first.what;
        let event = scene.pod_event(first.pod, |event| {
            let pulls = event.message.contains("pull") || event.message.contains("image");
            event.reason != "Pulling" && event.type_ == "Warning" && pulls && event.reason != "BackOff"
        });
        let image = first.pod.spec.init_containers.iter().chain(&first.pod.spec.containers);
        let image = image.filter(|container| container.name == status.name).map(|container| container.image.as_str());
        let image = image.chain([status.image.as_str()]).find(|image| !image.is_empty()).unwrap_or_default();
        let mut evidence = waiting_evidence(&group, waiting, event);
        evidence.insert(1, Evidence::new("image", image));
        let messages = [waiting.message.as_str(), event.map(|event| event.message.as_str()).unwrap_or_default()];
        let failure = PullFailure::of(&waiting.reason, &messages);
        let title = texts::image_pull(group.sightings.len(), image, failure);
        Some(group.draft(Severity::High, title, evidence))
    };
    stuck(scene, Wait::Image).into_iter().filter_map(draft).collect()
}

pub(super) fn create_error(scene: &Scene<'_>) -> Vec<Draft> {
    let draft = |group: Group<'_, Stuck<'_>>| {
        let first = group.sightings.first()?;
        let Stuck { waiting, .. } = first.what;
        let event = scene.pod_event(first.pod, |event| {
            event.type_ == "Warning" && (event.reason == "Failed" || event.reason.starts_with("Failed"))
        });
        let evidence = waiting_evidence(&group, waiting, event);
        let message =
            if waiting.message.is_empty() { event.map(|event| &event.message) } else { Some(&waiting.message) };
        let message = message.map(|message| message.as_str()).unwrap_or_default();
        let title = texts::create_error(group.sightings.len(), &waiting.reason, missing(message).as_deref());
        Some(group.draft(Severity::High, title, evidence))
    };
    stuck(scene, Wait::Creation).into_iter().filter_map(draft).collect()
}

pub(super) fn waiting_other(scene: &Scene<'_>) -> Vec<Draft> {
    let draft = |group: Group<'_, Stuck<'_>>| {
        let first = group.sightings.first()?;
        let waiting = first.what.waiting;
        let event = scene.pod_event(first.pod, |event| event.type_ == "Warning");
        let evidence = waiting_evidence(&group, waiting, event);
        let since = evidence.first().and_then(|fact| fact.since);
        let title = pod::waiting_other(group.sightings.len(), &waiting.reason, &waiting.message);
        let long = scene.is_older(since, scene.thresholds.pending);
        long.then(|| group.draft(Severity::Medium, title, evidence))
    };
    stuck(scene, Wait::Other).into_iter().filter_map(draft).collect()
}

#[derive(Clone, Copy)]
struct Stuck<'a> {
    status: &'a ContainerStatus,
    waiting: &'a Waiting,
}

/// Containers that wait so.
fn stuck<'a>(scene: &Scene<'a>, how: Wait) -> Vec<Group<'a, Stuck<'a>>> {
    let sightings = scene.live_pods().flat_map(|pod| {
        container_statuses(pod).filter_map(move |status| {
            let waiting = status.state.waiting.as_deref()?;
            (wait(&waiting.reason) == how).then_some(Sighting {
                pod,
                container: Some(status.name.as_str()),
                what: Stuck { status, waiting },
            })
        })
    });
    scene.by_owner(sightings)
}

/// The reason since the oldest pod of the group exists (a container that never started waits since then), and what is
/// said about it.
fn waiting_evidence(group: &Group<'_, Stuck<'_>>, waiting: &Waiting, event: Option<&Event>) -> Vec<Evidence> {
    let since = |sighting: &Sighting<'_, Stuck<'_>>| match &sighting.what.status.last_state.terminated {
        Some(terminated) => terminated.finished_at,
        None => sighting.pod.status.start_time.or(sighting.pod.meta.creation_timestamp),
    };
    let since = group.sightings.iter().filter_map(since).min();
    let mut evidence = vec![Evidence::since("state.waiting.reason", &*waiting.reason, since)];
    if !waiting.message.is_empty() {
        evidence.push(Evidence::new("state.waiting.message", &*waiting.message));
    }
    evidence.extend(event.filter(|event| !says_as_much(&waiting.message, &event.message)).map(event_evidence));
    evidence
}

/// Whether a message has the cause that another one gives: `Failed to pull image "a": not found` has nothing to add to
/// `Back-off pulling image "a": ErrImagePull: not found`.
fn says_as_much(message: &str, other: &str) -> bool {
    let cause = other.split_once("\": ").map_or(other, |(_, cause)| cause);
    message.contains(cause)
}

/// The ConfigMap, Secret or key that the kubelet misses: `configmap "app" not found`, `secret "db" not found`,
/// `couldn't find key user in Secret shop/db`.
fn missing(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once("couldn't find key ") {
        return Some(texts::missing_key(rest));
    }
    let (before, _) = message.split_once(" not found")?;
    let kind = if before.contains("configmap") {
        "ConfigMap"
    } else if before.contains("secret") {
        "Secret"
    } else {
        return None;
    };
    let name = before.rsplit(' ').next()?.trim_matches('"');
    Some(format!("{kind} {name}"))
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_the_kubelet_misses_is_named() {
        assert_eq!(missing(r#"configmap "app-config" not found"#).as_deref(), Some("ConfigMap app-config"));
        assert_eq!(missing(r#"secret "db" not found"#).as_deref(), Some("Secret db"));
        assert_eq!(missing("couldn't find key user in Secret shop/db").as_deref(), Some("key user in Secret shop/db"));
        assert_eq!(missing("exec: \"serve\": executable file not found in $PATH"), None);
    }
}
