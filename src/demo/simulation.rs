//! The cluster as it stands: its objects, the world around them, and the walk from one moment to the next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::controllers::{CONTROLLERS, Controller, Reach, container, node};
use super::events;
use super::json::name;
use super::objects::Objects;
use super::resources::Kind;
use super::world::World;

/// Passes over the controllers until nothing changes any more; a bound against two of them quarrelling.
const PASSES: usize = 100;

/// Everything that changes in the demo. Time only moves in [`Simulation::settle`].
#[derive(Debug)]
pub(super) struct Simulation {
    pub(super) objects: Objects,
    pub(super) world: World,
    pub(super) kubelets: container::Memory,
    pub(super) now: DateTime<Utc>,
    /// The pods that fitted nowhere, the version at which the scheduler found that, and when it tries again.
    pub(super) refused: BTreeMap<String, (u64, DateTime<Utc>)>,
    /// The earliest moment that the running controller has asked for.
    wake: Option<DateTime<Utc>>,
    /// When expired events were last dropped.
    pub(super) expired: Option<DateTime<Utc>>,
    /// When the nodes' heartbeats were last brought up to date.
    beaten: Option<DateTime<Utc>>,
    /// What each controller has seen, per namespace that it works in.
    seen: BTreeMap<&'static str, BTreeMap<String, Seen>>,
}

/// When a controller has to run again: after a newer change of what it reads, or at the moment that it asked for.
#[derive(Debug, Clone, Copy)]
struct Seen {
    version: u64,
    wake: Option<DateTime<Utc>>,
}

impl Simulation {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            objects: Objects::default(),
            world: World::default(),
            kubelets: container::Memory::default(),
            now,
            refused: BTreeMap::new(),
            wake: None,
            expired: None,
            beaten: None,
            seen: BTreeMap::new(),
        }
    }

    /// The running controller wants to be run again then.
    pub(super) fn wake_at(&mut self, time: DateTime<Utc>) {
        if time > self.now && self.wake.is_none_or(|earlier| time < earlier) {
            self.wake = Some(time);
        }
    }

    /// A machine dies: no object tells the controllers, so all of them look again.
    pub(super) fn silence(&mut self, node: &str) {
        self.world.silent.insert(node.to_owned(), self.now);
        self.kubelets.forget();
        self.seen.clear();
    }

    /// Lets the controllers do all that is due until `now`, each step at its own moment.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        self.run();
        while let Some(next) = self.next_wake().filter(|next| *next <= now) {
            self.now = next;
            events::expire(self);
            self.run();
        }
        self.now = self.now.max(now);
        if self.beaten != Some(self.now) {
            self.beaten = Some(self.now);
            events::expire(self);
            node::beat(self);
        }
    }

    fn next_wake(&self) -> Option<DateTime<Utc>> {
        self.seen.values().flat_map(BTreeMap::values).filter_map(|seen| seen.wake).filter(|wake| *wake > self.now).min()
    }

    fn run(&mut self) {
        let namespaces = self.objects.all(Kind::Namespace);
        let namespaces: Vec<&str> = namespaces.iter().map(|namespace| name(namespace)).collect();
        for _ in 0..PASSES {
            let mut ran = false;
            for controller in CONTROLLERS {
                match controller.reach {
                    Reach::Cluster => ran |= self.run_one(controller, ""),
                    Reach::Namespace => {
                        for namespace in &namespaces {
                            ran |= self.run_one(controller, namespace);
                        }
                    }
                }
            }
            if !ran {
                break;
            }
        }
    }

    fn run_one(&mut self, controller: &Controller, namespace: &str) -> bool {
        let within = (controller.reach == Reach::Namespace).then_some(namespace);
        let seen = self.seen.entry(controller.name).or_default();
        if let Some(seen) = seen.get(namespace) {
            let news = controller.reads.iter().any(|kind| self.objects.newer(*kind, within, seen.version));
            if !news && seen.wake.is_none_or(|wake| wake > self.now) {
                return false;
            }
        }
        let version = self.objects.version();
        self.wake = None;
        (controller.run)(self, namespace);
        let seen = Seen { version, wake: self.wake };
        self.seen.entry(controller.name).or_default().insert(namespace.to_owned(), seen);
        true
    }
}
