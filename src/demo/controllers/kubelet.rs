//! The kubelets: each container's way through pulling, starting, running, ending and backing off, at its own pace.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::demo::events::{self, Level, Note};
use crate::demo::json::{deleting, items, name, namespace, text, truth, uid, when};
use crate::demo::quantity::milli;
use crate::demo::resources::Kind;
use crate::demo::simulation::Simulation;
use crate::demo::world::Image;

use super::{pod_status, pods};

/// Seconds that a pull takes, also one that fails.
const PULL: TimeDelta = TimeDelta::seconds(1);
/// Seconds that a stop takes.
const STOP: TimeDelta = TimeDelta::seconds(1);
/// How long `ErrImagePull` shows before it becomes `ImagePullBackOff`.
const PULL_ERROR: TimeDelta = TimeDelta::seconds(2);
/// How often a container that cannot be configured is tried again, as far as events are concerned.
const CONFIG_RETRY: TimeDelta = TimeDelta::minutes(2);
/// The longest pause between two tries, for pulls and restarts.
const LONGEST: i64 = 300;
/// A run of this length forgets earlier failures.
const FORGIVEN: TimeDelta = TimeDelta::minutes(10);

/// What the kubelets know about their containers, by pod uid and container name.
#[derive(Debug, Default)]
pub(in crate::demo) struct Memory(BTreeMap<(String, String), Container>);

impl Memory {
    pub(in crate::demo) fn get(&self, pod: &str, container: &str) -> Option<&Container> {
        self.0.get(&(pod.to_owned(), container.to_owned()))
    }
}

/// One container.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Container {
    pub(in crate::demo) stage: Stage,
    pub(in crate::demo) restarts: i64,
    /// How the run before this one ended.
    pub(in crate::demo) last: Option<Ended>,
    failures: u32,
}

/// Where a container is.
#[derive(Debug, Clone)]
pub(in crate::demo) enum Stage {
    Pulling {
        done: DateTime<Utc>,
    },
    PullFailed {
        at: DateTime<Utc>,
        shown: DateTime<Utc>,
        retry: DateTime<Utc>,
        tries: u32,
        backing_off: bool,
    },
    /// A reference of its spec leads nowhere: `CreateContainerConfigError`.
    Unconfigured {
        problem: String,
        said: DateTime<Utc>,
    },
    /// A volume's source is missing: the pod stays in `ContainerCreating`.
    Unmounted {
        problem: String,
        said: DateTime<Utc>,
    },
    Running {
        since: DateTime<Utc>,
        ready: DateTime<Utc>,
        end: Option<Ended>,
    },
    /// `CrashLoopBackOff`.
    Backoff {
        until: DateTime<Utc>,
        pause: i64,
    },
    Done(Ended),
}

/// The end of one run.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Ended {
    pub(in crate::demo) started: DateTime<Utc>,
    pub(in crate::demo) finished: DateTime<Utc>,
    pub(in crate::demo) code: i64,
    pub(in crate::demo) reason: &'static str,
}

impl Stage {
    /// The reason of the `waiting` state, empty while it does not wait.
    pub(in crate::demo) fn waiting_reason(&self) -> &'static str {
        match self {
            Self::Pulling { .. } | Self::Unmounted { .. } => "ContainerCreating",
            Self::PullFailed {
                backing_off: false, ..
            } => "ErrImagePull",
            Self::PullFailed {
                backing_off: true, ..
            } => "ImagePullBackOff",
            Self::Unconfigured { .. } => "CreateContainerConfigError",
            Self::Backoff { .. } => "CrashLoopBackOff",
            Self::Running { .. } | Self::Done(_) => "",
        }
    }

    fn next_moment(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Pulling { done } => Some(*done),
            Self::PullFailed {
                shown,
                retry,
                backing_off,
                ..
            } => Some(if *backing_off {
                *retry
            } else {
                (*shown).min(*retry)
            }),
            Self::Unconfigured { said, .. } | Self::Unmounted { said, .. } => {
                Some(*said + CONFIG_RETRY)
            }
            Self::Running { ready, end, .. } => {
                let end = end.as_ref().map(|end| end.finished);
                if *ready > now {
                    Some(end.map_or(*ready, |end| end.min(*ready)))
                } else {
                    end
                }
            }
            Self::Backoff { until, .. } => Some(*until),
            Self::Done(_) => None,
        }
    }
}

