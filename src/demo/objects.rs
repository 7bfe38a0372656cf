//! The stored objects: one map, one resourceVersion counter, and the log that watches read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::json::{name, namespace, put, put_default, stamp};
use super::names;
use super::resources::Kind;

/// The changes kept for watches; an older start gets 410.
const LOG: usize = 2000;

type Key = (Kind, String, String);

/// One step in the life of an object: added without `before`, deleted without `after`.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) kind: Kind,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Arc<Value>>,
}

/// Everything that the API serves.
#[derive(Debug, Default)]
pub(super) struct Objects {
    stored: BTreeMap<Key, Arc<Value>>,
    version: u64,
    log: VecDeque<Change>,
    /// The version of the last change of a kind, per namespace.
    touched: BTreeMap<Kind, BTreeMap<String, u64>>,
    /// Whether something that may own others was removed since the collector last asked.
    removals: bool,
    /// The version at which a pod was last removed: there may be room now.
    pod_left: u64,
}

fn key(kind: Kind, namespace: &str, name: &str) -> Key {
    (kind, namespace.to_owned(), name.to_owned())
}

impl Objects {
    /// The resourceVersion of the last change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The version of the last change of a kind, in a namespace or anywhere.
    pub(super) fn touched(&self, kind: Kind, within: Option<&str>) -> u64 {
        let Some(places) = self.touched.get(&kind) else {
            return 0;
        };
        match within {
            None => places.values().copied().max().unwrap_or_default(),
            Some(namespace) => places.get(namespace).copied().unwrap_or_default(),
        }
    }

    /// Whether a kind has changed since a version, in a namespace or anywhere. Cluster-wide kinds count for every namespace.
    pub(super) fn newer(&self, kind: Kind, within: Option<&str>, than: u64) -> bool {
        let Some(places) = self.touched.get(&kind) else {
            return false;
        };
        match within.filter(|_| kind.row().namespaced()) {
            None => places.values().any(|version| *version > than),
            Some(namespace) => places.get(namespace).is_some_and(|version| *version > than),
        }
    }

    /// The version of the last change that may make room for a pod that fitted nowhere.
    pub(super) fn room_made(&self) -> u64 {
        [Kind::Node, Kind::PersistentVolumeClaim, Kind::StorageClass]
            .map(|kind| self.touched(kind, None))
            .into_iter()
            .fold(self.pod_left, u64::max)
    }

    /// Whether something was removed since this was last asked.
    pub(super) fn forget_removals(&mut self) -> bool {
        std::mem::take(&mut self.removals)
    }

