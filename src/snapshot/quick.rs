//! Maps and sets for what a cluster has by the hundred thousand. Their keys come from the cluster, whose content is not ours to
//! trust, so that the hash is a keyed one, but a quicker one than the standard library's.

use std::collections::{HashMap, HashSet};

/// Hashes with a key of its own that nobody outside knows.
pub type Hashing = ahash::RandomState;
/// A map of many.
pub type QuickMap<K, V> = HashMap<K, V, Hashing>;
/// A set of many.
pub type QuickSet<T> = HashSet<T, Hashing>;
