//! The cluster as it stands: its objects, the world around them, and the walk from one moment to the next.

use chrono::{DateTime, Utc};

use super::controllers::{self, kubelet, node};
use super::objects::Objects;
use super::world::World;

/// Passes over the controllers until nothing changes any more; a bound against two of them quarrelling.
const PASSES: usize = 100;

/// Everything that changes in the demo. Time only moves in [`Simulation::settle`].
#[derive(Debug)]
pub(super) struct Simulation {
    pub(super) objects: Objects,
    pub(super) world: World,
    pub(super) kubelets: kubelet::Memory,
    pub(super) now: DateTime<Utc>,
    wake: Option<DateTime<Utc>>,
    settled: Option<u64>,
}

impl Simulation {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            objects: Objects::default(),
            world: World::default(),
            kubelets: kubelet::Memory::default(),
            now,
            wake: None,
            settled: None,
        }
    }

    /// A controller wants to be run again then.
    pub(super) fn wake_at(&mut self, time: DateTime<Utc>) {
        if time > self.now && self.wake.is_none_or(|earlier| time < earlier) {
            self.wake = Some(time);
        }
    }

    /// Lets the controllers do all that is due until `now`, each step at its own moment.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        self.run();
        while let Some(next) = self.wake.filter(|next| *next <= now) {
            self.now = next;
            self.settled = None;
            self.run();
        }
        self.now = self.now.max(now);
        node::beat(self);
        self.settled = Some(self.objects.version());
    }

    fn run(&mut self) {
        if self.settled == Some(self.objects.version()) {
            return;
        }
        for _ in 0..PASSES {
            let before = self.objects.version();
            self.wake = None;
            controllers::pass(self);
            if self.objects.version() == before {
                break;
            }
        }
        self.settled = Some(self.objects.version());
    }
}
