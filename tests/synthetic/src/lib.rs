//! Synthetic clusters: as many pods as one likes, with the objects that come with them and faults mixed in, all from a seed.
//!
//! Objects come batch by batch, so that a cluster of any size is made in little memory. What has to be there before
//! another object comes before it, in an earlier batch or in an earlier wave of the same one.

mod faults;
mod infrastructure;
mod pod;
mod random;
mod services;
mod team;
mod workloads;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

pub use faults::Fault;

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub pods: usize,
    /// One of so many workloads is in trouble; nothing is with 0.
    pub faults_one_in: u64,
    /// The moment that the cluster is looked at.
    pub now: DateTime<Utc>,
}

/// One object, and where it is created.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Objects of a later wave of the batch need those of the earlier ones.
    pub wave: u8,
    /// The collection, e.g. `/apis/apps/v1/namespaces/team-1/deployments`.
    pub path: String,
    /// With `apiVersion`, `kind` and a `uid` of our own; a server that gives it another one has to be minded by who creates it.
    pub value: Value,
}

/// Objects that belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    pub objects: Vec<Object>,
    /// What is wrong with them on purpose.
    pub faults: Vec<Fault>,
    pub pods: usize,
}

/// Pods of one namespace, roughly.
const PODS_PER_TEAM: usize = 250;
/// Pods on one node, roughly.
const PODS_PER_NODE: usize = 50;

impl Plan {
    pub fn new(seed: u64, pods: usize, now: DateTime<Utc>) -> Self {
        Self { seed, pods, faults_one_in: 40, now }
    }

    /// The same cluster without a fault.
    #[must_use]
    pub fn healthy(self) -> Self {
        Self { faults_one_in: 0, ..self }
    }

    pub fn nodes(&self) -> usize {
        (self.pods / PODS_PER_NODE).max(3)
    }

    /// Everything, in an order in which it can be created. All pods together are as many as were asked for.
    pub fn batches(&self) -> impl Iterator<Item = Batch> {
        let plan = *self;
        // Agents on every node come first, because their number is given; the teams share what is left.
        let agents: usize = infrastructure::batches(plan).map(|batch| batch.pods).sum();
        let mut left = plan.pods.saturating_sub(agents);
        let teams = (0..).map_while(move |index| {
            let pods = left.min(PODS_PER_TEAM);
            left -= pods;
            (pods > 0).then(|| team::batch(&plan, index, pods))
        });
        infrastructure::batches(plan).chain(teams)
    }

    fn ago(&self, minutes: i64) -> String {
        (self.now - TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// For parts of a second, as leases and newer events have them.
    fn micros_ago(&self, seconds: i64) -> String {
        (self.now - TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

impl Batch {
    fn add(&mut self, wave: u8, path: impl Into<String>, value: Value) {
        self.objects.push(Object { wave, path: path.into(), value });
    }
}

/// A uid that depends on nothing but what the object is called.
fn uid(kind: &str, namespace: &str, name: &str) -> String {
    let hash = |seed: u64| random::Random::new(seed).mixed_with(&[kind, namespace, name]);
    let (high, low) = (hash(1), hash(2));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

fn core(namespace: &str, plural: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/{plural}")
}

fn group(group: &str, namespace: &str, plural: &str) -> String {
    format!("/apis/{group}/namespaces/{namespace}/{plural}")
}