    pub(super) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.stored.get(&key(kind, namespace, name)).cloned()
    }

    pub(super) fn has(&self, kind: Kind, namespace: &str, name: &str) -> bool {
        self.stored.contains_key(&key(kind, namespace, name))
    }

    /// All objects of a kind, or those of one namespace, in the order of their keys.
    pub(super) fn list(&self, kind: Kind, within: Option<&str>) -> Vec<Arc<Value>> {
        let first = key(kind, within.unwrap_or_default(), "");
        self.stored
            .range(first..)
            .take_while(|((of, namespace, _), _)| *of == kind && within.is_none_or(|within| within == namespace))
            .map(|(_, value)| Arc::clone(value))
            .collect()
    }

    /// All objects of a kind in all namespaces.
    pub(super) fn all(&self, kind: Kind) -> Vec<Arc<Value>> {
        self.list(kind, None)
    }

    /// Every object there is.
    pub(super) fn everything(&self) -> Vec<(Kind, Arc<Value>)> {
        self.stored.iter().map(|((kind, _, _), value)| (*kind, Arc::clone(value))).collect()
    }

    /// What the server adds to a new object, without storing it.
    pub(super) fn prepare(&self, kind: Kind, mut value: Value, now: DateTime<Utc>) -> Value {
        let seed = format!("{}/{}/{}/{}", kind.row().plural, namespace(&value), name(&value), self.version);
        put(&mut value, "/metadata/uid", json!(names::uid(&seed)));
        put_default(&mut value, "/metadata/creationTimestamp", stamp(now));
        if kind.has_generation() {
            put(&mut value, "/metadata/generation", json!(1));
        }
        put(&mut value, "/apiVersion", json!(kind.row().api_version()));
        put(&mut value, "/kind", json!(kind.row().kind));
        value
    }

    /// Stores a new object and returns it, or `None` if its name is taken.
    pub(super) fn insert(&mut self, kind: Kind, value: Value, now: DateTime<Utc>) -> Option<Arc<Value>> {
        if self.has(kind, namespace(&value), name(&value)) {
            return None;
        }
        let value = self.prepare(kind, value, now);
        Some(self.store(kind, value))
    }

    /// What an update makes of an object: the next generation if its spec changed. Nothing is stored.
    pub(super) fn next(&self, kind: Kind, mut value: Value) -> Value {
        let Some(before) = self.get(kind, namespace(&value), name(&value)) else {
            return value;
        };
        if kind.has_generation() {
            let generation = super::json::count(&before, "/metadata/generation");
            let bump = i64::from(before.get("spec") != value.get("spec"));
            // A deletion counts up by itself.
            let own = super::json::count(&value, "/metadata/generation");
            put(&mut value, "/metadata/generation", json!(own.max(generation + bump)));
        }
        put(&mut value, "/metadata/resourceVersion", before["metadata"]["resourceVersion"].clone());
        value
    }

    /// Replaces an object; a write that changes nothing keeps its resourceVersion, as in the real server.
    pub(super) fn update(&mut self, kind: Kind, value: Value) -> Arc<Value> {
        let value = self.next(kind, value);
        match self.get(kind, namespace(&value), name(&value)) {
            Some(before) if *before == value => before,
            Some(_) | None => self.store(kind, value),
        }
    }

    /// Changes an object in place; does nothing if it is gone.
    pub(super) fn edit(&mut self, kind: Kind, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) {
        if let Some(before) = self.get(kind, namespace, name) {
            let mut value = (*before).clone();
            change(&mut value);
            if value != *before {
                self.update(kind, value);
            }
        }
    }

    /// Takes an object out and returns its last state.
    pub(super) fn remove(&mut self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let before = self.stored.remove(&key(kind, namespace, name))?;
        self.version += 1;
        self.removals |= kind != Kind::Event;
        if kind == Kind::Pod {
            self.pod_left = self.version;
        }
        self.touch(kind, namespace);
        self.log(Change { version: self.version, kind, before: Some(Arc::clone(&before)), after: None });
        Some(before)
    }

    /// The changes after a version, or the oldest version that can be asked for.
    pub(super) fn since(&self, version: u64) -> Result<impl Iterator<Item = &Change>, u64> {
        let oldest = self.log.front().map_or(self.version, |change| change.version - 1);
        if version < oldest {
            return Err(oldest);
        }
        Ok(self.log.iter().skip_while(move |change| change.version <= version))
    }

    fn store(&mut self, kind: Kind, mut value: Value) -> Arc<Value> {
        self.version += 1;
        put(&mut value, "/metadata/resourceVersion", json!(self.version.to_string()));
        let after = Arc::new(value);
        self.touch(kind, namespace(&after));
        let before = self.stored.insert(key(kind, namespace(&after), name(&after)), Arc::clone(&after));
        self.log(Change { version: self.version, kind, before, after: Some(Arc::clone(&after)) });
        after
    }

    fn touch(&mut self, kind: Kind, namespace: &str) {
        let places = self.touched.entry(kind).or_default();
        match places.get_mut(namespace) {
            Some(version) => *version = self.version,
            None => drop(places.insert(namespace.to_owned(), self.version)),
        }
    }

    fn log(&mut self, change: Change) {
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn deployment(replicas: u32) -> Value {
        json!({"metadata": {"namespace": "shop", "name": "web"}, "spec": {"replicas": replicas}})
    }

    #[test]
    fn generation_counts_spec_changes_only_and_a_no_op_keeps_the_version() {
        let mut objects = Objects::default();
        let first = objects.insert(Kind::Deployment, deployment(1), now()).unwrap();
        assert_eq!(first["metadata"]["generation"], 1);
        assert_eq!(objects.update(Kind::Deployment, (*first).clone()), first);
        objects.edit(Kind::Deployment, "shop", "web", |value| value["status"] = json!({"replicas": 1}));
        let second = objects.get(Kind::Deployment, "shop", "web").unwrap();
        assert_eq!(
            (second["metadata"]["generation"].clone(), second["metadata"]["resourceVersion"].clone()),
            (json!(1), json!("2"))
        );
        objects.edit(Kind::Deployment, "shop", "web", |value| value["spec"]["replicas"] = json!(3));
        assert_eq!(objects.get(Kind::Deployment, "shop", "web").unwrap()["metadata"]["generation"], 2);
    }

    #[test]
    fn the_log_begins_after_the_asked_version() {
        let mut objects = Objects::default();
        objects.insert(Kind::Deployment, deployment(1), now());
        objects.remove(Kind::Deployment, "shop", "web");
        let seen: Vec<u64> = objects.since(1).unwrap().map(|change| change.version).collect();
        assert_eq!(seen, [2]);
        assert!(objects.get(Kind::Deployment, "shop", "web").is_none());
    }
}