pub(super) fn run(simulation: &mut Simulation) {
    let all = simulation.objects.all(Kind::Pod);
    if simulation.kubelets.0.len() > all.len() {
        simulation
            .kubelets
            .0
            .retain(|(pod, _), _| all.iter().any(|alive| uid(alive) == pod));
    }
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
            tend(simulation, pod);
        }
    }
}

fn stop(simulation: &mut Simulation, pod: &Value) {
    let grace = TimeDelta::seconds(crate::demo::json::count(
        pod,
        "/metadata/deletionGracePeriodSeconds",
    ));
    let asked = when(pod, "/metadata/deletionTimestamp").unwrap_or(simulation.now) - grace;
    if simulation.now < asked + STOP {
        return simulation.wake_at(asked + STOP);
    }
    simulation
        .objects
        .remove(Kind::Pod, namespace(pod), name(pod));
}

type Notes = Vec<(Level, &'static str, String)>;

fn tend(simulation: &mut Simulation, pod: &Value) {
    let mut containers = Vec::new();
    for spec in items(pod, "/spec/containers") {
        let key = (uid(pod).to_owned(), text(spec, "/name").to_owned());
        let mut notes = Notes::new();
        let mut container = simulation.kubelets.0.get(&key).cloned().unwrap_or_else(|| {
            notes.push((
                Level::Normal,
                "Pulling",
                format!("Pulling image \"{}\"", text(spec, "/image")),
            ));
            Container {
                stage: Stage::Pulling {
                    done: simulation.now + PULL,
                },
                restarts: 0,
                last: None,
                failures: 0,
            }
        });
        while step(simulation, pod, spec, &mut container, &mut notes) {}
        if let Some(moment) = container.stage.next_moment(simulation.now) {
            simulation.wake_at(moment);
        }
        simulation.kubelets.0.insert(key, container.clone());
        for (level, reason, message) in &notes {
            let note = Note {
                level: *level,
                ..Note::normal("kubelet", reason, message)
            };
            events::record(
                simulation,
                pod,
                note.at(text(pod, "/spec/nodeName"), text(spec, "/name")),
            );
        }
        containers.push(container);
    }
    pod_status::write(simulation, pod, &containers);
}

/// One transition that is due; `false` when nothing is.
fn step(
    simulation: &Simulation,
    pod: &Value,
    spec: &Value,
    container: &mut Container,
    notes: &mut Notes,
) -> bool {
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
        Stage::PullFailed {
            shown,
            backing_off: false,
            at,
            retry,
            tries,
        } if now >= *shown => {
            notes.push((
                Level::Normal,
                "BackOff",
                format!("Back-off pulling image \"{reference}\""),
            ));
            notes.push((
                Level::Warning,
                "Failed",
                "Error: ImagePullBackOff".to_owned(),
            ));
            Stage::PullFailed {
                at: *at,
                shown: *shown,
                retry: *retry,
                tries: *tries,
                backing_off: true,
            }
        }
        Stage::PullFailed { retry, tries, .. } if now >= *retry => {
            notes.push((
                Level::Normal,
                "Pulling",
                format!("Pulling image \"{reference}\""),
            ));
            match image {
                Some(image) => begin(simulation, pod, spec, image, notes),
                None => pull_failed(now, reference, tries + 1, notes),
            }
        }
        Stage::Unconfigured { said, problem } | Stage::Unmounted { said, problem } => {
            let still = missing_volume(simulation, pod)
                .or_else(|| missing_reference(simulation, pod, spec));
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
            notes.push((Level::Normal, "Pulled", format!("Container image \"{reference}\" already present on machine and can be accessed by the pod")));
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
        format!(
            "Failed to pull image \"{reference}\": rpc error: code = NotFound desc = {resolve}"
        ),
    ));
    notes.push((Level::Warning, "Failed", "Error: ErrImagePull".to_owned()));
    let pause = (10_i64 << tries.min(6)).min(LONGEST);
    // Only the first try shows ErrImagePull for a while: later ones fall back at once, so that a look at any time shows the steady state.
    let shown = if tries == 0 { now + PULL_ERROR } else { now };
    Stage::PullFailed {
        at: now,
        shown,
        retry: now + TimeDelta::seconds(pause),
        tries,
        backing_off: false,
    }
}

