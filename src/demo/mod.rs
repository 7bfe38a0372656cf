//! The embedded cluster behind `roundsman demo`: an in-process Kubernetes API over objects in memory.
//!
//! It speaks as much of the API as the bot uses, in the real server's words, and a set of small controllers derives every
//! outcome from the objects: a restart of a bad image stays broken, an undo cures it. Nothing runs in the background; time
//! catches up whenever somebody asks.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, SubsecRound as _, Utc};
use http::StatusCode;
use serde_json::Value;

mod access;
mod controllers;
pub mod coverage;
#[cfg(test)]
pub(crate) mod covered;
mod defaults;
mod delete;
mod discover;
mod events;
mod json;
mod logs;
mod managed;
mod names;
mod objects;
mod quantity;
mod read;
pub mod recorder;
pub mod replay;
mod request;
mod resources;
mod select;
mod service;
mod simulation;
mod status;
mod story;
#[cfg(test)]
mod tests;
mod validate;
mod watch;
mod world;
mod write;

pub use access::Identity;
pub use recorder::Shape;
pub use story::{Story, StoryError};

use simulation::Simulation;

/// What a handler answers.
#[derive(Debug)]
enum Answer {
    Json(StatusCode, Value),
    /// JSON under a media type of its own.
    Typed(&'static str, Value),
    Text(StatusCode, String),
    Watch(watch::Watch),
}

/// What all clients of one demo share.
struct Shared {
    state: Mutex<State>,
    clock: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    /// The resourceVersion of the last change: wakes the watches.
    changes: tokio::sync::watch::Sender<u64>,
}

struct State {
    simulation: Simulation,
    recorder: recorder::Recorder,
}

impl State {
    /// Lets the cluster do all that is due by now.
    fn catch_up(&mut self, shared: &Shared) {
        self.simulation.settle((shared.clock)().trunc_subsecs(0));
        let version = self.simulation.objects.version();
        shared.changes.send_if_modified(|last| std::mem::replace(last, version) != version);
    }
}

/// A running demo cluster. Cheap to clone; all clones are the same cluster.
#[derive(Clone)]
pub struct Demo {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demo").finish_non_exhaustive()
    }
}

impl Demo {
    /// Starts a cluster with a healthy backdrop and these stories, told up to the clock's present moment.
    ///
    /// # Errors
    /// If a story file is wrong, which a test excludes.
    pub fn start(
        clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        stories: &[Story],
    ) -> Result<Self, StoryError> {
        let simulation = story::tell(stories, clock().trunc_subsecs(0))?;
        let changes = tokio::sync::watch::Sender::new(simulation.objects.version());
        let state = State { simulation, recorder: recorder::Recorder::default() };
        Ok(Self { shared: Arc::new(Shared { state: Mutex::new(state), clock: Box::new(clock), changes }) })
    }

    /// A client that acts as this identity. Needs a tokio runtime, as every `kube::Client` does.
    pub fn client(&self, identity: Identity) -> kube::Client {
        let shared = Arc::clone(&self.shared);
        let service = tower::service_fn(move |request| service::serve(Arc::clone(&shared), identity, request));
        kube::Client::new(service, "default")
    }

    /// The shapes of all requests so far, sorted, each once.
    pub fn requests(&self) -> Vec<Shape> {
        service::lock(&self.shared).recorder.shapes()
    }

    /// Lets time catch up now; every request does that by itself.
    pub fn settle(&self) {
        service::lock(&self.shared).catch_up(&self.shared);
    }
}
