//! How often each container had restarted: a spike is a difference, not a total.

use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How often each container had restarted, for the next inspection to compare with. What never restarted is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RestartCounts(BTreeMap<String, i32>);

impl RestartCounts {
    /// The counts of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut counts = BTreeMap::new();
        for pod in &snapshot.pods {
            for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
                if status.restart_count > 0 {
                    counts.insert(key(&pod.meta.uid, &status.name), status.restart_count);
                }
            }
        }
        Self(counts)
    }

    pub(super) fn get(&self, pod_uid: &str, container: &str) -> i32 {
        self.0.get(&key(pod_uid, container)).copied().unwrap_or_default()
    }
}

fn key(pod_uid: &str, container: &str) -> String {
    format!("{pod_uid}/{container}")
}
