//! The kubelets: each container's way through pulling, starting, running, ending and backing off, at its own pace.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::demo::events::{self, Level, Note};
use crate::demo::json::{deleting, items, name, namespace, text, uid, when};
use crate::demo::quantity::milli;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;
use crate::demo::world::Image;

use super::container::{CONFIG_RETRY, Container, Ended, Looked, Stage};
use super::references::{missing_reference, missing_volume};
use super::{pod_status, pods};

/// Seconds that a pull takes, also one that fails.
const PULL: TimeDelta = TimeDelta::seconds(1);
/// Seconds that a stop takes.
const STOP: TimeDelta = TimeDelta::seconds(1);
/// How long `ErrImagePull` shows before it becomes `ImagePullBackOff`.
const PULL_ERROR: TimeDelta = TimeDelta::seconds(2);
/// The longest pause between two tries, for pulls and restarts.
const LONGEST: i64 = 300;
/// A run of this length forgets earlier failures.
const FORGIVEN: TimeDelta = TimeDelta::minutes(10);

pub(super) fn run(simulation: &mut Simulation, _: &str) {
    let all = simulation.objects.all(Kind::Pod);
    simulation.kubelets.keep(&all);
    for pod in &all {
        let node = text(pod, "/spec/nodeName");
        if node.is_empty()
            || simulation.world.silent.contains_key(node)
            || !simulation.objects.has(Kind::Node, "", node)
        {
            continue;
        }
        if deleting(pod) {
            stop(simulation, pod);
        } else if !pods::finished(pod) {
            look(simulation, pod);
        }
    }
}

/// Tends a pod, unless nothing has happened since the last look.
fn look(simulation: &mut Simulation, pod: &Value) {
    let place = Some(namespace(pod));
    let settings = [Kind::ConfigMap, Kind::Secret].map(|kind| simulation.objects.touched(kind, place));
    let settings = settings.into_iter().max().unwrap_or_default();
    let version = text(pod, "/metadata/resourceVersion");
    if let Some(looked) = &simulation.kubelets.of(uid(pod)).looked
        && looked.pod == version
        && looked.settings == settings
        && looked.wake.is_none_or(|wake| wake > simulation.now)
    {
        if let Some(wake) = looked.wake {
            simulation.wake_at(wake);
        }
        return;
    }
    let wake = tend(simulation, pod);
    let looked = Looked { pod: version.to_owned(), settings, wake };
    simulation.kubelets.of(uid(pod)).looked = Some(looked);
}

fn stop(simulation: &mut Simulation, pod: &Value) {
    let grace = TimeDelta::seconds(crate::demo::json::count(pod, "/metadata/deletionGracePeriodSeconds"));
    let asked = when(pod, "/metadata/deletionTimestamp").unwrap_or(simulation.now) - grace;
    if simulation.now < asked + STOP {
        return simulation.wake_at(asked + STOP);
    }
    simulation.objects.remove(Kind::Pod, namespace(pod), name(pod));
}