/// Starts a container, if all that its spec refers to is there.
fn begin(
    simulation: &Simulation,
    pod: &Value,
    spec: &Value,
    image: &Image,
    notes: &mut Notes,
) -> Stage {
    let now = simulation.now;
    if let Some(problem) = missing_volume(simulation, pod) {
        notes.push((
            Level::Warning,
            "FailedMount",
            format!("MountVolume.SetUp failed for volume {problem}"),
        ));
        return Stage::Unmounted { problem, said: now };
    }
    if let Some(problem) = missing_reference(simulation, pod, spec) {
        notes.push((Level::Warning, "Failed", format!("Error: {problem}")));
        return Stage::Unconfigured { problem, said: now };
    }
    let own = text(spec, "/name");
    notes.push((
        Level::Normal,
        "Created",
        format!("Container created: {own}"),
    ));
    notes.push((
        Level::Normal,
        "Started",
        format!("Container started: {own}"),
    ));
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
    Stage::Running {
        since: now,
        ready: now + TimeDelta::seconds(image.ready_seconds),
        end,
    }
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
    let failures = if end.finished - end.started >= FORGIVEN {
        0
    } else {
        failures
    };
    // The first restart is immediate, then 10 s, 20 s, … up to five minutes.
    let pause = if failures == 0 {
        0
    } else {
        (10_i64 << (failures - 1).min(6)).min(LONGEST)
    };
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

/// The first ConfigMap or Secret that the environment of a container refers to and that is not there.
fn missing_reference(simulation: &Simulation, pod: &Value, spec: &Value) -> Option<String> {
    let from = items(spec, "/envFrom").iter().flat_map(|source| {
        [
            (Kind::ConfigMap, "configmap", &source["configMapRef"]),
            (Kind::Secret, "secret", &source["secretRef"]),
        ]
    });
    let keys = items(spec, "/env").iter().flat_map(|variable| {
        let source = &variable["valueFrom"];
        [
            (Kind::ConfigMap, "configmap", &source["configMapKeyRef"]),
            (Kind::Secret, "secret", &source["secretKeyRef"]),
        ]
    });
    for (kind, word, reference) in from.chain(keys) {
        let wanted = text(reference, "/name");
        if wanted.is_empty() || truth(reference, "/optional") {
            continue;
        }
        let Some(found) = simulation.objects.get(kind, namespace(pod), wanted) else {
            return Some(format!("{word} \"{wanted}\" not found"));
        };
        let key = text(reference, "/key");
        if !key.is_empty() && found["data"].get(key).is_none() {
            let kind = kind.row().kind;
            return Some(format!(
                "couldn't find key {key} in {kind} {}/{wanted}",
                namespace(pod)
            ));
        }
    }
    None
}

/// The first volume whose ConfigMap or Secret is not there.
fn missing_volume(simulation: &Simulation, pod: &Value) -> Option<String> {
    for volume in items(pod, "/spec/volumes") {
        let sources = [
            (
                Kind::ConfigMap,
                "configmap",
                text(volume, "/configMap/name"),
                truth(volume, "/configMap/optional"),
            ),
            (
                Kind::Secret,
                "secret",
                text(volume, "/secret/secretName"),
                truth(volume, "/secret/optional"),
            ),
        ];
        for (kind, word, wanted, optional) in sources {
            if !wanted.is_empty()
                && !optional
                && !simulation.objects.has(kind, namespace(pod), wanted)
            {
                return Some(format!(
                    "\"{}\" : {word} \"{wanted}\" not found",
                    text(volume, "/name")
                ));
            }
        }
    }
    None
}
