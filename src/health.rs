//! How each part is: what /readyz and the logs tell.

use chrono::{DateTime, Utc};
use contract::{Connection, Platform};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// The state of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Not yet taking anything in.
    Starting,
    /// Taking in and working.
    Ready,
    /// Finishing what is under way.
    Draining,
}

/// What is known about one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Working as it should.
    pub up: bool,
    /// Why not, or what it is (a version).
    pub detail: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The health of the whole; cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<RwLock<State>>);

#[derive(Debug)]
struct State {
    phase: Phase,
    parts: BTreeMap<String, Part>,
}

/// What is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The process.
    pub phase: Phase,
    /// Its parts by name, such as `telegram` or `cluster prod`.
    pub parts: BTreeMap<String, Part>,
}

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(State { phase: Phase::Starting, parts: BTreeMap::new() })))
    }
}

impl Health {
    /// The process went on to this phase.
    pub fn phase(&self, phase: Phase) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).phase = phase;
    }

    /// A platform's connection changed.
    pub fn connection(&self, platform: Platform, connection: Connection, now: DateTime<Utc>) {
        match connection {
            Connection::Up => self.part(platform.name(), true, "receiving", now),
            Connection::Down(why) => self.part(platform.name(), false, &why, now),
        }
    }

    /// A part is known to be so; logged when that is news.
    pub fn part(&self, name: &str, up: bool, detail: &str, now: DateTime<Utc>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = state.parts.get(name);
        if known.is_some_and(|part| part.up == up && part.detail == detail) {
            return;
        }
        let since = known.filter(|part| part.up == up).map_or(now, |part| part.since);
        state.parts.insert(name.to_owned(), Part { up, detail: detail.to_owned(), since });
        drop(state);
        if up {
            tracing::info!(part = name, detail, "up");
        } else {
            tracing::warn!(part = name, detail, "down");
        }
    }

    /// Everything.
    pub fn shown(&self) -> Shown {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Shown { phase: state.phase, parts: state.parts.clone() }
    }
}