type Notes = Vec<(Level, &'static str, String)>;

/// Moves the containers of a pod to where they have to be now, and says when the next one is due.
fn tend(simulation: &mut Simulation, pod: &Value) -> Option<DateTime<Utc>> {
    let mut containers = Vec::new();
    let mut wake: Option<DateTime<Utc>> = None;
    for spec in items(pod, "/spec/containers") {
        let own = text(spec, "/name");
        let mut notes = Notes::new();
        let known = simulation.kubelets.get(uid(pod), own).cloned();
        let mut container = known.unwrap_or_else(|| {
            let message = format!("Pulling image \"{}\"", text(spec, "/image"));
            notes.push((Level::Normal, "Pulling", message));
            let stage = Stage::Pulling { done: simulation.now + PULL };
            Container { stage, restarts: 0, last: None, failures: 0 }
        });
        while step(simulation, pod, spec, &mut container, &mut notes) {}
        if let Some(moment) = container.stage.next_moment(simulation.now) {
            simulation.wake_at(moment);
            wake = Some(wake.map_or(moment, |wake| wake.min(moment)));
        }
        let memory = &mut simulation.kubelets.of(uid(pod)).containers;
        memory.insert(own.to_owned(), container.clone());
        for (level, reason, message) in &notes {
            let note = Note { level: *level, ..Note::normal("kubelet", reason, message) };
            events::record(simulation, pod, note.at(text(pod, "/spec/nodeName"), own));
        }
        containers.push(container);
    }
    pod_status::write(simulation, pod, &containers);
    wake
}

/// One transition that is due; `false` when nothing is.
fn step(simulation: &Simulation, pod: &Value, spec: &Value, container: &mut Container, notes: &mut Notes) -> bool {
    let now = simulation.now;
    let reference = text(spec, "/image");
    let image = simulation.world.images.get(reference);
    let next = match &container.stage {
        Stage::Pulling { done } if now >= *done => match image {
            Some(image) => {
                let took = format!(
                    "Successfully pulled image \"{reference}\" in 1s (1s including waiting). Image size: 48211563 bytes."
                );
                notes.push((Level::Normal, "Pulled", took));
                begin(simulation, pod, spec, image, notes)
            }
            None => pull_failed(now, reference, 0, notes),
        },
        Stage::PullFailed { shown, backing_off: false, at, retry, tries } if now >= *shown => {
            notes.push((Level::Normal, "BackOff", format!("Back-off pulling image \"{reference}\"")));
            notes.push((Level::Warning, "Failed", "Error: ImagePullBackOff".to_owned()));
            Stage::PullFailed { at: *at, shown: *shown, retry: *retry, tries: *tries, backing_off: true }
        }
        Stage::PullFailed { retry, tries, .. } if now >= *retry => {
            notes.push((Level::Normal, "Pulling", format!("Pulling image \"{reference}\"")));
            match image {
                Some(image) => begin(simulation, pod, spec, image, notes),
                None => pull_failed(now, reference, tries + 1, notes),
            }
        }
        Stage::Unconfigured { said, problem } | Stage::Unmounted { said, problem } => {
            let still = missing_volume(simulation, pod).or_else(|| missing_reference(simulation, pod, spec));
            if still.as_ref() == Some(problem) && now < *said + CONFIG_RETRY {
                return false;
            }
            match image {
                Some(image) => begin(simulation, pod, spec, image, notes),
                None => return false,
            }
        }
        Stage::Running { end: Some(end), .. } if now >= end.finished => {
            let (end, failures) = (end.clone(), container.failures);
            after_end(pod, spec, container, end, failures, notes)
        }
        Stage::Backoff { until, .. } if now >= *until => {
            container.restarts += 1;
            notes.push((
                Level::Normal,
                "Pulled",
                format!("Container image \"{reference}\" already present on machine and can be accessed by the pod"),
            ));
            match image {
                Some(image) => begin(simulation, pod, spec, image, notes),
                None => return false,
            }
        }
        Stage::Pulling { .. }
        | Stage::PullFailed { .. }
        | Stage::Running { .. }
        | Stage::Backoff { .. }
        | Stage::Done(_) => return false,
    };
    container.stage = next;
    true
}

fn pull_failed(now: DateTime<Utc>, reference: &str, tries: u32, notes: &mut Notes) -> Stage {
    let resolve = format!(
        "failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\": {reference}: not found"
    );
    notes.push((
        Level::Warning,
        "Failed",
        format!("Failed to pull image \"{reference}\": rpc error: code = NotFound desc = {resolve}"),
    ));
    notes.push((Level::Warning, "Failed", "Error: ErrImagePull".to_owned()));
    let pause = (10_i64 << tries.min(6)).min(LONGEST);
    // Only the first try shows ErrImagePull for a while: later ones fall back at once, so that a look at any time shows the steady state.
    let shown = if tries == 0 { now + PULL_ERROR } else { now };
    Stage::PullFailed { at: now, shown, retry: now + TimeDelta::seconds(pause), tries, backing_off: false }
}

/// Starts a container, if all that its spec refers to is there.
fn begin(simulation: &Simulation, pod: &Value, spec: &Value, image: &Image, notes: &mut Notes) -> Stage {
    let now = simulation.now;
    if let Some(problem) = missing_volume(simulation, pod) {
        notes.push((Level::Warning, "FailedMount", format!("MountVolume.SetUp failed for volume {problem}")));
        return Stage::Unmounted { problem, said: now };
    }
    if let Some(problem) = missing_reference(simulation, pod, spec) {
        notes.push((Level::Warning, "Failed", format!("Error: {problem}")));
        return Stage::Unconfigured { problem, said: now };
    }
    let own = text(spec, "/name");
    notes.push((Level::Normal, "Created", format!("Container created: {own}")));
    notes.push((Level::Normal, "Started", format!("Container started: {own}")));
    let limit = milli(&spec["resources"]["limits"]["memory"]);
    let needs = image.memory.as_ref().and_then(milli);
    let end = match (limit, needs, &image.exit) {
        (Some(limit), Some(needs), _) if needs > limit => Some(Ended {
            started: now,
            finished: now + TimeDelta::seconds(image.fills_seconds),
            code: 137,
            reason: "OOMKilled",
        }),
        (_, _, Some(exit)) => Some(Ended {
            started: now,
            finished: now + TimeDelta::seconds(exit.after_seconds),
            code: exit.code,
            reason: if exit.code == 0 { "Completed" } else { "Error" },
        }),
        (_, _, None) => None,
    };
    Stage::Running { since: now, ready: now + TimeDelta::seconds(image.ready_seconds), end }
}

fn after_end(
    pod: &Value,
    spec: &Value,
    container: &mut Container,
    end: Ended,
    failures: u32,
    notes: &mut Notes,
) -> Stage {
    let policy = text(pod, "/spec/restartPolicy");
    if policy == "Never" || (policy == "OnFailure" && end.code == 0) {
        return Stage::Done(end);
    }
    let failures = if end.finished - end.started >= FORGIVEN { 0 } else { failures };
    // The first restart is immediate, then 10 s, 20 s, … up to five minutes.
    let pause = if failures == 0 { 0 } else { (10_i64 << (failures - 1).min(6)).min(LONGEST) };
    if pause > 0 {
        let message = format!(
            "Back-off restarting failed container {} in pod {}_{}({})",
            text(spec, "/name"),
            name(pod),
            namespace(pod),
            uid(pod)
        );
        notes.push((Level::Warning, "BackOff", message));
    }
    container.failures = failures + 1;
    let until = end.finished + TimeDelta::seconds(pause);
    container.last = Some(end);
    Stage::Backoff { until, pause }
}
