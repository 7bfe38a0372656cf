//! The states of one container, and what a kubelet remembers of it between two looks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::demo::json::uid;

/// How often a container that cannot be configured is tried again, as far as events are concerned.
pub(super) const CONFIG_RETRY: TimeDelta = TimeDelta::minutes(2);

/// What the kubelets know about their containers, by pod uid.
#[derive(Debug, Default)]
pub(in crate::demo) struct Memory(BTreeMap<String, Known>);

/// What a kubelet knows of one pod.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) containers: BTreeMap<String, Container>,
    /// What was true when the kubelet last looked; as long as it is, there is nothing to do.
    pub(super) looked: Option<Looked>,
}

/// One look of a kubelet at a pod.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// The pod's resourceVersion.
    pub(super) pod: String,
    /// The last change of the ConfigMaps and Secrets around it.
    pub(super) settings: u64,
    /// When something is due by itself.
    pub(super) wake: Option<DateTime<Utc>>,
}

impl Memory {
    pub(in crate::demo) fn get(&self, pod: &str, container: &str) -> Option<&Container> {
        self.0.get(pod)?.containers.get(container)
    }

    /// Makes the kubelets look at all their pods again.
    pub(in crate::demo) fn forget(&mut self) {
        for known in self.0.values_mut() {
            known.looked = None;
        }
    }

    pub(super) fn of(&mut self, pod: &str) -> &mut Known {
        self.0.entry(pod.to_owned()).or_default()
    }

    /// Drops what is known of pods that are gone.
    pub(super) fn keep(&mut self, alive: &[Arc<Value>]) {
        if self.0.len() > alive.len() {
            let alive: BTreeSet<&str> = alive.iter().map(|pod| uid(pod)).collect();
            self.0.retain(|pod, _| alive.contains(pod.as_str()));
        }
    }
}

/// One container.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Container {
    pub(in crate::demo) stage: Stage,
    pub(in crate::demo) restarts: i64,
    /// How the run before this one ended.
    pub(in crate::demo) last: Option<Ended>,
    /// Failed runs in a row.
    pub(super) failures: u32,
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
            Self::PullFailed { backing_off: false, .. } => "ErrImagePull",
            Self::PullFailed { backing_off: true, .. } => "ImagePullBackOff",
            Self::Unconfigured { .. } => "CreateContainerConfigError",
            Self::Backoff { .. } => "CrashLoopBackOff",
            Self::Running { .. } | Self::Done(_) => "",
        }
    }

    /// When something is due for it by itself.
    pub(super) fn next_moment(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Pulling { done } => Some(*done),
            Self::PullFailed { shown, retry, backing_off, .. } => {
                Some(if *backing_off { *retry } else { (*shown).min(*retry) })
            }
            Self::Unconfigured { said, .. } | Self::Unmounted { said, .. } => Some(*said + CONFIG_RETRY),
            Self::Running { ready, end, .. } => {
                let end = end.as_ref().map(|end| end.finished);
                if *ready > now { Some(end.map_or(*ready, |end| end.min(*ready))) } else { end }
            }
            Self::Backoff { until, .. } => Some(*until),
            Self::Done(_) => None,
        }
    }
}
